/**
 * Texts in the user's language. They live in i18n/<locale>/<area>.json: flat keys that begin with the area's name
 * ("inbox.empty.title"), ICU MessageFormat. Arguments are strings, numbers, plural and select; dates are formatted
 * before (dates.ts).
 */
import { IntlMessageFormat } from 'intl-messageformat'
import { type Digits, type Locale, localeTag } from './locales.ts'

export { type Calendar, type Digits, directionOf, isLocale, type Locale, LOCALES, negotiateLocale } from './locales.ts'

export type MessageValues = Record<string, string | number>
export type Translate = (key: string, values?: MessageValues) => string

export interface TranslatorOptions {
  digits?: Digits
  /** Throw on a missing key, a broken message or a missing value; otherwise the key itself is shown. */
  strict?: boolean
}

type Element = ReturnType<IntlMessageFormat['getAst']>[number]

const ARGUMENT = 1
// Isolates what is inserted, so that a Latin name or a number does not pull the words around it to its own direction.
const FIRST_STRONG_ISOLATE = '\u2068'
const POP_ISOLATE = '\u2069'
/** Suffix of the name under which the displayed form of a value is given; `{name}` in plural and select stays raw. */
const SHOWN = '\u0000'

/**
 * A translator over the messages of one language. Parsed messages are kept. Numbers take the language's digits (or
 * Latin ones, by `digits`) also in a plain `{count}`; strings are set apart by direction isolates (U+2068, U+2069).
 * `<` is an ordinary character. Errors: only with `strict`, see TranslatorOptions.
 */
export function createTranslator(
  locale: Locale,
  messages: Readonly<Record<string, string>>,
  { digits = 'native', strict = false }: TranslatorOptions = {},
): Translate {
  const tag = localeTag(locale, digits)
  const numbers = new Intl.NumberFormat(tag)
  const parsed = new Map<string, IntlMessageFormat>()

  const find = (key: string): IntlMessageFormat => {
    const known = parsed.get(key)
    if (known) return known
    const text = Object.hasOwn(messages, key) ? messages[key] : undefined
    if (text === undefined) throw new Error(`no text for ${key} in ${locale}`)
    const elements = new IntlMessageFormat(text, tag, undefined, { ignoreTag: true }).getAst()
    const message = new IntlMessageFormat(elements.map(showArguments), tag)
    parsed.set(key, message)
    return message
  }

  return (key, values = {}) => {
    try {
      const given: MessageValues = {}
      for (const [name, value] of Object.entries(values)) {
        given[name] = value
        given[name + SHOWN] = typeof value === 'number' ? numbers.format(value) : isolate(value)
      }
      return String(find(key).format(given))
    } catch (error) {
      if (strict) throw error
      return key
    }
  }
}

function isolate(value: string): string {
  return value === '' ? '' : FIRST_STRONG_ISOLATE + value + POP_ISOLATE
}

/** The same element with every plain `{name}` asking for the displayed form of its value. */
function showArguments(element: Element): Element {
  if ('options' in element) {
    const options: typeof element.options = {}
    for (const [name, option] of Object.entries(element.options)) {
      options[name] = { ...option, value: option.value.map(showArguments) }
    }
    return { ...element, options }
  }
  return element.type === ARGUMENT ? { ...element, value: element.value + SHOWN } : element
}

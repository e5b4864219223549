import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import fc from 'fast-check'
import { IntlMessageFormat } from 'intl-messageformat'
import { describe, expect, it } from 'vitest'
import { ERRORS, FIELD_ERRORS } from './errors.ts'
import { createTranslator, directionOf, type Locale, LOCALES, negotiateLocale } from './i18n.ts'

const ROOT = join(import.meta.dirname, '../..')

/** Texts that may stay in Latin letters in Persian and Arabic: names and technical terms people write so. */
const LATIN_NAMES = new Set(['Daftar', 'API', 'JSON', 'CSV', 'PDF', 'URL', 'Excel', 'Ctrl', 'Telegram', 'WhatsApp'])

/**
 * Beginnings of keys that code puts together (`errors.${code}`), so that no literal names them. Keep it short: a prefix
 * here hides unused keys.
 */
const DYNAMIC_PREFIXES = [
  'errors.', // every code of errors.ts; compared with the catalogue below
]

/** Where texts are used. */
const CODE_FOLDERS = ['web/src', 'server/src', 'channels', 'shared/src']

type Element = ReturnType<IntlMessageFormat['getAst']>[number]

function readMessages(locale: Locale): Map<string, Record<string, string>> {
  const folder = join(import.meta.dirname, 'i18n', locale)
  const areas = readdirSync(folder).filter((name) => extname(name) === '.json')
  return new Map(areas.map((name) => [name.replace('.json', ''), JSON.parse(readFileSync(join(folder, name), 'utf8'))]))
}

const MESSAGES = new Map(LOCALES.map((locale) => [locale, readMessages(locale)]))
const AREAS = [...new Set(LOCALES.flatMap((locale) => [...(MESSAGES.get(locale)?.keys() ?? [])]))].sort()

function messagesOf(locale: Locale, area: string): Record<string, string> {
  return MESSAGES.get(locale)?.get(area) ?? {}
}

function parse(text: string, locale: Locale): Element[] {
  return new IntlMessageFormat(text, locale, undefined, { ignoreTag: true }).getAst()
}

function walk(elements: Element[], visit: (element: Element) => void): void {
  for (const element of elements) {
    visit(element)
    if ('options' in element) for (const option of Object.values(element.options)) walk(option.value, visit)
  }
}

/** "count plural", "name argument", "kind select a|b|other" … */
function signature(text: string): string[] {
  const found = new Set<string>()
  walk(parse(text, 'en'), (element) => {
    if (!('value' in element) || element.type === 0) return
    const kind = 'pluralType' in element ? `plural ${element.pluralType}` : 'options' in element ? 'select' : ''
    const choices = kind === 'select' && 'options' in element ? Object.keys(element.options).sort().join('|') : ''
    found.add(`${element.value} ${kind} ${choices}`.trim())
  })
  return [...found].sort()
}

/** A literal that looks like a key: 'inbox.empty.title'. */
const KEY = /['"`]([A-Za-z][\w-]*(?:\.[\w-]+)+)['"`]/g

/** The code without lines of comment, which may name keys as examples. */
function withoutComments(code: string): string {
  return code.replace(/^\s*(?:\/?\*|\/\/).*$/gm, '')
}

/** Every [locale, key, text] for which `isWrong` says what is wrong. */
function faults(isWrong: (text: string, locale: Locale, key: string, area: string) => string | undefined): string[] {
  const found: string[] = []
  for (const locale of LOCALES) {
    for (const area of AREAS) {
      for (const [key, text] of Object.entries(messagesOf(locale, area))) {
        const wrong = isWrong(text, locale, key, area)
        if (wrong !== undefined) found.push(`${locale} ${key}: ${wrong}`)
      }
    }
  }
  return found
}

function errorOf(act: () => unknown): string | undefined {
  try {
    act()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

describe('the texts', () => {
  it('are there', () => {
    expect(AREAS).toEqual(expect.arrayContaining(['common', 'errors']))
  })

  it.each(AREAS)('%s has the same keys in every language', (area) => {
    const keys = Object.keys(messagesOf('fa', area)).sort()
    expect(keys).not.toEqual([])
    for (const locale of LOCALES) expect([locale, Object.keys(messagesOf(locale, area)).sort()]).toEqual([locale, keys])
  })

  it('begin with the name of their area', () => {
    expect(faults((_text, _locale, key, area) => (key.startsWith(`${area}.`) ? undefined : area))).toEqual([])
  })

  it('are texts, not empty, without white space at the ends', () => {
    expect(
      faults((text) => (typeof text === 'string' && text !== '' && text.trim() === text ? undefined : 'bad text')),
    ).toEqual([])
  })

  it('are valid messages', () => {
    expect(faults((text, locale) => errorOf(() => parse(text, locale)))).toEqual([])
  })

  it('take the same arguments in every language', () => {
    expect(
      faults((text, _locale, key, area) => {
        const expected = signature(messagesOf('fa', area)[key] ?? '')
        const found = signature(text)
        return found.join() === expected.join() ? undefined : `${found.join()} instead of ${expected.join()}`
      }),
    ).toEqual([])
  })

  it('format numbers and choices only: dates are formatted before', () => {
    expect(faults((text) => (/\{[^{}]*,\s*(?:date|time)/.test(text) ? 'a date in a message' : undefined))).toEqual([])
  })

  it('have every plural form of their language', () => {
    expect(
      faults((text, locale) => {
        const missing = new Set<string>()
        walk(parse(text, locale), (element) => {
          if (!('pluralType' in element)) return
          const rules = new Intl.PluralRules(locale, { type: element.pluralType }).resolvedOptions().pluralCategories
          for (const form of [...rules, 'other']) if (!Object.hasOwn(element.options, form)) missing.add(form)
        })
        return missing.size === 0 ? undefined : `no form for ${[...missing].join(', ')}`
      }),
    ).toEqual([])
  })

  it('are written in the letters of their language', () => {
    expect(
      faults((text, locale) => {
        if (locale === 'en') return /\p{Script=Arabic}/u.test(text) ? 'Arabic letters' : undefined
        if (text.split(/[^A-Za-z]+/).every((word) => word === '' || LATIN_NAMES.has(word))) return undefined
        return /\p{Script=Arabic}/u.test(text) || !/[A-Za-z]/.test(text.replaceAll(/\{[^{}]*\}/g, ''))
          ? undefined
          : 'not translated'
      }),
    ).toEqual([])
  })

  it('use Persian letters in Persian and Arabic letters in Arabic', () => {
    expect(
      faults((text, locale) => {
        if (locale === 'fa') return /[يكىة٠-٩]/.exec(text)?.[0]
        if (locale === 'ar') return /[یکگچپژ۰-۹\u200c]/.exec(text)?.[0]
      }),
    ).toEqual([])
  })

  it('show in every language whatever the numbers', () => {
    for (const locale of LOCALES) {
      for (const area of AREAS) {
        const t = createTranslator(locale, messagesOf(locale, area), { strict: true })
        for (const [key, text] of Object.entries(messagesOf(locale, area))) {
          const values: Record<string, number> = {}
          for (const argument of signature(text)) values[argument.split(' ')[0] ?? ''] = 3
          expect(t(key, values)).not.toBe('')
        }
      }
    }
  })
})

describe('the catalogue of errors', () => {
  it('has a text for every code and a code for every text', () => {
    const codes = [...Object.keys(ERRORS), ...FIELD_ERRORS].map((code) => `errors.${code}`).sort()
    expect(Object.keys(messagesOf('fa', 'errors')).sort()).toEqual(codes)
  })
  it('has no code twice and only statuses of errors', () => {
    expect(FIELD_ERRORS.filter((code) => Object.hasOwn(ERRORS, code))).toEqual([])
    for (const { status } of Object.values(ERRORS)) expect(status >= 400 && status < 600).toBe(true)
  })
})

describe('the keys in the code', () => {
  const sources = CODE_FOLDERS.flatMap((folder) => {
    const path = join(ROOT, folder)
    if (!existsSync(path)) return []
    return readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$/.test(name))
      .map((name) => ({ name: `${folder}/${name}`, text: withoutComments(readFileSync(join(path, name), 'utf8')) }))
  })
  const known = new Set(AREAS.flatMap((area) => Object.keys(messagesOf('fa', area))))

  it('all exist', () => {
    // Every literal up to the values: also both keys of t(open ? 'inbox.open' : 'inbox.closed').
    const unknown = sources.flatMap(({ name, text }) =>
      [...text.matchAll(/\bt\(([^(){}]*)/g)]
        .flatMap((call) => [...(call[1] ?? '').matchAll(KEY)].map((match) => match[1] ?? ''))
        .filter((key) => !known.has(key))
        .map((key) => `${name}: ${key}`),
    )
    expect(unknown).toEqual([])
  })

  it('are all used', () => {
    const literals = new Set(sources.flatMap(({ text }) => [...text.matchAll(KEY)].map((match) => match[1])))
    // t(`inbox.view.${view}`) uses all that begin so.
    const built = sources.flatMap(({ text }) =>
      [...text.matchAll(/`([a-z]\w*(?:\.[\w-]+)*\.)\$\{/g)].map(([, begin]) => begin ?? ''),
    )
    const unused = [...known].filter(
      (key) => !literals.has(key) && ![...DYNAMIC_PREFIXES, ...built].some((prefix) => key.startsWith(prefix)),
    )
    expect(unused).toEqual([])
  })
})

describe('createTranslator', () => {
  const messages = {
    'x.plain': 'سلام',
    'x.name': 'پیام {name} رسید',
    'x.count': '{count, plural, one {# پیام} other {# پیام}} از {total}',
    'x.kind': '{kind, select, a {اول {name}} other {دیگر}}',
    'x.tag': 'a <b> {name}',
    'x.broken': '{name',
  }
  const t = createTranslator('fa', messages, { strict: true })

  it('formats numbers with the digits of the language, or Latin ones', () => {
    expect(t('x.count', { count: 12, total: 1234 })).toBe('۱۲ پیام از ۱٬۲۳۴')
    expect(createTranslator('fa', messages, { digits: 'latin' })('x.count', { count: 12, total: 1234 })).toBe(
      '12 پیام از 1,234',
    )
    expect(createTranslator('ar', messages)('x.count', { count: 12, total: 1234 })).toBe('١٢ پیام از ١٬٢٣٤')
    expect(createTranslator('en', messages)('x.count', { count: 12, total: 1234 })).toBe('12 پیام از 1,234')
  })

  it('sets strings apart, also inside choices, and leaves the choice itself alone', () => {
    expect(t('x.name', { name: 'John' })).toBe('پیام \u2068John\u2069 رسید')
    expect(t('x.kind', { kind: 'a', name: 'John' })).toBe('اول \u2068John\u2069')
    expect(t('x.kind', { kind: 'z', name: 'John' })).toBe('دیگر')
    expect(t('x.name', { name: '' })).toBe('پیام  رسید')
    expect(t('x.tag', { name: '<i>{name}' })).toBe('a <b> \u2068<i>{name}\u2069')
  })

  it('throws or shows the key', () => {
    const mild = createTranslator('fa', messages)
    for (const key of ['x.none', 'x.broken', 'constructor', '__proto__', 'x.name']) {
      expect(() => t(key)).toThrow()
      expect(mild(key)).toBe(key)
    }
  })

  it('inserts any value as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (name) => {
        expect(t('x.name', { name })).toBe(`پیام \u2068${name}\u2069 رسید`)
      }),
    )
  })
})

describe('negotiateLocale', () => {
  it.each([
    ['fa-IR,fa;q=0.9,en;q=0.8', 'fa'],
    ['en-US,en;q=0.9,fa;q=0.8', 'en'],
    ['de, ar;q=0.5, en;q=0.4', 'ar'],
    ['EN', 'en'],
    ['fr, *;q=0.1', 'fa'],
    ['en;q=0, ar;q=0.1', 'ar'],
    ['en;q=nonsense', 'en'],
    ['', 'fa'],
    [undefined, 'fa'],
    [','.repeat(100_000), 'fa'],
  ])('%.40s → %s', (header, locale) => {
    expect(negotiateLocale(header)).toBe(locale)
  })
  it('always answers', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'faren;q=0.1,*- ') }), (header) => {
        expect(LOCALES).toContain(negotiateLocale(header))
        expect(['rtl', 'ltr']).toContain(directionOf(negotiateLocale(header)))
      }),
    )
  })
})

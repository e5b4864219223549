import { cut, foldText } from '#shared/text.ts'

// As people in Iran write their language with Latin letters; Arabic read the same way.
const LETTERS: Record<string, string> = {
  ا: 'a',
  ب: 'b',
  پ: 'p',
  ت: 't',
  ث: 's',
  ج: 'j',
  چ: 'ch',
  ح: 'h',
  خ: 'kh',
  د: 'd',
  ذ: 'z',
  ر: 'r',
  ز: 'z',
  ژ: 'zh',
  س: 's',
  ش: 'sh',
  ص: 's',
  ض: 'z',
  ط: 't',
  ظ: 'z',
  ع: 'a',
  غ: 'gh',
  ف: 'f',
  ق: 'gh',
  ک: 'k',
  گ: 'g',
  ل: 'l',
  م: 'm',
  ن: 'n',
  و: 'v',
  ه: 'h',
  ی: 'y',
}

/** A name in Latin letters, digits and `_`, at most 40: «شماره قرارداد» is shmarh_ghrardad. `fallback` when nothing is left. */
export function latinKey(name: string, fallback: string): string {
  const latin = [...foldText(name.slice(0, 400))]
    .map((letter) => LETTERS[letter] ?? letter)
    .join('')
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[_0-9]+/, '')
  return cut(latin, 40).replace(/_+$/, '') || fallback
}

/** The key itself, or with the first number behind it that makes it one of its own. */
export function freeKey(key: string, taken: ReadonlySet<string>): string {
  for (let n = 1; ; n++) {
    const tail = n === 1 ? '' : `_${n}`
    const candidate = `${cut(key, 40 - tail.length).replace(/_+$/, '')}${tail}`
    if (!taken.has(candidate)) return candidate
  }
}

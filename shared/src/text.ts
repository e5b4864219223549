/**
 * Text as the reader sees it: one folding for search, digits, names, directions and the cleaning of what is stored.
 * Pure; runs in Node and the browser.
 *
 * How search treats the half-space (ZWNJ). A reader takes «می‌خواهم», «میخواهم» and «می خواهم» for one word:
 * - `foldText` drops the half-space, so the first two are one word everywhere;
 * - the index (`foldForIndex`) also holds the parts of a word written with half-spaces («دانش‌آموز» → دانشاموز دانش اموز)
 *   and the joined form of affixes written apart («می خواهم» → می خواهم میخواهم);
 * - the query (`searchTerms`) joins affixes and, for a word with half-spaces, offers its parts as a second way to match.
 * Names are short, so their index may hold every neighbouring pair joined («علی رضا» also as علیرضا): `joinPairs`.
 *   Look in such a column with LIKE '%word%' for every word: then «علی رضا» finds علیرضا too.
 */

import type { Locale } from './locales.ts'

/** Longest word kept in an index or a query, in UTF-16 units. PostgreSQL refuses lexemes over 2,046 bytes. */
export const MAX_WORD_LENGTH = 64
/** Most words taken from one query. */
export const MAX_QUERY_WORDS = 12
const MAX_QUERY_LENGTH = 512

const HALF_SPACE = '\u200c'

// Marks of scripts where a reader searches without them. Vowel signs of Indic scripts and the Japanese voicing marks
// (U+3099, U+309A) carry meaning and stay.
const MARKS =
  /(?![\u3099\u309a])(?=[\p{Script=Inherited}\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Cyrillic}])\p{Mn}/gu
const INVISIBLE = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Cs}\u0640\u07fa\u0621\u0674]/gu
const INVISIBLE_KEEPING_HALF_SPACE = /(?![\t\n\r\u200c])[\p{Cc}\p{Cf}\p{Cs}\u0640\u07fa\u0621\u0674]/gu
const SPACES = /[\s\p{Z}]+/gu
const TOWER = /(\p{M}{16})\p{M}+/gu

const LETTERS: Record<string, string> = {}
for (const [to, from] of Object.entries({
  ی: 'يىےۍێېۑؠؽؾؿ',
  ک: 'كڪ',
  گ: 'ګ',
  ه: 'ةہھەۃۿ',
  ا: 'ٱٲٳ',
  و: 'ۆۇۈۋۅۉ',
  o: 'øǿ',
  d: 'đð',
  l: 'ł',
  i: 'ı',
  h: 'ħ',
  t: 'ŧ',
  σ: 'ς',
})) {
  for (const letter of from) LETTERS[letter] = to
}
Object.assign(LETTERS, { ß: 'ss', æ: 'ae', œ: 'oe', þ: 'th' })
const LETTER = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'g')

const EASTERN_DIGITS = /[\u0660-\u0669\u06f0-\u06f9]/g

/** Persian (۰–۹) and Arabic (٠–٩) digits as ASCII; everything else as it was. */
export function latinDigits(s: string): string {
  return s.replace(EASTERN_DIGITS, (digit) => String(digit.charCodeAt(0) & 0xf))
}

/** ASCII, Persian and Arabic digits as the digits of `locale`: ۰–۹ for fa, ٠–٩ for ar, ASCII for en. */
export function localDigits(s: string, locale: Locale): string {
  const latin = latinDigits(s)
  if (locale === 'en') return latin
  const zero = locale === 'fa' ? 0x06f0 : 0x0660
  return latin.replace(/[0-9]/g, (digit) => String.fromCharCode(zero + Number(digit)))
}

// Persian and Arabic letters that folding leaves alone or changes to one other, digits, ASCII and the usual punctuation: nearly all that is
// written. Folding those takes a few simple steps, at a fraction of the cost of the whole.
const PLAIN = /^[\n -~«»،؛؟۰-۹٠-٩آأإابةت-غف-ويپچژکگی\u200c]*$/
const PLAIN_FORMS = /[آأإةكي]/g
const PLAIN_FORM: Record<string, string> = { آ: 'ا', أ: 'ا', إ: 'ا', ة: 'ه', ك: 'ک', ي: 'ی' }

function fold(s: string, keepHalfSpace: boolean): string {
  if (PLAIN.test(s)) {
    const kept = keepHalfSpace ? s : s.replaceAll(HALF_SPACE, '')
    const folded = kept.toLowerCase().replace(PLAIN_FORMS, (letter) => PLAIN_FORM[letter] ?? letter)
    return latinDigits(folded)
      .replace(/ *\n[ \n]*| {2,}/g, ' ')
      .trim()
  }
  // A tower of marks is nobody's word, and putting thousands of them in order takes seconds.
  s = s.replace(TOWER, '$1')
  // Decomposing first turns أ إ آ ؤ ئ ۀ é into a letter and a mark, so taking the marks away does most of the work.
  return latinDigits(
    s
      .replace(keepHalfSpace ? INVISIBLE_KEEPING_HALF_SPACE : INVISIBLE, '')
      .normalize('NFKD')
      .replace(MARKS, '')
      .replace(INVISIBLE_KEEPING_HALF_SPACE, '')
      .replace(TOWER, '$1')
      .toLowerCase()
      .replace(LETTER, (letter) => LETTERS[letter] ?? letter),
  )
    .normalize('NFC')
    .replace(SPACES, ' ')
    .trim()
}

/**
 * The one folding of search, used when writing and when asking: two spellings a reader takes for the same text fold to
 * the same string. ی ي ى ئ → ی, ك → ک, أ إ آ ٱ → ا, ؤ → و, ة ۀ → ه, a lone ء goes; digits become ASCII; diacritics,
 * tatweel, bidi marks and half-spaces go; Latin is lower-cased without accents; compatibility forms (ﻻ, ﬁ, Ａ) become
 * plain letters; white space is one blank and none at the ends. Punctuation stays. Idempotent.
 */
export function foldText(s: string): string {
  return fold(s, false)
}

const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*(?:\u200c+[\p{L}\p{N}][\p{L}\p{N}\p{M}]*)*/gu
// ۱۲٬۵۰۰٬۰۰۰ and 12,500,000 are read as one number.
const THOUSANDS = /(?<=\d)[,٬،'’](?=\d{3}(?!\d))/g

function cutWord(word: string): string {
  if (word.length <= MAX_WORD_LENGTH) return word
  return word.slice(0, MAX_WORD_LENGTH).replace(/[\ud800-\udbff]$/, '')
}

/** Words of a text, folded; a word written with half-spaces keeps them as U+200C between its parts. */
function rawWords(s: string): string[] {
  return fold(s, true).replace(THOUSANDS, '').match(WORD) ?? []
}

const VERB_PREFIXES = new Set(['می', 'نمی'])
const SUFFIXES = new Set(
  'ها های هایی هایم هایت هایش هایمان هایتان هایشان تر ترین ام ات اش ای ایم اید اند مان تان شان'.split(' '),
)
const ARABIC_SCRIPT = /^\p{Script=Arabic}/u

/** How many of the words from `start` on a reader takes as one («می خواسته ام» is 3, «کتاب ها» is 2, else 1). */
function chainLength(words: string[], start: number): number {
  let end = start + 1
  const next = words[end]
  if (VERB_PREFIXES.has(words[start] ?? '') && next !== undefined && ARABIC_SCRIPT.test(next)) end++
  if (!ARABIC_SCRIPT.test(words[end - 1] ?? '')) return end - start
  while (end < words.length && SUFFIXES.has(words[end] ?? '')) end++
  return end - start
}

/**
 * The searchable form of a text for an indexed column: folded words with single blanks between them, no punctuation,
 * with the extra forms described at the top of this file beside the words they belong to.
 * @param maxLength longest result in UTF-16 units; whole words only.
 * @param options.joinPairs for names: also every two neighbouring words joined.
 */
export function foldForIndex(s: string, maxLength: number, options: { joinPairs?: boolean } = {}): string {
  // Folding can only lengthen a text a little (ligatures); a longer prefix than this never fits the result.
  const words = rawWords(s.slice(0, maxLength * 4))
  const plain = words.map((word) => word.replaceAll(HALF_SPACE, ''))
  const extras = new Set<string>()
  const out: string[] = []
  let length = 0
  const push = (word: string): boolean => {
    const cut = cutWord(word)
    const added = cut.length + (out.length === 0 ? 0 : 1)
    if (length + added > maxLength) return false
    length += added
    out.push(cut)
    return true
  }
  const pushExtra = (word: string): boolean => {
    if (extras.has(word)) return true
    extras.add(word)
    return push(word)
  }
  let chainEnd = 0
  for (const [index, word] of words.entries()) {
    if (!push(plain[index] ?? '')) break
    if (word.includes(HALF_SPACE)) for (const part of word.split(/\u200c+/)) pushExtra(part)
    if (index >= chainEnd) {
      const chain = chainLength(plain, index)
      if (chain > 1) {
        pushExtra(plain.slice(index, index + chain).join(''))
        chainEnd = index + chain
      }
    }
    const next = plain[index + 1]
    if (options.joinPairs === true && next !== undefined) pushExtra((plain[index] ?? '') + next)
  }
  return out.join(' ')
}

/**
 * What a search asks for: one entry for each word, each entry the ways it may be written. All entries must match; of an
 * entry any way is enough. A way with blanks is a phrase. Words hold letters, digits and marks only, so nothing in them
 * needs escaping in a tsquery or a LIKE pattern. Empty for a text without words.
 * Use against a column written by `foldForIndex`; for LIKE, any position of the word will do.
 */
export function searchTerms(s: string): string[][] {
  const words = rawWords(s.slice(0, MAX_QUERY_LENGTH)).slice(0, MAX_QUERY_WORDS * 3)
  const plain = words.map((word) => word.replaceAll(HALF_SPACE, ''))
  const terms = new Map<string, string[]>()
  for (let index = 0; index < words.length && terms.size < MAX_QUERY_WORDS; ) {
    const chain = chainLength(plain, index)
    const joined = cutWord(plain.slice(index, index + chain).join(''))
    const written = words.slice(index, index + chain).join(HALF_SPACE)
    // Only what was written with half-spaces may stand apart in the text; affixes apart are joined in the index already.
    const apart = words.slice(index, index + chain).some((word) => word.includes(HALF_SPACE))
    const parts = written.split(/\u200c+/).map(cutWord)
    terms.set(joined, apart ? [joined, parts.join(' ')] : [joined])
    index += chain
  }
  return [...terms.values()]
}

// Persian order: it holds the Arabic letters too, and differs only in و before ه.
const ALPHABET = 'ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی'
const PLACES: Record<string, string> = {}
// Free places in the order of code points, behind Latin, Greek and Cyrillic letters.
for (const [place, letter] of [...ALPHABET].entries()) PLACES[letter] = String.fromCharCode(0x0700 + place)
const ORDERED = new RegExp(`[${ALPHABET}]`, 'g')

/**
 * A key whose plain order (code points, collation "C") is the order in which a reader looks a text up: folded, without
 * punctuation, پ between ب and ت, «شعبه ۲» before «شعبه ۱۰». Two spellings of the same have the same key.
 * @param maxLength longest key in UTF-16 units; long texts that begin alike have the same key.
 */
export function sortKey(s: string, maxLength = 160): string {
  const folded = foldText(s.slice(0, maxLength * 4))
  const words = folded.match(/[\p{L}\p{N}\p{M}]+/gu)?.join(' ') ?? folded
  const key = words
    .replace(/\d+/g, (digits) => {
      const number = digits.replace(/^0+(?=\d)/, '')
      // The longer of two numbers is the greater.
      return String.fromCharCode(0x2f + Math.min(number.length, 10)) + number
    })
    .replace(ORDERED, (letter) => PLACES[letter] ?? letter)
  return cut(key, maxLength)
}

let graphemes: Intl.Segmenter | undefined

function* graphemesOf(s: string): Generator<string> {
  graphemes ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' })
  for (const { segment } of graphemes.segment(s)) yield segment
}

// Each of these is a character of its own, whatever stands beside it; a half-space belongs to the one before it.
const SINGLES = /^[ -~«»،؛؟۰-۹٠-٩ء-غف-يپچژکگی][ -~«»،؛؟۰-۹٠-٩ء-غف-يپچژکگی\u200c]*$/

/** The same for texts of such letters, without asking for the borders of characters one by one. */
function cutSimple(s: string, max: number, ellipsis: string): string | undefined {
  let count = 0
  let end = 0
  for (let at = 0; at < s.length; at++) {
    if (s[at] === HALF_SPACE) continue
    count++
    if (count === max) end = at
    // With the one behind it, because a mark there would belong to the last.
    if (count > max) return SINGLES.test(s.slice(0, at + 1)) ? s.slice(0, end).trimEnd() + ellipsis : undefined
  }
  return undefined
}

/** Cut to `max` UTF-16 units, never through a surrogate pair. */
export function cut(whole: string, max: number): string {
  if (whole.length <= max) return whole
  const last = whole.charCodeAt(max - 1)
  return whole.slice(0, last >= 0xd800 && last < 0xdc00 ? max - 1 : max)
}

/** At most `max` characters as a reader counts them (an emoji family is one); a cut text ends with `ellipsis`, counted. */
export function truncateGraphemes(s: string, max: number, ellipsis = '…'): string {
  if (s.length <= max) return s
  const simple = cutSimple(s, max, ellipsis)
  if (simple !== undefined) return simple
  const kept: string[] = []
  for (const grapheme of graphemesOf(s)) {
    kept.push(grapheme)
    if (kept.length > max)
      return (
        kept
          .slice(0, Math.max(0, max - 1))
          .join('')
          .trimEnd() + ellipsis
      )
  }
  return s
}

const TITLES = new Set(
  'آقای خانم دکتر مهندس جناب سرکار حاج شرکت السيد السيدة الدكتور المهندس شركة mr mr. mrs mrs. ms ms. dr dr.'.split(' '),
)

/**
 * One or two letters for an avatar: of the first and last word, titles and companies' «شرکت» aside. Persian and Arabic
 * letters are kept from joining («ع‌ر»); two scripts give one letter. Empty when the name has no letter (a phone number).
 */
export function initials(name: string): string {
  const words = name
    .slice(0, 400)
    .normalize('NFC')
    .replace(/[\p{Cf}\u0640]/gu, '')
    .split(/[\s\p{Z}\p{P}]+/u)
    .filter((word) => /\p{L}/u.test(word))
  const named = words.filter((word) => !TITLES.has(word.toLowerCase()))
  const chosen = named.length > 0 ? named : words
  const first = firstLetter(chosen[0])
  const last = chosen.length > 1 ? firstLetter(chosen.at(-1)) : ''
  if (last === '' || isRightToLeft(first) !== isRightToLeft(last)) return first
  return first + (isRightToLeft(first) ? HALF_SPACE : '') + last
}

const PREFIXES = new Set('سید سیده سيد سيدة میر عبد'.split(' '))

/**
 * What somebody is called: the first word of the name, titles aside, with what belongs before it («سید علی»). Empty when
 * the name has no word of letters (a phone number).
 */
export function firstName(name: string): string {
  const named = name
    .slice(0, 400)
    .trim()
    .split(/[\s\p{Z}]+/u)
    .filter((word) => /\p{L}/u.test(word) && !TITLES.has(word.toLowerCase()))
  const [first = '', second] = named
  return PREFIXES.has(first) && second !== undefined ? `${first} ${second}` : first
}

function firstLetter(word: string | undefined): string {
  return (/\p{L}/u.exec(word ?? '')?.[0] ?? '').toUpperCase()
}

const RTL_LETTER = String.raw`\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}`
const STRONG = new RegExp(String.raw`[\u200e\u200f\u061c]|\p{L}`, 'u')
const RTL = new RegExp(String.raw`^[\u200f\u061c${RTL_LETTER}]`, 'u')

function isRightToLeft(letter: string): boolean {
  return RTL.test(letter)
}

/** Direction of the first strong character (letter or direction mark); digits, punctuation and emoji decide nothing. */
export function textDirection(s: string): 'rtl' | 'ltr' | 'neutral' {
  const strong = STRONG.exec(s)
  if (strong === null) return 'neutral'
  return isRightToLeft(strong[0]) ? 'rtl' : 'ltr'
}

// Cheaper than the exact expressions below, which most texts then do not need.
const MAY_BE_UNSAFE = /[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]/

/**
 * A text that may be stored: no NUL or other control character (line break and tab stay, CR LF and CR become a line
 * break), no half of a surrogate pair. PostgreSQL refuses NUL and lone surrogates. Every text from outside passes here. Idempotent.
 */
export function stripUnsafe(s: string): string {
  if (!MAY_BE_UNSAFE.test(s)) return s
  return s.replace(/\r\n?/g, '\n').replace(/(?![\n\t])[\p{Cc}\p{Cs}]/gu, '')
}

const RESERVED_NAME = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)/i
const EXTENSION = /\.[\p{L}\p{N}_-]{1,16}$/u
const encoder = new TextEncoder()

/**
 * A file name that is safe to store, show and save on any system, in the reader's letters: the last part of a path, no
 * control, direction or invisible marks (the Persian half-space stays), none of `< > : " | ? *`, no dots or blanks at the
 * ends, no name Windows reserves, at most `maxBytes` of UTF-8 with the extension kept. Never empty. Idempotent.
 */
export function safeFileName(name: string, maxBytes = 180): string {
  const parts = stripUnsafe(name.slice(0, 4096)).normalize('NFC').split(/[/\\]/)
  const last = parts.findLast((part) => cleanName(part) !== '') ?? ''
  let clean = cleanName(last)
  if (RESERVED_NAME.test(clean)) clean = `_${clean}`
  if (clean === '') return 'file'
  if (encoder.encode(clean).length <= maxBytes) return clean
  const extension = EXTENSION.exec(clean)?.[0] ?? ''
  const stem = cutBytes(clean.slice(0, clean.length - extension.length), maxBytes - encoder.encode(extension).length)
  return cleanName((stem === '' ? 'file' : stem) + extension)
}

function cleanName(part: string): string {
  return (
    part
      .replace(/(?!\u200c)\p{Cf}/gu, '')
      // Marks that an invisible sign kept apart have met now.
      .normalize('NFC')
      .replace(/[\p{Cc}\p{Z}\s]+/gu, ' ')
      .replace(/[<>:"|?*]/g, '_')
      .replace(/^[\s.\u200c]+|[\s.\u200c]+$/g, '')
      .replace(/[\s\u200c]+(?=\.[^.]*$)/, '')
  )
}

function cutBytes(s: string, maxBytes: number): string {
  let bytes = 0
  let kept = ''
  for (const grapheme of graphemesOf(s)) {
    bytes += encoder.encode(grapheme).length
    if (bytes > maxBytes) break
    kept += grapheme
  }
  return kept.replace(/[\s.\u200c]+$/, '')
}

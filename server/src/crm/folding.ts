import { parsePhoneNumberFromString } from 'libphonenumber-js/core'
import metadata from 'libphonenumber-js/max/metadata'
import { normalizePhone } from '#shared/phone-max.ts'
import { foldForIndex, foldText, latinDigits, searchTerms, stripUnsafe, truncateGraphemes } from '#shared/text.ts'
import { wrongField } from '../platform/problem.ts'

/**
 * `contact.folded`: names, numbers, addresses and values of custom fields of a contact and of everyone merged into it, as they are searched
 * with LIKE over the trigram index. It begins with a blank and has one between words, so '% ab%' finds words that begin
 * with "ab", and that pattern, unlike '%ab%', has trigrams.
 */

/** Words that say what form a company has, or how one addresses a person: two names that differ only in these are one. */
const NOT_OF_A_NAME = new Set(
  foldText(
    `شرکت موسسه گروه سهامی خاص عام با مسئولیت مسولیت محدود تعاونی آقای خانم دکتر مهندس جناب سرکار
     شركة مؤسسة مجموعة المساهمة مساهمة المحدودة محدودة ذات مسؤولية ذ م السيد السيدة الدكتور المهندس
     co company corp corporation inc incorporated ltd limited llc plc gmbh ag the mr mrs ms dr`,
  ).split(' '),
)

/** Under which names meet that have the same words in any order, forms of companies and titles aside. */
export function nameKey(name: string): string {
  const words = searchTerms(name).map((ways) => ways[0] ?? '')
  const telling = words.filter((word) => !NOT_OF_A_NAME.has(word))
  return [...new Set(telling.length > 0 ? telling : words)].sort().join(' ').slice(0, 160)
}

export interface FoldedIdentity {
  kind: string
  value: string
  display: string | null
}

const MAX_FOLDED = 20_000
const MAX_NAME = 200
const MARKS_OF_DIRECTION = /[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/g

/** A name as it may be stored: one line, no direction marks, at most 200 characters. May be empty. */
export function cleanName(name: string): string {
  const plain = stripUnsafe(name.slice(0, 2000)).replace(MARKS_OF_DIRECTION, '').replace(/\s+/g, ' ').trim()
  // A "character" may be a tower of hundreds of marks; the second cut bounds those.
  return stripUnsafe(truncateGraphemes(plain, MAX_NAME).slice(0, MAX_NAME * 4))
}

/** The name of what must have one. @throws Problem invalid_input (`name`) when nothing is left of it */
export function neededName(text: string): string {
  const name = cleanName(text)
  if (name === '') throw wrongField('name', 'required')
  return name
}

/** @param more folded already: numbers of identity, values of custom fields */
export function foldContact(
  names: readonly string[],
  identities: readonly FoldedIdentity[],
  more: readonly string[] = [],
): string {
  const parts = new Set<string>()
  for (const name of names) parts.add(foldForIndex(name, 800, { joinPairs: true }))
  for (const identity of identities) for (const form of identityForms(identity)) parts.add(form)
  for (const part of more) parts.add(part.trim())
  let folded = ''
  for (const part of parts) {
    if (part !== '' && folded.length + part.length < MAX_FOLDED) folded += ` ${part}`
  }
  return folded
}

function identityForms({ kind, value, display }: FoldedIdentity): string[] {
  const forms = kind === 'phone' ? phoneForms(value) : [foldText(value)]
  if (display) forms.push(foldText(display.replace(/^@/, '')))
  return forms
}

/** "+989121234567" → 989121234567 and 09121234567: whoever types the beginning of either finds it. */
function phoneForms(e164: string): string[] {
  const digits = e164.replace(/^\+/, '')
  const national = parsePhoneNumberFromString(e164, metadata)?.nationalNumber
  return national && national !== digits ? [digits, `0${national}`] : [digits]
}

// Digits with what people put between them; not part of a word or an address.
const NUMBER = /(?<![\p{L}\p{N}@._])\+?\d(?:[\s\p{Z}\p{Cf}\p{Pd}.()[\]/_]*\d){3,30}\+?(?![\p{L}\p{N}@._])/gu
const ADDRESS = /@|[a-z0-9][._-][a-z0-9]/i

/**
 * LIKE patterns for `contact.folded`: every entry must match, of an entry any pattern is enough. Words in any order;
 * numbers in any spelling, or four digits or more of one; words of one or two letters at the beginning of a word only,
 * because '%ab%' would read the whole table. Empty: the text has nothing to look for.
 * @param country of numbers written without their country's code, ISO 3166
 */
export function searchPatterns(search: string, country: string): string[][] {
  const patterns: string[][] = []
  let rest = latinDigits(search.slice(0, 400).normalize('NFKC')).replace(NUMBER, (written) => {
    patterns.push(numberWays(written, country).map((digits) => `%${digits}%`))
    return ' '
  })
  rest = rest
    .split(/\s+/)
    .filter((token) => {
      if (!ADDRESS.test(token)) return true
      const words = searchTerms(token).map((ways) => ways[0] ?? '')
      const raw = foldText(token.replace(/^@+/, ''))
      if (raw === '' || words.length === 0) return false
      // "mr.smith" may be an address or two words of a name.
      patterns.push(words.length > 1 ? [contains(raw), `%${words.map(escape).join('%')}%`] : [contains(raw)])
      return false
    })
    .join(' ')
  for (const ways of searchTerms(rest)) patterns.push(ways.map(contains))
  return patterns.slice(0, 12)
}

function contains(text: string): string {
  return text.length < 3 ? `% ${escape(text)}%` : `%${escape(text)}%`
}

function escape(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}

function numberWays(written: string, country: string): string[] {
  const digits = written
    .replace(/\D/g, '')
    .replace(/^00/, '')
    .replace(/^980(?=9)/, '98')
  const whole = normalizePhone(written, country)?.e164.slice(1)
  return whole && whole !== digits ? [whole, digits] : [digits]
}

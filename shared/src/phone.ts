/**
 * Phone numbers: every spelling of one number becomes one E.164 string, so that it is one identity.
 * The rules are here, without the metadata of the world's numbering plans: the server takes `normalizePhone` from
 * `phone-max.ts` (precise types, 140 kB); the browser only shows numbers, with `phone-display.ts` (no metadata).
 */
import {
  type CountryCode,
  type MetadataJson,
  type PhoneNumber,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/core'
import { latinDigits } from './text.ts'

export type PhoneType = 'mobile' | 'landline' | 'other'

export interface Phone {
  /** "+989121234567" */
  e164: string
  /** ISO 3166 code, or null for numbers of no country (+800 …). */
  country: string | null
  /** Where a country does not tell mobiles from landlines (+1), 'mobile'. */
  type: PhoneType
  /** In a range known to be in use. False: the right length and shape, but a range the numbering plan does not list. */
  valid: boolean
}

export type NormalizePhone = (input: string, defaultCountry?: string) => Phone | null

const MAX_INPUT = 64
const SEPARATORS = /[\s\p{Z}\p{Cf}\p{Pd}.()[\]/_−]+/gu

/**
 * Makes `normalizePhone(input, defaultCountry = 'IR')` over the given metadata.
 *
 * Read as one number: ۰۹۱۲…, ٠٩١٢…, 0912…, 912…, 98912…, 0098912…, 098912…, +98 (0) 912 …, a plus typed at the wrong end
 * ("98912…+", as right-to-left fields invite), blanks, dashes, dots, slashes, brackets and invisible marks anywhere.
 *
 * What could be read in two ways:
 * - digits without + or 00 are first a number of `defaultCountry`; only if they are none there and at least 11 digits
 *   make a valid foreign number ("966501234567", as messengers give it) they are taken as that;
 * - a number whose range is unknown is accepted (valid: false) only when written with its prefix (0…, +…, and 00… of
 *   `defaultCountry`), so an order number is not taken for a phone; new mobile ranges still work;
 * - "00912…" is a number of India, as written, never a slip for 0912…;
 * - landlines without an area code, extensions ("داخلی 12"), two numbers in one field, letters, service numbers (110,
 *   1500) and the sender lines of bulk SMS (3000…) are not a number that reaches one person: null.
 */
export function makeNormalizePhone(metadata: MetadataJson): NormalizePhone {
  return (input, defaultCountry = 'IR') => {
    const written = readDigits(input)
    if (written === null) return null
    const country = Object.hasOwn(metadata.countries, defaultCountry) ? (defaultCountry as CountryCode) : undefined
    const parse = (text: string): PhoneNumber | undefined =>
      parsePhoneNumberFromString(text, { ...(country && { defaultCountry: country }), extract: false }, metadata)
    const { digits, start } = written
    const national = start === '' ? parse(digits) : parse(`+${digits}`)
    const foreign =
      start === '' && digits.length >= 11 ? [`+${digits}`, `+${digits.replace(/^0+/, '')}`].map(parse) : []
    const valid = [national, ...foreign].find((number) => number?.isValid() && hasUsableLength(number))
    if (valid) return describe(valid, true)
    if (!national?.isPossible() || !hasUsableLength(national) || national.nationalNumber.startsWith('0')) return null
    const asWritten = start === '' ? digits.startsWith('0') : start === '+' || national.country === country
    return asWritten ? describe(national, false) : null
  }
}

/** The digits and the international prefix before them; null when this is not a phone number at all. */
function readDigits(input: string): { digits: string; start: '+' | '00' | '' } | null {
  if (input.length > MAX_INPUT) return null
  const compact = latinDigits(input.normalize('NFKC'))
    .replace(/^\s*tel:/i, '')
    .replace(SEPARATORS, '')
  const match = /^(\+?)(\d{5,20})(\+?)$/.exec(compact)
  if (match === null) return null
  const [, before, digits = '', after] = match
  if (before !== '' && after !== '') return null
  if (before !== '' || after !== '') return { digits: digits.replace(/^00/, ''), start: '+' }
  return digits.startsWith('00') ? { digits: digits.slice(2), start: '00' } : { digits, start: '' }
}

/** Numbers of Iran have ten digits after +98; the shorter ones of the numbering plan are services, not people. */
function hasUsableLength(number: PhoneNumber): boolean {
  return number.countryCallingCode !== '98' || number.nationalNumber.length === 10
}

function describe(number: PhoneNumber, valid: boolean): Phone {
  return { e164: number.number, country: number.country ?? null, type: typeOf(number), valid }
}

function typeOf(number: PhoneNumber): PhoneType {
  const type = number.getType()
  if (type === 'MOBILE' || type === 'FIXED_LINE_OR_MOBILE') return 'mobile'
  if (type === 'FIXED_LINE') return 'landline'
  if (type === undefined && number.countryCallingCode === '98' && number.nationalNumber.startsWith('9')) return 'mobile'
  return 'other'
}

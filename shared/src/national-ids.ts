import { latinDigits } from './text.ts'

/**
 * Numbers by which a state knows people, companies and postal districts. Where the country gives them check digits, a
 * slip of the finger is told; where it does not, or where nobody has taught us, they are taken as they are written.
 */
export type CleanNumber = { value: string } | { code: 'check_digit_wrong' | 'not_a_postal_code' | 'wrong_format' }

/** Digits in Latin, capitals, without what people put between: "۰۰۸۴-۵۷۵ ۹۴۸" is 0084575948. */
function plain(text: string): string {
  return latinDigits(text.normalize('NFKC'))
    .replaceAll(/[\s\p{Z}\p{Cf}\p{Pd}._/\\,٬،'"()]/gu, '')
    .toUpperCase()
}

/** As other countries have them: letters and digits of any script, two at least. */
function anyCode(code: string): CleanNumber {
  return /^[\p{L}\p{N}\p{M}]{2,30}$/u.test(code) ? { value: code } : { code: 'wrong_format' }
}

/**
 * کد ملی: nine digits and a check digit, leading zeros restored (spreadsheets drop them). Foreigners in Iran have a
 * number of twelve digits or a passport's; those have no check digit that can be relied on.
 */
export function cleanNationalId(text: string, country: string): CleanNumber {
  const code = plain(text)
  if (country !== 'IR' || /[^0-9]/.test(code)) return anyCode(code)
  if (/^\d{11,12}$/.test(code)) return { value: code }
  if (!/^\d{8,10}$/.test(code)) return { code: 'wrong_format' }
  const digits = code.padStart(10, '0')
  // Ten times the same digit fits the sum and belongs to nobody.
  if (/^(\d)\1{9}$/.test(digits)) return { code: 'check_digit_wrong' }
  let sum = 0
  for (let n = 0; n < 9; n++) sum += Number(digits[n]) * (10 - n)
  const rest = sum % 11
  return Number(digits[9]) === (rest < 2 ? rest : 11 - rest) ? { value: digits } : { code: 'check_digit_wrong' }
}

const COMPANY_WEIGHTS = [29, 27, 23, 19, 17, 29, 27, 23, 19, 17]

/** شناسهٔ ملی of a legal person: ten digits and a check digit. */
export function cleanCompanyNumber(text: string, country: string): CleanNumber {
  const code = plain(text)
  if (country !== 'IR' || /[^0-9]/.test(code)) return anyCode(code)
  if (!/^\d{11}$/.test(code)) return { code: 'wrong_format' }
  if (/^(\d)\1{10}$/.test(code)) return { code: 'check_digit_wrong' }
  const tens = Number(code[9]) + 2
  let sum = 0
  for (const [n, weight] of COMPANY_WEIGHTS.entries()) sum += (Number(code[n]) + tens) * weight
  return Number(code[10]) === (sum % 11) % 10 ? { value: code } : { code: 'check_digit_wrong' }
}

/** Economic codes, registration numbers and the like: no check digits anywhere. */
export function cleanCode(text: string): CleanNumber {
  const code = plain(text)
  return /^[\p{L}\p{N}\p{M}]{1,30}$/u.test(code) ? { value: code } : { code: 'wrong_format' }
}

/** An Iranian code has ten digits, neither 0 nor 2 among the first five; elsewhere it is kept as it is written. */
export function cleanPostalCode(text: string, country: string): CleanNumber {
  if (country === 'IR') {
    const code = plain(text)
    return /^(?!(\d)\1{4})[13-9]{5}\d{5}$/.test(code) ? { value: code } : { code: 'not_a_postal_code' }
  }
  const code = latinDigits(text.normalize('NFKC')).replaceAll(/\s+/g, ' ').trim().toUpperCase()
  return /^[\p{L}\p{N}][\p{L}\p{N}\p{M} .-]{0,18}[\p{L}\p{N}\p{M}.]?$/u.test(code)
    ? { value: code }
    : { code: 'not_a_postal_code' }
}

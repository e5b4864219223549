import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cleanCompanyNumber, cleanNationalId, cleanPostalCode } from './national-ids.ts'
import { localDigits } from './text.ts'

type Clean = typeof cleanNationalId
const fits = (clean: Clean, code: string): boolean => 'value' in clean(code, 'IR')

/** The one last digit that fits; found by trying, so that the tests share no arithmetic with what they test. */
function completed(clean: Clean, stem: string): string {
  const whole = [...'0123456789'].map((digit) => stem + digit).filter((code) => fits(clean, code))
  expect(whole).toHaveLength(1)
  return whole[0] ?? ''
}
const stemOf = (length: number) =>
  fc.stringMatching(new RegExp(`^[0-9]{${length}}$`)).filter((stem) => !/^(\d)\1*$/.test(stem))

test.each([
  ['0790419904', cleanNationalId],
  ['0499370899', cleanNationalId],
  ['0684159414', cleanNationalId],
  ['10380284790', cleanCompanyNumber],
  ['14003778990', cleanCompanyNumber],
])('%s is a number that is in use', (code, clean) => {
  expect(clean(code, 'IR')).toEqual({ value: code })
})

test('numbers are read in any digits and with what people put between, and stored in one form', () => {
  fc.assert(
    fc.property(
      stemOf(9),
      fc.constantFrom('-', ' ', '/', '\u200c', '٬', ''),
      fc.constantFrom('fa', 'ar', 'en'),
      (stem, between, locale) => {
        const code = completed(cleanNationalId, stem)
        const written = localDigits(
          `${code.slice(0, 3)}${between}${code.slice(3, 9)}${between}${code.slice(9)}`,
          locale,
        )
        expect(cleanNationalId(` ${written} `, 'IR')).toEqual({ value: code })
      },
    ),
  )
  expect(cleanNationalId('84575948', 'IR')).toEqual({ value: '0084575948' })
})

/**
 * Sums modulo eleven need eleven check digits and have ten: two remainders share one digit, and a slip that leads from
 * one to the other is not seen. `shared` tells those apart by a sum written another way.
 */
const remainderOfNational = (code: string): number =>
  Array.from(code.slice(0, 9)).reduceRight((sum, digit, n) => (sum + Number(digit) * (10 - n)) % 11, 0)
function remainderOfCompany(code: string): number {
  // The tens are added to each of ten digits: 2 × 230 at least, and the last stem digit weighs 17 + 230.
  const weights = [29, 27, 23, 19, 17, 29, 27, 23, 19, 247]
  return (460 + weights.reduce((sum, weight, n) => sum + weight * Number(code[n]), 0)) % 11
}

test.each([
  { name: 'national id', clean: cleanNationalId, length: 9, remainder: remainderOfNational, twins: [1, 10] },
  { name: 'company number', clean: cleanCompanyNumber, length: 10, remainder: remainderOfCompany, twins: [0, 10] },
])('a changed digit and two exchanged ones of a $name are caught', ({ clean, length, remainder, twins }) => {
  const seen = (code: string, slip: string): boolean => {
    const [was, is] = [remainder(code), remainder(slip)]
    return was === is || !(twins.includes(was) && twins.includes(is))
  }
  fc.assert(
    fc.property(stemOf(length), fc.nat(length), fc.integer({ min: 1, max: 9 }), (stem, at, by) => {
      const code = completed(clean, stem)
      const slip = code.slice(0, at) + String((Number(code[at]) + by) % 10) + code.slice(at + 1)
      if (seen(code, slip)) expect(clean(slip, 'IR')).toEqual({ code: 'check_digit_wrong' })
    }),
    { numRuns: 300 },
  )
  fc.assert(
    fc.property(stemOf(length), fc.nat(length - 2), (stem, at) => {
      const code = completed(clean, stem)
      const slip = code.slice(0, at) + String(code[at + 1]) + String(code[at]) + code.slice(at + 2)
      if (slip !== code && seen(code, slip)) expect(clean(slip, 'IR')).toEqual({ code: 'check_digit_wrong' })
    }),
    { numRuns: 300 },
  )
})

test('ten times the same digit, too few and too many are refused', () => {
  for (const digit of '0123456789') {
    expect(cleanNationalId(digit.repeat(10), 'IR')).toEqual({ code: 'check_digit_wrong' })
    expect(fits(cleanCompanyNumber, digit.repeat(11))).toBe(false)
  }
  expect(cleanNationalId('1234567', 'IR')).toEqual({ code: 'wrong_format' })
  expect(cleanNationalId('', 'IR')).toEqual({ code: 'wrong_format' })
  expect(cleanCompanyNumber('1038028479', 'IR')).toEqual({ code: 'wrong_format' })
})

test('numbers of other countries and of passports are taken as they are', () => {
  expect(cleanNationalId('a 1234-5678', 'IR')).toEqual({ value: 'A12345678' })
  expect(cleanNationalId('۱۲۳۴۵', 'IQ')).toEqual({ value: '12345' })
  expect(cleanCompanyNumber('HRB 12 345', 'DE')).toEqual({ value: 'HRB12345' })
  expect(cleanNationalId('<script>', 'DE')).toEqual({ code: 'wrong_format' })
})

test('an Iranian postal code has ten digits that may be; others are kept as written', () => {
  expect(cleanPostalCode('۱۹۳۹۵-۷۵۱۱۵', 'IR')).toEqual({ value: '1939575115' })
  for (const wrong of ['193957511', '0939575115', '1239575115', '1111111111', 'SW1A1AA', '19395751156'])
    expect(cleanPostalCode(wrong, 'IR')).toEqual({ code: 'not_a_postal_code' })
  expect(cleanPostalCode(' sw1a  1aa ', 'GB')).toEqual({ value: 'SW1A 1AA' })
  expect(cleanPostalCode('٥٥٤٣٢', 'SA')).toEqual({ value: '55432' })
  expect(cleanPostalCode('D-10115', 'DE')).toEqual({ value: 'D-10115' })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { displayPhone } from './phone-display.ts'
import { normalizePhone } from './phone-max.ts'
import { localDigits } from './text.ts'

const NBSP = '\u00a0'

describe('normalizePhone', () => {
  it.each([
    '۰۹۱۲۳۴۵۶۷۸۹',
    '٠٩١٢٣٤٥٦٧٨٩',
    '09123456789',
    '9123456789',
    '989123456789',
    '0989123456789',
    '00989123456789',
    '+989123456789',
    '+98 (912) 345-6789',
    '+98 (0) 912 345 6789',
    '+9809123456789',
    '0098 0912 345 67 89',
    '0912-345-6789',
    '0912.345.6789',
    '0912/3456789',
    '(0912) 345 6789',
    '\u202a+98 912 345 6789\u202c',
    '\u200e۰۹۱۲ ۳۴۵ ۶۷۸۹\u200f',
    '۹۸۹۱۲۳۴۵۶۷۸۹+',
    '＋９８９１２３４５６７８９',
    'tel:+989123456789',
    ' 0912\u200c345\u00a06789 ',
  ])('%j is +989123456789', (spelling) => {
    expect(normalizePhone(spelling)).toEqual({ e164: '+989123456789', country: 'IR', type: 'mobile', valid: true })
  })

  it.each([
    ['02188887777', '+982188887777', 'IR', 'landline'],
    ['۰۲۱-۸۸۸۸۷۷۷۷', '+982188887777', 'IR', 'landline'],
    ['(021) 8888 7777', '+982188887777', 'IR', 'landline'],
    ['0098 31 3222 1111', '+983132221111', 'IR', 'landline'],
    ['+966 50 123 4567', '+966501234567', 'SA', 'mobile'],
    ['00966501234567', '+966501234567', 'SA', 'mobile'],
    ['966501234567', '+966501234567', 'SA', 'mobile'],
    ['٠٠٩٧١٥٠١٢٣٤٥٦٧', '+971501234567', 'AE', 'mobile'],
    ['+44 20 7946 0018', '+442079460018', 'GB', 'landline'],
    ['+1 202 555 0123', '+12025550123', 'US', 'mobile'],
    ['4915112345678', '+4915112345678', 'DE', 'mobile'],
    ['+800 1234 5678', '+80012345678', null, 'other'],
  ])('%s is %s', (spelling, e164, country, type) => {
    expect(normalizePhone(spelling)).toEqual({ e164, country, type, valid: true })
  })

  it('reads national numbers of the default country', () => {
    expect(normalizePhone('0501234567', 'SA')?.e164).toBe('+966501234567')
    expect(normalizePhone('0501234567')).toBeNull()
    expect(normalizePhone('+989123456789', 'SA')?.e164).toBe('+989123456789')
    expect(normalizePhone('00989123456789', 'SA')?.e164).toBe('+989123456789')
    expect(normalizePhone('+989123456789', 'nowhere')?.e164).toBe('+989123456789')
    expect(normalizePhone('09123456789', 'nowhere')).toBeNull()
    expect(normalizePhone('09123456789', 'constructor')).toBeNull()
  })

  it('accepts unknown ranges only when written with their prefix', () => {
    expect(normalizePhone('09411234567')).toEqual({
      e164: '+989411234567',
      country: 'IR',
      type: 'mobile',
      valid: false,
    })
    expect(normalizePhone('+989411234567')?.valid).toBe(false)
    expect(normalizePhone('9411234567')).toBeNull()
    expect(normalizePhone('1234567890')).toBeNull()
  })

  const junk = [
    '|  | + | 110 | 1500 | 115 | 09601 | 9990 | +98 1500 | 30001234 | 10008000 | 9830001234 | 50002178'.split('|'),
    ['88887777', '0912345678', '091234567890', '00912 345 6789', '6037 9918 9912 3456', '0011223344'],
    ['09123456789/09129876543', '021 88887777 داخلی 12', '0912345678a', 'سلام', '+98912+3456789', '++989123456789'],
    ['\u0000', '0'.repeat(1_000_000), '9'.repeat(20), '\ud800', "0912345678' or 1=1"],
  ].flat()
  it.each(junk.map((text) => [text.slice(0, 40), text]))('%j is not a number', (_shown, text) => {
    expect(normalizePhone(text)).toBeNull()
  })

  it('every spelling of a number is one number', () => {
    const digit = fc.integer({ min: 0, max: 9 }).map(String)
    const mobile = fc
      .tuple(
        fc.constantFrom('910', '912', '919', '901', '930', '935', '939', '920', '990'),
        fc.array(digit, { minLength: 7, maxLength: 7 }),
      )
      .map(([operator, rest]) => operator + rest.join(''))
    const landline = fc
      .tuple(
        fc.constantFrom('212', '213', '218', '313', '513', '711'.slice(0, 2) + '3'),
        fc.array(digit, { minLength: 7, maxLength: 7 }),
      )
      .map(([area, rest]) => area + rest.join(''))
    const prefix = fc.constantFrom('0', '98', '+98', '0098', '098', '+980', '00980', '+98(0)')
    const separator = fc.constantFrom('', '', '', ' ', '-', '.', '(', ')', '\u200e', '\u202a', '\u00a0', '–', '\u200c')
    const spelling = fc.tuple(
      fc.oneof(mobile, landline),
      prefix,
      fc.array(fc.tuple(separator, fc.constantFrom('fa', 'ar', 'en')), { minLength: 20, maxLength: 20 }),
    )
    fc.assert(
      fc.property(spelling, ([national, start, noise]) => {
        const written = [...(start + national)].map((char, index) => {
          const [gap, locale] = noise[index] ?? ['', 'en']
          return gap + localDigits(char, locale as 'fa' | 'ar' | 'en')
        })
        expect(normalizePhone(written.join(''))?.e164).toBe(`+98${national}`)
      }),
      { numRuns: 500 },
    )
  })

  it('is stable: a result is its own normal form, and so is what is shown', () => {
    const input = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'0123456789+ 98۰۹'), maxLength: 18 }),
      fc.string({ unit: 'binary' }),
      fc
        .tuple(fc.constantFrom('+966', '+971', '+44', '+1', '+90', '0'), fc.integer({ min: 1e8, max: 9999999999 }))
        .map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(input, fc.constantFrom('fa', 'ar', 'en'), (text, locale) => {
        const phone = normalizePhone(text)
        if (phone === null) return
        expect(phone.e164).toMatch(/^\+[1-9]\d{5,14}$/)
        expect(normalizePhone(phone.e164)).toEqual(phone)
        expect(normalizePhone(displayPhone(phone.e164, locale as 'fa' | 'ar' | 'en'))?.e164).toBe(phone.e164)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('displayPhone', () => {
  it.each([
    ['+989123456789', 'fa', '۰۹۱۲ ۳۴۵ ۶۷۸۹'],
    ['+989123456789', 'ar', '٠٩١٢ ٣٤٥ ٦٧٨٩'],
    ['+989123456789', 'en', '0912 345 6789'],
    ['+982188887777', 'fa', '۰۲۱ ۸۸۸۸ ۷۷۷۷'],
    ['+966501234567', 'en', '+966 501 234 567'],
    ['+12025550123', 'en', '+1 202 555 0123'],
    ['+442079460018', 'en', '+44 207 946 0018'],
    ['+4930123', 'en', '+49 301 23'],
    ['1234', 'fa', '۱۲۳۴'],
    ['someone', 'fa', 'someone'],
  ] as const)('%s in %s is %s', (e164, locale, shown) => {
    expect(displayPhone(e164, locale)).toBe(shown.replaceAll(' ', NBSP))
  })
})

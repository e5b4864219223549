import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LOCALES } from './locales.ts'
import { CURRENCIES, decimalsOf, formatMoney, type MoneyPreferences, parseMoney, plainAmount, unitOf } from './money.ts'

const FA: MoneyPreferences = { locale: 'fa', digits: 'native', toman: true }
const reader = fc.record({
  locale: fc.constantFrom(...LOCALES),
  digits: fc.constantFrom('native' as const, 'latin' as const),
  toman: fc.boolean(),
})
const currency = fc.constantFrom(...CURRENCIES)
const LARGEST = 10n ** 18n - 1n
const amount = fc.oneof(fc.bigInt({ min: -LARGEST, max: LARGEST }), fc.bigInt({ min: -100_000n, max: 100_000n }))
const read = (text: string, code: string, toman = false): string | null =>
  parseMoney(text, code, { toman })?.amount ?? null

describe('amounts of money', () => {
  it('are read back as they are shown, in every language, digits, currency and unit', () => {
    fc.assert(
      fc.property(reader, currency, amount, (who, code, minor) => {
        const money = { amount: String(minor), currency: code }
        expect(parseMoney(formatMoney(money, who), code, who)).toEqual(money)
        expect(parseMoney(plainAmount(money, who), code, who)).toEqual(money)
      }),
      { numRuns: 1000 },
    )
  })

  it('are shown as people write them', () => {
    expect(formatMoney({ amount: '125000000', currency: 'IRR' }, FA)).toBe('۱۲٬۵۰۰٬۰۰۰ تومان')
    expect(formatMoney({ amount: '125000005', currency: 'IRR' }, FA)).toBe('۱۲٬۵۰۰٬۰۰۰٫۵ تومان')
    expect(formatMoney({ amount: '125000000', currency: 'IRR' }, { ...FA, toman: false })).toBe('۱۲۵٬۰۰۰٬۰۰۰ ریال')
    expect(formatMoney({ amount: '125050', currency: 'SAR' }, { locale: 'ar', digits: 'native' })).toBe('١٬٢٥٠٫٥٠ ر.س.')
    expect(formatMoney({ amount: '125050', currency: 'USD' }, { locale: 'fa', digits: 'latin' })).toBe('1,250.50 دلار')
    expect(formatMoney({ amount: '-1250', currency: 'KWD' }, { locale: 'en', digits: 'native' })).toBe('KWD -1.250')
    expect(formatMoney({ amount: '-5', currency: 'IRR' }, { ...FA, toman: false })).toBe('\u200e−۵ ریال')
    // More than a number holds exactly.
    expect(plainAmount({ amount: '900719925474099301', currency: 'EUR' }, {})).toBe('9007199254740993.01')
  })

  it('are read however they are grouped and written', () => {
    for (const text of [
      '12500000',
      '۱۲٬۵۰۰٬۰۰۰',
      '12,500,000',
      "12'500'000",
      '12 500 000',
      '۱۲،۵۰۰،۰۰۰',
      '1,25,00,000',
    ])
      expect(read(text, 'IRR')).toBe('12500000')
    expect(read('١٢٥٠٫٥', 'SAR')).toBe('125050')
    expect(read('۱۲/۵', 'USD')).toBe('1250')
    expect(read('12.', 'USD')).toBe('1200')
    expect(read('-0', 'USD')).toBe('0')
    expect(read('12.50', 'IRR', true)).toBe('125')
    expect(read('12.00', 'IRR')).toBe('12')
  })

  it('a unit that is written counts, and not the preference', () => {
    for (const toman of [true, false]) {
      expect(read('۱۲۵۰ تومان', 'IRR', toman)).toBe('12500')
      expect(read('1250 Toman', 'IRR', toman)).toBe('12500')
      expect(read('۱۲۵۰ ريال', 'IRR', toman)).toBe('1250')
      expect(read('۱۲۵۰﷼', 'IRR', toman)).toBe('1250')
    }
    expect(read('$1,250', 'USD')).toBe('125000')
    expect(read('€ 3', 'EUR')).toBe('300')
    expect(read('٣ د.ك.', 'KWD')).toBe('3000')
    expect(read('3 USD', 'EUR')).toBeNull()
    expect(read('3 تومان', 'USD')).toBeNull()
    expect(read('USD 3 USD', 'USD')).toBeNull()
  })

  it('what is no amount, or may be two, is none', () => {
    for (const text of [
      '',
      ' ',
      '-',
      '.',
      '.5',
      'abc',
      '1.2.3',
      '12,50',
      '1,2,3',
      '1,2345',
      ',100',
      '1e5',
      '0x10',
      '1-2',
      '--1',
      '1/2/3',
    ])
      expect(read(text, 'USD')).toBeNull()
    expect(read('1.255', 'USD')).toBeNull()
    expect(read('1.250', 'USD')).toBeNull()
    expect(read('1.250', 'KWD')).toBe('1250')
    expect(read('1.000', 'IRR')).toBeNull()
    expect(read('0.5', 'IRR')).toBeNull()
    expect(read('1'.repeat(19), 'IRR')).toBeNull()
    expect(read('9'.repeat(18), 'IRR', true)).toBeNull()
    expect(read('9'.repeat(17), 'IRR', true)).toBe(`${'9'.repeat(17)}0`)
  })

  it('any text is an amount that the API takes, or none', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'0123456789۰۹٤.,٫٬/- $تومان') }),
        currency,
        fc.boolean(),
        (text, code, toman) => {
          const minor = read(text, code, toman)
          if (minor !== null) expect(minor).toMatch(/^-?(0|[1-9][0-9]{0,17})$/)
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('every currency has a name in every language', () => {
    for (const code of CURRENCIES) for (const locale of LOCALES) expect(unitOf(code, { locale })).not.toBe('')
    expect(decimalsOf('XXX')).toBe(2)
  })
})

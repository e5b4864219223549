import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LOCALES } from '#shared/locales.ts'
import { formatMoney, parseMoney } from '#shared/money.ts'
import { groupedNumber, parseNumber, plainNumber, regroup } from './number-text.ts'

const FA = { locale: 'fa', digits: 'native' } as const
const reader = fc.record({
  locale: fc.constantFrom(...LOCALES),
  digits: fc.constantFrom('native' as const, 'latin' as const),
})

describe('numbers while they are typed', () => {
  it('are grouped in the reader’s digits', () => {
    expect(regroup('1250000', 7, FA)).toEqual({ text: '۱٬۲۵۰٬۰۰۰', caret: 9 })
    expect(regroup('۱۲۵۰/۵', 6, FA)).toEqual({ text: '۱٬۲۵۰٫۵', caret: 7 })
    expect(regroup('-1234', 5, { locale: 'en', digits: 'latin' })).toEqual({ text: '-1,234', caret: 6 })
    expect(regroup('٢٥٠٠٠ ريال', 10, { locale: 'ar', digits: 'native' }).text).toBe('٢٥٬٠٠٠')
  })

  it('a key in the middle leaves the caret behind it', () => {
    // ۱٬۲|۵۰ with a 9 typed at the caret.
    expect(regroup('۱٬۲9۵۰', 4, FA)).toEqual({ text: '۱۲٬۹۵۰', caret: 4 })
    // The last digit of ۱٬۲۵۰ taken away.
    expect(regroup('۱٬۲۵', 4, FA)).toEqual({ text: '۱۲۵', caret: 3 })
  })

  it('typed key by key, it is the same number that was typed, and the caret stays at the end', () => {
    fc.assert(
      fc.property(reader, fc.stringMatching(/^-?\d{1,15}(\.\d{0,3})?$/), (who, keys) => {
        let shown = ''
        for (const key of keys) {
          const next = regroup(shown + key, shown.length + 1, who)
          expect(next.caret).toBe(next.text.length)
          shown = next.text
        }
        expect(plainNumber(shown)).toBe(keys)
        expect(regroup(shown, shown.length, who).text).toBe(shown)
      }),
    )
  })

  it('the caret keeps the digits before it, wherever it stands', () => {
    fc.assert(
      fc.property(reader, fc.stringMatching(/^\d{1,15}$/), fc.nat(20), (who, digits, at) => {
        const caret = Math.min(at, digits.length)
        const next = regroup(digits, caret, who)
        expect(plainNumber(next.text.slice(0, next.caret))).toBe(digits.slice(0, caret))
      }),
    )
  })

  it('what stands in the field is read as the amount it shows', () => {
    fc.assert(
      fc.property(reader, fc.bigInt({ min: 0n, max: 10n ** 15n }), fc.boolean(), (who, amount, toman) => {
        const { text } = regroup(String(amount), 0, who)
        const money = parseMoney(text, 'IRR', { toman })
        expect(money?.amount).toBe(String(toman ? amount * 10n : amount))
        if (money) expect(formatMoney(money, { ...who, toman })).toContain(text)
      }),
    )
  })

  it('numbers and what is none', () => {
    expect(parseNumber('۱۲٬۵۰۰٫۵')).toBe(12_500.5)
    expect(parseNumber('−12')).toBe(-12)
    expect(parseNumber(groupedNumber('1234567.25', FA))).toBe(1_234_567.25)
    for (const text of ['', '-', '.', 'دو', '1.2.3', '12a', '9'.repeat(20)]) expect(parseNumber(text), text).toBeNull()
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FIELD_TYPES, type FieldType } from '#shared/api/fields.ts'
import type { FieldValue } from '#shared/api/field-values.ts'
import {
  chosenOptions,
  isEmpty,
  isSafeLink,
  sameValue,
  type ShownField,
  type ValueReader,
  valueText,
} from './value-text.ts'

const FA: ValueReader = { locale: 'fa', calendar: 'persian', digits: 'native', toman: true, yes: 'بله', no: 'نه' }
const EN: ValueReader = { locale: 'en', calendar: 'gregory', digits: 'latin', yes: 'Yes', no: 'No' }
const OPTIONS = [
  { id: 'gold', name: 'طلایی' },
  { id: 'silver', name: 'نقره‌ای', retired: true },
  { id: 'bronze', name: 'برنزی' },
]
const field = (type: FieldType): ShownField => ({
  key: 'x',
  name: 'x',
  type,
  options: OPTIONS,
  help: '',
  required: false,
})

describe('the value of a field as it is read', () => {
  it.each([
    ['text', 'سلام', 'سلام', 'سلام'],
    ['number', 1_250_000.5, '۱٬۲۵۰٬۰۰۰٫۵', '1,250,000.5'],
    ['number', 0, '۰', '0'],
    ['money', { amount: '12500000', currency: 'IRR' }, '۱٬۲۵۰٬۰۰۰ تومان', 'IRR 12,500,000'],
    ['money', { amount: '125050', currency: 'SAR' }, '۱٬۲۵۰٫۵۰ ریال سعودی', 'SAR 1,250.50'],
    ['date', '2026-11-25', '۴ آذر ۱۴۰۵', '25 November 2026'],
    ['yes_no', true, 'بله', 'Yes'],
    ['yes_no', false, 'نه', 'No'],
    ['choice', 'silver', 'نقره‌ای', 'نقره‌ای'],
    ['choices', ['bronze', 'gold'], 'طلایی، برنزی', 'طلایی, برنزی'],
    ['choice', 'gone', '', ''],
    ['link', 'https://www.example.com/', 'example.com', 'example.com'],
    ['link', 'mailto:ali@example.com', 'ali@example.com', 'ali@example.com'],
  ] as const)('%s %j', (type, value, fa, en) => {
    expect(valueText(field(type), value as FieldValue, FA)).toBe(fa)
    expect(valueText(field(type), value as FieldValue, EN)).toBe(en)
  })

  it('what does not fit its type is shown as nothing, never as a fault', () => {
    const values = fc.oneof(
      fc.string(),
      fc.double({ noNaN: true }),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.string(), { maxLength: 3 }),
      fc.constant({ amount: '5', currency: 'IRR' }),
    )
    fc.assert(
      fc.property(fc.constantFrom(...FIELD_TYPES), values, (type, value) => {
        expect(typeof valueText(field(type), value, FA)).toBe('string')
        if (isEmpty(value)) expect(valueText(field(type), value, FA)).toBe('')
      }),
    )
  })

  it('nothing is nothing in each of its forms; no and zero are something', () => {
    for (const none of [undefined, null, '', []]) expect(isEmpty(none), JSON.stringify(none)).toBe(true)
    for (const some of [false, 0, 'x', ['a']]) expect(isEmpty(some), JSON.stringify(some)).toBe(false)
    expect(sameValue(null, [])).toBe(true)
    expect(sameValue(['a'], ['a'])).toBe(true)
    expect(sameValue({ amount: '1', currency: 'IRR' }, { amount: '1', currency: 'USD' })).toBe(false)
    expect(chosenOptions(field('choice'), 'gold').map(({ id }) => id)).toEqual(['gold'])
  })

  it('only addresses of the web, of mail and of telephones are links', () => {
    expect(['https://a.example', 'mailto:a@b.example', 'tel:+98'].every(isSafeLink)).toBe(true)
    expect(['javascript:alert(1)', 'data:text/html,x', ' https://a', '//a'].some(isSafeLink)).toBe(false)
  })
})

import { expect, test } from 'vitest'
import { type FilterField, parseFilter } from './filter.ts'
import { holds } from './holds.ts'

const field = (name: string, type: FilterField['type'], options?: string[]): FilterField => ({
  name,
  type,
  filterable: true,
  sortable: false,
  ...(options && { options }),
})
const FIELDS = [
  field('text', 'text'),
  field('number', 'number'),
  field('money', 'money'),
  field('day', 'date'),
  field('at', 'moment'),
  field('choice', 'choice', ['a', 'b']),
  field('user', 'user'),
  field('tags', 'tags'),
  field('yes', 'yes_no'),
]
const reader = {
  locale: 'fa',
  calendar: 'persian',
  timeZone: 'Asia/Tehran',
  userId: '7',
  now: new Date('2026-11-25T20:40:00Z'),
} as const
const check = (name: string, asked: string, value: unknown): boolean => {
  const { conditions, problems } = parseFilter({ [name]: asked }, FIELDS)
  expect(problems).toEqual([])
  return conditions.every((condition) => holds(condition, value, reader))
}

test.each<[string, string, unknown, boolean]>([
  ['text', 'علي', 'علی', true],
  ['text', 'علی,رضا', 'رضا', true],
  ['text.not', 'علی', 'رضا', true],
  ['text.not', 'علی', null, true],
  ['text.has', 'قيمت چند', 'سلام، قیمت این چند است؟', true],
  ['text.has', 'قیمت ارزان', 'قیمت این چند است؟', false],
  ['text.has', 'قیمت', undefined, false],
  ['text.empty', 'true', '', true],
  ['text.empty', 'false', 'x', true],
  ['number.from', '10', 10, true],
  ['number.to', '10', 10.5, false],
  ['number.from', '10', undefined, false],
  ['money.from', '1000:IRR', { amount: '99999999999999999', currency: 'IRR' }, true],
  ['money.from', '1000:IRR', { amount: '5000', currency: 'EUR' }, false],
  ['money', '1000', { amount: '1000', currency: 'EUR' }, true],
  // 20:40 UTC is the next day in Tehran.
  ['day', 'today', '2026-11-26', true],
  ['day.to', 'yesterday', '2026-11-26', false],
  ['at.from', '-1h', '2026-11-25T19:41:00Z', true],
  ['at.from', '-1h', '2026-11-25T19:39:00Z', false],
  ['choice', 'a,b', 'b', true],
  ['choice', 'a', 'b', false],
  ['user', 'me', '7', true],
  ['user', 'none', null, true],
  ['user.not', 'me', '8', true],
  ['tags', '3,4', ['4'], true],
  ['tags.not', '3', ['4'], true],
  ['yes', 'true', true, true],
  ['yes', 'true', false, false],
])('%s: %s of %j is %s', (name, asked, value, expected) => {
  expect(check(name, asked, value)).toBe(expected)
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CustomField } from './api/fields.ts'
import {
  contactFilterFields,
  filterOf,
  isDateValue,
  isMomentValue,
  operatorsOf,
  parseFilter,
  parseSort,
  serialiseFilter,
  splitName,
} from './filter.ts'

const custom = (key: string, type: CustomField['type'], options: string[] = []): CustomField => ({
  id: '1',
  resource: 'contact',
  key,
  name: key,
  type,
  contactKinds: [],
  options: options.map((id) => ({ id, name: id })),
  help: '',
  required: false,
  position: 0,
})
const fields = contactFilterFields([
  custom('city', 'text'),
  custom('budget', 'money'),
  custom('size', 'number'),
  custom('grade', 'choice', ['gold', 'silver']),
  custom('topics', 'choices', ['a', 'b', 'c']),
  custom('since', 'date'),
  custom('vip', 'yes_no'),
  custom('site', 'link'),
  custom('partner', 'contact'),
  // Keys that are called like operators.
  custom('from', 'date'),
  custom('not', 'text'),
])

describe('parseFilter', () => {
  it('reads conditions on any field, with operators behind the name', () => {
    const { conditions, problems } = parseFilter(
      {
        kind: 'person, lead',
        'createdAt.from': '-30d',
        responsibleId: 'me,none,12',
        'identity.phone.empty': 'true',
        'field.city.has': ' تهران, بالا ',
        'field.grade.not': 'silver',
        'field.budget.from': '۱۲۵۰۰:IRR',
        'field.size': '٫5,۱۲,-3.50',
        'field.from.from': 'this-month',
        'field.from': '2024-02-29',
        'field.not': 'a\\,b,c\\\\d',
      },
      fields,
    )
    expect(problems).toEqual([])
    expect(conditions.map(({ name, operator, values }) => [name, operator, values])).toEqual([
      ['kind', 'is', ['person', 'lead']],
      ['createdAt', 'from', ['-30d']],
      ['responsibleId', 'is', ['me', 'none', '12']],
      ['identity.phone', 'empty', ['true']],
      ['field.city', 'has', ['تهران, بالا']],
      ['field.grade', 'not', ['silver']],
      ['field.budget', 'from', ['12500:IRR']],
      ['field.size', 'is', ['0.5', '12', '-3.5']],
      ['field.from', 'from', ['this-month']],
      ['field.from', 'is', ['2024-02-29']],
      ['field.not', 'is', ['a,b', 'c\\d']],
    ])
  })

  it.each([
    ['nothing', 'x', 'unknown_field'],
    ['field.gone', 'x', 'unknown_field'],
    ['field.to', '2024-01-01', 'unknown_field'],
    ['about', 'x', 'not_allowed'],
    ['kind', 'friend', 'not_allowed'],
    ['kind.has', 'person', 'not_allowed'],
    ['kind', ' , ', 'required'],
    ['tagIds', 'none', 'wrong_format'],
    ['responsibleId', '12345678901234567890', 'wrong_format'],
    ['field.grade', 'bronze', 'not_allowed'],
    ['field.size.from', 'many', 'not_a_number'],
    ['field.size.from', '1,2', 'not_a_number'],
    ['field.size', '1e400', 'not_a_number'],
    ['field.budget', '12.5', 'wrong_format'],
    ['field.budget', '12:XXX', 'not_allowed'],
    ['field.since', '2023-02-29', 'wrong_format'],
    ['field.since', '0000-01-01', 'wrong_format'],
    ['field.since.to', '-24h', 'wrong_format'],
    ['field.since.empty', 'maybe', 'not_allowed'],
    ['field.vip', 'yes', 'not_allowed'],
    ['field.city', 'ا'.repeat(401), 'too_long'],
    ['field.city', 'ا'.repeat(2001), 'too_long'],
  ])('says of %s=%s that it is %s, and reads the rest', (name, value, code) => {
    const { conditions, problems } = parseFilter({ [name]: value, 'field.from': 'today' }, fields)
    expect(problems).toEqual([{ field: name, code }])
    expect(conditions.map((condition) => condition.name)).toEqual(['field.from'])
  })

  it('bounds how much is asked', () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`field.unknown${n}`, 'x']))
    expect(parseFilter(many, fields).problems).toHaveLength(50)
    const ids = Array.from({ length: 201 }, (_, n) => String(n + 1)).join(',')
    expect(parseFilter({ tagIds: ids }, fields).problems).toEqual([{ field: 'tagIds', code: 'too_long' }])
  })

  const dateValue = fc.oneof(
    fc.constantFrom(
      'today',
      'yesterday',
      'tomorrow',
      'this-month',
      'last-week',
      'next-quarter',
      'this-year',
      '2024-02-29',
    ),
    fc
      .tuple(fc.constantFrom('-', '+', ''), fc.integer({ min: 0, max: 999 }), fc.constantFrom('d', 'w', 'm', 'y'))
      .map((parts) => parts.join('')),
  )
  const text = fc
    .string({ unit: fc.constantFrom(...'اب ,\\.cd۱'), maxLength: 30 })
    .map((s) => s.trim())
    .filter((s) => s !== '')
  const ids = fc.integer({ min: 1, max: 999_999 }).map(String)
  const valueOf = (type: string, options: readonly string[] = []): fc.Arbitrary<string> => {
    if (options.length > 0) return fc.constantFrom(...options)
    if (type === 'text' || type === 'link' || type === 'identity') return text
    if (type === 'number')
      return fc.double({ noNaN: true, min: -1e12, max: 1e12 }).map((n) => String(Math.round(n * 100) / 100 + 0))
    if (type === 'money')
      return fc
        .tuple(fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }), fc.constantFrom('', ':IRR', ':USD'))
        .map(([n, c]) => `${n}${c}`)
    if (type === 'date') return dateValue
    if (type === 'moment')
      return fc.oneof(dateValue, fc.constantFrom('-24h', '2026-03-21T08:30:00Z', '2026-03-21T08:30:00.5+03:30'))
    if (type === 'kind') return fc.constantFrom('person', 'company', 'lead', 'visitor')
    if (type === 'user') return fc.oneof(ids, fc.constantFrom('me', 'none'))
    if (type === 'yes_no') return fc.constantFrom('true', 'false')
    return ids
  }
  const condition = fc.constantFrom(...fields.filter((field) => field.filterable)).chain((field) =>
    fc.constantFrom(...operatorsOf(field.type)).chain((operator) => {
      const one =
        operator === 'empty'
          ? fc.constantFrom('true', 'false')
          : operator === 'has'
            ? text
            : valueOf(field.type, field.options)
      const most = operator === 'is' || operator === 'not' ? 5 : 1
      return fc
        .uniqueArray(one, { minLength: 1, maxLength: most })
        .map((values) => ({ name: field.name, type: field.type, operator, values }))
    }),
  )

  it('reads back what serialiseFilter writes', () => {
    const list = fc.uniqueArray(condition, { maxLength: 12, selector: (one) => `${one.name} ${one.operator}` })
    fc.assert(
      fc.property(list, (conditions) => {
        const filter = serialiseFilter(conditions)
        expect(parseFilter(filter, fields)).toEqual({ conditions, problems: [] })
        // As a link, too.
        const link = new URLSearchParams(filter).toString()
        expect(parseFilter(Object.fromEntries(new URLSearchParams(link)), fields).conditions).toEqual(conditions)
      }),
      { numRuns: 500 },
    )
  })

  it('never throws, whatever the names and values', () => {
    const name = fc.oneof(fc.constantFrom(...fields.map((field) => field.name)), fc.string())
    const full = fc
      .tuple(name, fc.constantFrom('', '.not', '.from', '.to', '.has', '.empty', '.is', '.'))
      .map(([a, b]) => a + b)
    fc.assert(
      fc.property(fc.dictionary(full, fc.string({ unit: 'binary' }), { maxKeys: 8 }), (filter) => {
        const { conditions, problems } = parseFilter(filter, fields)
        expect(conditions.length + problems.length).toBe(Object.keys(filter).length)
      }),
    )
  })
})

describe('the parts', () => {
  it('take the conditions out of the parameters of a list', () => {
    expect(
      filterOf({
        limit: 50,
        cursor: 'x',
        sort: 'name',
        search: 'ali',
        view: '3',
        deleted: true,
        kind: 'person',
        tagIds: undefined,
      }),
    ).toEqual({ kind: 'person' })
  })

  it('read an order by a field that can be sorted by', () => {
    expect(parseSort('-createdAt', fields)).toEqual({ name: 'createdAt', type: 'moment', descending: true })
    expect(parseSort('field.budget', fields)).toEqual({ name: 'field.budget', type: 'money', descending: false })
    for (const wrong of ['tagIds', 'field.topics', 'field.partner', 'field.gone', '--name', ''])
      expect(parseSort(wrong, fields)).toBeUndefined()
  })

  it('split a name whose field is gone', () => {
    expect(splitName('field.gone.from', () => false)).toEqual({ name: 'field.gone', operator: 'from' })
    expect(splitName('field.gone', () => false)).toEqual({ name: 'field.gone', operator: 'is' })
  })

  it.each([
    '2026-03-21',
    'today',
    '-7d',
    '+30d',
    '30d',
    ' 30d',
    '-1m',
    '+1y',
    'this-month',
    'last-quarter',
    'next-week',
  ])('know %s as a day', (value) => {
    expect(isDateValue(value)).toBe(true)
  })
  it.each(['2026-3-1', '2026-02-30', '-7', 'd', '-12345d', '1000y', 'this-day', 'now', '-7d ', '2026-03-21T00:00:00Z'])(
    'know %s as none',
    (value) => {
      expect(isDateValue(value)).toBe(false)
    },
  )
  it('know hours and exact moments', () => {
    expect(['-24h', '+1h', '2026-03-21T08:30:00Z', '2026-03-21T08:30+03:30'].every(isMomentValue)).toBe(true)
    expect(['24', '2026-02-30T08:30:00Z', '2026-03-21T28:30:00Z', '2026-03-21'].some(isMomentValue)).toBe(false)
  })
})

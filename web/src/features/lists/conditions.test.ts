import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Span, SPAN_UNITS, askedOf, conditionsOf, spanOf, textOf, valuesOf, withCondition } from './conditions.ts'
import type { ListField } from './list-field.ts'

const field = (name: string, type: ListField['type']): ListField => ({
  name,
  type,
  label: name,
  filterable: true,
  sortable: false,
  column: true,
  usual: false,
})
const FIELDS = [
  field('kind', 'kind'),
  field('birthDate', 'date'),
  field('field.from', 'text'),
  field('field.city', 'text'),
]

describe('conditions field by field', () => {
  it('puts together what is asked of one field, and keeps what names no field', () => {
    const filter = {
      'birthDate.from': 'today',
      kind: 'lead',
      'birthDate.to': '+30d',
      'field.from': 'x',
      'field.gone.not': '1',
    }
    expect(conditionsOf(filter, FIELDS).map(({ name, field: known, asked }) => [name, known?.type, asked])).toEqual([
      ['birthDate', 'date', { from: 'today', to: '+30d' }],
      ['kind', 'kind', { is: 'lead' }],
      ['field.from', 'text', { is: 'x' }],
      ['field.gone', undefined, { not: '1' }],
    ])
  })

  it('changes one in its place, adds it at the end, takes it away', () => {
    const filter = { kind: 'lead', 'field.city.has': 'تهران', 'birthDate.empty': 'true' }
    const changed = withCondition(filter, 'field.city', { is: 'قم', not: 'ری' }, FIELDS)
    expect(Object.entries(changed)).toEqual([
      ['kind', 'lead'],
      ['field.city', 'قم'],
      ['field.city.not', 'ری'],
      ['birthDate.empty', 'true'],
    ])
    expect(Object.keys(withCondition(filter, 'field.from', { has: 'x' }, FIELDS)).at(-1)).toBe('field.from.has')
    expect(withCondition(filter, 'birthDate', {}, FIELDS)).toEqual({ kind: 'lead', 'field.city.has': 'تهران' })
    expect(withCondition({ 'field.gone.not': '1' }, 'field.gone', {}, FIELDS)).toEqual({})
  })

  it('reads back values with commas in them', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a\\,ب]{1,6}$/), { minLength: 1 }), (values) => {
        expect(valuesOf(textOf(values))).toEqual(values)
      }),
    )
    expect(textOf([])).toBeUndefined()
  })
})

describe('spans of days', () => {
  it.each<[Parameters<typeof spanOf>[0], Span | null]>([
    [{ from: '-30d' }, { kind: 'last', count: 30, unit: 'd' }],
    [{ from: '-24h' }, { kind: 'last', count: 24, unit: 'h' }],
    [
      { from: 'today', to: '30d' },
      { kind: 'next', count: 30, unit: 'd' },
    ],
    [{ to: '-1y' }, { kind: 'before', count: 1, unit: 'y' }],
    [{ is: 'next-quarter' }, { kind: 'named', value: 'next-quarter' }],
    [{ is: '2024-02-29' }, { kind: 'range', from: '2024-02-29', to: '2024-02-29' }],
    [
      { from: 'this-month', to: '+1m' },
      { kind: 'range', from: 'this-month', to: '+1m' },
    ],
    [{ from: '2024-02-29' }, { kind: 'range', from: '2024-02-29', to: null }],
    [{ is: 'today,tomorrow' }, null],
    [{ empty: 'true' }, null],
  ])('%j is %j', (asked, span) => {
    expect(spanOf(asked)).toEqual(span)
  })

  it('are read as they are written', () => {
    const count = fc.integer({ min: 1, max: 999 })
    const unit = fc.constantFrom(...SPAN_UNITS)
    const day = fc.constantFrom('2024-02-29', '2026-03-21', null)
    const span: fc.Arbitrary<Span> = fc.oneof(
      fc.record({ kind: fc.constant('named' as const), value: fc.constantFrom('today', 'last-week', 'this-year') }),
      fc.record({ kind: fc.constantFrom('last' as const, 'next' as const, 'before' as const), count, unit }),
      fc
        .record({ kind: fc.constant('range' as const), from: day, to: day })
        .filter(({ from, to }) => from !== null || to !== null),
    )
    fc.assert(
      fc.property(span, fc.boolean(), (one, past) => {
        expect(spanOf(askedOf(one, past))).toEqual(one)
      }),
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { columnsOf, fitColumns, moveColumn, NARROWEST, widthOf } from './columns.ts'
import type { ListField } from './list-field.ts'

const field = (name: string, usual = false, column = true): ListField => ({
  name,
  type: 'text',
  label: name,
  filterable: true,
  sortable: true,
  column,
  usual,
})
const FIELDS = [
  field('name', true),
  field('city'),
  field('phone', true),
  field('secret', false, false),
  field('note', true),
]
const names = (fields: readonly ListField[]) => fields.map((one) => one.name)

describe('columns', () => {
  it('are what the reader chose, else what the view says, else the usual ones; the name is always the first', () => {
    expect(names(columnsOf(FIELDS, undefined, []))).toEqual(['name', 'phone', 'note'])
    expect(names(columnsOf(FIELDS, undefined, ['city', 'name', 'city']))).toEqual(['name', 'city'])
    expect(names(columnsOf(FIELDS, ['note', 'field.gone', 'secret'], ['city']))).toEqual(['name', 'note'])
  })

  it('as many as fit are shown to those who chose none', () => {
    const shown = columnsOf(FIELDS, ['phone', 'note', 'city'])
    expect(names(fitColumns(shown, 10_000, {}))).toEqual(['name', 'phone', 'note', 'city'])
    expect(names(fitColumns(shown, 260 + 160 + 159, {}))).toEqual(['name', 'phone'])
    expect(names(fitColumns(shown, 260 + 160 + 159, { widths: { note: 100 } }))).toEqual(['name', 'phone', 'note'])
    expect(names(fitColumns(shown, 100, {}))).toEqual(['name', 'phone'])
    // A narrow one behind a wide one has its place.
    expect(names(fitColumns(shown, 260 + 160 + 100, { widths: { city: 100 } }))).toEqual(['name', 'phone', 'city'])
  })

  it('keep a width that can be read', () => {
    expect(widthOf(field('city'), false, { widths: { city: 3 } })).toBe(NARROWEST)
    expect(widthOf(field('city'), false, { widths: { city: 1e9 } })).toBe(800)
  })

  it('move before another without losing any, and never before the first', () => {
    expect(moveColumn(['name', 'a', 'b', 'c'], 'c', 'a')).toEqual(['name', 'c', 'a', 'b'])
    expect(moveColumn(['name', 'a', 'b', 'c'], 'a', null)).toEqual(['name', 'b', 'c', 'a'])
    const all = ['name', 'a', 'b', 'c', 'd']
    fc.assert(
      fc.property(fc.constantFrom(...all), fc.constantFrom(...all, null), (name, before) => {
        const moved = moveColumn(all, name, before)
        expect(moved[0]).toBe('name')
        expect(moved.toSorted()).toEqual(all.toSorted())
      }),
    )
  })
})

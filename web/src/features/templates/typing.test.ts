import { describe, expect, it } from 'vitest'
import type { TemplateFieldInfo } from '#shared/api/templates.ts'
import { changePart, directionOf, fieldAt, fieldParts, fittingFields, putField, shortcutAt } from './typing.ts'

const field = (name: string, label: string): TemplateFieldInfo => ({
  name,
  label,
  group: name.split('.')[0] ?? '',
  type: 'text',
  example: '',
  formats: [],
})

describe('writing a text with fields', () => {
  it('finds the field being typed', () => {
    expect(fieldAt('سلام {نا', 8)).toEqual({ from: 5, query: 'نا' })
    expect(fieldAt('{', 1)).toEqual({ from: 0, query: '' })
    for (const text of ['{{', 'a {{na', '{a}', '{a : ', '{a |', '{a\n', ''])
      expect(fieldAt(text, text.length)).toBeNull()
    expect(fieldAt('{{{na', 5)).toEqual({ from: 2, query: 'na' })
  })

  it('finds the shortcut being typed, at the beginning only', () => {
    expect(shortcutAt('/سلا', 4)).toBe('سلا')
    expect(shortcutAt('/', 1)).toBe('')
    for (const text of ['a /b', '/a\nb', '']) expect(shortcutAt(text, text.length)).toBeNull()
  })

  it('puts a field in place of what was typed', () => {
    expect(putField('a {na b', 2, 5, 'contact.name')).toEqual({ text: 'a {contact.name} b', caret: 16 })
    expect(putField('{na}', 0, 3, 'x').text).toBe('{x}')
  })

  it('changes a field where it stands', () => {
    const text = 'a {x} b {x | y}'
    expect(fieldParts(text).map((part) => part.from)).toEqual([2, 8])
    expect(changePart(text, 8, { field: 'x', format: 'upper', fallback: '' })).toBe('a {x} b {x : upper | }')
    expect(changePart(text, 2, null)).toBe('a  b {x | y}')
    expect(changePart(text, 3, null)).toBe(text)
  })

  it('runs as its own words do, not as the Latin names of its fields', () => {
    expect(directionOf('{contact.firstName | دوست} عزیز')).toBe('rtl')
    expect(directionOf('{contact.firstName : upper} عزیز')).toBe('rtl')
    expect(directionOf('{contact.name}، سلام')).toBe('rtl')
    expect(directionOf('۱۲ {contact.name | friend} سلام')).toBe('ltr')
    expect(directionOf('{contact.name')).toBe('auto')
  })

  it('offers fields by their label in the reader’s language and by their name', () => {
    const fields = [field('contact.phone', 'تلفن'), field('contact.name', 'نام'), field('company.name', 'نام')]
    const group = (name: string) => (name === 'company' ? 'شرکت' : 'مخاطب')
    const names = (query: string) => fittingFields(fields, query, group).map((one) => one.name)
    expect(names('نام')).toEqual(['contact.name', 'company.name'])
    expect(names('شركت')).toEqual(['company.name'])
    expect(names('contact.p')).toEqual(['contact.phone'])
    expect(names('')).toHaveLength(3)
  })
})

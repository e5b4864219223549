import { expect, test } from 'vitest'
import type { Contact } from '#shared/api/contacts.ts'
import type { CustomField } from '#shared/api/fields.ts'
import { compare, takeOf, usuallyStays } from './comparing.ts'

const person = (more: Partial<Contact>): Contact => ({
  id: '1',
  kind: 'person',
  name: 'Sara',
  avatarFileId: null,
  about: '',
  responsibleId: null,
  sourceId: null,
  tagIds: [],
  jobTitle: '',
  birthDate: null,
  nationalId: null,
  companyNumber: null,
  economicCode: null,
  registrationNumber: null,
  fields: {},
  identities: [],
  company: null,
  city: '',
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  addresses: [],
  relations: [],
  merges: [],
  conflicts: [],
  deletedAt: null,
  ...more,
})
const motto: CustomField = {
  id: '5',
  resource: 'contact',
  key: 'motto',
  name: 'Motto',
  type: 'text',
  contactKinds: [],
  options: [],
  help: '',
  required: false,
  position: 0,
}

test('a visitor joins, the fuller stays, of two alike the older', () => {
  const old = person({})
  const young = person({ createdAt: '2026-02-01T00:00:00.000Z' })
  expect(usuallyStays(old, young)).toBe('one')
  expect(usuallyStays(young, old)).toBe('two')
  expect(usuallyStays(old, { ...young, about: 'tea' })).toBe('two')
  expect(usuallyStays({ ...old, kind: 'visitor', about: 'tea', jobTitle: 'head' }, young)).toBe('two')
})

test('only what both say differently is to be chosen; the rest is filled, and tags are joined', () => {
  const one = person({ jobTitle: 'clerk', about: 'tea', tagIds: ['1'], fields: { motto: 'slow' } })
  const two = person({
    id: '2',
    jobTitle: 'head',
    birthDate: '1990-03-21',
    tagIds: ['1', '2'],
    fields: { motto: 'fast' },
  })
  const choices = { jobTitle: 'two', 'field.motto': 'one' } as const
  const { rows, result } = compare(one, two, { stays: 'one', choices, custom: [motto] })
  expect(rows.map((row) => [row.name, row.choosable, row.result])).toEqual([
    ['name', false, 'Sara'],
    ['kind', false, 'person'],
    ['jobTitle', true, 'head'],
    ['birthDate', false, '1990-03-21'],
    ['about', false, 'tea'],
    ['field.motto', true, 'slow'],
  ])
  expect(result.tagIds).toEqual(['1', '2'])
  // Who stays is swapped: the choices stand, and what is taken is the other part of them.
  expect(takeOf(choices, 'one')).toEqual(['jobTitle'])
  expect(takeOf(choices, 'two')).toEqual(['field.motto'])
  expect(compare(one, two, { stays: 'two', choices, custom: [motto] }).result).toMatchObject({
    jobTitle: 'head',
    fields: { motto: 'slow' },
  })
})

test('a visitor that stays takes the name of whom we know, and there is nothing to choose', () => {
  const visitor = person({ kind: 'visitor', name: 'sara_92' })
  const { rows, result } = compare(visitor, person({ id: '2' }), { stays: 'one', choices: {}, custom: [] })
  expect(rows.every((row) => !row.choosable)).toBe(true)
  expect(result).toMatchObject({ kind: 'person', name: 'Sara' })
})

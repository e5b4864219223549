import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Contact, ContactNew, RelationNew } from '#shared/api/contacts.ts'
import { makeActor, makeChannel, openTestDatabase } from '../../test/crm.ts'
import type { Actor } from '../platform/app.ts'
import type { Database } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { loadContact, loadContactItems } from './contact-views.ts'
import { changeContact, createContact } from './contacts.ts'
import { convertContact } from './convert.ts'
import { findOrMakeSenders } from './identities.ts'
import { mergeContacts, undoMerge } from './merges.ts'
import { addRelation, removeRelation } from './relations.ts'

let db: Database
let drop: () => Promise<void>
let chief: Actor
let stranger: Actor
let sales: string

beforeAll(async () => {
  ;({ db, drop } = await openTestDatabase())
  sales = await makeChannel(db, 'sales')
  chief = await makeActor(db, [sales])
  stranger = await makeActor(db, [])
})
afterAll(() => drop())

const create = (name: string, input: Partial<ContactNew> = {}): Promise<Contact> =>
  db.transaction((tx) => createContact(tx, chief, { kind: 'person', name, ...input }))
const relate = (id: string, input: RelationNew, actor = chief): Promise<Contact> =>
  db.transaction((tx) => addRelation(tx, actor, id, input))
const merge = (loser: string, winner: string) => db.transaction((tx) => mergeContacts(tx, chief, loser, winner))
async function wrongIn(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return ''
  } catch (error) {
    if (error instanceof Problem)
      return [error.code, ...error.errors.map(({ field, code }) => `${field} ${code}`)].join(' ')
    throw error
  }
}
const relationsOf = async (id: string, actor = chief): Promise<string[]> =>
  (await loadContact(db, actor, id)).relations.map(({ kind, direction, other, title }) =>
    `${direction} ${kind} ${other.name} ${title}`.trim(),
  )

test('a relation is seen from both sides, takes another title, and goes from either side', async () => {
  const person = await create('Sara')
  const company = await create('Alborz', { kind: 'company' })
  await relate(person.id, { kind: 'works_at', toId: company.id, title: 'buyer' })
  expect(await relationsOf(person.id)).toEqual(['to works_at Alborz buyer'])
  expect(await relationsOf(company.id)).toEqual(['from works_at Sara buyer'])
  const again = await relate(person.id, { kind: 'works_at', toId: company.id, title: 'head of buying' })
  expect(again.relations).toMatchObject([{ title: 'head of buying' }])
  expect(again.company).toEqual({ id: company.id, name: 'Alborz' })
  const id = again.relations[0]?.id ?? ''
  const third = await create('Third')
  expect(await wrongIn(db.transaction((tx) => removeRelation(tx, chief, third.id, id)))).toBe('not_found')
  await db.transaction((tx) => removeRelation(tx, chief, company.id, id))
  expect(await relationsOf(person.id)).toEqual([])
  const actions = await db.query<{ action: string }>(
    `select action from audit_event where subject_id = $1 and action like 'contact.relation%' order by id`,
    [person.id],
  )
  expect(actions.map((row) => row.action)).toEqual([
    'contact.relation_added',
    'contact.relation_changed',
    'contact.relation_removed',
  ])
})

test('nobody is related to himself, also not by way of a merge', async () => {
  const [a, b] = [await create('a'), await create('b')]
  expect(await wrongIn(relate(a.id, { kind: 'referred_by', toId: a.id }))).toBe('invalid_input toId not_allowed')
  const joined = await merge(a.id, b.id)
  expect(await wrongIn(relate(a.id, { kind: 'referred_by', toId: b.id }))).toBe('invalid_input toId not_allowed')
  await db.transaction((tx) => undoMerge(tx, chief, joined.id))
  await relate(a.id, { kind: 'referred_by', toId: b.id })
  await merge(a.id, b.id)
  expect(await relationsOf(b.id)).toEqual([])
})

test('merges are followed on both sides, what became the same is there once, and undoing is exact', async () => {
  const [one, two, x, y] = [
    await create('one'),
    await create('two'),
    await create('X', { kind: 'company' }),
    await create('Y', { kind: 'company' }),
  ]
  await relate(one.id, { kind: 'works_at', toId: x.id })
  await relate(two.id, { kind: 'works_at', toId: y.id })
  await merge(one.id, two.id)
  expect(await relationsOf(two.id)).toEqual(['to works_at X', 'to works_at Y'])
  const companies = await merge(x.id, y.id)
  expect(await relationsOf(two.id)).toEqual(['to works_at Y'])
  expect(await relationsOf(y.id)).toEqual(['from works_at two'])
  expect(await loadContactItems(db, chief, [two.id])).toMatchObject([{ company: { id: y.id, name: 'Y' } }])
  // The same again is the same.
  expect((await relate(two.id, { kind: 'works_at', toId: x.id })).relations).toHaveLength(1)
  await db.transaction((tx) => undoMerge(tx, chief, companies.id))
  expect(await relationsOf(two.id)).toEqual(['to works_at X', 'to works_at Y'])
})

test('whom one may not see one neither sees named nor can name', async () => {
  const seen = await db.transaction((tx) =>
    findOrMakeSenders(tx, { channelId: sales, identityKind: 'bale', senders: [{ address: 'h1', name: 'Hidden' }] }),
  )
  const hidden = seen.get('h1')?.contactId ?? ''
  const person = await create('Seen')
  await relate(person.id, { kind: 'works_at', toId: hidden })
  expect(await relationsOf(person.id, stranger)).toEqual([])
  expect(await loadContactItems(db, stranger, [person.id])).toMatchObject([{ company: null }])
  expect(await loadContactItems(db, chief, [person.id])).toMatchObject([{ company: { id: hidden } }])
  expect(await wrongIn(relate(person.id, { kind: 'referred_by', toId: hidden }, stranger))).toBe(
    'invalid_input toId not_allowed',
  )
  expect(await wrongIn(relate(hidden, { kind: 'referred_by', toId: person.id }, stranger))).toBe('not_found')
})

test('nothing belongs to itself, by however many steps and merges', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(5), fc.nat(5)), { minLength: 4, maxLength: 14 }),
      fc.option(fc.tuple(fc.nat(5), fc.nat(5)).filter(([a, b]) => a !== b)),
      async (edges, merged) => {
        const ids: string[] = []
        for (let n = 0; n < 6; n++) ids.push((await create(`n${n}`, { kind: 'company' })).id)
        // The model: what stands for each, and what it belongs to.
        const root = ids.map((_, n) => n)
        const above = new Map<number, Set<number>>(ids.map((_, n) => [n, new Set()]))
        const reaches = (from: number, to: number, seen = new Set<number>()): boolean =>
          from === to ||
          (!seen.has(from) && [...(above.get(from) ?? [])].some((next) => reaches(next, to, new Set([...seen, from]))))
        if (merged) {
          await merge(ids[merged[0]] ?? '', ids[merged[1]] ?? '')
          root[merged[0]] = merged[1]
        }
        for (const [a, b] of edges) {
          const [from, to] = [root[a] ?? a, root[b] ?? b]
          const wrong = await wrongIn(relate(ids[a] ?? '', { kind: 'belongs_to', toId: ids[b] ?? '' }))
          if (from === to) expect(wrong).toBe('invalid_input toId not_allowed')
          else if (reaches(to, from)) expect(wrong).toBe('invalid_input toId relation_loop')
          else {
            expect(wrong).toBe('')
            above.get(from)?.add(to)
          }
        }
      },
    ),
    { numRuns: 12 },
  )
})

test('two who close a loop from its two ends at once do not both succeed', async () => {
  const [a, b] = [await create('A', { kind: 'company' }), await create('B', { kind: 'company' })]
  const results = await Promise.all([
    wrongIn(relate(a.id, { kind: 'belongs_to', toId: b.id })),
    wrongIn(relate(b.id, { kind: 'belongs_to', toId: a.id })),
  ])
  expect(results.sort()).toEqual(['', 'invalid_input toId relation_loop'])
})

test('a contact is made with its relations, or not at all', async () => {
  const company = await create('C', { kind: 'company' })
  const made = await create('with', { relations: [{ kind: 'works_at', toId: company.id, title: 't' }] })
  expect(made).toMatchObject({ company: { id: company.id }, relations: [{ kind: 'works_at', title: 't' }] })
  expect(await wrongIn(create('without', { relations: [{ kind: 'works_at', toId: '999999' }] }))).toBe(
    'invalid_input relations.0.toId not_allowed',
  )
  expect(await db.one(`select from contact where name = 'without'`)).toBeUndefined()
})

const convert = (id: string, input: Parameters<typeof convertContact>[3], actor = chief): Promise<Contact> =>
  db.transaction((tx) => convertContact(tx, actor, id, input))

test('a lead becomes a person with a company of its own, keeps everything, and turns back', async () => {
  const lead = await create('سرنخ نمایشگاه', {
    kind: 'lead',
    about: 'note',
    jobTitle: 'مدیر',
    companyNumber: '10380284790',
    responsibleId: chief.userId,
    identities: [{ kind: 'phone', value: '09125550001' }],
  })
  const person = await convert(lead.id, {
    kind: 'person',
    name: 'امیر رستمی',
    company: { name: 'صنایع رستمی', title: 'مدیر' },
  })
  expect(person).toMatchObject({
    id: lead.id,
    kind: 'person',
    name: 'امیر رستمی',
    about: 'note',
    jobTitle: 'مدیر',
    companyNumber: null,
    company: { name: 'صنایع رستمی' },
    identities: [{ value: '+989125550001' }],
    relations: [{ kind: 'works_at', title: 'مدیر' }],
  })
  const company = await loadContact(db, chief, person.company?.id ?? '')
  expect(company).toMatchObject({ kind: 'company', companyNumber: '10380284790', responsibleId: chief.userId })
  const event = await db.one<{ data: object }>(
    `select data from activity_event where contact_id = $1 and kind = 'converted'`,
    [lead.id],
  )
  expect(event?.data).toEqual({ from: 'lead', to: 'person', companyId: company.id })
  const back = await db.transaction((tx) => changeContact(tx, chief, lead.id, { kind: 'lead' }))
  expect(back).toMatchObject({ kind: 'lead', about: 'note' })
})

test('a lead joins a company there is, whose own numbers stay; what cannot be is refused whole', async () => {
  const company = await create('Known', { kind: 'company', companyNumber: '14003778990' })
  const lead = await create('Lead', { kind: 'lead', companyNumber: '10380284790', economicCode: '77' })
  const other = await create('Not a company')
  expect(await wrongIn(convert(lead.id, { kind: 'company', company: { id: company.id } }))).toBe(
    'invalid_input company not_allowed',
  )
  expect(await wrongIn(convert(lead.id, { kind: 'person', company: { id: other.id } }))).toBe(
    'invalid_input company.id not_allowed',
  )
  expect(await wrongIn(convert(lead.id, { kind: 'person', company: {} }))).toBe('invalid_input company.name required')
  expect(await loadContact(db, chief, lead.id)).toMatchObject({ kind: 'lead', relations: [] })
  const person = await convert(lead.id, { kind: 'person', company: { id: company.id } })
  expect(person).toMatchObject({ companyNumber: '10380284790', economicCode: null, company: { id: company.id } })
  expect(await loadContact(db, chief, company.id)).toMatchObject({ companyNumber: '14003778990', economicCode: '77' })
  expect(await wrongIn(convert(lead.id, { kind: 'company' }))).toBe('invalid_input kind not_allowed')
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Contact, ContactNew, ContactPatch } from '#shared/api/contacts.ts'
import { makeActor, makeChannel, openTestDatabase } from '../../test/crm.ts'
import type { Actor } from '../platform/app.ts'
import type { Database } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { addAddress, changeAddress, removeAddress } from './addresses.ts'
import { addIdentity, changeIdentity } from './contact-identities.ts'
import { listContacts } from './contact-search.ts'
import { loadContactItems } from './contact-views.ts'
import { changeContact, createContact } from './contacts.ts'
import { createField } from './field-definitions.ts'
import { findOrMakeSenders } from './identities.ts'
import { createItem, deleteItem } from './lists.ts'
import { mergeContacts, undoMerge } from './merges.ts'
import { createTag, deleteTag, restoreTag } from './tags.ts'

let db: Database
let drop: () => Promise<void>
let chief: Actor
let sales: string

beforeAll(async () => {
  ;({ db, drop } = await openTestDatabase())
  sales = await makeChannel(db, 'sales')
  chief = await makeActor(db, [sales])
})
afterAll(() => drop())

const create = (input: Partial<ContactNew>, actor = chief): Promise<Contact> =>
  db.transaction((tx) => createContact(tx, actor, { kind: 'person', name: 'x', ...input }))
const change = (id: string, patch: ContactPatch, actor = chief): Promise<Contact> =>
  db.transaction((tx) => changeContact(tx, actor, id, patch))
async function wrongIn(work: Promise<unknown>): Promise<string[]> {
  try {
    await work
    return []
  } catch (error) {
    if (error instanceof Problem) return error.errors.map(({ field, code }) => `${field} ${code}`)
    throw error
  }
}
const found = async (search: string): Promise<string[]> =>
  (await listContacts(db, chief, { search })).items.map((item) => item.id)
const auditOf = (id: string): Promise<{ action: string; before: object | null; after: object | null }[]> =>
  db.query(
    `select action, before, after from audit_event where subject_kind = 'contact' and subject_id = $1 order by id`,
    [id],
  )

test('everything that is known of a contact is stored, shown alike in list and record, and changed by name', async () => {
  const source = await db.transaction((tx) => createItem(tx, chief, 'source', { name: 'نمایشگاه' }))
  const tag = await db.transaction((tx) => createTag(tx, chief, { name: 'مشتری ویژه', color: 'amber' }))
  const field = await db.transaction((tx) =>
    createField(tx, chief, { resource: 'contact', name: 'Size', key: 'size', type: 'number' }),
  )
  const made = await create({
    name: 'زهرا صدری',
    jobTitle: ' مدیر  خرید ',
    birthDate: '1985-03-21',
    nationalId: '۰۴۹-۹۳۷۰۸۹-۹',
    sourceId: source.id,
    tagIds: [tag.id, tag.id],
    fields: { [field.key]: 42 },
    identities: [{ kind: 'phone', value: '02188776655', use: 'work' }],
    addresses: [{ country: 'IR', city: 'اصفهان', street: 'چهارباغ', postalCode: '۸۱۳۹۵-۷۵۱۱۵' }],
  })
  const known = {
    jobTitle: 'مدیر خرید',
    birthDate: '1985-03-21',
    nationalId: '0499370899',
    companyNumber: null,
    sourceId: source.id,
    tagIds: [tag.id],
    fields: { size: 42 },
    city: 'اصفهان',
    identities: [{ value: '+982188776655', use: 'work' }],
  }
  expect(made).toMatchObject({
    ...known,
    addresses: [{ use: 'work', postalCode: '8139575115', floor: '' }],
    deletedAt: null,
  })
  const [item] = await loadContactItems(db, chief, [made.id])
  expect(item).toMatchObject(known)
  const changed = await change(made.id, { birthDate: null, tagIds: [], fields: { size: null }, about: 'x' })
  expect(changed).toMatchObject({ birthDate: null, tagIds: [], fields: {}, about: 'x', jobTitle: 'مدیر خرید' })
  expect((await auditOf(made.id)).at(-1)).toEqual({
    action: 'contact.changed',
    before: { birthDate: '1985-03-21', tagIds: [tag.id], fields: { size: 42 }, about: '' },
    after: { birthDate: null, tagIds: [], fields: {}, about: 'x' },
  })
  const rows = (await auditOf(made.id)).length
  await change(made.id, { jobTitle: 'مدیر خرید', about: 'x' })
  expect(await auditOf(made.id)).toHaveLength(rows)
})

test('everything wrong is said at once, by field', async () => {
  expect(
    await wrongIn(
      create({
        birthDate: '2999-01-01',
        nationalId: '0499370898',
        companyNumber: '123',
        economicCode: '<>',
        responsibleId: '999999',
        sourceId: '999999',
        tagIds: ['999999'],
        fields: { nothing: 1 },
      }),
    ),
  ).toEqual([
    'birthDate out_of_range',
    'nationalId check_digit_wrong',
    'companyNumber wrong_format',
    'economicCode wrong_format',
    'responsibleId not_allowed',
    'sourceId not_allowed',
    'tagIds not_allowed',
    'fields.nothing unknown_field',
  ])
  expect(await wrongIn(create({ addresses: [{ country: 'IR' }, { country: 'IR', postalCode: '12' }] }))).toEqual([
    'addresses.1.postalCode not_a_postal_code',
  ])
})

test('what stands is not questioned again: a retired source stays, and can be set no more', async () => {
  const source = await db.transaction((tx) => createItem(tx, chief, 'source', { name: 'Fair' }))
  const made = await create({ sourceId: source.id })
  await db.transaction((tx) => deleteItem(tx, chief, 'source', source.id))
  expect(await change(made.id, { sourceId: source.id, about: 'y' })).toMatchObject({ sourceId: source.id, about: 'y' })
  expect(await wrongIn(create({ sourceId: source.id }))).toEqual(['sourceId not_allowed'])
})

test('a deleted tag is out of sight, outlives a change of the others, and comes back with them', async () => {
  const [one, two] = [
    await db.transaction((tx) => createTag(tx, chief, { name: 'one' })),
    await db.transaction((tx) => createTag(tx, chief, { name: 'two' })),
  ]
  const made = await create({ tagIds: [one.id, two.id] })
  await db.transaction((tx) => deleteTag(tx, chief, one.id))
  expect(await change(made.id, { tagIds: [] })).toMatchObject({ tagIds: [] })
  expect(await wrongIn(change(made.id, { tagIds: [one.id] }))).toEqual(['tagIds not_allowed'])
  await db.transaction((tx) => restoreTag(tx, chief, one.id))
  const [item] = await loadContactItems(db, chief, [made.id])
  expect(item?.tagIds).toEqual([one.id])
})

test('numbers of identity and custom texts are found by searching, over all that were merged', async () => {
  const field = await db.transaction((tx) =>
    createField(tx, chief, { resource: 'contact', name: 'Contract', key: 'contract', type: 'text' }),
  )
  const company = await create({
    kind: 'company',
    name: 'فولاد البرز',
    companyNumber: '10380284790',
    economicCode: '۴۱۱۳-۴۵۶۷-۸۹۰۱',
    registrationNumber: '۲۲۱۵',
    fields: { [field.key]: 'قرارداد می‌نویسیم ۷۷۱۲۳' },
  })
  for (const search of ['10380284790', '۴۱۱۳۴۵۶۷۸۹۰۱', '2215', 'مي نويسيم', '77123'])
    expect(await found(search)).toEqual([company.id])
  const other = await create({ kind: 'company', name: 'other' })
  const merge = await db.transaction((tx) => mergeContacts(tx, chief, company.id, other.id))
  expect(await found('10380284790')).toEqual([other.id])
  expect(await found('77123')).toEqual([other.id])
  await db.transaction((tx) => undoMerge(tx, chief, merge.id))
  expect(await found('2215')).toEqual([company.id])
  await change(company.id, { companyNumber: null, fields: { contract: null } })
  expect(await found('10380284790')).toEqual([])
  expect(await found('77123')).toEqual([])
})

test('names carry what they are sorted and compared by, however they came and change', async () => {
  const keys = (id: string) =>
    db.one<{ sort_name: string; name_key: string }>('select sort_name, name_key from contact where id = $1', [id])
  const typed = await create({ kind: 'company', name: 'شرکت تعاونی پخش آریا (سهامی خاص)' })
  const turned = await create({ kind: 'company', name: 'آريا پخش' })
  expect((await keys(typed.id))?.name_key).toBe((await keys(turned.id))?.name_key)
  await change(turned.id, { name: 'پخش' })
  expect((await keys(turned.id))?.name_key).toBe('پخش')
  const wrote = await db.transaction((tx) =>
    findOrMakeSenders(tx, {
      channelId: sales,
      identityKind: 'bale',
      senders: [{ address: 'k1', name: 'دکتر پریسا احمدی' }],
    }),
  )
  const visitor = wrote.get('k1')?.contactId ?? ''
  expect((await keys(visitor))?.name_key).toBe('احمدی پریسا')
  const order = await db.query<{ id: string }>(
    'select id from contact where id = any($1::bigint[]) order by sort_name collate "C"',
    [[typed.id, turned.id, visitor]],
  )
  expect(order.map((row) => row.id)).toEqual([turned.id, visitor, typed.id])
})

test('a number takes a use and is made sure of; what a provider has proven stays proven', async () => {
  const made = await create({ identities: [{ kind: 'phone', value: '09123334455' }] })
  const id = made.identities[0]?.id ?? ''
  const patched = await db.transaction((tx) => changeIdentity(tx, chief, made.id, id, { use: 'home', verified: true }))
  expect(patched.identities).toMatchObject([{ use: 'home', verified: true }])
  const again = await db.transaction((tx) =>
    addIdentity(tx, chief, made.id, { kind: 'phone', value: '+98 912 333 4455', use: 'mobile' }),
  )
  expect(again.identities).toMatchObject([{ use: 'mobile', verified: true }])
  expect((await auditOf(made.id)).map((row) => row.action)).toEqual([
    'contact.created',
    'contact.identity_changed',
    'contact.identity_changed',
  ])
  const wrote = await db.transaction((tx) =>
    findOrMakeSenders(tx, { channelId: sales, identityKind: 'bale', senders: [{ address: 'k2', name: 'x' }] }),
  )
  const { contactId = '', identityId = '' } = wrote.get('k2') ?? {}
  expect(
    await wrongIn(db.transaction((tx) => changeIdentity(tx, chief, contactId, identityId, { verified: false }))),
  ).toEqual(['verified not_allowed'])
  expect(await db.one('select from identity where id = $1 and verified_at is not null', [identityId])).toBeDefined()
})

test('addresses are added, changed and removed, and shown with whom their contact became', async () => {
  const made = await create({ name: 'a' })
  const one = await db.transaction((tx) =>
    addAddress(tx, chief, made.id, { country: 'AE', city: 'Dubai', postalCode: ' ', use: 'billing' }),
  )
  const id = one.addresses[0]?.id ?? ''
  expect(
    await wrongIn(db.transaction((tx) => changeAddress(tx, chief, made.id, id, { country: 'IR', postalCode: '1' }))),
  ).toEqual(['postalCode not_a_postal_code'])
  const changed = await db.transaction((tx) => changeAddress(tx, chief, made.id, id, { city: 'Abu Dhabi' }))
  expect(changed).toMatchObject({ city: 'Abu Dhabi', addresses: [{ use: 'billing', country: 'AE' }] })
  const winner = await create({ name: 'b', addresses: [{ country: 'IR', city: 'شیراز' }] })
  const merge = await db.transaction((tx) => mergeContacts(tx, chief, made.id, winner.id))
  const [item] = await loadContactItems(db, chief, [winner.id])
  expect(item?.city).toBe('Abu Dhabi')
  await db.transaction((tx) => removeAddress(tx, chief, winner.id, id))
  expect(await loadContactItems(db, chief, [winner.id])).toMatchObject([{ city: 'شیراز' }])
  await db.transaction((tx) => undoMerge(tx, chief, merge.id))
  await expect(
    db.transaction((tx) => removeAddress(tx, chief, made.id, winner.addresses[0]?.id ?? '')),
  ).rejects.toMatchObject({ code: 'not_found' })
})

test('a page of rows costs the same few statements, however many rows', async () => {
  const ids: string[] = []
  for (let n = 0; n < 30; n++) ids.push((await create({ name: `row ${n}` })).id)
  let statements = 0
  const counting = {
    query: <Row extends object>(text: string, values?: unknown[]) => {
      statements++
      return db.query<Row>(text, values)
    },
    one: <Row extends object>(text: string, values?: unknown[]) => db.one<Row>(text, values),
  }
  const items = await loadContactItems(counting, chief, ids)
  expect(items.map((item) => item.id)).toEqual(ids)
  expect(statements).toBe(4)
})

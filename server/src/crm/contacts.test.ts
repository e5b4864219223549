import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ContactNew, ContactQuery } from '#shared/api/contacts.ts'
import { makeActor, makeChannel, openTestDatabase } from '../../test/crm.ts'
import type { Actor } from '../platform/app.ts'
import type { Database } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { listContacts } from './contact-search.ts'
import { loadContact } from './contact-views.ts'
import { addIdentity, removeIdentity } from './contact-identities.ts'
import { changeContact, createContact } from './contacts.ts'
import { findOrMakeSenders } from './identities.ts'
import { mergeContacts, undoMerge } from './merges.ts'
import { visibleRoot } from './visibility.ts'

let db: Database
let drop: () => Promise<void>
let sales: string
let support: string
let chief: Actor

beforeAll(async () => {
  ;({ db, drop } = await openTestDatabase())
  sales = await makeChannel(db, 'sales')
  support = await makeChannel(db, 'support')
  chief = await makeActor(db, [sales, support])
})
afterAll(() => drop())

const create = (input: Partial<ContactNew>, actor = chief) =>
  db.transaction((tx) => createContact(tx, actor, { kind: 'person', name: 'x', ...input }))
async function visitor(address: string, name: string, channelId: string): Promise<string> {
  const found = await db.transaction((tx) =>
    findOrMakeSenders(tx, { channelId, identityKind: 'bale', senders: [{ address, name, display: `@u_${address}` }] }),
  )
  return found.get(address)?.contactId ?? ''
}
async function problemOf(work: Promise<unknown>): Promise<Problem | undefined> {
  try {
    await work
    return undefined
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
}
const namesOf = async (query: ContactQuery, actor = chief) =>
  (await listContacts(db, actor, query)).items.map((item) => item.name).sort()
const search = (text: string, actor = chief) => namesOf({ search: text }, actor)

test('a contact is made with its identities, changed, and given and relieved of numbers', async () => {
  const made = await create({
    name: ' علی‌رضا  کریمی ',
    kind: 'lead',
    responsibleId: chief.userId,
    identities: [
      { kind: 'phone', value: '۰۹۱۲ ۰۰۰ ۱۱۲۲' },
      { kind: 'email', value: 'Ali@Karimi.example', verified: true },
    ],
  })
  expect(made).toMatchObject({
    kind: 'lead',
    name: 'علی‌رضا کریمی',
    responsibleId: chief.userId,
    identities: [
      { kind: 'phone', value: '+989120001122', verified: false },
      { kind: 'email', value: 'ali@karimi.example', verified: true },
    ],
  })
  const changed = await db.transaction((tx) =>
    changeContact(tx, chief, made.id, { kind: 'company', name: 'کریمی و پسران' }),
  )
  expect(changed).toMatchObject({ kind: 'company', name: 'کریمی و پسران', responsibleId: chief.userId })
  expect(new Date(changed.updatedAt) > new Date(made.updatedAt)).toBe(true)
  expect(await search('پسران')).toEqual(['کریمی و پسران'])
  const phone = changed.identities[0]?.id ?? ''
  await db.transaction((tx) => removeIdentity(tx, chief, made.id, phone))
  expect(await search('09120001122')).toEqual([])
  const again = await db.transaction((tx) =>
    addIdentity(tx, chief, made.id, { kind: 'phone', value: '9120001122', verified: true }),
  )
  expect(again.identities.map((identity) => [identity.value, identity.verified])).toEqual([
    ['ali@karimi.example', true],
    ['+989120001122', true],
  ])
  expect(await search('09120001122')).toEqual(['کریمی و پسران'])
})

test('what is wrong is named by field', async () => {
  const errors = async (work: Promise<unknown>) =>
    (await problemOf(work))?.errors.map((error) => [error.field, error.code])
  expect(await errors(create({ name: ' \u200f ' }))).toEqual([['name', 'required']])
  expect(await errors(create({ responsibleId: '424242' }))).toEqual([['responsibleId', 'not_allowed']])
  const twice = [
    { kind: 'phone', value: '09120003344' },
    { kind: 'phone', value: '+98 912 000 3344' },
  ]
  expect(await errors(create({ identities: twice }))).toEqual([['identities.1.value', 'already_used']])
  const person = await create({ name: 'known' })
  expect(await errors(db.transaction((tx) => changeContact(tx, chief, person.id, { kind: 'visitor' })))).toEqual([
    ['kind', 'not_allowed'],
  ])
  expect((await problemOf(db.transaction((tx) => removeIdentity(tx, chief, person.id, '1'))))?.code).toBe('not_found')
})

function claim(actor: Actor): Promise<Problem | undefined> {
  return problemOf(create({ name: 'claims', identities: [{ kind: 'phone', value: '00989120005566' }] }, actor))
}

test('an identity that another has is refused; who it is, is told to those who may see that contact', async () => {
  const owner = await visitor('owner', 'Owner', sales)
  await db.transaction((tx) => addIdentity(tx, chief, owner, { kind: 'phone', value: '09120005566' }))
  expect(await claim(chief)).toMatchObject({ code: 'identity_taken', values: { contactId: owner } })
  const stranger = await makeActor(db, [support])
  const told = await claim(stranger)
  expect(told).toMatchObject({ code: 'identity_taken', values: {} })
  expect(JSON.stringify(told?.headers)).not.toContain(owner)
  expect(await namesOf({ search: 'claims' })).toEqual([])
})

test('an identity over which a conversation runs stays', async () => {
  const id = await visitor('talking', 'Talking', sales)
  const identity = (await loadContact(db, chief, id)).identities[0]?.id ?? ''
  await db.query('insert into conversation (channel_id, contact_id, identity_id, thread_key) values ($1, $2, $3, $4)', [
    sales,
    id,
    identity,
    't1',
  ])
  expect((await problemOf(db.transaction((tx) => removeIdentity(tx, chief, id, identity))))?.code).toBe(
    'identity_in_use',
  )
})

test('search finds names as a reader takes them, numbers in any spelling, and addresses', async () => {
  const name = 'سیّده زهرا کیانی‌پور'
  const made = await create({
    name,
    identities: [
      { kind: 'phone', value: '09351234987' },
      { kind: 'email', value: 'z.kiani@shop-example.ir' },
    ],
  })
  const telegram = await visitor('778899001', 'Zoe', sales)
  const texts = [
    'زهرا',
    'زهرا سيده',
    'كياني پور',
    'کیانی',
    'کیانیپور زه',
    'زه',
    '0935 123 4987',
    '۰۹۳۵۱۲۳۴۹۸۷',
    '+98 (935) 123-4987',
    '00989351234987',
    '9351234',
    '٤٩٨٧',
    '1234',
    'z.kiani@shop',
    'Z.Kiani@Shop-Example.IR',
    'kiani',
    'زهرا 4987',
  ]
  for (const text of texts) expect([text, await search(text)]).toEqual([text, [name]])
  for (const text of ['زهرا رضا', '0936', '%', '%%%', '_____', "'; drop table contact; --", '\\', '؟'])
    expect([text, await search(text)]).toEqual([text, []])
  for (const text of ['778899001', '@u_7788', 'u_778899001'])
    expect([text, await search(text)]).toEqual([text, ['Zoe']])
  // A merged contact is found by its own name and number too, as what it became.
  const merge = await db.transaction((tx) => mergeContacts(tx, chief, telegram, made.id))
  expect(await search('zoe')).toEqual([name])
  await db.transaction((tx) => undoMerge(tx, chief, merge.id))
  expect(await search('zoe')).toEqual(['Zoe'])
})

test('whoever may not view a channel sees its visitors nowhere', async () => {
  const agent = await makeActor(db, [support])
  const hidden = await visitor('hidden-1', 'Hidden Parvane', sales)
  const seen = await visitor('seen-1', 'Seen Parvane', support)
  const record = await create({ name: 'Record Parvane' })
  const all = ['Hidden Parvane', 'Record Parvane', 'Seen Parvane']
  expect(await search('parvane')).toEqual(all)
  expect(await search('parvane', agent)).toEqual(all.slice(1))
  expect(await search('hidden-1', agent)).toEqual([])
  for (const query of [{}, { kind: 'visitor' as const }]) {
    expect(await namesOf({ ...query, limit: 200 })).toContain('Hidden Parvane')
    expect(await namesOf({ ...query, limit: 200 }, agent)).not.toContain('Hidden Parvane')
    expect(await namesOf({ ...query, limit: 200 }, agent)).toContain('Seen Parvane')
  }
  await db.query('update contact set responsible_id = $2 where id = $1', [hidden, chief.userId])
  expect(await namesOf({ responsibleId: chief.userId })).toContain('Hidden Parvane')
  expect(await namesOf({ responsibleId: chief.userId }, agent)).not.toContain('Hidden Parvane')
  expect((await problemOf(visibleRoot(db, agent, hidden)))?.code).toBe('not_found')
  expect(await visibleRoot(db, agent, seen)).toBe(seen)
  const changes = [
    () => db.transaction((tx) => changeContact(tx, agent, hidden, { name: 'mine' })),
    () => db.transaction((tx) => addIdentity(tx, agent, hidden, { kind: 'phone', value: '09120007788' })),
    () => db.transaction((tx) => mergeContacts(tx, agent, hidden, record.id)),
    () => db.transaction((tx) => mergeContacts(tx, agent, record.id, hidden)),
  ]
  for (const change of changes) expect((await problemOf(change()))?.code).toBe('not_found')
  // Nor is anybody told of it by a live event who may not view its channel.
  await db.transaction((tx) => changeContact(tx, chief, hidden, { about: 'secret' }))
  const told = await db.query<{ channel_id: string | null }>(
    `select distinct channel_id from live_event, json_array_elements(changes) change, json_array_elements_text(change->'ids') id
     where id = $1`,
    [hidden],
  )
  expect(told).toEqual([{ channel_id: sales }])
  // Having written by the other channel too, the visitor is seen by those who view that one.
  await visitor('hidden-1', 'Hidden Parvane', support)
  expect(await search('parvane', agent)).toEqual(all)
  expect(await namesOf({ kind: 'visitor', limit: 200 }, agent)).toContain('Hidden Parvane')
})

test('paging shows all that does not change once, and nothing twice, while others change', async () => {
  const agent = await makeActor(db, [support])
  const kinds = ['person', 'company', 'lead'] as const
  const ids: string[] = []
  for (let n = 0; n < 40; n++) {
    const name = `Paging ${n}`
    ids.push(
      n % 4 === 3
        ? await visitor(`paging-${n}`, name, n % 8 === 3 ? sales : support)
        : (await create({ name, kind: kinds[n % 3] ?? 'lead' })).id,
    )
  }
  // Many at one moment: the id decides.
  await db.query(
    `update contact set updated_at = '2026-01-01 00:00:00.123456Z' where id = any($1::bigint[]) and id % 2 = 0`,
    [ids],
  )
  const queries: ContactQuery[] = [{}, { search: 'paging' }, { kind: 'visitor' }, { kind: 'company' }]
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...queries),
      fc.boolean(),
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.nat(39), { maxLength: 12 }),
      async (query, limited, limit, changing) => {
        const actor = limited ? agent : chief
        const expected = new Set((await listContacts(db, actor, { ...query, limit: 200 })).items.map((item) => item.id))
        const seen: string[] = []
        const changed = new Set<string>()
        let cursor: string | undefined
        do {
          const page = await listContacts(db, actor, { ...query, limit, cursor })
          expect(page.items.length).toBeLessThanOrEqual(limit)
          seen.push(...page.items.map((item) => item.id))
          cursor = page.nextCursor ?? undefined
          const id = ids[changing.pop() ?? -1]
          if (id) {
            changed.add(id)
            await db.query('update contact set updated_at = now() where id = $1', [id])
          }
        } while (cursor)
        expect(new Set(seen).size).toBe(seen.length)
        for (const id of seen) expect(expected).toContain(id)
        for (const id of expected) if (!changed.has(id)) expect(seen).toContain(id)
      },
    ),
    { numRuns: 40 },
  )
})

test('a rare word is found below any number of newer contacts', async () => {
  await create({ name: 'Qzwx unusual' })
  await db.query(
    `insert into contact (id, kind, name, root_id, folded) overriding system value
     select n, 'person', 'filler', n, ' filler' from (select nextval(pg_get_serial_sequence('contact', 'id')) n from generate_series(1, 3000)) s`,
  )
  expect(await search('unusual')).toEqual(['Qzwx unusual'])
  expect(await search('qz')).toEqual(['Qzwx unusual'])
  expect((await listContacts(db, chief, { search: 'fil', limit: 5 })).items).toHaveLength(5)
})

test('a broken cursor is refused', async () => {
  expect((await problemOf(listContacts(db, chief, { cursor: 'nonsense' })))?.code).toBe('invalid_cursor')
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ContactNew } from '#shared/api/contacts.ts'
import { makeActor, makeChannel, openTestDatabase } from '../../test/crm.ts'
import type { Actor } from '../platform/app.ts'
import type { Database } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { addIdentity, removeIdentity } from './contact-identities.ts'
import { changeContact, createContact } from './contacts.ts'
import { loadContact } from './contact-views.ts'
import { deleteContact, restoreContact } from './deletion.ts'
import { countDuplicates, dismissDuplicate, listDuplicates, reopenDuplicate } from './duplicate-list.ts'
import { scanPiece, scanState, startScan } from './duplicate-scan.ts'
import { findDuplicates } from './duplicates.ts'
import { findOrMakeSenders, shareNumber } from './identities.ts'
import { mergeContacts, undoMerge } from './merges.ts'
import { addRelation } from './relations.ts'
import { similarContacts } from './similar.ts'

let db: Database
let drop: () => Promise<void>
let channel: string
let chief: Actor

beforeAll(async () => {
  ;({ db, drop } = await openTestDatabase())
  channel = await makeChannel(db, 'sales')
  chief = await makeActor(db, [channel])
})
afterAll(() => drop())

const create = async (name: string, more: Partial<ContactNew> = {}) =>
  (await db.transaction((tx) => createContact(tx, chief, { kind: 'person', name, ...more }))).id
const merge = async (loser: string, into: string) =>
  (await db.transaction((tx) => mergeContacts(tx, chief, loser, into))).id
const phone = (value: string) => ({ kind: 'phone', value })
const email = (value: string) => ({ kind: 'email', value })

/** Does the jobs that wait, as a worker would; says how many contacts were looked at. */
async function look(): Promise<number> {
  const jobs = await db.query<{ ids: string[] }>(
    `with taken as (
       delete from graphile_worker._private_jobs where task_id in (
         select id from graphile_worker._private_tasks where identifier = 'duplicates.find') returning id, payload)
     select array(select json_array_elements_text(payload->'ids')) as ids from taken order by id`,
  )
  for (const { ids } of jobs) await db.transaction((tx) => findDuplicates(tx, ids))
  return jobs.reduce((sum, { ids }) => sum + ids.length, 0)
}
async function pairsOf(id: string, actor = chief) {
  await look()
  return (await listDuplicates(db, actor, { contactId: id })).items.map((pair) => ({
    id: pair.id,
    other: pair.a.id === id ? pair.b.id : pair.a.id,
    score: pair.score,
    reasons: pair.reasons.map((reason) => reason.kind),
  }))
}
async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'ok'
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
}
async function visitor(name: string, channelId = channel) {
  const senders = [{ address: `${name}@${channelId}`, name }]
  const found = await db.transaction((tx) => findOrMakeSenders(tx, { channelId, identityKind: 'bale', senders }))
  const sender = found.get(`${name}@${channelId}`)
  if (!sender) throw new Error('no sender')
  return sender
}

test('each change of what is compared has the contact looked at, once for a burst of them', async () => {
  await look()
  const id = await create('Burst One')
  expect(await look()).toBe(1)
  await db.transaction((tx) => changeContact(tx, chief, id, { name: 'Burst Two' }))
  await db.transaction((tx) => addIdentity(tx, chief, id, phone('+982122223333')))
  await db.transaction((tx) => changeContact(tx, chief, id, { nationalId: '0012345679' }))
  expect(await look()).toBe(1)
  const company = await create('Burst & Co', { kind: 'company' })
  await look()
  await db.transaction((tx) => addRelation(tx, chief, id, { kind: 'works_at', toId: company }))
  expect(await look()).toBe(1)
  await db.transaction((tx) => changeContact(tx, chief, id, { about: 'nothing that is compared' }))
  expect(await look()).toBe(0)
  await visitor('Burst Visitor')
  expect(await look()).toBe(1)
})

test('every reason is found, and goes with what caused it', async () => {
  const siva = await create('Siva', { kind: 'company', companyNumber: '10380284790' })
  const works = { relations: [{ kind: 'works_at' as const, toId: siva }] }
  const sara = await create('Sara Noori', {
    ...works,
    identities: [phone('+982144445555'), email('sara.noori@gmail.com')],
  })
  const others = {
    national: await create('Other One', { nationalId: '0499370899' }),
    tail: await create('Sarah Noori', { identities: [phone('+983144445555')] }),
    mail: await create('Another Name', { identities: [email('saranoori+x@gmail.com')] }),
    name: await create('Noori Sara'),
    near: await create('Sara Nouri', works),
    company: await create('شرکت Siva', { kind: 'company' }),
    number: await create('Third', { kind: 'company', companyNumber: '10380284790' }),
  }
  await db.transaction((tx) => changeContact(tx, chief, sara, { nationalId: '0499370899' }))
  const found = new Map((await pairsOf(sara)).map((pair) => [pair.other, pair]))
  expect(found.get(others.national)).toMatchObject({ score: 95, reasons: ['national_id'] })
  expect(found.get(others.tail)).toMatchObject({ score: 65, reasons: ['phone_alike', 'name_alike'] })
  expect(found.get(others.mail)).toMatchObject({ score: 80, reasons: ['email_alike'] })
  expect(found.get(others.name)).toMatchObject({ score: 55, reasons: ['name_same'] })
  expect(found.get(others.near)).toMatchObject({ score: 50, reasons: ['name_alike', 'company_same'] })
  expect(found.size).toBe(5)
  expect((await pairsOf(siva)).map((pair) => pair.reasons)).toEqual([['company_number'], ['name_same']])
  const surest = (await pairsOf(sara)).map((pair) => pair.score)
  expect(surest).toEqual(surest.toSorted((a, b) => b - a))

  const { identities } = await loadContact(db, chief, others.mail)
  await db.transaction((tx) => removeIdentity(tx, chief, others.mail, identities[0]?.id ?? ''))
  await db.transaction((tx) => changeContact(tx, chief, others.name, { name: 'Quite Different' }))
  const left = (await pairsOf(sara)).map((pair) => pair.other)
  expect(left).not.toContain(others.mail)
  expect(left).not.toContain(others.name)
  expect(left).toContain(others.tail)
})

test('what was dismissed stays so until more speaks for it, and can be opened again', async () => {
  const [a, b] = [await create('Dismissed Person'), await create('Person Dismissed')]
  const [pair] = await pairsOf(a)
  expect(pair).toMatchObject({ other: b })
  await db.transaction((tx) => dismissDuplicate(tx, chief, pair?.id ?? ''))
  await db.transaction((tx) => findDuplicates(tx, [a, b]))
  expect(await pairsOf(a)).toEqual([])
  // Also what they become does not ask again.
  const namesake = await create('Somebody Else')
  const id = await merge(a, namesake)
  await db.transaction((tx) => changeContact(tx, chief, namesake, { name: 'Dismissed Person' }))
  expect(await pairsOf(namesake)).toEqual([])
  await db.transaction((tx) => undoMerge(tx, chief, id))
  await db.transaction((tx) => reopenDuplicate(tx, chief, pair?.id ?? ''))
  expect((await pairsOf(a)).map((one) => one.other).toSorted()).toEqual([b, namesake].toSorted())
  await db.transaction((tx) => dismissDuplicate(tx, chief, pair?.id ?? ''))
  await db.transaction((tx) => addIdentity(tx, chief, a, email('dis.missed@gmail.com')))
  await db.transaction((tx) => addIdentity(tx, chief, b, email('dismissed@gmail.com')))
  expect((await pairsOf(a)).find((one) => one.other === b)).toMatchObject({ reasons: ['email_alike', 'name_same'] })
})

test('merging closes the pairs of the one that goes, undoing opens them again', async () => {
  const [a, b] = [await create('Closing Pair'), await create('Pair Closing')]
  const c = await create('closing pair')
  expect((await pairsOf(a)).map((pair) => pair.other).toSorted()).toEqual([b, c].toSorted())
  const id = await merge(b, a)
  const open = async () =>
    (await listDuplicates(db, chief, { limit: 200 })).items
      .map((pair) => [pair.a.id, pair.b.id])
      .filter((ids) => ids.some((one) => [a, b, c].includes(one)))
  expect(await open()).toEqual([[a, c]])
  await look()
  expect(await open()).toEqual([[a, c]])
  await db.transaction((tx) => undoMerge(tx, chief, id))
  await look()
  expect((await open()).toSorted()).toEqual(
    [
      [a, b],
      [a, c],
      [b, c],
    ].toSorted(),
  )
})

test('a number two claim is a pair, and is settled with it', async () => {
  const owner = await create('Owner Of It', { identities: [phone('+989127770001')] })
  const record = await create('Claims It Too')
  const sender = await visitor('claims it too')
  await merge(sender.contactId, record)
  const share = { channelId: channel, ...sender, phone: '+989127770001', own: true }
  await db.transaction((tx) => shareNumber(tx, share))
  const [pair] = await pairsOf(owner)
  expect(pair).toMatchObject({ other: record, score: 90, reasons: ['identity_claimed'] })
  await db.transaction((tx) => dismissDuplicate(tx, chief, pair?.id ?? ''))
  expect((await loadContact(db, chief, owner)).conflicts).toEqual([])
  await db.transaction((tx) => reopenDuplicate(tx, chief, pair?.id ?? ''))
  expect((await loadContact(db, chief, owner)).conflicts).toMatchObject([{ other: { id: record } }])
  expect(await pairsOf(owner)).toMatchObject([{ other: record }])
})

test('a pair is for those who may see both, a deleted one for nobody', async () => {
  const here = await makeActor(db, [channel], ['contact.view', 'contact.edit'])
  const stranger = await makeActor(db, [await makeChannel(db, 'other')])
  const person = await create('Seen By Few')
  const sender = await visitor('Seen by few')
  const pairs = await pairsOf(person)
  expect(pairs).toMatchObject([{ other: sender.contactId }])
  expect(await pairsOf(person, here)).toEqual(pairs)
  expect(await pairsOf(person, stranger)).toEqual([])
  expect(await codeOf(listDuplicates(db, stranger, { contactId: sender.contactId }))).toBe('not_found')
  const id = pairs[0]?.id ?? ''
  expect(await codeOf(db.transaction((tx) => dismissDuplicate(tx, stranger, id)))).toBe('not_found')
  const before = (await countDuplicates(db, stranger)).count
  expect((await countDuplicates(db, chief)).count).toBeGreaterThan(before)
  // With a visitor in it the right to edit is enough; between two records it is not.
  expect(await codeOf(db.transaction((tx) => dismissDuplicate(tx, here, id)))).toBe('ok')
  await create('Few Seen By')
  const records = (await pairsOf(person)).find((pair) => pair.other !== sender.contactId)
  expect(await codeOf(db.transaction((tx) => dismissDuplicate(tx, here, records?.id ?? '')))).toBe('no_right')

  await db.transaction((tx) => deleteContact(tx, chief, records?.other ?? ''))
  await db.transaction((tx) => findDuplicates(tx, [person]))
  expect(await pairsOf(person)).toEqual([])
  await db.transaction((tx) => restoreContact(tx, chief, records?.other ?? ''))
  expect(await pairsOf(person)).toMatchObject([{ other: records?.other }])
})

test('the list is paged by how sure it is, each pair once', async () => {
  const all = (await listDuplicates(db, chief, { limit: 200 })).items.map((pair) => pair.id)
  const paged: string[] = []
  let cursor: string | undefined
  do {
    const page = await listDuplicates(db, chief, { limit: 3, ...(cursor ? { cursor } : {}) })
    paged.push(...page.items.map((pair) => pair.id))
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  expect(paged).toEqual(all)
  expect(paged.length).toBeGreaterThan(6)
})

test('what more than fifty share is not compared by that, and noted', async () => {
  await db.query(
    `insert into contact (id, kind, name, root_id, folded, name_key) overriding system value
     select n, 'person', 'Common Name', n, '', 'common name'
     from (select nextval(pg_get_serial_sequence('contact', 'id')) n from generate_series(1, 120)) s`,
  )
  const id = await create('Common Name')
  expect(await pairsOf(id)).toEqual([])
  expect(await db.query('select block, key from duplicate_skip where key = $1', ['common name'])).toEqual([
    { block: 'name', key: 'common name' },
  ])
})

test('a scan looks at everybody, piece by piece, and finds what was never looked at', async () => {
  const [a, b] = [await create('Scanned Person'), await create('Scanned, Person')]
  await db.query(`delete from graphile_worker._private_jobs`)
  expect(await scanState(db)).toMatchObject({ state: 'never' })
  await db.transaction((tx) => startScan(tx, chief))
  expect(await db.transaction((tx) => startScan(tx, chief))).toMatchObject({ state: 'running', percent: 0 })
  await db.query(`update duplicate_scan set at = 5, moved_at = now() - interval '2 hours'`)
  expect(await db.transaction((tx) => startScan(tx, chief))).toMatchObject({ state: 'running', percent: 0 })
  let pieces = 0
  for (; (await scanState(db)).state === 'running'; pieces++) await db.transaction(scanPiece)
  const people = await db.one<{ n: number }>('select count(*)::int as n from contact where listed')
  expect(await scanState(db)).toMatchObject({ state: 'done', percent: 100, done: people?.n, skipped: 1 })
  expect(pieces).toBeGreaterThan(1)
  expect(await pairsOf(a)).toMatchObject([{ other: b }])
})

test('who is being typed is compared by the same rules, among those one may see', async () => {
  const other = await makeChannel(db, 'hidden')
  const stranger = await makeActor(db, [channel])
  const known = await create('نرگس کاظمی', { identities: [phone('+982166667777')], nationalId: '0084575948' })
  const hidden = await visitor('Hidden Visitor', other)
  await db.transaction((tx) => shareNumber(tx, { channelId: other, ...hidden, phone: '+989125556677', own: true }))
  const ask = (typed: Parameters<typeof similarContacts>[2]) => similarContacts(db, stranger, typed)
  const kinds = async (typed: Parameters<typeof similarContacts>[2]) =>
    (await ask(typed)).items.map(({ contact, reasons }) => [contact.id, ...reasons.map((reason) => reason.kind)])
  expect(await kinds({ name: 'كاظمي، نرگس' })).toEqual([[known, 'name_same']])
  expect(await kinds({ nationalId: '۰۰۸۴۵۷۵۹۴۸' })).toEqual([[known, 'national_id']])
  expect(await kinds({ identities: [phone('021 6666 7777')] })).toEqual([[known, 'identity_claimed']])
  expect(await ask({ name: 'نر', nationalId: '12', identities: [phone('02'), email('a@')] })).toEqual({
    items: [],
    taken: [],
  })
  // Somebody has the number; who, and that there is a name like it, one may not know.
  expect(await ask({ name: 'Hidden Visitor', identities: [phone('x'), phone('0912 555 6677')] })).toEqual({
    items: [],
    taken: [1],
  })
  const seen = await similarContacts(db, await makeActor(db, [other]), { identities: [phone('0912 555 6677')] })
  expect(seen).toMatchObject({ items: [{ contact: { id: hidden.contactId }, score: 90 }], taken: [] })
})

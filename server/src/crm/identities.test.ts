import { afterAll, beforeAll, expect, test } from 'vitest'
import { testDatabase } from '../../test/database.ts'
import { type Database, openDatabase, type Tx } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { findOrMakeSenders, normalizeIdentity, type SenderSeen, shareNumber } from './identities.ts'

let db: Database
let drop: () => Promise<void>
let sales: string
let support: string

beforeAll(async () => {
  const made = await testDatabase()
  db = openDatabase(made.url, { max: 25 })
  drop = made.drop
  sales = await makeChannel('sales')
  support = await makeChannel('support')
})
afterAll(async () => {
  await db.close()
  await drop()
})

async function makeChannel(name: string): Promise<string> {
  const row = await db.one<{ id: string }>(
    `insert into channel (kind, name, settings, hook_hash, hook_secret) values ('bale', $1, '', $1, '') returning id`,
    [name],
  )
  return row?.id ?? ''
}

function find(senders: SenderSeen[], channelId = sales, identityKind = 'bale') {
  return db.transaction((tx) => findOrMakeSenders(tx, { channelId, identityKind, senders }))
}
let made = 0
async function visitor(channelId = sales, identityKind = 'bale') {
  const address = `visitor-${++made}`
  const found = (await find([{ address, name: `Ali ${made}` }], channelId, identityKind)).get(address)
  if (!found) throw new Error('not found')
  return { channelId, ...found }
}
async function record(kind: string, identities: { kind: string; value: string; verified?: boolean }[] = []) {
  const contact = await db.one<{ id: string }>(
    `insert into contact (id, kind, name, root_id, folded) overriding system value
     select n, $1, 'Maryam ' || n, n, '' from nextval(pg_get_serial_sequence('contact', 'id')) n returning id`,
    [kind],
  )
  const id = contact?.id ?? ''
  for (const identity of identities)
    await db.query('insert into identity (contact_id, kind, value, verified_at) values ($1, $2, $3, $4)', [
      id,
      identity.kind,
      identity.value,
      identity.verified ? new Date() : null,
    ])
  return id
}
const contactOf = (id: string) =>
  db.one<{ kind: string; name: string; root_id: string; folded: string; updated_at: Date }>(
    'select kind, name, root_id, folded, updated_at from contact where id = $1',
    [id],
  )
const numbersOf = (id: string) =>
  db.query<{ value: string; verified: boolean }>(
    `select value, verified_at is not null as verified from identity i join contact c on c.id = i.contact_id
     where c.root_id = $1 and i.kind = 'phone' order by value`,
    [id],
  )
const eventsOf = async (id: string) =>
  (await db.query<{ kind: string }>('select kind from activity_event where contact_id = $1 order by id', [id])).map(
    (event) => event.kind,
  )

let lastNumber = 1_000_000
const newNumber = () => `+98912${++lastNumber}`

function refused(kind: string, value: string) {
  try {
    normalizeIdentity(kind, value, 'IR', 'identities.0.value')
  } catch (error) {
    if (error instanceof Problem) return error.errors
  }
  return undefined
}

test('every spelling of a number is one identity', () => {
  const spellings = [
    '09121234567',
    '۰۹۱۲۱۲۳۴۵۶۷',
    '٠٩١٢ ١٢٣ ٤٥٦٧',
    '+98 912 123 4567',
    '00989121234567',
    '989121234567',
    '912-123-4567',
  ]
  for (const spelling of spellings) expect(normalizeIdentity('phone', spelling, 'IR')).toBe('+989121234567')
  expect(normalizeIdentity('phone', '0501234567', 'SA')).toBe('+966501234567')
  expect(normalizeIdentity('email', ' Sara@Example.COM ', 'IR')).toBe('sara@example.com')
  expect(normalizeIdentity('bale', ' 17 ', 'IR')).toBe('17')
  expect(refused('phone', '110')).toEqual([{ field: 'identities.0.value', code: 'not_a_phone' }])
  for (const wrong of ['sara', 'sara@', '@example.com', 'a b@example.com', 'a@b', 'a..b@example.com'])
    expect(refused('email', wrong)).toEqual([{ field: 'identities.0.value', code: 'not_an_email' }])
  expect(refused('bale', '\u0000 ')).toEqual([{ field: 'identities.0.value', code: 'required' }])
})

test('an unknown sender becomes a visitor of the channel, once', async () => {
  const first = await find([{ address: 'x1', name: '  زهرا\u202e محمدی ', display: '@zahra' }])
  const again = await find([{ address: 'x1', name: 'زهرا محمدی', display: '@zahra' }], support)
  const found = first.get('x1')
  expect(found).toMatchObject({ isNew: true })
  expect(again.get('x1')).toEqual({ ...found, isNew: false })
  const rows = await db.query('select kind, name, origin_channel_id, root_id, folded from contact where id = $1', [
    found?.contactId,
  ])
  expect(rows).toEqual([
    {
      kind: 'visitor',
      name: 'زهرا محمدی',
      origin_channel_id: sales,
      root_id: found?.contactId,
      folded: ' زهرا زهرامحمدی محمدی x1 zahra',
    },
  ])
  expect(await eventsOf(found?.contactId ?? '')).toEqual(['contact_made'])
})

test('a visitor follows the name at the provider until somebody gives another; equal values are not written', async () => {
  const address = 'renamed'
  const id = (await find([{ address, name: '' }])).get(address)?.contactId ?? ''
  expect((await contactOf(id))?.name).toBe('renamed')
  await find([{ address, name: 'Neda', display: '@neda' }])
  const named = await contactOf(id)
  expect(named).toMatchObject({ name: 'Neda', folded: ' neda renamed' })
  await find([{ address, name: 'Neda', display: '@neda' }])
  await find([{ address, name: '' }])
  const versions = () =>
    db.one('select c.xmin, i.xmin as ixmin from contact c join identity i on i.contact_id = c.id where c.id = $1', [id])
  const before = await versions()
  await find([{ address, name: 'Neda', display: '@neda' }])
  expect(await versions()).toEqual(before)
  await db.query(`update contact set name = 'Neda from Shiraz' where id = $1`, [id])
  await find([{ address, name: 'N.', display: '@neda2' }])
  expect(await contactOf(id)).toMatchObject({
    name: 'Neda from Shiraz',
    folded: ' neda nedafrom from fromshiraz shiraz renamed neda2',
  })
})

test('twenty batches with overlapping unknown senders at once make one contact each', async () => {
  const batches = Array.from({ length: 20 }, (_, batch) =>
    Array.from({ length: 40 }, (__, n) => ({ address: `crowd-${(batch * 17 + n * 7) % 120}`, name: `Person ${n}` })),
  )
  const results = await Promise.all(batches.map((senders) => find(senders)))
  for (const [index, result] of results.entries())
    expect(result.size).toBe(new Set(batches[index]?.map((s) => s.address)).size)
  const rows = await db.query<{ value: string; contact_id: string }>(
    `select i.value, i.contact_id from identity i join contact c on c.id = i.contact_id where i.value like 'crowd-%'`,
  )
  expect(rows).toHaveLength(120)
  expect(new Set(rows.map((row) => row.contact_id)).size).toBe(120)
  const people = await db.one<{ n: string }>(`select count(*) n from contact where name like 'Person %'`)
  expect(people?.n).toBe('120')
  for (const result of results)
    for (const [address, sender] of result)
      expect(rows.find((row) => row.value === address)?.contact_id).toBe(sender.contactId)
  expect(results.flatMap((result) => [...result.values()]).filter((sender) => sender.isNew)).toHaveLength(120)
})

test('whoever writes to two channels at the same moment is seen on both', async () => {
  const seen = (channelId: string) => (tx: Tx) =>
    findOrMakeSenders(tx, { channelId, identityKind: 'bale', senders: [{ address: 'both-at-once', name: 'Both' }] })
  let second: Promise<unknown> = Promise.resolve()
  await db.transaction(async (tx) => {
    await seen(sales)(tx)
    // Waits for the first one's commit before it learns that the visitor is made.
    second = db.transaction(seen(support))
    for (let waits = false; !waits; ) {
      const row = await db.one<{ waits: boolean }>(
        `select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock') as waits`,
      )
      waits = row?.waits ?? false
    }
  })
  await second
  const row = await db.one<{ origin_channel_id: string; channel_ids: string[] }>(
    `select origin_channel_id::text, channel_ids::text[] from contact where name = 'Both'`,
  )
  expect(row).toEqual({ origin_channel_id: sales, channel_ids: [support] })
})

function share(who: { channelId: string; contactId: string; identityId: string }, phone: string, own = true) {
  const { channelId, contactId, identityId } = who
  return db.transaction((tx) => shareNumber(tx, { channelId, contactId, identityId, phone, own }))
}

test('an own number that nobody has becomes a verified identity, and says so once', async () => {
  const who = await visitor()
  const phone = newNumber()
  expect(await share(who, phone.replace('+98', '0'))).toEqual({ result: 'added', phone, rootId: who.contactId })
  expect(await share(who, phone)).toEqual({ result: 'known', phone, rootId: who.contactId })
  expect(await numbersOf(who.contactId)).toEqual([{ value: phone, verified: true }])
  expect(await eventsOf(who.contactId)).toEqual(['contact_made', 'number_shared'])
  expect((await contactOf(who.contactId))?.folded).toContain(` ${phone.replace('+98', '0')}`)
})

test("somebody else's number, and what is none, is told and never bound", async () => {
  const who = await visitor()
  const phone = newNumber()
  expect(await share(who, phone, false)).toMatchObject({ result: 'not_own', phone })
  expect(await share(who, phone, false)).toMatchObject({ result: 'not_own' })
  expect(await share(who, 'سلام\u0000')).toMatchObject({ result: 'unreadable', phone: null })
  expect(await numbersOf(who.contactId)).toEqual([])
  expect(await eventsOf(who.contactId)).toEqual(['contact_made', 'number_not_own', 'number_unreadable'])
})

test('a visitor who proves the number of a record joins it, and is found there', async () => {
  const phone = newNumber()
  const person = await record('person', [{ kind: 'phone', value: phone }])
  const who = await visitor()
  const outcome = await share(who, phone)
  expect(outcome).toMatchObject({ result: 'joined', rootId: person })
  expect((await contactOf(who.contactId))?.root_id).toBe(person)
  expect(await numbersOf(person)).toEqual([{ value: phone, verified: true }])
  const { name, folded } = (await contactOf(person)) ?? { name: '', folded: '' }
  expect(name).toMatch(/^Maryam/)
  expect(folded).toContain(' ali')
  expect(await share(who, phone)).toEqual({ result: 'known', phone, rootId: person })
  expect(await eventsOf(person)).toEqual(['merged'])
})

test('a visitor whose number a record then proves becomes part of the record', async () => {
  const phone = newNumber()
  const stranger = await visitor(sales, 'telegram')
  await share(stranger, phone)
  const who = await visitor()
  await db.query(`update contact set kind = 'person' where id = $1`, [who.contactId])
  expect(await share(who, phone)).toMatchObject({ result: 'joined', rootId: who.contactId })
  expect((await contactOf(stranger.contactId))?.root_id).toBe(who.contactId)
})

test('two records, or two people of one network, never become one by themselves', async () => {
  const phone = newNumber()
  const owner = await record('person', [{ kind: 'phone', value: phone, verified: true }])
  const who = await visitor()
  await db.query(`update contact set kind = 'lead' where id = $1`, [who.contactId])
  expect(await share(who, phone)).toEqual({ result: 'conflict', phone, rootId: who.contactId })
  expect(await share(who, phone)).toMatchObject({ result: 'conflict' })
  expect(await eventsOf(owner)).toEqual(['identity_conflict'])
  expect(await eventsOf(who.contactId)).toEqual(['contact_made', 'identity_conflict'])

  const taken = newNumber()
  const known = await record('person', [
    { kind: 'phone', value: taken },
    { kind: 'bale', value: 'another account', verified: true },
  ])
  const stranger = await visitor()
  expect(await share(stranger, taken)).toMatchObject({ result: 'conflict' })
  expect((await contactOf(stranger.contactId))?.root_id).toBe(stranger.contactId)
  expect(await numbersOf(known)).toEqual([{ value: taken, verified: false }])
  // On another network it is no contradiction.
  const elsewhere = await visitor(sales, 'telegram')
  expect(await share(elsewhere, taken)).toMatchObject({ result: 'joined', rootId: known })
})

test('one number shared through many bots at once is one identity of one contact', async () => {
  for (let round = 0; round < 5; round++) {
    const phone = newNumber()
    const people = await Promise.all(
      ['bale', 'telegram', 'eitaa', 'rubika', 'soroush'].map((kind) => visitor(sales, kind)),
    )
    const outcomes = await Promise.all(people.map((who) => share(who, phone)))
    expect(outcomes.map((outcome) => outcome.result).sort()).toEqual(['added', 'joined', 'joined', 'joined', 'joined'])
    const roots = await db.query('select distinct root_id from contact where id = any($1::bigint[])', [
      people.map((who) => who.contactId),
    ])
    expect(roots).toHaveLength(1)
  }
})

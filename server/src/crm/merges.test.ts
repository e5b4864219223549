import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeActor, makeChannel, openTestDatabase } from '../../test/crm.ts'
import type { Actor } from '../platform/app.ts'
import type { Database } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { changeContact, createContact, setAvatar } from './contacts.ts'
import { loadContact } from './contact-views.ts'
import { createField } from './field-definitions.ts'
import { findOrMakeSenders, shareNumber } from './identities.ts'
import { dismissConflict, mergeContacts, undoMerge } from './merges.ts'
import { contactMembers, eventSource, registerTimelineSource } from './timeline.ts'
import { visibleRoot } from './visibility.ts'

let db: Database
let drop: () => Promise<void>
let channel: string
let other: string
let chief: Actor

beforeAll(async () => {
  ;({ db, drop } = await openTestDatabase())
  registerTimelineSource('event', eventSource)
  channel = await makeChannel(db, 'sales')
  other = await makeChannel(db, 'support')
  chief = await makeActor(db, [channel, other])
})
afterAll(() => drop())

const create = async (name: string, more: object = {}) =>
  (await db.transaction((tx) => createContact(tx, chief, { kind: 'person', name, ...more }))).id
const merge = async (loser: string, into: string, actor = chief, take: string[] = []) =>
  (await db.transaction((tx) => mergeContacts(tx, actor, loser, into, take))).id
const undo = (id: string, actor = chief) => db.transaction((tx) => undoMerge(tx, actor, id))
async function visitor(address: string, channelId = channel) {
  const found = await db.transaction((tx) =>
    findOrMakeSenders(tx, { channelId, identityKind: 'bale', senders: [{ address, name: address }] }),
  )
  const sender = found.get(address)
  if (!sender) throw new Error('not found')
  return sender
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
const contact = (id: string) => loadContact(db, chief, id)
async function makeFile(): Promise<string> {
  const row = await db.one<{ id: string }>(
    `insert into file (name, media_type, size, sha256) values ('a.webp', 'image/webp', 1, '') returning id`,
  )
  return row?.id ?? ''
}

test('a merge fills what is empty, and undoing it empties what nobody changed since', async () => {
  const winner = await create('Maryam', { about: '' })
  const loser = await create('Maryam R.', { about: 'likes tea', responsibleId: chief.userId })
  const picture = await makeFile()
  await db.transaction((tx) => setAvatar(tx, loser, picture))
  const id = await merge(loser, winner)
  expect(await contact(winner)).toMatchObject({
    name: 'Maryam',
    about: 'likes tea',
    responsibleId: chief.userId,
    avatarFileId: picture,
    merges: [{ id, loserId: loser, loserName: 'Maryam R.', cause: 'agent' }],
  })
  expect(await visibleRoot(db, chief, loser)).toBe(winner)
  await db.transaction((tx) => changeContact(tx, chief, loser, { about: 'likes coffee' }))
  // A newer picture of the merged one is the root's too: it came from there.
  const newer = await makeFile()
  await db.transaction((tx) => setAvatar(tx, loser, newer))
  expect(await contact(winner)).toMatchObject({ about: 'likes coffee', avatarFileId: newer })
  await undo(id)
  expect(await contact(winner)).toMatchObject({
    about: 'likes coffee',
    responsibleId: null,
    avatarFileId: null,
    merges: [],
  })
  expect(await contact(loser)).toMatchObject({ about: 'likes tea', responsibleId: chief.userId, avatarFileId: newer })
  expect(await codeOf(undo(id))).toBe('merge_not_undoable')
})

test('what is chosen is taken over, tags are joined, and undoing brings everything back', async () => {
  const tags = await db.query<{ id: string }>(`insert into tag (name) values ('one'), ('two') returning id`)
  const [one = '', two = ''] = tags.map((tag) => tag.id)
  await db.transaction((tx) =>
    createField(tx, chief, { resource: 'contact', name: 'Motto', key: 'motto', type: 'text' }),
  )
  const winner = await create('Hana', { jobTitle: 'clerk', tagIds: [one], fields: { motto: 'slowly' } })
  const more = {
    about: 'hers',
    jobTitle: 'head',
    birthDate: '1990-03-21',
    tagIds: [one, two],
    fields: { motto: 'fast' },
  }
  const loser = await create('Hana M.', more)
  const before = [await contact(winner), await contact(loser)]
  const id = await merge(loser, winner, chief, ['name', 'field.motto', 'sourceId'])
  expect(await contact(winner)).toMatchObject({
    name: 'Hana M.',
    about: 'hers',
    jobTitle: 'clerk',
    birthDate: '1990-03-21',
    tagIds: [one, two],
    fields: { motto: 'fast' },
    sourceId: null,
  })
  const log = await db.one<{ after: object }>(
    `select after from audit_event where action = 'contact.merged' order by id desc limit 1`,
  )
  expect(log?.after).toMatchObject({ mergeId: id, loserId: loser, name: { before: 'Hana', after: 'Hana M.' } })
  await undo(id)
  const after = [await contact(winner), await contact(loser)]
  expect(after.map((shown) => ({ ...shown, updatedAt: '' }))).toEqual(
    before.map((shown) => ({ ...shown, updatedAt: '' })),
  )
})

test('what is to be taken over must be a field there is', async () => {
  const [a, b] = [await create('a'), await create('b')]
  for (const name of ['id', 'tagIds', 'field.none', 'constructor'])
    await expect(merge(a, b, chief, [name])).rejects.toMatchObject({
      code: 'invalid_input',
      errors: [{ field: 'take.0', code: 'unknown_field' }],
    })
})

test('nobody becomes unknown by what is taken over, nor gets what its kind has not', async () => {
  const sender = await visitor('somebody out there')
  const person = await create('Nima', { nationalId: '0012345679' })
  const company = await create('Nima & Co', { kind: 'company', companyNumber: '10380284790' })
  await merge(sender.contactId, person, chief, ['kind'])
  expect(await contact(person)).toMatchObject({ kind: 'person', name: 'Nima' })
  await merge(person, company)
  expect(await contact(company)).toMatchObject({ kind: 'company', nationalId: null, companyNumber: '10380284790' })
})

test('what one merged earlier gave, one merged later gives instead when the earlier is taken back', async () => {
  const tag = (await db.one<{ id: string }>(`insert into tag (name) values ('shared') returning id`))?.id ?? ''
  const sender = await visitor('known soon')
  const first = await create('First', { about: 'by the first', tagIds: [tag] })
  const second = await create('Second', { kind: 'lead', about: 'by the second', tagIds: [tag] })
  const one = await merge(first, sender.contactId)
  const two = await merge(second, sender.contactId)
  expect(await contact(sender.contactId)).toMatchObject({ kind: 'person', name: 'First', about: 'by the first' })
  await undo(one)
  expect(await contact(sender.contactId)).toMatchObject({
    kind: 'lead',
    name: 'Second',
    about: 'by the second',
    tagIds: [tag],
  })
  await undo(two)
  expect(await contact(sender.contactId)).toMatchObject({ kind: 'visitor', name: 'known soon', about: '', tagIds: [] })
})

test('a tag that was taken off and came again by another merge stays as long as that one', async () => {
  const tag = (await db.one<{ id: string }>(`insert into tag (name) values ('again') returning id`))?.id ?? ''
  const [winner, a, b] = [await create('w'), await create('a', { tagIds: [tag] }), await create('b', { tagIds: [tag] })]
  const one = await merge(a, winner)
  await db.transaction((tx) => changeContact(tx, chief, winner, { tagIds: [] }))
  const two = await merge(b, winner)
  await undo(one)
  expect(await contact(winner)).toMatchObject({ tagIds: [tag] })
  await undo(two)
  expect(await contact(winner)).toMatchObject({ tagIds: [] })
  // The other way round: who gave it first does not keep what was taken off.
  await merge(a, winner)
  await db.transaction((tx) => changeContact(tx, chief, winner, { tagIds: [] }))
  await undo(await merge(b, winner))
  expect(await contact(winner)).toMatchObject({ tagIds: [] })
})

test('what a merge replaced and is gone since does not come back', async () => {
  const sources = await db.query<{ id: string }>(
    `insert into list_item (list, name) values ('source', 'fair'), ('source', 'friend') returning id`,
  )
  const [fair = '', friend = ''] = sources.map((source) => source.id)
  const [winner, loser] = [await create('w', { sourceId: fair }), await create('l', { sourceId: friend })]
  const id = await merge(loser, winner, chief, ['sourceId'])
  expect(await contact(winner)).toMatchObject({ sourceId: friend })
  await db.query('delete from list_item where id = $1', [fair])
  await undo(id)
  expect(await contact(winner)).toMatchObject({ sourceId: null })
})

test('a merge can be undone for ninety days, and says until when', async () => {
  const [winner, loser] = [await create('w'), await create('l')]
  const id = await merge(loser, winner)
  const age = (days: number) =>
    db.query(`update merge set merged_at = now() - make_interval(days => $2, mins => 1) where id = $1`, [id, days])
  await age(90)
  const [shown] = (await contact(winner)).merges
  expect(Date.parse(shown?.undoableUntil ?? '')).toBeLessThan(Date.now())
  expect(await codeOf(undo(id))).toBe('merge_not_undoable')
  await age(89)
  expect(await codeOf(undo(id))).toBe('ok')
})

test('a record merged into a visitor makes it a record, until that is undone', async () => {
  const sender = await visitor('unknown soldier')
  const person = await create('Reza Ahmadi')
  const id = await merge(person, sender.contactId)
  expect(await contact(sender.contactId)).toMatchObject({ kind: 'person', name: 'Reza Ahmadi' })
  await undo(id)
  expect(await contact(sender.contactId)).toMatchObject({ kind: 'visitor', name: 'unknown soldier' })
})

test('what cannot be merged is refused by name', async () => {
  const [a, b] = [await create('a'), await create('b')]
  const c = await create('c')
  await merge(a, b)
  expect(await codeOf(merge(b, b))).toBe('cannot_merge_self')
  expect(await codeOf(merge(a, c))).toBe('contact_merged')
  expect(await codeOf(merge(c, a))).toBe('contact_merged')
  expect(await codeOf(merge(a, b))).toBe('contact_merged')
  expect(await codeOf(merge('999999999', b))).toBe('not_found')
  expect(await codeOf(undo('999999999'))).toBe('not_found')
})

test('joining a visitor needs less than making one of two records; neither what one does not see', async () => {
  const agent = await makeActor(db, [channel], ['contact.view', 'contact.edit'])
  const stranger = await makeActor(db, [other], ['contact.view', 'contact.edit', 'contact.merge'])
  const sender = await visitor('to be joined')
  const [a, b] = [await create('a'), await create('b')]
  expect(await codeOf(merge(a, b, agent))).toBe('no_right')
  expect(await codeOf(merge(sender.contactId, a, stranger))).toBe('not_found')
  expect(await codeOf(merge(a, sender.contactId, stranger))).toBe('not_found')
  const id = await merge(sender.contactId, a, agent)
  await undo(id, agent)
  const records = await merge(a, b)
  expect(await codeOf(undo(records, agent))).toBe('no_right')
})

test('a visitor merged into a visitor of another channel is seen from both, and from one after undoing', async () => {
  const here = await makeActor(db, [channel])
  const there = await makeActor(db, [other])
  const [one, two] = [await visitor('one', channel), await visitor('two', other)]
  const id = await merge(one.contactId, two.contactId)
  expect(await visibleRoot(db, here, one.contactId)).toBe(two.contactId)
  expect(await visibleRoot(db, there, one.contactId)).toBe(two.contactId)
  await undo(id)
  expect(await codeOf(visibleRoot(db, here, two.contactId))).toBe('not_found')
  expect(await codeOf(visibleRoot(db, there, one.contactId))).toBe('not_found')
  // Writing by the other channel too makes a visitor seen there.
  await visitor('one', other)
  expect(await visibleRoot(db, there, one.contactId)).toBe(one.contactId)
})

test('a join that a person undid is not made again by a program', async () => {
  const phone = '+989127770001'
  const person = await create('Sara', { identities: [{ kind: 'phone', value: phone }] })
  const sender = await visitor('sharer')
  const share = () => db.transaction((tx) => shareNumber(tx, { channelId: channel, ...sender, phone, own: true }))
  const joined = await share()
  expect(joined).toMatchObject({ result: 'joined', rootId: person })
  expect(await contact(person)).toMatchObject({ identities: [{ kind: 'phone', verified: true }, { kind: 'bale' }] })
  await undo(joined.mergeId ?? '')
  expect(await contact(person)).toMatchObject({ identities: [{ kind: 'phone', verified: false }] })
  expect(await share()).toMatchObject({ result: 'conflict' })
  const conflicts = (await contact(sender.contactId)).conflicts
  expect(conflicts).toMatchObject([{ kind: 'phone', value: phone, other: { id: person } }])
  expect((await contact(person)).conflicts).toMatchObject([{ other: { id: sender.contactId } }])
  // Of a visitor whom one may not see, one is not told that there is a conflict.
  const stranger = await makeActor(db, [other])
  expect((await loadContact(db, stranger, person)).conflicts).toEqual([])
  expect(await codeOf(db.transaction((tx) => dismissConflict(tx, stranger, conflicts[0]?.id ?? '')))).toBe('not_found')
  await db.transaction((tx) => dismissConflict(tx, chief, conflicts[0]?.id ?? ''))
  expect((await contact(person)).conflicts).toEqual([])
  expect(await share()).toMatchObject({ result: 'conflict' })
  expect((await contact(person)).conflicts).toEqual([])
})

test('opposite and circular merges at once end in one tree, without a cycle', async () => {
  for (let round = 0; round < 8; round++) {
    const [a = '', b = '', c = ''] = await Promise.all(['a', 'b', 'c'].map((name) => create(name)))
    const codes = await Promise.all(
      [
        [a, b],
        [b, a],
        [b, c],
        [c, a],
        [a, c],
        [c, b],
      ].map(([loser = '', into = '']) => codeOf(merge(loser, into))),
    )
    expect(codes.filter((code) => code === 'ok')).toHaveLength(2)
    expect(new Set(codes)).toEqual(new Set(['ok', 'contact_merged']))
    const roots = await db.query<{ id: string; root_id: string; merged_into_id: string | null }>(
      'select id, root_id, merged_into_id from contact where id = any($1::bigint[])',
      [[a, b, c]],
    )
    expect(new Set(roots.map((row) => row.root_id)).size).toBe(1)
    expect(roots.filter((row) => row.merged_into_id === null)).toHaveLength(1)
    const ids = (await contact(roots[0]?.root_id ?? '')).merges.map((made) => made.id)
    // Undoing everything at once, each twice.
    const undone = await Promise.all([...ids, ...ids].map((id) => codeOf(undo(id))))
    expect(undone.sort()).toEqual(['merge_not_undoable', 'merge_not_undoable', 'ok', 'ok'])
    expect(await contactMembers(db, a)).toEqual([a])
  }
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ProblemBody } from '#shared/api/common.ts'
import type { Contact, ContactNew } from '#shared/api/contacts.ts'
import type { CustomField } from '#shared/api/fields.ts'
import type { Tag } from '#shared/api/lists.ts'
import type { BulkNew, Operation } from '#shared/api/operations.ts'
import { type Client, startTestApp, type TestApp, until } from '../../test/app.ts'
import { makeChannel } from '../../test/crm.ts'
import { findOrMakeSenders } from '../crm/identities.ts'
import { runPieces } from './runner.ts'

let office: TestApp
let boss: Client
let supervisor: Client
let tag: Tag
let other: Tag
let field: CustomField

beforeAll(async () => {
  office = await startTestApp()
  boss = office.as(office.people.administrator)
  supervisor = office.as(office.people.supervisor)
  tag = (await boss.post<Tag>('/tags', { name: 'مشتری' })).body
  other = (await boss.post<Tag>('/tags', { name: 'همکار' })).body
  field = (
    await boss.post<CustomField>('/fields', {
      resource: 'contact',
      name: 'سطح',
      type: 'text',
      contactKinds: ['person'],
    })
  ).body
})
afterAll(() => office.stop())

async function make(input: Partial<ContactNew> & { name: string }): Promise<Contact> {
  const answer = await boss.post<Contact>('/contacts', { kind: 'person', ...input })
  expect(answer.status).toBe(201)
  return answer.body
}
const read = async (id: string): Promise<Contact> => (await boss.get<Contact>(`/contacts/${id}`)).body

async function ended(client: Client, operation: Operation): Promise<Operation> {
  return until(async () => {
    const { body } = await client.get<Operation>(`/operations/${operation.id}`)
    return ['done', 'failed', 'cancelled', 'undone'].includes(body.state) ? body : undefined
  })
}
async function bulk(client: Client, input: BulkNew): Promise<Operation> {
  const answer = await client.post<Operation>('/contacts/bulk', input)
  expect(answer.status).toBe(202)
  return answer.body
}
async function undo(client: Client, operation: Operation): Promise<Operation> {
  const answer = await client.post<Operation>(`/operations/${operation.id}/undo`)
  expect(answer.status).toBe(202)
  return ended(client, answer.body)
}

test('a small change is done when it is answered, is on record, and is taken back exactly', async () => {
  const a = await make({ name: 'آرش', tagIds: [other.id], fields: { [field.key]: 'طلایی' } })
  const b = await make({ name: 'بهار', kind: 'lead' })
  const before = [await read(a.id), await read(b.id)]
  const operation = await bulk(supervisor, {
    of: { ids: [a.id, b.id] },
    change: { responsibleId: office.people.agent.id, addTagIds: [tag.id], removeTagIds: [other.id] },
  })
  expect(operation).toMatchObject({ kind: 'bulk', state: 'done', total: 2, done: 2, result: { changed: 2 } })
  expect(operation.undoableUntil).not.toBeNull()
  expect(await read(a.id)).toMatchObject({ responsibleId: office.people.agent.id, tagIds: [tag.id] })
  const { body: log } = await boss.get<{ items: { action: string; subjectId: string }[] }>(
    '/audit-events?subjectKind=contact',
  )
  expect(log.items.filter((entry) => entry.action === 'contact.changed').map((entry) => entry.subjectId)).toEqual(
    expect.arrayContaining([a.id, b.id]),
  )
  const undone = await undo(supervisor, operation)
  expect(undone).toMatchObject({ state: 'undone', result: { undone: 2 }, undoableUntil: null })
  expect([await read(a.id), await read(b.id)]).toEqual(before)
})

test('what somebody changed since stays as that one left it', async () => {
  const a = await make({ name: 'پری' })
  const operation = await bulk(supervisor, {
    of: { ids: [a.id] },
    change: { responsibleId: office.people.agent.id, addTagIds: [tag.id] },
  })
  await boss.patch(`/contacts/${a.id}`, { responsibleId: office.people.viewer.id, tagIds: [] })
  const { updatedAt } = await read(a.id)
  const undone = await undo(supervisor, operation)
  expect(undone.result).toMatchObject({ undone: 0, kept: 1 })
  expect(await read(a.id)).toMatchObject({ responsibleId: office.people.viewer.id, tagIds: [], updatedAt })
})

test('a field of one kind fails on contacts of another; equal values are no change', async () => {
  const person = await make({ name: 'شخص', fields: { [field.key]: 'نقره‌ای' } })
  const company = await make({ name: 'شرکت', kind: 'company' })
  const operation = await bulk(supervisor, {
    of: { ids: [person.id, company.id] },
    change: { fields: { [field.key]: 'نقره‌ای' } },
  })
  expect(operation.result).toEqual({ failed: 1, same: 1 })
  expect(operation.undoableUntil).toBeNull()
})

test('all that a filter finds, in pieces, frozen at the beginning; deleted and brought back', async () => {
  await office.app.db.query(
    `insert into contact (id, kind, name, root_id, folded, sort_name) overriding system value
     select n, 'lead', 'گروه ' || n, n, 'گروه', 'گروه' from (select nextval(pg_get_serial_sequence('contact', 'id')) n from generate_series(1, 750)) x`,
  )
  const operation = await bulk(supervisor, { of: { filter: { 'name.has': 'گروه' } }, change: { delete: true } })
  const done = await ended(supervisor, operation)
  expect(done).toMatchObject({ state: 'done', total: 750, done: 750, result: { changed: 750 } })
  const { body: count } = await boss.get<{ count: number }>(`/contacts/count?name.has=${encodeURIComponent('گروه')}`)
  expect(count.count).toBe(0)
  expect(await undo(supervisor, done)).toMatchObject({ result: { changed: 750, undone: 750 } })
  const { body: again } = await boss.get<{ count: number }>(`/contacts/count?name.has=${encodeURIComponent('گروه')}`)
  expect(again.count).toBe(750)
})

test('rights: by the named right, at the moment of each piece; visitors of hidden channels are not touched', async () => {
  const a = await make({ name: 'کیان' })
  const viewer = await office
    .as(office.people.viewer)
    .post('/contacts/bulk', { of: { ids: [a.id] }, change: { sourceId: null } })
  expect(viewer.status).toBe(403)
  const agent = office.as(office.people.agent)
  expect(
    (await agent.post<ProblemBody>('/contacts/bulk', { of: { ids: [a.id] }, change: { delete: true } })).body.code,
  ).toBe('no_right')

  const hidden = await makeChannel(office.app.db, 'hidden')
  const seen = await makeChannel(office.app.db, 'seen')
  const roleId = await office.makeRole(
    ['contact.view', 'contact.edit', 'contact.export'],
    [{ channelId: seen, view: true, send: false, manage: false }],
  )
  const narrow = office.as(await office.makeUser({ roleIds: [roleId] }))
  const visitor = async (channelId: string, address: string): Promise<string> => {
    const found = await office.app.db.transaction((tx) =>
      findOrMakeSenders(tx, { channelId, identityKind: 'bale', senders: [{ address, name: 'رهگذر' }] }),
    )
    return found.get(address)?.contactId ?? ''
  }
  const [far, near] = [await visitor(hidden, '1'), await visitor(seen, '2')]
  const byId = await bulk(narrow, { of: { ids: [far, near] }, change: { addTagIds: [tag.id] } })
  expect(byId).toMatchObject({ total: 1, result: { changed: 1 } })
  const byFilter = await bulk(narrow, { of: { filter: { kind: 'visitor' } }, change: { addTagIds: [other.id] } })
  expect(byFilter).toMatchObject({ total: 1, result: { changed: 1 } })
  expect((await read(far)).tagIds).toEqual([])

  // Others do not see the operation; whoever manages the organisation does.
  expect((await supervisor.get(`/operations/${byId.id}`)).status).toBe(404)
  expect((await boss.get(`/operations/${byId.id}`)).status).toBe(200)
  // Without the right nothing is taken back: neither begun nor, when it is lost meanwhile, gone on with.
  const takeBack = `/operations/${byId.id}/undo`
  await office.app.db.query(`update role set rights = '{contact.view,contact.export}' where id = $1`, [roleId])
  expect((await narrow.post(takeBack)).status).toBe(403)
  await office.app.db.query(`update operation set state = 'undoing', undone_by = created_by where id = $1`, [byId.id])
  await runPieces(office.app, byId.id, 5000, new AbortController().signal)
  const { body: refused } = await narrow.get<Operation>(`/operations/${byId.id}`)
  expect(refused).toMatchObject({ state: 'failed' })
  expect(refused.failure).toMatch(/اجازه/)
  expect((await read(near)).tagIds).toEqual([tag.id, other.id])
})

test('what is wrong is said before anything begins', async () => {
  const a = await make({ name: 'لادن' })
  const refused = async (input: unknown): Promise<string[]> => {
    const answer = await supervisor.post<ProblemBody>('/contacts/bulk', input)
    expect(answer.status).toBe(422)
    return (answer.body.errors ?? []).map((error) => error.field)
  }
  const of = { ids: [a.id] }
  expect(await refused({ of, change: {} })).toEqual(['change'])
  expect(await refused({ of, change: { responsibleId: '999999', addTagIds: ['999999'], sourceId: '99999' } })).toEqual([
    'change.responsibleId',
    'change.sourceId',
    'change.addTagIds',
  ])
  expect(await refused({ of, change: { fields: { nothing: 'x' } } })).toEqual(['change.fields.nothing'])
  expect(await refused({ of: { filter: { nonsense: 'x' } }, change: { sourceId: null } })).toEqual([
    'of.filter.nonsense',
  ])
  expect(await refused({ of, change: { delete: true, sourceId: null } })).toEqual(['change.delete'])
})

test('the same request twice makes one operation; a cancelled one keeps what it did and can be undone', async () => {
  const a = await make({ name: 'مانی' })
  const key = { 'idempotency-key': 'bulk-once' }
  const input: BulkNew = { of: { ids: [a.id] }, change: { addTagIds: [tag.id] } }
  const [one, two] = [
    await supervisor.post<Operation>('/contacts/bulk', input, key),
    await supervisor.post<Operation>('/contacts/bulk', input, key),
  ]
  expect(two.body.id).toBe(one.body.id)
  expect((await supervisor.post<ProblemBody>(`/operations/${one.body.id}/cancel`)).body.code).toBe('operation_over')
  await undo(supervisor, one.body)
  expect((await supervisor.post<Operation>(`/operations/${one.body.id}/undo`)).body.state).toBe('undone')
})

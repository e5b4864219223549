import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ProblemBody } from '#shared/api/common.ts'
import type { Contact, ContactItem, Merge } from '#shared/api/contacts.ts'
import type { TimelineItem } from '#shared/api/conversations.ts'
import { type Client, startTestApp, type TestApp } from '../../test/app.ts'
import { makeChannel } from '../../test/crm.ts'
import { findOrMakeSenders } from './identities.ts'
import { setAvatar } from './contacts.ts'

let office: TestApp
let sales: string
let support: string

beforeAll(async () => {
  office = await startTestApp()
  sales = await makeChannel(office.app.db, 'sales')
  support = await makeChannel(office.app.db, 'support')
})
afterAll(() => office.stop())

interface List<T> {
  items: T[]
  nextCursor: string | null
}
async function make(client: Client, body: object): Promise<Contact> {
  const answer = await client.post<Contact>('/contacts', body)
  expect(answer.status).toBe(201)
  return answer.body
}
async function visitor(address: string, channelId: string): Promise<string> {
  const found = await office.app.db.transaction((tx) =>
    findOrMakeSenders(tx, { channelId, identityKind: 'bale', senders: [{ address, name: `Visitor ${address}` }] }),
  )
  return found.get(address)?.contactId ?? ''
}

test('a contact over its whole life', async () => {
  const client = office.as(office.people.supervisor)
  const made = await make(client, {
    kind: 'person',
    name: 'سارا نوری',
    identities: [{ kind: 'phone', value: '۰۹۱۲ ۱۱۱ ۲۲۳۳' }],
  })
  const changed = await client.patch<Contact>(`/contacts/${made.id}`, { kind: 'lead', about: 'از نمایشگاه آمد' })
  expect(changed).toMatchObject({ status: 200, body: { kind: 'lead', name: 'سارا نوری', about: 'از نمایشگاه آمد' } })
  const added = await client.post<Contact>(`/contacts/${made.id}/identities`, {
    kind: 'email',
    value: 'SARA@nouri.example',
  })
  expect(added).toMatchObject({
    status: 201,
    body: { identities: [{ value: '+989121112233' }, { value: 'sara@nouri.example' }] },
  })
  const found = await client.get<List<ContactItem>>(`/contacts?search=${encodeURIComponent('۱۱۱۲۲۳۳ نوري')}`)
  expect(found.body.items.map((item) => item.id)).toEqual([made.id])

  const other = await make(client, { kind: 'company', name: 'نوری و شرکا' })
  const merge = await client.post<Merge>(`/contacts/${made.id}/merge`, { intoId: other.id })
  expect(merge).toMatchObject({
    status: 201,
    body: { winnerId: other.id, loserId: made.id, loserName: 'سارا نوری', undoneAt: null },
  })
  expect((await client.get<Contact>(`/contacts/${made.id}`)).body).toMatchObject({
    id: other.id,
    about: 'از نمایشگاه آمد',
  })
  const timeline = await client.get<List<TimelineItem>>(`/contacts/${other.id}/timeline?limit=3`)
  const more = await client.get<List<TimelineItem>>(`/contacts/${other.id}/timeline?cursor=${timeline.body.nextCursor}`)
  const kinds = [...timeline.body.items, ...more.body.items].map((item) => item.type === 'event' && item.event.kind)
  expect(kinds).toEqual(['merged', 'contact_made', 'identity_added', 'contact_made'])
  const undone = await client.post<Merge>(`/merges/${merge.body.id}/undo`)
  expect(undone).toMatchObject({ status: 200, body: { id: merge.body.id } })
  expect(undone.body.undoneAt).not.toBeNull()
  expect(await client.post(`/merges/${merge.body.id}/undo`)).toMatchObject({
    status: 409,
    body: { code: 'merge_not_undoable' },
  })
  expect((await client.get<Contact>(`/contacts/${other.id}`)).body).toMatchObject({ about: '', identities: [] })
  const identity = added.body.identities[1]?.id
  const removed = await client.delete<Contact>(`/contacts/${made.id}/identities/${identity}`)
  expect(removed.body.identities).toMatchObject([{ value: '+989121112233' }])
})

test('bad input is refused by field and code, whatever it is', async () => {
  const client = office.as(office.people.agent)
  const { id } = await make(client, {
    kind: 'person',
    name: 'n',
    identities: [{ kind: 'phone', value: '09121114455' }],
  })
  const taken = await client.post<ProblemBody>('/contacts', {
    kind: 'lead',
    name: 'm',
    identities: [{ kind: 'phone', value: '9121114455' }],
  })
  expect(taken).toMatchObject({ status: 409, body: { code: 'identity_taken', values: { contactId: id } } })
  expect(taken.headers.get('link')).toContain(`/contacts/${id}>`)
  const wrong: [string, string, object | string | undefined, number][] = [
    ['POST', '/contacts', {}, 422],
    ['POST', '/contacts', { kind: 'ghost', name: 'x' }, 422],
    ['POST', '/contacts', { kind: 'person', name: '\u0000\u200f' }, 422],
    ['POST', '/contacts', { kind: 'person', name: 'x', identities: [{ kind: 'phone', value: 'abc' }] }, 422],
    ['POST', '/contacts', { kind: 'person', name: 'x', identities: [{ kind: 'PHONE!', value: '1' }] }, 422],
    ['POST', '/contacts', { kind: 'person', name: 'x', responsibleId: '9999999999999999999' }, 422],
    ['POST', '/contacts', '{"kind":', 400],
    ['GET', '/contacts/9999999999999999999', undefined, 422],
    ['GET', '/contacts/0', undefined, 422],
    ['GET', '/contacts/123456789', undefined, 404],
    ['GET', '/contacts?cursor=AAAA', undefined, 422],
    [
      'GET',
      `/contacts?cursor=${Buffer.from('["9999999999999999999","9999999999999999999"]').toString('base64url')}`,
      undefined,
      422,
    ],
    ['GET', '/contacts?limit=0', undefined, 422],
    [
      'GET',
      `/contacts/${id}/timeline?cursor=${Buffer.from('["-9999999999999999999","1","1"]').toString('base64url')}`,
      undefined,
      422,
    ],
    ['POST', `/contacts/${id}/merge`, { intoId: id }, 422],
    ['POST', `/contacts/${id}/merge`, { intoId: '123456789' }, 404],
    ['POST', '/merges/123456789/undo', undefined, 404],
    ['POST', '/identity-conflicts/123456789/dismiss', undefined, 404],
    ['DELETE', `/contacts/${id}/identities/123456789`, undefined, 404],
  ]
  for (const [method, path, body, status] of wrong) {
    const response = await client.fetch(path, {
      method,
      ...(body === undefined
        ? {}
        : {
            headers: { 'content-type': 'application/json' },
            body: typeof body === 'string' ? body : JSON.stringify(body),
          }),
    })
    expect([method, path, body, response.status]).toEqual([method, path, body, status])
    expect(response.headers.get('content-type')).toContain('application/problem+json')
  }
  for (const search of ['%', '\\', "'", '(', '\ud800', 'ا'.repeat(200), '* & | !', '\u200f'])
    expect((await client.get(`/contacts?search=${encodeURIComponent(search.toWellFormed())}`)).status).toBe(200)
})

test('rights decide, and for visitors the channel', async () => {
  const roleId = await office.makeRole(
    ['contact.view', 'contact.edit'],
    [{ channelId: support, view: true, send: true, manage: false }],
  )
  const limited = office.as(await office.makeUser({ roleIds: [roleId] }))
  const agent = office.as(office.people.agent)
  const id = await visitor('r1', sales)
  const file = await office.app.db.one<{ id: string }>(
    `insert into file (name, media_type, size, sha256) values ('a.webp', 'image/webp', 1, '') returning id`,
  )
  await office.app.db.query(`insert into file_piece (file_id, n, bytes) values ($1, 0, 'a')`, [file?.id])
  await office.app.db.transaction((tx) => setAvatar(tx, id, file?.id ?? ''))
  const person = await make(agent, { kind: 'person', name: 'Everybody sees me' })
  for (const [path, method] of [
    [`/contacts/${id}`, 'GET'],
    [`/contacts/${id}/timeline`, 'GET'],
    [`/files/${file?.id}`, 'GET'],
  ] as const) {
    expect([path, (await agent.fetch(path, { method })).status]).toEqual([path, 200])
    expect([path, (await limited.fetch(path, { method })).status]).toEqual([path, 404])
  }
  expect((await limited.patch(`/contacts/${id}`, { name: 'x' })).status).toBe(404)
  expect((await limited.post(`/contacts/${id}/merge`, { intoId: person.id })).status).toBe(404)
  expect((await limited.get<List<ContactItem>>('/contacts?search=visitor')).body.items).toEqual([])
  expect((await agent.get<List<ContactItem>>('/contacts?search=visitor')).body.items).toHaveLength(1)

  const viewer = office.as(office.people.viewer)
  expect((await viewer.get(`/contacts/${person.id}`)).status).toBe(200)
  expect((await viewer.patch(`/contacts/${person.id}`, { name: 'x' })).status).toBe(403)
  expect((await office.as(office.people.stranger).get('/contacts')).status).toBe(403)
  expect((await office.as().get('/contacts')).status).toBe(401)
  // Two records are made one by those who have the right to; a visitor is joined by whoever edits contacts.
  const second = await make(agent, { kind: 'person', name: 'Second' })
  expect((await agent.post(`/contacts/${second.id}/merge`, { intoId: person.id })).status).toBe(403)
  expect((await agent.post(`/contacts/${id}/merge`, { intoId: person.id })).status).toBe(201)
})

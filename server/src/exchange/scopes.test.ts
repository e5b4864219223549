import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Contact } from '#shared/api/contacts.ts'
import type { FileInfo } from '#shared/api/files.ts'
import type { BulkNew, ExportNew, ImportDetail, ImportRow, Operation } from '#shared/api/operations.ts'
import type { ApiTokenMade, ApiTokenNew } from '#shared/api/session.ts'
import { type Client, startTestApp, type TestApp, until } from '../../test/app.ts'
import { makeChannel } from '../../test/crm.ts'
import { findOrMakeSenders } from '../crm/identities.ts'

/* What runs in the background for a token with a scope may no more than the token. */

let office: TestApp
let boss: Client
let open: string
let hidden: string
let seen: string
let unseen: string

beforeAll(async () => {
  office = await startTestApp()
  boss = office.as(office.people.administrator)
  open = await makeChannel(office.app.db, 'open')
  hidden = await makeChannel(office.app.db, 'hidden')
  const visitor = (channelId: string, name: string, phone: string): Promise<string> =>
    office.app.db.transaction(async (tx) => {
      const senders = [{ address: phone, name }]
      const found = await findOrMakeSenders(tx, { channelId, identityKind: 'phone', senders })
      return found.get(phone)?.contactId ?? ''
    })
  seen = await visitor(open, 'پیدا', '+989121110001')
  unseen = await visitor(hidden, 'پنهان', '+989121110002')
})
afterAll(() => office.stop())

async function scoped(scope: Partial<ApiTokenNew>): Promise<Client> {
  const { body } = await boss.post<ApiTokenMade>('/me/tokens', { name: 'scoped', ...scope })
  return office.as({ token: body.token })
}
const ended = (operation: Operation): Promise<Operation> =>
  until(async () => {
    const { body } = await boss.get<Operation>(`/operations/${operation.id}`)
    return ['ready', 'done', 'failed', 'cancelled', 'undone'].includes(body.state) ? body : undefined
  })
async function run(client: Client, path: string, input?: BulkNew | ExportNew): Promise<Operation> {
  const answer = await client.post<Operation>(path, input ?? {})
  expect(answer.status).toBe(202)
  return ended(answer.body)
}

test('an export and a bulk change reach only its channels', async () => {
  const client = await scoped({ channelIds: [open] })
  const done = await run(client, '/exports', { of: { ids: [seen, unseen] }, format: 'csv' })
  expect(done).toMatchObject({ state: 'done', result: { written: 1 } })
  const csv = await (await client.fetch(`/files/${done.fileId}`)).text()
  expect(csv).toContain('پیدا')
  expect(csv).not.toContain('پنهان')
  const changed = await run(client, '/contacts/bulk', {
    of: { ids: [seen, unseen] },
    change: { responsibleId: office.people.agent.id },
  })
  expect(changed).toMatchObject({ state: 'done', total: 1, result: { changed: 1 } })
  expect((await boss.get<Contact>(`/contacts/${unseen}`)).body.responsibleId).toBeNull()
})

test('an import meets only whom it may see', async () => {
  const client = await scoped({ channelIds: [open] })
  const form = new FormData()
  form.append('file', new Blob(['نام,تلفن\nکسی,09121110002\n']), 'a.csv')
  const response = await client.fetch('/files', { method: 'POST', body: form })
  const { id: fileId } = (await response.json()) as FileInfo
  const { operation } = (await client.post<ImportDetail>('/imports', { fileId })).body
  await ended(operation)
  for (const step of ['check', 'start']) {
    await run(client, `/imports/${operation.id}/${step}`)
    const { body } = await client.get<{ items: ImportRow[] }>(`/imports/${operation.id}/rows`)
    expect(body.items, step).toMatchObject([{ outcome: 'failed', contactId: null }])
  }
  expect((await boss.get<Contact>(`/contacts/${unseen}`)).body.name).toBe('پنهان')
})

test('what its user has done otherwise, and the files of it, are out of its sight', async () => {
  const done = await run(boss, '/exports', { of: { ids: [seen, unseen] }, format: 'csv' })
  const form = new FormData()
  form.append('file', new Blob(['نام\nکسی\n']), 'a.csv')
  const { id: fileId } = (await (await boss.fetch('/files', { method: 'POST', body: form })).json()) as FileInfo
  const client = await scoped({ channelIds: [open] })
  expect((await client.get(`/operations/${done.id}`)).status).toBe(404)
  expect((await client.post(`/operations/${done.id}/cancel`)).status).toBe(404)
  expect((await client.get<{ items: unknown[] }>('/operations')).body.items).toEqual([])
  for (const id of [done.fileId, fileId]) {
    expect((await client.get(`/files/${id}`)).status).toBe(404)
    expect((await boss.get(`/files/${id}`)).status).toBe(200)
  }
  const own = await run(client, '/exports', { of: { ids: [seen] }, format: 'csv' })
  expect((await client.get<{ items: Operation[] }>('/operations')).body.items.map(({ id }) => id)).toEqual([own.id])
  expect((await client.get(`/files/${own.fileId}`)).status).toBe(200)
})

test('undoing asks for the right that doing needs, and changes nothing without it', async () => {
  const role = await office.makeRole(['contact.view', 'contact.edit', 'contact.delete'])
  const user = await office.makeUser({ roleIds: [role] })
  const client = office.as(user)
  const { id } = (await boss.post<Contact>('/contacts', { kind: 'person', name: 'رفته' })).body
  const done = await run(client, '/contacts/bulk', { of: { ids: [id] }, change: { delete: true } })
  await office.app.db.query(`update role set rights = array_remove(rights, 'contact.delete') where id = $1`, [role])
  expect((await client.post(`/operations/${done.id}/undo`)).status).toBe(403)
  expect((await boss.get<Operation>(`/operations/${done.id}`)).body).toEqual(done)
  expect(await run(boss, `/operations/${done.id}/undo`)).toMatchObject({ state: 'undone', result: { undone: 1 } })
})

test('an operation of a token that is revoked goes no further', async () => {
  const made = (
    await boss.post<ApiTokenMade>('/me/tokens', { name: 'short', rights: ['contact.view', 'contact.edit'] })
  ).body
  const client = office.as({ token: made.token })
  const { id } = (await boss.post<Contact>('/contacts', { kind: 'person', name: 'کسی' })).body
  const done = await run(client, '/contacts/bulk', {
    of: { ids: [id] },
    change: { responsibleId: office.people.agent.id },
  })
  expect(done.state).toBe('done')
  expect(JSON.stringify(done.params)).not.toContain('tokenId')
  await client.post(`/operations/${done.id}/undo`)
  await ended(done)
  expect((await boss.delete(`/me/tokens/${made.id}`)).status).toBe(200)
  await office.app.db.query(`update operation set state = 'waiting', cursor = '0' where id = $1`, [done.id])
  await office.app.db.transaction((tx) => tx.addJob('exchange.run', { operationId: done.id }))
  expect((await ended(done)).state).toBe('failed')
})

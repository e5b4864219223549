import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PageOf } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { Duplicate, DuplicateScan, SimilarAnswer } from '#shared/api/duplicates.ts'
import { startTestApp, type TestApp } from '../../test/app.ts'

let t: TestApp
beforeAll(async () => {
  t = await startTestApp()
})
afterAll(() => t.stop())

const make = async (name: string, more: object = {}) =>
  (await t.as(t.people.supervisor).post<Contact>('/contacts', { kind: 'person', name, ...more })).body
const pairs = async (contactId: string) =>
  (await t.as(t.people.supervisor).get<PageOf<Duplicate>>(`/duplicates?contactId=${contactId}`)).body.items

test('two contacts that are one are proposed by themselves, dismissed, opened again, merged and parted', async () => {
  const one = await make('پرویز ناتل', { nationalId: '0012345679' })
  const two = await make('ناتل، پرويز')
  await expect.poll(() => pairs(one.id), { timeout: 15_000 }).toHaveLength(1)
  const [pair] = await pairs(one.id)
  expect(pair).toMatchObject({ a: { id: one.id }, b: { id: two.id }, score: 55, reasons: [{ kind: 'name_same' }] })
  const supervisor = t.as(t.people.supervisor)
  expect((await supervisor.get('/duplicates/count')).body).toEqual({ count: 1, more: false })
  expect((await supervisor.post(`/duplicates/${pair?.id}/dismiss`)).body).toEqual({ ok: true })
  expect((await supervisor.get<PageOf<Duplicate>>('/duplicates')).body.items).toEqual([])
  expect((await supervisor.post(`/duplicates/${pair?.id}/reopen`)).body).toEqual({ ok: true })
  expect(await pairs(two.id)).toHaveLength(1)
  const merge = await supervisor.post<{ id: string }>(`/contacts/${two.id}/merge`, { intoId: one.id, take: ['name'] })
  expect(merge.status).toBe(201)
  expect((await supervisor.get<Contact>(`/contacts/${two.id}`)).body).toMatchObject({ id: one.id, name: 'ناتل، پرويز' })
  expect((await supervisor.get<PageOf<Duplicate>>('/duplicates')).body.items).toEqual([])
  await supervisor.post(`/merges/${merge.body.id}/undo`)
  expect((await supervisor.get<Contact>(`/contacts/${one.id}`)).body).toMatchObject({ name: 'پرویز ناتل' })
  expect(await pairs(one.id)).toHaveLength(1)
  const actions = await t.app.db.query<{ action: string }>(
    `select action from audit_event where subject_id = $1 and action like 'contact.duplicate%' order by id`,
    [one.id],
  )
  expect(actions.map((row) => row.action)).toEqual(['contact.duplicate_dismissed', 'contact.duplicate_reopened'])
})

test('a scan of everything runs as a job and says when it is done', async () => {
  const supervisor = t.as(t.people.supervisor)
  expect((await supervisor.get<DuplicateScan>('/duplicates/scan')).body).toMatchObject({ state: 'never' })
  const begun = await supervisor.post<DuplicateScan>('/duplicates/scan')
  expect(begun.body).toMatchObject({ state: 'running' })
  const state = async () => (await supervisor.get<DuplicateScan>('/duplicates/scan')).body.state
  await expect.poll(state, { timeout: 15_000 }).toBe('done')
  expect((await t.as(t.people.agent).post('/duplicates/scan')).status).toBe(403)
})

test('what is typed for a new contact is answered at once', async () => {
  const known = await make('ژاله اصفهانی', { identities: [{ kind: 'phone', value: '02155443322' }] })
  const answer = await t
    .as(t.people.agent)
    .post<SimilarAnswer>('/contacts/similar', { identities: [{ kind: 'phone', value: '۰۲۱ ۵۵۴۴ ۳۳۲۲' }] })
  expect(answer.body).toMatchObject({ items: [{ contact: { id: known.id }, score: 90 }], taken: [] })
  expect((await t.as(t.people.agent).post('/contacts/similar', {})).body).toEqual({ items: [], taken: [] })
  expect((await t.as(t.people.viewer).post('/contacts/similar', {})).status).toBe(403)
})

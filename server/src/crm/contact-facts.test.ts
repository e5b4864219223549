import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Contact } from '#shared/api/contacts.ts'
import type { Deal, DealBoard } from '#shared/api/deals.ts'
import type { Operation } from '#shared/api/operations.ts'
import { startTestApp, type TestApp, until } from '../../test/app.ts'
import { type Happening, onHappened } from '../platform/happenings.ts'
import { findOrMakeSenders, shareNumber } from './identities.ts'

/* Whatever way a contact or deal is made or changed, it is told upward, once, with what changed. */

let t: TestApp
let calls: Happening[][] = []
beforeAll(async () => {
  t = await startTestApp()
  onHappened('test', async (_tx, happenings) => void calls.push([...happenings]))
})
afterAll(async () => {
  onHappened('test', async () => undefined)
  await t.stop()
})
beforeEach(() => {
  calls = []
})
const admin = () => t.as(t.people.administrator)
const make = async (more: object = {}): Promise<Contact> =>
  (await admin().post<Contact>('/contacts', { kind: 'lead', name: 'لیلا', ...more })).body

test('a contact that is made, changed, converted', async () => {
  const { id } = await make({ jobTitle: 'مدیر' })
  expect(calls).toMatchObject([
    [
      {
        kind: 'contact.created',
        contactId: id,
        userId: t.people.administrator.id,
        data: { kind: 'lead', changes: { name: { before: null, after: 'لیلا' }, jobTitle: { after: 'مدیر' } } },
      },
    ],
  ])
  calls = []
  await admin().patch(`/contacts/${id}`, { jobTitle: '' })
  await admin().patch(`/contacts/${id}`, { jobTitle: '' })
  expect(calls).toMatchObject([[{ kind: 'contact.changed', data: { changes: { jobTitle: { before: 'مدیر' } } } }]])
  calls = []
  await admin().post(`/contacts/${id}/convert`, { kind: 'person' })
  expect(calls.flat()).toMatchObject([{ data: { changes: { kind: { before: 'lead', after: 'person' } } } }])
  calls = []
  await admin().post(`/contacts/${id}/identities`, { kind: 'phone', value: '09121112233' })
  expect(calls.flat()).toMatchObject([{ contactId: id, data: { changes: { identity: { before: null } } } }])
})

test('many at once are told in one call for a piece', async () => {
  const ids = [(await make()).id, (await make()).id]
  calls = []
  const { body } = await admin().post<Operation>('/contacts/bulk', { of: { ids }, change: { kind: 'person' } })
  await until(async () => (await admin().get<Operation>(`/operations/${body.id}`)).body.state === 'done')
  expect(calls.map((call) => call.map(({ contactId }) => contactId).toSorted())).toEqual([ids.toSorted()])
})

test('a merge tells what it filled; a visitor and a shared number are told as done by nobody', async () => {
  const winner = await make()
  const loser = await make({ jobTitle: 'حسابدار' })
  calls = []
  await admin().post(`/contacts/${loser.id}/merge`, { intoId: winner.id })
  expect(calls.flat()).toMatchObject([{ contactId: winner.id, data: { changes: { jobTitle: { after: 'حسابدار' } } } }])
  calls = []
  const channel = await t.app.db.one<{ id: string }>(
    `insert into channel (kind, name, settings, hook_hash, hook_secret) values ('none', 'c', '', 'c', '') returning id`,
  )
  const channelId = channel?.id ?? ''
  await t.app.db.transaction(async (tx) => {
    const senders = [{ address: 'u1', name: 'مریم' }]
    const found = await findOrMakeSenders(tx, { channelId, identityKind: 'none', senders })
    const { contactId = '', identityId = '' } = found.get('u1') ?? {}
    await findOrMakeSenders(tx, { channelId, identityKind: 'none', senders })
    await shareNumber(tx, { channelId, contactId, identityId, phone: '+989123334455', own: true })
  })
  expect(calls.flat()).toMatchObject([
    { kind: 'contact.created', userId: null, data: { kind: 'visitor' } },
    { kind: 'contact.changed', userId: null, data: { changes: { identity: { after: { value: '+989123334455' } } } } },
  ])
})

test('a deal that is made, changed and moved', async () => {
  const contact = await make()
  const stages = (await admin().get<DealBoard>('/deals/board')).body.stages
  calls = []
  const deal = (await admin().post<Deal>('/deals', { contactId: contact.id, title: 'فروش' })).body
  expect(calls.flat()).toMatchObject([{ kind: 'deal.created', contactId: contact.id, data: { dealId: deal.id } }])
  calls = []
  await admin().patch(`/deals/${deal.id}`, { title: 'فروش' })
  await admin().patch(`/deals/${deal.id}`, { expectedOn: '2026-12-01' })
  await admin().post(`/deals/${deal.id}/move`, { stageId: stages[1]?.stage.id })
  expect(calls.flat()).toMatchObject([
    { kind: 'deal.changed', data: { changes: { expectedOn: { before: null, after: '2026-12-01' } } } },
    { kind: 'deal.changed', data: { changes: { stageId: { before: deal.stageId, after: stages[1]?.stage.id } } } },
  ])
})

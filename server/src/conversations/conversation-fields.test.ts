import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Channel } from '#shared/api/channels.ts'
import type { PageOf, ProblemBody } from '#shared/api/common.ts'
import type { Conversation } from '#shared/api/conversations.ts'
import type { CustomField } from '#shared/api/fields.ts'
import { type Client, startTestApp, type TestApp } from '../../test/app.ts'
import { install, playKind } from '../../test/channel-kind.ts'
import { deskUser, makeChannel, write } from '../../test/desk.ts'

let test: TestApp
let admin: Client
let channel: Channel
beforeAll(async () => {
  test = await startTestApp()
  install(test.app, playKind())
  admin = test.as(test.people.administrator)
  channel = await makeChannel(test)
  for (const field of [
    { name: 'subject', type: 'choice', options: [{ name: 'price' }, { name: 'repair' }] },
    { name: 'order', type: 'number' },
    { name: 'seller', type: 'contact' },
  ]) {
    const made = await admin.post<CustomField>('/fields', { resource: 'conversation', ...field })
    expect(made.status).toBe(201)
  }
})
afterAll(() => test.stop())

const listed = async (query: string): Promise<string[]> =>
  (await admin.get<PageOf<Conversation>>(`/conversations?channelId=${channel.id}&${query}`)).body.items.map(
    (one) => one.id,
  )

it('conversations have custom fields, which are changed, told, audited and looked for', async () => {
  const one = await write(test, channel, 'a', 'سلام')
  const two = await write(test, channel, 'b', 'سلام')
  expect(one.fields).toEqual({})
  const before = await test.app.db.one<{ seq: string }>('select seq from live_counter')
  const changed = await admin.patch<Conversation>(`/conversations/${one.id}`, {
    fields: { subject: 'price', order: 12 },
  })
  expect(changed.body).toMatchObject({ fields: { subject: 'price', order: 12 }, version: one.version + 1 })
  const live = await test.app.db.query<{ changes: { kind: string; conversation: Conversation }[] }>(
    'select changes from live_event where seq > $1 and channel_id = $2',
    [before?.seq, channel.id],
  )
  expect(live.flatMap((row) => row.changes).map((change) => change.conversation.fields)).toEqual([
    { subject: 'price', order: 12 },
  ])
  const audited = await test.app.db.query(
    `select before, after from audit_event where action = 'conversation.changed' and subject_id = $1`,
    [one.id],
  )
  expect(audited).toEqual([{ before: {}, after: { subject: 'price', order: 12 } }])

  // What is the same already changes nothing; null takes away; the others stay.
  const same = await admin.patch<Conversation>(`/conversations/${one.id}`, { fields: { order: 12 } })
  expect(same.body.version).toBe(changed.body.version)
  await admin.patch(`/conversations/${two.id}`, { fields: { order: 20 } })
  expect(await listed('field.order.from=5')).toEqual([two.id, one.id])
  expect(await listed('field.order.from=5&field.subject=price')).toEqual([one.id])
  expect(await listed('field.subject.empty=true')).toEqual([two.id])
  expect(
    (await admin.patch<Conversation>(`/conversations/${one.id}`, { fields: { order: null } })).body.fields,
  ).toEqual({ subject: 'price' })
  expect(await listed('field.order.from=5')).toEqual([two.id])
})

it('wrong values and conditions are refused by name; a contact that one may not see cannot be named', async () => {
  const one = await write(test, channel, 'c', 'سلام')
  const wrong = await admin.patch<ProblemBody>(`/conversations/${one.id}`, {
    fields: { subject: 'weather', order: 'x' },
  })
  expect(wrong.body.errors?.map((error) => `${error.field} ${error.code}`).sort()).toEqual([
    'fields.order not_a_number',
    'fields.subject not_allowed',
  ])
  const unknown = await admin.get<ProblemBody>('/conversations?field.nothing=1')
  expect([unknown.status, unknown.body.errors?.[0]?.field]).toEqual([422, 'field.nothing'])
  const hidden = await write(test, await makeChannel(test), 'z', 'سلام')
  const agent = test.as(await deskUser(test, [{ id: channel.id }]))
  const named = await agent.patch<ProblemBody>(`/conversations/${one.id}`, { fields: { seller: hidden.contact.id } })
  expect([named.status, named.body.errors?.[0]?.field]).toEqual([422, 'fields.seller'])
  expect((await admin.patch(`/conversations/${one.id}`, { fields: { seller: hidden.contact.id } })).status).toBe(200)
})

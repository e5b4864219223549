import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Channel } from '#shared/api/channels.ts'
import type { PageOf, ProblemBody } from '#shared/api/common.ts'
import type { Contact, ContactItem, Merge } from '#shared/api/contacts.ts'
import type { Conversation, FoundMessage, TimelineItem } from '#shared/api/conversations.ts'
import { type Client, startTestApp, type TestApp, until } from '../../test/app.ts'
import { playKind } from '../../test/channel-kind.ts'
import { makeChannel, write } from '../../test/desk.ts'
import { checkAudit } from '../org/audit-seal.ts'
import { eraseContacts } from '../crm/erasing.ts'

/** Deleting a contact, its way back, and its end. */
let office: TestApp
let boss: Client
let agent: Client
let channel: Channel

beforeAll(async () => {
  office = await startTestApp()
  office.app.kinds.set('play', playKind('play', { firstContact: true }).installed)
  boss = office.as(office.people.administrator)
  agent = office.as(office.people.agent)
  channel = await makeChannel(office)
})
afterAll(() => office.stop())

const db = () => office.app.db
async function make(body: object): Promise<Contact> {
  const answer = await boss.post<Contact>('/contacts', body)
  expect(answer.status).toBe(201)
  return answer.body
}
const names = async (path: string, client = boss): Promise<string[]> =>
  (await client.get<PageOf<ContactItem>>(path)).body.items.map((item) => item.name)
const eventsOf = async (id: string): Promise<string[]> =>
  (await boss.get<PageOf<TimelineItem>>(`/contacts/${id}/timeline?type=event`)).body.items.map((item) =>
    item.type === 'event' ? item.event.kind : '',
  )
const conversationsIn = async (path: string): Promise<string[]> =>
  (await boss.get<PageOf<Conversation>>(path)).body.items.map((item) => item.id)

test('a deleted contact is nowhere, and restoring brings everything back as it was', async () => {
  const company = await make({ kind: 'company', name: 'شرکت بازمانده' })
  const gone = await make({
    kind: 'person',
    name: 'فریدون رفتنی',
    identities: [{ kind: 'phone', value: '09121000001' }],
    relations: [{ kind: 'works_at', toId: company.id }],
  })
  const refused = await agent.delete(`/contacts/${gone.id}`)
  expect(refused.status).toBe(403)
  expect((await boss.delete(`/contacts/${gone.id}`)).status).toBe(200)
  const nowhere = [
    `/contacts?search=${encodeURIComponent('رفتنی')}`,
    '/contacts?kind=person&sort=name',
    '/contacts?search=09121000001',
  ]
  for (const path of nowhere) expect(await names(path)).not.toContain('فریدون رفتنی')
  for (const path of [`/contacts/${gone.id}`, `/contacts/${gone.id}/timeline`])
    expect((await agent.get(path)).status).toBe(404)
  for (const [method, path] of [
    ['patch', `/contacts/${gone.id}`],
    ['post', `/contacts/${gone.id}/merge`],
    ['post', `/contacts/${gone.id}/identities`],
  ] as const)
    expect(
      (
        await boss[method](
          path,
          path.endsWith('merge')
            ? { intoId: company.id }
            : path.endsWith('identities')
              ? { kind: 'email', value: 'a@b.example' }
              : { about: 'x' },
        )
      ).status,
    ).toBe(404)
  expect((await boss.get<Contact>(`/contacts/${company.id}`)).body.relations).toEqual([])
  // Who may restore it sees it, and that it is deleted.
  const seen = await boss.get<Contact>(`/contacts/${gone.id}`)
  expect(seen.body.deletedAt).not.toBeNull()
  expect(await names('/contacts?deleted=true')).toEqual(['فریدون رفتنی'])
  // Its number is still its own.
  const taken = await boss.post<ProblemBody>('/contacts', {
    kind: 'person',
    name: 'x',
    identities: [{ kind: 'phone', value: '09121000001' }],
  })
  expect(taken.body).toMatchObject({ code: 'identity_deleted', values: { contactId: gone.id } })
  const notTold = await agent.post<ProblemBody>('/contacts', {
    kind: 'person',
    name: 'x',
    identities: [{ kind: 'phone', value: '09121000001' }],
  })
  expect(notTold.body.code).toBe('identity_deleted')
  expect(notTold.body.values).toBeUndefined()

  expect((await agent.post(`/contacts/${gone.id}/restore`)).status).toBe(403)
  const back = await boss.post<Contact>(`/contacts/${gone.id}/restore`)
  expect(back.body).toMatchObject({
    deletedAt: null,
    company: { id: company.id },
    identities: [{ value: '+989121000001' }],
  })
  expect(await names(`/contacts?search=${encodeURIComponent('رفتنی')}`)).toEqual(['فریدون رفتنی'])
  expect(await eventsOf(gone.id)).toEqual(['restored', 'deleted', 'contact_made'])
  expect((await boss.post<Contact>(`/contacts/${gone.id}/restore`)).body.deletedAt).toBeNull()
  expect(await eventsOf(gone.id)).toHaveLength(3)
})

test('a family goes and comes back whole, and its merge can still be undone', async () => {
  const [loser, winner] = [await make({ kind: 'person', name: 'کوچک' }), await make({ kind: 'person', name: 'بزرگ' })]
  const merge = await boss.post<Merge>(`/contacts/${loser.id}/merge`, { intoId: winner.id })
  expect((await boss.delete(`/contacts/${loser.id}`)).status).toBe(200)
  expect((await agent.get(`/contacts/${winner.id}`)).status).toBe(404)
  expect((await boss.post(`/merges/${merge.body.id}/undo`)).status).toBe(404)
  expect((await boss.post<Contact>(`/contacts/${loser.id}/restore`)).body.id).toBe(winner.id)
  expect((await boss.post(`/merges/${merge.body.id}/undo`)).status).toBe(200)
  expect((await agent.get<Contact>(`/contacts/${loser.id}`)).body.name).toBe('کوچک')
})

test('conversations of a deleted contact close and are out of sight; who writes again is back with all of it', async () => {
  const conversation = await write(office, channel, 'u1', 'یک پیام بازگشتنی')
  const id = conversation.contact.id
  const search = `/conversations?search=${encodeURIComponent('بازگشتنی')}`
  const before = await boss.get<{ open: { total: number } }>('/conversations/counts')
  expect(await conversationsIn(search)).toEqual([conversation.id])
  expect((await boss.delete(`/contacts/${id}`)).status).toBe(200)
  const after = await boss.get<{ open: { total: number } }>('/conversations/counts')
  expect(after.body.open.total).toBe(before.body.open.total - 1)
  expect(await conversationsIn(search)).toEqual([])
  expect(await conversationsIn('/conversations?state=closed')).toEqual([])
  expect((await boss.get(`/conversations/${conversation.id}`)).status).toBe(404)
  expect((await boss.get(`/conversations/${conversation.id}/messages`)).status).toBe(404)
  const found = await boss.get<PageOf<FoundMessage>>(`/messages?search=${encodeURIComponent('بازگشتنی')}`)
  expect(found.body.items ?? []).toEqual([])

  await write(office, channel, 'u1', 'دوباره سلام')
  expect((await agent.get<Contact>(`/contacts/${id}`)).body.deletedAt).toBeNull()
  expect((await eventsOf(id)).slice(0, 2)).toContain('restored')
  expect(await conversationsIn(search)).toContain(conversation.id)
  const audited = await db().one<{ user_id: string | null }>(
    `select user_id from audit_event where action = 'contact.restored' and subject_id = $1`,
    [id],
  )
  expect(audited).toEqual({ user_id: null })
})

test('whoever is written to comes back', async () => {
  const conversation = await write(office, channel, 'u2', 'x')
  await boss.delete(`/contacts/${conversation.contact.id}`)
  const begun = await agent.post<Conversation>('/conversations', {
    identity: { kind: office.app.kinds.get('play')?.kind.identityKind ?? '', value: 'u2' },
    channelId: channel.id,
    message: { text: 'سلام' },
  })
  expect(begun).toMatchObject({ status: 201, body: { contact: { id: conversation.contact.id }, state: 'open' } })
  expect((await agent.get(`/contacts/${conversation.contact.id}`)).status).toBe(200)
})

/** How many rows of every table name the contacts, their messages or their conversations. */
async function traces(contactIds: string[]): Promise<Record<string, number>> {
  const columns = await db().query<{ table: string; column: string }>(
    `select table_name as table, column_name as column from information_schema.columns
     where table_schema = 'public' and column_name in ('contact_id', 'loser_id', 'winner_id', 'from_id', 'to_id', 'a_id', 'b_id')
       and table_name not in ('field_value', 'operation_change', 'import_row', 'audit_event')`,
  )
  const found: Record<string, number> = {}
  for (const { table, column } of columns) {
    const row = await db().one<{ n: number }>(
      `select count(*)::int as n from ${table} where ${column} = any($1::bigint[])`,
      [contactIds],
    )
    if ((row?.n ?? 0) > 0) found[`${table}.${column}`] = row?.n ?? 0
  }
  const own = await db().one<{ n: number }>('select count(*)::int as n from contact where id = any($1::bigint[])', [
    contactIds,
  ])
  if (own && own.n > 0) found['contact'] = own.n
  return found
}

async function fullLife(): Promise<{ ids: string[]; conversation: Conversation; stays: Contact }> {
  const stays = await make({ kind: 'company', name: 'می‌ماند' })
  const conversation = await write(office, channel, 'u3', 'پیام پاک‌شدنی')
  for (let n = 0; n < 12; n++) await write(office, channel, 'u3', `پیام ${n}`)
  const id = conversation.contact.id
  const record = await make({
    kind: 'person',
    name: 'خانم پاک‌شدنی',
    nationalId: '0499370899',
    addresses: [{ country: 'IR', city: 'قم' }],
    relations: [{ kind: 'works_at', toId: stays.id }],
  })
  await boss.post(`/contacts/${record.id}/notes`, { text: 'یادداشت' })
  await boss.post(`/conversations/${conversation.id}/messages`, { text: 'داخلی', internal: true })
  await boss.post(`/contacts/${id}/merge`, { intoId: record.id })
  return { ids: [id, record.id], conversation, stays }
}

test('what was deleted long enough ago is erased altogether, in pieces, and nothing else is', async () => {
  const { ids, conversation, stays } = await fullLife()
  const root = ids[1] ?? ''
  const messages = await db().query<{ id: string }>('select id from message where conversation_id = $1', [
    conversation.id,
  ])
  expect(messages.length).toBeGreaterThan(12)
  await boss.delete(`/contacts/${root}`)
  expect(await eraseContacts(db(), 5)).toBe(0)
  expect((await boss.get(`/contacts/${root}`)).status).toBe(200)

  await boss.patch('/organisation', { retentionDays: 30 })
  await db().query(`update contact set deleted_at = now() - interval '31 days' where id = $1`, [root])
  expect((await boss.post(`/contacts/${root}/restore`)).status).toBe(404)
  expect(await eraseContacts(db(), 5)).toBe(1)
  expect(await traces(ids)).toEqual({})
  const left = await db().one<{ n: number }>(
    `select (select count(*) from message_search where message_id = any($1::bigint[]))::int
      + (select count(*) from message where id = any($1::bigint[]))::int
      + (select count(*) from identity where value = 'u3')::int as n`,
    [messages.map((message) => message.id)],
  )
  expect(left).toEqual({ n: 0 })
  expect((await boss.get<Contact>(`/contacts/${stays.id}`)).body).toMatchObject({ name: 'می‌ماند', relations: [] })
  const entry = await db().one<{ before: unknown; after: unknown }>(
    `select before, after from audit_event where action = 'contact.erased' and subject_id = $1`,
    [root],
  )
  expect(entry).toEqual({ before: null, after: { records: 2 } })
  const told = await db().query<{ text: string }>(
    `select coalesce(before::text, '') || coalesce(after::text, '') || words as text from audit_event
     where subject_kind = 'contact' and subject_id = any($1::bigint[])`,
    [ids],
  )
  expect(told.length).toBeGreaterThan(2)
  expect(told.map(({ text }) => text).join(' ')).not.toMatch(/پاک|0499370899/)
  expect(await checkAudit(db(), office.app.secrets.keyFor('audit'))).toBe(null)
  // The counters of the inbox know that the conversation is gone.
  const counted = await db().one(
    `select 1 from conversation_count where channel_id = $1 group by channel_id
     having sum(total) <> (select count(*) from conversation where channel_id = $1)`,
    [channel.id],
  )
  expect(counted).toBeUndefined()
  // Who writes after that is somebody new.
  const anew = await write(office, channel, 'u3', 'سلام')
  expect(ids).not.toContain(anew.contact.id)
})

test('erasing goes on where it was stopped, and spares whose message crossed the deletion', async () => {
  const conversation = await write(office, channel, 'u4', 'x')
  const id = conversation.contact.id
  await boss.delete(`/contacts/${id}`)
  await db().query(`update contact set deleted_at = now() - interval '31 days' where id = $1`, [id])
  // A message that was stored by a transaction which had not seen the deletion.
  await db().query(`update conversation set state = 'open', last_at = now() where id = $1`, [conversation.id])
  expect(await eraseContacts(db())).toBe(0)
  expect((await agent.get<Contact>(`/contacts/${id}`)).body.deletedAt).toBeNull()
  expect((await boss.get<Conversation>(`/conversations/${conversation.id}`)).body.state).toBe('open')

  await boss.delete(`/contacts/${id}`)
  await db().query(`update contact set deleted_at = now() - interval '31 days' where id = $1`, [id])
  // Two nodes at once, by pieces of one row.
  await Promise.all([eraseContacts(db(), 1), eraseContacts(db(), 1)])
  await until(async () => Object.keys(await traces([id])).length === 0)
})

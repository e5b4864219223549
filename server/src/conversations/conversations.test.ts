import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Channel } from '#shared/api/channels.ts'
import type { PageOf, ProblemBody } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { Conversation, ConversationCounts, TimelineItem } from '#shared/api/conversations.ts'
import { type Client, startTestApp, type TestApp, type TestUser, until } from '../../test/app.ts'
import { install, type PlayKind, playKind } from '../../test/channel-kind.ts'
import { deskUser, makeChannel, readAll, textsOf, write } from '../../test/desk.ts'

let test: TestApp
let play: PlayKind
let admin: Client
let channel: Channel
let hidden: Channel
/** May send on `channel`, knows nothing of `hidden`. */
let agent: TestUser
let reader: TestUser
beforeAll(async () => {
  test = await startTestApp()
  play = playKind()
  install(test.app, play)
  admin = test.as(test.people.administrator)
  channel = await makeChannel(test)
  hidden = await makeChannel(test)
  agent = await deskUser(test, [{ id: channel.id }])
  reader = await deskUser(test, [{ id: channel.id, send: false }])
})
afterAll(() => test.stop())

const patch = (
  user: TestUser,
  id: string,
  body: object,
): Promise<{ status: number; body: Conversation & ProblemBody }> => test.as(user).patch(`/conversations/${id}`, body)
const thread = (id: string): Promise<TimelineItem[]> => readAll<TimelineItem>(admin, `/conversations/${id}/messages`)

describe('the list', () => {
  it('pages by key: every conversation once, though others move to the top meanwhile', async () => {
    const own = await makeChannel(test)
    const made: string[] = []
    for (let n = 0; n < 12; n++) made.push((await write(test, own, `pager-${n}`, 'سلام')).id)
    const query = `/conversations?channelId=${own.id}`
    const first = (await admin.get<PageOf<Conversation>>(`${query}&limit=5`)).body
    await write(test, own, 'pager-0', 'باز هم سلام')
    const rest = await readAll<Conversation>(admin, query, 5, first.nextCursor ?? '')
    const ids = [...first.items, ...rest].map((one) => one.id)
    // The one that moved was not shown yet; it is on the first page of whoever begins anew.
    expect(new Set(ids).size).toBe(ids.length)
    expect([...ids].sort()).toEqual(made.slice(1).sort())
    expect((await admin.get<PageOf<Conversation>>(query)).body.items[0]?.id).toBe(made[0])
  })

  it('does not skip rows of the same microsecond', async () => {
    const own = await makeChannel(test)
    for (let n = 0; n < 7; n++) await write(test, own, `same-${n}`, 'سلام')
    await test.app.db.query(`update conversation set last_at = '2026-01-01T00:00:00.123456Z' where channel_id = $1`, [
      own.id,
    ])
    const all = await readAll<Conversation>(admin, `/conversations?channelId=${own.id}`, 2)
    expect(new Set(all.map((one) => one.id)).size).toBe(7)
  })

  it('filters by state, assignee, unread, contact and words', async () => {
    const own = await makeChannel(test)
    const user = await deskUser(test, [{ id: own.id }])
    const [a, b, c] = [
      await write(test, own, 'filter-a', 'پرسشی دربارهٔ گارانتی'),
      await write(test, own, 'filter-b', 'سلام'),
      await write(test, own, 'filter-c', 'خداحافظ'),
    ]
    await patch(user, a.id, { assigneeId: user.id })
    await patch(user, b.id, { state: 'waiting', unread: 0 })
    await patch(user, c.id, { state: 'closed' })
    const ids = async (query: string): Promise<string[]> =>
      (await readAll<Conversation>(test.as(user), `/conversations?${query}`)).map((one) => one.id)
    expect(await ids('state=open')).toEqual([a.id])
    expect(await ids('state=closed')).toEqual([c.id])
    expect(await ids('assigneeId=me')).toEqual([a.id])
    expect(await ids(`assigneeId=${user.id}`)).toEqual([a.id])
    expect(await ids('assigneeId=none')).toEqual([c.id, b.id])
    expect(await ids('unread=true')).toEqual([a.id])
    expect(await ids('unread=false')).toEqual([c.id, b.id])
    expect(await ids(`contactId=${b.contact.id}`)).toEqual([b.id])
    expect(await ids(`contactId=${b.contact.id}&state=open`)).toEqual([])
    expect(await ids('queueId=7')).toEqual([])
    expect(await ids(`search=${encodeURIComponent('گارانتي')}`)).toEqual([a.id])
    expect(await ids(`search=${encodeURIComponent('filter-c')}`)).toEqual([c.id])
    expect(await ids(`search=${encodeURIComponent('filter-c')}&state=open`)).toEqual([])
    expect(await ids(`channelId=${hidden.id}`)).toEqual([])
  })

  it('shows the conversations of all who were merged into a contact', async () => {
    const one = await write(test, channel, 'twin-1', 'سلام')
    const two = await write(test, channel, 'twin-2', 'سلام')
    const contact = (await admin.post<Contact>('/contacts', { kind: 'person', name: 'دوقلو' })).body
    for (const { contact: visitor } of [one, two])
      expect((await admin.post(`/contacts/${visitor.id}/merge`, { intoId: contact.id })).status).toBe(201)
    for (const id of [contact.id, one.contact.id]) {
      const found = await readAll<Conversation>(admin, `/conversations?contactId=${id}`, 1)
      expect(found.map((one) => one.id)).toEqual([two.id, one.id])
      expect(found[0]?.contact.name).toBe('دوقلو')
    }
  })

  it.each([
    'limit=0',
    'limit=9999',
    'state=lost',
    'assigneeId=x',
    'cursor=%00',
    'cursor=WzEsMl0x',
    'unread=perhaps',
    'contactId=-1',
  ])('answers bad input with 422: %s', async (query) => {
    const answer = await admin.get<ProblemBody>(`/conversations?${query}`)
    expect(answer.status).toBe(422)
  })
  it('takes a cursor from outside all time for the end or the beginning', async () => {
    for (const key of [
      ['9223372036854775807', '1'],
      ['-9223372036854775808', '1'],
    ]) {
      const cursor = Buffer.from(JSON.stringify(key)).toString('base64url')
      expect((await admin.get(`/conversations?cursor=${cursor}`)).status).toBe(200)
      expect((await admin.get(`/messages?search=a&cursor=${cursor}`)).status).toBe(200)
    }
  })
})

describe('the counters', () => {
  it('agree with the rows after any changes', async () => {
    const own = await makeChannel(test)
    const user = await deskUser(test, [{ id: own.id }])
    const ids: string[] = []
    for (let n = 0; n < 4; n++) ids.push((await write(test, own, `count-${n}`, 'سلام')).id)
    const change = fc.record({
      which: fc.nat(3),
      patch: fc.constantFrom<object>(
        { state: 'closed' },
        { state: 'open' },
        { state: 'waiting' },
        { unread: 0 },
        { assigneeId: user.id },
        { assigneeId: null },
        { state: 'closed', assigneeId: null },
      ),
      arrives: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 8 }), async (changes) => {
        for (const { which, patch: body, arrives } of changes) {
          await patch(user, ids[which] ?? '', body)
          if (arrives) await write(test, own, `count-${which}`, 'باز هم')
        }
        const counts = (await test.as(user).get<ConversationCounts>('/conversations/counts')).body
        const [rows] = await test.app.db.query<Record<string, number>>(
          `select count(*) filter (where state = 'open' and assignee_id = $2)::int as mine,
             count(*) filter (where state = 'open' and assignee_id is null)::int as unassigned,
             count(*) filter (where state = 'open')::int as open, count(*) filter (where state = 'waiting')::int as waiting,
             count(*) filter (where state = 'closed')::int as closed,
             count(*) filter (where state = 'open' and unread > 0)::int as unread_open
           from conversation where channel_id = $1`,
          [own.id, user.id],
        )
        expect({
          mine: counts.mine.total,
          unassigned: counts.unassigned.total,
          open: counts.open.total,
          waiting: counts.waiting.total,
          closed: counts.closed.total,
          unread_open: counts.open.unread,
        }).toEqual(rows)
      }),
      { numRuns: 6, seed: 7 },
    )
  })
})

describe('changing a conversation', () => {
  it('leaves an event for each change and none for what was so already', async () => {
    const { id } = await write(test, channel, 'changer', 'سلام')
    for (const body of [
      { assigneeId: agent.id },
      { assigneeId: agent.id },
      { state: 'waiting' },
      { state: 'closed' },
      { state: 'open' },
    ])
      expect((await patch(agent, id, body)).status).toBe(200)
    const kinds = textsOf(await thread(id)).filter((text) => text !== 'سلام')
    expect(kinds.slice(0, 4)).toEqual(['reopened', 'closed', 'waiting', 'assigned'])
    expect(kinds.filter((kind) => kind === 'assigned')).toHaveLength(1)
  })

  it('seeing it takes the unread mark and nothing else', async () => {
    const before = await write(test, channel, 'seen', 'سلام')
    expect(before.unread).toBe(1)
    const after = (await patch(agent, before.id, { unread: 0 })).body
    expect(after).toEqual({ ...before, unread: 0, version: before.version + 1 })
    expect((await patch(agent, before.id, { unread: 0 })).body.version).toBe(after.version)
  })

  it('lets everyone take, but only those with the right give or take away', async () => {
    const { id } = await write(test, channel, 'giving', 'سلام')
    const colleague = await deskUser(test, [{ id: channel.id }])
    const outsider = await deskUser(test, [{ id: hidden.id }])
    const lead = await deskUser(test, [{ id: channel.id }], ['conversation.assign'])
    expect((await patch(agent, id, { assigneeId: colleague.id })).status).toBe(403)
    expect((await patch(agent, id, { assigneeId: agent.id })).body.assigneeId).toBe(agent.id)
    expect((await patch(agent, id, { assigneeId: colleague.id })).body.assigneeId).toBe(colleague.id)
    expect((await patch(agent, id, { assigneeId: null })).status).toBe(403)
    expect((await patch(agent, id, { assigneeId: agent.id })).body.assigneeId).toBe(agent.id)
    expect((await patch(lead, id, { assigneeId: null })).body.assigneeId).toBe(null)
    for (const assigneeId of [outsider.id, reader.id, '999999'])
      expect((await patch(lead, id, { assigneeId })).body.errors?.[0]).toMatchObject({
        field: 'assigneeId',
        code: 'not_allowed',
      })
  })

  it('keeps a closed one closed while its chat goes on elsewhere', async () => {
    const { id } = await write(test, channel, 'split', 'سلام')
    await patch(agent, id, { state: 'closed' })
    await test.app.db.query(`update conversation set closed_at = now() - interval '100 days' where id = $1`, [id])
    const next = await write(test, channel, 'split', 'دوباره سلام')
    expect(next.id).not.toBe(id)
    const refused = await patch(agent, id, { state: 'open' })
    expect([refused.status, refused.body.code]).toEqual([409, 'conflict'])
    const answer = await test.as(agent).post<ProblemBody>(`/conversations/${id}/messages`, { text: 'کجا بودیم؟' })
    expect([answer.status, answer.body.code]).toEqual([409, 'conversation_closed'])
  })
})

describe('writing first', () => {
  it('goes on where the contact wrote, or says that there is no way', async () => {
    const conversation = await write(test, channel, 'first', 'سلام')
    const body = { contactId: conversation.contact.id, message: { text: 'ما زنگ زدیم' } }
    const started = await test.as(agent).post<Conversation & ProblemBody>('/conversations', body)
    expect([started.status, started.body.id]).toEqual([201, conversation.id])
    await patch(agent, conversation.id, { state: 'closed' })
    const anew = await test.as(agent).post<Conversation>('/conversations', body)
    expect(anew.status).toBe(201)
    expect(anew.body).toMatchObject({ assigneeId: agent.id, lastText: 'ما زنگ زدیم', state: 'open' })
    expect(anew.body.id).not.toBe(conversation.id)
    await until(() => play.sent.filter((message) => message.threadKey === 'chat-first').length === 2)

    const unknown = (await admin.post<Contact>('/contacts', { kind: 'person', name: 'بی‌راه' })).body
    const refused = await test.as(agent).post<ProblemBody>('/conversations', { ...body, contactId: unknown.id })
    expect([refused.status, refused.body.code]).toEqual([409, 'no_route'])
  })

  it('does not use a way that is known to be closed, nor one the sender has no right to', async () => {
    const conversation = await write(test, channel, 'blocked', 'سلام')
    const identity = await test.app.db.one<{ id: string }>(
      `select id from identity where kind = 'play' and value = 'blocked'`,
    )
    const body = { contactId: conversation.contact.id, message: { text: 'هستید؟' } }
    const sees = test.as(reader)
    expect((await sees.post('/conversations', { ...body, channelId: channel.id })).status).toBe(403)
    expect((await test.as(agent).post('/conversations', { ...body, channelId: hidden.id })).status).toBe(404)
    await test.app.db.query(`insert into identity_reach values ($1, $2, false, 'blocked')`, [identity?.id, channel.id])
    expect((await test.as(agent).post<ProblemBody>('/conversations', body)).body.code).toBe('no_route')
  })

  it('makes a contact of a stranger where the network allows it', async () => {
    const sms = playKind('sms', { firstContact: true, identityKind: 'phone' })
    install(test.app, sms)
    const line = await makeChannel(test, { kind: 'sms' })
    const user = await deskUser(test, [{ id: line.id }])
    const body = { identity: { kind: 'phone', value: '۰۹۱۲ ۳۴۵ ۶۷۸۹' }, message: { text: 'سفارش شما آماده است' } }
    const started = await test.as(user).post<Conversation>('/conversations', body)
    expect(started.status).toBe(201)
    await until(() => sms.sent.some((message) => message.threadKey === '+989123456789'))
    const again = await test
      .as(user)
      .post<Conversation>('/conversations', { ...body, identity: { kind: 'phone', value: '00989123456789' } })
    expect(again.body.id).toBe(started.body.id)
    const wrong = await test
      .as(user)
      .post<ProblemBody>('/conversations', { ...body, identity: { kind: 'phone', value: '12' } })
    expect(wrong.body.errors?.[0]).toMatchObject({ field: 'identity.value', code: 'not_a_phone' })
  })

  it.each([
    [{ message: { text: 'x' } }, 'contactId'],
    [{ contactId: '1', identity: { kind: 'play', value: 'x' }, message: { text: 'x' } }, 'contactId'],
    [{ contactId: '1', message: { text: 'x', internal: true } }, 'message.internal'],
    [{ contactId: '1' }, 'message'],
  ])('refuses %j', async (body, field) => {
    const answer = await admin.post<ProblemBody>('/conversations', body)
    expect([answer.status, answer.body.errors?.[0]?.field]).toEqual([422, field])
  })
})

describe('rights', () => {
  it('cut every way to a conversation by its channel', async () => {
    const secret = await write(test, hidden, 'hidden-person', 'رازی هست')
    const [message] = (await thread(secret.id)).flatMap((item) => (item.type === 'message' ? [item.message] : []))
    const client = test.as(agent)
    const path = `/conversations/${secret.id}`
    const answers = [
      await client.get(path),
      await client.patch(path, { state: 'closed' }),
      await client.get(`${path}/messages`),
      await client.post(`${path}/messages`, { text: 'x' }),
      await client.post(`${path}/messages`, { text: 'x', internal: true }),
      await client.get(`${path}/draft`),
      await client.put(`${path}/draft`, { text: 'x', fileIds: [], internal: false }),
      await client.delete(`${path}/draft`),
      await client.get(`${path}/presence`),
      await client.post(`${path}/presence`, { doing: 'typing' }),
      await client.get(`/messages/${message?.id}`),
      await client.post(`/messages/${message?.id}/retry`),
      await client.post(`/messages/${message?.id}/cancel`),
      await client.get(`/channels/${hidden.id}`),
      await client.get(`/contacts/${secret.contact.id}/timeline`),
    ]
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 404))
    const lists = [
      await client.get('/conversations?limit=200'),
      await client.get('/messages?search=%D8%B1%D8%A7%D8%B2%DB%8C'),
      await client.get(`/conversations?contactId=${secret.contact.id}`),
      await client.get('/conversations?search=hidden-person'),
    ]
    for (const list of lists) {
      expect(list.status).toBe(200)
      expect(JSON.stringify(list.body)).not.toContain('hidden-person')
    }
    const all = (await admin.get<ConversationCounts>('/conversations/counts')).body
    const own = (await client.get<ConversationCounts>('/conversations/counts')).body
    const [count] = await test.app.db.query<{ n: number }>(
      `select count(*)::int as n from conversation where channel_id = $1 and state = 'open'`,
      [channel.id],
    )
    expect(own.open.total).toBe(count?.n)
    expect(own.open.total).toBeLessThan(all.open.total)
  })

  it('cut the timeline of a contact who wrote on several channels', async () => {
    const seen = await write(test, channel, 'both-1', 'پیدا')
    const unseen = await write(test, hidden, 'both-2', 'پنهان')
    await admin.post(`/conversations/${unseen.id}/messages`, { text: 'یادداشت پنهان', internal: true })
    await admin.patch(`/conversations/${unseen.id}`, { state: 'waiting' })
    const contact = (await admin.post<Contact>('/contacts', { kind: 'person', name: 'دوجا' })).body
    for (const one of [seen, unseen]) await admin.post(`/contacts/${one.contact.id}/merge`, { intoId: contact.id })
    const path = `/contacts/${contact.id}/timeline`
    const all = textsOf(await readAll<TimelineItem>(admin, path, 3))
    expect(all).toEqual(expect.arrayContaining(['پیدا', 'پنهان', 'note: یادداشت پنهان', 'waiting']))
    const own = textsOf(await readAll<TimelineItem>(test.as(agent), path, 3))
    expect(own).toContain('پیدا')
    for (const text of ['پنهان', 'note: یادداشت پنهان', 'waiting']) expect(own).not.toContain(text)
    const found = await readAll<Conversation>(test.as(agent), `/conversations?contactId=${contact.id}`)
    expect(found.map((conversation) => conversation.id)).toEqual([seen.id])
  })

  it('let those who may only view read, and do nothing', async () => {
    const { id } = await write(test, channel, 'looked-at', 'سلام')
    const client = test.as(reader)
    expect((await client.get(`/conversations/${id}`)).status).toBe(200)
    expect((await client.get(`/conversations/${id}/messages`)).status).toBe(200)
    expect((await client.post(`/conversations/${id}/presence`, { doing: 'viewing' })).status).toBe(200)
    expect((await client.patch(`/conversations/${id}`, { unread: 0 })).status).toBe(403)
    expect((await client.post(`/conversations/${id}/messages`, { text: 'x' })).status).toBe(403)
    expect((await client.post(`/conversations/${id}/messages`, { text: 'x', internal: true })).status).toBe(403)
  })
})

it('is given only to who may answer on its channel, and the menu knows who that is', async () => {
  const { body } = await admin.get<{ items: { id: string }[] }>(`/channels/${channel.id}/senders`)
  const ids = body.items.map(({ id }) => id)
  expect(ids).toContain(agent.id)
  expect(ids).not.toContain(reader.id)
  const given = await write(test, channel, 'to be given', 'سلام')
  for (const user of [agent, reader]) {
    const { status } = await patch(test.people.administrator, given.id, { assigneeId: user.id })
    expect(status, user.name).toBe(ids.includes(user.id) ? 200 : 422)
  }
  const supervisor = await deskUser(test, [{ id: channel.id }])
  expect((await test.as(supervisor).get(`/channels/${hidden.id}/senders`)).status).toBeGreaterThan(400)
})

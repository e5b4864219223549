import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Channel, InboundEvent } from '#shared/api/channels.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { Conversation, FoundMessage, MessageDetail, TimelineItem } from '#shared/api/conversations.ts'
import type { LiveChange } from '#shared/api/live.ts'
import { startTestApp, type TestApp, until } from '../../test/app.ts'
import { install, playKind } from '../../test/channel-kind.ts'
import { makeChannel, readAll, write } from '../../test/desk.ts'
import { storeEvents } from './intake.ts'
import { loadConversations, loadMessages } from './views.ts'

/** What agents do and networks deliver at the wrong moment must not cost anybody a message. */
let test: TestApp
let channel: Channel
beforeAll(async () => {
  test = await startTestApp()
  install(test.app, playKind())
  channel = await makeChannel(test)
})
afterAll(() => test.stop())

const admin = () => test.as(test.people.administrator)
const asideNow = () => readAll<InboundEvent>(admin(), '/inbound-events?state=quarantined')

let keys = 0
interface Event {
  key?: string
  type?: string
  providerKey: string
  from: string
  text: string
  sentAt?: string
  editedAt?: string
  state?: string
  at?: string
  kind?: string
  attachments?: object[]
  replyToKey?: string
  location?: object
}
function eventOf({ key = `e:${++keys}`, type = 'message', from, ...more }: Event): object {
  return {
    key,
    type,
    kind: 'text',
    threadKey: `chat-${from}`,
    sender: { address: from, name: `مشتری ${from}` },
    sentAt: new Date().toISOString(),
    ...more,
  }
}
/** In one transaction, so that they are processed as one batch. */
async function deliver(...events: Event[]): Promise<void> {
  const made = events.map(eventOf)
  await storeEvents(
    test.app.db,
    made.map((event) => ({
      channelId: channel.id,
      eventKey: (event as { key: string }).key,
      via: 'hook',
      body: JSON.stringify(event),
    })),
  )
  await until(async () => {
    const row = await test.app.db.one('select 1 from inbound_queue where channel_id = $1 limit 1', [channel.id])
    return row === undefined
  })
}
async function messageOf(providerKey: string): Promise<MessageDetail> {
  const row = await test.app.db.one<{ id: string }>('select id from message where provider_key = $1', [providerKey])
  return (await admin().get<MessageDetail>(`/messages/${row?.id}`)).body
}
const conversationsOf = async (from: string): Promise<Conversation[]> =>
  (await readAll<Conversation>(admin(), `/conversations?channelId=${channel.id}`)).filter(
    (conversation) => conversation.contact.name === `مشتری ${from}`,
  )

describe('the conversation a message goes to', () => {
  it('is the one under way, also when an agent reopened an older one', async () => {
    const first = await write(test, channel, 'returning', 'یک')
    await admin().patch(`/conversations/${first.id}`, { state: 'closed' })
    await test.app.db.query(`update conversation set closed_at = now() - interval '10 days' where id = $1`, [first.id])
    const second = await write(test, channel, 'returning', 'دو')
    expect(second.id).not.toBe(first.id)
    await admin().patch(`/conversations/${second.id}`, { state: 'closed' })
    expect((await admin().patch(`/conversations/${first.id}`, { state: 'open' })).status).toBe(200)

    expect((await write(test, channel, 'returning', 'سه')).id).toBe(first.id)
    expect(await asideNow()).toEqual([])
  })

  it('is not made for a message that came before', async () => {
    const first = await write(test, channel, 'repeating', 'سلام', { providerKey: 'repeated' })
    await admin().patch(`/conversations/${first.id}`, { state: 'closed' })
    await test.app.db.query(`update conversation set closed_at = now() - interval '10 days' where id = $1`, [first.id])
    await deliver({ from: 'repeating', providerKey: 'repeated', text: 'سلام' })
    expect((await conversationsOf('repeating')).map(({ id, state }) => [id, state])).toEqual([[first.id, 'closed']])
  })

  it('is found by a message that met an agent at work', async () => {
    const first = await write(test, channel, 'meeting', 'یک')
    await admin().patch(`/conversations/${first.id}`, { state: 'closed' })
    // An agent makes another conversation between our look at the chat and the reopening: exactly once the key says no.
    await test.app.db.query(`create sequence met`)
    await test.app.db.query(
      `create function meet() returns trigger language plpgsql as $$
       begin
         if nextval('met') = 1 then raise unique_violation using constraint = 'conversation_thread_live'; end if;
         return new;
       end $$`,
    )
    await test.app.db.query(
      `create trigger met before update on conversation for each row when (old.state = 'closed') execute function meet()`,
    )
    try {
      await deliver({ from: 'meeting', providerKey: 'met', text: 'دو' })
      expect((await messageOf('met')).conversationId).toBe(first.id)
      expect(await asideNow()).toEqual([])
    } finally {
      await test.app.db.query('drop trigger met on conversation')
    }
  })
})

describe('an edit', () => {
  it('counts when it comes together with its message, whichever is first', async () => {
    const at = (second: number): string => new Date(Date.UTC(2025, 0, 1, 10, 0, second)).toISOString()
    await deliver(
      { from: 'hasty', providerKey: 'hasty:1', text: 'غلت', sentAt: at(0) },
      { type: 'edit', from: 'hasty', providerKey: 'hasty:1', text: 'غلط', sentAt: at(0), editedAt: at(1) },
      { type: 'edit', from: 'hasty', providerKey: 'hasty:2', text: 'دوم', sentAt: at(2), editedAt: at(3) },
      { type: 'edit', from: 'hasty', providerKey: 'hasty:2', text: 'سوم', sentAt: at(2), editedAt: at(4) },
      { from: 'hasty', providerKey: 'hasty:2', text: 'یکم', sentAt: at(2) },
    )
    const one = await messageOf('hasty:1')
    expect([one.text, one.revisions.map((revision) => revision.text)]).toEqual(['غلط', ['غلت']])
    expect((await messageOf('hasty:2')).text).toBe('سوم')
    const [conversation] = await conversationsOf('hasty')
    expect(conversation).toMatchObject({ lastText: 'سوم', unread: 2 })
  })

  it('leaves the message where it was among the found', async () => {
    await write(test, channel, 'searched', 'زعفران قدیم', { providerKey: 'searched:1' })
    await write(test, channel, 'searched', 'زعفران تازه', { providerKey: 'searched:2' })
    const later = new Date(Date.now() + 5000).toISOString()
    await deliver({ type: 'edit', from: 'searched', providerKey: 'searched:1', text: 'زعفران کهنه', editedAt: later })
    const { body } = await admin().get<PageOf<FoundMessage>>('/messages?search=زعفران')
    expect(body.items.map((item) => item.snippet.replace(/[\ue000\ue001]/g, ''))).toEqual([
      'زعفران تازه',
      'زعفران کهنه',
    ])
  })
})

it('a welcome whose file is gone does not cost the newcomer’s message', async () => {
  await test.app.db.query(`update channel set welcome = '{"text": "خوش آمدید", "fileId": "999999"}' where id = $1`, [
    channel.id,
  ])
  const forget = (): Promise<unknown> => admin().patch(`/channels/${channel.id}`, { reopenHours: 72 })
  await forget()
  try {
    const conversation = await write(test, channel, 'newcomer', 'سلام')
    expect(await asideNow()).toEqual([])
    const texts = (await readAll<TimelineItem>(admin(), `/conversations/${conversation.id}/messages`)).flatMap(
      (item) => (item.type === 'message' ? [item.message.text] : []),
    )
    expect(texts.toSorted()).toEqual(['خوش آمدید', 'سلام'].toSorted())
  } finally {
    await admin().patch(`/channels/${channel.id}`, { welcome: { text: '', fileId: null } })
  }
})

it('of several reports of one message the furthest counts', async () => {
  const conversation = await write(test, channel, 'reported', 'سلام')
  const { body } = await admin().post<{ message: { id: string } }>(`/conversations/${conversation.id}/messages`, {
    text: 'درود',
  })
  const state = async (): Promise<string> =>
    (await admin().get<MessageDetail>(`/messages/${body.message.id}`)).body.state
  await until(async () => (await state()) === 'sent')
  const report = { type: 'receipt', from: 'reported', providerKey: `sent:${body.message.id}`, text: '' }
  await deliver(
    { ...report, state: 'delivered', at: new Date().toISOString() },
    { ...report, state: 'read', at: new Date().toISOString() },
    { ...report, state: 'delivered', at: new Date().toISOString() },
  )
  expect(await state()).toBe('read')
})

describe('an event that cannot be processed', () => {
  it('is set aside with a storable reason, and told live, also when the network’s part says no', async () => {
    const before = await test.app.db.one<{ seq: string }>('select seq from live_counter')
    const kind = test.app.kinds.get('play')?.kind
    const receive = kind?.receive
    if (!kind || !receive) throw new Error('the test kind is not installed')
    kind.receive = (event, ctx) => {
      if ((event as { text?: string }).text === 'خراب') throw new Error('no sense in \0 this')
      return receive(event, ctx)
    }
    try {
      await deliver(
        { from: 'broken', providerKey: 'broken:1', text: 'خراب' },
        { from: 'broken', providerKey: 'broken:2', text: 'سالم' },
      )
    } finally {
      kind.receive = receive
    }
    expect((await messageOf('broken:2')).text).toBe('سالم')
    const [aside] = await asideNow()
    expect(aside).toMatchObject({ step: 'receive', reason: 'no sense in  this' })
    const told = await test.app.db.query(
      `select 1 from live_event where seq > $1 and need = 'inbound.view' and changes::text like '%quarantined%'`,
      [before?.seq],
    )
    expect(told).toHaveLength(1)
  })

  it('does not hold the channel for ever when the database runs out of time on it', async () => {
    await test.app.db.query(
      `create function tarry() returns trigger language plpgsql as $$
       begin raise query_canceled using message = 'canceling statement due to statement timeout'; end $$`,
    )
    await test.app.db.query(
      `create trigger tarrying before insert on message for each row when (new.text = 'سنگین') execute function tarry()`,
    )
    try {
      await deliver(
        { from: 'heavy', providerKey: 'heavy:1', text: 'سنگین' },
        { from: 'heavy', providerKey: 'heavy:2', text: 'سبک' },
      )
    } finally {
      await test.app.db.query('drop trigger tarrying on message')
    }
    expect((await messageOf('heavy:2')).text).toBe('سبک')
    const [aside] = await asideNow()
    expect(aside).toMatchObject({ step: 'store the message', reason: expect.stringContaining('timeout') })
    // The disturbance is over: replayed, it arrives.
    expect((await admin().post(`/inbound-events/${aside?.id}/replay`)).status).toBe(200)
    expect((await until(() => messageOf('heavy:1').then((one) => one.text === 'سنگین' && one))).direction).toBe('in')
  })
})

describe('what screens are told', () => {
  it('is what a reader finds, of texts, files, answers and edited ones, several in a chat', async () => {
    await deliver({ from: 'told', providerKey: 'told:0', text: 'سلام' })
    const attachments = [
      { kind: 'photo', name: 'عکس.jpg', mediaType: 'image/jpeg', size: 1200, width: 40, height: -1, remote: { id: 1 } },
      { kind: 'document', remote: { id: 2 } },
    ]
    const before = (await test.app.db.one<{ seq: string }>('select seq::text from live_counter'))?.seq
    await deliver(
      { from: 'told', providerKey: 'told:1', text: 'یک\u0000 و دو ' },
      { from: 'told', providerKey: 'told:2', text: '', kind: 'photo', attachments },
      { from: 'told', providerKey: 'told:3', text: 'پاسخ', replyToKey: 'told:0' },
      {
        from: 'told',
        providerKey: 'told:4',
        text: 'اینجا',
        kind: 'location',
        location: { latitude: 35.7, longitude: 51.4 },
      },
      // Older than what is there: it does not become the preview.
      { from: 'told', providerKey: 'told:5', text: 'دیر رسید', sentAt: '2020-01-01T00:00:00.000Z' },
    )
    const rows = await test.app.db.query<{ changes: LiveChange[] }>(
      `select changes from live_event where seq > $1 and channel_id = $2 order by seq`,
      [before, channel.id],
    )
    const told = rows.flatMap(({ changes }) => changes).filter((change) => change.kind === 'message')
    const arrived = told.filter(({ message }) => message.attachments.every(({ state }) => state === 'remote'))
    const ids = arrived.map(({ message }) => message.id)
    expect(ids).toHaveLength(5)
    const stored = await loadMessages(test.app.db, ids)
    // Files are fetched meanwhile.
    const asArrived = stored.map((message) => ({
      ...message,
      attachments: message.attachments.map((one) => ({ ...one, state: 'remote', failure: null, fileId: null })),
    }))
    expect(arrived.map(({ message }) => message)).toEqual(asArrived)
    const conversations = arrived.flatMap(({ conversation }) => conversation ?? [])
    expect(conversations).toEqual(await loadConversations(test.app.db, [conversations[0]?.id ?? '']))
    expect(conversations[0]).toMatchObject({ lastText: 'اینجا', lastKind: 'location', unread: 6 })
  })
})

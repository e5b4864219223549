import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Channel } from '#shared/api/channels.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { Conversation, Message, TimelineItem } from '#shared/api/conversations.ts'
import { type BalePerson, type BaleSimulator, createBaleSimulator, type SimBot } from '#simulators/bale/server.ts'
import { type Client, startTestApp, type TestApp, until } from '../../test/app.ts'

/** The main job on real parts: the program over HTTP, PostgreSQL, and the provider's wire. */
let app: TestApp
let sim: BaleSimulator
let bot: SimBot
let admin: Client
let channel: Channel
let people = 0

beforeAll(async () => {
  app = await startTestApp()
  sim = await createBaleSimulator({ deliveries: { firstMs: 30, maxMs: 200, timeoutMs: 3000 } })
  admin = app.as(app.people.administrator)
  ;({ bot, channel } = await makeChannel('webhook'))
})
afterAll(async () => {
  await app?.stop()
  await sim?.close()
})

let bots = 0
async function makeChannel(
  mode: 'webhook' | 'polling',
  more: Record<string, unknown> = {},
): Promise<{ bot: SimBot; channel: Channel }> {
  const token = `${7000 + ++bots}:test-token-0123456789abcdefghijkl${bots}`
  const made = sim.addBot({ token, username: `test_${bots}_bot`, name: 'پشتیبانی' })
  const answer = await admin.post<Channel>('/channels', {
    kind: 'bale',
    name: `بله ${bots}`,
    settings: { token, mode, baseUrl: sim.url, ratePerSecond: 500, ratePerChat: 100 },
    ...more,
  })
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  if (mode === 'webhook') await until(() => sim.webhook(made) !== '')
  return { bot: made, channel: answer.body }
}

function person(phone?: string): BalePerson {
  const n = ++people
  return sim.addPerson({ firstName: `نگار ${n}`, lastName: 'صالحی', ...(phone ? { phone } : {}) })
}

async function conversationOf(who: BalePerson, channelId = channel.id): Promise<Conversation> {
  return until(async () => {
    const { body } = await admin.get<PageOf<Conversation>>(`/conversations?channelId=${channelId}&limit=200`)
    return body.items.find((item) => item.contact.name.includes(who.firstName))
  })
}

async function thread(conversationId: string): Promise<TimelineItem[]> {
  const { body } = await admin.get<PageOf<TimelineItem>>(`/conversations/${conversationId}/messages?limit=200`)
  return body.items.toReversed()
}
async function messages(conversationId: string): Promise<Message[]> {
  return (await thread(conversationId)).flatMap((item) => (item.type === 'message' ? [item.message] : []))
}
async function messageState(id: string, state: string): Promise<Message> {
  return until(async () => {
    const { body } = await admin.get<Message>(`/messages/${id}`)
    return body.state === state ? body : undefined
  })
}
async function reply(conversationId: string, text: string): Promise<Message> {
  const { status, body } = await admin.post<{ type: 'message'; message: Message }>(
    `/conversations/${conversationId}/messages`,
    { text },
  )
  expect(status, JSON.stringify(body)).toBeLessThan(300)
  return body.message
}

describe('a customer writes and is answered', () => {
  test('text arrives once, the answer goes back once', async () => {
    const customer = person()
    customer.start(bot)
    customer.send(bot, 'سلام، سفارش من کی می‌رسد؟')
    const conversation = await conversationOf(customer)
    const arrived = await until(async () => {
      const all = await messages(conversation.id)
      return all.length === 2 ? all : undefined
    })
    expect(arrived.map((message) => [message.kind, message.text])).toEqual([
      ['start', '/start'],
      ['text', 'سلام، سفارش من کی می‌رسد؟'],
    ])
    expect(conversation.contact.kind).toBe('visitor')

    const sent = await reply(conversation.id, 'فردا به دستتان می‌رسد')
    await messageState(sent.id, 'sent')
    expect(
      customer
        .inbox(bot)
        .filter((message) => !message.mine)
        .map((message) => message.text),
    ).toEqual(['فردا به دستتان می‌رسد'])
    const { body: after } = await admin.get<Conversation>(`/conversations/${conversation.id}`)
    expect(after).toMatchObject({
      unread: 0,
      unansweredSince: null,
      lastDirection: 'out',
      lastText: 'فردا به دستتان می‌رسد',
    })
  })

  test('what is delivered twice, or after its edit, is one message', async () => {
    const customer = person()
    sim.faults.nextDelivery({ duplicates: 2, twins: 2 })
    const first = customer.send(bot, 'یک')
    const conversation = await conversationOf(customer)
    await sim.settled(bot)
    customer.edit(first, 'یک، درست‌شده')
    const edited = await until(async () =>
      (await messages(conversation.id)).find((message) => message.editedAt !== null),
    )
    expect(edited.text).toBe('یک، درست‌شده')
    expect(await messages(conversation.id)).toHaveLength(1)
    const { body: detail } = await admin.get<{ revisions: { text: string }[] }>(`/messages/${edited.id}`)
    expect(detail.revisions.map((revision) => revision.text)).toEqual(['یک'])
  })

  test('messages of one second keep the order the provider gave them', async () => {
    const customer = person()
    const said = Array.from({ length: 20 }, (_, n) => `شماره ${n + 1}`)
    sim.faults.reorder({ window: 6, holdMs: 30 })
    for (const text of said) customer.send(bot, text)
    const conversation = await conversationOf(customer)
    await sim.settled(bot)
    sim.faults.reorder(null)
    const texts = await until(async () => {
      const all = await messages(conversation.id)
      return all.length === said.length ? all.map((message) => message.text) : undefined
    })
    expect(texts).toEqual(said)
  })

  test('an answer within the second of our message stands below it', async () => {
    const customer = person()
    customer.start(bot)
    const conversation = await conversationOf(customer)
    for (let n = 1; n <= 3; n++) {
      const sent = await reply(conversation.id, `پرسش ${n}`)
      await messageState(sent.id, 'sent')
      customer.send(bot, `پاسخ ${n}`)
      await until(async () => (await messages(conversation.id)).length === 1 + 2 * n)
      const { body } = await admin.get<Conversation>(`/conversations/${conversation.id}`)
      expect(body).toMatchObject({ lastText: `پاسخ ${n}`, lastDirection: 'in' })
    }
    expect((await messages(conversation.id)).map((message) => message.text)).toEqual([
      '/start',
      'پرسش 1',
      'پاسخ 1',
      'پرسش 2',
      'پاسخ 2',
      'پرسش 3',
      'پاسخ 3',
    ])
  })

  test('attachments are fetched, and go out', async () => {
    const customer = person()
    const data = Buffer.from('%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n')
    customer.sendDocument(bot, { data, name: 'رسید ۱.pdf', mimeType: 'application/pdf', caption: 'رسید پرداخت' })
    const conversation = await conversationOf(customer)
    const message = await until(async () =>
      (await messages(conversation.id)).find((one) => one.attachments[0]?.state === 'ready'),
    )
    expect(message).toMatchObject({ kind: 'document', text: 'رسید پرداخت' })
    const file = await admin.fetch(`/files/${message.attachments[0]?.fileId}`)
    expect(Buffer.from(await file.arrayBuffer()).equals(data)).toBe(true)

    const form = new FormData()
    form.append('file', new Blob([data], { type: 'application/pdf' }), 'فاکتور.pdf')
    const upload = (await (await admin.fetch('/files', { method: 'POST', body: form })).json()) as { id: string }
    const { body } = await admin.post<{ message: Message }>(`/conversations/${conversation.id}/messages`, {
      text: 'فاکتور شما',
      attachmentIds: [upload.id],
    })
    await messageState(body.message.id, 'sent')
    const got = customer.inbox(bot).find((one) => one.file && !one.mine)
    expect(got?.caption).toBe('فاکتور شما')
    expect(got?.file?.data.equals(data)).toBe(true)
  })
})

describe('who somebody is', () => {
  test("an own number joins the visitor to the contact who has it; another's number binds nothing", async () => {
    const { body: known } = await admin.post<Contact>('/contacts', {
      kind: 'person',
      name: 'نگار صالحی (مشتری)',
      identities: [{ kind: 'phone', value: '۰۹۱۲ ۱۱۱ ۰۰۲۲' }],
    })
    const customer = person('989121110022')
    customer.send(bot, 'سلام')
    const conversation = await conversationOf(customer)
    customer.shareContactOf(bot, { phone: '989129998877', firstName: 'دیگری', userId: 999 })
    await until(async () =>
      (await thread(conversation.id)).some((item) => item.type === 'event' && item.event.kind === 'number_not_own'),
    )
    expect((await admin.get<Conversation>(`/conversations/${conversation.id}`)).body.contact.kind).toBe('visitor')

    customer.shareOwnContact(bot)
    await until(
      async () => (await admin.get<Conversation>(`/conversations/${conversation.id}`)).body.contact.id === known.id,
    )
    const { body: timeline } = await admin.get<PageOf<TimelineItem>>(`/contacts/${known.id}/timeline?type=message`)
    expect(timeline.items.map((item) => (item.type === 'message' ? item.message.kind : ''))).toEqual([
      'contact',
      'contact',
      'text',
    ])
    // Later messages land on the main profile.
    customer.send(bot, 'و این هم')
    await until(
      async () =>
        (await admin.get<PageOf<TimelineItem>>(`/contacts/${known.id}/timeline?type=message`)).body.items.length === 4,
    )
  })

  test('the welcome comes once, with the button for the number', async () => {
    const { bot: own, channel: other } = await makeChannel('webhook', {
      welcome: { text: 'خوش آمدید', askNumber: true, buttonText: 'ارسال شماره من' },
    })
    const customer = person()
    customer.start(own)
    customer.send(own, 'سلام')
    await sim.waitFor(() => customer.inbox(own).find((message) => message.text === 'خوش آمدید'))
    const conversation = await conversationOf(customer, other.id)
    await admin.patch(`/conversations/${conversation.id}`, { state: 'closed' })
    customer.send(own, 'باز هم سلام')
    await until(async () => (await admin.get<Conversation>(`/conversations/${conversation.id}`)).body.state === 'open')
    expect(customer.inbox(own).filter((message) => message.text === 'خوش آمدید')).toHaveLength(1)
    const welcome = sim.received(own).find((one) => one.text === 'خوش آمدید')
    expect(JSON.stringify(welcome?.request)).toContain('request_contact')
  })
})

describe('every fault has its outcome', () => {
  async function sendUnder(
    fault: Parameters<BaleSimulator['faults']['next']>[1],
  ): Promise<{ customer: BalePerson; message: Message }> {
    const customer = person()
    customer.start(bot)
    const conversation = await conversationOf(customer)
    sim.faults.next('sendMessage', fault)
    return { customer, message: await reply(conversation.id, `پاسخ به ${customer.firstName}`) }
  }
  const copies = (text: string): number => sim.received(bot).filter((one) => one.text === text).length

  test('429 waits as long as it was told, then goes once', async () => {
    const { message } = await sendUnder({ status: 429, retryAfter: 1 })
    await messageState(message.id, 'sent')
    expect(copies(message.text)).toBe(1)
    const { body } = await admin.get<{ attempts: { outcome: string; startedAt: string }[] }>(`/messages/${message.id}`)
    expect(body.attempts.map((attempt) => attempt.outcome)).toEqual(['later', 'sent'])
  })
  test('an answer that got lost is unknown; a person may send it again', async () => {
    const { message } = await sendUnder({ cut: 'after' })
    const unknown = await messageState(message.id, 'unknown')
    expect(unknown.retryable).toBe(true)
    expect(copies(message.text)).toBe(1)
    expect((await admin.post(`/messages/${message.id}/retry`)).status).toBe(200)
    await messageState(message.id, 'sent')
    expect(copies(message.text)).toBe(2)
  })
  test('a blocked bot is unreachable and said so', async () => {
    const customer = person()
    customer.start(bot)
    const conversation = await conversationOf(customer)
    customer.block(bot)
    const message = await reply(conversation.id, 'هستید؟')
    const failed = await messageState(message.id, 'failed')
    expect(failed.failure?.code).not.toBe('')
    const { rows } = await app.database.pool.query('select reachable from identity_reach where channel_id = $1', [
      channel.id,
    ])
    expect(rows).toContainEqual({ reachable: false })
  })
  test('400 is refused for good', async () => {
    const { message } = await sendUnder({ status: 400 })
    await messageState(message.id, 'failed')
    expect(copies(message.text)).toBe(0)
  })
  test('a revoked token stops the channel; messages wait and go when it is mended', async () => {
    const { bot: own, channel: other } = await makeChannel('webhook')
    const customer = person()
    customer.start(own)
    const conversation = await conversationOf(customer, other.id)
    const heal = sim.faults.always('sendMessage', { status: 401 })
    const message = await reply(conversation.id, 'می‌ماند تا درست شود')
    await until(async () => (await admin.get<Channel>(`/channels/${other.id}`)).body.state === 'broken')
    heal()
    expect((await admin.patch(`/channels/${other.id}`, { state: 'active' })).status).toBe(200)
    await messageState(message.id, 'sent')
  })
})

describe('the road in', () => {
  test('an event that cannot be processed is set aside with its reason, its neighbours go on, and it can be replayed', async () => {
    const customer = person()
    sim.inject(bot, { message: { message_id: 'not a number', chat: 5 } })
    customer.send(bot, 'همسایه')
    await conversationOf(customer)
    const { body } = await admin.get<PageOf<{ id: string; step: string; reason: string }>>(
      `/inbound-events?state=quarantined&channelId=${channel.id}`,
    )
    expect(body.items[0]).toMatchObject({ step: 'receive' })
    expect(body.items[0]?.reason).not.toBe('')
    const replayed = await admin.post(`/inbound-events/${body.items[0]?.id}/replay`)
    expect(replayed.status).toBe(200)
    await until(
      async () =>
        (await admin.get<PageOf<{ id: string; attempts: number }>>('/inbound-events?state=quarantined')).body.items[0]
          ?.attempts === 2,
    )
  })

  test('polling stores what came and its place in one go, and never asks for the same again', async () => {
    const { bot: own, channel: other } = await makeChannel('polling')
    const customer = person()
    for (let n = 1; n <= 5; n++) customer.send(own, `پیام ${n}`)
    const conversation = await conversationOf(customer, other.id)
    await until(async () => (await messages(conversation.id)).length === 5)
    await sim.settled(own, { timeoutMs: 40_000 })
    expect((await messages(conversation.id)).map((message) => message.text)).toEqual(
      [1, 2, 3, 4, 5].map((n) => `پیام ${n}`),
    )
  })

  test.each([
    ['nonsense', 'not json', 'application/json', 400],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 'application/json', 400],
    ['nothing', '', 'application/json', 400],
    ['a number', '5', 'application/json', 200],
    ['deep nesting', `${'['.repeat(50_000)}${']'.repeat(50_000)}`, 'application/json', undefined],
    ['two megabytes', JSON.stringify({ update_id: 1, x: 'a'.repeat(2_000_000) }), 'application/json', 413],
    [
      'an escaped NUL',
      '{"update_id":99001,"message":{"message_id":1,"date":1,"from":{"id":77,"first_name":"a\\u0000b"},"chat":{"id":77,"type":"private"},"text":"x\\u0000\\ud800y"}}',
      'application/json',
      200,
    ],
    ['no media type', '{"update_id":99002}', '', 200],
  ])('hook: %s', async (_name, body, mediaType, status) => {
    const answer = await fetch(channel.webhookUrl ?? '', {
      method: 'POST',
      body,
      headers: mediaType ? { 'content-type': mediaType } : {},
    })
    expect(answer.status).toBeLessThan(500)
    if (status !== undefined) expect(answer.status).toBe(status)
    if (answer.status >= 400)
      expect(await answer.json()).toMatchObject({ code: expect.stringMatching(/^(hook_body_invalid|too_large)$/) })
  })

  test('hook: a wrong secret is told nothing', async () => {
    const answer = await fetch(`${app.url}/hooks/${'x'.repeat(43)}`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(404)
  })

  test('hostile events end as messages or set aside, never stuck', async () => {
    await until(
      async () => (await app.database.pool.query(`select 1 from inbound_event where state = 'pending'`)).rowCount === 0,
    )
  })
})

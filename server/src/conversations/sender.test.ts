import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Channel } from '#shared/api/channels.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { Conversation, Message } from '#shared/api/conversations.ts'
import { type BalePerson, type BaleSimulator, createBaleSimulator, type SimBot } from '#simulators/bale/server.ts'
import { type Client, startTestApp, type TestApp, until } from '../../test/app.ts'
import { backoffSeconds } from './settle.ts'

/** Two nodes on one database: what they share is the outbox, the rates and the locks. */
let app: TestApp
let second: TestApp
let sim: BaleSimulator
let admin: Client

beforeAll(async () => {
  app = await startTestApp()
  second = await startTestApp({ database: app.database, config: { secretKey: app.app.config.secretKey } })
  sim = await createBaleSimulator()
  admin = app.as(app.people.administrator)
})
afterAll(async () => {
  await second?.stop()
  await app?.stop()
  await sim?.close()
})

let bots = 0
async function desk(
  rates: { ratePerSecond: number; ratePerChat: number },
  customers: number,
): Promise<{ bot: SimBot; channel: Channel; people: BalePerson[]; conversations: Conversation[] }> {
  const token = `${8000 + ++bots}:sender-test-0123456789abcdefghijk${bots}`
  const bot = sim.addBot({ token, username: `sender_${bots}_bot`, name: 'پشتیبانی' })
  const { body: channel } = await admin.post<Channel>('/channels', {
    kind: 'bale',
    name: `بله ${bots}`,
    settings: { token, mode: 'webhook', baseUrl: sim.url, ...rates },
  })
  await until(() => sim.webhook(bot) !== '')
  const people = Array.from({ length: customers }, (_, n) => sim.addPerson({ firstName: `مشتری ${n + 1}` }))
  for (const person of people) person.start(bot)
  const conversations = await until(async () => {
    const { body } = await admin.get<PageOf<Conversation>>(`/conversations?channelId=${channel.id}&limit=200`)
    return body.items.length === customers ? body.items : undefined
  })
  return { bot, channel, people, conversations }
}
const textsOf = (person: BalePerson, bot: SimBot): (string | undefined)[] =>
  person
    .inbox(bot)
    .filter((message) => !message.mine)
    .map((message) => message.text)

describe('sending', () => {
  test('two nodes keep one rate, one order per chat, and send nothing twice', async () => {
    const { bot, people, conversations } = await desk({ ratePerSecond: 40, ratePerChat: 20 }, 10)
    const wanted: string[] = []
    for (let n = 1; n <= 8; n++) {
      // Both nodes take messages in and send.
      const answers = await Promise.all(
        conversations.map((conversation, at) =>
          (at % 2 ? second : app)
            .as(app.people.administrator)
            .post(`/conversations/${conversation.id}/messages`, { text: `${at}:${n}` }),
        ),
      )
      for (const answer of answers) expect(answer.status).toBeLessThan(300)
      wanted.push(...conversations.map((_, at) => `${at}:${n}`))
    }
    await until(() => sim.received(bot).length >= wanted.length)
    const got = sim.received(bot).map((one) => one.text ?? '')
    expect(got.toSorted()).toEqual(wanted.toSorted())
    for (const person of people) {
      const order = textsOf(person, bot).map((text) => Number(text?.split(':')[1]))
      expect(order).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    }
    // Two nodes that did not share it would come to 80; a stalled processor bunches two or three at most.
    expect(sim.rates(bot).perBot).toBeLessThanOrEqual(46)
  })

  test('a reply overtakes what is sent in bulk', async () => {
    const { bot, channel, conversations } = await desk({ ratePerSecond: 20, ratePerChat: 20 }, 20)
    const [first, ...others] = conversations
    await app.app.db.transaction(async (tx) => {
      for (const conversation of others) {
        for (let n = 0; n < 4; n++) {
          const row = await tx.one<{ id: string }>(
            `insert into message (conversation_id, channel_id, contact_id, direction, state, text, at, origin) values ($1, $2, $3, 'out', 'waiting', 'انبوه', now(), 'api') returning id`,
            [conversation.id, channel.id, conversation.contact.id],
          )
          await tx.query(
            `insert into outbox (message_id, channel_id, thread_key, priority) select $1, $2, thread_key, 9 from conversation where id = $3`,
            [row?.id, channel.id, conversation.id],
          )
        }
      }
    })
    await until(() => sim.received(bot).length > 5)
    await admin.post(`/conversations/${first?.id}/messages`, { text: 'پاسخ' })
    await until(() => sim.received(bot).some((one) => one.text === 'پاسخ'))
    // 76 were waiting; the reply did not wait for them.
    expect(sim.received(bot).length).toBeLessThan(40)
  })

  test('what a dead node was sending is unknown at once, and is not sent again', async () => {
    const { bot, channel, conversations } = await desk({ ratePerSecond: 100, ratePerChat: 20 }, 1)
    await admin.patch(`/channels/${channel.id}`, { state: 'paused' })
    const [conversation] = conversations
    const row = await app.app.db.one<{ id: string }>(
      `insert into message (conversation_id, channel_id, contact_id, direction, state, text, at, origin) values ($1, $2, $3, 'out', 'sending', 'ناتمام', now(), 'agent') returning id`,
      [conversation?.id, channel.id, conversation?.contact.id],
    )
    await app.app.db.query(`insert into message_attempt (message_id, n, node) values ($1, 1, 'dead')`, [row?.id])
    await app.app.db.query(
      `insert into outbox (message_id, channel_id, thread_key, attempts, lease_node) select $1, $2, thread_key, 1, 123456789 from conversation where id = $3`,
      [row?.id, channel.id, conversation?.id],
    )
    const message = await until(async () => {
      const { body } = await admin.get<Message>(`/messages/${row?.id}`)
      return body.state === 'unknown' ? body : undefined
    })
    expect(message.failure?.code).toBe('interrupted')
    await admin.patch(`/channels/${channel.id}`, { state: 'active' })
    await admin.post(`/conversations/${conversation?.id}/messages`, { text: 'بعدی' })
    await until(() => sim.received(bot).some((one) => one.text === 'بعدی'))
    expect(sim.received(bot).some((one) => one.text === 'ناتمام')).toBe(false)
  })

  test('a message can be taken back while it waits, not after', async () => {
    const { bot, channel, conversations } = await desk({ ratePerSecond: 100, ratePerChat: 20 }, 1)
    const path = `/conversations/${conversations[0]?.id}/messages`
    const heal = sim.faults.always('sendMessage', { status: 429, retryAfter: 2 })
    const { body } = await admin.post<{ message: Message }>(path, { text: 'پشیمان شدم' })
    await until(
      async () =>
        (await admin.get<{ attempts: { outcome: string | null }[] }>(`/messages/${body.message.id}`)).body.attempts[0]
          ?.outcome === 'later',
    )
    expect((await admin.post(`/messages/${body.message.id}/cancel`)).status).toBe(200)
    heal()
    const { body: next } = await admin.post<{ message: Message }>(path, { text: 'این برود' })
    await until(async () => (await admin.get<Message>(`/messages/${next.message.id}`)).body.state === 'sent')
    expect((await admin.post(`/messages/${next.message.id}/cancel`)).status).toBe(409)
    expect(sim.received(bot).map((one) => one.text)).toEqual(['این برود'])
    expect(channel.state).toBe('active')
  })
})

test('a node with another key does not start', async () => {
  await expect(startTestApp({ database: app.database })).rejects.toThrow(/SECRET_KEY/)
})

test('waiting grows and is bounded', () => {
  for (let attempt = 1; attempt < 30; attempt++) {
    for (const dice of [0, 0.5, 1]) {
      const seconds = backoffSeconds(attempt, dice)
      expect(seconds).toBeGreaterThanOrEqual(Math.min(2 ** attempt, 3600) * 0.9)
      expect(seconds).toBeLessThanOrEqual(3961)
    }
  }
})

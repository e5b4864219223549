import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Channel } from '#shared/api/channels.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { ContactRoutes, Conversation, MessageDetail, TimelineItem } from '#shared/api/conversations.ts'
import type { CostEntry } from '#shared/api/costs.ts'
import {
  type BalePerson,
  type BaleSimulator,
  createBaleSimulator,
  type InboxButton,
  type SimBot,
  type SimSafir,
} from '#simulators/bale/server.ts'
import { type Client, startTestApp, type TestApp, until } from '../../test/app.ts'

/** From a number to a chat, on real parts: the program over HTTP, PostgreSQL, Bale's wire and Safir's. */
let app: TestApp
let sim: BaleSimulator
let admin: Client
let bot: SimBot
let safir: SimSafir
let chat: Channel
let line: Channel
const PRICE = { amount: '9500', currency: 'IRR' }

beforeAll(async () => {
  app = await startTestApp()
  sim = await createBaleSimulator({ deliveries: { firstMs: 30, maxMs: 200, timeoutMs: 3000 } })
  admin = app.as(app.people.administrator)
  const token = '7700:first-contact-0123456789abcdefghijkl'
  bot = sim.addBot({ token, username: 'shop_bot', name: 'فروشگاه' })
  safir = sim.addSafir({ credit: 100 })
  const rates = { baseUrl: sim.url, ratePerSecond: 500, ratePerChat: 100 }
  chat = await make({ kind: 'bale', name: 'بله', settings: { token, mode: 'webhook', ...rates } })
  line = await make({
    kind: 'bale-safir',
    name: 'سفیر',
    settings: { apiKey: safir.key, botId: token.split(':')[0], ...rates },
  })
  await until(() => sim.webhook(bot) !== '')
  // The address of a link is made of the name that the connection check learns.
  expect((await admin.post(`/channels/${chat.id}/check`)).status).toBe(200)
  expect((await admin.post('/prices', { channelId: line.id, price: PRICE })).status).toBe(201)
})
afterAll(async () => {
  await app?.stop()
  await sim?.close()
})

async function make(channel: object): Promise<Channel> {
  const { status, body } = await admin.post<Channel>('/channels', channel)
  expect(status, JSON.stringify(body)).toBe(201)
  return body
}

let people = 0
/** Somebody with Bale whom the office knows by number only. */
async function known(): Promise<{ id: string; who: BalePerson }> {
  const who = stranger()
  const { body } = await admin.post<Contact>('/contacts', {
    kind: 'person',
    name: `${who.firstName} (مشتری)`,
    identities: [{ kind: 'phone', value: `+${who.phone}` }],
  })
  return { id: body.id, who }
}
function stranger(): BalePerson {
  const n = ++people
  return sim.addPerson({ firstName: `سارا ${n}`, phone: `98912555${String(1000 + n)}` })
}

/** Writes by the best way there is. */
async function send(contactId: string, text: string): Promise<MessageDetail> {
  const { status, body } = await admin.post<Conversation>('/conversations', { contactId, message: { text } })
  expect(status, JSON.stringify(body)).toBe(201)
  return until(async () => {
    const { body: items } = await admin.get<PageOf<TimelineItem>>(`/conversations/${body.id}/messages`)
    const found = items.items.flatMap((item) =>
      item.type === 'message' && item.message.text === text ? item.message : [],
    )
    const detail = found[0] && (await admin.get<MessageDetail>(`/messages/${found[0].id}`)).body
    return detail?.state === 'sent' && detail
  })
}

/** Sends to a number and answers with the button that stands on the phone. */
async function buttonFor({ id, who }: { id: string; who: BalePerson }): Promise<InboxButton> {
  const text = `پیام برای ${who.firstName}`
  await send(id, text)
  const button = who.inbox(bot).find((message) => message.text === text)?.buttons[0]?.[0]
  if (!button) throw new Error('no button stands below the message')
  return button
}
const routes = async (contactId: string): Promise<ContactRoutes> =>
  (await admin.get<ContactRoutes>(`/contacts/${contactId}/routes`)).body
async function told(contactId: string, kind: string): Promise<string[]> {
  return until(async () => {
    const { body } = await admin.get<PageOf<TimelineItem>>(`/contacts/${contactId}/timeline?limit=100`)
    const kinds = body.items.flatMap((item) => (item.type === 'event' ? [item.event.kind] : []))
    return kinds.includes(kind) && kinds
  })
}
/** The contact whose chat with the bot this is, once what was said in it is there. */
async function holderOf(who: BalePerson): Promise<string> {
  await sim.settled(bot)
  const row = await until(() =>
    app.app.db.one<{ root_id: string }>(
      `select c.root_id from identity i join contact c on c.id = i.contact_id where i.kind = 'bale' and i.value = $1
         and not exists (select from inbound_queue)`,
      [String(who.id)],
    ),
  )
  return row.root_id
}

test('the first message goes by number; its button, the start and the number lead to the chat, by which the next one goes for nothing', async () => {
  const sara = await known()
  expect(await routes(sara.id)).toMatchObject({
    ways: [{ channelId: line.id, reason: 'only_way', price: PRICE, saved: null }],
    no: [{ channelId: chat.id, reason: 'no_address' }],
  })
  const first = await send(sara.id, 'سلام، سفارش شما آماده است.')
  expect(first.route).toMatchObject({ reason: 'only_way', price: PRICE })
  const [received] = sim.safirReceived(safir)
  expect(received).toMatchObject({ phone: sara.who.phone, personId: sara.who.id, repeats: 0 })
  const button = sara.who.inbox(bot)[0]?.buttons[0]?.[0]
  expect(button?.url).toMatch(/^https:\/\/ble\.ir\/shop_bot\?start=df_[\w-]{43}$/)
  if (!button) return

  sara.who.openLink(button)
  await told(sara.id, 'start_link_used')
  expect(await holderOf(sara.who)).toBe(sara.id)
  // The bot asks for the number, with the button that proves it.
  await until(() =>
    sara.who
      .keyboard(bot)
      ?.flat()
      .some((key) => key.request_contact === true),
  )
  sara.who.shareOwnContact(bot)
  await until(async () => {
    const { body } = await admin.get<Contact>(`/contacts/${sara.id}`)
    return body.identities.some(({ kind, verified }) => kind === 'phone' && verified)
  })
  const { ways } = await routes(sara.id)
  expect(ways[0]).toMatchObject({ channelId: chat.id, reason: 'known_chat', saved: PRICE })
  expect(ways.map(({ channelId }) => channelId)).toEqual([chat.id, line.id])

  const next = await send(sara.id, 'پیک در راه است.')
  expect(next).toMatchObject({ channelId: chat.id, route: { reason: 'known_chat', price: null, saved: PRICE } })
  expect(sim.received(bot).some((one) => one.text === 'پیک در راه است.')).toBe(true)
  expect(sim.safirReceived(safir)).toHaveLength(1)
  const { body: costs } = await admin.get<PageOf<CostEntry>>(`/costs/entries?contactId=${sara.id}`)
  expect(costs.items.map(({ price, saved, state }) => [price.amount, saved.amount, state])).toEqual([
    ['0', '9500', 'spent'],
    ['9500', '0', 'spent'],
  ])
})

test('forwarded: who shares another number is somebody else again, and the next message goes by number as before', async () => {
  const mina = await known()
  const friend = stranger()
  const button = await buttonFor(mina)
  friend.openLink(button)
  await told(mina.id, 'start_link_used')
  expect(await holderOf(friend)).toBe(mina.id)
  friend.shareOwnContact(bot)
  await told(mina.id, 'start_link_forwarded')
  const other = await holderOf(friend)
  expect(other).not.toBe(mina.id)
  expect((await told(other, 'number_shared')).includes('start_link_forwarded')).toBe(true)
  expect((await routes(mina.id)).ways[0]?.channelId).toBe(line.id)
  const before = sim.safirReceived(safir).length
  await send(mina.id, 'این برای میناست.')
  expect(sim.safirReceived(safir).slice(before)).toMatchObject([{ phone: mina.who.phone, text: 'این برای میناست.' }])
  expect(friend.inbox(bot).some((message) => message.text === 'این برای میناست.')).toBe(false)
})

describe('a button that is no good any more binds nobody', () => {
  test('expired: its own person stays known by number', async () => {
    const reza = await known()
    const button = await buttonFor(reza)
    await app.app.db.query(`update start_link set expires_at = now() - interval '1 minute' where contact_id = $1`, [
      reza.id,
    ])
    reza.who.openLink(button)
    const visitor = await holderOf(reza.who)
    expect(visitor).not.toBe(reza.id)
    await told(visitor, 'start_link_expired')
    expect((await routes(reza.id)).ways[0]?.channelId).toBe(line.id)
    // Sharing the number joins them all the same.
    reza.who.shareOwnContact(bot)
    await until(async () => (await holderOf(reza.who)) === reza.id)
  })

  test('reused: the first stays bound, the second is somebody else, and both records say so', async () => {
    const nima = await known()
    const button = await buttonFor(nima)
    nima.who.openLink(button)
    await told(nima.id, 'start_link_used')
    const thief = stranger()
    thief.openLink(button)
    const visitor = await holderOf(thief)
    expect(visitor).not.toBe(nima.id)
    await told(visitor, 'start_link_reused')
    await told(nima.id, 'start_link_reused')
    expect(await holderOf(nima.who)).toBe(nima.id)
    expect((await routes(nima.id)).ways[0]?.channelId).toBe(chat.id)
  })
})

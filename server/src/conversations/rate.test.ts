import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Channel } from '#shared/api/channels.ts'
import type { ChannelPace } from '#shared/api/costs.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { Conversation } from '#shared/api/conversations.ts'
import { type BaleSimulator, createBaleSimulator, type SimBot } from '#simulators/bale/server.ts'
import { type Client, startTestApp, type TestApp, until } from '../../test/app.ts'
import { playKind } from '../../test/channel-kind.ts'
import { makeChannel } from '../../test/desk.ts'
import { keepMoments, type Pace, paceNow, paceOf, slowDown, takeMoments } from './rate.ts'

let app: TestApp
let sim: BaleSimulator
let admin: Client
beforeAll(async () => {
  app = await startTestApp()
  sim = await createBaleSimulator()
  admin = app.as(app.people.administrator)
})
afterAll(async () => {
  await app?.stop()
  await sim?.close()
})

const pace = (key: string): Pace => ({ key, channel: 40, chat: 1, account: 40 })

describe('what refusals teach', () => {
  test('an account goes slower at once, once for several refusals, and gets its speed back over minutes', async () => {
    const own = pace('account:test:1')
    const slow = (): Promise<boolean> => app.app.db.transaction((tx) => slowDown(tx, own, 'rate_limited'))
    const ago = (seconds: number): Promise<unknown> =>
      app.app.db.query(`update pace set slowed_at = now() - $2 * interval '1 second' where key = $1`, [
        own.key,
        seconds,
      ])
    const channel = await makePlay()
    expect((await paceNow(app.app.db, channel.id, own)).factor).toBe(1)
    expect(await slow()).toBe(true)
    expect(await slow()).toBe(false)
    expect((await paceNow(app.app.db, channel.id, own)).factor).toBeCloseTo(0.7)
    await ago(2)
    expect(await slow()).toBe(true)
    expect((await paceNow(app.app.db, channel.id, own)).factor).toBeCloseTo(0.49)
    await ago(30 + 60)
    const later = await paceNow(app.app.db, channel.id, own)
    expect(later.factor).toBeCloseTo(0.59)
    expect(later.code).toBe('rate_limited')
    const taken = await app.app.db.transaction((tx) => takeMoments(tx, channel.id, own, 1, { wanted: 1, unused: 0 }))
    expect(taken.channel).toBeCloseTo(40 * 0.59, 0)
    await ago(30 + 600)
    expect(await paceNow(app.app.db, channel.id, own)).toMatchObject({ factor: 1, code: null })
  })

  test('the channel says how fast it goes now and why, and sends nothing while it is told to wait', async () => {
    const { bot, channel, conversations } = await desk({ ratePerSecond: 20, ratePerChat: 20 }, 1)
    const path = `/channels/${channel.id}/pace`
    expect((await admin.get<ChannelPace>(path)).body).toMatchObject({ allowed: { channel: 20 }, now: 20, slowed: null })
    sim.faults.next('sendMessage', { status: 429, retryAfter: 2 })
    await admin.post(`/conversations/${conversations[0]?.id}/messages`, { text: 'آرام' })
    const slowed = await until(async () => {
      const { body } = await admin.get<ChannelPace>(path)
      return body.slowed && body.heldUntil ? body : undefined
    })
    expect(slowed.now).toBe(14)
    expect(slowed.slowed?.code).toBe('rate_limited')
    await until(() => sim.received(bot).length === 1)
    expect((await app.as(app.people.stranger).get(path)).status).toBe(403)
  })
})

test('channels of one account are counted together, others apart', async () => {
  const play = playKind('shared')
  const kind = { ...play.installed.kind, account: (settings: Record<string, unknown>) => String(settings['token']) }
  const channel = (id: string, token: string, more: object = {}) =>
    paceOf({ id, kind: { ...play.installed, kind }, settings: { token, ratePerSecond: 5, ...more } })
  expect(channel('1', 'a').key).toBe(channel('2', 'a').key)
  expect(channel('1', 'a').key).not.toBe(channel('3', 'b').key)
  expect(channel('1', 'a').key).not.toContain('token')
  expect(channel('1', 'a').account).toBe(5)
  expect(channel('1', 'a', { ratePerAccount: 9 }).account).toBe(9)

  const [one, two] = [await makePlay(), await makePlay()]
  const own = { ...pace('account:test:2'), channel: 10, account: 10 }
  await app.app.db.transaction(async (tx) => {
    const taken = await takeMoments(tx, one.id, own, 1, { wanted: 5, unused: 0 })
    const chats = taken.moments.map((at, n) => ({ threadKey: String(n), at }))
    await keepMoments(
      tx,
      one.id,
      own,
      { ...taken, moments: [...taken.moments.slice(0, -1), Date.now() + 300] },
      chats,
      1,
    )
  })
  const other = await app.app.db.transaction((tx) => takeMoments(tx, two.id, own, 1, { wanted: 5, unused: 0 }))
  expect(other.moments).toEqual([])
  expect(other.nextAt).toBeGreaterThan(Date.now() + 200)
})

test('a reply is there within 200 ms though bulk fills the rate, and the rate is kept', async () => {
  sim.limits.perBotPerSecond = 25
  sim.limits.enforce = false
  const { bot, channel, conversations } = await desk({ ratePerSecond: 25, ratePerChat: 25 }, 30)
  const [first, ...others] = conversations
  await app.app.db.query(
    `with made as (
       insert into message (conversation_id, channel_id, contact_id, direction, state, text, at, origin)
       select c.id, c.channel_id, c.contact_id, 'out', 'waiting', 'انبوه', now(), 'api' from generate_series(1, 8), conversation c
       where c.id = any($1::bigint[]) returning id, conversation_id)
     insert into outbox (message_id, channel_id, thread_key, priority)
     select made.id, $2, c.thread_key, 9 from made join conversation c on c.id = made.conversation_id`,
    [others.map((one) => one.id), channel.id],
  )
  await until(() => sim.received(bot).length > 30)
  const delays: number[] = []
  for (let n = 0; n < 5; n++) {
    const text = `پاسخ ${n}`
    const { status } = await admin.post(`/conversations/${first?.id}/messages`, { text })
    expect(status).toBeLessThan(300)
    // From its being queued: how busy the machine is with the request is not of the rate.
    const asked = Date.now()
    const there = await until(() => sim.received(bot).find((one) => one.text === text), { every: 2 })
    delays.push(there.at - asked)
  }
  expect(Math.min(...delays)).toBeLessThan(200)
  expect(delays.toSorted((a, b) => a - b)[2]).toBeLessThan(200)
  expect(sim.rates(bot).violations).toBe(0)
})

async function makePlay(): Promise<Channel> {
  app.app.kinds.set('play', playKind().installed)
  return makeChannel(app)
}

let bots = 0
async function desk(
  rates: { ratePerSecond: number; ratePerChat: number },
  customers: number,
): Promise<{ bot: SimBot; channel: Channel; conversations: Conversation[] }> {
  const token = `${8600 + ++bots}:rate-test-0123456789abcdefghijklm${bots}`
  const bot = sim.addBot({ token, username: `rate_${bots}_bot`, name: 'پشتیبانی' })
  const { body: channel } = await admin.post<Channel>('/channels', {
    kind: 'bale',
    name: `بله ${bots}`,
    settings: { token, mode: 'webhook', baseUrl: sim.url, ...rates },
  })
  await until(() => sim.webhook(bot) !== '')
  for (let n = 1; n <= customers; n++) sim.addPerson({ firstName: `مشتری ${n}` }).start(bot)
  const conversations = await until(async () => {
    const { body } = await admin.get<PageOf<Conversation>>(`/conversations?channelId=${channel.id}&limit=200`)
    return body.items.length === customers ? body.items : undefined
  })
  return { bot, channel, conversations }
}

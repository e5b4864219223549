import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { ChannelError, type Outbound } from '#channels/contract.ts'
import type { Channel } from '#shared/api/channels.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { ContactRoutes, Conversation, MessageDetail, TimelineItem } from '#shared/api/conversations.ts'
import type { Money } from '#shared/api/field-values.ts'
import { startTestApp, type TestApp, until } from '../../test/app.ts'
import { install, PLAY_TOKEN, type PlayKind, playKind } from '../../test/channel-kind.ts'
import { deskUser, makeChannel, write } from '../../test/desk.ts'
import { type Happening, onHappened } from '../platform/happenings.ts'
import { type Channels, createChannels, type LiveChannel } from './channel-registry.ts'
import { PRIORITY } from './outbound.ts'
import { type Address, judge, takeBack, type Ways, waysTo, writeTo, type Writing } from './routes.ts'
import { settle } from './settle.ts'

/** A bot one must have written to, and two lines by number, of which the second carries less. */
let test: TestApp
let bot: PlayKind
let line: PlayKind
let sms: PlayKind
let botChannel: Channel
let lineChannel: Channel
let smsChannel: Channel
let channels: Channels
let told: Happening[] = []
beforeAll(async () => {
  test = await startTestApp()
  bot = playKind('play')
  line = playKind('line', { firstContact: true, identityKind: 'phone' })
  sms = playKind('sms', { firstContact: true, identityKind: 'phone' })
  for (const kind of [bot, line, sms]) install(test.app, kind)
  botChannel = await makeChannel(test, { name: 'bot' })
  lineChannel = await makeChannel(test, { kind: 'line', name: 'line', settings: { token: PLAY_TOKEN } })
  smsChannel = await makeChannel(test, { kind: 'sms', name: 'sms', settings: { token: PLAY_TOKEN } })
  channels = createChannels(test.app)
  onHappened('routes.test', async (_, happenings) => void told.push(...happenings))
})
afterAll(async () => {
  onHappened('routes.test', async () => undefined)
  await test.stop()
})
beforeEach(() => {
  for (const kind of [bot, line, sms]) kind.behave = {}
  told = []
})

const admin = () => test.as(test.people.administrator)
let people = 0
/** Somebody with a number. */
async function person(): Promise<{ id: string; phone: string }> {
  const phone = `+98912${String(5_000_000 + ++people)}`
  const { status, body } = await admin().post<Contact>('/contacts', {
    kind: 'person',
    name: `شخص ${people}`,
    identities: [{ kind: 'phone', value: phone }],
  })
  expect(status, JSON.stringify(body)).toBe(201)
  return { id: body.id, phone }
}
/** Somebody who wrote to the bot. */
async function writer(): Promise<{ id: string; conversation: Conversation }> {
  const conversation = await write(test, botChannel, `writer-${++people}`, 'سلام')
  return { id: conversation.contact.id, conversation }
}
const live = async (...wanted: Channel[]): Promise<LiveChannel[]> => {
  const all = await channels.all()
  return wanted.flatMap(({ id }) => all.find((channel) => channel.id === id) ?? [])
}
async function waysOf(id: string, ...wanted: Channel[]): Promise<Ways> {
  return (await waysTo(test.app.db, await live(...wanted), [id])).get(id) ?? { ways: [], no: [] }
}
async function writing(id: string, over: Partial<Writing> = {}, ...wanted: Channel[]): Promise<Writing> {
  const { ways } = await waysOf(id, ...(wanted.length > 0 ? wanted : [lineChannel, smsChannel]))
  const [first, ...others] = ways
  if (!first) throw new Error('no way')
  return { ways: [first, ...others], text: 'خبر', origin: 'campaign', campaignId: '77', ...over }
}
const bulk = (...writings: Writing[]): Promise<string[]> =>
  test.app.db.transaction((tx) => writeTo(tx, channels, writings, PRIORITY.bulk))
const detail = async (id: string): Promise<MessageDetail> => (await admin().get<MessageDetail>(`/messages/${id}`)).body
const settled = (id: string, ...states: string[]): Promise<MessageDetail> =>
  until(async () => {
    const message = await detail(id)
    return states.includes(message.state) && message
  })
const price = async (channel: Channel, amount: string): Promise<void> => {
  await test.app.db.query('delete from price where channel_id = $1', [channel.id])
  await test.app.db.query(
    `insert into price (channel_id, amount, currency, valid_from) values ($1, $2, 'IRR', now() - interval '1 day')`,
    [channel.id, amount],
  )
}
const gone = (): never => {
  throw new ChannelError('unreachable', 'not_there', 'the number is not there')
}

describe('the choice', () => {
  const kinds = ['chat', 'number'] as const
  const channelOf = (id: number, kind: (typeof kinds)[number], state: LiveChannel['state']): LiveChannel => ({
    id: String(id),
    name: `c${id}`,
    kind: (kind === 'chat' ? bot : line).installed,
    settings: {},
    state,
    welcome: { text: '', fileId: null, askNumber: false, buttonText: '' },
    reopenHours: 72,
    restDays: 30,
    link: { on: true, text: '', days: 30 },
    account: {},
  })
  const at = (ms: number | null): Date | null => (ms === null ? null : new Date(ms))
  const situation = fc.record({
    channels: fc.array(
      fc.record({
        kind: fc.constantFrom(...kinds),
        state: fc.constantFrom('active' as const, 'active' as const, 'paused' as const),
        price: fc.option(
          fc.record({ amount: fc.constantFrom('0', '1', '2', '30'), currency: fc.constantFrom('IRR', 'USD') }),
        ),
      }),
      { minLength: 1, maxLength: 5 },
    ),
    addresses: fc.array(
      fc.record({
        on: fc.nat(4),
        verified: fc.boolean(),
        chat: fc.boolean(),
        last: fc.option(fc.integer({ min: 1, max: 3 })),
        reachable: fc.option(fc.boolean()),
        rests: fc.boolean(),
      }),
      { maxLength: 6 },
    ),
    order: fc.constantFrom('given' as const, 'recent' as const),
  })

  it('is what a slow and obvious one would make', () => {
    fc.assert(
      fc.property(situation, ({ channels: asked, addresses, order }) => {
        const all = asked.map(({ kind, state }, n) => channelOf(n + 1, kind, state))
        const prices = new Map<string, Money>(
          asked.flatMap((one, n) => (one.price ? [[String(n + 1), one.price] as const] : [])),
        )
        const rows = addresses.flatMap((one, n): Address[] => {
          const channel = all[one.on]
          if (!channel) return []
          const resting = one.reachable === false && one.rests
          return [
            {
              root_id: '1',
              channel_id: channel.id,
              identity_id: String(n + 1),
              contact_id: '1',
              value: `value ${n}`,
              verified: one.verified,
              thread_key: one.chat ? `chat ${n}` : null,
              last_at: one.chat ? at(one.last) : null,
              reachable: one.reachable,
              since: resting ? at(1000 + n) : null,
              until: resting ? at(5000 + n) : null,
            },
          ]
        })
        const { ways, no } = judge(all, rows, prices, order)
        // Who may be used, said in one sentence each.
        const usable = rows.filter((row) => {
          const channel = all[Number(row.channel_id) - 1]
          if (channel?.state !== 'active' || row.until !== null) return false
          return channel.kind === line.installed || row.thread_key !== null || row.reachable === true
        })
        // Each before the other if a list of rules, one after the other, says so.
        const key = (row: Address): (number | bigint)[] => {
          const n = Number(row.channel_id) - 1
          const cost = prices.get(row.channel_id)
          const free = cost === undefined || cost.amount === '0'
          const currencies: string[] = [...new Set(asked.flatMap((one) => one.price?.currency ?? []))]
          const last = row.last_at?.getTime() ?? 0
          return [
            free ? -1 : currencies.indexOf(cost.currency),
            free ? 0n : BigInt(cost.amount),
            asked[n]?.kind === 'chat' ? 0 : 1,
            order === 'recent' ? -last : 0,
            n,
            -last,
            row.verified ? 0 : 1,
            Number(row.identity_id),
          ]
        }
        const before = (a: Address, b: Address): boolean => {
          const [one, two] = [key(a), key(b)]
          const at = one.findIndex((part, n) => part !== two[n])
          return at >= 0 && (one[at] ?? 0) < (two[at] ?? 0)
        }
        const slow: Address[] = []
        for (let left = [...usable]; left.length > 0; ) {
          const first = left.find((one) => left.every((other) => other === one || before(one, other)))
          if (!first) throw new Error('no first')
          slow.push(first)
          left = left.filter((one) => one !== first)
        }
        expect(ways.map((way) => way.identityId)).toEqual(slow.map((row) => row.identity_id))
        // Every channel is a way or says why it is none.
        const reached = new Set(usable.map((row) => row.channel_id))
        expect(no.map((one) => one.channelId)).toEqual(all.map(({ id }) => id).filter((id) => !reached.has(id)))
        for (const { channelId, reason } of no) {
          const here = rows.filter((row) => row.channel_id === channelId)
          if (all[Number(channelId) - 1]?.state !== 'active') expect(reason).toBe('not_active')
          else if (here.some((row) => row.until !== null)) expect(reason).toBe('unreachable')
          else expect(reason).toBe(here.length > 0 ? 'never_wrote' : 'no_address')
        }
        for (const way of ways) if (way.saved) expect(BigInt(way.saved.amount)).toBeGreaterThan(0n)
      }),
      { numRuns: 500 },
    )
  })

  it('takes the chat where there is one, the number where not; says what that saves and why the others are none', async () => {
    await price(lineChannel, '900')
    await price(smsChannel, '1500')
    const stranger = await person()
    const { ways, no } = await waysOf(stranger.id, smsChannel, lineChannel, botChannel)
    expect(ways.map((way) => [way.channelId, way.reason, way.price?.amount, way.threadKey])).toEqual([
      [lineChannel.id, 'cheapest', '900', stranger.phone],
      [smsChannel.id, 'cheapest', '1500', stranger.phone],
    ])
    expect(no).toEqual([{ channelId: botChannel.id, reason: 'no_address' }])
    const customer = await writer()
    await admin().post(`/contacts/${customer.id}/identities`, { kind: 'phone', value: '+989121110001' })
    const known = await waysOf(customer.id, smsChannel, lineChannel, botChannel)
    expect(known.ways[0]).toMatchObject({
      channelId: botChannel.id,
      reason: 'known_chat',
      price: null,
      saved: { amount: '900', currency: 'IRR' },
    })
    expect((await waysOf(customer.id, lineChannel)).ways).toMatchObject([{ reason: 'only_way' }])
    await test.app.db.query('delete from price')
  })

  it('asks many at once in as many statements as one', async () => {
    const ids = (await Promise.all(Array.from({ length: 12 }, person))).map(({ id }) => id)
    const used = await live(botChannel, lineChannel)
    const count = async (asked: string[]): Promise<number> => {
      let statements = 0
      const db = {
        query: <Row extends object>(text: string, values?: unknown[]) => (
          statements++, test.app.db.query<Row>(text, values)
        ),
        one: <Row extends object>(text: string, values?: unknown[]) => (
          statements++, test.app.db.one<Row>(text, values)
        ),
      }
      const found = await waysTo(db, used, asked)
      expect([...found.values()].every(({ ways }) => ways.length === 1)).toBe(true)
      return statements
    }
    expect(await count(ids)).toBe(await count(ids.slice(0, 1)))
  })

  it('lets who could not be reached rest for the days the channel says, then tries again', async () => {
    line.behave.send = async () => gone()
    const someone = await person()
    const [id = ''] = await bulk(await writing(someone.id, {}, lineChannel))
    await settled(id, 'failed')
    const { ways, no } = await waysOf(someone.id, lineChannel)
    expect(ways).toEqual([])
    const [why] = no
    expect(why?.reason).toBe('unreachable')
    expect(Date.parse(why?.until ?? '') - Date.parse(why?.since ?? '')).toBe(30 * 86_400_000)
    await admin().patch(`/channels/${lineChannel.id}`, { restDays: 2 })
    await test.app.db.query(`update identity_reach set at = now() - interval '3 days' where channel_id = $1`, [
      lineChannel.id,
    ])
    await until(async () => (await live(lineChannel))[0]?.restDays === 2)
    expect((await waysOf(someone.id, lineChannel)).ways).toHaveLength(1)
    await admin().patch(`/channels/${lineChannel.id}`, { restDays: 30 })
  })

  it('takes a blocked bot again as soon as the person writes', async () => {
    const { id, conversation } = await writer()
    bot.behave.send = async () => gone()
    const { body } = await admin().post<{ message: { id: string } }>(`/conversations/${conversation.id}/messages`, {
      text: 'هستید؟',
    })
    await settled(body.message.id, 'failed')
    expect((await waysOf(id, botChannel)).no).toMatchObject([{ reason: 'unreachable' }])
    await write(test, botChannel, `writer-${people}`, 'هستم')
    expect((await waysOf(id, botChannel)).ways).toHaveLength(1)
  })

  it('is shown to whoever may write, of the channels on which he may', async () => {
    const customer = await writer()
    await admin().post(`/contacts/${customer.id}/identities`, { kind: 'phone', value: '+989121110002' })
    const agent = await deskUser(test, [{ id: botChannel.id }, { id: lineChannel.id, send: false }])
    const { status, body } = await test.as(agent).get<ContactRoutes>(`/contacts/${customer.id}/routes`)
    expect(status).toBe(200)
    expect(body.ways.map((way) => way.channelId)).toEqual([botChannel.id])
    expect(body.no).toEqual([])
    const stranger = await deskUser(test, [{ id: lineChannel.id }])
    expect((await test.as(stranger).get(`/contacts/${customer.id}/routes`)).status).toBe(404)
    expect((await test.as(test.people.stranger).get(`/contacts/${customer.id}/routes`)).status).toBe(403)
  })
})

describe('the next way', () => {
  it('is taken when the first cannot reach the person, told on the timeline, and the first is over', async () => {
    line.behave.send = async () => gone()
    const someone = await person()
    const answer = await admin().post<Conversation>('/conversations', {
      contactId: someone.id,
      channelId: lineChannel.id,
      fallback: true,
      message: { text: 'خبر تازه' },
    })
    expect(answer.status, JSON.stringify(answer.body)).toBe(201)
    const timeline = await until(async () => {
      const { body } = await admin().get<PageOf<TimelineItem>>(`/contacts/${someone.id}/timeline`)
      return body.items.some((item) => item.type === 'message' && item.message.state === 'sent') && body.items
    })
    const messages = timeline.flatMap((item) => (item.type === 'message' ? [item.message] : []))
    const [after, before] = messages
    expect(messages).toHaveLength(2)
    expect(before).toMatchObject({
      channelId: lineChannel.id,
      state: 'failed',
      retryable: false,
      reroutedToId: after?.id,
    })
    expect(after).toMatchObject({
      channelId: smsChannel.id,
      text: 'خبر تازه',
      reroutedFromId: before?.id,
      origin: 'api',
    })
    expect(timeline.find((item) => item.type === 'event' && item.event.kind === 'rerouted')).toMatchObject({
      event: { data: { toChannelId: smsChannel.id, code: 'not_there' } },
    })
    expect((await detail(before?.id ?? '')).route).toMatchObject({ reason: 'asked_for', next: [smsChannel.id] })
    expect((await detail(after?.id ?? '')).route).toMatchObject({ reason: 'fallback', next: [] })
    expect((await admin().post(`/messages/${before?.id}/retry`)).status).toBe(409)
    expect(sms.sent.filter((sent) => sent.text === 'خبر تازه')).toHaveLength(1)
  })

  it('is taken once, however many learn of it at once', async () => {
    let fail: () => void = () => undefined
    line.behave.send = () =>
      new Promise((_, reject) => (fail = () => reject(new ChannelError('unreachable', 'x', 'x'))))
    const [id = ''] = await bulk(await writing((await person()).id))
    const row = await until(() =>
      test.app.db.one<{ thread_key: string }>(
        'select thread_key from outbox where message_id = $1 and lease_node is not null',
        [id],
      ),
    )
    const outcome = { outcome: 'unreachable', code: 'x', detail: 'x', retryAfter: undefined, whole: false } as const
    const item = { channelId: lineChannel.id, messageId: id, threadKey: row.thread_key, attempt: 1, outcome }
    await Promise.all([1, 2, 3].map(() => settle(test.app, channels, [item])))
    fail()
    const next = await until(() =>
      test.app.db.one<{ id: string }>(`select id from message where rerouted_from_id = $1 and state = 'sent'`, [id]),
    )
    const all = await test.app.db.query('select id from message where rerouted_from_id = $1', [id])
    expect(all).toHaveLength(1)
    expect(told.filter(({ kind, messageId }) => kind === 'message.rerouted' && messageId === id)).toMatchObject([
      { data: { newId: next.id, campaignId: '77' } },
    ])
    // The old one did not fail for the campaign: it went on.
    expect(told.filter(({ kind, messageId }) => kind === 'message.settled' && messageId === id)).toEqual([])
    expect(told.filter(({ kind, messageId }) => kind === 'message.settled' && messageId === next.id)).toMatchObject([
      { data: { state: 'sent', campaignId: '77' } },
    ])
  })

  it('is not taken for what may have gone, nor when a person sends that again', async () => {
    line.behave.send = async () => {
      throw new ChannelError('unknown', 'lost', 'no answer')
    }
    const [id = ''] = await bulk(await writing((await person()).id))
    await settled(id, 'unknown')
    line.behave.send = async () => gone()
    expect((await admin().post(`/messages/${id}/retry`)).status).toBe(200)
    await settled(id, 'failed')
    expect(await test.app.db.query('select id from message where rerouted_from_id = $1', [id])).toEqual([])
  })

  it('takes what was written as one along as one, and passes by what cannot carry it or rests', async () => {
    line.behave.send = async () => gone()
    const someone = await person()
    const long = 'ب'.repeat(300)
    const file = await test.app.db.one<{ id: string }>(
      `insert into file (name, media_type, size, sha256, uploaded_by) values ('a.txt', 'text/plain', 3, '\\x00', $1) returning id`,
      [test.people.administrator.id],
    )
    const [id = ''] = await bulk(await writing(someone.id, { text: long, fileIds: [file?.id ?? ''] }))
    await settled(id, 'failed')
    const next = await until(() =>
      test.app.db.one<{ id: string }>('select id from message where rerouted_from_id = $1', [id]),
    )
    const parts = await test.app.db.query<{ text: string; files: number; first: boolean }>(
      `select m.text, (select count(*)::int from attachment a where a.message_id = m.id) as files, m.part_of_id is null as first
       from message m where m.id = $1 or m.part_of_id = $1 order by m.id`,
      [next.id],
    )
    expect(parts).toEqual([
      { text: long, files: 0, first: true },
      { text: '', files: 1, first: false },
    ])
    const before = await test.app.db.query<{ state: string }>(
      'select state from message where id = $1 or part_of_id = $1',
      [id],
    )
    expect(before.map((row) => row.state)).toEqual(['failed', 'failed'])
    const waiting = await test.app.db.query('select from outbox where message_id = $1', [id])
    expect(waiting).toEqual([])
  })

  it('leaves the outcome standing when going on fails', async () => {
    line.behave.send = async () => gone()
    await test.app.db.query(
      `create function no_more() returns trigger language plpgsql as $$ begin raise exception 'no more'; end $$`,
    )
    await test.app.db.query(
      `create trigger no_more before insert on message for each row when (new.rerouted_from_id is not null) execute function no_more()`,
    )
    try {
      const [id = ''] = await bulk(await writing((await person()).id))
      expect((await settled(id, 'failed', 'unknown')).state).toBe('failed')
      expect(told.filter(({ kind, messageId }) => kind === 'message.settled' && messageId === id)).toHaveLength(1)
    } finally {
      await test.app.db.query('drop trigger no_more on message')
    }
  })
})

describe('writing to many', () => {
  it('opens no conversation and leaves the inbox as it is; the answer opens it', async () => {
    const someone = await person()
    const lists = async (): Promise<object> => (await admin().get<object>('/conversations/counts')).body
    const open = async (): Promise<object> => {
      const { open, mine, unassigned } = (await lists()) as Record<string, object>
      return { open, mine, unassigned }
    }
    const before = await open()
    const [id = ''] = await bulk(await writing(someone.id))
    const { conversationId } = await settled(id, 'sent')
    expect(await open()).toEqual(before)
    const { body: carrier } = await admin().get<Conversation>(`/conversations/${conversationId}`)
    expect(carrier).toMatchObject({ state: 'closed', lastText: 'خبر', lastDirection: 'out' })
    const [again = ''] = await bulk(await writing(someone.id))
    expect((await settled(again, 'sent')).conversationId).toBe(conversationId)
    // However long ago: nobody closed it.
    await test.app.db.query(
      `update conversation set created_at = created_at - interval '90 days', closed_at = closed_at - interval '90 days',
         last_message_at = last_message_at - interval '90 days' where id = $1`,
      [conversationId],
    )
    const answered = await write(test, lineChannel, someone.phone, 'ممنون', { threadKey: someone.phone })
    expect(answered).toMatchObject({ id: conversationId, state: 'open', unread: 1 })
    const live = await bulk(await writing(someone.id))
    await settled(live[0] ?? '', 'sent')
    const { body: after } = await admin().get<Conversation>(`/conversations/${conversationId}`)
    expect(after).toMatchObject({ state: 'open', unread: 1, lastAt: answered.lastAt, lastText: 'خبر' })
    expect(after.unansweredSince).not.toBeNull()
  })

  it('costs as many statements and live rows for many as for a few', async () => {
    const somebody = await Promise.all(Array.from({ length: 24 }, person))
    const writings = await Promise.all(somebody.map(({ id }) => writing(id)))
    const cost = async (some: readonly Writing[]): Promise<{ statements: number; rows: number }> => {
      let statements = 0
      const before = await test.app.db.one<{ n: string }>('select coalesce(max(seq), 0)::text as n from live_event')
      const ids = await test.app.db.transaction(async (tx) => {
        const counted = {
          ...tx,
          query: <Row extends object>(text: string, values?: unknown[]) => (statements++, tx.query<Row>(text, values)),
          one: <Row extends object>(text: string, values?: unknown[]) => (statements++, tx.one<Row>(text, values)),
        }
        const made = await writeTo(counted, channels, some, PRIORITY.bulk)
        await tx.query(`update outbox set run_at = now() + interval '1 hour' where message_id = any($1::bigint[])`, [
          made,
        ])
        return made
      })
      expect(new Set(ids).size).toBe(some.length)
      const rows = await test.app.db.query<{ changes: { kind: string }[] }>(
        'select changes from live_event where seq > $1 and channel_id = $2',
        [before?.n, lineChannel.id],
      )
      const own = rows.filter((row) => row.changes.some((change) => change.kind === 'threads'))
      return { statements, rows: own.length }
    }
    const few = await cost(writings.slice(0, 2))
    expect(await cost(writings.slice(2))).toEqual(few)
    expect(few.rows).toBe(1)
    expect(few.statements).toBeLessThan(16)
  })

  it('makes one conversation a chat, though many write to it at once', async () => {
    const someone = await person()
    const one = await writing(someone.id)
    await Promise.all([1, 2, 3, 4].map(() => bulk(one)))
    const rows = await test.app.db.query('select id from conversation where thread_key = $1', [someone.phone])
    expect(rows).toHaveLength(1)
  })

  it('is taken back whole, as if it had never been: what has left stays', async () => {
    let go: () => void = () => undefined
    line.behave.send = (message: Outbound) =>
      message.text === 'یکم' ? new Promise((resolve) => (go = resolve)) : Promise.resolve()
    const [one, two, three] = [await person(), await person(), await person()]
    const campaign = { campaignId: '99' }
    const [first = ''] = await bulk(await writing(one.id, { ...campaign, text: 'یکم' }))
    await until(() => test.app.db.one('select 1 from outbox where message_id = $1 and lease_node is not null', [first]))
    const older = await settled((await bulk(await writing(three.id, { text: 'پیشین' })))[0] ?? '', 'sent')
    const waiting = await test.app.db.transaction(async (tx) => {
      const ids = await writeTo(
        tx,
        channels,
        [await writing(two.id, { ...campaign, text: 'دوم' }), await writing(three.id, { ...campaign, text: 'سوم' })],
        PRIORITY.bulk,
      )
      await tx.query(`update outbox set run_at = now() + interval '1 hour' where message_id = any($1::bigint[])`, [ids])
      return ids
    })
    const taken = await test.app.db.transaction((tx) => takeBack(tx, '99'))
    expect(taken).toEqual(waiting)
    go()
    await settled(first, 'sent')
    expect(await test.app.db.query('select id from message where id = any($1::bigint[])', [waiting])).toEqual([])
    expect(
      await test.app.db.query('select from message_search where message_id = any($1::bigint[])', [waiting]),
    ).toEqual([])
    // What was made to carry it goes too; what carried something before shows that again.
    expect(await test.app.db.query('select id from conversation where thread_key = $1', [two.phone])).toEqual([])
    const { body } = await admin().get<Conversation>(`/conversations/${older.conversationId}`)
    expect(body.lastText).toBe('پیشین')
    expect(await test.app.db.transaction((tx) => takeBack(tx, '99'))).toEqual([])
  })

  it('reserves what it costs and settles it with the outcome', async () => {
    await price(lineChannel, '700')
    const someone = await person()
    const [id = ''] = await bulk(await writing(someone.id, {}, lineChannel))
    await settled(id, 'sent')
    const entry = await test.app.db.one<{ state: string; amount: string }>(
      'select state, amount::text from cost_entry where message_id = $1',
      [id],
    )
    expect(entry).toEqual({ state: 'spent', amount: '700' })
    line.behave.send = async () => gone()
    const [lost = ''] = await bulk(await writing((await person()).id, {}, lineChannel))
    await settled(lost, 'failed')
    const released = await test.app.db.one<{ state: string }>('select state from cost_entry where message_id = $1', [
      lost,
    ])
    expect(released?.state).toBe('released')
    await test.app.db.query('delete from price')
  })
})

it('tells what came in in one call for a batch, and what was opened, given and closed', async () => {
  const { conversation } = await writer()
  expect(told.filter((one) => one.conversationId === conversation.id)).toMatchObject([
    { kind: 'conversation.opened', data: { first: true } },
    { kind: 'message.received', contactId: conversation.contact.id, data: { text: 'سلام', first: true } },
  ])
  told = []
  const me = test.people.administrator.id
  await admin().patch(`/conversations/${conversation.id}`, { assigneeId: me, state: 'closed' })
  expect(told).toMatchObject([
    { kind: 'conversation.assigned', userId: me },
    { kind: 'conversation.closed', userId: me },
  ])
})

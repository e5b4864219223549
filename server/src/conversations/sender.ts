import { setTimeout as pause } from 'node:timers/promises'
import type { App, Part } from '../platform/app.ts'
import { createBatcher } from '../platform/batcher.ts'
import { isDatabaseAway, type Tx } from '../platform/db.ts'
import { type Channels, type LiveChannel, recognisesRepeats } from './channel-registry.ts'
import { type Delivered, deliver, unforeseen } from './deliver.ts'
import { createDepartures } from './departures.ts'
import type { NodeSession } from './node-session.ts'
import { onQueued } from './outbound.ts'
import { HORIZON_MS, keepMoments, type Pace, paceOf, slowDown, takeMoments } from './rate.ts'
import { MAX_ATTEMPTS, type Settled, settle, tellOutcomes } from './settle.ts'

/** Sends at a time per channel; a slow provider must not pile up work. */
const IN_FLIGHT = 64

/** What every kind calls a refusal for being too fast. */
const RATE_LIMITED = 'rate_limited'

export interface Claimed {
  messageId: string
  threadKey: string
  attempt: number
  priority: number
  /** The moment taken for it, and the one before which its chat takes nothing (ms since the epoch). */
  at: number
  notBefore: number
  pace: Pace
  rates: { channel: number; account: number }
}

/** Sends what waits in the outbox: per channel, at its rate, replies before bulk, one message at a time and in order per chat. */
export function createSender(app: App, channels: Channels, node: NodeSession): { part: Part } {
  const loops = new Map<string, { again: boolean }>()
  const timers = new Map<string, { timer: NodeJS.Timeout; due: number }>()
  const sending = new Set<Promise<void>>()
  const working = new Set<Promise<void>>()
  const departures = createDepartures()
  const stop = new AbortController()
  let stopping = false
  const settled = createBatcher<Settled>((items) => settle(app, channels, items), { max: 100, parallel: 1 })

  function poke(channelId: string): void {
    if (stopping) return
    const loop = loops.get(channelId)
    if (loop) loop.again = true
    else {
      const done = work(channelId).finally(() => working.delete(done))
      working.add(done)
    }
  }

  async function work(channelId: string): Promise<void> {
    const loop = { again: true }
    loops.set(channelId, loop)
    let wait: number | undefined
    while (loop.again && !stopping) {
      loop.again = false
      try {
        wait = await round(channelId, loop)
      } catch (error) {
        app.log.error({ err: error, channelId }, 'taking messages from the outbox failed; trying again')
        wait = 1000
      }
    }
    loops.delete(channelId)
    if (wait !== undefined) later(channelId, wait)
  }

  /** One timer a channel, the soonest: each look sets the next, so several would look several times as often for ever. */
  function later(channelId: string, ms: number): void {
    const due = Date.now() + ms
    const before = timers.get(channelId)
    if (stopping || (before && before.due <= due)) return
    clearTimeout(before?.timer)
    const timer = setTimeout(() => {
      timers.delete(channelId)
      poke(channelId)
    }, ms)
    timers.set(channelId, { timer, due })
  }

  /** Claims and starts sending. Returns in how many ms to look again, or undefined when nothing is known to wait. */
  async function round(channelId: string, loop: { again: boolean }): Promise<number | undefined> {
    const channel = await channels.byId(channelId)
    if (!channel || channel.state !== 'active') return undefined
    // What waits here cannot be overtaken by what other nodes claim, nor be taken back: a few are enough.
    const ahead = Math.ceil((paceOf(channel).channel * HORIZON_MS) / 1000) + 1 - departures.waiting(channelId)
    const room = Math.min(IN_FLIGHT - inFlight(channelId), ahead)
    if (room <= 0) return undefined // a finished send pokes
    const unused = departures.unused(channelId)
    const { claimed, wait } = await app.db.transaction((tx) => claim(tx, channel, node, { wanted: room, unused }))
    for (const one of claimed) start(channel, one)
    if (claimed.length > 0) loop.again = true
    return claimed.length > 0 ? undefined : wait
  }

  const counts = new Map<string, number>()
  const inFlight = (channelId: string): number => counts.get(channelId) ?? 0

  function start(channel: LiveChannel, one: Claimed): void {
    counts.set(channel.id, inFlight(channel.id) + 1)
    const sent = (async () => {
      const outcome = await deliver(app, channel, one, stop.signal, () =>
        departures.leave(channel.id, one.pace.key, one),
      )
      await obey(channel, one.pace, outcome)
      await writeDown({ channelId: channel.id, ...one, outcome })
    })()
      .catch((error: unknown) => app.log.error({ err: error, message: one.messageId }, 'sending a message failed'))
      .finally(() => {
        sending.delete(sent)
        counts.set(channel.id, inFlight(channel.id) - 1)
        poke(channel.id)
      })
    sending.add(sent)
  }

  /** Too fast for the provider: what is about to leave stays, and the account goes slower from now on. */
  async function obey(channel: LiveChannel, pace: Pace, outcome: Delivered): Promise<void> {
    if (!('whole' in outcome) || !outcome.whole || outcome.code !== RATE_LIMITED) return
    departures.hold(pace.key, outcome.retryAfter ?? 1)
    const { id, name, state } = channel
    await app.db
      .transaction(async (tx) => {
        if (await slowDown(tx, pace, outcome.code))
          tx.publish({ channelId: id }, { kind: 'channel', channel: { id, kind: channel.kind.kind.kind, name, state } })
      })
      .catch((error: unknown) => app.log.warn({ err: error, channelId: id }, 'slowing down could not be noted'))
  }

  /**
   * Keeps at it until the outcome is stored: this node lives, so nobody else will settle the message, and its chat waits
   * for it. What cannot be stored as it is becomes unknown.
   */
  async function writeDown(item: Settled): Promise<void> {
    for (let wait = 250; ; wait = Math.min(2 * wait, 5000)) {
      try {
        return await settled(item)
      } catch (error) {
        app.log.error(
          { err: error, message: item.messageId },
          'the outcome of a message could not be stored; trying on',
        )
        if (!isDatabaseAway(error)) item = { ...item, outcome: unforeseen('unknown') }
        // Not stored by the end of the program, it shows as unknown as soon as the node is seen to be gone.
        if (stop.signal.aborted) return
        await pause(wait, undefined, { signal: stop.signal }).catch(() => undefined)
      }
    }
  }

  async function sweep(): Promise<void> {
    await forgetDead(app, channels, node)
    const rows = await app.db.query<{ id: string }>(
      // outbox_next: one probe per channel
      `select c.id from channel c where c.state = 'active' and exists (select from outbox o where o.channel_id = c.id and o.lease_node is null)`,
    )
    for (const { id } of rows) poke(id)
  }

  return {
    part: {
      name: 'sender',
      role: 'worker',
      async start() {
        onQueued(poke)
        app.live.onChange('channel', () => void sweep().catch(() => undefined))
        await sweep()
        const timer = setInterval(
          () => void sweep().catch((error: unknown) => app.log.warn({ err: error }, 'looking into the outbox')),
          1000,
        )
        return async () => {
          stopping = true
          clearInterval(timer)
          for (const { timer } of timers.values()) clearTimeout(timer)
          timers.clear()
          // What has left is waited for, so that its outcome is known; the limit is the program's own (10 s).
          const patience = setTimeout(() => stop.abort(), 6000)
          onQueued(() => undefined)
          await Promise.allSettled(working)
          await Promise.allSettled(sending)
          clearTimeout(patience)
          stop.abort()
        }
      },
    },
  }
}

async function claim(
  tx: Tx,
  channel: LiveChannel,
  node: NodeSession,
  room: { wanted: number; unused: number },
): Promise<{ claimed: Claimed[]; wait: number | undefined }> {
  const pace = paceOf(channel)
  const taken = await takeMoments(tx, channel.id, pace, node.number, room)
  const { moments, nextAt } = taken
  // Early enough to be ready when its moment comes.
  if (moments.length === 0) return { claimed: [], wait: Math.max(5, nextAt - HORIZON_MS * 0.7 - Date.now()) }
  const rows = await tx.query<{
    message_id: string
    thread_key: string
    attempts: number
    priority: number
    chat_at: string | null
  }>(
    // outbox_next once per priority, replies first. A chat's messages go one at a time and in order: a message waits for
    // earlier ones of its priority or a higher one, and for whatever is being sent in its chat. The channel's state is read
    // here, with the outbox: what is remembered of it may be older than the refusal that has just stopped it.
    `select o.message_id, o.thread_key, o.attempts, o.priority, extract(epoch from b.next_at) * 1000 as chat_at
     from unnest('{0,5,9}'::smallint[]) as p(priority)
     cross join lateral (
       select * from outbox o
       where o.channel_id = $1 and o.priority = p.priority and o.run_at <= now() and o.lease_node is null
         and not exists (select from outbox e where e.channel_id = $1 and e.thread_key = o.thread_key and e.message_id <> o.message_id
                         and (e.lease_node is not null or e.priority < o.priority or (e.priority = o.priority and e.message_id < o.message_id)))
         and not exists (select from rate_bucket b where b.channel_id = $1 and b.bucket = 'chat:' || o.thread_key and b.next_at > now() + interval '200 ms')
       order by o.run_at, o.message_id limit $2 for update of o skip locked
     ) o
     left join rate_bucket b on b.channel_id = $1 and b.bucket = 'chat:' || o.thread_key
     where (select state from channel where id = $1) = 'active'
     order by p.priority, o.run_at, o.message_id limit $2`,
    [channel.id, moments.length],
  )
  const claimed = rows.map((row, n) => ({
    messageId: row.message_id,
    threadKey: row.thread_key,
    attempt: row.attempts + 1,
    priority: row.priority,
    at: moments[n] ?? 0,
    notBefore: Number(row.chat_at ?? 0),
    pace,
    rates: { channel: taken.channel, account: taken.account },
  }))
  if (claimed.length === 0) return { claimed, wait: await nextMoment(tx, channel.id) }
  await keepMoments(
    tx,
    channel.id,
    pace,
    taken,
    claimed.map((one) => ({ threadKey: one.threadKey, at: Math.max(one.at, one.notBefore) })),
    node.number,
  )
  await note(tx, node, claimed)
  return { claimed, wait: undefined }
}

/** When something of this channel may be due; undefined: nothing waits, or the channel does not send. */
async function nextMoment(tx: Tx, channelId: string): Promise<number | undefined> {
  const row = await tx.one<{ wait: number | null }>(
    `select greatest(least(min(extract(epoch from greatest(o.run_at, b.next_at) - clock_timestamp()) * 1000), 5000), 20)::int as wait
     from (select * from outbox w where channel_id = $1 and lease_node is null
             -- What waits for one on its way in the same chat is looked at when that one is settled.
             and not exists (select from outbox e where e.channel_id = $1 and e.thread_key = w.thread_key and e.lease_node is not null)
           order by priority, run_at limit 50) o
     left join rate_bucket b on b.channel_id = $1 and b.bucket = 'chat:' || o.thread_key
     where (select state from channel where id = $1) = 'active'`,
    [channelId],
  )
  return row?.wait ?? undefined
}

/** The attempt is on record before anything leaves: after a crash this is how we know what may have gone. */
async function note(tx: Tx, node: NodeSession, claimed: Claimed[]): Promise<void> {
  const ids = claimed.map((one) => one.messageId)
  await tx.query(
    `with leased as (update outbox set lease_node = $2, attempts = attempts + 1 where message_id = any($1::bigint[]) returning message_id),
     sending as (update message set state = 'sending' where id = any($1::bigint[]) returning id)
     insert into message_attempt (message_id, n, node)
     select l.message_id, coalesce((select max(n) from message_attempt a where a.message_id = l.message_id), 0) + 1, $3 from leased l`,
    [ids, node.number, String(node.number)],
  )
}

/**
 * Messages whose node died while sending: they may have gone. Where the provider recognises a repeat they go on, with the
 * id they had; elsewhere they are shown as unknown and never sent again by a program.
 */
async function forgetDead(app: App, channels: Channels, node: NodeSession): Promise<void> {
  const leases = await app.db.query<{ node: number }>(
    'select distinct lease_node as node from outbox where lease_node is not null and lease_node <> $1',
    [node.number],
  )
  const dead = await node.dead(leases.map((lease) => lease.node))
  if (dead.length === 0) return
  const safe = (await channels.all()).filter(recognisesRepeats).map((channel) => channel.id)
  await app.db.transaction(async (tx) => {
    const back = await tx.query<{ message_id: string }>(
      // The pause grows, so that a message which brings programs down does not do it all the time.
      `with again as (update outbox set lease_node = null, doubt = true, run_at = now() + make_interval(secs => least(2 ^ attempts, 3600))
                      where lease_node = any($1::int[]) and channel_id = any($2::bigint[]) and attempts < $3
                      returning message_id, run_at),
       closed as (update message_attempt a set finished_at = now(), outcome = 'later', code = 'interrupted', retry_at = again.run_at
                  from again where a.message_id = again.message_id and a.finished_at is null)
       update message m set state = 'waiting' from again where m.id = again.message_id and m.state = 'sending'
       returning m.id as message_id`,
      [dead, safe, MAX_ATTEMPTS],
    )
    const lost = await tx.query<{ message_id: string }>(
      `with lost as (delete from outbox where lease_node = any($1::int[]) returning message_id, channel_id),
       closed as (update message_attempt a set finished_at = now(), outcome = 'unknown', code = 'interrupted'
                  from lost where a.message_id = lost.message_id and a.finished_at is null)
       update message m set state = 'unknown', failure_code = 'interrupted', failure_detail = '' from lost where m.id = lost.message_id
       returning m.id as message_id`,
      [dead],
    )
    await tellOutcomes(
      tx,
      [...back, ...lost].map((row) => row.message_id),
    )
  })
}

import type { App, Part } from '../platform/app.ts'
import { isDatabaseAway, type Tx } from '../platform/db.ts'
import type { Channels, LiveChannel } from './channel-registry.ts'
import { closeEvents, processEvents, reasonOf, type StoredEvent, StepError } from './inbound-batch.ts'

/** Events taken at a time: large enough that statements are shared, small enough that a batch is visible soon. */
const BATCH = 400
const BATCH_BYTES = 8 * 1024 * 1024
/** First key of the advisory locks that let one node at a time process a channel, which keeps a sender's order. */
const LOCK = 7001

export interface Inbound {
  /** Says that a channel has new events. Costs nothing when it is being processed already. */
  poke(channelId: string): void
  part: Part
}

/** Channels processed at a time. Few, so that under load those that wait gather larger batches, which cost less a message. */
const AT_ONCE = 3

/** Turns stored events into messages, a channel at a time, in batches, in order. */
export function createInbound(app: App, channels: Channels): Inbound {
  /** Channels with something new, in the order in which they are taken. */
  const waiting = new Set<string>()
  const running = new Map<string, Promise<void>>()
  let started = false

  function poke(channelId: string): void {
    if (!started) return
    waiting.add(channelId)
    next()
  }

  function next(): void {
    for (const channelId of waiting) {
      if (!started || running.size >= AT_ONCE) return
      // Its next turn comes when this one is over.
      if (running.has(channelId)) continue
      waiting.delete(channelId)
      const done = take(channelId).finally(() => {
        running.delete(channelId)
        next()
      })
      running.set(channelId, done)
    }
  }

  /** One batch; a channel with more to do goes to the end of the line. */
  async function take(channelId: string): Promise<void> {
    try {
      if (await processBatch(app, channels, channelId)) waiting.add(channelId)
    } catch (error) {
      // The events are stored; the next look takes them up.
      app.log.error({ err: error, channelId }, 'processing inbound events failed; trying again')
    }
  }

  async function sweep(): Promise<void> {
    const rows = await app.db.query<{ id: string }>(
      // One probe of inbound_queue_pkey per channel.
      `select c.id from channel c where exists (select from inbound_queue q where q.channel_id = c.id)`,
    )
    for (const { id } of rows) poke(id)
  }

  return {
    poke,
    part: {
      name: 'inbound',
      role: 'worker',
      async start() {
        started = true
        await sweep()
        // A poke only shortens the wait: events stored by other nodes or left by a crash are found here.
        const timer = setInterval(
          () => void sweep().catch((error: unknown) => app.log.warn({ err: error }, 'looking for inbound events')),
          500,
        )
        return async () => {
          started = false
          clearInterval(timer)
          await Promise.allSettled(running.values())
        }
      },
    },
  }
}

/** One batch of a channel. Returns whether there may be more. */
async function processBatch(app: App, channels: Channels, channelId: string): Promise<boolean> {
  const channel = await channels.byId(channelId)
  if (!channel) return false
  let taken: StoredEvent[] = []
  try {
    await app.db.transaction(async (tx) => {
      taken = []
      if (!(await lock(tx, channelId))) return
      taken = await tx.query<StoredEvent>(
        // inbound_queue_pkey, inbound_event_pkey. As many as fit into memory with ease; one at least, however large.
        `select id, body from (
           select e.id, e.body, sum(octet_length(e.body)) over (order by e.id rows between unbounded preceding and 1 preceding) as before
           from (select event_id from inbound_queue where channel_id = $1 order by event_id limit $2) q
           join inbound_event e on e.id = q.event_id) e
         where coalesce(before, 0) < $3 order by id`,
        [channelId, BATCH, BATCH_BYTES],
      )
      await processEvents(app, tx, channel, taken)
    })
  } catch (error) {
    if (isTransient(error) || taken.length === 0) throw error
    await isolate(app, channel, taken)
  }
  return taken.length === BATCH || taken.reduce((sum, event) => sum + event.body.length, 0) > BATCH_BYTES / 4
}

/**
 * Something in the batch cannot be processed: halve until it stands alone, set it aside with its reason, keep its
 * neighbours. Alone it is tried once more before, since it may only have met an agent doing something else in its chat.
 */
async function isolate(app: App, channel: LiveChannel, events: StoredEvent[]): Promise<void> {
  const middle = Math.ceil(events.length / 2)
  for (const part of [events.slice(0, middle), events.slice(middle)]) {
    const [first] = part
    if (!first) continue
    try {
      await app.db.transaction(async (tx) => {
        await waitForLock(tx, channel.id)
        const still = await tx.query<StoredEvent>(
          `select e.id, e.body from inbound_queue q join inbound_event e on e.id = q.event_id
           where q.channel_id = $2 and q.event_id = any($1::bigint[]) order by e.id`,
          [part.map((event) => event.id), channel.id],
        )
        await processEvents(app, tx, channel, still)
      })
    } catch (error) {
      if (isTransient(error)) throw error
      if (part.length === 1) await quarantine(app, channel, first, error)
      else await isolate(app, channel, part)
    }
  }
}

async function quarantine(app: App, channel: LiveChannel, event: StoredEvent, cause: unknown): Promise<void> {
  const step = cause instanceof StepError ? cause.step : 'process'
  const reason = reasonOf(cause)
  app.log.warn({ channelId: channel.id, event: event.id, step, reason }, 'an inbound event was set aside')
  await app.db.transaction(async (tx) => {
    await closeEvents(tx, channel.id, [{ id: event.id, state: 'quarantined', step, reason }])
  })
}

async function lock(tx: Tx, channelId: string): Promise<boolean> {
  const row = await tx.one<{ locked: boolean }>(
    'select pg_try_advisory_xact_lock($1, ($2::bigint % 2147483647)::int) as locked',
    [LOCK, channelId],
  )
  return row?.locked ?? false
}
async function waitForLock(tx: Tx, channelId: string): Promise<void> {
  await tx.query('select pg_advisory_xact_lock($1, ($2::bigint % 2147483647)::int)', [LOCK, channelId])
}

function isTransient(error: unknown): boolean {
  return isDatabaseAway(error instanceof StepError ? error.cause : error)
}

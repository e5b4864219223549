import type { ServerResponse } from 'node:http'
import type { LiveChange, LivePresence } from '#shared/api/live.ts'
import type { Actor, Part } from './app.ts'
import type { Database } from './db.ts'
import type { Log } from './log.ts'
import { openStanding } from './standing.ts'

/** A screen that missed more than this many rows of the log, or this many characters, fetches everything anew. */
const CATCH_UP_ROWS = 2000
const CATCH_UP_LENGTH = 2 * 1024 * 1024
/** Rows read at a time: one may hold a batch of hundreds of messages. */
const CATCH_UP_CHUNK = 100
const PUMP_CHUNK = 200
/** A receiver this far behind is cut; it resumes by number when it comes back. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024

/** Sent when there is nothing to say, so that a screen notices a line that died without a word. */
const BEAT = 'event: beat\ndata: {}\n\n'
const BEAT_MS = 20_000

export interface LiveHub {
  /** Attaches a screen, after `lastSeq` if it has seen something. Returns what detaches it. */
  attach(actor: Actor, response: ServerResponse, lastSeq: bigint | undefined): Promise<() => void>
  /** Tells who may view the channel, without storing or numbering it. */
  presence(channelId: string, presence: LivePresence): Promise<void>
  /** Calls back on every node after a change of this kind was committed, for dropping what was remembered. */
  onChange(kind: LiveChange['kind'], action: () => void): void
  clients(): number
  part: Part
}

interface Row {
  seq: string
  channel_id: string | null
  user_id: string | null
  need: string | null
  changes: string
}
interface Client {
  actor: Actor
  channels: Set<string>
  response: ServerResponse
  /** Rows up to here are out; undefined while catching up. */
  seq: bigint | undefined
}

export function createLiveHub(
  db: Database,
  log: Log,
  actorAgain: (actor: Actor) => Promise<Actor | undefined>,
): LiveHub {
  const clients = new Set<Client>()
  const listeners = new Map<string, (() => void)[]>()
  let seen = 0n
  let pumping = false
  let again = false

  async function rowsAfter(seq: bigint, limit: number): Promise<Row[]> {
    return db.query<Row>(
      'select seq::text, channel_id::text, user_id::text, need, changes::text from live_event where seq > $1 order by live_event.seq limit $2',
      [seq.toString(), limit],
    )
  }

  /** While no screen is attached: the same rows, but only those with their changes that concern the node itself. */
  async function rowsForNode(seq: bigint, limit: number): Promise<Row[]> {
    return db.query<Row>(
      `select seq::text, channel_id::text, user_id::text, need, case when changes::text like any($3::text[]) then changes::text else '' end as changes
       from live_event where seq > $1 order by live_event.seq limit $2`,
      [seq.toString(), limit, ['me', ...listeners.keys()].map((kind) => `%"kind":"${kind}"%`)],
    )
  }

  /** Reads what was committed since, and hands each row to those who may see it. One at a time; calls in between make it run again. */
  async function pump(): Promise<void> {
    if (pumping) {
      again = true
      return
    }
    pumping = true
    try {
      do {
        again = false
        if (clients.size === 0) {
          await passUnheard()
          continue
        }
        const rows = await rowsAfter(seen, PUMP_CHUNK)
        if (rows.length === PUMP_CHUNK) again = true
        let from = 0
        for (let n = 0; n < rows.length; n++) {
          const row = rows[n]
          if (!row || !tellsNodes(row)) continue
          // What comes after a change of rights is judged by the new ones.
          deliver(rows.slice(from, n + 1))
          from = n + 1
          await applyToNode(row)
        }
        deliver(rows.slice(from))
      } while (again)
    } catch (error) {
      log.error({ err: error }, 'reading live events failed; trying again')
    } finally {
      pumping = false
    }
  }

  /** Passes by what no screen hears. As soon as one is attached, what is left is read in full. */
  async function passUnheard(): Promise<void> {
    const rows = await rowsForNode(seen, PUMP_CHUNK)
    if (rows.length === PUMP_CHUNK) again = true
    for (const row of rows) {
      if (tellsNodes(row)) await applyToNode(row)
      if (clients.size > 0) {
        again = true
        return
      }
      seen = BigInt(row.seq)
    }
  }

  function tellsNodes(row: Row): boolean {
    return (
      row.changes.includes('"kind":"me"') ||
      [...listeners.keys()].some((kind) => row.changes.includes(`"kind":"${kind}"`))
    )
  }

  async function applyToNode(row: Row): Promise<void> {
    for (const [kind, actions] of listeners) {
      if (row.changes.includes(`"kind":"${kind}"`)) for (const action of actions) action()
    }
    if (!row.changes.includes('"kind":"me"')) return
    for (const client of clients) {
      const { userId, seenBy } = client.actor
      if (row.user_id !== null && row.user_id !== userId && row.user_id !== seenBy) continue
      await renew(client)
    }
  }

  /** The rights of a stream as they are now. False: it has ended. */
  async function renew(client: Client): Promise<boolean> {
    const before = client.actor
    try {
      const actor = await actorAgain(before)
      if (!actor) client.response.end('event: signed-out\ndata: {}\n\n')
      // Somebody else may have asked after us, and knows better.
      else if (client.actor === before) {
        client.actor = actor
        client.channels = new Set(actor.channels.view)
      }
      if (actor) return true
    } catch (error) {
      // Nobody goes on with rights that may have been taken away; who still has them comes back.
      log.error({ err: error }, 'the rights of a stream could not be read')
      client.response.destroy()
    }
    clients.delete(client)
    return false
  }

  function deliver(rows: Row[]): void {
    const last = rows.at(-1)
    if (!last) return
    const frames = rows.map(frameOf)
    // Receivers with the same view share one encoded piece.
    const pieces = new Map<string, Buffer>()
    for (const client of clients) {
      if (client.seq === undefined) continue
      let mask = ''
      for (const row of rows) mask += maySee(client, row) ? '1' : '0'
      if (!mask.includes('1')) continue
      let piece = pieces.get(mask)
      if (!piece) {
        piece = Buffer.from(frames.filter((_, n) => mask[n] === '1').join(''))
        pieces.set(mask, piece)
      }
      write(client, piece)
    }
    seen = BigInt(last.seq)
  }

  function write(client: Client, piece: Buffer | string): void {
    if (client.response.writableLength > MAX_UNSENT_BYTES) {
      clients.delete(client)
      client.response.destroy()
      return
    }
    client.response.write(piece)
  }

  return {
    async attach(actor, response, lastSeq) {
      const client: Client = { actor, channels: new Set(actor.channels.view), response, seq: undefined }
      clients.add(client)
      const detach = (): void => void clients.delete(client)
      response.on('close', detach)
      // Again, now that changes of rights reach this stream: one may have come between the signing in and here.
      if (!(await renew(client))) return detach
      if (lastSeq !== undefined) await catchUp(client, lastSeq)
      else join(client, '')
      return detach
    },
    async presence(channelId, presence) {
      await db.query('select pg_notify($1, $2)', ['presence', JSON.stringify({ channelId, presence })])
    },
    onChange: (kind, action) => void listeners.set(kind, [...(listeners.get(kind) ?? []), action]),
    clients: () => clients.size,
    part: { name: 'live', role: 'any', start },
  }

  async function catchUp(client: Client, lastSeq: bigint): Promise<void> {
    const oldest = await db.one<{ seq: string | null }>('select min(seq)::text as seq from live_event')
    const gone =
      lastSeq > seen
        ? await isAhead(lastSeq)
        : oldest?.seq
          ? BigInt(oldest.seq) > lastSeq + 1n && lastSeq < seen
          : lastSeq < seen
    for (let from = lastSeq, rows = 0, bytes = 0; !gone; ) {
      // Read before the question: what others have been handed by then is in the answer, or comes in the next one.
      const handed = seen
      const found = await rowsAfter(from, CATCH_UP_CHUNK)
      const past = found.filter((row) => BigInt(row.seq) <= seen)
      const frames = past.filter((row) => maySee(client, row)).map(frameOf)
      rows += past.length
      bytes += frames.reduce((sum, frame) => sum + frame.length, 0)
      // Whole pages are cheaper than long news, for the reader too.
      if (rows > CATCH_UP_ROWS || bytes > CATCH_UP_LENGTH || client.response.destroyed) break
      if (frames.length > 0) client.response.write(frames.join(''))
      const last = past.at(-1)
      if (last) from = BigInt(last.seq)
      if (found.length < CATCH_UP_CHUNK && handed > from) from = handed
      if (from >= seen) return join(client, '')
    }
    join(client, `id: ${seen}\nevent: reload\ndata: {}\n\n`)
  }

  /** A number that was never given: the database was set back to an earlier state. (This node may only be a moment late.) */
  async function isAhead(lastSeq: bigint): Promise<boolean> {
    const now = await db.one<{ seq: string }>('select seq::text from live_counter')
    return lastSeq > BigInt(now?.seq ?? 0)
  }

  /** From here on `deliver` serves the client, and `hello` tells it so. Nothing may be awaited between reading `seen` and this. */
  function join(client: Client, frame: string): void {
    client.response.write(`${frame}id: ${seen}\nevent: hello\ndata: {}\n\n`)
    client.seq = seen
  }

  async function start(): Promise<() => Promise<void>> {
    const now = await db.one<{ seq: string }>('select seq::text from live_counter')
    seen = BigInt(now?.seq ?? 0)
    const listener = await openStanding(db.url, 'daftar live', {
      async ready(client) {
        client.on('notification', ({ channel, payload }) => {
          if (channel === 'live') void pump()
          else if (channel === 'presence' && payload) tellPresence(payload)
        })
        await client.query('listen live; listen presence')
        void pump()
      },
    })
    // A notification only shortens the wait; the log is the truth.
    const poll = setInterval(() => void pump(), 2000)
    const beat = setInterval(() => {
      for (const client of clients) write(client, BEAT)
    }, BEAT_MS)
    return async () => {
      clearInterval(poll)
      clearInterval(beat)
      for (const client of clients) client.response.end()
      await listener.close()
    }
  }

  function tellPresence(payload: string): void {
    const { channelId, presence } = JSON.parse(payload) as { channelId: string; presence: LivePresence }
    const frame = `event: presence\ndata: ${JSON.stringify(presence)}\n\n`
    for (const client of clients) {
      if (client.channels.has(channelId) && client.actor.userId !== presence.userId) write(client, frame)
    }
  }
}

function frameOf(row: Row): string {
  return `id: ${row.seq}\nevent: change\ndata: ${row.changes}\n\n`
}

function maySee(client: Client, row: Row): boolean {
  if (row.channel_id !== null && !client.channels.has(row.channel_id)) return false
  if (row.user_id !== null && row.user_id !== client.actor.userId) return false
  if (row.need?.split(' ').some((need) => ![...client.actor.rights].some((right) => right === need))) return false
  return true
}

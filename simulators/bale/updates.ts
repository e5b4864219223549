/** One bot's updates: the queue, the long poll and the webhook deliveries, with Bale's retention of 24 hours and 2000. */
import http from 'node:http'
import https from 'node:https'

import type { DeliveryFault, FaultDesk } from './faults.ts'
import type { SimBot, World } from './world.ts'
import { BaleError, badRequest, type WireUpdate } from './wire.ts'

export const RETENTION_MS = 24 * 60 * 60 * 1000
export const RETENTION_COUNT = 2000

export interface DeliveryOptions {
  /** Deliveries of one bot at the same time; 1 keeps the order strictly. */
  concurrency: number
  /** How long the receiver may take to answer. */
  timeoutMs: number
  /** Waits before delivering again: `firstMs`, doubled each time up to `maxMs`. Real time, not the simulator's clock. */
  firstMs: number
  maxMs: number
  /** How many deliveries, updates and calls are remembered for accounting. */
  keep: number
}

/** One attempt to hand an update to a webhook. `status` is null when no answer was read. */
export interface Delivery {
  botId: number
  updateId: number
  attempt: number
  at: number
  status: number | null
  error?: string
}

interface Entry {
  update: WireUpdate
  at: number
  rank: number
  notBefore: number
  plan: DeliveryFault
  attempts: number
  flying: boolean
  acknowledged: boolean
  repeats: number
}

export type UpdatePayload = Omit<WireUpdate, 'update_id'>

export interface UpdateQueue {
  /** Queues an update and returns it with its id. */
  push(payload: UpdatePayload): WireUpdate
  poll(ask: { offset: number; limit: number; timeoutMs: number; signal: AbortSignal }): Promise<WireUpdate[]>
  setWebhook(url: string): void
  webhook(): string
  /** While offline nothing is delivered to the webhook. */
  setOnline(online: boolean): void
  /** Updates not yet acknowledged. */
  pending(): number
  readonly acknowledged: ReadonlySet<number>
  /** Lost by retention, or thrown away by a negative offset. */
  readonly dropped: ReadonlySet<number>
  readonly history: readonly WireUpdate[]
  close(): void
}

const agents = {
  'http:': new http.Agent({ keepAlive: true }),
  'https:': new https.Agent({ keepAlive: true }),
}

interface Answer {
  status: number | null
  error?: string
}

/** POSTs an update. Never rejects: a failure is an answer with status null. */
function post(url: string, body: Buffer, timeoutMs: number, cut: DeliveryFault['cut']): Promise<Answer> {
  return new Promise((resolve) => {
    const target = new URL(url)
    const secure = target.protocol === 'https:'
    const request = (secure ? https : http).request(target, {
      method: 'POST',
      agent: secure ? agents['https:'] : agents['http:'],
      headers: { 'content-type': 'application/json', 'content-length': body.length },
    })
    const settle = (answer: Answer) => {
      clearTimeout(timer)
      resolve(answer)
      if (answer.status === null) request.destroy()
    }
    const timer = setTimeout(() => settle({ status: null, error: 'timeout' }), timeoutMs)
    request.on('error', (error) => settle({ status: null, error: error.message }))
    request.on('response', (response) => {
      if (cut === 'answer') return settle({ status: null, error: 'answer lost' })
      response.on('error', (error) => settle({ status: null, error: error.message }))
      response.on('end', () => settle({ status: response.statusCode ?? null }))
      response.resume()
    })
    if (cut === 'sending') {
      request.write(body.subarray(0, Math.floor(body.length / 2)), () =>
        settle({ status: null, error: 'broken off while sending' }),
      )
    } else request.end(body)
  })
}

function remember<T>(list: T[], item: T, keep: number): void {
  list.push(item)
  if (list.length > keep * 1.1) list.splice(0, list.length - keep)
}

export function createUpdateQueue(
  world: World,
  bot: SimBot,
  faults: FaultDesk,
  options: DeliveryOptions,
  deliveries: Delivery[],
  firstUpdateId: number,
): UpdateQueue {
  let nextId = firstUpdateId
  let entries: Entry[] = []
  let repeats: WireUpdate[] = []
  const acknowledged = new Set<number>()
  const dropped = new Set<number>()
  const history: WireUpdate[] = []
  let url = ''
  let flights = 0
  let closed = false
  let online = true
  let timer: NodeJS.Timeout | undefined
  let wakePoll: (() => void) | undefined
  let turn = 0

  function prune(): void {
    const oldest = world.now() - RETENTION_MS
    const kept = entries.filter((entry) => entry.flying || entry.at > oldest)
    let surplus = kept.length - RETENTION_COUNT
    const next = kept.filter((entry) => entry.flying || surplus-- <= 0)
    if (next.length === entries.length) return
    const left = new Set(next)
    for (const entry of entries) if (!left.has(entry) && !entry.acknowledged) dropped.add(entry.update.update_id)
    entries = next
  }

  /** Keeps `entries` by rank, so that a shuffled update stands where it is to be delivered. */
  function insert(entry: Entry): void {
    let at = entries.length
    while (at > 0 && (entries[at - 1]?.rank ?? 0) > entry.rank) at -= 1
    entries.splice(at, 0, entry)
  }

  function originalOf(update: WireUpdate): Entry | undefined {
    const edited = update.edited_message
    if (!edited) return undefined
    return entries.find(
      ({ update: { message }, flying, attempts }) =>
        !flying && attempts === 0 && message?.message_id === edited.message_id && message.chat.id === edited.chat.id,
    )
  }

  function push(payload: UpdatePayload): WireUpdate {
    const update: WireUpdate = { update_id: nextId, ...payload }
    nextId += 1
    remember(history, update, options.keep)
    const { rank, editsFirst, ...plan } = faults.takeDelivery()
    const original = editsFirst ? originalOf(update) : undefined
    insert({
      update,
      at: world.now(),
      rank: original ? original.rank - 0.5 : update.update_id + rank,
      notBefore: original ? 0 : Date.now() + (plan.delayMs ?? 0),
      plan,
      attempts: 0,
      flying: false,
      acknowledged: false,
      repeats: plan.duplicates ?? 0,
    })
    prune()
    wake()
    return update
  }

  function wake(): void {
    wakePoll?.()
    pump()
  }

  /** The next to deliver. In strict order nothing overtakes an update that waits for its next attempt. */
  function pick(now: number): Entry | undefined {
    for (const entry of entries) {
      if (entry.flying) continue
      if (entry.notBefore <= now) return entry
      if (options.concurrency === 1) return undefined
    }
    return undefined
  }

  function wakeLater(now: number): void {
    clearTimeout(timer)
    const next = entries.reduce(
      (earliest, entry) => (entry.flying || entry.notBefore <= now ? earliest : Math.min(earliest, entry.notBefore)),
      Infinity,
    )
    if (next !== Infinity && !closed) timer = setTimeout(wake, next - now)
  }

  function pump(): void {
    if (closed || !online || !url) return
    prune()
    const now = Date.now()
    while (flights < options.concurrency) {
      const entry = pick(now)
      if (!entry) break
      void fly(entry)
    }
    wakeLater(now)
  }

  async function fly(entry: Entry): Promise<void> {
    entry.flying = true
    entry.attempts += 1
    flights += 1
    const first = entry.attempts === 1
    const body = Buffer.from(JSON.stringify(entry.update))
    const copies = 1 + (first ? (entry.plan.twins ?? 0) : 0)
    const cut = first ? entry.plan.cut : undefined
    const at = world.now()
    const answers = await Promise.all(Array.from({ length: copies }, () => post(url, body, options.timeoutMs, cut)))
    for (const answer of answers) {
      const { update, attempts } = entry
      remember(
        deliveries,
        { botId: bot.id, updateId: update.update_id, attempt: attempts, at, ...answer },
        options.keep,
      )
    }
    flights -= 1
    entry.flying = false
    settle(
      entry,
      answers.some((answer) => answer.status === 200),
    )
    world.changes.emit('change')
    pump()
  }

  function settle(entry: Entry, ok: boolean): void {
    if (!ok) {
      entry.notBefore = Date.now() + Math.min(options.maxMs, options.firstMs * 2 ** Math.min(entry.attempts - 1, 20))
      return
    }
    acknowledged.add(entry.update.update_id)
    entry.acknowledged = true
    entries = entries.filter((other) => other !== entry)
    if (entry.repeats <= 0) return
    entry.repeats -= 1
    entry.rank += 2
    insert(entry)
  }

  function confirm(offset: number): void {
    if (offset < 0) {
      const kept = new Set(entries.toSorted((a, b) => a.update.update_id - b.update.update_id).slice(offset))
      for (const entry of entries) if (!kept.has(entry)) dropped.add(entry.update.update_id)
      entries = entries.filter((entry) => kept.has(entry))
      return
    }
    const before = acknowledged.size
    entries = entries.filter((entry) => {
      if (entry.update.update_id >= offset) return true
      acknowledged.add(entry.update.update_id)
      for (let copy = 0; copy < entry.repeats; copy += 1) repeats.push(entry.update)
      return false
    })
    if (acknowledged.size !== before) world.changes.emit('change')
  }

  /** What a poll gets now. Stops before the first one held back: a later offset would confirm it unseen. */
  function take(limit: number): WireUpdate[] {
    prune()
    const now = Date.now()
    const byId = entries.toSorted((a, b) => a.update.update_id - b.update.update_id)
    const early = byId.findIndex((entry) => entry.notBefore > now)
    const ready = byId.slice(0, Math.min(limit, early < 0 ? byId.length : early)).sort((a, b) => a.rank - b.rank)
    const again = repeats.splice(0, limit - ready.length)
    wakeLater(now)
    return [...again, ...ready.map((entry) => entry.update)]
  }

  async function poll(ask: { offset: number; limit: number; timeoutMs: number; signal: AbortSignal }) {
    if (url) throw new BaleError(409, "Conflict: can't use getUpdates method while webhook is active")
    turn += 1
    const mine = turn
    wakePoll?.()
    if (ask.offset !== 0) confirm(ask.offset)
    const deadline = Date.now() + ask.timeoutMs
    let batch = take(ask.limit)
    const over = () => mine !== turn || closed || url !== '' || ask.signal.aborted
    while (batch.length === 0 && Date.now() < deadline && !over()) {
      await waitForPush(deadline - Date.now(), ask.signal)
      if (!over()) batch = take(ask.limit)
    }
    return batch
  }

  function waitForPush(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(limit)
        signal.removeEventListener('abort', done)
        if (wakePoll === done) wakePoll = undefined
        resolve()
      }
      const limit = setTimeout(done, timeoutMs)
      signal.addEventListener('abort', done)
      wakePoll = done
    })
  }

  return {
    push,
    poll,
    setWebhook(next) {
      url = next
      // The waits were for the old address.
      for (const entry of entries) if (entry.attempts > 0) entry.notBefore = 0
      wake()
    },
    webhook: () => url,
    setOnline(next) {
      online = next
      wake()
    },
    pending: () => entries.reduce((count, entry) => count + (entry.acknowledged ? 0 : 1), 0),
    acknowledged,
    dropped,
    history,
    close() {
      closed = true
      clearTimeout(timer)
      wakePoll?.()
    },
  }
}

/** Bale's rule for a webhook address: https, on port 443 or 88. `insecure` lifts it, for loopback or for all. */
export function checkWebhookUrl(text: string, insecure: boolean | 'loopback'): string {
  if (text === '') return ''
  if (!URL.canParse(text)) throw badRequest('bad webhook: invalid URL')
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw badRequest('bad webhook: invalid URL')
  const loopback = /^(localhost|\[::1\]|127(\.\d{1,3}){3})$/.test(url.hostname)
  if (insecure === true || (insecure === 'loopback' && loopback)) return text
  if (url.protocol !== 'https:') throw badRequest('bad webhook: an HTTPS URL must be provided for webhook')
  if (url.port !== '' && url.port !== '88') {
    throw badRequest('bad webhook: webhook can be set up only on ports 443 or 88')
  }
  return text
}

import { ChannelError } from '#channels/contract.ts'

/**
 * When a claimed message really leaves this node. The database hands out moments (rate.ts); between a moment and the
 * arrival at the provider lie timers, the processor and the line, each late by some milliseconds. What a provider counts is
 * arrivals in any window of a second, so here no message leaves before the one `rate` places ahead of it has been there
 * for a second. Nothing is lost by a margin, and nothing is ever too fast.
 */
export interface Leaving {
  /** The moment taken for it (ms since the epoch), good for any message of its channel. */
  at: number
  /** Its chat takes nothing before. */
  notBefore: number
  /** Replies (0) leave before bulk (9), also when they were claimed later. */
  priority: number
  /** Messages a second: of the channel and of the account it shares. */
  rates: { channel: number; account: number }
}
/** Called when the provider has answered, or nothing was handed over. */
export type Arrived = (reached: boolean) => void

export interface Departures {
  /** Resolves when the message may leave. Throws `ChannelError` `later` when the account is held meanwhile: nothing has left. */
  leave(channelId: string, account: string, one: Leaving): Promise<Arrived>
  /** The provider asked the account to wait: what has not left yet goes back to the outbox. */
  hold(account: string, seconds: number): void
  /** Messages of the channel that wait to leave. */
  waiting(channelId: string): number
  /** Moments that were taken and not used since the last call: the next taking may have them back. */
  unused(channelId: string): number
}

export interface Clock {
  now(): number
  after(ms: number, action: () => void): void
}
const CLOCK: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  // Node's timers come up to a millisecond early and several late.
  after: (ms, action) => void setTimeout(action, Math.max(0, Math.ceil(ms))),
}

/** What is not answered so long beyond the usual is believed to have arrived by then: a provider that hangs must not stop all. */
const LATEST_MS = 400
const SECOND_MS = 1000
/** The clocks of both sides count whole milliseconds. */
const GRAIN_MS = 1
/** The quickest way and back is believed once so many were seen, and then less this: one may be quicker still. */
const SAMPLES = 30
const DOUBT_MS = 2

interface Departed {
  at: number
  /** When its answer came. */
  answered: number | undefined
}
interface Window {
  departed: Departed[]
  rate: number
}
interface Waiting extends Leaving {
  channelId: string
  account: string
  n: number
  go: (arrived: Arrived) => void
  back: (error: Error) => void
}

export function createDepartures(clock: Clock = CLOCK): Departures {
  const windows = new Map<string, Window>()
  const queues = new Map<string, { waiting: Waiting[]; moments: Map<string, number[]>; due: number }>()
  const unused = new Map<string, number>()
  const quickest = new Map<string, { ms: number; before: number; since: number; seen: number }>()
  let counter = 0

  /** When the window has room for one more. */
  function free(key: string, rate: number): number {
    const window = windows.get(key)
    if (!window) return 0
    window.rate = rate
    const places = Math.max(1, Math.floor(rate))
    const length = Math.max(SECOND_MS, rate < 1 ? SECOND_MS / rate : 0)
    if (window.departed.length < places) return 0
    // One that was long on its way may have arrived after some that left later.
    const before = window.departed.slice(-places - 3, window.departed.length - places + 1)
    return Math.max(...before.map((one) => thereOf(key, one))) + length + GRAIN_MS
  }
  /** Until when it has arrived, as far as can be told: its answer came later by the way back, at least. */
  function thereOf(key: string, { at, answered }: Departed): number {
    const known = quickest.get(key)
    const usual = known && known.seen >= SAMPLES ? Math.max(0, Math.min(known.ms, known.before) - DOUBT_MS) : 0
    return Math.min(Math.max(at, (answered ?? clock.now()) - usual), at + usual + LATEST_MS)
  }

  function put(key: string, rate: number, departed: Departed): void {
    const window = windows.get(key) ?? { departed: [], rate }
    windows.set(key, window)
    window.departed.push(departed)
    const most = Math.max(1, Math.floor(rate))
    if (window.departed.length > 2 * most + 16) window.departed.splice(0, window.departed.length - most - 8)
  }

  /** The way to the provider and back, at its quickest within the last minute or two: never a single, slow one. */
  function learn(key: string, took: number, now: number): void {
    const known = quickest.get(key) ?? { ms: took, before: took, since: now, seen: 0 }
    known.seen++
    if (now - known.since > 60_000) Object.assign(known, { ms: took, before: known.ms, since: now })
    else known.ms = Math.min(known.ms, took)
    quickest.set(key, known)
  }

  function depart(one: Waiting): void {
    const departed: Departed = { at: clock.now(), answered: undefined }
    put(one.channelId, one.rates.channel, departed)
    put(one.account, one.rates.account, departed)
    one.go((reached) => {
      const now = clock.now()
      if (reached) {
        learn(one.channelId, now - departed.at, now)
        learn(one.account, now - departed.at, now)
        departed.answered = now
      } else {
        for (const key of [one.channelId, one.account]) {
          const window = windows.get(key)
          if (window) window.departed = window.departed.filter((other) => other !== departed)
        }
        unused.set(one.channelId, (unused.get(one.channelId) ?? 0) + 1)
      }
      look(one.account)
    })
  }

  /** Lets go whoever may; looks again when the next one might. */
  function look(account: string): void {
    const queue = queues.get(account)
    if (!queue) return
    queue.due = Infinity
    let next = Infinity
    for (let n = 0; n < queue.waiting.length; ) {
      const one = queue.waiting[n]
      if (!one) break
      const moments = queue.moments.get(one.channelId) ?? []
      const earliest = Math.max(
        moments[0] ?? one.at,
        one.notBefore,
        free(one.channelId, one.rates.channel),
        free(account, one.rates.account),
      )
      if (earliest > clock.now()) {
        next = Math.min(next, earliest)
        n++
        continue
      }
      queue.waiting.splice(n, 1)
      moments.shift()
      depart(one)
    }
    if (queue.waiting.length === 0) queues.delete(account)
    else if (next < Infinity) wakeAt(account, next)
  }

  function wakeAt(account: string, at: number): void {
    const queue = queues.get(account)
    if (!queue || at >= queue.due) return
    queue.due = at
    clock.after(at - clock.now(), () => look(account))
  }

  return {
    leave(channelId, account, leaving) {
      return new Promise((go, back) => {
        const queue = queues.get(account) ?? { waiting: [], moments: new Map<string, number[]>(), due: Infinity }
        queues.set(account, queue)
        queue.waiting.push({ ...leaving, channelId, account, n: counter++, go, back })
        queue.waiting.sort((a, b) => a.priority - b.priority || a.at - b.at || a.n - b.n)
        const moments = queue.moments.get(channelId) ?? []
        queue.moments.set(
          channelId,
          [...moments, leaving.at].sort((a, b) => a - b),
        )
        look(account)
      })
    },
    hold(account, seconds) {
      const waiting = queues.get(account)?.waiting ?? []
      queues.delete(account)
      for (const one of waiting)
        one.back(
          new ChannelError('later', 'rate_limited', 'the provider asked to wait', { retryAfter: seconds, whole: true }),
        )
    },
    waiting: (channelId) => {
      let count = 0
      for (const queue of queues.values()) for (const one of queue.waiting) if (one.channelId === channelId) count++
      return count
    },
    unused(channelId) {
      const count = unused.get(channelId) ?? 0
      unused.delete(channelId)
      return count
    },
  }
}

/**
 * Trouble on order. Calls (the bot asks Bale) and deliveries (Bale hands the bot an update) each take a plan from here:
 * first whatever was queued by `next`, then what `always` keeps switched on, then the dice of `random`.
 * The dice are seeded, so a run with the same seed and the same order of events has the same faults.
 */

/** What goes wrong with one call of a bot. Without `accepted` or an `'after'`, the call has no effect. */
export interface CallFault {
  /**
   * HTTP status to answer with; the envelope's `error_code` is the same unless `errorCode` says otherwise. For Safir's methods
   * `errorCode` is one of its own codes, and the status 200 unless given.
   */
  status?: number
  errorCode?: number
  description?: string
  /** Seconds, put in `parameters.retry_after`; left out when undefined. */
  retryAfter?: number
  /** `false` answers with a proxy's HTML page instead of an envelope. */
  envelope?: boolean
  /** The whole answer as raw text, for answers that are not even JSON. */
  body?: string
  /** The call takes effect although the answer says otherwise: the ambiguous 5xx. */
  accepted?: boolean
  /** Wait this long before anything else, in milliseconds. */
  delayMs?: number
  /** Never answer; `'after'` does the work first. */
  hang?: 'before' | 'after'
  /** Break the connection; `'after'` does the work first and only the answer is lost. */
  cut?: 'before' | 'after'
}

/** What goes wrong with handing over one update. */
export interface DeliveryFault {
  /** Hand it over this many times more after it was acknowledged. */
  duplicates?: number
  /** Hand it over this many times at the same moment (webhook only). */
  twins?: number
  /** Hold it back this long, in milliseconds. */
  delayMs?: number
  /** Webhook only, first attempt: break off in the middle of the body, or after the body without reading the answer. */
  cut?: 'sending' | 'answer'
}

export interface RandomFaults {
  seed: number
  /** `method` is a name of the Bot API, `file` for downloads, or `*`. The first that strikes wins. */
  calls?: { method: string; probability: number; fault: CallFault }[]
  deliveries?: { probability: number; fault: DeliveryFault }[]
  /** Shuffle updates inside a moving window; each waits `holdMs` for its neighbours. */
  reorder?: { window: number; holdMs: number }
}

export interface Faults {
  /** The next `times` calls of `method` (a method's name, `file`, Safir's `send_message` or `upload_file`, or `*`) meet this fault. */
  next(method: string, fault: CallFault, times?: number): void
  /** The next `times` updates, of whichever bot, meet this fault when handed over. */
  nextDelivery(fault: DeliveryFault, times?: number): void
  /** Every call of `method` meets this fault until the returned function is called. */
  always(method: string, fault: CallFault): () => void
  /** Throws the dice for every call and every update from now on. Replaces an earlier `random`. */
  random(dice: RandomFaults): void
  /** Shuffle updates inside a window from now on; `null` ends it. */
  reorder(order: { window: number; holdMs: number } | null): void
  /** Hold every message this long so that an edit made meanwhile is handed over first; `null` ends it. */
  editsFirst(order: { holdMs: number } | null): void
  clear(): void
  /** How many faults struck, by method and kind. */
  readonly struck: ReadonlyMap<string, number>
}

/** What the simulator asks. Not for tests. */
export interface FaultDesk extends Faults {
  takeCall(method: string): CallFault | undefined
  takeDelivery(): DeliveryFault & { rank: number; editsFirst: boolean }
}

/** A small seeded generator (mulberry32): numbers in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const fits = (wanted: string, method: string) => wanted === '*' || wanted.toLowerCase() === method

function nameOf(fault: CallFault): string {
  if (fault.cut) return `cut-${fault.cut}`
  if (fault.hang) return `hang-${fault.hang}`
  if (fault.status !== undefined) return `status-${fault.status}`
  return 'delay'
}

interface Planned {
  method: string
  fault: CallFault
  left: number
}

export function createFaults(): FaultDesk {
  const queued: Planned[] = []
  const standing = new Set<{ method: string; fault: CallFault }>()
  const deliveries: { fault: DeliveryFault; left: number }[] = []
  const struck = new Map<string, number>()
  let dice: RandomFaults | undefined
  let throwDice = seededRandom(1)
  let order: { window: number; holdMs: number } | null = null
  let edits: { holdMs: number } | null = null

  const count = (what: string) => struck.set(what, (struck.get(what) ?? 0) + 1)

  function findCall(method: string): CallFault | undefined {
    const at = queued.findIndex((planned) => fits(planned.method, method))
    const planned = queued[at]
    if (planned) {
      planned.left -= 1
      if (planned.left <= 0) queued.splice(at, 1)
      return planned.fault
    }
    for (const kept of standing) if (fits(kept.method, method)) return kept.fault
    for (const die of dice?.calls ?? []) {
      if (fits(die.method, method) && throwDice() < die.probability) return die.fault
    }
    return undefined
  }

  function findDelivery(): DeliveryFault {
    const planned = deliveries[0]
    if (planned) {
      planned.left -= 1
      if (planned.left <= 0) deliveries.shift()
      return planned.fault
    }
    for (const die of dice?.deliveries ?? []) if (throwDice() < die.probability) return die.fault
    return {}
  }

  return {
    struck,
    next(method, fault, times = 1) {
      queued.push({ method, fault, left: times })
    },
    nextDelivery(fault, times = 1) {
      deliveries.push({ fault, left: times })
    },
    always(method, fault) {
      const kept = { method, fault }
      standing.add(kept)
      return () => void standing.delete(kept)
    },
    random(wanted) {
      dice = wanted
      order = wanted.reorder ?? null
      throwDice = seededRandom(wanted.seed)
    },
    reorder(wanted) {
      order = wanted
    },
    editsFirst(wanted) {
      edits = wanted
    },
    clear() {
      queued.length = 0
      deliveries.length = 0
      standing.clear()
      dice = undefined
      order = null
      edits = null
    },
    takeCall(method) {
      const fault = findCall(method)
      if (fault) count(`${method} ${nameOf(fault)}`)
      return fault
    },
    takeDelivery() {
      const fault = findDelivery()
      for (const kind of Object.keys(fault)) count(`delivery ${kind}`)
      const holdMs = Math.max(fault.delayMs ?? 0, order?.holdMs ?? 0, edits?.holdMs ?? 0)
      return { ...fault, delayMs: holdMs, rank: order ? throwDice() * order.window : 0, editsFirst: edits !== null }
    },
  }
}

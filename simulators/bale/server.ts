/**
 * A simulator of the Bale Bot API: the wire as documented, the people behind it as scripted by a test or played by hand
 * on the phone page, and trouble on order. What Bale does not document is settled here on the stricter side.
 */
import http from 'node:http'
import type { AddressInfo } from 'node:net'

import { type Account, createAccount, type RateLimits, type RateSeen, type Received } from './accounting.ts'
import { answerCall, answerFile } from './api.ts'
import { answerControl } from './control.ts'
import { type CallFault, createFaults, type Faults } from './faults.ts'
import { SENDING_METHODS as LIMITED_METHODS } from './methods.ts'
import { type BalePerson, createPerson } from './person.ts'
import {
  answerSafir,
  createSafir,
  type SafirDesk,
  type SafirInput,
  type SafirReceived,
  safirRates,
  type SimSafir,
} from './safir.ts'
import { type PastMessage, restoreChat } from './restore.ts'
import {
  createUpdateQueue,
  type Delivery,
  type DeliveryOptions,
  type UpdatePayload,
  type UpdateQueue,
} from './updates.ts'
import {
  addBot,
  addPerson,
  type BotInput,
  createWorld,
  changed,
  type PersonInput,
  type SimBot,
  type World,
} from './world.ts'
import type { WireUpdate } from './wire.ts'

export type { RateLimits, RateSeen, Received } from './accounting.ts'
export type { CallFault, DeliveryFault, Faults, RandomFaults } from './faults.ts'
export type {
  BalePerson,
  CardInput,
  InboxButton,
  InboxMessage,
  MediaInput,
  Press,
  SendOptions,
  Sent,
} from './person.ts'
export type { PastMessage } from './restore.ts'
export type { FailureStyle, SafirButton, SafirInput, SafirReceived, SimSafir } from './safir.ts'
export type { Delivery, DeliveryOptions } from './updates.ts'
export type { WireMessage, WireUpdate } from './wire.ts'
export type { BotInput, PersonInput, SimBot } from './world.ts'

export interface SimulatorOptions {
  /** A free port unless given. */
  port?: number
  host?: string
  /** Milliseconds since 1970; the system's clock unless given. Retention, dates, file links and rates go by it. */
  clock?: () => number
  /** Bale takes https on ports 443 and 88 only. `'loopback'` (the default) lets this machine be hooked in any way. */
  allowInsecureWebhook?: boolean | 'loopback'
  deliveries?: Partial<DeliveryOptions>
  limits?: RateLimits
  /** What a bot is told that writes to a person who never started it: 403 unless told. */
  neverStarted?: 403 | 404
  /** The description of every 403, for example `permission_denied`; the usual sentences unless given. */
  forbidden?: string
}

/** The line between Bale and the bot: `slow` by 3 s, `limited` by 429, `cut` in both directions. */
export type Network = 'good' | 'slow' | 'limited' | 'cut'

export interface WaitOptions {
  timeoutMs?: number
  /** Names what is awaited, for the message of a time-out. */
  what?: string
}

export interface BaleSimulator {
  /** For the setting `baseUrl`: `http://127.0.0.1:<port>`. */
  readonly url: string
  /** The page where one plays the customer. */
  readonly phoneUrl: string
  readonly faults: Faults
  /** May be changed at any time. */
  readonly limits: RateLimits
  addBot(input: BotInput): SimBot
  addPerson(input: PersonInput): BalePerson
  /** A Safir of an organisation, for all bots. The address is the simulator's; the key goes into the channel's settings. */
  addSafir(input?: SafirInput): SimSafir
  safirs(): SimSafir[]
  /** Every message that Safir took, in order; a repeat is counted at the first. */
  safirReceived(safir: SimSafir): readonly SafirReceived[]
  safirRates(safir: SimSafir): RateSeen
  /** How many files were uploaded. */
  safirUploads(safir: SimSafir): number
  bots(): SimBot[]
  bot(id: number): SimBot | undefined
  people(): BalePerson[]
  person(id: number): BalePerson | undefined
  /** Every call of the bot that took effect, in order. */
  received(bot: SimBot): readonly Received[]
  /** Every attempt to deliver to a webhook, in order of their answers. */
  readonly deliveries: readonly Delivery[]
  /** Updates that the bot answered 200 for, or confirmed by a higher offset. */
  acknowledged(bot: SimBot): ReadonlySet<number>
  /** Updates lost by retention or thrown away by a negative offset. */
  dropped(bot: SimBot): ReadonlySet<number>
  /** Every update made for the bot, in order. */
  updates(bot: SimBot): readonly WireUpdate[]
  /** How many are not yet acknowledged. */
  pending(bot: SimBot): number
  /** The webhook's address; empty when there is none. */
  webhook(bot: SimBot): string
  rates(bot: SimBot): RateSeen
  network(): Network
  /** Switches the whole line over, apart from the single faults. */
  setNetwork(network: Network): void
  /**
   * Makes a chat hold exactly these messages, which the bot knows already: for a simulator that goes on where another
   * ended. New messages are numbered after the last one, or after `lastId`.
   */
  restoreChat(
    bot: SimBot,
    person: BalePerson,
    past: readonly PastMessage[],
    options?: { blocked?: boolean; lastId?: number },
  ): void
  /** Queues any payload as an update, well-formed or not. */
  inject(bot: SimBot, payload: Record<string, unknown>): WireUpdate
  /** Resolves with the first defined, non-false value of `probe`, asked again after every event. */
  waitFor<T>(probe: () => T | undefined | false, options?: WaitOptions): Promise<T>
  /** Resolves when the bot has acknowledged everything. */
  settled(bot: SimBot, options?: WaitOptions): Promise<void>
  close(): Promise<void>
}

/** The simulator's inside, shared by the wire, the control endpoints and the test interface. */
export interface Core {
  world: World
  faults: ReturnType<typeof createFaults>
  queues: Map<number, UpdateQueue>
  accounts: Map<number, Account>
  /** By access key. */
  safirs: Map<string, SafirDesk>
  deliveries: Delivery[]
  limits: RateLimits
  options: SimulatorOptions
  keep: number
  /** Calls of bots being answered right now. */
  open: Set<http.ServerResponse>
}

const WAIT_MS = 5000
const SLOW_MS = 3000
/** Seconds a bot is told to wait on a limited line. */
const LIMITED_RETRY_S = 5

const NETWORK_FAULTS: Record<Network, { method: string; fault: CallFault }[]> = {
  good: [],
  slow: [{ method: '*', fault: { delayMs: SLOW_MS } }],
  limited: [...LIMITED_METHODS, 'send_message'].map((method) => ({
    method,
    fault: { status: 429, retryAfter: LIMITED_RETRY_S },
  })),
  cut: [{ method: '*', fault: { cut: 'before' } }],
}
const DELIVERY: DeliveryOptions = { concurrency: 1, timeoutMs: 10_000, firstMs: 100, maxMs: 5000, keep: 200_000 }

function need<T>(value: T | undefined, bot: SimBot): T {
  if (value === undefined) throw new Error(`The bot ${bot.username} is not of this simulator`)
  return value
}

function waiter(world: World) {
  return function waitFor<T>(probe: () => T | undefined | false, options: WaitOptions = {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = () => {
        clearTimeout(timer)
        world.changes.off('change', look)
      }
      const look = () => {
        let value: T | undefined | false
        try {
          value = probe()
        } catch (error) {
          finish()
          return reject(error)
        }
        if (value === undefined || value === false) return
        finish()
        resolve(value)
      }
      const timeoutMs = options.timeoutMs ?? WAIT_MS
      const timer = setTimeout(() => {
        finish()
        reject(new Error(`Waited ${timeoutMs} ms in vain for ${options.what ?? 'a condition'}`))
      }, timeoutMs)
      world.changes.on('change', look)
      look()
    })
  }
}

/** Starts a simulator. It serves until `close`. */
export async function createBaleSimulator(options: SimulatorOptions = {}): Promise<BaleSimulator> {
  const world = createWorld(options.clock ?? Date.now)
  const deliveryOptions = { ...DELIVERY, ...options.deliveries }
  const core: Core = {
    world,
    faults: createFaults(),
    queues: new Map(),
    accounts: new Map(),
    safirs: new Map(),
    deliveries: [],
    limits: { ...options.limits },
    options,
    keep: deliveryOptions.keep,
    open: new Set(),
  }
  const people = new Map<number, BalePerson>()
  const waitFor = waiter(world)
  const queueOf = (bot: SimBot) => need(core.queues.get(bot.id), bot)
  const safirOf = (safir: SimSafir) => {
    const desk = core.safirs.get(safir.key)
    if (!desk) throw new Error('This Safir is not of this simulator')
    return desk
  }
  const accountOf = (bot: SimBot) => need(core.accounts.get(bot.id), bot)

  function push(bot: SimBot, payload: UpdatePayload): WireUpdate {
    const update = queueOf(bot).push(payload)
    changed(world)
    return update
  }

  let network: Network = 'good'
  let restore: (() => void)[] = []

  function setNetwork(next: Network): void {
    for (const undo of restore) undo()
    restore = NETWORK_FAULTS[next].map(({ method, fault }) => core.faults.always(method, fault))
    network = next
    for (const queue of core.queues.values()) queue.setOnline(next !== 'cut')
    if (next === 'cut') for (const response of core.open) response.destroy()
  }

  const server = http.createServer((request, response) => void answer(core, simulator, request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve)
  })
  const url = addressOf(server)

  const simulator: BaleSimulator = {
    url,
    phoneUrl: `${url}/_sim/phone`,
    faults: core.faults,
    limits: core.limits,
    deliveries: core.deliveries,
    addBot(input) {
      const bot = addBot(world, input)
      core.accounts.set(bot.id, createAccount())
      const { faults, deliveries } = core
      const queue = createUpdateQueue(world, bot, faults, deliveryOptions, deliveries, input.firstUpdateId ?? 1)
      queue.setOnline(network !== 'cut')
      core.queues.set(bot.id, queue)
      return bot
    },
    addPerson(input) {
      const person = createPerson({ world, push, waitFor }, addPerson(world, input))
      people.set(person.id, person)
      return person
    },
    addSafir(input = {}) {
      const desk = createSafir(input)
      if (core.safirs.has(desk.safir.key)) throw new Error('There is a Safir with this key already')
      core.safirs.set(desk.safir.key, desk)
      changed(world)
      return desk.safir
    },
    safirs: () => [...core.safirs.values()].map(({ safir }) => safir),
    safirReceived: (safir) => safirOf(safir).received,
    safirRates: (safir) => safirRates(safirOf(safir)),
    safirUploads: (safir) => safirOf(safir).uploads,
    bots: () => [...world.bots.values()],
    bot: (id) => world.bots.get(id),
    people: () => [...people.values()],
    person: (id) => people.get(id),
    received: (bot) => accountOf(bot).received,
    acknowledged: (bot) => queueOf(bot).acknowledged,
    dropped: (bot) => queueOf(bot).dropped,
    updates: (bot) => queueOf(bot).history,
    pending: (bot) => queueOf(bot).pending(),
    webhook: (bot) => queueOf(bot).webhook(),
    rates: (bot) => accountOf(bot).seen(),
    network: () => network,
    setNetwork,
    restoreChat(bot, person, past, restoreOptions) {
      const record = world.people.get(person.id)
      if (!record) throw new Error(`${person.firstName} is not of this simulator`)
      restoreChat(world, bot, record, past, restoreOptions)
    },
    inject: (bot, payload) => push(bot, payload),
    waitFor,
    async settled(bot, wait) {
      await waitFor(() => queueOf(bot).pending() === 0, { what: `${bot.username} to acknowledge everything`, ...wait })
    },
    async close() {
      for (const queue of core.queues.values()) queue.close()
      const ended = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await ended
    },
  }
  return simulator
}

function addressOf(server: http.Server): string {
  const address: string | AddressInfo | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('The simulator has no port')
  const host = address.address === '0.0.0.0' || address.address === '::' ? '127.0.0.1' : address.address
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`
}

async function answer(
  core: Core,
  simulator: BaleSimulator,
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  // A peer that goes away while it is being answered is no event here.
  response.on('error', () => response.destroy())
  request.on('error', () => request.destroy())
  try {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    if (path.startsWith('/_sim/')) await answerControl(core, simulator, request, response)
    else if (path.startsWith('/api/')) await answerSafir(core, request, response)
    else if (path.startsWith('/file/')) await answerFile(core, request, response)
    else await answerCall(core, request, response)
  } catch (error) {
    if (response.headersSent) return void response.destroy()
    const description = error instanceof Error ? error.message : 'Internal Server Error'
    response.writeHead(500, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ ok: false, error_code: 500, description }))
  }
}

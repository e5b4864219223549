/** For the simulator's own tests: a small office of one bot, raw calls as any client makes them, and a hook to deliver to. */
import http from 'node:http'

import { type BaleSimulator, createBaleSimulator, type SimBot, type SimulatorOptions } from './server.ts'
import type { WireMessage, WireUpdate } from './wire.ts'

export interface Envelope<T = WireMessage> {
  ok: boolean
  result: T
  error_code: number
  description: string
  parameters?: { retry_after?: number }
}

export const TOKEN = '987650001:AbCdEf-0123456789'

export interface Office {
  sim: BaleSimulator
  bot: SimBot
  /** The simulator's clock; tests move it. */
  clock: { now: number }
  /** POSTs JSON to a method and returns the HTTP status with the envelope. */
  call<T = WireMessage>(method: string, parameters?: object, bot?: SimBot): Promise<Envelope<T> & { status: number }>
}

export async function openOffice(options: SimulatorOptions = {}, firstUpdateId = 1): Promise<Office> {
  const clock = { now: 1_790_000_000_000 }
  const sim = await createBaleSimulator({ clock: () => clock.now, ...options })
  const bot = sim.addBot({ token: TOKEN, username: 'daftar_bot', name: 'پشتیبانی', firstUpdateId })
  return {
    sim,
    bot,
    clock,
    async call<T>(method: string, parameters: object = {}, caller = bot) {
      const response = await fetch(`${sim.url}/bot${caller.token}/${method}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(parameters),
      })
      const envelope: Envelope<T> = JSON.parse(await response.text())
      return { ...envelope, status: response.status }
    },
  }
}

export interface Hook {
  url: string
  updates: WireUpdate[]
  /** The most deliveries under way at one time. */
  busiest(): number
  close(): Promise<void>
}

async function respond(response: http.ServerResponse, answered: number | null | Promise<number>): Promise<void> {
  const status = await answered
  if (status !== null) response.writeHead(status).end()
}

/** A webhook that notes every update and answers with the status that `answer` gives; `null` never answers. */
export async function openHook(
  answer: (update: WireUpdate, count: number) => number | null | Promise<number> = () => 200,
): Promise<Hook> {
  const updates: WireUpdate[] = []
  let busy = 0
  let busiest = 0
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = []
    busy += 1
    busiest = Math.max(busiest, busy)
    response.on('close', () => {
      busy -= 1
    })
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const update: WireUpdate = JSON.parse(Buffer.concat(chunks).toString('utf8'))
      updates.push(update)
      void respond(response, answer(update, updates.length))
    })
    request.on('error', () => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The hook has no port')
  return {
    url: `http://127.0.0.1:${address.port}/hooks/secret`,
    updates,
    busiest: () => busiest,
    async close() {
      const ended = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await ended
    },
  }
}

/** A promise opened from outside, for holding an answer back. */
export function gate(): { open: () => void; opened: Promise<void> } {
  const waiting: (() => void)[] = []
  const opened = new Promise<void>((resolve) => waiting.push(resolve))
  return { open: () => waiting.forEach((resolve) => resolve()), opened }
}

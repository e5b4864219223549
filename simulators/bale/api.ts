/** The wire of the Bot API: `/bot<TOKEN>/<METHOD>` and `/file/bot<TOKEN>/<path>`, envelopes, and the faults on order. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

import type { Call } from './call.ts'
import type { CallFault } from './faults.ts'
import { methodNamed } from './methods.ts'
import { type Parameters, readParameters } from './parameters.ts'
import type { Core } from './server.ts'
import { changed, fileAt, type SimBot } from './world.ts'
import { BaleError } from './wire.ts'

export interface Outcome {
  status: number
  body: string
  headers?: Record<string, string> | undefined
}

function envelope(error: BaleError): Outcome {
  return {
    status: error.status,
    body: JSON.stringify({
      ok: false,
      error_code: error.status,
      description: error.message,
      ...(error.retryAfter !== undefined && { parameters: { retry_after: error.retryAfter } }),
    }),
  }
}

export function send(
  response: ServerResponse,
  { status, body, headers }: Outcome,
  contentType = 'application/json',
): void {
  if (response.destroyed) return
  response.writeHead(status, { ...headers, 'content-type': contentType, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

function botOf(core: Core, token: string): SimBot {
  let given = token
  try {
    given = decodeURIComponent(token)
  } catch {
    // A token that is no valid text is nobody's token.
  }
  for (const bot of core.world.bots.values()) if (bot.token === given) return bot
  throw new BaleError(401, 'Token not found')
}

const DESCRIPTIONS: Record<number, string> = {
  400: 'Bad Request: chat_id: must be a valid value',
  401: 'Token not found',
  403: 'Forbidden: bot was blocked by the user',
  404: 'no such group or user',
  420: 'flood',
  429: 'bot limit exceed',
}

function faultOutcome(fault: CallFault): { outcome: Outcome; contentType: string } | undefined {
  if (fault.body !== undefined) {
    return { outcome: { status: fault.status ?? 200, body: fault.body }, contentType: 'text/plain' }
  }
  const status = fault.status ?? fault.errorCode
  if (status === undefined) return undefined
  if (fault.envelope === false) {
    const body = `<html><head><title>${status}</title></head><body><center><h1>${status}</h1></center></body></html>`
    return { outcome: { status, body }, contentType: 'text/html' }
  }
  const code = fault.errorCode ?? status
  const description = fault.description ?? DESCRIPTIONS[code] ?? 'Internal Server Error'
  const { body } = envelope(new BaleError(code, description, fault.retryAfter))
  return { outcome: { status, body }, contentType: 'application/json' }
}

/** Waits for a fault's delay, or for the peer to give up. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => undefined)
}

export function signalOf(core: Core, response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  core.open.add(response)
  response.on('close', () => {
    core.open.delete(response)
    controller.abort()
  })
  return controller.signal
}

type Planned = (() => { outcome: Outcome; contentType: string } | undefined) | undefined

/** Answers a call, with the trouble that `fault` orders; `work` is what it does, and its proper answer. */
export async function play(
  fault: CallFault | undefined,
  planned: Planned,
  response: ServerResponse,
  signal: AbortSignal,
  work: () => Outcome | Promise<Outcome>,
): Promise<void> {
  if (fault && (await before(fault, planned, response, signal))) return
  after(fault, planned, response, await work())
}

/** Plays what a fault orders before the call takes effect. True when that was all. */
async function before(
  fault: CallFault,
  planned: Planned,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<boolean> {
  if (fault.delayMs) await pause(fault.delayMs, signal)
  if (fault.hang === 'before') return true
  if (fault.cut === 'before') {
    response.socket?.destroy()
    return true
  }
  const instead = fault.accepted ? undefined : planned?.()
  if (instead) send(response, instead.outcome, instead.contentType)
  return instead !== undefined
}

/** Plays what a fault orders after the call took effect; otherwise answers properly. */
function after(fault: CallFault | undefined, planned: Planned, response: ServerResponse, outcome: Outcome): void {
  if (fault?.hang === 'after') return
  if (fault?.cut === 'after') return void response.socket?.destroy()
  const instead = fault?.accepted ? planned?.() : undefined
  if (instead) send(response, instead.outcome, instead.contentType)
  else send(response, outcome)
}

export async function answerCall(core: Core, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://bale.invalid')
  const signal = signalOf(core, response)
  const matched = /^\/bot([^/]+)\/([A-Za-z]{1,64})\/?$/.exec(url.pathname)
  try {
    if (!matched) throw new BaleError(404, 'Not Found')
    if (request.method !== 'GET' && request.method !== 'POST') throw new BaleError(405, 'Method Not Allowed')
    const bot = botOf(core, matched[1] ?? '')
    const name = (matched[2] ?? '').toLowerCase()
    const fault = core.faults.takeCall(name)
    // The body is read even when it is thrown away, so that the peer is not cut off in the middle of an upload.
    const parameters = await readParameters(request, url.searchParams)
    await play(fault, fault && (() => faultOutcome(fault)), response, signal, async () => {
      const method = methodNamed(name)
      const call = makeCall(core, bot, name, parameters, signal)
      let outcome: Outcome
      try {
        outcome = { status: 200, body: JSON.stringify({ ok: true, result: await method.run(call) }) }
      } catch (error) {
        if (!(error instanceof BaleError)) throw error
        outcome = envelope(error)
      }
      const lost = fault?.hang === 'after' || fault?.cut === 'after' || fault?.accepted === true
      record(core, call, method.documented, !lost)
      return outcome
    })
  } catch (error) {
    if (!(error instanceof BaleError)) throw error
    send(response, envelope(error))
  }
}

function makeCall(core: Core, bot: SimBot, method: string, parameters: Parameters, signal: AbortSignal): Call {
  const { world, options } = core
  const queue = core.queues.get(bot.id)
  const account = core.accounts.get(bot.id)
  if (!queue || !account) throw new BaleError(401, 'Token not found')
  return {
    world,
    bot,
    method,
    parameters,
    queue,
    account,
    limits: core.limits,
    allowInsecureWebhook: options.allowInsecureWebhook ?? 'loopback',
    neverStarted: options.neverStarted ?? 403,
    forbidden: options.forbidden,
    signal,
    notes: [],
  }
}

function record(core: Core, call: Call, documented: string[], answered: boolean): void {
  if (call.notes.length === 0) return
  const known = new Set(documented)
  const names = [...call.parameters.fields.keys()]
  const files = [...call.parameters.files].map(([name, file]) => [name, `${file.name} (${file.data.length} bytes)`])
  const { received } = call.account
  for (const { chatId, message, text } of call.notes) {
    received.push({
      at: core.world.now(),
      method: call.method,
      chatId,
      messageId: message?.message_id ?? 0,
      text,
      request: { ...Object.fromEntries(call.parameters.fields), ...Object.fromEntries(files) },
      undocumented: names.filter((name) => !known.has(name)),
      message,
      answered,
    })
  }
  if (received.length > core.keep * 1.1) received.splice(0, received.length - core.keep)
  changed(core.world)
}

export async function answerFile(core: Core, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const signal = signalOf(core, response)
  const { pathname } = new URL(request.url ?? '/', 'http://bale.invalid')
  const matched = /^\/file\/bot([^/]+)\/(.+)$/.exec(pathname)
  try {
    if (!matched || request.method !== 'GET') throw new BaleError(404, 'Not Found')
    const bot = botOf(core, matched[1] ?? '')
    const fault = core.faults.takeCall('file')
    if (fault && (await before(fault, () => faultOutcome(fault), response, signal))) return
    const file = fileAt(core.world, bot, matched[2] ?? '')
    if (!file) throw new BaleError(404, 'Not Found: file link is unknown or has expired')
    if (fault?.hang === 'after') return
    response.writeHead(200, { 'content-type': file.mimeType, 'content-length': file.data.length })
    if (fault?.cut !== 'after') return void response.end(file.data)
    response.write(file.data.subarray(0, Math.floor(file.data.length / 2)), () => response.socket?.destroy())
  } catch (error) {
    if (!(error instanceof BaleError)) throw error
    send(response, envelope(error))
  }
}

/**
 * Safir: messages to phone numbers in the name of a bot, in the same world. `/api/v3/send_message` and `/api/v3/upload_file`.
 * What Safir does not document is settled on the stricter side; see README.md.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

import { type Account, createAccount, type RateLimits, type RateSeen } from './accounting.ts'
import { type Outcome, play, send, signalOf } from './api.ts'
import type { CallFault } from './faults.ts'
import { isRecord, parseObject, readBody, readParameters } from './parameters.ts'
import type { Core } from './server.ts'
import {
  addMessage,
  changed,
  chatBetween,
  makeFile,
  mediaField,
  type PersonRecord,
  type SimBot,
  type StoredFile,
  type World,
} from './world.ts'
import { BaleError, type InlineButton, type MediaKind } from './wire.ts'

export interface SafirInput {
  /** What goes into `api-access-key`; made up when absent. */
  key?: string
  /** Messages that are paid for; without end unless told. */
  credit?: number
  /** To how many different people one bot may write; without end unless told. */
  contactLimit?: number
  limits?: RateLimits
  failures?: FailureStyle
}

/** How failures look, of which several are seen in the wild. */
export interface FailureStyle {
  /** 200 unless told. */
  status?: number
  /** `list`: `error_data`, as documented for sending. `single`: `error`, as documented for uploading. Each its own unless told. */
  shape?: 'list' | 'single'
  /** Codes as strings. */
  text?: boolean
}

/** One organisation's Safir. Everything but the key may be changed at any time. */
export interface SimSafir {
  readonly key: string
  credit: number
  contactLimit: number
  limits: RateLimits
  failures: FailureStyle
}

/** A message that was taken, once however often it was asked for. */
export interface SafirReceived {
  at: number
  requestId: string | undefined
  /** What the answer called it. */
  id: string
  botId: number
  phone: string
  personId: number | undefined
  /** In the chat with the bot; 0 for a one-time code, which another bot delivers. */
  messageId: number
  text: string | undefined
  fileId: string | undefined
  otp: string | undefined
  secure: boolean
  buttons: SafirButton[][]
  /** False when no answer to it got back to the caller. */
  answered: boolean
  /** How often the same `request_id` came again. */
  repeats: number
  /** Fields of the request that Safir does not document. */
  undocumented: string[]
}

export type SafirButton = Pick<InlineButton, 'text' | 'url' | 'web_app'> & { copy_text?: string }

/** What the simulator keeps of one Safir. */
export interface SafirDesk {
  safir: SimSafir
  account: Account
  received: SafirReceived[]
  byRequest: Map<string, SafirReceived>
  /** Who was written to, by bot. */
  contacts: Map<number, Set<string>>
  files: Map<string, StoredFile>
  uploads: number
}

export function createSafir(input: SafirInput): SafirDesk {
  return {
    safir: {
      key: input.key ?? randomBytes(24).toString('base64url'),
      credit: input.credit ?? Infinity,
      contactLimit: input.contactLimit ?? Infinity,
      limits: { ...input.limits },
      failures: { ...input.failures },
    },
    account: createAccount(),
    received: [],
    byRequest: new Map(),
    contacts: new Map(),
    files: new Map(),
    uploads: 0,
  }
}

export const safirRates = (desk: SafirDesk): RateSeen => desk.account.seen()

class SafirError extends Error {
  readonly code: number
  readonly phone: string
  readonly retryAfter: number | undefined
  constructor(code: number, description: string, phone = '', retryAfter?: number) {
    super(description)
    this.code = code
    this.phone = phone
    this.retryAfter = retryAfter
  }
}

const DESCRIPTIONS: Record<number, string> = {
  2: 'internal server error',
  3: 'rate limit exceeded',
  4: 'invalid input',
  8: 'invalid phone number',
  17: 'phone number is not bale user',
  20: 'payment required',
  21: 'maximum contact limit reached',
}
const refuse = (code: number, phone = '', why = DESCRIPTIONS[code] ?? 'error') => new SafirError(code, why, phone)

const METHODS = ['send_message', 'upload_file'] as const
type SafirMethod = (typeof METHODS)[number]

/** Answers `/api/v3/…`. Everything but a bad key and a wrong address is answered in Safir's own words. */
export async function answerSafir(core: Core, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const signal = signalOf(core, response)
  const url = new URL(request.url ?? '/', 'http://bale.invalid')
  const method = METHODS.find((name) => url.pathname === `/api/v3/${name}`)
  const plain = (status: number, message: string) => send(response, { status, body: JSON.stringify({ message }) })
  if (!method) return plain(404, 'not found')
  if (request.method !== 'POST') return plain(405, 'method not allowed')
  const desk = core.safirs.get(String(request.headers['api-access-key'] ?? ''))
  if (!desk) return plain(401, 'invalid api-access-key')
  const fault = core.faults.takeCall(method)
  const planned = fault && (() => faultOutcome(fault, method, desk))
  // The body is read even when it is thrown away, so that the peer is not cut off in the middle of an upload.
  const work = method === 'send_message' ? await readSend(core, desk, request) : await readUpload(core, desk, request)
  const lost = fault?.hang === 'after' || fault?.cut === 'after' || fault?.accepted === true
  await play(fault, planned, response, signal, () => {
    try {
      return { status: 200, body: JSON.stringify(work(!lost)) }
    } catch (error) {
      if (!(error instanceof SafirError)) throw error
      return failureOf(error, method, desk.safir.failures)
    }
  })
}

function failureOf(error: SafirError, method: SafirMethod, style: FailureStyle): Outcome {
  const entry = {
    phone_number: error.phone,
    code: style.text ? String(error.code) : error.code,
    description: error.message,
  }
  const shape = style.shape ?? (method === 'upload_file' ? 'single' : 'list')
  const body = shape === 'single' ? { error: entry } : { message_id: '', error_data: [entry] }
  const headers = error.retryAfter === undefined ? undefined : { 'retry-after': String(error.retryAfter) }
  return { status: style.status ?? 200, body: JSON.stringify(body), headers }
}

function faultOutcome(fault: CallFault, method: SafirMethod, { safir }: SafirDesk) {
  const json = 'application/json'
  if (fault.body !== undefined) {
    return { outcome: { status: fault.status ?? 200, body: fault.body }, contentType: 'text/plain' }
  }
  if (fault.envelope === false) {
    const status = fault.status ?? 502
    return { outcome: { status, body: `<html><body><h1>${status}</h1></body></html>` }, contentType: 'text/html' }
  }
  if (fault.status === undefined && fault.errorCode === undefined) return undefined
  const code = fault.errorCode ?? (fault.status === 429 ? 3 : 2)
  const error = new SafirError(code, fault.description ?? DESCRIPTIONS[code] ?? 'error', '', fault.retryAfter)
  return { outcome: failureOf(error, method, { ...safir.failures, status: fault.status }), contentType: json }
}

const BODY_LIMIT = 1024 * 1024
const UPLOAD_LIMIT = 500 * 1024 * 1024

type Work = (answered: boolean) => unknown

async function readSend(core: Core, desk: SafirDesk, request: IncomingMessage): Promise<Work> {
  const body = await readBody(request, BODY_LIMIT)
  const json = request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() === 'application/json'
  return (answered) => {
    if (!json) throw refuse(4, '', 'content type must be application/json')
    let given: Record<string, unknown>
    try {
      given = parseObject(body)
    } catch {
      throw refuse(4, '', 'invalid JSON')
    }
    const message = take(core.world, desk, readOrder(given), answered)
    changed(core.world)
    return { message_id: message.id, error_data: null }
  }
}

async function readUpload(core: Core, desk: SafirDesk, request: IncomingMessage): Promise<Work> {
  // A body that cannot be read is the caller's mistake, and answered as such.
  const parameters = await readParameters(request, new URLSearchParams(), UPLOAD_LIMIT + 65_536).catch(() => undefined)
  return () => {
    const file = parameters?.files.get('file')
    if (!file || file.data.length === 0 || file.data.length > UPLOAD_LIMIT) throw refuse(4)
    const id = randomBytes(12).toString('hex')
    // A copy: the upload is a slice of the whole request, which must not be kept alive for its sake.
    const { name, mimeType } = file
    const stored = makeFile({ name, mimeType, data: Buffer.from(file.data) }, 'application/octet-stream')
    desk.files.set(id, stored)
    desk.uploads += 1
    core.world.contents.set(stored.uniqueId, stored)
    return { file_id: id }
  }
}

interface SafirOrder {
  requestId: string | undefined
  botId: number
  phone: string
  secure: boolean
  text: string | undefined
  fileId: string | undefined
  copyText: string | undefined
  otp: string | undefined
  buttons: SafirButton[][]
  undocumented: string[]
}

function readOrder(given: Record<string, unknown>): SafirOrder {
  const phone = typeof given.phone_number === 'string' ? given.phone_number : ''
  const bad = (why: string) => refuse(4, phone, why)
  const stringIn = (from: Record<string, unknown>, name: string): string | undefined => {
    const value = from[name]
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'string' || value === '') throw bad(`${name} must be a string`)
    return value
  }
  const { bot_id: bot, message_data: data } = given
  if (typeof bot !== 'number' || !Number.isSafeInteger(bot)) throw bad('bot_id must be an integer')
  if (!isRecord(data)) throw bad('message_data is missing')
  const { message, otp_message: code, is_secure: secure } = data
  if (secure !== undefined && typeof secure !== 'boolean') throw bad('is_secure must be a boolean')
  if ((message === undefined) === (code === undefined)) throw bad('one of message and otp_message is needed')
  const content = message ?? code
  if (!isRecord(content)) throw bad('the message must be an object')
  const otp = code === undefined ? undefined : stringIn(content, 'otp')
  if (code !== undefined && !/^\d{1,12}$/.test(otp ?? '')) throw bad('otp must be digits')
  const text = stringIn(content, 'text')
  const fileId = stringIn(content, 'file_id')
  if (code === undefined && text === undefined && fileId === undefined) throw bad('the message is empty')
  if (!/^98\d{10}$/.test(phone)) throw refuse(8, phone)
  return {
    requestId: stringIn(given, 'request_id'),
    botId: bot,
    phone,
    secure: secure === true && code === undefined,
    text,
    fileId,
    copyText: stringIn(content, 'copy_text'),
    otp,
    buttons: readButtons(content.reply_markup, bad),
    undocumented: [
      ...extra(given, ['request_id', 'bot_id', 'phone_number', 'message_data']),
      ...extra(data, ['message', 'otp_message', 'is_secure']),
      ...extra(content, code === undefined ? ['text', 'file_id', 'copy_text', 'reply_markup'] : ['otp']),
    ],
  }
}

const extra = (given: Record<string, unknown>, known: string[]) =>
  Object.keys(given).filter((name) => !known.includes(name))

/** Links, web apps and texts to copy (a plain string here, unlike the Bot API); nothing that comes back to the bot. */
function readButtons(markup: unknown, bad: (why: string) => SafirError): SafirButton[][] {
  if (markup === undefined) return []
  const rows = isRecord(markup) ? markup.inline_keyboard : undefined
  if (!Array.isArray(rows)) throw bad('inline_keyboard must be rows of buttons')
  return rows.map((row: unknown) => {
    if (!Array.isArray(row)) throw bad('inline_keyboard must be rows of buttons')
    return row.map((button: unknown): SafirButton => {
      if (!isRecord(button) || typeof button.text !== 'string' || button.text === '') throw bad('a button needs a text')
      const { text, url, copy_text: copy } = button
      const app = isRecord(button.web_app) ? button.web_app.url : undefined
      const found = {
        text,
        ...(typeof url === 'string' && url !== '' && { url }),
        ...(typeof app === 'string' && { web_app: { url: app } }),
        ...(typeof copy === 'string' && { copy_text: copy }),
      }
      if (Object.keys(found).length === 1) throw bad('a button needs url, web_app or copy_text')
      return found
    })
  })
}

/** Takes a message, or finds the one that was taken under the same id. Nothing of it is asynchronous: it happens or it does not. */
function take(world: World, desk: SafirDesk, order: SafirOrder, answered: boolean): SafirReceived {
  const { safir, account } = desk
  const { phone, requestId, botId } = order
  try {
    account.tick(Number(phone), world.now(), safir.limits)
  } catch (error) {
    if (!(error instanceof BaleError)) throw error
    throw new SafirError(3, DESCRIPTIONS[3] ?? '', phone, error.retryAfter)
  }
  const before = requestId === undefined ? undefined : desk.byRequest.get(requestId)
  if (before) {
    before.repeats += 1
    before.answered ||= answered
    return before
  }
  const bot = world.bots.get(botId)
  if (!bot) throw refuse(4, phone, 'bot_id is unknown')
  const file = order.fileId === undefined ? undefined : desk.files.get(order.fileId)
  if (order.fileId !== undefined && !file) throw refuse(4, phone, 'file_id is unknown')
  if (safir.credit <= 0) throw refuse(20, phone)
  const person = personWith(world, phone)
  if (!person) throw refuse(17, phone)
  const contacts = desk.contacts.get(botId) ?? new Set<string>()
  if (!contacts.has(phone) && contacts.size >= safir.contactLimit) throw refuse(21, phone)
  desk.contacts.set(botId, contacts.add(phone))
  safir.credit -= 1
  const { copyText: _, ...told } = order
  const message: SafirReceived = {
    ...told,
    at: world.now(),
    id: randomUUID(),
    personId: person.id,
    messageId: order.otp === undefined ? deliver(world, bot, person, order, file) : 0,
    answered,
    repeats: 0,
  }
  desk.received.push(message)
  if (requestId !== undefined) desk.byRequest.set(requestId, message)
  return message
}

/** A message of the bot in its chat with the person, who never had to press Start; the bot still may not write there itself. */
function deliver(
  world: World,
  bot: SimBot,
  person: PersonRecord,
  { text, copyText, buttons, secure }: SafirOrder,
  file: StoredFile | undefined,
): number {
  const rows = copyText === undefined ? buttons : [...buttons, [{ text: copyText, copy_text: copyText }]]
  const keyboard = rows.map((row) =>
    row.map(({ copy_text: copied, ...button }) => ({
      ...button,
      ...(copied !== undefined && { copy_text: { text: copied } }),
    })),
  )
  const chat = chatBetween(world, bot, person)
  const words = file ? { caption: text } : { text }
  const message = addMessage(
    world,
    chat,
    'bot',
    {
      ...(text !== undefined && words),
      ...(file && mediaField(world, bot, kindOf(file.mimeType), file)),
      ...(keyboard.length > 0 && { reply_markup: { inline_keyboard: keyboard } }),
    },
    file,
  )
  message.secure = secure
  return message.wire.message_id
}

function kindOf(mimeType: string): MediaKind {
  if (/^image\/(png|jpeg|webp)$/.test(mimeType)) return 'photo'
  if (mimeType.startsWith('video/')) return 'video'
  if (mimeType === 'audio/ogg') return 'voice'
  return mimeType.startsWith('audio/') ? 'audio' : 'document'
}

/** Whoever has the number, in whatever form it was entered; the last one, when several were given the same. */
function personWith(world: World, phone: string): PersonRecord | undefined {
  const same = ({ phone: own = '' }: PersonRecord) =>
    own
      .replace(/\D/g, '')
      .replace(/^00/, '')
      .replace(/^0?(9\d{9})$/, '98$1') === phone
  return [...world.people.values()].findLast(same)
}

/** `/_sim/…`: the phone page and, for it and for scripts in other processes, everything a test can do, as JSON. */
import type { IncomingMessage, ServerResponse } from 'node:http'

import { actions, readUpload } from './control-actions.ts'
import { readFaultOrder } from './control-faults.ts'
import { parseObject, readBody } from './parameters.ts'
import type { BalePerson } from './person.ts'
import { AVATARS, avatar, installedFont, invoicePdf, readAsset, receipt, voiceWav } from './samples.ts'
import type { BaleSimulator, Core } from './server.ts'
import type { SimSafir } from './safir.ts'
import type { SimBot } from './world.ts'
import { BaleError, badRequest } from './wire.ts'

interface Request {
  core: Core
  simulator: BaleSimulator
  method: string
  path: string[]
  query: URLSearchParams
  incoming: IncomingMessage
  response: ServerResponse
}

const JSON_LIMIT = 1024 * 1024
const LONGEST_WAIT_S = 60
const PAGES: Record<string, string> = {
  phone: 'text/html; charset=utf-8',
  'phone.css': 'text/css; charset=utf-8',
  'phone.js': 'text/javascript; charset=utf-8',
}
for (const part of ['texts', 'dom', 'state', 'messages', 'sheets', 'side', 'composer']) {
  PAGES[`phone-${part}.js`] = 'text/javascript; charset=utf-8'
}

export async function answerControl(
  core: Core,
  simulator: BaleSimulator,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(incoming.url ?? '/', 'http://bale.invalid')
  const path = url.pathname.split('/').slice(2)
  const method = incoming.method ?? 'GET'
  try {
    refuseOtherPages(incoming)
    await route({ core, simulator, method, path, query: url.searchParams, incoming, response })
  } catch (error) {
    const status = error instanceof BaleError ? error.status : 400
    const message = error instanceof Error ? error.message : 'Bad Request'
    reply(response, status, { error: message })
  }
}

/** A page of another address must not steer the simulator of whoever visits it. */
function refuseOtherPages({ headers }: IncomingMessage): void {
  const { origin, host } = headers
  if (origin && URL.canParse(origin) && new URL(origin).host !== host)
    throw new BaleError(403, 'Forbidden: other origin')
}

function reply(response: ServerResponse, status: number, value: unknown): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  response.end(JSON.stringify(value))
}

function sendBytes(response: ServerResponse, contentType: string, data: Buffer): void {
  response.writeHead(200, {
    'content-type': contentType,
    'content-length': data.length,
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:",
  })
  response.end(data)
}

const readJson = async (incoming: IncomingMessage) => parseObject(await readBody(incoming, JSON_LIMIT))

async function route(request: Request): Promise<void> {
  const { core, simulator, method, path, incoming, response } = request
  const [first = '', second = ''] = path
  const asked = `${method} ${first}`
  if (method === 'GET' && path.length === 1 && Object.hasOwn(PAGES, first)) {
    return sendBytes(response, PAGES[first] ?? 'text/plain', readAsset(first === 'phone' ? 'phone.html' : first))
  }
  if (asked === 'GET state') return reply(response, 200, stateOf(simulator))
  if (asked === 'GET statistics') return reply(response, 200, statisticsOf(simulator))
  if (asked === 'GET avatars') return sendBytes(response, 'image/png', avatar(Math.abs(Number(second)) || 1))
  if (asked === 'GET samples') return sendSample(response, second)
  if (asked === 'GET font') return sendBytes(response, 'font/woff2', readFont(second))
  if (asked === 'GET files') return sendFile(core, response, second)
  if (asked === 'POST bots') return reply(response, 201, botView(simulator.addBot(readBot(await readJson(incoming)))))
  if (asked === 'POST safirs') {
    const safir = setSafir(simulator, await readJson(incoming))
    return reply(response, 200, safirView(simulator, safir))
  }
  if (asked === 'POST faults') {
    readFaultOrder(simulator, await readJson(incoming))
    return reply(response, 200, { network: simulator.network() })
  }
  if (first === 'people') return routePeople(request)
  throw new BaleError(404, 'Not Found')
}

async function routePeople(request: Request): Promise<void> {
  const { simulator, method, path, query, incoming, response } = request
  const [, id = '', what = ''] = path
  if (method === 'POST' && id === '') {
    const person = simulator.addPerson(readPerson(await readJson(incoming)))
    return reply(response, 201, personView(person))
  }
  const person = simulator.person(Number(id))
  if (!person) throw new BaleError(404, 'Not Found: no such person')
  const asked = `${method} ${what}`
  if (asked === 'GET photo') {
    const photo = request.core.world.people.get(person.id)?.photo
    if (!photo) throw new BaleError(404, 'Not Found: no photo')
    return sendBytes(response, 'image/png', photo)
  }
  if (asked === 'POST act') {
    const order = await readJson(incoming)
    const action = typeof order.action === 'string' && Object.hasOwn(actions, order.action) ? order.action : ''
    const act = actions[action]
    if (!act) throw badRequest(`action must be one of ${Object.keys(actions).join(', ')}`)
    return reply(response, 200, act({ simulator, person, bot: botNamed(simulator, order.bot), order }))
  }
  if (asked === 'POST upload') {
    const bot = botNamed(simulator, query.get('bot'))
    return reply(response, 200, await readUpload(person, bot, query, incoming))
  }
  if (asked === 'GET inbox') return sendInbox(request, person, botNamed(simulator, query.get('bot')))
  throw new BaleError(404, 'Not Found')
}

/** Answers at once, or, with `since` and `wait` (seconds), as soon as the chat is newer than version `since`. */
async function sendInbox(request: Request, person: BalePerson, bot: SimBot): Promise<void> {
  const { simulator, query, response } = request
  const since = Number(query.get('since') ?? -1)
  const wait = Math.min(LONGEST_WAIT_S, Math.max(0, Number(query.get('wait') ?? 0) || 0))
  const chat = person.chat(bot)
  const gone = new Promise<void>((resolve) => response.on('close', resolve))
  if (wait > 0 && chat.version === since) {
    const newer = simulator.waitFor(() => chat.version !== since, { timeoutMs: wait * 1000 }).catch(() => undefined)
    await Promise.race([newer, gone])
  }
  const now = request.core.world.now()
  reply(response, 200, {
    version: chat.version,
    opened: chat.opened,
    blocked: chat.blocked,
    keyboard: chat.keyboard ?? null,
    action: chat.action && chat.action.until > now ? { name: chat.action.name, forMs: chat.action.until - now } : null,
    notice: chat.notice ?? null,
    review: chat.review ? { inMs: Math.max(0, chat.review.showAt - now), askedAt: chat.review.askedAt } : null,
    messages: person.inbox(bot).map((message) => ({
      ...message,
      wire: undefined,
      file: message.file && { ...message.file, data: undefined, url: `/_sim/files/${message.file.uniqueId}` },
    })),
  })
}

function sendSample(response: ServerResponse, name: string): void {
  if (name === 'receipt.png') return sendBytes(response, 'image/png', receipt())
  if (name === 'invoice.pdf') return sendBytes(response, 'application/pdf', invoicePdf())
  if (name === 'voice.wav') return sendBytes(response, 'audio/wav', voiceWav())
  throw new BaleError(404, 'Not Found: no such sample')
}

function readFont(script: string): Buffer {
  const font = script === 'arabic' || script === 'latin' ? installedFont(script) : undefined
  if (!font) throw new BaleError(404, 'Not Found: no such font')
  return font
}

function sendFile(core: Core, response: ServerResponse, uniqueId: string): void {
  const file = core.world.contents.get(uniqueId)
  if (!file) throw new BaleError(404, 'Not Found: no such file')
  // Only pictures and sound are shown in the page; a sent HTML file must stay a file.
  const shown = /^(image\/(png|jpeg|gif|webp)|audio\/[\w.+-]+|video\/[\w.+-]+)$/.test(file.mimeType)
  sendBytes(response, shown ? file.mimeType : 'application/octet-stream', file.data)
}

function botNamed(simulator: BaleSimulator, given: unknown): SimBot {
  const bot = simulator.bots().find(({ id, username }) => String(id) === String(given) || username === given)
  if (!bot) throw new BaleError(404, 'Not Found: no such bot')
  return bot
}

function stringAt(order: Record<string, unknown>, name: string): string | undefined {
  const value = order[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string' || value.length > 200) throw badRequest(`${name} must be a short string`)
  return value
}

function needed(order: Record<string, unknown>, name: string): string {
  const value = stringAt(order, name)
  if (value === undefined) throw badRequest(`${name} is missing`)
  return value
}

function readBot(order: Record<string, unknown>) {
  const username = needed(order, 'username').replace(/^@/, '')
  if (!/^\w{3,32}$/.test(username)) throw badRequest('username must be 3 to 32 Latin letters, digits or underscores')
  return { token: stringAt(order, 'token'), username, name: needed(order, 'name') }
}

function readPerson(order: Record<string, unknown>) {
  const face = order.avatar
  const drawn = typeof face === 'number' && Number.isInteger(face) && face >= 1 && face <= AVATARS
  return {
    firstName: needed(order, 'firstName'),
    lastName: stringAt(order, 'lastName'),
    username: stringAt(order, 'username'),
    phone: stringAt(order, 'phone'),
    languageCode: stringAt(order, 'languageCode'),
    photo: drawn ? avatar(face) : undefined,
  }
}

/** A new Safir, or, for a key that exists, its credit and ceiling set anew. */
function setSafir(simulator: BaleSimulator, order: Record<string, unknown>): SimSafir {
  const key = stringAt(order, 'key')
  const amount = (name: string): number | undefined => {
    const value = order[name]
    if (value === undefined) return undefined
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) throw badRequest(`${name} must be a number`)
    return value
  }
  const wanted = { credit: amount('credit'), contactLimit: amount('contactLimit') }
  const known = simulator.safirs().find((safir) => safir.key === key)
  if (!known) return simulator.addSafir({ key, ...wanted })
  known.credit = wanted.credit ?? known.credit
  known.contactLimit = wanted.contactLimit ?? known.contactLimit
  return known
}

/** JSON has no Infinity: without end is null. */
const finite = (value: number) => (Number.isFinite(value) ? value : null)

function safirView(simulator: BaleSimulator, safir: SimSafir) {
  const received = simulator.safirReceived(safir)
  return {
    key: safir.key,
    credit: finite(safir.credit),
    contactLimit: finite(safir.contactLimit),
    received: received.length,
    repeats: received.reduce((sum, { repeats }) => sum + repeats, 0),
    uploads: simulator.safirUploads(safir),
    rates: simulator.safirRates(safir),
  }
}

const botView = ({ id, username, name, token }: SimBot) => ({ id, username, name, token })

function personView(person: BalePerson) {
  const { id, firstName, lastName, username, phone } = person
  return { id, firstName, lastName, username, phone, photoUrl: person.hasPhoto ? `/_sim/people/${id}/photo` : null }
}

function stateOf(simulator: BaleSimulator) {
  return {
    network: simulator.network(),
    bots: simulator.bots().map(({ id, username, name }) => ({ id, username, name })),
    people: simulator.people().map(personView),
  }
}

function statisticsOf(simulator: BaleSimulator) {
  return {
    faults: Object.fromEntries(simulator.faults.struck),
    bots: simulator.bots().map((bot) => ({
      id: bot.id,
      username: bot.username,
      webhook: simulator.webhook(bot) !== '',
      updates: simulator.updates(bot).length,
      acknowledged: simulator.acknowledged(bot).size,
      dropped: simulator.dropped(bot).size,
      pending: simulator.pending(bot),
      received: simulator.received(bot).length,
      rates: simulator.rates(bot),
    })),
    safirs: simulator.safirs().map((safir) => safirView(simulator, safir)),
    deliveries: simulator.deliveries.length,
  }
}

/** A person's actions as JSON orders: what the phone page's buttons and other processes ask for. */
import type { IncomingMessage } from 'node:http'

import { BODY_LIMIT, readBody } from './parameters.ts'
import type { BalePerson, Sent } from './person.ts'
import type { BaleSimulator } from './server.ts'
import type { SimBot } from './world.ts'
import { BaleError, badRequest, type MediaKind } from './wire.ts'

export interface Order {
  simulator: BaleSimulator
  person: BalePerson
  bot: SimBot
  order: Record<string, unknown>
}

function text(order: Record<string, unknown>, name: string): string {
  const value = order[name]
  if (typeof value !== 'string' || value === '') throw badRequest(`${name} is missing`)
  return value
}

function optionalText(order: Record<string, unknown>, name: string): string | undefined {
  return order[name] === undefined || order[name] === null || order[name] === '' ? undefined : text(order, name)
}

function number(order: Record<string, unknown>, name: string): number {
  const value = order[name]
  if (typeof value !== 'number' || !Number.isFinite(value)) throw badRequest(`${name} must be a number`)
  return value
}

const optionalNumber = (order: Record<string, unknown>, name: string) =>
  order[name] === undefined || order[name] === null ? undefined : number(order, name)

const sentView = ({ messageId, update }: Sent) => ({ messageId, updateId: update.update_id })

/** Runs an action that the person may be unable to do; the reason becomes a 409. */
function attempt<T>(act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw error instanceof BaleError ? error : new BaleError(409, error instanceof Error ? error.message : 'Conflict')
  }
}

function press({ person, bot, order }: Order) {
  const messageId = number(order, 'messageId')
  const data = text(order, 'data')
  const button = person
    .inbox(bot)
    .find((message) => message.messageId === messageId)
    ?.buttons.flat()
    .find(({ callback_data }) => callback_data === data)
  if (!button) throw badRequest('there is no such button')
  const { id, update } = person.press(button)
  return { id, updateId: update.update_id }
}

function openLink({ person, bot, order }: Order) {
  const messageId = number(order, 'messageId')
  const url = text(order, 'url')
  const button = person
    .inbox(bot)
    .find((message) => message.messageId === messageId)
    ?.buttons.flat()
    .find((one) => one.url === url)
  if (!button) throw badRequest('there is no such button')
  const sent = person.openLink(button)
  return { ...sentView(sent), bot: sent.bot.id }
}

function shareContact({ simulator, person, bot, order }: Order) {
  const otherId = optionalNumber(order, 'personId')
  const other = otherId === undefined ? undefined : simulator.person(otherId)
  if (other) return sentView(person.shareContactOf(bot, other))
  const card = {
    phone: text(order, 'phone'),
    firstName: text(order, 'firstName'),
    lastName: optionalText(order, 'lastName'),
    userId: optionalNumber(order, 'userId'),
  }
  return sentView(person.shareContactOf(bot, card))
}

const done = { ok: true }

export const actions: Record<string, (order: Order) => unknown> = {
  start: ({ person, bot, order }) => sentView(person.start(bot, optionalText(order, 'payload'))),
  send: ({ person, bot, order }) =>
    attempt(() => sentView(person.send(bot, text(order, 'text'), { replyTo: optionalNumber(order, 'replyTo') }))),
  edit: ({ person, bot, order }) =>
    attempt(() => sentView(person.edit({ bot, messageId: number(order, 'messageId') }, text(order, 'text')))),
  location: ({ person, bot, order }) => {
    const place = { latitude: number(order, 'latitude'), longitude: number(order, 'longitude') }
    return attempt(() => sentView(person.sendLocation(bot, place)))
  },
  shareOwnContact: ({ person, bot }) => attempt(() => sentView(person.shareOwnContact(bot))),
  shareContactOf: (order) => attempt(() => shareContact(order)),
  press: (order) => attempt(() => press(order)),
  openLink: (order) => attempt(() => openLink(order)),
  pressKey: ({ person, bot, order }) => attempt(() => sentView(person.pressKey(bot, text(order, 'text')))),
  block: ({ person, bot }) => {
    person.block(bot)
    return done
  },
  unblock: ({ person, bot }) => {
    person.unblock(bot)
    return done
  },
}

type Sender = 'sendPhoto' | 'sendDocument' | 'sendVoice' | 'sendVideo' | 'sendAudio' | 'sendAnimation'

const SENDERS: Record<MediaKind, Sender> = {
  photo: 'sendPhoto',
  document: 'sendDocument',
  voice: 'sendVoice',
  video: 'sendVideo',
  audio: 'sendAudio',
  animation: 'sendAnimation',
}

const isKind = (value: string | null): value is MediaKind => value !== null && Object.hasOwn(SENDERS, value)

/** Sends the request's body as a file: `?bot&kind&name&caption&duration&replyTo`. */
export async function readUpload(person: BalePerson, bot: SimBot, query: URLSearchParams, incoming: IncomingMessage) {
  const kind = query.get('kind')
  if (!isKind(kind)) throw badRequest(`kind must be one of ${Object.keys(SENDERS).join(', ')}`)
  const data = await readBody(incoming, BODY_LIMIT)
  if (data.length === 0) throw badRequest('the file is empty')
  const replyTo = Number(query.get('replyTo')) || undefined
  const media = {
    data,
    name: query.get('name') ?? undefined,
    mimeType: incoming.headers['content-type']?.split(';')[0],
    caption: query.get('caption') ?? undefined,
    duration: Number(query.get('duration')) || undefined,
    replyTo,
  }
  return attempt(() => sentView(person[SENDERS[kind]](bot, media)))
}

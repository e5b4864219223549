import { safeFileName } from '#shared/text.ts'
import type {
  AttachmentKind,
  Inbound,
  InboundMessage,
  RawEvent,
  ReceiveCtx,
  Received,
  RemoteAttachment,
  Sender,
  SharedNumber,
} from '../contract.ts'
import { count, cut, hashOf, id, type Json, line, record, text } from '../reading.ts'

const TEXT = 20_000
const NAME = 120

/**
 * One hook body, or one element of `getUpdates`, is one update. A body that is none gets a key of its own, so that it is
 * stored once and quarantined by `receive` instead of being lost.
 */
export function unpack(body: unknown): RawEvent[] {
  const key = updateId(body)
  return [{ key: key ?? `sha256:${hashOf(body)}`, event: body }]
}

/** The `update_id` as text: whole and not negative, or there is none. */
export function updateId(update: unknown): string | undefined {
  const key = id(record(update)?.update_id)
  return key === undefined || key.startsWith('-') ? undefined : key
}

export function receive(event: unknown, ctx: ReceiveCtx): Received {
  const update = record(event)
  if (!update) throw new Error('not an update of the Bale Bot API: the body is not a JSON object')
  if (updateId(update) === undefined)
    throw new Error('not an update of the Bale Bot API: update_id is missing or unusable')
  if (update.message !== undefined) return receiveMessage(update.message, ctx)
  if (update.edited_message !== undefined) return receiveEdit(update.edited_message, ctx)
  if (update.callback_query !== undefined) return receivePress(update.callback_query, ctx)
  const kinds = Object.keys(update).filter((key) => key !== 'update_id')
  return nothing(
    kinds.length === 0 ? 'an update without content' : `not handled: ${line(kinds.slice(0, 5).join(', '), 100)}`,
  )
}

const nothing = (ignored: string): Received => ({ items: [], ignored })

interface Head {
  chatId: string
  messageId: string
  sender: Sender
  senderId: string
  sentAt: Date
  tick: number
}

/** What every message has: where, which, who, when. A reason instead where it is none of our business. */
function readHead(message: Json, ctx: ReceiveCtx): Head | { ignored: string } {
  const chat = record(message.chat)
  const chatId = id(chat?.id)
  if (!chat || chatId === undefined) throw new Error('the message has no usable chat id')
  const from = record(message.from)
  const senderId = id(from?.id)
  const reason = notServed(chat, chatId, senderId)
  if (reason) return { ignored: reason }
  if (from?.is_bot === true) return { ignored: 'written by a bot' }
  if (!from || senderId === undefined) throw new Error('the message has no usable sender id')
  const messageId = id(message.message_id)
  if (messageId === undefined) throw new Error('the message has no usable message_id')
  return {
    chatId,
    messageId,
    senderId,
    sender: readSender(from, senderId),
    sentAt: dateOf(message.date, ctx),
    tick: tickOf(messageId),
  }
}

/** Only the private chat between a customer and the bot is a conversation. */
function notServed(chat: Json, chatId: string, senderId: string | undefined): string | undefined {
  if (chat.type === 'private' || (chat.type === undefined && chatId === senderId)) return undefined
  return `only private chats are served, this is ${line(chat.type, 20) || 'of no known type'}`
}

function readSender(from: Json, address: string): Sender {
  const name = cut(`${line(from.first_name, NAME)} ${line(from.last_name, NAME)}`.trim(), NAME)
  const username = typeof from.username === 'string' && /^\w{1,64}$/.test(from.username) ? from.username : undefined
  const locale =
    typeof from.language_code === 'string' && /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(from.language_code)
      ? from.language_code.slice(0, 20)
      : undefined
  return {
    address,
    name: name || username || address,
    ...(username && { display: `@${username}` }),
    ...(locale && { locale }),
  }
}

const DAY = 86_400_000
const EARLIEST = Date.UTC(2015, 0, 1)

/** Unix seconds of Bale's clock. What lies before Bale existed, or more than a day ahead, is no time: then it is now. */
function dateOf(value: unknown, ctx: ReceiveCtx): Date {
  const now = ctx.now()
  const seconds = count(value)
  if (seconds === undefined) return now
  const time = seconds * 1000
  return time >= EARLIEST && time <= now.getTime() + DAY ? new Date(time) : now
}

/** Bale's clock has seconds, its message ids of a chat ascend: they order what came within one second. */
function tickOf(messageId: string): number {
  const tick = BigInt(messageId) % 1_000_000n
  return Number(tick < 0n ? -tick : tick)
}

function receiveMessage(value: unknown, ctx: ReceiveCtx): Received {
  const message = record(value)
  if (!message) throw new Error('the message is not an object')
  const head = readHead(message, ctx)
  if ('ignored' in head) return nothing(head.ignored)
  const { chatId, messageId, sender, senderId, sentAt, tick } = head
  const base = { threadKey: chatId, sender, sentAt, tick }
  const replyTo = id(record(message.reply_to_message)?.message_id)
  const item: InboundMessage = {
    ...base,
    ...readContent(message, senderId),
    type: 'message',
    providerKey: `${chatId}:${messageId}`,
    ...(replyTo !== undefined && { replyToKey: `${chatId}:${replyTo}` }),
  }
  const items: Inbound[] = [item]
  const phone = item.contact?.phone
  if (phone) {
    const shared: SharedNumber = { ...base, type: 'number', phone, own: item.contact?.own ?? false }
    items.push(shared)
  }
  return { items }
}

type Content = Pick<InboundMessage, 'kind' | 'text' | 'attachments' | 'location' | 'contact' | 'startPayload'>

function readContent(message: Json, senderId: string): Content {
  const words = text(message.text, TEXT) || text(message.caption, TEXT)
  const attachment = readAttachment(message)
  if (attachment) return { kind: attachment.kind, text: words, attachments: [attachment] }
  const location = readLocation(message.location)
  if (location) return { kind: 'location', text: words, location }
  const contact = readContact(message.contact, senderId)
  if (contact) return { kind: 'contact', text: words, contact }
  const start = /^\/start(?:@\w{1,64})?(?:\s+([^]*))?$/.exec(words)
  if (start) {
    const startPayload = line(start[1], 256)
    return { kind: 'start', text: words, ...(startPayload && { startPayload }) }
  }
  if (message.text !== undefined && words) return { kind: 'text', text: words }
  return { kind: 'other', text: words || readable(message) }
}

const ENVELOPE = new Set([
  'message_id',
  'from',
  'sender_chat',
  'date',
  'chat',
  'edit_date',
  'entities',
  'caption_entities',
  'reply_to_message',
  'reply_markup',
  'media_group_id',
])

/** Something for the reader to see of a message we have no kind for: its words if it has any, else what it calls itself. */
function readable(message: Json): string {
  const words = text(record(message.web_app_data)?.data, TEXT)
  if (words) return words
  const keys = Object.keys(message).filter((key) => !ENVELOPE.has(key) && !key.startsWith('forward_'))
  return keys.length === 0 ? '' : `[${line(keys.slice(0, 5).join(', '), 100)}]`
}

/** Bale puts a voice or a video under `document` at times, so the specific keys are asked first. */
const MEDIA: AttachmentKind[] = ['photo', 'animation', 'sticker', 'video', 'voice', 'audio', 'document']

function readAttachment(message: Json): RemoteAttachment | undefined {
  for (const kind of MEDIA) {
    const file = kind === 'photo' ? largest(message.photo) : record(message[kind])
    if (!file) continue
    const fileId = text(file.file_id, 1024)
    if (!fileId) continue
    const mediaType = mediaTypeOf(file.mime_type) ?? (kind === 'photo' ? 'image/jpeg' : undefined)
    const name =
      typeof file.file_name === 'string' && file.file_name ? safeFileName(cut(file.file_name, 1000)) : undefined
    const duration = count(file.duration, 10_000_000)
    return {
      kind: kind === 'document' ? kindOfDocument(mediaType, name) : kind,
      ...(name && { name }),
      ...(mediaType && { mediaType }),
      ...sized(file, ['width', 100_000], ['height', 100_000]),
      ...(count(file.file_size) !== undefined && { size: count(file.file_size) }),
      ...(duration !== undefined && { durationMs: duration * 1000 }),
      remote: { fileId },
    }
  }
  return undefined
}

function sized(file: Json, ...sides: ['width' | 'height', number][]): { width?: number; height?: number } {
  const found: { width?: number; height?: number } = {}
  for (const [side, max] of sides) {
    const length = count(file[side], max)
    if (length) found[side] = length
  }
  return found
}

/** `photo` is a list of sizes of one picture. */
function largest(photo: unknown): Json | undefined {
  const sizes = Array.isArray(photo) ? photo.slice(0, 20) : [photo]
  let best: { file: Json; area: number } | undefined
  for (const size of sizes) {
    const file = record(size)
    if (!file || typeof file.file_id !== 'string') continue
    const area = (count(file.width) ?? 0) * (count(file.height) ?? 0) || (count(file.file_size) ?? 0)
    if (!best || area >= best.area) best = { file, area }
  }
  return best?.file
}

/** A recording made in the app has no file name; a song that somebody sends as a file has one. */
function kindOfDocument(mediaType: string | undefined, name: string | undefined): AttachmentKind {
  if (mediaType?.startsWith('video/')) return 'video'
  if (!mediaType?.startsWith('audio/')) return 'document'
  return !name && /^audio\/(ogg|opus)$/.test(mediaType) ? 'voice' : 'audio'
}

function mediaTypeOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 200) return undefined
  return /^[a-z0-9][\w.+-]{0,60}\/[\w.+-]{1,100}/i.exec(value)?.[0].toLowerCase()
}

function readLocation(value: unknown): { latitude: number; longitude: number } | undefined {
  const location = record(value)
  const latitude = degrees(location?.latitude, 90)
  const longitude = degrees(location?.longitude, 180)
  return latitude === undefined || longitude === undefined ? undefined : { latitude, longitude }
}

function degrees(value: unknown, max: number): number | undefined {
  const number = typeof value === 'string' && /^-?\d{1,3}(\.\d{1,20})?$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Math.abs(number) <= max ? number : undefined
}

function readContact(value: unknown, senderId: string): InboundMessage['contact'] {
  const contact = record(value)
  if (!contact) return undefined
  const number = typeof contact.phone_number === 'number' ? id(contact.phone_number) : contact.phone_number
  const phone = line(number, 40) || null
  const name = cut(`${line(contact.first_name, NAME)} ${line(contact.last_name, NAME)}`.trim(), NAME)
  // Proof only when the card is the sender's own: anybody may pass on somebody else's card.
  const own = phone !== null && id(contact.user_id) === senderId
  return phone || name ? { name, phone, own } : undefined
}

function receiveEdit(value: unknown, ctx: ReceiveCtx): Received {
  const message = record(value)
  if (!message) throw new Error('the edited message is not an object')
  const head = readHead(message, ctx)
  if ('ignored' in head) return nothing(head.ignored)
  // A moving location is an edit as well, and has no words: it must not wipe out those of the message.
  if (message.text === undefined && message.caption === undefined && !readAttachment(message))
    return nothing('an edit without text')
  const { chatId, messageId, sender, sentAt, tick } = head
  const words = text(message.text, TEXT) || text(message.caption, TEXT)
  const editedAt = message.edit_date === undefined ? ctx.now() : dateOf(message.edit_date, ctx)
  return {
    items: [
      {
        type: 'edit',
        threadKey: chatId,
        sender,
        sentAt,
        tick,
        providerKey: `${chatId}:${messageId}`,
        text: words,
        editedAt,
      },
    ],
  }
}

function receivePress(value: unknown, ctx: ReceiveCtx): Received {
  const query = record(value)
  if (!query) throw new Error('the callback query is not an object')
  const pressId = text(query.id, 128) || id(query.id)
  if (!pressId) throw new Error('the callback query has no usable id')
  const from = record(query.from)
  const senderId = id(from?.id)
  if (!from || senderId === undefined) throw new Error('the callback query has no usable sender id')
  if (from.is_bot === true) return nothing('pressed by a bot')
  const message = record(query.message)
  const chat = record(message?.chat)
  const chatId = id(chat?.id) ?? senderId
  const reason = chat && notServed(chat, chatId, senderId)
  if (reason) return nothing(reason)
  const messageId = id(message?.message_id)
  const data = typeof query.data === 'number' ? String(query.data) : text(query.data, 256)
  const label = labelOf(message, data)
  return {
    items: [
      {
        type: 'press',
        threadKey: chatId,
        sender: readSender(from, senderId),
        // The date in there is that of our message; of the press there is none.
        sentAt: ctx.now(),
        providerKey: `press:${pressId}`,
        pressId,
        value: data,
        ...(messageId !== undefined && { onKey: `${chatId}:${messageId}` }),
        ...(label && { label }),
      },
    ],
  }
}

function labelOf(message: Json | undefined, data: string): string | undefined {
  const rows = record(message?.reply_markup)?.inline_keyboard
  if (!Array.isArray(rows) || !data) return undefined
  for (const row of rows.slice(0, 100)) {
    if (!Array.isArray(row)) continue
    for (const value of row.slice(0, 100)) {
      const button = record(value)
      if (button?.callback_data === data) return line(button.text, NAME) || undefined
    }
  }
  return undefined
}

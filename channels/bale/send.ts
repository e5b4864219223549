import { safeFileName, stripUnsafe } from '#shared/text.ts'
import {
  type Capabilities,
  ChannelError,
  type Ctx,
  type Outbound,
  type OutboundAttachment,
  type Sent,
} from '../contract.ts'
import { call } from './api.ts'
import { protectMarkdown } from './markdown.ts'
import { count, id, type Json, record } from '../reading.ts'

const MIB = 1024 * 1024

export const capabilities: Capabilities = {
  textLength: 4096,
  captionLength: 1024,
  attachments: {
    photo: { maxBytes: 10 * MIB, mediaTypes: ['image/jpeg', 'image/png', 'image/webp'] },
    document: { maxBytes: 50 * MIB },
    voice: { maxBytes: 50 * MIB },
    audio: { maxBytes: 50 * MIB },
    video: { maxBytes: 50 * MIB },
    animation: { maxBytes: 50 * MIB },
  },
  attachmentsPerMessage: 1,
  askNumber: true,
  buttons: true,
  linkButton: true,
  receipts: 'none',
  firstContact: false,
  profile: true,
  rate: { channel: 20, chat: 1 },
}

/** The method and the name of the file's field. Bale documents no way to send a sticker. */
const METHODS: Record<string, [method: string, field: string]> = {
  photo: ['sendPhoto', 'photo'],
  document: ['sendDocument', 'document'],
  voice: ['sendVoice', 'voice'],
  audio: ['sendAudio', 'audio'],
  video: ['sendVideo', 'video'],
  animation: ['sendAnimation', 'animation'],
}

/** One message of ours is one message of Bale's: the core has split it by `capabilities` before. */
export async function send(message: Outbound, ctx: Ctx): Promise<Sent> {
  if (!/^-?\d{1,19}$/.test(message.threadKey)) throw refused('bad_address', 'the chat id is not a number')
  if (message.attachments.length > 1) throw refused('too_many_attachments', 'one attachment a message')
  const [attachment] = message.attachments
  const common: Json = { chat_id: chatId(message.threadKey), ...replyTo(message), ...markup(message) }
  const result = attachment ? await sendFile(message, attachment, common, ctx) : await sendText(message, common, ctx)
  return readSent(result, message)
}

async function sendText(message: Outbound, common: Json, ctx: Ctx): Promise<unknown> {
  const text = prepare(message.text, capabilities.textLength, ctx)
  if (text.trim() === '') throw refused('empty', 'a message without text and attachment')
  return call(ctx, 'sendMessage', { ...common, text })
}

async function sendFile(message: Outbound, attachment: OutboundAttachment, common: Json, ctx: Ctx): Promise<unknown> {
  const method = METHODS[attachment.kind]
  const limit = capabilities.attachments[attachment.kind]
  if (!method || !limit) throw refused('cannot_send_kind', `Bale cannot be sent a ${attachment.kind}`)
  if (attachment.size > limit.maxBytes)
    throw refused('too_large', `${attachment.size} bytes, Bale takes ${limit.maxBytes}`)
  const caption = prepare(message.text, capabilities.captionLength, ctx)
  const bytes = await readBytes(attachment)
  if (bytes.byteLength > limit.maxBytes)
    throw refused('too_large', `${bytes.byteLength} bytes, Bale takes ${limit.maxBytes}`)
  if (bytes.byteLength === 0) throw refused('empty', 'the file is empty')
  const form = new FormData()
  for (const [name, value] of Object.entries(common))
    form.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value))
  if (caption) form.set('caption', caption)
  // The bytes are copied: a Blob does not take a view of memory that may be shared.
  form.set(method[1], new Blob([new Uint8Array(bytes)], { type: attachment.mediaType }), safeFileName(attachment.name))
  return call(ctx, method[0], form, { timeout: uploadTime(bytes.byteLength) })
}

/** The answer begins when the upload has ended: half a minute, and a second for every 64 KiB of it (a slow office line). */
export const uploadTime = (bytes: number) => 30_000 + Math.ceil(bytes / 65_536) * 1000

export async function readBytes(attachment: OutboundAttachment): Promise<Uint8Array> {
  try {
    return await attachment.bytes()
  } catch (error) {
    // Nothing has gone yet, so this is not `unknown`.
    throw new ChannelError(
      'later',
      'attachment_unreadable',
      error instanceof Error ? error.message : 'the file cannot be read',
    )
  }
}

/** The text as it goes: storable, within the limit, and with its stars and underscores kept if there is room for that. */
export function prepare(text: string, limit: number, ctx: Ctx): string {
  const plain = stripUnsafe(text)
  if (plain.length > limit) throw refused('too_long', `${plain.length} characters, Bale takes ${limit}`)
  if (ctx.settings.protectMarkup === false) return plain
  const kept = protectMarkdown(plain)
  return kept.length > limit ? plain : kept
}

/** A number where JSON can hold it, as Bale documents it; beyond that its digits. */
const chatId = (threadKey: string) => (Number.isSafeInteger(Number(threadKey)) ? Number(threadKey) : threadKey)

function replyTo(message: Outbound): Json {
  const [chat, messageId] = message.replyToKey?.split(':') ?? []
  // Message ids are counted per chat: a key of another chat would point to a stranger's message.
  const number = chat === message.threadKey ? count(messageId) : undefined
  return number === undefined ? {} : { reply_to_message_id: number }
}

function markup(message: Outbound): Json {
  const buttons = message.buttons?.filter((row) => row.length > 0) ?? []
  if (message.askNumber && (buttons.length > 0 || message.link))
    throw refused('bad_buttons', 'the number button stands alone')
  if (message.askNumber) {
    const key = { text: stripUnsafe(message.askNumber), request_contact: true }
    return { reply_markup: { keyboard: [[key]], resize_keyboard: true, one_time_keyboard: true } }
  }
  const link = linkRow(message)
  if (buttons.length === 0 && !link) return {}
  for (const { label, value } of buttons.flat()) {
    const size = Buffer.byteLength(value)
    if (size < 1 || size > 64 || label.trim() === '')
      throw refused('bad_buttons', 'a button needs a label, and 1 to 64 bytes of value')
  }
  return {
    reply_markup: {
      inline_keyboard: [
        ...buttons.map((row) => row.map(({ label, value }) => ({ text: stripUnsafe(label), callback_data: value }))),
        ...(link ? [link] : []),
      ],
    },
  }
}

/** The button that opens an address, as a row of its own. */
export function linkRow({ link }: Outbound): { text: string; url: string }[] | undefined {
  if (!link) return undefined
  const text = stripUnsafe(link.label).trim()
  if (text === '' || link.url.length > 2000 || !URL.canParse(link.url) || !/^https?:/i.test(link.url))
    throw refused('bad_buttons', 'a link needs a label and an http(s) address')
  return [{ text, url: link.url }]
}

function readSent(result: unknown, message: Outbound): Sent {
  const sent = record(result)
  const messageId = id(sent?.message_id)
  if (messageId === undefined)
    throw new ChannelError('unknown', 'unreadable_answer', 'Bale accepted without naming the message')
  const seconds = count(sent?.date, 8_640_000_000_000)
  const key = `${id(record(sent?.chat)?.id) ?? message.threadKey}:${messageId}`
  return { providerKey: key, ...(seconds && { at: new Date(seconds * 1000) }) }
}

export const refused = (code: string, detail: string) => new ChannelError('refused', code, detail)

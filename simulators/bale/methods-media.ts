/** Files from the bot: by upload, by an address on the web, or by the id of a file that Bale already has. */
import { randomInt } from 'node:crypto'

import { type Call, chatOf, type Method, readEnvelope, SEND_PARAMETERS, sendFromBot } from './call.ts'
import { CAPTION_LIMIT, readCaption } from './methods-messages.ts'
import { isRecord, jsonOf, textOf, type Upload } from './parameters.ts'
import { fileOf, makeFile, mediaField, type StoredFile } from './world.ts'
import { badRequest, type MediaKind, type WireMessage } from './wire.ts'

const MB = 1024 * 1024
const UPLOAD_LIMIT = { photo: 10 * MB, other: 50 * MB }
const URL_LIMIT = { photo: 5 * MB, other: 20 * MB }
const URL_TIMEOUT_MS = 10_000
const GROUP_MOST = 10

const FALLBACK_TYPES: Record<MediaKind, string> = {
  photo: 'image/jpeg',
  document: 'application/octet-stream',
  video: 'video/mp4',
  voice: 'audio/ogg',
  audio: 'audio/mpeg',
  animation: 'video/mp4',
}

const isKind = (value: unknown): value is MediaKind => typeof value === 'string' && value in FALLBACK_TYPES

function fromUpload(kind: MediaKind, upload: Upload): StoredFile {
  if (upload.data.length === 0) throw badRequest('file must be non-empty')
  if (upload.data.length > UPLOAD_LIMIT[kind === 'photo' ? 'photo' : 'other']) throw badRequest('file is too big')
  // A copy: the upload is a slice of the whole request, which must not be kept alive for its sake.
  return makeFile({ ...upload, data: Buffer.from(upload.data) }, FALLBACK_TYPES[kind])
}

async function fromUrl(kind: MediaKind, address: string, signal: AbortSignal): Promise<StoredFile> {
  const failed = badRequest('failed to get HTTP URL content')
  const response = await fetch(address, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(URL_TIMEOUT_MS)]),
  }).catch(() => undefined)
  if (!response?.ok || !response.body) throw failed
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body) {
      const bytes: Uint8Array = chunk
      size += bytes.length
      if (size > URL_LIMIT[kind === 'photo' ? 'photo' : 'other']) break
      chunks.push(bytes)
    }
  } catch {
    throw failed
  }
  if (size > URL_LIMIT[kind === 'photo' ? 'photo' : 'other']) throw badRequest('file is too big')
  if (size === 0) throw badRequest('file must be non-empty')
  const mimeType = response.headers.get('content-type')?.split(';')[0] ?? FALLBACK_TYPES[kind]
  const name = new URL(address).pathname.split('/').pop()
  return makeFile({ data: Buffer.concat(chunks), mimeType, name: name || undefined }, FALLBACK_TYPES[kind])
}

/** The file meant by a string: an address to fetch, or an id of this bot. */
async function fromText(call: Call, kind: MediaKind, text: string): Promise<StoredFile> {
  if (/^https?:\/\//i.test(text) && URL.canParse(text)) return fromUrl(kind, text, call.signal)
  const file = fileOf(call.world, call.bot, text)
  if (!file) throw badRequest('wrong file identifier/HTTP URL specified')
  return file
}

async function readFile(call: Call, kind: MediaKind): Promise<StoredFile> {
  const upload = call.parameters.files.get(kind)
  if (upload) return fromUpload(kind, upload)
  const text = textOf(call.parameters, kind)
  if (text === undefined) throw badRequest(`there is no ${kind} in the request`)
  return fromText(call, kind, text)
}

function sendMedia(kind: MediaKind): Method {
  return {
    documented: [...SEND_PARAMETERS, kind, 'caption'],
    async run(call) {
      const chat = chatOf(call, { writes: true })
      const caption = readCaption(call)
      readEnvelope(call, chat)
      const file = await readFile(call, kind)
      return sendFromBot(call, chat, { ...caption, ...mediaField(call.world, call.bot, kind, file) }, file)
    },
  }
}

async function readGroupItem(call: Call, item: unknown) {
  if (!isRecord(item) || !isKind(item.type) || typeof item.media !== 'string') {
    throw badRequest("can't parse InputMedia")
  }
  const kind = item.type
  const caption = typeof item.caption === 'string' ? item.caption : undefined
  if (caption !== undefined && caption.length > CAPTION_LIMIT) throw badRequest('message caption is too long')
  const attached = item.media.startsWith('attach://') ? item.media.slice('attach://'.length) : undefined
  if (attached === undefined) return { kind, caption, file: await fromText(call, kind, item.media) }
  const upload = call.parameters.files.get(attached)
  if (!upload) throw badRequest('wrong file identifier/HTTP URL specified')
  return { kind, caption, file: fromUpload(kind, upload) }
}

async function sendMediaGroup(call: Call): Promise<WireMessage[]> {
  const chat = chatOf(call, { writes: true })
  const media = jsonOf(call.parameters, 'media')
  if (!Array.isArray(media) || media.length === 0) throw badRequest("can't parse media JSON object")
  if (media.length > GROUP_MOST) throw badRequest('too many messages to send as an album')
  readEnvelope(call, chat)
  const items = await Promise.all(media.map((item: unknown) => readGroupItem(call, item)))
  const media_group_id = String(randomInt(1e12, 1e13))
  return items.map(({ kind, caption, file }) =>
    sendFromBot(
      call,
      chat,
      { media_group_id, ...(caption && { caption }), ...mediaField(call.world, call.bot, kind, file) },
      file,
    ),
  )
}

export const mediaMethods: Record<string, Method> = {
  sendphoto: sendMedia('photo'),
  senddocument: sendMedia('document'),
  sendvideo: sendMedia('video'),
  sendvoice: sendMedia('voice'),
  sendaudio: sendMedia('audio'),
  sendanimation: sendMedia('animation'),
  sendmediagroup: { documented: ['chat_id', 'media', 'reply_to_message_id'], run: sendMediaGroup },
}

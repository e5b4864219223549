/** Who and what exists in the simulated Bale: people, bots, the private chats between them, messages and files. */
import { createHash, randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'

import { imageSize, thumbnail } from './samples.ts'
import type { InlineButton, MediaKind, ReplyButton, WireChat, WireFile, WireMessage, WireUser } from './wire.ts'

export interface SimBot {
  readonly id: number
  readonly token: string
  readonly username: string
  readonly name: string
}

export interface BotInput {
  /** `<id>:<secret>`; made up when absent. */
  token?: string
  username: string
  name: string
  /** The first `update_id` and the first file's number; 1 unless a test wants to pin them. */
  firstUpdateId?: number
}

export interface PersonInput {
  id?: number
  firstName: string
  lastName?: string
  username?: string
  /** As Bale is to hand it over in a shared contact, for example `989121110022`. */
  phone?: string
  languageCode?: string
  bio?: string
  /** PNG or JPEG. */
  photo?: Buffer
  /** Bale clients of an old version have callback ids that begin with `1` and may show no notices. */
  oldClient?: boolean
}

export interface PersonRecord extends PersonInput {
  id: number
}

export interface StoredFile {
  uniqueId: string
  data: Buffer
  name: string | undefined
  mimeType: string
  width: number | undefined
  height: number | undefined
  /** Seconds. */
  duration: number | undefined
}

export interface Callback {
  id: string
  data: string
  chat: Chat
  messageId: number
  answered: boolean
  answer: { text: string; showAlert: boolean } | undefined
}

export interface ChatMessage {
  wire: WireMessage
  by: 'bot' | 'person'
  deleted: boolean
  file: StoredFile | undefined
  /** Came by Safir and opens only with a password. */
  secure?: boolean
}

/** The chat between one bot and one person. `opened` by the person only; a blocked bot gets 403. */
export interface Chat {
  readonly bot: SimBot
  readonly person: PersonRecord
  opened: boolean
  blocked: boolean
  nextMessageId: number
  readonly messages: Map<number, ChatMessage>
  keyboard: { rows: ReplyButton[][]; oneTime: boolean } | undefined
  action: { name: string; until: number } | undefined
  notice: { text: string; showAlert: boolean; at: number } | undefined
  review: { askedAt: number; showAt: number } | undefined
  /** Goes up with every change that the phone shows. */
  version: number
}

export interface World {
  now: () => number
  bots: Map<number, SimBot>
  people: Map<number, PersonRecord>
  chats: Map<string, Chat>
  callbacks: Map<string, Callback>
  /** By bot and `file_id`. */
  files: Map<string, StoredFile>
  /** For the phone page: by `file_unique_id`. */
  contents: Map<string, StoredFile>
  /** Download paths handed out by getFile; they end after an hour. */
  paths: Map<string, { bot: SimBot; file: StoredFile; until: number }>
  nextFile: number
  /** Emits `change` (with the chat, if it is about one) whenever anything happened. */
  changes: EventEmitter
}

export const FILE_PATH_LIFE_MS = 60 * 60 * 1000

export function createWorld(now: () => number): World {
  const changes = new EventEmitter()
  changes.setMaxListeners(0)
  return {
    now,
    bots: new Map(),
    people: new Map(),
    chats: new Map(),
    callbacks: new Map(),
    files: new Map(),
    contents: new Map(),
    paths: new Map(),
    nextFile: 1,
    changes,
  }
}

export function changed(world: World, chat?: Chat): void {
  if (chat) chat.version += 1
  world.changes.emit('change', chat)
}

export function addBot(world: World, input: BotInput): SimBot {
  let id = input.token === undefined ? 987_650_001 : Number(input.token.split(':')[0])
  if (!Number.isSafeInteger(id) || id <= 0) throw new Error('A bot token begins with the bot id and a colon')
  while (input.token === undefined && world.bots.has(id)) id += 1
  const taken = [...world.bots.values()].some((bot) => bot.id === id || bot.username === input.username)
  if (taken) throw new Error(`There is a bot ${id} or @${input.username} already`)
  const token = input.token ?? `${id}:${randomBytes(20).toString('base64url')}`
  const bot: SimBot = { id, token, username: input.username, name: input.name }
  world.bots.set(id, bot)
  changed(world)
  return bot
}

export function addPerson(world: World, input: PersonInput): PersonRecord {
  let id = input.id ?? 1_418_273_645 + world.people.size * 7919
  while (input.id === undefined && (world.people.has(id) || world.bots.has(id))) id += 1
  if (world.people.has(id)) throw new Error(`There is a person ${id} already`)
  const person: PersonRecord = { ...input, id }
  world.people.set(id, person)
  changed(world)
  return person
}

/** The chat of a bot and a person; made, unopened, when they never met. */
export function chatBetween(world: World, bot: SimBot, person: PersonRecord): Chat {
  const key = `${bot.id}:${person.id}`
  let chat = world.chats.get(key)
  if (!chat) {
    chat = {
      bot,
      person,
      opened: false,
      blocked: false,
      nextMessageId: 1,
      messages: new Map(),
      keyboard: undefined,
      action: undefined,
      notice: undefined,
      review: undefined,
      version: 0,
    }
    world.chats.set(key, chat)
  }
  return chat
}

export function wireUser(person: PersonRecord): WireUser {
  return {
    id: person.id,
    is_bot: false,
    first_name: person.firstName,
    ...(person.lastName && { last_name: person.lastName }),
    ...(person.username && { username: person.username }),
    ...(person.languageCode && { language_code: person.languageCode }),
  }
}

export function wireChat(person: PersonRecord): WireChat {
  return {
    id: person.id,
    type: 'private',
    first_name: person.firstName,
    ...(person.lastName && { last_name: person.lastName }),
    ...(person.username && { username: person.username }),
  }
}

/** A bot as the sender of a message; `getMe` adds the username, as the samples do. */
export function wireBot(bot: SimBot): WireUser {
  return { id: bot.id, is_bot: true, first_name: bot.name }
}

export interface FileInput {
  data: Buffer
  name?: string | undefined
  mimeType?: string | undefined
  duration?: number | undefined
}

const EXTENSIONS: Record<string, string> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'application/pdf': 'pdf',
  'audio/ogg': 'ogg',
  'audio/wav': 'wav',
  'audio/mpeg': 'mp3',
  'audio/webm': 'webm',
  'video/webm': 'webm',
  'video/mp4': 'mp4',
}

export function makeFile(input: FileInput, fallbackType: string): StoredFile {
  const size = imageSize(input.data)
  return {
    uniqueId: createHash('sha256').update(input.data).digest('hex').slice(0, 12),
    data: input.data,
    name: input.name,
    mimeType: input.mimeType ?? fallbackType,
    width: size?.width,
    height: size?.height,
    duration: input.duration,
  }
}

/** Gives a file an id for this bot alone, as Bale does. */
export function fileIdFor(world: World, bot: SimBot, file: StoredFile): string {
  const id = `${bot.id}:${world.nextFile}:1:${file.uniqueId}`
  world.nextFile += 1
  world.files.set(id, file)
  world.contents.set(file.uniqueId, file)
  return id
}

export function fileOf(world: World, bot: SimBot, fileId: string): StoredFile | undefined {
  return fileId.startsWith(`${bot.id}:`) ? world.files.get(fileId) : undefined
}

/** A fresh download path, good for one hour. */
export function issuePath(world: World, bot: SimBot, file: StoredFile): string {
  const extension = EXTENSIONS[file.mimeType] ?? 'bin'
  const path = `files/${randomBytes(12).toString('hex')}.${extension}`
  world.paths.set(path, { bot, file, until: world.now() + FILE_PATH_LIFE_MS })
  return path
}

export function fileAt(world: World, bot: SimBot, path: string): StoredFile | undefined {
  const issued = world.paths.get(path)
  if (!issued || issued.bot.id !== bot.id) return undefined
  if (world.now() < issued.until) return issued.file
  world.paths.delete(path)
  return undefined
}

/** The message field for a file: a list of sizes for a photo, one object for everything else. */
export function mediaField(
  world: World,
  bot: SimBot,
  kind: MediaKind,
  file: StoredFile,
): Partial<Record<Exclude<MediaKind, 'photo'>, WireFile>> & { photo?: WireFile[] } {
  const base = { file_id: fileIdFor(world, bot, file), file_unique_id: file.uniqueId, file_size: file.data.length }
  if (kind === 'photo') {
    const small = makeFile({ data: thumbnail() }, 'image/png')
    const width = file.width ?? 320
    const height = file.height ?? 240
    const largest = { ...base, width, height }
    if (width <= 90) return { photo: [largest] }
    const smallest = {
      file_id: fileIdFor(world, bot, small),
      file_unique_id: small.uniqueId,
      file_size: small.data.length,
      width: 90,
      height: 90,
    }
    return { photo: [smallest, largest] }
  }
  const named = { ...(file.name && { file_name: file.name }), mime_type: file.mimeType }
  if (kind === 'document') return { document: { ...base, ...named } }
  const timed = { ...base, ...(kind !== 'voice' && named), mime_type: file.mimeType, duration: file.duration ?? 0 }
  if (kind === 'voice' || kind === 'audio') return { [kind]: timed }
  return { [kind]: { ...timed, width: file.width ?? 640, height: file.height ?? 360 } }
}

/** Adds a message to a chat, with the next id of that chat. */
export function addMessage(
  world: World,
  chat: Chat,
  by: 'bot' | 'person',
  content: Partial<WireMessage>,
  file?: StoredFile,
): ChatMessage {
  const wire: WireMessage = {
    message_id: chat.nextMessageId,
    date: Math.floor(world.now() / 1000),
    from: by === 'bot' ? wireBot(chat.bot) : wireUser(chat.person),
    chat: wireChat(chat.person),
    ...content,
  }
  chat.nextMessageId += 1
  const message: ChatMessage = { wire, by, deleted: false, file }
  chat.messages.set(wire.message_id, message)
  if (by === 'bot') chat.action = undefined
  changed(world, chat)
  return message
}

/** The message answered to, without its own `reply_to_message`: Bale does not nest further. */
export function asReplyTarget(message: WireMessage): WireMessage {
  const { reply_to_message: _, reply_markup: __, ...rest } = message
  return rest
}

export function inlineButton(message: ChatMessage, data: string): InlineButton | undefined {
  return message.wire.reply_markup?.inline_keyboard.flat().find((button) => button.callback_data === data)
}

/** The person with the phone: everything a customer does, and everything the phone shows. */
import { randomBytes } from 'node:crypto'

import type { UpdatePayload } from './updates.ts'
import {
  addMessage,
  asReplyTarget,
  type Callback,
  type Chat,
  type ChatMessage,
  chatBetween,
  changed,
  type FileInput,
  inlineButton,
  makeFile,
  mediaField,
  type PersonRecord,
  type SimBot,
  type StoredFile,
  type World,
  wireUser,
} from './world.ts'
import type {
  InlineButton,
  MediaKind,
  ReplyButton,
  WireContact,
  WireEntity,
  WireLocation,
  WireMessage,
  WireUpdate,
  WireUser,
} from './wire.ts'

/** What the phone shows of one message. */
export interface InboxMessage {
  messageId: number
  mine: boolean
  /** Unix seconds. */
  date: number
  kind: 'text' | MediaKind | 'contact' | 'location' | 'other'
  text: string | undefined
  caption: string | undefined
  file: InboxFile | undefined
  contact: WireContact | undefined
  location: WireLocation | undefined
  buttons: InboxButton[][]
  replyTo: number | undefined
  album: string | undefined
  forwardedFrom: string | undefined
  edited: boolean
  /** Came by Safir and opens only with a password. */
  secure: boolean
  /** As Bale stores it. */
  wire: WireMessage
}

export interface InboxFile {
  uniqueId: string
  name: string | undefined
  mimeType: string
  size: number
  width: number | undefined
  height: number | undefined
  duration: number | undefined
  data: Buffer
}

export interface InboxButton extends InlineButton {
  botId: number
  messageId: number
  /** Pressed, and the bot has not called `answerCallbackQuery` yet. */
  spinning: boolean
}

/** A person's message on its way to the bot: its number in the chat and the update that carries it. */
export interface Sent {
  bot: SimBot
  messageId: number
  update: WireUpdate
}

export interface SendOptions {
  /** Id of the message answered to. */
  replyTo?: number
  forwardedFrom?: WireUser
}

export interface MediaInput extends FileInput, SendOptions {
  caption?: string
  /** Bale sometimes delivers a recording as a `document` with its media type: instead of the kind, or beside it. */
  as?: 'document' | 'both'
}

export interface Press {
  readonly id: string
  readonly update: WireUpdate
  readonly answered: boolean
  readonly answer: { text: string; showAlert: boolean } | undefined
}

export interface CardInput {
  phone: string
  firstName: string
  lastName?: string
  /** Bale leaves it out for a number that has no account. */
  userId?: number
}

export interface BalePerson {
  readonly id: number
  readonly firstName: string
  readonly lastName: string | undefined
  readonly username: string | undefined
  readonly phone: string | undefined
  readonly hasPhoto: boolean
  /** Presses Start: opens the chat (and unblocks the bot) with `/start`, or `/start <payload>` from a deep link. */
  start(bot: SimBot, payload?: string): Sent
  send(bot: SimBot, text: string, options?: SendOptions): Sent
  sendPhoto(bot: SimBot, media: MediaInput): Sent
  sendDocument(bot: SimBot, media: MediaInput): Sent
  sendVoice(bot: SimBot, media: MediaInput): Sent
  sendVideo(bot: SimBot, media: MediaInput): Sent
  sendAudio(bot: SimBot, media: MediaInput): Sent
  sendAnimation(bot: SimBot, media: MediaInput): Sent
  sendLocation(bot: SimBot, location: { latitude: number; longitude: number }, options?: SendOptions): Sent
  /** Any other message fields, for kinds that have no method here (a sticker, a new member, an invoice). */
  sendOther(bot: SimBot, fields: Record<string, unknown>): Sent
  /** Rewrites an earlier message of this person: its text, or the caption of a file. */
  edit(sent: { bot: SimBot; messageId: number }, text: string): Sent
  /** What pressing a `request_contact` button does. Throws when the person has no number. */
  shareOwnContact(bot: SimBot): Sent
  /** Hands over somebody else's card: `user_id` is theirs, or absent. */
  shareContactOf(bot: SimBot, other: BalePerson | CardInput): Sent
  /** Presses an inline button; it spins until answered. Throws for one that only opens a link. */
  press(button: InboxButton): Press
  /** Opens a button's link to a bot (`https://ble.ir/<bot>?start=<payload>`), which is Start with that payload. */
  openLink(button: Pick<InboxButton, 'text' | 'url'>): Sent
  /** Presses a key of the reply keyboard. */
  pressKey(bot: SimBot, text: string): Sent
  block(bot: SimBot): void
  unblock(bot: SimBot): void
  chat(bot: SimBot): Chat
  /** Everything on the screen, oldest first; deleted messages are gone. */
  inbox(bot: SimBot): InboxMessage[]
  keyboard(bot: SimBot): ReplyButton[][] | undefined
  /** Resolves with the first message from the bot that fits, already there or still to come. */
  waitFor(
    bot: SimBot,
    fits: (message: InboxMessage) => boolean,
    options?: { timeoutMs?: number },
  ): Promise<InboxMessage>
}

/** What a person needs of the simulator. */
export interface PersonSurroundings {
  world: World
  push(bot: SimBot, payload: UpdatePayload): WireUpdate
  waitFor<T>(probe: () => T | undefined, options?: { timeoutMs?: number; what?: string }): Promise<T>
}

const KINDS: MediaKind[] = ['photo', 'voice', 'video', 'audio', 'animation', 'document']

const COMMAND = /^\/\w{1,64}(?=\s|$)/

function commandEntities(text: string): { entities?: WireEntity[] } {
  const command = COMMAND.exec(text)?.[0]
  return command ? { entities: [{ type: 'bot_command', offset: 0, length: command.length }] } : {}
}

const fallbackType = { photo: 'image/jpeg', voice: 'audio/ogg', video: 'video/mp4', audio: 'audio/mpeg' } as const

function makeMedia(kind: MediaKind, media: MediaInput): StoredFile {
  const fallback =
    kind === 'animation' ? 'video/mp4' : kind === 'document' ? 'application/octet-stream' : fallbackType[kind]
  return makeFile(media, fallback)
}

/** A callback's id. Only old clients have ids that begin with 1. */
function callbackId(oldClient: boolean): string {
  return (oldClient ? '1' : '2') + randomBytes(4).toString('hex').slice(1)
}

export function createPerson({ world, push, waitFor }: PersonSurroundings, record: PersonRecord): BalePerson {
  const chatWith = (bot: SimBot) => chatBetween(world, bot, record)

  function deliver(bot: SimBot, content: Partial<WireMessage>, options: SendOptions = {}, file?: StoredFile): Sent {
    const chat = chatWith(bot)
    if (chat.blocked) throw new Error(`${record.firstName} has blocked ${bot.username} and cannot write to it`)
    chat.opened = true
    const reply = options.replyTo === undefined ? undefined : chat.messages.get(options.replyTo)
    const from = options.forwardedFrom
    const message = addMessage(
      world,
      chat,
      'person',
      {
        ...(from && { forward_from: from, forward_date: Math.floor(world.now() / 1000) }),
        ...(reply && { reply_to_message: asReplyTarget(reply.wire) }),
        ...content,
      },
      file,
    )
    return { bot, messageId: message.wire.message_id, update: push(bot, { message: message.wire }) }
  }

  function sendMedia(kind: MediaKind, bot: SimBot, media: MediaInput): Sent {
    const file = makeMedia(kind, media)
    const own = mediaField(world, bot, media.as === 'document' ? 'document' : kind, file)
    const beside = media.as === 'both' ? mediaField(world, bot, 'document', file) : {}
    return deliver(bot, { ...(media.caption && { caption: media.caption }), ...own, ...beside }, media, file)
  }

  function edit({ bot, messageId }: { bot: SimBot; messageId: number }, text: string): Sent {
    const chat = chatWith(bot)
    const message = chat.messages.get(messageId)
    if (!message || message.by !== 'person') throw new Error(`Message ${messageId} is not this person's to edit`)
    const { text: _text, caption: _caption, entities: _entities, ...rest } = message.wire
    const content = message.file ? { caption: text } : { text, ...commandEntities(text) }
    message.wire = { ...rest, edit_date: Math.floor(world.now() / 1000), ...content }
    changed(world, chat)
    return { bot, messageId, update: push(bot, { edited_message: message.wire }) }
  }

  function shareCard(bot: SimBot, card: CardInput): Sent {
    return deliver(bot, {
      contact: {
        phone_number: card.phone,
        first_name: card.firstName,
        ...(card.lastName && { last_name: card.lastName }),
        ...(card.userId !== undefined && { user_id: card.userId }),
      },
    })
  }

  function shareOwnContact(bot: SimBot): Sent {
    const { phone, firstName, lastName, id } = record
    if (!phone) throw new Error(`${firstName} has no phone number to share`)
    return shareCard(bot, { phone, firstName, lastName, userId: id })
  }

  function press(button: InboxButton): Press {
    const bot = world.bots.get(button.botId)
    if (!bot) throw new Error(`There is no bot ${button.botId}`)
    const chat = chatWith(bot)
    const message = chat.messages.get(button.messageId)
    const data = button.callback_data
    if (!message || message.deleted || data === undefined || !inlineButton(message, data)) {
      throw new Error(`The button "${button.text}" cannot be pressed`)
    }
    const id = callbackId(record.oldClient ?? false)
    const callback: Callback = { id, data, chat, messageId: button.messageId, answered: false, answer: undefined }
    world.callbacks.set(id, callback)
    const { reply_markup: _, ...shown } = message.wire
    const update = push(bot, { callback_query: { id, from: wireUser(record), data, message: shown } })
    changed(world, chat)
    return {
      id,
      update,
      get answered() {
        return callback.answered
      },
      get answer() {
        return callback.answer
      },
    }
  }

  function pressKey(bot: SimBot, text: string): Sent {
    const chat = chatWith(bot)
    const key = chat.keyboard?.rows.flat().find((button) => button.text === text)
    if (!key) throw new Error(`There is no key "${text}" on the keyboard`)
    if (chat.keyboard?.oneTime) chat.keyboard = undefined
    if (key.request_contact) return shareOwnContact(bot)
    if (key.request_location) return deliver(bot, { location: { latitude: 35.7448, longitude: 51.3753 } })
    return deliver(bot, { text })
  }

  function start(bot: SimBot, payload?: string): Sent {
    chatWith(bot).blocked = false
    const text = payload === undefined ? '/start' : `/start ${payload}`
    return deliver(bot, { text, ...commandEntities(text) })
  }

  function openLink({ text, url }: Pick<InboxButton, 'text' | 'url'>): Sent {
    const link = url !== undefined && URL.canParse(url) ? new URL(url) : undefined
    const bot = [...world.bots.values()].find(({ username }) => link?.pathname === `/${username}`)
    if (link?.hostname !== 'ble.ir' || !bot) throw new Error(`The button "${text}" leads to no bot`)
    return start(bot, link.searchParams.get('start') ?? undefined)
  }

  function setBlocked(bot: SimBot, blocked: boolean): void {
    const chat = chatWith(bot)
    chat.blocked = blocked
    changed(world, chat)
  }

  const inbox = (bot: SimBot) => showInbox(world, chatWith(bot))

  return {
    id: record.id,
    firstName: record.firstName,
    lastName: record.lastName,
    username: record.username,
    phone: record.phone,
    hasPhoto: record.photo !== undefined,
    start,
    send: (bot, text, options) => deliver(bot, { text, ...commandEntities(text) }, options),
    sendPhoto: (bot, media) => sendMedia('photo', bot, media),
    sendDocument: (bot, media) => sendMedia('document', bot, media),
    sendVoice: (bot, media) => sendMedia('voice', bot, media),
    sendVideo: (bot, media) => sendMedia('video', bot, media),
    sendAudio: (bot, media) => sendMedia('audio', bot, media),
    sendAnimation: (bot, media) => sendMedia('animation', bot, media),
    sendLocation: (bot, { latitude, longitude }, options) =>
      deliver(bot, { location: { latitude, longitude } }, options),
    sendOther: (bot, fields) => deliver(bot, fields),
    edit,
    shareOwnContact,
    shareContactOf(bot, other) {
      if (!('id' in other)) return shareCard(bot, other)
      const { phone, firstName, lastName, id } = other
      if (!phone) throw new Error(`${firstName} has no phone number to share`)
      return shareCard(bot, { phone, firstName, lastName, userId: id })
    },
    press,
    openLink,
    pressKey,
    block: (bot) => setBlocked(bot, true),
    unblock: (bot) => setBlocked(bot, false),
    chat: chatWith,
    inbox,
    keyboard: (bot) => chatWith(bot).keyboard?.rows,
    waitFor(bot, fits, options) {
      const chat = chatWith(bot)
      let seen = -1
      const probe = () => {
        // Every event of the simulator asks; only those of this chat are worth looking.
        if (chat.version === seen) return undefined
        seen = chat.version
        return inbox(bot).find((message) => !message.mine && fits(message))
      }
      return waitFor(probe, { what: `a message from ${bot.username} on ${record.firstName}'s phone`, ...options })
    },
  }
}

function showInbox(world: World, chat: Chat): InboxMessage[] {
  const spinning = new Set<string>()
  for (const callback of world.callbacks.values()) {
    if (callback.chat === chat && !callback.answered) spinning.add(`${callback.messageId}:${callback.data}`)
  }
  return [...chat.messages.values()]
    .filter((message) => !message.deleted)
    .map((message) => show(chat, message, spinning))
}

function show(chat: Chat, { wire, by, file, secure = false }: ChatMessage, spinning: Set<string>): InboxMessage {
  const media = KINDS.find((kind) => wire[kind] !== undefined)
  const kind = media ?? (wire.contact ? 'contact' : wire.location ? 'location' : wire.text ? 'text' : 'other')
  const forwarded = wire.forward_from
  return {
    messageId: wire.message_id,
    mine: by === 'person',
    date: wire.date,
    kind,
    text: wire.text,
    caption: wire.caption,
    file: file && { ...file, size: file.data.length },
    contact: wire.contact,
    location: wire.location,
    buttons: (wire.reply_markup?.inline_keyboard ?? []).map((row) =>
      row.map((button) => ({
        ...button,
        botId: chat.bot.id,
        messageId: wire.message_id,
        spinning: spinning.has(`${wire.message_id}:${button.callback_data}`),
      })),
    ),
    replyTo: wire.reply_to_message?.message_id,
    album: wire.media_group_id,
    forwardedFrom: forwarded && [forwarded.first_name, forwarded.last_name].filter(Boolean).join(' '),
    edited: wire.edit_date !== undefined,
    secure,
    wire,
  }
}

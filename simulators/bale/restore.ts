/** Puts a chat back as it was, for a simulator that takes the place of an earlier one (the demo after a restart). */
import type { MediaKind, WireContact, WireLocation } from './wire.ts'
import {
  asReplyTarget,
  changed,
  chatBetween,
  type FileInput,
  makeFile,
  mediaField,
  type PersonRecord,
  type SimBot,
  type World,
  wireBot,
  wireChat,
  wireUser,
} from './world.ts'

export interface PastMessage {
  /** Ascending within the chat. */
  messageId: number
  by: 'bot' | 'person'
  /** Milliseconds since 1970. */
  at: number
  text?: string
  media?: FileInput & { kind: MediaKind }
  location?: WireLocation
  contact?: WireContact
  replyTo?: number
}

/**
 * Makes the chat hold exactly these messages. Nothing is delivered to the bot: it knows them. New messages are numbered
 * after the last one, or after `lastId` when later ones are known to have existed.
 */
export function restoreChat(
  world: World,
  bot: SimBot,
  person: PersonRecord,
  past: readonly PastMessage[],
  { blocked = false, lastId = 0 }: { blocked?: boolean; lastId?: number } = {},
): void {
  const chat = chatBetween(world, bot, person)
  chat.messages.clear()
  chat.keyboard = undefined
  chat.opened = true
  chat.blocked = blocked
  for (const { messageId, by, at, text, media, location, contact, replyTo } of past) {
    const file = media && makeFile(media, 'application/octet-stream')
    const answered = replyTo === undefined ? undefined : chat.messages.get(replyTo)
    const words = media ? { caption: text } : { text }
    chat.messages.set(messageId, {
      by,
      deleted: false,
      file,
      wire: {
        message_id: messageId,
        date: Math.floor(at / 1000),
        from: by === 'bot' ? wireBot(bot) : wireUser(person),
        chat: wireChat(person),
        ...(answered && { reply_to_message: asReplyTarget(answered.wire) }),
        ...(text && words),
        ...(media && file && mediaField(world, bot, media.kind, file)),
        ...(location && { location }),
        ...(contact && { contact }),
      },
    })
  }
  chat.nextMessageId = Math.max(chat.nextMessageId, lastId + 1, ...past.map(({ messageId }) => messageId + 1))
  changed(world, chat)
}

/** One call of a bot: what a method gets, and the rules that all methods share. */
import type { Account, RateLimits } from './accounting.ts'
import { parseMarkup } from './markup.ts'
import { integerOf, jsonOf, type Parameters, textOf } from './parameters.ts'
import type { UpdateQueue } from './updates.ts'
import {
  addMessage,
  asReplyTarget,
  type Chat,
  type ChatMessage,
  chatBetween,
  changed,
  type SimBot,
  type StoredFile,
  type World,
} from './world.ts'
import { BaleError, badRequest, type WireMessage } from './wire.ts'

export interface Call {
  world: World
  bot: SimBot
  method: string
  parameters: Parameters
  queue: UpdateQueue
  account: Account
  limits: RateLimits
  allowInsecureWebhook: boolean | 'loopback'
  /** What a person who never started the bot answers with. */
  neverStarted: 403 | 404
  forbidden: string | undefined
  signal: AbortSignal
  /** Calls it makes known as received, filled by `note`. */
  notes: { chatId: number; message: WireMessage | undefined; text: string | undefined }[]
}

export interface Method {
  /** Parameter names that Bale documents; others are ignored but noticed. */
  documented: string[]
  run(call: Call): unknown
}

interface ChatRule {
  parameter?: string
  evenIfBlocked?: boolean
  /** The call writes to the chat, so it counts for the rate. */
  writes?: boolean
}

/** The chat a call is about. Throws 400 for an id that is none, 403 or 404 for a person the bot may not write to. */
export function chatOf(call: Call, rule: ChatRule = {}): Chat {
  const { world, bot, parameters } = call
  const name = rule.parameter ?? 'chat_id'
  const text = textOf(parameters, name)
  if (text === undefined) throw badRequest(`${name} is empty`)
  if (text.startsWith('@')) throw new BaleError(404, 'no such group or user')
  const id = integerOf(parameters, name)
  const person = id === undefined ? undefined : world.people.get(id)
  if (rule.writes) call.account.tick(id ?? 0, world.now(), call.limits)
  if (!person) throw new BaleError(404, 'no such group or user')
  const chat = chatBetween(world, bot, person)
  if (!chat.opened) {
    if (call.neverStarted === 404) throw new BaleError(404, 'no such group or user')
    throw new BaleError(403, call.forbidden ?? "Forbidden: bot can't initiate conversation with a user")
  }
  if (chat.blocked && !rule.evenIfBlocked) {
    throw new BaleError(403, call.forbidden ?? 'Forbidden: bot was blocked by the user')
  }
  return chat
}

/** Parameters that every sending method knows. */
export const SEND_PARAMETERS = ['chat_id', 'reply_to_message_id', 'reply_markup']

/** Finds a message that still exists in the chat. */
export function messageIn(chat: Chat, id: number | undefined, missing: string): ChatMessage {
  const message = id === undefined ? undefined : chat.messages.get(id)
  if (!message || message.deleted) throw badRequest(missing)
  return message
}

/** Reads `reply_to_message_id` and `reply_markup`; both are checked before anything is sent. */
export function readEnvelope(call: Call, chat: Chat) {
  const markup = parseMarkup(jsonOf(call.parameters, 'reply_markup'))
  const replyId = integerOf(call.parameters, 'reply_to_message_id')
  const reply = replyId === undefined ? undefined : messageIn(chat, replyId, 'message to be replied not found')
  return { markup, reply }
}

/** Puts the bot's message into the chat and returns it as the method's result. */
export function sendFromBot(call: Call, chat: Chat, content: Partial<WireMessage>, file?: StoredFile): WireMessage {
  const { markup, reply } = readEnvelope(call, chat)
  const message = addMessage(
    call.world,
    chat,
    'bot',
    {
      ...(reply && { reply_to_message: asReplyTarget(reply.wire) }),
      ...content,
      ...(markup?.kind === 'inline' && { reply_markup: markup.inline }),
    },
    file,
  )
  if (markup?.kind === 'keyboard') chat.keyboard = { rows: markup.rows, oneTime: markup.oneTime }
  if (markup?.kind === 'remove') chat.keyboard = undefined
  if (markup) changed(call.world, chat)
  note(call, chat, message.wire)
  return message.wire
}

/** Marks that this call reached the person. */
export function note(call: Call, chat: Chat, message: WireMessage | undefined): void {
  call.notes.push({ chatId: chat.person.id, message, text: message?.text ?? message?.caption })
}

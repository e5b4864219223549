/** The methods of the Bot API that a client uses, by lower-case name, each with the parameters Bale documents. */
import { mediaMethods } from './methods-media.ts'
import { messageMethods } from './methods-messages.ts'
import { type Call, chatOf, type Method } from './call.ts'
import { integerOf, textOf } from './parameters.ts'
import { checkWebhookUrl } from './updates.ts'
import { changed, fileIdFor, fileOf, issuePath, makeFile } from './world.ts'
import { BaleError, badRequest } from './wire.ts'

const ACTIONS = new Set([
  'typing',
  'upload_photo',
  'record_video',
  'upload_video',
  'record_voice',
  'upload_voice',
  'choose_sticker',
])
const ACTION_SHOWN_MS = 6000
const LONGEST_POLL_S = 60

function getMe({ bot }: Call) {
  return { id: bot.id, is_bot: true, first_name: bot.name, username: bot.username }
}

function getUpdates({ parameters, queue, signal }: Call) {
  const limit = Math.min(100, Math.max(1, integerOf(parameters, 'limit') ?? 100))
  const timeout = Math.min(LONGEST_POLL_S, Math.max(0, integerOf(parameters, 'timeout') ?? 0))
  return queue.poll({ offset: integerOf(parameters, 'offset') ?? 0, limit, timeoutMs: timeout * 1000, signal })
}

function setWebhook({ parameters, queue, allowInsecureWebhook }: Call) {
  queue.setWebhook(checkWebhookUrl(textOf(parameters, 'url') ?? '', allowInsecureWebhook))
  return true
}

function deleteWebhook({ queue }: Call) {
  queue.setWebhook('')
  return true
}

function getWebhookInfo({ queue }: Call) {
  return { url: queue.webhook(), has_custom_certificate: false, pending_update_count: queue.pending() }
}

function sendChatAction(call: Call) {
  const chat = chatOf(call)
  const action = textOf(call.parameters, 'action')
  if (action === undefined || !ACTIONS.has(action)) throw badRequest('wrong parameter action in request')
  chat.action = { name: action, until: call.world.now() + ACTION_SHOWN_MS }
  changed(call.world, chat)
  return true
}

function getFile({ world, bot, parameters }: Call) {
  const fileId = textOf(parameters, 'file_id')
  const file = fileId === undefined ? undefined : fileOf(world, bot, fileId)
  if (!fileId || !file) throw badRequest('invalid file_id')
  const file_path = issuePath(world, bot, file)
  return { file_id: fileId, file_unique_id: file.uniqueId, file_size: file.data.length, file_path }
}

function getChat(call: Call) {
  const { world, bot } = call
  const { person } = chatOf(call, { evenIfBlocked: true })
  const picture = person.photo && makeFile({ data: person.photo, mimeType: 'image/png' }, 'image/png')
  return {
    id: person.id,
    type: 'private',
    first_name: person.firstName,
    ...(person.lastName && { last_name: person.lastName }),
    ...(person.username && { username: person.username }),
    ...(picture && {
      photo: {
        small_file_id: fileIdFor(world, bot, picture),
        small_file_unique_id: picture.uniqueId,
        big_file_id: fileIdFor(world, bot, picture),
        big_file_unique_id: picture.uniqueId,
      },
    }),
    ...(person.bio && { bio: person.bio }),
  }
}

function answerCallbackQuery({ world, bot, parameters }: Call) {
  const id = textOf(parameters, 'callback_query_id')
  const callback = id === undefined ? undefined : world.callbacks.get(id)
  if (!callback || callback.chat.bot.id !== bot.id) {
    throw badRequest('query is too old and response timeout expired or query ID is invalid')
  }
  const text = textOf(parameters, 'text')
  callback.answered = true
  if (text !== undefined) {
    callback.answer = { text, showAlert: textOf(parameters, 'show_alert') === 'true' }
    if (!callback.chat.person.oldClient) callback.chat.notice = { ...callback.answer, at: world.now() }
  }
  changed(world, callback.chat)
  return true
}

function askReview(call: Call) {
  const { parameters, world } = call
  const delay = integerOf(parameters, 'delay_seconds')
  if (delay === undefined || delay < 0) throw badRequest('delay_seconds: must be a valid value')
  const chat = chatOf(call, { parameter: 'user_id' })
  chat.review = { askedAt: world.now(), showAt: world.now() + delay * 1000 }
  changed(world, chat)
  return true
}

const METHODS: Record<string, Method> = {
  getme: { documented: [], run: getMe },
  logout: { documented: [], run: () => true },
  close: { documented: [], run: () => true },
  getupdates: { documented: ['offset', 'limit', 'timeout'], run: getUpdates },
  setwebhook: { documented: ['url'], run: setWebhook },
  deletewebhook: { documented: [], run: deleteWebhook },
  getwebhookinfo: { documented: [], run: getWebhookInfo },
  sendchataction: { documented: ['chat_id', 'action'], run: sendChatAction },
  getfile: { documented: ['file_id'], run: getFile },
  getchat: { documented: ['chat_id'], run: getChat },
  answercallbackquery: {
    documented: ['callback_query_id', 'text', 'show_alert', 'cache_time'],
    run: answerCallbackQuery,
  },
  askreview: { documented: ['user_id', 'delay_seconds'], run: askReview },
  ...messageMethods,
  ...mediaMethods,
}

/** The methods that put something into a chat. */
export const SENDING_METHODS = Object.keys(METHODS).filter((name) =>
  /^(send(?!chataction)|forward|copy|edit)/.test(name),
)

/** Documented by Bale but outside what a customer's chat needs: refused aloud rather than played badly. */
const NOT_PLAYED = new Set(
  [
    'sendInvoice createInvoiceLink answerPreCheckoutQuery inquireTransaction banChatMember unbanChatMember',
    'restrictChatMember promoteChatMember setChatPhoto deleteChatPhoto setChatTitle setChatDescription leaveChat',
    'getChatMember getChatMembersCount getChatAdministrators pinChatMessage unpinChatMessage unpinAllChatMessages',
    'createChatInviteLink revokeChatInviteLink exportChatInviteLink sendSticker uploadStickerFile',
    'createNewStickerSet addStickerToSet',
  ]
    .join(' ')
    .toLowerCase()
    .split(' '),
)

/** Finds a method by its name in any case. Throws 404 for one that Bale does not have. */
export function methodNamed(name: string): Method {
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined
  if (method) return method
  if (NOT_PLAYED.has(name)) throw new BaleError(501, `Not Implemented: the simulator does not play ${name}`)
  throw new BaleError(404, 'Not Found: no such method')
}

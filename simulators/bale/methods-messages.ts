/** Text, contact, location, and what can be done with a message that exists: forward, copy, edit, delete. */
import { type Call, chatOf, type Method, messageIn, note, SEND_PARAMETERS, sendFromBot } from './call.ts'
import { parseMarkup } from './markup.ts'
import { decimalOf, integerOf, jsonOf, textOf } from './parameters.ts'
import { type ChatMessage, changed } from './world.ts'
import { badRequest, type WireMessage } from './wire.ts'

export const TEXT_LIMIT = 4096
export const CAPTION_LIMIT = 1024

/** Counted in UTF-16 units, as Bale counts offsets; the stricter reading of "characters". */
export function readText(call: Call): string {
  const text = textOf(call.parameters, 'text')
  if (text === undefined || text.trim() === '') throw badRequest('message text is empty')
  if (text.length > TEXT_LIMIT) throw badRequest('message is too long')
  return text
}

export function readCaption(call: Call): { caption?: string } {
  const caption = textOf(call.parameters, 'caption')
  if (caption !== undefined && caption.length > CAPTION_LIMIT) throw badRequest('message caption is too long')
  return caption === undefined ? {} : { caption }
}

function sendMessage(call: Call) {
  const chat = chatOf(call, { writes: true })
  return sendFromBot(call, chat, { text: readText(call) })
}

function sendContact(call: Call) {
  const chat = chatOf(call, { writes: true })
  const phone = textOf(call.parameters, 'phone_number')
  const first = textOf(call.parameters, 'first_name')
  const last = textOf(call.parameters, 'last_name')
  if (!phone) throw badRequest('phone_number is empty')
  if (!first) throw badRequest('first_name is empty')
  return sendFromBot(call, chat, {
    contact: { phone_number: phone, first_name: first, ...(last && { last_name: last }) },
  })
}

function sendLocation(call: Call) {
  const chat = chatOf(call, { writes: true })
  const latitude = decimalOf(call.parameters, 'latitude')
  const longitude = decimalOf(call.parameters, 'longitude')
  const accuracy = decimalOf(call.parameters, 'horizontal_accuracy')
  if (latitude === undefined || Math.abs(latitude) > 90) throw badRequest('latitude: must be a valid value')
  if (longitude === undefined || Math.abs(longitude) > 180) throw badRequest('longitude: must be a valid value')
  return sendFromBot(call, chat, {
    location: { latitude, longitude, ...(accuracy !== undefined && { horizontal_accuracy: accuracy }) },
  })
}

function sourceOf(call: Call): ChatMessage {
  const from = chatOf(call, { parameter: 'from_chat_id', evenIfBlocked: true })
  return messageIn(from, integerOf(call.parameters, 'message_id'), 'message to forward not found')
}

/** What a copy carries: the content, neither its sender nor what it answered. */
function contentOf(message: WireMessage): Partial<WireMessage> {
  const { message_id: _id, date: _date, from: _from, chat: _chat, ...content } = message
  const { reply_to_message: _reply, reply_markup: _markup, edit_date: _edit, media_group_id: _group, ...rest } = content
  return rest
}

function forwardMessage(call: Call) {
  const chat = chatOf(call, { writes: true })
  const source = sourceOf(call)
  return sendFromBot(
    call,
    chat,
    {
      forward_from: source.wire.forward_from ?? source.wire.from,
      forward_date: source.wire.forward_date ?? source.wire.date,
      ...contentOf(source.wire),
    },
    source.file,
  )
}

function copyMessage(call: Call) {
  const chat = chatOf(call, { writes: true })
  const source = sourceOf(call)
  const { forward_from: _from, forward_date: _date, ...content } = contentOf(source.wire)
  return sendFromBot(call, chat, content, source.file)
}

/** Changes one of the bot's own messages. */
function edit(call: Call, change: (message: ChatMessage) => Partial<WireMessage>): WireMessage {
  const chat = chatOf(call, { writes: true })
  const message = messageIn(chat, integerOf(call.parameters, 'message_id'), 'message to edit not found')
  if (message.by !== 'bot') throw badRequest("message can't be edited")
  const content = change(message)
  const markup = parseMarkup(jsonOf(call.parameters, 'reply_markup'))
  if (markup && markup.kind !== 'inline') throw badRequest('inline keyboard expected')
  const { reply_markup: _, ...kept } = message.wire
  message.wire = {
    ...kept,
    ...content,
    edit_date: Math.floor(call.world.now() / 1000),
    ...(markup && { reply_markup: markup.inline }),
  }
  changed(call.world, chat)
  note(call, chat, message.wire)
  return message.wire
}

function editMessageText(call: Call) {
  return edit(call, (message) => {
    if (message.wire.text === undefined) throw badRequest('there is no text in the message to edit')
    return { text: readText(call) }
  })
}

function editMessageCaption(call: Call) {
  return edit(call, (message) => {
    if (!message.file) throw badRequest('there is no caption in the message to edit')
    return { caption: undefined, ...readCaption(call) }
  })
}

function deleteMessage(call: Call) {
  const chat = chatOf(call, { evenIfBlocked: true })
  const message = messageIn(chat, integerOf(call.parameters, 'message_id'), 'message to delete not found')
  if (message.by !== 'bot') throw badRequest("message can't be deleted")
  message.deleted = true
  changed(call.world, chat)
  note(call, chat, undefined)
  return true
}

const EDIT_PARAMETERS = ['chat_id', 'message_id', 'reply_markup']
const COPY_PARAMETERS = ['chat_id', 'from_chat_id', 'message_id']

export const messageMethods: Record<string, Method> = {
  sendmessage: { documented: [...SEND_PARAMETERS, 'text'], run: sendMessage },
  sendcontact: { documented: [...SEND_PARAMETERS, 'phone_number', 'first_name', 'last_name'], run: sendContact },
  sendlocation: {
    documented: [...SEND_PARAMETERS, 'latitude', 'longitude', 'horizontal_accuracy'],
    run: sendLocation,
  },
  forwardmessage: { documented: COPY_PARAMETERS, run: forwardMessage },
  copymessage: { documented: COPY_PARAMETERS, run: copyMessage },
  editmessagetext: { documented: [...EDIT_PARAMETERS, 'text'], run: editMessageText },
  editmessagecaption: { documented: [...EDIT_PARAMETERS, 'caption'], run: editMessageCaption },
  editmessagereplymarkup: { documented: EDIT_PARAMETERS, run: (call) => edit(call, () => ({})) },
  deletemessage: { documented: ['chat_id', 'message_id'], run: deleteMessage },
}

/** Shapes of the Bale Bot API as they travel: snake_case, seconds, ids as numbers. */

export interface WireUser {
  id: number
  is_bot: boolean
  first_name: string
  last_name?: string
  username?: string
  language_code?: string
}

export interface WireChat {
  id: number
  type: 'private' | 'group' | 'channel'
  title?: string
  first_name?: string
  last_name?: string
  username?: string
}

export interface WireEntity {
  type: string
  offset: number
  length: number
}

export interface WireFile {
  file_id: string
  file_unique_id: string
  file_name?: string
  mime_type?: string
  width?: number
  height?: number
  duration?: number
  file_size: number
}

export interface WireContact {
  phone_number: string
  first_name: string
  last_name?: string
  user_id?: number
}

export interface WireLocation {
  latitude: number
  longitude: number
  horizontal_accuracy?: number
}

export interface ReplyButton {
  text: string
  request_contact?: boolean
  request_location?: boolean
  web_app?: { url: string }
}

export interface InlineButton {
  text: string
  callback_data?: string
  url?: string
  web_app?: { url: string }
  copy_text?: { text: string }
}

export interface InlineKeyboard {
  inline_keyboard: InlineButton[][]
}

export interface ReplyKeyboard {
  keyboard: ReplyButton[][]
  resize_keyboard?: boolean
  one_time_keyboard?: boolean
}

export interface WireMessage {
  message_id: number
  date: number
  from: WireUser
  chat: WireChat
  forward_from?: WireUser
  forward_from_message_id?: number
  forward_date?: number
  reply_to_message?: WireMessage
  edit_date?: number
  media_group_id?: string
  text?: string
  entities?: WireEntity[]
  caption?: string
  photo?: WireFile[]
  document?: WireFile
  video?: WireFile
  voice?: WireFile
  audio?: WireFile
  animation?: WireFile
  sticker?: WireFile
  contact?: WireContact
  location?: WireLocation
  reply_markup?: InlineKeyboard
}

export interface WireCallbackQuery {
  id: string
  from: WireUser
  data: string
  message: WireMessage
}

export interface WireUpdate {
  update_id: number
  message?: WireMessage
  edited_message?: WireMessage
  callback_query?: WireCallbackQuery
}

export type MediaKind = 'photo' | 'document' | 'video' | 'voice' | 'audio' | 'animation'

/** What a bot is told when a call fails: the envelope's `error_code`, `description` and `parameters`. */
export class BaleError extends Error {
  readonly status: number
  readonly retryAfter: number | undefined

  constructor(status: number, description: string, retryAfter?: number) {
    super(description)
    this.name = 'BaleError'
    this.status = status
    this.retryAfter = retryAfter
  }
}

export const badRequest = (reason: string) => new BaleError(400, `Bad Request: ${reason}`)

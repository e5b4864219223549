/** Keyboards under messages: the rules of section 1.5 of the Bot API, checked as strictly as they are documented. */
import { isRecord } from './parameters.ts'
import { badRequest, type InlineButton, type InlineKeyboard, type ReplyButton } from './wire.ts'

export type Markup =
  | { kind: 'inline'; inline: InlineKeyboard }
  | { kind: 'keyboard'; rows: ReplyButton[][]; oneTime: boolean }
  | { kind: 'remove' }

const CALLBACK_DATA_BYTES = 64

export function parseMarkup(value: unknown): Markup | undefined {
  if (value === undefined || value === null) return undefined
  if (!isRecord(value)) throw badRequest("can't parse reply keyboard markup JSON object")
  if (value.inline_keyboard !== undefined) {
    return {
      kind: 'inline',
      inline: { inline_keyboard: rowsOf(value.inline_keyboard).map((row) => row.map(inlineButton)) },
    }
  }
  if (value.keyboard !== undefined) {
    const rows = rowsOf(value.keyboard).map((row) => row.map(replyButton))
    return { kind: 'keyboard', rows, oneTime: value.one_time_keyboard === true }
  }
  if (value.remove_keyboard === true) return { kind: 'remove' }
  throw badRequest("can't parse reply keyboard markup JSON object")
}

function rowsOf(value: unknown): Record<string, unknown>[][] {
  if (!Array.isArray(value)) throw badRequest('keyboard must be an array of arrays of buttons')
  return value.map((row: unknown) => {
    if (!Array.isArray(row)) throw badRequest('keyboard must be an array of arrays of buttons')
    return row.map((button: unknown) => {
      const given = typeof button === 'string' ? { text: button } : button
      if (!isRecord(given) || typeof given.text !== 'string' || given.text === '') {
        throw badRequest('keyboard button text must be non-empty')
      }
      return given
    })
  })
}

const textOf = (button: Record<string, unknown>) => String(button.text)

function stringIn(value: unknown, name: string): string {
  const found = isRecord(value) ? value[name] : undefined
  if (typeof found !== 'string' || found === '') throw badRequest(`keyboard button ${name} must be non-empty`)
  return found
}

function inlineButton(button: Record<string, unknown>): InlineButton {
  const text = textOf(button)
  const actions = ['callback_data', 'url', 'web_app', 'copy_text'].filter((name) => button[name] !== undefined)
  if (actions.length !== 1) throw badRequest('inline keyboard button must have exactly one action')
  if (button.web_app !== undefined) return { text, web_app: { url: stringIn(button.web_app, 'url') } }
  if (button.copy_text !== undefined) return { text, copy_text: { text: stringIn(button.copy_text, 'text') } }
  if (button.url !== undefined) return { text, url: stringIn(button, 'url') }
  const data = typeof button.callback_data === 'string' ? button.callback_data : ''
  const bytes = Buffer.byteLength(data)
  if (bytes < 1 || bytes > CALLBACK_DATA_BYTES) throw badRequest('BUTTON_DATA_INVALID')
  return { text, callback_data: data }
}

function replyButton(button: Record<string, unknown>): ReplyButton {
  const actions = ['request_contact', 'request_location', 'web_app'].filter((name) => button[name])
  if (actions.length > 1) throw badRequest('keyboard button must have at most one action')
  return {
    text: textOf(button),
    ...(button.request_contact === true && { request_contact: true }),
    ...(button.request_location === true && { request_location: true }),
    ...(button.web_app !== undefined && { web_app: { url: stringIn(button.web_app, 'url') } }),
  }
}

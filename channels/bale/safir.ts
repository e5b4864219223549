/** Safir: the first message to a mobile number, in the name of a bot. What comes back arrives at the bot itself. */
import { createHash } from 'node:crypto'
import { safeFileName } from '#shared/text.ts'
import {
  type Capabilities,
  ChannelError,
  type ChannelKind,
  type Check,
  type CheckStep,
  type Ctx,
  type Outbound,
  type OutboundAttachment,
  type Sent,
} from '../contract.ts'
import { hashOf, type Json, line } from '../reading.ts'
import { baseUrl } from './api.ts'
import { callSafir, KEY_PATTERN, SAFIR_URL } from './safir-api.ts'
import { linkRow, prepare, readBytes, refused, uploadTime } from './send.ts'

/** What Safir takes; far above what Daftar keeps of one file. */
const FILE = { maxBytes: 500 * 1024 * 1024 }

const capabilities: Capabilities = {
  // Safir names no limits of its own; what it sends are messages of the bot.
  textLength: 4096,
  captionLength: 1024,
  attachments: { photo: FILE, document: FILE, voice: FILE, audio: FILE, video: FILE, animation: FILE },
  attachmentsPerMessage: 1,
  askNumber: false,
  buttons: false,
  linkButton: true,
  recognisesRepeats: true,
  sendsOnly: true,
  receipts: 'none',
  firstContact: true,
  profile: false,
  // Nothing is published; careful.
  rate: { channel: 10, chat: 1 },
}

export const safir: ChannelKind = {
  kind: 'bale-safir',
  identityKind: 'phone',
  settings: [
    { name: 'apiKey', type: 'secret', required: true, pattern: KEY_PATTERN },
    { name: 'botId', type: 'text', required: true, pattern: '[0-9]{1,15}' },
    { name: 'secure', type: 'switch', default: false, advanced: true },
    { name: 'baseUrl', type: 'url', required: true, default: SAFIR_URL, advanced: true },
    { name: 'ratePerSecond', type: 'number', default: capabilities.rate.channel, min: 0.1, max: 1000, advanced: true },
    { name: 'ratePerChat', type: 'number', default: capabilities.rate.chat, min: 0.1, max: 1000, advanced: true },
    { name: 'ratePerAccount', type: 'number', min: 0.1, max: 1000, advanced: true },
    { name: 'protectMarkup', type: 'switch', default: true, advanced: true },
  ],
  capabilities,
  // Safir delivers nothing. What somebody posts to the address all the same is kept once and said to mean nothing.
  unpack: (body) => [{ key: `sha256:${hashOf(body)}`, event: body }],
  receive: () => ({ items: [], ignored: 'Safir only sends; answers come to the bot' }),
  send,
  check,
  account: ({ botId: id }) => (typeof id === 'string' && id !== '' ? id : undefined),
}

/** One message of ours is one message of Safir's. Its `request_id` is the same at every try. */
async function send(message: Outbound, ctx: Ctx): Promise<Sent> {
  const phone = phoneOf(message.threadKey)
  if (message.attachments.length > 1) throw refused('too_many_attachments', 'one attachment a message')
  if (message.askNumber || message.buttons?.some((row) => row.length > 0))
    throw refused('bad_buttons', 'Safir knows no buttons but links')
  const [attachment] = message.attachments
  const text = prepare(message.text, attachment ? capabilities.captionLength : capabilities.textLength, ctx)
  if (!attachment && text.trim() === '') throw refused('empty', 'a message without text and attachment')
  const row = linkRow(message)
  const hand = (fileId?: string) =>
    handOver(ctx, {
      request_id: requestId(message, phone),
      bot_id: botOf(ctx),
      phone_number: phone,
      message_data: {
        ...(ctx.settings.secure === true && { is_secure: true }),
        message: {
          ...(text !== '' && { text }),
          ...(fileId !== undefined && { file_id: fileId }),
          ...(row && { reply_markup: { inline_keyboard: [row] } }),
        },
      },
    })
  if (!attachment) return hand()
  const known = attachment.uploaded
  if (known === undefined) return hand(await upload(attachment, ctx))
  try {
    return await hand(known)
  } catch (error) {
    // How long Safir keeps a file is not said. Refused as malformed, nothing was sent: once more, with the file itself.
    if (!(error instanceof ChannelError) || error.code !== 'bad_request') throw error
    return hand(await upload(attachment, ctx))
  }
}

async function handOver(ctx: Ctx, body: Json): Promise<Sent> {
  const answer = await callSafir(ctx, 'send_message', body)
  const providerKey = line(answer.message_id, 200)
  if (!providerKey) throw new ChannelError('later', 'unreadable_answer', 'Safir accepted without naming the message')
  return { providerKey }
}

/**
 * Ours, and a little of what is said to whom: a Daftar set up anew counts from 1 again, and an id that Safir has seen would
 * be swallowed as a repeat.
 */
function requestId({ id, text }: Outbound, phone: string): string {
  const said = createHash('sha256').update(`${phone}\n${text}`).digest('hex').slice(0, 16)
  return `daftar-${id}-${said}`
}

/** Uploads a file, and has its id remembered before anything is sent with it. */
async function upload(attachment: OutboundAttachment, ctx: Ctx): Promise<string> {
  const bytes = await readBytes(attachment)
  if (bytes.byteLength > FILE.maxBytes) throw refused('too_large', `${bytes.byteLength} bytes`)
  if (bytes.byteLength === 0) throw refused('empty', 'the file is empty')
  const form = new FormData()
  // The bytes are copied: a Blob does not take a view of memory that may be shared.
  form.set('file', new Blob([new Uint8Array(bytes)], { type: attachment.mediaType }), safeFileName(attachment.name))
  const answer = await callSafir(ctx, 'upload_file', form, uploadTime(bytes.byteLength))
  const fileId = line(answer.file_id, 500)
  if (!fileId) throw new ChannelError('later', 'unreadable_answer', 'Safir took a file without naming it')
  await attachment.remember?.(fileId)
  return fileId
}

/** `98…`, as Safir wants it. Other countries have no Bale: such a number is not reachable here, by whatever way it may be. */
function phoneOf(address: string): string {
  const digits = address.replace(/^(\+|00)/, '')
  if (!/^\d{6,15}$/.test(digits)) throw refused('bad_number', 'the address is no phone number')
  if (!digits.startsWith('98'))
    throw new ChannelError('unreachable', 'not_iranian', 'Safir reaches Iranian numbers only')
  if (!/^98\d{10}$/.test(digits)) throw refused('bad_number', 'the number has not ten digits after 98')
  return digits
}

function botOf(ctx: Ctx): number {
  const id = Number(ctx.settings.botId)
  if (Number.isSafeInteger(id) && id > 0) return id
  throw new ChannelError('settings', 'bad_bot_id', 'the bot id is no number')
}

/** No such number can be: Safir must refuse it, and nobody is written to. */
const NOBODY = '0'

/** Safir has no call that only asks. A message to nobody tells whether the key is good, and often what is wrong with the account. */
async function check(ctx: Ctx): Promise<Check> {
  const host = hostOf(ctx)
  const address = (ok: boolean, message: string): CheckStep => ({ name: 'address', ok, message, values: { host } })
  const reached = address(true, 'address_ok')
  let code: string
  try {
    await callSafir(
      ctx,
      'send_message',
      {
        request_id: `daftar-check-${ctx.now().getTime()}`,
        bot_id: botOf(ctx),
        phone_number: NOBODY,
        message_data: { message: { text: 'check' } },
      },
      15_000,
    )
    code = 'not_safir'
  } catch (error) {
    code = error instanceof ChannelError ? error.code : 'unexpected'
  }
  switch (code) {
    case 'bad_number':
    case 'not_a_user':
      return done(reached, key(true, 'key_ok'), account(true, 'account_ok'))
    case 'bad_request':
      return done(reached, key(true, 'key_ok'), account(false, 'account_refused'))
    case 'no_credit':
    case 'contact_limit':
      return done(reached, key(true, 'key_ok'), account(false, code))
    case 'bad_key':
      return ctx.settings.apiKey ? done(reached, key(false, 'key_rejected')) : done(key(false, 'key_missing'))
    case 'bad_bot_id':
      return done(account(false, 'bot_id_wrong'))
    case 'rate_limited':
    case 'server_error':
      return done(reached, key(false, code))
    default:
      return done(address(false, ADDRESS_FAULTS.has(code) ? code : 'not_safir'))
  }
}

const key = (ok: boolean, message: string): CheckStep => ({ name: 'key', ok, message })
const account = (ok: boolean, message: string): CheckStep => ({ name: 'account', ok, message })
const done = (...steps: CheckStep[]): Check => ({ ok: steps.every((step) => step.ok), steps })

const ADDRESS_FAULTS = new Set([
  'connection_dns',
  'connection_refused',
  'connection_timeout',
  'connection_tls',
  'connection_cut',
  'connection_forbidden_address',
  'wrong_address',
])

function hostOf(ctx: Ctx): string {
  try {
    return new URL(baseUrl(ctx, SAFIR_URL)).host
  } catch {
    return line(ctx.settings.baseUrl, 100)
  }
}

/**
 * The contract of a channel kind (X11). One folder in `channels/` exports one or more of these from its `index.ts`
 * and is known to the rest of the product by nothing else. How to write one: docs/add-a-channel.md.
 *
 * A folder imports this file, `reading.ts` and `shared`; the server, the database and the other folders are out of reach.
 * What it needs of the world comes as `Ctx`, so it runs in a test without a server.
 */
import type { Locale } from '#shared/i18n.ts'

export interface ChannelKind {
  /** The name in the API and the database: `bale`, `telegram` … Never changes once published. */
  kind: string
  /** The kind of identity its addresses are (`identity.kind`). Kinds that share people share this. */
  identityKind: string
  /** Draws the settings page and checks what it sends. Labels and help: `labels.json`, by field name. */
  settings: SettingField[]
  capabilities: Capabilities
  /** Splits one stored body into events. Pure and fast: it runs before the provider gets its answer. */
  unpack(body: unknown): RawEvent[]
  /** What an event means. Pure. An empty list with `ignored` set says why nothing came of it. */
  receive(event: unknown, ctx: ReceiveCtx): Received
  /** Hands one message to the provider. Throws `ChannelError`; anything else thrown counts as `unknown`. */
  send(message: Outbound, ctx: Ctx): Promise<Sent>
  /** Tries the settings out, in words: what failed and what to do. Throws nothing. */
  check(ctx: Ctx): Promise<Check>
  /** Signature of a webhook, where the provider signs. The secret address is compared by the core already. */
  verify?(raw: RawRequest, ctx: ReceiveCtx): boolean
  /** Tells the provider where to deliver, or to stop (`webhookUrl` null: this channel polls). */
  setup?(webhookUrl: string | null, ctx: Ctx): Promise<void>
  /** For networks that are asked: one round. The core stores `events` and moves `cursor` in one transaction. */
  poll?(cursor: unknown, ctx: Ctx): Promise<{ events: unknown[]; cursor: unknown }>
  /** Quick courtesy after an event is stored, such as ending a button's spinner. Failing is harmless. */
  acknowledge?(item: Inbound, ctx: Ctx): Promise<void>
  /** Name and picture of somebody. */
  profile?(address: string, ctx: Ctx): Promise<Profile>
  /** Whom the customer sees as the sender: the provider's id of the bot or line. Channels with one account are one sender. */
  account?(settings: Record<string, string | number | boolean>): string | undefined
  /** A link that opens a chat with this account and comes back as `startPayload` (A-Z a-z 0-9 _ -, at most 64). */
  startLink?(payload: string, account: NonNullable<Check['account']>): string | undefined
  /** The bytes of an attachment, by what `receive` put into `remote`. At most `maxBytes`; throws `ChannelError`. */
  fetchFile?(remote: unknown, maxBytes: number, ctx: Ctx): Promise<FetchedFile>
}

/**
 * A channel folder. Beside it, labels.json: for each kind its name, what it is, every setting, the words of `check` and,
 * under `error.<code>` of `messages`, what each `ChannelError` means to an agent; in each language.
 */
export interface ChannelFolder {
  kinds: ChannelKind[]
}
export interface Labels {
  [kind: string]: Record<
    Locale,
    { name: string; about: string; settings: Record<string, FieldLabel>; messages?: Record<string, string> }
  >
}
export interface FieldLabel {
  label: string
  help?: string
  options?: Record<string, string>
}

export interface SettingField {
  /** Some names mean something to the core: `mode`, and `ratePerSecond`, `ratePerChat`, `ratePerAccount` (see `Capabilities.rate`). */
  name: string
  type: 'text' | 'secret' | 'url' | 'number' | 'choice' | 'switch'
  required?: boolean
  default?: string | number | boolean
  options?: string[]
  /** Regular expression the whole value must match. */
  pattern?: string
  min?: number
  max?: number
  /** Shown under "more settings". */
  advanced?: boolean
  /** Only asked for when another field has this value. */
  when?: { field: string; is: string }
}

/** What a network can do, as data: the screen and the outbound path read this and never ask the kind. */
export interface Capabilities {
  /** Longest text of one message, in UTF-16 units. */
  textLength: number
  captionLength: number
  /** What may be attached, with the largest size in bytes. A missing kind cannot be sent. */
  attachments: Partial<Record<AttachmentKind, { maxBytes: number; mediaTypes?: string[] }>>
  attachmentsPerMessage: number
  /** A button by which the customer shares the own number (B6). */
  askNumber: boolean
  buttons: boolean
  /** A button that opens an address. */
  linkButton?: boolean
  /** The provider recognises a repeated id: another try of a message is never a second one, so what is in doubt may be tried again. */
  recognisesRepeats?: boolean
  /** What is known after handing over: only that it was taken, or delivery and reading too. */
  receipts: 'none' | 'delivered' | 'read'
  /** Nothing ever arrives here: what people answer comes in elsewhere, or not at all. */
  sendsOnly?: boolean
  /** May write to somebody who never wrote (by number). */
  firstContact: boolean
  profile: boolean
  /**
   * Safe sending rates, in messages a second; settings named `ratePerSecond` and `ratePerChat` override them, `ratePerAccount`
   * bounds all channels of one `account` together.
   */
  rate: { channel: number; chat: number }
}
export type AttachmentKind = 'photo' | 'document' | 'voice' | 'audio' | 'video' | 'animation' | 'sticker'

export interface RawRequest {
  headers: Record<string, string | string[] | undefined>
  query: Record<string, unknown>
  body: string
}
/** `key` is unique within the channel: the provider's id of the event. `event` is what `receive` gets back from the store. */
export interface RawEvent {
  key: string
  event: unknown
}

export interface Received {
  items: Inbound[]
  ignored?: string
}
export type Inbound = InboundMessage | InboundEdit | InboundReceipt | SharedNumber | Press

interface FromSomebody {
  /** The provider's chat: where an answer goes. */
  threadKey: string
  sender: Sender
  /** The provider's clock. */
  sentAt: Date
  /** Order among messages of one chat within the same second, 0 … 999999, where the provider's clock is coarse. */
  tick?: number
}
/** For the identity kinds `phone` and `email` the core brings `address`, and a `threadKey` equal to it, into one form: `send` gets E.164. */
export interface Sender {
  address: string
  name: string
  display?: string
  locale?: string
}
export interface InboundMessage extends FromSomebody {
  type: 'message'
  /** The provider's id of the message, unique within the channel (join it with the chat's where it is not). */
  providerKey: string
  kind:
    | 'text'
    | 'photo'
    | 'document'
    | 'voice'
    | 'audio'
    | 'video'
    | 'animation'
    | 'sticker'
    | 'location'
    | 'contact'
    | 'start'
    | 'other'
  text: string
  attachments?: RemoteAttachment[]
  location?: { latitude: number; longitude: number }
  /** `own`: the provider proves that the number is the sender's. */
  contact?: { name: string; phone: string | null; own: boolean }
  replyToKey?: string
  /** What came with a deep link (`/start payload`). */
  startPayload?: string
}
export interface InboundEdit extends FromSomebody {
  type: 'edit'
  providerKey: string
  text: string
  editedAt: Date
}
export interface InboundReceipt {
  type: 'receipt'
  providerKey: string
  state: 'delivered' | 'read' | 'failed'
  at: Date
  code?: string
  detail?: string
}
/** The sender shared a number. `own` only when the provider proves that it is the sender's. Arrives beside its message. */
export interface SharedNumber extends FromSomebody {
  type: 'number'
  phone: string
  own: boolean
}
/** A button under one of our messages was pressed. */
export interface Press extends FromSomebody {
  type: 'press'
  providerKey: string
  pressId: string
  value: string
  onKey?: string
  label?: string
}

export interface RemoteAttachment {
  kind: AttachmentKind
  name?: string
  mediaType?: string
  size?: number
  width?: number
  height?: number
  durationMs?: number
  /** Whatever `fetchFile` needs. JSON. */
  remote: unknown
}

export interface Outbound {
  /** Ours; the same at every try, for providers that recognise a repeated id. */
  id: string
  threadKey: string
  text: string
  attachments: OutboundAttachment[]
  replyToKey?: string
  /** Show the "share my number" button with this label. */
  askNumber?: string
  buttons?: { label: string; value: string }[][]
  /** A button below the message that opens an address; only where `linkButton` says so. */
  link?: { label: string; url: string }
}
export interface OutboundAttachment {
  kind: AttachmentKind
  name: string
  mediaType: string
  size: number
  bytes(): Promise<Uint8Array>
  /** What the provider called this file when this channel uploaded it before: at an earlier try, or for another message. */
  uploaded?: string
  /** Remembers that name beyond a crash. For providers that are given files apart from messages; call it before sending. */
  remember?(uploaded: string): Promise<void>
}
export interface Sent {
  providerKey: string
  at?: Date
}
export interface Profile {
  name?: string
  display?: string
  picture?: FetchedFile
}
export interface FetchedFile {
  bytes: Uint8Array
  name?: string
  mediaType?: string
}
/** `name` and `message` are keys in labels.json → messages, with values; the core shows them in the reader's language. */
export interface CheckStep {
  name: string
  ok: boolean
  message: string
  values?: Record<string, string | number>
}
export interface Check {
  ok: boolean
  steps: CheckStep[]
  account?: { username?: string; name?: string; link?: string }
}

export interface ReceiveCtx {
  settings: Record<string, string | number | boolean>
  now(): Date
}
export interface Ctx extends ReceiveCtx {
  /** The only way out. Time limits, a size limit on answers, address checks; secrets never reach the log. */
  http: Http
  log: { debug(fields: object, text: string): void; warn(fields: object, text: string): void }
  signal: AbortSignal
  /** The language the organisation writes to its customers in. */
  locale: Locale
  /** The address the provider is given for this channel; absent while the product has no public one. Its path is secret. */
  webhookUrl?: string
}
export interface Http {
  (url: string, options?: HttpOptions): Promise<HttpAnswer>
}
export interface HttpOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  headers?: Record<string, string>
  body?: string | Uint8Array | FormData
  /** Milliseconds until the answer has begun; default 20 000. */
  timeout?: number
  /** Largest answer in bytes; default 1 MiB. */
  maxBytes?: number
}
export interface HttpAnswer {
  status: number
  headers: Record<string, string>
  bytes: Uint8Array
  text(): string
  json(): unknown
}

/**
 * How a call can fail. `later`: try again (after `retryAfter` seconds if given). `refused`: this message will never go.
 * `unreachable`: this person cannot be reached here. `settings`: the channel itself must be mended.
 * `unknown`: it may or may not have gone; never resent by a program.
 */
export type Outcome = 'later' | 'refused' | 'unreachable' | 'settings' | 'unknown'
export class ChannelError extends Error {
  readonly outcome: Outcome
  readonly code: string
  readonly retryAfter: number | undefined
  /** `whole`: a `later` that holds for the channel, not for this chat alone. */
  readonly whole: boolean
  constructor(outcome: Outcome, code: string, detail: string, more: { retryAfter?: number; whole?: boolean } = {}) {
    super(detail)
    this.name = 'ChannelError'
    this.outcome = outcome
    this.code = code
    this.retryAfter = more.retryAfter
    this.whole = more.whole ?? false
  }
}
/** Thrown by `Ctx.http`. `reached` false: the request never left, so nothing can have happened there. */
export class HttpError extends Error {
  readonly reached: boolean
  readonly reason: 'refused' | 'timeout' | 'cut' | 'too_large' | 'forbidden_address' | 'dns' | 'tls'
  constructor(reason: HttpError['reason'], reached: boolean, detail: string) {
    super(detail)
    this.name = 'HttpError'
    this.reason = reason
    this.reached = reached
  }
}

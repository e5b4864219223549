/**
 * What every channel folder has to keep to, as functions that return the faults they find. `contract.test.ts` runs them
 * over all folders; an empty list is a pass.
 */
import { stripUnsafe } from '#shared/text.ts'
import type {
  Capabilities,
  ChannelKind,
  Inbound,
  Labels,
  RawEvent,
  ReceiveCtx,
  Received,
  RemoteAttachment,
  Sender,
  SettingField,
} from './contract.ts'

/** The most that may come out of `receive` and `unpack`, in UTF-16 units. */
export const LIMITS = {
  key: 200,
  name: 200,
  display: 100,
  locale: 35,
  text: 20_000,
  payload: 512,
  fileName: 255,
  remote: 4096,
  reason: 300,
  items: 500,
  events: 1000,
}

const ATTACHMENTS = ['photo', 'document', 'voice', 'audio', 'video', 'animation', 'sticker']
const KINDS = [...ATTACHMENTS, 'text', 'location', 'contact', 'start', 'other']
const DAY = 86_400_000

/** A collector of faults: `note(condition, fault)` keeps the fault when the condition does not hold. */
function faults() {
  const found: string[] = []
  return {
    found,
    note: (holds: boolean, fault: string) => void (holds || found.push(fault)),
    string(value: unknown, what: string, max: number, { empty = false } = {}) {
      if (typeof value !== 'string') return void found.push(`${what} is not a string`)
      if (!empty && value === '') found.push(`${what} is empty`)
      if (value.length > max) found.push(`${what} has ${value.length} units, ${max} are allowed`)
      if (value.length <= max && stripUnsafe(value) !== value) found.push(`${what} holds what cannot be stored`)
    },
    whole(value: unknown, what: string, min: number, max: number) {
      const fine = typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      if (!fine) found.push(`${what} is not a whole number from ${min} to ${max}`)
    },
    date(value: unknown, what: string, now: Date) {
      const time = value instanceof Date ? value.getTime() : Number.NaN
      if (!(time > Date.UTC(1990, 0, 1) && time <= now.getTime() + DAY)) found.push(`${what} is no believable time`)
    },
  }
}

export function unpackFaults(events: RawEvent[]): string[] {
  const { found, note, string } = faults()
  if (!Array.isArray(events)) return ['unpack gives no list']
  note(events.length <= LIMITS.events, `more than ${LIMITS.events} events of one body`)
  for (const event of events) string(event.key, 'key', LIMITS.key)
  note(new Set(events.map((event) => event.key)).size === events.length, 'two events of one body have the same key')
  return found
}

export function receivedFaults(received: Received, now: Date): string[] {
  const { found, note, string } = faults()
  if (!Array.isArray(received?.items)) return ['items is not a list']
  note(received.items.length <= LIMITS.items, `more than ${LIMITS.items} items`)
  if (received.items.length === 0) string(received.ignored, 'ignored (nothing came of the event)', LIMITS.reason)
  else note(received.ignored === undefined, 'items and ignored at once')
  for (const item of received.items) found.push(...itemFaults(item, now).map((fault) => `${item.type}: ${fault}`))
  return found
}

/** Far above what the work takes, far below what an attacker would want. */
const QUICK_MS = 1000

/**
 * Takes any JSON the whole way through `unpack` and `receive`. It must come to items that keep to the rules, or to a plain
 * `Error` with a reason, soon. A TypeError or RangeError is a defect that was met by chance.
 */
export function bodyFaults(kind: Pick<ChannelKind, 'unpack' | 'receive'>, body: unknown, ctx: ReceiveCtx): string[] {
  const { found, note } = faults()
  const from = process.cpuUsage()
  try {
    const events = kind.unpack(body)
    found.push(...unpackFaults(events))
    for (const { event } of events) found.push(...eventFaults(kind, event, ctx))
  } catch (error) {
    found.push(`unpack throws ${String(error)}`)
  }
  // Of the processor, not of the clock: the machine may be busy with other things.
  const took = process.cpuUsage(from).user / 1000
  note(took < QUICK_MS, `took ${Math.round(took)} ms`)
  return found
}

function eventFaults(kind: Pick<ChannelKind, 'receive'>, event: unknown, ctx: ReceiveCtx): string[] {
  try {
    return receivedFaults(kind.receive(event, ctx), ctx.now())
  } catch (error) {
    const reasoned =
      error instanceof Error && error.constructor === Error && error.message !== '' && error.message.length < 500
    return reasoned ? [] : [`receive throws ${String(error).slice(0, 500)}`]
  }
}

function itemFaults(item: Inbound, now: Date): string[] {
  const { found, note, string, whole, date } = faults()
  if (item.type === 'receipt') {
    string(item.providerKey, 'providerKey', LIMITS.key)
    date(item.at, 'at', now)
    note(['delivered', 'read', 'failed'].includes(item.state), 'unknown state')
    return found
  }
  string(item.threadKey, 'threadKey', LIMITS.key)
  date(item.sentAt, 'sentAt', now)
  if (item.tick !== undefined) whole(item.tick, 'tick', 0, 999_999)
  found.push(...senderFaults(item.sender))
  if (item.type === 'number') {
    string(item.phone, 'phone', 40)
    note(typeof item.own === 'boolean', 'own is not true or false')
    return found
  }
  string(item.providerKey, 'providerKey', LIMITS.key)
  if (item.type === 'edit') {
    string(item.text, 'text', LIMITS.text, { empty: true })
    date(item.editedAt, 'editedAt', now)
  } else if (item.type === 'press') {
    string(item.pressId, 'pressId', LIMITS.key)
    string(item.value, 'value', LIMITS.payload, { empty: true })
    if (item.onKey !== undefined) string(item.onKey, 'onKey', LIMITS.key)
    if (item.label !== undefined) string(item.label, 'label', LIMITS.name)
  } else if (item.type === 'message') {
    found.push(...messageFaults(item))
  } else {
    found.push('unknown type')
  }
  return found
}

function messageFaults(item: Extract<Inbound, { type: 'message' }>): string[] {
  const { found, note, string } = faults()
  note(KINDS.includes(item.kind), `unknown kind ${item.kind}`)
  string(item.text, 'text', LIMITS.text, { empty: true })
  note(item.kind !== 'text' || item.text !== '', 'a text without text')
  if (item.replyToKey !== undefined) string(item.replyToKey, 'replyToKey', LIMITS.key)
  if (item.startPayload !== undefined) string(item.startPayload, 'startPayload', LIMITS.payload)
  const attachments = item.attachments ?? []
  note(!ATTACHMENTS.includes(item.kind) || attachments.length > 0, `a ${item.kind} without attachment`)
  for (const attachment of attachments) found.push(...attachmentFaults(attachment))
  note((item.kind === 'location') === (item.location !== undefined), 'kind and location disagree')
  if (item.location) {
    note(Math.abs(item.location.latitude) <= 90 && Math.abs(item.location.longitude) <= 180, 'location is not on earth')
  }
  note((item.kind === 'contact') === (item.contact !== undefined), 'kind and contact disagree')
  if (item.contact) {
    string(item.contact.name, 'contact.name', LIMITS.name, { empty: true })
    if (item.contact.phone !== null) string(item.contact.phone, 'contact.phone', 40)
    note(typeof item.contact.own === 'boolean', 'contact.own is not said')
  }
  return found
}

function senderFaults(sender: Sender): string[] {
  const { found, string } = faults()
  string(sender?.address, 'sender.address', LIMITS.key)
  string(sender?.name, 'sender.name', LIMITS.name)
  if (sender?.display !== undefined) string(sender.display, 'sender.display', LIMITS.display)
  if (sender?.locale !== undefined) string(sender.locale, 'sender.locale', LIMITS.locale)
  return found
}

function attachmentFaults(attachment: RemoteAttachment): string[] {
  const { found, note, string, whole } = faults()
  note(ATTACHMENTS.includes(attachment.kind), `unknown attachment ${attachment.kind}`)
  if (attachment.name !== undefined) {
    string(attachment.name, 'attachment.name', LIMITS.fileName)
    note(!/[/\\]/.test(attachment.name), 'attachment.name holds a path')
  }
  if (attachment.mediaType !== undefined)
    note(/^[\w.+-]+\/[\w.+-]+$/.test(attachment.mediaType), 'attachment.mediaType is none')
  if (attachment.size !== undefined) whole(attachment.size, 'attachment.size', 0, Number.MAX_SAFE_INTEGER)
  for (const side of ['width', 'height'] as const)
    if (attachment[side] !== undefined) whole(attachment[side], side, 0, 2 ** 31 - 1)
  if (attachment.durationMs !== undefined) whole(attachment.durationMs, 'durationMs', 0, Number.MAX_SAFE_INTEGER)
  note(
    (JSON.stringify(attachment.remote) ?? '').length <= LIMITS.remote && attachment.remote !== undefined,
    'attachment.remote is missing or too large',
  )
  return found
}

export function capabilityFaults(can: Capabilities): string[] {
  const { found, note, whole } = faults()
  whole(can.textLength, 'textLength', 1, 1_000_000)
  whole(can.captionLength, 'captionLength', 0, 1_000_000)
  whole(can.attachmentsPerMessage, 'attachmentsPerMessage', 0, 100)
  note(Object.keys(can.attachments).length === 0 || can.attachmentsPerMessage > 0, 'attachments, but none per message')
  for (const [kind, limit] of Object.entries(can.attachments)) {
    note(ATTACHMENTS.includes(kind), `unknown attachment ${kind}`)
    whole(limit.maxBytes, `${kind}.maxBytes`, 1, 4 * 1024 ** 3)
    note(limit.mediaTypes?.length !== 0, `${kind}.mediaTypes is empty`)
    for (const type of limit.mediaTypes ?? []) note(/^[\w.+-]+\/([\w.+-]+|\*)$/.test(type), `${type} is no media type`)
  }
  note(
    can.rate.channel > 0 && can.rate.chat > 0 && can.rate.chat <= can.rate.channel,
    'rates are not above 0, or a chat is faster than the channel',
  )
  for (const flag of [
    'askNumber',
    'buttons',
    'linkButton',
    'recognisesRepeats',
    'sendsOnly',
    'firstContact',
    'profile',
  ] as const)
    note(typeof (can[flag] ?? false) === 'boolean', `${flag} is not true or false`)
  note(['none', 'delivered', 'read'].includes(can.receipts), 'receipts is none of none, delivered, read')
  return found
}

/** Whether a field's own rules allow a value; the core applies the same to what the settings page sends. */
export function fieldTakes(field: SettingField, value: unknown): boolean {
  if (field.type === 'switch') return typeof value === 'boolean'
  if (field.type === 'number') {
    return (
      typeof value === 'number' &&
      Number.isFinite(value) &&
      value >= (field.min ?? -Infinity) &&
      value <= (field.max ?? Infinity)
    )
  }
  if (typeof value !== 'string' || value.length < (field.min ?? 0) || value.length > (field.max ?? 4000)) return false
  if (field.type === 'choice' && !field.options?.includes(value)) return false
  if (field.type === 'url' && !(URL.canParse(value) && /^https?:/.test(value))) return false
  return field.pattern === undefined || new RegExp(`^(?:${field.pattern})$`, 'u').test(value)
}

export function settingFaults(fields: SettingField[]): string[] {
  const { found, note } = faults()
  note(new Set(fields.map((field) => field.name)).size === fields.length, 'two settings have the same name')
  for (const field of fields) {
    const { name } = field
    note(/^[a-z][A-Za-z0-9]{0,39}$/.test(name), `the name ${name} is not in camelCase`)
    note(
      (field.type === 'choice') === (field.options !== undefined),
      `${name}: options belong to a choice, and a choice needs them`,
    )
    note(field.default === undefined || fieldTakes(field, field.default), `${name}: the default breaks its own rules`)
    note(field.type !== 'secret' || field.default === undefined, `${name}: a secret has a default`)
    if (field.when) {
      const other = fields.find((one) => one.name === field.when?.field)
      note(
        other !== undefined && (other.options ?? ['true', 'false']).includes(field.when.is),
        `${name}: depends on what cannot be`,
      )
    }
  }
  return found
}

const LANGUAGES = ['fa', 'ar', 'en'] as const

export function labelFaults(kind: ChannelKind, labels: Labels[string] | undefined): string[] {
  const { found, note } = faults()
  if (!labels) return [`labels.json says nothing of the kind ${kind.kind}`]
  const has = (value: unknown, what: string) =>
    note(typeof value === 'string' && value.trim() !== '', `${what} is missing`)
  for (const language of LANGUAGES) {
    const words = labels[language]
    if (!words) {
      found.push(`${language} is missing`)
      continue
    }
    has(words.name, `${language}: name`)
    has(words.about, `${language}: about`)
    for (const field of kind.settings) {
      has(words.settings?.[field.name]?.label, `${language}: label of ${field.name}`)
      for (const option of field.options ?? [])
        has(words.settings?.[field.name]?.options?.[option], `${language}: option ${option} of ${field.name}`)
    }
    const extra = Object.keys(words.settings ?? {}).filter(
      (name) => !kind.settings.some((field) => field.name === name),
    )
    note(extra.length === 0, `${language}: labels of settings that do not exist: ${extra.join(', ')}`)
    for (const [key, text] of Object.entries(words.messages ?? {})) has(text, `${language}: message ${key}`)
    const keys = Object.keys(words.messages ?? {})
      .sort()
      .join()
    note(
      keys ===
        Object.keys(labels.fa?.messages ?? {})
          .sort()
          .join(),
      `${language}: other messages than in fa`,
    )
    for (const [key, text] of Object.entries(words.messages ?? {})) {
      const values = placeholders(text)
      note(
        values === placeholders(labels.fa?.messages?.[key] ?? ''),
        `${language}: message ${key} has other values than in fa`,
      )
    }
  }
  return found
}

/** The names of the values in an ICU message, sorted. */
export function placeholders(text: string): string {
  return [...new Set([...text.matchAll(/\{(\w+)(?=[,}])/g)].map((found) => found[1]))].sort().join()
}

const SAFE_ELEMENTS = new Set([
  'svg',
  'g',
  'path',
  'circle',
  'ellipse',
  'rect',
  'line',
  'polyline',
  'polygon',
  'title',
  'desc',
  'defs',
  'linearGradient',
  'radialGradient',
  'stop',
  'clipPath',
  'mask',
])

export function iconFaults(svg: string): string[] {
  const { found, note } = faults()
  note(Buffer.byteLength(svg) <= 8192, 'icon.svg is larger than 8 KiB')
  note(
    /^\s*<svg\s[^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/.test(svg) && /<\/svg>\s*$/.test(svg),
    'icon.svg is not one svg element with its namespace',
  )
  note(/<svg\s[^>]*viewBox="/.test(svg), 'icon.svg has no viewBox')
  note(!/<[!?]/.test(svg), 'icon.svg holds a declaration or comment')
  for (const [, name = ''] of svg.matchAll(/<\/?([\w:-]+)/g)) note(SAFE_ELEMENTS.has(name), `icon.svg holds <${name}>`)
  note(!/\son\w+\s*=/i.test(svg), 'icon.svg holds a script')
  note(!/\s(?:xlink:)?href\s*=|url\(\s*["']?(?!#)|javascript:|data:/i.test(svg), 'icon.svg refers to something outside')
  return found
}

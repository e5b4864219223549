import { hash } from 'node:crypto'
import type { ChannelLink, Welcome } from '#shared/api/channels.ts'
import type { Locale } from '#shared/i18n.ts'
import type { Capabilities, ChannelKind, Check, Ctx } from '#channels/contract.ts'
import type { InstalledKind } from '#channels/index.ts'
import { stripUnsafe } from '#shared/text.ts'
import type { App } from '../platform/app.ts'
import { safeEqual } from '../platform/secrets.ts'
import { createHttp } from './channel-http.ts'

export type Settings = Record<string, string | number | boolean>

/** A channel as the running program knows it: its kind found, its settings opened. Never leaves the server. */
export interface LiveChannel {
  id: string
  name: string
  kind: InstalledKind
  settings: Settings
  state: 'active' | 'paused' | 'broken'
  welcome: Welcome
  reopenHours: number
  /** Who could not be reached is not tried again for so many days. */
  restDays: number
  /** The button that leads from messages by number to the bot of the same account. */
  link: ChannelLink
  /** What the last check learnt of the account. */
  account: NonNullable<Check['account']>
  /** The bot of the same account, to which a button below messages of this channel leads. */
  leadsTo?: LiveChannel
}

/** The configured channels, remembered on this node. What is remembered is dropped as soon as one changes on any node. */
export interface Channels {
  byId(id: string): Promise<LiveChannel | undefined>
  /** By the secret part of the webhook's address. */
  byHook(secret: string): Promise<LiveChannel | undefined>
  all(): Promise<LiveChannel[]>
  /** Reads everything anew at the next call. */
  forget(): void
}

/** Even when no change is heard of (a lost connection), nothing older than this is believed. */
const MAX_AGE_MS = 30_000

interface Known {
  at: number
  byId: Map<string, LiveChannel>
  byHash: Map<string, LiveChannel>
}
/** Kept beside the channels, so that nobody who handles one has its secret in hand. */
const aside = new WeakMap<LiveChannel, { secret: string; locale: Locale }>()

export const settingsContext = (id: string): string => `channel/${id}/settings`
export const hookContext = (id: string): string => `channel/${id}/hook`
export const hookHash = (secret: string): string => hash('sha256', secret)

export const NO_WELCOME: Welcome = { text: '', fileId: null, askNumber: false, buttonText: '' }
export const DEFAULT_LINK: ChannelLink = { on: true, text: '', days: 30 }

export function createChannels(app: App): Channels {
  let known: Promise<Known> | undefined
  const reported = new Set<string>()
  const forget = (): void => {
    known = undefined
  }
  app.live.onChange('channel', forget)
  app.live.onChange('organisation', forget)
  // Told to all when a channel is made or deleted.
  app.live.onChange('me', forget)

  async function current(): Promise<Known> {
    const asked = known
    if (asked && Date.now() - (await asked).at < MAX_AGE_MS) return asked
    // Whoever comes while the rows are read waits for the same reading; a failed one is not remembered.
    if (known === asked) {
      const reading = read(app, reported)
      known = reading
      reading.catch(() => {
        if (known === reading) known = undefined
      })
    }
    return known ?? current()
  }

  return {
    forget,
    byId: async (id) => (await current()).byId.get(id),
    async byHook(secret) {
      const found = (await current()).byHash.get(hookHash(secret))
      return found && safeEqual(aside.get(found)?.secret ?? '', secret) ? found : undefined
    },
    all: async () => [...(await current()).byId.values()],
  }
}

/** What a kind's functions are given. Its log carries no secret of the channel. */
export function contextFor(app: App, channel: LiveChannel, signal: AbortSignal): Ctx {
  const { secret, locale } = aside.get(channel) ?? {}
  const webhookUrl = secret && app.config.publicUrlGiven ? hookUrl(app, secret) : undefined
  const hide = redactor(channel)
  const note =
    (level: 'debug' | 'warn') =>
    (fields: object, text: string): void =>
      app.log[level]({ channel: channel.id, detail: hide(JSON.stringify(fields)) }, hide(text))
  return {
    settings: channel.settings,
    now: () => new Date(),
    http: createHttp({ allowHosts: allowedHosts(channel), signal }),
    log: { debug: note('debug'), warn: note('warn') },
    signal,
    locale: locale ?? 'fa',
    ...(webhookUrl !== undefined && { webhookUrl }),
  }
}

/** The address a provider delivers to. */
export function hookUrl(app: App, secret: string, base?: string): string {
  const root = app.config.publicUrlGiven || base === undefined ? app.config.publicUrl : base
  return `${root}/hooks/${secret}`
}

/** The same for a channel at hand. */
export function hookUrlOf(app: App, channel: LiveChannel, base?: string): string {
  const secret = aside.get(channel)?.secret
  if (!secret) throw new Error('the channel does not come from the registry')
  return hookUrl(app, secret, base)
}

/** Whether the provider delivers to us; otherwise it is asked. */
export function usesWebhook(kind: ChannelKind, settings: Settings): boolean {
  const mode = settings['mode']
  return mode === undefined ? !kind.poll : mode === 'webhook'
}

interface Row {
  id: string
  kind: string
  name: string
  settings: string
  hook_hash: string
  hook_secret: string
  state: LiveChannel['state']
  welcome: Partial<Welcome>
  reopen_hours: number
  rest_days: number
  link: Partial<ChannelLink>
  provider: LiveChannel['account']
}

async function read(app: App, reported: Set<string>): Promise<Known> {
  const at = Date.now()
  const [rows, organisation] = await Promise.all([
    app.db.query<Row>(
      'select id, kind, name, settings, hook_hash, hook_secret, state, welcome, reopen_hours, rest_days, link, provider from channel order by id',
    ),
    app.db.one<{ locale: Locale }>('select locale from organisation'),
  ])
  const known: Known = { at, byId: new Map(), byHash: new Map() }
  for (const row of rows) {
    const opened = openRow(app, row, reported)
    if (!opened) continue
    aside.set(opened.channel, { secret: opened.secret, locale: organisation?.locale ?? 'fa' })
    known.byId.set(row.id, opened.channel)
    known.byHash.set(row.hook_hash, opened.channel)
  }
  const all = [...known.byId.values()]
  for (const channel of all) {
    const bot = botOf(channel, all)
    if (bot) channel.leadsTo = bot
  }
  return known
}

/** An active channel of the same account that a link can lead to, if this one has buttons for links. */
function botOf(channel: LiveChannel, all: readonly LiveChannel[]): LiveChannel | undefined {
  const account = channel.kind.kind.account?.(channel.settings)
  if (account === undefined || !channel.kind.kind.capabilities.linkButton) return undefined
  return all.find(
    (other) =>
      other.id !== channel.id &&
      other.state === 'active' &&
      other.kind.kind.account?.(other.settings) === account &&
      other.kind.kind.startLink?.('x', other.account) !== undefined,
  )
}

/** One channel that cannot be opened (its folder was removed, another SECRET_KEY) must not take the others with it. */
function openRow(app: App, row: Row, reported: Set<string>): { channel: LiveChannel; secret: string } | undefined {
  const kind = app.kinds.get(row.kind)
  const problem = (reason: string): undefined => {
    const key = `${row.id} ${reason}`
    if (!reported.has(key)) app.log.error({ channel: row.id, kind: row.kind }, reason)
    reported.add(key)
  }
  if (!kind) return problem('a channel is of a kind that is not installed; it rests until the kind is back')
  try {
    const secret = app.secrets.decrypt(row.hook_secret, hookContext(row.id))
    const channel: LiveChannel = {
      id: row.id,
      name: row.name,
      kind,
      settings: openSettings(app, row.id, row.settings),
      state: row.state,
      welcome: { ...NO_WELCOME, ...row.welcome },
      reopenHours: row.reopen_hours,
      restDays: row.rest_days,
      link: { ...DEFAULT_LINK, ...row.link },
      account: row.provider,
    }
    return { channel, secret }
  } catch {
    return problem('the settings of a channel cannot be opened with this SECRET_KEY; enter them again')
  }
}

/** @throws SecretError when the settings were stored with another key */
export function openSettings(app: Pick<App, 'secrets'>, id: string, stored: string): Settings {
  return JSON.parse(app.secrets.decrypt(stored, settingsContext(id))) as Settings
}

/** The administrator named these hosts (a proxy, a simulator on this machine): they are meant to be reached. */
function allowedHosts({ kind, settings }: Pick<LiveChannel, 'kind' | 'settings'>): string[] {
  return kind.kind.settings
    .filter((field) => field.type === 'url')
    .map((field) => String(settings[field.name] ?? ''))
    .filter((url) => URL.canParse(url))
    .map((url) => new URL(url).host)
}

/** Takes the values of a channel's secret settings, and the secret part of its address, out of a text. */
function redactor(channel: LiveChannel): (text: string) => string {
  const secrets = channel.kind.kind.settings
    .filter((field) => field.type === 'secret')
    .map((field) => String(channel.settings[field.name] ?? ''))
    .concat(aside.get(channel)?.secret ?? '')
    .filter((value) => value.length > 2)
    .flatMap((value) => [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)])
  return (text) => secrets.reduce((clean, secret) => clean.replaceAll(secret, '…'), text)
}

/** What an error says, as it may be stored, shown and logged: without the channel's secrets, and not for pages. */
export function plainMessage(channel: LiveChannel, error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return stripUnsafe(redactor(channel)(message)).slice(0, 500)
}

/** Whether a message in doubt may be tried again by a program: the provider takes each only once. */
export const recognisesRepeats = ({ kind }: Pick<LiveChannel, 'kind'>): boolean =>
  kind.kind.capabilities.recognisesRepeats === true

/** Messages a second, for the whole channel and for one chat: the kind's, unless the settings say otherwise. */
export function ratesOf(channel: Pick<LiveChannel, 'kind' | 'settings'>): Capabilities['rate'] {
  const { rate } = channel.kind.kind.capabilities
  return {
    channel: positive(channel.settings['ratePerSecond'], rate.channel),
    chat: positive(channel.settings['ratePerChat'], rate.chat),
  }
}

function positive(value: unknown, otherwise: number): number {
  return typeof value === 'number' && value > 0 ? value : otherwise
}

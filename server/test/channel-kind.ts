import {
  ChannelError,
  type ChannelKind,
  type Ctx,
  type FetchedFile,
  type Inbound,
  type Outbound,
  type Profile,
} from '#channels/contract.ts'
import type { InstalledKind } from '#channels/index.ts'
import type { App } from '../src/platform/app.ts'

/**
 * A channel that only tests have: nothing leaves the process, what is sent is kept, and tests say how it behaves. Events
 * are the `Inbound` items themselves, as JSON.
 */
export interface PlayKind {
  installed: InstalledKind
  sent: Outbound[]
  /** Addresses given to `setup`; null: polling. */
  setups: (string | null)[]
  behave: {
    send?: (message: Outbound, ctx: Ctx) => Promise<void>
    setup?: () => Promise<void>
    check?: () => { ok: boolean; message: string; name?: string }
    file?: (remote: unknown) => Promise<FetchedFile>
    profile?: (address: string) => Promise<Profile>
  }
}

export const PLAY_TOKEN = 'play-9f8e7d6c5b4a'

export function playKind(
  name = 'play',
  options: {
    firstContact?: boolean
    identityKind?: string
    linkButton?: boolean
    startLink?: boolean
    recognisesRepeats?: boolean
  } = {},
): PlayKind {
  const play: Omit<PlayKind, 'installed'> = { sent: [], setups: [], behave: {} }
  const kind: ChannelKind = {
    kind: name,
    identityKind: options.identityKind ?? 'play',
    settings: [
      { name: 'token', type: 'secret', required: true, pattern: 'play-[0-9a-f]{12}' },
      { name: 'mode', type: 'choice', required: true, default: 'webhook', options: ['polling', 'webhook'] },
      { name: 'baseUrl', type: 'url', default: 'https://play.example' },
      { name: 'ratePerSecond', type: 'number', min: 0.1, max: 1000, default: 500 },
      { name: 'loud', type: 'switch', default: false },
      { name: 'account', type: 'text', max: 20 },
      { name: 'nickname', type: 'text', required: true, when: { field: 'mode', is: 'polling' }, max: 20 },
    ],
    capabilities: {
      textLength: 1000,
      captionLength: 200,
      attachments: {
        photo: { maxBytes: 1_000_000 },
        document: { maxBytes: 2000, mediaTypes: ['text/plain', 'application/pdf'] },
      },
      attachmentsPerMessage: 1,
      askNumber: true,
      buttons: false,
      ...(options.linkButton && { linkButton: true }),
      ...(options.recognisesRepeats && { recognisesRepeats: true }),
      receipts: 'none',
      firstContact: options.firstContact ?? false,
      profile: true,
      rate: { channel: 500, chat: 500 },
    },
    unpack: (body) => [{ key: keyOf(body), event: body }],
    receive: (event) => ({ items: [revive(event)] }),
    async send(message, ctx) {
      await play.behave.send?.(message, ctx)
      play.sent.push(message)
      return { providerKey: `sent:${message.id}` }
    },
    async check() {
      const { ok, message, name: step } = play.behave.check?.() ?? { ok: true, message: 'fine' }
      return {
        ok,
        steps: [{ name: step ?? 'token', ok, message, values: { who: 'بازو' } }],
        ...(ok && { account: { username: 'play_bot', name: 'بازو' } }),
      }
    },
    async setup(webhookUrl) {
      play.setups.push(webhookUrl)
      await play.behave.setup?.()
    },
    account: ({ account }) => (typeof account === 'string' && account !== '' ? account : undefined),
    ...(options.startLink && { startLink: (payload) => `https://play.example/bot?start=${payload}` }),
    poll: async (cursor) => ({ events: [], cursor }),
    profile: async (address) => (await play.behave.profile?.(address)) ?? {},
    async fetchFile(remote) {
      if (!play.behave.file) throw new ChannelError('refused', 'file_gone', 'no file')
      return play.behave.file(remote)
    },
  }
  const texts = (language: string): InstalledKind['labels']['fa'] => ({
    name: `${name} ${language}`,
    about: `about ${language}`,
    settings: Object.fromEntries(kind.settings.map((field) => [field.name, { label: `${field.name} ${language}` }])),
    messages: {
      token: `step ${language}`,
      fine: `{who} fine ${language}`,
      bad: `bad ${language}`,
      'error.bad_token': `bad token ${language}`,
    },
  })
  return Object.assign(play, {
    installed: { kind, labels: { fa: texts('fa'), ar: texts('ar'), en: texts('en') }, icon: '<svg/>' },
  })
}

function keyOf(body: unknown): string {
  const { key } = body as { key?: unknown }
  return String(key)
}

function revive(event: unknown): Inbound {
  const item = event as Inbound & { key: string }
  return item.type === 'receipt'
    ? { ...item, at: new Date(item.at) }
    : item.type === 'edit'
      ? { ...item, sentAt: new Date(item.sentAt), editedAt: new Date(item.editedAt) }
      : { ...item, sentAt: new Date(item.sentAt) }
}

/** Installs the kind in a running test app. */
export function install(app: App, play: PlayKind): void {
  app.kinds.set(play.installed.kind.kind, play.installed)
}

import Type from 'typebox'
import {
  Channel,
  ChannelKindInfo,
  ChannelNew,
  ChannelPatch,
  CheckResult,
  type ChannelKindInfo as KindInfo,
} from '#shared/api/channels.ts'
import { Id, Ok, Page, PageQuery } from '#shared/api/common.ts'
import type { InstalledKind } from '#channels/index.ts'
import type { Locale } from '#shared/i18n.ts'
import { sendersOf } from '../org/senders.ts'
import type { App } from '../platform/app.ts'
import { type Call, route } from '../platform/http.ts'
import { Problem } from '../platform/problem.ts'
import type { Channels } from './channel-registry.ts'
import { errorTexts } from './channel-settings.ts'
import { checkChannel } from './channel-setup.ts'
import { changeChannel, createChannel, deleteChannel, getChannel, listChannels, type Reader } from './channels.ts'

const One = Type.Object({ id: Id })

function readerOf({
  actor,
  locale,
  request,
}: Pick<Call<undefined, undefined, undefined>, 'actor' | 'locale' | 'request'>): Reader {
  return { actor, locale, base: `${request.protocol}://${request.host}` }
}

export function channelRoutes(app: App, channels: Channels): void {
  app.routes.push(
    route({
      method: 'GET',
      url: '/channel-kinds',
      access: 'signed-in',
      summary: 'Kinds of channels that are installed, with the settings they ask for and what they can do',
      answer: Type.Object({ items: Type.Array(ChannelKindInfo) }),
      handle: async ({ locale }) => ({ items: [...app.kinds.values()].map((kind) => kindView(kind, locale)) }),
    }),
    route({
      method: 'GET',
      url: '/channels',
      access: 'signed-in',
      summary: 'Channels the caller may view; settings only of those the caller manages',
      query: Type.Object(PageQuery),
      answer: Page(Channel),
      handle: (call) => listChannels(app, readerOf(call), call.query),
    }),
    route({
      method: 'POST',
      url: '/channels',
      access: 'channel.create',
      summary: 'Makes a channel and has it set up at the provider',
      body: ChannelNew,
      answer: Channel,
      status: 201,
      handle: (call) => createChannel(app, channels, readerOf(call), call.body),
    }),
    route({
      method: 'GET',
      url: '/channels/:id/senders',
      access: 'conversation.assign',
      summary: 'The users who may answer on a channel: its conversations can be given to them',
      params: One,
      answer: Type.Object({ items: Type.Array(Type.Object({ id: Id })) }),
      async handle({ actor, params }) {
        if (!actor.channels.view.includes(params.id)) throw new Problem('not_found')
        return { items: (await sendersOf(app.db, params.id)).map((id) => ({ id })) }
      },
    }),
    route({
      method: 'GET',
      url: '/channels/:id',
      access: 'channel.view',
      summary: 'One channel',
      params: One,
      answer: Channel,
      handle: (call) => getChannel(app, readerOf(call), call.params.id),
    }),
    route({
      method: 'PATCH',
      url: '/channels/:id',
      access: 'channel.manage',
      summary: 'Changes a channel; "••••" keeps a secret',
      params: One,
      body: ChannelPatch,
      answer: Channel,
      handle: (call) => changeChannel(app, channels, readerOf(call), call.params.id, call.body),
    }),
    route({
      method: 'DELETE',
      url: '/channels/:id',
      access: 'channel.manage',
      summary: 'Deletes a channel that has no conversations',
      params: One,
      answer: Ok,
      handle: async ({ actor, params }) => {
        await deleteChannel(app, channels, actor, params.id)
        return { ok: true as const }
      },
    }),
    route({
      method: 'POST',
      url: '/channels/:id/check',
      access: 'channel.manage',
      summary: 'Tries the settings out and says what works and what to do',
      params: One,
      answer: CheckResult,
      handle: (call) => checkChannel(app, channels, readerOf(call), call.params.id),
    }),
  )
}

function kindView(installed: InstalledKind, locale: Locale): KindInfo {
  const { kind, labels, icon } = installed
  const own = labels[locale]
  const { attachments, ...capabilities } = kind.capabilities
  return {
    kind: kind.kind,
    name: own.name,
    about: own.about,
    icon,
    identityKind: kind.identityKind,
    settings: kind.settings,
    labels: own.settings,
    errors: errorTexts(installed, locale),
    capabilities: { ...capabilities, attachments: { ...attachments } },
  }
}

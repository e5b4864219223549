import Type, { type Static } from 'typebox'
import { Choice, Id, Nullable, PageQuery, Time } from './common.ts'

export const SettingField = Type.Object({
  name: Type.String(),
  type: Choice(['text', 'secret', 'url', 'number', 'choice', 'switch'] as const),
  required: Type.Optional(Type.Boolean()),
  default: Type.Optional(Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
  options: Type.Optional(Type.Array(Type.String())),
  pattern: Type.Optional(Type.String()),
  min: Type.Optional(Type.Number()),
  max: Type.Optional(Type.Number()),
  advanced: Type.Optional(Type.Boolean()),
  when: Type.Optional(Type.Object({ field: Type.String(), is: Type.String() })),
})
export type SettingField = Static<typeof SettingField>

/** A kind of channel that is installed; texts in the asked language. */
export const ChannelKindInfo = Type.Object({
  kind: Type.String(),
  name: Type.String(),
  about: Type.String(),
  icon: Type.String({ description: 'An SVG document' }),
  identityKind: Type.String(),
  settings: Type.Array(SettingField),
  /** Per setting: {label, help, options}. */
  labels: Type.Record(
    Type.String(),
    Type.Object({
      label: Type.String(),
      help: Type.Optional(Type.String()),
      options: Type.Optional(Type.Record(Type.String(), Type.String())),
    }),
  ),
  /** What the codes of failed messages and of broken channels mean (`Message.failure.code`). */
  errors: Type.Record(Type.String(), Type.String()),
  capabilities: Type.Object({
    textLength: Type.Integer(),
    captionLength: Type.Integer(),
    attachments: Type.Record(
      Type.String(),
      Type.Object({ maxBytes: Type.Integer(), mediaTypes: Type.Optional(Type.Array(Type.String())) }),
    ),
    attachmentsPerMessage: Type.Integer(),
    askNumber: Type.Boolean(),
    buttons: Type.Boolean(),
    linkButton: Type.Optional(Type.Boolean()),
    sendsOnly: Type.Optional(Type.Boolean()),
    receipts: Choice(['none', 'delivered', 'read'] as const),
    firstContact: Type.Boolean(),
    profile: Type.Boolean(),
    rate: Type.Object({ channel: Type.Number(), chat: Type.Number() }),
  }),
})
export type ChannelKindInfo = Static<typeof ChannelKindInfo>

/** Sent on the first interaction (B12). An empty text and no file: nothing is sent. */
export const Welcome = Type.Object({
  text: Type.String({ maxLength: 4000 }),
  fileId: Nullable(Id),
  askNumber: Type.Boolean(),
  buttonText: Type.String({ maxLength: 60 }),
})
export type Welcome = Static<typeof Welcome>

/**
 * A button under messages that go by number, which leads to the bot of the same account. `text` empty: the product's own
 * words. `days`: how long its link is good.
 */
export const ChannelLink = Type.Object({
  on: Type.Boolean(),
  text: Type.String({ maxLength: 60 }),
  days: Type.Integer({ minimum: 1, maximum: 365 }),
})
export type ChannelLink = Static<typeof ChannelLink>

/** What somebody who may view the channel sees. */
export const ChannelBrief = Type.Object({
  id: Id,
  kind: Type.String(),
  name: Type.String(),
  state: Choice(['active', 'paused', 'broken'] as const),
})
export type ChannelBrief = Static<typeof ChannelBrief>

export const Settings = Type.Record(
  Type.String({ maxLength: 60 }),
  Type.Union([Type.String({ maxLength: 4000 }), Type.Number(), Type.Boolean()]),
)
export const Channel = Type.Object({
  id: Id,
  kind: Type.String(),
  name: Type.String(),
  state: Choice(['active', 'paused', 'broken'] as const),
  stateReason: Nullable(Type.Object({ code: Type.String(), message: Type.String(), at: Time })),
  /** Secrets come back as "••••". Only for those who manage the channel; others get an empty object. */
  settings: Settings,
  /** null for those who do not manage the channel. */
  webhookUrl: Nullable(Type.String()),
  welcome: Welcome,
  reopenHours: Type.Integer(),
  /** Who could not be reached is not tried again for so many days. */
  restDays: Type.Integer(),
  link: ChannelLink,
  account: Type.Object({
    username: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    link: Type.Optional(Type.String()),
  }),
  createdAt: Time,
  updatedAt: Time,
})
export type Channel = Static<typeof Channel>
export const ChannelNew = Type.Object({
  kind: Type.String({ maxLength: 60 }),
  name: Type.String({ minLength: 1, maxLength: 100 }),
  settings: Settings,
  welcome: Type.Optional(Type.Partial(Welcome)),
  reopenHours: Type.Optional(Type.Integer({ minimum: 0, maximum: 8760 })),
  restDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 3650 })),
  link: Type.Optional(Type.Partial(ChannelLink)),
})
export type ChannelNew = Static<typeof ChannelNew>
export const ChannelPatch = Type.Partial(
  Type.Object({
    name: Type.String({ minLength: 1, maxLength: 100 }),
    /** Only those given change; "••••" keeps a secret. */
    settings: Settings,
    state: Choice(['active', 'paused'] as const),
    welcome: Type.Partial(Welcome),
    reopenHours: Type.Integer({ minimum: 0, maximum: 8760 }),
    restDays: Type.Integer({ minimum: 1, maximum: 3650 }),
    link: Type.Partial(ChannelLink),
  }),
)
export type ChannelPatch = Static<typeof ChannelPatch>

export const CheckResult = Type.Object({
  ok: Type.Boolean(),
  steps: Type.Array(Type.Object({ name: Type.String(), ok: Type.Boolean(), message: Type.String() })),
})
export type CheckResult = Static<typeof CheckResult>

export const INBOUND_STATES = ['pending', 'done', 'ignored', 'quarantined'] as const
export const InboundEvent = Type.Object({
  id: Id,
  channelId: Id,
  eventKey: Type.String(),
  via: Type.String(),
  state: Choice(INBOUND_STATES),
  step: Nullable(Type.String()),
  reason: Nullable(Type.String()),
  attempts: Type.Integer(),
  receivedAt: Time,
  processedAt: Nullable(Time),
  /** As it came; at most the first 20 000 characters in a list. */
  body: Type.String(),
})
export type InboundEvent = Static<typeof InboundEvent>
export const InboundEventQuery = Type.Object({
  ...PageQuery,
  state: Type.Optional(Choice(INBOUND_STATES)),
  channelId: Type.Optional(Id),
})
export type InboundEventQuery = Static<typeof InboundEventQuery>

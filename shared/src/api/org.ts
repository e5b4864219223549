import Type, { type Static } from 'typebox'
import { Choice, Id, Nullable, PageQuery, Time } from './common.ts'
import { CALENDARS, DIGITS, LOCALES, PRESENCES } from './choices.ts'
import { Preferences } from './session.ts'
import { RIGHTS } from '../rights.ts'

/** What everyone may know of a colleague. */
export const UserBrief = Type.Object({
  id: Id,
  name: Type.String(),
  presence: Choice(PRESENCES),
  active: Type.Boolean(),
})
export type UserBrief = Static<typeof UserBrief>

export const User = Type.Object({
  id: Id,
  name: Type.String(),
  email: Type.String(),
  state: Choice(['active', 'disabled'] as const),
  presence: Choice(PRESENCES),
  preferences: Preferences,
  roleIds: Type.Array(Id),
  teamIds: Type.Array(Id),
  secondFactor: Type.Boolean(),
  /** Since when the presence is as it is. */
  presenceAt: Time,
  /** When last heard of; null: never signed in. */
  seenAt: Nullable(Time),
  /** On some device, whether or not it is being used. */
  signedIn: Type.Boolean(),
  createdAt: Time,
})
export type User = Static<typeof User>
export const UserNew = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200 }),
  email: Type.String({ minLength: 3, maxLength: 254 }),
  password: Type.String({ minLength: 1, maxLength: 1000 }),
  roleIds: Type.Array(Id, { maxItems: 50 }),
  teamIds: Type.Optional(Type.Array(Id, { maxItems: 50 })),
  preferences: Type.Optional(Type.Partial(Preferences)),
})
export type UserNew = Static<typeof UserNew>
export const UserPatch = Type.Partial(
  Type.Object({
    name: Type.String({ minLength: 1, maxLength: 200 }),
    email: Type.String({ minLength: 3, maxLength: 254 }),
    password: Type.String({ minLength: 1, maxLength: 1000 }),
    state: Choice(['active', 'disabled'] as const),
    roleIds: Type.Array(Id, { maxItems: 50 }),
    teamIds: Type.Array(Id, { maxItems: 50 }),
  }),
)
export type UserPatch = Static<typeof UserPatch>
export const UserQuery = Type.Object({ ...PageQuery, search: Type.Optional(Type.String({ maxLength: 200 })) })
export type UserQuery = Static<typeof UserQuery>

export const TeamMember = Type.Object({ userId: Id, leads: Type.Boolean() })
export const Team = Type.Object({ id: Id, name: Type.String(), members: Type.Array(TeamMember) })
export type Team = Static<typeof Team>
export const TeamNew = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  members: Type.Optional(Type.Array(TeamMember, { maxItems: 1000 })),
})
export type TeamNew = Static<typeof TeamNew>
export const TeamPatch = Type.Partial(TeamNew)
export type TeamPatch = Static<typeof TeamPatch>

export const MAIL_SECURITY = ['tls', 'starttls', 'none'] as const
/** The mail server through which the organisation sends invitations and the like. */
export const MailSettings = Type.Object({
  host: Type.String({ minLength: 1, maxLength: 255 }),
  port: Type.Integer({ minimum: 1, maximum: 65_535 }),
  /** tls: from the first byte (465); starttls: asked for and insisted on (587); none: on one's own network only. */
  security: Choice(MAIL_SECURITY),
  /** Empty: without signing in. */
  user: Type.String({ maxLength: 254 }),
  password: Type.String({ maxLength: 1000 }),
  /** `office@example.ir` or `Office <office@example.ir>`. */
  from: Type.String({ minLength: 3, maxLength: 300 }),
})
export type MailSettings = Static<typeof MailSettings>
export const MailSettingsView = Type.Object({
  ...MailSettings.properties,
  host: Type.String(),
  from: Type.String(),
  set: Type.Boolean(),
})
export type MailSettingsView = Static<typeof MailSettingsView>
export const MailTest = Type.Object({ ok: Type.Boolean(), message: Type.String() })
export type MailTest = Static<typeof MailTest>

export const INVITATION_STATES = ['open', 'used', 'expired', 'revoked'] as const
export const Invitation = Type.Object({
  id: Id,
  email: Type.String(),
  name: Type.String(),
  roleIds: Type.Array(Id),
  teamIds: Type.Array(Id),
  locale: Choice(LOCALES),
  state: Choice(INVITATION_STATES),
  /** Of the mail with the link: null when it was not to be sent. */
  mail: Nullable(
    Type.Object({ state: Choice(['waiting', 'sent', 'failed'] as const), reason: Nullable(Type.String()) }),
  ),
  createdBy: Nullable(Id),
  createdAt: Time,
  expiresAt: Time,
})
export type Invitation = Static<typeof Invitation>
export const InvitationNew = Type.Object({
  email: Type.String({ minLength: 3, maxLength: 254 }),
  name: Type.Optional(Type.String({ maxLength: 200 })),
  roleIds: Type.Array(Id, { maxItems: 50 }),
  teamIds: Type.Optional(Type.Array(Id, { maxItems: 50 })),
  locale: Type.Optional(Choice(LOCALES)),
  /** Sends the link by mail too, where outgoing mail is set up. */
  send: Type.Optional(Type.Boolean()),
})
export type InvitationNew = Static<typeof InvitationNew>
/** The only time the link itself is shown. */
export const AccessLinkMade = Type.Object({ link: Type.String(), expiresAt: Time })
export type AccessLinkMade = Static<typeof AccessLinkMade>
export const InvitationMade = Type.Object({ ...Invitation.properties, link: Type.String() })
export type InvitationMade = Static<typeof InvitationMade>

/** What a link is for, shown to whoever opens it. */
export const AccessLink = Type.Object({
  kind: Choice(['invitation', 'reset'] as const),
  organisation: Type.String(),
  invitedBy: Nullable(Type.String()),
  email: Type.String(),
  name: Type.String(),
  locale: Choice(LOCALES),
})
export type AccessLink = Static<typeof AccessLink>
export const AccessLinkUse = Type.Object({
  /** Of an invitation. */
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  locale: Type.Optional(Choice(LOCALES)),
  password: Type.String({ minLength: 1, maxLength: 1000 }),
})
export type AccessLinkUse = Static<typeof AccessLinkUse>

/** What a user may do, and which of the user's roles give it. */
export const UserAccess = Type.Object({
  rights: Type.Array(Type.Object({ right: Choice(RIGHTS), roleIds: Type.Array(Id) })),
  channels: Type.Array(
    Type.Object({ channelId: Id, view: Type.Array(Id), send: Type.Array(Id), manage: Type.Array(Id) }),
  ),
})
export type UserAccess = Static<typeof UserAccess>

export const RoleChannel = Type.Object({
  /** null: every channel, also those made later. */
  channelId: Nullable(Id),
  view: Type.Boolean(),
  send: Type.Boolean(),
  manage: Type.Boolean(),
})
export type RoleChannel = Static<typeof RoleChannel>
export const Role = Type.Object({
  id: Id,
  preset: Nullable(Type.String()),
  name: Type.String(),
  rights: Type.Array(Choice(RIGHTS)),
  channels: Type.Array(RoleChannel),
  /** Whoever has the role must have a second factor at sign-in. */
  secondFactor: Type.Boolean(),
  userCount: Type.Integer(),
})
export type Role = Static<typeof Role>
export const RoleNew = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  rights: Type.Array(Choice(RIGHTS), { maxItems: 100 }),
  channels: Type.Array(RoleChannel, { maxItems: 1000 }),
  secondFactor: Type.Optional(Type.Boolean()),
})
export type RoleNew = Static<typeof RoleNew>
export const RolePatch = Type.Partial(RoleNew)
export type RolePatch = Static<typeof RolePatch>

export const Organisation = Type.Object({
  name: Type.String({ maxLength: 200 }),
  locale: Choice(LOCALES),
  calendar: Choice(CALENDARS),
  digits: Choice(DIGITS),
  timeZone: Type.String({ minLength: 1, maxLength: 64 }),
  /** ISO 3166, for numbers written without a country code. */
  country: Type.String({ pattern: '^[A-Z]{2}$' }),
  logoFileId: Nullable(Id),
  /** ISO 4217, of amounts typed without one. */
  currency: Type.String({ pattern: '^[A-Z]{3}$' }),
  /** Rials are shown and typed as tomans. */
  toman: Type.Boolean(),
  /** The languages people may choose; `locale` is one of them. */
  locales: Type.Array(Choice(LOCALES), { minItems: 1, maxItems: LOCALES.length, uniqueItems: true }),
  /** Days for which what is deleted can be restored. */
  retentionDays: Type.Integer({ minimum: 1, maximum: 3650 }),
})
export type Organisation = Static<typeof Organisation>

export const AuditEvent = Type.Object({
  id: Id,
  at: Time,
  userId: Nullable(Id),
  action: Type.String(),
  subjectKind: Type.String(),
  subjectId: Nullable(Id),
  before: Type.Unknown(),
  after: Type.Unknown(),
  address: Nullable(Type.String()),
  /** What was before and after has been erased with the record it was about. */
  erased: Type.Boolean(),
})
export type AuditEvent = Static<typeof AuditEvent>
export const AuditQuery = Type.Object({
  ...PageQuery,
  subjectKind: Type.Optional(Type.String({ maxLength: 60 })),
  subjectId: Type.Optional(Id),
  userId: Type.Optional(Id),
  action: Type.Optional(Type.String({ maxLength: 100 })),
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  /** Words of what was before and after. */
  search: Type.Optional(Type.String({ maxLength: 200 })),
})
export type AuditQuery = Static<typeof AuditQuery>

/** Whether the log is as it was written. */
export const AuditSeal = Type.Object({
  sealed: Type.Integer(),
  /** Written in the last seconds and not sealed yet. */
  open: Type.Integer(),
  checkedAt: Nullable(Time),
  /** The first event that was changed, added or removed since it was sealed: its place, and its id if it is there. */
  broken: Nullable(Type.Object({ n: Type.Integer(), eventId: Nullable(Id) })),
})
export type AuditSeal = Static<typeof AuditSeal>

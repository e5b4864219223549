import Type, { type Static } from 'typebox'
import { CALENDARS, DIGITS, LOCALES, PRESENCES, THEMES } from './choices.ts'
import { Choice, Id, Nullable, Time } from './common.ts'
import { CHANNEL_RIGHTS, RIGHTS } from '../rights.ts'

export const SignIn = Type.Object({
  email: Type.String({ minLength: 1, maxLength: 254 }),
  password: Type.String({ minLength: 1, maxLength: 1000 }),
  /** Of the second factor, where the answer was `code_required`: six digits, or a recovery code. */
  code: Type.Optional(Type.String({ maxLength: 60 })),
})
export type SignIn = Static<typeof SignIn>

export const Preferences = Type.Object({
  locale: Choice(LOCALES),
  calendar: Choice(CALENDARS),
  digits: Choice(DIGITS),
  timeZone: Type.String({ minLength: 1, maxLength: 64 }),
  theme: Choice(THEMES),
})
export type Preferences = Static<typeof Preferences>

/** The signed-in user, with what the user may do: the screen hides what it would be refused. */
export const Me = Type.Object({
  id: Id,
  name: Type.String(),
  email: Type.String(),
  presence: Choice(PRESENCES),
  preferences: Preferences,
  roles: Type.Array(Type.Object({ id: Id, preset: Nullable(Type.String()), name: Type.String() })),
  rights: Type.Array(Choice(RIGHTS)),
  /** Per right the channels' ids. */
  channels: Type.Object(
    Object.fromEntries(CHANNEL_RIGHTS.map((right) => [right, Type.Array(Id)])) as Record<
      (typeof CHANNEL_RIGHTS)[number],
      ReturnType<typeof Type.Array<typeof Id>>
    >,
  ),
  /** Number of the last live event at this moment: a stream that begins after it misses nothing of what is fetched from now on. */
  liveEvent: Type.String(),
  /** `missing`: a role asks for one, and until there is one nothing else is allowed. */
  secondFactor: Type.Object({ on: Type.Boolean(), missing: Type.Boolean(), recoveryCodesLeft: Type.Integer() }),
  teamIds: Type.Array(Id),
  /** Who looks at the product as this user sees it, and changes nothing. */
  seenBy: Nullable(Type.Object({ id: Id, name: Type.String() })),
})
export type Me = Static<typeof Me>

export const MePatch = Type.Partial(
  Type.Object({
    name: Type.String({ minLength: 1, maxLength: 200 }),
    presence: Choice(PRESENCES),
    preferences: Type.Partial(Preferences),
    password: Type.Object({
      current: Type.String({ minLength: 1, maxLength: 1000 }),
      new: Type.String({ minLength: 1, maxLength: 1000 }),
    }),
  }),
)
export type MePatch = Static<typeof MePatch>

/** A key for an authenticator app: to type, as an address, and as a picture (SVG) to scan. */
export const SecondFactorKey = Type.Object({ key: Type.String(), uri: Type.String(), picture: Type.String() })
export type SecondFactorKey = Static<typeof SecondFactorKey>
export const SecondFactorCode = Type.Object({ code: Type.String({ minLength: 1, maxLength: 60 }) })
export const SecondFactorProof = Type.Object({
  password: Type.String({ minLength: 1, maxLength: 1000 }),
  code: Type.String({ minLength: 1, maxLength: 60 }),
})
export type SecondFactorProof = Static<typeof SecondFactorProof>
/** Each good for one sign-in; shown only once. */
export const RecoveryCodes = Type.Object({ codes: Type.Array(Type.String()) })
export type RecoveryCodes = Static<typeof RecoveryCodes>

export const SessionItem = Type.Object({
  id: Id,
  current: Type.Boolean(),
  createdAt: Time,
  usedAt: Time,
  address: Nullable(Type.String()),
  userAgent: Nullable(Type.String()),
})
export type SessionItem = Static<typeof SessionItem>

/** What a token may do at most; never more than its user. */
const scope = {
  /** May look and change nothing. */
  readOnly: Type.Boolean(),
  /** Only these of the user's rights; null: all. */
  rights: Nullable(Type.Array(Choice(RIGHTS), { maxItems: 100 })),
  /** Only these of the user's channels; null: all. */
  channelIds: Nullable(Type.Array(Id, { maxItems: 1000 })),
}

export const ApiToken = Type.Object({
  id: Id,
  name: Type.String(),
  createdAt: Time,
  expiresAt: Nullable(Time),
  usedAt: Nullable(Time),
  ...scope,
})
export type ApiToken = Static<typeof ApiToken>
export const ApiTokenNew = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  expiresAt: Type.Optional(Nullable(Time)),
  ...Type.Partial(Type.Object(scope)).properties,
})
export type ApiTokenNew = Static<typeof ApiTokenNew>
/** The only time the token itself is shown. */
export const ApiTokenMade = Type.Intersect([ApiToken, Type.Object({ token: Type.String() })])
export type ApiTokenMade = Static<typeof ApiTokenMade>

/** An account of the demo, with which anybody may try it out. */
export const DemoAccount = Type.Object({
  name: Type.String(),
  email: Type.String(),
  password: Type.String(),
  role: Choice(['administrator', 'supervisor', 'agent', 'viewer'] as const),
  /** Where the role is one of the office's own. */
  roleName: Type.Optional(Type.String()),
})
export type DemoAccount = Static<typeof DemoAccount>

/** GET /setup: whether the first administrator is still to be made. POST /setup makes it and signs in. */
export const SetupState = Type.Object({
  needed: Type.Boolean(),
  demo: Type.Boolean(),
  /** Only in a demo, once it is filled: the page where one plays the customer, and whom one may sign in as. */
  demoPhoneUrl: Type.Optional(Type.String()),
  /** Outgoing mail is set up: a forgotten password's link can be asked for. */
  resetByMail: Type.Optional(Type.Boolean()),
  demoAccounts: Type.Optional(Type.Array(DemoAccount)),
})
export type SetupState = Static<typeof SetupState>
export const Setup = Type.Object({
  organisation: Type.String({ minLength: 1, maxLength: 200 }),
  name: Type.String({ minLength: 1, maxLength: 200 }),
  email: Type.String({ minLength: 3, maxLength: 254 }),
  password: Type.String({ minLength: 1, maxLength: 1000 }),
  locale: Choice(LOCALES),
})
export type Setup = Static<typeof Setup>

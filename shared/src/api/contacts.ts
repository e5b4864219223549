import Type, { type Static } from 'typebox'
import { Choice, Id, Nullable, PageQuery, Time } from './common.ts'

export const CONTACT_KINDS = ['person', 'company', 'lead', 'visitor'] as const
export type ContactKind = (typeof CONTACT_KINDS)[number]

export const Identity = Type.Object({
  id: Id,
  /** The contact it came with: differs from the contact shown after a merge. */
  contactId: Id,
  kind: Type.String(),
  /** Normalised: E.164, lower-case address, provider's id. */
  value: Type.String(),
  display: Nullable(Type.String()),
  verified: Type.Boolean(),
})
export type Identity = Static<typeof Identity>

export const IdentityNew = Type.Object({
  kind: Type.String({ pattern: '^[a-z][a-z0-9-]{1,30}$' }),
  value: Type.String({ minLength: 1, maxLength: 254 }),
  verified: Type.Optional(Type.Boolean()),
})
export type IdentityNew = Static<typeof IdentityNew>

export const ContactBrief = Type.Object({
  id: Id,
  kind: Choice(CONTACT_KINDS),
  name: Type.String(),
  avatarFileId: Nullable(Id),
})
export type ContactBrief = Static<typeof ContactBrief>

export const Merge = Type.Object({
  id: Id,
  winnerId: Id,
  loserId: Id,
  loserName: Type.String(),
  cause: Choice(['agent', 'number_shared'] as const),
  mergedAt: Time,
  mergedBy: Nullable(Id),
  undoneAt: Nullable(Time),
})
export type Merge = Static<typeof Merge>

/** Somebody else already has the identity this contact claims: a person decides whether they are the same. */
export const IdentityConflict = Type.Object({
  id: Id,
  kind: Type.String(),
  value: Type.String(),
  other: ContactBrief,
  createdAt: Time,
})
export type IdentityConflict = Static<typeof IdentityConflict>

export const Contact = Type.Object({
  id: Id,
  kind: Choice(CONTACT_KINDS),
  name: Type.String(),
  about: Type.String(),
  avatarFileId: Nullable(Id),
  responsibleId: Nullable(Id),
  identities: Type.Array(Identity),
  merges: Type.Array(Merge),
  conflicts: Type.Array(IdentityConflict),
  createdAt: Time,
  updatedAt: Time,
})
export type Contact = Static<typeof Contact>

/** A row of the list. */
export const ContactItem = Type.Object({
  id: Id,
  kind: Choice(CONTACT_KINDS),
  name: Type.String(),
  avatarFileId: Nullable(Id),
  responsibleId: Nullable(Id),
  identities: Type.Array(Identity),
  createdAt: Time,
  updatedAt: Time,
})
export type ContactItem = Static<typeof ContactItem>

export const ContactNew = Type.Object({
  kind: Choice(CONTACT_KINDS),
  name: Type.String({ minLength: 1, maxLength: 200 }),
  about: Type.Optional(Type.String({ maxLength: 5000 })),
  responsibleId: Type.Optional(Nullable(Id)),
  identities: Type.Optional(Type.Array(IdentityNew, { maxItems: 50 })),
})
export type ContactNew = Static<typeof ContactNew>
export const ContactPatch = Type.Partial(
  Type.Object({
    kind: Choice(CONTACT_KINDS),
    name: Type.String({ minLength: 1, maxLength: 200 }),
    about: Type.String({ maxLength: 5000 }),
    responsibleId: Nullable(Id),
  }),
)
export type ContactPatch = Static<typeof ContactPatch>

export const ContactQuery = Type.Object({
  ...PageQuery,
  kind: Type.Optional(Choice(CONTACT_KINDS)),
  responsibleId: Type.Optional(Id),
  search: Type.Optional(Type.String({ maxLength: 200 })),
})
export type ContactQuery = Static<typeof ContactQuery>

export const MergeRequest = Type.Object({ intoId: Id })

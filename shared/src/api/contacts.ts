import Type, { type Static } from 'typebox'
import { Choice, Id, Nullable, PageQuery, Time } from './common.ts'
import { FieldValues } from './field-values.ts'

export const CONTACT_KINDS = ['person', 'company', 'lead', 'visitor'] as const
export type ContactKind = (typeof CONTACT_KINDS)[number]

export const IDENTITY_USES = ['mobile', 'work', 'home', 'fax', 'other'] as const

export const Identity = Type.Object({
  id: Id,
  /** The contact it came with: differs from the contact shown after a merge. */
  contactId: Id,
  kind: Type.String(),
  /** Normalised: E.164, lower-case address, provider's id. */
  value: Type.String(),
  display: Nullable(Type.String()),
  verified: Type.Boolean(),
  /** What a number or an address is used for. */
  use: Nullable(Choice(IDENTITY_USES)),
})
export type Identity = Static<typeof Identity>

export const IdentityNew = Type.Object({
  kind: Type.String({ pattern: '^[a-z][a-z0-9-]{1,30}$' }),
  value: Type.String({ minLength: 1, maxLength: 254 }),
  verified: Type.Optional(Type.Boolean()),
  use: Type.Optional(Nullable(Choice(IDENTITY_USES))),
})
export type IdentityNew = Static<typeof IdentityNew>
export const IdentityPatch = Type.Object({
  use: Type.Optional(Nullable(Choice(IDENTITY_USES))),
  verified: Type.Optional(Type.Boolean()),
})
export type IdentityPatch = Static<typeof IdentityPatch>

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
  cause: Choice(['agent', 'number_shared', 'start_link'] as const),
  mergedAt: Time,
  mergedBy: Nullable(Id),
  /** Until when it can be undone. */
  undoableUntil: Time,
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

export const ADDRESS_USES = ['work', 'home', 'billing', 'delivery', 'other'] as const
const AddressText = Type.Optional(Type.String({ maxLength: 300 }))
/** A postal address in parts, Iranian (street, plaque, floor, unit, ten-digit code) or of any other country. */
export const AddressNew = Type.Object({
  use: Type.Optional(Choice(ADDRESS_USES)),
  /** ISO 3166. */
  country: Type.String({ pattern: '^[A-Z]{2}$' }),
  /** استان, state. */
  region: AddressText,
  city: AddressText,
  /** محله, neighbourhood. */
  district: AddressText,
  /** Street lines. */
  street: AddressText,
  /** پلاک, house number. */
  building: AddressText,
  /** واحد */
  unit: AddressText,
  /** طبقه */
  floor: AddressText,
  postalCode: Type.Optional(Type.String({ maxLength: 20 })),
  note: AddressText,
})
export type AddressNew = Static<typeof AddressNew>
export const AddressPatch = Type.Partial(AddressNew)
export type AddressPatch = Static<typeof AddressPatch>
export const Address = Type.Object({
  id: Id,
  use: Choice(ADDRESS_USES),
  country: Type.String(),
  region: Type.String(),
  city: Type.String(),
  district: Type.String(),
  street: Type.String(),
  building: Type.String(),
  unit: Type.String(),
  floor: Type.String(),
  postalCode: Type.String(),
  note: Type.String(),
})
export type Address = Static<typeof Address>

export const RELATION_KINDS = ['works_at', 'belongs_to', 'referred_by'] as const
export type RelationKind = (typeof RELATION_KINDS)[number]
export const RelationNew = Type.Object({
  kind: Choice(RELATION_KINDS),
  /** The company one works at, the group one belongs to, who referred one. */
  toId: Id,
  /** As what: "sales manager". */
  title: Type.Optional(Type.String({ maxLength: 200 })),
})
export type RelationNew = Static<typeof RelationNew>
export const Relation = Type.Object({
  id: Id,
  kind: Choice(RELATION_KINDS),
  title: Type.String(),
  /** `to`: the contact shown works at, belongs to, was referred by the other; `from`: the other way round. */
  direction: Choice(['to', 'from'] as const),
  /** As it stands now, merges followed. */
  other: ContactBrief,
})
export type Relation = Static<typeof Relation>

/** What a person writes about a contact, beside name and kind. Numbers of identity are checked where their country has check digits. */
const details = {
  about: Type.String({ maxLength: 5000 }),
  responsibleId: Nullable(Id),
  sourceId: Nullable(Id),
  tagIds: Type.Array(Id, { maxItems: 100 }),
  jobTitle: Type.String({ maxLength: 200 }),
  birthDate: Nullable(Type.String({ format: 'date' })),
  /** Of a person. */
  nationalId: Nullable(Type.String({ maxLength: 40 })),
  /** Of a company: the number by which the state knows it (شناسهٔ ملی). */
  companyNumber: Nullable(Type.String({ maxLength: 40 })),
  economicCode: Nullable(Type.String({ maxLength: 40 })),
  registrationNumber: Nullable(Type.String({ maxLength: 40 })),
  /** Custom fields by their keys. */
  fields: FieldValues,
}
const Name = Type.String({ minLength: 1, maxLength: 200 })

const head = {
  id: Id,
  kind: Choice(CONTACT_KINDS),
  name: Type.String(),
  avatarFileId: Nullable(Id),
}

/** A row of the list: everything that can be a column. */
export const ContactItem = Type.Object({
  ...head,
  ...details,
  about: Type.String(),
  identities: Type.Array(Identity),
  /** Whom the contact works at. */
  company: Nullable(Type.Object({ id: Id, name: Type.String() })),
  city: Type.String(),
  createdAt: Time,
  updatedAt: Time,
})
export type ContactItem = Static<typeof ContactItem>

export const Contact = Type.Object({
  ...ContactItem.properties,
  addresses: Type.Array(Address),
  relations: Type.Array(Relation),
  merges: Type.Array(Merge),
  conflicts: Type.Array(IdentityConflict),
  /** Since when it is deleted: shown only to those who may restore it. */
  deletedAt: Nullable(Time),
})
export type Contact = Static<typeof Contact>

export const ContactNew = Type.Object({
  kind: Choice(CONTACT_KINDS),
  name: Name,
  ...Type.Partial(Type.Object(details)).properties,
  identities: Type.Optional(Type.Array(IdentityNew, { maxItems: 50 })),
  addresses: Type.Optional(Type.Array(AddressNew, { maxItems: 20 })),
  relations: Type.Optional(Type.Array(RelationNew, { maxItems: 20 })),
})
export type ContactNew = Static<typeof ContactNew>
/** The named fields change; of `fields` only the named keys. */
export const ContactPatch = Type.Partial(Type.Object({ kind: Choice(CONTACT_KINDS), name: Name, ...details }))
export type ContactPatch = Static<typeof ContactPatch>

/**
 * Makes a lead the person or company it turned out to be, with everything that happened. `company`: where the person
 * works, one there is or one to be made.
 */
export const ContactConvert = Type.Object({
  kind: Choice(['person', 'company'] as const),
  name: Type.Optional(Name),
  company: Type.Optional(
    Type.Object({
      id: Type.Optional(Id),
      name: Type.Optional(Name),
      /** As what the person works there. */
      title: Type.Optional(Type.String({ maxLength: 200 })),
    }),
  ),
})
export type ContactConvert = Static<typeof ContactConvert>

/**
 * The list. Any field may be a condition: by its name, or with `.not`, `.from`, `.to`, `.has`, `.empty` behind it (see
 * shared/src/filter.ts); custom fields are `field.<key>`.
 */
export const ContactQuery = Type.Object(
  {
    ...PageQuery,
    kind: Type.Optional(Type.String({ maxLength: 100 })),
    responsibleId: Type.Optional(Type.String({ maxLength: 2000 })),
    search: Type.Optional(Type.String({ maxLength: 200 })),
    /** A field's name, `-` before it for descending; `-updatedAt` unless given. */
    sort: Type.Optional(Type.String({ maxLength: 80 })),
    /** A saved view: its filter and sort, unless given here. */
    view: Type.Optional(Id),
    /** The deleted ones instead, for restoring. */
    deleted: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: Type.String({ maxLength: 2000 }) },
)
export type ContactQuery = Static<typeof ContactQuery>

/**
 * `take`: fields whose value the contact that stays takes over from the one that is merged into it (`name`, `about`,
 * `avatar`, `responsibleId`, `sourceId`, `jobTitle`, `birthDate`, `nationalId`, `companyNumber`, `economicCode`,
 * `registrationNumber`, `kind`, `field.<key>`). What is empty is filled in any case, what the other has not is not taken,
 * tags are joined. See shared/src/merging.ts.
 */
export const MergeRequest = Type.Object({
  intoId: Id,
  take: Type.Optional(Type.Array(Type.String({ maxLength: 80 }), { maxItems: 200 })),
})
export type MergeRequest = Static<typeof MergeRequest>

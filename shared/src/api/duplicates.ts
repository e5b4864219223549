import Type, { type Static } from 'typebox'
import { Choice, Id, Nullable, PageQuery, Time } from './common.ts'
import { ContactItem } from './contacts.ts'

/** Why two contacts may be one. */
export const DUPLICATE_REASONS = [
  'identity_claimed', // both claim the same number or address
  'national_id',
  'company_number',
  'phone_alike', // numbers that end alike
  'email_alike', // the same mailbox in another spelling
  'name_same',
  'name_alike',
  'company_same', // they work at the same company, or have its e-mail domain
] as const
export type DuplicateReason = (typeof DUPLICATE_REASONS)[number]
export const DuplicateWhy = Type.Object({
  kind: Choice(DUPLICATE_REASONS),
  /** What they share, as it is shown. */
  value: Type.String(),
})
export type DuplicateWhy = Static<typeof DuplicateWhy>
export const Duplicate = Type.Object({
  id: Id,
  a: ContactItem,
  b: ContactItem,
  /** 1 to 100: how sure the finder is. */
  score: Type.Integer(),
  reasons: Type.Array(DuplicateWhy),
  foundAt: Time,
})
export type Duplicate = Static<typeof Duplicate>
export const DuplicateQuery = Type.Object({
  ...PageQuery,
  /** Only those with this contact. */
  contactId: Type.Optional(Id),
})
/** How many pairs there are to look at; counted up to a hundred, `more` beyond. */
export const DuplicateCount = Type.Object({ count: Type.Integer(), more: Type.Boolean() })
export type DuplicateCount = Static<typeof DuplicateCount>
/** Looking through all contacts. */
export const DuplicateScan = Type.Object({
  state: Choice(['never', 'running', 'done'] as const),
  percent: Type.Integer(),
  /** Contacts that were looked at. */
  done: Type.Integer(),
  /** Numbers, names and the like that more contacts share than are compared. */
  skipped: Type.Integer(),
  finishedAt: Nullable(Time),
})
export type DuplicateScan = Static<typeof DuplicateScan>

/** What is being typed for a new contact; answered with contacts it may already be. */
export const SimilarAsk = Type.Object({
  name: Type.Optional(Type.String({ maxLength: 200 })),
  nationalId: Type.Optional(Type.String({ maxLength: 40 })),
  companyNumber: Type.Optional(Type.String({ maxLength: 40 })),
  identities: Type.Optional(
    Type.Array(Type.Object({ kind: Type.String({ maxLength: 30 }), value: Type.String({ maxLength: 254 }) }), {
      maxItems: 20,
    }),
  ),
})
export type SimilarAsk = Static<typeof SimilarAsk>
export const SimilarContact = Type.Object({
  contact: ContactItem,
  score: Type.Integer(),
  reasons: Type.Array(DuplicateWhy),
})
export type SimilarContact = Static<typeof SimilarContact>
export const SimilarAnswer = Type.Object({
  /** The most alike first, five at most. */
  items: Type.Array(SimilarContact),
  /** Places in `identities` of those that belong to somebody whom one may not see. */
  taken: Type.Array(Type.Integer()),
})
export type SimilarAnswer = Static<typeof SimilarAnswer>

import Type, { type Static } from 'typebox'
import { Choice, Id, Nullable, PageQuery, Time } from './common.ts'
import { ContactBrief } from './contacts.ts'
import { FieldValues, Money } from './field-values.ts'

const Day = Type.String({ format: 'date' })
export const DEAL_OUTCOMES = ['open', 'won', 'lost'] as const

export const DealStage = Type.Object({
  id: Id,
  name: Type.String(),
  outcome: Choice(DEAL_OUTCOMES),
  /** Percent. */
  probability: Type.Integer(),
  position: Type.Integer(),
  retired: Type.Boolean(),
})
export type DealStage = Static<typeof DealStage>
export const DealStageNew = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 100 }),
  outcome: Type.Optional(Choice(DEAL_OUTCOMES)),
  probability: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
})
export type DealStageNew = Static<typeof DealStageNew>
export const DealStagePatch = Type.Partial(
  Type.Object({
    ...DealStageNew.properties,
    position: Type.Integer({ minimum: 0, maximum: 10_000 }),
    retired: Type.Boolean(),
  }),
)
export type DealStagePatch = Static<typeof DealStagePatch>

export const Deal = Type.Object({
  id: Id,
  title: Type.String(),
  /** The contact as it stands now, merges followed. */
  contact: ContactBrief,
  stageId: Id,
  outcome: Choice(DEAL_OUTCOMES),
  amount: Money,
  expectedOn: Nullable(Day),
  responsibleId: Nullable(Id),
  lostReasonId: Nullable(Id),
  note: Type.String(),
  fields: FieldValues,
  createdAt: Time,
  updatedAt: Time,
  /** Since when it stands in its stage. */
  stageAt: Time,
  closedAt: Nullable(Time),
  version: Type.Integer(),
})
export type Deal = Static<typeof Deal>

export const DealNew = Type.Object({
  contactId: Id,
  title: Type.String({ minLength: 1, maxLength: 200 }),
  stageId: Type.Optional(Id),
  amount: Type.Optional(Money),
  expectedOn: Type.Optional(Nullable(Day)),
  responsibleId: Type.Optional(Nullable(Id)),
  note: Type.Optional(Type.String({ maxLength: 5000 })),
  fields: Type.Optional(FieldValues),
})
export type DealNew = Static<typeof DealNew>
export const DealPatch = Type.Partial(
  Type.Object({
    title: Type.String({ minLength: 1, maxLength: 200 }),
    contactId: Id,
    amount: Money,
    expectedOn: Nullable(Day),
    responsibleId: Nullable(Id),
    lostReasonId: Nullable(Id),
    note: Type.String({ maxLength: 5000 }),
    fields: FieldValues,
  }),
)
export type DealPatch = Static<typeof DealPatch>
/** Into a stage, before another deal of it; `beforeId` left out: at its end. */
export const DealMove = Type.Object({
  stageId: Id,
  beforeId: Type.Optional(Nullable(Id)),
  lostReasonId: Type.Optional(Nullable(Id)),
})
export type DealMove = Static<typeof DealMove>

const conditions = {
  responsibleId: Type.Optional(Type.String({ pattern: '^([1-9][0-9]{0,18}|me|none)$' })),
  search: Type.Optional(Type.String({ maxLength: 200 })),
}
const custom = { additionalProperties: Type.String({ maxLength: 2000 }) }
/**
 * Of a stage in the order of the board, else the newest first. Further conditions on custom fields (`field.<key>` …) as in
 * shared/src/filter.ts.
 */
export const DealQuery = Type.Object(
  {
    ...PageQuery,
    ...conditions,
    stageId: Type.Optional(Id),
    contactId: Type.Optional(Id),
    outcome: Type.Optional(Choice(DEAL_OUTCOMES)),
  },
  custom,
)
export type DealQuery = Static<typeof DealQuery>
export const DealBoardQuery = Type.Object(conditions, custom)
export type DealBoardQuery = Static<typeof DealBoardQuery>

/** The head of each stage of the board: how many, how much by currency, and its first deals. */
export const DealBoard = Type.Object({
  stages: Type.Array(
    Type.Object({
      stage: DealStage,
      total: Type.Integer(),
      /** There are more than `total`: with conditions it is counted up to a bound. */
      more: Type.Optional(Type.Boolean()),
      amounts: Type.Array(Money),
      deals: Type.Array(Deal),
      /** Where `GET /deals?stageId=` goes on. */
      nextCursor: Nullable(Type.String()),
    }),
  ),
})
export type DealBoard = Static<typeof DealBoard>

import Type, { type Static } from 'typebox'
import { Choice, Id, Nullable, PageQuery, Time } from './common.ts'
import { ContactBrief } from './contacts.ts'
import { Money } from './field-values.ts'

const Day = Type.String({ format: 'date' })
/** An amount that is not below nothing. */
const Amount = Type.Object({ ...Money.properties, amount: Type.String({ pattern: '^[0-9]{1,18}$' }) })

/** What one message costs on a channel from a moment on, until a later price begins or it is ended. */
export const Price = Type.Object({
  id: Id,
  channelId: Id,
  price: Money,
  validFrom: Time,
  validUntil: Nullable(Time),
  /** Whether it is the one that holds now. */
  current: Type.Boolean(),
  createdBy: Nullable(Id),
  createdAt: Time,
})
export type Price = Static<typeof Price>
export const PriceNew = Type.Object({
  channelId: Id,
  price: Amount,
  /** Not before now; left out: now. */
  validFrom: Type.Optional(Time),
})
export type PriceNew = Static<typeof PriceNew>
export const PriceQuery = Type.Object({ ...PageQuery, channelId: Type.Optional(Id) })
export type PriceQuery = Static<typeof PriceQuery>

export const BUDGET_SCOPES = ['all', 'channel', 'campaign'] as const
export const BUDGET_PERIODS = ['month', 'total'] as const
export const Budget = Type.Object({
  id: Id,
  scope: Choice(BUDGET_SCOPES),
  channelId: Nullable(Id),
  campaignId: Nullable(Id),
  /** `month`: of the organisation's calendar. */
  period: Choice(BUDGET_PERIODS),
  limit: Money,
  /** Reserved and spent in the present period. */
  used: Money,
  /** Since when bulk sending is held by it; null: it is not. */
  reachedAt: Nullable(Time),
  createdAt: Time,
})
export type Budget = Static<typeof Budget>
export const BudgetNew = Type.Object({
  scope: Choice(BUDGET_SCOPES),
  channelId: Type.Optional(Id),
  campaignId: Type.Optional(Id),
  period: Choice(BUDGET_PERIODS),
  limit: Amount,
})
export type BudgetNew = Static<typeof BudgetNew>
/** The limit, in the budget's currency. */
export const BudgetPatch = Type.Object({ limit: Amount })
export type BudgetPatch = Static<typeof BudgetPatch>

/** The money that lies at the provider of a channel, as entered by hand and less what was spent. */
export const Wallet = Type.Object({
  channelId: Id,
  balance: Money,
  /** Below it the holders of `cost.manage` are reminded, once until it is filled. */
  threshold: Money,
  low: Type.Boolean(),
  /** Since when the provider refuses to send for want of credit. */
  noCreditSince: Nullable(Time),
})
export type Wallet = Static<typeof Wallet>
export const WalletPut = Type.Object({ threshold: Amount })
export type WalletPut = Static<typeof WalletPut>
/** `top_up` adds the amount; `balance` says how much there is. */
export const WalletEntryNew = Type.Object({
  kind: Choice(['top_up', 'balance'] as const),
  money: Amount,
  note: Type.Optional(Type.String({ maxLength: 200 })),
})
export type WalletEntryNew = Static<typeof WalletEntryNew>
export const WalletEntry = Type.Object({
  id: Id,
  kind: Choice(['top_up', 'correction'] as const),
  money: Money,
  note: Type.String(),
  byId: Nullable(Id),
  at: Time,
})
export type WalletEntry = Static<typeof WalletEntry>

export const COST_GROUPS = ['month', 'channel', 'campaign', 'user'] as const
export const COST_STATES = ['reserved', 'uncertain', 'spent', 'released'] as const
const CostFilter = {
  /** Days of the organisation's clock, both included. */
  from: Type.Optional(Day),
  to: Type.Optional(Day),
  channelId: Type.Optional(Id),
  campaignId: Type.Optional(Id),
  userId: Type.Optional(Id),
}
export const CostQuery = Type.Object({ ...CostFilter, group: Choice(COST_GROUPS) })
export type CostQuery = Static<typeof CostQuery>
export const CostSum = Type.Object({
  /** By the group: the month's first day, or an id; null: of no campaign or user. */
  key: Nullable(Type.String()),
  /** The campaign's or the user's name, where it is known. */
  name: Nullable(Type.String()),
  currency: Type.String(),
  /** Without those that were released. */
  messages: Type.Integer(),
  reserved: Type.String(),
  /** Of messages of which nobody knows whether they went. */
  uncertain: Type.String(),
  spent: Type.String(),
  /** What the ways of the sent messages saved against the dearest they could have taken. */
  saved: Type.String(),
})
export type CostSum = Static<typeof CostSum>
export const CostSums = Type.Object({ items: Type.Array(CostSum), totals: Type.Array(CostSum) })
export type CostSums = Static<typeof CostSums>

export const CostEntryQuery = Type.Object({
  ...PageQuery,
  ...CostFilter,
  contactId: Type.Optional(Id),
  /** With `campaignId` or `userId` left out: those of none. */
  without: Type.Optional(Choice(['campaign', 'user'] as const)),
  state: Type.Optional(Choice(COST_STATES)),
})
export type CostEntryQuery = Static<typeof CostEntryQuery>
export const CostEntry = Type.Object({
  messageId: Id,
  channelId: Id,
  /** Null: erased, or not to be seen. */
  contact: Nullable(ContactBrief),
  conversationId: Nullable(Id),
  campaignId: Nullable(Id),
  automationId: Nullable(Id),
  userId: Nullable(Id),
  price: Money,
  saved: Money,
  state: Choice(COST_STATES),
  at: Time,
})
export type CostEntry = Static<typeof CostEntry>

/** How fast a channel may send and does, messages a second. */
export const ChannelPace = Type.Object({
  allowed: Type.Object({ channel: Type.Number(), chat: Type.Number(), account: Type.Number() }),
  /** Less what refusals taught. */
  now: Type.Number(),
  /** The refusal that slowed it down, and when; null: it goes at full rate. */
  slowed: Nullable(Type.Object({ code: Type.String(), at: Time, fullAt: Time })),
  /** The provider asked to send nothing before. */
  heldUntil: Nullable(Time),
})
export type ChannelPace = Static<typeof ChannelPace>

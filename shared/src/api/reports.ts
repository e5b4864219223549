import Type, { type Static } from 'typebox'
import { FIGURES, REPORT_STEPS } from './choices.ts'
import { Choice, Id, Nullable, PageQuery, Time } from './common.ts'
import { ContactBrief } from './contacts.ts'
import { Money } from './field-values.ts'

/** How figures are put together along the time: pieces of it, or all hours and weekdays alike. */
/** What became of messages that went out; a failed one names its code behind a colon in `outcomes`. */
export const OUTCOMES = ['waiting', 'sent', 'delivered', 'read', 'failed', 'unknown', 'cancelled'] as const
export type Outcome = (typeof OUTCOMES)[number]
/** Up to so many seconds each; the last group is longer. As in the function `report_wait` of the database. */
export const RESPONSE_BOUNDS = [30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400] as const

const Day = Type.String({ format: 'date', description: 'A day of the organisation’s clock, YYYY-MM-DD' })
/** Several are separated by commas. */
const Ids = Type.String({ pattern: '^[1-9][0-9]{0,18}(,[1-9][0-9]{0,18}){0,199}$' })
const RANGE = {
  /** The first and the last day, both of them included; at most ten years. */
  from: Day,
  to: Day,
  channelId: Type.Optional(Ids),
  /** Only what these users wrote, answered and closed. What came in was nobody's: with it there is none. */
  agentId: Type.Optional(Type.String({ pattern: '^(0|[1-9][0-9]{0,18})(,(0|[1-9][0-9]{0,18})){0,199}$' })),
}
export const ReportQuery = Type.Object({ ...RANGE, by: Type.Optional(Choice(REPORT_STEPS)) })
export type ReportQuery = Static<typeof ReportQuery>

const Traffic = Type.Object({ in: Type.Integer(), out: Type.Integer() })
/** Times in seconds, of answers to customers who waited. `median` is read from `groups`, so it is about right. */
export const Responses = Type.Object({
  count: Type.Integer(),
  average: Nullable(Type.Number()),
  median: Nullable(Type.Number()),
  /** How many took how long: as many groups as `RESPONSE_BOUNDS`, and one for the longer. */
  groups: Type.Array(Type.Integer()),
})
export type Responses = Static<typeof Responses>
export const ReportPoint = Type.Object({
  /** Of hours `YYYY-MM-DDTHH`, of pieces of days the first day, of hours of the day and weekdays (0 is Sunday) a number. */
  key: Type.String(),
  /** The days it is made of, within the range. */
  from: Day,
  to: Day,
  in: Type.Integer(),
  out: Type.Integer(),
  responses: Type.Integer(),
  /** Seconds together: divided by `responses` their average. */
  waited: Type.Integer(),
  won: Type.Integer(),
})
export type ReportPoint = Static<typeof ReportPoint>
export const ChannelFigures = Type.Object({
  channelId: Id,
  in: Type.Integer(),
  out: Type.Integer(),
  responses: Type.Integer(),
  waited: Type.Integer(),
  /** How many messages had which outcome; failed ones by code, as `failed:blocked`. */
  outcomes: Type.Record(Type.String(), Type.Integer()),
  asked: Type.Integer(),
  won: Type.Record(Type.String(), Type.Integer()),
})
export type ChannelFigures = Static<typeof ChannelFigures>
export const AgentFigures = Type.Object({
  /** "0": programs, campaigns and rules. */
  agentId: Type.String(),
  out: Type.Integer(),
  failed: Type.Integer(),
  responses: Responses,
  closed: Type.Integer(),
})
export type AgentFigures = Static<typeof AgentFigures>
/** How a channel stands at this moment. */
export const ChannelNow = Type.Object({
  channelId: Id,
  name: Type.String(),
  kind: Type.String(),
  state: Choice(['active', 'paused', 'broken'] as const),
  /** Messages that wait to be sent, or are being sent. */
  queue: Type.Integer(),
  lastIn: Nullable(Time),
  lastOut: Nullable(Time),
})
export type ChannelNow = Static<typeof ChannelNow>

export const ReportFrame = {
  /** Whose days these are. */
  timeZone: Type.String(),
  from: Day,
  to: Day,
  today: Day,
  /** False: what was stored before is still being counted. */
  complete: Type.Boolean(),
}
export const Traffics = Type.Object({ ...ReportFrame, step: Choice(REPORT_STEPS), points: Type.Array(ReportPoint) })
export const Dashboard = Type.Object({
  ...ReportFrame,
  step: Choice(REPORT_STEPS),
  points: Type.Array(ReportPoint),
  channels: Type.Array(ChannelFigures),
  /** The stretch of the same length just before. */
  before: Type.Object({
    ...Traffic.properties,
    responses: Type.Integer(),
    waited: Type.Integer(),
    won: Type.Integer(),
  }),
  responses: Responses,
  /** Seven weekdays (0 is Sunday) of 24 hours each. */
  weekdays: Type.Object({ in: Type.Array(Type.Array(Type.Integer())), out: Type.Array(Type.Array(Type.Integer())) }),
  /** By hour: today, yesterday, a week ago. */
  hours: Type.Object({
    today: Type.Array(Type.Integer()),
    yesterday: Type.Array(Type.Integer()),
    weekAgo: Type.Array(Type.Integer()),
  }),
  agents: Type.Array(AgentFigures),
  /** What cheaper ways saved, by currency. */
  saved: Type.Array(Money),
  now: Type.Array(ChannelNow),
})
export type Dashboard = Static<typeof Dashboard>
export const ReportChannels = Type.Object({ ...ReportFrame, channels: Type.Array(ChannelFigures) })
export const ReportResponses = Type.Object({
  ...ReportFrame,
  step: Choice(REPORT_STEPS),
  points: Type.Array(ReportPoint),
  responses: Responses,
})
export const ReportAgents = Type.Object({ ...ReportFrame, agents: Type.Array(AgentFigures) })
export const ReportSaved = Type.Object({ ...ReportFrame, saved: Type.Array(Money) })
export const ReportNow = Type.Object({ items: Type.Array(ChannelNow) })

export const ReportRowsQuery = Type.Object({
  ...PageQuery,
  ...RANGE,
  figure: Choice(FIGURES),
  /** Of `out`: what became of it. */
  outcome: Type.Optional(Choice(OUTCOMES)),
  /** Of failed ones: the code. */
  code: Type.Optional(Type.String({ maxLength: 100 })),
  /** Of `won`: how. */
  how: Type.Optional(Type.String({ maxLength: 40 })),
  /** Of `response`: which group, 0 to 12. */
  group: Type.Optional(Type.Integer({ minimum: 0, maximum: 12 })),
  /** Only at this weekday (0 is Sunday), only within this hour of the day. */
  weekday: Type.Optional(Type.Integer({ minimum: 0, maximum: 6 })),
  hour: Type.Optional(Type.Integer({ minimum: 0, maximum: 23 })),
})
export type ReportRowsQuery = Static<typeof ReportRowsQuery>
export const ReportRow = Type.Object({
  /** Of the message, the conversation, or what is counted. */
  id: Type.String(),
  at: Time,
  channelId: Id,
  conversationId: Nullable(Id),
  messageId: Nullable(Id),
  /** As it stands now; null: erased. */
  contact: Nullable(ContactBrief),
  /** Who wrote, answered or closed. */
  agentId: Nullable(Id),
  text: Type.String(),
  kind: Nullable(Type.String()),
  outcome: Nullable(Type.String()),
  code: Nullable(Type.String()),
  seconds: Nullable(Type.Integer()),
  how: Nullable(Type.String()),
  saved: Nullable(Money),
})
export type ReportRow = Static<typeof ReportRow>

/** What can be taken along as a sheet. */
export const SHEETS = ['time', 'channels', 'agents', 'rows'] as const
export type Sheet = (typeof SHEETS)[number]
const { limit: _limit, cursor: _cursor, figure: _figure, ...rowFilters } = ReportRowsQuery.properties
export const SheetQuery = Type.Object({
  ...rowFilters,
  sheet: Choice(SHEETS),
  by: Type.Optional(Choice(REPORT_STEPS)),
  /** Of `rows`: whose. */
  figure: Type.Optional(Choice(FIGURES)),
})
export type SheetQuery = Static<typeof SheetQuery>

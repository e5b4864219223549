import Type, { type Static } from 'typebox'
import { BoundedCount } from './views.ts'
import { Choice, Id, Nullable, PageQuery, Time } from './common.ts'
import { ContactBrief } from './contacts.ts'
import { Money } from './field-values.ts'
import { FileInfo } from './files.ts'
import { ContactSelection, EXPORT_FORMATS } from './operations.ts'

/*
 * Campaigns, recipient lists and the exclusion list. Routes (below /api/v1; right in brackets):
 *
 *   GET    /campaigns                      CampaignQuery → page of Campaign                       [campaign.view]
 *   POST   /campaigns                      CampaignNew → Campaign (draft)                         [campaign.manage]
 *   POST   /campaigns/audience             Audience → AudienceCount                               [campaign.manage]
 *   GET    /campaigns/settings             → CampaignSettings                                     [campaign.view]
 *   PUT    /campaigns/settings             CampaignSettings → CampaignSettings                    [campaign.manage]
 *   GET    /campaigns/:id                  → Campaign                                             [campaign.view]
 *   PATCH  /campaigns/:id                  CampaignPatch → Campaign; only draft and ready (which is a draft again, its
 *                                          recipients are thrown away)                            [campaign.manage]
 *   DELETE /campaigns/:id                  → Ok; what was never started                           [campaign.manage]
 *   POST   /campaigns/:id/copy             → Campaign (a new draft)                               [campaign.manage]
 *   POST   /campaigns/:id/prepare          → Campaign (preparing: recipients are written down)    [campaign.manage]
 *   POST   /campaigns/:id/draft            → Campaign (draft again, from preparing, ready, scheduled) [campaign.manage]
 *   POST   /campaigns/:id/start            CampaignStart → Campaign (running, or scheduled)       [campaign.send]
 *   POST   /campaigns/:id/unschedule       → Campaign (ready)                                     [campaign.send]
 *   POST   /campaigns/:id/pause            → Campaign; what is not yet handed over comes back     [campaign.send]
 *   POST   /campaigns/:id/resume           → Campaign                                             [campaign.send]
 *   POST   /campaigns/:id/cancel           → Campaign; final                                      [campaign.send]
 *   POST   /campaigns/:id/retry            CampaignRetry → Campaign; runs (again)                 [campaign.send]
 *   GET    /campaigns/:id/recipients       RecipientQuery → page of CampaignRecipient             [campaign.view, contact.view]
 *   POST   /campaigns/:id/export           CampaignExport → Operation (kind export)               [contact.export]
 *
 *   GET    /recipient-lists                ListQuery → page of RecipientList                      [campaign.view]
 *   POST   /recipient-lists                RecipientListNew → RecipientList                       [campaign.manage]
 *   GET    /recipient-lists/:id            → RecipientList                                        [campaign.view]
 *   PATCH  /recipient-lists/:id            RecipientListNew → RecipientList                       [campaign.manage]
 *   DELETE /recipient-lists/:id            → Ok                                                   [campaign.manage]
 *   GET    /recipient-lists/:id/members    MemberQuery → page of ListMember                       [campaign.view, contact.view]
 *   POST   /recipient-lists/:id/remove     MemberRemove → RecipientList                           [campaign.manage]
 *   POST   /recipient-lists/file           ListFileAsk → ListFilePreview (reads the head, stores nothing) [campaign.manage]
 *   POST   /recipient-lists/:id/fill       FillNew → ListFill (goes on in the background; the list tells how far) [campaign.manage]
 *   GET    /recipient-lists/:id/problems   PageQuery → page of FillProblem, of the last filling   [campaign.view]
 *   GET    /recipient-lists/:id/problems.csv  the same as a file                                  [campaign.view]
 *
 *   GET    /exclusions                     ExclusionQuery → page of Exclusion                     [campaign.view]
 *   POST   /exclusions                     ExclusionNew → Exclusion                               [campaign.manage]
 *   POST   /exclusions/fill                ExclusionFillNew → ListFill (an import)                [campaign.manage]
 *   GET    /exclusions/fill                → ListFill or null: the last import                    [campaign.view]
 *   GET    /exclusions/problems            PageQuery → page of FillProblem, of the last import    [campaign.view]
 *   DELETE /exclusions/:id                 → Ok                                                   [campaign.manage]
 *
 * Live: {kind: 'campaign', id} (also for what only its recipients changed; at most about twice a second each),
 * {kind: 'defined', what: 'lists'} is NOT about recipient lists: they are told as {kind: 'defined', what: 'exclusions'},
 * as the exclusion list is. Public pages of opting out stand at /o/<token>, outside the API.
 */

// ── recipient lists

export const FILL_STATES = ['waiting', 'running', 'done', 'failed'] as const
/** What fills a list (or the exclusion list), and how far it has come. */
export const ListFill = Type.Object({
  id: Id,
  state: Choice(FILL_STATES),
  source: Choice(['selection', 'numbers', 'file'] as const),
  fileName: Nullable(Type.String()),
  /** Rows to go through; of a file known once it has been read. */
  total: Type.Integer(),
  done: Type.Integer(),
  added: Type.Integer(),
  /** There already, or twice in the source. */
  double: Type.Integer(),
  bad: Type.Integer(),
  /** A sentence in the reader's language. */
  failure: Nullable(Type.String()),
  createdAt: Time,
  finishedAt: Nullable(Time),
})
export type ListFill = Static<typeof ListFill>

/** A further column of a file, for texts: `{row.<key>}`. */
export const RowField = Type.Object({
  key: Type.String({ pattern: '^[a-z][a-z0-9_]{0,39}$' }),
  /** As it stood above the column. */
  heading: Type.String({ maxLength: 200 }),
})
export type RowField = Static<typeof RowField>

export const RecipientList = Type.Object({
  id: Id,
  name: Type.String(),
  /** Members; `unknown` of them are numbers no contact has: they become leads when a campaign to them is prepared. */
  count: Type.Integer(),
  unknown: Type.Integer(),
  /** What texts may name of the rows. */
  fields: Type.Array(RowField),
  /** The last filling, or the one under way. */
  fill: Nullable(ListFill),
  createdBy: Id,
  createdAt: Time,
  updatedAt: Time,
})
export type RecipientList = Static<typeof RecipientList>
export const RecipientListNew = Type.Object({ name: Type.String({ minLength: 1, maxLength: 100 }) })
export type RecipientListNew = Static<typeof RecipientListNew>
export const RecipientListQuery = Type.Object({ ...PageQuery, search: Type.Optional(Type.String({ maxLength: 200 })) })
export type RecipientListQuery = Static<typeof RecipientListQuery>

export const ListMember = Type.Object({
  id: Id,
  /** Null: a number of nobody we know. */
  contact: Nullable(ContactBrief),
  /** E.164; null for a contact that was chosen as such. */
  phone: Nullable(Type.String()),
  /** As the file named them. */
  name: Type.String(),
  row: Type.Record(Type.String(), Type.String()),
  excluded: Type.Boolean(),
})
export type ListMember = Static<typeof ListMember>
/** `search`: a number, or words of a name in the file. */
export const ListMemberQuery = Type.Object({ ...PageQuery, search: Type.Optional(Type.String({ maxLength: 200 })) })
export type ListMemberQuery = Static<typeof ListMemberQuery>
export const ListMemberRemove = Type.Object({ ids: Type.Array(Id, { minItems: 1, maxItems: 1000 }) })
export type ListMemberRemove = Static<typeof ListMemberRemove>

const FileReading = {
  fileId: Id,
  /** Where it was not recognised rightly. */
  sheet: Type.Optional(Type.String({ maxLength: 200 })),
  encoding: Type.Optional(Choice(['utf-8', 'windows-1256', 'utf-16le'] as const)),
  separator: Type.Optional(Choice([',', ';', '\t', '|'] as const)),
}
export const ListFileAsk = Type.Object(FileReading)
export type ListFileAsk = Static<typeof ListFileAsk>

/** What a column of the file is: the number, the name, a field for texts (`key`), or nothing. */
export const ListColumn = Type.Object({
  target: Choice(['number', 'name', 'field', 'none'] as const),
  /** Of fields; left out: made from the heading. */
  key: Type.Optional(RowField.properties.key),
})
export type ListColumn = Static<typeof ListColumn>
export const ListFilePreview = Type.Object({
  fileName: Type.String(),
  format: Type.Object({ type: Type.String(), encoding: Nullable(Type.String()), separator: Nullable(Type.String()) }),
  sheets: Type.Array(Type.String()),
  sheet: Nullable(Type.String()),
  /** As they were recognised; to be sent back, changed or not, as `columns` of the filling. */
  columns: Type.Array(
    Type.Object({ heading: Type.String(), samples: Type.Array(Type.String()), ...ListColumn.properties }),
  ),
})
export type ListFilePreview = Static<typeof ListFilePreview>

const FillFile = Type.Object({ ...FileReading, columns: Type.Array(ListColumn, { minItems: 1, maxItems: 300 }) })
/** One of them: contacts, numbers as somebody typed or pasted them (a line or a comma between), a file. */
export const FillNew = Type.Union([
  Type.Object({ of: ContactSelection }),
  Type.Object({ numbers: Type.String({ minLength: 1, maxLength: 200_000 }) }),
  Type.Object({ file: FillFile }),
])
export type FillNew = Static<typeof FillNew>

export const FILL_PROBLEMS = ['no_number', 'not_a_phone', 'double', 'not_visible'] as const
export const FillProblem = Type.Object({
  /** The row's number in the file, or of the pasted numbers. */
  n: Type.Integer(),
  value: Type.String(),
  code: Choice(FILL_PROBLEMS),
  /** A sentence in the reader's language. */
  message: Type.String(),
})
export type FillProblem = Static<typeof FillProblem>

// ── the exclusion list

export const EXCLUSION_CAUSES = ['hand', 'import', 'keyword', 'link'] as const
/** Somebody who gets nothing that is sent to many: everywhere, or (`channelId`) on one channel. */
export const Exclusion = Type.Object({
  id: Id,
  /** The contact as it stands now; null: an address nobody has, or whoever had it was erased. */
  contact: Nullable(ContactBrief),
  /** Null when the contact as such is excluded, or the address was erased. */
  kind: Nullable(Type.String()),
  value: Nullable(Type.String()),
  channelId: Nullable(Id),
  cause: Choice(EXCLUSION_CAUSES),
  /** What somebody wrote of it; of a keyword the customer's words. */
  reason: Type.String(),
  /** The campaign that was answered so. */
  campaignId: Nullable(Id),
  createdBy: Nullable(Id),
  createdAt: Time,
})
export type Exclusion = Static<typeof Exclusion>
/** By contact or by address. */
export const ExclusionNew = Type.Object({
  contactId: Type.Optional(Id),
  kind: Type.Optional(Type.String({ pattern: '^[a-z][a-z0-9-]{1,30}$' })),
  value: Type.Optional(Type.String({ minLength: 1, maxLength: 254 })),
  channelId: Type.Optional(Nullable(Id)),
  reason: Type.Optional(Type.String({ maxLength: 500 })),
})
export type ExclusionNew = Static<typeof ExclusionNew>
export const ExclusionQuery = Type.Object({
  ...PageQuery,
  /** Part of an address, or the contact's name. */
  search: Type.Optional(Type.String({ maxLength: 200 })),
  cause: Type.Optional(Choice(EXCLUSION_CAUSES)),
  contactId: Type.Optional(Id),
  campaignId: Type.Optional(Id),
})
export type ExclusionQuery = Static<typeof ExclusionQuery>
export const ExclusionFillNew = Type.Object({
  from: Type.Union([
    Type.Object({ numbers: Type.String({ minLength: 1, maxLength: 200_000 }) }),
    Type.Object({ file: FillFile }),
  ]),
  channelId: Type.Optional(Nullable(Id)),
  reason: Type.Optional(Type.String({ maxLength: 500 })),
})
export type ExclusionFillNew = Static<typeof ExclusionFillNew>

// ── campaigns

/** draft → preparing → ready → (scheduled →) running ⇄ paused → done; cancelled from any of the later ones. */
export const CAMPAIGN_STATES = [
  'draft',
  'preparing',
  'ready',
  'scheduled',
  'running',
  'paused',
  'done',
  'cancelled',
] as const
export type CampaignState = (typeof CAMPAIGN_STATES)[number]

/** Everybody who is in one of them at least, each once. */
export const Audience = Type.Object({
  /** Filters as lists of contacts have them (`filter`, with `search`), or chosen contacts. */
  selections: Type.Array(ContactSelection, { maxItems: 20 }),
  /** Saved views of contacts. */
  viewIds: Type.Array(Id, { maxItems: 20 }),
  listIds: Type.Array(Id, { maxItems: 20 }),
})
export type Audience = Static<typeof Audience>
/** How many each part has, before anything is taken out; people in several parts are counted in each. */
export const AudienceCount = Type.Object({
  selections: Type.Array(BoundedCount),
  views: Type.Array(BoundedCount),
  lists: Type.Array(BoundedCount),
})
export type AudienceCount = Static<typeof AudienceCount>

const Clock = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' })
/** Nothing is sent from `from` until `to` (over midnight if `to` is smaller), in the organisation's time zone. */
export const QuietHours = Type.Object({ from: Clock, to: Clock })
export type QuietHours = Static<typeof QuietHours>

export const PAUSE_REASONS = ['by_hand', 'refusals', 'channel', 'budget', 'no_right', 'failure'] as const
export const RECIPIENT_STATES = [
  'ready', // to be written to
  'queued', // handed to the sender
  'sent',
  'delivered',
  'read',
  'failed',
  'unknown', // the provider did not say; never sent again by itself
  'cancelled',
  'held', // its text lacks a field: not sent
  'excluded',
] as const
export type RecipientState = (typeof RECIPIENT_STATES)[number]
/** Why somebody is held, excluded or failed. */
export const RECIPIENT_REASONS = [
  'missing_field', // held: `detail` names the fields
  'opted_out',
  'no_way',
  'unreachable', // `detail`: until when
  'duplicate', // somebody else in the campaign has the address
  'not_visible', // gone, or out of the starter's sight, since
  'too_long',
] as const

export const CampaignCounts = Type.Object({
  /** All rows, those excluded and held too. */
  total: Type.Integer(),
  ...(Object.fromEntries(RECIPIENT_STATES.map((state) => [state, Type.Integer()])) as Record<
    RecipientState,
    ReturnType<typeof integer>
  >),
})
function integer() {
  return Type.Integer()
}
export type CampaignCounts = Static<typeof CampaignCounts>

/** What starting would mean, as of when the recipients were written down. */
export const CampaignEstimate = Type.Object({
  /** To be sent back when starting: nobody starts anything else than what was shown. */
  version: Type.Integer(),
  at: Time,
  recipients: Type.Integer(),
  byRoute: Type.Array(
    Type.Object({
      channelId: Id,
      reason: Type.String(),
      count: Type.Integer(),
      /** Null: free, or not known. */
      cost: Nullable(Money),
      /** What the switch saves against the dearest way these people have. */
      saved: Nullable(Money),
    }),
  ),
  excluded: Type.Array(Type.Object({ reason: Choice(RECIPIENT_REASONS), count: Type.Integer() })),
  held: Type.Array(Type.Object({ field: Type.String(), count: Type.Integer() })),
  /** By currency; empty: free, or not known. */
  cost: Type.Array(Money),
  /** How long it takes at the rates allowed, quiet hours left out of account. */
  seconds: Type.Integer(),
  /** A budget that would stop it. */
  budgetId: Nullable(Id),
})
export type CampaignEstimate = Static<typeof CampaignEstimate>

const CampaignContent = {
  name: Type.String({ minLength: 1, maxLength: 200 }),
  audience: Audience,
  /** Ways that may be taken, in the order preferred where prices are equal. */
  channelIds: Type.Array(Id, { maxItems: 20 }),
  /** The text comes from here; null: `text`. */
  templateId: Nullable(Id),
  text: Type.String({ maxLength: 20_000 }),
  fileIds: Type.Array(Id, { maxItems: 10 }),
  /** Show the button to share the own number, where a channel can. */
  askNumber: Type.Boolean(),
  /** Null: at any hour. */
  quiet: Nullable(QuietHours),
}
export const Campaign = Type.Object({
  id: Id,
  ...CampaignContent,
  state: Choice(CAMPAIGN_STATES),
  files: Type.Array(FileInfo),
  /** Of a paused one; `sentence` in the reader's language. */
  pause: Nullable(Type.Object({ reason: Choice(PAUSE_REASONS), sentence: Type.String() })),
  /** A running one that waits: until when the quiet hours last. */
  quietUntil: Nullable(Time),
  /** Why preparing failed: a sentence in the reader's language. The campaign is a draft then. */
  failure: Nullable(Type.String()),
  counts: CampaignCounts,
  /** Of preparing: contacts gone through, of how many (0: not known yet). */
  prepared: Type.Object({ done: Type.Integer(), total: Type.Integer() }),
  estimate: Nullable(CampaignEstimate),
  /** What its messages have cost so far, and what is set aside for those on their way, by currency. */
  spent: Type.Array(Money),
  scheduledAt: Nullable(Time),
  /** Of a running one: how many are sent a second now, and when it will be through. */
  perSecond: Nullable(Type.Number()),
  endsAt: Nullable(Time),
  version: Type.Integer(),
  /** Whether the reader may do it now, by rights and state. */
  may: Type.Object({
    edit: Type.Boolean(),
    prepare: Type.Boolean(),
    start: Type.Boolean(),
    pause: Type.Boolean(),
    resume: Type.Boolean(),
    cancel: Type.Boolean(),
    retry: Type.Boolean(),
    delete: Type.Boolean(),
  }),
  createdBy: Id,
  startedBy: Nullable(Id),
  createdAt: Time,
  updatedAt: Time,
  startedAt: Nullable(Time),
  finishedAt: Nullable(Time),
})
export type Campaign = Static<typeof Campaign>
export const CampaignNew = Type.Object({
  name: CampaignContent.name,
  audience: Type.Optional(CampaignContent.audience),
  channelIds: Type.Optional(CampaignContent.channelIds),
  templateId: Type.Optional(CampaignContent.templateId),
  text: Type.Optional(CampaignContent.text),
  fileIds: Type.Optional(CampaignContent.fileIds),
  askNumber: Type.Optional(CampaignContent.askNumber),
  /** Left out: the organisation's. */
  quiet: Type.Optional(CampaignContent.quiet),
})
export type CampaignNew = Static<typeof CampaignNew>
export const CampaignPatch = Type.Partial(CampaignNew)
export type CampaignPatch = Static<typeof CampaignPatch>
export const CampaignQuery = Type.Object({
  ...PageQuery,
  state: Type.Optional(Choice(CAMPAIGN_STATES)),
  search: Type.Optional(Type.String({ maxLength: 200 })),
})
export type CampaignQuery = Static<typeof CampaignQuery>

/** @see CampaignEstimate.version. `at`: later; left out: now. */
export const CampaignStart = Type.Object({ version: Type.Integer(), at: Type.Optional(Nullable(Time)) })
export type CampaignStart = Static<typeof CampaignStart>
/** `failed`: written to again; `held`: their texts are made anew; `unknown`: only when a person says so. */
export const CampaignRetry = Type.Object({
  states: Type.Array(Choice(['failed', 'held', 'unknown'] as const), { minItems: 1, maxItems: 3 }),
})
export type CampaignRetry = Static<typeof CampaignRetry>

export const CampaignRecipient = Type.Object({
  id: Id,
  /** Null: erased. */
  contact: Nullable(ContactBrief),
  state: Choice(RECIPIENT_STATES),
  reason: Nullable(Choice(RECIPIENT_REASONS)),
  detail: Nullable(Type.String()),
  /** By which way, as the message went (after the switch to another way: that one). Null: none. */
  channelId: Nullable(Id),
  route: Nullable(Type.String()),
  rerouted: Type.Boolean(),
  price: Nullable(Money),
  text: Type.String(),
  messageId: Nullable(Id),
  conversationId: Nullable(Id),
  /** The provider's code of what failed. */
  code: Nullable(Type.String()),
  at: Time,
})
export type CampaignRecipient = Static<typeof CampaignRecipient>
/** Without an order of its own: as they are written to. */
export const CampaignRecipientQuery = Type.Object({
  ...PageQuery,
  state: Type.Optional(Choice(RECIPIENT_STATES)),
  reason: Type.Optional(Choice(RECIPIENT_REASONS)),
  channelId: Type.Optional(Id),
  contactId: Type.Optional(Id),
})
export type CampaignRecipientQuery = Static<typeof CampaignRecipientQuery>
export const CampaignExport = Type.Object({
  format: Choice(EXPORT_FORMATS.filter((format) => format !== 'vcf')),
  state: Type.Optional(Choice(RECIPIENT_STATES)),
})
export type CampaignExport = Static<typeof CampaignExport>

export const CampaignSettings = Type.Object({
  /** Whoever got a campaign and answers with nothing but one of these gets no further one. */
  keywords: Type.Array(Type.String({ minLength: 1, maxLength: 40 }), { maxItems: 100 }),
  confirm: Type.Boolean(),
  /** The answer to them; empty: a sentence in the organisation's language. */
  confirmText: Type.String({ maxLength: 1000 }),
  quiet: Nullable(QuietHours),
  /** A campaign pauses itself after so many refusals in a row, or so many per cent of the last hundred. */
  stopAfter: Type.Integer({ minimum: 1, maximum: 1000 }),
  stopShare: Type.Integer({ minimum: 1, maximum: 100 }),
})
export type CampaignSettings = Static<typeof CampaignSettings>

import Type, { type Static } from 'typebox'
import { Choice, Id, Nullable, PageQuery, Time } from './common.ts'
import { ContactBrief, IdentityNew } from './contacts.ts'
import { FieldValues, Money } from './field-values.ts'
import { FileInfo } from './files.ts'

export const CONVERSATION_STATES = ['open', 'waiting', 'closed'] as const
export const MESSAGE_STATES = [
  'received',
  'waiting',
  'sending',
  'sent',
  'delivered',
  'read',
  'failed',
  'unknown',
  'cancelled',
] as const
export const MESSAGE_KINDS = [
  'text',
  'photo',
  'document',
  'voice',
  'audio',
  'video',
  'animation',
  'sticker',
  'location',
  'contact',
  'start',
  'press',
  'other',
] as const

export const Conversation = Type.Object({
  id: Id,
  channelId: Id,
  /** The contact as it stands now, merges followed. */
  contact: ContactBrief,
  state: Choice(CONVERSATION_STATES),
  assigneeId: Nullable(Id),
  queueId: Nullable(Id),
  lastAt: Time,
  lastText: Type.String(),
  lastKind: Choice(MESSAGE_KINDS),
  lastDirection: Choice(['in', 'out'] as const),
  /** Messages that came in since an agent last looked or answered. */
  unread: Type.Integer(),
  /** Since when the customer waits for an answer. */
  unansweredSince: Nullable(Time),
  /** Custom fields by their keys. */
  fields: FieldValues,
  createdAt: Time,
  closedAt: Nullable(Time),
  /** Grows with every change: a screen keeps the higher one. */
  version: Type.Integer(),
})
export type Conversation = Static<typeof Conversation>

export const Attachment = Type.Object({
  id: Id,
  kind: Choice(['photo', 'document', 'voice', 'audio', 'video', 'animation', 'sticker'] as const),
  state: Choice(['remote', 'ready', 'failed'] as const),
  failure: Nullable(Type.String()),
  name: Nullable(Type.String()),
  mediaType: Nullable(Type.String()),
  size: Nullable(Type.Integer()),
  width: Nullable(Type.Integer()),
  height: Nullable(Type.Integer()),
  durationMs: Nullable(Type.Integer()),
  fileId: Nullable(Id),
})
export type Attachment = Static<typeof Attachment>

export const Message = Type.Object({
  id: Id,
  conversationId: Id,
  channelId: Id,
  contactId: Id,
  direction: Choice(['in', 'out'] as const),
  state: Choice(MESSAGE_STATES),
  kind: Choice(MESSAGE_KINDS),
  text: Type.String(),
  /** location: {latitude, longitude}, contact: {name, phone}, label and value (of a press), startPayload, askNumber (the button), link: {label, channelId} (the button to the bot). */
  data: Nullable(Type.Record(Type.String(), Type.Unknown())),
  attachments: Type.Array(Attachment),
  replyToId: Nullable(Id),
  authorId: Nullable(Id),
  origin: Choice(['contact', 'agent', 'welcome', 'api', 'automation', 'campaign'] as const),
  at: Time,
  editedAt: Nullable(Time),
  /** `message` is the provider's own wording, the same for every reader; `ChannelKindInfo.errors` has the reader's words for `code`. */
  failure: Nullable(Type.Object({ code: Type.String(), message: Type.String() })),
  /** Sending again makes sense and is allowed. */
  retryable: Type.Boolean(),
  /** The message that could not be delivered, in whose place this one went by another way. */
  reroutedFromId: Type.Optional(Id),
  /** The message that went by another way in this one's place. */
  reroutedToId: Type.Optional(Id),
  campaignId: Type.Optional(Id),
})
export type Message = Static<typeof Message>

export const Note = Type.Object({
  id: Id,
  conversationId: Nullable(Id),
  contactId: Id,
  authorId: Id,
  text: Type.String(),
  mentions: Type.Array(Id),
  files: Type.Array(FileInfo),
  at: Time,
  editedAt: Nullable(Time),
})
export type Note = Static<typeof Note>

/** assigned, closed, reopened, waiting, contact_made, identity_added, number_shared, number_not_own, merged, merge_undone, identity_conflict, joined … */
export const ActivityEvent = Type.Object({
  id: Id,
  kind: Type.String(),
  contactId: Id,
  conversationId: Nullable(Id),
  actorId: Nullable(Id),
  data: Type.Record(Type.String(), Type.Unknown()),
  at: Time,
})
export type ActivityEvent = Static<typeof ActivityEvent>

/** One entry of a thread or timeline, newest first in pages; `type` says which field is there. */
export const TimelineItem = Type.Union([
  Type.Object({ type: Type.Literal('message'), at: Time, message: Message }),
  Type.Object({ type: Type.Literal('note'), at: Time, note: Note }),
  Type.Object({ type: Type.Literal('event'), at: Time, event: ActivityEvent }),
])
export type TimelineItem = Static<typeof TimelineItem>
export const TIMELINE_TYPES = ['message', 'note', 'event'] as const
export const TimelineQuery = Type.Object({
  ...PageQuery,
  /** Only this kind of entry. */
  type: Type.Optional(Choice(TIMELINE_TYPES)),
  channelId: Type.Optional(Id),
  /** Only messages with attachments. */
  files: Type.Optional(Type.Boolean()),
})
export type TimelineQuery = Static<typeof TimelineQuery>

/** Custom fields (`field.<key>` …) may be conditions too, as in shared/src/filter.ts. */
export const ConversationQuery = Type.Object(
  {
    ...PageQuery,
    state: Type.Optional(Choice(CONVERSATION_STATES)),
    /** An id, `me`, or `none`. */
    assigneeId: Type.Optional(Type.String({ pattern: '^([1-9][0-9]{0,18}|me|none)$' })),
    channelId: Type.Optional(Id),
    contactId: Type.Optional(Id),
    queueId: Type.Optional(Id),
    unread: Type.Optional(Type.Boolean()),
    /** Words of its messages, or the contact's name or number. */
    search: Type.Optional(Type.String({ maxLength: 200 })),
  },
  { patternProperties: { '^field\\.[a-z0-9_.]{1,80}$': Type.String({ maxLength: 2000 }) } },
)
export type ConversationQuery = Static<typeof ConversationQuery>

/** Conversations by view; `unread` of them have something unread. */
export const ConversationCounts = Type.Object(
  Object.fromEntries(
    ['mine', 'unassigned', 'open', 'waiting', 'closed'].map((view) => [
      view,
      Type.Object({ total: Type.Integer(), unread: Type.Integer() }),
    ]),
  ) as Record<'mine' | 'unassigned' | 'open' | 'waiting' | 'closed', ReturnType<typeof countSchema>>,
)
function countSchema() {
  return Type.Object({ total: Type.Integer(), unread: Type.Integer() })
}
export type ConversationCounts = Static<typeof ConversationCounts>

export const MessageNew = Type.Object({
  text: Type.Optional(Type.String({ maxLength: 20_000 })),
  attachmentIds: Type.Optional(Type.Array(Id, { maxItems: 10 })),
  /** A note: seen by colleagues, never sent. */
  internal: Type.Optional(Type.Boolean()),
  /** Users called to a note. */
  mentions: Type.Optional(Type.Array(Id, { maxItems: 50 })),
  replyToId: Type.Optional(Id),
  /** Show the customer a button to share the own number, where the channel can. */
  askNumber: Type.Optional(Type.Boolean()),
  /** A text with fields (`GET /templates`). Without `text` its words and files are sent, filled in; with it, the use is only noted. */
  templateId: Type.Optional(Id),
  /** Values for its fields, by their names (`event.order` or `order`); they go before what Daftar knows. */
  fields: Type.Optional(
    Type.Record(
      Type.String({ maxLength: 120 }),
      Type.Union([Type.String({ maxLength: 5000 }), Type.Number(), Type.Boolean(), Money]),
    ),
  ),
})
export type MessageNew = Static<typeof MessageNew>

export const ConversationNew = Type.Object({
  contactId: Type.Optional(Id),
  identity: Type.Optional(IdentityNew),
  /** Absent: the best way there is, see GET /contacts/{id}/routes. */
  channelId: Type.Optional(Id),
  /** If the person cannot be reached that way, the next one is taken. */
  fallback: Type.Optional(Type.Boolean()),
  message: MessageNew,
})
export type ConversationNew = Static<typeof ConversationNew>

export const ConversationPatch = Type.Partial(
  Type.Object({
    state: Choice(CONVERSATION_STATES),
    assigneeId: Nullable(Id),
    unread: Type.Literal(0),
    /** The named keys change. */
    fields: FieldValues,
  }),
)
export type ConversationPatch = Static<typeof ConversationPatch>

export const MessageAttempt = Type.Object({
  n: Type.Integer(),
  startedAt: Time,
  finishedAt: Nullable(Time),
  outcome: Nullable(Type.String()),
  code: Nullable(Type.String()),
  detail: Nullable(Type.String()),
  retryAt: Nullable(Time),
})
export type MessageAttempt = Static<typeof MessageAttempt>
export const ROUTE_REASONS = ['known_chat', 'cheapest', 'only_way', 'asked_for', 'fallback'] as const
/** By which way a message goes and why. `price` of one message; `saved`: less than by the number, thanks to the chat. */
export const MessageRoute = Type.Object({
  reason: Choice(ROUTE_REASONS),
  price: Nullable(Money),
  saved: Nullable(Money),
  /** Channels that are tried next if the person cannot be reached. */
  next: Type.Array(Id),
})
export type MessageRoute = Static<typeof MessageRoute>

/** A way to reach a contact. `address`: the number or name there. */
export const ContactWay = Type.Object({
  channelId: Id,
  identityId: Id,
  identityKind: Type.String(),
  address: Type.String(),
  reason: Choice(ROUTE_REASONS),
  price: Nullable(Money),
  saved: Nullable(Money),
})
export type ContactWay = Static<typeof ContactWay>
/**
 * By which of the caller's channels the next message to a contact would go, best first, and why the others are no way.
 * `since` and `until`: could not be reached then, and is not tried again before.
 */
export const ContactRoutes = Type.Object({
  ways: Type.Array(ContactWay),
  no: Type.Array(
    Type.Object({
      channelId: Id,
      reason: Choice(['no_address', 'never_wrote', 'unreachable', 'not_active'] as const),
      since: Type.Optional(Time),
      until: Type.Optional(Time),
    }),
  ),
})
export type ContactRoutes = Static<typeof ContactRoutes>

/** A message with its attempts and former texts. */
export const MessageDetail = Type.Intersect([
  Message,
  Type.Object({
    /** null: the conversation's own. */
    route: Nullable(MessageRoute),
    attempts: Type.Array(MessageAttempt),
    revisions: Type.Array(Type.Object({ text: Type.String(), at: Time })),
  }),
])
export type MessageDetail = Static<typeof MessageDetail>

export const Draft = Type.Object({
  text: Type.String({ maxLength: 20_000 }),
  fileIds: Type.Array(Id, { maxItems: 10 }),
  internal: Type.Boolean(),
})
export type Draft = Static<typeof Draft>
export const DraftAnswer = Type.Intersect([
  Draft,
  Type.Object({ files: Type.Array(FileInfo), updatedAt: Nullable(Time) }),
])
export type DraftAnswer = Static<typeof DraftAnswer>

export const PresencePut = Type.Object({ doing: Choice(['viewing', 'typing', 'gone'] as const) })
/** Who else is in a conversation now. */
export const PresenceList = Type.Object({
  items: Type.Array(Type.Object({ userId: Id, doing: Choice(['viewing', 'typing'] as const) })),
})
export type PresenceList = Static<typeof PresenceList>

/** A message found by its words. `snippet` is plain text; the words found stand between U+E000 and U+E001. */
export const FoundMessage = Type.Object({
  messageId: Id,
  conversationId: Id,
  channelId: Id,
  contact: ContactBrief,
  direction: Choice(['in', 'out'] as const),
  snippet: Type.String(),
  at: Time,
})
export type FoundMessage = Static<typeof FoundMessage>

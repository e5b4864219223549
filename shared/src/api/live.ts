import type { ChannelBrief } from './channels.ts'
import type { Deal } from './deals.ts'
import type { Operation } from './operations.ts'
import type { Conversation, Message, TimelineItem } from './conversations.ts'

/**
 * What a screen is told, over `GET /api/v1/events` (server-sent events).
 * `event: change`, `id:` the number, `data:` an array of LiveChange. `event: hello` once the screen is up to date, after
 * what it missed; it carries the current number. `event: beat` every 20 s: a silent line is a dead one.
 * `event: reload`: too much was missed; fetch everything anew. `event: presence` (no number): {conversationId, userId, doing}.
 */
export type LiveChange =
  /** A message was added or changed; `conversation` as it stands after it. */
  | { kind: 'message'; message: Message; conversation: Conversation | null }
  | { kind: 'conversation'; conversation: Conversation }
  /** Something goes out to many: whoever shows one of these threads or timelines fetches it again. */
  | { kind: 'threads'; conversationIds: string[]; contactIds: string[] }
  /** A note or event in a thread or on a timeline; deleted notes come as `removed`. */
  | { kind: 'activity'; item: TimelineItem; conversationId: string | null; contactId: string }
  | { kind: 'activity_removed'; type: 'note'; id: string; conversationId: string | null; contactId: string }
  /** Fetch the contact again. `ids`: every contact the change touched (both sides of a merge). */
  | { kind: 'contact'; ids: string[] }
  | { kind: 'channel'; channel: ChannelBrief }
  | { kind: 'users' }
  /** Rights or channels may have changed: fetch /me again. */
  | { kind: 'me' }
  | { kind: 'organisation' }
  /** What the office defines has changed: fetch it again. */
  | { kind: 'defined'; what: Defined }
  /** An operation moved on, told to whoever started it. */
  | { kind: 'operation'; operation: Operation }
  /** A deal was made, changed, moved or deleted (`deal` null). */
  | { kind: 'deal'; id: string; contactId: string; deal: Deal | null }
  /** A campaign's state or counts moved on: fetch it again. */
  | { kind: 'campaign'; id: string }
  | { kind: 'request'; id: string; contactId: string | null }
  | { kind: 'task'; id: string; contactId: string | null }
  /** One's notices changed: fetch them again. */
  | { kind: 'notices' }
  | { kind: 'duplicates' }
  | { kind: 'inbound'; channelId: string; quarantined: number }
  | { kind: 'draft'; conversationId: string }
  /** Somebody called you in a note. */
  | { kind: 'mention'; conversationId: string | null; contactId: string; noteId: string; byId: string }

/** What the office defines and many screens read. */
export const DEFINED = [
  'fields',
  'tags',
  'lists',
  'views',
  'teams',
  'invitations',
  'stages',
  'templates',
  'automations',
  'macros',
  'prices',
  'budgets',
  'exclusions',
] as const
export type Defined = (typeof DEFINED)[number]

export interface LivePresence {
  conversationId: string
  userId: string
  doing: 'viewing' | 'typing' | 'gone'
}

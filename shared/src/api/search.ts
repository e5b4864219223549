import Type, { type Static } from 'typebox'
import { SEARCH_GROUPS } from './choices.ts'
import { Choice, Id, Nullable, Time } from './common.ts'
import { ContactItem } from './contacts.ts'
import { Conversation, FoundMessage } from './conversations.ts'
import { Deal } from './deals.ts'
import { FileInfo } from './files.ts'

/** One field over everything: `search` as one types it, each group its best few, only what the reader may see. */
export const SearchQuery = Type.Object({
  search: Type.String({ maxLength: 200 }),
  /** Only this group. */
  group: Type.Optional(Choice(SEARCH_GROUPS)),
  /** Of each group. */
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, default: 6 })),
  /** Of one group: what comes after the page before. */
  cursor: Type.Optional(Type.String({ maxLength: 2000 })),
})
export type SearchQuery = Static<typeof SearchQuery>

export const FoundFile = Type.Object({
  file: FileInfo,
  contactId: Id,
  contactName: Type.String(),
  conversationId: Nullable(Id),
  messageId: Nullable(Id),
  at: Time,
})
export type FoundFile = Static<typeof FoundFile>
export const SearchResult = Type.Object({
  contacts: Type.Array(ContactItem),
  conversations: Type.Array(Conversation),
  messages: Type.Array(FoundMessage),
  files: Type.Array(FoundFile),
  deals: Type.Array(Deal),
  /** Groups that have more than was asked for. */
  more: Type.Array(Choice(SEARCH_GROUPS)),
  /** Groups that took too long and were left out. */
  slow: Type.Array(Choice(SEARCH_GROUPS)),
  /** Of one group: where the next page begins. What stood on a page before may come again. */
  nextCursor: Nullable(Type.String()),
})
export type SearchResult = Static<typeof SearchResult>

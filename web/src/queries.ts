import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Channel, ChannelKindInfo } from '#shared/api/channels.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { Contact } from '#shared/api/contacts.ts'
import type { Conversation, ConversationCounts, PresenceList, TimelineItem } from '#shared/api/conversations.ts'
import type { Defined } from '#shared/api/live.ts'
import type { Organisation } from '#shared/api/org.ts'
import { api, type Query } from './api.ts'

export const VIEWS = ['mine', 'unassigned', 'open', 'waiting', 'closed'] as const
export type View = (typeof VIEWS)[number]

/** What one list of conversations shows. */
export interface ConversationFilter {
  view: View
  channelId: string | null
  search: string
}

const VIEW_QUERY: Record<View, { state: string; assigneeId?: string }> = {
  mine: { state: 'open', assigneeId: 'me' },
  unassigned: { state: 'open', assigneeId: 'none' },
  open: { state: 'open' },
  waiting: { state: 'waiting' },
  closed: { state: 'closed' },
}

/** Whether a conversation belongs in a list; null when only the server can tell (words to search for). */
export function belongs(filter: ConversationFilter, conversation: Conversation, meId: string): boolean | null {
  const { state, assigneeId } = VIEW_QUERY[filter.view]
  if (conversation.state !== state) return false
  if (assigneeId === 'me' && conversation.assigneeId !== meId) return false
  if (assigneeId === 'none' && conversation.assigneeId !== null) return false
  if (filter.channelId !== null && conversation.channelId !== filter.channelId) return false
  return filter.search === '' ? true : null
}

export const conversationsQuery = (filter: ConversationFilter) =>
  infiniteQueryOptions({
    queryKey: ['conversations', 'list', filter] as const,
    queryFn: ({ pageParam, signal }) => {
      const query = {
        ...VIEW_QUERY[filter.view],
        channelId: filter.channelId,
        search: filter.search,
        limit: 50,
        cursor: pageParam,
      }
      return api.get<PageOf<Conversation>>('/conversations', query, { signal })
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: filter.search === '' ? undefined : keepPreviousData,
  })

export const countsQuery = queryOptions({
  queryKey: ['conversations', 'counts'],
  queryFn: ({ signal }) => api.get<ConversationCounts>('/conversations/counts', {}, { signal }),
})

export const conversationQuery = (id: string) =>
  queryOptions({
    queryKey: ['conversation', id],
    queryFn: ({ signal }) => api.get<Conversation>(`/conversations/${id}`, {}, { signal }),
  })

/** The thread, newest page first. */
export const threadQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['thread', id] as const,
    queryFn: ({ pageParam, signal }) =>
      api.get<PageOf<TimelineItem>>(`/conversations/${id}/messages`, { limit: 50, cursor: pageParam }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
  })

export const presenceQuery = (id: string) =>
  queryOptions({
    queryKey: ['presence', id],
    queryFn: ({ signal }) => api.get<PresenceList>(`/conversations/${id}/presence`, {}, { signal }),
  })

export const contactQuery = (id: string) =>
  queryOptions({
    queryKey: ['contact', id],
    queryFn: ({ signal }) => api.get<Contact>(`/contacts/${id}`, {}, { signal }),
  })

export const channelsQuery = queryOptions({
  queryKey: ['channels'],
  queryFn: ({ signal }) => api.get<PageOf<Channel>>('/channels', { limit: 200 }, { signal }),
})

export const channelKindsQuery = queryOptions({
  queryKey: ['channel-kinds'],
  queryFn: ({ signal }) => api.get<{ items: ChannelKindInfo[] }>('/channel-kinds', {}, { signal }),
  staleTime: Number.POSITIVE_INFINITY,
})

/** The organisation's name, logo and defaults. */
export const organisationQuery = queryOptions({
  queryKey: ['organisation'],
  queryFn: ({ signal }) => api.get<Organisation>('/organisation', {}, { signal }),
})

/**
 * What the office defines itself, whole: few, and asked once. `what` is the key live changes name (see DEFINED).
 * @param path where it differs from the key
 */
export const definedQuery = <T>(what: Defined, query: Query = {}, path: string = what) =>
  queryOptions({
    queryKey: [what, path, query] as const,
    queryFn: ({ signal }) => api.get<{ items: T[] }>(`/${path}`, query, { signal }),
    staleTime: 10 * 60_000,
  })

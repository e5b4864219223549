import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { PageOf } from '#shared/api/common.ts'
import type { ContactItem } from '#shared/api/contacts.ts'
import type { TIMELINE_TYPES, TimelineItem } from '#shared/api/conversations.ts'
import { api } from '../../api.ts'

/** The first few that fit the words, to choose one from. */
export const foundContactsQuery = (search: string) =>
  queryOptions({
    queryKey: ['contacts', 'found', search],
    queryFn: ({ signal }) => api.get<PageOf<ContactItem>>('/contacts', { search, limit: 8 }, { signal }),
    placeholderData: keepPreviousData,
  })

export interface TimelineFilter {
  type: (typeof TIMELINE_TYPES)[number] | null
  channelId: string | null
  files: boolean
}

/** Everything with a contact, over all its conversations, newest first. */
export const timelineQuery = (contactId: string, { files, ...filter }: TimelineFilter) =>
  infiniteQueryOptions({
    queryKey: ['timeline', contactId, 'page', { files, ...filter }] as const,
    queryFn: ({ pageParam, signal }) =>
      api.get<PageOf<TimelineItem>>(
        `/contacts/${contactId}/timeline`,
        { ...filter, files: files || null, limit: 40, cursor: pageParam },
        { signal },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
  })

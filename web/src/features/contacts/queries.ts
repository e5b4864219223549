import { infiniteQueryOptions, keepPreviousData } from '@tanstack/react-query'
import type { PageOf } from '#shared/api/common.ts'
import type { TIMELINE_TYPES, TimelineItem } from '#shared/api/conversations.ts'
import { api } from '../../api.ts'

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

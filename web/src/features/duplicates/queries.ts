import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { PageOf } from '#shared/api/common.ts'
import type { Duplicate, DuplicateCount, DuplicateScan, SimilarAnswer, SimilarAsk } from '#shared/api/duplicates.ts'
import { api } from '../../api.ts'

/** All of these begin with `duplicates`, which live changes name. */

export const duplicatesQuery = infiniteQueryOptions({
  queryKey: ['duplicates', 'list'] as const,
  queryFn: ({ pageParam, signal }) =>
    api.get<PageOf<Duplicate>>('/duplicates', { limit: 50, cursor: pageParam }, { signal }),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.nextCursor,
})

export const duplicatesOfQuery = (contactId: string) =>
  queryOptions({
    queryKey: ['duplicates', 'of', contactId],
    queryFn: ({ signal }) => api.get<PageOf<Duplicate>>('/duplicates', { contactId, limit: 20 }, { signal }),
  })

/** How many there are to look at, as far as is worth counting. */
export const duplicateCountQuery = queryOptions({
  queryKey: ['duplicates', 'count'],
  queryFn: ({ signal }) => api.get<DuplicateCount>('/duplicates/count', {}, { signal }),
})

export const scanQuery = queryOptions({
  queryKey: ['duplicates', 'scan'],
  queryFn: ({ signal }) => api.get<DuplicateScan>('/duplicates/scan', {}, { signal }),
  refetchInterval: (query) => (query.state.data?.state === 'running' ? 1500 : false),
})

/** Contacts that the one being typed may be already. */
export const similarQuery = (ask: SimilarAsk) =>
  queryOptions({
    queryKey: ['duplicates', 'similar', ask],
    queryFn: ({ signal }) => api.post<SimilarAnswer>('/contacts/similar', ask, { signal }),
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  })

import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { PageOf } from '#shared/api/common.ts'
import type { Dashboard, ReportRow } from '#shared/api/reports.ts'
import { api, apiUrl, type Query } from '../../api.ts'
import type { Behind } from './search.ts'

export interface Asked {
  from: string
  to: string
  channelId: string | undefined
  agentId: string | undefined
  by: string | undefined
}

/** Looked at anew every half minute while it is on screen. */
export const dashboardQuery = (asked: Asked) =>
  queryOptions({
    queryKey: ['reports', 'dashboard', asked] as const,
    queryFn: ({ signal }) => api.get<Dashboard>('/reports', { ...asked }, { signal }),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  })

/** What the list asks for: its own stretch and filters before those of the page. */
export function rowsOf(asked: Asked, { from, to, channel, agent, ...rest }: Behind): Query {
  return {
    from: from ?? asked.from,
    to: to ?? asked.to,
    channelId: channel ?? asked.channelId,
    agentId: agent ?? asked.agentId,
    ...rest,
  }
}

export const rowsQuery = (query: Query) =>
  infiniteQueryOptions({
    queryKey: ['reports', 'rows', query] as const,
    queryFn: ({ pageParam, signal }) =>
      api.get<PageOf<ReportRow>>('/reports/rows', { ...query, limit: 50, cursor: pageParam }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
  })

export const sheetUrl = (sheet: string, query: Query): string => apiUrl('/reports/sheet', { ...query, sheet })

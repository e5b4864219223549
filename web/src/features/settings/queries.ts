import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Channel, InboundEvent } from '#shared/api/channels.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { AuditEvent, AuditSeal, Invitation, Role, User } from '#shared/api/org.ts'
import type { ApiToken, SessionItem } from '#shared/api/session.ts'
import { api } from '../../api.ts'
import { channelsQuery } from '../../queries.ts'
import { queryClient } from '../../session/session.ts'

export const rolesQuery = queryOptions({
  queryKey: ['users', 'roles'],
  queryFn: ({ signal }) => api.get<PageOf<Role>>('/roles', {}, { signal }),
})

export const usersPageQuery = (search: string) =>
  infiniteQueryOptions({
    queryKey: ['users', 'page', search] as const,
    queryFn: ({ pageParam, signal }) =>
      api.get<PageOf<User>>('/users', { search, limit: 100, cursor: pageParam }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
  })

export const invitationsQuery = queryOptions({
  queryKey: ['invitations'],
  queryFn: ({ signal }) => api.get<PageOf<Invitation>>('/invitations', {}, { signal }),
  staleTime: 0,
})

export const sessionsQuery = queryOptions({
  queryKey: ['my-sessions'],
  queryFn: ({ signal }) => api.get<PageOf<SessionItem>>('/me/sessions', { limit: 100 }, { signal }),
  staleTime: 0,
})
export const tokensQuery = queryOptions({
  queryKey: ['my-tokens'],
  queryFn: ({ signal }) => api.get<PageOf<ApiToken>>('/me/tokens', { limit: 200 }, { signal }),
  staleTime: 0,
})

export interface InboundFilter {
  state: InboundEvent['state'] | null
  channelId: string | null
}
export const inboundQuery = (filter: InboundFilter) =>
  infiniteQueryOptions({
    queryKey: ['inbound', filter] as const,
    queryFn: ({ pageParam, signal }) =>
      api.get<PageOf<InboundEvent>>('/inbound-events', { ...filter, limit: 30, cursor: pageParam }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
    staleTime: 0,
  })

export interface AuditFilter {
  userId: string | null
  subjectKind: string | null
  search: string
  /** Moments, as the API takes them. */
  from: string | null
  to: string | null
}
export const auditSealQuery = queryOptions({
  queryKey: ['audit', 'seal'],
  queryFn: ({ signal }) => api.get<AuditSeal>('/audit-seal', {}, { signal }),
  staleTime: 0,
})
export const auditQuery = (filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ['audit', filter] as const,
    queryFn: ({ pageParam, signal }) =>
      api.get<PageOf<AuditEvent>>('/audit-events', { ...filter, limit: 50, cursor: pageParam }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
    staleTime: 0,
  })

/** Puts a channel as the server answered it into the list all screens read. */
export function placeChannel(channel: Channel): void {
  queryClient.setQueryData<PageOf<Channel>>(channelsQuery.queryKey, (page) => {
    if (page === undefined) return page
    const known = page.items.some((one) => one.id === channel.id)
    return {
      ...page,
      items: known ? page.items.map((one) => (one.id === channel.id ? channel : one)) : [...page.items, channel],
    }
  })
}

import { QueryClient, queryOptions, useQuery, useSuspenseQuery } from '@tanstack/react-query'
import type { UserBrief } from '#shared/api/org.ts'
import type { Me, MePatch } from '#shared/api/session.ts'
import type { ChannelRight, Right } from '#shared/rights.ts'
import { ApiProblem, api } from '../api.ts'
import { setLanguage } from '../i18n.ts'
import { setTheme } from '../theme.ts'
import { forgetSeeingAs, seenAs } from './seeing-as.ts'

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // Live events keep everything fresh; asking again on every look would only flicker.
      staleTime: 60_000,
      gcTime: 30 * 60_000,
      refetchOnWindowFocus: false,
      retry: (count, error) =>
        count < 2 && (!(error instanceof ApiProblem) || error.status === 0 || error.status >= 500),
    },
  },
})

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => api.get<Me>('/session', {}, { signal, stay: true }),
  staleTime: Number.POSITIVE_INFINITY,
  retry: (count, error) => count < 2 && !(error instanceof ApiProblem && error.status >= 400 && error.status < 500),
})

/** A refusal is believed this long, so that one visit asks once however often it is sent on. */
const BELIEVED = 3000
let refusedAt = 0

/** The signed-in user, or null; asked once, then kept. */
export async function whoAmI(): Promise<Me | null> {
  const known = queryClient.getQueryState(meQuery.queryKey)
  if (refusedAt > (known?.dataUpdatedAt ?? 0) && Date.now() - refusedAt < BELIEVED) return null
  try {
    return await queryClient.ensureQueryData(meQuery)
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error
    // As whom one saw is gone, or one may no longer: then one is oneself again, not shut out.
    if (seenAs() !== null && (error.status === 403 || error.status === 404)) {
      forgetSeeingAs()
      return whoAmI()
    }
    if (error.status !== 401) throw error
    refusedAt = Date.now()
    return null
  }
}

/** From now on nobody is signed in here; what is on screen keeps its data until it has gone. */
export function signedOut(): void {
  forgetSeeingAs()
  refusedAt = Date.now()
}

export const usersQuery = queryOptions({
  queryKey: ['users', 'brief'],
  queryFn: ({ signal }) => api.get<{ items: UserBrief[] }>('/users/brief', {}, { signal }),
})

/** The signed-in user; only on screens behind the sign-in. */
export const useMe = (): Me => useSuspenseQuery(meQuery).data

/** Every colleague by id; empty until they have come. */
export function useUsers(): ReadonlyMap<string, UserBrief> {
  return useQuery({ ...usersQuery, select: byId }).data ?? NOBODY
}
const NOBODY: ReadonlyMap<string, UserBrief> = new Map()
const byId = (page: { items: UserBrief[] }): ReadonlyMap<string, UserBrief> =>
  new Map(page.items.map((user) => [user.id, user]))

export const can = (me: Me, right: Right): boolean => me.rights.includes(right)
export const canOnChannel = (me: Me, right: ChannelRight, channelId: string): boolean =>
  me.channels[right].includes(channelId)

// What one chose at another desk counts here too, as soon as it is heard of.
queryClient.getQueryCache().subscribe((event) => {
  if (event.type !== 'updated' || event.action.type !== 'success' || event.query.queryKey[0] !== 'me') return
  const me = queryClient.getQueryData(meQuery.queryKey)
  if (me !== undefined) void applyPreferences(me)
})

/** Language, digits, calendar, zone and theme as the user keeps them. */
export async function applyPreferences(me: Me): Promise<void> {
  const { theme, ...language } = me.preferences
  setTheme(theme)
  await setLanguage(language)
}

/** Changes something of oneself: at once on the screen, taken back when the server refuses. */
export async function patchMe(patch: MePatch): Promise<void> {
  const before = queryClient.getQueryData(meQuery.queryKey)
  if (before !== undefined) {
    const { preferences, presence } = patch
    const next: Me = {
      ...before,
      presence: presence ?? before.presence,
      preferences: { ...before.preferences, ...preferences },
    }
    queryClient.setQueryData(meQuery.queryKey, next)
    if (preferences !== undefined) await applyPreferences(next)
  }
  try {
    queryClient.setQueryData(meQuery.queryKey, await api.patch<Me>('/me', patch))
  } catch (error) {
    if (before !== undefined) {
      queryClient.setQueryData(meQuery.queryKey, before)
      await applyPreferences(before)
    }
    throw error
  }
}

/** Where to go after signing in: only an address of this application. */
export function safeNext(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])/.test(next) && !next.startsWith('/sign-in') ? next : '/inbox'
}

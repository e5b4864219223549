import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type {
  Audience,
  AudienceCount,
  Campaign,
  CampaignNew,
  CampaignSettings,
  CampaignState,
  ListFill,
  RecipientList,
} from '#shared/api/campaigns.ts'
import type { PageOf } from '#shared/api/common.ts'
import { api } from '../../api.ts'
import { queryClient } from '../../session/session.ts'
import { toastProblem } from '../../ui/toast.tsx'

/** What live changes tell is here at once; while something is going on it is asked for too, should the line be down. */
const EVERY = 4000
const isMoving = ({ state }: Campaign): boolean => state === 'preparing' || state === 'running' || state === 'scheduled'

export const campaignsQuery = (state: CampaignState | null, search: string) =>
  infiniteQueryOptions({
    queryKey: ['campaigns', 'list', state, search] as const,
    queryFn: ({ pageParam, signal }) =>
      api.get<PageOf<Campaign>>('/campaigns', { state, search, limit: 30, cursor: pageParam }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page.items.some(isMoving)) === true ? EVERY : false,
  })

export const campaignQuery = (id: string) =>
  queryOptions({
    queryKey: ['campaign', id],
    queryFn: ({ signal }) => api.get<Campaign>(`/campaigns/${id}`, {}, { signal }),
    refetchInterval: (query) => (query.state.data !== undefined && isMoving(query.state.data) ? EVERY : false),
  })

export const audienceQuery = (audience: Audience) =>
  queryOptions({
    queryKey: ['campaign-audience', audience],
    // No key of idempotency is needed: it only counts.
    queryFn: ({ signal }) => api.post<AudienceCount>('/campaigns/audience', audience, { signal }),
    placeholderData: keepPreviousData,
    staleTime: 20_000,
    retry: false,
  })

export const campaignSettingsQuery = queryOptions({
  queryKey: ['campaigns', 'settings'],
  queryFn: ({ signal }) => api.get<CampaignSettings>('/campaigns/settings', {}, { signal }),
})

/*
 * Recipient lists are told of as the exclusion list is (see shared/src/api/campaigns.ts), so that their key begins as its
 * does.
 */
const isFilling = (fill: ListFill | null): boolean => fill?.state === 'waiting' || fill?.state === 'running'

export const recipientListsQuery = (search: string) =>
  infiniteQueryOptions({
    queryKey: ['exclusions', 'lists', search] as const,
    queryFn: ({ pageParam, signal }) =>
      api.get<PageOf<RecipientList>>('/recipient-lists', { search, limit: 100, cursor: pageParam }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page.items.some((list) => isFilling(list.fill))) === true ? 1500 : false,
  })

export const recipientListQuery = (id: string) =>
  queryOptions({
    queryKey: ['exclusions', 'list', id],
    queryFn: ({ signal }) => api.get<RecipientList>(`/recipient-lists/${id}`, {}, { signal }),
    refetchInterval: (query) => (isFilling(query.state.data?.fill ?? null) ? 1000 : false),
  })

export const exclusionFillQuery = queryOptions({
  queryKey: ['exclusions', 'fill'],
  queryFn: ({ signal }) => api.get<ListFill | null>('/exclusions/fill', {}, { signal }),
  refetchInterval: (query) => (isFilling(query.state.data ?? null) ? 1000 : false),
})
export { isFilling }

export function placeCampaign(campaign: Campaign): void {
  queryClient.setQueryData(campaignQuery(campaign.id).queryKey, campaign)
  void queryClient.invalidateQueries({ queryKey: ['campaigns', 'list'] })
}

/** Makes one and gives it, or says why not. */
export async function makeCampaign(campaign: CampaignNew): Promise<Campaign | undefined> {
  try {
    const made = await api.post<Campaign>('/campaigns', campaign)
    placeCampaign(made)
    return made
  } catch (error) {
    toastProblem(error)
    return undefined
  }
}

type Act = 'copy' | 'prepare' | 'draft' | 'start' | 'unschedule' | 'pause' | 'resume' | 'cancel' | 'retry'

/** What is shown before the server has answered: whoever presses sees at once that it was heard. */
const AHEAD: Partial<Record<Act, CampaignState>> = {
  prepare: 'preparing',
  draft: 'draft',
  pause: 'paused',
  resume: 'running',
  cancel: 'cancelled',
  retry: 'running',
}

export async function actOn(campaign: Campaign, act: Act, body: object = {}): Promise<Campaign | undefined> {
  const { queryKey } = campaignQuery(campaign.id)
  const ahead = AHEAD[act]
  if (ahead !== undefined) {
    await queryClient.cancelQueries({ queryKey })
    queryClient.setQueryData(queryKey, (now) => now && { ...now, state: ahead, pause: null, quietUntil: null })
  }
  try {
    const answer = await api.post<Campaign>(`/campaigns/${campaign.id}/${act}`, body)
    placeCampaign(answer)
    return answer
  } catch (error) {
    void queryClient.invalidateQueries({ queryKey })
    toastProblem(error)
    return undefined
  }
}

export async function deleteCampaign(id: string): Promise<boolean> {
  try {
    await api.delete(`/campaigns/${id}`)
    queryClient.removeQueries({ queryKey: campaignQuery(id).queryKey })
    void queryClient.invalidateQueries({ queryKey: ['campaigns', 'list'] })
    return true
  } catch (error) {
    toastProblem(error)
    return false
  }
}

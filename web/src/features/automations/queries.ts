import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type {
  Automation,
  AutomationNew,
  AutomationPatch,
  AutomationRun,
  AutomationRunDetail,
  Macro,
  MacroNew,
  PastEvent,
  RunState,
  Tried,
  Vocabulary,
} from '#shared/api/automations.ts'
import type { PageOf } from '#shared/api/common.ts'
import { api } from '../../api.ts'
import { definedQuery } from '../../queries.ts'
import { queryClient } from '../../session/session.ts'

/** All under `automations`, so that a change of rules freshens them. */
export const automationsQuery = definedQuery<Automation>('automations')
export const automationQuery = (id: string) =>
  queryOptions({
    queryKey: ['automations', 'one', id],
    queryFn: ({ signal }) => api.get<Automation>(`/automations/${id}`, {}, { signal }),
  })
export const vocabularyQuery = queryOptions({
  queryKey: ['fields', 'automations'],
  queryFn: ({ signal }) => api.get<Vocabulary>('/automations/vocabulary', {}, { signal }),
  staleTime: 60_000,
})
export const macrosQuery = definedQuery<Macro>('macros')

const SOON = 3000
export const runsQuery = (id: string, state: RunState | null) =>
  infiniteQueryOptions({
    queryKey: ['automation-runs', id, state] as const,
    queryFn: ({ pageParam, signal }) =>
      api.get<PageOf<AutomationRun>>(`/automations/${id}/runs`, { state, limit: 30, cursor: pageParam }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    refetchInterval: SOON,
  })
export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ['automation-run', id],
    queryFn: ({ signal }) => api.get<AutomationRunDetail>(`/automation-runs/${id}`, {}, { signal }),
    refetchInterval: SOON,
  })
export const pastEventsQuery = (id: string, version: number) =>
  queryOptions({
    queryKey: ['automations', 'events', id, version],
    queryFn: ({ signal }) => api.get<PageOf<PastEvent>>(`/automations/${id}/events`, {}, { signal }),
  })

const again = () => queryClient.invalidateQueries({ queryKey: ['automations'] })

export async function makeAutomation(input: AutomationNew): Promise<Automation> {
  const made = await api.post<Automation>('/automations', input)
  await again()
  return made
}
export async function changeAutomation(id: string, patch: AutomationPatch): Promise<Automation> {
  const changed = await api.patch<Automation>(`/automations/${id}`, patch)
  queryClient.setQueryData(automationQuery(id).queryKey, changed)
  await again()
  return changed
}
export async function deleteAutomation(id: string): Promise<void> {
  await api.delete(`/automations/${id}`)
  await again()
}
export const makeSecret = async (id: string): Promise<string> =>
  (await api.post<{ secret: string }>(`/automations/${id}/secret`)).secret
export const tryAutomation = (id: string, ask: { key?: string; body?: unknown }): Promise<Tried> =>
  api.post<Tried>(`/automations/${id}/try`, ask)

export async function retryRun(id: string): Promise<void> {
  await api.post(`/automation-runs/${id}/retry`)
  await queryClient.invalidateQueries({ queryKey: ['automation-run', id] })
}

export async function saveMacro(id: string | null, input: MacroNew): Promise<Macro> {
  const saved = await (id === null ? api.post<Macro>('/macros', input) : api.patch<Macro>(`/macros/${id}`, input))
  await queryClient.invalidateQueries({ queryKey: ['macros'] })
  return saved
}
export async function deleteMacro(id: string): Promise<void> {
  await api.delete(`/macros/${id}`)
  await queryClient.invalidateQueries({ queryKey: ['macros'] })
}

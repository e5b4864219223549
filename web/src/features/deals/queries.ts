import { keepPreviousData, type QueryClient, queryOptions, useQuery } from '@tanstack/react-query'
import type { PageOf } from '#shared/api/common.ts'
import type { Deal, DealBoard, DealStage } from '#shared/api/deals.ts'
import { api } from '../../api.ts'
import { definedQuery } from '../../queries.ts'
import { type Column, movedDeal, type Place } from './board.ts'

/** What the board shows. */
export interface BoardFilter {
  search: string
  /** A colleague, `me`, `none`, or everybody. */
  responsibleId: string | null
}

/** Moves the server has not answered yet: what is read meanwhile does not take them back on screen. */
export const underWay = new Map<string, Place>()

const MOST_AT_ONCE = 200

export const boardKey = (filter: BoardFilter) => ['deals', 'board', filter] as const
/** The board; columns that were read on stay as long as they are. */
export const boardQuery = (filter: BoardFilter) =>
  queryOptions({
    queryKey: boardKey(filter),
    queryFn: async ({ client, signal }: { client: QueryClient; signal: AbortSignal }) => {
      const before = client.getQueryData<DealBoard>(boardKey(filter))
      const board = await api.get<DealBoard>('/deals/board', { ...filter }, { signal })
      const stages = await Promise.all(
        board.stages.map(async (column) => {
          const loaded = before?.stages.find((one) => one.stage.id === column.stage.id)?.deals.length ?? 0
          if (column.nextCursor === null || loaded <= column.deals.length) return column
          return { ...column, ...(await readColumn(filter, column, loaded - column.deals.length, signal)) }
        }),
      )
      return [...underWay].reduce<DealBoard>((now, [id, place]) => movedDeal(now, id, place), { stages })
    },
    placeholderData: keepPreviousData,
  })

/** So many more of a column, behind those that are there. */
export async function readColumn(
  filter: BoardFilter,
  { stage, deals, nextCursor }: Column,
  count: number,
  signal?: AbortSignal,
): Promise<Pick<Column, 'deals' | 'nextCursor'>> {
  const query = { ...filter, stageId: stage.id, limit: Math.min(count, MOST_AT_ONCE), cursor: nextCursor }
  const page = await api.get<PageOf<Deal>>('/deals', query, signal && { signal })
  const known = new Set(deals.map((deal) => deal.id))
  return { deals: [...deals, ...page.items.filter((deal) => !known.has(deal.id))], nextCursor: page.nextCursor }
}

export const dealQuery = (id: string) =>
  queryOptions({
    queryKey: ['deals', 'one', id],
    queryFn: ({ signal }) => api.get<Deal>(`/deals/${id}`, {}, { signal }),
    retry: false,
  })

export const contactDealsQuery = (contactId: string) =>
  queryOptions({
    queryKey: ['contact-deals', contactId],
    queryFn: ({ signal }) => api.get<PageOf<Deal>>('/deals', { contactId, limit: 100 }, { signal }),
  })

export const stagesQuery = definedQuery<DealStage>('stages', {}, 'deal-stages')
const NO_STAGES: DealStage[] = []
/** In their order, also retired ones. */
export const useStages = (): DealStage[] => useQuery(stagesQuery).data?.items ?? NO_STAGES

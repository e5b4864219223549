import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { PageOf } from '#shared/api/common.ts'
import type {
  ImportDetail,
  ImportPatch,
  ImportPreview,
  ImportRow,
  Operation,
  OPERATION_STATES,
} from '#shared/api/operations.ts'
import { api } from '../../api.ts'
import { queryClient } from '../../session/session.ts'

type State = (typeof OPERATION_STATES)[number]
const AT_WORK: readonly State[] = ['reading', 'checking', 'waiting', 'running', 'undoing']
/** Somebody works on it, or will at once. */
export const isAtWork = ({ state }: Operation): boolean => AT_WORK.includes(state)

/** What live changes tell is here at once; while something is going on it is asked for too, should the line be down. */
const EVERY = 2500

export const operationQuery = (id: string) =>
  queryOptions({
    queryKey: ['operation', id],
    queryFn: ({ signal }) => api.get<Operation>(`/operations/${id}`, {}, { signal }),
    refetchInterval: (query) => (query.state.data !== undefined && isAtWork(query.state.data) ? EVERY : false),
  })

export const operationsQuery = (kind: Operation['kind'] | null) =>
  infiniteQueryOptions({
    queryKey: ['operations', 'list', kind] as const,
    queryFn: ({ pageParam, signal }) =>
      api.get<PageOf<Operation>>('/operations', { kind, limit: 30, cursor: pageParam }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page.items.some(isAtWork)) === true ? EVERY : false,
  })

export const importQuery = (id: string) =>
  queryOptions({
    queryKey: ['operations', 'import', id],
    queryFn: ({ signal }) => api.get<ImportDetail>(`/imports/${id}`, {}, { signal }),
    refetchInterval: (query) =>
      query.state.data !== undefined && isAtWork(query.state.data.operation) ? EVERY : false,
  })

/** `shape`: how columns and options stand; another is another preview. */
export const previewQuery = (id: string, shape: string) =>
  queryOptions({
    queryKey: ['import-preview', id, shape],
    queryFn: ({ signal }) => api.get<ImportPreview>(`/imports/${id}/preview`, {}, { signal }),
    placeholderData: keepPreviousData,
  })

/** `of`: the check they belong to. */
export const problemsQuery = (id: string, of: string) =>
  infiniteQueryOptions({
    queryKey: ['import-problems', id, of] as const,
    queryFn: ({ pageParam, signal }) =>
      api.get<PageOf<ImportRow>>(`/imports/${id}/rows`, { problems: true, limit: 100, cursor: pageParam }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
  })

export function placeImport(detail: ImportDetail): void {
  queryClient.setQueryData(importQuery(detail.operation.id).queryKey, detail)
}
export async function patchImport(id: string, patch: ImportPatch): Promise<void> {
  placeImport(await api.patch<ImportDetail>(`/imports/${id}`, patch))
}
export function placeOperation(operation: Operation): void {
  queryClient.setQueryData(operationQuery(operation.id).queryKey, operation)
  queryClient.setQueryData<ImportDetail>(
    importQuery(operation.id).queryKey,
    (detail) => detail && { ...detail, operation },
  )
  void queryClient.invalidateQueries({ queryKey: ['operations', 'list'] })
}

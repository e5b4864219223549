import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { PageOf } from '#shared/api/common.ts'
import type { Task, WorkRequest } from '#shared/api/work.ts'
import type { RequestState, TaskState } from '#shared/api/choices.ts'
import type { WorkSearch } from './search.ts'
import { api } from '../../api.ts'

const page =
  <Item>(path: string) =>
  ({ side = 'assigned', state, search }: WorkSearch<string>) =>
    infiniteQueryOptions({
      queryKey: [path, 'list', side, state ?? null, search ?? ''] as const,
      queryFn: ({ pageParam, signal }) =>
        api.get<PageOf<Item>>(
          `/${path}`,
          { mine: side === 'all' ? null : side, state, search, cursor: pageParam },
          { signal },
        ),
      initialPageParam: null as string | null,
      getNextPageParam: (last) => last.nextCursor,
      placeholderData: keepPreviousData,
    })

export const requestsQuery: (ask: WorkSearch<RequestState>) => ReturnType<ReturnType<typeof page<WorkRequest>>> =
  page<WorkRequest>('requests')
export const tasksQuery: (ask: WorkSearch<TaskState>) => ReturnType<ReturnType<typeof page<Task>>> = page<Task>('tasks')

export const requestQuery = (id: string) =>
  queryOptions({
    queryKey: ['requests', 'one', id],
    queryFn: ({ signal }) => api.get<WorkRequest>(`/requests/${id}`, {}, { signal }),
    retry: false,
  })
export const taskQuery = (id: string) =>
  queryOptions({
    queryKey: ['tasks', 'one', id],
    queryFn: ({ signal }) => api.get<Task>(`/tasks/${id}`, {}, { signal }),
    retry: false,
  })

/** The newest requests of a contact, and its open tasks. */
export const contactRequestsQuery = (contactId: string) =>
  queryOptions({
    queryKey: ['requests', 'contact', contactId],
    queryFn: ({ signal }) => api.get<PageOf<WorkRequest>>('/requests', { contactId, limit: 10 }, { signal }),
  })
export const contactTasksQuery = (contactId: string) =>
  queryOptions({
    queryKey: ['tasks', 'contact', contactId],
    queryFn: ({ signal }) => api.get<PageOf<Task>>('/tasks', { contactId, state: 'open', limit: 10 }, { signal }),
  })

import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { PageOf } from '#shared/api/common.ts'
import type {
  Template,
  TemplateFieldList,
  TemplatePreview,
  TemplatePreviewAsk,
  TemplateQuery,
  TemplateVersion,
} from '#shared/api/templates.ts'
import { api } from '../../api.ts'

/** The fields texts may name, in the reader's language. Under `fields`, so that custom ones come with their change. */
export const templateFieldsQuery = (locale: string) =>
  queryOptions({
    queryKey: ['fields', 'templates', locale],
    queryFn: ({ signal }) => api.get<TemplateFieldList>('/template-fields', {}, { signal }),
    staleTime: 10 * 60_000,
  })

/** The same with what each says in a conversation. */
export const fieldsHereQuery = (locale: string, conversationId: string) =>
  queryOptions({
    queryKey: ['fields', 'templates', locale, conversationId],
    queryFn: ({ signal }) => api.get<TemplateFieldList>('/template-fields', { conversationId }, { signal }),
    staleTime: 15_000,
  })

export const templatesQuery = (query: Omit<TemplateQuery, 'cursor'>) =>
  infiniteQueryOptions({
    queryKey: ['templates', 'list', query] as const,
    queryFn: ({ pageParam, signal }) =>
      api.get<PageOf<Template>>('/templates', { limit: 100, ...query, cursor: pageParam }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
  })

/** Ready answers for the words behind a slash: a handful. */
export const answersQuery = (search: string) =>
  queryOptions({
    queryKey: ['templates', 'answers', search],
    queryFn: ({ signal }) => api.get<PageOf<Template>>('/templates', { use: 'answer', search, limit: 30 }, { signal }),
    placeholderData: keepPreviousData,
  })

export const versionsQuery = (id: string) =>
  queryOptions({
    queryKey: ['templates', 'versions', id],
    queryFn: ({ signal }) => api.get<{ items: TemplateVersion[] }>(`/templates/${id}/versions`, {}, { signal }),
    staleTime: 0,
  })

export const askPreview = (ask: TemplatePreviewAsk, signal?: AbortSignal): Promise<TemplatePreview> =>
  api.post<TemplatePreview>('/templates/preview', ask, signal === undefined ? {} : { signal })

export const previewQuery = (ask: TemplatePreviewAsk) =>
  queryOptions({
    queryKey: ['templates', 'preview', ask],
    queryFn: ({ signal }) => askPreview(ask, signal),
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 60_000,
    retry: false,
  })

export const copyNumbersQuery = queryOptions({
  queryKey: ['templates', 'copies'],
  queryFn: ({ signal }) => api.get<{ numbers: string[] }>('/copy-numbers', {}, { signal }),
})

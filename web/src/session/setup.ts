import { queryOptions, useQuery } from '@tanstack/react-query'
import type { SetupState } from '#shared/api/session.ts'
import { api } from '../api.ts'
import { useI18n } from '../i18n.ts'

/** Whether this is a demo, and what belongs to it. Does not change while the page is open. */
export const setupQuery = queryOptions({
  queryKey: ['setup'],
  queryFn: ({ signal }) => api.get<SetupState>('/setup', {}, { signal, stay: true }),
  staleTime: Number.POSITIVE_INFINITY,
})

/** The customer's phone of a demo, in the reader's language, on the machine whose page this is. Undefined: no demo. */
export function useDemoPhone(): string | undefined {
  const { locale } = useI18n()
  const given = useQuery(setupQuery).data?.demoPhoneUrl
  if (given === undefined) return undefined
  const url = new URL(given)
  url.hostname = location.hostname
  url.searchParams.set('lang', locale)
  return url.href
}

import { useQueries, useQuery } from '@tanstack/react-query'
import type { BoundedCount } from '#shared/api/views.ts'
import { api } from '../../api.ts'
import { viewCountsQuery } from '../lists/saved-views.ts'
import type { ContactView } from './usual-views.ts'

/** How many each view has: of the usual ones asked one by one, of the saved ones together. Bounded, so that it stays cheap. */
export function useViewCounts(
  views: readonly ContactView[],
  current: string,
  found: BoundedCount | undefined,
): (key: string) => BoundedCount | undefined {
  const usual = views.filter((view) => view.group === 'usual' && view.deleted !== true && view.key !== current)
  const counts = useQueries({
    queries: usual.map((view) => ({
      queryKey: ['counts', 'usual', view.query.filter],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get<BoundedCount>('/contacts/count', view.query.filter, { signal }),
      staleTime: 30_000,
    })),
  })
  const saved = useQuery({ ...viewCountsQuery, enabled: views.some((view) => view.saved !== undefined) })
  return (key) => {
    // What is on screen is known better.
    if (key === current && found !== undefined) return found
    const at = usual.findIndex((view) => view.key === key)
    return counts[at]?.data ?? saved.data?.items.find((one) => one.id === key)
  }
}

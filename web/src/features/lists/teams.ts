import { queryOptions } from '@tanstack/react-query'
import { ApiProblem, api } from '../../api.ts'

interface Team {
  id: string
  name: string
  memberIds: readonly string[]
}

/** The teams one is in: those one may share with. Whoever may not see teams has none. */
export const ownTeamsQuery = (userId: string) =>
  queryOptions({
    queryKey: ['teams', 'own', userId],
    queryFn: async ({ signal }) => {
      try {
        const { items } = await api.get<{ items: Team[] }>('/teams', {}, { signal })
        return items.filter((team) => team.memberIds.includes(userId))
      } catch (error) {
        if (error instanceof ApiProblem && (error.status === 403 || error.status === 404)) return []
        throw error
      }
    },
    staleTime: 10 * 60_000,
  })

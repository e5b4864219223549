import type { Team } from '#shared/api/org.ts'
import { definedQuery } from '../../queries.ts'

/** Every team there is. */
export const teamsQuery = definedQuery<Team>('teams')

/** The teams one is in: those one may share with. */
export const ownTeamsQuery = (userId: string) => ({
  ...teamsQuery,
  select: ({ items }: { items: Team[] }) =>
    items.filter((team) => team.members.some((member) => member.userId === userId)),
})

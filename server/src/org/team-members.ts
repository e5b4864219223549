import type { Tx } from '../platform/db.ts'
import { wrongField } from '../platform/problem.ts'

/** Adds the user to exactly these teams. */
export async function setTeamsOf(tx: Tx, userId: string, teamIds: readonly string[]): Promise<void> {
  const known = await tx.query('select id from team where id = any($1::bigint[]) for key share', [teamIds])
  if (known.length < new Set(teamIds).size) throw wrongField('teamIds', 'not_allowed')
  await tx.query('delete from team_member where user_id = $1 and team_id <> all($2::bigint[])', [userId, teamIds])
  await tx.query('insert into team_member (team_id, user_id) select unnest($2::bigint[]), $1 on conflict do nothing', [
    userId,
    teamIds,
  ])
  tellTeams(tx, [{ userId }])
}

/** Teams decide which views one sees: whoever is concerned fetches what they may anew. */
export function tellTeams(tx: Tx, concerned: readonly { userId: string }[]): void {
  tx.publish({}, { kind: 'defined', what: 'teams' })
  tx.publish({}, { kind: 'defined', what: 'views' })
  for (const userId of new Set(concerned.map((one) => one.userId))) tx.publish({ userId }, { kind: 'me' })
}

import type { Team, TeamNew, TeamPatch } from '#shared/api/org.ts'
import type { Actor } from '../platform/app.ts'
import { type Db, type Tx, violatedKey } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { audit } from './audit.ts'
import { tellTeams } from './team-members.ts'
import { checkName } from './users.ts'

const SELECT = `select t.id::text, t.name,
  (select coalesce(json_agg(json_build_object('userId', user_id::text, 'leads', leads) order by user_id), '[]')
   from team_member where team_id = t.id) as members
  from team t`

/** All of them: an organisation has a handful. */
export function listTeams(db: Db): Promise<Team[]> {
  return db.query<Team>(`${SELECT} order by lower(t.name), t.id limit 1000`)
}

export async function loadTeam(db: Db, id: string): Promise<Team> {
  const team = await db.one<Team>(`${SELECT} where t.id = $1`, [id])
  if (!team) throw new Problem('not_found')
  return team
}

export async function createTeam(tx: Tx, actor: Actor, { name, members = [] }: TeamNew): Promise<Team> {
  checkName(name)
  const row = await tx
    .one<{ id: string }>('insert into team (name) values ($1) returning id::text', [name.trim()])
    .catch(nameTaken)
  const id = row?.id ?? ''
  await setMembers(tx, id, members)
  const team = await loadTeam(tx, id)
  await audit(tx, actor, 'team.made', { kind: 'team', id }, null, told(team))
  tellTeams(tx, team.members)
  return team
}

export async function changeTeam(tx: Tx, actor: Actor, id: string, patch: TeamPatch): Promise<Team> {
  checkName(patch.name)
  await tx.query('select id from team where id = $1 for update', [id])
  const before = await loadTeam(tx, id)
  await tx.query('update team set name = coalesce($2, name) where id = $1', [id, patch.name?.trim()]).catch(nameTaken)
  if (patch.members) await setMembers(tx, id, patch.members)
  const after = await loadTeam(tx, id)
  await audit(tx, actor, 'team.changed', { kind: 'team', id }, told(before), told(after))
  tellTeams(tx, [...before.members, ...after.members])
  return after
}

/** Views shared with the team are their owners' alone from then on. */
export async function deleteTeam(tx: Tx, actor: Actor, id: string): Promise<void> {
  const before = await loadTeam(tx, id)
  await tx.query('delete from team where id = $1', [id])
  await audit(tx, actor, 'team.deleted', { kind: 'team', id }, told(before), null)
  tellTeams(tx, before.members)
}

async function setMembers(tx: Tx, teamId: string, members: Team['members']): Promise<void> {
  const ids = [...new Set(members.map((member) => member.userId))]
  const known = await tx.query('select id from app_user where id = any($1::bigint[]) for key share', [ids])
  if (known.length < ids.length || ids.length < members.length) throw wrongField('members', 'not_allowed')
  await tx.query('delete from team_member where team_id = $1', [teamId])
  await tx.query(
    'insert into team_member (team_id, user_id, leads) select $1, m.id, m.leads from unnest($2::bigint[], $3::boolean[]) as m(id, leads)',
    [teamId, members.map((member) => member.userId), members.map((member) => member.leads)],
  )
}

function told({ name, members }: Team): object {
  return {
    name,
    members: members.map(({ userId }) => userId),
    leads: members.filter(({ leads }) => leads).map(({ userId }) => userId),
  }
}

function nameTaken(error: unknown): never {
  if (violatedKey(error) === 'team_name') throw new Problem('team_exists')
  throw error
}

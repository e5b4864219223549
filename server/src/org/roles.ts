import type { Role, RoleChannel, RoleNew, RolePatch } from '#shared/api/org.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { isRight } from './actors.ts'
import { audit } from './audit.ts'
import { grantsFrom, needAllOf } from './grants.ts'
import { checkName } from './users.ts'

interface Row {
  id: string
  preset: string | null
  name: string
  rights: string[]
  channels: RoleChannel[]
  second_factor: boolean
  user_count: number
}

const SELECT = `select r.id::text, r.preset, r.name, r.rights, r.second_factor,
  (select count(*)::int from user_role where role_id = r.id) as user_count,
  (select coalesce(json_agg(json_build_object('channelId', channel_id::text, 'view', can_view, 'send', can_send, 'manage', can_manage)
     order by channel_id nulls first), '[]') from role_channel where role_id = r.id) as channels
  from role r`

function toRole(row: Row): Role {
  const { id, preset, name, channels } = row
  return {
    id,
    preset,
    name,
    rights: row.rights.filter(isRight),
    channels,
    secondFactor: row.second_factor,
    userCount: row.user_count,
  }
}

/** All of them: an organisation has a handful. */
export async function listRoles(db: Db): Promise<Role[]> {
  return (await db.query<Row>(`${SELECT} order by r.id limit 1000`)).map(toRole)
}

export async function loadRole(db: Db, id: string): Promise<Role> {
  const row = await db.one<Row>(`${SELECT} where r.id = $1`, [id])
  if (!row) throw new Problem('not_found')
  return toRole(row)
}

/** Whoever may send on a channel or manage it sees it too. */
function complete(channels: readonly RoleChannel[]): RoleChannel[] {
  const byChannel = new Map<string | null, RoleChannel>()
  for (const { channelId, view, send, manage } of channels) {
    const before = byChannel.get(channelId)
    byChannel.set(channelId, {
      channelId,
      view: view || send || manage || (before?.view ?? false),
      send: send || (before?.send ?? false),
      manage: manage || (before?.manage ?? false),
    })
  }
  return [...byChannel.values()].filter((one) => one.view)
}

export async function createRole(
  tx: Tx,
  actor: Actor,
  { name, rights, channels, secondFactor = false }: RoleNew,
): Promise<string> {
  checkName(name)
  await needAllOf(tx, actor, grantsFrom(rights, complete(channels)))
  const row = await tx.one<{ id: string }>(
    'insert into role (name, rights, second_factor) values ($1, $2, $3) returning id::text',
    [name.trim(), [...new Set(rights)], secondFactor],
  )
  if (!row) throw new Error('the role was not stored')
  await setChannels(tx, row.id, complete(channels))
  await audit(tx, actor, 'role.made', { kind: 'role', id: row.id }, null, told(await loadRole(tx, row.id)))
  return row.id
}

/** Changes a role; whoever has it has the new rights at once. The administrator's role never changes. */
export async function changeRole(tx: Tx, actor: Actor, id: string, patch: RolePatch): Promise<void> {
  checkName(patch.name)
  const before = await lockRole(tx, id)
  // Of the administrator's role only whether it asks for a second factor.
  const { secondFactor = before.secondFactor, ...others } = patch
  if (before.preset === 'administrator' && Object.keys(others).length > 0) throw new Problem('role_fixed')
  const rights = patch.rights ?? before.rights
  const channels = patch.channels ? complete(patch.channels) : before.channels
  await needAllOf(tx, actor, grantsFrom(before.rights, before.channels))
  await needAllOf(tx, actor, grantsFrom(rights, channels))
  await tx.query('update role set name = coalesce($2, name), rights = $3, second_factor = $4 where id = $1', [
    id,
    patch.name?.trim(),
    [...new Set(rights)],
    secondFactor,
  ])
  if (patch.channels) await setChannels(tx, id, channels)
  await audit(tx, actor, 'role.changed', { kind: 'role', id }, told(before), told(await loadRole(tx, id)))
  await tellHolders(tx, id)
}

/** Only roles the organisation made itself, and that nobody has. */
export async function deleteRole(tx: Tx, actor: Actor, id: string): Promise<void> {
  const before = await lockRole(tx, id)
  if (before.preset !== null) throw new Problem('role_fixed')
  if (before.userCount > 0) throw new Problem('role_in_use')
  await needAllOf(tx, actor, grantsFrom(before.rights, before.channels))
  await tx.query('delete from role where id = $1', [id])
  await audit(tx, actor, 'role.deleted', { kind: 'role', id }, told(before), null)
}

async function lockRole(tx: Tx, id: string): Promise<Role> {
  await tx.query('select id from role where id = $1 for update', [id])
  return loadRole(tx, id)
}

function told({ name, rights, channels, secondFactor }: Role): object {
  return { name, rights: rights.toSorted(), channels, secondFactor }
}

async function setChannels(tx: Tx, roleId: string, channels: readonly RoleChannel[]): Promise<void> {
  const ids = channels.flatMap((one) => one.channelId ?? [])
  const known = await tx.query('select id from channel where id = any($1::bigint[]) for key share', [ids])
  if (known.length < ids.length) throw wrongField('channels', 'not_allowed')
  await tx.query('delete from role_channel where role_id = $1', [roleId])
  await tx.query(
    `insert into role_channel (role_id, channel_id, can_view, can_send, can_manage)
     select $1, c, v, s, m from unnest($2::bigint[], $3::boolean[], $4::boolean[], $5::boolean[]) as t(c, v, s, m)`,
    [
      roleId,
      channels.map((one) => one.channelId),
      channels.map((one) => one.view),
      channels.map((one) => one.send),
      channels.map((one) => one.manage),
    ],
  )
}

const TELL_ONE_BY_ONE = 50
async function tellHolders(tx: Tx, roleId: string): Promise<void> {
  const holders = await tx.query<{ id: string }>('select user_id::text as id from user_role where role_id = $1', [
    roleId,
  ])
  if (holders.length > TELL_ONE_BY_ONE) tx.publish({}, { kind: 'me' })
  else for (const { id } of holders) tx.publish({ userId: id }, { kind: 'me' })
}

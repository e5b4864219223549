import { CHANNEL_RIGHTS, PRESET_ROLES } from '#shared/rights.ts'
import type { Db, Tx } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'

const NAMES: Record<keyof typeof PRESET_ROLES, string> = {
  administrator: 'Administrator',
  supervisor: 'Supervisor',
  agent: 'Agent',
  viewer: 'Viewer',
}

/**
 * Makes the preset roles that are missing, whatever other nodes do at the same moment. The administrator's always has
 * every right there is, also those an update brought; the others are the organisation's once they are there.
 */
export async function ensurePresetRoles(tx: Tx): Promise<void> {
  for (const preset of ['administrator', 'supervisor', 'agent', 'viewer'] as const) {
    const { rights, channels } = PRESET_ROLES[preset]
    const made = await tx.one<{ id: string; made: boolean }>(
      `insert into role (preset, name, rights) values ($1, $2, $3)
       on conflict (preset) do update set rights = excluded.rights
         where role.preset = 'administrator' and role.rights <> excluded.rights
       returning id`,
      [preset, NAMES[preset], [...rights]],
    )
    if (!made) continue
    await tx.query(
      `insert into role_channel (role_id, channel_id, can_view, can_send, can_manage) values ($1, null, $2, $3, $4)
       on conflict do nothing`,
      [made.id, ...CHANNEL_RIGHTS.map((right) => channels[right])],
    )
  }
}

export async function administratorRole(db: Db): Promise<string> {
  const role = await db.one<{ id: string }>(`select id::text from role where preset = 'administrator'`)
  if (!role) throw new Error('the preset roles are missing')
  return role.id
}

/**
 * To be called after the change, in its transaction: two administrators who demote each other at the same moment wait
 * for one another here.
 * @throws Problem `last_administrator`
 */
export async function needAdministratorLeft(tx: Tx): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtext('daftar administrators'))`)
  const left = await tx.one(
    `select 1 as found from user_role ur join role r on r.id = ur.role_id join app_user u on u.id = ur.user_id
     where r.preset = 'administrator' and u.state = 'active' limit 1`,
  )
  if (!left) throw new Problem('last_administrator')
}

import type { UserAccess } from '#shared/api/org.ts'
import { RIGHTS } from '#shared/rights.ts'
import type { Db } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'

/** What a user may do, each right with the roles that give it; sending and managing need seeing. */
export async function accessOf(db: Db, userId: string): Promise<UserAccess> {
  if (!(await db.one('select 1 from app_user where id = $1', [userId]))) throw new Problem('not_found')
  const rights = await db.query<{ right: string; role_ids: string[] }>(
    `select r as right, array_agg(role.id::text order by role.id) as role_ids
     from user_role ur join role on role.id = ur.role_id, unnest(role.rights) r where ur.user_id = $1 group by r`,
    [userId],
  )
  const byRight = new Map(rights.map((row) => [row.right, row.role_ids]))
  const holders = (right: string): string =>
    `array_agg(rc.role_id::text order by rc.role_id) filter (where rc.can_view and rc.${right})`
  const channels = await db.query<UserAccess['channels'][number]>(
    `select c.id::text as "channelId", coalesce(${holders('can_view')}, '{}') as view, coalesce(${holders('can_send')}, '{}') as send,
       coalesce(${holders('can_manage')}, '{}') as manage
     from user_role ur join role_channel rc on rc.role_id = ur.role_id
       join channel c on rc.channel_id is null or rc.channel_id = c.id
     where ur.user_id = $1 group by c.id order by c.id`,
    [userId],
  )
  return { rights: RIGHTS.map((right) => ({ right, roleIds: byRight.get(right) ?? [] })), channels }
}

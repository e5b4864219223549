import type { Db } from '../platform/db.ts'

/** Ids of the active users who may answer on a channel: to whom its conversations can be given. */
export async function sendersOf(db: Db, channelId: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `select u.id::text from app_user u join user_role ur on ur.user_id = u.id join role_channel rc on rc.role_id = ur.role_id
     where u.state = 'active' and (rc.channel_id is null or rc.channel_id = $1)
     group by u.id having bool_or(rc.can_view) and bool_or(rc.can_send) order by u.id`,
    [channelId],
  )
  return rows.map((row) => row.id)
}

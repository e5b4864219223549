import type { PresenceList } from '#shared/api/conversations.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { needConversation } from './conversations.ts'

/** Seconds for which one counts as present without saying so again: screens repeat it well before. */
const LEASE = 15

/** Says that one looks at a conversation, writes in it, or has gone; colleagues who may view the channel are told at once. */
export async function setPresence(
  app: App,
  actor: Actor,
  conversationId: string,
  doing: 'viewing' | 'typing' | 'gone',
): Promise<void> {
  const { channel_id: channelId } = await needConversation(app.db, actor, conversationId, 'view')
  if (doing === 'gone') {
    await app.db.query('delete from conversation_presence where conversation_id = $1 and user_id = $2', [
      conversationId,
      actor.userId,
    ])
  } else {
    await app.db.query(
      `insert into conversation_presence (conversation_id, user_id, doing, until)
       values ($1, $2, $3, now() + make_interval(secs => $4))
       on conflict (conversation_id, user_id) do update set doing = excluded.doing, until = excluded.until`,
      [conversationId, actor.userId, doing, LEASE],
    )
  }
  await app.live.presence(channelId, { conversationId, userId: actor.userId, doing })
}

/** Who else is in the conversation now. Leases that ran out count for nothing. */
export async function listPresence(db: Db, actor: Actor, conversationId: string): Promise<PresenceList> {
  await needConversation(db, actor, conversationId, 'view')
  const items = await db.query<{ userId: string; doing: 'viewing' | 'typing' }>(
    `select user_id as "userId", doing from conversation_presence
     where conversation_id = $1 and user_id <> $2 and until > now() order by user_id`,
    [conversationId, actor.userId],
  )
  return { items }
}

/** Removes leases that ran out long ago. */
export function presenceJobs(app: App): void {
  app.jobs.define('presence.sweep', async () => {
    await app.db.query(`delete from conversation_presence where until < now() - interval '1 minute'`)
  })
  app.jobs.schedule('*/10 * * * *', 'presence.sweep')
}

import type { Tx } from '../platform/db.ts'
import { cause, type Happening, onHappened } from '../platform/happenings.ts'

/** A rule that acts because another did is one step further from what a person or customer did; so far and no further. */
export const MOST_DEEP = 5
export const RUN_JOB = 'automation.run'

/** Hears what happens. One statement a call, which stores nothing where no rule that is on waits for it. */
export function listenToHappenings(): void {
  onHappened('automation', hear)
}

async function hear(tx: Tx, happenings: readonly Happening[]): Promise<void> {
  const why = cause.getStore()
  const depth = why === undefined ? 0 : why.depth
  const rows = await tx.query(
    // automation_listening: the rules that are on; contact_pkey. Nothing is read of a happening nobody waits for.
    `insert into automation_run (automation_id, version, kind, contact_id, conversation_id, message_id, user_id, event, depth)
     select a.id, a.version, e.kind, c.root_id, e.conversation_id, e.message_id, e.user_id, coalesce(e.data, '{}'), $8::int
     from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::jsonb[]) with ordinality
         as e(kind, contact_id, conversation_id, channel_id, message_id, user_id, data, n)
       join automation a on a.enabled and a.deleted_at is null and e.kind = any(a.listens)
         and (a.field is null or e.data->'changes' ? a.field)
         and (a.channel_ids is null or e.channel_id = any(a.channel_ids))
       left join contact c on c.id = e.contact_id
     order by e.n, a.id returning id`,
    [
      happenings.map(({ kind }) => kind),
      happenings.map(({ contactId }) => contactId ?? null),
      happenings.map(({ conversationId }) => conversationId ?? null),
      happenings.map(({ channelId }) => channelId ?? null),
      happenings.map(({ messageId }) => messageId ?? null),
      happenings.map(({ userId }) => userId ?? null),
      happenings.map(({ data }) => (data === undefined ? null : JSON.stringify(data))),
      depth,
    ],
  )
  if (rows.length > 0) await tx.addJob(RUN_JOB, {}, { key: RUN_JOB })
}

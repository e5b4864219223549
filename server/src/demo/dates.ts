import type { Database, Tx } from '../platform/db.ts'
import { spreadDeals } from './deals.ts'
import type { Stage } from './fill.ts'
import type { Play } from './script.ts'

/**
 * The office was filled within seconds; this spreads what happened over the days the script gives it. Nothing but moments
 * changes: what followed on what still does.
 */
export async function spreadDates(
  db: Database,
  { plays, channels }: Pick<Stage, 'plays' | 'channels'>,
  now: number,
): Promise<void> {
  await db.transaction(async (tx) => {
    for (const play of plays) await spreadPlay(tx, play, channels[play.bot].id, now)
    await spreadRest(tx)
  })
}

interface Item {
  source: 'message' | 'note' | 'activity_event'
  id: string
  side: 'in' | 'out' | 'aside'
  words: number
}

async function spreadPlay(tx: Tx, play: Play, channelId: string, now: number): Promise<void> {
  const conversation = await tx.one<{ id: string; contact_id: string }>(
    'select id, contact_id from conversation where channel_id = $1 and thread_key = $2 order by id desc limit 1',
    [channelId, String(play.customer.id)],
  )
  if (!conversation) return
  // As they were stored: the provider's clock has only seconds, within which the whole talk may have taken place.
  const items = await tx.query<Item>(
    `select source, id, side, words from (
       select 'message' as source, id, direction as side, length(text) as words, created_at, at, origin = 'welcome' as welcome, kind = 'start' as start from message where conversation_id = $1
       union all select 'note', id, 'aside', length(text), at, at, false, false from note where conversation_id = $1
       union all select 'activity_event', id, 'aside', 0, at, at, false, false from activity_event where conversation_id = $1
     ) i order by start desc, welcome desc, created_at, at, source, id`,
    [conversation.id],
  )
  const moments = momentsOf(items, now - play.ago * 60_000, play.over * 60_000)
  for (const source of ['message', 'note', 'activity_event'] as const) {
    const own = items.flatMap((item, n) =>
      item.source === source ? [{ id: item.id, at: moments[n] ?? new Date(now) }] : [],
    )
    await tx.query(
      `update ${source} t set at = m.at from unnest($1::bigint[], $2::timestamptz[]) as m(id, at) where t.id = m.id`,
      [own.map(({ id }) => id), own.map(({ at }) => at)],
    )
  }
  await settleConversation(tx, conversation, moments[0] ?? new Date(now), moments.at(-1) ?? new Date(now))
}

/** An answer takes a while, the next line of the same person a moment; all of it stretched to the time it is to take. */
function momentsOf(items: readonly Item[], end: number, over: number): Date[] {
  const gaps = items.map((item, n) => {
    const before = items[n - 1]
    if (!before) return 0
    if (item.side === 'aside') return 0.3
    return before.side === item.side ? 0.4 + item.words / 120 : 3 + ((n * 5) % 7) + item.words / 60
  })
  const total = gaps.reduce((sum, gap) => sum + gap, 0) || 1
  let at = end - over
  return gaps.map((gap) => {
    at += (gap / total) * over
    return new Date(at)
  })
}

async function settleConversation(
  tx: Tx,
  { id, contact_id }: { id: string; contact_id: string },
  first: Date,
  last: Date,
): Promise<void> {
  await tx.query(
    `update message m set created_at = m.at, edited_at = case when m.edited_at is null then null else m.at + interval '40 seconds' end
     where m.conversation_id = $1`,
    [id],
  )
  await tx.query(
    `update message_attempt a set started_at = m.at + interval '1 second', finished_at = m.at + interval '2 seconds'
     from message m where m.conversation_id = $1 and a.message_id = m.id`,
    [id],
  )
  await tx.query(
    `update message_search s set created_at = m.at from message m where m.conversation_id = $1 and s.message_id = m.id`,
    [id],
  )
  await tx.query(
    `update conversation c set created_at = $2, last_at = newest.at, last_message_id = newest.id, last_message_at = newest.at,
       last_text = left(newest.text, 160), last_kind = newest.kind, last_direction = newest.direction,
       closed_at = case when c.closed_at is null then null else $3::timestamptz end, version = version + 1,
       unanswered_since = case when c.unanswered_since is null then null else (
         select min(at) from message w where w.conversation_id = $1 and w.direction = 'in' and w.at > coalesce(
           (select max(at) from message o where o.conversation_id = $1 and o.direction = 'out' and o.origin <> 'welcome'), '-infinity')) end
     from (select id, at, text, kind, direction from message where conversation_id = $1 order by at desc, id desc limit 1) newest
     where c.id = $1`,
    [id, first, last],
  )
  await tx.query(
    `update contact c set created_at = least(c.created_at, $2), updated_at = case when c.updated_at > now() - interval '5 minutes' then $3 else greatest(c.updated_at, $3) end
     where c.id = $1 or c.id = (select root_id from contact where id = $1)`,
    [contact_id, first, last],
  )
  await tx.query(
    `update activity_event set at = $2 where contact_id = $1 and conversation_id is null and kind = 'contact_made' and at > $2`,
    [contact_id, first],
  )
}

/** The office itself is some weeks older than its first conversation. */
async function spreadRest(tx: Tx): Promise<void> {
  await tx.query(
    `update inbound_event e set received_at = m.at, processed_at = m.at + interval '1 second' from message m
     where m.channel_id = e.channel_id and e.state = 'done'
       and m.provider_key = (e.body::jsonb #>> '{message,chat,id}') || ':' || (e.body::jsonb #>> '{message,message_id}')`,
  )
  await tx.query(
    `update inbound_event set received_at = received_at - interval '3 hours', processed_at = processed_at - interval '3 hours' where state = 'quarantined'`,
  )
  await tx.query(
    `update merge g set merged_at = coalesce((select max(m.at) from message m where m.contact_id = g.loser_id and m.kind = 'contact'),
       (select max(m.at) from message m where m.contact_id = g.loser_id), g.merged_at)`,
  )
  await tx.query(
    `update activity_event e set at = g.merged_at + interval '1 second' from merge g
     where e.kind = 'merged' and (e.contact_id = g.loser_id or e.contact_id = g.winner_id) and e.conversation_id is null`,
  )
  await tx.query(
    `update app_user set created_at = now() - interval '40 days' + id * interval '3 hours', updated_at = now() - interval '20 days'`,
  )
  await tx.query(`update channel set created_at = now() - interval '39 days', updated_at = now() - interval '38 days'`)
  await tx.query(
    `update contact set created_at = now() - interval '36 days' + id * interval '40 minutes' where id not in (select contact_id from conversation)`,
  )
  await tx.query(
    `update contact set updated_at = created_at where id not in (select contact_id from conversation) and id not in (select root_id from contact where merged_into_id is not null)`,
  )
  await tx.query(
    `update activity_event e set at = c.created_at from contact c where e.contact_id = c.id and e.kind = 'contact_made' and e.conversation_id is null and e.actor_id is not null`,
  )
  await tx.query(
    `update audit_event set at = at - interval '39 days' where action not like 'contact.%' and action not like 'merge.%'`,
  )
  await spreadDeals(tx)
  // Screens of the time of filling, if there are any, fetch everything anew.
  await tx.query('delete from live_event')
}

import type { App } from '../platform/app.ts'
import type { Tx } from '../platform/db.ts'
import { markBroken } from './channels.ts'
import type { Delivered } from './deliver.ts'
import { publishMessages } from './message-changes.ts'
import { holdUntil } from './rate.ts'

export interface Settled {
  channelId: string
  messageId: string
  threadKey: string
  attempt: number
  outcome: Delivered
}

/** After this many tries, over a day, a message that only ever got "later" has failed. */
const MAX_ATTEMPTS = 34

/** Waits 2, 4, 8 … seconds, an hour at most, spread by a fifth so that many do not come back together. */
export function backoffSeconds(attempt: number, random = Math.random()): number {
  return Math.min(2 ** attempt, 3600) * (0.9 + random * 0.2)
}

/** Writes down what became of messages: the attempt, the message, the outbox, and what follows from it. One transaction for all. */
export async function settle(app: App, items: Settled[]): Promise<void> {
  await app.db.transaction(async (tx) => {
    await settleSent(tx, items)
    for (const item of items) if (item.outcome.outcome !== 'sent') await settleFailed(tx, item, item.outcome)
    for (const channelId of new Set(items.map((item) => item.channelId))) {
      const ids = items.filter((item) => item.channelId === channelId).map((item) => item.messageId)
      await publishMessages(tx, channelId, ids, [])
    }
  })
}

async function settleSent(tx: Tx, items: Settled[]): Promise<void> {
  const sent = items.flatMap((item) =>
    item.outcome.outcome === 'sent' && 'providerKey' in item.outcome
      ? [{ id: item.messageId, key: item.outcome.providerKey }]
      : [],
  )
  if (sent.length === 0) return
  const ids = sent.map((one) => one.id)
  await tx.query(
    // A receipt may have been faster; a message declared unknown has its outcome after all. A key that another message
    // holds already (a provider that counts anew) is left out rather than losing the outcome.
    `update message m set provider_key = case when exists (select from message o where o.channel_id = m.channel_id and o.provider_key = s.key and o.id <> m.id) then null else s.key end,
       state = case when m.state in ('delivered', 'read') then m.state else 'sent' end, failure_code = null, failure_detail = null
     from unnest($1::bigint[], $2::text[]) as s(id, key) where m.id = s.id`,
    [ids, sent.map((one) => one.key)],
  )
  await tx.query(
    `update message_attempt set finished_at = now(), outcome = 'sent', code = null where message_id = any($1::bigint[]) and (finished_at is null or outcome = 'unknown')`,
    [ids],
  )
  await tx.query('delete from outbox where message_id = any($1::bigint[])', [ids])
  await tx.query(
    `insert into identity_reach (identity_id, channel_id, reachable)
     select distinct c.identity_id, c.channel_id, true from message m join conversation c on c.id = m.conversation_id
     where m.id = any($1::bigint[]) and c.identity_id is not null
       and exists (select from identity_reach r where r.identity_id = c.identity_id and r.channel_id = c.channel_id and not r.reachable)
     on conflict (identity_id, channel_id) do update set reachable = true, reason = null, at = now()`,
    [ids],
  )
}

async function settleFailed(tx: Tx, item: Settled, failed: Exclude<Delivered, { outcome: 'sent' }>): Promise<void> {
  const { code, detail } = failed
  switch (failed.outcome) {
    case 'later': {
      const gaveUp = item.attempt >= MAX_ATTEMPTS
      const seconds = failed.retryAfter ?? backoffSeconds(item.attempt)
      const at = new Date(Date.now() + seconds * 1000)
      await closeAttempt(tx, item, failed, gaveUp ? null : at)
      if (gaveUp) return end(tx, item, 'failed', code, detail)
      if (failed.whole) await holdUntil(tx, item.channelId, null, at)
      return again(tx, item, at)
    }
    case 'settings':
      // The message waits until somebody has mended the channel; its owners are told.
      await closeAttempt(tx, item, failed, null)
      await markBroken(tx, item.channelId, code, detail)
      return again(tx, item, new Date())
    case 'unreachable':
      await tx.query(
        `insert into identity_reach (identity_id, channel_id, reachable, reason)
         select c.identity_id, c.channel_id, false, $2 from message m join conversation c on c.id = m.conversation_id
         where m.id = $1 and c.identity_id is not null
         on conflict (identity_id, channel_id) do update set reachable = false, reason = excluded.reason, at = now()`,
        [item.messageId, code],
      )
      await closeAttempt(tx, item, failed, null)
      return end(tx, item, 'failed', code, detail)
    case 'refused':
      await closeAttempt(tx, item, failed, null)
      return end(tx, item, 'failed', code, detail)
    case 'unknown':
      await closeAttempt(tx, item, failed, null)
      return end(tx, item, 'unknown', code, detail)
  }
}

async function closeAttempt(
  tx: Tx,
  item: Settled,
  { outcome, code, detail }: { outcome: string; code: string; detail: string },
  retryAt: Date | null,
): Promise<void> {
  await tx.query(
    `update message_attempt set finished_at = now(), outcome = $2, code = $3, detail = $4, retry_at = $5 where message_id = $1 and finished_at is null`,
    [item.messageId, outcome, code, detail, retryAt],
  )
}

async function end(tx: Tx, item: Settled, state: 'failed' | 'unknown', code: string, detail: string): Promise<void> {
  await tx.query(
    `update message set state = $2, failure_code = $3, failure_detail = $4 where id = $1 and state in ('sending', 'unknown')`,
    [item.messageId, state, code, detail],
  )
  await tx.query('delete from outbox where message_id = $1', [item.messageId])
}

async function again(tx: Tx, item: Settled, at: Date): Promise<void> {
  // Without its row it was declared unknown meanwhile (this node was taken for dead): then it stays so.
  const row = await tx.one<{ message_id: string }>(
    'update outbox set lease_node = null, run_at = $2 where message_id = $1 returning message_id',
    [item.messageId, at],
  )
  if (row) await tx.query(`update message set state = 'waiting' where id = $1 and state = 'sending'`, [item.messageId])
}

import type { App } from '../platform/app.ts'
import { isDatabaseAway, type Tx } from '../platform/db.ts'
import { type Channels, type LiveChannel, recognisesRepeats } from './channel-registry.ts'
import { markBroken } from './channels.ts'
import type { Delivered } from './deliver.ts'
import { settleCosts } from './costs.ts'
import { publishMessages, tellThreads } from './message-changes.ts'
import { PRIORITY, tellSettled } from './outbound.ts'
import { holdUntil } from './rate.ts'
import { type Lost, reroute } from './reroute.ts'

export interface Settled {
  channelId: string
  messageId: string
  threadKey: string
  attempt: number
  outcome: Delivered
}

/** After this many tries, over a day, a message that only ever got "later" has failed; or nobody knows, where "later" may be said of one that has gone. */
export const MAX_ATTEMPTS = 34

/** Waits 2, 4, 8 … seconds, an hour at most, spread by a fifth so that many do not come back together. */
export function backoffSeconds(attempt: number, random = Math.random()): number {
  return Math.min(2 ** attempt, 3600) * (0.9 + random * 0.2)
}

/** Writes down what became of messages: the attempt, the message, the outbox, and what follows from it. One transaction for all. */
export async function settle(app: App, channels: Channels, items: Settled[]): Promise<void> {
  const live = await channels.all()
  const repeats = new Set(live.filter(recognisesRepeats).map((channel) => channel.id))
  await app.db.transaction(async (tx) => {
    await settleSent(tx, items)
    const lost: Lost[] = []
    for (const item of items)
      if (item.outcome.outcome !== 'sent')
        lost.push(...(await settleFailed(tx, item, item.outcome, repeats.has(item.channelId))))
    await goOnElsewhere(app, tx, live, lost)
    await tellOutcomes(
      tx,
      items.map((item) => item.messageId),
    )
  })
}

/** A savepoint around it: what goes wrong here must not cost the outcomes, which are known. */
async function goOnElsewhere(app: App, tx: Tx, live: readonly LiveChannel[], lost: Lost[]): Promise<void> {
  if (lost.length === 0) return
  await tx.query('savepoint rerouting')
  try {
    await reroute(tx, live, lost)
    await tx.query('release savepoint rerouting')
  } catch (error) {
    if (isDatabaseAway(error)) throw error
    await tx.query('rollback to savepoint rerouting')
    // One that may not go on (a campaign's, whose budget is used up) must not keep the others.
    if (lost.length > 1) for (const one of lost) await goOnElsewhere(app, tx, live, [one])
    else app.log.error({ err: error, message: lost[0]?.messageId }, 'a message could not be sent on by another way')
  }
}

interface Head {
  id: string
  conversation_id: string
  channel_id: string
  contact_id: string
  root_id: string
  state: string
  failure_code: string | null
  campaign_id: string | null
  automation_id: string | null
  part_of_id: string | null
  rerouted: boolean
}

/** What follows from the states of messages: costs, screens (of each, or for campaigns of the threads altogether), and who sent them by themselves. */
export async function tellOutcomes(tx: Tx, ids: readonly string[]): Promise<void> {
  const heads = await tx.query<Head>(
    // message_pkey, contact_pkey; message_rerouted for those that failed
    `select m.id, m.conversation_id, m.channel_id, m.contact_id, o.root_id, m.state, m.failure_code, m.campaign_id, m.automation_id, m.part_of_id,
       m.state = 'failed' and m.route is not null and exists (select from message n where n.rerouted_from_id = m.id) as rerouted
     from message m join contact o on o.id = m.contact_id where m.id = any($1::bigint[])`,
    [ids],
  )
  await settleCosts(tx, heads.flatMap(costOf))
  await tellSettled(
    tx,
    heads.filter((head) => ENDED.has(head.state) && !head.rerouted),
  )
  for (const channelId of new Set(heads.map((head) => head.channel_id))) {
    const here = heads.filter((head) => head.channel_id === channelId)
    tellThreads(
      tx,
      channelId,
      here
        .filter((head) => head.campaign_id !== null)
        .map((head) => ({ id: head.conversation_id, contactId: head.root_id })),
    )
    await publishMessages(
      tx,
      channelId,
      here.filter((head) => head.campaign_id === null).map((head) => head.id),
      [],
    )
  }
}

const ENDED = new Set(['sent', 'delivered', 'read', 'failed', 'unknown'])
const OUTCOMES = new Map([
  ['sent', 'spent'],
  ['delivered', 'spent'],
  ['read', 'spent'],
  ['failed', 'released'],
  ['unknown', 'uncertain'],
] as const)

function costOf({ id, state }: Head): { messageId: string; outcome: 'spent' | 'released' | 'uncertain' }[] {
  const outcome = new Map<string, 'spent' | 'released' | 'uncertain'>(OUTCOMES).get(state)
  return outcome ? [{ messageId: id, outcome }] : []
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

/**
 * @param repeats the provider recognises repeats, so "later" is also said of what may have gone
 * @returns the message, if it cannot reach the person and might by another way
 */
async function settleFailed(
  tx: Tx,
  item: Settled,
  failed: Exclude<Delivered, { outcome: 'sent' }>,
  repeats: boolean,
): Promise<Lost[]> {
  const { code, detail } = failed
  switch (failed.outcome) {
    case 'later': {
      const gaveUp = item.attempt >= MAX_ATTEMPTS
      const seconds = failed.retryAfter ?? backoffSeconds(item.attempt)
      const at = new Date(Date.now() + seconds * 1000)
      await closeAttempt(tx, item, failed, gaveUp ? null : at)
      if (gaveUp) await end(tx, item, repeats ? 'unknown' : 'failed', code, detail)
      else if (failed.whole) await holdUntil(tx, item.channelId, null, at)
      if (!gaveUp) await again(tx, item, at, repeats && !failed.whole)
      return []
    }
    case 'settings':
      // The message waits until somebody has mended the channel; its owners are told.
      await closeAttempt(tx, item, failed, null)
      await markBroken(tx, item.channelId, code, detail)
      await again(tx, item, new Date())
      return []
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
    case 'unknown':
      await closeAttempt(tx, item, failed, null)
      await end(tx, item, failed.outcome === 'refused' ? 'failed' : 'unknown', code, detail)
      return []
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

/** @returns the message, unless it had ended already or a person sends it again meanwhile */
async function end(tx: Tx, item: Settled, state: 'failed' | 'unknown', code: string, detail: string): Promise<Lost[]> {
  // The outbox first, as everybody does.
  const place = await tx.one<{ priority: number }>('delete from outbox where message_id = $1 returning priority', [
    item.messageId,
  ])
  const ended = await tx.one(
    `update message set state = $2, failure_code = $3, failure_detail = $4 where id = $1 and state in ('sending', 'unknown') returning id`,
    [item.messageId, state, code, detail],
  )
  return ended ? [{ messageId: item.messageId, priority: place?.priority ?? PRIORITY.automatic, code, detail }] : []
}

/** @param doubt it may have gone already: the provider takes it once, as long as it keeps its id */
async function again(tx: Tx, item: Settled, at: Date, doubt = false): Promise<void> {
  // This node was taken for dead meanwhile: without its row it was declared unknown, and stays so; with another attempt it
  // is under way from another node.
  const row = await tx.one<{ message_id: string }>(
    'update outbox set lease_node = null, run_at = $2, doubt = doubt or $4 where message_id = $1 and attempts = $3 returning message_id',
    [item.messageId, at, item.attempt, doubt],
  )
  if (row) await tx.query(`update message set state = 'waiting' where id = $1 and state = 'sending'`, [item.messageId])
}

import type { RecipientState } from '#shared/api/campaigns.ts'
import { type Happening, onHappened } from '../platform/happenings.ts'
import type { Tx } from '../platform/db.ts'
import { takeBack } from '../conversations/routes.ts'
import { excludedAmong } from './exclusions.ts'

/**
 * What becomes of the messages of campaigns, heard in the transaction in which it becomes so: the recipient's state (the
 * counts follow by trigger), and the pulse by which a campaign notices that it is refused. Whoever sends never waits for
 * a campaign's own row: pausing itself is left to the engine, which looks at the pulse before every piece.
 */
export function campaignOutcomes(): void {
  onHappened('campaigns', async (tx, happenings) => {
    await reroute(
      tx,
      happenings.filter((one) => one.kind === 'message.rerouted' && one.data?.['campaignId']),
    )
    await settle(
      tx,
      happenings.filter((one) => one.kind === 'message.settled' && one.data?.['campaignId']),
    )
  })
}

const STATES: Record<string, RecipientState> = {
  waiting: 'queued',
  sending: 'queued',
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  failed: 'failed',
  unknown: 'unknown',
  cancelled: 'cancelled',
}

async function settle(tx: Tx, happenings: readonly Happening[]): Promise<void> {
  const last = new Map<string, { state: RecipientState; code: string | null }>()
  for (const { messageId, data } of happenings) {
    const state = STATES[String(data?.['state'])]
    const code = data?.['code']
    if (messageId !== undefined && state) last.set(messageId, { state, code: typeof code === 'string' ? code : null })
  }
  if (last.size === 0) return
  const moved = await tx.query<{ campaign_id: string; message_id: string; state: RecipientState }>(
    // campaign_recipient_message. A receipt that was faster than the answer stays.
    `with mine as (
       select r.id, s.state, s.code from unnest($1::bigint[], $2::text[], $3::text[]) as s(id, state, code)
       join campaign_recipient r on r.message_id = s.id order by r.id for no key update of r)
     update campaign_recipient r set state = s.state, code = s.code, at = now()
     from mine s
     where r.id = s.id and r.state <> s.state
       and not (s.state = 'sent' and r.state in ('delivered', 'read')) and not (s.state = 'delivered' and r.state = 'read')
     returning r.campaign_id, r.message_id, r.state`,
    [[...last.keys()], [...last.values()].map((one) => one.state), [...last.values()].map((one) => one.code)],
  )
  await beat(tx, moved, await refusedAmong(tx, moved))
}

/**
 * Which of the failed were refused: that somebody cannot be reached says something of that person, and nothing of what
 * the provider thinks of us.
 */
async function refusedAmong(
  tx: Tx,
  moved: readonly { message_id: string; state: RecipientState }[],
): Promise<ReadonlySet<string>> {
  const failed = moved.filter(({ state }) => state === 'failed').map(({ message_id }) => message_id)
  if (failed.length === 0) return new Set()
  const rows = await tx.query<{ message_id: string }>(
    // message_attempt_pkey
    `select m.id as message_id from unnest($1::bigint[]) as m(id)
     cross join lateral (select outcome from message_attempt where message_id = m.id order by n desc limit 1) a
     where a.outcome is distinct from 'unreachable'`,
    [failed],
  )
  return new Set(rows.map((row) => row.message_id))
}

/** As many outcomes as a setting may ask about. */
const KEPT = 1000

async function beat(
  tx: Tx,
  moved: readonly { campaign_id: string; message_id: string; state: RecipientState }[],
  refused: ReadonlySet<string>,
): Promise<void> {
  const news = new Map<string, string>()
  for (const { campaign_id, message_id, state } of moved) {
    const sign = refused.has(message_id)
      ? 'f'
      : state === 'sent' || state === 'delivered' || state === 'read'
        ? 's'
        : ''
    news.set(campaign_id, (news.get(campaign_id) ?? '') + sign)
  }
  if (news.size === 0) return
  const campaigns = [...news].sort(([a], [b]) => (BigInt(a) < BigInt(b) ? -1 : 1))
  await tx.query(
    `insert into campaign_pulse as p (campaign_id, recent) select * from unnest($1::bigint[], $2::text[])
     on conflict (campaign_id) do update set recent = right(p.recent || excluded.recent, ${KEPT}), changed_at = clock_timestamp()`,
    [campaigns.map(([id]) => id), campaigns.map(([, signs]) => signs)],
  )
}

/** The same words go by the next way: the recipient's message is that one from now on. */
async function reroute(tx: Tx, happenings: readonly Happening[]): Promise<void> {
  const moves = happenings.flatMap(({ messageId, data }) =>
    messageId !== undefined && typeof data?.['newId'] === 'string' ? [{ from: messageId, to: data['newId'] }] : [],
  )
  if (moves.length === 0) return
  const rows = await tx.query<{ campaign_id: string; contact_id: string | null; channel_id: string }>(
    // campaign_recipient_message, message_pkey
    `update campaign_recipient r set message_id = m.id, channel_id = m.channel_id, state = 'queued', route = 'fallback',
       price = (m.route->'price'->>'amount')::bigint, currency = m.route->'price'->>'currency', rerouted = true, code = null, at = now()
     from unnest($1::bigint[], $2::bigint[]) as s(old, new) join message m on m.id = s.new
     where r.message_id = s.old returning r.campaign_id, r.contact_id, r.channel_id`,
    [moves.map((move) => move.from), moves.map((move) => move.to)],
  )
  await beat(
    tx,
    rows.map((row) => ({ ...row, message_id: '', state: 'queued' as const })),
    new Set(),
  )
  for (const id of await unwanted(tx, rows)) await comeBack(tx, id)
}

/**
 * Of what has just gone on by another way: the campaigns that do not run any more, and those that would write to somebody
 * who has asked to be left alone since. A way that fails must not carry on what a person has stopped.
 */
async function unwanted(
  tx: Tx,
  rows: readonly { campaign_id: string; contact_id: string | null; channel_id: string }[],
): Promise<string[]> {
  const asked = [...new Set(rows.map((row) => row.campaign_id))]
  const stopped = await tx.query<{ id: string }>(
    `select id from campaign where id = any($1::bigint[]) and state <> 'running' order by id`,
    [asked],
  )
  const roots = await tx.query<{ id: string; root_id: string }>(
    // contact_pkey
    'select id, root_id from contact where id = any($1::bigint[])',
    [rows.flatMap((row) => row.contact_id ?? [])],
  )
  const rootOf = new Map(roots.map((row) => [row.id, row.root_id]))
  const excluded = await excludedAmong(tx, [...new Set(rootOf.values())])
  const left = rows.filter(({ contact_id, channel_id }) => {
    const out = excluded.get(rootOf.get(contact_id ?? '') ?? '')
    return out?.all === true || out?.channelIds.has(channel_id) === true
  })
  return [...new Set([...stopped.map((row) => row.id), ...left.map((row) => row.campaign_id)])].sort(
    (a, b) => Number(a) - Number(b),
  )
}

/**
 * What no node has begun to send of a campaign comes back, and its recipients are ready again: one that runs looks at
 * each anew before it writes.
 */
export async function comeBack(tx: Tx, campaignId: string): Promise<void> {
  const taken = await takeBack(tx, campaignId)
  if (taken.length > 0)
    await tx.query(
      // campaign_recipient_message: the ids are read before the messages are gone
      `update campaign_recipient set state = 'ready', message_id = null, at = now() where message_id = any($1::bigint[])`,
      [taken],
    )
}

/** Screens are told of campaigns that moved on, of each at most about twice a second; whichever node looks first. */
export async function tellPulses(tx: Tx): Promise<void> {
  const due = await tx.query<{ campaign_id: string }>(
    // campaign_pulse_due
    `update campaign_pulse set told_at = clock_timestamp() where campaign_id in (
       select campaign_id from campaign_pulse where changed_at > told_at and told_at < clock_timestamp() - interval '450 ms'
       order by campaign_id for update skip locked)
     returning campaign_id`,
  )
  for (const { campaign_id } of due) tx.publish({ need: 'campaign.view' }, { kind: 'campaign', id: campaign_id })
}

/** Whether it should stop: so many refusals in a row, or so many per cent of the last hundred. Pure. */
export function isRefused(recent: string, stopAfter: number, stopShare: number): boolean {
  const row = recent.length - recent.replace(/f+$/, '').length
  if (row >= stopAfter) return true
  const last = recent.slice(-100)
  return last.length === 100 && [...last].filter((sign) => sign === 'f').length > stopShare
}

import { setTimeout as pause } from 'node:timers/promises'
import type { Channels, LiveChannel } from '../conversations/channel-registry.ts'
import { ratesOf } from '../conversations/channel-registry.ts'
import { bulkHold } from '../conversations/costs.ts'
import { PRIORITY } from '../conversations/outbound.ts'
import { type Way, writeTo } from '../conversations/routes.ts'
import { audit } from '../org/audit.ts'
import { notify } from '../org/notices.ts'
import type { Actor, App, Part } from '../platform/app.ts'
import { type Db, isDatabaseAway, type Tx } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { isRefused, tellPulses } from './campaign-outcomes.ts'
import { judgeAll, visibleRoots } from './campaign-people.ts'
import { textsFor } from './campaign-prepare.ts'
import { CAMPAIGN_COLUMNS, type CampaignRow, countsOf, pauseSentence, tellCampaign } from './campaign-rows.ts'
import { loadCampaignSettings } from './campaign-settings.ts'
import { stopCampaign } from './campaigns.ts'
import { quietUntil } from './quiet-hours.ts'

/**
 * Hands the recipients of running campaigns to the senders, a short lead at a time: what is not handed over needs nothing
 * to be paused, and leaves no trace. A recipient is claimed, written to and marked in one transaction, so that however
 * many nodes there are and wherever one of them dies, nobody is written to twice and nobody is forgotten.
 */

/** So much of a channel's rate waits in the outbox at most. */
const LEAD_S = 0.5
/** In one transaction; what bounds memory and how long the rows of a piece stay locked. */
const PIECE = 500
const BUSY_MS = 100
const IDLE_MS = 1000
/** First key of the advisory locks (the second is the channel's): one node at a time looks how much waits, and adds to it. */
const FEEDING = 7008

export function createEngine(app: App, channels: Channels): Part {
  return {
    name: 'campaigns',
    role: 'worker',
    async start() {
      const stop = new AbortController()
      let wake = new AbortController()
      app.live.onChange('campaign', () => wake.abort())
      const running = (async () => {
        while (!stop.signal.aborted) {
          const state = await turn(app, channels, stop.signal).catch((error: unknown) => {
            app.log.error({ err: error }, 'campaigns could not be moved on; trying again')
            return 'idle' as const
          })
          if (state === 'full') continue
          // What wakes it while it is busy changes nothing: it looks again at once.
          wake = new AbortController()
          const signal = state === 'idle' ? AbortSignal.any([stop.signal, wake.signal]) : stop.signal
          await pause(state === 'idle' ? IDLE_MS : BUSY_MS, undefined, { signal }).catch(() => undefined)
        }
      })()
      return async () => {
        stop.abort()
        await running
      }
    },
  }
}

const MOST_FAILURES = 5
/** In a row, by campaign; of this node. */
const failures = new Map<string, number>()

/** One look at all campaigns. `full`: there is room for more at once; `idle`: none runs. */
export async function turn(app: App, channels: Channels, signal: AbortSignal): Promise<'full' | 'busy' | 'idle'> {
  await app.db.transaction(tellPulses)
  const rows = await app.db.query<Pick<CampaignRow, 'id' | 'state'> & { due: boolean }>(
    // campaign_active
    `select id, state, state = 'running' or scheduled_at <= now() as due from campaign
     where state in ('scheduled', 'running') and deleted_at is null order by id`,
  )
  let full = false
  for (const { id, state, due } of rows) {
    if (signal.aborted) return 'busy'
    if (!due) continue
    try {
      const { went } = state === 'scheduled' ? await begin(app, id) : await feed(app, channels, id)
      full ||= went
      failures.delete(id)
    } catch (error) {
      app.log.error({ err: error, campaign: id }, 'a campaign could not be moved on')
      // Budgets are asked channel by channel; of one for all of them the sum may be too much.
      const overBudget = error instanceof Problem && error.code === 'budget_reached'
      // A database that is away, or too busy, is waited for; what fails again and again is for a person.
      if (isDatabaseAway(error)) continue
      const times = (failures.get(id) ?? 0) + 1
      failures.set(id, times)
      if (!overBudget && times < MOST_FAILURES) continue
      failures.delete(id)
      await stopItself(app, id, overBudget ? 'budget' : 'failure').catch(() => undefined)
    }
  }
  if (full) return 'full'
  return rows.some((row) => row.due) ? 'busy' : 'idle'
}

/** The hour has come. */
async function begin(app: App, id: string): Promise<{ went: boolean }> {
  return app.db.transaction(async (tx) => {
    const row = await tx.one(
      `update campaign set state = 'running', started_at = now(), updated_at = now() where id = $1 and state = 'scheduled' returning id`,
      [id],
    )
    if (row) tellCampaign(tx, id)
    return { went: row !== undefined }
  })
}

/** Whoever started it, with the rights of this moment; asked again every other second. */
const actors = new Map<string, { at: number; actor: Actor | undefined }>()
async function starterOf(app: App, { id, started_by, started_token }: CampaignRow): Promise<Actor | undefined> {
  const key = `${app.node} ${id} ${started_by} ${started_token}`
  const known = actors.get(key)
  if (known && Date.now() - known.at < 2000) return known.actor
  const actor = await app.actorOf(started_by ?? '0', undefined, started_token ?? undefined)
  if (actors.size > 1000) actors.clear()
  actors.set(key, { at: Date.now(), actor })
  return actor
}

/** Why it must not go on, if so. */
async function objection(
  db: Db,
  channels: Channels,
  campaign: CampaignRow,
  actor: Actor | undefined,
): Promise<NonNullable<CampaignRow['pause_reason']> | undefined> {
  if (!actor?.rights.has('campaign.send')) return 'no_right'
  const used = (campaign.estimate?.byRoute ?? []).map(({ channelId }) => channelId)
  if (used.some((id) => !actor.channels.send.includes(id))) return 'no_right'
  for (const id of used) {
    if ((await channels.byId(id))?.state === 'active') continue
    // campaign_recipient_next, campaign_recipient_state
    const waits = await db.one(
      `select where exists (select from campaign_recipient where campaign_id = $1 and channel_id = $2 and state = 'ready')
         or exists (select from campaign_recipient where campaign_id = $1 and channel_id = $2 and state = 'queued')`,
      [campaign.id, id],
    )
    if (waits) return 'channel'
  }
  const pulse = await db.one<{ recent: string }>('select recent from campaign_pulse where campaign_id = $1', [
    campaign.id,
  ])
  const { stopAfter, stopShare } = await loadCampaignSettings(db)
  return isRefused(pulse?.recent ?? '', stopAfter, stopShare) ? 'refusals' : undefined
}

async function stopItself(app: App, id: string, reason: NonNullable<CampaignRow['pause_reason']>): Promise<void> {
  await app.db.transaction(async (tx) => {
    const row = await tx.one<CampaignRow>(
      `select ${CAMPAIGN_COLUMNS} from campaign where id = $1 and state = 'running' for no key update`,
      [id],
    )
    if (row) await stopWithNotice(tx, row, reason)
  })
}

async function stopWithNotice(
  tx: Tx,
  row: CampaignRow,
  reason: NonNullable<CampaignRow['pause_reason']>,
): Promise<void> {
  await stopCampaign(tx, row.id, 'paused', reason)
  await audit(tx, undefined, 'campaign.paused', { kind: 'campaign', id: row.id }, null, { reason })
  const organisation = await tx.one<{ locale: Actor['locale'] }>('select locale from organisation')
  await notify(tx, watchersOf(row), {
    kind: 'campaign_paused',
    values: { name: row.name, reason: pauseSentence(reason, organisation?.locale ?? 'fa') },
    link: `/campaigns/${row.id}`,
  })
}

const watchersOf = ({ created_by, started_by }: CampaignRow): string[] => [
  ...new Set([created_by, ...(started_by === null ? [] : [started_by])]),
]

/** Moves one running campaign on. `went`: a whole piece was handed over, there may be room for more. */
async function feed(app: App, channels: Channels, id: string): Promise<{ went: boolean }> {
  const campaign = await app.db.one<CampaignRow>(
    `select ${CAMPAIGN_COLUMNS} from campaign where id = $1 and state = 'running'`,
    [id],
  )
  if (!campaign) return { went: false }
  const actor = await starterOf(app, campaign)
  const against = await objection(app.db, channels, campaign, actor)
  if (against || !actor) {
    await stopItself(app, id, against ?? 'no_right')
    return { went: false }
  }
  const home = await app.db.one<{ time_zone: string }>('select time_zone from organisation')
  if (quietUntil(new Date(), home?.time_zone ?? 'UTC', campaign.quiet)) return { went: false }
  let went = false
  for (const channelId of campaign.channel_ids) {
    const channel = await channels.byId(channelId)
    if (channel?.state !== 'active' || !actor.channels.send.includes(channelId)) continue
    const handed = await app.db.transaction((tx) => feedChannel(tx, channels, { id, actor, channel }))
    went ||= handed
  }
  if (!went) await finishIfOver(app, id)
  return { went }
}

interface Feeding {
  id: string
  actor: Actor
  channel: LiveChannel
}
interface Ready {
  id: string
  contact_id: string | null
  text: string | null
  row: Record<string, string> | null
}

/** Fills the channel's lead from one campaign. Says whether a whole piece went. */
async function feedChannel(tx: Tx, channels: Channels, { id, actor, channel }: Feeding): Promise<boolean> {
  const feeding = await tx.one<{ mine: boolean }>(
    'select pg_try_advisory_xact_lock($1, ($2::bigint % 2147483647)::int) as mine',
    [FEEDING, channel.id],
  )
  if (!feeding?.mine) return false
  // Whoever pauses it waits for this piece, and then takes back what has not left.
  const campaign = await tx.one<CampaignRow>(
    `select ${CAMPAIGN_COLUMNS} from campaign where id = $1 and state = 'running' for no key update skip locked`,
    [id],
  )
  if (!campaign) return false
  const lead = Math.max(1, Math.ceil(ratesOf(channel).channel * LEAD_S))
  const waiting = await tx.one<{ n: number }>(
    // outbox_next; a chat that is held back by a time of its own counts too
    `select count(*)::int as n from (select from outbox where channel_id = $1 and priority = $2 and lease_node is null limit $3) w`,
    [channel.id, PRIORITY.bulk, lead],
  )
  const room = Math.min(PIECE, lead - (waiting?.n ?? 0))
  if (room <= 0) return false
  const rows = await tx.query<Ready>(
    // campaign_recipient_next
    `select id, contact_id, text, row from campaign_recipient where campaign_id = $1 and channel_id = $2 and state = 'ready'
     order by id limit $3 for no key update skip locked`,
    [id, channel.id, room],
  )
  if (rows.length === 0) return false
  const written = await write(tx, channels, { campaign, actor }, rows)
  return written && rows.length === room && room === PIECE
}

type Verdict =
  | { way: readonly [Way, ...Way[]]; text: string }
  | { state: 'excluded' | 'held'; reason: string; detail: string | null }

/**
 * Looks at each anew — between preparing and now somebody may have asked to be left alone, been merged, become
 * reachable in a cheaper way — and writes. Says whether it may go on.
 */
async function write(
  tx: Tx,
  channels: Channels,
  { campaign, actor }: { campaign: CampaignRow; actor: Actor },
  rows: readonly Ready[],
): Promise<boolean> {
  const verdicts = await verdictsOn(tx, channels, campaign, actor, rows)
  const go = rows.flatMap((row) => {
    const verdict = verdicts.get(row.id)
    return verdict && 'way' in verdict ? [{ row, ...verdict }] : []
  })
  const fits = await affordable(tx, campaign.id, go)
  const sent = go.slice(0, fits)
  await settleOut(tx, verdicts)
  const messages = await writeTo(
    tx,
    channels,
    sent.map(({ way, text }) => ({
      ways: way,
      text,
      fileIds: campaign.file_ids,
      origin: 'campaign',
      authorId: actor.userId,
      campaignId: campaign.id,
      ...(campaign.template_id !== null && { templateId: campaign.template_id }),
      askNumber: campaign.ask_number,
    })),
    PRIORITY.bulk,
  )
  if (sent.length > 0) {
    await tx.query(
      // campaign_recipient_pkey
      `update campaign_recipient r set state = 'queued', message_id = s.message_id, channel_id = s.channel_id, route = s.route, identity_id = s.identity_id,
         price = s.price, currency = s.currency, text = coalesce(r.text, s.text), reason = null, detail = null, at = now()
       from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[])
         as s(id, message_id, channel_id, route, identity_id, price, currency, text)
       where r.id = s.id`,
      [
        sent.map(({ row }) => row.id),
        messages,
        sent.map(({ way }) => way[0].channelId),
        sent.map(({ way }) => way[0].reason),
        sent.map(({ way }) => way[0].identityId),
        sent.map(({ way }) => way[0].price?.amount ?? null),
        sent.map(({ way }) => way[0].price?.currency ?? null),
        sent.map(({ text }) => (campaign.fixed_text === null ? text : null)),
      ],
    )
  }
  await tx.query(
    `insert into campaign_pulse (campaign_id) values ($1) on conflict (campaign_id) do update set changed_at = clock_timestamp()`,
    [campaign.id],
  )
  if (fits === go.length) return true
  await stopWithNotice(tx, campaign, 'budget')
  return false
}

async function verdictsOn(
  tx: Tx,
  channels: Channels,
  campaign: CampaignRow,
  actor: Actor,
  rows: readonly Ready[],
): Promise<Map<string, Verdict>> {
  const roots = await visibleRoots(
    tx,
    actor,
    rows.flatMap((row) => row.contact_id ?? []),
  )
  const taken = await othersWithin(tx, campaign.id, rows, [...new Set(roots.values())])
  const live = (await Promise.all(campaign.channel_ids.map((id) => channels.byId(id)))).flatMap((one) =>
    one && actor.channels.send.includes(one.id) ? [one] : [],
  )
  const judged = await judgeAll(tx, live, [...new Set(roots.values())])
  const addresses = await addressesWritten(
    tx,
    campaign.id,
    [...judged.values()].flatMap((one) => ('ways' in one ? [one.ways[0].identityId] : [])),
  )
  // A text that was held is made now.
  const unwritten = campaign.fixed_text === null ? rows.filter((row) => row.text === null) : []
  const made = await textsFor(
    tx,
    campaign,
    unwritten.map((row) => ({ contactId: roots.get(row.contact_id ?? '') ?? null, row: row.row ?? {} })),
  )
  const texts = new Map(unwritten.map((row, n) => [row.id, made[n]]))
  const longest = new Map(live.map(({ id, kind }) => [id, kind.kind.capabilities.textLength]))
  const verdicts = new Map<string, Verdict>()
  for (const row of rows) {
    const root = roots.get(row.contact_id ?? '')
    const one = judged.get(root ?? '')
    const text = row.text ?? campaign.fixed_text ?? texts.get(row.id)?.text ?? ''
    const missing = texts.get(row.id)?.missing ?? []
    const out = (reason: string, detail: string | null = null): void =>
      void verdicts.set(row.id, { state: 'excluded', reason, detail })
    if (root === undefined || !one) out('not_visible')
    else if (taken.has(root)) out('duplicate')
    else if (!('ways' in one)) out(one.reason, one.detail)
    else if (addresses.has(one.ways[0].identityId)) out('duplicate')
    else if (missing.length > 0)
      verdicts.set(row.id, { state: 'held', reason: 'missing_field', detail: missing.join(', ') })
    else if (text.length > (longest.get(one.ways[0].channelId) ?? 0))
      verdicts.set(row.id, { state: 'held', reason: 'too_long', detail: String(text.length) })
    else {
      taken.add(root)
      verdicts.set(row.id, { way: one.ways, text })
    }
  }
  return verdicts
}

/** Contacts (roots) who were written to already by another row: two recipients may have become one contact since. */
async function othersWithin(
  db: Db,
  campaignId: string,
  rows: readonly Ready[],
  rootIds: readonly string[],
): Promise<Set<string>> {
  const found = await db.query<{ root_id: string }>(
    // contact_root; campaign_recipient_contact
    `select m.root_id from (
       select id, root_id from contact where id = any($1::bigint[])
       union all
       select id, root_id from contact where root_id = any($1::bigint[]) and merged_into_id is not null) m
     join campaign_recipient r on r.contact_id = m.id and r.campaign_id = $2
     where r.id <> all($3::bigint[]) and r.state not in ('ready', 'held', 'excluded')`,
    [rootIds, campaignId, rows.map((row) => row.id)],
  )
  return new Set(found.map((row) => row.root_id))
}

/** Addresses that were written to already, under whatever contact they stood then. */
async function addressesWritten(db: Db, campaignId: string, identityIds: readonly string[]): Promise<Set<string>> {
  const found = await db.query<{ identity_id: string }>(
    // campaign_recipient_address
    `select identity_id from campaign_recipient
     where campaign_id = $1 and identity_id = any($2::bigint[]) and state not in ('ready', 'held', 'excluded')`,
    [campaignId, identityIds],
  )
  return new Set(found.map((row) => row.identity_id))
}

/** How many of them, in order, no budget forbids. The budgets stay locked until the commit, so the answer holds. */
async function affordable(
  tx: Tx,
  campaignId: string,
  go: readonly { way: readonly [Way, ...Way[]] }[],
): Promise<number> {
  for (let n = go.length; n > 0; n = Math.floor(n / 2)) {
    const sums = new Map<string, bigint>()
    for (const { way } of go.slice(0, n))
      sums.set(way[0].channelId, (sums.get(way[0].channelId) ?? 0n) + BigInt(way[0].price?.amount ?? 0))
    let held = false
    for (const [channelId, more] of sums)
      held ||= more > 0n && (await bulkHold(tx, { campaignId, channelId, more })) !== undefined
    if (!held) return n
  }
  return 0
}

async function settleOut(tx: Tx, verdicts: ReadonlyMap<string, Verdict>): Promise<void> {
  const out = [...verdicts].flatMap(([id, verdict]) => ('state' in verdict ? [{ id, ...verdict }] : []))
  if (out.length === 0) return
  await tx.query(
    `update campaign_recipient r set state = s.state, reason = s.reason, detail = s.detail, at = now()
     from unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) as s(id, state, reason, detail) where r.id = s.id`,
    [out.map((one) => one.id), out.map((one) => one.state), out.map((one) => one.reason), out.map((one) => one.detail)],
  )
}

/** Nobody is left to write to and nothing is on its way. Those of whom nobody knows are shown, and do not hold it up. */
async function finishIfOver(app: App, id: string): Promise<void> {
  const before = (await countsOf(app.db, [id])).get(id)
  if (!before || before.ready + before.queued > 0) return
  await app.db.transaction(async (tx) => {
    const row = await tx.one<CampaignRow>(
      `select ${CAMPAIGN_COLUMNS} from campaign where id = $1 and state = 'running' for no key update`,
      [id],
    )
    const counts = (await countsOf(tx, [id])).get(id)
    if (!row || !counts || counts.ready + counts.queued > 0) return
    await tx.query(`update campaign set state = 'done', finished_at = now(), updated_at = now() where id = $1`, [id])
    const sent = counts.sent + counts.delivered + counts.read
    const { failed, unknown, held } = counts
    await audit(tx, undefined, 'campaign.finished', { kind: 'campaign', id }, null, { sent, failed, unknown, held })
    await notify(tx, watchersOf(row), {
      kind: 'campaign_done',
      values: { name: row.name, sent, failed },
      link: `/campaigns/${id}`,
    })
    tellCampaign(tx, id)
  })
}

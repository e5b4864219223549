import type {
  Audience,
  Campaign,
  CampaignCounts,
  CampaignEstimate,
  CampaignState,
  QuietHours,
} from '#shared/api/campaigns.ts'
import { RECIPIENT_STATES } from '#shared/api/campaigns.ts'
import type { Money } from '#shared/api/field-values.ts'
import type { Locale } from '#shared/locales.ts'
import { loadFileInfos } from '../conversations/composing.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { translatorFor } from '../platform/texts.ts'
import { quietUntil } from './quiet-hours.ts'

/** What the pieces of preparing came to. Amounts in minor units, as texts. */
export interface Tally {
  routes?: Record<
    string,
    {
      channelId: string
      reason: string
      count: number
      amount: string
      saved: string
      currency: string | null
      savedCurrency: string | null
    }
  >
  excluded?: Record<string, number>
  held?: Record<string, number>
}

export interface CampaignRow {
  id: string
  name: string
  state: CampaignState
  audience: Audience
  channel_ids: string[]
  template_id: string | null
  text: string
  texts: Partial<Record<Locale, string>>
  file_ids: string[]
  ask_number: boolean
  quiet: QuietHours | null
  pause_reason: NonNullable<Campaign['pause']>['reason'] | null
  failure: string | null
  version: number
  part: number
  cursor: string
  prepared: number
  to_prepare: number
  fixed_text: string | null
  tally: Tally
  estimate: CampaignEstimate | null
  scheduled_at: Date | null
  created_by: string
  prepared_by: string | null
  prepared_token: string | null
  started_by: string | null
  started_token: string | null
  created_at: Date
  updated_at: Date
  started_at: Date | null
  finished_at: Date | null
}
export const CAMPAIGN_COLUMNS = `id, name, state, audience, channel_ids, template_id, text, texts, file_ids, ask_number, quiet, pause_reason, failure, version,
  part, cursor, prepared, to_prepare, fixed_text, tally, estimate, scheduled_at, created_by, prepared_by, prepared_token, started_by,
  started_token, created_at, updated_at, started_at, finished_at`

export async function readCampaign(db: Db, id: string): Promise<CampaignRow | undefined> {
  return db.one<CampaignRow>(`select ${CAMPAIGN_COLUMNS} from campaign where id = $1 and deleted_at is null`, [id])
}

/** Held until the commit: nobody moves the campaign meanwhile. @throws Problem not_found */
export async function lockCampaign(tx: Tx, id: string): Promise<CampaignRow> {
  const row = await tx.one<CampaignRow>(
    `select ${CAMPAIGN_COLUMNS} from campaign where id = $1 and deleted_at is null for no key update`,
    [id],
  )
  if (!row) throw new Problem('not_found')
  return row
}

export function tellCampaign(tx: Tx, id: string): void {
  tx.publish({ need: 'campaign.view' }, { kind: 'campaign', id })
}

/** By id; kept by triggers (campaign_count_pkey). */
export async function countsOf(db: Db, ids: readonly string[]): Promise<Map<string, CampaignCounts>> {
  const rows = await db.query<{ campaign_id: string; state: keyof CampaignCounts; total: string }>(
    'select campaign_id, state, total from campaign_count where campaign_id = any($1::bigint[])',
    [ids],
  )
  const counts = new Map(ids.map((id) => [id, noCounts()]))
  for (const { campaign_id, state, total } of rows) {
    const one = counts.get(campaign_id)
    if (!one) continue
    one[state] = Number(total)
    one.total += Number(total)
  }
  return counts
}
function noCounts(): CampaignCounts {
  const none = Object.fromEntries(RECIPIENT_STATES.map((state) => [state, 0])) as Omit<CampaignCounts, 'total'>
  return { total: 0, ...none }
}

/** What its messages have cost and what is set aside for those on their way (cost_day_campaign). */
async function spentOf(db: Db, ids: readonly string[]): Promise<Map<string, Money[]>> {
  const rows = await db.query<{ campaign_id: string; amount: string; currency: string }>(
    `select campaign_id, currency, sum(spent + reserved + uncertain)::text as amount from cost_day
     where campaign_id = any($1::bigint[]) and campaign_id > 0 group by 1, 2 order by 1, 2`,
    [ids],
  )
  const spent = new Map<string, Money[]>()
  for (const { campaign_id, amount, currency } of rows)
    if (amount !== '0') spent.set(campaign_id, [...(spent.get(campaign_id) ?? []), { amount, currency }])
  return spent
}

const PAUSES: Record<NonNullable<Campaign['pause']>['reason'], string> = {
  by_hand: 'outreach.pause.by_hand',
  refusals: 'outreach.pause.refusals',
  channel: 'outreach.pause.channel',
  budget: 'outreach.pause.budget',
  no_right: 'outreach.pause.no_right',
  failure: 'outreach.pause.failure',
}
export const pauseSentence = (reason: keyof typeof PAUSES, locale: Locale): string =>
  translatorFor(locale)(PAUSES[reason])

/** Campaigns as the API tells of them; a few statements, however many. */
export async function campaignViews(db: Db, actor: Actor, rows: readonly CampaignRow[]): Promise<Campaign[]> {
  const ids = rows.map((row) => row.id)
  const counts = await countsOf(db, ids)
  const spent = await spentOf(db, ids)
  const files = await loadFileInfos(db, [...new Set(rows.flatMap((row) => row.file_ids))])
  const home = await db.one<{ time_zone: string }>('select time_zone from organisation')
  const now = new Date()
  return rows.map((row) => {
    const count = counts.get(row.id) ?? noCounts()
    const until = row.state === 'running' ? quietUntil(now, home?.time_zone ?? 'UTC', row.quiet) : undefined
    return {
      id: row.id,
      name: row.name,
      audience: row.audience,
      channelIds: row.channel_ids,
      templateId: row.template_id,
      text: row.text,
      fileIds: row.file_ids,
      askNumber: row.ask_number,
      quiet: row.quiet,
      state: row.state,
      files: row.file_ids.flatMap((id) => files.get(id) ?? []),
      pause:
        row.state === 'paused' && row.pause_reason
          ? { reason: row.pause_reason, sentence: pauseSentence(row.pause_reason, actor.locale) }
          : null,
      quietUntil: until?.toISOString() ?? null,
      failure: row.failure === null ? null : translatorFor(actor.locale)(`errors.${row.failure}`),
      counts: count,
      prepared: { done: row.prepared, total: row.to_prepare },
      estimate: row.estimate,
      spent: spent.get(row.id) ?? [],
      scheduledAt: row.scheduled_at?.toISOString() ?? null,
      ...paceOf(row, count, until ?? now),
      version: row.version,
      may: mayDo(actor, row, count),
      createdBy: row.created_by,
      startedBy: row.started_by,
      createdAt: row.created_at.toISOString(),
      updatedAt: row.updated_at.toISOString(),
      startedAt: row.started_at?.toISOString() ?? null,
      finishedAt: row.finished_at?.toISOString() ?? null,
    }
  })
}

/** As fast as the channels allow, as the estimate knew them. */
function paceOf(
  { state, estimate }: CampaignRow,
  counts: CampaignCounts,
  from: Date,
): Pick<Campaign, 'perSecond' | 'endsAt'> {
  if (state !== 'running' || !estimate || estimate.recipients === 0) return { perSecond: null, endsAt: null }
  const perSecond = estimate.recipients / Math.max(estimate.seconds, 1)
  const left = ((counts.ready + counts.queued) / estimate.recipients) * estimate.seconds
  return { perSecond, endsAt: new Date(from.getTime() + left * 1000).toISOString() }
}

function mayDo(actor: Actor, { state }: CampaignRow, counts: CampaignCounts): Campaign['may'] {
  const manage = actor.rights.has('campaign.manage')
  const send = actor.rights.has('campaign.send')
  const again = counts.failed + counts.held + counts.unknown > 0
  return {
    edit: manage && (state === 'draft' || state === 'ready'),
    prepare: manage && (state === 'draft' || state === 'ready'),
    start: send && state === 'ready',
    pause: send && state === 'running',
    resume: send && state === 'paused',
    cancel: send && ['scheduled', 'running', 'paused'].includes(state),
    retry: send && ['running', 'paused', 'done'].includes(state) && again,
    delete: manage && ['draft', 'ready'].includes(state),
  }
}

/** @throws Problem campaign_state unless it is in one of the states */
export function needState({ state }: CampaignRow, ...states: readonly CampaignState[]): void {
  if (!states.includes(state)) throw new Problem('campaign_state', { state })
}

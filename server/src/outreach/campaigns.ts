import type {
  Audience,
  AudienceCount,
  Campaign,
  CampaignNew,
  CampaignPatch,
  CampaignQuery,
  CampaignRetry,
  CampaignStart,
} from '#shared/api/campaigns.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { ContactSelection } from '#shared/api/operations.ts'
import { foldText } from '#shared/text.ts'
import { parseTemplate } from '#shared/template.ts'
import type { Channels } from '../conversations/channel-registry.ts'
import { ownFiles } from '../conversations/composing.ts'
import { lackedFor } from '../conversations/template-sending.ts'
import { getTemplate, readTemplate } from '../conversations/templates.ts'
import { countContacts } from '../crm/contact-search.ts'
import { readContactList } from '../crm/contact-query.ts'
import { loadView } from '../crm/views.ts'
import { audit } from '../org/audit.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Database, Db, Tx } from '../platform/db.ts'
import { decodeCursor, need, pageOf } from '../platform/http.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import {
  CAMPAIGN_COLUMNS,
  type CampaignRow,
  campaignViews,
  lockCampaign,
  needState,
  readCampaign,
  tellCampaign,
} from './campaign-rows.ts'
import { comeBack } from './campaign-outcomes.ts'
import { loadCampaignSettings } from './campaign-settings.ts'
import { foldedSearch } from './exclusions.ts'

export async function listCampaigns(db: Db, actor: Actor, query: CampaignQuery): Promise<PageOf<Campaign>> {
  const limit = query.limit ?? 50
  const [before] = decodeCursor(query.cursor, 1) ?? []
  const search = query.search?.trim()
  const rows = await db.query<CampaignRow>(
    // campaign_pkey, campaign_state, campaign_folded
    `select ${CAMPAIGN_COLUMNS} from campaign where deleted_at is null and ($1::bigint is null or id < $1) and ($2::text is null or state = $2)
       ${search ? 'and folded like $4' : ''} order by id desc limit $3`,
    [before ?? null, query.state ?? null, limit + 1, ...(search ? [foldedSearch(search)] : [])],
  )
  const page = pageOf(
    rows,
    limit,
    (row) => row,
    (row) => [row.id],
  )
  return { items: await campaignViews(db, actor, page.items), nextCursor: page.nextCursor }
}

/** @throws Problem not_found */
export async function loadCampaign(db: Db, actor: Actor, id: string): Promise<Campaign> {
  const row = await readCampaign(db, id)
  const [view] = row ? await campaignViews(db, actor, [row]) : []
  if (!view) throw new Problem('not_found')
  return view
}

/** @throws Problem invalid_input with the names of what is wrong */
export async function makeCampaign(tx: Tx, actor: Actor, input: CampaignNew): Promise<Campaign> {
  const { quiet } = await loadCampaignSettings(tx)
  const row = await tx.one<CampaignRow>(
    `insert into campaign (name, folded, quiet, created_by) values ('', '', $1, $2) returning ${CAMPAIGN_COLUMNS}`,
    [quiet && JSON.stringify(quiet), actor.userId],
  )
  if (!row) throw new Error('no campaign was made')
  const made = await store(tx, actor, row, input)
  await audit(tx, actor, 'campaign.created', { kind: 'campaign', id: row.id }, null, contentOf(made))
  return loadCampaign(tx, actor, row.id)
}

/** What is changed is no longer what was estimated: a prepared campaign is a draft again. */
export async function changeCampaign(tx: Tx, actor: Actor, id: string, patch: CampaignPatch): Promise<Campaign> {
  const before = await lockCampaign(tx, id)
  needState(before, 'draft', 'ready')
  const { name: _name, ...content } = patch
  if (Object.keys(content).length > 0) await throwAway(tx, before)
  const after = await store(tx, actor, before, patch)
  await audit(tx, actor, 'campaign.changed', { kind: 'campaign', id }, contentOf(before), contentOf(after))
  tellCampaign(tx, id)
  return loadCampaign(tx, actor, id)
}

const contentOf = (row: CampaignRow): object => ({
  name: row.name,
  audience: row.audience,
  channelIds: row.channel_ids,
  templateId: row.template_id,
  text: row.text,
  fileIds: row.file_ids,
  askNumber: row.ask_number,
  quiet: row.quiet,
})

async function store(tx: Tx, actor: Actor, before: CampaignRow, patch: CampaignPatch): Promise<CampaignRow> {
  const name = patch.name?.trim() ?? before.name
  if (name === '') throw wrongField('name', 'required')
  await checkContent(tx, actor, before, patch)
  const quiet = patch.quiet === undefined ? before.quiet : patch.quiet
  const row = await tx.one<CampaignRow>(
    `update campaign set name = $2, folded = $3, audience = $4, channel_ids = $5, template_id = $6, text = $7, file_ids = $8,
       ask_number = $9, quiet = $10, version = version + 1, updated_at = now() where id = $1 returning ${CAMPAIGN_COLUMNS}`,
    [
      before.id,
      name,
      foldText(name),
      JSON.stringify(patch.audience ?? before.audience),
      [...new Set(patch.channelIds ?? before.channel_ids)],
      patch.templateId === undefined ? before.template_id : patch.templateId,
      patch.text ?? before.text,
      patch.fileIds ?? before.file_ids,
      patch.askNumber ?? before.ask_number,
      quiet && JSON.stringify(quiet),
    ],
  )
  if (!row) throw new Error('the campaign is gone')
  return row
}

async function checkContent(tx: Tx, actor: Actor, before: CampaignRow, patch: CampaignPatch): Promise<void> {
  if (patch.audience) await checkAudience(tx, actor, patch.audience)
  for (const [n, id] of (patch.channelIds ?? []).entries())
    if (!actor.channels.send.includes(id)) throw wrongField(`channelIds.${n}`, 'not_allowed')
  if (patch.templateId) {
    // One that is offered to the actor: an id is not enough to read what somebody has written for themselves.
    const template = await getTemplate(tx, actor, patch.templateId).catch(unlessMissing)
    if (!template || template.archivedAt !== null) throw wrongField('templateId', 'not_allowed')
  }
  // Files that are there already were somebody's own; new ones are the actor's.
  await ownFiles(
    tx,
    actor,
    (patch.fileIds ?? []).filter((id) => !before.file_ids.includes(id)),
    'fileIds',
  )
}

function unlessMissing(error: unknown): undefined {
  if (!(error instanceof Problem && error.code === 'not_found')) throw error
}

async function checkAudience(db: Db, actor: Actor, audience: Audience): Promise<void> {
  if (audience.selections.length + audience.viewIds.length > 0) need(actor, 'contact.view')
  for (const [n, selection] of audience.selections.entries())
    if (!('ids' in selection)) await readContactList(db, actor, queryOf(selection), `audience.selections.${n}.filter.`)
  for (const [n, id] of audience.viewIds.entries()) {
    const view = await loadView(db, actor, id).catch(() => undefined)
    if (view?.resource !== 'contact') throw wrongField(`audience.viewIds.${n}`, 'not_allowed')
  }
  const lists = await db.query<{ id: string }>('select id from recipient_list where id = any($1::bigint[])', [
    audience.listIds,
  ])
  const there = new Set(lists.map((list) => list.id))
  for (const [n, id] of audience.listIds.entries())
    if (!there.has(id)) throw wrongField(`audience.listIds.${n}`, 'not_allowed')
}

const queryOf = (selection: Exclude<ContactSelection, { ids: string[] }>): Record<string, string> => ({
  ...selection.filter,
  ...(selection.search === undefined ? {} : { search: selection.search }),
})

/** How many each part has now, up to a bound. */
export async function countAudience(db: Database, actor: Actor, audience: Audience): Promise<AudienceCount> {
  await checkAudience(db, actor, audience)
  const counts: AudienceCount = { selections: [], views: [], lists: [] }
  for (const selection of audience.selections)
    counts.selections.push(
      'ids' in selection
        ? { count: new Set(selection.ids).size, more: false }
        : await countContacts(db, actor, queryOf(selection)),
    )
  for (const view of audience.viewIds) counts.views.push(await countContacts(db, actor, { view }))
  const lists = await db.query<{ id: string; count: number }>(
    'select id, count from recipient_list where id = any($1::bigint[])',
    [audience.listIds],
  )
  for (const id of audience.listIds)
    counts.lists.push({ count: lists.find((list) => list.id === id)?.count ?? 0, more: false })
  return counts
}

/** Recipients that were written down are thrown away: in the background, since they may be a million. */
async function throwAway(tx: Tx, row: CampaignRow): Promise<void> {
  await tx.query(
    `update campaign set state = 'draft', part = 0, cursor = 0, prepared = 0, to_prepare = 0, tally = '{}', estimate = null, fixed_text = null,
       scheduled_at = null, failure = null, version = version + 1 where id = $1`,
    [row.id],
  )
  await tx.addJob('campaign.sweep', { campaignId: row.id }, { key: `campaign.sweep:${row.id}` })
}

export async function deleteCampaign(tx: Tx, actor: Actor, id: string): Promise<void> {
  const row = await lockCampaign(tx, id)
  needState(row, 'draft', 'ready')
  await throwAway(tx, row)
  await tx.query('update campaign set deleted_at = now() where id = $1', [id])
  await audit(tx, actor, 'campaign.deleted', { kind: 'campaign', id }, contentOf(row), null)
  tellCampaign(tx, id)
}

/** A new draft with the same content. What the copier may not use any more is left out. */
export async function copyCampaign(tx: Tx, actor: Actor, id: string, name: string): Promise<Campaign> {
  const row = await readCampaign(tx, id)
  if (!row) throw new Problem('not_found')
  const copy = await tx.one<{ id: string }>(
    `insert into campaign (name, folded, audience, channel_ids, template_id, text, file_ids, ask_number, quiet, created_by)
     select $2, $3, audience, $4, template_id, text, file_ids, ask_number, quiet, $5 from campaign where id = $1 returning id`,
    [
      id,
      name,
      foldText(name),
      row.channel_ids.filter((channel) => actor.channels.send.includes(channel)),
      actor.userId,
    ],
  )
  if (!copy) throw new Error('no campaign was made')
  await audit(tx, actor, 'campaign.created', { kind: 'campaign', id: copy.id }, null, { ...contentOf(row), name })
  tellCampaign(tx, copy.id)
  return loadCampaign(tx, actor, copy.id)
}

/**
 * Begins to write the recipients down; goes on in the background. What a template says now is what the campaign says.
 * @throws Problem invalid_input for what is missing or wrong
 */
export async function prepareCampaign(tx: Tx, channels: Channels, actor: Actor, id: string): Promise<Campaign> {
  const row = await lockCampaign(tx, id)
  if (row.state === 'preparing') return loadCampaign(tx, actor, id)
  needState(row, 'draft', 'ready')
  const { audience } = row
  if (audience.selections.length + audience.viewIds.length + audience.listIds.length === 0)
    throw wrongField('audience', 'required')
  await checkAudience(tx, actor, audience)
  if (row.channel_ids.length === 0) throw wrongField('channelIds', 'required')
  for (const [n, channelId] of row.channel_ids.entries())
    if (!actor.channels.send.includes(channelId) || !(await channels.byId(channelId)))
      throw wrongField(`channelIds.${n}`, 'not_allowed')
  const content = await contentToSend(tx, row)
  // What it says of people is written down for whoever prepares it.
  if (lackedFor(actor, content) !== undefined) throw wrongField('text', 'not_allowed')
  await throwAway(tx, row)
  await tx.query(
    `update campaign set state = 'preparing', part = -1, text = $2, texts = $3, file_ids = $4, fixed_text = $5, prepared_by = $6, prepared_token = $7,
       updated_at = now() where id = $1`,
    [
      id,
      content.text,
      JSON.stringify(content.texts),
      content.fileIds,
      content.fixed,
      actor.userId,
      actor.scoped ? actor.tokenId : null,
    ],
  )
  await tx.addJob('campaign.prepare', { campaignId: id }, { key: `campaign.prepare:${id}`, queue: 'campaign.prepare' })
  await audit(tx, actor, 'campaign.prepared', { kind: 'campaign', id }, null, { name: row.name })
  tellCampaign(tx, id)
  return loadCampaign(tx, actor, id)
}

async function contentToSend(
  db: Db,
  row: CampaignRow,
): Promise<Pick<CampaignRow, 'text' | 'texts'> & { fileIds: string[]; fixed: string | null }> {
  const template = row.template_id === null ? undefined : await readTemplate(db, row.template_id)
  if (row.template_id !== null && (!template || template.archived)) throw wrongField('templateId', 'not_allowed')
  const text = template?.text ?? row.text
  const texts = template?.texts ?? {}
  const fileIds = template && template.fileIds.length > 0 ? template.fileIds : row.file_ids
  if (text.trim() === '' && fileIds.length === 0) throw wrongField('text', 'required')
  const parsed = parseTemplate(text)
  if (parsed.problems.length > 0) throw wrongField('text', 'wrong_format')
  const isFixed = parsed.fields.length === 0 && Object.keys(texts).length === 0
  const fixed = isFixed ? parsed.parts.map((part) => ('text' in part ? part.text : '')).join('') : null
  return { text, texts, fileIds, fixed }
}

/** Back to being written: recipients and the schedule go. */
export async function redraftCampaign(tx: Tx, actor: Actor, id: string): Promise<Campaign> {
  const row = await lockCampaign(tx, id)
  if (row.state !== 'draft') {
    needState(row, 'preparing', 'ready', 'scheduled')
    await throwAway(tx, row)
    await audit(tx, actor, 'campaign.redrafted', { kind: 'campaign', id }, { state: row.state }, { state: 'draft' })
    tellCampaign(tx, id)
  }
  return loadCampaign(tx, actor, id)
}

/**
 * Starts what was shown: the version of the estimate. With a moment in the future it waits for that. Whoever starts it
 * must be allowed to send on every channel it uses; the messages go out in that person's name.
 */
export async function startCampaign(tx: Tx, actor: Actor, id: string, input: CampaignStart): Promise<Campaign> {
  const row = await lockCampaign(tx, id)
  needState(row, 'ready')
  if (row.estimate?.version !== input.version || row.version !== input.version) throw new Problem('campaign_changed')
  if (row.estimate.recipients === 0) throw new Problem('campaign_empty')
  for (const { channelId } of row.estimate.byRoute)
    if (!actor.channels.send.includes(channelId)) throw new Problem('no_right')
  const at = input.at && Date.parse(input.at) > Date.now() ? new Date(input.at) : null
  await tx.query(
    `update campaign set state = $2, scheduled_at = $3, started_by = $4, started_token = $5,
       started_at = case when $2 = 'running' then now() end, updated_at = now() where id = $1`,
    [id, at ? 'scheduled' : 'running', at, actor.userId, actor.scoped ? actor.tokenId : null],
  )
  await tx.query('insert into campaign_pulse (campaign_id) values ($1) on conflict do nothing', [id])
  const said = { recipients: row.estimate.recipients, cost: row.estimate.cost, at: at?.toISOString() ?? null }
  await audit(tx, actor, at ? 'campaign.scheduled' : 'campaign.started', { kind: 'campaign', id }, null, said)
  tellCampaign(tx, id)
  return loadCampaign(tx, actor, id)
}

export async function unscheduleCampaign(tx: Tx, actor: Actor, id: string): Promise<Campaign> {
  const row = await lockCampaign(tx, id)
  if (row.state !== 'ready') {
    needState(row, 'scheduled')
    await tx.query(`update campaign set state = 'ready', scheduled_at = null, updated_at = now() where id = $1`, [id])
    await audit(tx, actor, 'campaign.unscheduled', { kind: 'campaign', id })
    tellCampaign(tx, id)
  }
  return loadCampaign(tx, actor, id)
}

/**
 * Stops it, in a transaction that holds the campaign: nothing is queued any more, and what no node has begun to send
 * comes back.
 */
export async function stopCampaign(
  tx: Tx,
  id: string,
  state: 'paused' | 'cancelled',
  reason: CampaignRow['pause_reason'],
): Promise<void> {
  await tx.query(
    `update campaign set state = $2, pause_reason = $3, updated_at = now(), finished_at = case when $2 = 'cancelled' then now() end where id = $1`,
    [id, state, reason],
  )
  await comeBack(tx, id)
  tellCampaign(tx, id)
}

export async function pauseCampaign(tx: Tx, actor: Actor, id: string): Promise<Campaign> {
  const row = await lockCampaign(tx, id)
  if (row.state !== 'paused') {
    needState(row, 'running')
    await stopCampaign(tx, id, 'paused', 'by_hand')
    await audit(tx, actor, 'campaign.paused', { kind: 'campaign', id }, null, { reason: 'by_hand' })
  }
  return loadCampaign(tx, actor, id)
}

/** It goes on in the name of whoever resumes it; refusals are counted anew. */
export async function resumeCampaign(tx: Tx, actor: Actor, id: string): Promise<Campaign> {
  const row = await lockCampaign(tx, id)
  if (row.state !== 'running') {
    needState(row, 'paused')
    needChannels(actor, row)
    await runAgain(tx, actor, id)
    await audit(tx, actor, 'campaign.resumed', { kind: 'campaign', id })
  }
  return loadCampaign(tx, actor, id)
}

function needChannels(actor: Actor, { estimate }: CampaignRow): void {
  for (const { channelId } of estimate?.byRoute ?? [])
    if (!actor.channels.send.includes(channelId)) throw new Problem('no_right')
}

async function runAgain(tx: Tx, actor: Actor, id: string): Promise<void> {
  await tx.query(
    `update campaign set state = 'running', pause_reason = null, started_by = $2, started_token = $3, finished_at = null, updated_at = now()
     where id = $1`,
    [id, actor.userId, actor.scoped ? actor.tokenId : null],
  )
  await tx.query(
    `insert into campaign_pulse (campaign_id) values ($1)
     on conflict (campaign_id) do update set recent = '', changed_at = clock_timestamp()`,
    [id],
  )
  tellCampaign(tx, id)
}

export async function cancelCampaign(tx: Tx, actor: Actor, id: string): Promise<Campaign> {
  const row = await lockCampaign(tx, id)
  if (row.state !== 'cancelled') {
    needState(row, 'scheduled', 'running', 'paused')
    await stopCampaign(tx, id, 'cancelled', null)
    await audit(tx, actor, 'campaign.cancelled', { kind: 'campaign', id })
  }
  return loadCampaign(tx, actor, id)
}

/**
 * Writes again to those whose messages failed, or whose texts were held (made anew when their turn comes); to those of
 * whom nobody knows only when a person names them. The campaign runs.
 */
export async function retryCampaign(tx: Tx, actor: Actor, id: string, { states }: CampaignRetry): Promise<Campaign> {
  const row = await lockCampaign(tx, id)
  needState(row, 'running', 'paused', 'done')
  needChannels(actor, row)
  const again = await tx.query(
    // campaign_recipient_state. A held row keeps no text: the engine makes it. One whose message a person sends again by
    // itself is on its way.
    `update campaign_recipient r set state = 'ready', message_id = null, code = null, reason = null, detail = null, rerouted = false,
       text = case when state = 'held' then null else text end, at = now()
     where campaign_id = $1 and state = any($2::text[])
       and not exists (select from message m where m.id = r.message_id and m.state in ('waiting', 'sending')) returning id`,
    [id, states],
  )
  if (again.length > 0) {
    await runAgain(tx, actor, id)
    await audit(tx, actor, 'campaign.retried', { kind: 'campaign', id }, null, { states, count: again.length })
  }
  return loadCampaign(tx, actor, id)
}

const SWEPT = 5000

/** Former recipients, a piece at a time. Says whether there are more. */
export async function sweepRecipients(tx: Tx, campaignId: string): Promise<boolean> {
  const gone = await tx.query(
    // campaign_recipient_page
    `delete from campaign_recipient where id in (
       select id from campaign_recipient where campaign_id = $1 order by id limit ${SWEPT}) returning id`,
    [campaignId],
  )
  return gone.length === SWEPT
}

/** What was thrown away goes; of a deleted campaign the campaign too. One that is prepared again sweeps by itself. */
export function sweepJobs(app: App): void {
  app.jobs.define('campaign.sweep', async (payload) => {
    const { campaignId } = payload as { campaignId: string }
    for (let more = true; more; )
      more = await app.db.transaction(async (tx) => {
        const row = await tx.one<{ deleted: boolean }>(
          `select deleted_at is not null as deleted from campaign where id = $1 and (state = 'draft' or deleted_at is not null) for no key update`,
          [campaignId],
        )
        if (!row) return false
        if (await sweepRecipients(tx, campaignId)) return true
        if (row.deleted) await tx.query('delete from campaign where id = $1', [campaignId])
        return false
      })
  })
}

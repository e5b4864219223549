import type { CampaignEstimate, RowField } from '#shared/api/campaigns.ts'
import type { Money } from '#shared/api/field-values.ts'
import type { ContactSelection } from '#shared/api/operations.ts'
import { ERRORS } from '#shared/errors.ts'
import { type Channels, type LiveChannel, ratesOf } from '../conversations/channel-registry.ts'
import { PERIOD, sumsOf, todayOf } from '../conversations/costs.ts'
import type { Way } from '../conversations/routes.ts'
import type { TemplateSubject } from '../conversations/template-fields.ts'
import { renderTexts } from '../conversations/templates.ts'
import { selectContacts } from '../crm/contact-search.ts'
import { notify } from '../org/notices.ts'
import type { Actor, App } from '../platform/app.ts'
import { type Db, isDatabaseAway, type Tx } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { judgeAll, makeLeads, ownersOf, visibleRoots } from './campaign-people.ts'
import { type CampaignRow, lockCampaign, readCampaign, type Tally, tellCampaign } from './campaign-rows.ts'
import { sweepRecipients } from './campaigns.ts'

/**
 * Writes down whom a campaign is for: part after part of its audience, in pieces by key. Each piece, how far it came and
 * what it came to are one transaction that holds the campaign's row, so a crash goes on where it stopped and two runners
 * never do the same. Who is in several parts is one row by its unique key. Numbers of nobody become leads here and not
 * before: from here on a recipient is a contact, so that exclusions, routes, texts and costs know one kind of recipient.
 */
const PIECE = 1000
/** After so long (ms) others of the queue have their turn. */
const TURN = 60_000
/** Screens are told of progress twice a second. */
const TOLD_EVERY = 500

export function prepareJobs(app: App, channels: Channels): void {
  app.jobs.define('campaign.prepare', async (payload, { last, signal }) => {
    const { campaignId } = payload as { campaignId: string }
    try {
      if (await prepare(app, channels, campaignId, signal)) return
      if (signal.aborted) throw new Error('the program stops; the recipients are written down at the next start')
      const again = { key: `campaign.prepare:${campaignId}`, queue: 'campaign.prepare' }
      await app.db.transaction((tx) => tx.addJob('campaign.prepare', { campaignId }, again))
    } catch (error) {
      const code = error instanceof Problem && error.code in ERRORS ? error.code : undefined
      if (code === undefined && (!last || isDatabaseAway(error))) throw error
      await fail(app, campaignId, code ?? 'internal')
      if (code === undefined) throw error
    }
  })
}

async function fail(app: App, id: string, code: string): Promise<void> {
  await app.db.transaction(async (tx) => {
    await tx.query(
      `update campaign set state = 'draft', failure = $2, part = 0, cursor = 0 where id = $1 and state = 'preparing'`,
      [id, code],
    )
    await tx.addJob('campaign.sweep', { campaignId: id }, { key: `campaign.sweep:${id}` })
    tellCampaign(tx, id)
  })
}

type Part = { list: string } | { of: ContactSelection }

/** Lists first: what their rows say is kept for those who are found elsewhere too. */
const partsOf = ({ audience }: CampaignRow): Part[] => [
  ...audience.listIds.map((list) => ({ list })),
  ...audience.viewIds.map((view) => ({ of: { filter: { view } } })),
  ...audience.selections.map((of) => ({ of })),
]

/** Says whether nothing is left to do. */
async function prepare(app: App, channels: Channels, id: string, signal: AbortSignal): Promise<boolean> {
  const end = Date.now() + TURN
  let campaign = await readCampaign(app.db, id)
  if (campaign?.state !== 'preparing') return true
  const actor = await app.actorOf(campaign.prepared_by ?? '0', undefined, campaign.prepared_token ?? undefined)
  if (!actor?.rights.has('campaign.manage')) throw new Problem('no_right')
  const live = await channelsOf(channels, actor, campaign)
  while (campaign.part < 0) {
    const next = await step(app, campaign, async (tx, now) => {
      const more = await sweepRecipients(tx, id)
      return more ? {} : { part: 0, to_prepare: await sizeOf(tx, now) }
    })
    if (!next) return true
    campaign = next
  }
  for (const parts = partsOf(campaign); campaign.part < parts.length; ) {
    const part = parts[campaign.part]
    if (!part) break
    for await (const people of 'list' in part
      ? membersOf(app.db, part.list, campaign.cursor)
      : chosen(app, actor, part.of, campaign.cursor)) {
      const next = await step(app, campaign, (tx, now) =>
        writePiece(tx, { actor, channels: live, campaign: now }, people),
      )
      if (!next) return true
      campaign = next
      if (signal.aborted || Date.now() > end) return false
    }
    const next = await step(app, campaign, async (_tx, now) => ({ part: now.part + 1, cursor: '0' }))
    if (!next) return true
    campaign = next
  }
  await finish(app, channels, campaign, actor)
  return true
}

/** The channels it may take, in its order, as far as whoever prepares it may send on them. */
async function channelsOf(channels: Channels, actor: Actor, { channel_ids }: CampaignRow): Promise<LiveChannel[]> {
  const found: LiveChannel[] = []
  for (const id of channel_ids) {
    const channel = await channels.byId(id)
    if (channel && actor.channels.send.includes(id)) found.push(channel)
  }
  if (found.length === 0) throw new Problem('no_right')
  return found
}

type Step = Partial<Pick<CampaignRow, 'part' | 'cursor' | 'prepared' | 'to_prepare' | 'tally'>>
const told = new Map<string, number>()

/** One transaction that holds the campaign. Undefined: somebody else has moved it on, or it is prepared no more. */
async function step(
  app: App,
  expected: CampaignRow,
  work: (tx: Tx, now: CampaignRow) => Promise<Step>,
): Promise<CampaignRow | undefined> {
  return app.db.transaction(async (tx) => {
    const now = await lockCampaign(tx, expected.id).catch((error: unknown) => {
      if (error instanceof Problem) return undefined
      throw error
    })
    const same = now?.version === expected.version && now.part === expected.part && now.cursor === expected.cursor
    if (now?.state !== 'preparing' || !same) return undefined
    const next = { ...now, ...(await work(tx, now)) }
    await tx.query(
      'update campaign set part = $2, cursor = $3, prepared = $4, to_prepare = $5, tally = $6 where id = $1',
      [next.id, next.part, next.cursor, next.prepared, next.to_prepare, JSON.stringify(next.tally)],
    )
    if (Date.now() - (told.get(next.id) ?? 0) > TOLD_EVERY) {
      if (told.size > 1000) told.clear()
      told.set(next.id, Date.now())
      tellCampaign(tx, next.id)
    }
    return next
  })
}

/** How many there are to go through, as far as that is known without counting. */
async function sizeOf(db: Db, { audience }: CampaignRow): Promise<number> {
  const row = await db.one<{ n: string }>(
    'select coalesce(sum(count), 0)::text as n from recipient_list where id = any($1::bigint[])',
    [audience.listIds],
  )
  return Number(row?.n ?? 0) + audience.selections.reduce((sum, of) => sum + ('ids' in of ? of.ids.length : 0), 0)
}

interface People {
  people: { contactId?: string; phone?: string; name?: string; row?: Record<string, string> }[]
  /** Behind which the next piece begins. */
  cursor: string
  /** How many contacts the whole part has, where that is known by now. */
  size?: number
}

async function* chosen(app: App, actor: Actor, of: ContactSelection, after: string): AsyncGenerator<People> {
  for await (const ids of selectContacts(app.db, actor, of, { after }))
    yield { people: ids.map((contactId) => ({ contactId })), cursor: ids.at(-1) ?? after }
}

async function* membersOf(db: Db, listId: string, after: string): AsyncGenerator<People> {
  const list = await db.one<{ fields: RowField[] }>('select fields from recipient_list where id = $1', [listId])
  const headings = new Map((list?.fields ?? []).map(({ key, heading }) => [key, heading]))
  for (let cursor = after; ; ) {
    const rows = await db.query<{
      id: string
      contact_id: string | null
      phone: string | null
      name: string
      row: Record<string, string>
    }>(
      // recipient_list_member_page
      'select id, contact_id, phone, name, row from recipient_list_member where list_id = $1 and id > $2 order by id limit $3',
      [listId, cursor, PIECE],
    )
    if (rows.length === 0) return
    cursor = rows.at(-1)?.id ?? cursor
    yield {
      cursor,
      people: rows.map(({ contact_id, phone, name, row }) => ({
        ...(contact_id !== null && { contactId: contact_id }),
        ...(phone !== null && { phone }),
        name,
        // Texts may name a column by its key or as it stands above it.
        row: {
          ...Object.fromEntries(Object.entries(row).map(([key, value]) => [headings.get(key) ?? key, value])),
          ...row,
        },
      })),
    }
  }
}

interface Work {
  actor: Actor
  channels: readonly LiveChannel[]
  campaign: CampaignRow
}
interface Recipient {
  contactId: string
  state: 'ready' | 'held' | 'excluded'
  reason: string | null
  detail: string | null
  way: Way | null
  text: string | null
  row: Record<string, string> | null
}

async function writePiece(tx: Tx, { actor, channels, campaign }: Work, { people, cursor }: People): Promise<Step> {
  const tally: Tally = structuredClone(campaign.tally)
  const found = await contactsOf(tx, actor, people)
  const visible = await visibleRoots(tx, actor, [...found.values()])
  const rows = new Map<string, Record<string, string>>()
  let unseen = 0
  for (const person of people) {
    const root = visible.get(found.get(person) ?? '')
    // Whoever the actor does not see is counted, and not listed.
    if (root === undefined) unseen++
    else if (!rows.has(root)) rows.set(root, person.row ?? {})
  }
  count((tally.excluded ??= {}), 'not_visible', unseen)
  const fresh = await notYet(tx, campaign.id, [...rows.keys()])
  const judged = await judgeAll(tx, channels, fresh)
  const recipients: Recipient[] = []
  const writable: { contactId: string; way: Way }[] = []
  for (const contactId of fresh) {
    const one = judged.get(contactId)
    if (!one) continue
    if ('ways' in one) writable.push({ contactId, way: one.ways[0] })
    else recipients.push({ contactId, state: 'excluded', ...one, way: null, text: null, row: null })
  }
  recipients.push(...(await withTexts(tx, campaign, channels, writable, rows)))
  const written = await insert(tx, campaign.id, recipients)
  const doubles = recipients.filter(({ contactId }) => !written.has(contactId))
  await insert(
    tx,
    campaign.id,
    doubles.map((one) => ({
      ...one,
      state: 'excluded',
      reason: 'duplicate',
      detail: null,
      way: null,
      text: null,
      row: null,
    })),
  )
  for (const one of recipients)
    countOne(tally, written.has(one.contactId) ? one : { ...one, state: 'excluded', reason: 'duplicate' })
  const prepared = campaign.prepared + people.length
  return { cursor, prepared, to_prepare: Math.max(campaign.to_prepare, prepared), tally }
}

/** Who each of them is; numbers of nobody become leads. */
async function contactsOf(
  tx: Tx,
  actor: Actor,
  people: People['people'],
): Promise<Map<People['people'][number], string>> {
  const phones = [...new Map(people.flatMap((one) => (one.phone === undefined ? [] : [[one.phone, one] as const])))]
  let owners = await ownersOf(
    tx,
    phones.map(([phone]) => phone),
  )
  const strangers = phones.filter(([phone]) => !owners.has(phone))
  if (strangers.length > 0) {
    await makeLeads(
      tx,
      actor.userId,
      strangers.map(([phone, { name = '' }]) => ({ phone, name })),
    )
    owners = await ownersOf(
      tx,
      phones.map(([phone]) => phone),
    )
  }
  return new Map(
    people.flatMap((one) => {
      const id = one.contactId ?? owners.get(one.phone ?? '')
      return id === undefined ? [] : [[one, id] as const]
    }),
  )
}

/** Those who are not in the campaign by now (campaign_recipient_contact). */
async function notYet(db: Db, campaignId: string, rootIds: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ contact_id: string }>(
    'select contact_id from campaign_recipient where contact_id = any($1::bigint[]) and campaign_id = $2',
    [rootIds, campaignId],
  )
  const there = new Set(rows.map((row) => row.contact_id))
  return rootIds.filter((id) => !there.has(id))
}

export interface TextSource extends Pick<CampaignRow, 'text' | 'texts' | 'fixed_text'> {}

/** The words for each, or what they lack. The fixed text is not written down a million times. */
export async function textsFor(
  db: Db,
  source: TextSource,
  subjects: readonly TemplateSubject[],
): Promise<{ text: string | null; missing: string[] }[]> {
  if (source.fixed_text !== null) return subjects.map(() => ({ text: null, missing: [] }))
  return renderTexts(db, { text: source.text, texts: source.texts }, subjects)
}

async function withTexts(
  tx: Tx,
  campaign: CampaignRow,
  channels: readonly LiveChannel[],
  people: readonly { contactId: string; way: Way }[],
  rows: ReadonlyMap<string, Record<string, string>>,
): Promise<Recipient[]> {
  const subjects = people.map(({ contactId }) => ({ contactId, row: rows.get(contactId) ?? {} }))
  const texts = await textsFor(tx, campaign, subjects)
  const longest = new Map(channels.map(({ id, kind }) => [id, kind.kind.capabilities.textLength]))
  return people.map(({ contactId, way }, n) => {
    const { text = null, missing = [] } = texts[n] ?? {}
    const row = rows.get(contactId) ?? {}
    const kept = Object.keys(row).length > 0 ? row : null
    const length = (text ?? campaign.fixed_text ?? '').length
    if (missing.length > 0)
      return {
        contactId,
        state: 'held',
        reason: 'missing_field',
        detail: missing.join(', '),
        way,
        text: null,
        row: kept,
      }
    if (length > (longest.get(way.channelId) ?? 0))
      return {
        contactId,
        state: 'held',
        reason: 'too_long',
        detail: String(length),
        way,
        // To be looked at; when its turn comes again it is made anew.
        text: text?.slice(0, 5000) ?? null,
        row: kept,
      }
    return { contactId, state: 'ready', reason: null, detail: null, way, text, row: null }
  })
}

/** Answers with those that were written: an address that somebody else in the campaign has is not. */
async function insert(tx: Tx, campaignId: string, rows: readonly Recipient[]): Promise<Set<string>> {
  if (rows.length === 0) return new Set()
  const written = await tx.query<{ contact_id: string }>(
    `insert into campaign_recipient (campaign_id, contact_id, state, reason, detail, channel_id, route, identity_id, price, currency, text, row)
     select $1, r.contact_id, r.state, r.reason, r.detail, r.channel_id, r.route, r.identity_id, r.price, r.currency, r.text, r.row
     from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::jsonb[])
       with ordinality as r(contact_id, state, reason, detail, channel_id, route, identity_id, price, currency, text, row, n)
     order by r.n on conflict do nothing returning contact_id`,
    [
      campaignId,
      rows.map((row) => row.contactId),
      rows.map((row) => row.state),
      rows.map((row) => row.reason),
      rows.map((row) => row.detail),
      rows.map((row) => row.way?.channelId ?? null),
      rows.map((row) => row.way?.reason ?? null),
      rows.map((row) => row.way?.identityId ?? null),
      rows.map((row) => row.way?.price?.amount ?? null),
      rows.map((row) => row.way?.price?.currency ?? null),
      rows.map((row) => row.text),
      rows.map((row) => row.row && JSON.stringify(row.row)),
    ],
  )
  return new Set(written.map((row) => row.contact_id))
}

function count(counts: Record<string, number>, key: string, by = 1): void {
  if (by > 0) counts[key] = (counts[key] ?? 0) + by
}

function countOne(tally: Tally, { state, reason, detail, way }: Recipient): void {
  if (state === 'excluded') return count((tally.excluded ??= {}), reason ?? '')
  if (state === 'held') {
    if (reason !== 'missing_field') return count((tally.held ??= {}), reason ?? '')
    for (const field of (detail ?? '').split(', ')) count((tally.held ??= {}), field)
    return
  }
  if (!way) return
  const { channelId, reason: route, price, saved } = way
  const routes = (tally.routes ??= {})
  const key = [channelId, route, price?.currency ?? '', saved?.currency ?? ''].join(' ')
  const sum = (routes[key] ??= {
    channelId,
    reason: route,
    count: 0,
    amount: '0',
    saved: '0',
    currency: price?.currency ?? null,
    savedCurrency: saved?.currency ?? null,
  })
  sum.count++
  sum.amount = String(BigInt(sum.amount) + BigInt(price?.amount ?? 0))
  sum.saved = String(BigInt(sum.saved) + BigInt(saved?.amount ?? 0))
}

async function finish(app: App, channels: Channels, campaign: CampaignRow, actor: Actor): Promise<void> {
  await app.db.transaction(async (tx) => {
    const now = await lockCampaign(tx, campaign.id)
    if (now.state !== 'preparing' || now.version !== campaign.version) return
    const version = now.version + 1
    const estimate = await estimateOf(tx, channels, now, version)
    await tx.query(
      `update campaign set state = 'ready', version = $2, estimate = $3, failure = null, to_prepare = prepared, updated_at = now() where id = $1`,
      [now.id, version, JSON.stringify(estimate)],
    )
    tellCampaign(tx, now.id)
    await notify(tx, [actor.userId], {
      kind: 'campaign_ready',
      values: { name: now.name, count: estimate.recipients },
      link: `/campaigns/${now.id}`,
    })
  })
}

const money = (amount: string, currency: string | null): Money | null =>
  currency === null ? null : { amount, currency }

async function estimateOf(
  db: Db,
  channels: Channels,
  campaign: CampaignRow,
  version: number,
): Promise<CampaignEstimate> {
  const routes = Object.values(campaign.tally.routes ?? {})
  const perChannel = new Map<string, number>()
  for (const { channelId, count: n } of routes) perChannel.set(channelId, (perChannel.get(channelId) ?? 0) + n)
  let seconds = 0
  // Channels send side by side: the slowest says how long it takes.
  for (const [id, n] of perChannel) {
    const channel = await channels.byId(id)
    if (channel) seconds = Math.max(seconds, Math.ceil(n / ratesOf(channel).channel))
  }
  return {
    version,
    at: new Date().toISOString(),
    recipients: routes.reduce((sum, route) => sum + route.count, 0),
    byRoute: routes.map((route) => ({
      channelId: route.channelId,
      reason: route.reason,
      count: route.count,
      cost: money(route.amount, route.currency),
      saved: money(route.saved, route.savedCurrency),
    })),
    excluded: Object.entries(campaign.tally.excluded ?? {}).map(([reason, n]) => ({
      reason: reason as CampaignEstimate['excluded'][number]['reason'],
      count: n,
    })),
    held: Object.entries(campaign.tally.held ?? {}).map(([field, n]) => ({ field, count: n })),
    cost: sumsOf(routes.flatMap((route) => money(route.amount, route.currency) ?? [])),
    seconds,
    budgetId: await brokenBudget(db, campaign.id, routes),
  }
}

/** A budget that what is to be sent would break, as it stands now; nobody is told, nothing is held. */
async function brokenBudget(
  db: Db,
  campaignId: string,
  routes: readonly { channelId: string; amount: string; currency: string | null }[],
): Promise<string | null> {
  const { month } = await todayOf(db)
  const row = await db.one<{ id: string }>(
    `select b.id from budget b left join budget_use u on u.budget_id = b.id and u.period = ${PERIOD}
     join unnest($2::bigint[], $3::bigint[], $4::text[]) as r(channel_id, amount, currency)
       on r.currency = b.currency and (b.scope = 'all' or b.channel_id = r.channel_id or b.campaign_id = $5)
     group by b.id, b.amount, u.used having coalesce(u.used, 0) + sum(r.amount) > b.amount order by b.id limit 1`,
    [
      month,
      routes.map((route) => route.channelId),
      routes.map((route) => route.amount),
      routes.map((route) => route.currency),
      campaignId,
    ],
  )
  return row?.id ?? null
}

import type {
  CampaignExport,
  CampaignRecipient,
  CampaignRecipientQuery,
  RECIPIENT_REASONS,
  RecipientState,
} from '#shared/api/campaigns.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { Operation } from '#shared/api/operations.ts'
import { formatDate } from '#shared/dates.ts'
import { formatMoney } from '#shared/money.ts'
import { registerContactPart } from '../crm/contact-parts.ts'
import { contactVisible, parameters } from '../crm/visibility.ts'
import { makeOperation, noteOperation, operationView } from '../exchange/operations.ts'
import { registerRowExport, type RowExport } from '../exchange/row-exports.ts'
import type { Actor } from '../platform/app.ts'
import type { Database, Db, Tx } from '../platform/db.ts'
import { decodeCursor, pageOf } from '../platform/http.ts'
import { Problem } from '../platform/problem.ts'
import { translatorFor } from '../platform/texts.ts'
import { readCampaign } from './campaign-rows.ts'

interface Row {
  id: string
  contact: CampaignRecipient['contact']
  state: RecipientState
  reason: CampaignRecipient['reason']
  detail: string | null
  channel_id: string | null
  route: string | null
  rerouted: boolean
  price: string | null
  currency: string | null
  text: string | null
  message_id: string | null
  conversation_id: string | null
  code: string | null
  at: Date
}

function view(row: Row): CampaignRecipient {
  return {
    id: row.id,
    contact: row.contact,
    state: row.state,
    reason: row.reason,
    detail: row.detail,
    channelId: row.channel_id,
    route: row.route,
    rerouted: row.rerouted,
    price: row.price !== null && row.currency !== null ? { amount: row.price, currency: row.currency } : null,
    text: row.text ?? '',
    messageId: row.message_id,
    conversationId: row.conversation_id,
    code: row.code,
    at: row.at.toISOString(),
  }
}

/** Behind a key; rows of contacts out of the actor's sight are left out. */
async function readRows(
  db: Db,
  actor: Actor,
  campaignId: string,
  query: CampaignRecipientQuery,
  after: string,
  limit: number,
): Promise<Row[]> {
  const params = parameters()
  const conditions = [`r.campaign_id = ${params.add(campaignId)}::bigint`, `r.id > ${params.add(after)}::bigint`]
  // campaign_recipient_page, campaign_recipient_state, campaign_recipient_reason, campaign_recipient_contact
  if (query.state !== undefined) conditions.push(`r.state = ${params.add(query.state)}`)
  if (query.reason !== undefined) conditions.push(`r.reason = ${params.add(query.reason)}`)
  if (query.channelId !== undefined) conditions.push(`r.channel_id = ${params.add(query.channelId)}::bigint`)
  if (query.contactId !== undefined) {
    const id = `${params.add(query.contactId)}::bigint`
    conditions.push(
      `r.contact_id in (select m.id from contact c join contact m on m.id = c.root_id or (m.root_id = c.root_id and m.merged_into_id is not null) where c.id = ${id})`,
    )
  }
  return db.query<Row>(
    `select r.id, r.state, r.reason, r.detail, r.channel_id, r.route, r.rerouted, r.price, r.currency, r.message_id, r.code, r.at,
       coalesce(r.text, case when r.contact_id is not null then k.fixed_text end) as text, m.conversation_id,
       case when o.id is not null then json_build_object('id', o.id::text, 'kind', o.kind, 'name', o.name, 'avatarFileId', o.avatar_file_id::text) end as contact
     from campaign_recipient r join campaign k on k.id = r.campaign_id
     left join contact c on c.id = r.contact_id left join contact o on o.id = c.root_id
     left join message m on m.id = r.message_id
     where ${conditions.join(' and ')} and (r.contact_id is null or ${contactVisible(actor, 'o', params)})
     order by r.id limit ${params.add(limit)}::int`,
    params.values,
  )
}

export async function listCampaignRecipients(
  db: Db,
  actor: Actor,
  campaignId: string,
  query: CampaignRecipientQuery,
): Promise<PageOf<CampaignRecipient>> {
  if (!(await readCampaign(db, campaignId))) throw new Problem('not_found')
  const limit = query.limit ?? 50
  const [after = '0'] = decodeCursor(query.cursor, 1) ?? []
  return pageOf(await readRows(db, actor, campaignId, query, after, limit + 1), limit, view, (row) => [row.id])
}

const EXPORTED = 'campaign'

/** Writes the recipients to a file in the background, as exports of contacts are. */
export async function exportRecipients(
  db: Database,
  actor: Actor,
  campaignId: string,
  input: CampaignExport,
): Promise<Operation> {
  const campaign = await readCampaign(db, campaignId)
  if (!campaign) throw new Problem('not_found')
  return db.transaction(async (tx) => {
    const params = { source: EXPORTED, campaignId, format: input.format, ...(input.state && { state: input.state }) }
    const operation = await makeOperation(tx, actor, { kind: 'export', state: 'waiting', params })
    await noteOperation(tx, actor, 'operation.started', operation)
    return operationView(operation, actor.locale)
  })
}

const STATES: Record<RecipientState, string> = {
  ready: 'outreach.state.ready',
  queued: 'outreach.state.queued',
  sent: 'outreach.state.sent',
  delivered: 'outreach.state.delivered',
  read: 'outreach.state.read',
  failed: 'outreach.state.failed',
  unknown: 'outreach.state.unknown',
  cancelled: 'outreach.state.cancelled',
  held: 'outreach.state.held',
  excluded: 'outreach.state.excluded',
}
const REASONS: Record<(typeof RECIPIENT_REASONS)[number], string> = {
  missing_field: 'outreach.reason.missing_field',
  opted_out: 'outreach.reason.opted_out',
  no_way: 'outreach.reason.no_way',
  unreachable: 'outreach.reason.unreachable',
  duplicate: 'outreach.reason.duplicate',
  not_visible: 'outreach.reason.not_visible',
  too_long: 'outreach.reason.too_long',
}
const HEADINGS = [
  ['outreach.column.name', 28],
  ['outreach.column.state', 16],
  ['outreach.column.reason', 28],
  ['outreach.column.channel', 20],
  ['outreach.column.cost', 16],
  ['outreach.column.at', 20],
  ['outreach.column.code', 16],
  ['outreach.column.text', 60],
] as const

/** Registered with the exports; rows in pieces, by key. */
export function recipientExport(): void {
  registerRowExport(EXPORTED, async (db, actor, params): Promise<RowExport> => {
    if (!actor.rights.has('campaign.view')) throw new Problem('no_right')
    const id = String(params['campaignId'])
    const campaign = await readCampaign(db, id)
    if (!campaign) throw new Problem('not_found')
    const t = translatorFor(actor.locale)
    const me = await db.one<{ calendar: 'persian'; digits: 'native'; timeZone: string; toman: boolean }>(
      `select u.calendar, u.digits, u.time_zone as "timeZone", o.toman from app_user u, organisation o where u.id = $1`,
      [actor.userId],
    )
    if (!me) throw new Problem('no_right')
    const reader = { locale: actor.locale, ...me }
    const channels = await db.query<{ id: string; name: string }>('select id, name from channel')
    const names = new Map(channels.map((channel) => [channel.id, channel.name]))
    const state = typeof params['state'] === 'string' ? { state: params['state'] as RecipientState } : {}
    const cells = (row: Row): string[] => [
      row.contact?.name ?? '',
      t(STATES[row.state]),
      [row.reason ? t(REASONS[row.reason]) : '', row.detail ?? ''].filter(Boolean).join(': '),
      names.get(row.channel_id ?? '') ?? '',
      row.price !== null && row.currency !== null
        ? formatMoney({ amount: row.price, currency: row.currency }, reader)
        : '',
      formatDate(row.at, reader, 'datetime'),
      row.code ?? '',
      row.text ?? '',
    ]
    return {
      name: `${t('outreach.recipients')} ${campaign.name}`,
      columns: HEADINGS.map(([heading, width]) => ({ heading: t(heading), width })),
      async *rows() {
        for (let after = '0'; ; ) {
          const rows = await readRows(db, actor, id, state, after, 1000)
          yield rows.map(cells)
          after = rows.at(-1)?.id ?? after
          if (rows.length < 1000) return
        }
      },
    }
  })
}

/** What is personal of an erased contact goes; that there was a recipient, and what became of the message, stays. */
export function recipientPart(): void {
  registerContactPart({
    name: 'campaign recipients',
    async erase(tx: Tx, contactIds, limit) {
      const rows = await tx.query(
        // campaign_recipient_contact
        `update campaign_recipient set contact_id = null, identity_id = null, text = null, row = null, detail = null,
           state = case when state in ('ready', 'held') then 'excluded' else state end,
           reason = case when state in ('ready', 'held') then 'not_visible' else reason end
         where id = any(array(select id from campaign_recipient where contact_id = any($1::bigint[]) limit $2)) returning id`,
        [contactIds, limit],
      )
      return rows.length < limit
    },
  })
}

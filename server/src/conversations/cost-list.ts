import type { CostEntry, CostEntryQuery, CostQuery, CostSum, CostSums } from '#shared/api/costs.ts'
import type { ContactKind } from '#shared/api/contacts.ts'
import type { PageOf } from '#shared/api/common.ts'
import { contactVisible, parameters, type Parameters } from '../crm/visibility.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { decodeCursor, pageOf } from '../platform/http.ts'

interface SumRow {
  key: string | null
  name: string | null
  currency: string
  messages: number
  reserved: string
  uncertain: string
  spent: string
  saved: string
}
const SUMS = `d.currency, sum(d.messages)::int as messages, sum(d.reserved)::text as reserved, sum(d.uncertain)::text as uncertain,
  sum(d.spent)::text as spent, sum(d.saved)::text as saved`
/** By what the sums are put together. Names of campaigns only for those who may see campaigns. */
const GROUPS = {
  month: { key: `to_char(d.month, 'YYYY-MM-DD')`, name: 'null', order: 'd.month desc', by: 'd.month' },
  channel: { key: 'd.channel_id::text', name: 'null', order: 'd.channel_id', by: 'd.channel_id' },
  campaign: {
    key: 'nullif(d.campaign_id, 0)::text',
    name: '(select name from campaign where id = d.campaign_id)',
    order: 'd.campaign_id desc',
    by: 'd.campaign_id',
  },
  user: {
    key: 'nullif(d.user_id, 0)::text',
    name: '(select name from app_user where id = d.user_id)',
    order: 'd.user_id',
    by: 'd.user_id',
  },
} as const
/** Of campaigns: the newest so many; a time further back is asked for by its days. */
const MOST = 500

/** What was spent and saved, put together from the kept sums by day. On the channels the actor may view. */
export async function sumCosts(db: Db, actor: Actor, query: CostQuery): Promise<CostSums> {
  const params = parameters()
  const where = conditions(actor, query, params, 'd')
  if (query.from !== undefined) where.push(`d.day >= ${params.add(query.from)}::date`)
  if (query.to !== undefined) where.push(`d.day <= ${params.add(query.to)}::date`)
  const { key, name, order, by } = GROUPS[query.group]
  const shown = query.group === 'campaign' && !actor.rights.has('campaign.view') ? 'null' : name
  const all = `from cost_day d where ${where.join(' and ')}`
  const [items, totals] = await Promise.all([
    db.query<SumRow>(
      `select ${key} as key, ${shown} as name, ${SUMS} ${all} group by ${by}, d.currency order by ${order}, d.currency limit ${MOST}`,
      params.values,
    ),
    db.query<SumRow>(
      `select null as key, null as name, ${SUMS} ${all} group by d.currency order by d.currency`,
      params.values,
    ),
  ])
  return { items: items.map(sumOf), totals: totals.map(sumOf) }
}
const sumOf = (row: SumRow): CostSum => row

function conditions(
  actor: Actor,
  query: { channelId?: string; campaignId?: string; userId?: string },
  params: Parameters,
  alias: string,
): string[] {
  return [
    `${alias}.channel_id = any(${params.add(actor.channels.view)}::bigint[])`,
    ...(query.channelId === undefined ? [] : [`${alias}.channel_id = ${params.add(query.channelId)}::bigint`]),
    ...(query.campaignId === undefined ? [] : [`${alias}.campaign_id = ${params.add(query.campaignId)}::bigint`]),
    ...(query.userId === undefined ? [] : [`${alias}.user_id = ${params.add(query.userId)}::bigint`]),
  ]
}

interface EntryRow {
  message_id: string
  channel_id: string
  contact_id: string | null
  contact_kind: ContactKind | null
  contact_name: string | null
  contact_avatar: string | null
  conversation_id: string | null
  campaign_id: string | null
  automation_id: string | null
  user_id: string | null
  amount: string
  saved: string
  currency: string
  state: CostEntry['state']
  at: Date
  cursor_at: string
}

/** The messages behind a figure, the newest first: by one of the indexes cost_entry_*, whichever condition is given. */
export async function listCosts(db: Db, actor: Actor, query: CostEntryQuery): Promise<PageOf<CostEntry>> {
  const limit = query.limit ?? 50
  const params = parameters()
  const where = conditions(actor, query, params, 'e')
  if (query.contactId !== undefined)
    where.push(
      `e.contact_id in (select m.id from contact c join contact m on m.root_id = c.root_id where c.id = ${params.add(query.contactId)}::bigint)`,
    )
  if (query.without !== undefined) where.push(`e.${query.without === 'campaign' ? 'campaign_id' : 'user_id'} is null`)
  if (query.state !== undefined) where.push(`e.state = ${params.add(query.state)}`)
  // Days are those of the entries; the moments around them are what the index is by.
  if (query.from !== undefined) {
    const from = params.add(query.from)
    where.push(`e.day >= ${from}::date and e.at >= ${from}::date - interval '1 day'`)
  }
  if (query.to !== undefined) {
    const to = params.add(query.to)
    where.push(`e.day <= ${to}::date and e.at < ${to}::date + interval '2 days'`)
  }
  const after = decodeCursor(query.cursor, 2)
  if (after) {
    const at = `to_timestamp(0) + ${params.add(after[0])}::bigint * interval '1 microsecond'`
    where.push(`(e.at, e.message_id) < (${at}, ${params.add(after[1])}::bigint)`)
  }
  const visible = actor.rights.has('contact.view') ? contactVisible(actor, 'r', params) : 'false'
  const rows = await db.query<EntryRow>(
    `select e.message_id, e.channel_id, r.id as contact_id, r.kind as contact_kind, r.name as contact_name, r.avatar_file_id as contact_avatar,
       m.conversation_id, e.campaign_id, e.automation_id, e.user_id, e.amount::text, e.saved::text, e.currency, e.state, e.at,
       (extract(epoch from e.at) * 1000000)::bigint::text as cursor_at
     from (select * from cost_entry e where ${where.join(' and ')} order by e.at desc, e.message_id desc limit ${params.add(limit + 1)}) e
     left join message m on m.id = e.message_id
     left join contact c on c.id = e.contact_id
     left join contact r on r.id = c.root_id and ${visible}
     order by e.at desc, e.message_id desc`,
    params.values,
    'anew',
  )
  return pageOf(rows, limit, entryOf, (row) => [row.cursor_at, row.message_id])
}

function entryOf(row: EntryRow): CostEntry {
  const { currency } = row
  return {
    messageId: row.message_id,
    channelId: row.channel_id,
    contact:
      row.contact_id === null || row.contact_kind === null
        ? null
        : {
            id: row.contact_id,
            kind: row.contact_kind,
            name: row.contact_name ?? '',
            avatarFileId: row.contact_avatar,
          },
    conversationId: row.conversation_id,
    campaignId: row.campaign_id,
    automationId: row.automation_id,
    userId: row.user_id,
    price: { amount: row.amount, currency },
    saved: { amount: row.saved, currency },
    state: row.state,
    at: row.at.toISOString(),
  }
}

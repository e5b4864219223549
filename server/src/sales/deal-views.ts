import type { ContactKind } from '#shared/api/contacts.ts'
import type { Deal } from '#shared/api/deals.ts'
import { shownFields } from '../crm/fields.ts'
import { contactVisible, type Parameters, parameters } from '../crm/visibility.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { need } from '../platform/http.ts'
import { Problem } from '../platform/problem.ts'

/** A deal is seen with its contact: by whoever may see deals, contacts, and this contact as it stands now. */
export function needContacts(actor: Actor): void {
  need(actor, 'contact.view')
}

/** SQL about the deal called `alias`; one look at its contact and at what that has become. */
export function dealVisible(actor: Actor, alias: string, params: Parameters): string {
  return `exists (select from contact c join contact r on r.id = c.root_id
    where c.id = ${alias}.contact_id and ${contactVisible(actor, 'r', params)} offset 0)`
}

interface DealRow {
  id: string
  title: string
  contact_id: string
  contact_kind: ContactKind
  contact_name: string
  contact_avatar: string | null
  stage_id: string
  outcome: Deal['outcome']
  amount: string
  currency: string
  expected_on: string | null
  responsible_id: string | null
  lost_reason_id: string | null
  note: string
  fields: Deal['fields']
  created_at: Date
  updated_at: Date
  stage_at: Date
  closed_at: Date | null
  version: number
}

/** Deals by id, in the order of the ids. Whether the actor may see them is the caller's matter. */
export async function loadDeals(db: Db, ids: readonly string[]): Promise<Deal[]> {
  if (ids.length === 0) return []
  const rows = await db.query<DealRow>(
    `select d.id, d.title, r.id as contact_id, r.kind as contact_kind, r.name as contact_name, r.avatar_file_id as contact_avatar,
       d.stage_id, s.outcome, d.amount, d.currency, to_char(d.expected_on, 'YYYY-MM-DD') as expected_on, d.responsible_id,
       d.lost_reason_id, d.note, ${shownFields('deal', 'd')} as fields, d.created_at, d.updated_at, d.stage_at, d.closed_at, d.version
     from unnest($1::bigint[]) with ordinality as asked(id, n) join deal d on d.id = asked.id join deal_stage s on s.id = d.stage_id
       join contact c on c.id = d.contact_id join contact r on r.id = c.root_id
     order by asked.n`,
    [ids],
  )
  return rows.map(dealView)
}

function dealView(row: DealRow): Deal {
  return {
    id: row.id,
    title: row.title,
    contact: {
      id: row.contact_id,
      kind: row.contact_kind,
      name: row.contact_name,
      avatarFileId: row.contact_avatar,
    },
    stageId: row.stage_id,
    outcome: row.outcome,
    amount: { amount: row.amount, currency: row.currency },
    expectedOn: row.expected_on,
    responsibleId: row.responsible_id,
    lostReasonId: row.lost_reason_id,
    note: row.note,
    fields: row.fields,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    stageAt: row.stage_at.toISOString(),
    closedAt: row.closed_at?.toISOString() ?? null,
    version: row.version,
  }
}

/** @throws Problem not_found when there is none that the actor may see, deleted ones among them */
export async function loadDeal(db: Db, actor: Actor, id: string): Promise<Deal> {
  needContacts(actor)
  const params = parameters()
  const found = await db.one(
    `select from deal d where d.id = ${params.add(id)} and d.deleted_at is null and ${dealVisible(actor, 'd', params)}`,
    params.values,
  )
  const [deal] = found ? await loadDeals(db, [id]) : []
  if (!deal) throw new Problem('not_found')
  return deal
}

/**
 * Tells the screens of those who may see the deal; `gone`: that it is deleted. Of a visitor, those who may view a channel
 * the visitor came by.
 */
export async function publishDeal(tx: Tx, deal: Deal, gone = false): Promise<void> {
  const change = { kind: 'deal' as const, id: deal.id, contactId: deal.contact.id, deal: gone ? null : deal }
  const rights = 'contact.view deal.view'
  if (deal.contact.kind !== 'visitor') return tx.publish({ need: rights }, change)
  const root = await tx.one<{ channels: string[] }>(
    'select array_remove(origin_channel_id || channel_ids, null) as channels from contact where id = $1',
    [deal.contact.id],
  )
  for (const channelId of new Set(root?.channels)) tx.publish({ need: rights, channelId }, change)
}

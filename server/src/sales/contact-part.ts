import type { ContactPart } from '../crm/contact-parts.ts'
import { eraseAudit } from '../org/audit-seal.ts'
import type { Tx } from '../platform/db.ts'
import { loadDeals, publishDeal } from './deal-views.ts'

/**
 * What becomes of deals when their contact is deleted: they are out of sight until it is back (deal_follow in the schema
 * sees to it), and boards are told. Erased with the contact are its deals.
 */
export const dealPart: ContactPart = {
  name: 'deals',
  deleted: (tx, contactIds) => tellBoards(tx, contactIds, true),
  restored: (tx, contactIds) => tellBoards(tx, contactIds, false),
  async erase(tx, contactIds, limit) {
    const gone = await tx.query<{ id: string }>(
      // deal_contact; values of fields go with them (deal_gone in the schema)
      `delete from deal where id = any(array(select id from deal where contact_id = any($1::bigint[]) limit $2)) returning id`,
      [contactIds, limit],
    )
    await eraseAudit(
      tx,
      'deal',
      gone.map((row) => row.id),
    )
    return gone.length < limit
  },
}

/** A board that hears of some of them reads itself anew. */
const TOLD = 50

async function tellBoards(tx: Tx, contactIds: readonly string[], gone: boolean): Promise<void> {
  const rows = await tx.query<{ id: string }>(
    'select id from deal where contact_id = any($1::bigint[]) and deleted_at is null order by id desc limit $2',
    [contactIds, TOLD],
  )
  for (const deal of await loadDeals(
    tx,
    rows.map((row) => row.id),
  ))
    await publishDeal(tx, deal, gone)
}

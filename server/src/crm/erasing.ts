import { audit } from '../org/audit.ts'
import { eraseAudit } from '../org/audit-seal.ts'
import type { Database, Tx } from '../platform/db.ts'
import { contactParts } from './contact-parts.ts'
import { restoreTouched } from './deletion.ts'
import { dropFieldValues } from './fields.ts'
import { contactMembers } from './timeline.ts'

/** So many rows are erased in one transaction at most, so that no lock is held for long. */
const PIECE = 1000

/**
 * Erases contacts that were deleted longer ago than the organisation keeps things: the contact, whoever was merged into
 * it, and all that happened with them. In pieces; a crash goes on where it stopped. What is left is an entry in the audit
 * log that says which id was erased, and nothing of a person.
 */
export async function eraseContacts(db: Database, piece = PIECE): Promise<number> {
  for (let erased = 0, after = '0'; ; ) {
    const due = await db.query<{ id: string }>(
      // contact_deleted
      `select c.id from contact c, organisation o
       where c.deleted_at < now() - make_interval(days => o.retention_days) and c.id > $1 order by c.id limit 100`,
      [after],
    )
    if (due.length === 0) return erased
    for (const { id } of due) if (await eraseContact(db, id, piece)) erased++
    after = due.at(-1)?.id ?? after
  }
}

async function eraseContact(db: Database, rootId: string, piece: number): Promise<boolean> {
  for (;;) {
    const state = await db.transaction((tx) => erasePiece(tx, rootId, piece))
    if (state !== 'more') return state === 'erased'
  }
}

async function erasePiece(tx: Tx, rootId: string, piece: number): Promise<'more' | 'erased' | 'spared'> {
  const due = await tx.one(
    `select from contact c, organisation o where c.id = $1 and c.merged_into_id is null
       and c.deleted_at < now() - make_interval(days => o.retention_days) for update of c`,
    [rootId],
  )
  if (!due) return 'spared'
  const members = await contactMembers(tx, rootId)
  // A message that crossed the deletion without seeing it: nothing that came in is lost.
  if (await wroteSince(tx, rootId, members)) {
    await restoreTouched(tx, undefined, [rootId])
    return 'spared'
  }
  for (const part of contactParts()) if (!(await part.erase(tx, members, piece))) return 'more'
  if (!(await eraseEvents(tx, members, piece))) return 'more'
  await eraseRecord(tx, members)
  await eraseAudit(tx, 'contact', members)
  await audit(tx, undefined, 'contact.erased', { kind: 'contact', id: rootId }, null, { records: members.length })
  return 'erased'
}

async function wroteSince(tx: Tx, rootId: string, members: readonly string[]): Promise<boolean> {
  const row = await tx.one(
    // conversation_contact; an open conversation of a deleted contact is one that a message opened after it.
    `select from conversation v join contact r on r.id = $1
     where v.contact_id = any($2::bigint[]) and v.state <> 'closed' and v.last_at > r.deleted_at limit 1`,
    [rootId, members],
  )
  return row !== undefined
}

async function eraseEvents(tx: Tx, members: readonly string[], piece: number): Promise<boolean> {
  const gone = await tx.query(
    // activity_event_contact
    `delete from activity_event where id = any(array(
       select id from activity_event where contact_id = any($1::bigint[]) limit $2)) returning id`,
    [members, piece],
  )
  return gone.length < piece
}

/** The rows of a contact itself are few. */
async function eraseRecord(tx: Tx, members: readonly string[]): Promise<void> {
  const family = [members]
  await dropFieldValues(tx, 'contact', members)
  await tx.query(
    `delete from identity_conflict where contact_id = any($1::bigint[])
       or identity_id = any(array(select id from identity where contact_id = any($1::bigint[])))`,
    family,
  )
  await tx.query('delete from identity where contact_id = any($1::bigint[])', family)
  await tx.query('delete from contact_address where contact_id = any($1::bigint[])', family)
  await tx.query('delete from contact_relation where from_id = any($1::bigint[]) or to_id = any($1::bigint[])', family)
  await tx.query('delete from visitor_channel where contact_id = any($1::bigint[])', family)
  // Merges that were taken back may name contacts that live on; what they kept of this one goes too.
  await tx.query('delete from merge where winner_id = any($1::bigint[]) or loser_id = any($1::bigint[])', family)
  // The references between those merged are looked at when the statement ends.
  await tx.query('delete from contact where id = any($1::bigint[])', family)
}

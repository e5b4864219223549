import type { Db, Tx } from '../platform/db.ts'

/** What becomes of proposed pairs when contacts change, merge or part. Finding them: duplicates.ts. */

/** So many contacts are looked at in one job. */
export const PIECE = 100
/** Up to so many each have a job of their own, under a key: a burst of changes is one look. */
const FEW = 8

/** To be called in the transaction of whatever may make contacts more alike or less: they are looked at soon after. */
export async function recheck(tx: Tx, contactIds: readonly string[]): Promise<void> {
  const ids = [...new Set(contactIds)]
  if (ids.length <= FEW) {
    for (const id of ids) await tx.addJob('duplicates.find', { ids: [id] }, { key: `duplicates ${id}` })
    return
  }
  for (let at = 0; at < ids.length; at += PIECE) await tx.addJob('duplicates.find', { ids: ids.slice(at, at + PIECE) })
}

/** A pair in which somebody was merged into another is settled, whoever the other is. */
export async function closePairs(tx: Tx, loserId: string, winnerId: string, by: string | null): Promise<void> {
  // duplicate_a_id_b_id_key, duplicate_b
  const closed = await tx.query(
    `update duplicate set state = 'merged', settled_at = now(), settled_by = $2
     where (a_id = $1 or b_id = $1) and state = 'open' returning id`,
    [loserId, by],
  )
  if (closed.length > 0) tellDuplicates(tx)
  await recheck(tx, [loserId, winnerId])
}

/** Apart again: what had been settled by the merge is open again, unless the other has become another. */
export async function reopenPairs(tx: Tx, loserId: string, changed: readonly string[]): Promise<void> {
  // duplicate_a_id_b_id_key, duplicate_b; contact_pkey
  const opened = await tx.query(
    `update duplicate d set state = 'open', settled_at = null, settled_by = null
     from contact other
     where (d.a_id = $1 or d.b_id = $1) and d.state = 'merged'
       and other.id = case when d.a_id = $1 then d.b_id else d.a_id end and other.listed
     returning d.id`,
    [loserId],
  )
  if (opened.length > 0) tellDuplicates(tx)
  await recheck(tx, changed)
}

/** Pairs have changed. Which ones is not told: not everybody may see them all. */
export function tellDuplicates(tx: Tx): void {
  tx.publish({ need: 'contact.edit' }, { kind: 'duplicates' })
}

/** Contacts as they are to be looked at: roots of what is there, each once. */
export async function rootsOf(db: Db, contactIds: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    'select distinct root_id as id from contact where id = any($1::bigint[]) order by 1',
    [contactIds],
  )
  return rows.map((row) => row.id)
}

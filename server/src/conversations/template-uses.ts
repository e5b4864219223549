import type { Tx } from '../platform/db.ts'

const SLOTS = 8
/** Counts messages that were sent with texts; by id of the text. Ids of texts that are gone are passed over. */
export async function countUses(tx: Tx, times: ReadonlyMap<string, number>): Promise<void> {
  if (times.size === 0) return
  await tx.query(
    `insert into template_use as u (template_id, slot, times, last_at)
     select t.id, $3, n.times, now() from unnest($1::bigint[], $2::bigint[]) as n(id, times) join template t on t.id = n.id order by t.id
     on conflict (template_id, slot) do update set times = u.times + excluded.times, last_at = excluded.last_at`,
    [[...times.keys()], [...times.values()], Math.floor(Math.random() * SLOTS)],
  )
}

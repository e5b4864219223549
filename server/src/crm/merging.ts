import { mergeChanges, merged } from '#shared/merging.ts'
import type { Db, Tx } from '../platform/db.ts'
import { tellFacts } from './contact-facts.ts'
import { closePairs, reopenPairs } from './duplicate-pairs.ts'
import type { LockedContact } from './locking.ts'
import { mergeableFields, readMergeables, withoutGone, writeMergeables } from './mergeables.ts'
import { type KeptChanges, type StandingMerge, takeBack } from './merge-undo.ts'
import { type Publishable, publishContacts } from './publish.ts'
import { refold } from './refold.ts'
import { contactMembers } from './timeline.ts'

export interface Joining {
  loser: LockedContact
  winner: LockedContact
  cause: 'agent' | 'number_shared' | 'start_link'
  /** Null: the program. */
  by: string | null
  channelId?: string
  conversationId?: string
  verified?: { identityId: string }
  /** Fields in which the winner takes over what the loser has, see MergeRequest. */
  take?: readonly string[]
}

/**
 * Makes `loser` a part of `winner`. Both are roots, locked by `lockRoots` in this transaction. No row moves: the loser and
 * everything merged into it before get another `root_id`. What is empty in the winner is filled from the loser, a
 * visitor's provisional kind and name too, what is in `take` is taken over, tags are joined; all that is kept in the
 * merge, for `unmerge`.
 * @returns the merge's id, and what it changed
 */
export async function joinContacts(tx: Tx, joining: Joining): Promise<{ id: string; changes: KeptChanges }> {
  const { loser, winner, cause, by } = joining
  const sides = await readMergeables(tx, [loser.id, winner.id])
  const [theirs, ours] = [sides.get(loser.id), sides.get(winner.id)]
  if (!theirs || !ours) throw new Error(`no contact ${loser.id} or ${winner.id}`)
  const fields = await mergeableFields(tx, false)
  const changes: KeptChanges = mergeChanges(theirs, ours, new Set(joining.take), fields)
  if (joining.verified) changes.verified = joining.verified
  const merge = await tx.one<{ id: string }>(
    'insert into merge (winner_id, loser_id, cause, changes, merged_by) values ($1, $2, $3, $4, $5) returning id',
    [winner.id, loser.id, cause, JSON.stringify(changes), by],
  )
  const mergeId = merge?.id ?? ''
  await tx.query(
    // contact_pkey, and contact_root for those that were merged into the loser before.
    `update contact set root_id = $2, merged_into_id = case when id = $1 then $2 else merged_into_id end
     where id = $1 or (root_id = $1 and merged_into_id is not null)`,
    [loser.id, winner.id],
  )
  await writeMergeables(tx, [{ id: winner.id, contact: merged(ours, changes) }], fields)
  await refold(tx, [winner.id])
  await tx.query(
    `insert into activity_event (contact_id, conversation_id, channel_id, kind, actor_id, data) values ($1, $2, $3, 'merged', $4, $5)`,
    [winner.id, joining.conversationId ?? null, joining.channelId ?? null, by, JSON.stringify(told(mergeId, joining))],
  )
  await closePairs(tx, loser.id, winner.id, by)
  publishContacts(tx, [loser, winner])
  const after = merged(ours, changes)
  await tellFacts(tx, by, [{ id: winner.id, kind: after.kind, before: ours, after }])
  return { id: mergeId, changes }
}

function told(mergeId: string, { loser, cause }: Joining): object {
  return { mergeId, loserId: loser.id, loserName: loser.name, loserKind: loser.kind, cause }
}

/**
 * Takes a merge back, whatever was merged before or after it: the loser and what had been merged into it are a contact
 * of their own again, and the fields that the merge filled or replaced are as before where nobody has changed them
 * since, see `takeBack`. Every activity is still with the contact it happened to, so it goes with it. The root of both must be locked.
 * `by` null: the program, which found that it had joined them wrongly.
 */
export async function unmerge(tx: Tx, merge: StandingMerge, root: LockedContact, by: string | null): Promise<void> {
  const { loser_id: loserId, changes } = merge
  const family = await contactMembers(tx, root.id)
  await tx.query('update merge set undone_at = now(), undone_by = $2 where id = $1', [merge.id, by])
  // contact_root
  const members = await tx.query<{ id: string; merged_into_id: string }>(
    'select id, merged_into_id from contact where root_id = $1 and merged_into_id is not null',
    [root.id],
  )
  await tx.query(
    `update contact set root_id = $1, merged_into_id = case when id = $1 then null else merged_into_id end, updated_at = now()
     where id = any($2::bigint[])`,
    [loserId, subtree(loserId, members)],
  )
  await restoreFields(tx, merge, family)
  if (changes.verified)
    await tx.query('update identity set verified_at = null where id = $1', [changes.verified.identityId])
  await tx.query('update contact set updated_at = now() where id = $1', [root.id])
  await refold(tx, [root.id, loserId])
  await tellUnmerged(tx, merge, by)
  const loser = await tx.one<Publishable>(
    'select id, kind, origin_channel_id, channel_ids from contact where id = $1',
    [loserId],
  )
  await reopenPairs(tx, loserId, [root.id, loserId])
  publishContacts(tx, loser ? [root, loser] : [root])
}

/** A merge that stands. */
export function findStandingMerge(db: Db, id: string): Promise<StandingMerge | undefined> {
  return db.one<StandingMerge>(
    'select id, winner_id, loser_id, changes from merge where id = $1 and undone_at is null',
    [id],
  )
}

/** @param family ids of all that were one contact until now */
async function restoreFields(tx: Tx, merge: StandingMerge, family: readonly string[]): Promise<void> {
  const contacts = await readMergeables(tx, family)
  // merge_loser
  const others = await tx.query<StandingMerge>(
    'select id, winner_id, loser_id, changes from merge where loser_id = any($1::bigint[]) and undone_at is null order by id',
    [family],
  )
  const touched = takeBack(merge, others, contacts)
  const changed = [...contacts].flatMap(([id, contact]) => (touched.contacts.has(id) ? [{ id, contact }] : []))
  if (changed.length > 0) {
    await withoutGone(
      tx,
      changed.map(({ contact }) => contact),
    )
    await writeMergeables(tx, changed, await mergeableFields(tx, true))
  }
  const rewritten = others.filter((other) => touched.merges.has(other.id))
  if (rewritten.length > 0)
    await tx.query(
      'update merge m set changes = n.changes from unnest($1::bigint[], $2::jsonb[]) as n(id, changes) where m.id = n.id',
      [rewritten.map((other) => other.id), rewritten.map((other) => JSON.stringify(other.changes))],
    )
}

async function tellUnmerged(tx: Tx, merge: StandingMerge, by: string | null): Promise<void> {
  // Bound to the channel that the merge was bound to, if any: it must not tell of a visitor where the merge did not.
  await tx.query(
    `insert into activity_event (contact_id, channel_id, kind, actor_id, data)
     select c.id, e.channel_id, 'merge_undone', $4, coalesce(e.data, '{}')
     from unnest(array[$1::bigint, $2::bigint]) as c(id)
     left join lateral (
       select channel_id, data from activity_event
       where contact_id = $1 and kind = 'merged' and data->>'mergeId' = $3 limit 1) e on true`,
    [merge.winner_id, merge.loser_id, merge.id, by],
  )
}

function subtree(top: string, members: readonly { id: string; merged_into_id: string }[]): string[] {
  const inside = new Set([top])
  for (let grown = true; grown; ) {
    grown = false
    for (const member of members) {
      if (!inside.has(member.id) && inside.has(member.merged_into_id)) {
        inside.add(member.id)
        grown = true
      }
    }
  }
  return [...inside]
}

import type { Tx } from '../platform/db.ts'
import type { LockedContact } from './locking.ts'
import { type Publishable, publishContacts } from './publish.ts'
import { byId, refold } from './refold.ts'

/** Fields of the winner that a merge filled, as `merge.changes` keeps them. */
export interface MergeChanges {
  about?: Change<string>
  avatar?: Change<string | null>
  responsible?: Change<string | null>
  kind?: Change<string>
  name?: Change<string>
  /** An identity of the winner that the merge proved: its `verified_at` goes when the merge does. */
  verified?: { identityId: string }
}
export interface Change<T> {
  before: T
  after: T
}

export interface Joining {
  loser: LockedContact
  winner: LockedContact
  cause: 'agent' | 'number_shared'
  /** Null: the program. */
  by: string | null
  channelId?: string
  conversationId?: string
  verified?: { identityId: string }
}

/**
 * Makes `loser` a part of `winner`. Both are roots, locked by `lockRoots` in this transaction. No row moves: the loser and
 * everything merged into it before get another `root_id`. What is empty in the winner is filled from the loser, a
 * visitor's provisional kind and name too, and what was filled is kept in the merge, for `unmerge`.
 * @returns the merge's id
 */
export async function joinContacts(tx: Tx, joining: Joining): Promise<string> {
  const { loser, winner, cause, by } = joining
  const changes: MergeChanges = { ...filledFrom(loser, winner) }
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
  await tx.query(
    `update contact set about = $2, avatar_file_id = $3, responsible_id = $4, kind = $5, name = $6, updated_at = now() where id = $1`,
    [
      winner.id,
      changes.about?.after ?? winner.about,
      changes.avatar?.after ?? winner.avatar_file_id,
      changes.responsible?.after ?? winner.responsible_id,
      changes.kind?.after ?? winner.kind,
      changes.name?.after ?? winner.name,
    ],
  )
  await refold(tx, [winner.id])
  await tx.query(
    `insert into activity_event (contact_id, conversation_id, channel_id, kind, actor_id, data) values ($1, $2, $3, 'merged', $4, $5)`,
    [winner.id, joining.conversationId ?? null, joining.channelId ?? null, by, JSON.stringify(told(mergeId, joining))],
  )
  publishContacts(tx, [loser, winner])
  return mergeId
}

function told(mergeId: string, { loser, cause }: Joining): object {
  return { mergeId, loserId: loser.id, loserName: loser.name, loserKind: loser.kind, cause }
}

function filledFrom(loser: LockedContact, winner: LockedContact): MergeChanges {
  const changes: MergeChanges = {}
  if (winner.about === '' && loser.about !== '') changes.about = { before: '', after: loser.about }
  if (winner.avatar_file_id === null && loser.avatar_file_id !== null)
    changes.avatar = { before: null, after: loser.avatar_file_id }
  if (winner.responsible_id === null && loser.responsible_id !== null)
    changes.responsible = { before: null, after: loser.responsible_id }
  if (winner.kind === 'visitor' && loser.kind !== 'visitor') {
    changes.kind = { before: winner.kind, after: loser.kind }
    if (winner.name !== loser.name) changes.name = { before: winner.name, after: loser.name }
  }
  return changes
}

export interface StandingMerge {
  id: string
  winner_id: string
  loser_id: string
  changes: MergeChanges
}

/**
 * Takes a merge back, whatever was merged before or after it: the loser and what had been merged into it are a contact
 * of their own again, and the fields that the merge filled are empty again where nobody has changed them since. Every
 * activity is still with the contact it happened to, so it goes with it. The root of both must be locked.
 */
export async function unmerge(tx: Tx, merge: StandingMerge, root: LockedContact, by: string): Promise<void> {
  const { winner_id: winnerId, loser_id: loserId, changes } = merge
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
  await tx.query(
    `update contact set
       about = case when $2::text is not null and about = $2 then $3 else about end,
       avatar_file_id = case when $4::bigint is not null and avatar_file_id = $4 then $5 else avatar_file_id end,
       responsible_id = case when $6::bigint is not null and responsible_id = $6 then $7 else responsible_id end,
       kind = case when $8::text is not null and kind = $8 then $9 else kind end,
       name = case when $10::text is not null and name = $10 then $11 else name end
     where id = $1`,
    [
      winnerId,
      ...[changes.about, changes.avatar, changes.responsible, changes.kind, changes.name].flatMap((change) => [
        change?.after ?? null,
        change?.before ?? null,
      ]),
    ],
  )
  if (changes.verified)
    await tx.query('update identity set verified_at = null where id = $1', [changes.verified.identityId])
  await tx.query('update contact set updated_at = now() where id = $1', [root.id])
  await refold(tx, [root.id, loserId])
  await tellUnmerged(tx, merge, by)
  const loser = await tx.one<Publishable>(
    'select id, kind, origin_channel_id, channel_ids from contact where id = $1',
    [loserId],
  )
  publishContacts(tx, loser ? [root, loser] : [root])
}

async function tellUnmerged(tx: Tx, merge: StandingMerge, by: string): Promise<void> {
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
    .map((id) => ({ id }))
    .sort(byId)
    .map(({ id }) => id)
}

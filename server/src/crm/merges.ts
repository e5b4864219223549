import type { Merge, MergeRequest } from '#shared/api/contacts.ts'
import { customName } from '#shared/contact-fields.ts'
import { MERGE_FIELDS, MERGE_UNDO_DAYS } from '#shared/merging.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { need } from '../platform/http.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { loadMerge } from './contact-views.ts'
import { type LockedContact, lockRoots } from './locking.ts'
import type { StandingMerge } from './merge-undo.ts'
import { mergeableFields } from './mergeables.ts'
import { joinContacts, unmerge } from './merging.ts'
import { recheck } from './duplicate-pairs.ts'
import { publishContacts } from './publish.ts'
import { isVisible } from './visibility.ts'

/**
 * Makes `loserId` a part of `intoId`, see `joinContacts`. Both must be visible and not merged already. Joining a visitor
 * needs `contact.edit`, which the route asks for; making one of two records `contact.merge`. `take`: see MergeRequest.
 */
export async function mergeContacts(
  tx: Tx,
  actor: Actor,
  loserId: string,
  intoId: string,
  take: NonNullable<MergeRequest['take']> = [],
): Promise<Merge> {
  if (loserId === intoId) throw new Problem('cannot_merge_self')
  const locked = await lockRoots(tx, [loserId, intoId])
  const loser = visible(actor, locked.get(loserId))
  const winner = visible(actor, locked.get(intoId))
  if (loser.id !== loserId || winner.id !== intoId) throw new Problem('contact_merged')
  needFor(actor, loser.kind)
  await checkTake(tx, take)
  const { id, changes } = await joinContacts(tx, { loser, winner, cause: 'agent', by: actor.userId, take })
  const merge = await loadMerge(tx, id)
  await audit(tx, actor, 'contact.merged', { kind: 'contact', id: intoId }, null, { mergeId: id, loserId, ...changes })
  return merge
}

async function checkTake(tx: Tx, take: readonly string[]): Promise<void> {
  const custom = take.some((name) => name.startsWith('field.')) ? await mergeableFields(tx, false) : []
  const known = new Set<string>([...MERGE_FIELDS, ...custom.map((field) => customName(field.key))])
  for (const [n, name] of take.entries()) if (!known.has(name)) throw wrongField(`take.${n}`, 'unknown_field')
}

function visible(actor: Actor, contact: LockedContact | undefined): LockedContact {
  if (!contact || !isVisible(actor, contact)) throw new Problem('not_found')
  return contact
}

function needFor(actor: Actor, loserKind: string): void {
  need(actor, loserKind === 'visitor' ? 'contact.edit' : 'contact.merge')
}

/** Takes a merge back within MERGE_UNDO_DAYS, whatever was merged before or after it; see `unmerge`. */
export async function undoMerge(tx: Tx, actor: Actor, mergeId: string): Promise<Merge> {
  const known = await findMerge(tx, mergeId)
  if (!known) throw new Problem('not_found')
  const root = visible(actor, (await lockRoots(tx, [known.loser_id])).get(known.loser_id))
  // Read again under the lock: another may have undone it before us.
  const merge = await findMerge(tx, mergeId)
  if (!merge || merge.undone_at !== null || merge.too_old)
    throw new Problem('merge_not_undoable', { days: MERGE_UNDO_DAYS })
  needFor(actor, merge.loser_kind)
  await unmerge(tx, merge, root, actor.userId)
  const { id, winner_id: winnerId, loser_id: loserId } = merge
  await audit(tx, actor, 'contact.merge_undone', { kind: 'contact', id: winnerId }, { mergeId: id, loserId }, null)
  return loadMerge(tx, id)
}

type MergeRow = StandingMerge & { undone_at: Date | null; too_old: boolean; loser_kind: string }

function findMerge(db: Db, id: string): Promise<MergeRow | undefined> {
  return db.one<MergeRow>(
    `select m.id, m.winner_id, m.loser_id, m.changes, m.undone_at, l.kind as loser_kind,
       m.merged_at < now() - interval '${MERGE_UNDO_DAYS} days' as too_old
     from merge m join contact l on l.id = m.loser_id where m.id = $1`,
    [id],
  )
}

/** Two records do share the identity, or one of them is wrong: either way a person has looked, and it is not asked again. */
export async function dismissConflict(tx: Tx, actor: Actor, conflictId: string): Promise<void> {
  const conflict = await tx.one<{ id: string; claimant: string; owner: string }>(
    `select k.id, k.contact_id as claimant, i.contact_id as owner
     from identity_conflict k join identity i on i.id = k.identity_id where k.id = $1`,
    [conflictId],
  )
  if (!conflict) throw new Problem('not_found')
  const locked = await lockRoots(tx, [conflict.claimant, conflict.owner])
  const sides = [visible(actor, locked.get(conflict.claimant)), visible(actor, locked.get(conflict.owner))]
  const settled = await tx.one(
    'update identity_conflict set settled_at = now(), settled_by = $2 where id = $1 and settled_at is null returning id',
    [conflict.id, actor.userId],
  )
  if (!settled) return
  await recheck(tx, [conflict.claimant, conflict.owner])
  await audit(tx, actor, 'contact.conflict_dismissed', { kind: 'contact', id: conflict.claimant }, null, { conflictId })
  publishContacts(tx, sides)
}

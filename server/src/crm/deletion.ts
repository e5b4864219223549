import type { Contact } from '#shared/api/contacts.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { tellContact } from './contact-changes.ts'
import { contactParts } from './contact-parts.ts'
import { loadContact } from './contact-views.ts'
import { type LockedContact, lockRoots } from './locking.ts'
import { publishContacts } from './publish.ts'
import { contactMembers } from './timeline.ts'
import { isVisible, isWithin } from './visibility.ts'

/**
 * A deleted contact is out of sight everywhere and keeps everything it has, its numbers too: restoring is exact. Only the
 * root is marked; whoever was merged into it goes and comes with it. Who writes again, or is written to, comes back by
 * itself. After the days that the organisation keeps deleted things, contacts are erased (erasing.ts).
 */

/** Deletes contacts with all merged into them; what is deleted already stays so. Answers with their roots. */
export async function deleteContacts(tx: Tx, actor: Actor, ids: readonly string[]): Promise<string[]> {
  const roots = distinct(await lockRoots(tx, ids)).filter((root) => root.deleted_at === null)
  if (roots.some((root) => !isVisible(actor, root))) throw new Problem('not_found')
  if (roots.length === 0) return []
  const rootIds = roots.map((root) => root.id)
  const row = await tx.one<{ at: string }>('select now()::text as at')
  const deletion = { userId: actor.userId, at: row?.at ?? '' }
  await tx.query('update contact set deleted_at = $2::timestamptz, deleted_by = $3 where id = any($1::bigint[])', [
    rootIds,
    deletion.at,
    actor.userId,
  ])
  const members = await contactMembers(tx, ...rootIds)
  for (const part of contactParts()) await part.deleted?.(tx, members, deletion)
  for (const root of roots) {
    await tellContact(tx, actor, root.id, 'deleted')
    const { kind, name } = root
    await audit(tx, actor, 'contact.deleted', { kind: 'contact', id: root.id }, { kind, name }, null)
  }
  publishAll(tx, roots)
  return rootIds
}

export async function deleteContact(tx: Tx, actor: Actor, id: string): Promise<void> {
  const root = (await lockRoots(tx, [id])).get(id)
  if (!root || !isVisible(actor, root)) throw new Problem('not_found')
  await deleteContacts(tx, actor, [root.id])
}

/** Brings a contact back as it was. One that is not deleted stays as it is. */
export async function restoreContact(tx: Tx, actor: Actor, id: string): Promise<Contact> {
  const root = (await lockRoots(tx, [id])).get(id)
  if (!root || !isWithin(actor, root)) throw new Problem('not_found')
  if (root.deleted_at !== null) {
    // What is being erased does not come back in pieces.
    if (await isPastKeeping(tx, root.id)) throw new Problem('not_found')
    await bringBack(tx, actor, root)
  }
  return loadContact(tx, actor, root.id)
}

/**
 * Whoever of these contacts is deleted comes back, because somebody writes to or from them. `actor` undefined: they wrote
 * themselves. Answers with the roots that came back.
 */
export async function restoreTouched(tx: Tx, actor: Actor | undefined, ids: readonly string[]): Promise<string[]> {
  const gone = distinct(await lockRoots(tx, ids)).filter((root) => root.deleted_at !== null)
  for (const root of gone) await bringBack(tx, actor, root)
  return gone.map((root) => root.id)
}

async function bringBack(tx: Tx, actor: Actor | undefined, root: LockedContact): Promise<void> {
  const was = await tx.one<{ at: string; by: string | null }>(
    'select deleted_at::text as at, deleted_by as by from contact where id = $1',
    [root.id],
  )
  await tx.query('update contact set deleted_at = null, deleted_by = null, updated_at = now() where id = $1', [root.id])
  const members = await contactMembers(tx, root.id)
  const deletion = { userId: was?.by ?? null, at: was?.at ?? '' }
  for (const part of contactParts()) await part.restored?.(tx, members, deletion)
  await tellContact(tx, actor, root.id, 'restored')
  await audit(tx, actor, 'contact.restored', { kind: 'contact', id: root.id }, null, { name: root.name })
  publishContacts(tx, [root])
}

async function isPastKeeping(db: Db, rootId: string): Promise<boolean> {
  const past = await db.one(
    `select from contact c, organisation o where c.id = $1 and c.deleted_at < now() - make_interval(days => o.retention_days)`,
    [rootId],
  )
  return past !== undefined
}

function distinct(locked: Map<string, LockedContact>): LockedContact[] {
  return [...new Map([...locked.values()].map((root) => [root.id, root])).values()]
}

/** Of many at once: a visitor is named to nobody but the viewers of its channels. */
function publishAll(tx: Tx, roots: readonly LockedContact[]): void {
  publishContacts(
    tx,
    roots.filter((root) => root.kind !== 'visitor'),
  )
  for (const root of roots) if (root.kind === 'visitor') publishContacts(tx, [root])
}

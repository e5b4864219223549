import { isDeepStrictEqual } from 'node:util'
import { deleteTag, tagUsage } from '../crm/tags.ts'
import { restoreTouched } from '../crm/deletion.ts'
import { type LockedContact, lockRoots } from '../crm/locking.ts'
import { publishContacts } from '../crm/publish.ts'
import { refold } from '../crm/refold.ts'
import { isVisible, isWithin } from '../crm/visibility.ts'
import { Problem } from '../platform/problem.ts'
import { type Change, type ContactState, fieldsOf, type Kept, readStates, storeStates, withFields } from './changes.ts'
import { moveOperation, noteOperation } from './operations.ts'
import { removeMade } from './removing.ts'
import type { Piece } from './runner.ts'
import { type PartsTaken, takeBackParts } from './taking-back.ts'

/**
 * Takes back what an operation did, contact by contact: first what it changed, then what it made, the newest first (so
 * that people go before the companies they work at). What somebody changed since stays as it is, and is counted as kept.
 */
const PIECE = 200

export async function undoPiece(piece: Piece): Promise<void> {
  const { tx, actor, operation } = piece
  const changes = await tx.query<Change>(
    // operation_change_left
    `select contact_id as "contactId", made, before, after from operation_change
     where operation_id = $1 and not undone order by made, contact_id desc limit $2`,
    [operation.id, PIECE],
  )
  // A piece takes back either what was changed or what was made.
  const some = changes.filter((change) => change.made === changes[0]?.made)
  if (some.length === 0) return finishUndo(piece)
  const undone = some[0]?.made === true ? await removeMade(piece, some) : await takeBack(piece, some)
  const kept = some.map((change) => change.contactId).filter((id) => !undone.has(id))
  await tx.query(
    `update operation_change set undone = true, kept = contact_id = any($3::bigint[])
     where operation_id = $1 and contact_id = any($2::bigint[])`,
    [operation.id, some.map((change) => change.contactId), kept],
  )
  const result = { ...operation.result }
  result['undone'] = (result['undone'] ?? 0) + undone.size
  result['kept'] = (result['kept'] ?? 0) + kept.length
  await moveOperation(tx, operation, { done: operation.done + some.length, result }, actor.locale)
}

async function finishUndo({ tx, actor, operation }: Piece): Promise<void> {
  // Tags that only this brought, and that nobody uses, go with it.
  const tagIds = operation.params['madeTagIds']
  for (const id of Array.isArray(tagIds) ? tagIds.map(String) : []) {
    try {
      if ((await tagUsage(tx, id)).count === 0) await deleteTag(tx, actor, id)
    } catch (error) {
      // Somebody deleted it before.
      if (!(error instanceof Problem)) throw error
    }
  }
  const row = await moveOperation(tx, operation, { state: 'undone', done: operation.total }, actor.locale)
  await noteOperation(tx, actor, 'operation.undo_finished', row)
}

/** Answers with the ids of those on which nothing of the operation is left. */
async function takeBack({ tx, actor }: Piece, changes: readonly Change[]): Promise<Set<string>> {
  const ids = changes.map((change) => change.contactId)
  const roots = await lockRoots(tx, ids)
  const undone = new Set<string>()
  const reachable = changes.filter(({ contactId }) => roots.get(contactId)?.id === contactId)
  const deleted = reachable.filter(({ contactId, after }) => {
    const root = roots.get(contactId)
    return after.deletedAt !== undefined && root !== undefined && isWithin(actor, root)
  })
  for (const id of await undelete(tx, actor, deleted)) undone.add(id)
  const open = reachable.filter(({ contactId, after }) => {
    const root = roots.get(contactId)
    return after.deletedAt === undefined && root !== undefined && isVisible(actor, root)
  })
  await restoreFields(tx, open, roots, undone)
  return undone
}

/**
 * Brings back whom the operation deleted, unless somebody brought one back and deleted it again, or it is being erased.
 * Answers with their ids.
 */
async function undelete(tx: Piece['tx'], actor: Piece['actor'], changes: readonly Change[]): Promise<string[]> {
  if (changes.length === 0) return []
  const ours = await tx.query<{ id: string; at: string }>(
    `select c.id, n.at from unnest($1::bigint[], $2::timestamptz[], $3::text[]) as n(id, deleted_at, at)
     join contact c on c.id = n.id and c.deleted_at = n.deleted_at, organisation o
     where c.deleted_at >= now() - make_interval(days => o.retention_days)`,
    [
      changes.map(({ contactId }) => contactId),
      changes.map(({ after }) => after.deletedAt),
      changes.map(({ before }) => before.at),
    ],
  )
  const ids = ours.map(({ id }) => id)
  await restoreTouched(tx, actor, ids)
  await putBack(tx, ours)
  return ids
}

/** They stand in the lists where they stood before. */
async function putBack(tx: Piece['tx'], contacts: readonly { id: string; at: string }[]): Promise<void> {
  await tx.query(
    `update contact c set updated_at = n.at from unnest($1::bigint[], $2::timestamptz[]) as n(id, at) where c.id = n.id`,
    [contacts.map(({ id }) => id), contacts.map(({ at }) => at)],
  )
}

async function restoreFields(
  tx: Piece['tx'],
  changes: readonly Change[],
  roots: ReadonlyMap<string, LockedContact>,
  undone: Set<string>,
): Promise<void> {
  const ids = changes.map((change) => change.contactId)
  const states = await readStates(tx, ids)
  const parts = await takeBackParts(tx, changes)
  const there = await referencesLeft(tx, changes)
  const records: { id: string; before: ContactState; after: ContactState }[] = []
  const untouched: { id: string; at: string }[] = []
  for (const change of changes) {
    const state = states.get(change.contactId)
    if (!state) continue
    const { next, whole } = restored(state, change, there)
    if (whole && (parts.get(change.contactId) ?? WHOLE).whole) undone.add(change.contactId)
    // What stays as somebody left it does not move in the lists.
    if (hasParts(change) || !isDeepStrictEqual(state, next))
      records.push({ id: change.contactId, before: state, after: next })
    // Nobody was there since: then it also stands where it stood in the lists.
    if (state.at === change.after.at && change.before.at) untouched.push({ id: change.contactId, at: change.before.at })
  }
  await storeStates(tx, records)
  await refold(tx, ids)
  await putBack(tx, untouched)
  for (const { id, after } of records) {
    const root = roots.get(id)
    if (root) publishContacts(tx, [root, { ...root, kind: after.kind }])
  }
}
const WHOLE: PartsTaken = { whole: true }
const hasParts = ({ after }: Change): boolean =>
  [after.identityIds, after.addresses, after.replaced, after.relationIds, after.noteIds].some(
    (ids) => (ids?.length ?? 0) > 0,
  )

/** Users, sources and tags that are still there to be set again. */
async function referencesLeft(tx: Piece['tx'], changes: readonly Change[]): Promise<Left> {
  const sources = changes.flatMap(({ before }) => idOf(before.fields?.['sourceId']))
  const tags = changes.flatMap(({ after }) => after.tagsRemoved ?? [])
  const sourceRows = await tx.query<{ id: string }>(
    'select id from list_item where id = any($1::bigint[]) for key share',
    [sources],
  )
  const tagRows = await tx.query<{ id: string }>('select id from tag where id = any($1::bigint[])', [tags])
  return { sources: new Set(sourceRows.map((row) => row.id)), tags: new Set(tagRows.map((row) => row.id)) }
}
interface Left {
  sources: ReadonlySet<string>
  tags: ReadonlySet<string>
}
const idOf = (value: unknown): string[] => (typeof value === 'string' ? [value] : [])

/** The state without what the operation did, and whether all of it could be taken back. */
function restored(state: ContactState, { before, after }: Change, left: Left): { next: ContactState; whole: boolean } {
  const now = fieldsOf(state)
  const back: Record<string, unknown> = {}
  let whole = true
  for (const [name, value] of Object.entries(after.fields ?? {})) {
    const was = before.fields?.[name] ?? null
    const lost = name === 'sourceId' && was !== null && !left.sources.has(String(was))
    if (!lost && isDeepStrictEqual(now[name] ?? null, value ?? null)) back[name] = was
    else whole = false
  }
  const next = withFields(state, back)
  return { next: { ...next, details: { ...next.details, tagIds: tagsBack(state, before, after, left) } }, whole }
}

/** Each tag for itself; where nobody touched any, also their order. */
function tagsBack(state: ContactState, before: Kept, after: Kept, left: Left): string[] {
  const { tagIds } = state.details
  const added = new Set(after.tagsAdded)
  const again = (after.tagsRemoved ?? []).filter((id) => left.tags.has(id))
  const complete = again.length === (after.tagsRemoved ?? []).length
  if (complete && before.tagIds && isDeepStrictEqual(tagIds, after.tagIds)) return before.tagIds
  const kept = tagIds.filter((id) => !added.has(id))
  return [...kept, ...again.filter((id) => !kept.includes(id))]
}

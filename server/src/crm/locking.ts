import type { ContactKind } from '#shared/api/contacts.ts'
import type { Tx } from '../platform/db.ts'
import { byId } from './refold.ts'

/** A root contact whose row this transaction has locked. */
export interface LockedContact {
  id: string
  kind: ContactKind
  name: string
  about: string
  avatar_file_id: string | null
  responsible_id: string | null
  origin_channel_id: string | null
  channel_ids: string[]
  deleted_at: Date | null
}

/** Every try but the first follows a merge or its undoing by somebody else. */
const MAX_TRIES = 100

/**
 * Locks what the given contacts have become and answers with the root of each. While a root is locked nobody merges it,
 * splits it or changes its fields. Unknown ids are left out.
 *
 * Two who lock the same contacts never wait for each other: all wait in the order of ids, and only while everything
 * they hold is a root. (A lock on a contact that was merged meanwhile would stand in the way of whoever locks its root.)
 */
export async function lockRoots(tx: Tx, ids: readonly string[]): Promise<Map<string, LockedContact>> {
  await tx.query('savepoint locking')
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const rootOf = await rootsOf(tx, ids)
    const roots = [...new Set(rootOf.values())]
    const locked = tries === 1 ? await lockAtOnce(tx, roots) : await lockOneByOne(tx, roots)
    // Whoever was before us may have merged or split.
    if (locked.size === roots.length && sameRoots(rootOf, await rootsOf(tx, ids))) {
      await tx.query('release savepoint locking')
      return new Map(
        [...rootOf].flatMap(([id, root]) => {
          const contact = locked.get(root)
          return contact ? [[id, contact]] : []
        }),
      )
    }
    await tx.query('rollback to savepoint locking')
  }
  throw new Error(`the contacts ${ids.join(', ')} do not come to rest`)
}

const COLUMNS = 'id, kind, name, about, avatar_file_id, responsible_id, origin_channel_id, channel_ids, deleted_at'

/** Without waiting: those that somebody else has locked are missing in the answer. */
async function lockAtOnce(tx: Tx, roots: readonly string[]): Promise<Map<string, LockedContact>> {
  const rows = await tx.query<LockedContact>(
    `select ${COLUMNS} from contact where id = any($1::bigint[]) and merged_into_id is null for no key update skip locked`,
    [roots],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** Waits for one after the other, and gives up at the first that is a root no more. */
async function lockOneByOne(tx: Tx, roots: readonly string[]): Promise<Map<string, LockedContact>> {
  const locked = new Map<string, LockedContact>()
  for (const { id } of roots.map((root) => ({ id: root })).sort(byId)) {
    const row = await tx.one<LockedContact & { merged: boolean }>(
      `select ${COLUMNS}, merged_into_id is not null as merged from contact where id = $1 for no key update`,
      [id],
    )
    if (!row || row.merged) break
    locked.set(id, row)
  }
  return locked
}

async function rootsOf(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ id: string; root_id: string }>(
    'select id, root_id from contact where id = any($1::bigint[])',
    [[...new Set(ids)]],
  )
  return new Map(rows.map((row) => [row.id, row.root_id]))
}

function sameRoots(one: Map<string, string>, two: Map<string, string>): boolean {
  return one.size === two.size && [...one].every(([id, root]) => two.get(id) === root)
}

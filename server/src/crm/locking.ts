import type { ContactKind } from '#shared/api/contacts.ts'
import type { Tx } from '../platform/db.ts'

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
}

/**
 * Locks what the given contacts have become, in the order of ids (so two who lock the same contacts never wait for each
 * other), and answers with the root of each. While a root is locked nobody merges it, splits it or changes its fields.
 * Unknown ids are left out.
 */
export async function lockRoots(tx: Tx, ids: readonly string[]): Promise<Map<string, LockedContact>> {
  for (;;) {
    const before = await rootsOf(tx, ids)
    const rows = await tx.query<LockedContact>(
      `select id, kind, name, about, avatar_file_id, responsible_id, origin_channel_id, channel_ids
       from contact where id = any($1::bigint[]) order by id for no key update`,
      [[...new Set(before.values())]],
    )
    // Whoever held a lock before us may have merged or split.
    const after = await rootsOf(tx, ids)
    if ([...before].some(([id, root]) => after.get(id) !== root)) continue
    const byId = new Map(rows.map((row) => [row.id, row]))
    const locked = new Map<string, LockedContact>()
    for (const [id, root] of before) {
      const row = byId.get(root)
      if (row) locked.set(id, row)
    }
    return locked
  }
}

async function rootsOf(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ id: string; root_id: string }>(
    'select id, root_id from contact where id = any($1::bigint[])',
    [[...new Set(ids)]],
  )
  return new Map(rows.map((row) => [row.id, row.root_id]))
}

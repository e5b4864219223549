import type { CustomField } from '#shared/api/fields.ts'
import type { Mergeable } from '#shared/merging.ts'
import type { Db, Tx } from '../platform/db.ts'
import { detailColumns, storeDetails } from './contact-details.ts'
import { FIELD_COLUMNS } from './fields.ts'

/** What merges read and write of contacts: every field, also tags and custom fields that are deleted and may come back. */

/** Of contacts whose root the caller has locked. */
export async function readMergeables(db: Db, ids: readonly string[]): Promise<Map<string, Mergeable>> {
  const rows = await db.query<Mergeable & { id: string }>(
    `select c.id, c.kind, c.name, c.avatar_file_id as avatar, ${detailColumns('c')} from contact c where c.id = any($1::bigint[])`,
    [ids],
  )
  return new Map(rows.map(({ id, ...contact }) => [id, contact]))
}

/** Fields that values may stand in, those that are deleted too, unless they are left out. */
export function mergeableFields(db: Db, deleted: boolean): Promise<CustomField[]> {
  return db.query<CustomField>(
    `select ${FIELD_COLUMNS} from custom_field f where f.resource = 'contact' and ($1 or f.deleted_at is null) order by f.position, f.id`,
    [deleted],
  )
}

/** Writes contacts whose root is locked; what is found by them is the caller's matter (`refold`). */
export async function writeMergeables(
  tx: Tx,
  contacts: readonly { id: string; contact: Mergeable }[],
  fields: readonly CustomField[],
): Promise<void> {
  if (contacts.length === 0) return
  await tx.query(
    `update contact c set kind = n.kind, name = n.name, avatar_file_id = n.avatar
     from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) as n(id, kind, name, avatar) where c.id = n.id`,
    [
      contacts.map(({ id }) => id),
      contacts.map(({ contact }) => contact.kind),
      contacts.map(({ contact }) => contact.name),
      contacts.map(({ contact }) => contact.avatar),
    ],
  )
  await storeDetails(
    tx,
    contacts.map(({ id, contact }) => ({ id, details: contact })),
    fields,
  )
}

/** What a merge replaced may be gone since: a source nobody had any more, a picture. Nothing stands in its place then. */
export async function withoutGone(tx: Tx, contacts: readonly Mergeable[]): Promise<void> {
  const sources = contacts.map((contact) => contact.sourceId)
  const files = contacts.map((contact) => contact.avatar)
  // Held until the commit: who deletes them waits.
  const found = await tx.query<{ id: string; what: string }>(
    `with source as (select id from list_item where id = any($1::bigint[]) for key share),
       picture as (select id from file where id = any($2::bigint[]) for key share)
     select id, 'source' as what from source union all select id, 'file' from picture`,
    [sources, files],
  )
  const there = new Set(found.map(({ id, what }) => `${what} ${id}`))
  for (const contact of contacts) {
    if (!there.has(`source ${contact.sourceId}`)) contact.sourceId = null
    if (!there.has(`file ${contact.avatar}`)) contact.avatar = null
  }
}

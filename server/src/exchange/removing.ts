import { dropFieldValues } from '../crm/fields.ts'
import { publishContacts } from '../crm/publish.ts'
import { isVisible } from '../crm/visibility.ts'
import type { ContactKind } from '#shared/api/contacts.ts'
import type { Db, Tx } from '../platform/db.ts'
import type { Change } from './changes.ts'
import type { Piece } from './runner.ts'

interface Made {
  id: string
  at: string
  kind: ContactKind
  origin_channel_id: string | null
  channel_ids: string[]
  deleted_at: Date | null
  merged: boolean
}

/**
 * Removes contacts that an operation made, altogether, if nothing happened with them since: as if they had never been.
 * Answers with those that are gone.
 */
export async function removeMade({ tx, actor }: Piece, changes: readonly Change[]): Promise<Set<string>> {
  const ids = changes.map((change) => change.contactId)
  // Whoever wants to refer to one of them waits, and then finds it gone.
  const rows = await tx.query<Made>(
    `select id, updated_at::text as at, kind, origin_channel_id, channel_ids, deleted_at, merged_into_id is not null as merged
     from contact where id = any($1::bigint[]) order by id for update`,
    [ids],
  )
  const byId = new Map(rows.map((row) => [row.id, row]))
  const untouched = changes.filter(({ contactId, after }) => {
    const row = byId.get(contactId)
    return row !== undefined && row.at === after.at && !row.merged && isVisible(actor, row)
  })
  const free = await withoutNamed(tx, untouched, await usedOf(tx, untouched))
  await erase(tx, free)
  publishContacts(
    tx,
    free.flatMap(({ contactId }) => byId.get(contactId) ?? []),
  )
  return new Set([
    ...free.map(({ contactId }) => contactId),
    // Gone already: there is nothing left of it.
    ...ids.filter((id) => !byId.has(id)),
  ])
}

/** What an operation makes with a contact, or what says nothing of it; every other table that refers to contacts is asked. */
const OUR_OWN = new Set([
  'identity',
  'contact_address',
  'contact_relation',
  'activity_event',
  'automation_run',
  'note',
  'duplicate',
  'contact',
])

/** Those of the contacts with which something else happened. Whoever was deleted and came back is as before. */
async function usedOf(tx: Tx, changes: readonly Change[]): Promise<Set<string>> {
  if (changes.length === 0) return new Set()
  const ids = changes.map((change) => change.contactId)
  const own = (of: (change: Change) => readonly string[]): string[] => changes.flatMap(of)
  const others = (await referencesTo(tx)).map(
    ({ table, column }) => `select ${column} from ${table} where ${column} = any($1::bigint[])`,
  )
  const rows = await tx.query<{ id: string }>(
    `select distinct u.id from (
       select contact_id as id from identity where contact_id = any($1::bigint[]) and (id <> all($2::bigint[]) or verified_at is not null)
       union all select contact_id from contact_address where contact_id = any($1::bigint[]) and id <> all($3::bigint[])
       union all select from_id from contact_relation where from_id = any($1::bigint[]) and id <> all($4::bigint[])
       union all select contact_id from activity_event where contact_id = any($1::bigint[])
         and kind not in ('contact_made', 'deleted', 'restored')
       union all select contact_id from automation_run where contact_id = any($1::bigint[]) and state not in ('new', 'not_met')
       union all select contact_id from note where contact_id = any($1::bigint[])
         and (id <> all($5::bigint[]) or edited_at is not null or deleted_at is not null)
       union all select root_id from contact where root_id = any($1::bigint[]) and merged_into_id is not null
       union all select v.key::bigint from field_value v join custom_field f on f.id = v.field_id
         where f.type = 'contact' and v.key = any($1::bigint[]::text[])
       ${others.map((other) => `union all ${other}`).join(' ')}) u`,
    [
      ids,
      own(({ after }) => after.identityIds ?? []),
      own(({ after }) => (after.addresses ?? []).map((address) => address.id)),
      own(({ after }) => after.relationIds ?? []),
      own(({ after }) => after.noteIds ?? []),
    ],
  )
  return new Set(rows.map((row) => row.id))
}

/** Those that are not used; nor does anybody who stays work at them. */
async function withoutNamed(tx: Tx, changes: readonly Change[], used: ReadonlySet<string>): Promise<Change[]> {
  const ids = changes.map((change) => change.contactId)
  const named = await tx.query<{ from_id: string; to_id: string }>(
    // contact_relation_to
    'select from_id, to_id from contact_relation where to_id = any($1::bigint[])',
    [ids],
  )
  const free = new Set(ids.filter((id) => !used.has(id)))
  for (let before = -1; before !== free.size; ) {
    before = free.size
    for (const { from_id, to_id } of named) if (!free.has(from_id)) free.delete(to_id)
  }
  return changes.filter(({ contactId }) => free.has(contactId))
}

/** Read from the catalogue, so that a table of a later module is asked too. */
function referencesTo(db: Db): Promise<{ table: string; column: string }[]> {
  return db.query<{ table: string; column: string }>(
    `select c.conrelid::regclass::text as table, quote_ident(a.attname) as column
     from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
     where c.contype = 'f' and c.confrelid = 'contact'::regclass and c.conrelid::regclass::text <> all($1::text[])`,
    [[...OUR_OWN]],
  )
}

async function erase(tx: Tx, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return
  const ids = changes.map((change) => change.contactId)
  await dropFieldValues(tx, 'contact', ids)
  for (const [table, column] of [
    ['note', 'contact_id'],
    ['activity_event', 'contact_id'],
    ['contact_relation', 'from_id'],
    ['contact_address', 'contact_id'],
    ['identity', 'contact_id'],
  ] as const)
    await tx.query(`delete from ${table} where ${column} = any($1::bigint[])`, [ids])
  await tx.query('delete from contact where id = any($1::bigint[])', [ids])
}

import { isDeepStrictEqual } from 'node:util'
import type { Tx } from '../platform/db.ts'
import type { Change, KeptAddress, KeptRelation } from './changes.ts'

/** Numbers, addresses, relations and notes that an operation brought to a contact, taken away again. */

export interface PartsTaken {
  /** Nothing of them is left. */
  whole: boolean
}

export const ADDRESS_PARTS = `use, country, region, city, district, street, building, unit, floor, postal_code as "postalCode", note`
export const ADDRESS_COLUMNS = 'use, country, region, city, district, street, building, unit, floor, postal_code, note'
export const ADDRESS_NAMES = [
  'use',
  'country',
  'region',
  'city',
  'district',
  'street',
  'building',
  'unit',
  'floor',
  'postalCode',
  'note',
] as const

/** By contact; contacts without parts are not in the answer. Each kind of part in one statement or two. */
export async function takeBackParts(tx: Tx, changes: readonly Change[]): Promise<Map<string, PartsTaken>> {
  const taken = new Map<string, PartsTaken>()
  const note = (change: Change, asked: number, done: number): void => {
    if (asked > done) taken.set(change.contactId, { whole: false })
  }
  const identities = await gone(
    tx,
    // What somebody verified since, or writes over, stays.
    `delete from identity i where id = any($1::bigint[]) and verified_at is null
       and not exists (select from conversation v where v.identity_id = i.id)
       and not exists (select from identity_conflict k where k.identity_id = i.id) returning id`,
    changes.flatMap(({ after }) => after.identityIds ?? []),
  )
  const addresses = await takeAddresses(tx, changes)
  const relations = await gone(
    tx,
    'delete from contact_relation where id = any($1::bigint[]) returning id',
    changes.flatMap(({ after }) => after.relationIds ?? []),
  )
  const notes = await gone(
    tx,
    `delete from note where id = any($1::bigint[]) and edited_at is null and deleted_at is null returning id`,
    changes.flatMap(({ after }) => after.noteIds ?? []),
  )
  for (const change of changes) {
    const { after } = change
    const count = (ids: readonly string[], of: ReadonlySet<string>): void =>
      note(change, ids.length, ids.filter((id) => of.has(id)).length)
    count(after.identityIds ?? [], identities)
    count(
      [...(after.addresses ?? []), ...(after.replaced ?? [])].map((address) => address.id),
      addresses,
    )
    count(after.relationIds ?? [], relations)
    count(after.noteIds ?? [], notes)
  }
  await bringBackRelations(tx, changes, relations)
  return taken
}

async function gone(tx: Tx, text: string, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await tx.query<{ id: string }>(text, [ids])
  return new Set(rows.map((row) => row.id))
}

/** New ones go, changed ones become what they were; where somebody wrote something else since, they stay. */
async function takeAddresses(tx: Tx, changes: readonly Change[]): Promise<Set<string>> {
  const written = changes.flatMap(({ after }) => after.addresses ?? [])
  const replaced = changes.flatMap(({ before, after }) =>
    (after.replaced ?? []).map((address, n) => ({ address, was: before.replaced?.[n] })),
  )
  const wanted = [...written, ...replaced.map(({ address }) => address)]
  if (wanted.length === 0) return new Set()
  const rows = await tx.query<KeptAddress>(
    `select id, ${ADDRESS_PARTS} from contact_address where id = any($1::bigint[])`,
    [wanted.map(({ id }) => id)],
  )
  const now = new Map(rows.map((row) => [row.id, row]))
  // Of an address that was replaced twice the last writing counts.
  const last = new Map(replaced.map(({ address }) => [address.id, address]))
  const same = (address: KeptAddress): boolean => isDeepStrictEqual({ ...now.get(address.id) }, { ...address })
  const done = new Set<string>()
  const ours = written.filter((address) => same(last.get(address.id) ?? address)).map(({ id }) => id)
  for (const id of await gone(tx, 'delete from contact_address where id = any($1::bigint[]) returning id', ours))
    done.add(id)
  for (const { address, was } of replaced) {
    if (done.has(address.id) || !was || !same(last.get(address.id) ?? address)) continue
    await writeAddress(tx, was)
    done.add(address.id)
  }
  return done
}

/** Writes an address over the one with its id. */
export async function writeAddress(tx: Tx, address: Record<string, string>): Promise<void> {
  await tx.query(
    `update contact_address set (${ADDRESS_COLUMNS}) = ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) where id = $1`,
    [address['id'], ...ADDRESS_NAMES.map((name) => address[name] ?? '')],
  )
}

/** Relations that gave way to ours, where ours is gone again and their other side is there. */
async function bringBackRelations(tx: Tx, changes: readonly Change[], taken: ReadonlySet<string>): Promise<void> {
  const rows = changes
    .filter(({ after }) => (after.relationIds ?? []).every((id) => taken.has(id)))
    .flatMap(({ contactId, before }) => (before.relations ?? []).map((relation) => ({ contactId, ...relation })))
  if (rows.length === 0) return
  const column = <K extends keyof KeptRelation>(name: K): KeptRelation[K][] => rows.map((row) => row[name])
  await tx.query(
    `insert into contact_relation (id, from_id, to_id, kind, title, created_by, created_at) overriding system value
     select r.* from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[])
       as r(id, from_id, to_id, kind, title, created_by, created_at)
     where exists (select from contact c where c.id = r.to_id) on conflict do nothing`,
    [
      column('id'),
      rows.map((row) => row.contactId),
      column('toId'),
      column('kind'),
      column('title'),
      column('createdBy'),
      column('createdAt'),
    ],
  )
}

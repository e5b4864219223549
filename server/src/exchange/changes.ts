import { isDeepStrictEqual } from 'node:util'
import type { ContactKind } from '#shared/api/contacts.ts'
import type { FieldValues } from '#shared/api/fields.ts'
import { customName } from '#shared/contact-fields.ts'
import { type ContactDetails, detailColumns, NO_DETAILS, storeDetails } from '../crm/contact-details.ts'
import { refold } from '../crm/refold.ts'
import type { Db, Tx } from '../platform/db.ts'

/** What an operation changes on contacts, and how that is kept so that it can be taken back exactly. */

/** A root contact as its own row says it. */
export interface ContactState {
  kind: ContactKind
  name: string
  details: ContactDetails
  /** When it last changed, as the database writes it: by this it is seen that nobody changed it since. */
  at: string
}
export const NOBODY: Omit<ContactState, 'kind' | 'at'> = { name: '', details: NO_DETAILS }

/** Of contacts that the caller has locked. */
export async function readStates(db: Db, ids: readonly string[]): Promise<Map<string, ContactState>> {
  const rows = await db.query<ContactDetails & { id: string; kind: ContactKind; name: string; at: string }>(
    `select c.id, c.kind, c.name, c.updated_at::text as at, ${detailColumns('c')} from contact c where c.id = any($1::bigint[])`,
    [ids],
  )
  return new Map(rows.map(({ id, kind, name, at, ...details }) => [id, { kind, name, at, details }]))
}

/** Fields by name, custom ones as `field.<key>`; tags apart, because each of them is taken back for itself. */
export type Fields = Record<string, unknown>

export function fieldsOf({ kind, name, details }: Omit<ContactState, 'at'>): Fields {
  const { tagIds: _, fields, ...plain } = details
  const custom = Object.entries(fields).map(([key, value]) => [customName(key), value] as const)
  return { kind, name, ...plain, ...Object.fromEntries(custom) }
}

/** All of it, as the audit log tells it. */
export const told = (state: ContactState): object => ({ ...fieldsOf(state), tagIds: state.details.tagIds })

/** The fields that are not as before, on both sides; what is not there is null. */
export function differences(before: Fields, after: Fields): { before: Fields; after: Fields } {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => !isDeepStrictEqual(before[name] ?? null, after[name] ?? null),
  )
  const pick = (from: Fields): Fields => Object.fromEntries(names.map((name) => [name, from[name] ?? null]))
  return { before: pick(before), after: pick(after) }
}

/** The state with other values in the named fields. */
export function withFields(state: ContactState, changed: Fields): ContactState {
  const next = { ...fieldsOf(state), ...changed }
  const fields: FieldValues = {}
  const plain: Fields = {}
  for (const [name, value] of Object.entries(next)) {
    if (!name.startsWith('field.')) plain[name] = value
    else if (value !== null) fields[name.slice('field.'.length)] = value as FieldValues[string]
  }
  const { kind, name, ...details } = plain
  return {
    kind: kind as ContactKind,
    name: String(name),
    at: state.at,
    details: { ...state.details, ...details, tagIds: state.details.tagIds, fields },
  }
}

/** One side of what is kept in `operation_change`. */
export interface Kept {
  at?: string
  fields?: Fields
  /** All of them in their order, when some were added or removed. */
  tagIds?: string[]
  tagsAdded?: string[]
  tagsRemoved?: string[]
  identityIds?: string[]
  /** As they were written, with their ids. */
  addresses?: KeptAddress[]
  /** Before: as they were; after: as they are now; in one order. */
  replaced?: KeptAddress[]
  relationIds?: string[]
  /** Before: relations that gave way. */
  relations?: KeptRelation[]
  noteIds?: string[]
  /** The moment of the deletion. */
  deletedAt?: string
}
export interface KeptAddress extends Record<string, string> {
  id: string
}
export interface KeptRelation {
  id: string
  toId: string
  kind: string
  title: string
  createdBy: string | null
  createdAt: string
}
export interface Change {
  contactId: string
  made: boolean
  before: Kept
  after: Kept
}

/** What changed from one state to the other. Undefined: nothing. */
export function changeOf(contactId: string, before: ContactState, after: ContactState): Change | undefined {
  const fields = differences(fieldsOf(before), fieldsOf(after))
  const [had, has] = [new Set(before.details.tagIds), new Set(after.details.tagIds)]
  const tagsAdded = [...has].filter((id) => !had.has(id))
  const tagsRemoved = [...had].filter((id) => !has.has(id))
  const hasTags = tagsAdded.length + tagsRemoved.length > 0
  if (Object.keys(fields.after).length === 0 && !hasTags) return undefined
  return {
    contactId,
    made: false,
    before: { at: before.at, fields: fields.before, ...(hasTags && { tagIds: before.details.tagIds }) },
    after: {
      fields: fields.after,
      ...(hasTags && { tagIds: after.details.tagIds }),
      ...(tagsAdded.length > 0 && { tagsAdded }),
      ...(tagsRemoved.length > 0 && { tagsRemoved }),
    },
  }
}

/**
 * Two changes of one operation to one contact as one. A field that somebody changed in between goes back to what that
 * one made of it.
 */
function joinChanges(first: Change, second: Change): Change {
  const before: Fields = { ...first.before.fields }
  for (const [name, value] of Object.entries(second.before.fields ?? {})) {
    const ours = name in before && isDeepStrictEqual(first.after.fields?.[name] ?? null, value ?? null)
    if (!ours && !first.made) before[name] = value
  }
  const joined = <T>(of: (kept: Kept) => T[] | undefined, side: 'before' | 'after'): T[] => [
    ...(of(first[side]) ?? []),
    ...(of(second[side]) ?? []),
  ]
  const undisturbed = first.after.at === second.before.at
  const both = [...joined((kept) => kept.tagsAdded, 'after'), ...joined((kept) => kept.tagsRemoved, 'after')]
  // Added and removed again, or the other way round: nothing happened.
  const once = (ids: string[]): string[] => ids.filter((id) => both.filter((other) => other === id).length === 1)
  return {
    contactId: first.contactId,
    made: first.made,
    before: {
      at: undisturbed ? first.before.at : second.before.at,
      fields: before,
      tagIds: first.before.tagIds ?? second.before.tagIds,
      replaced: joined((kept) => kept.replaced, 'before'),
      relations: joined((kept) => kept.relations, 'before'),
    },
    after: {
      at: second.after.at,
      fields: { ...first.after.fields, ...second.after.fields },
      tagIds: second.after.tagIds ?? first.after.tagIds,
      tagsAdded: once(joined((kept) => kept.tagsAdded, 'after')),
      tagsRemoved: once(joined((kept) => kept.tagsRemoved, 'after')),
      identityIds: joined((kept) => kept.identityIds, 'after'),
      addresses: joined((kept) => kept.addresses, 'after'),
      replaced: joined((kept) => kept.replaced, 'after'),
      relationIds: joined((kept) => kept.relationIds, 'after'),
      noteIds: joined((kept) => kept.noteIds, 'after'),
    },
  }
}

/** Writes states of contacts that the caller has locked; those that are as before are left alone. `at` is now. */
export async function storeStates(
  tx: Tx,
  records: readonly { id: string; before: ContactState; after: ContactState }[],
): Promise<void> {
  if (records.length === 0) return
  await tx.query(
    `update contact c set kind = n.kind, name = n.name, updated_at = now()
     from unnest($1::bigint[], $2::text[], $3::text[]) as n(id, kind, name) where c.id = n.id`,
    [
      records.map((record) => record.id),
      records.map(({ after }) => after.kind),
      records.map(({ after }) => after.name),
    ],
  )
  const detailed = records.filter(({ before, after }) => !isDeepStrictEqual(before.details, after.details))
  await storeDetails(
    tx,
    detailed.map(({ id, after }) => ({ id, details: after.details })),
  )
  await refold(
    tx,
    records.map((record) => record.id),
  )
}

/** The moment of this transaction, which `updated_at` of all that it changes says. */
export async function nowOf(tx: Tx): Promise<string> {
  return (await tx.one<{ at: string }>('select now()::text as at'))?.at ?? ''
}

/** Keeps changes for undoing; of a contact that the operation had changed before both as one. */
export async function keepChanges(tx: Tx, operationId: string, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return
  const ids = changes.map((change) => change.contactId)
  const known = await changesOf(tx, operationId, ids)
  const joined = changes.map((change) => {
    const first = known.get(change.contactId)
    return first && Object.keys(first.after).length > 0 ? joinChanges(first, change) : change
  })
  await tx.query(
    `insert into operation_change (operation_id, contact_id, made, before, after)
     select $1, c.* from unnest($2::bigint[], $3::boolean[], $4::jsonb[], $5::jsonb[]) as c
     on conflict (operation_id, contact_id) do update set before = excluded.before, after = excluded.after`,
    [
      operationId,
      ids,
      joined.map((change) => change.made),
      joined.map((change) => JSON.stringify(change.before)),
      joined.map((change) => JSON.stringify(change.after)),
    ],
  )
}

async function changesOf(db: Db, operationId: string, ids: readonly string[]): Promise<Map<string, Change>> {
  const rows = await db.query<Change>(
    `select contact_id as "contactId", made, before, after from operation_change
     where operation_id = $1 and contact_id = any($2::bigint[])`,
    [operationId, ids],
  )
  return new Map(rows.map((row) => [row.contactId, row]))
}

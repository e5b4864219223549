import type { ContactKind } from './api/contacts.ts'
import type { FieldValue, FieldValues } from './api/field-values.ts'
import type { CustomField } from './api/fields.ts'
import { CONTACT_FIELDS, customName } from './contact-fields.ts'

/**
 * What becomes of two contacts when one is merged into the other: the server does it, the screen shows it before. What
 * is empty in the one that stays is filled, what is named in `take` is taken over, tags are joined.
 */

/** How long a merge can be undone. */
export const MERGE_UNDO_DAYS = 90

/** Of these the one that stays has one value afterwards, in the order in which they are shown. */
export const MERGE_FIELDS = [
  'name',
  'kind',
  'avatar',
  'jobTitle',
  'birthDate',
  'nationalId',
  'companyNumber',
  'economicCode',
  'registrationNumber',
  'responsibleId',
  'sourceId',
  'about',
] as const
export type MergeField = (typeof MERGE_FIELDS)[number]

export interface Mergeable extends Record<Exclude<MergeField, 'kind' | 'name' | 'about' | 'jobTitle'>, string | null> {
  kind: ContactKind
  name: string
  about: string
  jobTitle: string
  tagIds: string[]
  fields: FieldValues
}
export interface Change<T> {
  before: T
  after: T
}
/** What a merge changed in the contact that stays; `merge.changes` keeps it for taking it back. */
export interface MergeChanges extends Partial<Record<MergeField, Change<string | null>>> {
  /** Of custom fields, by their keys; null: none. */
  fields?: Record<string, Change<FieldValue>>
  /** Tags that were added. */
  tags?: string[]
}

type Custom = Pick<CustomField, 'key' | 'contactKinds'>

/** Whether contacts of the kind have the field. */
export function kindHas(field: MergeField, kind: ContactKind): boolean {
  const kinds = CONTACT_FIELDS.find((one) => one.name === field)?.kinds
  return kinds === undefined || kinds.includes(kind)
}
export function kindHasCustom(field: Custom, kind: ContactKind): boolean {
  return field.contactKinds.length === 0 || field.contactKinds.includes(kind)
}

/** A visitor is nobody in particular yet, so that kind says nothing. */
export const saysNothing = (value: FieldValue): boolean => value === null || value === '' || value === 'visitor'

/** @param take names of MERGE_FIELDS and `field.<key>`; what the one that goes has not is not taken */
export function mergeChanges(
  loser: Mergeable,
  winner: Mergeable,
  take: ReadonlySet<string>,
  custom: readonly Custom[],
): MergeChanges {
  const changes: MergeChanges = {}
  const madeKnown = winner.kind === 'visitor' && loser.kind !== 'visitor'
  const kind = (madeKnown || take.has('kind')) && loser.kind !== 'visitor' ? loser.kind : winner.kind
  for (const field of MERGE_FIELDS) {
    const [before, theirs] = [winner[field], loser[field]]
    if (field !== 'kind' && !kindHas(field, kind)) continue
    const after =
      field === 'kind' ? kind : field === 'name' && madeKnown ? theirs : chosen(before, theirs, take.has(field))
    if (after !== before) changes[field] = { before, after }
  }
  const fields: [string, Change<FieldValue>][] = []
  for (const field of custom) {
    const [before, theirs] = [winner.fields[field.key] ?? null, loser.fields[field.key] ?? null]
    if (!kindHasCustom(field, kind)) continue
    const after = chosen(before, theirs, take.has(customName(field.key)))
    if (!sameValue(after, before)) fields.push([field.key, { before, after }])
  }
  if (fields.length > 0) changes.fields = Object.fromEntries(fields)
  const tags = loser.tagIds.filter((id) => !winner.tagIds.includes(id))
  if (tags.length > 0) changes.tags = tags
  return changes
}

function chosen<T extends FieldValue>(ours: T, theirs: T, taken: boolean): T {
  const empty = (value: T): boolean => value === null || value === ''
  return !empty(theirs) && (taken || empty(ours)) ? theirs : ours
}

/** The contact that stays, as the changes make it. */
export function merged(winner: Mergeable, changes: MergeChanges): Mergeable {
  const after: Mergeable = { ...winner, tagIds: [...winner.tagIds, ...(changes.tags ?? [])] }
  for (const field of MERGE_FIELDS) {
    const change = changes[field]
    if (change) Object.assign(after, { [field]: change.after })
  }
  const fields = Object.entries(changes.fields ?? {}).map(([key, { after: value }]) => [key, value])
  after.fields = { ...winner.fields, ...Object.fromEntries(fields) }
  return after
}

/** Whether two values of a field are one. */
export function sameValue(a: FieldValue, b: FieldValue): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((id, n) => id === b[n])
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return a === b
  if (Array.isArray(a) || Array.isArray(b)) return false
  return a.amount === b.amount && a.currency === b.currency
}

import type { FieldValue } from '#shared/api/field-values.ts'
import {
  type Change,
  MERGE_FIELDS,
  type Mergeable,
  type MergeChanges,
  type MergeField,
  sameValue,
  saysNothing,
} from '#shared/merging.ts'

/**
 * Taking back what a merge changed in the contact that stayed, whatever was merged before and since, field by field:
 *
 * The standing merges into one contact that changed a field form a chain, each `before` being the `after` of the one
 * ahead of it unless somebody changed the field between. Who leaves the chain hands its `before` to the next; only the
 * last one's leaving changes the contact, and only if the contact still has what that merge gave it. What a contact has
 * lost so it also loses in whomever it was merged into and had passed it on to. And what is empty so, somebody merged
 * later may fill, who would have filled it, had it been empty then.
 */

/** What `merge.changes` holds. */
export interface KeptChanges extends MergeChanges {
  /** An identity of the winner that the merge proved: its `verified_at` goes when the merge does. */
  verified?: { identityId: string }
}
export interface StandingMerge {
  id: string
  winner_id: string
  loser_id: string
  changes: KeptChanges
}

/** The merges that stand beside the undone one, oldest first, and the contacts they are between. Both are written into. */
interface Family {
  merges: readonly StandingMerge[]
  contacts: ReadonlyMap<string, Mergeable>
  /** Ids of what was written into. */
  touched: { merges: Set<string>; contacts: Set<string> }
}

/** A field or a custom field, read and written alike. */
interface Slot {
  name: string
  of(contact: Mergeable): FieldValue
  put(contact: Mergeable, value: FieldValue): void
  change(changes: KeptChanges): Change<FieldValue> | undefined
  keep(changes: KeptChanges, change: Change<FieldValue>): void
}

const plain = (field: MergeField): Slot => ({
  name: field,
  of: (contact) => contact[field],
  put: (contact, value) => void Object.assign(contact, { [field]: value }),
  change: (changes) => changes[field],
  keep: (changes, change) => void Object.assign(changes, { [field]: change }),
})
const custom = (key: string): Slot => ({
  name: `field.${key}`,
  of: (contact) => contact.fields[key] ?? null,
  put(contact, value) {
    const { [key]: _, ...others } = contact.fields
    contact.fields = value === null ? others : { ...others, [key]: value }
  },
  change: (changes) => changes.fields?.[key],
  keep: (changes, change) => void (changes.fields = { ...changes.fields, [key]: change }),
})

/** @returns which contacts and merges are to be written anew */
export function takeBack(
  undone: StandingMerge,
  merges: readonly StandingMerge[],
  contacts: ReadonlyMap<string, Mergeable>,
): Family['touched'] {
  const family: Family = { merges, contacts, touched: { merges: new Set(), contacts: new Set() } }
  // Kind before name: who makes a visitor known gives it the name too.
  const slots = [plain('kind'), ...MERGE_FIELDS.filter((field) => field !== 'kind').map(plain)]
  slots.push(...Object.keys(undone.changes.fields ?? {}).map(custom))
  for (const slot of slots) {
    const change = slot.change(undone.changes)
    if (change) leave(family, slot, undone, change.after, change.before)
  }
  for (const tag of undone.changes.tags ?? []) leaveTag(family, tag, undone)
  return family.touched
}

function leave(family: Family, slot: Slot, from: StandingMerge, was: FieldValue, is: FieldValue): void {
  const later = family.merges.filter((merge) => merge.winner_id === from.winner_id && isLater(merge, from))
  const next = later.find((merge) => slot.change(merge.changes))
  const known = next && slot.change(next.changes)
  if (next && known) {
    if (!sameValue(known.before, was)) return
    slot.keep(next.changes, { ...known, before: is })
    family.touched.merges.add(next.id)
    return
  }
  const contact = family.contacts.get(from.winner_id)
  if (!contact || !sameValue(slot.of(contact), was)) return
  const value = inherited(family, slot, later, is)
  slot.put(contact, value)
  family.touched.contacts.add(from.winner_id)
  passOn(family, slot, from.winner_id, was, value)
}

/** `is`, or if that says nothing what the first has who was merged later and has something. */
function inherited(family: Family, slot: Slot, later: readonly StandingMerge[], is: FieldValue): FieldValue {
  for (const merge of later) {
    const loser = family.contacts.get(merge.loser_id)
    const value = loser ? slot.of(loser) : null
    const heirless = slot.name === 'name' ? merge.changes.kind?.before === 'visitor' : saysNothing(is)
    if (!heirless || saysNothing(value)) continue
    slot.keep(merge.changes, { before: is, after: value })
    family.touched.merges.add(merge.id)
    return value
  }
  return is
}

function passOn(family: Family, slot: Slot, contactId: string, was: FieldValue, is: FieldValue): void {
  const up = family.merges.find((merge) => merge.loser_id === contactId)
  const change = up && slot.change(up.changes)
  if (!up || !change || !sameValue(change.after, was)) return
  const after = saysNothing(is) ? change.before : is
  slot.keep(up.changes, { ...change, after })
  family.touched.merges.add(up.id)
  leave(family, slot, up, was, after)
}

function leaveTag(family: Family, tag: string, from: StandingMerge): void {
  const contact = family.contacts.get(from.winner_id)
  if (!contact?.tagIds.includes(tag)) return
  const later = family.merges.filter((merge) => merge.winner_id === from.winner_id && isLater(merge, from))
  const heir = later.find((merge) => family.contacts.get(merge.loser_id)?.tagIds.includes(tag))
  if (heir) {
    heir.changes.tags = [...new Set([...(heir.changes.tags ?? []), tag])]
    family.touched.merges.add(heir.id)
    return
  }
  contact.tagIds = contact.tagIds.filter((id) => id !== tag)
  family.touched.contacts.add(from.winner_id)
  const up = family.merges.find((merge) => merge.loser_id === from.winner_id)
  if (!up?.changes.tags?.includes(tag)) return
  up.changes.tags = up.changes.tags.filter((id) => id !== tag)
  family.touched.merges.add(up.id)
  leaveTag(family, tag, up)
}

const isLater = (one: StandingMerge, other: StandingMerge): boolean => BigInt(one.id) > BigInt(other.id)

import type { Contact } from '#shared/api/contacts.ts'
import type { CustomField } from '#shared/api/fields.ts'
import type { FieldValue } from '#shared/api/field-values.ts'
import { customName } from '#shared/contact-fields.ts'
import {
  kindHas,
  kindHasCustom,
  MERGE_FIELDS,
  mergeChanges,
  merged,
  type Mergeable,
  sameValue,
  saysNothing,
} from '#shared/merging.ts'

/** What two contacts say about each field, and what one of them says after the other was merged into it. */

export type Side = 'one' | 'two'
export const otherSide = (side: Side): Side => (side === 'one' ? 'two' : 'one')
/** Chosen values by field, as in `take`; what is not chosen stays with the one that stays. */
export type Choices = Readonly<Record<string, Side>>

export interface Row {
  /** As in `take`. */
  name: string
  custom?: CustomField
  one: FieldValue
  two: FieldValue
  result: FieldValue
  /** Both say something, and not the same: somebody has to choose. */
  choosable: boolean
}

function mergeableOf(contact: Contact): Mergeable {
  return { ...contact, avatar: contact.avatarFileId }
}

/** The fuller one stays, of two alike the older one; a visitor joins those we know. */
export function usuallyStays(one: Contact, two: Contact): Side {
  if ((one.kind === 'visitor') !== (two.kind === 'visitor')) return one.kind === 'visitor' ? 'two' : 'one'
  const difference = fullness(one) - fullness(two)
  if (difference !== 0) return difference > 0 ? 'one' : 'two'
  return one.createdAt <= two.createdAt ? 'one' : 'two'
}

function fullness(contact: Contact): number {
  const values = MERGE_FIELDS.map((field) => mergeableOf(contact)[field])
  const filled = values.filter((value) => !saysNothing(value)).length + Object.keys(contact.fields).length
  return (
    filled + contact.identities.length + contact.addresses.length + contact.relations.length + contact.tagIds.length
  )
}

/** The fields the one that goes gives to the one that stays. */
export const takeOf = (choices: Choices, stays: Side): string[] =>
  Object.entries(choices).flatMap(([name, side]) => (side === stays ? [] : [name]))

interface Comparison {
  rows: Row[]
  result: Mergeable
}

export function compare(
  one: Contact,
  two: Contact,
  { stays, choices, custom }: { stays: Side; choices: Choices; custom: readonly CustomField[] },
): Comparison {
  const [ours, theirs] = [mergeableOf(stays === 'one' ? one : two), mergeableOf(stays === 'one' ? two : one)]
  const result = merged(ours, mergeChanges(theirs, ours, new Set(takeOf(choices, stays)), custom))
  // Somebody we know gives a visitor name and kind; there is nothing to choose.
  const madeKnown = ours.kind === 'visitor' && theirs.kind !== 'visitor'
  const row = (name: string, read: (contact: Mergeable) => FieldValue, fits: boolean): Row => {
    const values = { one: read(mergeableOf(one)), two: read(mergeableOf(two)), result: read(result) }
    const both = !saysNothing(values.one) && !saysNothing(values.two)
    const choosable = fits && both && !sameValue(values.one, values.two) && !(name === 'name' && madeKnown)
    return { name, ...values, choosable }
  }
  const rows = [
    ...MERGE_FIELDS.map((field) => row(field, (contact) => contact[field], kindHas(field, result.kind))),
    ...custom.map((field) => ({
      ...row(customName(field.key), (contact) => contact.fields[field.key] ?? null, kindHasCustom(field, result.kind)),
      custom: field,
    })),
  ]
  return { rows: rows.filter((shown) => !saysNothing(shown.one) || !saysNothing(shown.two)), result }
}

import { isDeepStrictEqual } from 'node:util'
import type { ContactKind } from '#shared/api/contacts.ts'
import { customName } from '#shared/contact-fields.ts'
import type { Tx } from '../platform/db.ts'
import { type Happening, happened } from '../platform/happenings.ts'

/** A contact that was made (`before` null) or changed. Sides as they are kept: details with custom values under `fields`. */
export interface ContactFact {
  id: string
  kind: ContactKind
  before: object | null
  after: object
}

/**
 * Tells upward of contacts that were made or changed, in one call for a whole piece (happenings.ts). What is equal is not
 * told. `userId` null: the customer or a program did it.
 */
export async function tellFacts(tx: Tx, userId: string | null, facts: readonly ContactFact[]): Promise<void> {
  const told = facts.flatMap(({ id, kind, before, after }): Happening[] => {
    const changes = changesOf(before === null ? {} : flat(before), flat(after))
    if (before !== null && Object.keys(changes).length === 0) return []
    const happening = before === null ? 'contact.created' : 'contact.changed'
    return [{ kind: happening, contactId: id, userId, data: { kind, changes } }]
  })
  await happened(tx, told)
}

/** By the names of the filter language: custom values as `field.<key>`. */
function flat(side: object): Record<string, unknown> {
  const { fields, ...plain }: Record<string, unknown> = { ...side }
  const custom = typeof fields === 'object' && fields !== null ? Object.entries(fields) : []
  return { ...plain, ...Object.fromEntries(custom.map(([key, value]) => [customName(key), value])) }
}

const isNothing = (value: unknown): boolean =>
  value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)

/** The fields that differ; no value, an empty one and an empty list are the same nothing. */
export function changesOf(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): Record<string, { before: unknown; after: unknown }> {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  const changes: Record<string, { before: unknown; after: unknown }> = {}
  for (const name of names) {
    const [was, is] = [before[name] ?? null, after[name] ?? null]
    if (isDeepStrictEqual(was, is) || (isNothing(was) && isNothing(is))) continue
    changes[name] = { before: was, after: is }
  }
  return changes
}

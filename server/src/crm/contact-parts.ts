import type { Tx } from '../platform/db.ts'

/**
 * What other modules keep of contacts. The module that owns a table says here what becomes of its rows when contacts are
 * deleted, restored and at last erased; all in the transaction in which that happens.
 */
export interface ContactPart {
  /** Named once a program. */
  name: string
  /** `contactIds`: roots and all merged into them; `at`: the moment of the deletion, which restoring names again. */
  deleted?(tx: Tx, contactIds: readonly string[], deletion: Deletion): Promise<void>
  restored?(tx: Tx, contactIds: readonly string[], deletion: Deletion): Promise<void>
  /** Erases at most about `limit` rows. Says whether nothing is left. */
  erase(tx: Tx, contactIds: readonly string[], limit: number): Promise<boolean>
}
export interface Deletion {
  /** Null: the program. */
  userId: string | null
  /** As the database writes it, exact. */
  at: string
}

const parts = new Map<string, ContactPart>()

/** Called once by the module that owns the tables. */
export function registerContactPart(part: ContactPart): void {
  parts.set(part.name, part)
}
export const contactParts = (): ContactPart[] => [...parts.values()]

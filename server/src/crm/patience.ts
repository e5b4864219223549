import { type Database, type Db, isOutOfTime } from '../platform/db.ts'

/** Work of which each statement may take so long (ms); undefined when one took longer: the database has ended it. */
export async function patiently<T>(
  db: Database,
  patience: number,
  work: (tx: Db) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await db.transaction(async (tx) => {
      await tx.query(`select set_config('statement_timeout', $1, true)`, [String(patience)])
      return work(tx)
    })
  } catch (error) {
    if (isOutOfTime(error)) return undefined
    throw error
  }
}

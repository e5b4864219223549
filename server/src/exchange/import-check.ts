import { Problem } from '../platform/problem.ts'
import { readDraft } from './drafts.ts'
import { paramsOf } from './import-params.ts'
import { counted, noteRows, planFor, planRows, stagedRows } from './importing.ts'
import { loadLookups } from './lookups.ts'
import { lockOperation, moveOperation, type OperationRow } from './operations.ts'
import type { Plan } from './planning.ts'
import type { Whole } from './runner.ts'
import type { Subject } from './subjects.ts'

const PIECE = 1000

/**
 * Plans every row as an import would, and writes none: what each would come to and what is wrong with it stands in
 * import_row, the counts with the operation. What rows say of the same contact is remembered to the end.
 */
export async function checkImport({ app, actor, operation, signal }: Whole): Promise<void> {
  const mine = await claim(app.db, operation, actor.locale)
  if (!mine) return
  const lookups = await loadLookups(app.db, actor, paramsOf(mine))
  const plan: Plan & { loaded: Map<string, Subject> } = {
    lookups,
    byKey: new Map(),
    companies: new Map(),
    subjects: new Set(),
    made: 0,
    companiesMade: 0,
    loaded: new Map(),
  }
  let result: Record<string, number> = {}
  for (let [after, done] = [0, 0]; !signal.aborted; ) {
    const rows = await stagedRows(app.db, mine.id, after, PIECE)
    const companies = plan.companiesMade
    const drafts = rows.map((row) => readDraft(row.n, row.cells, lookups))
    await planFor(app.db, actor, drafts, { lookups, lock: false, into: plan })
    const results = await planRows(app.db, actor, plan, drafts)
    result = counted(result, results, plan.companiesMade - companies)
    done += rows.length
    after = rows.at(-1)?.n ?? after
    const over = rows.length < PIECE
    const going = await app.db.transaction(async (tx) => {
      const now = await lockOperation(tx, mine.id)
      if (now?.state !== 'checking' || now.attempt !== mine.attempt) return false
      await noteRows(tx, mine.id, results, new Map())
      const params = over ? { ...now.params, checked: true } : now.params
      await moveOperation(tx, now, { state: over ? 'ready' : 'checking', done, result, params }, actor.locale)
      return !over
    })
    if (!going) return
  }
}

/** The newest runner works on it; one that still runs elsewhere sees that and stops. */
export async function claim(
  db: Whole['app']['db'],
  { id, state }: OperationRow,
  locale: Whole['actor']['locale'],
): Promise<OperationRow | undefined> {
  return db.transaction(async (tx) => {
    const now = await lockOperation(tx, id)
    if (!now) throw new Problem('not_found')
    if (now.state !== state) return undefined
    return moveOperation(tx, now, { attempt: now.attempt + 1, done: 0 }, locale)
  })
}

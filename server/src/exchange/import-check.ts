import { Problem } from '../platform/problem.ts'
import type { Actor } from '../platform/app.ts'
import type { Database } from '../platform/db.ts'
import { type Draft, readDrafts } from './drafts.ts'
import { paramsOf } from './import-params.ts'
import { counted, noteRows, planFor, planRows, type RowResult, stagedRows } from './importing.ts'
import { type Lookups, loadLookups } from './lookups.ts'
import { lockOperation, moveOperation, type OperationRow } from './operations.ts'
import type { Whole } from './runner.ts'
import { identityKey, type Subject } from './subjects.ts'

const PIECE = 500

/**
 * Plans every row as an import would, and writes none: what each would come to and what is wrong with it stands in
 * import_row, the counts with the operation.
 */
export async function checkImport({ app, actor, operation, signal }: Whole): Promise<void> {
  const mine = await claim(app.db, operation, actor.locale)
  if (!mine) return
  const lookups = await loadLookups(app.db, actor, paramsOf(mine))
  const memory: Memory = { groupOf: new Map(), rowsOf: new Map(), companies: new Map() }
  let result: Record<string, number> = {}
  for (let [after, done] = [0, 0]; !signal.aborted; ) {
    const rows = await stagedRows(app.db, mine.id, after, PIECE)
    const drafts = await readDrafts(rows, lookups)
    const { results, companies } = await planPiece(app.db, actor, { operationId: mine.id, lookups, memory, drafts })
    result = counted(result, results, companies)
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

/**
 * What rows before have done, in few bytes a row: which rows are about one contact, and by which keys one comes to it.
 * When a later row is about the same contact, those rows are planned again before it.
 */
interface Memory {
  /** By key: the contact's id, or the number of the row that would make it. */
  groupOf: Map<string, string>
  rowsOf: Map<string, number[]>
  companies: Map<string, string>
}
/** So many rows about one contact are planned again; of a file in which all are about one the rest tells nothing new. */
const MOST_AGAIN = 20

interface PieceOfRows {
  operationId: string
  lookups: Lookups
  memory: Memory
  drafts: Draft[]
}

async function planPiece(
  db: Database,
  actor: Actor,
  { operationId, lookups, memory, drafts }: PieceOfRows,
): Promise<{ results: RowResult[]; companies: number }> {
  const keys = new Set(drafts.flatMap(keysOf).flatMap((key) => memory.groupOf.get(key) ?? []))
  const numbers = [...keys].flatMap((group) => memory.rowsOf.get(group) ?? []).sort((a, b) => a - b)
  const again = await rowsAgain(db, operationId, numbers)
  const before = await readDrafts(again, lookups)
  const plan = await planFor(db, actor, [...before, ...drafts], { lookups, lock: false })
  for (const [key, id] of memory.companies) if (!plan.companies.has(key)) plan.companies.set(key, id)
  const earlier = await planRows(db, actor, plan, before)
  const companies = plan.companiesMade
  const results = await planRows(db, actor, plan, drafts)
  const groups = new Map<Subject, string>()
  for (const { n, subject, outcome } of [...earlier, ...results]) {
    if (!subject || (outcome !== 'made' && outcome !== 'changed')) continue
    const group = groups.get(subject) ?? (subject.made ? `row ${n}` : subject.id)
    groups.set(subject, group)
    const rows = memory.rowsOf.get(group) ?? []
    if (rows.length < MOST_AGAIN && !rows.includes(n)) memory.rowsOf.set(group, [...rows, n])
  }
  for (const [key, subject] of plan.byKey) {
    const group = 'blocked' in subject ? undefined : groups.get(subject)
    if (group !== undefined) memory.groupOf.set(key, group)
  }
  for (const [key, company] of plan.companies)
    memory.companies.set(key, typeof company === 'string' ? company : `company ${key}`)
  return { results, companies: plan.companiesMade - companies }
}

const keysOf = ({ identities, plain }: Draft): string[] => [
  ...identities.map(({ kind, value }) => identityKey(kind, value)),
  ...(['nationalId', 'companyNumber'] as const).flatMap((field) => (plain[field] ? [`${field} ${plain[field]}`] : [])),
]

function rowsAgain(
  db: Database,
  operationId: string,
  numbers: readonly number[],
): Promise<{ n: number; cells: string[] }[]> {
  // import_row_pkey
  return db.query('select n, cells from import_row where operation_id = $1 and n = any($2::int[]) order by n', [
    operationId,
    numbers,
  ])
}

/** The newest runner works on it; one that still runs elsewhere sees that and stops. */
export async function claim(
  db: Database,
  { id, state }: OperationRow,
  locale: Actor['locale'],
): Promise<OperationRow | undefined> {
  return db.transaction(async (tx) => {
    const now = await lockOperation(tx, id)
    if (!now) throw new Problem('not_found')
    if (now.state !== state) return undefined
    return moveOperation(tx, now, { attempt: now.attempt + 1, done: 0 }, locale)
  })
}

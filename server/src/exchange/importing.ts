import { customName } from '#shared/contact-fields.ts'
import type { Db } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { isDatabaseAway, type Tx } from '../platform/db.ts'
import type { Actor } from '../platform/app.ts'
import { type Draft, readDrafts } from './drafts.ts'
import { type ImportParams, paramsOf } from './import-params.ts'
import { companiesCalled, contactsCalled, findNamed, isToBeMade, loadLookups, makeNamed } from './lookups.ts'
import { moveOperation, noteOperation, type OperationRow } from './operations.ts'
import { type Outcome, type Plan, type Planned, planRow } from './planning.ts'
import type { Piece } from './runner.ts'
import { storeSubjects } from './storing.ts'
import { loadSubjects, matchKeys, Raced, type Subject } from './subjects.ts'

/** Rows that become contacts in one transaction: enough that statements are shared, few enough that nobody waits for long. */
const PIECE = 300

interface StagedRow {
  n: number
  cells: string[]
}
export interface RowResult extends Planned {
  n: number
  problems: Draft['problems']
}

export async function importPiece(piece: Piece): Promise<void> {
  const { tx, actor, operation } = piece
  const rows = await stagedRows(tx, operation.id, operation.cursor, PIECE)
  const last = rows.at(-1)
  if (!last) return finishImport(piece)
  const { results, madeTagIds, idOf, companies } = await writeRows(tx, actor, operation, rows)
  await noteRows(tx, operation.id, results, idOf)
  const params: ImportParams = {
    ...paramsOf(operation),
    ...(madeTagIds.length > 0 && { madeTagIds: [...(paramsOf(operation).madeTagIds ?? []), ...madeTagIds] }),
  }
  const result = counted(operation.cursor === '0' ? {} : operation.result, results, companies)
  await moveOperation(
    tx,
    operation,
    { state: 'running', cursor: String(last.n), done: operation.done + rows.length, result, params },
    actor.locale,
  )
}

async function finishImport({ tx, actor, operation }: Piece): Promise<void> {
  const row = await moveOperation(tx, operation, { state: 'done', done: operation.total }, actor.locale)
  await noteOperation(tx, actor, 'operation.finished', row)
}

/** import_row_pkey */
export function stagedRows(db: Db, operationId: string, after: string | number, limit: number): Promise<StagedRow[]> {
  return db.query<StagedRow>('select n, cells from import_row where operation_id = $1 and n > $2 order by n limit $3', [
    operationId,
    after,
    limit,
  ])
}

interface Written {
  results: RowResult[]
  madeTagIds: string[]
  idOf: ReadonlyMap<string, string>
  companies: number
}

/**
 * All rows at once. When that fails for a reason that lies in a row, one after the other, and the row that cannot be
 * stored says so; when somebody was faster with a number, all over again.
 */
async function writeRows(tx: Tx, actor: Actor, operation: OperationRow, rows: readonly StagedRow[]): Promise<Written> {
  for (let tries = 1; ; tries++) {
    await tx.query('savepoint rows')
    try {
      const written = await writeTogether(tx, actor, operation, rows)
      await tx.query('release savepoint rows')
      return written
    } catch (error) {
      if (isDatabaseAway(error)) throw error
      await tx.query('rollback to savepoint rows')
      if (error instanceof Raced && tries < 5) continue
      const [only] = rows
      if (rows.length > 1) return writeApart(tx, actor, operation, rows)
      if (!only || (error instanceof Problem && error.code !== 'invalid_input')) throw error
      const problems = [{ column: '', code: error instanceof Raced ? 'identity_taken' : 'not_stored', value: '' }]
      return {
        results: [{ n: only.n, outcome: 'failed', subject: undefined, problems }],
        madeTagIds: [],
        idOf: new Map(),
        companies: 0,
      }
    }
  }
}

async function writeApart(tx: Tx, actor: Actor, operation: OperationRow, rows: readonly StagedRow[]): Promise<Written> {
  const all: Written & { idOf: Map<string, string> } = { results: [], madeTagIds: [], idOf: new Map(), companies: 0 }
  for (const row of rows) {
    const written = await writeRows(tx, actor, operation, [row])
    // Makeshift ids begin anew with each row.
    for (const result of written.results) {
      const id = result.subject && written.idOf.get(result.subject.id)
      all.results.push(id ? { ...result, subject: { ...(result.subject as Subject), id, made: false } } : result)
    }
    all.madeTagIds.push(...written.madeTagIds)
    all.companies += written.companies
  }
  return all
}

async function writeTogether(
  tx: Tx,
  actor: Actor,
  operation: OperationRow,
  rows: readonly StagedRow[],
): Promise<Written> {
  const lookups = await loadLookups(tx, actor, paramsOf(operation))
  const planned = async (): Promise<{ plan: Plan; drafts: Draft[]; results: RowResult[] }> => {
    const drafts = await readDrafts(rows, lookups)
    const plan = await planFor(tx, actor, drafts, { lookups, lock: true })
    return { plan, drafts, results: await planRows(tx, actor, plan, drafts) }
  }
  let made = await planned()
  const wanted = toBeMadeBy(made.plan)
  // What only rows need that are skipped or fail is not made.
  const madeTagIds = wanted.size > 0 ? await makeNamed(tx, actor, made.drafts, lookups, wanted) : []
  if (wanted.size > 0) made = await planned()
  const idOf = await storeSubjects(tx, actor, operation.id, [...made.plan.subjects])
  return { results: made.results, madeTagIds, idOf, companies: made.plan.companiesMade }
}

/** By target: what the subjects would have and what there is not yet. */
function toBeMadeBy({ subjects }: Plan): Map<string, Set<string>> {
  const wanted = new Map<string, Set<string>>()
  const want = (target: string, values: unknown): void => {
    for (const value of [values].flat())
      if (typeof value === 'string' && isToBeMade(value))
        wanted.set(target, new Set([...(wanted.get(target) ?? []), value]))
  }
  for (const { after } of subjects) {
    want('tagIds', after.details.tagIds)
    want('sourceId', after.details.sourceId)
    for (const [key, value] of Object.entries(after.details.fields)) want(customName(key), value)
  }
  return wanted
}

/** A plan that knows everybody whom the rows may be about; they are locked when they are to be written. */
export async function planFor(
  db: Db,
  actor: Actor,
  drafts: readonly Draft[],
  { lookups, lock }: { lookups: Plan['lookups']; lock: boolean },
): Promise<Plan> {
  const found = await matchKeys(db, actor, drafts)
  const ids = [...found.values()].filter((match) => typeof match === 'string')
  const subjects = await loadSubjects(db, ids, lock)
  const byKey: Plan['byKey'] = new Map()
  for (const [key, match] of found) {
    const subject = typeof match === 'string' ? subjects.get(match) : match
    if (subject) byKey.set(key, subject)
  }
  const companies = await companiesCalled(
    db,
    actor,
    drafts.flatMap((draft) => (draft.company === '' ? [] : [draft.company])),
  )
  return { lookups, byKey, companies: new Map(companies), subjects: new Set(), made: 0, companiesMade: 0 }
}

export async function planRows(db: Db, actor: Actor, plan: Plan, drafts: readonly Draft[]): Promise<RowResult[]> {
  const contacts = await contactsCalled(db, actor, drafts, plan.lookups)
  return drafts.map((draft) => {
    const named = findNamed(draft, plan.lookups, contacts)
    const planned = planRow(plan, draft, named)
    return { n: draft.n, ...planned, problems: draft.problems }
  })
}

/** Counts by outcome, and companies that rows only named. */
export function counted(
  before: Readonly<Record<string, number>>,
  results: readonly { outcome: Outcome; problems: readonly unknown[] }[],
  companies: number,
): Record<string, number> {
  const counts: Record<string, number> = { ...before }
  const add = (name: string, by: number): void => {
    if (by > 0) counts[name] = (counts[name] ?? 0) + by
  }
  for (const { outcome } of results) add(outcome, 1)
  add('companies', companies)
  add('problems', results.filter(({ problems }) => problems.length > 0).length)
  return counts
}

const MOST_PROBLEMS = 20

/** What became of each row, for those who look at the file again. */
export async function noteRows(
  tx: Tx,
  operationId: string,
  results: readonly RowResult[],
  idOf: ReadonlyMap<string, string>,
): Promise<void> {
  const contactOf = ({ subject }: RowResult): string | null => {
    const id = subject && (idOf.get(subject.id) ?? subject.id)
    return id === undefined || id.startsWith('new ') ? null : id
  }
  await tx.query(
    `update import_row r set outcome = n.outcome, problems = n.problems, contact_id = n.contact_id
     from unnest($2::int[], $3::text[], $4::jsonb[], $5::bigint[]) as n(n, outcome, problems, contact_id)
     where r.operation_id = $1 and r.n = n.n`,
    [
      operationId,
      results.map((row) => row.n),
      results.map((row) => row.outcome),
      results.map((row) => JSON.stringify(row.problems.slice(0, MOST_PROBLEMS))),
      results.map(contactOf),
    ],
  )
}

import type { Static } from 'typebox'
import type { Operation, OperationQuery } from '#shared/api/operations.ts'
import { type ErrorCode, ERRORS } from '#shared/errors.ts'
import type { Locale } from '#shared/i18n.ts'
import type { Right } from '#shared/rights.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { decodeCursor, pageOf } from '../platform/http.ts'
import { Problem } from '../platform/problem.ts'
import { translatorFor } from '../platform/texts.ts'

/**
 * Something that touches many records, run by jobs in pieces (runner.ts). Whatever a piece does and how far it came are
 * one transaction that holds the operation's row, so two runners never do the same and a crash goes on where it stopped.
 */
export interface OperationRow {
  id: string
  kind: Operation['kind']
  state: Operation['state']
  params: Record<string, unknown>
  total: number
  done: number
  result: Record<string, number>
  cursor: string
  attempt: number
  file_id: string | null
  failure: string | null
  created_by: string
  created_at: Date
  finished_at: Date | null
  undone_by: string | null
  expires_at: Date | null
}
const COLUMNS = `id, kind, state, params, total, done, result, cursor, attempt, file_id, failure, created_by, created_at,
  finished_at, undone_by, expires_at`

/** What was done can be undone so long, and an export be fetched. */
const UNDOABLE_DAYS = 30
const EXPORT_DAYS = 7

/** While somebody works on it, or will. */
export const AT_WORK: readonly Operation['state'][] = ['reading', 'checking', 'waiting', 'running', 'undoing']
const isAtWork = ({ state }: OperationRow): boolean => AT_WORK.includes(state)

/** What of the parameters is told; the rest is for the program. */
const TOLD = ['of', 'change', 'fileName', 'format', 'options', 'columns', 'count'] as const

export function operationView(row: OperationRow, locale: Locale, now = Date.now()): Operation {
  const told = Object.entries(row.params).filter(([name]) => TOLD.some((one) => one === name))
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    params: Object.fromEntries(row.kind === 'import' ? told.filter(([name]) => name !== 'columns') : told),
    total: row.total,
    done: row.done,
    result: row.result,
    fileId: row.kind === 'export' ? row.file_id : null,
    failure: row.failure === null ? null : sentence(row.failure, locale),
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
    undoableUntil: isUndoable(row, now) ? (row.expires_at?.toISOString() ?? null) : null,
  }
}

function sentence(code: string, locale: Locale): string {
  return translatorFor(locale)(`errors.${code in ERRORS ? code : 'internal'}`)
}

function isUndoable({ kind, state, result, expires_at }: OperationRow, now: number): boolean {
  const did = ['made', 'changed', 'companies'].some((name) => (result[name] ?? 0) > 0)
  const ended = state === 'done' || state === 'failed' || state === 'cancelled'
  return kind !== 'export' && ended && did && expires_at !== null && expires_at.getTime() > now
}

/**
 * One's own; those of everybody are seen by whoever manages the organisation. A token with a scope sees its own only: what
 * others of its user have found and written may be more than it may see.
 */
const seesAll = (actor: Actor): boolean => actor.rights.has('organisation.manage') && !actor.scoped
export const onlyOfToken = ({ scoped, tokenId }: Actor): string | null => (scoped ? (tokenId ?? '') : null)

export async function listOperations(
  db: Db,
  actor: Actor,
  query: Static<typeof OperationQuery>,
): Promise<{ items: Operation[]; nextCursor: string | null }> {
  const limit = query.limit ?? 50
  const [before] = decodeCursor(query.cursor, 1) ?? []
  const rows = await db.query<OperationRow>(
    // operation_mine; operation_kind, operation_pkey for those who see all
    `select ${COLUMNS} from operation
     where ($1::bigint is null or created_by = $1) and ($2::text is null or kind = $2) and ($3::bigint is null or id < $3)
       and ($5::text is null or params->>'tokenId' = $5)
     order by id desc limit $4`,
    [seesAll(actor) ? null : actor.userId, query.kind ?? null, before ?? null, limit + 1, onlyOfToken(actor)],
  )
  return pageOf(
    rows,
    limit,
    (row) => operationView(row, actor.locale),
    (row) => [row.id],
  )
}

/** @throws Problem not_found when it is somebody else's */
export async function loadOperation(db: Db, actor: Actor, id: string): Promise<OperationRow> {
  const row = await db.one<OperationRow>(`select ${COLUMNS} from operation where id = $1`, [id])
  const token = onlyOfToken(actor)
  const seen = row && (row.created_by === actor.userId || seesAll(actor))
  if (!seen || (token !== null && row.params['tokenId'] !== token)) throw new Problem('not_found')
  return row
}

/** Held until the commit: nobody else moves the operation meanwhile. */
export async function lockOperation(tx: Tx, id: string): Promise<OperationRow | undefined> {
  return tx.one<OperationRow>(`select ${COLUMNS} from operation where id = $1 for update`, [id])
}

/** `loadOperation`, locked. */
export async function lockOwnOperation(tx: Tx, actor: Actor, id: string): Promise<OperationRow> {
  await loadOperation(tx, actor, id)
  const row = await lockOperation(tx, id)
  if (!row) throw new Problem('not_found')
  return row
}

export async function makeOperation(
  tx: Tx,
  actor: Actor,
  input: Pick<OperationRow, 'kind' | 'state' | 'params'> & { fileId?: string },
): Promise<OperationRow> {
  const params = boundBy(actor, input.params)
  const row = await tx.one<OperationRow>(
    `insert into operation (kind, state, params, file_id, created_by, started_at)
     values ($1, $2, $3, $4, $5, now()) returning ${COLUMNS}`,
    [input.kind, input.state, JSON.stringify(params), input.fileId ?? null, actor.userId],
  )
  if (!row) throw new Error('no operation was made')
  await run(tx, row.id)
  await tell(tx, row, actor.locale)
  return row
}

/**
 * The parameters with the token that bounds whoever works from now on: one that may less than its user asks for no more
 * than it may do itself (runner.ts).
 */
export function boundBy<T extends Record<string, unknown>>({ scoped, tokenId }: Actor, params: T): T {
  const { tokenId: _before, ...rest } = params
  return { ...rest, ...(scoped ? { tokenId } : {}) } as T
}

const isDeletion = ({ change }: Record<string, unknown>): boolean =>
  typeof change === 'object' && change !== null && 'delete' in change

/** Whether the actor holds what an operation, or taking it back, needs. */
export function mayRun(actor: Actor, { kind, params }: Pick<OperationRow, 'kind' | 'params'>): boolean {
  const needed: Right[] = ['contact.view']
  if (kind === 'import') needed.push('contact.import')
  else if (kind === 'export') needed.push('contact.export')
  else needed.push(isDeletion(params) ? 'contact.delete' : 'contact.edit')
  return needed.every((right) => actor.rights.has(right))
}

/** One queue for all: operations never take more than one worker from what cannot wait. */
export async function run(tx: Tx, id: string): Promise<void> {
  await tx.addJob('exchange.run', { operationId: id }, { key: `operation:${id}`, queue: 'exchange' })
}

export type OperationChange = Partial<
  Pick<
    OperationRow,
    'state' | 'params' | 'total' | 'done' | 'result' | 'cursor' | 'attempt' | 'failure' | 'undone_by' | 'file_id'
  >
>

/** Writes where the operation, which is locked, stands; told to whoever started it, of mere progress twice a second. */
export async function moveOperation(
  tx: Tx,
  operation: OperationRow,
  change: OperationChange,
  locale: Locale,
): Promise<OperationRow> {
  const next = { ...operation, ...change }
  const ends = next.state !== operation.state && ['done', 'failed', 'cancelled'].includes(next.state)
  const row = await tx.one<OperationRow>(
    `update operation set state = $2, params = $3, total = $4, done = $5, result = $6, cursor = $7, attempt = $8,
       failure = $9, undone_by = $10, file_id = $11,
       finished_at = case when $12 then now() else finished_at end,
       expires_at = case when $12 then now() + make_interval(days => $13) else expires_at end,
       undone_at = case when $2 = 'undone' then now() else undone_at end
     where id = $1 returning ${COLUMNS}`,
    [
      operation.id,
      next.state,
      JSON.stringify(next.params),
      next.total,
      next.done,
      JSON.stringify(next.result),
      next.cursor,
      next.attempt,
      next.failure,
      next.undone_by,
      next.file_id,
      ends,
      operation.kind === 'export' ? EXPORT_DAYS : UNDOABLE_DAYS,
    ],
  )
  if (!row) throw new Error('the operation is gone')
  if (next.state !== operation.state || isDue(operation.id)) await tell(tx, row, locale)
  return row
}

const told = new Map<string, number>()
function isDue(id: string): boolean {
  const now = Date.now()
  if (now - (told.get(id) ?? 0) < 500) return false
  if (told.size > 1000) told.clear()
  told.set(id, now)
  return true
}

async function tell(tx: Tx, row: OperationRow, locale: Locale): Promise<void> {
  tx.publish({ userId: row.created_by }, { kind: 'operation', operation: operationView(row, locale) })
}

/** What was done so far stays, and can be undone. */
export async function cancelOperation(tx: Tx, actor: Actor, id: string): Promise<Operation> {
  const operation = await lockOwnOperation(tx, actor, id)
  if (operation.state === 'cancelled') return operationView(operation, actor.locale)
  const possible = operation.state !== 'undoing' && (isAtWork(operation) || operation.state === 'ready')
  if (!possible) throw new Problem('operation_over')
  // Of those it has not come to there is nothing to undo.
  if (operation.kind === 'bulk')
    await tx.query(`delete from operation_change where operation_id = $1 and contact_id > $2`, [
      operation.id,
      operation.cursor,
    ])
  const change = { state: 'cancelled', attempt: operation.attempt + 1 } as const
  const row = await moveOperation(tx, operation, change, actor.locale)
  await noteOperation(tx, actor, 'operation.cancelled', row)
  return operationView(row, actor.locale)
}

export async function undoOperation(tx: Tx, actor: Actor, id: string): Promise<Operation> {
  const operation = await lockOwnOperation(tx, actor, id)
  if (operation.state === 'undoing' || operation.state === 'undone') return operationView(operation, actor.locale)
  if (!isUndoable(operation, Date.now())) throw new Problem('operation_not_undoable')
  if (!mayRun(actor, operation)) throw new Problem('no_right')
  const left = await tx.one<{ n: number }>(
    'select count(*)::int as n from operation_change where operation_id = $1 and not undone',
    [operation.id],
  )
  const row = await moveOperation(
    tx,
    operation,
    {
      state: 'undoing',
      params: boundBy(actor, operation.params),
      undone_by: actor.userId,
      total: left?.n ?? 0,
      done: 0,
      failure: null,
    },
    actor.locale,
  )
  await run(tx, row.id)
  await noteOperation(tx, actor, 'operation.undone', row)
  return operationView(row, actor.locale)
}

/** Ends it for a reason that stands in the catalogue of errors. */
export async function failOperation(
  tx: Tx,
  operation: OperationRow,
  failure: ErrorCode,
  locale: Locale,
): Promise<OperationRow> {
  return moveOperation(tx, operation, { state: 'failed', failure }, locale)
}

/** One entry for all of it: what was asked and how many it touched. */
export async function noteOperation(
  tx: Tx,
  actor: Actor,
  action: string,
  { id, kind, params, result, total }: OperationRow,
): Promise<void> {
  const asked = Object.fromEntries(Object.entries(params).filter(([name]) => TOLD.some((one) => one === name)))
  await audit(tx, actor, action, { kind: 'operation', id }, null, { kind, total, ...asked, result })
}

const PIECE = 2000

/** What is kept for undoing, rows of files and products of exports, when their time is over; piece by piece. */
export async function purgeOperations(db: Db): Promise<void> {
  // operation_expiry, operation_file; of an import that nobody started, which still has its file, the rows go after the
  // same time.
  const over = await db.query<{ id: string }>(
    `select id from operation where expires_at < now()
     union select id from operation where kind = 'import' and file_id is not null and expires_at is null
       and created_at < now() - make_interval(days => ${UNDOABLE_DAYS})
     order by id limit 500`,
  )
  for (const { id } of over) {
    for (const [table, column] of [
      ['operation_change', 'contact_id'],
      ['import_row', 'n'],
    ] as const) {
      for (let gone = PIECE; gone === PIECE; ) {
        const rows = await db.query(
          `delete from ${table} where operation_id = $1 and ${column} in (
             select ${column} from ${table} where operation_id = $1 limit ${PIECE}) returning ${column}`,
          [id],
        )
        gone = rows.length
      }
    }
    // The file itself is removed with all that nothing refers to.
    await db.query(
      `update operation set file_id = null, expires_at = null,
         params = case when kind = 'import' then params || '{"columns": []}' else params end,
         state = case when state in ('reading', 'ready', 'checking', 'waiting') then 'cancelled' else state end where id = $1`,
      [id],
    )
  }
}

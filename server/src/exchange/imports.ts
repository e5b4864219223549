import type { Static } from 'typebox'
import type {
  ImportDetail,
  ImportOptions,
  ImportPatch,
  ImportPreview,
  ImportRow,
  ImportRowQuery,
  Operation,
} from '#shared/api/operations.ts'
import type { Locale } from '#shared/i18n.ts'
import { loadFields } from '../crm/fields.ts'
import type { Actor } from '../platform/app.ts'
import type { Database, Db, Tx } from '../platform/db.ts'
import { loadFile } from '../platform/files.ts'
import { decodeCursor, pageOf } from '../platform/http.ts'
import { type FieldProblem, Problem } from '../platform/problem.ts'
import { translatorFor } from '../platform/texts.ts'
import { readDrafts, type RowProblem } from './drafts.ts'
import { isTarget } from './headings.ts'
import { importDetail, type ImportParams, newParams, paramsOf, problemText } from './import-params.ts'
import { planFor, planRows, stagedRows } from './importing.ts'
import { loadLookups } from './lookups.ts'
import {
  AT_WORK,
  boundBy,
  loadOperation,
  lockOwnOperation,
  makeOperation,
  moveOperation,
  noteOperation,
  type OperationRow,
  operationView,
  run,
} from './operations.ts'
import { csvLine } from './csv-text.ts'
import { previewOf } from './preview.ts'
import { rememberMapping } from './reading.ts'
import { unguarded } from './values.ts'

/** Begins with a file that the actor has uploaded. */
export async function makeImport(tx: Tx, actor: Actor, fileId: string): Promise<ImportDetail> {
  const file = await loadFile(tx, fileId)
  if (file.uploadedBy !== actor.userId) throw new Problem('not_found')
  const params = await newParams(tx, file.name)
  return importDetail(
    await makeOperation(tx, actor, { kind: 'import', state: 'reading', params, fileId }),
    actor.locale,
  )
}

export async function loadImport(db: Db, actor: Actor, id: string): Promise<OperationRow> {
  const operation = await loadOperation(db, actor, id)
  if (operation.kind !== 'import') throw new Problem('not_found')
  return operation
}

async function lockImport(tx: Tx, actor: Actor, id: string): Promise<OperationRow> {
  await loadImport(tx, actor, id)
  return lockOwnOperation(tx, actor, id)
}

/** An import that has been read and not been started. */
function needReady(operation: OperationRow): void {
  if (operation.state === 'ready') return
  throw new Problem(AT_WORK.includes(operation.state) ? 'operation_busy' : 'operation_over')
}

/** Other columns or options; another sheet, encoding or separator means that the file is read again. */
export async function changeImport(tx: Tx, actor: Actor, id: string, patch: ImportPatch): Promise<ImportDetail> {
  const operation = await lockImport(tx, actor, id)
  const before = paramsOf(operation)
  const asked = {
    ...before.asked,
    ...(patch.sheet !== undefined && { sheet: patch.sheet }),
    ...(patch.encoding !== undefined && { encoding: patch.encoding }),
    ...(patch.separator !== undefined && { separator: patch.separator }),
  }
  const again = patch.sheet !== undefined || patch.encoding !== undefined || patch.separator !== undefined
  // A file that could not be read may be with another encoding.
  if (!(again && (operation.state === 'failed' || operation.state === 'reading') && operation.total === 0))
    needReady(operation)
  await checkPatch(tx, before, patch)
  const params: ImportParams = {
    ...before,
    asked,
    columns: before.columns.map((column, n) => {
      const given = patch.columns?.[n]
      const { use: _, ...rest } = column
      if (!given) return column
      const same = given.target === column.target && given.use === column.use
      return {
        ...rest,
        target: given.target,
        ...(given.use === undefined ? {} : { use: given.use }),
        guessed: same ? column.guessed : null,
      }
    }),
    options: { ...before.options, ...patch.options },
    checked: false,
  }
  const change = again
    ? ({ state: 'reading', params, total: 0, done: 0, failure: null, attempt: operation.attempt + 1 } as const)
    : { params, result: {} }
  const row = await moveOperation(tx, operation, change, actor.locale)
  if (again) await run(tx, row.id)
  return importDetail(row, actor.locale)
}

async function checkPatch(db: Db, before: ImportParams, patch: ImportPatch): Promise<void> {
  const errors: FieldProblem[] = []
  const fields = await loadFields(db, 'contact')
  if (patch.columns && patch.columns.length !== before.columns.length)
    errors.push({ field: 'columns', code: 'wrong_format' })
  for (const [n, { target }] of (patch.columns ?? []).entries())
    if (target !== null && !isTarget(target, fields)) errors.push({ field: `columns.${n}.target`, code: 'not_allowed' })
  if (patch.sheet !== undefined && !before.sheets.includes(patch.sheet))
    errors.push({ field: 'sheet', code: 'not_allowed' })
  errors.push(...(await checkOptions(db, patch.options ?? {})))
  if (errors.length > 0) throw new Problem('invalid_input', {}, errors)
}

async function checkOptions(db: Db, options: Partial<ImportOptions>): Promise<FieldProblem[]> {
  const errors: FieldProblem[] = []
  const tagIds = [...new Set(options.tagIds)]
  const tags = await db.query('select from tag where id = any($1::bigint[]) and deleted_at is null', [tagIds])
  if (tags.length < tagIds.length) errors.push({ field: 'options.tagIds', code: 'not_allowed' })
  if (options.responsibleId) {
    const user = await db.one(`select from app_user where id = $1 and state = 'active'`, [options.responsibleId])
    if (!user) errors.push({ field: 'options.responsibleId', code: 'not_allowed' })
  }
  if (options.sourceId) {
    const source = await db.one(`select from list_item where id = $1 and list = 'source' and retired_at is null`, [
      options.sourceId,
    ])
    if (!source) errors.push({ field: 'options.sourceId', code: 'not_allowed' })
  }
  return errors
}

export async function checkOne(tx: Tx, actor: Actor, id: string): Promise<Operation> {
  const operation = await lockImport(tx, actor, id)
  if (operation.state === 'checking') return operationView(operation, actor.locale)
  needReady(operation)
  needColumns(operation)
  const params = boundBy(actor, operation.params)
  const change = { state: 'checking', params, done: 0, result: {}, attempt: operation.attempt + 1 } as const
  const row = await moveOperation(tx, operation, change, actor.locale)
  await run(tx, row.id)
  return operationView(row, actor.locale)
}

/**
 * From here on it runs by itself. Its columns are remembered for the next file with these headings. What else the file
 * said of people is in its rows alone, where erasing finds it (index.ts).
 */
export async function startImport(tx: Tx, actor: Actor, id: string): Promise<Operation> {
  const operation = await lockImport(tx, actor, id)
  if (operation.state === 'waiting' || operation.state === 'running') return operationView(operation, actor.locale)
  needReady(operation)
  needColumns(operation)
  if (paramsOf(operation).format.type !== 'vcf') await rememberMapping(tx, paramsOf(operation).columns)
  const columns = paramsOf(operation).columns.map((column) => ({ ...column, samples: [] }))
  const params = boundBy(actor, { ...paramsOf(operation), columns })
  const change = { state: 'waiting', params, file_id: null, done: 0, cursor: '0', result: {} } as const
  const row = await moveOperation(tx, operation, change, actor.locale)
  await run(tx, row.id)
  await noteOperation(tx, actor, 'operation.started', row)
  return operationView(row, actor.locale)
}

/** Without a name or a way to reach somebody nothing can become of a row. */
function needColumns(operation: OperationRow): void {
  const said = paramsOf(operation).columns.some(
    ({ target }) => target !== null && /^(name|firstName|lastName|company|identity\..+)$/.test(target),
  )
  if (!said) throw new Problem('import_no_name')
}

interface Row {
  n: number
  cells: string[]
  outcome: ImportRow['outcome']
  problems: RowProblem[]
  contact_id: string | null
}

export async function listImportRows(
  db: Db,
  actor: Actor,
  id: string,
  query: Static<typeof ImportRowQuery>,
): Promise<{ items: ImportRow[]; nextCursor: string | null }> {
  await loadImport(db, actor, id)
  const limit = query.limit ?? 50
  const [after] = decodeCursor(query.cursor, 1) ?? []
  const rows = await db.query<Row>(
    // import_row_pkey, import_row_problems
    `select n, cells, outcome, problems, contact_id from import_row
     where operation_id = $1 and n > $2 ${query.problems ? `and problems <> '[]'` : ''} order by n limit $3`,
    [id, after ?? 0, limit + 1],
  )
  return pageOf(
    rows,
    limit,
    (row) => rowView(row, actor.locale),
    (row) => [row.n],
  )
}

function rowView({ n, cells, outcome, problems, contact_id }: Row, locale: Locale): ImportRow {
  const told = problems.map((problem) => ({ ...problem, message: problemText(problem.code, locale) }))
  return { n, cells, outcome, problems: told, contactId: contact_id }
}

/**
 * The rows in which something is wrong, as they stand in the file, with what it is behind them: to be mended in a
 * spreadsheet and imported again.
 */
export async function* problemRows(db: Db, operation: OperationRow, locale: Locale): AsyncGenerator<string> {
  const { columns } = paramsOf(operation)
  const t = translatorFor(locale)
  const headings = columns.map(({ heading }) => heading)
  yield `\ufeff${csvLine([...headings, t('exchange.problems.row'), t('exchange.problems')])}`
  for (let after = 0; ; ) {
    const rows = await db.query<Row>(
      // import_row_problems
      `select n, cells, outcome, problems, contact_id from import_row
       where operation_id = $1 and n > $2 and problems <> '[]' order by n limit 500`,
      [operation.id, after],
    )
    for (const { n, cells, problems } of rows) {
      const told = problems.map(({ column, code }) => [column, problemText(code, locale)].filter(Boolean).join(': '))
      yield csvLine([...headings.map((_, at) => unguarded(cells[at] ?? '')), String(n), [...new Set(told)].join(' — ')])
    }
    after = rows.at(-1)?.n ?? after
    if (rows.length < 500) return
  }
}

const PREVIEWED = 12

/** The first rows as the contacts they would become, with the columns as they are assigned now. */
export async function previewImport(db: Database, actor: Actor, id: string): Promise<ImportPreview> {
  const operation = await loadImport(db, actor, id)
  const lookups = await loadLookups(db, actor, paramsOf(operation))
  const rows = await stagedRows(db, operation.id, 0, PREVIEWED)
  const drafts = await readDrafts(rows, lookups)
  const plan = await planFor(db, actor, drafts, { lookups, lock: false })
  const results = await planRows(db, actor, plan, drafts)
  return {
    items: drafts.map((draft, n) => ({
      n: draft.n,
      values: previewOf(draft),
      outcome: results[n]?.outcome ?? null,
      problems: draft.problems.map((problem) => ({ ...problem, message: problemText(problem.code, actor.locale) })),
    })),
  }
}

import type { ImportColumn, ImportTarget } from '#shared/api/operations.ts'
import { CONTACT_FIELDS } from '#shared/contact-fields.ts'
import type { Locale } from '#shared/i18n.ts'
import { loadFields } from '../crm/fields.ts'
import { homeCountry } from '../crm/identities.ts'
import type { Db, Tx } from '../platform/db.ts'
import { filePieces, loadFile, readFileBytes } from '../platform/files.ts'
import { Problem } from '../platform/problem.ts'
import { translatorFor } from '../platform/texts.ts'
import { LONGEST_CELL } from './drafts.ts'
import { type Encoding, encodingOf, type FileRow, type Separator, decoded, separatorOf } from './file-text.ts'
import { byValues, columnLetters, headingRow, headingsHash, isTarget, recognise } from './headings.ts'
import { claim } from './import-check.ts'
import { type ImportParams, paramsOf } from './import-params.ts'
import { lockOperation, moveOperation } from './operations.ts'
import { readCsv } from './read-csv.ts'
import { CARD_COLUMNS, readVcards } from './read-vcard.ts'
import { readXlsx } from './read-xlsx.ts'
import type { Whole } from './runner.ts'
import { FileRefused } from './xlsx-bounds.ts'

const MOST_ROWS = 200_000
export const MOST_COLUMNS = 300
const PIECE = 2000
/** By so many first rows headings and columns are recognised. */
export const LOOKED_AT = 200
const HEAD_BYTES = 256 * 1024

/** Reads the file into import_row and says what its columns are about. Begun anew after a crash. */
export async function readImport({ app, actor, operation, signal }: Whole): Promise<void> {
  const mine = await claim(app.db, operation, actor.locale)
  if (!mine) return
  const params = paramsOf(mine)
  await app.db.query('delete from import_row where operation_id = $1', [mine.id])
  try {
    const opened = await openFile(app.db, mine.file_id ?? '', params)
    const stage = createStage(opened.cards)
    for await (const row of opened.rows) {
      if (signal.aborted) return
      stage.add(row)
      if (stage.waiting() >= PIECE && !(await write(stage.take()))) return
    }
    const head = await stage.head(app.db)
    if (!(await write(stage.take()))) return
    if (stage.count() === 0) throw new FileRefused('import_empty')
    await finish(opened, head, stage.count())
  } catch (error) {
    if (!(error instanceof FileRefused)) throw error
    throw new Problem(error.code)
  }

  async function write(rows: FileRow[]): Promise<boolean> {
    return app.db.transaction(async (tx) => {
      const now = await lockOperation(tx, mine?.id ?? '')
      if (now?.state !== 'reading' || now.attempt !== mine?.attempt) return false
      await insertRows(tx, now.id, rows)
      await moveOperation(tx, now, { done: now.done + rows.length }, actor.locale)
      return true
    })
  }
  async function finish(opened: Opened, { headings, samples }: Head, total: number): Promise<void> {
    const columns = await columnsOf(app.db, headings, samples, opened.cards, actor.locale)
    const { format, sheets, sheet } = opened
    await app.db.transaction(async (tx) => {
      const now = await lockOperation(tx, mine?.id ?? '')
      if (now?.state !== 'reading' || now.attempt !== mine?.attempt) return
      const read = { ...paramsOf(now), format, sheets, sheet, columns, checked: false }
      await moveOperation(tx, now, { state: 'ready', total, done: 0, result: {}, params: read }, actor.locale)
    })
  }
}

export interface Opened {
  format: ImportParams['format']
  sheets: string[]
  sheet: string | null
  rows: AsyncIterable<FileRow>
  /** Cards have no headings: their columns are known. */
  cards: boolean
}

/**
 * A file's rows, whatever it is: workbook, text with separators, cards. Nothing but its head has been read yet, of a
 * workbook all.
 * @throws FileRefused
 */
export async function openFile(db: Db, fileId: string, { asked }: Pick<ImportParams, 'asked'>): Promise<Opened> {
  const info = await loadFile(db, fileId)
  const pieces = (): AsyncGenerator<Buffer> => filePieces(db, fileId, 0, info.size)
  const head = Buffer.from((await pieces().next()).value ?? Buffer.alloc(0)).subarray(0, HEAD_BYTES)
  if (head.subarray(0, 4).equals(Buffer.from('PK\x03\x04', 'latin1'))) {
    const { bytes } = await readFileBytes(db, fileId)
    const { sheets, sheet, rows } = await readXlsx(bytes, asked.sheet ?? null)
    const format = { type: 'xlsx', encoding: null, separator: null }
    return { format, sheets, sheet, rows, cards: false }
  }
  // The old binary format, pictures, PDF …
  if (/^(\xd0\xcf\x11\xe0|\x89PNG|%PDF|\xff\xd8\xff|GIF8|Rar!)/.test(head.toString('latin1', 0, 8)))
    throw new FileRefused('import_unreadable')
  const encoding = (asked.encoding as Encoding | undefined) ?? encodingOf(head)
  const text = await textOf(head, encoding)
  if (/^\s*BEGIN:VCARD/im.test(text.slice(0, 2000))) {
    const format = { type: 'vcf', encoding, separator: null }
    return { format, sheets: [], sheet: null, rows: readVcards(pieces, encoding), cards: true }
  }
  if (text.includes('\0')) throw new FileRefused('import_unreadable')
  const guess = separatorOf(text)
  const separator = (asked.separator as Separator | undefined) ?? guess.separator
  const rows = readCsv(pieces, { encoding, separator, skip: guess.named ? 1 : 0 })
  return { format: { type: 'csv', encoding, separator }, sheets: [], sheet: null, rows, cards: false }
}

async function textOf(head: Buffer, encoding: Encoding): Promise<string> {
  let text = ''
  const source = async function* (): AsyncGenerator<Buffer> {
    yield head
  }
  for await (const part of decoded(source(), encoding)) text += part
  return text
}

interface Head {
  headings: string[]
  /** The first rows below the headings. */
  samples: string[][]
}
interface Stage {
  add(row: FileRow): void
  waiting(): number
  take(): FileRow[]
  count(): number
  /** To be asked before the last rows are taken: settles which row holds the headings. */
  head(db: Db): Promise<Head>
}

/** Rows on their way: empty ones left out, bounds kept, the first ones held back until the headings are known. */
function createStage(cards: boolean): Stage {
  let rows: FileRow[] = []
  let count = 0
  let first: FileRow[] | undefined = []
  const bounded = (row: FileRow): FileRow | undefined => {
    const cells = row.cells.map((cell) => cell.slice(0, LONGEST_CELL + 1))
    while (cells.length > 0 && cells.at(-1)?.trim() === '') cells.pop()
    if (cells.length > MOST_COLUMNS || count >= MOST_ROWS + LOOKED_AT) throw new FileRefused('import_too_large')
    return cells.length === 0 ? undefined : { n: row.n, cells }
  }
  return {
    add(row) {
      const kept = bounded(row)
      if (!kept) return
      count++
      if (first && first.length < LOOKED_AT) first.push(kept)
      else rows.push(kept)
    },
    waiting: () => rows.length,
    take: () => rows.splice(0),
    count: () => count,
    async head(db) {
      const held = first ?? []
      first = undefined
      const width = Math.max(0, ...held.map((row) => row.cells.length))
      const cells = held.map((row) => Array.from({ length: width }, (_, n) => row.cells[n] ?? ''))
      const at = cards ? -1 : headingRow(cells, await loadFields(db, 'contact'))
      const below = held.slice(at + 1)
      count -= at + 1
      if (count > MOST_ROWS) throw new FileRefused('import_too_large')
      rows = [...below, ...rows]
      const headings = Array.from({ length: width }, (_, n) => (cells[at]?.[n] ?? '').replaceAll(/\s+/g, ' ').trim())
      return { headings: headings.map((heading) => heading.slice(0, 200)), samples: cells.slice(at + 1) }
    },
  }
}

async function insertRows(tx: Tx, operationId: string, rows: readonly FileRow[]): Promise<void> {
  if (rows.length === 0) return
  await tx.query(
    `insert into import_row (operation_id, n, cells) select $1, r.n, r.cells::text[]
     from unnest($2::int[], $3::text[]) as r(n, cells)`,
    [operationId, rows.map((row) => row.n), rows.map((row) => arrayText(row.cells))],
  )
}

/** An array as PostgreSQL writes it; what it cannot store is left out. */
const arrayText = (cells: readonly string[]): string =>
  `{${cells.map((cell) => `"${cell.replaceAll('\0', '').replaceAll(/[\\"]/g, '\\$&').toWellFormed()}"`).join()}}`

/** Each column with a few values and what it is about: as it was assigned before, by its heading, by its values. */
async function columnsOf(
  db: Db,
  headings: readonly string[],
  samples: readonly (readonly string[])[],
  cards: boolean,
  locale: Locale,
): Promise<ImportColumn[]> {
  const fields = await loadFields(db, 'contact')
  const country = await homeCountry(db)
  const before = cards ? undefined : await remembered(db, headings)
  const known = recognise(headings, fields)
  const used = new Set<string>()
  const columns = (cards ? cardHeadings(locale) : headings).map((heading, n): ImportColumn => {
    const values = samples.map((row) => row[n] ?? '').filter((value) => value.trim() !== '')
    const column = {
      heading: heading || columnLetters(n),
      samples: [...new Set(values)].slice(0, 5).map((value) => value.slice(0, 200)),
    }
    const assigned = (target: ImportTarget | null, guessed: ImportColumn['guessed']): ImportColumn => ({
      ...column,
      target: target?.target ?? null,
      ...(target?.use === undefined ? {} : { use: target.use }),
      guessed: target?.target ? guessed : null,
    })
    if (cards) return assigned(CARD_COLUMNS[n] ?? null, 'heading')
    const earlier = before?.[n]
    if (earlier && (earlier.target === null || isTarget(earlier.target, fields))) return assigned(earlier, 'before')
    const target = known[n]
    const result = target ? assigned(target, 'heading') : assigned(byValues(values, country), 'values')
    const single = result.target !== null && ONCE.has(result.target)
    if (single && used.has(result.target ?? '')) return assigned(null, null)
    used.add(result.target ?? '')
    return result
  })
  return columns
}

/** Of what a contact has one of, the first column counts. */
const ONCE = new Set(
  [...CONTACT_FIELDS.map((field) => field.name), 'firstName', 'lastName'].filter(
    (name) => !name.startsWith('identity.') && name !== 'tagIds' && name !== 'about',
  ),
)

function cardHeadings(locale: Locale): string[] {
  const t = translatorFor(locale)
  return CARD_COLUMNS.map((column) => {
    const { target } = column
    if ('use' in column) return t(`exchange.use.${column.use}`)
    return target.startsWith('address.') ? t(`exchange.target.${target}`) : t(`contacts.field.${target}`)
  })
}

async function remembered(db: Db, headings: readonly string[]): Promise<ImportTarget[] | undefined> {
  const row = await db.one<{ mapping: ImportTarget[] }>('select mapping from import_mapping where headings = $1', [
    headingsHash(headings),
  ])
  return row?.mapping
}

/** For the next file with these headings. Columns that were left out are remembered too. */
export async function rememberMapping(tx: Tx, columns: readonly ImportColumn[]): Promise<void> {
  const mapping = columns.map(({ target, use }) => ({ target, ...(use === undefined ? {} : { use }) }))
  const headings = columns.map(({ heading }, n) => (heading === columnLetters(n) ? '' : heading))
  if (headings.every((heading) => heading === '')) return
  await tx.query(
    `insert into import_mapping (headings, mapping) values ($1, $2)
     on conflict (headings) do update set mapping = excluded.mapping, used_at = now()`,
    [headingsHash(headings), JSON.stringify(mapping)],
  )
}

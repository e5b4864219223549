import type { FillNew, ListColumn, ListFileAsk, ListFilePreview, RowField } from '#shared/api/campaigns.ts'
import { foldText, latinDigits } from '#shared/text.ts'
import { LONGEST_CELL } from '../exchange/drafts.ts'
import type { FileRow } from '../exchange/file-text.ts'
import { byValues, columnLetters, headingRow, recognise } from '../exchange/headings.ts'
import { LOOKED_AT, openFile } from '../exchange/reading.ts'
import { FileRefused } from '../exchange/xlsx-bounds.ts'
import { loadFields } from '../crm/fields.ts'
import { homeCountry } from '../crm/identities.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { loadFile } from '../platform/files.ts'
import { Problem, wrongField } from '../platform/problem.ts'

/** Files of recipients, read as imports are: a column with numbers, one with names, others for texts. */

const MOST_ROWS = 200_000
export type ListFile = Extract<FillNew, { file: unknown }>['file']

/** Only one's own uploads: else an id would be enough to read anybody's file. */
export async function ownFile(db: Db, actor: Actor, fileId: string, field: string): Promise<{ name: string }> {
  const file = await loadFile(db, fileId).catch(() => undefined)
  if (file?.uploadedBy !== actor.userId) throw wrongField(field, 'not_allowed')
  return file
}

/** What a file holds, by its first rows, and what its columns seem to be. Stores nothing. */
export async function previewListFile(db: Db, actor: Actor, ask: ListFileAsk): Promise<ListFilePreview> {
  const { name } = await ownFile(db, actor, ask.fileId, 'fileId')
  try {
    const opened = await open(db, ask)
    const first: FileRow[] = []
    for await (const row of opened.rows) {
      if (isEmpty(row)) continue
      first.push(row)
      if (first.length === LOOKED_AT) break
    }
    if (first.length === 0) throw new FileRefused('import_empty')
    const { headings, below } = await headOf(db, first)
    const samples = headings.map((_, n) => [
      ...new Set(below.map(({ cells }) => (cells[n] ?? '').trim()).filter((cell) => cell !== '')),
    ])
    const { format, sheets, sheet } = opened
    return {
      fileName: name,
      format,
      sheets,
      sheet,
      columns: (await guess(db, headings, samples)).map((column, n) => ({
        heading: headings[n] || columnLetters(n),
        samples: (samples[n] ?? []).slice(0, 5).map((sample) => sample.slice(0, 200)),
        ...column,
      })),
    }
  } catch (error) {
    if (error instanceof FileRefused) throw new Problem(error.code)
    throw error
  }
}

async function open(db: Db, { fileId, sheet, encoding, separator }: ListFileAsk): ReturnType<typeof openFile> {
  const opened = await openFile(db, fileId, {
    asked: { ...(sheet && { sheet }), ...(encoding && { encoding }), ...(separator && { separator }) },
  })
  if (opened.cards) throw new FileRefused('import_unreadable')
  return opened
}

const isEmpty = ({ cells }: FileRow): boolean => cells.every((cell) => cell.trim() === '')

async function headOf(db: Db, first: readonly FileRow[]): Promise<{ headings: string[]; below: FileRow[] }> {
  const width = Math.max(0, ...first.map((row) => row.cells.length))
  const cells = first.map((row) => Array.from({ length: width }, (_, n) => row.cells[n] ?? ''))
  const at = headingRow(cells, await loadFields(db, 'contact'))
  const headings = Array.from({ length: width }, (_, n) => (cells[at]?.[n] ?? '').replaceAll(/\s+/g, ' ').trim())
  return { headings: headings.map((heading) => heading.slice(0, 200)), below: first.slice(at + 1) }
}

/** One column of numbers and one of names; every other that holds something is a field for texts. */
async function guess(
  db: Db,
  headings: readonly string[],
  samples: readonly (readonly string[])[],
): Promise<ListColumn[]> {
  const country = await homeCountry(db)
  const targets = recognise(headings, await loadFields(db, 'contact')).map(
    (target, n) => (target ?? byValues(samples[n] ?? [], country))?.target,
  )
  // A column called so that holds none is not the numbers.
  const looksRight = (n: number): boolean => byValues(samples[n] ?? [], country)?.target === 'identity.phone'
  const phones = targets.flatMap((target, n) => (target === 'identity.phone' ? [n] : []))
  const number = phones.find(looksRight) ?? phones[0] ?? headings.findIndex((_, n) => looksRight(n))
  const name = ['name', 'firstName', 'lastName', 'company'].map((one) => targets.indexOf(one)).find((n) => n >= 0)
  const keys = keysFor(headings)
  return headings.map((_, n): ListColumn => {
    if (n === number) return { target: 'number' }
    if (n === name) return { target: 'name' }
    return (samples[n]?.length ?? 0) > 0 ? { target: 'field', key: keys[n] ?? `column_${n + 1}` } : { target: 'none' }
  })
}

/** A key a text can name a column by: its heading where that is Latin, `column_3` otherwise; each once. */
function keysFor(headings: readonly string[]): string[] {
  const used = new Set<string>()
  return headings.map((heading, n) => {
    const plain = latinDigits(foldText(heading))
      .replaceAll(/[^a-z0-9]+/g, '_')
      .replace(/^[^a-z]+/, '')
      .replace(/_+$/, '')
      .slice(0, 36)
    const free = (key: string): boolean => key !== '' && !used.has(key)
    const key = [plain, `${plain}_${n + 1}`].find((one) => plain !== '' && free(one)) ?? `column_${n + 1}`
    used.add(key)
    return key
  })
}

/** @throws Problem invalid_input when there is not exactly one column of numbers, or a key stands twice */
export function checkColumns(columns: readonly ListColumn[], field: string): void {
  if (columns.filter((column) => column.target === 'number').length !== 1)
    throw wrongField(`${field}.columns`, 'required')
  if (columns.filter((column) => column.target === 'name').length > 1)
    throw wrongField(`${field}.columns`, 'already_used')
  const keys = columns.flatMap(({ target, key }) => (target === 'field' && key !== undefined ? [key] : []))
  if (new Set(keys).size < keys.length) throw wrongField(`${field}.columns`, 'already_used')
}

export interface ListRow {
  n: number
  number: string
  name: string
  row: Record<string, string>
}
export interface ListFileRows {
  fields: RowField[]
  rows: AsyncGenerator<ListRow>
}

/**
 * The rows below the headings, as the columns say. Numbered as the file's reader counts, always the same.
 * @throws FileRefused
 */
export async function readListFile(db: Db, file: ListFile): Promise<ListFileRows> {
  const opened = await open(db, file)
  const source = opened.rows[Symbol.asyncIterator]()
  const first: FileRow[] = []
  while (first.length < LOOKED_AT) {
    const next = await source.next()
    if (next.done) break
    if (!isEmpty(next.value)) first.push(next.value)
  }
  if (first.length === 0) throw new FileRefused('import_empty')
  const { headings, below } = await headOf(db, first)
  const keys = keysFor(headings)
  const columns = file.columns.map((column, n) => ({ ...column, key: column.key ?? keys[n] ?? `column_${n + 1}` }))
  const number = columns.findIndex((column) => column.target === 'number')
  const name = columns.findIndex((column) => column.target === 'name')
  const read = ({ n, cells }: FileRow): ListRow => {
    const cell = (at: number): string => (cells[at] ?? '').replaceAll('\0', '').trim().slice(0, LONGEST_CELL)
    const row = columns.flatMap(({ target, key }, at) =>
      target === 'field' && cell(at) !== '' ? [[key, cell(at)] as const] : [],
    )
    return { n, number: cell(number), name: name < 0 ? '' : cell(name), row: Object.fromEntries(row) }
  }
  const rows = async function* (): AsyncGenerator<ListRow> {
    let count = 0
    for (const row of below) {
      count++
      yield read(row)
    }
    for (let next = await source.next(); !next.done; next = await source.next()) {
      if (isEmpty(next.value)) continue
      if (++count > MOST_ROWS) throw new FileRefused('import_too_large')
      yield read(next.value)
    }
  }
  return {
    fields: columns.flatMap(({ target, key }, n) =>
      target === 'field' ? [{ key, heading: headings[n] || columnLetters(n) }] : [],
    ),
    rows: rows(),
  }
}

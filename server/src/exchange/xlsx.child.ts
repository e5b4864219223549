import { readSheet } from 'read-excel-file/node'
import type { FileRow } from './file-text.ts'
import { FileRefused, inspectWorkbook } from './xlsx-bounds.ts'
import type { FromReader, ToReader } from './read-xlsx.ts'

/*
 * Reads one sheet of a workbook in a process of its own, whose memory is bounded: whatever a file does to the reader,
 * the program goes on. Gives rows when it is asked for the next ones, and ends with the program.
 */

const AT_ONCE = 2000
/** No program makes more; an address that says so must not be counted to. */
const MOST_COLUMNS = 16_384
const say = (message: FromReader): void => void process.send?.(message)

let rows: unknown[][] = []
let at = 0
process.on('disconnect', () => process.exit(0))
// Whatever a file makes the reader stumble over, it is the file.
process.on('uncaughtException', () => say({ refused: 'import_unreadable' }))
process.on('message', (message: ToReader) => {
  if (message === 'next') return give()
  open(message).catch((error: unknown) => {
    if (error instanceof FileRefused) say({ refused: error.code })
    else throw error
  })
})

async function open({ bytes, sheet }: Exclude<ToReader, 'next'>): Promise<void> {
  const file = Buffer.from(bytes)
  const sheets = await inspectWorkbook(file)
  const chosen = sheets.find((name) => name === sheet) ?? sheets[0] ?? ''
  try {
    rows = await readSheet(file, chosen, { trim: false, parseNumber: numberText })
  } catch {
    throw new FileRefused('import_unreadable')
  }
  say({ sheets, sheet: chosen })
}

function give(): void {
  const some: FileRow[] = []
  for (; at < rows.length && some.length < AT_ONCE; at++) {
    const row = rows[at] ?? []
    if (row.length > MOST_COLUMNS) return say({ refused: 'import_too_large' })
    some.push({ n: at + 1, cells: row.map(textOf) })
    rows[at] = []
  }
  say({ rows: some, end: at >= rows.length })
}

/** As one reads it: days without a time. */
function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (!(value instanceof Date)) return String(value)
  if (Number.isNaN(value.getTime())) return ''
  const text = value.toISOString()
  return text.endsWith('T00:00:00.000Z') ? text.slice(0, 10) : text.slice(0, 16).replace('T', ' ')
}

/** Without an exponent and without the noise of binary fractions: 9.12E+11 is a phone. */
function numberText(text: string): string {
  if (/^-?(0|[1-9]\d*)$/.test(text)) return text
  const number = Number(Number(text).toPrecision(15))
  return Number.isFinite(number) && Math.abs(number) < 1e21 ? String(number) : text
}

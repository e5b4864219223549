import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { StartError } from './start-error.ts'

/*
 * A backup is one gzip file of lines: the header as JSON; then per table its description as JSON, its rows as COPY's
 * text format writes them, a line `\.`, and its count and checksum as JSON; at last the sequences with the checksum of
 * the checksums. A row never is `\.` and never holds a raw line break: COPY escapes both.
 */

export interface BackupHeader {
  daftarBackup: 1
  version: string
  at: string
  migrations: { id: number; name: string; hash: string }[]
  /** Tells whether a SECRET_KEY is the one the stored secrets were locked with. */
  key: string
  /** Parts of partitioned tables, to be made before loading. */
  partitions: { table: string; parent: string; bound: string }[]
}
export interface TableStart {
  table: string
  columns: string[]
}
export interface TableEnd {
  table: string
  rows: number
  sha256: string
}
export interface BackupEnd {
  end: true
  tables: number
  sequences: { name: string; value: string }[]
  sha256: string
}
export const END_OF_ROWS = '\\.'

/** What reading a backup meets, in order. */
export type BackupPart =
  | { kind: 'header'; header: BackupHeader }
  | { kind: 'table'; table: TableStart }
  | { kind: 'rows'; lines: Buffer }
  | { kind: 'tableEnd'; end: TableEnd }
  | { kind: 'end'; end: BackupEnd }

export function damaged(path: string, why: string, cause?: unknown): StartError {
  return new StartError(
    `${path} cannot be restored: ${why}. Nothing was changed; take another backup.`,
    `فایل ${path} قابل بازگردانی نیست: ${why}. چیزی تغییر نکرد؛ پشتیبان دیگری بردارید.`,
    { cause },
  )
}

/**
 * Reads a backup piece by piece with bounded memory and checks every checksum on the way.
 * @throws StartError when the file is damaged, cut short or no backup
 */
export async function* readBackup(path: string): AsyncGenerator<BackupPart> {
  let state: 'header' | 'between' | 'rows' | 'check' | 'done' = 'header'
  let hash = createHash('sha256')
  let rows = 0
  let tables = 0
  const all = createHash('sha256')
  for await (const lines of linesOf(path)) {
    let at = 0
    while (at < lines.length) {
      if (state === 'rows') {
        const stop = endOfRows(lines, at)
        const part = lines.subarray(at, stop ?? lines.length)
        if (part.length > 0) {
          hash.update(part)
          rows += countLines(part)
          yield { kind: 'rows', lines: part }
        }
        if (stop === undefined) break
        at = stop + END_OF_ROWS.length + 1
        state = 'check'
        continue
      }
      const next = lines.indexOf(10, at)
      const line = parse(path, lines.subarray(at, next).toString())
      at = next + 1
      if (state === 'header') {
        if (!isHeader(line)) throw damaged(path, 'it is not a backup of Daftar')
        yield { kind: 'header', header: line }
        state = 'between'
      } else if (state === 'check') {
        const sha256 = hash.digest('hex')
        if (!isTableEnd(line) || line.rows !== rows || line.sha256 !== sha256)
          throw damaged(path, 'a table does not match its checksum')
        all.update(sha256)
        tables++
        yield { kind: 'tableEnd', end: line }
        state = 'between'
      } else if (state === 'between' && isTableStart(line)) {
        hash = createHash('sha256')
        rows = 0
        yield { kind: 'table', table: line }
        state = 'rows'
      } else if (state === 'between' && isEnd(line)) {
        if (line.tables !== tables || line.sha256 !== all.digest('hex'))
          throw damaged(path, 'the whole does not match its checksum')
        yield { kind: 'end', end: line }
        state = 'done'
      } else throw damaged(path, 'there is something after its end or between its tables')
    }
  }
  if (state !== 'done') throw damaged(path, 'it is cut short')
}

/** Pieces of the unpacked file that end with a whole line. */
async function* linesOf(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path)
  const unpacked = file.pipe(createGunzip())
  file.on('error', (error) => unpacked.destroy(error))
  let rest: Buffer[] = []
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      const last = chunk.lastIndexOf(10)
      if (last < 0) {
        rest.push(chunk)
        continue
      }
      yield Buffer.concat([...rest, chunk.subarray(0, last + 1)])
      rest = [chunk.subarray(last + 1)]
    }
  } catch (error) {
    throw damaged(path, error instanceof Error ? error.message : String(error), error)
  }
  if (rest.some((piece) => piece.length > 0)) throw damaged(path, 'it is cut short')
}

const MARK = Buffer.from(`${END_OF_ROWS}\n`)
function endOfRows(lines: Buffer, from: number): number | undefined {
  for (let at = lines.indexOf(MARK, from); at >= 0; at = lines.indexOf(MARK, at + 1))
    if (at === from || lines[at - 1] === 10) return at
  return undefined
}

function countLines(part: Buffer): number {
  let count = 0
  for (let at = part.indexOf(10); at >= 0; at = part.indexOf(10, at + 1)) count++
  return count
}

function parse(path: string, line: string): object {
  try {
    const value: unknown = JSON.parse(line)
    if (value !== null && typeof value === 'object') return value
  } catch (error) {
    throw damaged(path, 'it is not a backup of Daftar', error)
  }
  throw damaged(path, 'it is not a backup of Daftar')
}

const isHeader = (line: object): line is BackupHeader => 'daftarBackup' in line && line.daftarBackup === 1
const isTableStart = (line: object): line is TableStart => 'table' in line && 'columns' in line
const isTableEnd = (line: object): line is TableEnd => 'table' in line && 'rows' in line && 'sha256' in line
const isEnd = (line: object): line is BackupEnd => 'end' in line && 'sequences' in line

import { CsvError, parse } from 'csv-parse'
import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { type Encoding, type FileRow, type Separator, decoded } from './file-text.ts'
import { FileRefused } from './xlsx-bounds.ts'

/** A record longer than this is a quotation mark that nobody closed. */
const LONGEST_RECORD = 1_000_000

/**
 * The records of a file, as they come. Quotation marks are read as spreadsheets write them; a file in which one is never
 * closed is read again as if they were letters.
 * @param pieces begins the file anew
 * @throws FileRefused
 */
export async function* readCsv(
  pieces: () => AsyncIterable<Buffer>,
  { encoding, separator, skip }: { encoding: Encoding; separator: Separator; skip: number },
): AsyncGenerator<FileRow> {
  let given = 0
  try {
    for await (const row of records(pieces(), encoding, separator, '"', skip)) {
      given = row.n
      yield row
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    try {
      for await (const row of records(pieces(), encoding, separator, null, skip)) if (row.n > given) yield row
    } catch (again) {
      // A line without an end is none of a table.
      throw again instanceof CsvError ? new FileRefused('import_unreadable') : again
    }
  }
}

async function* records(
  pieces: AsyncIterable<Buffer>,
  encoding: Encoding,
  separator: Separator,
  quote: '"' | null,
  skip: number,
): AsyncGenerator<FileRow> {
  const parser = parse({
    delimiter: separator,
    quote,
    relax_quotes: true,
    relax_column_count: true,
    max_record_size: LONGEST_RECORD,
    record_delimiter: ['\r\n', '\n', '\r'],
    skip_records_with_error: false,
  })
  const source = Readable.from(inTurns(decoded(pieces, encoding)), { objectMode: false })
  source.on('error', (error) => parser.destroy(error))
  source.pipe(parser)
  let n = 0
  try {
    for await (const record of parser) {
      n++
      if (n > skip && Array.isArray(record)) yield { n, cells: record.map(String) }
    }
  } finally {
    source.destroy()
    parser.destroy()
  }
}

/** What the parser takes at once, in UTF-16 units: thousands of records, after which others have their turn. */
const AT_ONCE = 16_384

async function* inTurns(texts: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const text of texts)
    for (let at = 0; at < text.length; ) {
      // Never between the halves of a character.
      const end = at + AT_ONCE + (/[\ud800-\udbff]/.test(text.charAt(at + AT_ONCE - 1)) ? 1 : 0)
      yield text.slice(at, end)
      at = end
      await setImmediate()
    }
}

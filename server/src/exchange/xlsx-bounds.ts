import { createInflateRaw } from 'node:zlib'

/** Thrown by readers for what is no such file, or is more than they take. */
export class FileRefused extends Error {
  readonly code: 'import_unreadable' | 'import_too_large' | 'import_empty'
  constructor(code: FileRefused['code']) {
    super(code)
    this.name = 'FileRefused'
    this.code = code
  }
}

/** Unpacked, all parts together: 200,000 rows of twenty columns have half of it. */
const MOST_BYTES = 400 * 1024 * 1024
/** In all sheets together. */
const MOST_CELLS = 3_000_000

interface Entry {
  name: string
  method: number
  bytes: Buffer
}

/**
 * Unpacks a workbook without keeping it, to know what it holds before anything is built of it: what a directory says of
 * sizes may be a lie. Answers with the names of its sheets, in their order, hidden ones left out.
 * @throws FileRefused
 */
export async function inspectWorkbook(
  file: Buffer,
  most = { bytes: MOST_BYTES, cells: MOST_CELLS },
): Promise<string[]> {
  let [bytes, cells] = [0, 0]
  let workbook = ''
  for (const entry of entriesOf(file)) {
    const isSheet = /^\/?xl\/worksheets\/[^/]+\.xml$/i.test(entry.name)
    const isBook = /^\/?xl\/workbook\.xml$/i.test(entry.name)
    for await (const piece of unpacked(entry)) {
      bytes += piece.length
      if (isSheet) cells += cellsIn(piece)
      if (isBook && workbook.length < 1_000_000) workbook += piece.toString('utf8')
      if (bytes > most.bytes || cells > most.cells) throw new FileRefused('import_too_large')
    }
  }
  const sheets = sheetNames(workbook)
  if (sheets.length === 0) throw new FileRefused('import_unreadable')
  return sheets
}

/** `<c ` or `<x:c `, seen from its end; the few that two pieces share are not counted. */
function cellsIn(piece: Buffer): number {
  let count = 0
  for (let at = piece.indexOf('c r="'); at >= 0; at = piece.indexOf('c r="', at + 5)) count++
  // Some programs leave the address out.
  if (count === 0) for (let at = piece.indexOf('<c'); at >= 0; at = piece.indexOf('<c', at + 2)) count++
  return count
}

async function* unpacked({ method, bytes }: Entry): AsyncGenerator<Buffer> {
  if (method === 0) return yield bytes
  if (method !== 8) throw new FileRefused('import_unreadable')
  const inflate = createInflateRaw()
  inflate.end(bytes)
  try {
    for await (const piece of inflate) yield piece as Buffer
  } catch (error) {
    throw error instanceof FileRefused ? error : new FileRefused('import_unreadable')
  } finally {
    inflate.destroy()
  }
}

/** The directory stands at the end of an archive. */
function entriesOf(file: Buffer): Entry[] {
  const end = file.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  if (end < 0 || end + 22 > file.length) throw new FileRefused('import_unreadable')
  const count = file.readUInt16LE(end + 10)
  const entries: Entry[] = []
  let at = file.readUInt32LE(end + 16)
  for (let n = 0; n < count; n++) {
    if (at + 46 > file.length || file.readUInt32LE(at) !== 0x02014b50) throw new FileRefused('import_unreadable')
    const method = file.readUInt16LE(at + 10)
    const size = file.readUInt32LE(at + 20)
    const [nameLength, extra, comment] = [28, 30, 32].map((offset) => file.readUInt16LE(at + offset))
    const local = file.readUInt32LE(at + 42)
    const name = file.toString('utf8', at + 46, at + 46 + (nameLength ?? 0))
    if (local + 30 > file.length) throw new FileRefused('import_unreadable')
    const begin = local + 30 + file.readUInt16LE(local + 26) + file.readUInt16LE(local + 28)
    if (begin + size > file.length) throw new FileRefused('import_unreadable')
    entries.push({ name, method, bytes: file.subarray(begin, begin + size) })
    at += 46 + (nameLength ?? 0) + (extra ?? 0) + (comment ?? 0)
  }
  return entries
}

function sheetNames(workbook: string): string[] {
  return [...workbook.matchAll(/<(?:\w+:)?sheet\s[^>]*>/g)]
    .map(([tag]) => tag)
    .filter((tag) => !/\bstate="(?:very)?hidden"/i.test(tag))
    .flatMap((tag) => /\sname="([^"]*)"/.exec(tag)?.[1] ?? [])
    .map(unescapeXml)
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const unescapeXml = (text: string): string =>
  text.replaceAll(/&(#x?[0-9a-f]+|\w+);/gi, (whole, name: string) => {
    if (!name.startsWith('#')) return NAMED[name] ?? whole
    const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : ''
  })

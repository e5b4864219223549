import type { ImportPatch } from '#shared/api/operations.ts'

/** A row of a file as it was read; `n` as the file's own reader counts, from 1. */
export interface FileRow {
  n: number
  cells: string[]
}

export type Encoding = NonNullable<ImportPatch['encoding']> | 'utf-16be'
export type Separator = NonNullable<ImportPatch['separator']>
const SEPARATORS: readonly Separator[] = [',', ';', '\t', '|']

/**
 * The encoding of a text by its first bytes: what its mark says; two bytes a character when every other byte is the same
 * few; UTF-8 when it is valid as such; else Windows-1256, as Persian and Arabic Windows writes.
 */
export function encodingOf(head: Buffer): Encoding {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8'
  const wide = wideOf(head)
  if (wide) return wide
  return isUtf8(head) ? 'utf-8' : 'windows-1256'
}

/** In UTF-16 the high bytes of Latin, Persian and Arabic letters are 0 and 6. */
function wideOf(head: Buffer): Encoding | undefined {
  const size = Math.min(head.length & ~1, 4000)
  if (size < 4) return undefined
  let [even, odd] = [0, 0]
  for (let at = 0; at < size; at += 2) {
    if (head[at] === 0 || head[at] === 6) even++
    if (head[at + 1] === 0 || head[at + 1] === 6) odd++
  }
  if (odd > size * 0.4) return 'utf-16le'
  return even > size * 0.4 ? 'utf-16be' : undefined
}

function isUtf8(head: Buffer): boolean {
  try {
    // The last character may be cut.
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return true
  } catch {
    return false
  }
}

/** The text of the pieces, without its mark; bytes that mean nothing become U+FFFD. */
export async function* decoded(pieces: AsyncIterable<Buffer>, encoding: Encoding): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding)
  for await (const piece of pieces) yield decoder.decode(piece, { stream: true })
  yield decoder.decode()
}

/** What stands between the cells: the sign that parts the most lines into the same number of cells. */
export function separatorOf(text: string): { separator: Separator; named: boolean } {
  const first = /^sep=(.)\r?\n/i.exec(text)?.[1]
  const named = SEPARATORS.find((one) => one === first)
  if (named) return { separator: named, named: true }
  const lines = unquoted(text)
    .split(/\r\n|\n|\r/)
    .filter((line) => line.trim() !== '')
    .slice(0, 60)
  let best: Separator = ','
  let most = 0
  for (const separator of SEPARATORS) {
    const counts = lines.map((line) => line.split(separator).length - 1)
    const usual = mode(counts.filter((count) => count > 0))
    const agreed = counts.filter((count) => count === usual).length / lines.length
    const score = agreed * agreed * Math.min(usual, 20)
    if (usual > 0 && score > most) [best, most] = [separator, score]
  }
  return { separator: best, named: false }
}

const unquoted = (text: string): string => text.replaceAll(/"(?:[^"]|"")*"/g, '""')

function mode(values: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].sort(([a, m], [b, n]) => n - m || b - a)[0]?.[0] ?? 0
}

import type { PageOf } from '#shared/api/common.ts'

/**
 * A long list as far as it was read: pages that follow each other by their cursors. When something changes only what one
 * looks at is read again; what lies above is known to be old and read when one comes there, what lies below is let go.
 */
interface Piece<T> {
  from: string | null
  items: readonly T[]
  next: string | null
  stale: boolean
}
export type Pieces<T> = readonly Piece<T>[]
/** The rows on screen, by their place among all rows. */
export interface Window {
  first: number
  last: number
}
type Read<T> = (from: string | null, limit: number) => Promise<PageOf<T>>

const FIRST_PIECE = 60
export const PIECE = 100
const MOST = 200

/** Every row once: one that was found again in another place stands there. */
export function rowsOf<T extends { id: string }>(pieces: Pieces<T>): T[] {
  const fresh = new Set<string>()
  if (pieces.some((piece) => piece.stale))
    for (const piece of pieces) if (!piece.stale) for (const item of piece.items) fresh.add(item.id)
  const seen = new Set<string>()
  const rows: T[] = []
  for (const { items, stale } of pieces) {
    for (const item of items) {
      if (seen.has(item.id) || (stale && fresh.has(item.id))) continue
      seen.add(item.id)
      rows.push(item)
    }
  }
  return rows
}

/** The place of the pieces that hold the rows on screen. */
export function piecesIn<T>(pieces: Pieces<T>, { first, last }: Window): { start: number; end: number } {
  let rows = 0
  let start = 0
  for (const [n, piece] of pieces.entries()) {
    if (rows <= first) start = n
    rows += piece.items.length
    if (rows > last) return { start, end: n }
  }
  return { start, end: Math.max(0, pieces.length - 1) }
}

/** The pieces with those on screen read anew. */
export async function readAgain<T>(pieces: Pieces<T> | undefined, window: Window, read: Read<T>): Promise<Pieces<T>> {
  const { start, end } = piecesIn(pieces ?? [], window)
  const above = pieces?.slice(0, start) ?? []
  const wanted = pieces?.slice(start, end + 1).reduce((sum, piece) => sum + piece.items.length, 0) ?? 0
  const fresh: Piece<T>[] = []
  let from = pieces?.[start]?.from ?? null
  let count = 0
  do {
    const limit = Math.min(MOST, Math.max(pieces === undefined ? FIRST_PIECE : PIECE, wanted - count))
    const page = await read(from, limit)
    fresh.push({ from, items: page.items, next: page.nextCursor, stale: false })
    count += page.items.length
    from = page.nextCursor
  } while (count < wanted && from !== null)
  return [...above.map((piece) => (piece.stale ? piece : { ...piece, stale: true })), ...fresh]
}

/** With the page behind the last; unchanged when the list has become another meanwhile. */
export function withNext<T>(pieces: Pieces<T>, from: string, page: PageOf<T>): Pieces<T> {
  if (pieces.at(-1)?.next !== from) return pieces
  return [...pieces, { from, items: page.items, next: page.nextCursor, stale: false }]
}

/** With one row changed where it stands, or (null) taken out. */
export function withRow<T extends { id: string }>(
  pieces: Pieces<T>,
  id: string,
  change: (row: T) => T | null,
): Pieces<T> {
  return pieces.map((piece) => {
    const at = piece.items.findIndex((item) => item.id === id)
    const row = piece.items[at]
    if (row === undefined) return piece
    const next = change(row)
    return { ...piece, items: next === null ? piece.items.toSpliced(at, 1) : piece.items.with(at, next) }
  })
}

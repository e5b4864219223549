import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PageOf } from '#shared/api/common.ts'
import { PIECE, type Pieces, piecesIn, readAgain, rowsOf, withNext, withRow } from './pieces.ts'

interface Row {
  id: string
  n: number
}
/** A server that pages rows by falling n, as lists do by their latest change. */
function server(rows: Row[]) {
  const asked: (string | null)[] = []
  return {
    asked,
    read: async (from: string | null, limit: number): Promise<PageOf<Row>> => {
      asked.push(from)
      const found = rows
        .filter((row) => from === null || row.n < Number(from))
        .toSorted((a, b) => b.n - a.n)
        .slice(0, limit + 1)
      const items = found.slice(0, limit)
      return { items, nextCursor: found.length > limit ? String(items.at(-1)?.n) : null }
    },
  }
}
const many = (count: number): Row[] => Array.from({ length: count }, (_, n) => ({ id: `r${n}`, n: n + 1 }))
const ALL_ON_SCREEN = { first: 0, last: 0 }

async function readOn(pieces: Pieces<Row>, read: ReturnType<typeof server>['read']): Promise<Pieces<Row>> {
  const from = pieces.at(-1)?.next
  return from == null ? pieces : withNext(pieces, from, await read(from, PIECE))
}

describe('a long list in pieces', () => {
  it('is read page by page, each row once', async () => {
    const rows = many(350)
    const { read } = server(rows)
    let pieces = await readAgain(undefined, ALL_ON_SCREEN, read)
    for (let n = 0; n < 5; n++) pieces = await readOn(pieces, read)
    expect(rowsOf(pieces).map((row) => row.n)).toEqual(rows.map((row) => row.n).toReversed())
    expect(pieces.at(-1)?.next).toBeNull()
  })

  it('reads again only what is on screen when something changes', async () => {
    const rows = many(1000)
    const { read, asked } = server(rows)
    let pieces = await readAgain(undefined, ALL_ON_SCREEN, read)
    for (let n = 0; n < 6; n++) pieces = await readOn(pieces, read)
    asked.length = 0
    const before = rowsOf(pieces)
    const again = await readAgain(pieces, { first: 200, last: 230 }, read)
    expect(asked).toHaveLength(1)
    expect(piecesIn(pieces, { first: 200, last: 230 })).toEqual({ start: 2, end: 2 })
    expect(again.map((piece) => piece.stale)).toEqual([true, true, false])
    expect(rowsOf(again)).toEqual(before.slice(0, rowsOf(again).length))
  })

  it('shows a row that moved up once, in its new place', async () => {
    const rows = many(300)
    const { read } = server(rows)
    let pieces = await readOn(await readAgain(undefined, ALL_ON_SCREEN, read), read)
    const moved = rows[200]
    if (moved === undefined) throw new Error('no row')
    moved.n = 1000
    // One stands below: what is above is old, the row is gone from here.
    pieces = await readAgain(pieces, { first: 90, last: 120 }, read)
    expect(rowsOf(pieces).some((row) => row.id === moved.id)).toBe(false)
    pieces = await readAgain(pieces, { first: 0, last: 30 }, read)
    expect(rowsOf(pieces)[0]?.id).toBe(moved.id)
    expect(new Set(rowsOf(pieces).map((row) => row.id)).size).toBe(rowsOf(pieces).length)
  })

  it('does not take a page that was asked for before the list changed', async () => {
    const { read } = server(many(300))
    const pieces = await readAgain(undefined, ALL_ON_SCREEN, read)
    const late = await read('240', PIECE)
    expect(withNext(pieces, 'elsewhere', late)).toBe(pieces)
  })

  it('changes a row in its place and takes one out', async () => {
    const { read } = server(many(120))
    const pieces = await readOn(await readAgain(undefined, ALL_ON_SCREEN, read), read)
    expect(rowsOf(withRow(pieces, 'r10', (row) => ({ ...row, n: 11.5 }))).at(-11)).toEqual({ id: 'r10', n: 11.5 })
    expect(rowsOf(withRow(pieces, 'r10', () => null))).toHaveLength(119)
    expect(withRow(pieces, 'nobody', () => null)).toEqual(pieces)
  })

  it('on screen it is what the server has, whatever changed', async () => {
    const step = fc.record({
      id: fc.integer({ min: 0, max: 399 }),
      to: fc.constantFrom('up', 'gone'),
      first: fc.integer({ min: 0, max: 420 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const rows = many(400)
        const { read } = server(rows)
        let pieces = await readAgain(undefined, ALL_ON_SCREEN, read)
        let top = 1000
        for (const { id, to, first } of steps) {
          const at = rows.findIndex((row) => row.id === `r${id}`)
          if (to === 'gone' && at >= 0) rows.splice(at, 1)
          else if (rows[at] !== undefined) rows[at].n = top++
          const start = Math.min(first, rowsOf(pieces).length - 1)
          pieces = await readAgain(pieces, { first: start, last: start + 30 }, read)
          pieces = await readOn(pieces, read)
          // From the piece on screen on, nothing is missing, doubled or old.
          const fresh = pieces.filter((piece) => !piece.stale)
          const truth = rows
            .filter((row) => fresh[0]?.from == null || row.n < Number(fresh[0].from))
            .toSorted((a, b) => b.n - a.n)
          const shown = fresh.flatMap((piece) => piece.items)
          expect(shown).toEqual(truth.slice(0, shown.length))
          const ids = rowsOf(pieces).map((row) => row.id)
          expect(new Set(ids).size).toBe(ids.length)
        }
      }),
      { numRuns: 60 },
    )
  })
})

import { describe, expect, test } from 'vitest'
import { monthsWithin, type Piece, piecesOf, plusDays, type Range } from './ranges.ts'

const range = (more: Partial<Range>): Range => ({
  from: '2026-03-15',
  to: '2026-05-02',
  today: '2026-05-02',
  step: 'day',
  timeZone: 'Asia/Tehran',
  calendar: 'persian',
  locale: 'fa',
  channelIds: [],
  sumIds: [],
  agentIds: undefined,
  complete: true,
  ...more,
})
const covers = (pieces: readonly Piece[], from: string, to: string): void => {
  expect(pieces[0]?.from).toBe(from)
  expect(pieces.at(-1)?.to).toBe(to)
  pieces.forEach((piece, n) => n > 0 && expect(piece.from).toBe(plusDays(pieces[n - 1]?.to ?? '', 1)))
}

describe('a range', () => {
  test('in months of the reader’s calendar: Farvardin begins on 21 March', () => {
    const pieces = piecesOf(range({ step: 'month' }))
    expect(pieces.map((piece) => piece.from)).toEqual(['2026-03-15', '2026-03-21', '2026-04-21'])
    covers(pieces, '2026-03-15', '2026-05-02')
    expect(piecesOf(range({ step: 'month', calendar: 'gregory' })).map((piece) => piece.from)).toEqual([
      '2026-03-15',
      '2026-04-01',
      '2026-05-01',
    ])
  })

  test('in weeks that begin as the reader’s do', () => {
    const pieces = piecesOf(range({ step: 'week' }))
    // 21 March 2026 is a Saturday.
    expect(pieces[1]?.from).toBe('2026-03-21')
    covers(pieces, '2026-03-15', '2026-05-02')
    covers(piecesOf(range({ step: 'week', locale: 'en' })), '2026-03-15', '2026-05-02')
  })

  test('its whole months and the days around them are all of it, and nothing twice', () => {
    for (let from = 0; from < 70; from += 3)
      for (let length = 0; length < 120; length += 7) {
        const first = plusDays('2026-01-01', from)
        const last = plusDays(first, length)
        const { months, days } = monthsWithin(first, last)
        const all = [...days, ...(months ? [months] : [])].sort((a, b) => (a.from < b.from ? -1 : 1))
        covers(all, first, last)
        if (months) expect([months.from.slice(8), plusDays(months.to, 1).slice(8)]).toEqual(['01', '01'])
      }
  })
})

import { describe, expect, test } from 'vitest'
import { daysOf } from './range.ts'
import { type Behind, PERIODS, readBehind, reportSearch, writeBehind } from './search.ts'

describe('the address of a report', () => {
  test('a list in one word reads as it was written', () => {
    const lists: Behind[] = [
      { figure: 'in' },
      { figure: 'out', outcome: 'failed', code: 'a.b=c&d', hour: 0, weekday: 6 },
      { figure: 'response', group: 12, from: '2026-03-01', to: '2026-03-02', channel: '3,4', agent: '9' },
    ]
    for (const list of lists) expect(readBehind(writeBehind(list))).toEqual(list)
    expect(readBehind('nonsense.x=1')).toBeNull()
    expect(readBehind('in.code=%E0%A4%A')).toBeNull()
  })

  test('what makes no sense is left out', () => {
    expect(
      reportSearch({ period: 'ever', from: '2026-02-01', to: '2026-01-01', channel: 'x', by: 'year', list: 'no' }),
    ).toEqual({})
    expect(reportSearch({ from: '2026-01-01', to: '2026-02-01', agent: '4,5', list: 'in' })).toEqual({
      from: '2026-01-01',
      to: '2026-02-01',
      agent: '4,5',
      list: 'in',
    })
  })

  test('named stretches end today or before, and months are the reader’s', () => {
    for (const period of PERIODS) {
      const { from, to } = daysOf({ period }, 'Asia/Tehran', 'persian')
      expect(from <= to, period).toBe(true)
    }
    const { from, to } = daysOf({ period: 'last-month' }, 'Asia/Tehran', 'persian')
    const days = (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1
    expect(days).toBeGreaterThanOrEqual(29)
    expect(days).toBeLessThanOrEqual(31)
  })
})

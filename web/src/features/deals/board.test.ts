import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Deal, DealBoard } from '#shared/api/deals.ts'
import { changedDeal, type Column, dealOf, movedDeal, placeOf, stepOf, withoutDeal } from './board.ts'

function deal(id: string, stageId: string, amount = '10', currency = 'IRR'): Deal {
  const at = '2026-01-01T00:00:00Z'
  return {
    id,
    title: id,
    contact: { id: '1', kind: 'person', name: 'x', avatarFileId: null },
    stageId,
    outcome: 'open',
    amount: { amount, currency },
    expectedOn: null,
    responsibleId: null,
    lostReasonId: null,
    note: '',
    fields: {},
    createdAt: at,
    updatedAt: at,
    stageAt: at,
    closedAt: null,
    version: 1,
  }
}
function board(
  ...columns: { deals: Deal[]; more?: boolean; outcome?: Deal['outcome']; retired?: boolean }[]
): DealBoard {
  return {
    stages: columns.map(({ deals, more = false, outcome = 'open', retired = false }, n): Column => {
      const sums = new Map<string, bigint>()
      for (const { amount } of deals)
        sums.set(amount.currency, (sums.get(amount.currency) ?? 0n) + BigInt(amount.amount))
      return {
        stage: { id: `s${n}`, name: `s${n}`, outcome, probability: 50, position: n, retired },
        total: deals.length,
        amounts: [...sums]
          .filter(([, sum]) => sum !== 0n)
          .map(([currency, sum]) => ({ amount: String(sum), currency })),
        deals,
        nextCursor: more ? 'c' : null,
      }
    }),
  }
}
const ids = ({ stages }: DealBoard): string[][] => stages.map((column) => column.deals.map((one) => one.id))

describe('a move on the board', () => {
  const start = board(
    { deals: [deal('a', 's0'), deal('b', 's0', '7', 'USD'), deal('c', 's0')] },
    { deals: [deal('d', 's1')], outcome: 'won' },
  )
  test('goes before another, to the end, and takes count, sum and outcome along', () => {
    expect(ids(movedDeal(start, 'c', { stageId: 's0', beforeId: 'a' }))).toEqual([['c', 'a', 'b'], ['d']])
    const moved = movedDeal(start, 'b', { stageId: 's1', beforeId: null })
    expect(ids(moved)).toEqual([
      ['a', 'c'],
      ['d', 'b'],
    ])
    expect(moved.stages.map(({ total, amounts }) => [total, amounts])).toEqual([
      [2, [{ amount: '20', currency: 'IRR' }]],
      [
        2,
        [
          { amount: '10', currency: 'IRR' },
          { amount: '7', currency: 'USD' },
        ],
      ],
    ])
    expect(dealOf(moved, 'b')).toMatchObject({ stageId: 's1', outcome: 'won' })
  })
  test('before itself, or of a deal that is not there, changes nothing', () => {
    expect(movedDeal(start, 'a', { stageId: 's0', beforeId: 'a' })).toBe(start)
    expect(movedDeal(start, 'z', { stageId: 's0', beforeId: null })).toBe(start)
  })
  test('to the end of a stage that is longer than what is loaded is counted and out of sight', () => {
    const long = board({ deals: [deal('a', 's0')] }, { deals: [deal('d', 's1')], more: true })
    const moved = movedDeal(long, 'a', { stageId: 's1', beforeId: null })
    expect([ids(moved), moved.stages[1]?.total]).toEqual([[[], ['d']], 2])
  })
  test('and back leaves the board as it was, whatever it was', () => {
    const amount = fc.bigInt(0n, 10n ** 17n).map(String)
    const column = fc.array(fc.tuple(amount, fc.constantFrom('IRR', 'USD')), { maxLength: 5 })
    fc.assert(
      fc.property(
        fc.array(column, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        fc.nat(),
        fc.nat(),
        (columns, x, y, z) => {
          let n = 0
          const start = board(
            ...columns.map((rows, at) => ({
              deals: rows.map(([sum, currency]) => deal(`d${n++}`, `s${at}`, sum, currency)),
            })),
          )
          const all = start.stages.flatMap((one) => one.deals)
          const chosen = all[x % Math.max(1, all.length)]
          const to = start.stages[y % start.stages.length]
          if (chosen === undefined || to === undefined) return
          const beforeId = to.deals[z % (to.deals.length + 1)]?.id ?? null
          const from = placeOf(start, chosen.id)
          const moved = movedDeal(start, chosen.id, { stageId: to.stage.id, beforeId })
          const back = movedDeal(moved, chosen.id, from ?? { stageId: '', beforeId: null })
          expect(ids(back)).toEqual(ids(start))
          const sums = (one: DealBoard) =>
            one.stages.map(({ amounts }) => amounts.toSorted((a, b) => a.currency.localeCompare(b.currency)))
          expect(sums(back)).toEqual(sums(start))
          expect(moved.stages.map((one) => one.total)).toEqual(moved.stages.map((one) => one.deals.length))
        },
      ),
    )
  })
})

test('a change keeps the place, and an older one changes nothing', () => {
  const start = board({ deals: [deal('a', 's0'), deal('b', 's0')] })
  const next = changedDeal(start, { ...deal('a', 's0', '99'), version: 3 })
  expect([ids(next), next.stages[0]?.amounts]).toEqual([[['a', 'b']], [{ amount: '109', currency: 'IRR' }]])
  expect(changedDeal(next, { ...deal('a', 's0', '1'), version: 2 })).toBe(next)
  expect(ids(withoutDeal(next, 'a'))).toEqual([['b']])
})

test('keys step along the column and between columns, over retired ones', () => {
  const start = board(
    { deals: [deal('a', 's0'), deal('b', 's0')] },
    { deals: [deal('r', 's1')], retired: true },
    { deals: [deal('c', 's2')] },
  )
  expect(stepOf(start, 'a', 'up')).toBeUndefined()
  expect(stepOf(start, 'a', 'down')).toEqual({ stageId: 's0', beforeId: null })
  expect(stepOf(start, 'b', 'down')).toBeUndefined()
  expect(stepOf(start, 'b', 'up')).toEqual({ stageId: 's0', beforeId: 'a' })
  expect(stepOf(start, 'a', 'next')).toEqual({ stageId: 's2', beforeId: 'c' })
  expect(stepOf(start, 'b', 'next')).toEqual({ stageId: 's2', beforeId: null })
  expect(stepOf(start, 'a', 'previous')).toBeUndefined()
  expect(stepOf(start, 'r', 'previous')).toEqual({ stageId: 's0', beforeId: 'a' })
})

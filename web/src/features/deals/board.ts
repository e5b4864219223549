import type { Money } from '#shared/api/field-values.ts'
import type { Deal, DealBoard } from '#shared/api/deals.ts'

/** What moves, changes and deletions do to the board on screen, before the server has said so. Pure. */
export type Column = DealBoard['stages'][number]

/** Into a stage, before another deal of it; null: at the end. */
export interface Place {
  stageId: string
  beforeId: string | null
}

export function columnOf(board: DealBoard, id: string): Column | undefined {
  return board.stages.find((column) => column.deals.some((deal) => deal.id === id))
}
export function dealOf(board: DealBoard | undefined, id: string): Deal | undefined {
  return board?.stages.flatMap((column) => column.deals).find((deal) => deal.id === id)
}
/** Where the deal stands; what follows it may not be loaded: then its place is the end. */
export function placeOf(board: DealBoard, id: string): Place | undefined {
  const column = columnOf(board, id)
  if (column === undefined) return undefined
  const at = column.deals.findIndex((deal) => deal.id === id)
  return { stageId: column.stage.id, beforeId: column.deals[at + 1]?.id ?? null }
}

/** Sums by currency; none that is nothing. */
function plus(amounts: readonly Money[], { amount, currency }: Money, sign: 1n | -1n): Money[] {
  const known = amounts.some((one) => one.currency === currency)
  const all = known ? amounts : [...amounts, { amount: '0', currency }]
  return all
    .map((one) =>
      one.currency === currency ? { ...one, amount: String(BigInt(one.amount) + sign * BigInt(amount)) } : one,
    )
    .filter((one) => one.amount !== '0')
}

/** Without the deal, in whichever column it stands. */
export function withoutDeal(board: DealBoard, id: string): DealBoard {
  return {
    stages: board.stages.map((column) => {
      const deal = column.deals.find((one) => one.id === id)
      if (deal === undefined) return column
      return {
        ...column,
        total: Math.max(0, column.total - 1),
        amounts: plus(column.amounts, deal.amount, -1n),
        deals: column.deals.filter((one) => one.id !== id),
      }
    }),
  }
}

/** With the deal at a place. At the end of a stage that is not loaded to its end it is counted, and not in sight. */
function withDeal(board: DealBoard, deal: Deal, { stageId, beforeId }: Place): DealBoard {
  return {
    stages: board.stages.map((column) => {
      if (column.stage.id !== stageId) return column
      const at = beforeId === null ? -1 : column.deals.findIndex((one) => one.id === beforeId)
      const hidden = at < 0 && column.nextCursor !== null
      const placed = { ...deal, stageId, outcome: column.stage.outcome }
      const { deals } = column
      return {
        ...column,
        total: column.total + 1,
        amounts: plus(column.amounts, deal.amount, 1n),
        deals: hidden ? deals : deals.toSpliced(at < 0 ? deals.length : at, 0, placed),
      }
    }),
  }
}

/** The same deal as somebody changed it; where it stands, it stays. An older version than the one shown changes nothing. */
export function changedDeal(board: DealBoard, deal: Deal): DealBoard {
  const known = dealOf(board, deal.id)
  const place = placeOf(board, deal.id)
  if (known === undefined || place === undefined || known.version > deal.version) return board
  const now = place.stageId === deal.stageId ? place : { stageId: deal.stageId, beforeId: null }
  return withDeal(withoutDeal(board, deal.id), deal, now)
}

export function movedDeal(board: DealBoard, id: string, place: Place): DealBoard {
  const deal = dealOf(board, id)
  // Before itself: where it is.
  if (deal === undefined || place.beforeId === id) return board
  return withDeal(withoutDeal(board, id), deal, place)
}

/** One step with the keys: along the column, or into the next one at about the same height. */
export function stepOf(board: DealBoard, id: string, step: 'up' | 'down' | 'next' | 'previous'): Place | undefined {
  const column = columnOf(board, id)
  if (column === undefined) return undefined
  const at = column.deals.findIndex((deal) => deal.id === id)
  if (step === 'up') {
    const above = column.deals[at - 1]
    return above && { stageId: column.stage.id, beforeId: above.id }
  }
  if (step === 'down') {
    if (at === column.deals.length - 1) return undefined
    return { stageId: column.stage.id, beforeId: column.deals[at + 2]?.id ?? null }
  }
  const open = board.stages.filter((one) => !one.stage.retired || one === column)
  const to = open[open.indexOf(column) + (step === 'next' ? 1 : -1)]
  return to && { stageId: to.stage.id, beforeId: to.deals[at]?.id ?? null }
}

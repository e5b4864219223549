import { type KeyboardEvent as ReactKeyboardEvent, useEffect, useId, useRef, useState } from 'react'
import type { Deal, DealBoard } from '#shared/api/deals.ts'
import { useI18n } from '../../i18n.ts'
import { queryClient } from '../../session/session.ts'
import { toastProblem } from '../../ui/toast.tsx'
import { useEvent } from '../../ui/use-event.ts'
import { columnOf, dealOf, movedDeal, type Place, placeOf, stepOf } from './board.ts'
import { BoardColumn } from './column.tsx'
import css from './deals.module.css'
import { useBoardDrop } from './drag.ts'
import { type BoardFilter, boardKey, readColumn, useStages } from './queries.ts'

interface BoardProps {
  board: DealBoard
  filter: BoardFilter
  mayEdit: boolean
  stale: boolean
  /** Only this stage, over the whole width: on phones. */
  only: string | null
  onMove: (deal: Deal, place: Place) => void
}

/**
 * The board. Cards are carried by the mouse, by the keys (Space picks up, arrows carry, Space puts down, Escape takes back)
 * and by their menus. While one is carried by keys the board shows it where it would be; nothing is sent before it is put.
 */
export function BoardView({ board, filter, mayEdit, stale, only, onMove }: BoardProps) {
  const { t, n, dir } = useI18n()
  const stages = useStages()
  const helpId = useId()
  const [carried, setCarried] = useState<{ id: string; board: DealBoard } | null>(null)
  const [said, setSaid] = useState('')
  const [focus, setFocus] = useState<{ id: string } | null>(null)
  const shown = carried?.board ?? board
  const over = useBoardDrop(board, (id, place) => {
    const deal = dealOf(board, id)
    if (deal !== undefined) onMove(deal, place)
  })
  const accepts = useEvent((dealId: string, stageId: string): boolean => {
    const column = board.stages.find((one) => one.stage.id === stageId)
    return column !== undefined && (!column.stage.retired || columnOf(board, dealId) === column)
  })
  const readOn = useReadOn(filter)

  const whereSaid = (now: DealBoard, id: string): string => {
    const column = columnOf(now, id)
    const place = (column?.deals.findIndex((deal) => deal.id === id) ?? 0) + 1
    return t('deals.said.at', { stage: column?.stage.name ?? '', place: n(place), count: n(column?.total ?? 0) })
  }
  const grab = (id: string) => {
    setCarried({ id, board })
    setSaid(t('deals.said.grabbed', { title: dealOf(board, id)?.title ?? '' }))
  }
  const put = () => {
    if (carried === null) return
    const { id } = carried
    const [deal, place, before] = [dealOf(board, id), placeOf(carried.board, id), placeOf(board, id)]
    setCarried(null)
    setFocus({ id })
    if (deal === undefined || place === undefined) return
    const same = place.stageId === before?.stageId && place.beforeId === before.beforeId
    const stage = columnOf(carried.board, id)?.stage.name ?? ''
    setSaid(t(same ? 'deals.said.back' : 'deals.said.put', { title: deal.title, stage }))
    if (!same) onMove(deal, place)
  }
  const takeBack = () => {
    if (carried === null) return
    setCarried(null)
    setFocus({ id: carried.id })
    setSaid(t('deals.said.back', { title: dealOf(board, carried.id)?.title ?? '' }))
  }
  const step = (id: string, to: 'up' | 'down' | 'next' | 'previous') => {
    if (carried === null) {
      const next = neighbour(shown, id, to)
      if (next !== undefined) setFocus({ id: next })
      return
    }
    const place = stepOf(carried.board, carried.id, to)
    if (place === undefined) return
    const next = movedDeal(carried.board, carried.id, place)
    setCarried({ id: carried.id, board: next })
    setFocus({ id: carried.id })
    setSaid(whereSaid(next, carried.id))
  }
  const isRtl = dir === 'rtl'
  /** What an arrow means on the board; from right to left the next stage stands to the left. */
  const stepOfKey = (key: string): 'up' | 'down' | 'next' | 'previous' | undefined => {
    if (key === 'ArrowUp') return 'up'
    if (key === 'ArrowDown') return 'down'
    if (key === 'ArrowLeft') return isRtl ? 'next' : 'previous'
    return key === 'ArrowRight' ? (isRtl ? 'previous' : 'next') : undefined
  }
  const onKeyDown = (event: ReactKeyboardEvent) => {
    if (!(event.target instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.altKey) return
    const id = event.target.dataset['dealLink']
    if (id === undefined) return
    const to = stepOfKey(event.key)
    if (to !== undefined) step(id, to)
    else if (event.key === ' ' && mayEdit) grab(id)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  const carry = useEvent((event: KeyboardEvent) => {
    if (carried === null || event.ctrlKey || event.metaKey || event.altKey) return
    const to = stepOfKey(event.key)
    if (to !== undefined) step(carried.id, to)
    else if (event.key === ' ' || event.key === 'Enter') put()
    else if (event.key === 'Escape') takeBack()
    else return
    event.preventDefault()
    event.stopPropagation()
  })
  const isCarrying = carried !== null
  useEffect(() => {
    if (!isCarrying) return
    // Everywhere: a card that goes to another column is drawn anew, and for a moment nothing has the focus.
    document.addEventListener('keydown', carry, true)
    return () => document.removeEventListener('keydown', carry, true)
  }, [isCarrying, carry])
  return (
    <div
      className={css.board}
      role="group"
      aria-label={t('deals.board')}
      data-stale={stale || undefined}
      data-only={only === null ? undefined : ''}
      onKeyDown={onKeyDown}
      onPointerDown={takeBack}
      onBlur={(event) => {
        // Tabbing away is no way to put a card down; the focus moves by itself only while a card is redrawn.
        if (event.relatedTarget instanceof Node && !event.currentTarget.contains(event.relatedTarget)) takeBack()
      }}
    >
      <p id={helpId} hidden>
        {t('deals.keys.help')}
      </p>
      <div className="visually-hidden" role="status" aria-live="assertive">
        {said}
      </div>
      {shown.stages
        .filter((column) => only === null || column.stage.id === only)
        .map((column) => (
          <BoardColumn
            key={column.stage.id}
            column={column}
            stages={stages}
            mayEdit={mayEdit}
            over={over?.stageId === column.stage.id ? over : null}
            grabbedId={carried?.id ?? null}
            focus={focus}
            helpId={helpId}
            accepts={(dealId) => accepts(dealId, column.stage.id)}
            onMove={onMove}
            onReadOn={() => readOn(column.stage.id)}
          />
        ))}
    </div>
  )
}

/** Whose card the focus goes to from a card. */
function neighbour(board: DealBoard, id: string, to: 'up' | 'down' | 'next' | 'previous'): string | undefined {
  const column = columnOf(board, id)
  const at = column?.deals.findIndex((deal) => deal.id === id) ?? -1
  if (column === undefined) return undefined
  if (to === 'up' || to === 'down') return column.deals[at + (to === 'up' ? -1 : 1)]?.id
  const by = to === 'next' ? 1 : -1
  // Empty columns are passed over.
  for (let other = board.stages.indexOf(column) + by; ; other += by) {
    const next = board.stages[other]
    if (next === undefined) return undefined
    const deal = next.deals[Math.min(at, next.deals.length - 1)]
    if (deal !== undefined) return deal.id
  }
}

const MORE = 50

/** Reads more of a column into the board that is on screen; one reading of a column at a time. */
function useReadOn(filter: BoardFilter): (stageId: string) => void {
  const reading = useRef(new Set<string>())
  return useEvent((stageId: string) => {
    const key = boardKey(filter)
    const column = queryClient.getQueryData<DealBoard>(key)?.stages.find((one) => one.stage.id === stageId)
    if (column === undefined || column.nextCursor === null || reading.current.has(stageId)) return
    reading.current.add(stageId)
    readColumn(filter, column, MORE)
      .then((more) =>
        queryClient.setQueryData<DealBoard>(key, (now) => {
          const same = now?.stages.some((one) => one.stage.id === stageId && one.nextCursor === column.nextCursor)
          if (now === undefined || same !== true) return now
          return { stages: now.stages.map((one) => (one.stage.id === stageId ? { ...one, ...more } : one)) }
        }),
      )
      .catch(toastProblem)
      .finally(() => reading.current.delete(stageId))
  })
}

import { combine } from '@atlaskit/pragmatic-drag-and-drop/combine'
import { draggable, dropTargetForElements, monitorForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter'
import type { BaseEventPayload, ElementDragType } from '@atlaskit/pragmatic-drag-and-drop/types'
import { type RefObject, useEffect, useState } from 'react'
import type { DealBoard } from '#shared/api/deals.ts'
import { useEvent } from '../../ui/use-event.ts'
import { columnOf, type Place, placeOf } from './board.ts'

/** Cards by the mouse. Keys and menus do the same (see board-view.tsx): nothing can be done by dragging alone. */

export function useCardDrag(ref: RefObject<HTMLElement | null>, dealId: string, enabled: boolean): boolean {
  const [dragging, setDragging] = useState(false)
  useEffect(() => {
    const element = ref.current
    if (element === null || !enabled) return
    return combine(
      draggable({
        element,
        getInitialData: () => ({ dealId }),
        onDragStart: () => setDragging(true),
        onDrop: () => setDragging(false),
      }),
      dropTargetForElements({
        element,
        canDrop: ({ source }) => typeof source.data['dealId'] === 'string',
        getData: ({ input }) => {
          const { top, height } = element.getBoundingClientRect()
          return { overId: dealId, after: input.clientY > top + height / 2 }
        },
      }),
    )
  }, [ref, dealId, enabled])
  return dragging
}

/** @param accepts whether a deal may be put into the stage */
export function useColumnDrop(
  ref: RefObject<HTMLElement | null>,
  stageId: string,
  accepts: (dealId: string) => boolean,
): void {
  const mayDrop = useEvent(accepts)
  useEffect(() => {
    const element = ref.current
    if (element === null) return
    return dropTargetForElements({
      element,
      canDrop: ({ source }) => typeof source.data['dealId'] === 'string' && mayDrop(source.data['dealId']),
      getData: () => ({ stageId }),
    })
  }, [ref, stageId, mayDrop])
}

type Payload = BaseEventPayload<ElementDragType>

function placeUnder({ location }: Payload, board: DealBoard): Place | null {
  const targets = location.current.dropTargets
  const stageId = targets.find((target) => typeof target.data['stageId'] === 'string')?.data['stageId']
  if (typeof stageId !== 'string') return null
  const card = targets.find((target) => typeof target.data['overId'] === 'string')
  const overId = card?.data['overId']
  if (typeof overId !== 'string') return { stageId, beforeId: null }
  if (card?.data['after'] !== true) return { stageId, beforeId: overId }
  return { stageId, beforeId: placeOf(board, overId)?.beforeId ?? null }
}

/** Where what is dragged would be put; null: nowhere. `onMove` when it is let go at another place than its own. */
export function useBoardDrop(board: DealBoard, onMove: (dealId: string, place: Place) => void): Place | null {
  const [over, setOver] = useState<Place | null>(null)
  const drag = useEvent((payload: Payload) => {
    const next = placeUnder(payload, board)
    setOver((now) => (now?.stageId === next?.stageId && now?.beforeId === next?.beforeId ? now : next))
  })
  const drop = useEvent((payload: Payload) => {
    setOver(null)
    const dealId = payload.source.data['dealId']
    const place = placeUnder(payload, board)
    if (typeof dealId !== 'string' || place === null) return
    const own = placeOf(board, dealId)
    const stays = own?.stageId === place.stageId && (own.beforeId === place.beforeId || place.beforeId === dealId)
    if (columnOf(board, dealId) !== undefined && !stays) onMove(dealId, place)
  })
  useEffect(() => monitorForElements({ onDrag: drag, onDropTargetChange: drag, onDrop: drop }), [drag, drop])
  return over
}

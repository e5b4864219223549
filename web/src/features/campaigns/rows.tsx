import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, useEffect, useRef } from 'react'
import { useI18n } from '../../i18n.ts'
import { LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { keepPlace, type List, placeOf } from '../lists/use-list.ts'
import { piecesIn } from '../lists/pieces.ts'
import css from './campaigns.module.css'

interface RowsProps<T extends { id: string }> {
  list: List<T>
  label: string
  /** What stands there when there is nothing. */
  empty: ReactNode
  height: number
  testId: string
  row: (item: T) => ReactNode
}

/** A list of any length: rows are drawn as they come into sight and read on before the end; arrows go from one to the next. */
export function Rows<T extends { id: string }>(props: RowsProps<T>) {
  const { list, empty } = props
  if (list.isPending) return <Skeleton height={180} />
  if (list.error !== null && list.rows.length === 0) return <LoadFailed error={list.error} retry={list.readAgain} />
  if (list.rows.length === 0 && !list.isPast) return <p className={css.nothing}>{empty}</p>
  return <Drawn key={list.place} {...props} />
}

function Drawn<T extends { id: string }>({ list, label, height, testId, row }: RowsProps<T>) {
  const { t } = useI18n()
  const scroller = useRef<HTMLDivElement>(null)
  const { rows, place, pieces, hasMore, isPast, error, readOn, readAgain } = list
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 10,
    getItemKey: (index) => rows[index]?.id ?? index,
  })
  useEffect(() => virtual.measure(), [height, virtual])
  const shown = virtual.getVirtualItems()
  const first = shown[0]?.index ?? 0
  const last = shown.at(-1)?.index ?? 0
  useEffect(() => {
    if (!isPast) keepPlace(place, { window: { first, last } })
  }, [place, first, last, isPast])
  useEffect(() => {
    if (hasMore && !isPast && error === null && last >= rows.length - 40) readOn()
  }, [last, rows.length, hasMore, isPast, error, readOn])
  useEffect(() => {
    if (isPast) return
    const { start, end } = piecesIn(pieces, placeOf(place).window)
    if (pieces.slice(start, end + 1).some((piece) => piece.stale)) readAgain()
  }, [pieces, place, first, last, isPast, readAgain])
  return (
    <div
      ref={scroller}
      className={css.rows}
      data-testid={testId}
      aria-busy={isPast || list.isReadingOn}
      tabIndex={-1}
      onKeyDown={(event) => {
        const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
        const li = event.target instanceof Element ? event.target.closest('li[data-index]') : null
        if (step === 0 || li === null) return
        const at = Number(li.getAttribute('data-index')) + step
        const next = scroller.current?.querySelector<HTMLElement>(`li[data-index="${at}"] :is(a, button)`)
        if (next == null) return
        event.preventDefault()
        next.focus()
        virtual.scrollToIndex(at)
      }}
    >
      <ol aria-label={label} style={{ blockSize: virtual.getTotalSize() }}>
        {shown.map(({ index, start }) => {
          const item = rows[index]
          if (item === undefined) return null
          return (
            <li
              key={item.id}
              className={css.row}
              data-index={index}
              data-opens
              style={{ transform: `translateY(${start}px)` }}
              aria-posinset={index + 1}
              aria-setsize={hasMore ? -1 : rows.length}
            >
              {row(item)}
            </li>
          )
        })}
      </ol>
      {hasMore && (
        <p className={css.nothing} aria-hidden>
          {t('campaigns.rows.more')}
        </p>
      )}
    </div>
  )
}

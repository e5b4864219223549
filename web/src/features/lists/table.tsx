import { useVirtualizer } from '@tanstack/react-virtual'
import { memo, type ReactNode, useEffect, useLayoutEffect, useMemo, useRef } from 'react'
import { useI18n } from '../../i18n.ts'
import { Skeleton } from '../../ui/bits.tsx'
import { useEvent } from '../../ui/use-event.ts'
import { type ColumnMemory, widthOf } from './columns.ts'
import type { ListField } from './list-field.ts'
import { piecesIn } from './pieces.ts'
import { isChosen, type Selection } from './selection.ts'
import css from './table.module.css'
import { TableHead, type TableHeadProps } from './table-head.tsx'
import { keepPlace, type List, placeOf } from './use-list.ts'
import { useRowKeys } from './row-keys.ts'

const HEAD_HEIGHT = 36
const ROW_HEIGHT = 40
const LINE_HEIGHT = 66
const CHECK_WIDTH = 44

interface TableProps<T extends { id: string }> extends Omit<TableHeadProps, 'template' | 'state'> {
  label: string
  list: List<T>
  narrow: boolean
  selection: Selection
  onSelect: (change: 'toggle' | 'range', id: string) => void
  onChooseAll: () => void
  onUnselect: () => void
  onOpen: (row: T) => void
  nameOf: (row: T) => string
  cell: (row: T, field: ListField) => ReactNode
  /** A row where there is no room for columns: what stands beside the face. */
  line: (row: T) => ReactNode
  face: (row: T) => ReactNode
  testId: string
  /** How wide the table is on screen. */
  onSpace: (width: number) => void
}

/** The columns of every row and of the head: those never resized share what is left. */
function templateOf(columns: readonly ListField[], memory: ColumnMemory): { template: string; width: number } {
  const widths = columns.map((field, index) => widthOf(field, index === 0, memory))
  const own = columns.map((field) => memory.widths?.[field.name] !== undefined)
  const parts = widths.map((width, index) => (own[index] === true ? `${width}px` : `minmax(${width}px, ${width}fr)`))
  // Where every width was chosen, what is left stays empty.
  const rest = own.every(Boolean) ? ' minmax(0, 1fr)' : ''
  return {
    template: `${CHECK_WIDTH}px ${parts.join(' ')}${rest}`,
    width: widths.reduce((sum, width) => sum + width, CHECK_WIDTH),
  }
}

/** A table of any length: rows are drawn as they come into sight, the head and the names stay in sight. */
export function Table<T extends { id: string }>(props: TableProps<T>) {
  return <Rows key={props.list.place} {...props} />
}

function Rows<T extends { id: string }>(props: TableProps<T>) {
  const { list, narrow, columns, memory, selection, onSelect, onOpen, nameOf, cell, line, face } = props
  const { t } = useI18n()
  const { rows, place } = list
  const scroller = useRef<HTMLDivElement>(null)
  const height = narrow ? LINE_HEIGHT : ROW_HEIGHT
  const head = narrow ? 0 : HEAD_HEIGHT
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 12,
    scrollMargin: head,
    scrollPaddingStart: head,
    scrollPaddingEnd: 8,
    initialOffset: () => placeOf(place).offset,
    getItemKey: (index) => rows[index]?.id ?? index,
  })
  useEffect(() => virtual.measure(), [height, virtual])
  const shown = virtual.getVirtualItems()
  const first = shown[0]?.index ?? 0
  const last = shown.at(-1)?.index ?? 0
  useOnward(list, first, last)
  const anchor = useAnchor(rows, scroller, height)
  const { cursor, setCursor } = useRowKeys({ ...props, scroller, scrollTo: (index) => virtual.scrollToIndex(index) })
  useSpace(scroller, props.onSpace)
  const layout = useMemo(() => templateOf(columns, memory), [columns, memory])
  const press = useEvent((row: T, event: React.MouseEvent) => {
    // Controls and links have their own use for it; so has whoever marks a number to copy it.
    if (event.target instanceof Element && event.target.closest('a, button, input, label, [role=dialog]') !== null)
      return
    if (getSelection()?.isCollapsed === false) return
    if (event.shiftKey) onSelect('range', row.id)
    else if (event.ctrlKey || event.metaKey) onSelect('toggle', row.id)
    else onOpen(row)
  })
  const select = useEvent((row: T, range: boolean) => {
    setCursor(row.id, false)
    onSelect(range ? 'range' : 'toggle', row.id)
  })
  const chosenOnScreen = rows.length > 0 && rows.every((row) => isChosen(selection, row.id))
  const state = chosenOnScreen ? 'all' : selection.all || selection.ids.size > 0 ? 'some' : 'none'
  return (
    <div
      ref={scroller}
      className={css.scroll}
      data-testid={props.testId}
      data-stale={list.isPast || undefined}
      data-selecting={state !== 'none' || undefined}
      aria-busy={list.isPast || list.isReadingOn}
      onScroll={(event) => {
        const { scrollTop } = event.currentTarget
        keepPlace(place, { offset: scrollTop })
        anchor.current = anchorAt(rows, scrollTop, height)
      }}
    >
      <div
        role="grid"
        aria-label={props.label}
        aria-rowcount={list.hasMore ? -1 : rows.length + 1}
        aria-colcount={columns.length + 1}
        aria-multiselectable
        className={css.table}
        style={narrow ? undefined : { minInlineSize: layout.width }}
      >
        {!narrow && <TableHead {...props} template={layout.template} state={state} />}
        <div role="rowgroup" className={css.body} style={{ blockSize: virtual.getTotalSize() }}>
          {shown.map(({ index, start }) => {
            const row = rows[index]
            if (row === undefined) return null
            const on = isChosen(selection, row.id)
            const common = {
              row,
              index,
              top: start - head,
              chosen: on,
              current: row.id === cursor,
              label: t('table.select', { name: nameOf(row) }),
              onSelect: select,
              onPress: press,
            }
            return narrow ? (
              <Line key={row.id} {...common} face={face} line={line} />
            ) : (
              <Row key={row.id} {...common} columns={columns} template={layout.template} cell={cell} />
            )
          })}
        </div>
      </div>
      {list.hasMore && <Coming narrow={narrow} />}
    </div>
  )
}

interface CommonRowProps<T> {
  row: T
  index: number
  top: number
  chosen: boolean
  current: boolean
  label: string
  onSelect: (row: T, range: boolean) => void
  onPress: (row: T, event: React.MouseEvent) => void
}

function Check<T>({ row, chosen, current, label, onSelect }: Omit<CommonRowProps<T>, 'index' | 'top' | 'onPress'>) {
  return (
    <input
      type="checkbox"
      aria-label={label}
      checked={chosen}
      tabIndex={current ? 0 : -1}
      onChange={(event) => onSelect(row, event.nativeEvent instanceof MouseEvent && event.nativeEvent.shiftKey)}
    />
  )
}

const Row = memo(function Row<T extends { id: string }>({
  columns,
  template,
  cell,
  ...common
}: CommonRowProps<T> & { columns: readonly ListField[]; template: string; cell: TableProps<T>['cell'] }) {
  const { row, index, top, chosen, current, onPress } = common
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={chosen}
      data-index={index}
      data-current={current || undefined}
      className={css.row}
      style={{ transform: `translateY(${top}px)`, gridTemplateColumns: template }}
      onClick={(event) => onPress(row, event)}
      onKeyDown={undefined}
    >
      <div role="gridcell" className={css.check}>
        <label className={css.checkArea}>
          <Check {...common} />
        </label>
      </div>
      {columns.map((field, at) => (
        <div
          key={field.name}
          role={at === 0 ? 'rowheader' : 'gridcell'}
          className={at === 0 ? css.name : css.cell}
          data-type={field.type}
        >
          {cell(row, field)}
        </div>
      ))}
    </div>
  )
}) as <T extends { id: string }>(
  props: CommonRowProps<T> & { columns: readonly ListField[]; template: string; cell: TableProps<T>['cell'] },
) => ReactNode

const Line = memo(function Line<T extends { id: string }>({
  face,
  line,
  ...common
}: CommonRowProps<T> & Pick<TableProps<T>, 'face' | 'line'>) {
  const { row, index, top, chosen, current, onPress } = common
  return (
    <div
      role="row"
      aria-rowindex={index + 1}
      aria-selected={chosen}
      data-index={index}
      data-current={current || undefined}
      className={css.line}
      style={{ transform: `translateY(${top}px)` }}
      onClick={(event) => onPress(row, event)}
      onKeyDown={undefined}
    >
      <div role="gridcell" className={css.lineFace}>
        <label className={css.faceArea}>
          <Check {...common} />
          {face(row)}
        </label>
      </div>
      <div role="rowheader" className={css.lineText}>
        {line(row)}
      </div>
    </div>
  )
}) as <T extends { id: string }>(props: CommonRowProps<T> & Pick<TableProps<T>, 'face' | 'line'>) => ReactNode

/** Reads on before the end is in sight, and again what is old where one comes to it. */
function useOnward<T extends { id: string }>(list: List<T>, first: number, last: number): void {
  const { rows, pieces, place, hasMore, isPast, error, readOn, readAgain } = list
  useEffect(() => {
    if (!isPast) keepPlace(place, { window: { first, last } })
  }, [place, first, last, isPast])
  useEffect(() => {
    if (hasMore && !isPast && error === null && last >= rows.length - 60) readOn()
  }, [last, rows.length, hasMore, isPast, error, readOn])
  useEffect(() => {
    if (isPast) return
    const { start, end } = piecesIn(pieces, { first, last })
    if (pieces.slice(start, end + 1).some((piece) => piece.stale)) readAgain()
  }, [pieces, first, last, isPast, readAgain])
}

interface Anchor {
  id: string
  offset: number
  /** Those that follow, should it go. */
  others: readonly string[]
}
function anchorAt(rows: readonly { id: string }[], scrollTop: number, height: number): Anchor | null {
  const index = Math.floor(scrollTop / height)
  const [row, ...others] = rows.slice(index, index + 8)
  return row === undefined
    ? null
    : { id: row.id, offset: scrollTop - index * height, others: others.map((one) => one.id) }
}

/** Below the top, the row one looks at stays where it is, whatever comes or goes above it. */
function useAnchor(rows: readonly { id: string }[], scroller: React.RefObject<HTMLDivElement | null>, height: number) {
  const anchor = useRef<Anchor | null>(null)
  useLayoutEffect(() => {
    const element = scroller.current
    const at = anchor.current
    if (element === null || at === null || element.scrollTop === 0) return
    for (const [n, id] of [at.id, ...at.others].entries()) {
      const index = rows.findIndex((row) => row.id === id)
      if (index < 0) continue
      const top = (index - n) * height + at.offset
      if (Math.abs(element.scrollTop - top) > 1) element.scrollTo({ top })
      return
    }
  }, [rows, scroller, height])
  return anchor
}

function useSpace(scroller: React.RefObject<HTMLDivElement | null>, tell: (width: number) => void): void {
  const told = useEvent(tell)
  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null) return
    const observer = new ResizeObserver(() => told(element.clientWidth))
    observer.observe(element)
    told(element.clientWidth)
    return () => observer.disconnect()
  }, [scroller, told])
}

/** What is being read on: seen only by those who scroll faster than it comes. */
function Coming({ narrow }: { narrow: boolean }) {
  return (
    <div aria-hidden>
      {Array.from({ length: 4 }, (_, index) => (
        <SkeletonRow key={index} index={index} narrow={narrow} />
      ))}
    </div>
  )
}

function SkeletonRow({ index, narrow }: { index: number; narrow: boolean }) {
  return (
    <div className={css.skeleton} style={{ blockSize: narrow ? LINE_HEIGHT : ROW_HEIGHT }}>
      <Skeleton width={narrow ? 38 : 26} height={narrow ? 38 : 26} round />
      <Skeleton width={`${(narrow ? 46 : 18) - ((index * 7) % 9)}%`} height={13} />
      {!narrow && <Skeleton width={`${14 - ((index * 5) % 6)}%`} height={12} />}
      {!narrow && <Skeleton width={`${20 - ((index * 11) % 9)}%`} height={12} />}
    </div>
  )
}

export function TableSkeleton({ narrow }: { narrow: boolean }) {
  return (
    <div className={css.scroll} aria-busy="true">
      {Array.from({ length: 14 }, (_, index) => (
        <SkeletonRow key={index} index={index} narrow={narrow} />
      ))}
    </div>
  )
}

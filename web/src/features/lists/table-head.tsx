import { useEffect, useRef, useState } from 'react'
import { useI18n } from '../../i18n.ts'
import { Menu, MenuDivider, MenuItem } from '../../ui/menu.tsx'
import { type ColumnMemory, held, widthOf } from './columns.ts'
import {
  IconArrowDown,
  IconArrowLeft,
  IconArrowRight,
  IconArrowUp,
  IconChevronDown,
  IconEyeOff,
  IconFilter,
} from './icons.ts'
import type { ListField } from './list-field.ts'
import css from './table.module.css'

export interface TableHeadProps {
  columns: readonly ListField[]
  memory: ColumnMemory
  template: string
  /** Whether all rows, some or none are chosen. */
  state: 'all' | 'some' | 'none'
  /** A field's name, `-` before it for descending. */
  sort: string | null
  onSort: (sort: string | null) => void
  onChooseAll: () => void
  onUnselect: () => void
  /** The names in their new order. */
  onColumns: (names: string[]) => void
  /** Null: as wide as usual. */
  onWidth: (name: string, width: number | null) => void
  onFilter: (name: string) => void
}

/** The names of the columns: press to sort, drag to move, drag an edge to resize, the rest in the menu of each. */
export function TableHead(props: TableHeadProps) {
  const { columns, template, state, onChooseAll, onUnselect } = props
  const { t } = useI18n()
  const box = useRef<HTMLInputElement>(null)
  const [dragged, setDragged] = useState<string | null>(null)
  useEffect(() => {
    if (box.current !== null) box.current.indeterminate = state === 'some'
  }, [state])
  return (
    <div role="rowgroup" className={css.head}>
      <div role="row" aria-rowindex={1} className={css.headRow} style={{ gridTemplateColumns: template }}>
        <div role="columnheader" className={css.check}>
          <label className={css.checkArea}>
            <input
              ref={box}
              type="checkbox"
              aria-label={t('table.select.all')}
              checked={state === 'all'}
              onChange={() => (state === 'none' ? onChooseAll() : onUnselect())}
            />
          </label>
        </div>
        {columns.map((field, index) => (
          <HeadCell key={field.name} {...props} field={field} index={index} dragged={dragged} onDrag={setDragged} />
        ))}
      </div>
    </div>
  )
}

interface HeadCellProps extends TableHeadProps {
  field: ListField
  index: number
  dragged: string | null
  onDrag: (name: string | null) => void
}

function HeadCell({ field, index, dragged, onDrag, ...head }: HeadCellProps) {
  const { columns, sort, onSort, onColumns } = head
  const [over, setOver] = useState<'before' | 'after' | null>(null)
  const cell = useRef<HTMLDivElement>(null)
  const { name, label, sortable } = field
  const direction = sort === name ? 'ascending' : sort === `-${name}` ? 'descending' : null
  const names = columns.map((one) => one.name)
  /** Whether it would be put before this one or behind it. */
  const sideOf = (event: React.DragEvent): 'before' | 'after' => {
    const { left, width } = event.currentTarget.getBoundingClientRect()
    const isLeft = event.clientX < left + width / 2
    return isLeft === (document.documentElement.dir !== 'rtl') && index > 0 ? 'before' : 'after'
  }
  return (
    <div
      ref={cell}
      role="columnheader"
      aria-sort={sortable ? (direction ?? 'none') : undefined}
      className={index === 0 ? css.headName : css.headCell}
      data-over={over ?? undefined}
      data-dragged={dragged === name || undefined}
      draggable={index > 0}
      onDragStart={(event) => {
        event.dataTransfer.effectAllowed = 'move'
        event.dataTransfer.setData('text/plain', label)
        onDrag(name)
      }}
      onDragEnd={() => {
        onDrag(null)
        setOver(null)
      }}
      onDragOver={(event) => {
        if (dragged === null || dragged === name) return
        event.preventDefault()
        setOver(sideOf(event))
      }}
      onDragLeave={() => setOver(null)}
      onDrop={(event) => {
        event.preventDefault()
        const side = sideOf(event)
        setOver(null)
        if (dragged === null || dragged === name) return
        const rest = names.filter((one) => one !== dragged)
        onColumns(rest.toSpliced(rest.indexOf(name) + (side === 'after' ? 1 : 0), 0, dragged))
      }}
    >
      {sortable ? (
        <button
          type="button"
          className={css.sort}
          onClick={() => onSort(direction === 'ascending' ? `-${name}` : name)}
        >
          <span className="ellipsis">{label}</span>
          {direction === 'ascending' && <IconArrowUp size={14} aria-hidden />}
          {direction === 'descending' && <IconArrowDown size={14} aria-hidden />}
        </button>
      ) : (
        <span className={`${css.sort} ellipsis`}>{label}</span>
      )}
      <HeadMenu field={field} index={index} names={names} {...head} />
      <Edge field={field} first={index === 0} cell={cell} {...head} />
    </div>
  )
}

function HeadMenu({
  field,
  index,
  names,
  onSort,
  onColumns,
  onFilter,
  onWidth,
  memory,
}: TableHeadProps & { field: ListField; index: number; names: string[] }) {
  const { t } = useI18n()
  const { name, label, sortable, filterable } = field
  const swap = (by: -1 | 1) => {
    const other = names[index + by]
    if (other !== undefined) onColumns(names.with(index, other).with(index + by, name))
  }
  const items = (close: () => void) => {
    const after = (run: () => void) => () => {
      close()
      run()
    }
    return (
      <>
        {sortable && (
          <>
            <MenuItem icon={<IconArrowUp size={16} />} onSelect={after(() => onSort(name))}>
              {t('table.sort.up')}
            </MenuItem>
            <MenuItem icon={<IconArrowDown size={16} />} onSelect={after(() => onSort(`-${name}`))}>
              {t('table.sort.down')}
            </MenuItem>
          </>
        )}
        {filterable && (
          <MenuItem icon={<IconFilter size={16} />} onSelect={after(() => onFilter(name))}>
            {t('table.head.filter')}
          </MenuItem>
        )}
        {index > 0 && (
          <>
            <MenuDivider />
            {index > 1 && (
              <MenuItem icon={<IconArrowLeft size={16} className="mirror" />} onSelect={after(() => swap(-1))}>
                {t('table.head.earlier')}
              </MenuItem>
            )}
            {index < names.length - 1 && (
              <MenuItem icon={<IconArrowRight size={16} className="mirror" />} onSelect={after(() => swap(1))}>
                {t('table.head.later')}
              </MenuItem>
            )}
            <MenuItem
              icon={<IconEyeOff size={16} />}
              onSelect={after(() => onColumns(names.filter((one) => one !== name)))}
            >
              {t('table.head.hide')}
            </MenuItem>
          </>
        )}
        {memory.widths?.[name] !== undefined && (
          <MenuItem onSelect={after(() => onWidth(name, null))}>{t('table.head.width')}</MenuItem>
        )}
      </>
    )
  }
  return (
    <Menu
      label={t('table.head.menu', { name: label })}
      align="end"
      trigger={(trigger) => (
        <button type="button" {...trigger} className={css.headMenu} aria-label={t('table.head.menu', { name: label })}>
          <IconChevronDown size={14} aria-hidden />
        </button>
      )}
    >
      {items}
    </Menu>
  )
}

/** The edge by which a column is drawn wider; a double press makes it as wide as usual. */
function Edge({
  field,
  first,
  cell,
  memory,
  onWidth,
}: TableHeadProps & { field: ListField; first: boolean; cell: React.RefObject<HTMLDivElement | null> }) {
  const begin = useRef<{ x: number; width: number } | null>(null)
  return (
    <span
      aria-hidden
      className={css.edge}
      // Else the column would be dragged.
      draggable
      onDragStart={(event) => {
        event.preventDefault()
        event.stopPropagation()
      }}
      onDoubleClick={() => onWidth(field.name, null)}
      onPointerDown={(event) => {
        event.preventDefault()
        event.currentTarget.setPointerCapture(event.pointerId)
        begin.current = { x: event.clientX, width: cell.current?.offsetWidth ?? widthOf(field, first, memory) }
      }}
      onPointerMove={(event) => {
        if (begin.current === null) return
        const away = event.clientX - begin.current.x
        onWidth(field.name, held(begin.current.width + (document.documentElement.dir === 'rtl' ? -away : away)))
      }}
      onPointerUp={() => {
        begin.current = null
      }}
      onPointerCancel={() => {
        begin.current = null
      }}
    />
  )
}

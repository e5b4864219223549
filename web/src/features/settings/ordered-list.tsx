import { combine } from '@atlaskit/pragmatic-drag-and-drop/combine'
import { draggable, dropTargetForElements, monitorForElements } from '@atlaskit/pragmatic-drag-and-drop/element/adapter'
import { type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { useI18n } from '../../i18n.ts'
import { IconButton } from '../../ui/button.tsx'
import { useEvent } from '../../ui/use-event.ts'
import { IconArrowDown, IconArrowUp, IconGripVertical } from './icons.ts'
import css from './ordered-list.module.css'

interface Ordered {
  id: string
  name: string
}

interface OrderedListProps<T extends Ordered> {
  items: readonly T[]
  /** The item goes to this place among the others. */
  onPlace: (item: T, at: number) => void
  children: (item: T, at: number) => ReactNode
}

/** Things in an order that is changed by carrying them or with the keys; what moved where is read aloud. */
export function OrderedList<T extends Ordered>({ items, onPlace, children }: OrderedListProps<T>) {
  const { t, n } = useI18n()
  const list = useId()
  const [over, setOver] = useState<number | null>(null)
  const [said, setSaid] = useState('')
  const place = (item: T, at: number) => {
    setSaid(t('fields.order.said', { name: item.name, place: n(at + 1), count: n(items.length) }))
    onPlace(item, at)
  }
  const gapOf = (data: Record<string | symbol, unknown> | undefined) =>
    data?.['list'] === list && typeof data['gap'] === 'number' ? data['gap'] : null
  const drop = useEvent((id: unknown, gap: number | null) => {
    setOver(null)
    const from = items.findIndex((item) => item.id === id)
    const item = items[from]
    if (item === undefined || gap === null) return
    const at = gap > from ? gap - 1 : gap
    if (at !== from) place(item, at)
  })
  const track = useEvent(setOver)
  const gap = useEvent(gapOf)
  useEffect(
    () =>
      monitorForElements({
        canMonitor: ({ source }) => source.data['list'] === list,
        onDrag: ({ location }) => track(gap(location.current.dropTargets[0]?.data)),
        onDrop: ({ source, location }) => drop(source.data['id'], gap(location.current.dropTargets[0]?.data)),
      }),
    [list, drop, track, gap],
  )
  return (
    <>
      <div className="visually-hidden" role="status">
        {said}
      </div>
      <ol className={css.list}>
        {items.map((item, at) => (
          <OrderedRow
            key={item.id}
            list={list}
            item={item}
            at={at}
            last={at === items.length - 1}
            over={over === at ? 'before' : over === items.length && at === items.length - 1 ? 'after' : undefined}
            onPlace={(to) => place(item, to)}
          >
            {children(item, at)}
          </OrderedRow>
        ))}
      </ol>
    </>
  )
}

interface RowProps {
  list: string
  item: Ordered
  at: number
  last: boolean
  over: 'before' | 'after' | undefined
  onPlace: (at: number) => void
  children: ReactNode
}

function OrderedRow({ list, item, at, last, over, onPlace, children }: RowProps) {
  const { t } = useI18n()
  const row = useRef<HTMLLIElement>(null)
  const handle = useRef<HTMLSpanElement>(null)
  const { id, name } = item
  useEffect(() => {
    if (row.current === null || handle.current === null) return
    const element = row.current
    return combine(
      draggable({ element, dragHandle: handle.current, getInitialData: () => ({ list, id }) }),
      dropTargetForElements({
        element,
        canDrop: ({ source }) => source.data['list'] === list,
        getData: ({ input }) => {
          const { top, height } = element.getBoundingClientRect()
          return { list, gap: input.clientY > top + height / 2 ? at + 1 : at }
        },
      }),
    )
  }, [list, id, at])
  return (
    <li ref={row} className={css.row} data-over={over}>
      <span ref={handle} className={css.grip} title={t('fields.order.drag', { name })}>
        <IconGripVertical size={17} aria-hidden />
      </span>
      {children}
      <span className={css.moves}>
        <IconButton small label={t('fields.order.up', { name })} disabled={at === 0} onClick={() => onPlace(at - 1)}>
          <IconArrowUp size={16} />
        </IconButton>
        <IconButton small label={t('fields.order.down', { name })} disabled={last} onClick={() => onPlace(at + 1)}>
          <IconArrowDown size={16} />
        </IconButton>
      </span>
    </li>
  )
}

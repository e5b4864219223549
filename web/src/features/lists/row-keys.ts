import { type RefObject, useEffect, useState } from 'react'
import { useI18n } from '../../i18n.ts'
import { useKeys } from '../../keys.ts'
import type { Selection } from './selection.ts'
import { isEmpty } from './selection.ts'
import { keepPlace, type List, placeOf } from './use-list.ts'

interface RowKeysProps<T extends { id: string }> {
  label: string
  list: List<T>
  selection: Selection
  onSelect: (change: 'toggle' | 'range', id: string) => void
  onChooseAll: () => void
  onUnselect: () => void
  onOpen: (row: T) => void
  scroller: RefObject<HTMLDivElement | null>
  scrollTo: (index: number) => void
}

/** The row the keys speak of: J and K move it, X chooses it, with Shift up to it, Enter opens it. */
export function useRowKeys<T extends { id: string }>({
  label,
  list,
  selection,
  onSelect,
  onChooseAll,
  onUnselect,
  onOpen,
  scroller,
  scrollTo,
}: RowKeysProps<T>): { cursor: string | null; setCursor: (id: string, focus: boolean) => void } {
  const { t } = useI18n()
  const { rows, place } = list
  const [cursor, set] = useState(() => placeOf(place).cursor)
  const [focused, setFocused] = useState(0)
  const at = cursor === null ? -1 : rows.findIndex((row) => row.id === cursor)
  const setCursor = (id: string, focus: boolean) => {
    set(id)
    keepPlace(place, { cursor: id })
    if (focus) setFocused((n) => n + 1)
  }
  const go = (step: number, range = false) => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, at + step))]
    if (row === undefined) return
    // A range begins with the row one comes from.
    if (range && isEmpty(selection) && cursor !== null && at >= 0) onSelect('toggle', cursor)
    setCursor(row.id, true)
    scrollTo(rows.indexOf(row))
    if (range) onSelect('range', row.id)
  }
  const choose = (change: 'toggle' | 'range') => {
    const row = rows[at]
    if (row !== undefined) onSelect(change, row.id)
  }
  useKeys(label, [
    { keys: 'j', label: t('table.keys.next'), run: () => go(1) },
    { keys: 'arrowdown', label: t('table.keys.next'), run: () => go(1) },
    { keys: 'k', label: t('table.keys.previous'), run: () => go(-1) },
    { keys: 'arrowup', label: t('table.keys.previous'), run: () => go(-1) },
    { keys: 'shift+j', label: t('table.keys.range'), run: () => go(1, true) },
    { keys: 'shift+arrowdown', label: t('table.keys.range'), run: () => go(1, true) },
    { keys: 'shift+k', run: () => go(-1, true) },
    { keys: 'shift+arrowup', run: () => go(-1, true) },
    { keys: 'x', label: t('table.keys.select'), run: () => choose('toggle') },
    { keys: 'shift+x', run: () => choose('range') },
    { keys: 'mod+a', label: t('table.keys.all'), run: onChooseAll },
    ...(isEmpty(selection) ? [] : [{ keys: 'escape', label: t('table.keys.unselect'), run: onUnselect }]),
  ])
  // Enter opens the row of the keys, unless something else has the focus and takes it for itself.
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const row = rows[at]
      if (event.key === 'Enter' && !event.defaultPrevented && event.target === document.body && row !== undefined)
        onOpen(row)
    }
    document.addEventListener('keydown', listen)
    return () => document.removeEventListener('keydown', listen)
  })
  useEffect(() => {
    if (focused === 0 || cursor === null) return
    // The row may be drawn only after scrolling to it.
    const frame = requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>('[data-current] a')?.focus({ preventScroll: true }),
    )
    return () => cancelAnimationFrame(frame)
  }, [focused, cursor, scroller])
  return { cursor, setCursor }
}

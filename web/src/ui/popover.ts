import { useLayoutEffect, type RefObject } from 'react'

/** Puts a floating box (position: fixed) under or over its anchor, inside the window, on the anchor's inline start or end. */
export function place(
  box: HTMLElement,
  anchor: DOMRect,
  align: 'start' | 'end' | 'center',
  side: 'below' | 'above',
): void {
  const rtl = document.documentElement.dir === 'rtl'
  const gap = 4
  const edge = 8
  const { offsetWidth: width, offsetHeight: height } = box
  const room = { below: innerHeight - anchor.bottom - gap - edge, above: anchor.top - gap - edge }
  const other = side === 'below' ? 'above' : 'below'
  const chosen = room[side] >= height || room[side] >= room[other] ? side : other
  const max = room[chosen]
  const top = chosen === 'below' ? anchor.bottom + gap : anchor.top - gap - Math.min(height, max)
  const startIsLeft = !rtl
  const left =
    align === 'center'
      ? anchor.left + anchor.width / 2 - width / 2
      : (align === 'start') === startIsLeft
        ? anchor.left
        : anchor.right - width
  box.style.top = `${Math.max(edge, top)}px`
  // Measured from the window's edge, so physical on purpose.
  box.style.left = `${Math.max(edge, Math.min(left, innerWidth - width - edge))}px`
  box.style.maxBlockSize = `${Math.max(120, max)}px`
}

/** Shows `box` in the top layer beside `anchor` while mounted, and again when the window changes. */
export function usePlaced(
  box: RefObject<HTMLElement | null>,
  anchor: HTMLElement | null,
  options: { open: boolean; align?: 'start' | 'end' | 'center'; side?: 'below' | 'above' },
): void {
  const { open, align = 'start', side = 'below' } = options
  useLayoutEffect(() => {
    const element = box.current
    if (!open || element === null || anchor === null) return
    if (!element.matches(':popover-open')) element.showPopover()
    const put = () => place(element, anchor.getBoundingClientRect(), align, side)
    put()
    const observer = new ResizeObserver(put)
    observer.observe(element)
    addEventListener('resize', put)
    return () => {
      observer.disconnect()
      removeEventListener('resize', put)
    }
  }, [open, align, side, box, anchor])
}

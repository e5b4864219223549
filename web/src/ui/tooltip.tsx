import { type ReactNode, useEffect, useRef, useState } from 'react'
import { keyNames } from '../keys.ts'
import { place } from './popover.ts'
import css from './tooltip.module.css'

interface TooltipProps {
  text: ReactNode
  keys?: string | undefined
  children: ReactNode
}

/** A name on hover and keyboard focus. */
export function Tooltip({ text, keys, children }: TooltipProps) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null)
  const box = useRef<HTMLDivElement>(null)
  const timer = useRef<number>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  useEffect(() => {
    if (anchor === null || box.current === null) return
    box.current.showPopover()
    place(box.current, anchor.getBoundingClientRect(), 'center', 'below')
  }, [anchor])
  const hide = () => {
    clearTimeout(timer.current)
    setAnchor(null)
  }
  return (
    <span
      className={css.wrap}
      onPointerEnter={(event) => {
        if (event.pointerType !== 'mouse') return
        const element = event.currentTarget.firstElementChild
        if (element instanceof HTMLElement) timer.current = window.setTimeout(() => setAnchor(element), 450)
      }}
      onPointerLeave={hide}
      onPointerDown={hide}
      onFocus={(event) => {
        if (event.target.matches(':focus-visible')) setAnchor(event.target)
      }}
      onBlur={hide}
      onKeyDown={hide}
    >
      {children}
      {anchor !== null && (
        <div ref={box} popover="manual" role="tooltip" className={css.tip}>
          {text}
          {keys !== undefined && (
            <span className={css.keys} dir="ltr">
              {keyNames(keys).join(' ')}
            </span>
          )}
        </div>
      )}
    </span>
  )
}

import { type ReactNode, type Ref, useEffect, useId, useRef, useState } from 'react'
import { usePlaced } from './popover.ts'
import css from './popup.module.css'
import { useEvent } from './use-event.ts'

interface PopupTriggerProps {
  ref: Ref<HTMLButtonElement>
  'aria-haspopup': 'dialog'
  'aria-expanded': boolean
  'aria-controls': string | undefined
  onClick: () => void
}

interface PopupBoxProps {
  label: string
  anchor: HTMLElement | null
  align?: 'start' | 'end'
  side?: 'below' | 'above'
  id?: string
  className?: string | undefined
  children: ReactNode
  /** @param refocus by the keyboard: the focus goes back to where it was */
  onClose: (refocus: boolean) => void
}

const FIRST = 'input:not([type=radio]:not(:checked)), select, textarea, button'

/** A small form in the top layer beside what it belongs to. Escape and a press outside close it. Mount it to open it. */
export function PopupBox({
  label,
  anchor,
  align = 'start',
  side = 'below',
  id,
  className,
  children,
  onClose,
}: PopupBoxProps) {
  const box = useRef<HTMLDivElement>(null)
  const close = useEvent(onClose)
  usePlaced(box, anchor, { open: true, align, side })
  useEffect(() => {
    const element = box.current
    const first = element?.querySelector<HTMLElement>('[data-autofocus]') ?? element?.querySelector<HTMLElement>(FIRST)
    ;(first ?? element)?.focus({ preventScroll: true })
    const outside = (event: PointerEvent) => {
      if (!(event.target instanceof Node)) return
      if (element?.contains(event.target) !== true && anchor?.contains(event.target) !== true) close(false)
    }
    document.addEventListener('pointerdown', outside, true)
    return () => document.removeEventListener('pointerdown', outside, true)
  }, [anchor, close])
  return (
    <div
      ref={box}
      id={id}
      popover="manual"
      role="dialog"
      tabIndex={-1}
      aria-label={label}
      className={[css.box, className].filter(Boolean).join(' ')}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) {
          event.preventDefault()
          close(true)
        }
        // The keys of the page behind are not meant.
        if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation()
      }}
      onBlur={(event) => {
        const to = event.relatedTarget
        if (to instanceof Node && !event.currentTarget.contains(to) && anchor?.contains(to) !== true) close(false)
      }}
    >
      {children}
    </div>
  )
}

interface PopupProps {
  label: string
  /** Draws the button: spread the props given on it. */
  trigger: (props: PopupTriggerProps) => ReactNode
  children: (close: () => void) => ReactNode
  align?: 'start' | 'end'
  side?: 'below' | 'above'
  className?: string | undefined
  /** Opens without the button, e.g. by a key. */
  open?: boolean
  onOpenChange?: (open: boolean) => void
}

/** A button that opens a small form beside it. */
export function Popup({ label, trigger, children, open: given, onOpenChange, ...rest }: PopupProps) {
  const id = useId()
  const [own, setOwn] = useState(false)
  const [button, setButton] = useState<HTMLButtonElement | null>(null)
  const open = given ?? own
  const set = (next: boolean) => {
    setOwn(next)
    onOpenChange?.(next)
  }
  const close = (refocus: boolean) => {
    set(false)
    if (refocus) button?.focus({ preventScroll: true })
  }
  return (
    <>
      {trigger({
        ref: setButton,
        'aria-haspopup': 'dialog',
        'aria-expanded': open,
        'aria-controls': open ? id : undefined,
        onClick: () => set(!open),
      })}
      {open && (
        <PopupBox {...rest} id={id} label={label} anchor={button} onClose={close}>
          {children(() => close(true))}
        </PopupBox>
      )}
    </>
  )
}

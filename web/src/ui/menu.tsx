import { type KeyboardEvent, type ReactNode, type Ref, useEffect, useId, useRef, useState } from 'react'
import { IconCheck } from './icons.ts'
import css from './menu.module.css'
import { usePlaced } from './popover.ts'
import { useEvent } from './use-event.ts'

interface MenuTriggerProps {
  ref: Ref<HTMLButtonElement>
  'aria-haspopup': 'menu'
  'aria-expanded': boolean
  'aria-controls': string | undefined
  onClick: () => void
}

interface MenuProps {
  label: string
  /** Draws the button: spread the props given on it. */
  trigger: (props: MenuTriggerProps) => ReactNode
  children: (close: () => void) => ReactNode
  align?: 'start' | 'end'
  side?: 'below' | 'above'
  /** Opens without the button, e.g. by a key. */
  open?: boolean
  onOpenChange?: (open: boolean) => void
}

const ITEMS = '[role^=menuitem]:not([aria-disabled=true])'

/** A menu in the top layer: arrows move, letters jump, Escape and a click outside close, the focus returns to the button. */
export function Menu({
  label,
  trigger,
  children,
  align = 'start',
  side = 'below',
  open: given,
  onOpenChange,
}: MenuProps) {
  const id = useId()
  const [own, setOwn] = useState(false)
  const open = given ?? own
  const [button, setButton] = useState<HTMLButtonElement | null>(null)
  const box = useRef<HTMLDivElement>(null)
  const setOpen = useEvent((next: boolean) => {
    setOwn(next)
    onOpenChange?.(next)
  })
  const close = () => {
    setOpen(false)
    button?.focus({ preventScroll: true })
  }
  usePlaced(box, button, { open, align, side })
  useEffect(() => {
    if (!open) return
    const items = box.current
    const first = ['input', '[data-first]', '[aria-checked=true]', ITEMS]
      .map((one) => items?.querySelector<HTMLElement>(one))
      .find(Boolean)
    first?.focus({ preventScroll: true })
    const outside = (event: PointerEvent) => {
      if (!(event.target instanceof Node)) return
      if (items?.contains(event.target) === true || button?.contains(event.target) === true) return
      setOpen(false)
    }
    document.addEventListener('pointerdown', outside, true)
    return () => document.removeEventListener('pointerdown', outside, true)
  }, [open, button, setOpen])
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault()
      event.stopPropagation()
      close()
      return
    }
    const items = [...(box.current?.querySelectorAll<HTMLElement>(ITEMS) ?? [])]
    const at = items.findIndex((item) => item === document.activeElement)
    const go = (index: number) => {
      event.preventDefault()
      items[(index + items.length) % items.length]?.focus()
    }
    if (event.key === 'ArrowDown') go(at + 1)
    else if (event.key === 'ArrowUp') go(at < 0 ? -1 : at - 1)
    else if (event.target instanceof HTMLInputElement) {
      if (event.key === 'Enter') {
        event.preventDefault()
        items[0]?.click()
      }
    } else if (event.key === 'Home') go(0)
    else if (event.key === 'End') go(-1)
    else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
      const found = items.findIndex(
        (item, index) => index > at && (item.textContent ?? '').trim().startsWith(event.key),
      )
      if (found >= 0) go(found)
    }
  }
  return (
    <>
      {trigger({
        ref: setButton,
        'aria-haspopup': 'menu',
        'aria-expanded': open,
        'aria-controls': open ? id : undefined,
        onClick: () => (open ? close() : setOpen(true)),
      })}
      {open && (
        <div
          ref={box}
          id={id}
          popover="manual"
          role="menu"
          tabIndex={-1}
          aria-label={label}
          className={css.menu}
          onKeyDown={onKeyDown}
        >
          {children(close)}
        </div>
      )}
    </>
  )
}

interface MenuItemProps {
  icon?: ReactNode
  children: ReactNode
  /** Shown at the end, quieter. */
  hint?: ReactNode
  checked?: boolean
  danger?: boolean
  disabled?: boolean
  /** Has the focus when the menu opens, before what is checked. */
  first?: boolean
  onSelect: () => void
}

export function MenuItem({ icon, children, hint, checked, danger, disabled, first, onSelect }: MenuItemProps) {
  return (
    <button
      type="button"
      role={checked === undefined ? 'menuitem' : 'menuitemradio'}
      aria-checked={checked}
      aria-disabled={disabled}
      data-first={first === true ? '' : undefined}
      tabIndex={-1}
      className={[css.item, danger === true && css.danger].filter(Boolean).join(' ')}
      onClick={() => {
        if (disabled !== true) onSelect()
      }}
    >
      {icon !== undefined && <span className={css.icon}>{icon}</span>}
      <span className={`${css.text} ellipsis`}>{children}</span>
      {hint !== undefined && <span className={css.hint}>{hint}</span>}
      {checked === true && <IconCheck size={16} aria-hidden />}
    </button>
  )
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return (
    <div className={css.label} role="presentation">
      {children}
    </div>
  )
}
export function MenuDivider() {
  return <hr className={css.divider} />
}

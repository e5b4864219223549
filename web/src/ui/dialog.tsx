import { type ReactNode, useEffect, useId, useRef } from 'react'
import { useT } from '../i18n.ts'
import { IconButton } from './button.tsx'
import css from './dialog.module.css'
import { IconX } from './icons.ts'

interface DialogProps {
  title: string
  onClose: () => void
  children: ReactNode
  footer?: ReactNode
  /** drawer: a sheet from the inline end; palette: at the top without a head; wide: for lists and pictures. */
  look?: 'dialog' | 'drawer' | 'palette' | 'wide'
}

/** A modal over the page; the browser keeps the focus inside and gives it back. Mount it to open it. */
export function Dialog({ title, onClose, children, footer, look = 'dialog' }: DialogProps) {
  const t = useT()
  const id = useId()
  const ref = useRef<HTMLDialogElement>(null)
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const dialog = ref.current
    const before = document.activeElement
    if (dialog !== null && !dialog.open) {
      dialog.showModal()
      // Where something is to be written, there; a choice before it stands already. Else the box, not its closing button.
      const field =
        dialog.querySelector<HTMLElement>('input:not([type="radio"]), textarea, select') ??
        dialog.querySelector<HTMLElement>('input')
      ;(field ?? box.current)?.focus({ preventScroll: true })
    }
    return () => {
      dialog?.close()
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true })
    }
  }, [])
  return (
    <dialog
      ref={ref}
      className={`${css.dialog} ${css[look]}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
      onPointerDown={(event) => {
        if (event.target === event.currentTarget) onClose()
      }}
    >
      <div ref={box} className={css.box} tabIndex={-1}>
        <header className={look === 'palette' ? 'visually-hidden' : css.head}>
          <h2 id={id}>{title}</h2>
          {look !== 'palette' && (
            <IconButton label={t('common.close')} onClick={onClose}>
              <IconX size={18} />
            </IconButton>
          )}
        </header>
        <div className={look === 'palette' ? css.bare : css.body}>{children}</div>
        {footer !== undefined && <footer className={css.foot}>{footer}</footer>}
      </div>
    </dialog>
  )
}

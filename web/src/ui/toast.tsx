import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { ApiProblem } from '../api.ts'
import { useT } from '../i18n.ts'
import { Button, IconButton } from './button.tsx'
import { IconAlertTriangle, IconCheck, IconX } from './icons.ts'
import css from './toast.module.css'

interface ToastItem {
  id: number
  text: string
  tone: 'ok' | 'danger'
  /** The one thing one can do about it. */
  action: { label: string | undefined; run: () => void } | undefined
  ms: number
}
let items: readonly ToastItem[] = []
let last = 0
const listeners = new Set<() => void>()
function set(next: readonly ToastItem[]): void {
  items = next
  for (const listener of listeners) listener()
}
const drop = (id: number) => set(items.filter((item) => item.id !== id))

interface ToastOptions {
  tone?: 'ok' | 'danger'
  undo?: () => void
  action?: { label: string; run: () => void }
  ms?: number
}

/** Says shortly that something is done; with `undo` it can be taken back while the words stand. */
export function toast(text: string, options: ToastOptions = {}): void {
  last += 1
  const { tone = 'ok', undo } = options
  const action = options.action ?? (undo && { label: undefined, run: undo })
  const ms = options.ms ?? (action === undefined && tone === 'ok' ? 3500 : 9000)
  set([...items.filter((item) => item.text !== text), { id: last, text, tone, action, ms }].slice(-4))
}
/** Shows why something did not work. */
export function toastProblem(error: unknown): void {
  if (error instanceof ApiProblem) toast(Object.values(error.fields)[0] ?? error.message, { tone: 'danger' })
  else throw error
}

export function Toasts() {
  const t = useT()
  const box = useRef<HTMLDivElement>(null)
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => items,
  )
  useEffect(() => {
    // Into the top layer anew, so that it lies over a dialog opened meanwhile.
    const element = box.current
    if (element === null) return
    if (element.matches(':popover-open')) element.hidePopover()
    if (shown.length > 0) element.showPopover()
  }, [shown])
  return (
    <div
      ref={box}
      popover="manual"
      className={css.stack}
      role="status"
      aria-live="polite"
      aria-label={t('frame.notices')}
    >
      {shown.map((item) => (
        <ToastView key={item.id} item={item} closeLabel={t('common.close')} undoLabel={t('common.undo')} />
      ))}
    </div>
  )
}

function ToastView({ item, closeLabel, undoLabel }: { item: ToastItem; closeLabel: string; undoLabel: string }) {
  const [held, setHeld] = useState(false)
  useEffect(() => {
    if (held) return
    const timer = setTimeout(() => drop(item.id), item.ms)
    return () => clearTimeout(timer)
  }, [held, item])
  return (
    <div
      className={`${css.toast} ${item.tone === 'danger' ? css.danger : ''}`}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
    >
      {item.tone === 'danger' ? <IconAlertTriangle size={18} aria-hidden /> : <IconCheck size={18} aria-hidden />}
      <span className={css.text} dir="auto">
        {item.text}
      </span>
      {item.action !== undefined && (
        <Button
          small
          className={css.undo}
          onClick={() => {
            drop(item.id)
            item.action?.run()
          }}
        >
          {item.action.label ?? undoLabel}
        </Button>
      )}
      <IconButton label={closeLabel} small onClick={() => drop(item.id)} className={css.close}>
        <IconX size={15} />
      </IconButton>
    </div>
  )
}

import { useEffect, useLayoutEffect, useRef, useSyncExternalStore } from 'react'

/**
 * One key or combination, by its place on the keyboard, so that it works with a Persian or Arabic layout too:
 * `j`, `arrowdown`, `enter`, `escape`, `mod+k` (⌘ on a Mac, Ctrl elsewhere), `shift+slash`, `ctrl+shift+f8`.
 */
interface KeyBinding {
  keys: string
  /** Shown in the overlay of keys; without it the key works but is not shown. */
  label?: string
  /** Left out: somebody nearer to the focus does it, and it is only shown. */
  run?: ((event: KeyboardEvent) => void) | undefined
  /** Also while a text field has the focus. */
  inFields?: boolean
}
interface Group {
  title: string
  bindings: readonly KeyBinding[]
}

const groups = new Set<Group>()
let shown: readonly Group[] = []
const listeners = new Set<() => void>()
function changed(): void {
  shown = [...groups]
  for (const listener of listeners) listener()
}

const CODES: Record<string, string> = { slash: 'Slash', comma: 'Comma', period: 'Period' }
function codeOf(name: string): string {
  if (/^[a-z]$/.test(name)) return `Key${name.toUpperCase()}`
  if (/^\d$/.test(name)) return `Digit${name}`
  return CODES[name] ?? name
}
const isMac = /mac|iphone|ipad/i.test(navigator.userAgent)

function matches(binding: string, event: KeyboardEvent): boolean {
  const names = binding.toLowerCase().split('+')
  const key = names.pop() ?? ''
  const mod = names.includes('mod')
  if (event.ctrlKey !== (names.includes('ctrl') || (mod && !isMac))) return false
  if (event.metaKey !== (mod && isMac)) return false
  if (event.shiftKey !== names.includes('shift')) return false
  if (event.altKey !== names.includes('alt')) return false
  return event.code.toLowerCase() === codeOf(key).toLowerCase() || event.key.toLowerCase() === key
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable) return true
  if (target instanceof HTMLInputElement) return !/^(checkbox|radio|button|submit|range|file)$/.test(target.type)
  return target.matches('textarea, select')
}

/** Keys that the focused element itself has a use for: Enter presses a button, arrows scroll a thread or move in a list. */
function belongsToTarget(event: KeyboardEvent): boolean {
  if (!(event.target instanceof Element)) return false
  if (event.key === 'Enter') return event.target.closest('a, button, summary, [role=option]') !== null
  if (event.key.startsWith('Arrow'))
    return event.target.closest('[role=log], [role=listbox], [role=tablist], audio, video') !== null
  return false
}

document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.isComposing || belongsToTarget(event)) return
  // An open dialog or menu has the keyboard to itself.
  const inside = event.target instanceof Element ? event.target.closest('dialog[open], [role=menu]') : null
  const typing = isTyping(event.target)
  for (const group of [...groups].toReversed()) {
    for (const binding of group.bindings) {
      if (binding.run === undefined || ((typing || inside !== null) && binding.inFields !== true)) continue
      if (!matches(binding.keys, event)) continue
      event.preventDefault()
      binding.run(event)
      return
    }
  }
})

/** Registers keys while the component is on screen; groups registered later win. */
export function useKeys(title: string, bindings: readonly KeyBinding[]): void {
  const live = useRef(bindings)
  useLayoutEffect(() => {
    live.current = bindings
  })
  const shape = bindings
    .map((binding) => `${binding.keys}|${binding.label ?? ''}|${binding.inFields ?? false}`)
    .join('\n')
  useEffect(() => {
    const group: Group = {
      title,
      bindings: live.current.map((binding, index) => ({
        ...binding,
        run: binding.run && ((event) => live.current[index]?.run?.(event)),
      })),
    }
    groups.add(group)
    changed()
    return () => {
      groups.delete(group)
      changed()
    }
  }, [title, shape])
}

/** Every group of keys on this screen, for the overlay. */
export const useKeyGroups = (): readonly Group[] =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => shown,
  )

const NAMES: Record<string, string> = {
  arrowdown: '↓',
  arrowup: '↑',
  enter: 'Enter',
  escape: 'Esc',
  slash: '/',
  space: 'Space',
  mod: isMac ? '⌘' : 'Ctrl',
  shift: 'Shift',
  alt: isMac ? '⌥' : 'Alt',
}
/** `mod+k` as one reads it: Ctrl K. */
export function keyNames(keys: string): string[] {
  if (keys === 'shift+slash') return ['?']
  return keys.split('+').map((name) => NAMES[name] ?? (name.length === 1 ? name.toUpperCase() : name))
}

import type { ComponentType } from 'react'
import { useEffect, useLayoutEffect, useRef, useSyncExternalStore } from 'react'

/** Something the command palette offers. */
export interface Command {
  id: string
  title: string
  /** Other words one may look for it by. */
  words?: string
  icon?: ComponentType<{ size?: number | string }>
  keys?: string
  run: () => void
}

const sets = new Set<readonly Command[]>()
let all: readonly Command[] = []
const listeners = new Set<() => void>()
function changed(): void {
  all = [...sets].toReversed().flat()
  for (const listener of listeners) listener()
}

/** Offers commands while the component is on screen; those registered later are shown first. */
export function useCommands(commands: readonly Command[]): void {
  const live = useRef(commands)
  useLayoutEffect(() => {
    live.current = commands
  })
  const shape = commands.map((command) => `${command.id}|${command.title}`).join('\n')
  useEffect(() => {
    const set = live.current.map((command, index) => ({ ...command, run: () => live.current[index]?.run() }))
    sets.add(set)
    changed()
    return () => {
      sets.delete(set)
      changed()
    }
  }, [shape])
}

export const useAllCommands = (): readonly Command[] =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => all,
  )

import { useSyncExternalStore } from 'react'
import type { BulkChange, ContactSelection, Operation } from '#shared/api/operations.ts'
import { ApiProblem, api } from '../../api.ts'
import { i18n } from '../../i18n.ts'
import { queryClient } from '../../session/session.ts'
import { toast, toastProblem } from '../../ui/toast.tsx'

/** Changes on many contacts at once: what is few is done with the answer, what is many is followed until it ends. */

/** Operations under way that were started at this desk. */
let running: readonly Operation[] = []
const listeners = new Set<() => void>()
function place(operation: Operation): void {
  const others = running.filter((one) => one.id !== operation.id)
  running = isOver(operation) ? others : [...others, operation]
  for (const listener of listeners) listener()
}
export const useRunning = (): readonly Operation[] =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => running,
  )

const OVER = new Set<Operation['state']>(['done', 'failed', 'cancelled', 'undone'])
const isOver = ({ state }: Operation): boolean => OVER.has(state)

/** What live changes say of it is there at once; it is asked for too, should they be late. */
async function follow(operation: Operation): Promise<Operation> {
  let now = operation
  const key = ['operation', operation.id]
  while (!isOver(now)) {
    place(now)
    await new Promise((resolve) => setTimeout(resolve, 700))
    const told = queryClient.getQueryData<Operation>(key)
    now = told !== undefined && isOver(told) ? told : await ask(now)
  }
  place(now)
  for (const root of ['contacts', 'counts', 'operations']) void queryClient.invalidateQueries({ queryKey: [root] })
  return now
}

/** Without a line one waits for it. */
async function ask(operation: Operation): Promise<Operation> {
  try {
    return await api.get<Operation>(`/operations/${operation.id}`)
  } catch (error) {
    if (error instanceof ApiProblem && (error.status === 0 || error.status >= 500)) return operation
    throw error
  }
}

/** @returns whether it was begun; what came of it is told in a notice that takes it back */
export async function runBulk(of: ContactSelection, change: BulkChange): Promise<boolean> {
  let begun: Operation
  try {
    begun = await api.post<Operation>('/contacts/bulk', { of, change })
  } catch (error) {
    toastProblem(error)
    return false
  }
  void follow(begun).then(tellEnd, toastProblem)
  return true
}

function tellEnd(operation: Operation): void {
  const { t } = i18n()
  const { changed = 0, skipped = 0, failed = 0 } = operation.result
  if (operation.state === 'failed') {
    toast(operation.failure ?? t('table.bulk.failed'), { tone: 'danger' })
    return
  }
  const left = skipped + failed
  const deleted = (operation.params as { change?: BulkChange }).change?.delete === true
  const done = t(deleted ? 'table.bulk.deleted' : 'table.bulk.done', { count: changed })
  const text = left === 0 ? done : `${done} ${t('table.bulk.left', { count: left })}`
  const undoable = changed > 0 && operation.undoableUntil !== null
  toast(text, undoable ? { undo: () => void undoBulk(operation), ms: 15_000 } : {})
}

async function undoBulk(operation: Operation): Promise<void> {
  const { t } = i18n()
  try {
    const end = await follow(await api.post<Operation>(`/operations/${operation.id}/undo`))
    const { kept = 0 } = end.result
    const text = t('table.bulk.undone', { count: end.result['undone'] ?? 0 })
    toast(kept === 0 ? text : `${text} ${t('table.bulk.kept', { count: kept })}`)
  } catch (error) {
    toastProblem(error)
  }
}

export async function cancelBulk(operation: Operation): Promise<void> {
  try {
    place(await api.post<Operation>(`/operations/${operation.id}/cancel`))
  } catch (error) {
    toastProblem(error)
  }
}

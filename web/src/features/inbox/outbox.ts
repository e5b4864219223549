import { useSyncExternalStore } from 'react'
import type { FileInfo } from '#shared/api/files.ts'
import type { MessageNew, TimelineItem } from '#shared/api/conversations.ts'
import { ApiProblem, api, newKey } from '../../api.ts'
import { placeAnswer } from '../../live-cache.ts'
import { queryClient } from '../../session/session.ts'

/** Something written here that the server has not confirmed yet. */
export interface Pending {
  key: string
  conversationId: string
  at: string
  body: MessageNew
  files: readonly FileInfo[]
  problem: ApiProblem | null
}

let all: readonly Pending[] = []
const listeners = new Set<() => void>()
function set(next: readonly Pending[]): void {
  all = next
  for (const listener of listeners) listener()
}
const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
export const useOutbox = (): readonly Pending[] => useSyncExternalStore(subscribe, () => all)

async function post(pending: Pending): Promise<void> {
  try {
    const path = `/conversations/${pending.conversationId}/messages`
    const item = await api.post<TimelineItem>(path, pending.body, { key: pending.key })
    placeAnswer(queryClient, pending.conversationId, { ...item, at: atOf(item) })
    set(all.filter((one) => one.key !== pending.key))
  } catch (error) {
    if (!(error instanceof ApiProblem)) throw error
    set(all.map((one) => (one.key === pending.key ? { ...one, problem: error } : one)))
  }
}

function atOf(item: TimelineItem): string {
  return item.type === 'message' ? item.message.at : item.type === 'note' ? item.note.at : item.event.at
}

/** Shows what was written at once and hands it to the server. */
export function put(conversationId: string, body: MessageNew, files: readonly FileInfo[]): Promise<void> {
  const pending: Pending = { key: newKey(), conversationId, at: new Date().toISOString(), body, files, problem: null }
  set([...all, pending])
  return post(pending)
}

/** The same key again: if the first try did arrive after all, nothing is sent twice. */
export function tryAgain(pending: Pending): void {
  const next = { ...pending, problem: null }
  set(all.map((one) => (one.key === pending.key ? next : one)))
  void post(next)
}

export function discard(pending: Pending): void {
  set(all.filter((one) => one.key !== pending.key))
}

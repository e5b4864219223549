import type { QueryClient, QueryKey } from '@tanstack/react-query'

/** What to do once more when an answer under way has come, by the query and by what it is about: the newest counts. */
const afterAnswers = new Map<string, Map<string, () => void>>()

/**
 * An answer under way may have been made before the change, and would take it off the screen again: when it has come, the
 * change is put in once more.
 */
export function onceMore(client: QueryClient, queryKey: QueryKey, about: string, redo: () => void): void {
  const query = client.getQueryCache().find({ queryKey, exact: true })
  if (query === undefined) return
  const waiting = afterAnswers.get(query.queryHash)
  if (waiting !== undefined) return void waiting.set(about, redo)
  const answer = query.state.fetchStatus === 'idle' ? undefined : query.promise
  if (answer === undefined) return
  afterAnswers.set(query.queryHash, new Map([[about, redo]]))
  const flush = () => {
    const all = afterAnswers.get(query.queryHash)
    afterAnswers.delete(query.queryHash)
    for (const one of all?.values() ?? []) one()
  }
  // The query takes its answer in first.
  const later = () => void setTimeout(flush)
  answer.then(later, later)
}

import { queryOptions } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import type { Draft, DraftAnswer } from '#shared/api/conversations.ts'
import { ApiProblem, api } from '../../api.ts'
import { queryClient } from '../../session/session.ts'

export const draftQuery = (id: string) =>
  queryOptions({
    queryKey: ['draft', id],
    queryFn: ({ signal }) => api.get<DraftAnswer>(`/conversations/${id}/draft`, {}, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })

const PAUSE = 700
const isEmpty = (draft: Draft): boolean => draft.text === '' && draft.fileIds.length === 0

async function save(id: string, draft: Draft, leaving: boolean): Promise<void> {
  try {
    if (isEmpty(draft)) await api.delete(`/conversations/${id}/draft`, { keepalive: leaving })
    else await api.put(`/conversations/${id}/draft`, draft, { keepalive: leaving })
  } catch (error) {
    // Without a connection it stays on the screen and is saved with the next letter or on the way out.
    if (!(error instanceof ApiProblem)) throw error
  }
}

/** Keeps the draft of one conversation on the server: a little after the last letter, and at once when leaving. */
export function useDraftSaver(id: string): {
  changed: (draft: Draft & Pick<DraftAnswer, 'files'>) => void
  sent: () => void
} {
  const waiting = useRef<{ draft: Draft; timer: number } | null>(null)
  useEffect(() => {
    const flush = () => {
      if (waiting.current === null) return
      clearTimeout(waiting.current.timer)
      void save(id, waiting.current.draft, true)
      waiting.current = null
    }
    addEventListener('pagehide', flush)
    return () => {
      removeEventListener('pagehide', flush)
      flush()
    }
  }, [id])
  return {
    changed: ({ files, ...draft }) => {
      queryClient.setQueryData<DraftAnswer>(draftQuery(id).queryKey, {
        ...draft,
        files,
        updatedAt: new Date().toISOString(),
      })
      clearTimeout(waiting.current?.timer)
      const timer = window.setTimeout(() => {
        waiting.current = null
        void save(id, draft, false)
      }, PAUSE)
      waiting.current = { draft, timer }
    },
    sent: () => {
      clearTimeout(waiting.current?.timer)
      waiting.current = null
      const nothing: Draft = { text: '', fileIds: [], internal: false }
      queryClient.setQueryData<DraftAnswer>(draftQuery(id).queryKey, { ...nothing, files: [], updatedAt: null })
      void save(id, nothing, false)
    },
  }
}

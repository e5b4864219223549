import { useQuery } from '@tanstack/react-query'
import { useCallback, useEffect, useRef } from 'react'
import { ApiProblem, api } from '../../api.ts'
import { presenceQuery } from '../../queries.ts'
import { useMe } from '../../session/session.ts'

const AGAIN = 20_000
const TYPING_AGAIN = 3000

async function tell(id: string, doing: 'viewing' | 'typing' | 'gone'): Promise<void> {
  try {
    await api.post(`/conversations/${id}/presence`, { doing }, { keepalive: doing === 'gone' })
  } catch (error) {
    // Presence is a courtesy; its loss is no news.
    if (!(error instanceof ApiProblem)) throw error
  }
}

/** Tells colleagues that one is here; returns what to call on every letter typed. */
export function useOwnPresence(id: string): () => void {
  const lastTyped = useRef(0)
  const calm = useRef<number>(undefined)
  useEffect(() => {
    const here = () => {
      if (document.visibilityState === 'visible') void tell(id, 'viewing')
    }
    const gone = () => void tell(id, 'gone')
    here()
    const timer = setInterval(here, AGAIN)
    document.addEventListener('visibilitychange', here)
    addEventListener('pagehide', gone)
    return () => {
      clearInterval(timer)
      clearTimeout(calm.current)
      document.removeEventListener('visibilitychange', here)
      removeEventListener('pagehide', gone)
      gone()
    }
  }, [id])
  return useCallback(() => {
    const now = Date.now()
    if (now - lastTyped.current > TYPING_AGAIN) {
      lastTyped.current = now
      void tell(id, 'typing')
    }
    clearTimeout(calm.current)
    calm.current = window.setTimeout(() => {
      lastTyped.current = 0
      void tell(id, 'viewing')
    }, TYPING_AGAIN + 2000)
  }, [id])
}

/** Colleagues in the same conversation, those typing apart. */
export function useOthers(id: string): { typing: string[]; viewing: string[] } {
  const me = useMe()
  const { data } = useQuery({ ...presenceQuery(id), refetchInterval: 60_000, staleTime: 0 })
  const others = (data?.items ?? []).filter((one) => one.userId !== me.id)
  const typing = [...new Set(others.filter((one) => one.doing === 'typing').map((one) => one.userId))]
  const viewing = [...new Set(others.filter((one) => !typing.includes(one.userId)).map((one) => one.userId))]
  return { typing, viewing }
}

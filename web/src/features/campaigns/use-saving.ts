import { useEffect, useRef, useState } from 'react'
import type { Campaign, CampaignPatch } from '#shared/api/campaigns.ts'
import { ApiProblem, api } from '../../api.ts'
import { useEvent } from '../../ui/use-event.ts'
import { placeCampaign } from './queries.ts'

type Saved = 'saved' | 'saving' | 'failed'

/** Typing rests for so long before it is saved. */
const REST = 500
const AGAIN = 4000

export interface Saving {
  /** The campaign as it stands on this screen. */
  now: Campaign
  saved: Saved
  /** Why the server did not take it, by field. */
  problem: ApiProblem | null
  /** What changes is on screen at once and goes to the server by itself. */
  change: (patch: CampaignPatch) => void
  /** Saves what is left to be saved; false when the server did not take it. */
  settle: () => Promise<boolean>
}

/**
 * Saves while one works: one request at a time, the newest of everything in it, tried again when the line was down, and
 * sent along when the page is left.
 */
export function useSaving(campaign: Campaign): Saving {
  const [patch, setPatch] = useState<CampaignPatch>({})
  const [saved, setSaved] = useState<Saved>('saved')
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const waiting = useRef<CampaignPatch>({})
  const running = useRef<Promise<boolean> | null>(null)
  const timer = useRef<number | undefined>(undefined)
  const path = `/campaigns/${campaign.id}`

  const send = async (): Promise<boolean> => {
    while (Object.keys(waiting.current).length > 0) {
      const body = waiting.current
      waiting.current = {}
      setSaved('saving')
      try {
        placeCampaign(await api.patch<Campaign>(path, body))
        setProblem(null)
        // What was not changed meanwhile is the server's from now on.
        setPatch((now) => Object.fromEntries(Object.entries(now).filter(([key]) => key in waiting.current)))
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error
        setProblem(error)
        setSaved('failed')
        waiting.current = { ...body, ...waiting.current }
        // A refusal stays one until something else is asked; a lost line comes back.
        if (error.status === 0 || error.status >= 500) timer.current = window.setTimeout(() => void settle(), AGAIN)
        return false
      }
    }
    setSaved('saved')
    return true
  }
  const settle = useEvent((): Promise<boolean> => {
    clearTimeout(timer.current)
    running.current ??= send().finally(() => {
      running.current = null
    })
    return running.current
  })
  const change = (part: CampaignPatch) => {
    setPatch((before) => ({ ...before, ...part }))
    waiting.current = { ...waiting.current, ...part }
    setSaved('saving')
    clearTimeout(timer.current)
    timer.current = window.setTimeout(() => void settle(), REST)
  }
  useEffect(() => {
    const leave = () => {
      clearTimeout(timer.current)
      if (Object.keys(waiting.current).length === 0) return
      const body = waiting.current
      waiting.current = {}
      api.patch<Campaign>(path, body, { keepalive: true }).then(placeCampaign, () => {})
    }
    window.addEventListener('pagehide', leave)
    return () => {
      window.removeEventListener('pagehide', leave)
      leave()
    }
  }, [path])
  return { now: { ...campaign, ...patch }, saved, problem, change, settle }
}

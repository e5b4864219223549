import type { QueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import type { LiveChange, LivePresence } from '#shared/api/live.ts'
import { ApiProblem, api, apiUrl } from './api.ts'
import { applyChange, applyPresence } from './live-cache.ts'
import { seenAs } from './session/seeing-as.ts'
import { meQuery } from './session/session.ts'

type LiveState = 'connecting' | 'open' | 'lost'

let state: LiveState = 'connecting'
const listeners = new Set<() => void>()
function setState(next: LiveState): void {
  if (next === state) return
  state = next
  for (const listener of listeners) listener()
}
export const useLiveState = (): LiveState =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => state,
  )

/** Called with every change after the caches have it: sounds, titles, notices. */
type Listener = (change: LiveChange) => void
const changeListeners = new Set<Listener>()
export function onLiveChange(listener: Listener): () => void {
  changeListeners.add(listener)
  return () => changeListeners.delete(listener)
}

const FIRST_WAIT = 500
const LONGEST_WAIT = 20_000
/** The server gives a sign every 20 s; a line silent for longer has died without a word (phones, sleeping machines). */
const SILENCE = 50_000
/** A short break is mended before anybody is told. */
const PATIENCE = 2500

let retryNow: () => void = () => {}
/** Tries to connect at once instead of waiting for the next turn. */
export const reconnect = (): void => retryNow()

/**
 * Keeps the stream of changes open and the caches by it. After a break it asks for everything since the last number
 * seen; where the server no longer has it, it says `reload` and everything on screen is fetched anew. `since`: the number
 * before anything on the screen was fetched, so that nothing falls between fetching and the stream. Returns the end.
 */
export function startLive(client: QueryClient, since: string): () => void {
  let source: EventSource | null = null
  let lastId = since
  let wait = FIRST_WAIT
  let timer: number | undefined
  let patience: number | undefined
  let stopped = false
  let heardAt = Date.now()
  const heard = () => {
    heardAt = Date.now()
  }

  const failed = () => {
    source?.close()
    source = null
    if (stopped) return
    patience ??= window.setTimeout(() => setState('lost'), state === 'open' ? PATIENCE : 0)
    clearTimeout(timer)
    // Many screens lose a server at once; they must not come back at once.
    timer = window.setTimeout(connect, wait * (0.7 + Math.random() * 0.6))
    wait = Math.min(wait * 2, LONGEST_WAIT)
    // The stream cannot say that one is signed out; a plain request can.
    if (wait > 4 * FIRST_WAIT) {
      api.get('/session', {}, {}).catch((error: unknown) => {
        if (!(error instanceof ApiProblem)) throw error
      })
    }
  }

  const connect = () => {
    clearTimeout(timer)
    source?.close()
    source = new EventSource(apiUrl('/events', { lastEventId: lastId, seeAs: seenAs() }))
    heard()
    for (const kind of ['hello', 'beat', 'change', 'presence']) source.addEventListener(kind, heard)
    const seen = (event: MessageEvent) => {
      if (event.lastEventId !== '') lastId = event.lastEventId
    }
    source.addEventListener('hello', (event) => {
      seen(event)
      wait = FIRST_WAIT
      clearTimeout(patience)
      patience = undefined
      if (state === 'lost') void client.refetchQueries({ predicate: (query) => query.state.status === 'error' })
      setState('open')
    })
    source.addEventListener('change', (event) => {
      seen(event)
      for (const change of JSON.parse(event.data) as LiveChange[]) {
        applyChange(client, change)
        for (const listener of changeListeners) listener(change)
      }
    })
    source.addEventListener('reload', (event) => {
      seen(event)
      void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== meQuery.queryKey[0] })
      void client.invalidateQueries({ queryKey: meQuery.queryKey })
    })
    source.addEventListener('presence', (event) => applyPresence(client, JSON.parse(event.data) as LivePresence))
    source.addEventListener('error', failed)
  }

  const online = () => {
    if (state !== 'open' || source === null) retryNow()
  }
  retryNow = () => {
    wait = FIRST_WAIT
    connect()
  }
  addEventListener('online', online)
  addEventListener('offline', failed)
  const watch = setInterval(() => {
    if (source !== null && Date.now() - heardAt > SILENCE) failed()
  }, 5000)
  connect()
  return () => {
    stopped = true
    removeEventListener('online', online)
    removeEventListener('offline', failed)
    clearInterval(watch)
    clearTimeout(timer)
    clearTimeout(patience)
    source?.close()
    retryNow = () => {}
    setState('connecting')
  }
}

import { keepPreviousData, queryOptions, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo, useRef, useState } from 'react'
import type { PageOf } from '#shared/api/common.ts'
import { api, type Query } from '../../api.ts'
import { useEvent } from '../../ui/use-event.ts'
import { PIECE, type Pieces, readAgain, rowsOf, type Window, withNext } from './pieces.ts'

/** Where each list was left, so that coming back finds it again, and what is read anew when something changes. */
interface Place {
  window: Window
  offset: number
  cursor: string | null
}
const places = new Map<string, Place>()
const TOP: Place = { window: { first: 0, last: 0 }, offset: 0, cursor: null }
export const placeOf = (key: string): Place => places.get(key) ?? TOP
export function keepPlace(key: string, change: Partial<Place>): void {
  places.set(key, { ...placeOf(key), ...change })
}

const placeKey = (path: string, query: Query): string => `${path}?${JSON.stringify(query)}`

/** A list that is read page by page (see pieces.ts). `root`: what live changes make old. */
const piecesQuery = <T extends { id: string }>(root: string, path: string, query: Query) =>
  queryOptions({
    queryKey: [root, 'pieces', path, query] as const,
    queryFn: ({ client, queryKey, signal }) =>
      readAgain(client.getQueryData<Pieces<T>>(queryKey), placeOf(placeKey(path, query)).window, (cursor, limit) =>
        api.get<PageOf<T>>(path, { ...query, limit, cursor }, { signal }),
      ),
    // Comparing a long list with itself would cost more than drawing it.
    structuralSharing: false,
    placeholderData: keepPreviousData,
  })

export interface List<T> {
  rows: readonly T[]
  pieces: Pieces<T>
  /** Of this list and no other; see placeOf. */
  place: string
  isPending: boolean
  /** Another list's rows, shown until its own come. */
  isPast: boolean
  error: unknown
  hasMore: boolean
  isReadingOn: boolean
  readOn: () => void
  readAgain: () => void
  /** Changes rows on screen before the server has. */
  change: (to: (pieces: Pieces<T>) => Pieces<T>) => void
}

export function useList<T extends { id: string }>(
  root: string,
  path: string,
  query: Query,
  { enabled = true }: { enabled?: boolean } = {},
): List<T> {
  const client = useQueryClient()
  const options = piecesQuery<T>(root, path, query)
  const { data, error, isPending, isPlaceholderData, refetch } = useQuery({ ...options, enabled })
  const pieces = data ?? NONE
  const reading = useRef<string | null>(null)
  const [isReadingOn, setReadingOn] = useState(false)
  const [failed, setFailed] = useState<unknown>(null)
  const readOn = useEvent(() => {
    const from = isPlaceholderData ? undefined : pieces.at(-1)?.next
    if (from == null || reading.current === from) return
    reading.current = from
    setReadingOn(true)
    api
      .get<PageOf<T>>(path, { ...query, limit: PIECE, cursor: from })
      .then(
        (page) => {
          client.setQueryData<Pieces<T>>(options.queryKey, (now) => now && withNext(now, from, page))
          setFailed(null)
        },
        (problem: unknown) => setFailed(problem),
      )
      .finally(() => {
        reading.current = null
        setReadingOn(false)
      })
  })
  return {
    rows: useMemo(() => rowsOf(pieces), [pieces]),
    pieces,
    place: placeKey(path, query),
    isPending: enabled && isPending,
    isPast: isPlaceholderData,
    error: error ?? failed,
    hasMore: pieces.at(-1)?.next != null,
    isReadingOn,
    readOn,
    readAgain: useEvent(() => {
      setFailed(null)
      void refetch({ cancelRefetch: false })
    }),
    change: useEvent((to) => client.setQueryData<Pieces<T>>(options.queryKey, (now) => now && to(now))),
  }
}
const NONE: Pieces<never> = []

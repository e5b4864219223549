import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useMemo, useState } from 'react'
import type { ContactItem } from '#shared/api/contacts.ts'
import type { BoundedCount, Filter } from '#shared/api/views.ts'
import { type FilterField, parseFilter, parseSort, serialiseFilter } from '#shared/filter.ts'
import { api } from '../../api.ts'
import { onLiveChange } from '../../live.ts'
import { queryClient, useMe } from '../../session/session.ts'
import { type ColumnMemory, columnsOf, readMemories, writeMemory } from '../lists/columns.ts'
import type { ListField } from '../lists/list-field.ts'
import { addressOf, type BaseView, isAsSaved, type ListAddress, type ListState, stateOf } from '../lists/list-state.ts'
import { viewsQuery } from '../lists/saved-views.ts'
import { useList } from '../lists/use-list.ts'
import { useContactFields } from './contact-fields.tsx'
import { keepList } from './last-list.ts'
import { type ContactView, useContactViews } from './usual-views.ts'

const NONE: [] = []

/** What the address says of the list, and how to change it. */
export function useListState() {
  // Any field may be a condition: the type of the route names only what other pages say.
  const address = useSearch({ from: '/inside/contacts' }) as ListAddress
  const navigate = useNavigate({ from: '/contacts' })
  useEffect(() => keepList(address), [address])
  const saved = useQuery(viewsQuery('contact'))
  const views = useContactViews(saved.data?.items ?? NONE)
  const state = stateOf(address, views)
  const base: ContactView | undefined = views.find((view) => view.key === state.view)
  const key = typeof address['view'] === 'string' ? address['view'] : undefined
  const go = (next: ListState, replace = true) => void navigate({ search: addressOf(next, views), replace })
  return {
    views,
    base,
    state,
    /** The saved view that is asked for may still be on its way. */
    isReady: base !== undefined || !saved.isPending,
    /** The address names a view that is gone, or not for this reader, and nothing else. */
    isMissing: base === undefined && key !== undefined && address['changed'] !== true,
    isChanged: base !== undefined && !isAsSaved(state, base),
    change: (part: Partial<ListState>, replace?: boolean) => go({ ...state, ...part }, replace),
    choose: (view: string) => {
      const search: ListAddress = view === views[0]?.key ? {} : { view }
      void navigate({ search })
    },
    make: address['make'] === true,
    setMake: (on: boolean) =>
      void navigate({
        search: (before) => {
          const { make: _, ...rest } = before
          return on ? { ...rest, make: true } : rest
        },
        replace: true,
      }),
  }
}

/** As the server knows fields: options by their ids. */
const forFilter = (fields: readonly ListField[]): FilterField[] =>
  fields.map(({ name, type, filterable, sortable, choices }) => ({
    name,
    type,
    filterable,
    sortable,
    ...(/^choices?$/.test(type) && { options: choices?.map((one) => one.id) ?? [] }),
  }))

/** The part of a filter that means something: of a field that is gone the server would not hear. */
function sound(filter: Filter, sort: string | null, fields: readonly ListField[]) {
  const known = forFilter(fields)
  return {
    filter: serialiseFilter(parseFilter(filter, known).conditions),
    sort: sort !== null && parseSort(sort, known) !== undefined ? sort : null,
  }
}

/** The contacts that the state finds, how many they are, and what changes need reading again. */
export function useContacts(state: ListState, base: BaseView | undefined, enabled: boolean) {
  const { fields, isReady } = useContactFields()
  const { filter, sort } = useMemo(() => sound(state.filter, state.sort, fields), [state.filter, state.sort, fields])
  const deleted = base?.deleted === true
  const query = { ...filter, search: state.search, sort, ...(deleted && { deleted: true }) }
  const list = useList<ContactItem>('contacts', '/contacts', query, { enabled: enabled && isReady })
  const count = useQuery({
    queryKey: ['counts', 'contacts', { ...query, sort: null }],
    queryFn: ({ signal }) => api.get<BoundedCount>('/contacts/count', { ...query, sort: null }, { signal }),
    enabled: enabled && isReady,
    staleTime: 30_000,
  })
  useCalmCounts()
  // Nothing is said of a list that has not come.
  const isKnown = enabled && !list.isPending && !list.isPast && (list.error === null || list.rows.length > 0)
  const loaded: BoundedCount = { count: list.rows.length, more: false }
  const whole = !isKnown ? undefined : list.hasMore ? count.data : loaded
  return { fields, isReady, filter, list, found: whole }
}

/** Counts follow what happens, but not at every step. */
const CALM = 2500
function useCalmCounts(): void {
  useEffect(() => {
    let timer: number | undefined
    const stop = onLiveChange((change) => {
      if (change.kind !== 'contact' || timer !== undefined) return
      timer = window.setTimeout(() => {
        timer = undefined
        void queryClient.invalidateQueries({ queryKey: ['counts'] })
      }, CALM)
    })
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [])
}

/** The columns of the view shown, as the reader has them. */
export function useColumns(at: ReturnType<typeof useListState>, fields: readonly ListField[]) {
  const me = useMe()
  const { state, base } = at
  const key = `contact.${state.view}`
  const [memories, setMemories] = useState(() => readMemories(me.id))
  const memory: ColumnMemory = memories[key] ?? NOTHING
  const wished = base?.query.columns ?? NONE
  const columns = useMemo(
    () => columnsOf(fields, state.columns, memory.columns, wished),
    [fields, state.columns, memory.columns, wished],
  )
  const keep = (next: ColumnMemory) => {
    setMemories({ ...memories, [key]: next })
    writeMemory(me.id, key, next)
  }
  const names = columns.map((field) => field.name)
  const own = state.columns.length > 0 || memory.columns !== undefined
  return {
    columns,
    memory,
    /** Somebody chose them: they are shown whether there is room or not. */
    isChosen: own || wished.length > 0,
    /** Not as the view has them. */
    isOwn:
      own &&
      names.join() !==
        columnsOf(fields, wished)
          .map((field) => field.name)
          .join(),
    set: (next: string[] | undefined) => {
      const { columns: _, ...rest } = memory
      keep(next === undefined ? rest : { ...rest, columns: next })
      // From now on it is not the link that says which.
      if (state.columns.length > 0) at.change({ columns: [] })
    },
    setWidth: (name: string, width: number | null) => {
      const { [name]: _, ...others } = memory.widths ?? {}
      keep({ ...memory, widths: width === null ? others : { ...others, [name]: width } })
    },
  }
}
const NOTHING: ColumnMemory = {}

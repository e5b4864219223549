import type { Filter, ViewQuery } from '#shared/api/views.ts'
import { filterOf } from '#shared/filter.ts'

/**
 * What a list shows, and how it stands in the address. Of a view only its key stands there while nothing was changed;
 * after a change everything does, with `changed`, so that a link shows the same to whoever may not see the view.
 */
export interface ListState {
  /** The view it began with. */
  view: string
  filter: Filter
  search: string
  sort: string | null
  /** Named by the address; empty: as the reader keeps them for this view. */
  columns: readonly string[]
}
/** A view as lists know it: a usual one by its word, a saved one by its id. */
export interface BaseView {
  key: string
  query: ViewQuery
  /** Shows the deleted ones. */
  deleted?: boolean
}
export type ListAddress = Record<string, string | boolean | undefined>

/** Parameters of the page that are no conditions, beside those of the API. */
const OWN = new Set(['changed', 'columns', 'make'])

/** @param views the first one is shown where the address names none */
export function stateOf(address: ListAddress, views: readonly BaseView[]): ListState {
  const base = baseOf(address, views)
  const own = conditionsOf(address)
  const words = textOf(address['search'])
  const sort = textOf(address['sort']) ?? null
  const columns = listOf(textOf(address['columns']))
  const view = base?.key ?? ''
  if (base === undefined || address['changed'] === true || isPlain(base))
    return { view, filter: own, search: words ?? '', sort, columns }
  const { filter, search } = partsOf(base)
  const kept = Object.fromEntries(Object.entries(filter).filter(([name]) => !(name in own)))
  return { view, filter: { ...kept, ...own }, search: words ?? search, sort: sort ?? base.query.sort, columns }
}

export function addressOf(state: ListState, views: readonly BaseView[]): ListAddress {
  const base = views.find((one) => one.key === state.view)
  const named = base === views[0] ? {} : { view: state.view }
  const shown = state.columns.length > 0 ? { columns: state.columns.join(',') } : {}
  if (base !== undefined && isAsSaved(state, base)) return { ...named, ...shown }
  return {
    ...named,
    ...(base !== undefined && !isPlain(base) && { changed: true }),
    ...(state.search !== '' && { search: state.search }),
    ...state.filter,
    ...(state.sort !== null && { sort: state.sort }),
    ...shown,
  }
}

/** Undefined when the address names one that is not there (any more, or for this reader). */
function baseOf(address: ListAddress, views: readonly BaseView[]): BaseView | undefined {
  const key = textOf(address['view']) ?? (address['deleted'] === true ? 'deleted' : undefined)
  return key === undefined ? views[0] : views.find((one) => one.key === key)
}

/** Whether nothing was changed since the view was chosen; its columns are looked at apart. */
export function isAsSaved(state: ListState, base: BaseView): boolean {
  const { filter, search } = partsOf(base)
  return state.search === search && state.sort === base.query.sort && sameFilter(state.filter, filter)
}

/** What is saved of it. */
export const queryOf = (state: ListState, columns: readonly string[]): ViewQuery => ({
  filter: { ...state.filter, ...(state.search !== '' && { search: state.search }) },
  sort: state.sort,
  columns: [...columns],
})

function sameFilter(a: Filter, b: Filter): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}

/** The conditions of a view and its words to search for, which it keeps among them. */
function partsOf({ query }: BaseView): { filter: Filter; search: string } {
  const { search = '', ...filter } = query.filter
  return { filter, search }
}

/** One that says nothing: the address alone does. */
const isPlain = ({ query }: BaseView): boolean => Object.keys(query.filter).length === 0 && query.sort === null

function conditionsOf(address: ListAddress): Filter {
  return filterOf(Object.fromEntries(Object.entries(address).filter(([name]) => !OWN.has(name))))
}
const textOf = (value: string | boolean | undefined): string | undefined =>
  value === undefined || value === '' ? undefined : String(value)
const listOf = (text: string | undefined): string[] => (text === undefined ? [] : text.split(',').filter(Boolean))

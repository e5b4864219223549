import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSearch, stringifySearch } from '../../search-params.ts'
import { addressOf, type BaseView, isAsSaved, type ListState, queryOf, stateOf } from './list-state.ts'

const view = (key: string, filter: Record<string, string> = {}, sort: string | null = null): BaseView => ({
  key,
  query: { filter, sort, columns: [] },
})
const VIEWS = [
  view('all'),
  view('mine', { responsibleId: 'me' }),
  view('7', { kind: 'lead', 'createdAt.from': '-30d', search: 'تهران' }, '-createdAt'),
]

describe('what a list shows, in the address', () => {
  it('is the view alone while nothing was changed', () => {
    const state = stateOf({ view: '7' }, VIEWS)
    expect(state).toEqual({
      view: '7',
      filter: { kind: 'lead', 'createdAt.from': '-30d' },
      search: 'تهران',
      sort: '-createdAt',
      columns: [],
    })
    expect(addressOf(state, VIEWS)).toEqual({ view: '7' })
    expect(addressOf(stateOf({}, VIEWS), VIEWS)).toEqual({})
  })

  it('is everything once something was changed, also when a condition of the view was taken away', () => {
    const state = { ...stateOf({ view: '7' }, VIEWS), filter: { kind: 'lead' }, search: '' }
    const address = addressOf(state, VIEWS)
    expect(address).toEqual({ view: '7', changed: true, kind: 'lead', sort: '-createdAt' })
    expect(stateOf(address, VIEWS)).toEqual(state)
    // Whoever may not see the view sees the same.
    expect(stateOf(address, VIEWS.slice(0, 2))).toEqual({ ...state, view: '' })
  })

  it('takes conditions of a link for those of the view by the same name, as the API does', () => {
    expect(stateOf({ view: '7', kind: 'person', 'tagIds.not': '3' }, VIEWS).filter).toEqual({
      kind: 'person',
      'createdAt.from': '-30d',
      'tagIds.not': '3',
    })
  })

  it('knows no conditions in what belongs to the page', () => {
    expect(stateOf({ make: true, columns: 'name,city', limit: '5', kind: 'lead' }, VIEWS)).toMatchObject({
      filter: { kind: 'lead' },
      columns: ['name', 'city'],
    })
  })

  const text = fc.string({ unit: fc.constantFrom(...'اب ,+-:.\\c۱"'), minLength: 1, maxLength: 8 })
  const filter = fc.dictionary(
    fc.constantFrom('kind', 'tagIds.not', 'field.from', 'field.city.has', 'name.empty'),
    text,
  )
  const states: fc.Arbitrary<ListState> = fc.record({
    view: fc.constantFrom('all', 'mine', '7'),
    filter: filter.map((one) => ({ ...one })),
    search: fc.oneof(fc.constant(''), text),
    sort: fc.constantFrom(null, 'name', '-createdAt'),
    columns: fc.constantFrom([], ['name', 'field.city']),
  })
  it('comes back from the address, whatever it is', () => {
    const quoted = /^".*"$/s
    fc.assert(
      fc.property(states, (state) => {
        fc.pre(![state.search, ...Object.values(state.filter)].some((value) => quoted.test(value)))
        const address = parseSearch(stringifySearch(addressOf(state, VIEWS)))
        expect(stateOf(address, VIEWS)).toEqual(state)
      }),
    )
  })
  it('comes back from what is saved of it', () => {
    fc.assert(
      fc.property(states, (state) => {
        const saved: BaseView = { key: '9', query: queryOf(state, []) }
        const again = stateOf({ view: '9' }, [...VIEWS, saved])
        expect(again).toEqual({ ...state, view: '9', columns: [] })
        expect(isAsSaved(again, saved)).toBe(true)
      }),
    )
  })
})

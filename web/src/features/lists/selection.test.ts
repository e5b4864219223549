import { describe, expect, it } from 'vitest'
import { chooseAll, extend, isChosen, isEmpty, MOST_IDS, NOTHING, toggle } from './selection.ts'

const order = ['5', '4', '3', '2', '1']
const chosen = (selection: { ids: ReadonlySet<string> }) => order.filter((id) => selection.ids.has(id)).join('')

describe('choosing rows', () => {
  it('one by one, and from the last one up or down to another', () => {
    const one = toggle(NOTHING, '4', order)
    expect(chosen(extend(one, '2', order))).toBe('432')
    // The beginning stays where it was: one may go back.
    expect(chosen(extend(extend(one, '2', order), '5', order))).toBe('5432')
    expect(chosen(toggle(one, '4', order))).toBe('')
    expect(isEmpty(toggle(one, '4', order))).toBe(true)
    expect(chosen(extend(NOTHING, '3', order))).toBe('3')
  })

  it('keeps what was chosen in another part of the list', () => {
    const two = toggle(toggle(NOTHING, '1', order), '4', order)
    expect(chosen(extend(two, '5', order))).toBe('541')
    // A row that is no longer loaded is still chosen; a range from it begins anew.
    const gone = toggle(NOTHING, '99', order)
    expect([...extend(gone, '3', order).ids]).toEqual(['99', '3'])
  })

  it('takes all that are loaded first, then all there are; taking one out leaves the loaded ones', () => {
    const loaded = chooseAll(NOTHING, order, true)
    expect([loaded.all, loaded.ids.size]).toEqual([false, 5])
    const all = chooseAll(loaded, order, true)
    expect([all.all, isChosen(all, '77')]).toEqual([true, true])
    expect(chosen(toggle(all, '3', order))).toBe('5421')
    expect(chooseAll(loaded, order, false).all).toBe(false)
  })

  it('never names more than can be taken at once', () => {
    const many = Array.from({ length: 1500 }, (_, n) => String(n))
    expect(chooseAll(NOTHING, many, false).all).toBe(true)
    const range = extend(toggle(NOTHING, '0', many), '1400', many)
    expect(range.ids.size).toBe(MOST_IDS)
    expect(toggle(range, '1450', many).ids.size).toBe(MOST_IDS)
    expect(toggle({ ...NOTHING, all: true }, '3', many).ids.size).toBe(MOST_IDS - 1)
  })
})

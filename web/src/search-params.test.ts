import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSearch, stringifySearch } from './search-params.ts'

describe('what stands behind the ? of an address', () => {
  it('keeps long ids as they are, and reads as it is written', () => {
    expect(parseSearch('?channel=9007199254740993&make=true&view=mine')).toEqual({
      channel: '9007199254740993',
      make: true,
      view: 'mine',
    })
    expect(
      stringifySearch({ kind: 'person,lead', 'createdAt.from': '-30d', 'birthDate.to': '+30d', gone: undefined }),
    ).toBe('?kind=person,lead&createdAt.from=-30d&birthDate.to=%2B30d')
    expect(stringifySearch({})).toBe('')
  })

  it('understands addresses as they were written once', () => {
    expect(parseSearch('?channel=%225%22&search=%22علی')).toEqual({ channel: '5', search: '"علی' })
  })

  it('reads back whatever texts it wrote', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((value) => !/^(true|false|".*")$/s.test(value))
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z.]{1,12}$/), text), (values) => {
        expect(parseSearch(stringifySearch(values))).toEqual({ ...values })
      }),
    )
  })
})

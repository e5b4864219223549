import { describe, expect, it } from 'vitest'
import { changesOf } from './audit-diff.ts'

describe('changesOf', () => {
  it('names what differs by its path', () => {
    expect(
      changesOf(
        { name: 'a', welcome: { text: 'x', askNumber: true } },
        { name: 'a', welcome: { text: 'y', askNumber: true } },
      ),
    ).toEqual([{ path: 'welcome.text', before: 'x', after: 'y' }])
  })
  it('takes a list as one', () => {
    expect(changesOf({ rights: ['a'] }, { rights: ['a', 'b'] })).toEqual([
      { path: 'rights', before: ['a'], after: ['a', 'b'] },
    ])
  })
  it('shows everything of what was made and of what went', () => {
    expect(changesOf(null, { name: 'a' })).toEqual([{ path: 'name', before: undefined, after: 'a' }])
    expect(changesOf({ name: 'a' }, null)).toEqual([{ path: 'name', before: 'a', after: undefined }])
  })
  it('passes over what was and is empty', () => {
    expect(changesOf({ about: '' }, { about: null, more: undefined })).toEqual([])
    expect(changesOf(null, null)).toEqual([])
  })
})

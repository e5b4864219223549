import { describe, expect, it } from 'vitest'
import { MESSAGE_KINDS } from '#shared/api/conversations.ts'
import texts from '#shared/i18n/fa/inbox.json'
import { kindText } from './kind-text.ts'

const i = { maybe: (key: string): string | null => new Map(Object.entries(texts)).get(key) ?? null }

describe('a message in one line', () => {
  it('has its own words where the thread says it otherwise', () => {
    expect(kindText(i, 'contact')).toBe('شمارهٔ تماس')
    expect(kindText(i, 'start')).toBe('آغاز گفتگو')
    expect(kindText(i, 'other')).toBe('پیام')
  })
  it('has words for every kind that may come without any', () => {
    for (const kind of MESSAGE_KINDS) if (kind !== 'text') expect(kindText(i, kind), kind).not.toBe('')
  })
})

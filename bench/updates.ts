import { createRandom } from './random.ts'
import { FIRST_NAMES, LAST_NAMES, textOf } from './vocabulary.ts'

/** Marks the number of a message in its text, so that it can be told from all others wherever it is shown. */
export const MARK = /№(\d+)(?::(\d+))?/

export interface Person {
  id: number
  first: string
  last: string
}
export function personOf(n: number): Person {
  return {
    id: 1_400_000_000 + n,
    first: FIRST_NAMES[n % FIRST_NAMES.length] ?? '',
    last: LAST_NAMES[Math.floor(n / FIRST_NAMES.length) % LAST_NAMES.length] ?? '',
  }
}

export interface NewUpdate {
  n: number
  sender: number
  text: string
}
const texts = Array.from({ length: 20_000 }, (_, n) => textOf(createRandom(n + 7), 1_000_000))
export const poolText = (n: number): { text: string; folded: string[] } =>
  texts[n % texts.length] ?? { text: '', folded: [] }

/** A text message as Bale's webhook delivers it. */
export function updateOf({ n, sender, text }: NewUpdate): string {
  const { id, first, last } = personOf(sender)
  const person = { id, first_name: first, last_name: last, username: `u${id}` }
  return JSON.stringify({
    update_id: n,
    message: {
      message_id: n,
      date: Math.floor(Date.now() / 1000),
      from: { ...person, is_bot: false, language_code: 'fa' },
      chat: { ...person, type: 'private' },
      text,
    },
  })
}

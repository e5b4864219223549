import { QueryClient } from '@tanstack/react-query'
import { expect, test } from 'vitest'
import { onceMore } from './once-more.ts'

interface Talk {
  id: string
  version: number
}
const KEY = ['talks']

/** A list whose answers the test gives, and changes to it. */
function desk() {
  const client = new QueryClient()
  const answers: ((talks: Talk[]) => void)[] = []
  const read = (): Promise<Talk[]> =>
    client.fetchQuery({ queryKey: KEY, queryFn: () => new Promise<Talk[]>((resolve) => answers.push(resolve)) })
  const place = (talk: Talk): void => {
    onceMore(client, KEY, talk.id, () => place(talk))
    client.setQueryData<Talk[]>(KEY, (talks) => talks && [...talks.filter(({ id }) => id !== talk.id), talk])
  }
  const shown = (): Talk[] => client.getQueryData<Talk[]>(KEY) ?? []
  return { read, place, shown, answer: (talks: Talk[]) => answers.pop()?.(talks) }
}
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

test('what came while the first answer was under way stands in the list that did not know of it yet', async () => {
  const { read, place, shown, answer } = desk()
  const reading = read()
  await turn()
  place({ id: 'a', version: 1 })
  place({ id: 'b', version: 1 })
  place({ id: 'a', version: 2 })
  answer([])
  await reading
  await turn()
  expect(shown()).toEqual([
    { id: 'a', version: 2 },
    { id: 'b', version: 1 },
  ])
})

test('an older answer takes nothing back, also when the newest came just behind it', async () => {
  const { read, place, shown, answer } = desk()
  const first = read()
  await turn()
  answer([{ id: 'a', version: 1 }])
  await first
  const again = read()
  await turn()
  place({ id: 'a', version: 2 })
  answer([{ id: 'a', version: 1 }])
  await again
  place({ id: 'a', version: 3 })
  await turn()
  expect(shown()).toEqual([{ id: 'a', version: 3 }])
})

test('nothing is done twice where no answer is under way', async () => {
  const { read, place, shown, answer } = desk()
  const reading = read()
  await turn()
  answer([])
  await reading
  place({ id: 'a', version: 1 })
  place({ id: 'a', version: 2 })
  await turn()
  expect(shown()).toEqual([{ id: 'a', version: 2 }])
})

import { afterAll, expect, test } from 'vitest'
import { createBatcher } from './batcher.ts'
import { openDatabase } from './db.ts'

const away = openDatabase('postgres://nobody@127.0.0.1:1/nothing')
afterAll(() => away.close())

test('a bad one does not take its neighbours along', async () => {
  const done: number[] = []
  const add = createBatcher<number>(
    async (items) => {
      if (items.includes(2)) throw new Error('bad')
      done.push(...items)
    },
    { max: 10, parallel: 1 },
  )
  const ends = await Promise.allSettled([1, 2, 3].map(add))
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(done).toEqual([1, 3])
})

test('when the database is away, all are told at once', async () => {
  let calls = 0
  const add = createBatcher<number>(
    async () => {
      calls++
      await away.query('select 1')
    },
    { max: 10, parallel: 1 },
  )
  const ends = await Promise.allSettled([1, 2, 3].map(add))
  expect(ends.every(({ status }) => status === 'rejected')).toBe(true)
  expect(calls).toBe(1)
})

import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp, until } from '../../test/app.ts'
import { openStanding } from './standing.ts'

let t: TestApp
beforeAll(async () => {
  t = await startTestApp({ people: false })
})
afterAll(() => t.stop())

const cut = (name: string): Promise<object[]> =>
  t.app.db.query('select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [name])

test('a lost connection is replaced, prepared like the first, until it is closed', async () => {
  const told: string[] = []
  const standing = await openStanding(t.database.url, 'standing test', {
    ready: async (client) => {
      const { rows } = await client.query<{ locked: boolean }>('select pg_try_advisory_lock(4242) as locked')
      told.push(rows[0]?.locked ? 'ready' : 'taken')
    },
    lost: () => told.push('lost'),
  })
  const first = standing.client()
  expect(first).toBeDefined()
  await cut('standing test')
  await until(() => standing.client() !== undefined && standing.client() !== first)
  expect(told).toEqual(['ready', 'lost', 'ready'])
  await standing.close()
  expect(standing.client()).toBeUndefined()
  await until(
    async () =>
      (await t.app.db.query(`select from pg_stat_activity where application_name = 'standing test'`)).length === 0,
  )
  expect(told).toEqual(['ready', 'lost', 'ready'])
})

test('a first that cannot be made says so', async () => {
  await expect(
    openStanding(t.database.url.replace(/\/[^/]*$/, '/nothing_of_this_name'), 'never', {
      ready: async () => undefined,
    }),
  ).rejects.toThrow(/nothing_of_this_name/)
})

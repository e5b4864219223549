import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestApp, type TestApp } from '../../test/app.ts'
import { purgeInboundEvents } from './retention.jobs.ts'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app?.stop())

test('old events that were dealt with go; set-aside, waiting and young ones stay', async () => {
  const { pool } = app.database
  await pool.query(
    `insert into channel (kind, name, settings, hook_hash, hook_secret, state) values ('none', 'x', '', 'x', '', 'paused')`,
  )
  await pool.query(
    `insert into inbound_event (channel_id, event_key, via, body, state, received_at)
     select c.id, s.state || a.days, 'hook', '{}', s.state, now() - make_interval(days => a.days)
     from channel c, unnest(array['pending','done','ignored','quarantined']) s(state), unnest(array[1, 31]) a(days)`,
  )
  expect(await purgeInboundEvents(app.app.db)).toBe(2)
  const { rows } = await pool.query<{ event_key: string }>('select event_key from inbound_event order by event_key')
  expect(rows.map((row) => row.event_key)).toEqual([
    'done1',
    'ignored1',
    'pending1',
    'pending31',
    'quarantined1',
    'quarantined31',
  ])
})

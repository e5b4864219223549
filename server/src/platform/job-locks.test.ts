import pg from 'pg'
import { expect, test } from 'vitest'
import { startTestApp, until } from '../../test/app.ts'

test('jobs of a killed program go on, those of a living one are left to it', async () => {
  const first = await startTestApp()
  const other = new pg.Client({ connectionString: first.database.url })
  try {
    await other.connect()
    const { rows } = await first.app.db.pool.query<{ worker: string }>(
      `select 'worker-' || name as worker, pg_sleep(0), id from unnest(array['dead', 'alive']) as name
       cross join lateral graphile_worker.add_job('leases.purge', payload := json_build_object('of', name), run_at := now() + interval '1 day', queue_name := name) j`,
    )
    expect(rows).toHaveLength(2)
    // Both were begun two minutes ago; only one of the two workers is still there.
    await first.app.db.query(
      `update graphile_worker._private_jobs j set run_at = now(), locked_at = now() - interval '2 minutes', locked_by = 'worker-' || (payload->>'of')
       where payload->>'of' is not null`,
    )
    await first.app.db.query(
      `update graphile_worker._private_job_queues set locked_at = now() - interval '2 minutes', locked_by = 'worker-' || queue_name where queue_name in ('dead', 'alive')`,
    )
    await other.query(`select pg_advisory_lock(7004, hashtext('worker-alive'))`)
    const second = await startTestApp({
      database: first.database,
      config: { secretKey: first.app.config.secretKey },
    })
    try {
      const left = (): Promise<{ of: string }[]> =>
        first.app.db.query(
          `select payload->>'of' as of from graphile_worker._private_jobs where payload->>'of' is not null`,
        )
      await until(async () => (await left()).length === 1)
      expect(await left()).toEqual([{ of: 'alive' }])
    } finally {
      await second.stop()
    }
  } finally {
    await other.end()
    await first.stop()
  }
})

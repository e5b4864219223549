import type { Database } from './db.ts'
import type { Log } from './log.ts'
import { openStanding, type Standing } from './standing.ts'

/** First key of the advisory locks that say that a worker lives; the second is a hash of its name. */
const WORKER_LOCK = 7004
const EVERY_MS = 30_000
/** A worker that has just begun may not have its lock yet. */
const GRACE = `interval '1 minute'`

/**
 * What a killed program was working on would rest for hours: the job library waits that long before it takes a worker for
 * dead. A living one holds a lock, which ends with its process, so the jobs of a dead one go on within two minutes.
 * @param workers names of this process's workers
 */
export async function guardJobs(db: Database, log: Log, workers: readonly string[]): Promise<() => Promise<void>> {
  const standing = await openStanding(db.url, 'daftar jobs', {
    async ready(client) {
      await client.query(
        'select pg_advisory_lock($1, hashtext(name)) from unnest($2::text[]) as worker(name) order by hashtext(name)',
        [WORKER_LOCK, workers],
      )
    },
  })
  const sweep = (): void =>
    void freeJobs(db, standing, workers).catch((error: unknown) =>
      log.warn({ err: error }, 'looking for jobs that were left'),
    )
  sweep()
  const timer = setInterval(sweep, EVERY_MS)
  return async () => {
    clearInterval(timer)
    await standing.close()
  }
}

async function freeJobs(db: Database, standing: Standing, workers: readonly string[]): Promise<void> {
  const holders = await db.query<{ worker: string }>(
    `select distinct locked_by as worker from graphile_worker.jobs
     where locked_at < now() - ${GRACE} and locked_by <> all($1::text[])`,
    [workers],
  )
  for (const { worker } of holders) {
    const client = standing.client()
    const { rows } = (await client?.query<{ dead: boolean }>('select pg_try_advisory_lock($1, hashtext($2)) as dead', [
      WORKER_LOCK,
      worker,
    ])) ?? { rows: [] }
    if (!rows[0]?.dead) continue
    await db.query('select graphile_worker.force_unlock_workers(array[$1::text])', [worker])
    await client?.query('select pg_advisory_unlock($1, hashtext($2))', [WORKER_LOCK, worker])
  }
}

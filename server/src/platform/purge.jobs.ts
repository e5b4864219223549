import type { App } from './app.ts'
import type { Db } from './db.ts'

/** A screen that was away longer fetches everything anew. */
const LIVE_EVENTS_KEPT = 200_000
/** A row may hold the messages of a whole batch, so the log is bounded by its size as well. */
const LIVE_BYTES_KEPT = 512 * 1024 * 1024

export async function purgeLiveEvents(db: Db, kept = LIVE_EVENTS_KEPT, bytes = LIVE_BYTES_KEPT): Promise<void> {
  await db.query(
    // The size of a row's changes is known without reading them.
    `delete from live_event where at < now() - interval '24 hours' or seq <= (select seq from live_counter) - $1::bigint
       or seq <= (select max(seq) from (
            select seq, sum(pg_column_size(changes)) over (order by seq desc) as total from live_event) sized
          where total > $2)`,
    [kept, bytes],
  )
}

export async function purgeIdempotencyKeys(db: Db): Promise<void> {
  await db.query(`delete from idempotency_key where created_at < now() - interval '24 hours'`)
}

export function purgeJobs(app: App): void {
  app.jobs.define('live.purge', () => purgeLiveEvents(app.db))
  app.jobs.schedule('*/10 * * * *', 'live.purge')
  app.jobs.define('idempotency.purge', () => purgeIdempotencyKeys(app.db))
  app.jobs.schedule('23 * * * *', 'idempotency.purge')
}

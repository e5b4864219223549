import type { App } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { forgetLinks } from './start-links.ts'

/** Providers repeat themselves for a day at most; after this an event is only of historical interest. */
const EVENTS_KEPT_DAYS = 30
const CHUNK = 5000

/** Removes raw events that were dealt with long ago, in pieces that hold no lock for long. Set-aside ones stay. */
export async function purgeInboundEvents(db: Db, days = EVENTS_KEPT_DAYS): Promise<number> {
  for (let removed = 0; ; ) {
    const rows = await db.query<{ id: string }>(
      // inbound_event_age
      `delete from inbound_event where id in (
         select id from inbound_event where received_at < now() - make_interval(days => $1) and state in ('done', 'ignored')
         order by received_at limit $2) returning id`,
      [days, CHUNK],
    )
    removed += rows.length
    if (rows.length < CHUNK) return removed
  }
}

export function retentionJobs(app: App): void {
  app.jobs.define('inbound.purge', async () => {
    await purgeInboundEvents(app.db)
    await forgetLinks(app.db)
  })
  app.jobs.schedule('37 2 * * *', 'inbound.purge')
  app.jobs.define('leases.purge', async () => {
    await app.db.query(`delete from rate_bucket where bucket <> '' and next_at < now() - interval '1 hour'`)
  })
  app.jobs.schedule('*/30 * * * *', 'leases.purge')
}

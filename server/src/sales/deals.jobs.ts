import { audit } from '../org/audit.ts'
import type { App } from '../platform/app.ts'
import type { Database } from '../platform/db.ts'

const AT_ONCE = 1000

/** Deals deleted longer ago than the organisation keeps what is deleted, piece by piece; their values go with them. */
export async function purgeDeals(db: Database): Promise<void> {
  for (let gone = AT_ONCE; gone === AT_ONCE; ) {
    gone = await db.transaction(async (tx) => {
      // deal_deleted
      const rows = await tx.query<{ id: string }>(
        `delete from deal where id in (
           select id from deal where deleted_at < now() - make_interval(days => (select retention_days from organisation))
           order by deleted_at limit ${AT_ONCE} for update skip locked)
         returning id`,
      )
      if (rows.length > 0) await audit(tx, undefined, 'deal.purged', { kind: 'deal' }, null, { count: rows.length })
      return rows.length
    })
  }
}

export function dealJobs({ db, jobs }: App): void {
  jobs.define('deals.purge', () => purgeDeals(db))
  jobs.schedule('47 2 * * *', 'deals.purge')
}

import type { DuplicateScan } from '#shared/api/duplicates.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { registerContactPart } from './contact-parts.ts'
import { PIECE, recheck, tellDuplicates } from './duplicate-pairs.ts'
import { findDuplicates } from './duplicates.ts'

/** Looking through all contacts for duplicates, some at a time. What changes later is looked at when it does. */

interface ScanRow {
  at: string
  upto: string
  done: number
  started_at: Date
  finished_at: Date | null
}

/** Begins; while one is going on that one stays, unless it has not moved for so long that it will not any more. */
export async function startScan(tx: Tx, actor: Actor): Promise<DuplicateScan> {
  const begun = await tx.one(
    `insert into duplicate_scan as s (upto, started_by) select coalesce(max(id), 0), $1 from contact
     on conflict (only_row) do update set at = 0, upto = excluded.upto, done = 0, started_by = excluded.started_by,
       started_at = now(), moved_at = now(), finished_at = null
       where s.finished_at is not null or s.moved_at < now() - interval '1 hour' returning at`,
    [actor.userId],
  )
  if (begun) {
    await tx.query('delete from duplicate_skip')
    await tx.addJob('duplicates.scan', {}, { key: 'duplicates scan' })
  }
  return scanState(tx)
}

/** One piece; the next is a job of the same transaction, so that a crash goes on where it stopped. */
export async function scanPiece(tx: Tx): Promise<void> {
  const scan = await tx.one<ScanRow>('select * from duplicate_scan where finished_at is null for update')
  if (!scan) return
  const rows = await tx.query<{ id: string; listed: boolean }>(
    // contact_pkey
    `select id, listed from contact where id > $1 and id <= $2 order by id limit ${PIECE}`,
    [scan.at, scan.upto],
  )
  const ids = rows.filter((row) => row.listed).map((row) => row.id)
  if (ids.length > 0) await findDuplicates(tx, ids)
  const ended = rows.length < PIECE
  await tx.query(
    'update duplicate_scan set at = $1, done = done + $2, moved_at = now(), finished_at = case when $3 then now() end',
    [rows.at(-1)?.id ?? scan.at, ids.length, ended],
  )
  if (ended) tellDuplicates(tx)
  else await tx.addJob('duplicates.scan', {}, { key: 'duplicates scan' })
}

export async function scanState(db: Db): Promise<DuplicateScan> {
  const scan = await db.one<ScanRow>('select * from duplicate_scan')
  // Few: a key is noted only when more than fifty contacts have it.
  const skipped = await db.one<{ n: number }>(
    `select count(*)::int as n from (select from duplicate_skip where block not in ('domain', 'company') limit 1000) s`,
  )
  if (!scan) return { state: 'never', percent: 0, done: 0, skipped: 0, finishedAt: null }
  const upto = Number(scan.upto)
  return {
    state: scan.finished_at ? 'done' : 'running',
    percent: scan.finished_at || upto === 0 ? 100 : Math.floor((Number(scan.at) / upto) * 100),
    done: scan.done,
    skipped: skipped?.n ?? 0,
    finishedAt: scan.finished_at?.toISOString() ?? null,
  }
}

/** Pairs go with their contacts (by foreign key); who comes back is compared anew. */
registerContactPart({
  name: 'duplicates',
  restored: (tx, ids) => recheck(tx, ids),
  erase: () => Promise.resolve(true),
})

export function duplicateJobs({ db, jobs }: App): void {
  jobs.define('duplicates.find', async (payload) => {
    const ids = idsIn(payload)
    if (ids.length > 0) await db.transaction((tx) => findDuplicates(tx, ids))
  })
  jobs.define('duplicates.scan', () => db.transaction(scanPiece))
}

function idsIn(payload: unknown): string[] {
  if (payload === null || typeof payload !== 'object' || !('ids' in payload) || !Array.isArray(payload.ids)) return []
  return payload.ids.filter((id) => typeof id === 'string')
}

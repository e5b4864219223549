import type { App, Part } from '../platform/app.ts'
import { findResponses, foldReports, rebuildReports } from './rollups.ts'

/** Often enough that reading has few lines to add by itself, seldom enough that it costs nothing. */
const EVERY_MS = 3000
const LONG_MS = 60_000

/** Adds up on worker nodes, and counts anew what the first start or another time zone ask for. Crashes lose nothing: it is one transaction. */
export function foldingPart(app: App): Part {
  return {
    name: 'reports',
    role: 'worker',
    async start() {
      let timer: NodeJS.Timeout | undefined
      let stopped = false
      let under: Promise<void> = Promise.resolve()
      const round = async (): Promise<void> => {
        try {
          if (await isStale(app)) await recount(app)
          else await foldReports(app.db)
        } catch (error) {
          app.log.warn({ err: error }, 'the sums of the reports could not be kept; trying again')
          return void next(LONG_MS)
        }
        next(EVERY_MS)
      }
      const next = (ms: number): void => {
        if (stopped) return
        timer = setTimeout(() => void (under = round()), ms)
        timer.unref()
      }
      next(200)
      return async () => {
        stopped = true
        clearTimeout(timer)
        await under
      }
    },
  }
}

async function isStale({ db }: App): Promise<boolean> {
  const row = await db.one<{ stale: boolean }>(
    'select s.built_at is null or s.time_zone <> o.time_zone as stale from report_state s, organisation o',
  )
  return row?.stale ?? false
}

async function recount(app: App): Promise<void> {
  const begun = Date.now()
  const first = await app.db.one<{ first: boolean }>('select built_at is null as first from report_state')
  if (first?.first) {
    await app.db.transaction(async (tx) => {
      await tx.query('set local statement_timeout = 0')
      await findResponses(tx)
    })
  }
  if (await rebuildReports(app.db))
    app.log.info({ ms: Date.now() - begun }, 'the sums of the reports were counted anew')
}

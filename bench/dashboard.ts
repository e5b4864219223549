import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import { fill } from './generate.ts'
import { median, percentile, type Report, say } from './report.ts'
import { makeChannels, type Program, startProgram, type World } from './world.ts'

const CHANNELS = 5
const AGENTS = 20

interface Site {
  name: string
  total: number
  pool: pg.Pool
  program: Program
  /** How long counting everything anew took, in seconds. */
  counted: number
}

const dayOf = (back: number): string => new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10)
const QUESTIONS = {
  'dashboard, a year': () => `/reports?from=${dayOf(364)}&to=${dayOf(0)}`,
  'dashboard, 30 days': () => `/reports?from=${dayOf(29)}&to=${dayOf(0)}`,
  'list behind a figure of a year': () =>
    `/reports/rows?from=${dayOf(364)}&to=${dayOf(0)}&figure=in&weekday=2&hour=${new Date().getMinutes() % 24}`,
} as const

/**
 * The dashboard over few and many activities, in turns. What is stored was loaded past the program, so it is counted anew
 * first, as on the first start after an upgrade.
 */
export async function measureDashboard(
  world: World,
  report: Report,
  { small, large, rounds }: { small: number; large: number; rounds: number },
): Promise<void> {
  const sites: Site[] = []
  try {
    for (const [name, total] of [
      ['few', small],
      ['many', large],
    ] as const)
      sites.push(await openSite(world, name, total))
    const label = (total: number): string => total.toLocaleString('en')
    const [few, many] = sites
    if (!few || !many) return
    report.add({ name: `counting ${label(many.total)} activities anew`, value: many.counted, unit: 's' })
    for (const [name, path] of Object.entries(QUESTIONS)) {
      const times: number[][] = sites.map(() => [])
      for (let round = -Math.ceil(rounds / 5); round < rounds; round++)
        for (const [n, { program }] of sites.entries()) {
          const begun = performance.now()
          await program.get(path())
          if (round >= 0) times[n]?.push(performance.now() - begun)
        }
      const [a = 0, b = 0] = times.map(median)
      const isYear = name === 'dashboard, a year'
      report.add({ name: `${name}, of ${label(few.total)}`, value: a, unit: 'ms' })
      report.add({
        name: `${name}, of ${label(many.total)}`,
        value: b,
        unit: 'ms',
        ratioTo: `of ${label(few.total)}`,
        ratio: b / a,
        aim: isYear ? '< 100, ratio < 1.3' : 'ratio < 1.3',
        met: b / a < 1.3 && (!isYear || b < 100),
      })
      report.add({
        name: `${name}, of ${label(many.total)}, p95`,
        value: percentile(times[1] ?? [], 0.95),
        unit: 'ms',
      })
    }
  } finally {
    for (const site of sites) {
      await site.program.stop()
      await world.dropDatabase(site.name)
    }
  }
}

async function openSite(world: World, name: string, total: number): Promise<Site> {
  const pool = await world.createDatabase(name)
  const first = await startProgram(world, name)
  const channels = await makeChannels(first, world, CHANNELS)
  const me = await first.get<{ id: string }>('/me')
  await first.stop()
  const { rows } = await pool.query<{ id: string }>(
    `insert into app_user (email, name) select 'agent' || n || '@bench.example', 'Agent ' || n from generate_series(1, $1) n returning id`,
    [AGENTS],
  )
  say(`${name}: making ${total} activities`)
  await fill(
    world.databaseUrl(name),
    channels.map((channel) => channel.id),
    me.id,
    total,
    rows.map((row) => row.id),
  )
  await pool.query('truncate report_delta')
  await pool.query('update report_state set built_at = null')
  const program = await startProgram(world, name, first.token)
  const begun = Date.now()
  while (!(await program.get<{ complete: boolean }>(QUESTIONS['dashboard, a year']())).complete) await wait(100)
  await pool.query('vacuum analyze')
  return { name, total, pool, program, counted: (Date.now() - begun) / 1000 }
}

import { spawnSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { measureCampaigns } from './campaigns.ts'
import { measureContacts } from './contacts.ts'
import { measureDashboard } from './dashboard.ts'
import { measureFanout } from './fanout.ts'
import { measureGrowth } from './growth.ts'
import { measureImports } from './imports.ts'
import { measureInbound } from './inbound.ts'
import { measureMerge } from './merge.ts'
import { measureRate } from './rate.ts'
import { createReport, type Report, say, writeJson } from './report.ts'
import { openWorld, type World } from './world.ts'

const HELP = `npm run bench -- [options]
  --only NAME    inbound, growth, contacts, imports, live, merge, campaigns, dashboard, rate or page; may be given several times
  --quick        small and short, to see that it works; its figures mean little
  --big          10,000,000 activities instead of 2,000,000
  --activities N as many instead
  --json FILE    writes the figures there too
  --source       runs the program from its source instead of dist/
  --profiles DIR puts CPU profiles of the program there
`

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    big: { type: 'boolean', default: false },
    activities: { type: 'string' },
    json: { type: 'string' },
    source: { type: 'boolean', default: false },
    profiles: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) process.stdout.write(HELP)
else await bench()

async function bench(): Promise<void> {
  const report = createReport()
  const begun = Date.now()
  const world = await openWorld(values.source ? 'source' : 'dist', values.profiles)
  let interrupted = false
  const interrupt = (): void => {
    if (interrupted) return
    interrupted = true
    void world.stop().finally(() => process.exit(130))
  }
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  const machine = describe(world)
  try {
    const scenes: Record<string, () => Promise<void>> = {
      inbound: () =>
        measureInbound(world, report, values.quick ? { seconds: 8, senders: 1000 } : { seconds: 60, senders: 5000 }),
      growth: () =>
        measureGrowth(
          world,
          report,
          values.quick
            ? { small: 10_000, large: 100_000, rounds: 40, seconds: 3 }
            : {
                small: 10_000,
                large: Number(values.activities ?? (values.big ? 10_000_000 : 2_000_000)),
                rounds: 300,
                seconds: 8,
              },
        ),
      contacts: () =>
        measureContacts(
          world,
          report,
          values.quick
            ? { small: 10_000, large: 100_000, rounds: 20 }
            : { small: 10_000, large: 1_000_000, rounds: 100 },
        ),
      imports: () => measureImports(world, report, { rows: values.quick ? 5000 : 100_000 }),
      live: () =>
        measureFanout(world, report, values.quick ? { agents: 100, seconds: 4 } : { agents: 500, seconds: 20 }),
      merge: () =>
        measureMerge(
          world,
          report,
          values.quick ? { activities: 1000, rounds: 10 } : { activities: 10_000, rounds: 60 },
        ),
      campaigns: () =>
        measureCampaigns(
          world,
          report,
          values.quick ? { messages: 2000, audience: 20_000 } : { messages: 40_000, audience: 1_000_000 },
        ),
      dashboard: () =>
        measureDashboard(
          world,
          report,
          values.quick
            ? { small: 10_000, large: 100_000, rounds: 20 }
            : { small: 10_000, large: Number(values.activities ?? 2_000_000), rounds: 100 },
        ),
      rate: () => measureRate(world, report, { seconds: values.quick ? 10 : 60 }),
      page: () => measurePage(report),
    }
    for (const [name, scene] of Object.entries(scenes)) if (!values.only || values.only.includes(name)) await scene()
  } finally {
    if (!interrupted) await world.stop()
  }
  if (values.json) writeJson(values.json, machine, report.figures)
  say(
    `${Math.round((Date.now() - begun) / 1000)} s; ${report.figures.filter((figure) => figure.met === false).length} aims missed`,
  )
}

/** From sign-in to inbox, compressed, in Persian; counted from the built files. */
async function measurePage(report: Report): Promise<void> {
  const script = fileURLToPath(new URL('../scripts/bundle-size.mjs', import.meta.url))
  const { stdout, stderr } = spawnSync(process.execPath, [script, 'fa'], { encoding: 'utf8' })
  const size = /([\d.]+) kB first load/.exec(stdout)?.[1]
  if (size === undefined) throw new Error(`the size of the first page is not known: ${stderr}`)
  report.add({ name: 'first page load', value: Number(size), unit: 'kB', aim: '< 250', met: Number(size) < 250 })
}

function describe(world: World): Record<string, string | number> {
  return {
    processor: cpus()[0]?.model ?? '',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    postgres: world.postgresVersion,
    system: `${process.platform} ${process.arch}`,
    date: new Date().toISOString().slice(0, 10),
  }
}

import { setTimeout as wait } from 'node:timers/promises'
import { type LoadResult, type LoadSpec, startChild } from './children.ts'
import { fill } from './generate.ts'
import { drained, jobsDone } from './inbound.ts'
import { createRandom } from './random.ts'
import { median, type Report, say } from './report.ts'
import { personOf } from './updates.ts'
import { codeOf, codesIn, FIRST_NAMES, LAST_NAMES, wordAt } from './vocabulary.ts'
import { makeChannels, type Program, startProgram, type World } from './world.ts'
import type pg from 'pg'

const CHANNELS = 10
const SENDERS = 2000

interface Site {
  name: string
  total: number
  pool: pg.Pool
  program: Program
  /** Hooks of two of the channels, as many as in the inbound figure. */
  paths: string[]
  contacts: number
  conversations: number
}

/** The same questions to a small and to a large database, in turns, so that the machine's moods hit both alike. */
export async function measureGrowth(
  world: World,
  report: Report,
  { small, large, rounds, seconds }: { small: number; large: number; rounds: number; seconds: number },
): Promise<void> {
  const sites: Site[] = []
  try {
    for (const [name, total] of [
      ['small', small],
      ['large', large],
    ] as const)
      sites.push(await openSite(world, name, total))
    for (const question of questions()) {
      const times: number[][] = sites.map(() => [])
      const warm = Math.ceil(rounds / 5)
      for (let round = -warm; round < rounds; round++) {
        for (const [n, site] of sites.entries()) {
          const path = question.path(site, createRandom(round * 31 + 7))
          const begun = performance.now()
          await site.program.get(path)
          if (round >= 0) times[n]?.push(performance.now() - begun)
        }
      }
      compare(report, question.name, 'ms', sites, times.map(median), question.most)
    }
    await measureInboundGrowth(report, sites, seconds)
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
  say(`${name}: making ${total} activities`)
  const begun = Date.now()
  const filled = await fill(
    world.databaseUrl(name),
    channels.map((channel) => channel.id),
    me.id,
    total,
  )
  say(`${name}: ${JSON.stringify(filled)} in ${Math.round((Date.now() - begun) / 1000)} s`)
  const program = await startProgram(world, name, first.token)
  return { name, total, pool, program, paths: channels.slice(0, 2).map((channel) => channel.path), ...filled }
}

interface Question {
  name: string
  most: number
  path(site: Site, random: ReturnType<typeof createRandom>): string
}

const search = (words: string): string => `search=${encodeURIComponent(words)}`

function questions(): Question[] {
  return [
    {
      name: 'inbox page',
      most: 1.3,
      path: (_site, random) =>
        `/conversations?${random.pick(['state=open', 'state=open&assigneeId=none', 'state=open&assigneeId=me', 'state=closed', 'unread=true'])}`,
    },
    {
      name: 'timeline page',
      most: 1.3,
      path: (site, random) => `/contacts/${1 + random.below(site.contacts)}/timeline`,
    },
    {
      name: 'thread page',
      most: 1.3,
      path: (site, random) => `/conversations/${1 + random.below(site.conversations)}/messages`,
    },
    {
      name: 'contact search, name',
      most: 2,
      path: (_site, random) => `/contacts?${search(`${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`)}`,
    },
    {
      name: 'contact search, first name',
      most: 2,
      path: (_site, random) => `/contacts?${search(random.pick(FIRST_NAMES))}`,
    },
    {
      name: 'contact search, address',
      most: 2,
      path: (site, random) => `/contacts?${search(`u${personOf(random.below(site.contacts)).id}`)}`,
    },
    {
      name: 'message search, common word',
      most: 2,
      path: (_site, random) => `/messages?${search(wordAt(1 + random.below(12)))}`,
    },
    {
      name: 'message search, rare word',
      most: 2,
      path: (site, random) => `/messages?${search(codeOf(random.below(codesIn(site.total))))}`,
    },
    {
      name: 'message search, two words',
      most: 2,
      path: (_site, random) =>
        `/messages?${search(`${wordAt(1 + random.below(12))} ${wordAt(300 + random.below(50))}`)}`,
    },
  ]
}

function compare(report: Report, name: string, unit: string, sites: Site[], values: number[], most: number): void {
  const [small = 0, large = 0] = values
  const [a, b] = sites.map((site) => label(site.total))
  const ratio = unit === 'ms' ? large / small : small / large
  report.add({ name: `${name} at ${a}`, value: small, unit })
  report.add({
    name: `${name} at ${b}`,
    value: large,
    unit,
    ratioTo: `at ${a}`,
    ratio,
    aim: `ratio < ${most}`,
    met: ratio < most,
  })
}
const label = (total: number): string => total.toLocaleString('en')

async function measureInboundGrowth(report: Report, sites: Site[], seconds: number): Promise<void> {
  const load = startChild<LoadSpec, LoadResult>('load.child.ts')
  const rates: number[][] = sites.map(() => [])
  let first = 100_000_000
  try {
    for (let round = 0; round < 3; round++) {
      for (const [n, { program, pool, paths }] of sites.entries()) {
        const begun = performance.now()
        const ask = { port: program.port, paths, firstSender: 0, senders: SENDERS, connections: 192, first }
        const result = await load.ask({ ...ask, seconds: round === 0 ? Math.min(5, seconds) : seconds })
        await drained(pool)
        const took = (performance.now() - begun) / 1000
        await jobsDone(pool)
        first = result.to
        if (result.refused > 0) throw new Error(`${result.refused} messages were refused`)
        if (round > 0) rates[n]?.push(result.accepted / took)
        await wait(500)
      }
    }
  } finally {
    await load.end()
  }
  compare(
    report,
    'inbound',
    'messages/s',
    sites,
    rates.map((list) => list.reduce((sum, one) => sum + one, 0) / list.length),
    1.3,
  )
}

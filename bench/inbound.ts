import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import { type ListenResult, type ListenSpec, type LoadResult, type LoadSpec, startChild } from './children.ts'
import { measureFloor } from './floor.ts'
import { percentile, type Report, say } from './report.ts'
import { MARK } from './updates.ts'
import { cpuOf, makeChannels, type Program, startProgram, type World } from './world.ts'

const CONNECTIONS = 192

/** Messages a second from the hook to what the API shows, against plain inserts; the way to a screen; memory meanwhile. */
export async function measureInbound(
  world: World,
  report: Report,
  { seconds, senders }: { seconds: number; senders: number },
): Promise<void> {
  const pool = await world.createDatabase('inbound')
  const program = await startProgram(world, 'inbound')
  const load = startChild<LoadSpec, LoadResult>('load.child.ts')
  try {
    const channels = await makeChannels(program, world, 2)
    const paths = channels.map((channel) => channel.path)
    const base = { port: program.port, paths, firstSender: 0, senders }
    await wait(2000)
    const idle = program.memory()
    report.add({ name: 'memory idle', value: idle.pss, unit: 'MB', aim: '< 150', met: idle.pss < 150 })

    say('inbound: warming up')
    const warm = await load.ask({ ...base, seconds: Math.min(10, seconds), connections: CONNECTIONS, first: 1 })
    // New customers' pictures are asked for once; that is over before the clock starts.
    await drained(pool)
    await jobsDone(pool)

    await measureDelay(program, report, load, { ...base, first: warm.to, seconds: Math.min(20, seconds) })
    const first = warm.to + 100_000
    say(`inbound: ${seconds} s as fast as it goes`)
    const watch = watchMemory(program)
    const cpu = (): number[] => [cpuOf(program.pid), world.databaseCpu(), cpuOf(load.process.pid ?? 0)]
    const cpuBefore = cpu()
    const begun = performance.now()
    const result = await load.ask({ ...base, seconds, connections: CONNECTIONS, first })
    await drained(pool)
    const took = (performance.now() - begun) / 1000
    const most = watch()
    const used = cpu().map((after, n) => ((after - (cpuBefore[n] ?? 0)) / result.accepted) * 1e6)
    const rate = result.accepted / took
    const batch = await batchSize(pool, first)
    say(
      `inbound: ${result.accepted} taken, ${result.refused} refused, hook p50 ${result.p50.toFixed(1)} p99 ${result.p99.toFixed(1)} ms, ` +
        `${(took - result.seconds).toFixed(2)} s until all was visible, batches of ${batch}`,
    )
    const [app = 0, database = 0, generator = 0] = used
    say(
      `inbound: processor time a message: program ${app.toFixed(0)}, database ${database.toFixed(0)}, load generator ${generator.toFixed(0)} µs`,
    )
    report.add({ name: 'inbound processor time, program', value: app, unit: 'µs/message' })
    report.add({ name: 'inbound processor time, database', value: database, unit: 'µs/message' })
    await verify(program, channels, {
      from: 1,
      to: result.to,
      missing: new Set([...warm.missing, ...result.missing]),
      gap: [warm.to, first],
    })

    const plain = { batch, rows: result.accepted, senders }
    const floor = await measureFloor(world, { ...plain, connections: 1 })
    const both = await measureFloor(world, { ...plain, connections: 2 })
    report.add({ name: 'inbound floor, on both cores', value: both, unit: 'messages/s' })
    report.add({ name: 'inbound floor', value: floor, unit: 'messages/s' })
    report.add({
      name: 'inbound',
      value: rate,
      unit: 'messages/s',
      ratioTo: 'inbound floor',
      ratio: rate / floor,
      aim: '>= 3000, ratio >= 0.5',
      met: rate >= 3000 && rate / floor >= 0.5,
    })
    report.add({ name: 'inbound hook answer p50', value: result.p50, unit: 'ms' })
    report.add({ name: 'inbound hook answer p99', value: result.p99, unit: 'ms' })
    report.add({
      name: 'inbound refused',
      value: result.refused,
      unit: 'messages',
      aim: '0',
      met: result.refused === 0,
    })
    report.add({ name: 'memory under load', value: most.pss, unit: 'MB', aim: '< 350', met: most.pss < 350 })
    report.add({ name: 'memory under load (resident)', value: most.rss, unit: 'MB' })
  } finally {
    await load.end()
    await program.stop()
    await world.dropDatabase('inbound')
  }
}

/** From posting the hook to the event at a screen, at 100 a second. */
async function measureDelay(
  program: Program,
  report: Report,
  load: { ask(spec: LoadSpec): Promise<LoadResult> },
  ask: Omit<LoadSpec, 'connections'>,
): Promise<void> {
  say('inbound: 100 a second, to a screen')
  const listener = startChild<ListenSpec | 'result', ListenResult>('listen.child.ts')
  try {
    const { token } = await program.send<{ token: string }>('POST', '/me/tokens', { name: 'screen' })
    const { items } = await program.get<{ items: { id: string }[] }>('/channels')
    await listener.ask({ port: program.port, clients: [{ token, channels: items.map((channel) => channel.id) }] })
    const result = await load.ask({ ...ask, rate: 100, connections: 20, stamped: true })
    await wait(1000)
    const { messages } = await listener.ask('result')
    if (messages.length !== result.accepted)
      throw new Error(`${result.accepted} messages were taken, ${messages.length} came to the screen`)
    const delays = messages.map((message) => message.last)
    report.add({ name: 'hook to live event p50', value: percentile(delays, 0.5), unit: 'ms' })
    report.add({ name: 'hook to live event p99', value: percentile(delays, 0.99), unit: 'ms' })
  } finally {
    await listener.end()
  }
}

/** Waits until nothing is left to be processed. */
export async function drained(pool: pg.Pool): Promise<void> {
  for (;;) {
    const { rows } = await pool.query(`select from inbound_queue limit 1`)
    if (rows.length === 0) return
    // Seldom, since asking costs the database something too.
    await wait(100)
  }
}

export async function jobsDone(pool: pg.Pool): Promise<void> {
  for (;;) {
    const { rows } = await pool.query('select from graphile_worker.jobs where run_at <= now() and attempts = 0 limit 1')
    if (rows.length === 0) return
    await wait(200)
  }
}

/** How many events were processed together, on average. */
async function batchSize(pool: pg.Pool, first: number): Promise<number> {
  const { rows } = await pool.query<{ batch: number }>(
    `select round(count(*)::numeric / count(distinct (channel_id, processed_at)))::int as batch
     from inbound_event where event_key::bigint >= $1`,
    [first],
  )
  return rows[0]?.batch ?? 1
}

function watchMemory(program: Program): () => { pss: number; rss: number } {
  const most = { pss: 0, rss: 0 }
  const timer = setInterval(() => {
    const now = program.memory()
    most.pss = Math.max(most.pss, now.pss)
    most.rss = Math.max(most.rss, now.rss)
  }, 500)
  return () => {
    clearInterval(timer)
    return most
  }
}

/** Walks every conversation by the API: each message that was taken is there, once. */
async function verify(
  program: Program,
  channels: { id: string }[],
  sent: { from: number; to: number; missing: ReadonlySet<number>; gap: [number, number] },
): Promise<void> {
  say('inbound: reading everything back by the API')
  const seen = new Set<number>()
  let twice = 0
  for (const { id } of channels) {
    for await (const conversation of pages<{ id: string }>(program, `/conversations?channelId=${id}&limit=100`)) {
      const path = `/conversations/${conversation.id}/messages?limit=100&type=message`
      for await (const { message } of pages<{ message: { text: string } }>(program, path)) {
        const n = Number(MARK.exec(message.text)?.[1])
        if (seen.has(n)) twice++
        seen.add(n)
      }
    }
  }
  let lost = 0
  for (let n = sent.from; n < sent.to; n++) {
    if (n >= sent.gap[0] && n < sent.gap[1]) continue
    if (!seen.has(n) && !sent.missing.has(n)) lost++
  }
  say(`inbound: ${seen.size} messages visible, ${lost} lost, ${twice} twice`)
  if (lost > 0 || twice > 0) throw new Error(`${lost} messages were lost, ${twice} are shown twice`)
}

export async function* pages<Item>(program: Program, path: string): AsyncGenerator<Item> {
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { items: Item[]; nextCursor: string | null } = await program.get(
      cursor === '' ? path : `${path}&cursor=${encodeURIComponent(cursor)}`,
    )
    yield* page.items
    cursor = page.nextCursor
  }
}

import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import { createBaleSimulator } from '../simulators/bale/server.ts'
import { percentile, type Report, say } from './report.ts'
import { startProgram, type World } from './world.ts'

/** What the provider allows, messages a second. */
const ALLOWED = 30
const PEOPLE = 400

/**
 * How much of an allowed rate bulk sending uses, and whether it is ever exceeded: both as the Bale simulator counts
 * arrivals, in any window of a second. Meanwhile people answer: how long until their message is there.
 */
export async function measureRate(world: World, report: Report, { seconds }: { seconds: number }): Promise<void> {
  const pool = await world.createDatabase('rate')
  const program = await startProgram(world, 'rate')
  // Counts and lets pass: what is too fast is a finding, not something to be mended by a 429.
  const sim = await createBaleSimulator({ limits: { perBotPerSecond: ALLOWED, enforce: false } })
  try {
    const token = '7301:rate-bench-0123456789abcdefghijklmno'
    const bot = sim.addBot({ token, username: 'rate_bot', name: 'Rate' })
    const channel = await program.send<{ id: string }>('POST', '/channels', {
      kind: 'bale',
      name: 'Rate',
      settings: { token, mode: 'polling', baseUrl: sim.url, ratePerSecond: ALLOWED, ratePerChat: 20 },
    })
    for (let n = 0; n < PEOPLE; n++) sim.addPerson({ firstName: `Person ${n}` }).start(bot)
    while ((await conversations(pool)).length < PEOPLE) await wait(100)
    const [first, ...others] = await conversations(pool)
    await queueBulk(pool, channel.id, others, ALLOWED * (seconds + 8))
    say(`rate: ${ALLOWED} a second are allowed, for ${seconds} s`)
    while (sim.received(bot).length === 0) await wait(1)
    const delays: number[] = []
    const begun = sim.received(bot)[0]?.at ?? Date.now()
    const end = begun + seconds * 1000
    for (let n = 0; Date.now() < end - 1500; n++) {
      await wait(700 + ((n * 137) % 300))
      const text = `reply ${n}`
      const asked = Date.now()
      await program.send('POST', `/conversations/${first}/messages`, { text })
      for (;;) {
        const there = sim.received(bot).findLast((one) => one.text === text)
        if (there) {
          delays.push(there.at - asked)
          break
        }
        await wait(3)
      }
    }
    await wait(Math.max(0, end - Date.now()))
    const counted = sim.received(bot).filter((one) => one.at >= begun && one.at < end).length
    const share = counted / (ALLOWED * seconds)
    const { perBot, violations } = sim.rates(bot)
    report.add({ name: 'rate, share used', value: share * 100, unit: '%', aim: '>= 98', met: share >= 0.98 })
    report.add({
      name: 'rate, most in a second',
      value: perBot,
      unit: 'messages',
      aim: '<= 30',
      met: perBot <= ALLOWED,
    })
    report.add({ name: 'rate, violations', value: violations, unit: 'messages', aim: '0', met: violations === 0 })
    report.add({ name: 'rate, reply in the middle p50', value: percentile(delays, 0.5), unit: 'ms' })
    const worst = Math.max(...delays)
    report.add({ name: 'rate, reply in the middle, worst', value: worst, unit: 'ms', aim: '< 200', met: worst < 200 })
  } finally {
    await program.stop()
    await sim.close()
    await world.dropDatabase('rate')
  }
}

async function conversations(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>('select id from conversation order by id')
  return rows.map((row) => row.id)
}

async function queueBulk(pool: pg.Pool, channelId: string, ids: string[], count: number): Promise<void> {
  await pool.query(
    `with made as (
       insert into message (conversation_id, channel_id, contact_id, direction, state, text, at, origin)
       select c.id, c.channel_id, c.contact_id, 'out', 'waiting', 'bulk', now(), 'api'
       from generate_series(0, $3 - 1) as n join conversation c on c.id = ($2::bigint[])[n % cardinality($2::bigint[]) + 1]
       returning id, conversation_id)
     insert into outbox (message_id, channel_id, thread_key, priority)
     select made.id, $1, c.thread_key, 9 from made join conversation c on c.id = made.conversation_id`,
    [channelId, ids, count],
  )
}

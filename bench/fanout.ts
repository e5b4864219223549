import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import { hashToken } from '../server/src/platform/secrets.ts'
import { type ListenResult, type ListenSpec, type LoadResult, type LoadSpec, startChild } from './children.ts'
import { drained } from './inbound.ts'
import { percentile, type Report, say } from './report.ts'
import { makeChannels, startProgram, type World } from './world.ts'

const CHANNELS = 20

interface Agent {
  token: string
  channels: string[]
}

/** Many agents, each allowed a tenth of the channels: when everybody who may see a message has it, and that nobody else has. */
export async function measureFanout(
  world: World,
  report: Report,
  { agents, seconds }: { agents: number; seconds: number },
): Promise<void> {
  const pool = await world.createDatabase('fanout')
  const program = await startProgram(world, 'fanout')
  const load = startChild<LoadSpec, LoadResult>('load.child.ts')
  const listener = startChild<ListenSpec | 'result', ListenResult>('listen.child.ts')
  try {
    const channels = await makeChannels(program, world, CHANNELS)
    const people = await makeAgents(
      pool,
      channels.map((channel) => channel.id),
      agents,
    )
    await listener.ask({ port: program.port, clients: people })
    say(`fan-out: ${agents} screens are open`)
    const ask = {
      port: program.port,
      paths: channels.map((channel) => channel.path),
      firstSender: 0,
      senders: 1000,
      stamped: true,
    }
    const warm = await load.ask({ ...ask, first: 1, seconds: 3, connections: 16 })
    await drained(pool)
    await wait(1500)
    await listener.ask('result')

    const paced = await load.ask({ ...ask, first: warm.to, seconds, rate: 20, connections: 16 })
    await wait(1500)
    const calm = await listener.ask('result')
    check(calm, people, paced.accepted)
    const last = calm.messages.map((message) => message.last)
    const first = calm.messages.map((message) => message.first)
    report.add({ name: `fan-out, first of ${agents / 10} screens p50`, value: percentile(first, 0.5), unit: 'ms' })
    report.add({ name: `fan-out, all of ${agents / 10} screens p50`, value: percentile(last, 0.5), unit: 'ms' })
    report.add({ name: `fan-out, all of ${agents / 10} screens p99`, value: percentile(last, 0.99), unit: 'ms' })

    const burst = await load.ask({ ...ask, first: paced.to, seconds: Math.min(seconds, 10), connections: 64 })
    await drained(pool)
    await wait(3000)
    const busy = await listener.ask('result')
    check(busy, people, burst.accepted)
    report.add({ name: 'fan-out under full inbound load', value: busy.deliveries / busy.seconds, unit: 'deliveries/s' })
    report.add({
      name: 'fan-out, all screens under full load p99',
      value: percentile(
        busy.messages.map((message) => message.last),
        0.99,
      ),
      unit: 'ms',
    })
    const stray = calm.wrong + busy.wrong
    report.add({ name: 'fan-out to who may not see', value: stray, unit: 'deliveries', aim: '0', met: stray === 0 })
  } finally {
    await listener.end()
    await load.end()
    await program.stop()
    await world.dropDatabase('fanout')
  }
}

/** Everybody who may see a message got it once, and nobody else. */
function check(result: ListenResult, people: readonly Agent[], accepted: number): void {
  const viewers = new Map<string, number>()
  for (const { channels } of people) for (const id of channels) viewers.set(id, (viewers.get(id) ?? 0) + 1)
  const incomplete = result.messages.filter((message) => message.screens !== viewers.get(message.channelId)).length
  say(
    `fan-out: ${accepted} messages, ${result.deliveries} deliveries, ${incomplete} incomplete, ${result.wrong} wrong, ${result.repeated} repeated, ${result.closed} screens closed`,
  )
  if (result.messages.length !== accepted || incomplete > 0 || result.repeated > 0 || result.closed > 0)
    throw new Error('not every screen got every message once')
}

/** Each with a role of its own that may view two channels; the pairs differ, so that no two groups are the same. */
async function makeAgents(pool: pg.Pool, channels: readonly string[], count: number): Promise<Agent[]> {
  const agents = Array.from({ length: count }, (_, n) => {
    const one = n % channels.length
    const other = (one + 1 + (Math.floor(n / channels.length) % (channels.length - 1))) % channels.length
    return {
      token: `dft_${randomBytes(24).toString('base64url')}`,
      channels: [channels[one] ?? '', channels[other] ?? ''],
    }
  })
  await pool.query(
    `with asked as (
       select n, hash, a, b from unnest($1::text[], $2::bigint[], $3::bigint[]) with ordinality as u(hash, a, b, n)),
     people as (insert into app_user (email, name) select 'agent' || n || '@example.com', 'agent ' || n from asked returning id, name),
     roles as (insert into role (name) select 'agent ' || n from asked returning id, name),
     held as (insert into user_role (user_id, role_id) select p.id, r.id from people p join roles r using (name)),
     rights as (
       insert into role_channel (role_id, channel_id, can_view)
       select r.id, c, true from asked join roles r on r.name = 'agent ' || n cross join unnest(array[a, b]) c)
     insert into api_token (user_id, name, token_hash) select p.id, 'bench', hash from asked join people p on p.name = 'agent ' || n`,
    [
      agents.map((agent) => hashToken(agent.token)),
      agents.map((agent) => agent.channels[0]),
      agents.map((agent) => agent.channels[1]),
    ],
  )
  return agents
}

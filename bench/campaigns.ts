import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import type { Campaign, RecipientList } from '#shared/api/campaigns.ts'
import { takeOff } from './generate.ts'
import { percentile, type Report, say } from './report.ts'
import { type Program, startProgram, type World } from './world.ts'

/** Each channel may send 1,000 a second, the most that can be set: so several stand for no limit. */
const CHANNELS = 4

/**
 * Campaigns against a provider that takes everything at once: messages a second, beside the same rows by plain batched
 * statements. And writing a large audience down, while somebody looks at the inbox.
 */
export async function measureCampaigns(
  world: World,
  report: Report,
  { messages, audience }: { messages: number; audience: number },
): Promise<void> {
  const name = 'campaigns'
  const pool = await world.createDatabase(name)
  const provider = await startSafir()
  let program = await startProgram(world, name)
  try {
    const url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`
    const channels: string[] = []
    for (let n = 0; n < CHANNELS; n++) {
      const { id } = await program.send<{ id: string }>('POST', '/channels', {
        kind: 'bale-safir',
        name: `Safir ${n + 1}`,
        settings: {
          apiKey: `key-of-bench-${n}`,
          botId: String(1000 + n),
          baseUrl: url,
          ratePerSecond: 1000,
          ratePerChat: 1000,
        },
      })
      channels.push(id)
    }
    const { token } = program
    await program.stop()
    await makePeople(world.databaseUrl(name), audience)
    program = await startProgram(world, name, token)
    await measureEngine(program, pool, report, channels, messages)
    // A running program would send what the floor queues.
    await program.stop()
    const floor = await measureFloor(world.databaseUrl(name), messages)
    program = await startProgram(world, name, token)
    const rate = report.figures.findLast((figure) => figure.name === 'campaign engine')
    report.add({ name: 'campaign floor', value: floor, unit: 'messages/s' })
    if (rate) report.add({ name: 'campaign engine against the floor', value: rate.value / floor, unit: '' })
    await measurePreparing(program, report, channels[0] ?? '', audience)
  } finally {
    await program.stop()
    provider.closeAllConnections()
    provider.close()
    await world.dropDatabase(name)
  }
}

/** Takes every message. */
async function startSafir(): Promise<Server> {
  let id = 0
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(`{"message_id":"m${++id}","error_data":null}`)
    })
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** Leads with a number each, ids from 1. */
async function makePeople(url: string, count: number): Promise<void> {
  say(`campaigns: ${count} contacts`)
  const client = new pg.Client({ connectionString: url, options: '-c timezone=UTC -c statement_timeout=0' })
  await client.connect()
  try {
    const restore = await takeOff(client, ['contact', 'identity'])
    await client.query(
      `insert into contact (id, kind, name, root_id, folded, sort_name, name_key) overriding system value
       select n, 'lead', 'مشتری ' || n, n, ' مشتری ' || n || ' 98912' || lpad(n::text, 7, '0'), 'مشتری ' || n, '' from generate_series(1, $1::int) n`,
      [count],
    )
    await client.query(
      `insert into identity (contact_id, kind, value) select n, 'phone', '+98912' || lpad(n::text, 7, '0') from generate_series(1, $1::int) n`,
      [count],
    )
    await client.query(`set maintenance_work_mem = '512MB'`)
    for (const text of restore) await client.query(text)
    await client.query(`select setval(pg_get_serial_sequence('contact', 'id'), $1)`, [count])
    await client.query('vacuum analyze')
  } finally {
    await client.end()
  }
}

async function prepared(program: Program, input: object): Promise<Campaign> {
  const { id } = await program.send<Campaign>('POST', '/campaigns', { quiet: null, ...input })
  await program.send('POST', `/campaigns/${id}/prepare`)
  return stateOf(program, id, 'ready')
}

async function stateOf(program: Program, id: string, state: Campaign['state']): Promise<Campaign> {
  for (;;) {
    const campaign = await program.get<Campaign>(`/campaigns/${id}`)
    if (campaign.state === state) return campaign
    if (campaign.failure !== null || campaign.state === 'paused')
      throw new Error(`the campaign stopped: ${campaign.failure} ${campaign.pause?.sentence}`)
    await wait(100)
  }
}

async function measureEngine(
  program: Program,
  pool: pg.Pool,
  report: Report,
  channels: readonly string[],
  messages: number,
): Promise<void> {
  const each = Math.floor(messages / channels.length)
  const ready: Campaign[] = []
  for (const [n, channelId] of channels.entries()) {
    const numbers = Array.from({ length: each }, (_, k) => `0912${String(n * each + k + 1).padStart(7, '0')}`)
    const list = await program.send<{ id: string }>('POST', '/recipient-lists', { name: `engine ${n}` })
    await program.send('POST', `/recipient-lists/${list.id}/fill`, { numbers: numbers.join('\n') })
    while ((await program.get<RecipientList>(`/recipient-lists/${list.id}`)).fill?.state !== 'done') await wait(50)
    const audience = { selections: [], viewIds: [], listIds: [list.id] }
    ready.push(
      await prepared(program, {
        name: `engine ${n}`,
        audience,
        channelIds: [channelId],
        text: 'سلام {contact.name}، خبر تازه',
      }),
    )
  }
  const total = ready.reduce((sum, campaign) => sum + (campaign.estimate?.recipients ?? 0), 0)
  say(`campaigns: ${total} messages to a provider without limits`)
  const begun = performance.now()
  for (const { id, estimate } of ready)
    await program.send('POST', `/campaigns/${id}/start`, { version: estimate?.version })
  for (const { id } of ready) await stateOf(program, id, 'done')
  const seconds = (performance.now() - begun) / 1000
  report.add({ name: 'campaign engine', value: total / seconds, unit: 'messages/s' })
  const { rows } = await pool.query<{ n: string }>(
    `select count(*) as n from message where state = 'sent' and campaign_id is not null`,
  )
  const sent = Number(rows[0]?.n ?? 0)
  report.add({
    name: 'campaign engine, not sent once',
    value: total - sent,
    unit: 'messages',
    aim: '0',
    met: sent === total,
  })
}

/**
 * The rows a message of a campaign needs, by plain batched statements over two connections: conversation, message, its
 * words, its place in the outbox, the attempt, and what settles them.
 */
async function measureFloor(url: string, messages: number): Promise<number> {
  const BATCH = 100
  let next = 0
  const begun = performance.now()
  await Promise.all(
    [1, 2].map(async () => {
      const client = new pg.Client({ connectionString: url, options: '-c timezone=UTC' })
      await client.connect()
      try {
        while (next < messages) {
          const first = next
          next += BATCH
          const { rows } = await client.query<{ ids: string[] }>(
            `with c as (
             insert into conversation (channel_id, contact_id, identity_id, thread_key, state, closed_at)
             select k.id, i.contact_id, i.id, 'floor ' || i.value, 'closed', now() from identity i, (select min(id) id from channel) k
             where i.contact_id between $1 and $2 returning id, channel_id, contact_id, thread_key),
           m as (
             insert into message (conversation_id, channel_id, contact_id, direction, state, text, at, origin)
             select id, channel_id, contact_id, 'out', 'waiting', 'سلام مشتری، خبر تازه', now(), 'campaign' from c returning id, conversation_id, channel_id),
           w as (
             insert into message_search (message_id, conversation_id, channel_id, created_at, words)
             select id, conversation_id, channel_id, now(), to_tsvector('simple', 'سلام مشتری خبر تازه') from m),
           o as (
             insert into outbox (message_id, channel_id, thread_key, priority)
             select m.id, m.channel_id, c.thread_key, 9 from m join c on c.id = m.conversation_id)
           select array_agg(id::text) as ids from m`,
            [first + 1, first + BATCH],
          )
          const ids = rows[0]?.ids ?? []
          await client.query(
            `with a as (insert into message_attempt (message_id, n, node) select id, 1, 'floor' from unnest($1::bigint[]) id)
           update message set state = 'sending' where id = any($1::bigint[])`,
            [ids],
          )
          await client.query(
            `with gone as (delete from outbox where message_id = any($1::bigint[])),
           done as (update message_attempt set finished_at = now(), outcome = 'sent' where message_id = any($1::bigint[]))
           update message set state = 'sent', provider_key = 'floor ' || id where id = any($1::bigint[])`,
            [ids],
          )
        }
      } finally {
        await client.end()
      }
    }),
  )
  return (messages / (performance.now() - begun)) * 1000
}

async function measurePreparing(program: Program, report: Report, channelId: string, count: number): Promise<void> {
  const quiet = await lookAtInbox(program, wait(3000))
  say(`campaigns: writing down an audience of ${count}`)
  const before = program.memory().pss
  let most = before
  const watching = setInterval(() => {
    most = Math.max(most, program.memory().pss)
  }, 250)
  const begun = performance.now()
  let total = 0
  const busy = await lookAtInbox(
    program,
    (async () => {
      const audience = { selections: [{ filter: { kind: 'lead' } }], viewIds: [], listIds: [] }
      const ready = await prepared(program, {
        name: 'audience',
        audience,
        channelIds: [channelId],
        text: 'سلام {contact.name}',
      })
      total = ready.estimate?.recipients ?? 0
    })(),
  )
  clearInterval(watching)
  report.add({ name: 'audience', value: total, unit: 'recipients', aim: `${count}`, met: total === count })
  report.add({ name: 'audience written down', value: (total / (performance.now() - begun)) * 1000, unit: 'rows/s' })
  report.add({ name: 'memory, before', value: before, unit: 'MB' })
  report.add({
    name: 'memory, most while an audience is written down',
    value: most,
    unit: 'MB',
    aim: '< 350',
    met: most < 350,
  })
  report.add({ name: 'inbox page p95, no audience', value: quiet, unit: 'ms' })
  report.add({
    name: 'inbox page p95, while an audience is written down',
    value: busy,
    unit: 'ms',
    ratioTo: 'no audience',
    ratio: busy / quiet,
    aim: '< 50 ms',
    met: busy < 50,
  })
}

async function lookAtInbox(program: Program, end: Promise<void>): Promise<number> {
  const times: number[] = []
  let over = false
  const ended = end.finally(() => {
    over = true
  })
  while (!over) {
    const begun = performance.now()
    await program.get('/conversations?state=open&limit=50')
    times.push(performance.now() - begun)
    await wait(10)
  }
  await ended
  return percentile(times, 0.95)
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRandom } from '#simulators/bale/faults.ts'
import { type BaleSimulator, createBaleSimulator } from '#simulators/bale/server.ts'
import type { Client } from '../../test/app.ts'
import { type Campaigns, campaignsOf } from '../../test/campaigns.ts'
import { type TestDatabase, testDatabase } from '../../test/database.ts'
import { makeProgram, type Program, until } from '../../test/program.ts'

/**
 * Two nodes are killed again and again while recipients are written down and while a campaign runs, against a provider
 * that cuts lines. Counted from the provider's side: nobody is written to twice, nobody is forgotten, and those of whom
 * nobody knows are shown as such.
 */
const CHATS = 250
const NUMBERS = 250
const ADMIN = { email: 'admin@example.test', password: 'a long enough password' }
const TOKEN = '4343:kill-campaign-0123456789abcdefghij'

let database: TestDatabase
let sim: BaleSimulator
let nodes: [Program, Program]
let dataDir: string
let campaigns: Campaigns
let client: Client

beforeAll(async () => {
  database = await testDatabase()
  dataDir = mkdtempSync(join(tmpdir(), 'daftar-kill-campaign-'))
  sim = await createBaleSimulator({ deliveries: { concurrency: 8, timeoutMs: 2000, firstMs: 50, maxMs: 500 } })
  const env = {
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
  }
  nodes = [await makeProgram(env), await makeProgram(env)]
  for (const node of nodes) await node.start()
  const session = await fetch(`${nodes[0].url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ADMIN),
  })
  const headers = { cookie: session.headers.getSetCookie()[0]?.split(';')[0] ?? '' }
  client = insisting(headers)
  campaigns = campaignsOf(client)
}, 120_000)
afterAll(async () => {
  for (const node of nodes ?? []) await node.kill()
  await sim?.close()
  await database?.drop()
  rmSync(dataDir, { recursive: true, force: true })
})

/** Asks whichever node lives, the same until it is answered. */
function insisting(headers: Record<string, string>): Client {
  let keys = 0
  const call = async <Body>(method: string, path: string, body?: unknown) => {
    const key = `kill-${++keys}`
    for (let turn = 0; ; turn++) {
      const { url } = nodes[turn % 2 === 0 ? 0 : 1]
      const answer = await fetch(`${url}/api/v1${path}`, {
        method,
        headers: {
          ...headers,
          origin: url,
          'idempotency-key': key,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }).catch(() => undefined)
      const text = await answer?.text().catch(() => undefined)
      if (answer && text !== undefined && answer.status < 500)
        return { status: answer.status, headers: answer.headers, body: JSON.parse(text) as Body }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  return {
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    put: (path, body) => call('PUT', path, body),
    patch: (path, body) => call('PATCH', path, body),
    delete: (path) => call('DELETE', path),
    fetch: () => Promise.reject(new Error('not here')),
  }
}

const one = async (sql: string, values: unknown[] = []): Promise<Record<string, unknown>> =>
  (await database.pool.query<Record<string, unknown>>(sql, values)).rows[0] ?? {}

/** Kills the nodes in turn while the figure moves, a few times, until it is over. */
async function killWhile(moved: () => Promise<number>, over: () => Promise<boolean>, kills: number): Promise<number> {
  let done = 0
  for (let last = await moved(); !(await over()); ) {
    const now = await moved()
    if (now > last && done < kills) {
      const node = nodes[done % 2 === 0 ? 0 : 1]
      await node.kill()
      done++
      // A living worker is given two minutes; let them have passed.
      await database.pool.query(
        `with jobs as (update graphile_worker._private_jobs set locked_at = locked_at - interval '2 minutes' where locked_at is not null)
         update graphile_worker._private_job_queues set locked_at = locked_at - interval '2 minutes' where locked_at is not null`,
      )
      await node.start()
    }
    last = now
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return done
}

test('two nodes killed in mid-campaign: nobody twice, nobody forgotten, unknowns shown', {
  timeout: 300_000,
}, async () => {
  const random = seededRandom(20261125)
  const bot = sim.addBot({ token: TOKEN, username: 'kill_campaign_bot', name: 'خبر' })
  const safir = sim.addSafir()
  const made = await client.post<{ id: string; webhookUrl: string }>('/channels', {
    kind: 'bale',
    name: 'بله',
    settings: { token: TOKEN, mode: 'webhook', baseUrl: sim.url, ratePerSecond: 12, ratePerChat: 12 },
  })
  expect(made.status, JSON.stringify(made.body)).toBeLessThan(300)
  const byNumber = await client.post<{ id: string }>('/channels', {
    kind: 'bale-safir',
    name: 'سفیر',
    settings: { apiKey: safir.key, botId: TOKEN.split(':')[0], baseUrl: sim.url, ratePerSecond: 12, ratePerChat: 12 },
  })
  expect(byNumber.status, JSON.stringify(byNumber.body)).toBeLessThan(300)
  await until(async () => sim.webhook(bot) !== '', 'the webhook to be set')
  for (let n = 0; n < CHATS; n++)
    sim.addPerson({ firstName: `گفت ${n}`, phone: `98935${String(n).padStart(7, '0')}` }).start(bot)
  await until(
    async () => Number((await one(`select count(*) as n from contact where kind = 'visitor'`))['n']) === CHATS,
    'visitors',
  )
  const phones = Array.from({ length: NUMBERS }, (_, n) => `+98936${String(n).padStart(7, '0')}`)
  // Of the numbers every tenth has no Bale.
  for (const [n, phone] of phones.entries())
    if (n % 10 !== 0) sim.addPerson({ firstName: `شماره ${n}`, phone: phone.slice(1) })

  // Writing down 8,000 recipients is killed.
  const many = await campaigns.list('هشت هزار', {
    numbers: Array.from({ length: 8000 }, (_, n) => `0937${String(n).padStart(7, '0')}`).join('\n'),
  })
  expect(many.count).toBe(8000)
  const big = await campaigns.make({
    name: 'هشت هزار',
    audience: { selections: [{ filter: { kind: 'visitor' } }], viewIds: [], listIds: [many.id] },
    channelIds: [byNumber.body.id, made.body.id],
    text: 'خبر {contact.name}',
  })
  await campaigns.move(big.id, 'prepare')
  const prepared = async (): Promise<number> =>
    Number((await one('select prepared from campaign where id = $1', [big.id]))['prepared'])
  const isReady = async (): Promise<boolean> =>
    (await one('select state from campaign where id = $1', [big.id]))['state'] === 'ready'
  const kills = await killWhile(prepared, isReady, 3)
  expect(kills).toBeGreaterThan(0)
  const ready = await campaigns.get(big.id)
  expect(ready.counts).toMatchObject({ total: 8000 + CHATS, ready: 8000 + CHATS })
  expect(ready.estimate).toMatchObject({ recipients: 8000 + CHATS })
  expect(
    await one(
      'select count(*) as rows, count(distinct contact_id) as people from campaign_recipient where campaign_id = $1',
      [big.id],
    ),
  ).toEqual({
    rows: String(8000 + CHATS),
    people: String(8000 + CHATS),
  })

  // Sending is killed.
  const list = await campaigns.list('شماره‌ها', { numbers: phones.join('\n') })
  const { id } = await campaigns.ready({
    name: 'خبر',
    audience: { selections: [{ filter: { kind: 'visitor' } }], viewIds: [], listIds: [list.id] },
    channelIds: [byNumber.body.id, made.body.id],
    text: 'خبر {contact.name}',
  })
  sim.faults.random({
    seed: 11,
    calls: [
      { method: 'sendMessage', probability: 0.03, fault: { cut: 'after' } },
      { method: 'sendMessage', probability: 0.03, fault: { cut: 'before' } },
      { method: 'sendMessage', probability: 0.03, fault: { status: 502, envelope: false, accepted: true } },
      { method: 'sendMessage', probability: 0.2, fault: { delayMs: 150 } },
    ],
  })
  const { estimate } = await campaigns.get(id)
  await campaigns.move(id, 'start', { version: estimate?.version ?? 0 })
  const state = async (): Promise<unknown> => (await one('select state from campaign where id = $1', [id]))['state']
  let struck = 0
  for (let kill = 0; (await state()) === 'running'; kill++) {
    await new Promise((resolve) => setTimeout(resolve, 200 + random() * 700))
    if (kill >= 8) continue
    const node = nodes[kill % 2 === 0 ? 0 : 1]
    await node.kill()
    struck++
    await node.start()
  }
  expect(struck).toBeGreaterThan(2)
  sim.faults.clear()
  const done = await campaigns.inState(id, 'done')
  const { counts } = done
  expect(counts).toMatchObject({ total: CHATS + NUMBERS, ready: 0, queued: 0, held: 0, excluded: 0, cancelled: 0 })
  expect(counts.sent + counts.failed + counts.unknown).toBe(CHATS + NUMBERS)
  const arrived = new Map<string, number>()
  const heard = (text: string | undefined): void => {
    if (text?.startsWith('خبر ')) arrived.set(text, (arrived.get(text) ?? 0) + 1)
  }
  for (const { text } of sim.received(bot)) heard(text)
  for (const { text } of sim.safirReceived(safir)) heard(text)
  const wrong = (await campaigns.recipients(id)).flatMap(({ text, state: is, code }) => {
    const times = arrived.get(text) ?? 0
    const right = is === 'sent' ? times === 1 : is === 'unknown' ? times <= 1 : is === 'failed' && times === 0
    return right ? [] : [`${text}: ${is} ${code}, arrived ${times} times`]
  })
  expect(wrong).toEqual([])
  // The run was worth something: of some nobody knows, and they are shown.
  expect(counts.unknown).toBeGreaterThan(0)
  expect(await campaigns.recipients(id, '?state=unknown')).toHaveLength(counts.unknown)
})

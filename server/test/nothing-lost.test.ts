import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BaleSimulator, createBaleSimulator } from '#simulators/bale/server.ts'
import { seededRandom } from '#simulators/bale/faults.ts'
import type { Conversation, Message, TimelineItem } from '#shared/api/conversations.ts'
import type { PageOf } from '#shared/api/common.ts'
import { type TestDatabase, testDatabase } from './database.ts'
import { makeProgram, type Program, until } from './program.ts'

/**
 * The program is killed again and again, in the middle of receiving and sending, while the network duplicates, reorders and
 * cuts. Counted from the provider's side: what it got a 200 for is visible exactly once; what was sent went out once, or
 * is shown as unknown.
 */
const KILLS = 8
/** Bale keeps 2000 updates for a bot that is away, which on a busy machine may be long. */
const MOST = 1500
const ADMIN = { email: 'admin@example.test', password: 'a long enough password' }
const TOKEN = '4242:kill-test-token-0123456789abcdefghij'

let database: TestDatabase
let sim: BaleSimulator
let program: Program
let dataDir: string
let headers: Record<string, string>

beforeAll(async () => {
  database = await testDatabase()
  dataDir = mkdtempSync(join(tmpdir(), 'daftar-kill-'))
  sim = await createBaleSimulator({ deliveries: { concurrency: 4, timeoutMs: 2000, firstMs: 50, maxMs: 500 } })
  program = await makeProgram({
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
  })
})
afterAll(async () => {
  await program?.kill()
  await sim?.close()
  await database?.drop()
  rmSync(dataDir, { recursive: true, force: true })
})

async function call<Body>(
  method: string,
  path: string,
  body?: unknown,
  more: Record<string, string> = {},
): Promise<{ status: number; body: Body }> {
  const answer = await fetch(`${program.url}/api/v1${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...more },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: (await answer.json()) as Body }
}

/** The same call until it is answered: the program may be dead at the moment. */
async function insist(path: string, body: unknown, key: string): Promise<number> {
  for (;;) {
    const answer = await call('POST', path, body, { 'idempotency-key': key }).catch(() => undefined)
    if (answer && answer.status < 500) return answer.status
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function everyPage<Item>(path: string): Promise<Item[]> {
  const items: Item[] = []
  for (let cursor: string | null = null; ; ) {
    const { body }: { body: PageOf<Item> } = await call<PageOf<Item>>(
      'GET',
      `${path}${path.includes('?') ? '&' : '?'}limit=200${cursor ? `&cursor=${cursor}` : ''}`,
    )
    items.push(...body.items)
    cursor = body.nextCursor
    if (cursor === null) return items
  }
}

describe('killed at any moment', () => {
  test('nothing is lost and nothing is doubled', { timeout: 240_000 }, async () => {
    const random = seededRandom(20261123)
    const bot = sim.addBot({ token: TOKEN, username: 'kill_bot', name: 'پشتیبانی' })
    const people = Array.from({ length: 25 }, (_, n) =>
      sim.addPerson({ firstName: `مشتری ${n + 1}`, phone: `98912${String(1_000_000 + n)}` }),
    )

    await program.start()
    const session = await fetch(`${program.url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ADMIN),
    })
    expect(session.status).toBe(200)
    headers = { cookie: (session.headers.get('set-cookie') ?? '').split(';')[0] ?? '' }
    const channel = await call<{ id: string; webhookUrl: string }>('POST', '/channels', {
      kind: 'bale',
      name: 'بله',
      settings: { token: TOKEN, mode: 'webhook', baseUrl: sim.url, ratePerSecond: 200, ratePerChat: 50 },
    })
    expect(channel.status).toBeLessThan(300)
    await until(async () => sim.webhook(bot) !== '', 'the webhook to be set')

    // Trouble on both roads.
    sim.faults.random({
      seed: 7,
      calls: [
        { method: 'sendMessage', probability: 0.04, fault: { cut: 'after' } },
        { method: 'sendMessage', probability: 0.04, fault: { cut: 'before' } },
        { method: 'sendMessage', probability: 0.03, fault: { status: 502, envelope: false, accepted: true } },
        { method: 'sendMessage', probability: 0.05, fault: { status: 429, retryAfter: 1 } },
        { method: 'sendMessage', probability: 0.2, fault: { delayMs: 150 } },
      ],
      deliveries: [
        { probability: 0.1, fault: { duplicates: 2 } },
        { probability: 0.05, fault: { twins: 1 } },
        { probability: 0.05, fault: { cut: 'answer' } },
        { probability: 0.05, fault: { cut: 'sending' } },
      ],
      reorder: { window: 4, holdMs: 40 },
    })

    let loading = true
    const said: string[] = []
    const customers = (async () => {
      for (const person of people) person.start(bot)
      while (loading) {
        if (said.length < MOST) {
          const person = people[Math.floor(random() * people.length)]
          const text = `پیام ${said.length + 1}`
          person?.send(bot, text)
          said.push(text)
        }
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })()
    const answered: string[] = []
    const agents = [1, 2].map(async (agent) => {
      for (let n = 1; loading; n++) {
        const list = await call<PageOf<Conversation>>('GET', '/conversations?limit=50').catch(() => undefined)
        const conversation = list?.body.items?.[Math.floor(random() * (list.body.items.length || 1))]
        if (conversation) {
          const text = `پاسخ ${agent}-${n}`
          const status = await insist(`/conversations/${conversation.id}/messages`, { text }, `reply-${agent}-${n}`)
          // 409: it was carried out just before the kill, only the answer was lost.
          if (status < 300 || status === 409) answered.push(text)
        }
        await new Promise((resolve) => setTimeout(resolve, 30))
      }
    })

    // On a busy machine little is answered between two kills: then there are more of them.
    for (let kill = 0; kill < KILLS || answered.length <= 30; kill++) {
      await new Promise((resolve) => setTimeout(resolve, 300 + random() * 1500))
      await program.kill()
      await program.start()
    }
    loading = false
    await Promise.all([customers, ...agents])
    sim.faults.clear()

    await sim.settled(bot, { timeoutMs: 60_000 })
    await until(
      async () => {
        const { rows } = await database.pool.query<{ open: string }>(
          `select (select count(*) from inbound_queue) + (select count(*) from outbox) as open`,
        )
        return rows[0]?.open === '0'
      },
      'everything to be processed',
      60_000,
    )

    const conversations = await everyPage<Conversation>('/conversations')
    const messages: Message[] = []
    for (const { id } of conversations) {
      for (const item of await everyPage<TimelineItem>(`/conversations/${id}/messages`))
        if (item.type === 'message') messages.push(item.message)
    }

    // In: everything the provider delivered, exactly once.
    const seen = messages
      .filter((message) => message.direction === 'in' && message.kind === 'text')
      .map((message) => message.text)
    // Bale keeps 2000 updates for a bot that is away; the run stays below that.
    expect(sim.dropped(bot).size).toBe(0)
    const counted = new Map<string, number>()
    for (const text of seen) counted.set(text, (counted.get(text) ?? 0) + 1)
    expect({
      lost: said.filter((text) => !counted.has(text)),
      doubled: said.filter((text) => (counted.get(text) ?? 0) > 1),
      extra: seen.length - said.length,
    }).toEqual({ lost: [], doubled: [], extra: 0 })
    expect(conversations.length).toBe(people.length)
    const { rows: aside } = await database.pool.query('select step, reason from inbound_event where state = $1', [
      'quarantined',
    ])
    expect(aside).toEqual([])

    // Out: stored once each; sent means once at the provider, unknown means at most once, nothing else is left.
    const out = new Map<string, Message[]>()
    for (const message of messages)
      if (message.direction === 'out') out.set(message.text, [...(out.get(message.text) ?? []), message])
    expect([...out.keys()].toSorted()).toEqual(answered.toSorted())
    const arrived = new Map<string, number>()
    for (const one of sim.received(bot))
      if (one.text !== undefined) arrived.set(one.text, (arrived.get(one.text) ?? 0) + 1)
    const wrong: string[] = []
    for (const [text, rows] of out) {
      const [message] = rows
      const times = arrived.get(text) ?? 0
      const right =
        rows.length === 1 &&
        message &&
        ((message.state === 'sent' && times === 1) || (message.state === 'unknown' && times <= 1))
      if (!right) wrong.push(`${text}: ${rows.map((row) => row.state).join(', ')}; arrived ${times} times`)
    }
    expect(wrong).toEqual([])
    // The run was worth something: there was traffic both ways, and something did end as unknown.
    expect(said.length).toBeGreaterThan(300)
    expect(answered.length).toBeGreaterThan(30)
    expect([...out.values()].flat().some((message) => message.state === 'unknown')).toBe(true)
  })
})

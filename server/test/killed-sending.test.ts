import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Conversation, MessageDetail, TimelineItem } from '#shared/api/conversations.ts'
import type { PageOf } from '#shared/api/common.ts'
import { type BaleSimulator, createBaleSimulator } from '#simulators/bale/server.ts'
import { type TestDatabase, testDatabase } from './database.ts'
import { makeProgram, type Program, until } from './program.ts'

/** Safir has taken a message, and the program dies before it hears of it: it asks again, and the person got it once. */
const ADMIN = { email: 'admin@example.test', password: 'a long enough password' }
let database: TestDatabase
let sim: BaleSimulator
let program: Program
let dataDir: string

beforeAll(async () => {
  database = await testDatabase()
  dataDir = mkdtempSync(join(tmpdir(), 'daftar-kill-'))
  sim = await createBaleSimulator()
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

test('killed while Safir answers: the message is known as sent, and on the phone once', {
  timeout: 120_000,
}, async () => {
  const bot = sim.addBot({ token: '4343:kill-test-token-0123456789abcdefghij', username: 'kill_bot', name: 'فروشگاه' })
  const safir = sim.addSafir({ credit: 1 })
  const person = sim.addPerson({ firstName: 'سارا', phone: '989123334455' })
  await program.start()
  const session = await fetch(`${program.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ADMIN),
  })
  const cookie = (session.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const call = async <Body>(path: string, body?: object): Promise<Body> => {
    const answer = await fetch(`${program.url}/api/v1${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { cookie, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    expect(answer.ok, `${path}: ${answer.status}`).toBe(true)
    return (await answer.json()) as Body
  }
  const { id: channelId } = await call<{ id: string }>('/channels', {
    kind: 'bale-safir',
    name: 'سفیر',
    settings: { apiKey: safir.key, botId: '4343', baseUrl: sim.url },
  })
  sim.faults.next('send_message', { hang: 'after' })
  const { id } = await call<Conversation>('/conversations', {
    identity: { kind: 'phone', value: `+${person.phone}` },
    channelId,
    message: { text: 'یک بار و نه بیشتر' },
  })
  await until(async () => sim.safirReceived(safir).length === 1, 'Safir to take the message')
  await program.kill()
  await program.start()
  let detail: MessageDetail | undefined
  await until(async () => {
    const { items } = await call<PageOf<TimelineItem>>(`/conversations/${id}/messages`)
    const message = items.flatMap((item) => (item.type === 'message' ? item.message : []))[0]
    detail = message && (await call<MessageDetail>(`/messages/${message.id}`))
    return detail?.state === 'sent'
  }, 'the message to be sent')
  expect(detail?.attempts.map(({ outcome, code }) => [outcome, code])).toEqual([
    ['later', 'interrupted'],
    ['sent', null],
  ])
  // Asked for twice, taken and paid for once.
  expect(sim.safirReceived(safir)).toMatchObject([{ repeats: 1 }])
  expect(safir.credit).toBe(0)
  expect(person.inbox(bot).map((message) => message.text)).toEqual(['یک بار و نه بیشتر'])
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Contact } from '#shared/api/contacts.ts'
import type { Operation } from '#shared/api/operations.ts'
import { until } from '../../test/app.ts'
import { type TestDatabase, testDatabase } from '../../test/database.ts'
import { makeProgram, type Program } from '../../test/program.ts'

/*
 * The program is killed again and again while a rule acts on hundreds of contacts at once. Every one gets its task and
 * its tag once: nobody twice, nobody forgotten.
 */
const MANY = 150
const ADMIN = { email: 'admin@example.test', password: 'a long enough password' }

let database: TestDatabase
let program: Program
let dataDir: string
let headers: Record<string, string>

beforeAll(async () => {
  database = await testDatabase()
  dataDir = mkdtempSync(join(tmpdir(), 'daftar-kill-rules-'))
  program = await makeProgram({
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    ADMIN_EMAIL: ADMIN.email,
    ADMIN_PASSWORD: ADMIN.password,
  })
  await program.start()
  const session = await fetch(`${program.url}/api/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ADMIN),
  })
  headers = { cookie: session.headers.getSetCookie()[0]?.split(';')[0] ?? '', origin: program.url }
})
afterAll(async () => {
  await program?.kill()
  await database?.drop()
  rmSync(dataDir, { recursive: true, force: true })
})

async function post<Body>(path: string, body: unknown): Promise<Body> {
  const answer = await fetch(`${program.url}/api/v1${path}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
  return (await answer.json()) as Body
}

const count = async (sql: string): Promise<number> => {
  const { rows } = await database.pool.query<{ n: number }>(`select count(*)::int as n from ${sql}`)
  return rows[0]?.n ?? 0
}

test('what a rule does is done once for everybody, whenever the program dies', async () => {
  const { id: tagId } = await post<{ id: string }>('/tags', { name: 'قاعده' })
  const ids: string[] = []
  for (let n = 0; n < MANY; n++) ids.push((await post<Contact>('/contacts', { kind: 'person', name: `کس ${n}` })).id)
  await post('/automations', {
    name: 'همه',
    enabled: true,
    perMinute: 10_000,
    trigger: { kind: 'contact.changed', field: 'kind', value: 'lead' },
    actions: [
      { kind: 'task', title: 'پیگیری {contact.name}', assigneeId: null },
      { kind: 'tag', add: [tagId], remove: [] },
    ],
  })
  await post<Operation>('/contacts/bulk', { of: { ids }, change: { kind: 'lead' } })
  for (let kills = 0, last = 0; kills < 3; kills++) {
    await until(async () => (await count('task')) > last && true)
    last = await count('task')
    await program.kill()
    // The effect and the progress are one: each task that is there is a step that is there.
    const steps = await count(`automation_step where action->>'kind' = 'task' and state = 'done'`)
    expect(await count('task')).toBe(steps)
    await database.pool.query(
      `with jobs as (update graphile_worker._private_jobs set locked_at = locked_at - interval '2 minutes' where locked_at is not null)
       update graphile_worker._private_job_queues set locked_at = locked_at - interval '2 minutes' where locked_at is not null`,
    )
    await program.start()
  }
  await until(async () => (await count(`automation_run where state = 'done'`)) === MANY, { within: 90_000 })
  expect(await count('task')).toBe(MANY)
  expect(await count('(select distinct contact_id from task) of_contacts')).toBe(MANY)
  expect(await count(`contact where ${tagId} = any(tag_ids)`)).toBe(MANY)
}, 180_000)

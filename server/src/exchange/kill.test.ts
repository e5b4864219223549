import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FileInfo } from '#shared/api/files.ts'
import type { ImportDetail, Operation } from '#shared/api/operations.ts'
import { until } from '../../test/app.ts'
import { type TestDatabase, testDatabase } from '../../test/database.ts'
import { makeProgram, type Program } from '../../test/program.ts'

/*
 * The program is killed in the middle of an import and of its undoing: it goes on where it was, and every row is there
 * once.
 */
const ROWS = 6000
const ADMIN = { email: 'admin@example.test', password: 'a long enough password' }

let database: TestDatabase
let program: Program
let dataDir: string
let headers: Record<string, string>

beforeAll(async () => {
  database = await testDatabase()
  dataDir = mkdtempSync(join(tmpdir(), 'daftar-kill-import-'))
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
  expect(session.ok).toBe(true)
  headers = { cookie: session.headers.getSetCookie()[0]?.split(';')[0] ?? '', origin: program.url }
})
afterAll(async () => {
  await program?.kill()
  await database?.drop()
  rmSync(dataDir, { recursive: true, force: true })
})

async function call<Body>(method: string, path: string, body?: unknown): Promise<Body> {
  const answer = await fetch(`${program.url}/api/v1${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return (await answer.json()) as Body
}

async function upload(): Promise<string> {
  const rows = Array.from({ length: ROWS }, (_, n) => `کس ${n},0912${String(n).padStart(7, '0')},شرکت ${n % 50}`)
  const form = new FormData()
  form.append('file', new Blob([['نام,موبایل,شرکت', ...rows].join('\n')]), 'all.csv')
  const answer = await fetch(`${program.url}/api/v1/files`, { method: 'POST', headers, body: form })
  return ((await answer.json()) as FileInfo).id
}

async function numbers(): Promise<{ contacts: number; identities: number; done: number; state: string }> {
  const { rows } = await database.pool.query<{ contacts: number; identities: number; done: number; state: string }>(
    `select (select count(*)::int from contact) as contacts, (select count(*)::int from identity) as identities, done, state
     from operation order by id desc limit 1`,
  )
  return rows[0] ?? { contacts: 0, identities: 0, done: 0, state: '' }
}

/** Kills while `done` is on its way, a few times, and waits for the end. */
async function throughKills(end: string): Promise<void> {
  for (let kills = 0, last = -1; ; ) {
    const { done, state } = await until(async () => {
      const now = await numbers()
      return now.done > last || now.state === end ? now : undefined
    })
    if (state === end) return
    last = done
    if (kills++ >= 3) continue
    await program.kill()
    // What a piece did and how far it came were one: nothing stands half done.
    const { identities, done: stands, state: now } = await numbers()
    if (now === 'running') expect(identities).toBe(stands)
    // A living worker is given two minutes; let them have passed.
    await database.pool.query(
      `with jobs as (update graphile_worker._private_jobs set locked_at = locked_at - interval '2 minutes' where locked_at is not null)
       update graphile_worker._private_job_queues set locked_at = locked_at - interval '2 minutes' where locked_at is not null`,
    )
    await program.start()
  }
}

test('an import and its undoing go on where they were killed', async () => {
  const fileId = await upload()
  const { operation } = await call<ImportDetail>('POST', '/imports', { fileId })
  await until(async () => (await numbers()).state === 'ready')
  await call('POST', `/imports/${operation.id}/start`)
  await throughKills('done')
  const { result } = await call<Operation>('GET', `/operations/${operation.id}`)
  expect(result).toEqual({ made: ROWS, companies: 50 })
  expect(await numbers()).toMatchObject({ contacts: ROWS + 50, identities: ROWS })

  await call('POST', `/operations/${operation.id}/undo`)
  await throughKills('undone')
  expect(await numbers()).toMatchObject({ contacts: 0, identities: 0 })
}, 180_000)

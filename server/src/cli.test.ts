import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { command } from './commands.ts'
import { startTestApp, type TestApp } from '../test/app.ts'
import { type TestDatabase, testDatabase } from '../test/database.ts'
import { restoreBackup } from './platform/backup.ts'
import { readConfig } from './platform/config.ts'
import { readMigrations } from './platform/migrate.ts'
import { sealAudit } from './org/audit-seal.ts'
import { createSecrets } from './platform/secrets.ts'
import { StartError } from './platform/start-error.ts'
import { MIGRATIONS, ROOT } from './platform/texts.ts'

let dir: string
let database: TestDatabase
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'daftar cli '))
  database = await testDatabase()
})
afterAll(async () => {
  await database.drop()
  rmSync(dir, { recursive: true, force: true })
})

interface Ended {
  code: number | null
  out: string
  err: string
}
const environment = (url: string) => ({
  PATH: process.env['PATH'],
  DATABASE_URL: url,
  DATA_DIR: join(dir, 'data'),
  LOG_LEVEL: 'silent',
})

/** The command in this process: what it prints and its exit code. A process of its own takes seconds on a busy machine. */
async function daftar(args: string[], { url = database.url, env = {} } = {}): Promise<Ended> {
  const ended: Ended = { code: 0, out: '', err: '' }
  const keep = (stream: NodeJS.WriteStream, name: 'out' | 'err') =>
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      ended[name] += String(text)
      return true
    })
  const spies = [keep(process.stdout, 'out'), keep(process.stderr, 'err')]
  try {
    await command(args, { ...environment(url), ...env })
    ended.code = Number(process.exitCode ?? 0)
  } finally {
    process.exitCode = undefined
    for (const spy of spies) spy.mockRestore()
  }
  return ended
}

/** The command as one starts it. */
function daftarProcess(args: string[], input: string): Promise<Ended> {
  const child = spawn(
    process.execPath,
    ['--conditions=daftar-source', '--import', 'tsx', 'server/src/cli.ts', ...args],
    {
      cwd: ROOT,
      env: environment(database.url),
    },
  )
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => (out += chunk))
  child.stderr.on('data', (chunk) => (err += chunk))
  child.stdin.end(input)
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}

test('help is everywhere and ends well; nonsense does not', async () => {
  const signals = process.listenerCount('SIGTERM')
  const words = [
    ['--help'],
    ['admin', '--help'],
    ['backup', '--help'],
    ['start', '--help'],
    ['fly'],
    ['migrate', '--fast'],
    [],
    ['constructor'],
  ]
  const ended: Ended[] = []
  for (const args of words) ended.push(await daftar(args))
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0, 0, 1, 1, 1, 1])
  for (const { out } of ended.slice(0, 4)) expect(out).toContain('daftar')
  expect(ended[0]?.out).toContain('restore --from FILE')
  expect(process.listenerCount('SIGTERM')).toBe(signals)
  for (const { out, err } of ended.slice(4)) {
    expect(out).toBe('')
    expect(err).toContain('daftar')
    expect(err).not.toMatch(/\n +at /)
  }
}, 60_000)

test('a start under a host name nobody knows says which setting is wrong', async () => {
  const { code, err } = await daftar(['start'], { env: { HOST: 'nowhere.invalid', PORT: '0' } })
  expect(code).toBe(1)
  expect(err).toContain('HOST')
  expect(err).not.toContain('DATABASE_URL')
}, 60_000)

describe('administrators and tokens from the command line', () => {
  test('an administrator who can sign in, a token and nothing else', async () => {
    const weak = await daftar([
      'admin',
      'create',
      '--email',
      'boss@example.com',
      '--name',
      'مدیر',
      '--password',
      '1234567890',
    ])
    expect([weak.code, weak.err.includes('password')]).toEqual([1, true])
    const made = await daftarProcess(
      ['admin', 'create', '--email', 'boss@example.com', '--name', 'مدیر'],
      'سیب و انار ۳۳\n',
    )
    expect(made).toMatchObject({ code: 0, err: '' })
    const twice = ['--email', 'BOSS@example.com', '--name', 'x', '--password', 'سیب و انار ۳۳']
    const again = await daftar(['admin', 'create', ...twice])
    expect([again.code, again.out]).toEqual([1, ''])
    const token = await daftar(['token', 'create', '--email', 'boss@example.com', '--name', 'script'])
    expect(token).toMatchObject({ code: 0, err: '' })
    expect(token.out).toMatch(/^dft_[\w-]{43}\n$/)
    const nobody = await daftar(['token', 'create', '--email', 'who@example.com', '--name', 'script'])
    expect([nobody.code, nobody.out]).toEqual([1, ''])
    const t = await startTestApp({ database, config: { secretKey: readConfig(environment(database.url)).secretKey } })
    const me = await t.as({ token: token.out.trim() }).get('/me')
    expect(me.body).toMatchObject({ email: 'boss@example.com', roles: [{ preset: 'administrator' }] })
    await t.stop()
  }, 60_000)
})

test('the sums of the reports are compared and counted anew', async () => {
  const url = database.url
  await database.pool.query(
    `insert into report_delta values ('in', '', (select coalesce(min(id), 1) from channel), 0, '2026-03-11T10:00Z', 3, 0)`,
  )
  const wrong = await daftar(['reports', 'recount'], { url })
  expect(wrong.out).toMatch(/in\/2026-03-11.*3 0 [\s\S]*These sums were wrong/)
  expect(wrong.code).toBe(1)
  const right = await daftar(['reports', 'recount'], { url })
  expect(right.out).toContain('The sums of the reports are right.')
  expect(right.code).toBe(0)
})

test('the doctor says what is well and what to do', async () => {
  const url = database.url
  const fine = await daftar(['doctor'], { url })
  expect(fine.out).toMatch(/✓ PostgreSQL [\s\S]*✓ Schema: [\s\S]*All is well/)
  expect(fine.code).toBe(0)
  const elsewhere = await daftar(['doctor'], { url: 'postgres://nobody@127.0.0.1:1/nothing' })
  expect(elsewhere.code).toBe(1)
  expect(elsewhere.out).toContain('✗ Database: The database does not answer')
  const settings = await daftar(['doctor'], { env: { PORT: 'many' } })
  expect([settings.code, settings.out.includes('✗ Settings: PORT')]).toEqual([1, true])
}, 60_000)

describe('backup and restore', () => {
  let t: TestApp
  let file: string
  beforeAll(async () => {
    t = await startTestApp()
    file = join(dir, 'یک پشتیبان.gz')
    await fill(t)
  })
  afterAll(() => t.stop())

  /** Something in every awkward corner: special characters, bytes, identities, triggers, jobs, self references. */
  async function fill({ app: { db } }: TestApp): Promise<void> {
    await db.query(
      `insert into contact (kind, name, root_id, folded) select 'person', E'a\\tb\\\\c\\n\\\\.\\nd ' || n, n, '' from generate_series(1, 50) n`,
    )
    await db.query(`update contact set merged_into_id = 2, root_id = 2 where id = 1`)
    await db.query(`delete from contact where id = 50`)
    await db.query(
      `insert into channel (kind, name, settings, hook_hash, hook_secret) values ('x', 'y', 'z', 'h', 's')`,
    )
    await db.query(`insert into conversation (channel_id, contact_id, thread_key, unread) values (1, 3, 'k', 2)`)
    await db.query(`select message_search_month(now())`)
    await db.query(`insert into message_search values (1, 1, 1, now(), to_tsvector('simple', 'سلام'))`)
    await db.query(`insert into file (name, media_type, size, sha256) values ('f', 'x', 3, '\\x00ff5c')`)
    await db.query(`insert into file_piece values (1, 0, decode(repeat('5c2e0a', 80000), 'hex'))`)
    await db.transaction((tx) => tx.addJob('sessions.purge', { n: 1 }, { runAt: new Date(Date.now() + 3600_000) }))
  }

  /** Everything in a database as one comparable value. */
  async function contents(db: TestDatabase): Promise<Record<string, string>> {
    const { rows } = await db.pool.query<{ name: string }>(
      `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where relkind in ('r', 'p') and not relispartition and relpersistence = 'p' and n.nspname in ('public', 'graphile_worker')`,
    )
    const all: Record<string, string> = {}
    for (const { name } of rows) {
      // The program runs on while the two are compared: its clock-driven jobs may come and go.
      if (/schema_migration|migrations|known_crontabs|_private_job/.test(name)) continue
      const sums = await db.pool.query<{ sum: string }>(
        `select md5(coalesce(string_agg(r::text, '|' order by r::text), '')) as sum from ${name} r`,
      )
      all[name] = sums.rows[0]?.sum ?? ''
    }
    const sequences = await db.pool.query(
      `select sequencename, last_value from pg_sequences where last_value is not null and schemaname = 'public' order by 1`,
    )
    const keys = await db.pool.query(
      `select conname, pg_get_constraintdef(oid) as d from pg_constraint where contype = 'f' order by 1, 2`,
    )
    const triggers = await db.pool.query(`select tgname, tgenabled from pg_trigger where not tgisinternal order by 1`)
    return { ...all, rest: JSON.stringify([sequences.rows, keys.rows, triggers.rows]) }
  }

  test('a backup restores into an empty database exactly, and the program goes on there', async () => {
    // The running program seals its log within seconds: what is compared must not move meanwhile.
    await sealAudit(t.app.db, t.app.secrets.keyFor('audit'))
    const made = await daftar(['backup', '--to', file], { url: t.database.url })
    expect(made).toMatchObject({ code: 0, err: '' })
    expect(statSync(file).mode & 0o077).toBe(0)
    expect(readdirSync(dir).filter((name) => name.endsWith('.part'))).toEqual([])
    const target = await testDatabase()
    await target.pool.query('drop schema public cascade; create schema public; drop schema graphile_worker cascade')
    const restored = await daftar(['restore', '--from', file], { url: target.url })
    expect(restored).toMatchObject({ code: 0, err: '' })
    expect(await contents(target)).toEqual(await contents(t.database))
    const place = {
      url: target.url,
      path: file,
      secrets: createSecrets(Buffer.alloc(32)),
      migrations: readMigrations(MIGRATIONS),
    }
    const node = await startTestApp({ database: target, config: { secretKey: t.app.config.secretKey } })
    expect((await node.as(t.people.agent).get('/me')).status).toBe(200)
    const next = await node.app.db.one(
      `insert into contact (kind, name, root_id, folded) values ('person', 'next', 51, '') returning id`,
    )
    expect(next).toEqual({ id: '51' })
    await expect(restoreBackup(place, { force: true })).rejects.toThrow('running on this database')
    await node.stop()
    await expect(restoreBackup(place)).rejects.toThrow('--force')
    const forced = await daftar(['restore', '--from', file, '--force'], {
      url: target.url,
      env: { SECRET_KEY: 'k'.repeat(40) },
    })
    expect(forced.code).toBe(0)
    expect(forced.err).toContain('another secret key')
    expect(await contents(target)).toEqual(await contents(t.database))
    await target.drop()
  }, 90_000)

  test('a damaged, cut or foreign file changes nothing', async () => {
    const whole = gunzipSync(readFileSync(file))
    const flipped = Buffer.from(whole)
    flipped.write('stranger', flipped.indexOf('supervisor'))
    const newer = whole.toString('latin1').replace(/"hash":"[0-9a-f]{8}/, '"hash":"00000000')
    const bad: Record<string, Buffer> = {
      flipped: gzipSync(flipped),
      cut: readFileSync(file).subarray(0, 3000),
      short: gzipSync(whole.subarray(0, whole.length - 40)),
      plain: Buffer.from('hello'),
      empty: Buffer.alloc(0),
      json: gzipSync('{"a":1}\n'),
      newer: gzipSync(Buffer.from(newer, 'latin1')),
    }
    const before = await contents(database)
    for (const [name, bytes] of Object.entries(bad)) {
      const path = join(dir, name)
      writeFileSync(path, bytes)
      const place = {
        url: database.url,
        path,
        secrets: createSecrets(Buffer.alloc(32)),
        migrations: readMigrations(MIGRATIONS),
      }
      await expect(restoreBackup(place, { force: true }), name).rejects.toThrow(StartError)
    }
    expect(await contents(database)).toEqual(before)
  })

  test('an existing file is not written over', async () => {
    const ended = await daftar(['backup', '--to', file], { url: t.database.url })
    expect([ended.code, ended.err.includes('exists already')]).toEqual([1, true])
  })
})

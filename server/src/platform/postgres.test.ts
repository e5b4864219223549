import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { currentWorld, lockHolder, processStartedAt } from './instance-lock.ts'
import { attachOrStartPostgres, attachPostgres, type RunningPostgres, startPostgres } from './postgres.ts'
import { linkLibraries, placeOf, postgresFiles } from './postgres-files.ts'
import { findPostmaster } from './postgres-process.ts'
import { StartError } from './start-error.ts'

const asRoot = process.getuid?.() === 0
let base = ''
let said: string[] = []
const say = (message: string) => void said.push(message)
const log = { info: say, warn: say, error: say }
const running = new Set<RunningPostgres>()
const children = new Set<ChildProcess>()

beforeAll(async () => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'daftar-pg-test-')))
  chmodSync(base, 0o711)
  const first = await startPostgres({ dataDir: join(base, 'made'), log, settings: { fsync: 'off' } })
  await query(first.url, 'create table note (text text)')
  await query(first.url, `insert into note values ('سلام')`)
  await first.stop()
})

afterEach(async () => {
  for (const child of children) if (child.exitCode === null) child.kill('SIGKILL')
  for (const server of running) await server.stop()
  children.clear()
  running.clear()
  said = []
})

afterAll(() => rmSync(base, { recursive: true, force: true }))

/** A data folder with the database made above, for tests that are not about the first start. */
function madeDataDir(name: string): string {
  const dataDir = join(base, name)
  mkdirSync(dataDir, { recursive: true })
  cpSync(join(base, 'made'), dataDir, { recursive: true })
  return dataDir
}

async function start(dataDir: string, transport?: 'tcp'): Promise<RunningPostgres> {
  const server = await startPostgres({ dataDir, log, transport, settings: { fsync: 'off' } })
  running.add(server)
  return server
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

const notes = (url: string) => query(url, 'select text from note')

function pidIn(dataDir: string): number {
  const postmaster = findPostmaster(join(placeOf(dataDir), 'postgres'))
  if (postmaster === undefined) throw new Error('no server runs')
  return postmaster.pid
}

/** A process of its own with the database on `dataDir`; `rows` grows with every row the database acknowledged. */
async function startChild(dataDir: string) {
  const script = fileURLToPath(new URL('../../test/postgres-child.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=daftar-source', '--import', 'tsx', script, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // A group of its own, as a terminal makes for what it runs.
    detached: true,
  })
  children.add(child)
  const lines: string[] = []
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const rows = () => lines.filter((line) => line.startsWith('row ')).length
  await vi.waitFor(() => expect(rows()).toBeGreaterThan(20), { timeout: 25_000, interval: 20 })
  return { child, lines, rows, ended }
}

test('the first start makes a database that is ours alone', async () => {
  const dataDir = join(base, 'made')
  const { url, stop } = await start(dataDir)
  const [facts] = await query(
    url,
    `select current_user as "user", current_database() as database, rolsuper as super, rolcreatedb as creates,
       current_setting('data_checksums') as checksums, current_setting('jit') as jit,
       current_setting('timezone') as timezone, current_setting('listen_addresses') as addresses,
       current_setting('server_encoding') as encoding, current_setting('logging_collector') as collector,
       (select concat(datlocprovider, ' ', datlocale) from pg_database where datname = 'daftar') as locale
     from pg_roles where rolname = current_user`,
  )
  expect(facts).toEqual({
    user: 'daftar',
    database: 'daftar',
    super: false,
    creates: true,
    checksums: 'on',
    jit: 'off',
    timezone: 'UTC',
    addresses: '',
    encoding: 'UTF8',
    collector: 'on',
    locale: 'b C.UTF-8',
  })
  await expect(query(url.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toMatchObject({ code: '28P01' })
  expect(statSync(join(dataDir, 'postgres.password')).mode & 0o777).toBe(0o600)
  expect(statSync(join(dataDir, 'postgres')).mode & 0o777).toBe(0o700)
  expect(statSync(dataDir).mode & 0o006).toBe(0)

  const pid = pidIn(dataDir)
  await stop()
  expect(processStartedAt(pid)).toBeUndefined()
  expect(existsSync(join(dataDir, 'postgres', 'postmaster.pid'))).toBe(false)
  expect(existsSync(join(dataDir, 'daftar.lock'))).toBe(false)
  await stop()
})

test('later starts find everything again, also through the loopback interface and on the same port', async () => {
  const dataDir = madeDataDir('later')
  const first = await start(dataDir, 'tcp')
  expect(new URL(first.url).hostname).toBe('127.0.0.1')
  expect(await notes(first.url)).toEqual([{ text: 'سلام' }])
  await first.stop()
  const second = await start(dataDir, 'tcp')
  expect(second.url).toBe(first.url)
  expect(await notes(second.url)).toEqual([{ text: 'سلام' }])
  await second.stop()
  const third = await start(dataDir)
  expect(await notes(third.url)).toEqual([{ text: 'سلام' }])
})

test('a first start that was cut short is begun again', async () => {
  const dataDir = join(base, 'cut')
  mkdirSync(join(dataDir, 'postgres.new', 'base'), { recursive: true })
  writeFileSync(join(dataDir, 'postgres.new', 'PG_VERSION'), '18\n')
  const { url } = await start(dataDir)
  expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(existsSync(join(dataDir, 'postgres.new'))).toBe(false)
})

test.each([
  ['spaces and Persian letters', 'پوشهٔ داده با فاصله, "و" نشان'],
  ['a long path', join('x'.repeat(60), 'y'.repeat(60))],
])('a data folder with %s', async (_, name) => {
  const { url, stop } = await start(madeDataDir(name))
  expect(await notes(url)).toEqual([{ text: 'سلام' }])
  const socketDir = decodeURIComponent(/@([^:]+):/.exec(url)?.[1] ?? '')
  expect(Buffer.byteLength(socketDir)).toBeLessThan(80)
  expect(statSync(socketDir).mode & 0o777).toBe(0o700)
  await stop()
  expect(existsSync(socketDir)).toBe(false)
})

test('a server that is killed is started again under the same address', async () => {
  const dataDir = madeDataDir('killed')
  const { url } = await start(dataDir)
  await query(url, `insert into note values ('بدرود')`)
  const killed = pidIn(dataDir)
  process.kill(killed, 'SIGKILL')
  await vi.waitFor(() => expect(pidIn(dataDir)).not.toBe(killed), { timeout: 20_000, interval: 20 })
  await vi.waitFor(async () => expect(await notes(url)).toEqual([{ text: 'سلام' }, { text: 'بدرود' }]), {
    timeout: 20_000,
    interval: 20,
  })
  expect(said.join('\n')).toContain('SIGKILL')
})

test('a server that is just being started again is ended too', async () => {
  const dataDir = madeDataDir('twice')
  const { stop } = await start(dataDir)
  const killed = pidIn(dataDir)
  process.kill(killed, 'SIGKILL')
  await vi.waitFor(() => expect(said.join()).toContain('starting it again'), { timeout: 20_000, interval: 1 })
  await stop()
  expect(findPostmaster(join(dataDir, 'postgres'))).toBeUndefined()
  expect(await notes((await start(dataDir)).url)).toEqual([{ text: 'سلام' }])
})

test.each([
  ['the program', false],
  ['the program and the server', true],
])('kill -9 of %s loses nothing, and the next start works', async (_, both) => {
  const dataDir = madeDataDir(`orphan-${both}`)
  const { child, rows, ended } = await startChild(dataDir)
  const orphan = pidIn(dataDir)
  child.kill('SIGKILL')
  if (both) process.kill(orphan, 'SIGKILL')
  await ended
  const acknowledged = rows()
  const { url } = await start(dataDir)
  expect(pidIn(dataDir)).not.toBe(orphan)
  expect(processStartedAt(orphan)).toBeUndefined()
  const [found] = await query(url, 'select count(*)::int as rows from survivor')
  expect(found?.rows).toBeGreaterThanOrEqual(acknowledged)
  expect(said.some((line) => line.includes(`process ${orphan}`))).toBe(!both)
})

test('Ctrl-C in the terminal does not reach the server before the program ends it', async () => {
  const dataDir = madeDataDir('terminal')
  const { child, lines, ended } = await startChild(dataDir)
  const pid = pidIn(dataDir)
  process.kill(-(child.pid ?? 0), 'SIGINT')
  expect(await ended).toBe(0)
  expect(lines).toContain('database still there')
  expect(processStartedAt(pid)).toBeUndefined()
})

test('a second Daftar on the folder is refused and told why; a command beside it uses the same server', async () => {
  const dataDir = madeDataDir('second')
  const { child, ended } = await startChild(dataDir)
  const refused = await startPostgres({ dataDir, log }).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(StartError)
  expect(String(refused)).toContain(`process ${child.pid}`)
  expect(String(refused)).toContain('DATA_DIR')
  expect(lockHolder(join(dataDir, 'daftar.lock'))).toBe(child.pid)

  const beside = await attachOrStartPostgres({ dataDir, log })
  expect(await notes(beside.url)).toEqual([{ text: 'سلام' }])
  await beside.stop()
  expect(await notes(beside.url)).toEqual([{ text: 'سلام' }])
  child.kill('SIGINT')
  expect(await ended).toBe(0)
  expect(await attachPostgres(dataDir)).toBeUndefined()
})

test('locks left by the dead are taken over, whoever has their numbers now', async () => {
  const dataDir = madeDataDir('stale')
  const lock = join(dataDir, 'daftar.lock')
  const world = currentWorld()
  writeFileSync(lock, JSON.stringify({ pid: process.ppid, startedAt: '1', world }))
  writeFileSync(join(dataDir, 'postgres', 'postmaster.pid'), `${process.ppid}\n${dataDir}\n1\n5432\n\n\n`)
  const first = await start(dataDir)
  expect(await notes(first.url)).toEqual([{ text: 'سلام' }])
  await first.stop()

  writeFileSync(lock, JSON.stringify({ pid: 1, startedAt: '1', world: 'another container' }))
  const longAgo = new Date(Date.now() - 60_000)
  utimesSync(lock, longAgo, longAgo)
  const second = await start(dataDir)
  expect(await notes(second.url)).toEqual([{ text: 'سلام' }])
  await second.stop()

  writeFileSync(lock, 'half a li')
  const third = await start(dataDir)
  expect(await notes(third.url)).toEqual([{ text: 'سلام' }])
})

test('a lost password is replaced', async () => {
  const dataDir = madeDataDir('password')
  rmSync(join(dataDir, 'postgres.password'))
  const { url } = await start(dataDir)
  expect(await notes(url)).toEqual([{ text: 'سلام' }])
})

test('a wrong setting is reported with the words of the server, and leaves nothing behind', async () => {
  const dataDir = madeDataDir('wrong')
  const refused = await startPostgres({ dataDir, log, settings: { max_connections: 'many' } }).catch(String)
  expect(refused).toContain('max_connections')
  expect(existsSync(join(dataDir, 'daftar.lock'))).toBe(false)
  expect(await notes((await start(dataDir)).url)).toEqual([{ text: 'سلام' }])
})

test('as root the files go where the user of the database can enter, and no folder is opened for it', () => {
  const closed = join(base, 'closed')
  const dataDir = join(closed, 'data')
  mkdirSync(dataDir, { recursive: true })
  chmodSync(closed, 0o700)
  const files = postgresFiles(dataDir)
  expect(statSync(closed).mode & 0o777).toBe(0o700)
  expect(files.place === dataDir).toBe(!asRoot)
  expect(files.notes.some((note) => note.includes(closed))).toBe(asRoot)
  expect(postgresFiles(dataDir)).toMatchObject({ place: files.place, cluster: join(files.place, 'postgres') })
  if (files.place !== dataDir) rmSync(files.place, { recursive: true })
})

test('links between libraries are made when the installation did not make them', () => {
  const native = join(base, 'native')
  mkdirSync(join(native, 'lib'), { recursive: true })
  writeFileSync(join(native, 'lib', 'libpq.so.5.18'), 'library')
  const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }]
  writeFileSync(join(native, 'pg-symlinks.json'), JSON.stringify(links))
  expect(linkLibraries(native)).toBe(true)
  expect(readFileSync(join(native, 'lib', 'libpq.so.5'), 'utf8')).toBe('library')
  expect(linkLibraries(native)).toBe(true)
})

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { Pool } from 'undici'
import { migrate, readMigrations } from '../server/src/platform/migrate.ts'
import { startPostgres } from '../server/src/platform/postgres.ts'
import { findPostmaster } from '../server/src/platform/postgres-process.ts'
import { say } from './report.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** What all scenes share: one PostgreSQL, a folder, and something that answers like Bale. All of it goes at the end. */
export interface World {
  dir: string
  /** Runs the program from dist/ (as in production) or from the source. */
  from: 'dist' | 'source'
  /** Where to put CPU profiles of the program; none are made without it. */
  profiles: string | undefined
  databaseUrl(name: string): string
  createDatabase(name: string): Promise<pg.Pool>
  dropDatabase(name: string): Promise<void>
  baleUrl: string
  postgresVersion: string
  /** Seconds of processor time the database server has used so far. */
  databaseCpu(): number
  stop(): Promise<void>
}

export async function openWorld(from: 'dist' | 'source', profiles?: string): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'daftar-bench-'))
  // As root the database runs as another user, who must be able to pass through.
  chmodSync(dir, 0o711)
  const quiet = { info: () => {}, warn: () => {}, error: say }
  const server = await startPostgres({
    dataDir: join(dir, 'data'),
    log: quiet,
    settings: JSON.parse(process.env['BENCH_PG'] ?? '{}'),
  })
  const bale = await startBale()
  const admin = new pg.Client({ connectionString: server.url })
  await admin.connect()
  const databaseUrl = (name: string): string => server.url.replace(/\/[^/]*$/, `/${name}`)
  const pools = new Map<string, pg.Pool>()
  const { rows } = await admin.query<{ server_version: string }>('show server_version')
  return {
    dir,
    from,
    profiles,
    databaseUrl,
    baleUrl: `http://127.0.0.1:${(bale.address() as AddressInfo).port}`,
    postgresVersion: rows[0]?.server_version ?? '',
    databaseCpu: () => cpuOfServer(findPostmaster(join(dir, 'data', 'postgres'))?.pid),
    async createDatabase(name) {
      await admin.query(`create database ${name}`)
      await migrate(databaseUrl(name), readMigrations(new URL('../server/migrations/', import.meta.url)))
      const pool = new pg.Pool({ connectionString: databaseUrl(name), max: 4, options: '-c timezone=UTC' })
      pool.on('error', () => undefined)
      pools.set(name, pool)
      return pool
    },
    async dropDatabase(name) {
      const pool = pools.get(name)
      pools.delete(name)
      await pool?.end()
      // Without force: that would need rights over the autovacuum that may just be at work there; so it is only waited for.
      for (let tries = 1; ; tries++) {
        try {
          return void (await admin.query(`drop database if exists ${name}`))
        } catch (error) {
          if (tries === 20) throw error
          await wait(250)
        }
      }
    },
    async stop() {
      for (const pool of pools.values()) await pool.end()
      await admin.end()
      bale.closeAllConnections()
      bale.close()
      await server.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Takes every call, and knows no pictures: what new customers cost is their visit here, not a picture. */
async function startBale(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const unknown = /\/(getChat|getFile)/.test(request.url ?? '')
      response.writeHead(unknown ? 400 : 200, { 'content-type': 'application/json' })
      response.end(
        unknown
          ? '{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}'
          : '{"ok":true,"result":true}',
      )
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

/** The program on one database, in a process of its own. */
export interface Program {
  port: number
  pid: number
  /** The administrator's API token. */
  token: string
  /** Asks as the administrator, or as the holder of another token; the parsed answer. */
  get<Body>(path: string, token?: string): Promise<Body>
  send<Body>(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: object): Promise<Body>
  /** Proportional and resident memory in MB. */
  memory(): { pss: number; rss: number }
  stop(): Promise<void>
}

/** @param known token of an administrator made before; without it the first one is made */
export async function startProgram(world: World, database: string, known?: string): Promise<Program> {
  const port = await freePort()
  const dataDir = join(world.dir, `app-${database}`)
  mkdirSync(dataDir, { recursive: true })
  const args = [
    ...(world.profiles ? ['--cpu-prof', `--cpu-prof-dir=${world.profiles}`] : []),
    ...(world.from === 'dist'
      ? ['dist/server/src/main.js']
      : ['--conditions=daftar-source', '--import', 'tsx', 'server/src/main.ts']),
  ]
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: String(port),
      DATA_DIR: dataDir,
      DATABASE_URL: world.databaseUrl(database),
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'ignore', 2],
  })
  const kill = (): void => void child.kill('SIGKILL')
  process.once('exit', kill)
  const url = `http://127.0.0.1:${port}`
  await ready(child, url)
  const pool = new Pool(url, { connections: 8 })
  const token = known ?? (await signIn(pool, url))
  const call = async <Body>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, as: string, body?: object) => {
    const answer = await pool.request({
      method,
      path: `/api/v1${path}`,
      headers: { authorization: `Bearer ${as}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${await answer.body.text()}`)
    return (await answer.body.json()) as Body
  }
  return {
    port,
    pid: child.pid ?? 0,
    token,
    get: (path, as = token) => call('GET', path, as),
    send: (method, path, body) => call(method, path, token, body),
    memory: () => memoryOf(child.pid ?? 0),
    async stop() {
      await pool.destroy()
      process.removeListener('exit', kill)
      await end(child)
    },
  }
}

async function ready(child: ChildProcess, url: string): Promise<void> {
  for (const until = Date.now() + 60_000; ; await wait(50)) {
    if (child.exitCode !== null) throw new Error(`the program ended with ${child.exitCode}`)
    const answer = await fetch(`${url}/readyz`).catch(() => undefined)
    if (answer?.ok) return
    if (Date.now() > until) throw new Error('the program did not become ready')
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), 12_000)
  await gone
  clearTimeout(force)
}

/** Makes the first administrator and an API token. */
async function signIn(pool: Pool, url: string): Promise<string> {
  const headers = { 'content-type': 'application/json', origin: url }
  const post = async (path: string, body: object, cookie?: string) => {
    const answer = await pool.request({
      method: 'POST',
      path: `/api/v1${path}`,
      headers: { ...headers, ...(cookie ? { cookie } : {}) },
      body: JSON.stringify(body),
    })
    const text = await answer.body.text()
    if (answer.statusCode >= 300) throw new Error(`POST ${path}: ${answer.statusCode} ${text}`)
    return { body: JSON.parse(text) as { token?: string }, cookies: [answer.headers['set-cookie'] ?? []].flat() }
  }
  const { cookies } = await post('/setup', {
    organisation: 'دفتر',
    name: 'مدیر',
    email: 'bench@example.com',
    password: 'هفت سیب و 3 انار',
    locale: 'fa',
  })
  const { body } = await post('/me/tokens', { name: 'bench' }, cookies.map((one) => one.split(';')[0]).join('; '))
  return body.token ?? ''
}

/** Channels of the regular Bale bot; returns their ids and the paths of their hooks. */
export async function makeChannels(
  program: Program,
  world: World,
  count: number,
): Promise<{ id: string; path: string }[]> {
  const made: { id: string; path: string }[] = []
  for (let n = 0; n < count; n++) {
    const channel = await program.send<{ id: string; webhookUrl: string }>('POST', '/channels', {
      kind: 'bale',
      name: `بله ${n + 1}`,
      settings: { token: `${100_000 + n}:bench${n}`, mode: 'webhook', baseUrl: world.baleUrl },
    })
    made.push({ id: channel.id, path: new URL(channel.webhookUrl).pathname })
  }
  return made
}

/** What the process holds, from the system's account of it. */
export function memoryOf(pid: number): { pss: number; rss: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0) / 1024
  return { pss: of('Pss'), rss: of('Rss') }
}

/** Seconds of processor time of a process (and of its children that have ended). */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .map(Number)
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15)
  return (user + system + childUser + childSystem) / 100
}

function cpuOfServer(postmaster: number | undefined): number {
  if (postmaster === undefined) return 0
  let sum = cpuOf(postmaster)
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const parent = /\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1]
      if (Number(parent) === postmaster) sum += cpuOf(Number(name))
    } catch {
      // It has just ended; its time is the postmaster's by now.
    }
  }
  return sum
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

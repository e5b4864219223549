import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type InstanceLock, LockHeld, lockHolder, processStartedAt, takeLock } from './instance-lock.ts'
import {
  appLogin,
  clusterCtype,
  ensureCluster,
  type Login,
  probe,
  provision,
  resetPassword,
  urlOf,
} from './postgres-cluster.ts'
import { ensureDataDir } from './data-dir.ts'
import { makeSocketDir, type PostgresFiles, placeOf, postgresFiles, removeSocketDir } from './postgres-files.ts'
import {
  askToEnd,
  clearStalePidFile,
  type Endpoint,
  endPostmaster,
  findPostmaster,
  type Settings,
  serverEnvironment,
  serverSettings,
} from './postgres-process.ts'
import { StartError } from './start-error.ts'

export interface PostgresLog {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

export interface PostgresOptions {
  /** The data folder of this Daftar (`DATA_DIR`), made if missing. The database lies in `postgres/` inside it. */
  dataDir: string
  log: PostgresLog
  /** Server settings over our own, as in postgresql.conf. */
  settings?: Settings
  /** A socket in a private folder is used where the system has them; `tcp` asks for the loopback interface. */
  transport?: 'socket' | 'tcp'
}

export interface RunningPostgres {
  /** A `DATABASE_URL`; stays the same when the server had to be started again. */
  url: string
  /** Ends the server with everything flushed, in less than 10 s. Connections still open are closed by it. */
  stop(): Promise<void>
}

/** How long a start is tried again while remains of the last one (lock, shared memory, port) are in the way (ms). */
const REMAINS = 15_000
/** How long a server may replay its log after a crash before we give up waiting (ms). */
const RECOVERY = 10 * 60_000

interface Server {
  files: PostgresFiles
  endpoint: Endpoint
  settings: Settings
  login: Login
  log: PostgresLog
  child?: ChildProcess
  stopping: boolean
}

/**
 * Starts the PostgreSQL that comes with Daftar on the data folder, making the database on the first start, and keeps it
 * running: a server that dies is started again. A server left by a killed Daftar is ended first, with nothing lost.
 * @throws StartError when another Daftar runs on the folder, or with what to do when it cannot start
 */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const dataDir = ensureDataDir(options.dataDir)
  const files = postgresFiles(dataDir)
  const lock = await lockPlace(files.place, dataDir, options.log)
  try {
    return await startLocked(files, lock, options)
  } catch (error) {
    lock.release()
    throw error
  }
}

/** The address of the database of a Daftar that runs on this data folder now; undefined when none does. */
export async function attachPostgres(dataDir: string): Promise<string | undefined> {
  const place = placeOf(dataDir)
  const lock = join(place, 'daftar.lock')
  const files = { cluster: join(place, 'postgres'), passwordFile: join(dataDir, 'postgres.password') }
  for (const end = Date.now() + 60_000; Date.now() < end && lockHolder(lock) !== undefined; await wait(50)) {
    const running = findPostmaster(files.cluster)
    if (running === undefined) continue
    const login = appLogin(files)
    if ((await probe(running.endpoint, login)) === 'ready') return urlOf(running.endpoint, login)
  }
  return undefined
}

/** For commands beside a server: the database of the Daftar that runs on the folder, else one of our own. */
export async function attachOrStartPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const url = await attachPostgres(options.dataDir)
  return url === undefined ? startPostgres(options) : { url, stop: async () => {} }
}

async function startLocked(
  files: PostgresFiles,
  lock: InstanceLock,
  { log, settings = {}, transport }: PostgresOptions,
): Promise<RunningPostgres> {
  for (const note of files.notes) log.info(note)
  await endOrphan(files, log)
  const cluster = ensureCluster(files, settings.fsync !== 'off')
  if (cluster.made) log.info('The database was made.')
  if (cluster.warning) log.warn(cluster.warning)

  const socketDir = transport === 'tcp' ? undefined : makeSocketDir(files)
  const endpoint: Endpoint = socketDir === undefined ? { port: await choosePort(files) } : { socketDir, port: 5432 }
  const server: Server = { files, endpoint, settings, login: appLogin(files), log, stopping: false }
  const onExit = () => {
    if (server.child?.pid !== undefined) askToEnd(server.child.pid, files.bin, files.cluster)
  }
  process.once('exit', onExit)
  const cleanUp = async () => {
    server.stopping = true
    await endChild(server)
    process.removeListener('exit', onExit)
    removeSocketDir(socketDir, files.place)
    lock.release()
  }
  try {
    await launch(server)
    await ensureLogin(server)
  } catch (error) {
    await cleanUp()
    throw error
  }
  let stopped: Promise<void> | undefined
  return {
    url: urlOf(endpoint, server.login),
    stop: () => {
      stopped ??= cleanUp()
      return stopped
    },
  }
}

async function lockPlace(place: string, dataDir: string, log: PostgresLog): Promise<InstanceLock> {
  try {
    return await takeLock(join(place, 'daftar.lock'), () =>
      log.info(
        'Another machine or container used this data folder a moment ago; waiting up to 20 s for it to be gone.',
      ),
    )
  } catch (error) {
    if (!(error instanceof LockHeld)) throw error
    throw new StartError(
      `Daftar is already running on ${dataDir} (process ${error.pid}). Stop that one first, or give this one another folder in DATA_DIR.`,
      `یک دفتر دیگر هم‌اکنون روی ${dataDir} در حال اجراست (پردازهٔ ${error.pid}). نخست آن را متوقف کنید یا در DATA_DIR پوشهٔ دیگری به این یکی بدهید.`,
      { cause: error },
    )
  }
}

/** Nobody else holds the lock, so a living server of this folder was left by a Daftar that was killed. */
async function endOrphan(files: PostgresFiles, log: PostgresLog): Promise<void> {
  const orphan = findPostmaster(files.cluster)
  if (orphan === undefined) return clearStalePidFile(files.cluster)
  log.warn(`The last Daftar on this folder was killed and left its database (process ${orphan.pid}); ending it.`)
  await endPostmaster(orphan.pid, orphan.startedAt, files.bin, files.cluster, 30_000)
  removeSocketDir(orphan.endpoint.socketDir, files.place)
}

/** Starts the server process and waits until it takes connections; from then on it is watched. */
async function launch(server: Server): Promise<void> {
  const { files, endpoint, login, log } = server
  const begin = Date.now()
  for (;;) {
    if (server.stopping) throw cannotStart(files, 'FATAL: asked to stop meanwhile.')
    const words = lastWords(files)
    const child = spawnServer(server)
    server.child = child
    // Without a listener a program that cannot even be run would end us.
    child.once('error', () => {})
    let told = false
    while (!hasEnded(child) && (await probe(endpoint, login)) === 'later') {
      if (!told && Date.now() - begin > 5_000) {
        log.info('The database replays what was not yet in its files, because it did not end cleanly last time.')
        told = true
      }
      if (Date.now() - begin > RECOVERY) throw cannotStart(files, words())
      await wait(20)
    }
    if (!hasEnded(child)) {
      watch(server, child)
      return
    }
    await wait(50)
    const remains = /already exists|still in use|could not bind|in use by/i.test(words())
    if (server.stopping || !remains || Date.now() - begin > REMAINS) throw cannotStart(files, words())
  }
}

function spawnServer({ files, endpoint, settings }: Server): ChildProcess {
  const args = Object.entries(serverSettings(endpoint, settings)).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  // What it says before its own log is open goes to a file: a pipe to us would break it if we were killed.
  const output = openSync(startLogPath(files), 'w', 0o600)
  // Detached: Ctrl-C in the terminal reaches every process of its group, and the database must outlive us, not race us.
  const child = spawn(join(files.bin, 'postgres'), ['-D', files.cluster, ...args], {
    ...files.runAs,
    detached: true,
    windowsHide: true,
    stdio: ['ignore', output, output],
    env: serverEnvironment(clusterCtype(files)),
  })
  closeSync(output)
  child.unref()
  return child
}

function watch(server: Server, child: ChildProcess): void {
  child.once('exit', async (code, signal) => {
    if (server.stopping) return
    server.log.error(`The database ended by itself (${signal ?? `code ${code}`}); starting it again.`)
    for (let pause = 100; !server.stopping; pause = Math.min(pause * 2, 10_000)) {
      try {
        await launch(server)
        server.log.info('The database runs again.')
        return
      } catch (error) {
        if (!server.stopping) server.log.error(error instanceof Error ? error.message : String(error))
        await wait(pause, undefined, { ref: false })
      }
    }
  })
}

async function ensureLogin(server: Server): Promise<void> {
  const { files, endpoint, login } = server
  if ((await probe(endpoint, login)) === 'ready') return
  if (await provision(endpoint, files)) return
  server.log.warn('The password of the database was lost; giving it a new one.')
  server.stopping = true
  await endChild(server)
  server.stopping = false
  resetPassword(files)
  await launch(server)
  if (!(await provision(endpoint, files))) throw cannotStart(files, '')
}

async function endChild({ child, files }: Server): Promise<void> {
  if (child?.pid === undefined || hasEnded(child)) return
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const startedAt = processStartedAt(child.pid)
  if (startedAt !== undefined) await endPostmaster(child.pid, startedAt, files.bin, files.cluster)
  await Promise.race([exited, wait(500)])
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null
}

/** A free port of the loopback interface, the same as last time if it is still free. */
async function choosePort(files: PostgresFiles): Promise<number> {
  const path = join(files.place, 'postgres.port')
  let last = 0
  try {
    last = Number(readFileSync(path, 'utf8'))
  } catch {
    // The first start.
  }
  const port = (await freePort(last)) ?? (await freePort(0))
  if (port === undefined) throw cannotStart(files, 'FATAL: no free port on 127.0.0.1.')
  writeFileSync(path, `${port}\n`, { mode: 0o600 })
  return port
}

function freePort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const listener = createServer()
    listener.once('error', () => resolve(undefined))
    listener.listen(Number.isInteger(port) ? port : 0, '127.0.0.1', () => {
      const address = listener.address()
      listener.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}

function startLogPath(files: PostgresFiles): string {
  return join(files.place, 'postgres-start.log')
}

/** What the server says from now on, in the file it starts with and then in its own log. */
function lastWords(files: PostgresFiles): () => string {
  const before = newestLog(files)
  return () => {
    const log = newestLog(files)
    const grown = log !== undefined && log.path === before?.path && log.text.length >= before.text.length
    const fresh = log?.text.slice(grown ? before.text.length : 0) ?? ''
    return `${readText(startLogPath(files))}\n${fresh}`
  }
}

function newestLog({ cluster }: PostgresFiles): { path: string; text: string } | undefined {
  const dir = join(cluster, 'log')
  if (!existsSync(dir)) return undefined
  const paths = readdirSync(dir).map((name) => join(dir, name))
  const path = paths.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0]
  return path === undefined ? undefined : { path, text: readText(path) }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function cannotStart(files: PostgresFiles, words: string): StartError {
  // Lines are "time [pid] LEVEL:  text"; what matters is the error and what belongs to it.
  const said = words.split('\n').filter((line) => /(FATAL|PANIC|ERROR|HINT): |postgres: /.test(line))
  const reason = said
    .slice(-3)
    .join(' ')
    .replaceAll(/\d{4}-\d\d-\d\d [\d:.]+ UTC \[\d+\] /g, '')
  const log = join(files.cluster, 'log')
  return new StartError(
    `The database did not start. ${reason} More is in ${log}. Check that the disk has room, or set DATABASE_URL to a PostgreSQL server.`,
    `پایگاه داده آغاز به کار نکرد. ${reason} جزئیات در ${log} است. ببینید دیسک جا دارد، یا نشانی یک سرور PostgreSQL را در DATABASE_URL بگذارید.`,
  )
}

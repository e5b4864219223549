import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync, renameSync, statSync, unlinkSync, utimesSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { hasCode, linkOnce, writeOnce } from './data-dir.ts'

/** How often the holder touches its lock, and how long a silent lock of an invisible holder still counts (ms). */
const HEARTBEAT = 5_000
const SILENCE = 20_000

/** Who holds a lock. `startedAt` tells a process from a later one that got the same number. */
interface Holder {
  pid: number
  startedAt: string
  /** Where `pid` has a meaning: this boot of this machine or container. */
  world: string
}

export interface InstanceLock {
  release(): void
}

/** Thrown by `takeLock` when another living process holds the lock. */
export class LockHeld extends Error {
  readonly pid: number

  constructor(pid: number) {
    super(`held by process ${pid}`)
    this.name = 'LockHeld'
    this.pid = pid
  }
}

/**
 * Takes the lock file at `path` for this process and keeps it alive until `release()` or the end of the process.
 * A lock of a dead process is taken over at once; one written in another container on the same volume, whose processes
 * cannot be seen from here, after it has been silent for 20 s (`onWait` is called once before that wait).
 * @throws LockHeld when the holder lives
 */
export async function takeLock(path: string, onWait: () => void): Promise<InstanceLock> {
  const mine = JSON.stringify(self())
  let waited = false
  while (!writeOnce(path, mine)) {
    const found = readText(path)
    if (found === undefined) continue
    const state = holderState(path, found)
    if (state === 'alive') throw new LockHeld(parseHolder(found)?.pid ?? 0)
    if (state === 'stale') {
      removeStale(path, found)
      continue
    }
    if (!waited) onWait()
    waited = true
    const before = modified(path)
    await wait(HEARTBEAT + 1_000)
    if (modified(path) !== before) throw new LockHeld(parseHolder(found)?.pid ?? 0)
  }
  return held(path, mine)
}

/** The process that holds the lock at `path` and lives on this machine, or undefined. */
export function lockHolder(path: string): number | undefined {
  const found = readText(path)
  if (found === undefined || holderState(path, found) !== 'alive') return undefined
  return parseHolder(found)?.pid
}

/** When a living process began, in a form that only has to be compared; undefined when there is no such process. */
export function processStartedAt(pid: number): string | undefined {
  if (!isAlive(pid)) return undefined
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      // The name in brackets may hold anything, spaces and brackets too; state is field 3, the start time field 22.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return fields[0] === 'Z' ? undefined : fields[19]
    }
    if (process.platform !== 'win32') {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    }
  } catch {
    return isAlive(pid) ? '' : undefined
  }
  return ''
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return hasCode(error, 'EPERM')
  }
}

function self(): Holder {
  return { pid: process.pid, startedAt: processStartedAt(process.pid) ?? '', world: currentWorld() }
}

/** Names the space in which process numbers have a meaning: this boot of this machine or container. */
export function currentWorld(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}

function holderState(path: string, text: string): 'alive' | 'stale' | 'unseen' {
  const holder = parseHolder(text)
  if (holder === undefined) return 'stale'
  if (holder.world !== currentWorld()) {
    const age = Date.now() - (modified(path) ?? 0)
    return age < SILENCE ? 'unseen' : 'stale'
  }
  const startedAt = processStartedAt(holder.pid)
  return startedAt !== undefined && startedAt === holder.startedAt ? 'alive' : 'stale'
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return undefined
    if (!('pid' in value && 'startedAt' in value && 'world' in value)) return undefined
    const { pid, startedAt, world } = value
    if (typeof pid !== 'number' || typeof startedAt !== 'string' || typeof world !== 'string') return undefined
    return { pid, startedAt, world }
  } catch {
    return undefined
  }
}

/** Two processes may find the same stale lock: what was moved away is looked at again, and put back if it was fresh. */
function removeStale(path: string, expected: string): void {
  const aside = `${path}.stale.${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  if (readText(aside) !== expected) linkOnce(aside, path)
  unlinkSync(aside)
}

function held(path: string, mine: string): InstanceLock {
  const beat = setInterval(() => {
    const now = new Date()
    try {
      utimesSync(path, now, now)
    } catch {
      // The folder may be away for a moment (network disk); the next beat tries again.
    }
  }, HEARTBEAT)
  beat.unref()
  const release = () => {
    clearInterval(beat)
    process.removeListener('exit', release)
    if (readText(path) === mine) unlinkSync(path)
  }
  process.once('exit', release)
  return { release }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function modified(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs
}

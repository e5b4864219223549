import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { isAlive, processStartedAt } from './instance-lock.ts'

/** Where a server listens: the folder of its socket, or a port of the loopback interface. */
export type Endpoint = { socketDir: string; port: number } | { socketDir?: undefined; port: number }

export interface Postmaster {
  pid: number
  startedAt: string
  endpoint: Endpoint
}

export type Settings = Record<string, string | number>

/** The living server of `cluster`, whoever started it; undefined when there is none. */
export function findPostmaster(cluster: string): Postmaster | undefined {
  const file = readPidFile(cluster)
  if (file === undefined) return undefined
  const startedAt = processStartedAt(file.pid)
  if (startedAt === undefined || !isServerOf(cluster, file.pid)) return undefined
  return { pid: file.pid, startedAt, endpoint: file.endpoint }
}

/**
 * Ends a server: first politely with all data flushed (`patience` ms), then at once (the next start replays the log),
 * at last by force. Nothing committed is lost in any of the three.
 */
export async function endPostmaster(pid: number, startedAt: string, bin: string, cluster: string, patience = 7_000) {
  const gone = () => processStartedAt(pid) !== startedAt
  const steps: [NodeJS.Signals, string, number][] = [
    ['SIGINT', 'fast', patience],
    ['SIGQUIT', 'immediate', 1_500],
    ['SIGKILL', '', 1_000],
  ]
  for (const [signal, mode, time] of steps) {
    if (gone()) return
    send(pid, signal, mode, bin, cluster)
    for (const end = Date.now() + time; Date.now() < end && !gone(); ) await wait(10)
  }
}

/** Asks a server to flush and end; returns at once. */
export function askToEnd(pid: number, bin: string, cluster: string): void {
  send(pid, 'SIGINT', 'fast', bin, cluster)
}

/**
 * A lock file whose number now belongs to a stranger would stop the server from starting. It is removed only when
 * nothing works in the folder any more, since it also guards the memory shared with left-over backends.
 */
export function clearStalePidFile(cluster: string): void {
  const file = readPidFile(cluster)
  if (file === undefined || process.platform !== 'linux') return
  if (!isAlive(file.pid) || isServerOf(cluster, file.pid)) return
  if (!processesIn(cluster)) rmSync(join(cluster, 'postmaster.pid'), { force: true })
}

/** Settings for one office's machine: a quarter of the memory stays small, the disk is assumed to be solid state. */
export function serverSettings(endpoint: Endpoint, extra: Settings): Settings {
  const memory = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY) / 2 ** 20
  const shared = Math.round(Math.min(256, Math.max(32, memory / 8)))
  return {
    listen_addresses: endpoint.socketDir === undefined ? '127.0.0.1' : '',
    port: endpoint.port,
    unix_socket_directories: endpoint.socketDir ?? '',
    unix_socket_permissions: '0700',
    max_connections: 100,
    shared_buffers: `${shared}MB`,
    effective_cache_size: `${Math.round(Math.max(128, memory / 2))}MB`,
    work_mem: '8MB',
    maintenance_work_mem: `${Math.round(Math.min(128, Math.max(32, memory / 16)))}MB`,
    wal_compression: 'on',
    max_wal_size: '1GB',
    random_page_cost: '1.1',
    jit: 'off',
    max_parallel_workers_per_gather: Math.min(2, Math.max(0, availableParallelism() - 1)),
    autovacuum_naptime: '15s',
    autovacuum_vacuum_scale_factor: '0.05',
    autovacuum_vacuum_insert_scale_factor: '0.1',
    autovacuum_analyze_scale_factor: '0.02',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // One file a weekday, overwritten a week later. Terse: the details of an error would show customers' data.
    logging_collector: 'on',
    log_directory: 'log',
    log_filename: 'postgresql-%a.log',
    log_file_mode: '0600',
    log_rotation_age: '1d',
    log_rotation_size: 0,
    log_truncate_on_rotation: 'on',
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    ...extra,
  }
}

/** Our own environment less what would change the database's behaviour, with a locale that is always there. */
export function serverEnvironment(ctype: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG|NODE_|npm_)/.test(name))
  return { ...Object.fromEntries(kept), LC_ALL: ctype, TZ: 'UTC' }
}

function readPidFile(cluster: string): { pid: number; endpoint: Endpoint } | undefined {
  let lines: string[]
  try {
    lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')
  } catch {
    return undefined
  }
  const pid = Number(lines[0])
  if (!Number.isInteger(pid) || pid <= 1) return undefined
  const port = Number(lines[3])
  const socketDir = lines[4]
  return { pid, endpoint: socketDir ? { socketDir, port } : { port } }
}

/** A server works in its data folder and names it on its command line; another process with that number does not. */
function isServerOf(cluster: string, pid: number): boolean {
  if (process.platform === 'linux') return workingDir(pid) === realpathSync(cluster)
  if (process.platform === 'win32') {
    const list = spawnSync('tasklist', ['/FI', `PID eq ${pid}`, '/FO', 'CSV', '/NH'], { encoding: 'utf8' })
    return list.stdout.includes('postgres')
  }
  const command = spawnSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout
  return command.includes('postgres') && command.includes(cluster)
}

function processesIn(cluster: string): boolean {
  const dir = realpathSync(cluster)
  return readdirSync('/proc').some((name) => /^\d+$/.test(name) && workingDir(Number(name)) === dir)
}

function workingDir(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return undefined
  }
}

function send(pid: number, signal: NodeJS.Signals, mode: string, bin: string, cluster: string): void {
  try {
    // On Windows every signal is the end by force; there the server listens to its own tool.
    if (process.platform === 'win32' && mode !== '') {
      spawnSync(join(bin, 'pg_ctl'), ['stop', '-W', '-D', cluster, '-m', mode])
    } else {
      process.kill(pid, signal)
    }
  } catch {
    // It ended by itself in between.
  }
}

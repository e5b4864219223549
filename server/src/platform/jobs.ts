import { EventEmitter } from 'node:events'
import { run, Logger, type Runner, type Task, type TaskList, type WorkerEvents } from 'graphile-worker'
import type { Part } from './app.ts'
import type { Database } from './db.ts'
import { guardJobs } from './job-locks.ts'
import type { Log } from './log.ts'

export type JobHandler = (
  payload: unknown,
  help: { attempt: number; last: boolean; signal: AbortSignal },
) => Promise<void>

/** The only file that knows the job library. A job is enqueued with `tx.addJob`, in the transaction of the fact that causes it. */
export interface Jobs {
  /** Names a job and what does it. Twice the same name is a mistake of ours and stops the start. */
  define(name: string, handler: JobHandler): void
  /** Runs a job by the clock, cron syntax in UTC; once for all nodes. */
  schedule(pattern: string, name: string): void
  /** Why jobs are not done on this node, though they should be. */
  problem(): string | undefined
  part: Part
}

/** The clock's table takes no dots in names. */
const cronName = (name: string): string => name.replaceAll('.', ':')

export function createJobs(db: Database, log: Log): Jobs {
  const handlers = new Map<string, JobHandler>()
  const schedules: string[] = []
  let ended: string | undefined
  const known = (name: string): boolean =>
    handlers.has(name) || [...handlers.keys()].some((key) => cronName(key) === name)
  return {
    define(name, handler) {
      if (handlers.has(name)) throw new Error(`two handlers for the job "${name}"`)
      handlers.set(name, handler)
    },
    schedule: (pattern, name) => void schedules.push(`${pattern} ${cronName(name)} ?max=3`),
    problem: () => ended,
    part: {
      name: 'jobs',
      role: 'worker',
      async start() {
        for (const line of schedules) {
          const name = line.split(' ')[5] ?? ''
          if (!known(name)) throw new Error(`the schedule "${line}" has no handler`)
        }
        const waiting = await db.query<{ name: string }>(
          'select distinct task_identifier as name from graphile_worker.jobs',
        )
        const unknown = waiting.filter((job) => !known(job.name))
        if (unknown.length > 0)
          throw new Error(`jobs wait that nobody does: ${unknown.map((job) => job.name).join(', ')}`)
        const workers: string[] = []
        const runner = await startRunner(db, log, handlers, schedules, (worker) => workers.push(worker))
        const endGuard = await guardJobs(db, log, workers)
        let stopping = false
        const onEnd = (error?: unknown): void => {
          if (stopping) return
          ended = 'jobs: the worker has ended'
          log.error({ err: error }, ended)
        }
        runner.promise.then(onEnd, onEnd)
        return async () => {
          stopping = true
          await runner.stop()
          await endGuard()
        }
      },
    },
  }
}

async function startRunner(
  db: Database,
  log: Log,
  handlers: Map<string, JobHandler>,
  schedules: string[],
  onWorker: (name: string) => void,
): Promise<Runner> {
  const events: WorkerEvents = new EventEmitter()
  events.on('worker:create', ({ worker }) => onWorker(worker.workerId))
  const taskList: TaskList = {}
  for (const [name, handler] of handlers) {
    const task: Task = async (payload, helpers) => {
      const { attempts, max_attempts } = helpers.job
      const signal = helpers.abortSignal ?? new AbortController().signal
      try {
        await handler(payload, { attempt: attempts, last: attempts >= max_attempts, signal })
      } catch (error) {
        log.warn({ err: error, job: name, attempt: attempts }, 'a job failed')
        throw error
      }
    }
    taskList[name] = task
    taskList[cronName(name)] = task
  }
  return run({
    pgPool: db.pool,
    events,
    taskList,
    crontab: schedules.join('\n'),
    concurrency: 4,
    noHandleSignals: true,
    pollInterval: 2000,
    logger: new Logger(() => (level, message) => {
      if (level === 'error' || level === 'warning') log.warn({ level }, message)
    }),
  })
}

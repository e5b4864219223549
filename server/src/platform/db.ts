import { createHash } from 'node:crypto'
import pg from 'pg'
import type { LiveChange } from '#shared/api/live.ts'
import { KeyTaken, type RequestScope, requestScope } from './request-scope.ts'

/**
 * Runs SQL. Texts are constants of the program, values are always parameters; every statement is prepared once per
 * connection, unless it is to be planned `anew` for its values each time: where the best way depends on how many rows have
 * them.
 */
export interface Db {
  query<Row extends object>(text: string, values?: unknown[], plan?: 'anew'): Promise<Row[]>
  /** The first row, or undefined. */
  one<Row extends object>(text: string, values?: unknown[]): Promise<Row | undefined>
}

/** Who is told of a change: those who may view a channel, one user, holders of a right (of all, where several are named
 * with blanks between), or (empty) everyone signed in. */
export interface Audience {
  channelId?: string | null
  userId?: string
  need?: string
}

export interface Tx extends Db {
  /** Says that something changed. Written in this transaction, told to screens after it commits, numbered in commit order. */
  publish(audience: Audience, change: LiveChange): void
  /** A job that exists if and only if this transaction commits. */
  addJob(name: string, payload: object, options?: JobOptions): Promise<void>
  /** Runs after the commit; for shortening waits only, since a crash may skip it. */
  afterCommit(action: () => void): void
}
export interface JobOptions {
  key?: string
  runAt?: Date
  maxAttempts?: number
  /** Jobs of one queue run one after the other. */
  queue?: string
}

export interface Database extends Db {
  pool: pg.Pool
  url: string
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  close(): Promise<void>
}

const names = new Map<string, string>()
function nameOf(text: string): string {
  let name = names.get(text)
  if (!name) {
    name = `s${createHash('sha1').update(text).digest('base64url').slice(0, 16)}`
    names.set(text, name)
  }
  return name
}

function runner(client: pg.Pool | pg.PoolClient): Db {
  const query = async <Row extends object>(text: string, values: unknown[] = [], plan?: 'anew'): Promise<Row[]> => {
    const prepared = plan === 'anew' ? {} : { name: nameOf(text) }
    const result = await client.query<Row & pg.QueryResultRow>({ ...prepared, text, values })
    return result.rows
  }
  return {
    query,
    one: async <Row extends object>(text: string, values?: unknown[]) => (await query<Row>(text, values))[0],
  }
}

/** Deadlocks and serialisation failures are nobody's fault: the work runs again, a few times. */
const RETRY = new Set(['40001', '40P01'])

export function openDatabase(url: string, options: { max?: number; onError?: (error: Error) => void } = {}): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.max ?? 12,
    application_name: 'daftar',
    // A dead database must not hang requests for ever.
    connectionTimeoutMillis: 10_000,
    statement_timeout: 60_000,
    // A node that hangs must not keep its locks from all the others.
    idle_in_transaction_session_timeout: 60_000,
    options: '-c timezone=UTC',
  })
  let closing = false
  pool.on('error', (error) => {
    // The pool does not wait for its connections to be gone; a database that ends next may cut the last of them.
    if (!closing) options.onError?.(error)
  })
  // A connection in use that breaks also rejects its query; unheard, its event would end the program.
  pool.on('connect', (client) => client.on('error', () => undefined))

  async function attempt<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const client = await pool.connect()
    const pending: { audience: Audience; change: LiveChange }[] = []
    const jobs: NewJob[] = []
    const after: (() => void)[] = []
    let broken: Error | undefined
    let result: T
    try {
      await client.query('begin')
      const run = runner(client)
      result = await work({
        ...run,
        publish: (audience, change) => void pending.push({ audience, change }),
        addJob: async (name, payload, options = {}) => void jobs.push({ name, payload, options }),
        afterCommit: (action) => void after.push(action),
      })
      if (jobs.length > 0) await writeJobs(run, jobs)
      // Last, because the counter's row lock is held until the commit: that is what puts numbers and commits in one order.
      const scope = await writeIdempotencyKey(run)
      if (pending.length > 0) await writeLive(run, pending)
      await client.query('commit')
      if (scope) scope.written = true
    } catch (error) {
      await client.query('rollback').catch((failure: unknown) => {
        broken = failure instanceof Error ? failure : new Error(String(failure))
      })
      throw error
    } finally {
      client.release(broken)
    }
    // Outside, because nothing that happens here may run the work again.
    for (const action of after) action()
    return result
  }

  return {
    ...runner(pool),
    pool,
    url,
    async transaction(work) {
      for (let tries = 1; ; tries++) {
        try {
          return await attempt(work)
        } catch (error) {
          if (tries >= 4 || !(error instanceof pg.DatabaseError) || !RETRY.has(error.code ?? '')) throw error
        }
      }
    },
    close() {
      closing = true
      return pool.end()
    },
  }
}

/** The key is written with the fact: after a crash there are both or neither (contract.md, Idempotency-Key). */
async function writeIdempotencyKey(run: Db): Promise<RequestScope | undefined> {
  const scope = requestScope.getStore()
  if (!scope || scope.written) return undefined
  const [row] = await run.query<{ key: string }>(
    'insert into idempotency_key (user_id, key, request_hash) values ($1, $2, $3) on conflict do nothing returning key',
    [scope.userId, scope.key, scope.hash],
  )
  if (!row) throw new KeyTaken()
  return scope
}

interface NewJob {
  name: string
  payload: object
  options: JobOptions
}

/** All jobs of a transaction in one statement: one by one they cost more than the facts that cause them. */
async function writeJobs(run: Db, jobs: NewJob[]): Promise<void> {
  // Of several with one key the last counts. In the order of keys, so that two who add the same never wait for each other.
  const byKey = new Map(jobs.map((job, n) => [job.options.key ?? `\0${n}`, job]))
  const list = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, job]) => job)
  await run.query(
    `select count(*) from graphile_worker.add_jobs(array(
       select row(name, payload, queue, run_at, attempts, key, null, null)::graphile_worker.job_spec
       from unnest($1::text[], $2::json[], $3::text[], $4::timestamptz[], $5::int[], $6::text[]) as j(name, payload, queue, run_at, attempts, key)))`,
    [
      list.map((job) => job.name),
      list.map((job) => JSON.stringify(job.payload)),
      list.map((job) => job.options.queue ?? null),
      list.map((job) => job.options.runAt ?? null),
      list.map((job) => job.options.maxAttempts ?? 12),
      list.map((job) => job.options.key ?? null),
    ],
  )
}

async function writeLive(run: Db, pending: { audience: Audience; change: LiveChange }[]): Promise<void> {
  const rows = new Map<string, { audience: Audience; changes: LiveChange[] }>()
  for (const { audience, change } of pending) {
    const key = `${audience.channelId ?? ''}|${audience.userId ?? ''}|${audience.need ?? ''}`
    const row = rows.get(key)
    if (row) row.changes.push(change)
    else rows.set(key, { audience, changes: [change] })
  }
  const list = [...rows.values()]
  await run.query(
    `with counter as (update live_counter set seq = seq + $5 returning seq - $5 as before),
     written as (
       insert into live_event (seq, channel_id, user_id, need, changes)
       select counter.before + e.n, e.channel_id, e.user_id, e.need, e.changes
       from counter, unnest($1::bigint[], $2::bigint[], $3::text[], $4::json[]) with ordinality as e(channel_id, user_id, need, changes, n)
       returning seq)
     select pg_notify('live', max(seq)::text) from written`,
    [
      list.map((row) => row.audience.channelId ?? null),
      list.map((row) => row.audience.userId ?? null),
      list.map((row) => row.audience.need ?? null),
      list.map((row) => JSON.stringify(row.changes)),
      list.length,
    ],
  )
}

/** PostgreSQL's code of a violated unique key, with its name; undefined for any other error. */
export function violatedKey(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError && error.code === '23505' ? error.constraint : undefined
}

/** The row is still referred to by another, or refers to one that is not there. */
export function violatesReference(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '23503'
}

/** The statement ran out of the time it was given. */
export function isOutOfTime(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '57014'
}

/**
 * A failure of the database and not of what it was asked: the same again may work. Not so a statement that ran out of
 * time (57014), which may be the fault of what is in it.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return AWAY.test(error.code ?? '')
  if (!(error instanceof Error)) return false
  // Connection failures come as system errors with a code such as ECONNREFUSED, or as errors of the driver without one.
  if ('code' in error && typeof error.code === 'string')
    return /^E(?!RR_)[A-Z_]+$|^ERR_(SOCKET|STREAM)_/.test(error.code)
  return /^Connection terminated|^timeout exceeded when trying to connect|connection error and is not queryable/.test(
    error.message,
  )
}
// Lost connection, transaction undone, no resources, locks, shutting down, read-only (a standby), the disk.
const AWAY = /^(08|40|53|55P03|57P|58|25006)/

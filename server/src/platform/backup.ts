import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { chmod, rename, rm } from 'node:fs/promises'
import { finished, pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { type BackupEnd, type BackupHeader, damaged, END_OF_ROWS, readBackup, type TableEnd } from './backup-format.ts'
import { type Migration, migrate } from './migrate.ts'
import type { Secrets } from './secrets.ts'
import { StartError } from './start-error.ts'
import { VERSION } from './texts.ts'

export interface BackupResult {
  tables: number
  rows: number
}
export interface BackupPlace {
  url: string
  path: string
  secrets: Secrets
  migrations: Migration[]
}

interface Table {
  name: string
  columns: string[]
}

const quote = (name: string): string => name.split('.').map(pg.escapeIdentifier).join('.')
const keyMark = (secrets: Secrets): string =>
  createHash('sha256').update(secrets.keyFor('backup')).digest('hex').slice(0, 16)

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'daftar backup' })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** Everything that is ours: our tables, and the jobs that wait. What is worth nothing after a crash (unlogged) stays out. */
async function tablesOf(client: pg.Client): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    `select n.nspname || '.' || c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
       join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence = 'p'
       and (n.nspname = 'public' and c.relname <> 'schema_migration'
         or n.nspname = 'graphile_worker' and c.relname in ('_private_tasks', '_private_job_queues', '_private_jobs', '_private_known_crontabs'))
     group by 1 order by 1`,
  )
  return rows
}

/**
 * Writes the state of one moment to one file, while the program may go on working. The file appears when it is whole.
 * @throws StartError when the schema is not this program's
 */
export async function writeBackup({ url, path, secrets, migrations }: BackupPlace): Promise<BackupResult> {
  const client = await connect(url)
  const draft = `${path}.part`
  try {
    await client.query('begin isolation level repeatable read read only')
    const header = await headerOf(client, secrets, migrations)
    const out = createGzip({ level: 6 })
    const file = createWriteStream(draft, { mode: 0o600, flush: true })
    const written = pipeline(out, file)
    // A full disk must not leave us waiting for a stream that is gone.
    written.catch(() => undefined)
    const put = async (bytes: Buffer | string): Promise<void> => {
      if (!out.write(bytes)) await Promise.race([new Promise((resolve) => out.once('drain', resolve)), written])
    }
    const putLine = (line: object): Promise<void> => put(`${JSON.stringify(line)}\n`)
    await putLine(header)
    const all = createHash('sha256')
    const result = { tables: 0, rows: 0 }
    for (const table of await tablesOf(client)) {
      await putLine({ table: table.name, columns: table.columns })
      const end = await copyOut(client, table, put)
      await put(`${END_OF_ROWS}\n`)
      await putLine(end)
      all.update(end.sha256)
      result.tables++
      result.rows += end.rows
    }
    const end: BackupEnd = {
      end: true,
      tables: result.tables,
      sequences: await sequencesOf(client),
      sha256: all.digest('hex'),
    }
    await putLine(end)
    out.end()
    await written
    await client.query('commit')
    await chmod(draft, 0o600)
    await rename(draft, path)
    return result
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  } finally {
    await client.end()
  }
}

async function headerOf(client: pg.Client, secrets: Secrets, migrations: Migration[]): Promise<BackupHeader> {
  const { rows: applied } = await client.query<BackupHeader['migrations'][number]>(
    'select id, name, hash from schema_migration order by id',
  )
  if (applied.length !== migrations.length)
    throw new StartError(
      'The database is not at this program’s version. Run daftar migrate first, or use the version that runs on it.',
      'نسخهٔ پایگاه داده با این برنامه یکی نیست. نخست daftar migrate را اجرا کنید یا همان نسخه‌ای را به کار ببرید که روی آن اجرا می‌شود.',
    )
  const { rows: partitions } = await client.query<BackupHeader['partitions'][number]>(
    `select n.nspname || '.' || c.relname as table, pn.nspname || '.' || p.relname as parent, pg_get_expr(c.relpartbound, c.oid) as bound
     from pg_class c join pg_inherits i on i.inhrelid = c.oid join pg_class p on p.oid = i.inhparent
       join pg_namespace n on n.oid = c.relnamespace join pg_namespace pn on pn.oid = p.relnamespace
     where c.relispartition and c.relkind = 'r' and n.nspname = 'public' order by 1`,
  )
  return {
    daftarBackup: 1,
    version: VERSION,
    at: new Date().toISOString(),
    migrations: applied,
    key: keyMark(secrets),
    partitions,
  }
}

async function copyOut(
  client: pg.Client,
  { name, columns }: Table,
  put: (bytes: Buffer) => Promise<void>,
): Promise<TableEnd> {
  const hash = createHash('sha256')
  let rows = 0
  const source = client.query(copyTo(`copy (select ${columns.map(quote).join(', ')} from ${quote(name)}) to stdout`))
  for await (const chunk of source as AsyncIterable<Buffer>) {
    hash.update(chunk)
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) rows++
    await put(chunk)
  }
  return { table: name, rows, sha256: hash.digest('hex') }
}

/** Where numbers are given from; they do not run back to what the rows hold, so that an id never means two things. */
async function sequencesOf(client: pg.Client): Promise<BackupEnd['sequences']> {
  const { rows } = await client.query<{ name: string; value: string }>(
    `select schemaname || '.' || sequencename as name, last_value::text as value from pg_sequences
     where schemaname in ('public', 'graphile_worker') and last_value is not null order by 1`,
  )
  return rows
}

export interface RestoreResult extends BackupResult {
  /** When the backup was made. */
  at: string
  /** False: the stored tokens of channels were locked with another key and must be entered anew. */
  keyFits: boolean
}

/**
 * Puts a backup in place of what the database holds, whole or not at all. The file is read to its end before anything
 * is touched.
 * @throws StartError when the file is damaged or made by a newer version, the database is in use, or holds something and
 *   `force` is not given
 */
export async function restoreBackup(place: BackupPlace, { force = false } = {}): Promise<RestoreResult> {
  const { url, path, migrations, secrets } = place
  const { header, result } = await verifyBackup(path)
  checkVersion(path, header, migrations)
  const client = await connect(url)
  try {
    await needUnused(client)
    const state = await stateOf(client)
    if (state.filled && !force) {
      throw new StartError(
        'The database is not empty. Add --force to replace everything in it by the backup.',
        'پایگاه داده خالی نیست. برای جایگزین کردن همهٔ آن با پشتیبان --force را بیفزایید.',
      )
    }
    const newest = header.migrations.at(-1)?.id ?? 0
    // A schema of another version is made anew at the backup's version, and brought up to date after loading.
    if (state.schema !== undefined && state.schema !== newest)
      await client.query(
        'drop schema public cascade; create schema public; drop schema if exists graphile_worker cascade',
      )
    await migrate(
      url,
      migrations.filter((migration) => migration.id <= newest),
    )
    await client.query('begin')
    await load(client, path, header)
    await client.query('commit')
  } finally {
    await client.end()
  }
  await migrate(url, migrations)
  return { ...result, at: header.at, keyFits: header.key === keyMark(secrets) }
}

/** Reads the whole file. @throws StartError when anything in it is not as it was written */
export async function verifyBackup(path: string): Promise<{ header: BackupHeader; result: BackupResult }> {
  let header: BackupHeader | undefined
  const result = { tables: 0, rows: 0 }
  for await (const part of readBackup(path)) {
    if (part.kind === 'header') header = part.header
    if (part.kind !== 'tableEnd') continue
    result.tables++
    result.rows += part.end.rows
  }
  if (!header) throw damaged(path, 'it is empty')
  return { header, result }
}

function checkVersion(path: string, header: BackupHeader, migrations: Migration[]): void {
  for (const { id, hash } of header.migrations) {
    const own = migrations.find((migration) => migration.id === id)
    if (own?.hash === hash) continue
    throw new StartError(
      `${path} was made by Daftar ${header.version}, whose database this program does not know. Restore it with that version or a newer one.`,
      `فایل ${path} را دفتر نسخهٔ ${header.version} ساخته است که این برنامه پایگاه دادهٔ آن را نمی‌شناسد. آن را با همان نسخه یا تازه‌تر بازگردانید.`,
    )
  }
}

async function needUnused(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    `select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and application_name like 'daftar%' limit 1`,
  )
  if (rows.length === 0) return
  throw new StartError(
    'Daftar is running on this database. Stop it first, then restore.',
    'دفتر هم‌اکنون روی این پایگاه داده در حال اجراست. نخست آن را متوقف و سپس بازگردانی کنید.',
  )
}

/** `schema`: the newest migration, undefined in an empty database. `filled`: somebody has worked with it. */
async function stateOf(client: pg.Client): Promise<{ schema: number | undefined; filled: boolean }> {
  const { rows } = await client.query<{ found: string | null }>(
    `select to_regclass('public.schema_migration') as found`,
  )
  if (!rows[0]?.found) {
    const others = await client.query(
      `select 1 from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') limit 1`,
    )
    return { schema: undefined, filled: others.rows.length > 0 }
  }
  const schema = await client.query<{ id: number | null }>('select max(id) as id from schema_migration')
  const users = await client.query('select 1 from app_user limit 1')
  return { schema: schema.rows[0]?.id ?? undefined, filled: users.rows.length > 0 }
}

/** Loads all tables in the caller's transaction. Keys between tables are dropped and made again: then no order is needed. */
async function load(client: pg.Client, path: string, header: BackupHeader): Promise<void> {
  const tables = await tablesOf(client)
  const names = tables.map((table) => quote(table.name)).join(', ')
  const { rows: keys } = await client.query<{ table: string; name: string; definition: string }>(
    `select conrelid::regclass::text as table, quote_ident(conname) as name, pg_get_constraintdef(oid) as definition
     from pg_constraint where contype = 'f' and conparentid = 0
       and connamespace::regnamespace::text in ('public', 'graphile_worker') order by 1, 2`,
  )
  for (const { table, name } of keys) await client.query(`alter table ${table} drop constraint ${name}`)
  const { rows: triggers } = await client.query<{ table: string }>(
    `select distinct tgrelid::regclass::text as table from pg_trigger t join pg_class c on c.oid = t.tgrelid
     where not tgisinternal and tgparentid = 0 and c.relnamespace::regnamespace::text in ('public', 'graphile_worker')`,
  )
  // Triggers keep counts that are in the backup already.
  for (const { table } of triggers) await client.query(`alter table ${table} disable trigger user`)
  await client.query(`truncate ${names}`)
  for (const { table, parent, bound } of header.partitions) {
    const { rows } = await client.query<{ found: string | null }>('select to_regclass($1) as found', [quote(table)])
    if (!rows[0]?.found) await client.query(`create table ${quote(table)} partition of ${quote(parent)} ${bound}`)
  }
  await copyIn(client, path, tables)
  for (const { table } of triggers) await client.query(`alter table ${table} enable trigger user`)
  for (const { table, name, definition } of keys)
    await client.query(`alter table ${table} add constraint ${name} ${definition}`)
  // What was at work at that moment is at work no longer.
  await client.query(
    `update graphile_worker._private_jobs set locked_at = null, locked_by = null where locked_at is not null`,
  )
  await client.query(
    `update graphile_worker._private_job_queues set locked_at = null, locked_by = null where locked_at is not null`,
  )
}

async function copyIn(client: pg.Client, path: string, tables: readonly Table[]): Promise<void> {
  let into: ReturnType<typeof copyFrom> | undefined
  let failure: unknown
  for await (const part of readBackup(path)) {
    if (failure) throw failure
    if (part.kind === 'table') {
      const own = tables.find((table) => table.name === part.table.table)
      if (!own || part.table.columns.some((column) => !own.columns.includes(column)))
        throw damaged(path, `this program has no table or column for ${part.table.table}`)
      into = client.query(copyFrom(`copy ${quote(own.name)} (${part.table.columns.map(quote).join(', ')}) from stdin`))
      into.on('error', (error) => {
        failure = error
      })
    } else if (part.kind === 'rows' && into) {
      const stream = into
      if (!stream.write(part.lines))
        await new Promise<void>((resolve) => void stream.once('drain', resolve).once('error', () => resolve()))
    } else if (part.kind === 'tableEnd' && into) {
      into.end()
      await finished(into)
      into = undefined
    } else if (part.kind === 'end') {
      for (const { name, value } of part.end.sequences)
        await client.query('select setval(to_regclass($1), $2::bigint) where to_regclass($1) is not null', [
          quote(name),
          value,
        ])
    }
  }
  if (failure) throw failure
}

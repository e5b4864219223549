import { accessSync, constants, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { type Config, readConfig } from './platform/config.ts'
import { readMigrations } from './platform/migrate.ts'
import { attachOrStartPostgres } from './platform/postgres.ts'
import { MIGRATIONS } from './platform/texts.ts'
import { sentenceOf } from './start.ts'

interface Finding {
  state: 'well' | 'note' | 'wrong'
  text: string
}
const well = (text: string): Finding => ({ state: 'well', text })
const note = (text: string): Finding => ({ state: 'note', text })
const wrong = (text: string): Finding => ({ state: 'wrong', text })
const MARKS = { well: '✓', note: '·', wrong: '✗' }

const GIGABYTE = 1024 ** 3
const LITTLE_SPACE = 2 * GIGABYTE
const NO_SPACE = 0.2 * GIGABYTE
/** An event or message that waits longer than this is stuck rather than under way. */
const STUCK = `interval '10 minutes'`

/** Looks at everything Daftar needs and says what it finds, a line each. False: something is wrong. */
export async function doctor(env: NodeJS.ProcessEnv, print: (text: string) => void): Promise<boolean> {
  let healthy = true
  const say = (findings: Finding[]): void => {
    for (const { state, text } of findings) {
      print(`${MARKS[state]} ${text}`)
      if (state === 'wrong') healthy = false
    }
  }
  say([nodeVersion()])
  let config: Config
  try {
    config = readConfig(env)
  } catch (error) {
    say([wrong(`Settings: ${sentenceOf(error)}`)])
    return false
  }
  say([...settings(config), ...folder(config)])
  try {
    await withDatabase(config, async (client) => say(await database(client)))
  } catch (error) {
    say([wrong(`Database: ${sentenceOf(error)}`)])
  }
  print(
    healthy ? 'All is well. — همه چیز درست است.' : 'Something is wrong; see ✗ above. — مشکلی هست؛ ✗ را در بالا ببینید.',
  )
  return healthy
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const fits = major > 20 || (major === 20 && minor >= 19)
  return fits
    ? well(`Node.js ${process.versions.node}`)
    : wrong(`Node.js ${process.versions.node} is too old; install 20.19 or newer.`)
}

function settings(config: Config): Finding[] {
  return [
    ...config.notes.map(note),
    config.publicUrlGiven
      ? well(`Public address: ${config.publicUrl}`)
      : note('PUBLIC_URL is not set: channels work by polling, providers cannot deliver by webhook.'),
    config.publicUrlGiven && config.publicUrl.startsWith('http:')
      ? note('PUBLIC_URL has no https: passwords and messages travel readable.')
      : undefined,
  ].filter((finding) => finding !== undefined)
}

function folder({ dataDir }: Config): Finding[] {
  const findings: Finding[] = []
  try {
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
    findings.push(well(`Data folder: ${dataDir}`))
  } catch {
    findings.push(wrong(`The data folder ${dataDir} cannot be written. Give it to the user that runs Daftar.`))
  }
  const { bavail, bsize } = statfsSync(dataDir)
  const free = bavail * bsize
  const gigabytes = `${(free / GIGABYTE).toFixed(1)} GB`
  if (free < NO_SPACE) findings.push(wrong(`Only ${gigabytes} are free on the disk of the data folder; make room now.`))
  else if (free < LITTLE_SPACE)
    findings.push(note(`${gigabytes} are free on the disk of the data folder; make room soon.`))
  else findings.push(well(`Free disk space: ${gigabytes}`))
  findings.push(keyFile(join(dataDir, 'secret.key')))
  return findings
}

function keyFile(path: string): Finding {
  const file = statSync(path, { throwIfNoEntry: false })
  if (!file) return well('Secret key: from the environment')
  if (process.platform !== 'win32' && (file.mode & 0o077) !== 0)
    return wrong(`The secret key ${path} can be read by others. Run: chmod 600 '${path}'`)
  return well(`Secret key: ${path}, readable by its owner only. Keep a copy elsewhere.`)
}

async function withDatabase(config: Config, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const postgres = config.databaseUrl
    ? { url: config.databaseUrl, stop: async () => undefined }
    : await attachOrStartPostgres({ dataDir: config.dataDir, log: quiet })
  const client = new pg.Client({
    connectionString: postgres.url,
    application_name: 'daftar doctor',
    connectionTimeoutMillis: 10_000,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await work(client)
  } finally {
    await client.end().catch(() => undefined)
    await postgres.stop()
  }
}

async function database(client: pg.Client): Promise<Finding[]> {
  const { rows } = await client.query<{ version: string; number: number; encoding: string }>(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
       current_setting('server_encoding') as encoding`,
  )
  const [server] = rows
  if (!server) return [wrong('The database answers nothing.')]
  if (server.number < 150_000) return [wrong(`PostgreSQL ${server.version} is too old; Daftar needs 15 or newer.`)]
  if (server.encoding !== 'UTF8') return [wrong(`The database’s encoding is ${server.encoding}; make one with UTF8.`)]
  const schema = await schemaState(client)
  const findings = [well(`PostgreSQL ${server.version}`), schema]
  if (schema.state !== 'well') return findings
  return [...findings, ...(await people(client)), ...(await channels(client)), ...(await queues(client))]
}

async function schemaState(client: pg.Client): Promise<Finding> {
  const { rows } = await client.query<{ found: string | null }>(`select to_regclass('schema_migration') as found`)
  if (!rows[0]?.found) return note('The database is empty; Daftar fills it on the first start.')
  const applied = await client.query<{ id: number; hash: string }>('select id, hash from schema_migration order by id')
  const own = readMigrations(MIGRATIONS)
  const missing = own.filter((migration) => !applied.rows.some((row) => row.id === migration.id))
  const other = applied.rows.filter(
    (row) => !own.some((migration) => migration.id === row.id && migration.hash === row.hash),
  )
  if (other.length > 0)
    return wrong('The database belongs to another version of Daftar. Use that one, or restore a backup.')
  if (missing.length > 0) return wrong(`The database is behind by ${missing.length}; run: daftar migrate`)
  return well(`Schema: ${own.length} migrations, all applied`)
}

async function people(client: pg.Client): Promise<Finding[]> {
  const { rows } = await client.query<{ users: number; administrators: number }>(
    `select (select count(*)::int from app_user where state = 'active') as users,
       (select count(*)::int from user_role ur join role r on r.id = ur.role_id join app_user u on u.id = ur.user_id
        where r.preset = 'administrator' and u.state = 'active') as administrators`,
  )
  const { users = 0, administrators = 0 } = rows[0] ?? {}
  if (users === 0) return [note('There is no user yet: open the web page, or run: daftar admin create')]
  if (administrators === 0) return [wrong('There is no administrator; run: daftar admin create')]
  return [well(`${users} active users, ${administrators} of them administrators`)]
}

async function channels(client: pg.Client): Promise<Finding[]> {
  const { rows } = await client.query<{
    name: string
    kind: string
    state: string
    reason: string | null
    connected: boolean
  }>(
    `select name, kind, state, coalesce(state_reason->>'message', state_reason->>'code') as reason, provider <> '{}' as connected
     from channel order by id`,
  )
  if (rows.length === 0) return [note('There is no channel yet.')]
  return rows.map(({ name, kind, state, reason, connected }) => {
    const text = `Channel “${name}” (${kind}): ${state}${reason ? `, ${reason}` : ''}`
    if (state === 'broken') return wrong(`${text}. Open its settings and run the check.`)
    if (state === 'paused') return note(text)
    return connected && !reason
      ? well(text)
      : wrong(`${text}; it has not connected. Open its settings and run the check.`)
  })
}

async function queues(client: pg.Client): Promise<Finding[]> {
  const { rows } = await client.query<{ inbound: number; outbound: number; quarantined: number; jobs: number }>(
    `select (select count(*)::int from inbound_queue q join inbound_event e on e.id = q.event_id where e.received_at < now() - ${STUCK}) as inbound,
       (select count(*)::int from outbox where run_at < now() - ${STUCK}) as outbound,
       (select count(*)::int from inbound_event where step is not null) as quarantined,
       (select count(*)::int from graphile_worker.jobs where attempts >= max_attempts) as jobs`,
  )
  const { inbound = 0, outbound = 0, quarantined = 0, jobs = 0 } = rows[0] ?? {}
  const findings: Finding[] = []
  if (inbound > 0)
    findings.push(wrong(`${inbound} received events wait for more than ten minutes; does a worker run (ROLES)?`))
  if (outbound > 0)
    findings.push(
      wrong(`${outbound} messages wait to be sent for more than ten minutes; does a worker run, do the channels work?`),
    )
  if (quarantined > 0)
    findings.push(note(`${quarantined} received events were set aside; look at them under Settings, Inbound events.`))
  if (jobs > 0) findings.push(note(`${jobs} jobs were given up after many attempts; the log says why.`))
  if (inbound + outbound === 0) findings.push(well('Nothing waits too long, inbound or outbound.'))
  return findings
}

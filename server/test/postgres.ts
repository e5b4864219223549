import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { TestProject } from 'vitest/node'
import { lockHolder } from '../src/platform/instance-lock.ts'
import { migrate, readMigrations } from '../src/platform/migrate.ts'
import { startPostgres } from '../src/platform/postgres.ts'
import { endPostmaster, findPostmaster } from '../src/platform/postgres-process.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The server of this run: `url` of its maintenance database, and the migrated database that tests copy. */
    pg: { url: string; template: string }
  }
}

const PREFIX = 'daftar-test-'
const TEMPLATE = 'daftar_template'
const migrations = new URL('../migrations/', import.meta.url)
const quiet = { info: () => {}, warn: () => {}, error: (message: string) => process.stderr.write(`${message}\n`) }
// Nothing here has to survive a power cut. Many files may test at once, each with a pool of its own.
const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: 300 }

/** One PostgreSQL for the whole test run, with the migrations applied once; ended and removed afterwards. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await removeAbandoned()
  const dataDir = mkdtempSync(join(tmpdir(), PREFIX))
  // As root the database runs as another user, who must be able to pass through.
  chmodSync(dataDir, 0o711)
  const server = await startPostgres({ dataDir, log: quiet, settings })
  const teardown = async () => {
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  try {
    await makeTemplate(server.url)
  } catch (error) {
    await teardown()
    throw error
  }
  project.provide('pg', { url: server.url, template: TEMPLATE })
  return teardown
}

/** Ends and removes what test runs that were killed left behind. */
async function removeAbandoned(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const dir = join(tmpdir(), name)
    const age = Date.now() - (statSync(dir, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    if (age < 60_000 || lockHolder(join(dir, 'daftar.lock')) !== undefined) continue
    const left = findPostmaster(join(dir, 'postgres'))
    if (left !== undefined) await endPostmaster(left.pid, left.startedAt, '', join(dir, 'postgres'), 0)
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The address of another database on the same server. */
export function withDatabase(url: string, database: string): string {
  return url.replace(/\/[^/]*$/, `/${database}`)
}

async function makeTemplate(url: string): Promise<void> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  await admin.query(`create database ${TEMPLATE}`)
  await admin.end()
  await migrate(withDatabase(url, TEMPLATE), readMigrations(migrations))
}

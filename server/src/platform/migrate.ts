import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import pg from 'pg'
import { runMigrations as migrateJobs } from 'graphile-worker'

/** Forward-only SQL files, in order. The first line says whether an older program may still run on the result. */
export interface Migration {
  id: number
  name: string
  sql: string
  breaking: boolean
  hash: string
}

export function readMigrations(folder: URL): Migration[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => {
      const sql = readFileSync(new URL(name, folder), 'utf8')
      const breaking = /^-- breaking: (yes|no)\n/.exec(sql)?.[1]
      if (!breaking)
        throw new Error(`server/migrations/${name} must begin with "-- breaking: yes" or "-- breaking: no"`)
      return {
        id: Number(name.slice(0, 4)),
        name,
        sql,
        breaking: breaking === 'yes',
        hash: createHash('sha256').update(sql).digest('hex'),
      }
    })
}

/** Brings the schema up to date. One node migrates, the others wait for it. Returns the names of what it applied. */
export async function migrate(url: string, migrations: Migration[]): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'daftar migrate' })
  await client.connect()
  const applied: string[] = []
  try {
    await client.query(`select pg_advisory_lock(hashtext('daftar migrate'))`)
    await client.query(`create table if not exists schema_migration (
      id int primary key, name text not null, breaking boolean not null, hash text not null, applied_at timestamptz not null default now())`)
    const { rows: known } = await client.query<{ id: number; name: string; breaking: boolean; hash: string }>(
      'select id, name, breaking, hash from schema_migration order by id',
    )
    const newest = migrations.at(-1)?.id ?? 0
    const tooNew = known.find((row) => row.id > newest && row.breaking)
    if (tooNew) {
      throw new Error(
        `The database was upgraded by a newer Daftar (${tooNew.name}); this older program must not touch it. Start the newer version, or restore a backup.`,
      )
    }
    for (const migration of migrations) {
      const before = known.find((row) => row.id === migration.id)
      if (before) {
        if (before.hash !== migration.hash)
          throw new Error(`Migration ${migration.name} was changed after it had been applied.`)
        continue
      }
      await client.query('begin')
      await client.query(migration.sql)
      await client.query('insert into schema_migration (id, name, breaking, hash) values ($1, $2, $3, $4)', [
        migration.id,
        migration.name,
        migration.breaking,
        migration.hash,
      ])
      await client.query('commit')
      applied.push(migration.name)
    }
    await migrateJobs({ connectionString: url })
  } finally {
    await client.end()
  }
  return applied
}

import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'
import { withDatabase } from './postgres.ts'

export interface TestDatabase {
  /** A `DATABASE_URL` of a database of one's own, migrated and empty. */
  url: string
  pool: pg.Pool
  /** Closes the pool and removes the database, also when connections are still open. */
  drop(): Promise<void>
}

/** A fresh copy of the migrated database, usually one a test file: make it in `beforeAll`, drop it in `afterAll`. */
export async function testDatabase(): Promise<TestDatabase> {
  const { url: adminUrl, template } = inject('pg')
  const name = `test_${randomBytes(6).toString('hex')}`
  await run(adminUrl, `create database ${name} template ${template}`)
  const url = withDatabase(adminUrl, name)
  const pool = new pg.Pool({ connectionString: url, max: 10 })
  // Connections that the drop below cuts off are reported here, not thrown into the test.
  pool.on('error', () => {})
  const drop = async () => {
    await pool.end()
    for (let tries = 1; ; tries++) {
      try {
        return await run(adminUrl, `drop database if exists ${name} with (force)`)
      } catch (error) {
        // An autovacuum at work there belongs to the superuser: it cannot be ended, only waited for.
        if (!(error instanceof pg.DatabaseError) || error.code !== '42501' || tries > 100) throw error
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
  }
  return { url, pool, drop }
}

async function run(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

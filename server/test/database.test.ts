import { expect, test } from 'vitest'
import { testDatabase } from './database.ts'

test('two test databases know nothing of each other, and are gone after drop', async () => {
  const one = await testDatabase()
  const two = await testDatabase()
  await one.pool.query('create table only_here (id int)')
  const elsewhere = await two.pool.query(`select to_regclass('only_here') as found`)
  expect(elsewhere.rows).toEqual([{ found: null }])
  const names = await two.pool.query('select datname from pg_database where $1 like $2 || datname', [one.url, '%'])
  expect(names.rowCount).toBe(1)
  await one.drop()
  const left = await two.pool.query('select datname from pg_database where $1 like $2 || datname', [one.url, '%'])
  expect(left.rowCount).toBe(0)
  await two.drop()
})

test('the server sees Persian letters as letters', async () => {
  const { pool, drop } = await testDatabase()
  await pool.query('create extension if not exists pg_trgm')
  const { rows } = await pool.query(
    `select 'سلام' ~ '^\\w+$' as word, cardinality(show_trgm('سلام')) as trigrams, 'پ' < 'چ' as sorted`,
  )
  expect(rows).toEqual([{ word: true, trigrams: 5, sorted: true }])
  await drop()
})

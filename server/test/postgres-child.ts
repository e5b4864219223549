// A Daftar reduced to its database, for tests that kill it: prints `url <address>`, then `row <n>` for every row that
// the database has acknowledged. Ctrl-C (SIGINT) prints whether the database is still there, and ends cleanly.
import pg from 'pg'
import { startPostgres } from '../src/platform/postgres.ts'

const say = (text: string) => process.stdout.write(`${text}\n`)
const log = { info: () => {}, warn: say, error: say }
const server = await startPostgres({ dataDir: process.argv[2] ?? '', log })
const client = new pg.Client({ connectionString: server.url })
client.on('error', () => {})
await client.connect()

const ctrlC = new AbortController()
process.once('SIGINT', () => ctrlC.abort())

await client.query('create table if not exists survivor (n int)')
say(`url ${server.url}`)
for (let n = 1; !ctrlC.signal.aborted; n++) {
  await client.query('insert into survivor values ($1)', [n])
  say(`row ${n}`)
}
await client.query('select count(*) from survivor')
say('database still there')
await client.end()
await server.stop()

import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import type pg from 'pg'
import type { FileInfo } from '#shared/api/files.ts'
import type { ImportDetail, Operation } from '#shared/api/operations.ts'
import { createRandom } from './random.ts'
import { percentile, type Report, say } from './report.ts'
import { FIRST_NAMES, LAST_NAMES } from './vocabulary.ts'
import { makeChannels, type Program, startProgram, type World } from './world.ts'

/**
 * A CSV of people is read, checked, imported and taken back, while somebody looks at the inbox. The floor is COPY of the
 * very rows that the import made, into the same tables with the same indexes.
 */
export async function measureImports(world: World, report: Report, { rows }: { rows: number }): Promise<void> {
  const name = 'imports'
  const pool = await world.createDatabase(name)
  const program = await startProgram(world, name)
  try {
    await makeChannels(program, world, 1)
    const quiet = await lookAtInbox(program, wait(3000))
    say(`imports: a file of ${rows} rows`)
    const begun = performance.now()
    const { operation } = await program.send<ImportDetail>('POST', '/imports', { fileId: await upload(program, rows) })
    await stateOf(program, operation.id, 'ready')
    const read = performance.now()
    await program.send('POST', `/imports/${operation.id}/check`)
    await stateOf(program, operation.id, 'ready')
    const checked = performance.now()
    await program.send('POST', `/imports/${operation.id}/start`)
    const busy = await lookAtInbox(program, stateOf(program, operation.id, 'done'))
    const imported = performance.now()
    const floor = await copyAgain(pool)
    await program.send('POST', `/operations/${operation.id}/undo`)
    const undoing = performance.now()
    await stateOf(program, operation.id, 'undone')
    const rate = (from: number, until: number): number => (rows / (until - from)) * 1000
    const unit = 'rows/s'
    report.add({ name: 'import floor', value: floor, unit })
    report.add({ name: 'import read', value: rate(begun, read), unit })
    report.add({ name: 'import checked', value: rate(read, checked), unit })
    const value = rate(checked, imported)
    const met = value >= 1000
    report.add({ name: 'import', value, unit, ratioTo: 'import floor', ratio: value / floor, aim: '>= 1000', met })
    report.add({ name: 'import undone', value: rate(undoing, performance.now()), unit })
    report.add({ name: 'inbox page p95, nothing else', value: quiet, unit: 'ms' })
    report.add({
      name: 'inbox page p95, during an import',
      value: busy,
      unit: 'ms',
      ratioTo: 'nothing else',
      ratio: busy / quiet,
      aim: '< 50 ms',
      met: busy < 50,
    })
  } finally {
    await program.stop()
    await world.dropDatabase(name)
  }
}

async function upload(program: Program, count: number): Promise<string> {
  const random = createRandom(5)
  const lines = ['نام,موبایل,ایمیل,شرکت,شهر,سمت,برچسب']
  for (let n = 0; n < count; n++) {
    const person = `${random.pick(FIRST_NAMES)} ${random.pick(LAST_NAMES)}`
    const phone = `0912${String(n).padStart(7, '0')}`
    lines.push(`${person},${phone},p${n}@bench.example,شرکت ${n % 2000},تهران,کارشناس,مشتری`)
  }
  const form = new FormData()
  form.append('file', new Blob([lines.join('\r\n')]), 'people.csv')
  const answer = await fetch(`http://127.0.0.1:${program.port}/api/v1/files`, {
    method: 'POST',
    headers: { authorization: `Bearer ${program.token}` },
    body: form,
  })
  return ((await answer.json()) as FileInfo).id
}

async function stateOf(program: Program, id: string, state: Operation['state']): Promise<void> {
  for (;;) {
    const operation = await program.get<Operation>(`/operations/${id}`)
    if (operation.state === state) return
    if (operation.state === 'failed') throw new Error(`the import failed: ${operation.failure}`)
    await wait(50)
  }
}

/** The time of a page of the inbox that few may take longer than, asked for again and again until `end`. */
async function lookAtInbox(program: Program, end: Promise<void>): Promise<number> {
  const times: number[] = []
  let over = false
  const ended = end.finally(() => {
    over = true
  })
  while (!over) {
    const begun = performance.now()
    await program.get('/conversations?state=open&limit=50')
    times.push(performance.now() - begun)
    await wait(10)
  }
  await ended
  return percentile(times, 0.95)
}

const TABLES = ['contact', 'identity', 'contact_address', 'contact_relation', 'activity_event'] as const

/** Contacts a second when the rows of the import are written once more, by COPY; what was there is put back so. */
async function copyAgain(pool: pg.Pool): Promise<number> {
  const client = await pool.connect()
  try {
    const { rows } = await client.query<{ n: number }>('select count(*)::int as n from contact')
    const kept: { into: string; bytes: Buffer[] }[] = []
    for (const table of TABLES) {
      const columns = await client.query<{ list: string }>(
        `select string_agg(quote_ident(attname), ', ' order by attnum) as list from pg_attribute
         where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = ''`,
        [table],
      )
      const into = `${table} (${columns.rows[0]?.list})`
      const bytes: Buffer[] = []
      const source = client.query(
        copyTo(`copy (select ${columns.rows[0]?.list} from ${table}) to stdout (format binary)`),
      )
      for await (const piece of source) bytes.push(piece as Buffer)
      kept.push({ into, bytes })
    }
    await client.query(`truncate ${TABLES.join()} cascade`)
    const begun = performance.now()
    await client.query('begin')
    for (const { into, bytes } of kept) {
      const target = client.query(copyFrom(`copy ${into} from stdin (format binary)`))
      for (const piece of bytes) if (!target.write(piece)) await once(target, 'drain')
      target.end()
      await once(target, 'finish')
    }
    await client.query('commit')
    return ((rows[0]?.n ?? 0) / (performance.now() - begun)) * 1000
  } finally {
    client.release()
  }
}

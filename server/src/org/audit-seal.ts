import { createHash, createHmac } from 'node:crypto'
import type { AuditSeal } from '#shared/api/org.ts'
import type { App } from '../platform/app.ts'
import type { Database, Db, Tx } from '../platform/db.ts'

/**
 * The audit log is sealed in a chain: row after row, each seal is an HMAC over the row and the seal before it, with a key
 * drawn from SECRET_KEY, which is not in the database. Whoever changes, adds or removes rows there cannot make seals that
 * fit; the head of the chain says how many there are, so that a cut end shows too.
 *
 * Of what was before and after only a hash is sealed: it can be erased with the person it was about, and the chain holds.
 * Sealing follows the writing transactions within seconds, so that they never wait for each other.
 */
const PIECE = 1000
const EVERY_MS = 3000

interface Sealable {
  id: string
  at: string
  user_id: string | null
  action: string
  subject_kind: string
  subject_id: string | null
  before: string | null
  after: string | null
  address: string | null
}
const COLUMNS = `id::text, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') as at, user_id::text, action, subject_kind,
  subject_id::text, before::text, after::text, address`

function contentHash({ before, after }: Pick<Sealable, 'before' | 'after'>): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([before, after]))
    .digest()
}

/** The seal of a row at place `n`. The form of what is sealed never changes: old seals must stay checkable. */
export function sealOf(key: Buffer, n: bigint, former: Buffer, row: Sealable, content: Buffer): Buffer {
  const { id, at, user_id, action, subject_kind, subject_id, address } = row
  return createHmac('sha256', key)
    .update(former)
    .update(JSON.stringify([String(n), id, at, user_id, action, subject_kind, subject_id, address]))
    .update(content)
    .digest()
}

const firstSeal = (key: Buffer): Buffer => createHmac('sha256', key).update('the audit log begins').digest()
const headOf = (key: Buffer, n: string, seal: Buffer): Buffer =>
  createHmac('sha256', key).update(`the audit log ends at ${n}`).update(seal).digest()

interface Head {
  n: string
  seal: Buffer
  head: Buffer
}

/** Seals what has been written since. One node at a time. @returns how many rows */
export async function sealAudit(db: Database, key: Buffer): Promise<number> {
  for (let total = 0; ; ) {
    const sealed = await db.transaction((tx) => sealPiece(tx, key))
    total += sealed
    if (sealed < PIECE) return total
  }
}

async function sealPiece(tx: Tx, key: Buffer): Promise<number> {
  const first = firstSeal(key)
  await tx.query('insert into audit_seal (n, seal, head) values (0, $1, $2) on conflict do nothing', [
    first,
    headOf(key, '0', first),
  ])
  const head = await tx.one<Head>('select n::text, seal, head from audit_seal for update')
  if (!head) throw new Error('the head of the audit log is missing')
  // audit_event_unsealed
  const rows = await tx.query<Unsealed>(
    `select ${COLUMNS}, content_hash, erased_at is not null as erased from audit_event
     where seal_n is null order by audit_event.id limit $1`,
    [PIECE],
  )
  if (rows.length === 0) return 0
  let n = BigInt(head.n)
  let seal = head.seal
  const sealed = rows.map((row) => {
    n += 1n
    const content = contentOf(row)
    seal = sealOf(key, n, seal, row, content)
    return { id: row.id, n: String(n), seal, content }
  })
  await tx.query(
    `update audit_event e set seal_n = s.n, seal = s.seal, content_hash = s.content
     from unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[]) as s(id, n, seal, content) where e.id = s.id`,
    [
      sealed.map((row) => row.id),
      sealed.map((row) => row.n),
      sealed.map((row) => row.seal),
      sealed.map((row) => row.content),
    ],
  )
  await tx.query('update audit_seal set n = $1, seal = $2, head = $3', [String(n), seal, headOf(key, String(n), seal)])
  return rows.length
}

type Unsealed = Sealable & { content_hash: Buffer; erased: boolean }
type Sealed = Unsealed & { seal_n: string; seal: Buffer }

function contentOf(row: Unsealed): Buffer {
  return row.erased ? row.content_hash : contentHash(row)
}

/**
 * Walks the whole chain and notes the result. @returns the place of the first row that is not as it was sealed, or null
 */
export async function checkAudit(db: Db, key: Buffer): Promise<bigint | null> {
  const head = await db.one<Head>('select n::text, seal, head from audit_seal')
  const last = BigInt(head?.n ?? 0)
  let former = firstSeal(key)
  let broken: bigint | null = null
  // A head that was taken away or set back.
  const beyond = await db.one('select from audit_event where seal_n > $1 limit 1', [String(last)])
  if (beyond || (head && !headOf(key, head.n, head.seal).equals(head.head))) broken = last + 1n
  for (let n = 0n; n < last && broken === null; ) {
    const rows = await db.query<Sealed>(
      // audit_event_seal_n_key
      `select ${COLUMNS}, seal_n::text, seal, content_hash, erased_at is not null as erased from audit_event
       where seal_n > $1 and seal_n <= $2 order by audit_event.seal_n limit $3`,
      [String(n), String(last), PIECE],
    )
    for (const row of rows) {
      n += 1n
      const seal = sealOf(key, n, former, row, contentOf(row))
      if (row.seal_n !== String(n) || !seal.equals(row.seal)) {
        broken = n
        break
      }
      former = seal
    }
    // The end was cut off.
    if (rows.length === 0 && broken === null) broken = n + 1n
  }
  if (broken === null && head && last > 0n && !former.equals(head.seal)) broken = last
  await db.query('update audit_seal set checked_at = now(), checked_n = $1, broken_n = $2', [
    String(last),
    broken === null ? null : String(broken),
  ])
  return broken
}

export async function auditSeal(db: Db): Promise<AuditSeal> {
  const row = await db.one<{ n: string; checked_at: Date | null; broken_n: string | null; event_id: string | null }>(
    `select s.n::text, s.checked_at, s.broken_n::text, e.id::text as event_id
     from audit_seal s left join audit_event e on e.seal_n = s.broken_n`,
  )
  const open = await db.one<{ n: number }>(
    'select count(*)::int as n from (select from audit_event where seal_n is null limit 10000) open',
  )
  return {
    sealed: Number(row?.n ?? 0),
    open: open?.n ?? 0,
    checkedAt: row?.checked_at?.toISOString() ?? null,
    broken: row?.broken_n ? { n: Number(row.broken_n), eventId: row.event_id } : null,
  }
}

/**
 * Takes away what the log tells of records that are erased for good: what was before and after. That something was done
 * with them, when and by whom stays, and so do the seals.
 */
export async function eraseAudit(tx: Tx, subjectKind: string, subjectIds: readonly string[]): Promise<void> {
  await tx.query(
    // audit_event_subject. What is not sealed yet gets its hash here, and its seal later over the same hash.
    `update audit_event set before = null, after = null, words = '', erased_at = now(),
       content_hash = coalesce(content_hash, sha256(convert_to(json_build_array(before::text, after::text)::text, 'UTF8')))
     where subject_kind = $1 and subject_id = any($2::bigint[]) and erased_at is null`,
    [subjectKind, subjectIds],
  )
}

/** Keeps the log sealed while the program runs, and looks through the whole of it every night. */
export function sealingPart(app: App): void {
  const key = app.secrets.keyFor('audit')
  app.jobs.define('audit.check', async () => {
    const broken = await checkAudit(app.db, key)
    if (broken !== null) app.log.error({ n: String(broken) }, 'the audit log is not as it was written')
  })
  app.jobs.schedule('11 3 * * *', 'audit.check')
  app.parts.push({
    name: 'audit seal',
    role: 'worker',
    async start() {
      let running: Promise<unknown> = Promise.resolve()
      let busy = false
      const timer = setInterval(() => {
        if (busy) return
        busy = true
        running = sealAudit(app.db, key)
          .catch((error: unknown) => app.log.warn({ err: error }, 'sealing the audit log; trying again'))
          .finally(() => {
            busy = false
          })
      }, EVERY_MS)
      return async () => {
        clearInterval(timer)
        await running
      }
    },
  })
}

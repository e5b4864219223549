import { isDeepStrictEqual } from 'node:util'
import type { Static } from 'typebox'
import type { AuditEvent } from '#shared/api/org.ts'
import type { AuditQuery } from './audit.routes.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { decodeCursor, pageOf } from '../platform/http.ts'

export interface AuditSubject {
  /** user, role, organisation, channel, token … */
  kind: string
  id?: string
}

/**
 * Records who changed what, in the transaction of the change. Of `before` and `after` only the fields that differ are
 * kept, and of fields whose name speaks of a secret only that they are there. `actor` undefined: the program itself.
 */
export async function audit(
  tx: Tx,
  actor: Pick<Actor, 'userId' | 'address'> | undefined,
  action: string,
  subject: AuditSubject,
  before: object | null = null,
  after: object | null = null,
): Promise<void> {
  const [was, is] = before && after ? differing(before, after) : [before, after]
  if (before && after && Object.keys(is ?? {}).length === 0 && Object.keys(was ?? {}).length === 0) return
  await tx.query(
    `insert into audit_event (user_id, action, subject_kind, subject_id, before, after, address)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      actor?.userId ?? null,
      action,
      subject.kind,
      subject.id ?? null,
      was === null ? null : JSON.stringify(withoutSecrets(was)),
      is === null ? null : JSON.stringify(withoutSecrets(is)),
      actor?.address || null,
    ],
  )
}

function differing(before: object, after: object): [object, object] {
  const was = new Map(Object.entries(before))
  const is = new Map(Object.entries(after))
  const same = (key: string): boolean => isDeepStrictEqual(was.get(key), is.get(key))
  const keys = [...new Set([...was.keys(), ...is.keys()])].filter((key) => !same(key))
  const pick = (from: Map<string, unknown>): object =>
    Object.fromEntries(keys.filter((key) => from.has(key)).map((key) => [key, from.get(key)]))
  return [pick(was), pick(is)]
}

const SECRET = /passw|secret|token|hash|api_?key|authorization|cookie/i
/** Whatever a caller hands over, values under names like these never reach the table. */
export function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      SECRET.test(key) && item !== null && item !== undefined && typeof item !== 'boolean'
        ? '••••'
        : withoutSecrets(item),
    ]),
  )
}

interface Row {
  id: string
  at: Date
  user_id: string | null
  action: string
  subject_kind: string
  subject_id: string | null
  before: unknown
  after: unknown
  address: string | null
}

/** Newest first. */
export async function listAudit(
  db: Db,
  query: Static<typeof AuditQuery>,
): Promise<{ items: AuditEvent[]; nextCursor: string | null }> {
  const limit = query.limit ?? 50
  const before = decodeCursor(query.cursor, 1)?.[0] ?? null
  const rows = await db.query<Row>(
    `select id::text, at, user_id::text, action, subject_kind, subject_id::text, before, after, address
     from audit_event
     where ($1::bigint is null or id < $1)
       and ($2::text is null or subject_kind = $2) and ($3::bigint is null or subject_id = $3)
       and ($4::bigint is null or user_id = $4)
     order by audit_event.id desc limit $5`,
    [before, query.subjectKind ?? null, query.subjectId ?? null, query.userId ?? null, limit + 1],
  )
  return pageOf(
    rows,
    limit,
    (row) => ({
      id: row.id,
      at: row.at.toISOString(),
      userId: row.user_id,
      action: row.action,
      subjectKind: row.subject_kind,
      subjectId: row.subject_id,
      before: row.before,
      after: row.after,
      address: row.address,
    }),
    (row) => [row.id],
  )
}

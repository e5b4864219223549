import type { AuditEvent, AuditQuery } from '#shared/api/org.ts'
import { searchTerms } from '#shared/text.ts'
import type { Db } from '../platform/db.ts'
import { decodeCursor, pageOf } from '../platform/http.ts'

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
  erased_at: Date | null
}

/** Newest first. */
export async function listAudit(
  db: Db,
  query: AuditQuery,
): Promise<{ items: AuditEvent[]; nextCursor: string | null }> {
  const limit = query.limit ?? 50
  const values: unknown[] = []
  const add = (value: unknown): string => `$${values.push(value)}`
  const conditions = ['true']
  const [before] = decodeCursor(query.cursor, 1) ?? []
  if (before !== undefined) conditions.push(`id < ${add(before)}`)
  // audit_event_subject, audit_event_user, audit_event_action, audit_event_at; without any of them audit_event_pkey backwards.
  if (query.subjectKind !== undefined) conditions.push(`subject_kind = ${add(query.subjectKind)}`)
  if (query.subjectId !== undefined) conditions.push(`subject_id = ${add(query.subjectId)}`)
  if (query.userId !== undefined) conditions.push(`user_id = ${add(query.userId)}`)
  if (query.action !== undefined) conditions.push(`action = ${add(query.action)}`)
  if (query.from !== undefined) conditions.push(`at >= ${add(query.from)}`)
  if (query.to !== undefined) conditions.push(`at < ${add(query.to)}`)
  // audit_event_words
  for (const ways of searchTerms(query.search ?? ''))
    conditions.push(`(${ways.map((way) => `words like ${add(`%${way}%`)}`).join(' or ')})`)
  const rows = await db.query<Row>(
    `select id::text, at, user_id::text, action, subject_kind, subject_id::text, before, after, address, erased_at
     from audit_event where ${conditions.join(' and ')} order by audit_event.id desc limit ${add(limit + 1)}`,
    values,
  )
  return pageOf(rows, limit, auditView, (row) => [row.id])
}

function auditView(row: Row): AuditEvent {
  return {
    id: row.id,
    at: row.at.toISOString(),
    userId: row.user_id,
    action: row.action,
    subjectKind: row.subject_kind,
    subjectId: row.subject_id,
    before: row.before,
    after: row.after,
    address: row.address,
    erased: row.erased_at !== null,
  }
}

import { isDeepStrictEqual } from 'node:util'
import { foldForIndex } from '#shared/text.ts'
import type { Actor } from '../platform/app.ts'
import type { Tx } from '../platform/db.ts'

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
  await auditAll(tx, actor, action, [{ subject, before, after }])
}

export interface AuditEntry {
  subject: AuditSubject
  before: object | null
  after: object | null
}

/** `audit` of one act on many, in one statement. */
export async function auditAll(
  tx: Tx,
  actor: Pick<Actor, 'userId' | 'address'> | undefined,
  action: string,
  entries: readonly AuditEntry[],
): Promise<void> {
  const rows = entries.flatMap(({ subject, before, after }) => {
    const [was, is] = before && after ? differing(before, after) : [before, after]
    if (before && after && Object.keys(is ?? {}).length === 0 && Object.keys(was ?? {}).length === 0) return []
    const kept = [was, is].map((value) => (value === null ? null : withoutSecrets(value)))
    const words = foldForIndex([action.replaceAll(/[._]/g, ' '), ...kept.flatMap(textsIn)].join(' '), MOST_WORDS)
    const [wasText, isText] = kept.map((value) => (value === null ? null : JSON.stringify(value)))
    return [{ subject, was: wasText, is: isText, words }]
  })
  if (rows.length === 0) return
  await tx.query(
    `insert into audit_event (user_id, action, subject_kind, subject_id, before, after, address, words)
     select $1, $2, n.kind, n.id, n.was, n.is_now, $3, n.words
     from unnest($4::text[], $5::bigint[], $6::jsonb[], $7::jsonb[], $8::text[]) as n(kind, id, was, is_now, words)`,
    [
      actor?.userId ?? null,
      action,
      actor?.address || null,
      rows.map(({ subject }) => subject.kind),
      rows.map(({ subject }) => subject.id ?? null),
      rows.map(({ was }) => was),
      rows.map(({ is }) => is),
      rows.map(({ words }) => words),
    ],
  )
}

const MOST_WORDS = 4000
/** Every text and number in a value, to be found by. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string' || typeof value === 'number') return [String(value)]
  if (value === null || typeof value !== 'object') return []
  return Object.values(value).flatMap(textsIn)
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

import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import type { Right } from '#shared/rights.ts'
import { decodeCursor, pageOf } from '../platform/http.ts'
import { familyOf, likeTest } from '../crm/conditions.ts'
import { searchPatterns } from '../crm/folding.ts'
import { homeCountry } from '../crm/identities.ts'
import { type Parameters, parameters } from '../crm/visibility.ts'

/** What requests and tasks have in common: whose they are decides who sees them. */
export interface Ask {
  table: 'request' | 'task'
  /** With it one sees everybody's; without it those one made or was given. */
  all: Right
  state?: string | undefined
  mine?: 'assigned' | 'registered' | undefined
  contactId?: string | undefined
  code?: string | undefined
  search?: string | undefined
  limit?: number | undefined
  cursor?: string | undefined
}

/** SQL about the row called `alias`: whether the actor sees it. */
export function isOurs(actor: Actor, all: Right, alias: string, { add }: Parameters): string {
  if (actor.rights.has(all)) return 'true'
  const me = add(actor.userId)
  return `(${alias}.assignee_id = ${me}::bigint or ${alias}.created_by = ${me}::bigint)`
}

/** Ids of a page, the newest first. */
export async function findWork<Item>(
  db: Db,
  actor: Actor,
  ask: Ask,
  load: (db: Db, ids: readonly string[]) => Promise<Item[]>,
): Promise<{ items: Item[]; nextCursor: string | null }> {
  const limit = ask.limit ?? 50
  const [after] = decodeCursor(ask.cursor, 1) ?? []
  const words = ask.search?.trim() ?? ''
  const patterns = words === '' ? [] : searchPatterns(words, await homeCountry(db))
  if (words !== '' && patterns.length === 0) return { items: [], nextCursor: null }
  const params = parameters()
  const most = params.add(limit + 1)
  const conditions = (): string[] => [
    ...(after === undefined ? [] : [`w.id < ${params.add(after)}::bigint`]),
    ...(ask.state === undefined ? [] : [`w.state = ${params.add(ask.state)}`]),
    ...(ask.code === undefined ? [] : [`w.code = ${params.add(ask.code)}`]),
    ...(ask.contactId === undefined
      ? []
      : [`w.contact_id in (${familyOf(`array[${params.add(ask.contactId)}::bigint]`)})`]),
    ...(patterns.length === 0 ? [] : [likeTest('w.folded', patterns, params)]),
  ]
  const walk = (side?: string): string =>
    `(select w.id from ${ask.table} w where ${[...(side === undefined ? [] : [`w.${side} = ${params.add(actor.userId)}::bigint`]), ...conditions()].join(' and ') || 'true'}
      order by w.id desc limit ${most})`
  // One walk of request_assignee and request_creator (task_…) each; request_contact, request_state, request_folded, or the key.
  const walks =
    ask.mine === 'assigned'
      ? [walk('assignee_id')]
      : ask.mine === 'registered'
        ? [walk('created_by')]
        : actor.rights.has(ask.all)
          ? [walk()]
          : [walk('assignee_id'), walk('created_by')]
  const rows = await db.query<{ id: string }>(
    `select id from (${walks.join(' union ')}) found order by id desc limit ${most}`,
    params.values,
  )
  const page = pageOf(
    rows,
    limit,
    (row) => row.id,
    (row) => [row.id],
  )
  return { items: await load(db, page.items), nextCursor: page.nextCursor }
}

/** What a change did, by field: for rules that act upon it. */
export function changesOf<T extends object>(before: T, after: T): Record<string, { before: unknown; after: unknown }> {
  const was = new Map<string, unknown>(Object.entries(before))
  return Object.fromEntries(
    Object.entries(after).flatMap(([name, now]) =>
      was.get(name) === now ? [] : [[name, { before: was.get(name), after: now }]],
    ),
  )
}

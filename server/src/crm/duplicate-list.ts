import type { Static } from 'typebox'
import type { Duplicate, DuplicateCount, DuplicateQuery, DuplicateWhy } from '#shared/api/duplicates.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { decodeCursor, encodeCursor, need } from '../platform/http.ts'
import { Problem } from '../platform/problem.ts'
import { loadContactItems } from './contact-views.ts'
import { recheck, tellDuplicates } from './duplicate-pairs.ts'
import { type LockedContact, lockRoots } from './locking.ts'
import { publishContacts } from './publish.ts'
import { contactVisible, isVisible, parameters, visibleRoot } from './visibility.ts'

/** So many pairs are looked through for one answer, however few of them the reader may see. */
const DEEPEST = 1000
const COUNTED = 100

interface PairRow {
  id: string
  a_id: string
  b_id: string
  score: number
  reasons: DuplicateWhy[]
  found_at: Date
  seen: boolean
}

/** From the surest on. Only pairs of which one may see both; a page may hold fewer than asked for and not be the last. */
export async function listDuplicates(
  db: Db,
  actor: Actor,
  query: Static<typeof DuplicateQuery>,
): Promise<{ items: Duplicate[]; nextCursor: string | null }> {
  const limit = query.limit ?? 50
  const contactId = query.contactId === undefined ? undefined : await visibleRoot(db, actor, query.contactId)
  const rows = await walkPairs(db, actor, contactId, decodeCursor(query.cursor, 2))
  const seen = rows.filter((row) => row.seen)
  const shown = seen.slice(0, limit)
  const last = seen.length > limit ? shown.at(-1) : rows.length === DEEPEST ? rows.at(-1) : undefined
  return {
    items: await pairViews(db, actor, shown),
    nextCursor: last ? encodeCursor(String(last.score), last.id) : null,
  }
}

/** Open pairs from the surest on, and of each whether the actor may see both. */
function walkPairs(db: Db, actor: Actor, contactId: string | undefined, after?: string[]): Promise<PairRow[]> {
  const params = parameters()
  const [score = '101', id = '0'] = after ?? []
  const of =
    contactId === undefined ? '' : `and (d.a_id = ${params.add(contactId)} or d.b_id = ${params.add(contactId)})`
  return db.query<PairRow>(
    // duplicate_open; of one contact duplicate_a_id_b_id_key and duplicate_b
    `select d.*, a.listed and b.listed and ${contactVisible(actor, 'a', params)} and ${contactVisible(actor, 'b', params)} as seen
     from (
       select d.id, d.a_id, d.b_id, d.score, d.reasons, d.found_at from duplicate d
       where d.state = 'open' and (d.score, d.id) < (${params.add(score)}::smallint, ${params.add(id)}::bigint) ${of}
       order by d.score desc, d.id desc limit ${DEEPEST}) d
     join contact a on a.id = d.a_id join contact b on b.id = d.b_id
     order by d.score desc, d.id desc`,
    params.values,
  )
}

async function pairViews(db: Db, actor: Actor, rows: readonly PairRow[]): Promise<Duplicate[]> {
  const ids = [...new Set(rows.flatMap((row) => [row.a_id, row.b_id]))]
  const contacts = new Map((await loadContactItems(db, actor, ids)).map((contact) => [contact.id, contact]))
  return rows.flatMap(({ id, a_id, b_id, score, reasons, found_at }) => {
    const [a, b] = [contacts.get(a_id), contacts.get(b_id)]
    return a && b ? [{ id, a, b, score, reasons, foundAt: found_at.toISOString() }] : []
  })
}

/** How many one may see, as far as is worth counting. */
export async function countDuplicates(db: Db, actor: Actor): Promise<DuplicateCount> {
  const rows = await walkPairs(db, actor, undefined)
  const count = rows.filter((row) => row.seen).length
  return { count: Math.min(count, COUNTED), more: count > COUNTED || rows.length === DEEPEST }
}

interface SettledRow {
  a_id: string
  b_id: string
  state: 'open' | 'dismissed' | 'merged'
}

/** The two are two. They are not proposed again unless more speaks for it; a number both claim stays where it is. */
export async function dismissDuplicate(tx: Tx, actor: Actor, id: string): Promise<void> {
  const { pair, sides } = await lockPair(tx, actor, id)
  if (pair.state !== 'open') return
  await tx.query(`update duplicate set state = 'dismissed', settled_at = now(), settled_by = $2 where id = $1`, [
    id,
    actor.userId,
  ])
  await tx.query(
    `with ${CONFLICTS} update identity_conflict k set settled_at = now(), settled_by = $3
     from claim where k.id = claim.id and k.settled_at is null`,
    [pair.a_id, pair.b_id, actor.userId],
  )
  await note(tx, actor, 'contact.duplicate_dismissed', pair, sides)
}

/** Takes a dismissal back, with what it settled. */
export async function reopenDuplicate(tx: Tx, actor: Actor, id: string): Promise<void> {
  const { pair, sides } = await lockPair(tx, actor, id)
  if (pair.state !== 'dismissed') return
  await tx.query(
    // What was settled in the same transaction has the same moment.
    `with ${CONFLICTS} update identity_conflict k set settled_at = null, settled_by = null
     from claim, duplicate d where k.id = claim.id and d.id = $3 and k.settled_at = d.settled_at`,
    [pair.a_id, pair.b_id, id],
  )
  await tx.query(`update duplicate set state = 'open', settled_at = null, settled_by = null where id = $1`, [id])
  await note(tx, actor, 'contact.duplicate_reopened', pair, sides)
}

/** The claims between the families of $1 and $2: contact_root, the unique key of identity_conflict. */
const CONFLICTS = `claim as (
  select k.id from contact c join identity_conflict k on k.contact_id = c.id
  join identity i on i.id = k.identity_id join contact o on o.id = i.contact_id
  where c.root_id in ($1, $2) and (c.id in ($1, $2) or c.merged_into_id is not null)
    and o.root_id in ($1, $2) and o.root_id <> c.root_id)`

async function lockPair(tx: Tx, actor: Actor, id: string): Promise<{ pair: SettledRow; sides: LockedContact[] }> {
  const found = await tx.one<SettledRow>('select a_id, b_id, state from duplicate where id = $1', [id])
  if (!found) throw new Problem('not_found')
  const locked = await lockRoots(tx, [found.a_id, found.b_id])
  const sides = [...locked.values()]
  if (sides.length < 2 || sides.some((side) => !isVisible(actor, side))) throw new Problem('not_found')
  if ([found.a_id, found.b_id].some((one) => locked.get(one)?.id !== one)) throw new Problem('contact_merged')
  need(actor, sides.some((side) => side.kind === 'visitor') ? 'contact.edit' : 'contact.merge')
  const pair = await tx.one<SettledRow>('select a_id, b_id, state from duplicate where id = $1 for update', [id])
  if (!pair) throw new Problem('not_found')
  return { pair, sides }
}

async function note(
  tx: Tx,
  actor: Actor,
  action: string,
  pair: SettledRow,
  sides: readonly LockedContact[],
): Promise<void> {
  await audit(tx, actor, action, { kind: 'contact', id: pair.a_id }, null, { otherId: pair.b_id })
  await recheck(tx, [pair.a_id, pair.b_id])
  tellDuplicates(tx)
  publishContacts(tx, sides)
}

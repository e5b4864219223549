import type { ContactItem, ContactQuery } from '#shared/api/contacts.ts'
import type { ContactSelection } from '#shared/api/operations.ts'
import type { BoundedCount, ViewCounts } from '#shared/api/views.ts'
import type { Actor } from '../platform/app.ts'
import type { Database, Db } from '../platform/db.ts'
import { decodeCursor, encodeCursor } from '../platform/http.ts'
import { Problem } from '../platform/problem.ts'
import { type ContactList, type ContactListQuery, readContactList } from './contact-query.ts'
import { walkKinds } from './contact-walks.ts'
import { loadContactItems } from './contact-views.ts'
import { checkPlace, countFound, countNewest, readPage } from './list-engine.ts'
import { patiently } from './patience.ts'
import { listViews } from './views.ts'
import { contactVisible, parameters } from './visibility.ts'

/**
 * Root contacts that the actor may see, under any conditions and in any order (latest changed first unless asked
 * otherwise). A contact that changes while somebody pages may move; those that do not change are all shown, once.
 */
export async function listContacts(
  db: Db,
  actor: Actor,
  query: ContactQuery,
): Promise<{ items: ContactItem[]; nextCursor: string | null }> {
  const limit = query.limit ?? 50
  const asked = await readContactList(db, actor, query)
  if (!asked) return { items: [], nextCursor: null }
  const { list, sort } = asked
  const signature = `${sort.descending ? '-' : ''}${sort.name}`
  const cursor = decodeCursor(query.cursor, 4, [0, 1, 2])
  if (cursor && cursor[0] !== signature) throw new Problem('invalid_cursor')
  const after = cursor && checkPlace(list.order, cursor.slice(1))
  const rows = (await walkKinds(db, actor, asked, after, limit + 1)) ?? (await readPage(db, list, after, limit + 1))
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const ids = shown.map((row) => row.id)
  return {
    items: await loadContactItems(db, actor, ids),
    nextCursor: rows.length > limit && last ? encodeCursor(signature, last.phase, last.key, last.id) : null,
  }
}

const MOST = 1000
/** How long counting may take (ms). */
const PATIENCE = 1500
/** Of how many of the newest it is counted first, to learn how common the wanted is, and at most. */
const SAMPLE = 1000
const DEEPEST = 30_000

/** How many contacts the list has: exactly up to a thousand, and no further. */
export async function countContacts(
  db: Database,
  actor: Actor,
  query: ContactListQuery,
  patience = PATIENCE,
): Promise<BoundedCount> {
  const asked = await readContactList(db, actor, query)
  return asked ? countList(db, asked, patience) : { count: 0, more: false }
}

/** What many have is counted along the newest; what few have, where an index finds it. */
async function countList(db: Database, { list }: ContactList, patience: number): Promise<BoundedCount> {
  const bounded = (count: number): BoundedCount => ({ count: Math.min(count, MOST), more: count > MOST })
  const sample = await patiently(db, patience, (tx) => countNewest(tx, list, SAMPLE, MOST + 1))
  if (!sample) return { count: 0, more: true }
  if (sample.count > MOST || sample.walked < SAMPLE) return bounded(sample.count)
  const wanted = sample.count === 0 ? Number.POSITIVE_INFINITY : Math.ceil((1.5 * MOST * SAMPLE) / sample.count)
  if (wanted <= DEEPEST) {
    const deeper = await patiently(db, patience, (tx) => countNewest(tx, list, wanted, MOST + 1))
    if (deeper && (deeper.count > MOST || deeper.walked < wanted)) return bounded(deeper.count)
  }
  const all = await patiently(db, patience, (tx) => countFound(tx, list, MOST + 1))
  // That many at least, when it took too long: it is said that there may be more.
  return all === undefined ? { count: sample.count, more: true } : bounded(all)
}

/** All counts together take no longer than this (ms); views that are not counted by then are left out. */
const PATIENCE_WITH_VIEWS = 2000
const MOST_VIEWS = 50

/** How many contacts each of the views has that the actor sees. */
export async function countViews(db: Database, actor: Actor): Promise<ViewCounts> {
  const items: ViewCounts['items'] = []
  const end = Date.now() + PATIENCE_WITH_VIEWS
  for (const { id } of (await listViews(db, actor, 'contact')).slice(0, MOST_VIEWS)) {
    const left = end - Date.now()
    if (left < 50) break
    const asked = await readContactList(db, actor, { view: id })
    const patience = Math.min(left, 500)
    const count = asked ? await countList(db, asked, patience) : { count: 0, more: false }
    items.push({ id, ...count })
  }
  return { items }
}

const PIECE = 1000
const FETCHED = 20_000

/**
 * The ids of all contacts that a selection names and the actor may see, in pieces, in the order of ids. Frozen: read at
 * one moment, before the first piece is given. `after`: only those behind this id, for going on where one stopped.
 * @throws Problem invalid_input with `filter.<name>`
 */
export async function* selectContacts(
  db: Database,
  actor: Actor,
  selection: ContactSelection,
  { after = '0' }: { after?: string } = {},
): AsyncGenerator<string[]> {
  const ids =
    'ids' in selection ? await visibleOf(db, actor, selection.ids, after) : await allFound(db, actor, selection, after)
  for (let at = 0; at < ids.length; at += PIECE) yield Array.from(ids.slice(at, at + PIECE), String)
}

async function visibleOf(db: Db, actor: Actor, ids: readonly string[], after: string): Promise<bigint[]> {
  const params = parameters()
  const rows = await db.query<{ id: string }>(
    // contact_pkey, twice
    `select distinct r.id from contact c join contact r on r.id = c.root_id
     where c.id = any(${params.add(ids)}::bigint[]) and r.id > ${params.add(after)}::bigint and ${contactVisible(actor, 'r', params)}
     order by r.id`,
    params.values,
  )
  return rows.map((row) => BigInt(row.id))
}

/** Eight bytes a contact: a million ids are held without trouble. */
async function allFound(
  db: Database,
  actor: Actor,
  { filter, search }: Exclude<ContactSelection, { ids: string[] }>,
  after: string,
): Promise<BigInt64Array> {
  const asked = await readContactList(db, actor, { ...filter, ...(search === undefined ? {} : { search }) }, 'filter.')
  if (!asked) return new BigInt64Array()
  const params = parameters()
  const conditions = [asked.list.base, ...asked.list.filters(params, false)].join(' and ')
  return db.transaction(async (tx) => {
    await tx.query(
      `declare selected no scroll cursor for select c.id from contact c
       where ${conditions} and c.id > ${params.add(after)}::bigint order by c.id`,
      params.values,
    )
    let ids = new BigInt64Array(FETCHED)
    for (let count = 0; ; ) {
      const rows = await tx.query<{ id: string }>(`fetch ${FETCHED} from selected`)
      if (count + rows.length > ids.length) {
        const larger = new BigInt64Array(ids.length * 2)
        larger.set(ids)
        ids = larger
      }
      for (const row of rows) ids[count++] = BigInt(row.id)
      if (rows.length < FETCHED) return ids.slice(0, count)
    }
  })
}

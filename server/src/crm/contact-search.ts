import type { ContactItem, ContactQuery } from '#shared/api/contacts.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { decodeCursor, encodeCursor } from '../platform/http.ts'
import { loadContactItems } from './contact-views.ts'
import { searchPatterns } from './folding.ts'
import { homeCountry } from './identities.ts'
import { contactVisible, type Parameters, parameters } from './visibility.ts'

/** How many of the newest contacts a search looks through first, to learn how common the words are. */
const SAMPLE = 1000
/** How many it looks through at most before it asks the index of trigrams. */
const DEEPEST = 12_000

interface Row {
  id: string
  at: string
}
interface Page {
  /** The last row of the page before; the newest possible for the first page. */
  at: string
  id: string
  /** One more than shown, to know whether there is a next page. */
  limit: number
}

/**
 * Root contacts that the actor may see, latest changed first, paged by (updated_at, id). A contact that changes while
 * somebody pages moves to the top and is not shown twice; those that do not change are all shown, once.
 */
export async function listContacts(
  db: Db,
  actor: Actor,
  query: ContactQuery,
): Promise<{ items: ContactItem[]; nextCursor: string | null }> {
  const limit = query.limit ?? 50
  const [at = '9000000000000000', id = '9223372036854775807'] = decodeCursor(query.cursor, 2) ?? []
  const page = { at, id, limit: limit + 1 }
  const search = query.search?.trim()
  const rows = search
    ? await searchContacts(db, actor, query, search, page)
    : await walkContacts(db, actor, query, page)
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    items: await loadContactItems(
      db,
      actor,
      shown.map((row) => row.id),
    ),
    nextCursor: rows.length > limit && last ? encodeCursor(last.at, last.id) : null,
  }
}

function afterKey(alias: string, page: Page, { add }: Parameters): string {
  return `(${alias}.updated_at, ${alias}.id) < ('epoch'::timestamptz + ${add(page.at)}::bigint * interval '1 microsecond', ${add(page.id)}::bigint)`
}
const NEWEST = 'order by c.updated_at desc, c.id desc'
const KEYS = 'select id, (extract(epoch from updated_at) * 1000000)::bigint::text as at from'

/**
 * Without words: one bounded walk for each part of what the actor sees, merged. The visitors of channels that the actor
 * does not see are not even read.
 */
async function walkContacts(db: Db, actor: Actor, query: ContactQuery, page: Page): Promise<Row[]> {
  const params = parameters()
  const after = afterKey('c', page, params)
  const limit = params.add(page.limit)
  const walk = (where: string): string =>
    `(select c.id, c.updated_at from contact c where c.listed and ${where} and ${after} ${NEWEST} limit ${limit})`
  const walks: string[] = []
  if (query.responsibleId !== undefined) {
    // contact_responsible_list
    const kind = query.kind === undefined ? '' : ` and c.kind = ${params.add(query.kind)}`
    walks.push(
      walk(`c.responsible_id = ${params.add(query.responsibleId)}${kind} and ${contactVisible(actor, 'c', params)}`),
    )
  } else {
    // contact_kind_list
    const kinds = query.kind === undefined ? ['person', 'company', 'lead'] : [query.kind]
    for (const kind of kinds) if (kind !== 'visitor') walks.push(walk(`c.kind = ${params.add(kind)}`))
    if (query.kind === undefined || query.kind === 'visitor') {
      const channels = `${params.add(actor.channels.view)}::bigint[]`
      // contact_visitor_list for each channel; contact_visitor_rest for those of none and of several.
      walks.push(
        `(select v.id, v.updated_at from unnest(${channels}) as ch(id) cross join lateral ${walk(`c.kind = 'visitor' and c.origin_channel_id = ch.id`)} v)`,
        walk(
          `c.kind = 'visitor' and (c.origin_channel_id is null or c.channel_ids <> '{}')
           and (c.origin_channel_id is null or (c.channel_ids && ${channels} and not c.origin_channel_id = any(${channels})))`,
        ),
      )
    }
  }
  return db.query<Row>(`${KEYS} (${walks.join(' union all ')}) c ${NEWEST} limit ${limit}`, params.values)
}

/**
 * With words. What many contacts have is found among the newest in a walk along the list; what few have, by the index of
 * trigrams, which reads all that have it. A first short walk tells which is which, so neither a common nor a rare word
 * reads much of the table.
 */
async function searchContacts(db: Db, actor: Actor, query: ContactQuery, search: string, page: Page): Promise<Row[]> {
  const patterns = searchPatterns(search, await homeCountry(db))
  if (patterns.length === 0) return []
  const filters = (params: Parameters): string =>
    [
      ...patterns.map((ways) => `(${ways.map((way) => `c.folded like ${params.add(way)}`).join(' or ')})`),
      contactVisible(actor, 'c', params),
      ...(query.kind === undefined ? [] : [`c.kind = ${params.add(query.kind)}`]),
      ...(query.responsibleId === undefined ? [] : [`c.responsible_id = ${params.add(query.responsibleId)}`]),
    ].join(' and ')
  const newest = (depth: number): Promise<Row[]> => {
    const params = parameters()
    return db.query<Row>(
      // contact_list
      `${KEYS} (
         select c.id, c.updated_at, c.folded, c.kind, c.origin_channel_id, c.channel_ids, c.responsible_id, c.deleted_at from contact c
         where c.listed and ${afterKey('c', page, params)} ${NEWEST} limit ${params.add(depth)}) c
       where ${filters(params)} ${NEWEST} limit ${params.add(page.limit)}`,
      params.values,
    )
  }
  const sample = await newest(SAMPLE)
  if (sample.length === page.limit) return sample
  const depth = Math.ceil((1.5 * page.limit * SAMPLE) / sample.length)
  if (depth <= DEEPEST) {
    const found = await newest(depth)
    if (found.length === page.limit) return found
  }
  const params = parameters()
  return db.query<Row>(
    // contact_folded; materialised, so that the order does not tempt the planner to walk the whole list.
    `with found as materialized (
       select c.id, c.updated_at from contact c
       where c.listed and ${filters(params)} and ${afterKey('c', page, params)})
     ${KEYS} found c ${NEWEST} limit ${params.add(page.limit)}`,
    params.values,
  )
}

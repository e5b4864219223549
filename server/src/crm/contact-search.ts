import type { ContactItem, ContactQuery } from '#shared/api/contacts.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { decodeCursor, encodeCursor } from '../platform/http.ts'
import { loadContactItems } from './contact-views.ts'
import { searchPatterns } from './folding.ts'
import { homeCountry } from './identities.ts'
import { contactVisible, type Parameters, parameters } from './visibility.ts'

/** How many of the newest contacts a search reads through before it asks the index of trigrams. */
const RECENT = 1000

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
    `(select c.id, c.updated_at from contact c where c.merged_into_id is null and ${where} and ${after} ${NEWEST} limit ${limit})`
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
      // contact_visitor_list for each channel and for those of none, contact_visitor_many for those of several.
      walks.push(
        `(select v.id, v.updated_at from unnest(${channels}) as ch(id) cross join lateral ${walk(`c.kind = 'visitor' and c.origin_channel_id = ch.id`)} v)`,
        walk(`c.kind = 'visitor' and c.origin_channel_id is null`),
        walk(
          `c.kind = 'visitor' and c.channel_ids <> '{}' and c.channel_ids && ${channels} and not c.origin_channel_id = any(${channels})`,
        ),
      )
    }
  }
  return db.query<Row>(`${KEYS} (${walks.join(' union all ')}) c ${NEWEST} limit ${limit}`, params.values)
}

/**
 * With words. What many contacts have is found among the newest in a short walk; what few have, by contact_folded. So
 * neither a common nor a rare word reads much.
 */
async function searchContacts(db: Db, actor: Actor, query: ContactQuery, search: string, page: Page): Promise<Row[]> {
  const patterns = searchPatterns(search, await homeCountry(db))
  if (patterns.length === 0) return []
  const params = parameters()
  const filters = (alias: string): string =>
    [
      ...patterns.map((ways) => `(${ways.map((way) => `${alias}.folded like ${params.add(way)}`).join(' or ')})`),
      contactVisible(actor, alias, params),
      ...(query.kind === undefined ? [] : [`${alias}.kind = ${params.add(query.kind)}`]),
      ...(query.responsibleId === undefined ? [] : [`${alias}.responsible_id = ${params.add(query.responsibleId)}`]),
    ].join(' and ')
  const recent = await db.query<Row>(
    // contact_list
    `${KEYS} (select * from contact c where c.merged_into_id is null and ${afterKey('c', page, params)} ${NEWEST} limit ${RECENT}) c
     where ${filters('c')} ${NEWEST} limit ${params.add(page.limit)}`,
    params.values,
  )
  if (recent.length === page.limit) return recent
  params.values.length = 0
  return db.query<Row>(
    // contact_folded; materialised, so that the order does not tempt the planner to walk the whole list.
    `with found as materialized (
       select c.id, c.updated_at from contact c
       where c.merged_into_id is null and ${filters('c')} and ${afterKey('c', page, params)})
     ${KEYS} found c ${NEWEST} limit ${params.add(page.limit)}`,
    params.values,
  )
}

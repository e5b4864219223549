import type { FoundMessage } from '#shared/api/conversations.ts'
import { searchTerms } from '#shared/text.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { decodeCursor, encodeCursor } from '../platform/http.ts'
import { keyOf, LAST_ID, newestFirst, type TimeKey, timeOf } from './keyset.ts'
import { snippetOf } from './snippet.ts'

export interface Searchable {
  messageId: string
  conversationId: string
  channelId: string
  /** Made by `foldForIndex`. */
  folded: string
  /** `message.created_at`; left out for messages made in this transaction. */
  createdAt?: Date
}

/** Makes messages findable by their words, in the transaction that stores them. Texts without words are left out. */
export async function indexMessages(tx: Db, rows: readonly Searchable[]): Promise<void> {
  const entries = rows.filter((row) => row.folded !== '')
  if (entries.length === 0) return
  await tx.query(
    `insert into message_search (message_id, conversation_id, channel_id, created_at, words)
     select message_id, conversation_id, channel_id, coalesce(created_at, now()), words::tsvector
     from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::text[])
       as added(message_id, conversation_id, channel_id, created_at, words)`,
    [
      entries.map((row) => row.messageId),
      entries.map((row) => row.conversationId),
      entries.map((row) => row.channelId),
      entries.map((row) => row.createdAt ?? null),
      entries.map((row) => vectorOf(row.folded)),
    ],
  )
}

/**
 * Folded words as the text of a tsvector. Not `to_tsvector`: its parser drops letters that the database's locale does not
 * know, and takes its time. Folded words hold letters, digits and marks only, so there is nothing to escape.
 */
export function vectorOf(folded: string): string {
  return folded
    .split(' ')
    .map((word, n) => `'${word}':${Math.min(n + 1, 16_383)}`)
    .join(' ')
}

/**
 * What a search asks of the index: every word; the last one, and long ones, also as the beginning of a word. Short words
 * in the middle stand for themselves: as beginnings they would match half of everything. Null: nothing to look for.
 */
export function messageQuery(search: string): string | null {
  const terms = searchTerms(search)
  const written = terms.map((ways, index) => {
    const forms = ways.map((way) => {
      const phrase = way
        .split(' ')
        .map((word) => `'${word}'`)
        .join(' <-> ')
      return index === terms.length - 1 || way.length >= 4 ? `${phrase}:*` : phrase
    })
    return forms.length === 1 ? forms[0] : `(${forms.map((form) => `(${form})`).join(' | ')})`
  })
  return written.length === 0 ? null : written.join(' & ')
}

interface Hit extends TimeKey {
  conversation_id: string
}

/** So many of the newest messages are looked at one by one before an index of words is asked. */
const FIRST_WALK = 1000
const LONG_WALK = 10_000

/**
 * The newest messages with these words that the reader may see, newest first, at most `limit`, after `before`.
 * A frequent word fills the page from the newest rows alone. A rare one is looked up by its index, month by month from
 * the newest on. Either way the cost stays with what is shown, not with what is stored.
 */
export async function searchHits(
  db: Db,
  channelIds: readonly string[],
  query: string,
  limit: number,
  before?: TimeKey,
): Promise<Hit[]> {
  if (channelIds.length === 0) return []
  const found: Hit[] = []
  let from = before
  for (const length of [FIRST_WALK, LONG_WALK]) {
    const walk = await walkNewest(db, channelIds, query, limit - found.length, length, from)
    found.push(...walk.hits)
    if (found.length >= limit || walk.end === undefined) return found
    from = walk.end
    // Seldom among the newest: walking on would be long, asking the index is short.
    if (found.length * (LONG_WALK / FIRST_WALK) < limit) break
  }
  for (const part of await partsBefore(db, from)) {
    found.push(...(await lookUp(db, channelIds, query, limit - found.length, part, from)))
    if (found.length >= limit) break
  }
  return found
}

async function walkNewest(
  db: Db,
  channelIds: readonly string[],
  query: string,
  limit: number,
  length: number,
  from: TimeKey | undefined,
): Promise<{ hits: Hit[]; end: TimeKey | undefined }> {
  // index message_search_newest
  const rows = await db.query<Hit & { hit: boolean; n: string }>(
    `with newest as materialized (
       select message_id, conversation_id, channel_id, created_at, words from message_search
       where created_at <= $4::timestamptz and (created_at, message_id) < ($4::timestamptz, $5::bigint)
       order by created_at desc, message_id desc limit $6),
     hits as (
       select message_id, conversation_id, created_at from newest
       where channel_id = any($1::bigint[]) and words @@ $2::tsquery
       order by created_at desc, message_id desc limit $3),
     size as (select count(*) as n from newest),
     last as (select message_id, conversation_id, created_at from newest order by created_at, message_id limit 1)
     select message_id as id, conversation_id, (extract(epoch from created_at) * 1000000)::bigint as micros, true as hit, 0 as n from hits
     union all
     select message_id as id, conversation_id, (extract(epoch from created_at) * 1000000)::bigint, false, n from last, size`,
    [channelIds, query, limit, timeOf(from), from?.id ?? LAST_ID, length],
  )
  const hits = rows.filter((row) => row.hit)
  const last = rows.find((row) => !row.hit)
  const more = last !== undefined && Number(last.n) >= length
  return { hits: hits.sort(newestFirst), end: more ? last : undefined }
}

/** A stretch of time and the table that holds its words. */
interface Part {
  table: string
  first: string
  end: string
}

async function lookUp(
  db: Db,
  channelIds: readonly string[],
  query: string,
  limit: number,
  part: Part,
  from: TimeKey | undefined,
): Promise<Hit[]> {
  // Index …_words_idx of the part, asked by its name: planning over all parts takes longer than looking into one. The hits
  // are set apart, so that the order does not tempt the planner into walking through time.
  return db.query<Hit>(
    `with hits as materialized (
       select message_id, conversation_id, created_at from ${part.table}
       where words @@ $2::tsquery and channel_id = any($1::bigint[])
         and created_at >= $4::timestamptz and created_at < $5::timestamptz
         and (created_at, message_id) < ($6::timestamptz, $7::bigint))
     select message_id as id, conversation_id, (extract(epoch from created_at) * 1000000)::bigint as micros from hits
     order by created_at desc, message_id desc limit $3`,
    [channelIds, query, limit, part.first, part.end, timeOf(from), from?.id ?? LAST_ID],
  )
}

/** All of time up to a moment, newest first: the months that have a part of their own, and what lies between them. */
async function partsBefore(db: Db, from: TimeKey | undefined): Promise<Part[]> {
  const months = await db.query<Part>(
    `select part.table, bounds[1] as first, bounds[2] as "end" from (
       select c.relname as table, regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM [(]''([^'']+)''[)] TO [(]''([^'']+)''[)]') as bounds
       from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = 'message_search'::regclass and c.relname ~ '^message_search_[0-9]{6}$') part
     where bounds is not null and bounds[1]::timestamptz <= $1::timestamptz order by bounds[1]::timestamptz`,
    [timeOf(from)],
  )
  // Normally empty: then there is nothing between the months either.
  const rest = await db.one('select 1 from message_search_rest limit 1')
  const parts: Part[] = []
  let last = '-infinity'
  for (const month of months) {
    if (rest && month.first !== last) parts.push({ table: 'message_search_rest', first: last, end: month.first })
    parts.push(month)
    last = month.end
  }
  if (rest) parts.push({ table: 'message_search_rest', first: last, end: 'infinity' })
  return parts.toReversed()
}

interface FoundRow {
  id: string
  conversation_id: string
  channel_id: string
  direction: FoundMessage['direction']
  text: string
  at: Date
  contact_id: string
  contact_kind: FoundMessage['contact']['kind']
  contact_name: string
  avatar_file_id: string | null
}

/** One page of messages with these words, of the channels the actor may view. */
export async function searchMessages(
  db: Db,
  actor: Actor,
  asked: { search?: string; limit?: number; cursor?: string },
): Promise<{ items: FoundMessage[]; nextCursor: string | null }> {
  const limit = asked.limit ?? 50
  const query = messageQuery(asked.search ?? '')
  if (query === null) return { items: [], nextCursor: null }
  const before = keyOf(decodeCursor(asked.cursor, 2))
  const hits = await searchHits(db, actor.channels.view, query, limit + 1, before)
  const shown = hits.slice(0, limit)
  const last = shown.at(-1)
  return {
    items: await loadFound(db, shown, asked.search ?? ''),
    nextCursor: hits.length > limit && last ? encodeCursor(last.micros, last.id) : null,
  }
}

async function loadFound(db: Db, hits: readonly Hit[], search: string): Promise<FoundMessage[]> {
  const rows = await db.query<FoundRow>(
    `select m.id, m.conversation_id, m.channel_id, m.direction, m.text, m.at,
            r.id as contact_id, r.kind as contact_kind, r.name as contact_name, r.avatar_file_id
     from unnest($1::bigint[]) with ordinality as asked(id, n) join message m on m.id = asked.id
     join contact o on o.id = m.contact_id join contact r on r.id = o.root_id
     order by asked.n`,
    [hits.map((hit) => hit.id)],
  )
  const terms = searchTerms(search)
  return rows.map((row) => ({
    messageId: row.id,
    conversationId: row.conversation_id,
    channelId: row.channel_id,
    contact: { id: row.contact_id, kind: row.contact_kind, name: row.contact_name, avatarFileId: row.avatar_file_id },
    direction: row.direction,
    snippet: snippetOf(row.text, terms),
    at: row.at.toISOString(),
  }))
}

/** Makes the parts for this month and the next two, so that a node which is off for a while still finds its part. */
export async function makeSearchMonths(db: Db): Promise<void> {
  for (const months of [0, 1, 2]) {
    await db.query("select message_search_month(now() + $1 * interval '1 month')", [months])
  }
}

/** New words wait in a list of each part that every search reads in full; this files them. Cheap where there are none. */
export async function fileNewWords(db: Db): Promise<void> {
  await db.query(
    `select gin_clean_pending_list(x.indexrelid)
     from pg_partition_tree('message_search_words') t join pg_index x on x.indexrelid = t.relid
     where t.isleaf`,
  )
}

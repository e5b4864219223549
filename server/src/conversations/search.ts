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
 * A frequent word fills the page from the newest rows alone. A rare one is looked up by its index, some months at a time
 * from the newest on. Either way the cost stays with what is shown, not with what is stored.
 */
export async function searchHits(
  db: Db,
  channelIds: readonly string[],
  query: string,
  limit: number,
  before?: TimeKey,
): Promise<Hit[]> {
  if (channelIds.length === 0) return []
  const months = await monthsOf(db)
  const found: Hit[] = []
  let from = before
  for (const length of [FIRST_WALK, LONG_WALK]) {
    const walk = await walkNewest(db, months, channelIds, query, limit - found.length, length, from)
    found.push(...walk.hits)
    if (found.length >= limit || walk.end === undefined) return found
    from = walk.end
    // Seldom among the newest: walking on would be long, asking the index is short.
    if (found.length * (LONG_WALK / FIRST_WALK) < limit) break
  }
  for (const stretch of stretchesBefore(months, from)) {
    found.push(...(await lookUp(db, channelIds, query, limit - found.length, stretch, from)))
    if (found.length >= limit) break
  }
  return found
}

interface Walk {
  hits: Hit[]
  /** The last message looked at; undefined: there are no more. */
  end: TimeKey | undefined
}

/** Looks at the `length` newest messages one by one. */
async function walkNewest(
  db: Db,
  months: readonly Month[],
  channelIds: readonly string[],
  query: string,
  limit: number,
  length: number,
  before: TimeKey | undefined,
): Promise<Walk> {
  const hits: Hit[] = []
  let from = before
  let left = length
  for (const stretch of stretchesBefore(months, from)) {
    const rows = await db.query<Hit & { hit: boolean; n: string }>(
      // Indexes …_created_at_message_id_idx of the parts, merged.
      `with newest as materialized (
         select message_id, conversation_id, channel_id, created_at, words from ${allOf(stretch)}
         where created_at >= $7::timestamptz and created_at < $8::timestamptz and (created_at, message_id) < ($4::timestamptz, $5::bigint)
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
      [channelIds, query, limit - hits.length, timeOf(from), from?.id ?? LAST_ID, left, stretch.first, stretch.end],
    )
    hits.push(...rows.filter((row) => row.hit).sort(newestFirst))
    const last = rows.find((row) => !row.hit)
    if (!last) continue
    from = last
    left -= Number(last.n)
    if (left <= 0 || hits.length >= limit) return { hits, end: last }
  }
  return { hits, end: undefined }
}

/** Asks the indexes of words of a stretch of time. */
async function lookUp(
  db: Db,
  channelIds: readonly string[],
  query: string,
  limit: number,
  stretch: Stretch,
  from: TimeKey | undefined,
): Promise<Hit[]> {
  // Indexes …_words_idx. The hits are set apart, so that neither order nor time tempts the planner to read an index of time.
  const hits = stretch.tables.map(
    (table) =>
      `select message_id, conversation_id, created_at from ${table} where words @@ $2::tsquery and channel_id = any($1::bigint[])`,
  )
  return db.query<Hit>(
    `with hits as materialized (${hits.join(' union all ')})
     select message_id as id, conversation_id, (extract(epoch from created_at) * 1000000)::bigint as micros from hits
     where created_at >= $4::timestamptz and created_at < $5::timestamptz
       and (created_at, message_id) < ($6::timestamptz, $7::bigint)
     order by created_at desc, message_id desc limit $3`,
    [channelIds, query, limit, stretch.first, stretch.end, timeOf(from), from?.id ?? LAST_ID],
  )
}

/** Some months, and the tables that may hold something of them. Named, because planning over all parts takes longer than looking into a few. */
interface Stretch {
  tables: string[]
  first: string
  end: string
}
interface Month {
  table: string
  first: string
}

/** How many parts are asked at once: the first stretch has the two months that are made ahead, this one and the last. */
const STRETCHES = [4, 8, 16]
const allOf = ({ tables }: Stretch): string =>
  `(${tables.map((table) => `select message_id, conversation_id, channel_id, created_at, words from ${table}`).join(' union all ')}) part`

/** All of time up to a moment, newest first, without gaps. What has no part of its own month lies in the rest. */
function stretchesBefore(all: readonly Month[], from: TimeKey | undefined): Stretch[] {
  const until = from ? Number(BigInt(from.micros) / 1000n) : Number.POSITIVE_INFINITY
  const months = all.filter(({ first }) => Date.parse(first) <= until)
  const stretches: Stretch[] = []
  let end = 'infinity'
  for (let n = 0; n === 0 || n < months.length; ) {
    const some = months.slice(n, n + (STRETCHES[stretches.length] ?? 16))
    n += Math.max(1, some.length)
    const first = n < months.length ? (some.at(-1)?.first ?? '-infinity') : '-infinity'
    stretches.push({ tables: [...some.map((month) => month.table), 'message_search_rest'], first, end })
    end = first
  }
  return stretches
}

/** Months that have a part of their own, newest first. */
async function monthsOf(db: Db): Promise<Month[]> {
  return db.query<Month>(
    `select part.table, to_char(to_timestamp(right(part.table, 6), 'YYYYMM'), 'YYYY-MM-DD"T"00:00:00"Z"') as first
     from (select c.relname::text as table from pg_inherits i join pg_class c on c.oid = i.inhrelid
           where i.inhparent = 'message_search'::regclass and c.relname ~ '^message_search_[0-9]{6}$') part
     order by 1 desc`,
  )
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
     where r.deleted_at is null order by asked.n`,
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

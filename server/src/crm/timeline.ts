import type { ActivityEvent, TimelineItem, TimelineQuery } from '#shared/api/conversations.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { decodeCursor, encodeCursor } from '../platform/http.ts'

/**
 * One timeline out of several tables. Each table is a source; `readTimeline` asks every source for its newest entries
 * before the cursor, merges them by (time, type, id) and loads only those that are shown. The same serves a contact's
 * page (all its conversations) and a conversation's thread.
 */
export type TimelineType = TimelineItem['type']

/** Where an entry stands: microseconds since 1970, as the database keeps them (`AT_MICROS`), and its id; both decimal. */
export interface TimelineKey {
  at: string
  id: string
}
/** Of one or more contacts (a root with all merged into it, `contactMembers`), or of one conversation. */
export type TimelineScope =
  | { contactIds: readonly string[]; conversationId?: undefined }
  | { conversationId: string; contactIds?: undefined }
export interface TimelineAsk {
  scope: TimelineScope
  /** Only entries strictly before this one; always given (`beforeKey`). */
  before: TimelineKey
  limit: number
  /** `files`: only messages with attachments; a source without files answers with nothing. */
  filter: { channelId?: string; files?: boolean }
  /** Entries bound to a channel are shown to those who may view it, and to nobody else. */
  actor: Actor
}
export interface TimelineSource {
  /**
   * The newest keys of `ask`, newest first, at most `limit`. For several contacts this is one index walk for each, joined
   * LATERAL and limited: an index on (contact_id, at, id) cannot be read in order for `contact_id = any(…)`.
   */
  page(db: Db, ask: TimelineAsk): Promise<TimelineKey[]>
  /** The entries themselves, in any order. Rights were checked by `page`. */
  load(db: Db, ids: readonly string[]): Promise<TimelineItem[]>
}

/** SQL: `at` in microseconds, exact (a JavaScript Date keeps only milliseconds). */
export const AT_MICROS = '(extract(epoch from at) * 1000000)::bigint::text'
/** SQL: the row stands before the key in parameters `$at` (microseconds) and `$id`. */
export function beforeKey(at: string, id: string): string {
  return `(at, id) < ('epoch'::timestamptz + ${at}::bigint * interval '1 microsecond', ${id}::bigint)`
}

// The order among types at the same microsecond; numbers ride in cursors and stay.
const RANK: Record<TimelineType, number> = { event: 0, note: 1, message: 2 }
const END: TimelineKey = { at: '9000000000000000', id: '9223372036854775807' }
const sources = new Map<TimelineType, TimelineSource>()

/** Makes a kind of entry part of every timeline. Called once by the module that owns the table. */
export function registerTimelineSource(type: TimelineType, source: TimelineSource): void {
  sources.set(type, source)
}

interface Entry extends TimelineKey {
  type: TimelineType
}

/**
 * A page of a timeline, newest first. Paging is by key: entries that arrive meanwhile change no page, and no entry is
 * shown twice or left out. The caller has checked that the actor may see the contact or conversation.
 */
export async function readTimeline(
  db: Db,
  actor: Actor,
  scope: TimelineScope,
  query: TimelineQuery,
): Promise<{ items: TimelineItem[]; nextCursor: string | null }> {
  const limit = query.limit ?? 50
  const cursor = decodeCursor(query.cursor, 3)
  const filter = {
    ...(query.channelId ? { channelId: query.channelId } : {}),
    ...(query.files ? { files: true } : {}),
  }
  const types = [...sources.keys()].filter((type) => !query.type || query.type === type)
  const pages = await Promise.all(
    types.map(async (type) => {
      const ask = { scope, before: boundFor(type, cursor), limit: limit + 1, filter, actor }
      const keys = (await sources.get(type)?.page(db, ask)) ?? []
      return keys.map((key): Entry => ({ ...key, type }))
    }),
  )
  const merged = pages.flat().sort(newestFirst)
  const shown = merged.slice(0, limit)
  const last = shown.at(-1)
  return {
    items: await loadEntries(db, shown),
    nextCursor: merged.length > limit && last ? encodeCursor(last.at, RANK[last.type], last.id) : null,
  }
}

/** The cursor is an entry of one type; for the other types it lies before or after all their entries of that moment. */
function boundFor(type: TimelineType, cursor: string[] | undefined): TimelineKey {
  if (!cursor) return END
  const [at = END.at, rank = '0', id = END.id] = cursor
  const difference = RANK[type] - Number(rank)
  return { at, id: difference < 0 ? END.id : difference === 0 ? id : '0' }
}

function newestFirst(a: Entry, b: Entry): number {
  return compare(b.at, a.at) || RANK[b.type] - RANK[a.type] || compare(b.id, a.id)
}
function compare(a: string, b: string): number {
  const difference = BigInt(a) - BigInt(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

async function loadEntries(db: Db, entries: readonly Entry[]): Promise<TimelineItem[]> {
  const loaded = new Map<string, TimelineItem>()
  await Promise.all(
    [...sources].map(async ([type, source]) => {
      const ids = entries.filter((entry) => entry.type === type).map((entry) => entry.id)
      if (ids.length === 0) return
      for (const item of await source.load(db, ids)) loaded.set(`${type} ${idOf(item)}`, item)
    }),
  )
  // An entry removed between the two looks is left out.
  return entries.flatMap((entry) => loaded.get(`${entry.type} ${entry.id}`) ?? [])
}

function idOf(item: TimelineItem): string {
  switch (item.type) {
    case 'message':
      return item.message.id
    case 'note':
      return item.note.id
    case 'event':
      return item.event.id
  }
}

/**
 * activity_event. Events of a conversation or channel are shown to those who may view the channel, those of deals (`deal_…`)
 * to those who may see deals.
 */
export const eventSource: TimelineSource = {
  async page(db, { scope, before, limit, filter, actor }) {
    if (filter.files) return []
    const visible = `(channel_id is null or channel_id = any($1::bigint[])) and ($2::bigint is null or channel_id = $2)
      ${actor.rights.has('deal.view') ? '' : `and not starts_with(kind, 'deal_')`}`
    const values = [actor.channels.view, filter.channelId ?? null, before.at, before.id, limit]
    if (scope.conversationId !== undefined)
      return db.query(
        // activity_event_conversation
        `select ${AT_MICROS} as at, id from activity_event e
         where conversation_id = $6 and ${visible} and ${beforeKey('$3', '$4')}
         order by e.at desc, e.id desc limit $5`,
        [...values, scope.conversationId],
      )
    return db.query(
      // activity_event_contact, one walk for each contact
      `select ${AT_MICROS} as at, id from unnest($6::bigint[]) as c(contact)
       cross join lateral (
         select at, id from activity_event
         where contact_id = contact and ${visible} and ${beforeKey('$3', '$4')}
         order by at desc, id desc limit $5) e
       order by e.at desc, e.id desc limit $5`,
      [...values, scope.contactIds],
    )
  },
  async load(db, ids) {
    const rows = await db.query<EventRow>(
      'select id, kind, contact_id, conversation_id, actor_id, data, at from activity_event where id = any($1::bigint[])',
      [ids],
    )
    return rows.map((row) => ({ type: 'event', at: row.at.toISOString(), event: eventView(row) }))
  },
}

interface EventRow {
  id: string
  kind: string
  contact_id: string
  conversation_id: string | null
  actor_id: string | null
  data: Record<string, unknown>
  at: Date
}

function eventView(row: EventRow): ActivityEvent {
  return {
    id: row.id,
    kind: row.kind,
    contactId: row.contact_id,
    conversationId: row.conversation_id,
    actorId: row.actor_id,
    data: row.data,
    at: row.at.toISOString(),
  }
}

/** Contacts and everyone merged into them: those whose activities a timeline shows. Indexes contact_pkey, contact_root. */
export async function contactMembers(db: Db, ...rootIds: string[]): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `select id from contact where id = any($1::bigint[])
     union select id from contact where root_id = any($1::bigint[]) and merged_into_id is not null order by id`,
    [rootIds],
  )
  return rows.map((row) => row.id)
}

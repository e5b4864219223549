import { CONVERSATION_STATES, type Conversation, type ConversationCounts } from '#shared/api/conversations.ts'
import type { ConversationQuery } from '#shared/api/conversations.ts'
import { customConditions, familyOf } from '../crm/conditions.ts'
import { listContacts } from '../crm/contact-search.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { decodeCursor, encodeCursor } from '../platform/http.ts'
import { keyOf, LAST_ID, type TimeKey, timeOf } from './keyset.ts'
import { messageQuery, searchHits } from './search.ts'
import { loadConversations } from './views.ts'

/** So many found messages and found contacts are turned into conversations. Enough to page through; not all of history. */
const FOUND_MESSAGES = 300
const FOUND_CONTACTS = 100

/**
 * Conversations of the channels the actor may view, most recently active first. Cost: a short walk of an index for each
 * channel and state, or for each record of one contact, or for each hit of a bounded search; never what is stored.
 */
export async function listConversations(
  db: Db,
  actor: Actor,
  query: ConversationQuery,
): Promise<{ items: Conversation[]; nextCursor: string | null }> {
  const limit = query.limit ?? 50
  const channelIds = actor.channels.view.filter((id) => query.channelId === undefined || query.channelId === id)
  if (channelIds.length === 0) return { items: [], nextCursor: null }
  const before = keyOf(decodeCursor(query.cursor, 2))
  const keys = await findKeys(db, actor, { ...query, channelIds, before, limit: limit + 1 })
  const shown = keys.slice(0, limit)
  const last = shown.at(-1)
  const found = await loadConversations(
    db,
    shown.map((key) => key.id),
  )
  return {
    items: await withoutDeleted(db, found),
    nextCursor: keys.length > limit && last ? encodeCursor(last.micros, last.id) : null,
  }
}

/** Of deleted contacts there are only closed ones, few, and none is shown: the page is a little shorter. */
async function withoutDeleted(db: Db, found: Conversation[]): Promise<Conversation[]> {
  const closed = found.filter((conversation) => conversation.state === 'closed').map(({ contact }) => contact.id)
  if (closed.length === 0) return found
  const gone = await db.query<{ id: string }>(
    'select id from contact where id = any($1::bigint[]) and deleted_at is not null',
    [closed],
  )
  return found.filter(({ contact }) => !gone.some((row) => row.id === contact.id))
}

type Asked = Omit<ConversationQuery, 'limit'> & { channelIds: string[]; before: TimeKey | undefined; limit: number }

async function findKeys(db: Db, actor: Actor, asked: Asked): Promise<TimeKey[]> {
  const values: unknown[] = [asked.channelIds]
  const add = (value: unknown): string => `$${values.push(value)}`
  const conditions: string[] = []
  if (asked.assigneeId === 'none') conditions.push('c.assignee_id is null')
  else if (asked.assigneeId !== undefined)
    conditions.push(`c.assignee_id = ${add(asked.assigneeId === 'me' ? actor.userId : asked.assigneeId)}::bigint`)
  if (asked.unread !== undefined) conditions.push(asked.unread ? 'c.unread > 0' : 'c.unread = 0')
  if (asked.queueId !== undefined) conditions.push(`c.queue_id = ${add(asked.queueId)}::bigint`)
  conditions.push(...(await customConditions(db, actor, 'conversation', 'c', asked))({ values, add }))
  const time = add(timeOf(asked.before))
  conditions.push(`(c.last_at, c.id) < (${time}::timestamptz, ${add(asked.before?.id ?? LAST_ID)}::bigint)`)
  const states = add(asked.state === undefined ? CONVERSATION_STATES : [asked.state])
  const shape = {
    states,
    rest: conditions.join(' and '),
    limit: add(asked.limit),
  }
  if (asked.search !== undefined && asked.search.trim() !== '') {
    const ids = await findBySearch(db, actor, asked)
    const contact = asked.contactId === undefined ? '' : `and ${memberOf('c.contact_id', add(asked.contactId))}`
    return db.query<TimeKey>(amongIds(shape, add(ids), contact), values)
  }
  if (asked.contactId !== undefined) return db.query<TimeKey>(ofContact(shape, add(asked.contactId)), values)
  return db.query<TimeKey>(ofChannels(shape), values)
}

interface Shape {
  states: string
  rest: string
  limit: string
}
const KEY = '(extract(epoch from page.last_at) * 1000000)::bigint as micros, page.id'
const ORDER = 'order by page.last_at desc, page.id desc'

/** Indexes conversation_list, conversation_assignee (with an assignee) or conversation_unread: one probe a channel and state. */
function ofChannels({ states, rest, limit }: Shape): string {
  return `select ${KEY} from unnest($1::bigint[]) as ch(channel_id) cross join unnest(${states}::text[]) as st(state)
    cross join lateral (
      select c.last_at, c.id from conversation c
      where c.channel_id = ch.channel_id and c.state = st.state and ${rest}
      order by c.last_at desc, c.id desc limit ${limit}) page
    ${ORDER} limit ${limit}`
}

/** Index conversation_contact: one probe for each record that has become this contact. */
function ofContact({ states, rest, limit }: Shape, contactId: string): string {
  return `select ${KEY} from contact m
    cross join lateral (
      select c.last_at, c.id from conversation c
      where c.contact_id = m.id and c.channel_id = any($1::bigint[]) and c.state = any(${states}::text[]) and ${rest}
      order by c.last_at desc, c.id desc limit ${limit}) page
    where ${memberOf('m.id', contactId)} ${ORDER} limit ${limit}`
}

function amongIds({ states, rest, limit }: Shape, ids: string, more: string): string {
  return `select ${KEY} from (
      select c.last_at, c.id from conversation c
      where c.id = any(${ids}::bigint[]) and c.channel_id = any($1::bigint[]) and c.state = any(${states}::text[]) and ${rest} ${more}) page
    ${ORDER} limit ${limit}`
}

/** Of the records that are one contact by now. */
function memberOf(column: string, contactId: string): string {
  return `${column} in (${familyOf(`array[${contactId}::bigint]`)})`
}

/** Ids of conversations with a message that has the words, or with a contact who is called so. */
async function findBySearch(db: Db, actor: Actor, asked: Asked): Promise<string[]> {
  const query = messageQuery(asked.search ?? '')
  const hits = query === null ? [] : await searchHits(db, asked.channelIds, query, FOUND_MESSAGES)
  const contacts = await listContacts(db, actor, { search: asked.search ?? '', limit: FOUND_CONTACTS })
  const named = await db.query<{ id: string }>(
    // Indexes contact_pkey, contact_root, conversation_contact.
    `select c.id from (${familyOf('$1::bigint[]')}) member
     cross join lateral (
       select id from conversation where contact_id = member.id and channel_id = any($2::bigint[])
       order by last_at desc, id desc limit 5) c`,
    [contacts.items.map((contact) => contact.id), asked.channelIds],
  )
  return [...new Set([...hits.map((hit) => hit.conversation_id), ...named.map((row) => row.id)])]
}

/**
 * How many conversations there are by view, and how many of them have something unread. `mine` and `unassigned` are open
 * ones. Read from the counters that changing a conversation keeps (table conversation_count); nothing is counted here.
 */
export async function countConversations(db: Db, actor: Actor): Promise<ConversationCounts> {
  const rows = await db.query<{ state: string; whose: string; total: string; unread: string }>(
    `select state, case assignee_id when 0 then 'nobody' when $2::bigint then 'me' else 'others' end as whose,
            sum(total) as total, sum(unread) as unread
     from conversation_count where channel_id = any($1::bigint[]) group by 1, 2`,
    [actor.channels.view, actor.userId],
  )
  const sum = (test: (row: { state: string; whose: string }) => boolean): { total: number; unread: number } => {
    const some = rows.filter(test)
    return {
      total: some.reduce((all, row) => all + Number(row.total), 0),
      unread: some.reduce((all, row) => all + Number(row.unread), 0),
    }
  }
  return {
    mine: sum((row) => row.state === 'open' && row.whose === 'me'),
    unassigned: sum((row) => row.state === 'open' && row.whose === 'nobody'),
    open: sum((row) => row.state === 'open'),
    waiting: sum((row) => row.state === 'waiting'),
    closed: sum((row) => row.state === 'closed'),
  }
}

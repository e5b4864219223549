import { once } from 'node:events'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { vectorOf } from '../server/src/conversations/search.ts'
import { foldContact } from '../server/src/crm/folding.ts'
import { createRandom, type Random } from './random.ts'
import { say } from './report.ts'
import { personOf, updateOf } from './updates.ts'
import { textOf, wordAt } from './vocabulary.ts'

/** How many messages a conversation has on average, and over how many months all of them are spread. */
const PER_CONVERSATION = 20
const MONTHS = 24
const CHUNK = 20_000
/** One activity in so many is a note. */
const NOTE_EVERY = 33

export interface Filled {
  contacts: number
  conversations: number
  messages: number
  notes: number
  events: number
}

/**
 * Fills a fresh database with `total` activities (messages, notes, events) of an office with these channels: seeded, so
 * the same everywhere; by COPY in pieces, so in little memory; in the order of time, as life would have stored them.
 * Indexes and foreign keys of the large tables are taken off meanwhile and put back.
 */
export async function fill(
  url: string,
  channelIds: readonly string[],
  userId: string,
  total: number,
  /** Who wrote what went out; none: nobody in particular. */
  authors: readonly string[] = [],
): Promise<Filled> {
  const client = new pg.Client({ connectionString: url, options: '-c timezone=UTC -c statement_timeout=0' })
  await client.connect()
  try {
    for (let month = MONTHS + 1; month >= -2; month--)
      await client.query(`select message_search_month(now() - $1 * interval '1 month')`, [month])
    const restore = await takeOff(client)
    const filled = await load(client, channelIds, userId, total, authors)
    say(`stored ${total} activities, building indexes`)
    await client.query(`set maintenance_work_mem = '512MB'`)
    for (const text of restore) await client.query(text)
    for (const table of ['contact', 'identity', 'conversation', 'message', 'note', 'activity_event', 'inbound_event'])
      await client.query(
        `select setval(pg_get_serial_sequence($1, 'id'), (select coalesce(max(id), 1) from ${table}))`,
        [table],
      )
    await client.query('vacuum analyze')
    await client.query('checkpoint').catch(() => undefined)
    return filled
  } finally {
    await client.end()
  }
}

const LARGE = [
  'contact',
  'identity',
  'conversation',
  'message',
  'message_search',
  'note',
  'activity_event',
  'inbound_event',
]

/** Drops what slows loading these tables down; returns the statements that bring it back, keys before what refers to them. */
export async function takeOff(client: pg.Client, tables: readonly string[] = LARGE): Promise<string[]> {
  const { rows: constraints } = await client.query<{ owner: string; name: string; definition: string; kind: string }>(
    `select conrelid::regclass::text as owner, conname as name, pg_get_constraintdef(oid) as definition, contype as kind
     from pg_constraint where contype in ('f', 'u') and conparentid = 0
       and (conrelid::regclass::text = any($1) or confrelid::regclass::text = any($1))
     order by contype = 'f' desc`,
    [tables],
  )
  for (const { owner, name } of constraints) await client.query(`alter table ${owner} drop constraint "${name}"`)
  const { rows: indexes } = await client.query<{ name: string; definition: string }>(
    `select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
     from pg_index i join pg_class c on c.oid = i.indexrelid
     where i.indrelid::regclass::text = any($1) and not i.indisprimary and not c.relispartition`,
    [tables],
  )
  for (const { name } of indexes) await client.query(`drop index ${name}`)
  const add = (kind: string): string[] =>
    constraints
      .filter((one) => one.kind === kind)
      .map(({ owner, name, definition }) => `alter table ${owner} add constraint "${name}" ${definition}`)
  return [...add('u'), ...indexes.map(({ definition }) => definition.replace(' ON ONLY ', ' ON ')), ...add('f')]
}

interface Talk {
  id: number
  contact: number
  channel: string
  left: number
  count: number
  started: number
  last: number
  text: string
  direction: 'in' | 'out'
  messageId: number
  unread: number
}

async function load(
  client: pg.Client,
  channelIds: readonly string[],
  userId: string,
  total: number,
  authors: readonly string[],
): Promise<Filled> {
  const random = createRandom(20_260_000 + total)
  const conversations = Math.max(10, Math.floor(total / PER_CONVERSATION))
  const contacts = Math.ceil(conversations * 0.9)
  const end = Date.now() - 60_000
  const begin = end - MONTHS * 30 * 86_400_000
  const events = Math.min(contacts, Math.floor(total * 0.04))
  await loadContacts(client, random, { contacts, channelIds, begin, end, events })

  const pieces = openPieces(client, authors)
  const done = { contacts, conversations: 0, messages: 0, notes: 0, events }
  const active: Talk[] = []
  let begun = 0
  // A piece is stored while the next one is made.
  let stored = Promise.resolve()
  const window = Math.max(20, Math.floor(conversations / MONTHS))
  const begunTalk = (at: number): Talk => {
    const k = begun++
    const contact = k < contacts ? k : k - contacts
    const channel = channelIds[(contact + (k < contacts ? 0 : 1)) % channelIds.length] ?? ''
    const left = 1 + Math.floor(-Math.log(1 - random.next()) * (PER_CONVERSATION - 1))
    return {
      id: 0,
      contact,
      channel,
      left,
      count: 0,
      started: at,
      last: at,
      text: '',
      direction: 'in',
      messageId: 0,
      unread: 0,
    }
  }
  for (let n = 1; n <= total - events; n++) {
    const at = Math.floor(begin + ((end - begin) * n) / total)
    while (active.length < window && begun < conversations) active.push(begunTalk(at))
    const place = random.below(active.length)
    const talk = active[place]
    if (!talk) throw new Error('no conversation is under way')
    // Numbered when it has something in it: those that are begun last may stay empty.
    if (talk.id === 0) talk.id = ++done.conversations
    if (n % NOTE_EVERY === 0 && talk.count > 0) pieces.note(++done.notes, talk, userId, textOf(random, total).text, at)
    else {
      pieces.message(++done.messages, talk, random, total, at, at > end - 30 * 86_400_000)
      // The last ones go on until all messages are placed.
      if (--talk.left <= 0 && (active.length > 20 || begun < conversations)) {
        pieces.conversation(talk, random, userId, true)
        active[place] = active.at(-1) ?? talk
        active.pop()
      }
    }
    if (n % CHUNK === 0) {
      await stored
      stored = pieces.flush()
    }
    if (n % 500_000 === 0) say(`stored ${n} of ${total}`)
  }
  await stored
  for (const talk of active) if (talk.count > 0) pieces.conversation(talk, random, userId, false)
  await pieces.flush()
  return done
}

async function loadContacts(
  client: pg.Client,
  random: Random,
  ask: { contacts: number; channelIds: readonly string[]; begin: number; end: number; events: number },
): Promise<void> {
  const people = openPiece('contact (id, kind, name, origin_channel_id, root_id, folded, created_at, updated_at)')
  const identities = openPiece('identity (contact_id, kind, value, name, display, verified_at)')
  const events = openPiece('activity_event (contact_id, kind, at)')
  for (let n = 0; n < ask.contacts; n++) {
    const { id: address, first, last } = personOf(n)
    const kind = random.below(10) < 6 ? 'visitor' : 'person'
    // Some have a second family name or a firm, which few share.
    const name = `${first} ${last}${random.below(10) < 3 ? ` ${wordAt(200 + random.below(29_000))}` : ''}`
    const phone = kind === 'person' ? `+98912${String(random.below(10_000_000)).padStart(7, '0')}` : undefined
    const display = `@u${address}`
    const at = iso(Math.floor(ask.begin + ((ask.end - ask.begin) * n) / ask.contacts))
    const known = [{ kind: 'bale', value: String(address), display }]
    const folded = foldContact([name], phone ? [...known, { kind: 'phone', value: `${phone}`, display: null }] : known)
    people.add([n + 1, kind, name, ask.channelIds[n % ask.channelIds.length] ?? '', n + 1, folded, at, at])
    identities.add([n + 1, 'bale', String(address), `${first} ${last}`, display, at])
    // A number that came up twice belongs to its first holder.
    if (phone && !seenPhones.has(phone)) identities.add([n + 1, 'phone', phone, null, null, at])
    if (phone) seenPhones.add(phone)
    if (n < ask.events) events.add([n + 1, 'contact_made', at])
    if (n % CHUNK === 0) for (const piece of [people, identities, events]) await piece.write(client)
  }
  for (const piece of [people, identities, events]) await piece.write(client)
  seenPhones.clear()
}
const seenPhones = new Set<string>()

interface Pieces {
  message(id: number, talk: Talk, random: Random, total: number, at: number, recent: boolean): void
  note(id: number, talk: Talk, userId: string, text: string, at: number): void
  conversation(talk: Talk, random: Random, userId: string, over: boolean): void
  flush(): Promise<void>
}

function openPieces(client: pg.Client, authors: readonly string[]): Pieces {
  const messages = openPiece(
    'message (id, conversation_id, channel_id, contact_id, direction, state, text, at, created_at, provider_key, origin, author_id)',
  )
  const words = openPiece('message_search (message_id, conversation_id, channel_id, created_at, words)')
  const notes = openPiece('note (id, contact_id, conversation_id, channel_id, author_id, text, at)')
  const events = openPiece('inbound_event (channel_id, event_key, via, body, state, received_at, processed_at)')
  const conversations = openPiece(
    'conversation (id, channel_id, contact_id, thread_key, state, assignee_id, last_at, last_message_id, last_message_at, last_text, last_direction, unread, created_at, closed_at)',
  )
  return {
    message(id, talk, random, total, ms, recent) {
      const { text, folded } = textOf(random, total)
      const at = iso(ms)
      const direction = talk.count === 0 || random.below(10) < 6 ? 'in' : 'out'
      const key = `${personOf(talk.contact).id}:${id}`
      messages.add([
        id,
        talk.id,
        talk.channel,
        talk.contact + 1,
        direction,
        direction === 'in' ? 'received' : 'sent',
        text,
        at,
        at,
        key,
        direction === 'in' ? 'contact' : 'agent',
        direction === 'in' ? null : (authors[id % authors.length] ?? null),
      ])
      words.add([id, talk.id, talk.channel, at, vectorOf(folded.join(' '))])
      if (recent && direction === 'in')
        events.add([talk.channel, `old-${id}`, 'hook', updateOf({ n: id, sender: talk.contact, text }), 'done', at, at])
      talk.count++
      talk.last = ms
      talk.text = text.slice(0, 160)
      talk.messageId = id
      talk.unread = direction === 'in' ? talk.unread + 1 : 0
      talk.direction = direction
    },
    note: (id, talk, userId, text, at) =>
      notes.add([id, talk.contact + 1, talk.id, talk.channel, userId, text, iso(at)]),
    conversation(talk, random, userId, over) {
      const state = over && random.below(100) < 85 ? 'closed' : random.below(10) < 8 ? 'open' : 'waiting'
      const assignee = random.below(10) < 3 ? userId : null
      const at = iso(talk.last)
      conversations.add([
        talk.id,
        talk.channel,
        talk.contact + 1,
        String(personOf(talk.contact).id),
        state,
        assignee,
        at,
        talk.messageId,
        at,
        talk.text,
        talk.direction,
        state === 'closed' ? 0 : talk.unread,
        iso(talk.started),
        state === 'closed' ? at : null,
      ])
    },
    async flush() {
      for (const piece of [messages, words, notes, events, conversations]) await piece.write(client)
    },
  }
}

/** Rows on their way into one table. */
export interface Piece {
  add(values: readonly (string | number | null)[]): void
  write(client: pg.Client): Promise<void>
}
export function openPiece(target: string): Piece {
  let rows: string[] = []
  return {
    add: (values) => void rows.push(values.map(cell).join('\t')),
    async write(client) {
      if (rows.length === 0) return
      const stream = client.query(copyFrom(`copy ${target} from stdin`))
      stream.end(`${rows.join('\n')}\n`)
      rows = []
      await once(stream, 'finish')
    },
  }
}

/** As COPY reads it. */
function cell(value: string | number | null): string {
  if (value === null) return '\\N'
  return String(value).replace(/[\\\t\n\r]/g, (one) => ESCAPES[one] ?? one)
}
const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }
export const iso = (ms: number): string => new Date(ms).toISOString()

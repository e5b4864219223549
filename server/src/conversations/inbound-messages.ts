import type { RemoteAttachment } from '#channels/contract.ts'
import type { Attachment, Conversation, Message, MESSAGE_KINDS } from '#shared/api/conversations.ts'
import { foldForIndex } from '#shared/text.ts'
import type { Tx } from '../platform/db.ts'
import type { LiveChannel } from './channel-registry.ts'
import type { KnownSender } from './inbound-batch.ts'
import type { Thread } from './inbound-threads.ts'
import { previewOf, storedText } from './message-text.ts'
import { indexMessages } from './search.ts'
import { CONVERSATION_COLUMNS, type ConversationRow, conversationView } from './views.ts'

export interface NewMessage {
  threadKey: string
  address: string
  providerKey: string
  kind: (typeof MESSAGE_KINDS)[number]
  text: string
  data: Record<string, unknown> | null
  attachments: RemoteAttachment[]
  replyToKey: string | undefined
  sentAt: Date
  tick: number
  editedAt: Date | null
}
export interface InsertedMessage {
  id: string
  conversationId: string
  threadKey: string
  /** Microseconds since 1970: a JavaScript Date has only milliseconds. */
  micros: bigint
  message: NewMessage
  /** As a reader would find it now. */
  view: Message
}
export interface Stored {
  messages: InsertedMessage[]
  /** Those that the messages moved, as they stand after it. */
  conversations: Conversation[]
}

/** Tries to fetch a file, in growing steps over more than a day: networks are away for hours at times. */
const FETCHES = 14

/** Without those that came before: a repeat must not open a conversation with nothing in it. */
export async function leaveOutStored(tx: Tx, channelId: string, messages: NewMessage[]): Promise<NewMessage[]> {
  if (messages.length === 0) return []
  const stored = await idsByKey(
    tx,
    channelId,
    messages.map((message) => message.providerKey),
  )
  return messages.filter((message) => !stored.has(message.providerKey))
}

/** Stores what is new of the batch, once each: the provider's key decides. Moves the conversations along with it. */
export async function insertMessages(
  tx: Tx,
  channel: LiveChannel,
  messages: NewMessage[],
  threads: Map<string, Thread>,
  senders: Map<string, KnownSender>,
): Promise<Stored> {
  if (messages.length === 0) return { messages: [], conversations: [] }
  const replies = await repliedTo(tx, channel.id, messages)
  const rows = await tx.query<InsertedRow>(
    // Where the provider's clock has only seconds, an answer within the second of our own message comes after it.
    `insert into message (conversation_id, channel_id, contact_id, direction, state, kind, text, data, at, provider_key, reply_to_id, edited_at)
     select m.conversation_id, $1, m.contact_id, 'in', 'received', m.kind, m.text, m.data,
            least(case when c.last_direction = 'out' and date_trunc('second', c.last_message_at) = m.sent_at then c.last_message_at else m.sent_at end
                  + make_interval(secs => m.tick / 1000000.0), now()), m.provider_key, m.reply_to_id, m.edited_at
     from unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::jsonb[], $7::timestamptz[], $8::int[], $9::text[], $10::bigint[], $11::timestamptz[])
       with ordinality as m(conversation_id, contact_id, kind, text, data, sent_at, tick, provider_key, reply_to_id, edited_at, n)
     join conversation c on c.id = m.conversation_id
     order by m.n
     on conflict (channel_id, provider_key) where provider_key is not null do nothing
     returning id, provider_key, conversation_id, contact_id, text, reply_to_id, at, (extract(epoch from at) * 1000000)::bigint as micros`,
    [
      channel.id,
      messages.map((m) => threads.get(m.threadKey)?.id ?? null),
      messages.map((m) => senders.get(m.address)?.contactId ?? null),
      messages.map((m) => m.kind),
      messages.map((m) => storedText(m.text)),
      messages.map((m) => (m.data ? JSON.stringify(m.data) : null)),
      messages.map((m) => m.sentAt),
      messages.map((m) => Math.min(Math.max(m.tick, 0), 999_999)),
      messages.map((m) => m.providerKey),
      messages.map((m) => (m.replyToKey ? (replies.get(m.replyToKey) ?? null) : null)),
      messages.map((m) => m.editedAt),
    ],
  )
  // The first of several with one key is the one that was stored.
  const byKey = new Map(messages.toReversed().map((message) => [message.providerKey, message]))
  const inserted = rows.flatMap((row) => {
    const message = byKey.get(row.provider_key)
    return message ? [insertedMessage(channel.id, row, message)] : []
  })
  await addAttachments(tx, inserted)
  await indexMessages(
    tx,
    inserted.map((row) => ({
      messageId: row.id,
      conversationId: row.conversationId,
      channelId: channel.id,
      folded: foldForIndex(searchable(row.message), 4000),
    })),
  )
  return { messages: inserted, conversations: await moveConversations(tx, inserted) }
}

interface InsertedRow {
  id: string
  provider_key: string
  conversation_id: string
  contact_id: string
  text: string
  reply_to_id: string | null
  at: Date
  micros: string
}

function insertedMessage(channelId: string, row: InsertedRow, message: NewMessage): InsertedMessage {
  const { id, conversation_id: conversationId } = row
  const view: Message = {
    id,
    conversationId,
    channelId,
    contactId: row.contact_id,
    direction: 'in',
    state: 'received',
    kind: message.kind,
    text: row.text,
    data: message.data,
    attachments: [],
    replyToId: row.reply_to_id,
    authorId: null,
    origin: 'contact',
    at: row.at.toISOString(),
    editedAt: message.editedAt?.toISOString() ?? null,
    failure: null,
    retryable: false,
  }
  return { id, conversationId, threadKey: message.threadKey, micros: BigInt(row.micros), message, view }
}

function searchable(message: NewMessage): string {
  return [message.text, ...message.attachments.map((attachment) => attachment.name ?? '')].join(' ')
}

async function repliedTo(tx: Tx, channelId: string, messages: NewMessage[]): Promise<Map<string, string>> {
  const keys = [...new Set(messages.flatMap((message) => message.replyToKey ?? []))]
  return keys.length === 0 ? new Map() : idsByKey(tx, channelId, keys)
}

async function idsByKey(tx: Tx, channelId: string, keys: string[]): Promise<Map<string, string>> {
  const rows = await tx.query<{ id: string; provider_key: string }>(
    // message_provider
    'select id, provider_key from message where channel_id = $1 and provider_key = any($2::text[])',
    [channelId, keys],
  )
  return new Map(rows.map((row) => [row.provider_key, row.id]))
}

async function addAttachments(tx: Tx, inserted: InsertedMessage[]): Promise<void> {
  const wanted = inserted.flatMap((row) =>
    row.message.attachments.slice(0, 20).map(({ remote, kind, ...told }, position) => ({
      row,
      position,
      remote,
      kind,
      name: told.name ?? null,
      mediaType: told.mediaType ?? null,
      size: whole(told.size, Number.MAX_SAFE_INTEGER),
      width: whole(told.width, 1_000_000),
      height: whole(told.height, 1_000_000),
      durationMs: whole(told.durationMs, 2_000_000_000),
    })),
  )
  if (wanted.length === 0) return
  const rows = await tx.query<{ id: string; message_id: string; position: number }>(
    `insert into attachment (message_id, position, kind, name, media_type, size, width, height, duration_ms, remote, state)
     select *, 'remote' from unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::int[], $8::int[], $9::int[], $10::jsonb[])
     returning id, message_id, position`,
    [
      wanted.map((w) => w.row.id),
      wanted.map((w) => w.position),
      wanted.map((w) => w.kind),
      wanted.map((w) => w.name),
      wanted.map((w) => w.mediaType),
      wanted.map((w) => w.size),
      wanted.map((w) => w.width),
      wanted.map((w) => w.height),
      wanted.map((w) => w.durationMs),
      wanted.map((w) => JSON.stringify(w.remote ?? null)),
    ],
  )
  const ids = new Map(rows.map((row) => [`${row.message_id} ${row.position}`, row.id]))
  for (const { row, position, remote: _remote, ...told } of wanted) {
    const id = ids.get(`${row.id} ${position}`)
    if (id === undefined) throw new Error('an attachment was not stored')
    const attachment: Attachment = { id, ...told, state: 'remote', failure: null, fileId: null }
    row.view.attachments.push(attachment)
    await tx.addJob('attachment.fetch', { attachmentId: id }, { key: `attachment:${id}`, maxAttempts: FETCHES })
  }
}

function whole(value: number | undefined, max: number): number | null {
  return value !== undefined && Number.isFinite(value) && value >= 0 && value <= max ? Math.round(value) : null
}

/** Moves the conversations of the batch: preview, unread, reopened. One statement; counters follow by trigger. */
async function moveConversations(tx: Tx, inserted: InsertedMessage[]): Promise<Conversation[]> {
  const moves = new Map<string, { count: number; last: InsertedMessage }>()
  for (const row of inserted) {
    const move = moves.get(row.conversationId)
    if (!move) moves.set(row.conversationId, { count: 1, last: row })
    else {
      move.count++
      if (row.micros >= move.last.micros) move.last = row
    }
  }
  const list = [...moves.entries()]
  if (list.length === 0) return []
  const rows = await tx.query<ConversationRow>(
    // A late older message does not become the preview.
    `update conversation c set
       last_at = now(), unread = c.unread + m.count, unanswered_since = coalesce(c.unanswered_since, now()), version = c.version + 1,
       state = 'open', closed_at = null, closed_by = null,
       last_message_at = greatest(c.last_message_at, m.at),
       last_message_id = case when m.at >= coalesce(c.last_message_at, m.at) then m.message_id else c.last_message_id end,
       last_text = case when m.at >= coalesce(c.last_message_at, m.at) then m.text else c.last_text end,
       last_kind = case when m.at >= coalesce(c.last_message_at, m.at) then m.kind else c.last_kind end,
       last_direction = case when m.at >= coalesce(c.last_message_at, m.at) then 'in' else c.last_direction end
     from (
       select id, count, message_id, text, kind, 'epoch'::timestamptz + micros * interval '1 microsecond' as at
       from unnest($1::bigint[], $2::int[], $3::bigint[], $4::text[], $5::text[], $6::bigint[]) as m(id, count, message_id, text, kind, micros)) m
     cross join contact o join contact r on r.id = o.root_id
     where c.id = m.id and o.id = c.contact_id
     returning ${CONVERSATION_COLUMNS}`,
    [
      list.map(([id]) => id),
      list.map(([, move]) => move.count),
      list.map(([, move]) => move.last.id),
      list.map(([, move]) => previewOf(move.last.message.text)),
      list.map(([, move]) => move.last.message.kind),
      list.map(([, move]) => String(move.last.micros)),
    ],
  )
  return rows.map(conversationView)
}

import type { Attachment, Conversation, Message } from '#shared/api/conversations.ts'
import type { FieldValues } from '#shared/api/fields.ts'
import { shownFields } from '../crm/fields.ts'
import type { Db } from '../platform/db.ts'

/**
 * Rows as the API and live events show them, loaded for many ids at once.
 * Rights are the caller's matter: whoever asks has checked them, or sends the result to an audience that has them.
 */

export interface ConversationRow {
  id: string
  channel_id: string
  state: Conversation['state']
  assignee_id: string | null
  queue_id: string | null
  last_at: Date
  last_text: string
  last_kind: Conversation['lastKind']
  last_direction: Conversation['lastDirection']
  unread: number
  unanswered_since: Date | null
  created_at: Date
  closed_at: Date | null
  fields: FieldValues
  version: number
  contact_id: string
  contact_kind: Conversation['contact']['kind']
  contact_name: string
  avatar_file_id: string | null
}

/** What `conversationView` needs, of a conversation `c` and of `r`, what its contact has become. */
export const CONVERSATION_COLUMNS = `c.id, c.channel_id, c.state, c.assignee_id, c.queue_id, c.last_at, c.last_text, c.last_kind,
  c.last_direction, c.unread, c.unanswered_since, c.created_at, c.closed_at, c.version, ${shownFields('conversation', 'c')} as fields,
  r.id as contact_id, r.kind as contact_kind, r.name as contact_name, r.avatar_file_id`

/** Conversations by id, in the order of the ids; unknown ids are left out. */
export async function loadConversations(db: Db, ids: readonly string[]): Promise<Conversation[]> {
  if (ids.length === 0) return []
  const rows = await db.query<ConversationRow>(
    // By primary keys throughout: conversation_pkey, contact_pkey twice (the contact it came with, then the one that became of it).
    `select ${CONVERSATION_COLUMNS}
     from unnest($1::bigint[]) with ordinality as asked(id, n)
     join conversation c on c.id = asked.id
     join contact o on o.id = c.contact_id join contact r on r.id = o.root_id
     order by asked.n`,
    [ids],
  )
  return rows.map(conversationView)
}

export function conversationView(row: ConversationRow): Conversation {
  return {
    id: row.id,
    channelId: row.channel_id,
    contact: { id: row.contact_id, kind: row.contact_kind, name: row.contact_name, avatarFileId: row.avatar_file_id },
    state: row.state,
    assigneeId: row.assignee_id,
    queueId: row.queue_id,
    lastAt: row.last_at.toISOString(),
    lastText: row.last_text,
    lastKind: row.last_kind,
    lastDirection: row.last_direction,
    unread: row.unread,
    unansweredSince: row.unanswered_since?.toISOString() ?? null,
    fields: row.fields,
    createdAt: row.created_at.toISOString(),
    closedAt: row.closed_at?.toISOString() ?? null,
    version: row.version,
  }
}

interface MessageRow {
  id: string
  conversation_id: string
  channel_id: string
  contact_id: string
  direction: Message['direction']
  state: Message['state']
  kind: Message['kind']
  text: string
  data: Record<string, unknown> | null
  reply_to_id: string | null
  author_id: string | null
  origin: Message['origin']
  at: Date
  edited_at: Date | null
  failure_code: string | null
  failure_detail: string | null
  rerouted_from_id: string | null
  rerouted_to_id: string | null
  campaign_id: string | null
}
interface AttachmentRow {
  id: string
  message_id: string
  kind: Attachment['kind']
  state: Attachment['state']
  failure: string | null
  name: string | null
  media_type: string | null
  size: string | null
  width: number | null
  height: number | null
  duration_ms: number | null
  file_id: string | null
}

/** Messages by id with their attachments, in the order of the ids; unknown ids are left out. */
export async function loadMessages(db: Db, ids: readonly string[]): Promise<Message[]> {
  if (ids.length === 0) return []
  const rows = await db.query<MessageRow>(
    `select m.id, m.conversation_id, m.channel_id, m.contact_id, m.direction, m.state, m.kind, m.text, m.data, m.reply_to_id,
            m.author_id, m.origin, m.at, m.edited_at, m.failure_code, m.failure_detail,
            m.rerouted_from_id, m.campaign_id,
            -- message_rerouted
            case when m.state = 'failed' and m.route is not null then (select n.id from message n where n.rerouted_from_id = m.id limit 1) end as rerouted_to_id
     from unnest($1::bigint[]) with ordinality as asked(id, n) join message m on m.id = asked.id order by asked.n`,
    [ids],
  )
  const attachments = await db.query<AttachmentRow>(
    `select id, message_id, kind, state, failure, name, media_type, size::text, width, height, duration_ms, file_id
     from attachment where message_id = any($1::bigint[]) order by message_id, position`,
    [ids],
  )
  const byMessage = groupBy(attachments)
  return rows.map((row) => messageView(row, byMessage.get(row.id) ?? []))
}

function groupBy(rows: AttachmentRow[]): Map<string, AttachmentRow[]> {
  const groups = new Map<string, AttachmentRow[]>()
  for (const row of rows) {
    const group = groups.get(row.message_id)
    if (group) group.push(row)
    else groups.set(row.message_id, [row])
  }
  return groups
}

function messageView(row: MessageRow, attachments: AttachmentRow[]): Message {
  return {
    id: row.id,
    conversationId: row.conversation_id,
    channelId: row.channel_id,
    contactId: row.contact_id,
    direction: row.direction,
    state: row.state,
    kind: row.kind,
    text: row.text,
    data: row.data,
    attachments: attachments.map(attachmentView),
    replyToId: row.reply_to_id,
    authorId: row.author_id,
    origin: row.origin,
    at: row.at.toISOString(),
    editedAt: row.edited_at?.toISOString() ?? null,
    failure: row.failure_code === null ? null : { code: row.failure_code, message: row.failure_detail ?? '' },
    retryable:
      row.direction === 'out' && (row.state === 'failed' || row.state === 'unknown') && row.rerouted_to_id === null,
    ...(row.rerouted_from_id !== null && { reroutedFromId: row.rerouted_from_id }),
    ...(row.rerouted_to_id !== null && { reroutedToId: row.rerouted_to_id }),
    ...(row.campaign_id !== null && { campaignId: row.campaign_id }),
  }
}

function attachmentView(row: AttachmentRow): Attachment {
  return {
    id: row.id,
    kind: row.kind,
    state: row.state,
    failure: row.failure,
    name: row.name,
    mediaType: row.media_type,
    size: row.size === null ? null : Number(row.size),
    width: row.width,
    height: row.height,
    durationMs: row.duration_ms,
    fileId: row.file_id,
  }
}

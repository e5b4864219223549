import { foldForIndex } from '#shared/text.ts'
import type { Tx } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import type { LiveChannel } from './channel-registry.ts'
import { publishMessages } from './message-changes.ts'
import { previewOf } from './message-text.ts'
import { indexMessages } from './search.ts'

export const PRIORITY = { reply: 0, automatic: 5, bulk: 9 } as const

export interface NewOutbound {
  channel: LiveChannel
  conversation: { id: string; contactId: string; threadKey: string }
  text: string
  fileIds?: readonly string[]
  origin: 'agent' | 'api' | 'welcome'
  authorId?: string | null
  replyToId?: string | null
  /** Label of the "share my number" button; the channel must be able to. */
  askNumber?: string
  priority?: (typeof PRIORITY)[keyof typeof PRIORITY]
}

/**
 * The one way out. Stores the message as `waiting` with its place in the outbox, in the caller's transaction, and moves the
 * conversation. What a network cannot carry in one message becomes several, in order. Returns their ids, first to last.
 * The caller has checked rights, lengths and the channel's state.
 */
export async function queueMessage(tx: Tx, out: NewOutbound): Promise<string[]> {
  const files = await loadFiles(tx, out.fileIds ?? [])
  const ids: string[] = []
  for (const part of split(out, files)) ids.push(await insertPart(tx, out, part))
  await moveConversation(tx, out, ids.at(-1) ?? '', files)
  await publishMessages(
    tx,
    out.channel.id,
    ids,
    ids.map(() => out.conversation.id),
  )
  tx.afterCommit(() => wake(out.channel.id))
  return ids
}

/** Set by the sender on nodes that send; elsewhere the senders find the row by looking. */
let wake: (channelId: string) => void = () => undefined
export function onQueued(action: (channelId: string) => void): void {
  wake = action
}

interface FileRow {
  id: string
  name: string
  media_type: string
  size: string
  width: number | null
  height: number | null
  duration_ms: number | null
}
interface Part {
  text: string
  files: FileRow[]
  last: boolean
}

async function loadFiles(tx: Tx, ids: readonly string[]): Promise<FileRow[]> {
  if (ids.length === 0) return []
  const rows = await tx.query<FileRow>(
    `select f.id, f.name, f.media_type, f.size::text, f.width, f.height, f.duration_ms
     from unnest($1::bigint[]) with ordinality as asked(id, n) join file f on f.id = asked.id order by asked.n`,
    [ids],
  )
  if (rows.length !== ids.length) throw new Problem('file_gone')
  return rows
}

function split(out: NewOutbound, files: FileRow[]): Part[] {
  const { attachmentsPerMessage, captionLength } = out.channel.kind.kind.capabilities
  const groups: FileRow[][] = []
  for (let n = 0; n < files.length; n += attachmentsPerMessage) groups.push(files.slice(n, n + attachmentsPerMessage))
  const captioned = files.length > 0 && out.text.length <= captionLength
  const parts: Part[] = captioned || out.text === '' ? [] : [{ text: out.text, files: [], last: false }]
  groups.forEach((group, n) => parts.push({ text: captioned && n === 0 ? out.text : '', files: group, last: false }))
  const last = parts.at(-1)
  if (!last) throw new Error('a message without text and files was queued')
  last.last = true
  return parts
}

/** What an attachment is to a network, from its media type; what a network has no kind for goes as a document. */
export function attachmentKindOf(
  channel: LiveChannel,
  mediaType: string,
): 'photo' | 'video' | 'voice' | 'audio' | 'document' {
  const { attachments } = channel.kind.kind.capabilities
  const wanted = /^image\/(jpeg|png|webp)$/.test(mediaType)
    ? 'photo'
    : mediaType.startsWith('video/')
      ? 'video'
      : mediaType === 'audio/ogg'
        ? 'voice'
        : mediaType.startsWith('audio/')
          ? 'audio'
          : 'document'
  return attachments[wanted] ? wanted : 'document'
}

async function insertPart(tx: Tx, out: NewOutbound, part: Part): Promise<string> {
  const kinds = part.files.map((file) => attachmentKindOf(out.channel, file.media_type))
  const row = await tx.one<{ id: string }>(
    `insert into message (conversation_id, channel_id, contact_id, direction, state, kind, text, data, at, author_id, origin, reply_to_id)
     values ($1, $2, $3, 'out', 'waiting', $4, $5, $6, clock_timestamp(), $7, $8, $9) returning id`,
    [
      out.conversation.id,
      out.channel.id,
      out.conversation.contactId,
      kinds[0] ?? 'text',
      part.text,
      part.last && out.askNumber ? JSON.stringify({ askNumber: out.askNumber }) : null,
      out.authorId ?? null,
      out.origin,
      out.replyToId ?? null,
    ],
  )
  if (!row) throw new Error('the message was not stored')
  if (part.files.length > 0) {
    await tx.query(
      `insert into attachment (message_id, position, kind, name, media_type, size, width, height, duration_ms, file_id, state)
       select $1, a.n - 1, a.kind, f.name, f.media_type, f.size, f.width, f.height, f.duration_ms, f.id, 'ready'
       from unnest($2::bigint[], $3::text[]) with ordinality as a(file_id, kind, n) join file f on f.id = a.file_id`,
      [row.id, part.files.map((file) => file.id), kinds],
    )
  }
  await indexMessages(tx, [
    {
      messageId: row.id,
      conversationId: out.conversation.id,
      channelId: out.channel.id,
      folded: foldForIndex([part.text, ...part.files.map((f) => f.name)].join(' '), 4000),
    },
  ])
  await enqueue(tx, row.id, out.channel.id, out.conversation.threadKey, out.priority ?? PRIORITY.reply)
  return row.id
}

async function enqueue(
  tx: Tx,
  messageId: string,
  channelId: string,
  threadKey: string,
  priority: number,
): Promise<void> {
  await tx.query('insert into outbox (message_id, channel_id, thread_key, priority) values ($1, $2, $3, $4)', [
    messageId,
    channelId,
    threadKey,
    priority,
  ])
}

/** An agent's answer settles what waited; a program's message does not. */
async function moveConversation(tx: Tx, out: NewOutbound, messageId: string, files: FileRow[]): Promise<void> {
  const answered = out.origin !== 'welcome'
  await tx.query(
    `update conversation set last_at = now(), last_message_id = $2, last_message_at = (select at from message where id = $2), last_text = $3, last_kind = $4, last_direction = 'out',
       version = version + 1,
       unread = case when $5 then 0 else unread end, unanswered_since = case when $5 then null else unanswered_since end,
       state = case when state = 'closed' then 'open' else state end, closed_at = null, closed_by = null
     where id = $1`,
    [
      out.conversation.id,
      messageId,
      previewOf(out.text),
      out.text === '' && files[0] ? attachmentKindOf(out.channel, files[0].media_type) : 'text',
      answered,
    ],
  )
}

interface OutRow {
  id: string
  conversation_id: string
  channel_id: string
  thread_key: string
  state: string
  direction: string
}
async function lockMessage(tx: Tx, messageId: string): Promise<OutRow | undefined> {
  return tx.one<OutRow>(
    `select m.id, m.conversation_id, m.channel_id, c.thread_key, m.state, m.direction
     from message m join conversation c on c.id = m.conversation_id where m.id = $1 for update of m`,
    [messageId],
  )
}

/** Sends a failed message again, or one whose outcome is unknown: a person decided that it should. */
export async function retryMessage(tx: Tx, messageId: string): Promise<void> {
  const message = await lockMessage(tx, messageId)
  if (!message || message.direction !== 'out' || !['failed', 'unknown'].includes(message.state))
    throw new Problem('message_not_retryable')
  await tx.query(`update message set state = 'waiting', failure_code = null, failure_detail = null where id = $1`, [
    messageId,
  ])
  await enqueue(tx, messageId, message.channel_id, message.thread_key, PRIORITY.reply)
  await publishMessages(tx, message.channel_id, [messageId], [message.conversation_id])
  tx.afterCommit(() => wake(message.channel_id))
}

/** Takes a message back that no node has begun to send. */
export async function cancelMessage(tx: Tx, messageId: string): Promise<void> {
  // The outbox first, as the senders do: who locks in another order stops them for a second.
  const taken = await tx.one('delete from outbox where message_id = $1 and lease_node is null returning message_id', [
    messageId,
  ])
  const message = taken && (await lockMessage(tx, messageId))
  if (!message) throw new Problem('message_not_retryable')
  await tx.query(`update message set state = 'cancelled' where id = $1`, [messageId])
  await publishMessages(tx, message.channel_id, [messageId], [message.conversation_id])
}

import type { Message } from '#shared/api/conversations.ts'
import type { Money } from '#shared/api/field-values.ts'
import { foldForIndex } from '#shared/text.ts'
import { happened } from '../platform/happenings.ts'
import type { Tx } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import type { LiveChannel } from './channel-registry.ts'
import { pricesNow, reserveCosts, settleCosts } from './costs.ts'
import { publishMessages, tellThreads } from './message-changes.ts'
import { previewOf } from './message-text.ts'
import type { RouteReason, Way } from './routes.ts'
import { indexMessages } from './search.ts'
import { type Button, makeLinks } from './start-links.ts'
import { countUses } from './template-uses.ts'
import { customerTexts } from './welcome.ts'

export const PRIORITY = { reply: 0, automatic: 5, bulk: 9 } as const

/** Why a message goes by its way, as it is kept with it (`message.route`). */
export interface Route {
  reason: RouteReason
  /** Further ways the sender allowed, if this one cannot reach the person. */
  ways: readonly Way[]
  price: Money | null
  saved: Money | null
}

export interface NewOutbound {
  channel: LiveChannel
  conversation: { id: string; contactId: string; threadKey: string }
  text: string
  fileIds?: readonly string[]
  origin: Message['origin']
  authorId?: string | null
  replyToId?: string | null
  /** Label of the "share my number" button; the channel must be able to. */
  askNumber?: string
  priority?: number
  /** Absent: the conversation's own way. */
  route?: Route
  campaignId?: string | null
  automationId?: string | null
  templateId?: string | null
  reroutedFromId?: string
}

/**
 * The one way out. Stores messages as `waiting` with their places in the outbox, in the caller's transaction, reserves
 * what they will cost and moves their conversations; a few statements, however many they are. What a network cannot carry
 * in one message becomes several, in order. The caller has checked rights, lengths and the channels' states.
 * @returns per message asked for the ids of its parts, first to last
 */
export async function queueMessages(tx: Tx, outs: readonly NewOutbound[]): Promise<string[][]> {
  if (outs.length === 0) return []
  const files = await loadFiles(tx, [...new Set(outs.flatMap((out) => out.fileIds ?? []))])
  const parts = outs.flatMap((out) =>
    split(
      out,
      (out.fileIds ?? []).map((id) => need(files.get(id))),
    ),
  )
  const ids = await takeIds(tx, parts.length)
  parts.forEach((part, n) => (part.id = ids[n] ?? ''))
  const byOut = new Map<NewOutbound, StoredPart[]>()
  for (const part of parts) byOut.set(part.out, [...(byOut.get(part.out) ?? []), part])
  await insertMessages(tx, parts, (part) => byOut.get(part.out)?.[0]?.id ?? part.id)
  await insertAttachments(tx, parts)
  await indexMessages(
    tx,
    parts.map((part) => ({
      messageId: part.id,
      conversationId: part.out.conversation.id,
      channelId: part.out.channel.id,
      folded: foldForIndex([part.text, ...part.files.map((file) => file.name)].join(' '), 4000),
    })),
  )
  await enqueue(tx, parts)
  await reserve(tx, parts)
  await countUses(tx, usesOf(outs))
  const moved = await moveConversations(
    tx,
    [...byOut.values()].flatMap((own) => own.slice(-1)),
  )
  await tell(tx, parts, moved)
  for (const channelId of new Set(outs.map((out) => out.channel.id))) tx.afterCommit(() => wake(channelId))
  return outs.map((out) => (byOut.get(out) ?? []).map((part) => part.id))
}

/** What goes by another way was counted when it was first sent. */
function usesOf(outs: readonly NewOutbound[]): Map<string, number> {
  const times = new Map<string, number>()
  for (const { templateId, reroutedFromId } of outs)
    if (templateId && reroutedFromId === undefined) times.set(templateId, (times.get(templateId) ?? 0) + 1)
  return times
}

/** `queueMessages` for one. */
export async function queueMessage(tx: Tx, out: NewOutbound): Promise<string[]> {
  const [ids] = await queueMessages(tx, [out])
  return ids ?? []
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
interface StoredPart {
  out: NewOutbound
  id: string
  text: string
  files: FileRow[]
  last: boolean
  button: Button | null
}

async function loadFiles(tx: Tx, ids: readonly string[]): Promise<Map<string, FileRow>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.query<FileRow>(
    `select id, name, media_type, size::text, width, height, duration_ms from file where id = any($1::bigint[])`,
    [ids],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

function need(file: FileRow | undefined): FileRow {
  if (!file) throw new Problem('file_gone')
  return file
}

function split(out: NewOutbound, files: FileRow[]): StoredPart[] {
  const { attachmentsPerMessage, captionLength } = out.channel.kind.kind.capabilities
  const groups: FileRow[][] = []
  for (let n = 0; n < files.length; n += attachmentsPerMessage) groups.push(files.slice(n, n + attachmentsPerMessage))
  const captioned = files.length > 0 && out.text.length <= captionLength
  const part = (text: string, own: FileRow[]): StoredPart => ({
    out,
    id: '',
    text,
    files: own,
    last: false,
    button: null,
  })
  const parts = captioned || out.text === '' ? [] : [part(out.text, [])]
  groups.forEach((group, n) => parts.push(part(captioned && n === 0 ? out.text : '', group)))
  const last = parts.at(-1)
  if (!last) throw new Error('a message without text and files was queued')
  last.last = true
  return parts
}

/** Whether the channel can carry a text and files at all. */
export function canCarry(
  channel: LiveChannel,
  text: string,
  files: readonly { mediaType: string; size: number }[],
): boolean {
  const { textLength, attachments } = channel.kind.kind.capabilities
  return (
    text.length <= textLength &&
    files.every((file) => {
      const limit = attachments[attachmentKindOf(channel, file.mediaType)]
      return limit && (!limit.mediaTypes || limit.mediaTypes.includes(file.mediaType)) && file.size <= limit.maxBytes
    })
  )
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

/** Ids are taken ahead, so that each part is known by its own whatever order rows are stored in. */
async function takeIds(tx: Tx, count: number): Promise<string[]> {
  const rows = await tx.query<{ id: string }>(
    `select nextval(pg_get_serial_sequence('message', 'id')) as id from generate_series(1, $1::int)`,
    [count],
  )
  return rows.map((row) => row.id)
}

const kindOf = (part: StoredPart): Message['kind'] =>
  part.files[0] ? attachmentKindOf(part.out.channel, part.files[0].media_type) : 'text'

async function insertMessages(tx: Tx, parts: StoredPart[], firstOf: (part: StoredPart) => string): Promise<void> {
  await addButtons(tx, parts)
  await tx.query(
    `insert into message (id, conversation_id, channel_id, contact_id, direction, state, kind, text, data, at, author_id, origin, reply_to_id,
       route, campaign_id, automation_id, template_id, rerouted_from_id, part_of_id)
     overriding system value
     select id, conversation_id, channel_id, contact_id, 'out', 'waiting', kind, text, data, clock_timestamp(), author_id, origin, reply_to_id,
       route, campaign_id, automation_id, template_id, rerouted_from_id, part_of_id
     from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::jsonb[], $8::bigint[], $9::text[], $10::bigint[],
       $11::jsonb[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[])
       as m(id, conversation_id, channel_id, contact_id, kind, text, data, author_id, origin, reply_to_id, route, campaign_id, automation_id,
         template_id, rerouted_from_id, part_of_id)
     order by id`,
    [
      parts.map((part) => part.id),
      parts.map(({ out }) => out.conversation.id),
      parts.map(({ out }) => out.channel.id),
      parts.map(({ out }) => out.conversation.contactId),
      parts.map(kindOf),
      parts.map((part) => part.text),
      parts.map(dataOf),
      parts.map(({ out }) => out.authorId ?? null),
      parts.map(({ out }) => out.origin),
      parts.map(({ out }) => out.replyToId ?? null),
      parts.map(({ out }) => (out.route ? JSON.stringify(out.route) : null)),
      parts.map(({ out }) => out.campaignId ?? null),
      parts.map(({ out }) => out.automationId ?? null),
      parts.map(({ out }) => out.templateId ?? null),
      parts.map((part) => (firstOf(part) === part.id ? (part.out.reroutedFromId ?? null) : null)),
      parts.map((part) => (firstOf(part) === part.id ? null : firstOf(part))),
    ],
  )
}

/** The button that leads to the bot of the same account, below the last part of each message, where the channel has one. */
async function addButtons(tx: Tx, parts: readonly StoredPart[]): Promise<void> {
  const linked = parts.filter((part) => part.last && part.out.channel.leadsTo && part.out.channel.link.on)
  if (linked.length === 0) return
  const label = (await customerTexts(tx))('customer.open_chat')
  const buttons = await makeLinks(
    tx,
    linked.map(({ id, out }) => ({
      messageId: id,
      conversationId: out.conversation.id,
      channel: out.channel,
      label: out.channel.link.text || label,
    })),
  )
  linked.forEach((part) => (part.button = buttons.get(part.id) ?? null))
}

/** The address of the button is in the outbox alone: it holds the token. */
function dataOf({ out, last, button }: StoredPart): string | null {
  const asked = last && out.askNumber ? { askNumber: out.askNumber } : {}
  const data = { ...asked, ...(button && { link: { label: button.label, channelId: out.channel.leadsTo?.id } }) }
  return Object.keys(data).length > 0 ? JSON.stringify(data) : null
}

async function insertAttachments(tx: Tx, parts: readonly StoredPart[]): Promise<void> {
  const rows = parts.flatMap((part) => part.files.map((file, position) => ({ part, file, position })))
  if (rows.length === 0) return
  await tx.query(
    `insert into attachment (message_id, position, kind, name, media_type, size, width, height, duration_ms, file_id, state)
     select a.message_id, a.position, a.kind, f.name, f.media_type, f.size, f.width, f.height, f.duration_ms, f.id, 'ready'
     from unnest($1::bigint[], $2::bigint[], $3::int[], $4::text[]) as a(message_id, file_id, position, kind) join file f on f.id = a.file_id`,
    [
      rows.map(({ part }) => part.id),
      rows.map(({ file }) => file.id),
      rows.map(({ position }) => position),
      rows.map(({ part, file }) => attachmentKindOf(part.out.channel, file.media_type)),
    ],
  )
}

async function enqueue(tx: Tx, parts: readonly StoredPart[]): Promise<void> {
  await tx.query(
    `insert into outbox (message_id, channel_id, thread_key, priority, link)
     select * from unnest($1::bigint[], $2::bigint[], $3::text[], $4::smallint[], $5::jsonb[])`,
    [
      parts.map((part) => part.id),
      parts.map(({ out }) => out.channel.id),
      parts.map(({ out }) => out.conversation.threadKey),
      parts.map(({ out }) => out.priority ?? PRIORITY.reply),
      parts.map(({ button }) => (button ? JSON.stringify(button) : null)),
    ],
  )
}

/** What a message will cost is set aside from the moment it waits. */
async function reserve(tx: Tx, parts: readonly StoredPart[]): Promise<void> {
  const unpriced = new Set(parts.filter(({ out }) => !out.route).map(({ out }) => out.channel.id))
  const prices = unpriced.size > 0 ? await pricesNow(tx, [...unpriced]) : new Map<string, Money>()
  const rows = parts.flatMap(({ id, out }) => {
    const price = out.route ? out.route.price : (prices.get(out.channel.id) ?? null)
    const saved = out.route?.saved ?? null
    if (price === null && saved === null) return []
    return [
      {
        messageId: id,
        channelId: out.channel.id,
        contactId: out.conversation.contactId,
        campaignId: out.campaignId ?? null,
        automationId: out.automationId ?? null,
        userId: out.authorId ?? null,
        price: price ?? { amount: '0', currency: saved?.currency ?? 'IRR' },
        saved,
      },
    ]
  })
  if (rows.length > 0) await reserveCosts(tx, rows)
}

export const isBulk = (out: Pick<NewOutbound, 'priority'>): boolean => (out.priority ?? PRIORITY.reply) >= PRIORITY.bulk
const isPersons = (out: Pick<NewOutbound, 'origin'>): boolean => out.origin === 'agent' || out.origin === 'api'

/** Whether the conversation is for the agents' eyes from now on: what goes out by itself waits for the answer. */
export const opensConversation = (out: Pick<NewOutbound, 'origin' | 'priority'>): boolean =>
  !isBulk(out) && (isPersons(out) || out.origin === 'welcome')

interface Moved {
  id: string
  root_id: string
}

/**
 * An agent's answer settles what waited; a program's message does not. Bulk leaves the inbox in its order and closed
 * conversations closed. `lasts`: the last part of each message.
 */
async function moveConversations(tx: Tx, lasts: readonly StoredPart[]): Promise<Moved[]> {
  const byId = new Map(lasts.map((part) => [part.out.conversation.id, part]))
  const own = [...byId.values()]
  // In one order for everyone: who moves many waits for nobody who waits for him.
  if (own.length > 1)
    await tx.query('select from conversation where id = any($1::bigint[]) order by id for no key update', [
      own.map(({ out }) => out.conversation.id),
    ])
  return tx.query<Moved>(
    `update conversation c set last_message_id = m.message_id, last_message_at = s.at, last_text = m.text, last_kind = m.kind, last_direction = 'out',
       version = c.version + 1,
       last_at = case when m.opens or (not m.bulk and c.state <> 'closed') then now() else c.last_at end,
       unread = case when m.answers then 0 else c.unread end, unanswered_since = case when m.answers then null else c.unanswered_since end,
       state = case when m.opens and c.state = 'closed' then 'open' else c.state end,
       closed_at = case when m.opens then null else c.closed_at end, closed_by = case when m.opens then null else c.closed_by end
     from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::bool[], $6::bool[], $7::bool[])
       as m(id, message_id, text, kind, answers, opens, bulk)
     join message s on s.id = m.message_id join contact o on o.id = s.contact_id
     where c.id = m.id returning c.id, o.root_id`,
    [
      own.map(({ out }) => out.conversation.id),
      own.map(({ id }) => id),
      own.map(({ out }) => previewOf(out.text)),
      own.map((part) => (part.out.text === '' ? kindOf(part) : 'text')),
      own.map(({ out }) => isPersons(out)),
      own.map(({ out }) => opensConversation(out)),
      own.map(({ out }) => isBulk(out)),
    ],
  )
}

/** Bulk is told as the threads it touched, a row for all: a broadcast for each of a million would stop the screens. */
async function tell(tx: Tx, parts: readonly StoredPart[], moved: readonly Moved[]): Promise<void> {
  const rootOf = new Map(moved.map((row) => [row.id, row.root_id]))
  for (const channelId of new Set(parts.map(({ out }) => out.channel.id))) {
    const here = parts.filter(({ out }) => out.channel.id === channelId)
    const [bulk, single] = [here.filter(({ out }) => isBulk(out)), here.filter(({ out }) => !isBulk(out))]
    tellThreads(
      tx,
      channelId,
      bulk.map(({ out: { conversation } }) => ({ id: conversation.id, contactId: rootOf.get(conversation.id) ?? '' })),
    )
    await publishMessages(
      tx,
      channelId,
      single.map((part) => part.id),
      single.map(({ out }) => out.conversation.id),
    )
  }
}

interface OutRow {
  id: string
  conversation_id: string
  channel_id: string
  contact_id: string
  thread_key: string
  state: string
  direction: string
  data: { link?: { label: string } } | null
  author_id: string | null
  campaign_id: string | null
  automation_id: string | null
  route: Route | null
  rerouted: boolean
}
async function lockMessage(tx: Tx, messageId: string): Promise<OutRow | undefined> {
  return tx.one<OutRow>(
    `select m.id, m.conversation_id, m.channel_id, m.contact_id, c.thread_key, m.state, m.direction, m.data, m.author_id, m.campaign_id,
       m.automation_id, m.route, exists (select from message n where n.rerouted_from_id = m.id) as rerouted
     from message m join conversation c on c.id = m.conversation_id where m.id = $1 for update of m`,
    [messageId],
  )
}

/**
 * Sends a failed message again, or one whose outcome is unknown: a person decided that it should. One that may have gone
 * already stays on its way, whatever comes of it; one that went on by another way is over.
 */
export async function retryMessage(tx: Tx, channel: LiveChannel, messageId: string): Promise<void> {
  const message = await lockMessage(tx, messageId)
  if (!message || message.direction !== 'out' || !['failed', 'unknown'].includes(message.state) || message.rerouted)
    throw new Problem('message_not_retryable')
  await tx.query(
    `update message set state = 'waiting', failure_code = null, failure_detail = null,
       route = case when state = 'unknown' then jsonb_set(route, '{ways}', '[]') else route end where id = $1`,
    [messageId],
  )
  const label = message.data?.link?.label
  const links = label
    ? await makeLinks(tx, [{ messageId, conversationId: message.conversation_id, channel, label }])
    : undefined
  const button = links?.get(messageId)
  await tx.query(
    'insert into outbox (message_id, channel_id, thread_key, priority, link, doubt) values ($1, $2, $3, $4, $5, $6)',
    [
      messageId,
      message.channel_id,
      message.thread_key,
      PRIORITY.reply,
      button ? JSON.stringify(button) : null,
      message.state === 'unknown',
    ],
  )
  if (message.state === 'failed') await reserveAgain(tx, message)
  await publishMessages(tx, message.channel_id, [messageId], [message.conversation_id])
  tx.afterCommit(() => wake(message.channel_id))
}

async function reserveAgain(tx: Tx, message: OutRow): Promise<void> {
  const price = (await pricesNow(tx, [message.channel_id])).get(message.channel_id)
  if (!price) return
  const { id, channel_id: channelId, contact_id: contactId, route } = message
  const about = { campaignId: message.campaign_id, automationId: message.automation_id, userId: message.author_id }
  await reserveCosts(tx, [{ messageId: id, channelId, contactId, ...about, price, saved: route?.saved ?? null }])
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
  await settleCosts(tx, [{ messageId, outcome: 'released' }])
  await tellSettled(tx, [{ ...message, state: 'cancelled', failure_code: null, part_of_id: null }])
  await publishMessages(tx, message.channel_id, [messageId], [message.conversation_id])
}

/** Tells what became of messages to those who sent them by themselves: campaigns and automation. */
export async function tellSettled(
  tx: Tx,
  rows: readonly {
    id: string
    contact_id: string
    channel_id: string
    conversation_id: string
    state: string
    failure_code: string | null
    campaign_id: string | null
    automation_id: string | null
    part_of_id: string | null
  }[],
): Promise<void> {
  await happened(
    tx,
    rows
      .filter((row) => row.campaign_id !== null || row.automation_id !== null)
      .map((row) => ({
        kind: 'message.settled' as const,
        messageId: row.id,
        contactId: row.contact_id,
        channelId: row.channel_id,
        conversationId: row.conversation_id,
        data: {
          state: row.state,
          code: row.failure_code,
          campaignId: row.campaign_id,
          automationId: row.automation_id,
          partOfId: row.part_of_id,
        },
      })),
  )
}

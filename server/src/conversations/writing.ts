import type { Tx } from '../platform/db.ts'
import { happened } from '../platform/happenings.ts'
import { restoreTouched } from '../crm/deletion.ts'
import { Problem } from '../platform/problem.ts'
import type { Channels, LiveChannel } from './channel-registry.ts'
import { settleCosts } from './costs.ts'
import { tellThreads } from './message-changes.ts'
import { type NewOutbound, opensConversation, queueMessages } from './outbound.ts'
import type { Way } from './routes.ts'
import { shareLabel } from './welcome.ts'

/** What goes to one person. `ways`: the first is taken, the others are what the sender allowed if it cannot reach the person. */
export interface Writing {
  ways: readonly [Way, ...Way[]]
  text: string
  fileIds?: readonly string[]
  origin: 'agent' | 'api' | 'automation' | 'campaign'
  authorId?: string | null
  campaignId?: string
  automationId?: string
  templateId?: string
  /** With the button for sharing the own number, where the channel can. */
  askNumber?: boolean
}

/**
 * Writes to people first or again, whatever is under way in their chats; a few statements however many they are. What
 * goes out by itself (bulk, automation) opens no conversation: where none is open a closed one carries it, and opens
 * when the customer answers. Rights, lengths, exclusions and budgets are the caller's matter.
 * @returns the id of the first message of each writing, in order
 * @throws Problem `channel_not_active` when the channel of a first way is gone; what `reserveCosts` throws
 */
export async function writeTo(
  tx: Tx,
  channels: Channels,
  writings: readonly Writing[],
  priority: number,
): Promise<string[]> {
  const live = new Map((await channels.all()).map((channel) => [channel.id, channel]))
  const placed = writings.map((writing) => {
    const channel = live.get(writing.ways[0].channelId)
    if (!channel) throw new Problem('channel_not_active')
    return { ...writing, channel, way: writing.ways[0], priority }
  })
  const personal = placed.filter((one) => opensConversation(one))
  if (personal.length > 0)
    await restoreTouched(
      tx,
      undefined,
      personal.map((one) => one.way.contactId),
    )
  const conversations = await findConversations(tx, placed)
  const label = placed.some((one) => one.askNumber && canAsk(one.channel)) ? await shareLabel(tx) : ''
  const outs = placed.map((one, n): NewOutbound => {
    const [{ reason, price, saved }, ...further] = one.ways
    return {
      channel: one.channel,
      conversation: { id: conversations[n] ?? '', contactId: one.way.contactId, threadKey: one.way.threadKey },
      text: one.text,
      fileIds: one.fileIds ?? [],
      origin: one.origin,
      priority,
      route: { reason, ways: further, price, saved },
      authorId: one.authorId ?? null,
      campaignId: one.campaignId ?? null,
      automationId: one.automationId ?? null,
      templateId: one.templateId ?? null,
      ...(one.askNumber && canAsk(one.channel) && { askNumber: one.channel.welcome.buttonText || label }),
    }
  })
  return (await queueMessages(tx, outs)).map(([first = '']) => first)
}

export const canAsk = (channel: LiveChannel): boolean => channel.kind.kind.capabilities.askNumber

/** First key of the advisory locks (the second is the channel's) behind which conversations are made that nobody opened. */
const CARRIERS = 7002

type Placed = Pick<NewOutbound, 'origin' | 'priority'> & { way: Way; authorId?: string | null }

/**
 * The conversation of each chat: the one under way, else the last one, else a new one, which is closed until somebody
 * answers or a person writes in it (then it is the writer's own). In the order asked.
 */
export async function findConversations(tx: Tx, placed: readonly Placed[]): Promise<string[]> {
  const wanted = new Map(placed.map((one) => [keyOf(one.way), one]))
  const found = await lastOf(tx, [...wanted.values()])
  const missing = [...wanted].flatMap(([key, one]) => (found.has(key) ? [] : [one]))
  if (missing.length > 0) {
    const channelIds = [...new Set(missing.map((one) => one.way.channelId))].sort((a, b) => Number(a) - Number(b))
    for (const id of channelIds)
      await tx.query('select pg_advisory_xact_lock($1, ($2::bigint % 2147483647)::int)', [CARRIERS, id])
    for (const [key, row] of await lastOf(tx, missing)) found.set(key, row)
    const still = missing.filter((one) => !found.has(keyOf(one.way)))
    for (const [key, row] of await makeClosed(tx, still)) found.set(key, row)
  }
  const opened = [...wanted].filter(([key, one]) => opensConversation(one) && found.get(key)?.state === 'closed')
  await happened(
    tx,
    opened.map(([key, one]) => ({
      kind: 'conversation.opened' as const,
      conversationId: found.get(key)?.id ?? '',
      contactId: one.way.contactId,
      channelId: one.way.channelId,
      userId: one.authorId ?? null,
      data: { by: one.origin },
    })),
  )
  return placed.map((one) => found.get(keyOf(one.way))?.id ?? '')
}

const keyOf = (way: Pick<Way, 'channelId' | 'threadKey'>): string => `${way.channelId} ${way.threadKey}`

async function lastOf(tx: Tx, placed: readonly Placed[]): Promise<Map<string, { id: string; state: string }>> {
  const rows = await tx.query<{ channel_id: string; thread_key: string; id: string; state: string }>(
    // conversation_thread_live and conversation_thread, one step of each per chat
    `select t.channel_id, t.thread_key, c.id, c.state from unnest($1::bigint[], $2::text[]) as t(channel_id, thread_key)
     cross join lateral (
       select * from (
         (select id, state from conversation where channel_id = t.channel_id and thread_key = t.thread_key and state <> 'closed')
         union all
         (select id, state from conversation where channel_id = t.channel_id and thread_key = t.thread_key and state = 'closed' order by id desc limit 1)) each
       order by state = 'closed' limit 1) c`,
    [placed.map((one) => one.way.channelId), placed.map((one) => one.way.threadKey)],
  )
  return new Map(rows.map((row) => [keyOf({ channelId: row.channel_id, threadKey: row.thread_key }), row]))
}

async function makeClosed(tx: Tx, placed: readonly Placed[]): Promise<Map<string, { id: string; state: string }>> {
  if (placed.length === 0) return new Map()
  const rows = await tx.query<{ channel_id: string; thread_key: string; id: string; state: string }>(
    // Closed as it is made: by this `openThreads` knows that nobody has closed it.
    `insert into conversation (channel_id, contact_id, identity_id, thread_key, assignee_id, state, created_at, closed_at, last_direction)
     select channel_id, contact_id, identity_id, thread_key, assignee_id, 'closed', now(), now(), 'out'
     from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[]) as c(channel_id, contact_id, identity_id, thread_key, assignee_id)
     returning id, channel_id, thread_key, state`,
    [
      placed.map((one) => one.way.channelId),
      placed.map((one) => one.way.contactId),
      placed.map((one) => one.way.identityId),
      placed.map((one) => one.way.threadKey),
      placed.map((one) => (opensConversation(one) ? (one.authorId ?? null) : null)),
    ],
  )
  return new Map(rows.map((row) => [keyOf({ channelId: row.channel_id, threadKey: row.thread_key }), row]))
}

interface Taken {
  id: string
  channel_id: string
  conversation_id: string
  contact_id: string
  first: boolean
}

/**
 * Takes unsent messages of a paused or cancelled campaign back as if they had never been: those that no node has begun to
 * send, a writing whole or not at all. What may have gone already stays: written anew it would have another id, and no
 * provider would know it for a repeat. Their conversations are as before; one that carried nothing else goes too.
 * @returns the ids that `writeTo` gave
 */
export async function takeBack(tx: Tx, campaignId: string): Promise<string[]> {
  const taken = await tx.query<Taken>(
    // message_campaign_waiting, outbox_pkey. Later parts of a writing wait for the first: who is not begun is not begun at all.
    `with free as (
       select o.message_id from message m join outbox o on o.message_id = m.id
       where m.campaign_id = $1 and m.state = 'waiting' and o.lease_node is null and not o.doubt order by o.message_id for update of o skip locked),
     whole as (
       select m.id from free f join message m on m.id = f.message_id
       where m.part_of_id is null or exists (select from free p where p.message_id = m.part_of_id)),
     gone as (delete from outbox where message_id in (select id from whole) and lease_node is null returning message_id)
     select m.id, m.channel_id, m.conversation_id, o.root_id as contact_id, m.part_of_id is null as first
     from gone join message m on m.id = gone.message_id join contact o on o.id = m.contact_id order by m.id`,
    [campaignId],
  )
  if (taken.length === 0) return []
  const ids = taken.map((row) => row.id)
  await settleCosts(
    tx,
    ids.map((messageId) => ({ messageId, outcome: 'released' as const })),
  )
  await tx.query('delete from start_link where message_id = any($1::bigint[]) and used_at is null', [ids])
  await tx.query('delete from message_search where message_id = any($1::bigint[])', [ids])
  await tx.query('delete from message where id = any($1::bigint[])', [ids])
  await putBack(tx, [...new Set(taken.map((row) => row.conversation_id))])
  for (const channelId of new Set(taken.map((row) => row.channel_id)))
    tellThreads(
      tx,
      channelId,
      taken
        .filter((row) => row.channel_id === channelId)
        .map((row) => ({ id: row.conversation_id, contactId: row.contact_id })),
    )
  return taken.filter((row) => row.first).map((row) => row.id)
}

/** What lists show of conversations whose last messages are gone. */
async function putBack(tx: Tx, ids: readonly string[]): Promise<void> {
  await tx.query('select from conversation where id = any($1::bigint[]) order by id for no key update', [ids])
  await tx.query(
    // A conversation that was made to carry what is taken back, and saw nothing else.
    `delete from conversation c where c.id = any($1::bigint[]) and c.state = 'closed' and c.closed_at = c.created_at
       and not exists (select from message where conversation_id = c.id) and not exists (select from note where conversation_id = c.id)
       and not exists (select from activity_event where conversation_id = c.id)`,
    [ids],
  )
  await tx.query(
    // message_thread
    `update conversation c set last_message_id = m.id, last_message_at = m.at, last_text = coalesce(left(m.text, 160), ''),
       last_kind = coalesce(m.kind, 'text'), last_direction = coalesce(m.direction, c.last_direction), version = c.version + 1
     from unnest($1::bigint[]) as asked(id)
     left join lateral (select id, at, text, kind, direction from message where conversation_id = asked.id order by at desc, id desc limit 1) m on true
     where c.id = asked.id`,
    [ids],
  )
}

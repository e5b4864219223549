import { happened } from '../platform/happenings.ts'
import type { Tx } from '../platform/db.ts'
import type { LiveChannel } from './channel-registry.ts'
import { settleCosts } from './costs.ts'
import { tellThreads } from './message-changes.ts'
import { canCarry, type NewOutbound, queueMessages, type Route } from './outbound.ts'
import type { Way } from './routes.ts'
import { canAsk, findConversations } from './writing.ts'

/** A message that has just failed because the person cannot be reached its way. */
export interface Lost {
  messageId: string
  /** Its place in the line, which the next one takes. */
  priority: number
  code: string
  detail: string
}

interface Row {
  id: string
  conversation_id: string
  channel_id: string
  contact_id: string
  root_id: string
  text: string
  data: { askNumber?: string } | null
  origin: NewOutbound['origin']
  author_id: string | null
  campaign_id: string | null
  automation_id: string | null
  template_id: string | null
  route: Route
}

/**
 * Sends what could not reach its person on by the next way that the sender allowed, in the transaction in which that
 * became known: a new message that names the old one. Whoever calls has turned the old one to `failed` in this
 * transaction, so two who learn of it at once send it on once. What the sender wrote as one goes as one.
 */
export async function reroute(tx: Tx, live: readonly LiveChannel[], lost: readonly Lost[]): Promise<void> {
  const byId = new Map(lost.map((one) => [one.messageId, one]))
  const rows = await tx.query<Row>(
    `select m.id, m.conversation_id, m.channel_id, m.contact_id, o.root_id, m.text, m.data, m.origin, m.author_id, m.campaign_id, m.automation_id,
       m.template_id, m.route
     from message m join contact o on o.id = m.contact_id
     where m.id = any($1::bigint[]) and m.route is not null and jsonb_array_length(m.route->'ways') > 0 order by m.id`,
    [lost.map((one) => one.messageId)],
  )
  if (rows.length === 0) return
  const rests = await restsOf(tx, rows)
  const files = await filesOf(tx, rows, rests)
  const resting = await unreachable(
    tx,
    rows.flatMap((row) => row.route.ways),
  )
  const channels = new Map(live.map((channel) => [channel.id, channel]))
  const next = rows.flatMap((row) => {
    const rest = rests.filter((one) => one.part_of_id === row.id)
    const parts = [row, ...rest].map((part) => part.id)
    const carried = files.filter((file) => parts.includes(file.message_id))
    const text = [row, ...rest].map((part) => part.text).find((words) => words !== '') ?? ''
    const at = row.route.ways.findIndex((way) => {
      const channel = channels.get(way.channelId)
      return channel?.state === 'active' && !resting.has(keyOf(way)) && canCarry(channel, text, carried)
    })
    const way = row.route.ways[at]
    const channel = way && channels.get(way.channelId)
    if (!way || !channel) return []
    const further = row.route.ways.slice(at + 1)
    const { priority = 0, code = '', detail = '' } = byId.get(row.id) ?? {}
    return [{ row, rest, way, channel, further, text, carried, priority, code, detail }]
  })
  if (next.length === 0) return
  await withdraw(
    tx,
    next.flatMap(({ rest, code, detail }) => rest.map(({ id }) => ({ id, code, detail }))),
  )
  const conversations = await findConversations(
    tx,
    next.map(({ row, way, priority }) => ({ way, priority, origin: row.origin, authorId: row.author_id })),
  )
  const ids = await queueMessages(
    tx,
    next.map(({ row, rest, way, channel, further, text, carried, priority }, n): NewOutbound => {
      const askNumber = [row, ...rest].map((part) => part.data?.askNumber).find((label) => label !== undefined)
      return {
        channel,
        conversation: { id: conversations[n] ?? '', contactId: way.contactId, threadKey: way.threadKey },
        text,
        fileIds: carried.map((file) => file.file_id),
        origin: row.origin,
        authorId: row.author_id,
        priority,
        route: { reason: 'fallback', ways: further, price: way.price, saved: way.saved },
        campaignId: row.campaign_id,
        automationId: row.automation_id,
        templateId: row.template_id,
        reroutedFromId: row.id,
        ...(askNumber !== undefined && canAsk(channel) && { askNumber }),
      }
    }),
  )
  await note(
    tx,
    next.map((one, n) => ({ ...one, newId: ids[n]?.[0] ?? '' })),
  )
}

const keyOf = (way: Pick<Way, 'identityId' | 'channelId'>): string => `${way.identityId} ${way.channelId}`

interface Rest {
  id: string
  part_of_id: string
  text: string
  data: { askNumber?: string } | null
}

/** Later parts of the same writing that still wait behind the one that failed: they go along with it. */
function restsOf(tx: Tx, rows: readonly Row[]): Promise<Rest[]> {
  return tx.query<Rest>(
    // message_part
    `select m.id, m.part_of_id, m.text, m.data from outbox o join message m on m.id = o.message_id
     where m.part_of_id = any($1::bigint[]) and m.state = 'waiting' and o.lease_node is null order by m.id for update of o`,
    [rows.map((row) => row.id)],
  )
}

interface Carried {
  message_id: string
  file_id: string
  mediaType: string
  size: number
}

async function filesOf(tx: Tx, rows: readonly Row[], rests: readonly Rest[]): Promise<Carried[]> {
  const found = await tx.query<{ message_id: string; file_id: string; media_type: string; size: string }>(
    `select a.message_id, f.id as file_id, f.media_type, f.size::text from attachment a join file f on f.id = a.file_id
     where a.message_id = any($1::bigint[]) order by a.message_id, a.position`,
    [[...rows, ...rests].map((row) => row.id)],
  )
  return found.map(({ media_type, size, ...row }) => ({ ...row, mediaType: media_type, size: Number(size) }))
}

/** Of these ways those that are known by now to lead to nobody: the mark rests on them, or the address is gone. */
async function unreachable(tx: Tx, ways: readonly Way[]): Promise<Set<string>> {
  const rows = await tx.query<{ identity_id: string; channel_id: string }>(
    // identity_pkey, identity_reach_pkey
    `select w.identity_id, w.channel_id from unnest($1::bigint[], $2::bigint[]) as w(identity_id, channel_id)
     left join identity i on i.id = w.identity_id left join channel c on c.id = w.channel_id
     left join identity_reach r on r.identity_id = w.identity_id and r.channel_id = w.channel_id
     where i.id is null or c.id is null or (not r.reachable and r.at > now() - make_interval(days => c.rest_days))`,
    [ways.map((way) => way.identityId), ways.map((way) => way.channelId)],
  )
  return new Set(rows.map((row) => keyOf({ identityId: row.identity_id, channelId: row.channel_id })))
}

async function withdraw(tx: Tx, rests: readonly { id: string; code: string; detail: string }[]): Promise<void> {
  if (rests.length === 0) return
  const ids = rests.map((one) => one.id)
  await tx.query('delete from outbox where message_id = any($1::bigint[])', [ids])
  await tx.query(
    `update message m set state = 'failed', failure_code = r.code, failure_detail = r.detail
     from unnest($1::bigint[], $2::text[], $3::text[]) as r(id, code, detail) where m.id = r.id`,
    [ids, rests.map((one) => one.code), rests.map((one) => one.detail)],
  )
  await settleCosts(
    tx,
    ids.map((messageId) => ({ messageId, outcome: 'released' as const })),
  )
}

/** In words on the timeline, to open screens, and to whoever sent it by itself. */
async function note(tx: Tx, gone: readonly { row: Row; way: Way; code: string; newId: string }[]): Promise<void> {
  await tx.query(
    `insert into activity_event (contact_id, conversation_id, channel_id, kind, data, at)
     select contact_id, conversation_id, channel_id, 'rerouted', data, clock_timestamp()
     from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::jsonb[]) as e(contact_id, conversation_id, channel_id, data)`,
    [
      gone.map(({ row }) => row.contact_id),
      gone.map(({ row }) => row.conversation_id),
      gone.map(({ row }) => row.channel_id),
      gone.map(({ row, way, code, newId }) =>
        JSON.stringify({ fromChannelId: row.channel_id, toChannelId: way.channelId, code, messageId: row.id, newId }),
      ),
    ],
  )
  for (const channelId of new Set(gone.map(({ row }) => row.channel_id)))
    tellThreads(
      tx,
      channelId,
      gone
        .filter(({ row }) => row.channel_id === channelId)
        .map(({ row }) => ({ id: row.conversation_id, contactId: row.root_id })),
    )
  await happened(
    tx,
    gone.map(({ row, way, newId }) => ({
      kind: 'message.rerouted' as const,
      messageId: row.id,
      contactId: row.contact_id,
      conversationId: row.conversation_id,
      channelId: row.channel_id,
      data: { newId, campaignId: row.campaign_id, automationId: row.automation_id, toChannelId: way.channelId },
    })),
  )
}

import type { ContactRoutes, Conversation, ConversationNew, MessageNew } from '#shared/api/conversations.ts'
import { restoreTouched } from '../crm/deletion.ts'
import { findOrMakeSenders, homeCountry, normalizeIdentity } from '../crm/identities.ts'
import { isWithin, visibleRoot } from '../crm/visibility.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { happened } from '../platform/happenings.ts'
import { need } from '../platform/http.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import type { Channels, LiveChannel } from './channel-registry.ts'
import { needChannel } from './channels.ts'
import { checkOutgoing } from './composing.ts'
import { pricesNow } from './costs.ts'
import { queueMessage } from './outbound.ts'
import { judge, type Way, waysTo } from './routes.ts'
import { fillMessage } from './template-sending.ts'
import { loadConversations } from './views.ts'
import { shareLabel } from './welcome.ts'

/**
 * Writes to somebody first. Goes on in the chat's conversation if one is under way; makes one otherwise. Without a
 * channel given, the best way is taken that can carry the message (see `waysTo`); with `fallback` the others follow if
 * the person cannot be reached by it.
 */
export async function startConversation(
  app: App,
  channels: Channels,
  actor: Actor,
  input: ConversationNew,
): Promise<Conversation> {
  if (input.message.internal) throw wrongField('message.internal', 'not_allowed')
  if (input.message.replyToId !== undefined) throw wrongField('message.replyToId', 'not_allowed')
  if ((input.contactId === undefined) === (input.identity === undefined)) throw wrongField('contactId', 'required')
  if (input.contactId !== undefined) need(actor, 'contact.view')
  const root = input.contactId === undefined ? null : await visibleRoot(app.db, actor, input.contactId)
  const message = await fillMessage(app.db, actor, { contactId: root }, input.message, 'message.')
  const candidates = await sendable(channels, actor, input.fallback ? undefined : input.channelId)
  const found =
    root === null ? await waysToIdentity(app, actor, candidates, input) : await waysToContact(app.db, root, candidates)
  const chosen = await choose(app, channels, actor, { ...input, message }, found)
  const [first] = chosen
  if (!first) throw new Problem('no_route')
  const channel = await channels.byId(first.channelId)
  await checkOutgoing(app.db, actor, channel, message, 'message.')
  if (!channel) throw new Problem('channel_not_active')
  return app.db.transaction(async (tx) => {
    const [way, ...further] = first.identityId === '' ? await makeContact(tx, channel, chosen) : chosen
    if (!way) throw new Error('the way is gone')
    await restoreTouched(tx, actor, [way.contactId])
    const id = await openConversation(tx, actor, way)
    await queueMessage(tx, {
      channel,
      conversation: { id, contactId: way.contactId, threadKey: way.threadKey },
      text: message.text ?? '',
      fileIds: message.attachmentIds ?? [],
      origin: actor.tokenId === undefined ? 'agent' : 'api',
      authorId: actor.userId,
      templateId: message.templateId ?? null,
      route: { reason: way.reason, ways: further, price: way.price, saved: way.saved },
      ...(message.askNumber && { askNumber: channel.welcome.buttonText || (await shareLabel(tx)) }),
    })
    const [conversation] = await loadConversations(tx, [id])
    if (!conversation) throw new Error('the conversation was not stored')
    return conversation
  })
}

/** The way that is taken and, if the sender allows them, those that follow it. */
async function choose(
  app: App,
  channels: Channels,
  actor: Actor,
  { channelId, fallback, message }: ConversationNew,
  ways: readonly Way[],
): Promise<Way[]> {
  const able: Way[] = []
  for (const way of ways) if (await carries(app, actor, await channels.byId(way.channelId), message)) able.push(way)
  // Where no way can carry it, the best one says what is wrong with it.
  const usable = able.length > 0 ? able : ways.slice(0, 1)
  const asked = channelId === undefined ? usable[0] : (ways.find((way) => way.channelId === channelId) ?? usable[0])
  if (!asked) return []
  if (channelId !== undefined && asked.channelId !== channelId) return []
  const first: Way = channelId === undefined ? asked : { ...asked, reason: 'asked_for' }
  return fallback ? [first, ...able.filter((way) => way !== asked)] : [first]
}

async function carries(
  app: App,
  actor: Actor,
  channel: LiveChannel | undefined,
  message: MessageNew,
): Promise<boolean> {
  try {
    await checkOutgoing(app.db, actor, channel, message)
    return true
  } catch (error) {
    if (error instanceof Problem) return false
    throw error
  }
}

/** The one channel asked for, or all on which the actor may send and something can be sent. */
async function sendable(channels: Channels, actor: Actor, channelId: string | undefined): Promise<LiveChannel[]> {
  if (channelId === undefined)
    return (await channels.all()).filter((one) => one.state === 'active' && actor.channels.send.includes(one.id))
  needChannel(actor, channelId, 'send')
  const channel = await channels.byId(channelId)
  if (channel?.state !== 'active') throw new Problem('channel_not_active')
  return [channel]
}

async function waysToContact(db: Db, rootId: string, channels: readonly LiveChannel[]): Promise<Way[]> {
  return (await waysTo(db, channels, [rootId], 'recent')).get(rootId)?.ways ?? []
}

/** To somebody we do not know yet (who becomes a contact with the message) the ways are without identity and contact. */
async function waysToIdentity(
  app: App,
  actor: Actor,
  channels: readonly LiveChannel[],
  { identity }: ConversationNew,
): Promise<Way[]> {
  if (!identity) return []
  const country = await homeCountry(app.db)
  const value = normalizeIdentity(identity.kind, identity.value, country, 'identity.value')
  const found = await app.db.one<{
    id: string
    root_id: string
    root: { kind: 'visitor' | 'person'; origin: string | null; channels: string[] }
  }>(
    `select i.id, r.id as root_id,
       json_build_object('kind', r.kind, 'origin', r.origin_channel_id::text, 'channels', r.channel_ids::text[]) as root
     from identity i join contact c on c.id = i.contact_id join contact r on r.id = c.root_id
     where i.kind = $1 and i.value = $2`,
    [identity.kind, value],
  )
  if (found) {
    const { kind, origin, channels: seenOn } = found.root
    // Whom one may not see one cannot write to; and does not learn that they are there.
    if (!isWithin(actor, { kind, origin_channel_id: origin, channel_ids: seenOn })) return []
    return (await waysToContact(app.db, found.root_id, channels)).filter((way) => way.identityId === found.id)
  }
  const able = channels.filter(({ kind: { kind } }) => kind.identityKind === identity.kind)
  const prices = await pricesNow(
    app.db,
    able.map((channel) => channel.id),
  )
  const stranger = { root_id: '', identity_id: '', contact_id: '', value, verified: false, thread_key: null }
  const unknown = { last_at: null, reachable: null, since: null, until: null }
  const addresses = able.map(({ id }) => ({ ...stranger, ...unknown, channel_id: id }))
  return judge(able, addresses, prices, 'given').ways
}

async function makeContact(tx: Tx, channel: LiveChannel, ways: readonly Way[]): Promise<Way[]> {
  const identityKind = channel.kind.kind.identityKind
  const address = ways[0]?.threadKey ?? ''
  const senders = [{ address, name: address }]
  const made = (await findOrMakeSenders(tx, { channelId: channel.id, identityKind, senders })).get(address)
  if (!made) throw new Error('the contact was not made')
  const { identityId, contactId } = made
  return ways.map((way) => ({ ...way, identityId, contactId }))
}

/** The conversation under way in the chat, locked; else a new one, which is the starter's own. */
async function openConversation(tx: Tx, actor: Actor, way: Way): Promise<string> {
  for (let round = 0; round < 3; round++) {
    const live = await tx.one<{ id: string }>(
      // conversation_thread_live
      `select id from conversation where channel_id = $1 and thread_key = $2 and state <> 'closed' for no key update`,
      [way.channelId, way.threadKey],
    )
    if (live) return live.id
    const made = await tx.one<{ id: string }>(
      `insert into conversation (channel_id, contact_id, identity_id, thread_key, assignee_id) values ($1, $2, $3, $4, $5)
       on conflict (channel_id, thread_key) where state <> 'closed' do nothing returning id`,
      [way.channelId, way.contactId, way.identityId, way.threadKey, actor.userId],
    )
    if (!made) continue
    const { channelId, contactId } = way
    const about = { conversationId: made.id, contactId, channelId, userId: actor.userId }
    await happened(tx, [{ kind: 'conversation.opened', ...about, data: { by: 'agent' } }])
    return made.id
  }
  throw new Problem('conflict')
}

/**
 * By which of the channels on which the actor may send the next message to a contact would go, and why not by the others.
 * @throws Problem `not_found` for a contact the actor may not see
 */
export async function contactRoutes(app: App, channels: Channels, actor: Actor, id: string): Promise<ContactRoutes> {
  const rootId = await visibleRoot(app.db, actor, id)
  const own = (await channels.all()).filter((channel) => actor.channels.send.includes(channel.id))
  const { ways, no } = (await waysTo(app.db, own, [rootId], 'recent')).get(rootId) ?? { ways: [], no: [] }
  const rows = await app.db.query<{ id: string; kind: string; value: string; display: string | null }>(
    'select id, kind, value, display from identity where id = any($1::bigint[])',
    [ways.map((way) => way.identityId)],
  )
  const byId = new Map(rows.map((row) => [row.id, row]))
  return {
    ways: ways.flatMap(({ channelId, identityId, reason, price, saved }) => {
      const identity = byId.get(identityId)
      if (!identity) return []
      const { kind, value, display } = identity
      return [{ channelId, identityId, identityKind: kind, address: display ?? value, reason, price, saved }]
    }),
    no,
  }
}

import type { Conversation, ConversationNew } from '#shared/api/conversations.ts'
import { restoreTouched } from '../crm/deletion.ts'
import { findOrMakeSenders, homeCountry, normalizeIdentity } from '../crm/identities.ts'
import { contactMembers } from '../crm/timeline.ts'
import { isWithin, visibleRoot } from '../crm/visibility.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { need } from '../platform/http.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import type { Channels, LiveChannel } from './channel-registry.ts'
import { needChannel } from './channels.ts'
import { checkOutgoing } from './composing.ts'
import { queueMessage } from './outbound.ts'
import { loadConversations } from './views.ts'
import { shareLabel } from './welcome.ts'

/** A way to reach somebody: an identity, on a channel that takes its kind. */
interface Way {
  channel: LiveChannel
  identityId: string
  contactId: string
  threadKey: string
}

/**
 * Writes to somebody first. Goes on in the chat's conversation if one is under way; makes one otherwise. Without a
 * channel given, the one on which the contact was last heard is taken, among those that can reach the contact.
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
  const candidates = await sendable(channels, actor, input.channelId)
  const way =
    input.contactId === undefined
      ? await wayToIdentity(app, actor, candidates, input)
      : await wayToContact(app.db, await visibleRoot(app.db, actor, input.contactId), candidates)
  if (!way) throw new Problem('no_route')
  await checkOutgoing(app.db, actor, way.channel, input.message, 'message.')
  return app.db.transaction(async (tx) => {
    const known = 'identityId' in way ? way : await makeContact(tx, way)
    await restoreTouched(tx, actor, [known.contactId])
    const id = await openConversation(tx, actor, known)
    await queueMessage(tx, {
      channel: known.channel,
      conversation: { id, contactId: known.contactId, threadKey: known.threadKey },
      text: input.message.text ?? '',
      fileIds: input.message.attachmentIds ?? [],
      origin: actor.tokenId === undefined ? 'agent' : 'api',
      authorId: actor.userId,
      ...(input.message.askNumber && { askNumber: known.channel.welcome.buttonText || (await shareLabel(tx)) }),
    })
    const [conversation] = await loadConversations(tx, [id])
    if (!conversation) throw new Error('the conversation was not stored')
    return conversation
  })
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

interface Identity {
  id: string
  contact_id: string
  kind: string
  value: string
}

async function wayToContact(db: Db, rootId: string, channels: LiveChannel[]): Promise<Way | undefined> {
  const identities = await db.query<Identity>(
    // identity_contact
    'select id, contact_id, kind, value from identity where contact_id = any($1::bigint[]) order by verified_at is null, id',
    [await contactMembers(db, rootId)],
  )
  return bestWay(db, identities, channels)
}

interface Past {
  channel_id: string
  identity_id: string
  thread_key: string
}

/** Where they wrote last comes first; then channels by which strangers can be written to. */
async function bestWay(db: Db, identities: Identity[], channels: LiveChannel[]): Promise<Way | undefined> {
  const ids = identities.map((identity) => identity.id)
  const past = await db.query<Past>(
    // conversation_contact
    `select channel_id, identity_id, thread_key from conversation
     where contact_id = any($1::bigint[]) and identity_id = any($2::bigint[]) and channel_id = any($3::bigint[])
     order by last_at desc, id desc limit 100`,
    [[...new Set(identities.map((one) => one.contact_id))], ids, channels.map((channel) => channel.id)],
  )
  const reach = await db.query<{ identity_id: string; channel_id: string; reachable: boolean }>(
    'select identity_id, channel_id, reachable from identity_reach where identity_id = any($1::bigint[])',
    [ids],
  )
  const reachable = new Map(reach.map((row) => [`${row.identity_id} ${row.channel_id}`, row.reachable]))
  const ways: { way: Way; rank: number }[] = []
  for (const channel of channels) {
    const { identityKind, capabilities } = channel.kind.kind
    for (const { id, contact_id, kind, value } of identities) {
      const known = reachable.get(`${id} ${channel.id}`)
      if (kind !== identityKind || known === false) continue
      const before = past.findIndex((row) => row.channel_id === channel.id && row.identity_id === id)
      if (before === -1 && known !== true && !capabilities.firstContact) continue
      const threadKey = past[before]?.thread_key ?? value
      const way = { channel, identityId: id, contactId: contact_id, threadKey }
      ways.push({ way, rank: before === -1 ? past.length : before })
    }
  }
  return ways.sort((a, b) => a.rank - b.rank)[0]?.way
}

/** Somebody we do not know yet; becomes a contact with the message. */
interface Stranger {
  channel: LiveChannel
  address: string
}

async function wayToIdentity(
  app: App,
  actor: Actor,
  channels: LiveChannel[],
  { identity }: ConversationNew,
): Promise<Way | Stranger | undefined> {
  if (!identity) return undefined
  const country = await homeCountry(app.db)
  const value = normalizeIdentity(identity.kind, identity.value, country, 'identity.value')
  const found = await app.db.one<
    Identity & { root: { kind: 'visitor' | 'person'; origin: string | null; channels: string[] } }
  >(
    `select i.id, i.contact_id, i.kind, i.value,
       json_build_object('kind', r.kind, 'origin', r.origin_channel_id::text, 'channels', r.channel_ids::text[]) as root
     from identity i join contact c on c.id = i.contact_id join contact r on r.id = c.root_id
     where i.kind = $1 and i.value = $2`,
    [identity.kind, value],
  )
  if (found) {
    const { kind, origin, channels: seenOn } = found.root
    // Whom one may not see one cannot write to; and does not learn that they are there.
    if (!isWithin(actor, { kind, origin_channel_id: origin, channel_ids: seenOn })) return undefined
    return bestWay(app.db, [found], channels)
  }
  const channel = channels.find(
    ({ kind: { kind } }) => kind.identityKind === identity.kind && kind.capabilities.firstContact,
  )
  return channel && { channel, address: value }
}

async function makeContact(tx: Tx, { channel, address }: Stranger): Promise<Way> {
  const identityKind = channel.kind.kind.identityKind
  const senders = [{ address, name: address }]
  const made = (await findOrMakeSenders(tx, { channelId: channel.id, identityKind, senders })).get(address)
  if (!made) throw new Error('the contact was not made')
  return { channel, identityId: made.identityId, contactId: made.contactId, threadKey: address }
}

/** The conversation under way in the chat, locked; else a new one, which is the starter's own. */
async function openConversation(tx: Tx, actor: Actor, way: Way): Promise<string> {
  for (let round = 0; round < 3; round++) {
    const live = await tx.one<{ id: string }>(
      // conversation_thread_live
      `select id from conversation where channel_id = $1 and thread_key = $2 and state <> 'closed' for no key update`,
      [way.channel.id, way.threadKey],
    )
    if (live) return live.id
    const made = await tx.one<{ id: string }>(
      `insert into conversation (channel_id, contact_id, identity_id, thread_key, assignee_id) values ($1, $2, $3, $4, $5)
       on conflict (channel_id, thread_key) where state <> 'closed' do nothing returning id`,
      [way.channel.id, way.contactId, way.identityId, way.threadKey, actor.userId],
    )
    if (made) return made.id
  }
  throw new Problem('conflict')
}

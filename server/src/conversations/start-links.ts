import { normalizePhone } from '#shared/phone-max.ts'
import { restoreTouched } from '../crm/deletion.ts'
import { homeCountry } from '../crm/identities.ts'
import { lockRoots } from '../crm/locking.ts'
import { findStandingMerge, joinContacts, unmerge } from '../crm/merging.ts'
import { publishContacts } from '../crm/publish.ts'
import { claimConflict, lockNumber, mustStayApart } from '../crm/share-number.ts'
import { happened } from '../platform/happenings.ts'
import type { Db, Tx } from '../platform/db.ts'
import { hashToken, newToken } from '../platform/secrets.ts'
import type { LiveChannel } from './channel-registry.ts'

/**
 * From a number to a chat (B5, B15): below a message that went by number stands a button to the bot of the same account,
 * with a one-time token in its address. Who presses it arrives at the bot as a stranger with that token, and is from then
 * on the contact who was written to. Only sharing the very number proves it; sharing another one shows that the message
 * was forwarded, and undoes it. Tokens are kept as hashes.
 */

const PREFIX = 'df'
/** Forgotten at a time. */
const PURGED = 5000
/** Ours, as they come back: other payloads of start links are somebody else's matter. */
const FORM = /^df_[A-Za-z0-9_-]{43}$/

/** A button as it goes out; `url` holds the token. */
export interface Button {
  label: string
  url: string
}

/** Makes a link for each message whose channel leads to a bot. Answers with the buttons, by the message's id. */
export async function makeLinks(
  tx: Tx,
  rows: readonly { messageId: string; conversationId: string; channel: LiveChannel; label: string }[],
): Promise<Map<string, Button>> {
  const made = rows.flatMap(({ messageId, conversationId, channel, label }) => {
    const bot = channel.leadsTo
    const token = newToken(PREFIX)
    const url = bot?.kind.kind.startLink?.(token, bot.account)
    if (!bot || url === undefined) return []
    return [{ messageId, conversationId, hash: hashToken(token), botId: bot.id, days: channel.link.days, label, url }]
  })
  if (made.length === 0) return new Map()
  await tx.query(
    // A conversation without an identity has nobody whom the link could name.
    `insert into start_link (token_hash, channel_id, contact_id, identity_id, message_id, expires_at)
     select l.hash, l.bot_id, i.contact_id, i.id, l.message_id, now() + make_interval(days => l.days)
     from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::int[]) as l(hash, bot_id, conversation_id, message_id, days)
     join conversation c on c.id = l.conversation_id join identity i on i.id = c.identity_id`,
    [
      made.map((one) => one.hash),
      made.map((one) => one.botId),
      made.map((one) => one.conversationId),
      made.map((one) => one.messageId),
      made.map((one) => one.days),
    ],
  )
  return new Map(made.map(({ messageId, label, url }) => [messageId, { label, url }]))
}

/** Somebody who arrived at a bot with a payload. `contactId`: the contact the identity came with. */
export interface Arrival {
  channelId: string
  identityId: string
  contactId: string
  conversationId: string
  payload: string
}

/**
 * What came of a link. `bound`: the visitor is part of the contact who was written to; `known`: was already; `again`: the
 * same person opened it before; `reused`: another did; `expired`; `forged`: there is no such link; `conflict`: two records,
 * and a person must decide; null: not a link of ours.
 */
export type ArrivalResult = 'bound' | 'known' | 'again' | 'reused' | 'expired' | 'forged' | 'conflict' | null

interface Link {
  contact_id: string
  identity_id: string
  channel_id: string
  used_by: string | null
  expired: boolean
  phone: string | null
  proven: boolean
}

/** Two who open one link at once wait for each other; the second finds it used. */
export async function openLink(tx: Tx, arrival: Arrival): Promise<{ result: ArrivalResult; asks: boolean }> {
  if (!FORM.test(arrival.payload)) return { result: null, asks: false }
  const hash = hashToken(arrival.payload)
  const link = await tx.one<Link>(
    // start_link_pkey, identity_pkey
    `select l.contact_id, l.identity_id, l.channel_id, l.used_by, l.expires_at < now() as expired,
       (select value from identity i where i.id = l.identity_id) as phone,
       coalesce((select verified_at is not null from identity i where i.id = l.identity_id), false) as proven
     from start_link l where l.token_hash = $1 for update of l`,
    [hash],
  )
  if (!link?.phone || link.channel_id !== arrival.channelId) return told(tx, arrival, 'forged')
  if (link.used_by === arrival.identityId) return { result: 'again', asks: false }
  const phone = link.phone
  if (link.used_by !== null) return told(tx, arrival, 'reused', { phone }, link.contact_id)
  if (link.expired) return told(tx, arrival, 'expired', { phone }, link.contact_id)
  const bound = await bindArrival(tx, arrival, { ...link, phone })
  await tx.query('update start_link set used_at = now(), used_by = $2, merge_id = $3 where token_hash = $1', [
    hash,
    arrival.identityId,
    bound.mergeId,
  ])
  return { result: bound.result, asks: bound.result !== 'conflict' && !link.proven }
}

async function told(
  tx: Tx,
  arrival: Arrival,
  result: 'forged' | 'reused' | 'expired',
  data: Record<string, string> = {},
  ownerId?: string,
): Promise<{ result: ArrivalResult; asks: boolean }> {
  const about = ownerId === undefined ? data : { ...data, otherId: ownerId }
  await note(tx, arrival, arrival.contactId, `start_link_${result}`, about)
  // Who was written to learns that another holds the link.
  if (ownerId !== undefined && result === 'reused')
    await note(tx, arrival, ownerId, 'start_link_reused', { ...data, otherId: arrival.contactId })
  return { result, asks: false }
}

async function bindArrival(
  tx: Tx,
  arrival: Arrival,
  link: Link & { phone: string },
): Promise<{ result: 'bound' | 'known' | 'conflict'; mergeId: string | null }> {
  const locked = await lockRoots(tx, [arrival.contactId, link.contact_id])
  // Who comes by a link is there again, and so is whom it was sent to: also for those who deleted them.
  await restoreTouched(tx, undefined, [...locked.keys()])
  const arrived = locked.get(arrival.contactId)
  const written = locked.get(link.contact_id)
  if (!arrived || !written) throw new Error(`no contact ${arrival.contactId} or ${link.contact_id}`)
  const { phone } = link
  if (arrived.id === written.id) {
    await note(tx, arrival, arrival.contactId, 'start_link_used', { phone })
    return { result: 'known', mergeId: null }
  }
  const [loser, winner] = arrived.kind === 'visitor' ? [arrived, written] : [written, arrived]
  if (loser.kind !== 'visitor' || (await mustStayApart(tx, loser, winner))) {
    await claimConflict(tx, arrival, {
      phone,
      ownerIdentityId: link.identity_id,
      ownerContactId: link.contact_id,
      sharer: arrived,
      other: written,
    })
    return { result: 'conflict', mergeId: null }
  }
  await note(tx, arrival, arrival.contactId, 'start_link_used', { phone })
  const { channelId, conversationId } = arrival
  const { id: mergeId } = await joinContacts(tx, {
    loser,
    winner,
    cause: 'start_link',
    by: null,
    channelId,
    conversationId,
  })
  await happened(tx, [
    { kind: 'contact.won', contactId: winner.id, conversationId, channelId, data: { channelId, how: 'start_link' } },
  ])
  return { result: 'bound', mergeId }
}

/**
 * Before a number is bound: who came by a link and shares another number than the one it was sent to had it from somebody
 * else, so the join is undone. Who shares the very number has proven it: it stands from then on.
 */
export async function judgeByNumber(
  tx: Tx,
  shared: {
    channelId: string
    identityId: string
    contactId: string
    conversationId?: string
    phone: string
    own: boolean
  },
): Promise<void> {
  if (!shared.own) return
  const links = await tx.query<{
    token_hash: string
    contact_id: string
    merge_id: string | null
    phone: string | null
    expected: string
  }>(
    // start_link_used
    `select l.token_hash, l.contact_id, l.merge_id, i.value as phone, l.identity_id as expected
     from start_link l left join identity i on i.id = l.identity_id
     where l.used_by = $1 and l.merge_id is not null and l.proven_at is null order by l.merge_id for update of l`,
    [shared.identityId],
  )
  if (links.length === 0) return
  const phone = normalizePhone(shared.phone, await homeCountry(tx))?.e164
  if (phone === undefined) return
  await lockNumber(tx, phone)
  if (links.some((link) => link.phone === phone) || (await isOwnNumber(tx, shared.contactId, phone))) {
    await tx.query('update start_link set proven_at = now() where token_hash = any($1::text[])', [
      links.map((link) => link.token_hash),
    ])
    return
  }
  for (const link of links) await undoJoin(tx, shared, link, phone)
}

/** A number that the record has beside the one that was written to is the same person's. */
async function isOwnNumber(tx: Tx, contactId: string, phone: string): Promise<boolean> {
  const own = await tx.one(
    `select from identity i join contact o on o.id = i.contact_id join contact c on c.id = $1
     where i.kind = 'phone' and i.value = $2 and o.root_id = c.root_id`,
    [contactId, phone],
  )
  return own !== undefined
}

async function undoJoin(
  tx: Tx,
  shared: { channelId: string; contactId: string; conversationId?: string },
  link: { contact_id: string; merge_id: string | null; phone: string | null },
  phone: string,
): Promise<void> {
  if (link.merge_id === null) return
  const known = await findStandingMerge(tx, link.merge_id)
  const root = known && (await lockRoots(tx, [known.loser_id])).get(known.loser_id)
  // Again under the lock: a person may have undone it before us.
  const merge = root && (await findStandingMerge(tx, link.merge_id))
  if (!merge) return
  await unmerge(tx, merge, root, null)
  const data = { phone, ...(link.phone && { sentTo: link.phone }) }
  await note(tx, shared, shared.contactId, 'start_link_forwarded', { ...data, otherId: link.contact_id })
  await note(tx, shared, link.contact_id, 'start_link_forwarded', { ...data, otherId: shared.contactId })
}

/** Once for each contact and thing told, on the timeline; in the thread only for whoever writes in it. */
async function note(
  tx: Tx,
  at: { channelId: string; contactId: string; conversationId?: string },
  contactId: string,
  kind: string,
  data: Record<string, string>,
): Promise<void> {
  await tx.query(
    // activity_event_contact
    `insert into activity_event (contact_id, conversation_id, channel_id, kind, data)
     select $1, $2, $3, $4, $5
     where not exists (select from activity_event where contact_id = $1 and kind = $4 and data @> $5::jsonb)`,
    [
      contactId,
      contactId === at.contactId ? (at.conversationId ?? null) : null,
      at.channelId,
      kind,
      JSON.stringify(data),
    ],
  )
  const root = await tx.one<{ id: string; kind: string; origin_channel_id: string | null; channel_ids: string[] }>(
    'select r.id, r.kind, r.origin_channel_id, r.channel_ids from contact c join contact r on r.id = c.root_id where c.id = $1',
    [contactId],
  )
  if (root) publishContacts(tx, [root])
}

/** Forgets links that nobody used in time: by then they are as good as forged. */
export async function forgetLinks(db: Db): Promise<void> {
  for (let gone = PURGED; gone === PURGED; ) {
    const rows = await db.query(
      // start_link_expired
      `delete from start_link where token_hash = any(array(
         select token_hash from start_link where expires_at < now() - interval '90 days' limit $1)) returning token_hash`,
      [PURGED],
    )
    gone = rows.length
  }
}

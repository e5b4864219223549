import { normalizePhone } from '#shared/phone-max.ts'
import { stripUnsafe } from '#shared/text.ts'
import type { Tx } from '../platform/db.ts'
import { tellFacts } from './contact-facts.ts'
import { restoreTouched } from './deletion.ts'
import { type LockedContact, lockRoots } from './locking.ts'
import { joinContacts } from './merging.ts'
import { recheck } from './duplicate-pairs.ts'
import { homeCountry } from './identities.ts'
import { publishContacts } from './publish.ts'
import { refold } from './refold.ts'

export interface SharedNumberSeen {
  channelId: string
  contactId: string
  /** The sender's identity on that channel. */
  identityId: string
  phone: string
  /** The provider proves that the number is the sender's own. */
  own: boolean
  conversationId?: string
}

/**
 * What came of a shared number. `added`: it is now a verified identity of the contact; `known`: it was already;
 * `joined`: a visitor became part of the contact that has the number; `conflict`: two records claim it and a person must
 * decide; `not_own`, `unreadable`: nothing was bound. `rootId`: the contact in which the sharer is found now.
 */
export interface ShareOutcome {
  result: 'added' | 'known' | 'joined' | 'conflict' | 'not_own' | 'unreadable'
  /** E.164; null when it is not a number. */
  phone: string | null
  rootId: string
  mergeId?: string
}

/**
 * B6 to B8: somebody shared a number through a channel. Does the same again without another effect. Two who share one
 * number at once wait for each other.
 */
export async function shareNumber(tx: Tx, seen: SharedNumberSeen): Promise<ShareOutcome> {
  const phone = normalizePhone(seen.phone, await homeCountry(tx))?.e164 ?? null
  // Before any contact is locked: whoever else shares this number now goes first or waits, and then sees what came of it.
  if (phone) await lockNumber(tx, phone)
  const owner = phone && seen.own ? await ownerOf(tx, phone) : undefined
  const locked = await lockRoots(tx, owner ? [seen.contactId, owner.contact_id] : [seen.contactId])
  // Who shares a number, and who has it, is there again: also for those who deleted them.
  await restoreTouched(tx, undefined, [...locked.keys()])
  const sharer = locked.get(seen.contactId)
  if (!sharer) throw new Error(`no contact ${seen.contactId}`)
  const base = { phone, rootId: sharer.id }
  if (!phone) {
    await tell(tx, seen, 'number_unreadable', { text: stripUnsafe(seen.phone.slice(0, 100)) })
    return { ...base, result: 'unreadable' }
  }
  if (!seen.own) {
    await tell(tx, seen, 'number_not_own', { phone })
    return { ...base, result: 'not_own' }
  }
  if (!owner) return bind(tx, seen, phone, sharer)
  const other = locked.get(owner.contact_id)
  if (!other) throw new Error(`no contact ${owner.contact_id}`)
  if (other.id === sharer.id) {
    if (await prove(tx, owner)) {
      await tell(tx, seen, 'number_shared', { phone })
      await touch(tx, sharer)
    }
    return { ...base, result: 'known' }
  }
  return settle(tx, { seen, phone, owner, sharer, other })
}

/** Until the transaction ends nobody else binds this number (E.164). Taken before any contact is locked. */
export async function lockNumber(tx: Tx, phone: string): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 17))', [`number ${phone}`])
}

interface Owner {
  id: string
  contact_id: string
  verified_at: Date | null
}

async function ownerOf(tx: Tx, phone: string): Promise<Owner | undefined> {
  return tx.one<Owner>(`select id, contact_id, verified_at from identity where kind = 'phone' and value = $1`, [phone])
}

async function bind(tx: Tx, seen: SharedNumberSeen, phone: string, sharer: LockedContact): Promise<ShareOutcome> {
  const made = await tx.one<{ id: string }>(
    `insert into identity (contact_id, kind, value, verified_at) values ($1, 'phone', $2, now())
     on conflict (kind, value) do nothing returning id`,
    [seen.contactId, phone],
  )
  // An agent who typed the number this moment was faster; now it has an owner.
  if (!made) return shareNumber(tx, seen)
  await tell(tx, seen, 'number_shared', { phone })
  await touch(tx, sharer)
  await refold(tx, [sharer.id])
  await tellFacts(tx, null, [
    { id: sharer.id, kind: sharer.kind, before: {}, after: { identity: { kind: 'phone', value: phone } } },
  ])
  return { result: 'added', phone, rootId: sharer.id }
}

/** Two contacts meet in one number. A visitor joins, two records never do by themselves, nor two people of one network. */
async function settle(
  tx: Tx,
  meeting: { seen: SharedNumberSeen; phone: string; owner: Owner; sharer: LockedContact; other: LockedContact },
): Promise<ShareOutcome> {
  const { seen, phone, owner, sharer, other } = meeting
  const [loser, winner] = sharer.kind === 'visitor' ? [sharer, other] : [other, sharer]
  if (loser.kind !== 'visitor' || (await mustStayApart(tx, loser, winner))) {
    await claimConflict(tx, seen, { phone, ownerIdentityId: owner.id, ownerContactId: owner.contact_id, sharer, other })
    return { result: 'conflict', phone, rootId: sharer.id }
  }
  const proven = await prove(tx, owner)
  await tell(tx, seen, 'number_shared', { phone })
  const { id: mergeId } = await joinContacts(tx, {
    loser,
    winner,
    cause: 'number_shared',
    by: null,
    channelId: seen.channelId,
    ...(seen.conversationId ? { conversationId: seen.conversationId } : {}),
    ...(proven ? { verified: { identityId: owner.id } } : {}),
  })
  return { result: 'joined', phone, rootId: winner.id, mergeId }
}

/** Two records, or two people of one network, claim a number: a person must decide. Told once. */
export async function claimConflict(
  tx: Tx,
  seen: { channelId: string; contactId: string; conversationId?: string },
  claim: {
    phone: string
    ownerIdentityId: string
    ownerContactId: string
    sharer: LockedContact
    other: LockedContact
  },
): Promise<void> {
  const { phone, sharer, other } = claim
  const made = await tx.one<{ id: string }>(
    `insert into identity_conflict (contact_id, identity_id, channel_id) values ($1, $2, $3)
     on conflict (contact_id, identity_id) do nothing returning id`,
    [seen.contactId, claim.ownerIdentityId, seen.channelId],
  )
  if (!made) return
  const data = { phone, conflictId: made.id }
  await tell(tx, seen, 'identity_conflict', { ...data, otherId: other.id })
  await tx.query(
    `insert into activity_event (contact_id, channel_id, kind, data) values ($1, $2, 'identity_conflict', $3)`,
    [claim.ownerContactId, seen.channelId, JSON.stringify({ ...data, otherId: sharer.id })],
  )
  await recheck(tx, [sharer.id, other.id])
  await touch(tx, sharer)
  await touch(tx, other)
}

/** Whether a program may not make them one, although one is a visitor: two people of one network, or a person took them apart. */
export async function mustStayApart(tx: Tx, loser: LockedContact, winner: LockedContact): Promise<boolean> {
  return (await bothOnOneNetwork(tx, loser.id, winner.id)) || takenApart(tx, loser.id, winner.id)
}

/** Whether each has a proven address on the same network: one network gives one person one address. */
async function bothOnOneNetwork(tx: Tx, one: string, two: string): Promise<boolean> {
  const shared = await tx.one(
    `with owned as (
       select distinct c.root_id, i.kind from contact c join identity i on i.contact_id = c.id
       where (c.id in ($1, $2) or (c.root_id in ($1, $2) and c.merged_into_id is not null))
         and i.verified_at is not null and i.kind not in ('phone', 'email'))
     select from owned group by kind having count(*) > 1 limit 1`,
    [one, two],
  )
  return shared !== undefined
}

/** A person has said before that these two are not the same: a program does not say otherwise. */
async function takenApart(tx: Tx, loserId: string, winnerId: string): Promise<boolean> {
  // merge_winner; contact_root
  const undone = await tx.one(
    `select from merge m join contact w on w.id = m.winner_id
     where m.loser_id = $1 and w.root_id = $2 and m.cause in ('number_shared', 'start_link')
       and m.undone_at is not null and m.undone_by is not null limit 1`,
    [loserId, winnerId],
  )
  return undone !== undefined
}

async function prove(tx: Tx, identity: Owner): Promise<boolean> {
  if (identity.verified_at) return false
  await tx.query('update identity set verified_at = now() where id = $1 and verified_at is null', [identity.id])
  return true
}

async function touch(tx: Tx, contact: LockedContact): Promise<void> {
  await tx.query('update contact set updated_at = now() where id = $1', [contact.id])
  publishContacts(tx, [contact])
}

/** Once for each contact and thing told: a repeated share says nothing new. */
async function tell(
  tx: Tx,
  seen: Pick<SharedNumberSeen, 'channelId' | 'contactId' | 'conversationId'>,
  kind: string,
  data: Record<string, string>,
): Promise<void> {
  await tx.query(
    `insert into activity_event (contact_id, conversation_id, channel_id, kind, data)
     select $1, $2, $3, $4, $5
     where not exists (select from activity_event where contact_id = $1 and kind = $4 and data @> $5::jsonb)`,
    [seen.contactId, seen.conversationId ?? null, seen.channelId, kind, JSON.stringify(data)],
  )
}

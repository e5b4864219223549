import type { Money } from '#shared/api/field-values.ts'
import type { Db } from '../platform/db.ts'
import type { LiveChannel } from './channel-registry.ts'
import { pricesNow } from './costs.ts'

export { takeBack, writeTo, type Writing } from './writing.ts'

/**
 * Why a message goes by its way. `known_chat`: the person has a chat there; `cheapest`: of several by number it costs
 * least; `only_way`: there is no other; `asked_for`: the sender named the channel; `fallback`: the one before could not
 * reach the person.
 */
export type RouteReason = 'known_chat' | 'cheapest' | 'only_way' | 'asked_for' | 'fallback'

/** A way to reach somebody: an identity, on a channel that takes its kind. */
export interface Way {
  channelId: string
  identityId: string
  /** Whose identity it is: the contact itself or one merged into it. */
  contactId: string
  threadKey: string
  /** Of one message; null: free, or not known. */
  price: Money | null
  /** How much less than by the number, thanks to the chat; null: nothing. */
  saved: Money | null
  reason: RouteReason
}

/** Why a channel is no way. `until`: not tried again before; `since`: could not be reached then. ISO times. */
export interface NoWay {
  channelId: string
  reason: 'no_address' | 'never_wrote' | 'unreachable' | 'not_active'
  until?: string
  since?: string
}

export interface Ways {
  ways: Way[]
  no: NoWay[]
}

/**
 * For many contacts at once, best first, over these channels: cheapest first, then a chat the person has, then in the
 * order in which the sender named the channels (`recent`: where they were last heard), then proven addresses and the
 * oldest. Keys: contact roots, all that were asked for. A few statements whatever the number of contacts.
 */
export async function waysTo(
  db: Db,
  channels: readonly LiveChannel[],
  rootIds: readonly string[],
  order: 'given' | 'recent' = 'given',
): Promise<Map<string, Ways>> {
  const found = new Map(rootIds.map((id): [string, Ways] => [id, { ways: [], no: [] }]))
  const active = channels.filter((channel) => channel.state === 'active')
  const [addresses, prices] = [
    await addressesOf(db, active, rootIds),
    await pricesNow(
      db,
      active.map(({ id }) => id),
    ),
  ]
  const byRoot = new Map<string, Address[]>()
  for (const row of addresses) byRoot.set(row.root_id, [...(byRoot.get(row.root_id) ?? []), row])
  for (const [rootId, result] of found) {
    const { ways, no } = judge(channels, byRoot.get(rootId) ?? [], prices, order)
    result.ways = ways
    result.no = no
  }
  return found
}

/** An identity of the contact on a channel that takes its kind, and what is known of reaching it there. */
export interface Address {
  root_id: string
  channel_id: string
  identity_id: string
  contact_id: string
  value: string
  verified: boolean
  /** The chat, if there ever was one. */
  thread_key: string | null
  last_at: Date | null
  reachable: boolean | null
  /** Since when it could not be reached, and until when it rests; both null when it may be tried. */
  since: Date | null
  until: Date | null
}

function addressesOf(db: Db, channels: readonly LiveChannel[], rootIds: readonly string[]): Promise<Address[]> {
  if (channels.length === 0 || rootIds.length === 0) return Promise.resolve([])
  return db.query<Address>(
    // contact_pkey and contact_root; identity_contact; conversation_identity and identity_reach_pkey, one step of each per address
    `select m.root_id, k.id as channel_id, i.id as identity_id, i.contact_id, i.value, i.verified_at is not null as verified,
       c.thread_key, c.last_at, r.reachable,
       case when not r.reachable and r.at + make_interval(days => k.rest_days) > now() then r.at end as since,
       case when not r.reachable and r.at + make_interval(days => k.rest_days) > now() then r.at + make_interval(days => k.rest_days) end as until
     from (
       select id, root_id from contact where id = any($1::bigint[])
       union all
       select id, root_id from contact where root_id = any($1::bigint[]) and merged_into_id is not null) m
     join identity i on i.contact_id = m.id
     join unnest($2::bigint[], $3::text[], $4::int[]) as k(id, identity_kind, rest_days) on k.identity_kind = i.kind
     left join lateral (
       select thread_key, last_at from conversation where identity_id = i.id and channel_id = k.id order by id desc limit 1) c on true
     left join identity_reach r on r.identity_id = i.id and r.channel_id = k.id`,
    [
      rootIds,
      channels.map((channel) => channel.id),
      channels.map((channel) => channel.kind.kind.identityKind),
      channels.map((channel) => channel.restDays),
    ],
  )
}

interface Candidate {
  way: Way
  known: boolean
  channel: number
  lastAt: number
  verified: boolean
}

/** The choice itself; pure. `addresses` are one contact's. */
export function judge(
  channels: readonly LiveChannel[],
  addresses: readonly Address[],
  prices: ReadonlyMap<string, Money>,
  order: 'given' | 'recent',
): Ways {
  const candidates: Candidate[] = []
  const no: NoWay[] = []
  channels.forEach((channel, n) => {
    if (channel.state !== 'active') return void no.push({ channelId: channel.id, reason: 'not_active' })
    const here = addresses.filter((address) => address.channel_id === channel.id)
    const open = here.filter((address) => address.until === null)
    const able = open.filter((address) => isChat(address) || channel.kind.kind.capabilities.firstContact)
    for (const address of able) candidates.push(candidateOf(channel, n, address, prices.get(channel.id) ?? null))
    if (able.length === 0) no.push(reasonAgainst(channel.id, here, open))
  })
  const currencies = [...new Set(channels.flatMap(({ id }) => prices.get(id)?.currency ?? []))]
  candidates.sort((a, b) => compare(a, b, currencies, order))
  const byNumber = candidates.filter((one) => !one.known).map((one) => one.way.price)
  for (const { way, known } of candidates) {
    way.reason = known ? 'known_chat' : candidates.length === 1 ? 'only_way' : 'cheapest'
    if (known) way.saved = savedBy(way.price, byNumber)
  }
  return { ways: candidates.map(({ way }) => way), no }
}

/** A chat that exists, or was proven to work once. */
const isChat = (address: Address): boolean => address.thread_key !== null || address.reachable === true

function candidateOf(channel: LiveChannel, n: number, address: Address, price: Money | null): Candidate {
  return {
    way: {
      channelId: channel.id,
      identityId: address.identity_id,
      contactId: address.contact_id,
      threadKey: address.thread_key ?? address.value,
      price,
      saved: null,
      reason: 'known_chat',
    },
    // Where anybody can be written to by number, having written there makes no chat of it.
    known: !channel.kind.kind.capabilities.firstContact,
    channel: n,
    lastAt: address.last_at?.getTime() ?? 0,
    verified: address.verified,
  }
}

function reasonAgainst(channelId: string, here: readonly Address[], open: readonly Address[]): NoWay {
  const [resting] = here.filter((address) => address.until !== null).sort((a, b) => time(a.until) - time(b.until))
  if (resting?.until && resting.since)
    return {
      channelId,
      reason: 'unreachable',
      since: resting.since.toISOString(),
      until: resting.until.toISOString(),
    }
  return { channelId, reason: open.length > 0 ? 'never_wrote' : 'no_address' }
}

const time = (at: Date | null): number => at?.getTime() ?? 0

/**
 * Amounts of different currencies say nothing of each other: what is free or not known comes first, then currency after
 * currency in the order of the channels.
 */
function compare(a: Candidate, b: Candidate, currencies: readonly string[], order: 'given' | 'recent'): number {
  return (
    comparePrices(a.way.price, b.way.price, currencies) ||
    Number(b.known) - Number(a.known) ||
    (order === 'recent' ? b.lastAt - a.lastAt : 0) ||
    a.channel - b.channel ||
    b.lastAt - a.lastAt ||
    Number(b.verified) - Number(a.verified) ||
    (BigInt(a.way.identityId) < BigInt(b.way.identityId) ? -1 : 1)
  )
}

function comparePrices(a: Money | null, b: Money | null, currencies: readonly string[]): number {
  const place = (price: Money | null): number =>
    price === null || BigInt(price.amount) === 0n ? -1 : currencies.indexOf(price.currency)
  if (place(a) !== place(b) || a === null || b === null) return place(a) - place(b)
  const [one, two] = [BigInt(a.amount), BigInt(b.amount)]
  return place(a) === -1 || one === two ? 0 : one < two ? -1 : 1
}

/** What the cheapest of the ways by number, in the same currency, would have cost more. */
function savedBy(price: Money | null, byNumber: readonly (Money | null)[]): Money | null {
  const dearer = byNumber.flatMap((other) =>
    other && (price === null || price.currency === other.currency)
      ? [{ ...other, amount: BigInt(other.amount) - BigInt(price?.amount ?? 0) }]
      : [],
  )
  const [least] = dearer.sort((a, b) => (a.amount < b.amount ? -1 : 1))
  return least && least.amount > 0n ? { amount: String(least.amount), currency: least.currency } : null
}

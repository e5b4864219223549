import { hash } from 'node:crypto'
import type { Db, Tx } from '../platform/db.ts'
import { type LiveChannel, ratesOf } from './channel-registry.ts'

/** How far ahead a node may take moments for sending. Short, so that a reply overtakes bulk almost at once. */
export const HORIZON_MS = 80

/** A node that was late by so much makes up for it; what is late by more is lost, or a pause would end in a burst. */
const CREDIT_MS = 150

/** Several nodes do not see each other's departures (departures.ts), so they stay a little below what is allowed. */
const SHARED = 0.98

/** The allowed rates in messages a second, and the account by which the provider counts them. */
export interface Pace {
  key: string
  channel: number
  chat: number
  account: number
}

/**
 * What is allowed on a channel. Channels of one kind whose account is the same at the provider share `account`; a channel
 * with an account of its own is one. `ratePerAccount` unless set is what one channel alone may do.
 */
export function paceOf(channel: Pick<LiveChannel, 'id' | 'kind' | 'settings'>): Pace {
  const { channel: perSecond, chat } = ratesOf(channel)
  const given = channel.settings['ratePerAccount']
  const account = channel.kind.kind.account?.(channel.settings)
  return {
    key:
      account === undefined
        ? `channel:${channel.id}`
        : `account:${channel.kind.kind.kind}:${hash('sha256', account).slice(0, 32)}`,
    channel: perSecond,
    chat,
    account: typeof given === 'number' && given > 0 ? given : perSecond,
  }
}

/** After a refusal the account rests at its lower rate so long, then gets back a tenth of the allowed rate a minute. */
const REST_S = 30
const REGAIN_PER_S = 1 / 600
/** A refusal takes this share; several within a second are one. */
const SLOWDOWN = 0.7
const SLOWEST = 0.05
const FACTOR = `least(1, factor + greatest(0, extract(epoch from clock_timestamp() - slowed_at) - ${REST_S}) * ${REGAIN_PER_S})`

export interface Moments {
  /** When messages may leave, ms since the epoch; empty: not now. */
  moments: number[]
  nextAt: number
  /** The allowed rates less what refusals taught. */
  channel: number
  account: number
}

/**
 * The rate of a channel and of its account, shared by all nodes: rows say when the next message may leave. Taking a
 * moment moves them by an interval each (`keepMoments`). The rows stay locked until the transaction ends. `unused` are
 * moments this node took before and did not need.
 */
export async function takeMoments(
  tx: Tx,
  channelId: string,
  pace: Pace,
  node: number,
  { wanted, unused }: { wanted: number; unused: number },
): Promise<Moments> {
  await tx.query(
    `with bucket as (insert into rate_bucket (channel_id, bucket, next_at) values ($1, '', now()) on conflict do nothing)
     insert into pace (key) values ($2) on conflict do nothing`,
    [channelId, pace.key],
  )
  const row = await tx.one<{ now: string; channel: string; account: string; factor: number; shared: boolean }>(
    `select extract(epoch from clock_timestamp()) * 1000 as now, extract(epoch from b.next_at) * 1000 as channel,
       extract(epoch from p.next_at) * 1000 as account, coalesce(${FACTOR}, 1)::float8 as factor,
       coalesce((p.node <> $3 and p.taken_at > clock_timestamp() - interval '5 s') or p.shared_at > clock_timestamp() - interval '5 s', false) as shared
     from pace p, rate_bucket b where p.key = $2 and b.channel_id = $1 and b.bucket = '' for update`,
    [channelId, pace.key, node],
  )
  const now = Number(row?.now ?? Date.now())
  const factor = (row?.factor ?? 1) * (row?.shared ? SHARED : 1)
  const channel = pace.channel * factor
  const account = pace.account * factor
  const interval = 1000 / Math.min(channel, account)
  const nextAt = Math.max(Number(row?.channel ?? now), Number(row?.account ?? now))
  // Only a node that is alone may make up for being late: its departures keep every window.
  const moments: number[] = []
  const first = row?.shared ? Math.max(nextAt, now) : Math.max(nextAt - unused * interval, now - CREDIT_MS)
  for (let at = first; moments.length < wanted; at += interval) {
    if (at > now + HORIZON_MS) break
    moments.push(at)
  }
  return { moments, nextAt, channel, account }
}

/** Keeps what was taken: the next moment of the account, of the channel and of each chat. */
export async function keepMoments(
  tx: Tx,
  channelId: string,
  pace: Pace,
  taken: Moments,
  chats: { threadKey: string; at: number }[],
  node: number,
): Promise<void> {
  const last = taken.moments[chats.length - 1]
  if (last === undefined) return
  await tx.query(
    // 'now' may be behind the moments: a node that was late catches up.
    `with account as (update pace set next_at = to_timestamp($4 / 1000.0), taken_at = clock_timestamp(), node = $5,
                        shared_at = case when node <> $5 and taken_at > clock_timestamp() - interval '5 s' then clock_timestamp() else shared_at end
                      where key = $6)
     insert into rate_bucket (channel_id, bucket, next_at)
     select $1, b.bucket, to_timestamp(b.next / 1000.0) from unnest($2::text[], $3::float8[]) as b(bucket, next)
     on conflict (channel_id, bucket) do update set next_at = greatest(rate_bucket.next_at, excluded.next_at)`,
    [
      channelId,
      ['', ...chats.map((one) => `chat:${one.threadKey}`)],
      [last + 1000 / taken.channel, ...chats.map((one) => one.at + 1000 / (pace.chat * SHARED))],
      last + 1000 / taken.account,
      node,
      pace.key,
    ],
  )
}

/** The provider said "not before": nobody sends on this channel (or in this chat) until then. */
export async function holdUntil(tx: Tx, channelId: string, threadKey: string | null, at: Date): Promise<void> {
  await tx.query(
    `insert into rate_bucket (channel_id, bucket, next_at) values ($1, $2, $3)
     on conflict (channel_id, bucket) do update set next_at = greatest(rate_bucket.next_at, excluded.next_at)`,
    [channelId, threadKey === null ? '' : `chat:${threadKey}`, at],
  )
}

/**
 * The provider found us too fast: the account goes slower from now on, and gets its speed back over minutes. False when it
 * has been slowed down for the same reason just now.
 */
export async function slowDown(tx: Tx, { key }: Pace, code: string): Promise<boolean> {
  const row = await tx.one(
    `insert into pace as p (key, factor, slowed_at, code) values ($1, ${SLOWDOWN}, clock_timestamp(), $2)
     on conflict (key) do update set factor = greatest(${SLOWEST}, coalesce(${FACTOR.replaceAll(/\b(factor|slowed_at)\b/g, 'p.$1')}, 1) * ${SLOWDOWN}),
       slowed_at = excluded.slowed_at, code = excluded.code
     where p.slowed_at is null or p.slowed_at < clock_timestamp() - interval '1 second' returning 1`,
    [key, code],
  )
  return row !== undefined
}

/** How fast a channel goes now. */
export interface PaceNow {
  /** Of the allowed rate, 0 … 1. */
  factor: number
  code: string | null
  slowedAt: Date | null
  /** When all of it is allowed again, if nothing is refused meanwhile. */
  fullAt: Date | null
  /** Told by the provider: nothing leaves before. */
  heldUntil: Date | null
}
export async function paceNow(db: Db, channelId: string, { key }: Pace): Promise<PaceNow> {
  const row = await db.one<{ factor: number | null; code: string | null; slowed_at: Date | null }>(
    `select (${FACTOR})::float8 as factor, code, slowed_at from pace where key = $1`,
    [key],
  )
  const held = await db.one<{ at: Date }>(
    `select next_at as at from rate_bucket where channel_id = $1 and bucket = '' and next_at > now() + interval '1 second'`,
    [channelId],
  )
  const factor = row?.factor ?? 1
  if (!row?.slowed_at || factor >= 1)
    return { factor: 1, code: null, slowedAt: null, fullAt: null, heldUntil: held?.at ?? null }
  const rest = Math.max(0, row.slowed_at.getTime() + REST_S * 1000 - Date.now())
  const fullAt = new Date(Date.now() + rest + ((1 - factor) / REGAIN_PER_S) * 1000)
  return { factor, code: row.code, slowedAt: row.slowed_at, fullAt, heldUntil: held?.at ?? null }
}

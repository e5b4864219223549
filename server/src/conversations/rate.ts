import type { Tx } from '../platform/db.ts'

/** How far ahead a node may take sending slots. Short, so that a reply overtakes bulk almost at once. */
const HORIZON_MS = 200

/** A little below what is allowed: timers and lines are late by some milliseconds, and a provider counts arrivals. */
const MARGIN = 0.98

/**
 * The channel's rate, shared by all nodes: one row says when the next message may leave. Taking n slots moves it by n
 * intervals, so no window of any length ever holds more than the rate allows. Returns the moments (ms since the epoch)
 * at which `wanted` messages at most may be sent; empty: not now.
 */
export async function takeSlots(
  tx: Tx,
  channelId: string,
  perSecond: number,
  wanted: number,
): Promise<{ slots: number[]; nextAt: number }> {
  await tx.query(
    `insert into rate_bucket (channel_id, bucket, next_at) values ($1, '', now()) on conflict do nothing`,
    [channelId],
  )
  const row = await tx.one<{ next: string; now: string }>(
    `select extract(epoch from next_at) * 1000 as next, extract(epoch from clock_timestamp()) * 1000 as now
     from rate_bucket where channel_id = $1 and bucket = '' for update`,
    [channelId],
  )
  const now = Number(row?.now ?? Date.now())
  const interval = intervalMs(perSecond)
  let at = Math.max(Number(row?.next ?? now), now)
  const nextAt = at
  const slots: number[] = []
  while (slots.length < wanted && at <= now + HORIZON_MS) {
    slots.push(at)
    at += interval
  }
  return { slots, nextAt }
}

function intervalMs(perSecond: number): number {
  return 1000 / (perSecond * MARGIN)
}

/** Keeps what was taken: the channel's next moment, and each chat's. */
export async function keepSlots(
  tx: Tx,
  channelId: string,
  perSecond: number,
  perChat: number,
  taken: { threadKey: string; at: number }[],
): Promise<void> {
  const last = taken.at(-1)
  if (!last) return
  await tx.query(
    `insert into rate_bucket (channel_id, bucket, next_at)
     select $1, b.bucket, to_timestamp(b.next / 1000.0) from unnest($2::text[], $3::float8[]) as b(bucket, next)
     on conflict (channel_id, bucket) do update set next_at = greatest(rate_bucket.next_at, excluded.next_at)`,
    [
      channelId,
      ['', ...taken.map((one) => `chat:${one.threadKey}`)],
      [last.at + intervalMs(perSecond), ...taken.map((one) => one.at + intervalMs(perChat))],
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

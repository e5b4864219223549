import type { Money } from '#shared/api/fields.ts'
import { dayOfParts, partsOfDay } from '#shared/days.ts'
import type { Calendar } from '#shared/locales.ts'
import type { Db, Tx } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { remindOfBudgets, remindOfWallets } from './reminders.ts'

/** What one message is expected to cost, and what its way saves against the dearest one it could have taken. */
export interface NewCost {
  messageId: string
  channelId: string
  contactId: string
  campaignId: string | null
  automationId: string | null
  userId: string | null
  price: Money
  saved: Money | null
}

/** What one message costs on each of the channels as of now. A channel that is missing is free, or nobody entered its price. */
export async function pricesNow(db: Db, channelIds: readonly string[]): Promise<Map<string, Money>> {
  const rows = await db.query<{ channel_id: string; amount: string; currency: string }>(
    // price_channel: one probe per channel
    `select c.id as channel_id, p.amount::text, p.currency from unnest($1::bigint[]) as c(id)
     cross join lateral (select amount, currency, valid_until from price where channel_id = c.id and valid_from <= now()
                         order by valid_from desc limit 1) p
     where p.valid_until is null or p.valid_until > now()`,
    [[...new Set(channelIds)]],
  )
  return new Map(rows.map((row) => [row.channel_id, { amount: row.amount, currency: row.currency }]))
}

export interface Quote {
  lines: { channelId: string; messages: number; price: Money | null; total: Money | null }[]
  /** One for each currency. */
  totals: Money[]
}
/** What so many messages would cost at today's prices, by channel and altogether. */
export async function quote(db: Db, rows: readonly { channelId: string; messages: number }[]): Promise<Quote> {
  const prices = await pricesNow(
    db,
    rows.map((row) => row.channelId),
  )
  const lines = rows.map(({ channelId, messages }) => {
    const price = prices.get(channelId) ?? null
    return { channelId, messages, price, total: price && times(price, messages) }
  })
  return { lines, totals: sumsOf(lines.flatMap(({ total }) => total ?? [])) }
}

export function times({ amount, currency }: Money, count: number): Money {
  return { amount: String(BigInt(amount) * BigInt(count)), currency }
}

/** Amounts added up, currency by currency in the order they first appear. */
export function sumsOf(amounts: readonly Money[]): Money[] {
  const sums = new Map<string, bigint>()
  for (const { amount, currency } of amounts) sums.set(currency, (sums.get(currency) ?? 0n) + BigInt(amount))
  return [...sums].map(([currency, sum]) => ({ amount: String(sum), currency }))
}

/**
 * Puts down what messages will cost, in the transaction that queues them. One that is sent again after it failed is reserved anew.
 * @throws Problem `budget_reached` (value `budgetId`) when messages of a campaign go beyond a budget: nothing of the
 *   transaction may stay. Who asks `bulkHold` first in the same transaction never sees it.
 */
export async function reserveCosts(tx: Tx, rows: readonly NewCost[]): Promise<void> {
  if (rows.length === 0) return
  const { day, month } = await todayOf(tx)
  await tx.query(
    `insert into cost_entry (message_id, channel_id, contact_id, campaign_id, automation_id, user_id, amount, currency, saved, day, month)
     select r.*, $10::date, $11::date from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
       $7::bigint[], $8::text[], $9::bigint[]) as r
     on conflict (message_id) do update set state = 'reserved', amount = excluded.amount, currency = excluded.currency, saved = excluded.saved,
       at = now(), day = excluded.day, month = excluded.month
       where cost_entry.state in ('released', 'uncertain')`,
    [
      rows.map((row) => row.messageId),
      rows.map((row) => row.channelId),
      rows.map((row) => row.contactId),
      rows.map((row) => row.campaignId),
      rows.map((row) => row.automationId),
      rows.map((row) => row.userId),
      rows.map((row) => row.price.amount),
      rows.map(currencyOf),
      rows.map((row) => (row.saved && row.saved.currency === currencyOf(row) ? row.saved.amount : '0')),
      day,
      month,
    ],
  )
  const bulk = rows.filter((row) => row.campaignId !== null && row.price.amount !== '0')
  if (bulk.length === 0) return
  const over = await tx.one<{ id: string }>(
    `select b.id from budget b join budget_use u on u.budget_id = b.id and u.period = ${PERIOD}
     where u.used > b.amount and b.currency = any($2::text[])
       and (b.scope = 'all' or b.channel_id = any($3::bigint[]) or b.campaign_id = any($4::bigint[])) limit 1`,
    [month, bulk.map(currencyOf), bulk.map((row) => row.channelId), bulk.map((row) => row.campaignId)],
  )
  if (over) throw new Problem('budget_reached', { budgetId: over.id })
}

/** A message that costs nothing counts in the currency of what it saved. */
const currencyOf = ({ price, saved }: NewCost): string =>
  price.amount === '0' && saved ? saved.currency : price.currency

/**
 * What became of them: `spent` once the provider has taken the message, `released` when it will never go, `uncertain`
 * while nobody knows whether it went. Messages without costs are passed over; the same outcome twice changes nothing.
 */
export async function settleCosts(
  tx: Tx,
  rows: readonly { messageId: string; outcome: 'spent' | 'released' | 'uncertain' }[],
): Promise<void> {
  if (rows.length === 0) return
  const moved = await tx.query<{ channel_id: string }>(
    // Released is over unless it went after all; spent is over.
    `update cost_entry e set state = r.outcome from unnest($1::bigint[], $2::text[]) as r(id, outcome)
     where e.message_id = r.id and e.state <> r.outcome and e.state <> 'spent' and (e.state <> 'released' or r.outcome = 'spent')
     returning e.channel_id`,
    [rows.map((row) => row.messageId), rows.map((row) => row.outcome)],
  )
  if (moved.length > 0) await remindOfWallets(tx, [...new Set(moved.map((row) => row.channel_id))])
}

/**
 * Whether `more` (minor units of the channel's price) would go beyond a budget: then the one it breaks. Asked in the
 * transaction that queues the messages it is exact: budgets stay locked until that ends, so no two pieces share the same rest.
 * The holders of `cost.manage` are told once per budget and month.
 */
export async function bulkHold(
  db: Db,
  { campaignId, channelId, more }: { campaignId: string | null; channelId: string; more: bigint },
): Promise<{ budgetId: string } | undefined> {
  const price = (await pricesNow(db, [channelId])).get(channelId)
  if (!price || more <= 0n) return undefined
  const { month } = await todayOf(db)
  const asked = [month, price.currency, channelId, campaignId]
  const which = `b.currency = $2 and (b.scope = 'all' or b.channel_id = $3 or b.campaign_id = $4)`
  await db.query(
    `insert into budget_use (budget_id, period) select b.id, ${PERIOD} from budget b where ${which} order by 1 on conflict do nothing`,
    asked,
  )
  const rows = await db.query<{ id: string; rest: string }>(
    `select b.id, (b.amount - u.used)::text as rest from budget_use u join budget b on b.id = u.budget_id
     where ${which} and u.period = ${PERIOD} order by u.budget_id for update of u`,
    asked,
  )
  const broken = rows.find((row) => BigInt(row.rest) < more)
  if (!broken) return undefined
  await remindOfBudgets(db, broken.id, month)
  return { budgetId: broken.id }
}

/** Of budget b, given the month's first day as $1. */
export const PERIOD = `case b.period when 'month' then $1::date else date '0001-01-01' end`

/** Today and the first day of this month by the organisation's clock and calendar, `YYYY-MM-DD`. */
export async function todayOf(db: Db): Promise<{ day: string; month: string }> {
  const row = await db.one<{ day: string; calendar: Calendar }>(
    `select to_char(now() at time zone time_zone, 'YYYY-MM-DD') as day, calendar from organisation`,
  )
  if (!row) throw new Error('there is no organisation')
  return { day: row.day, month: firstOfMonth(row.day, row.calendar) }
}

export function firstOfMonth(day: string, calendar: Calendar): string {
  return dayOfParts({ ...partsOfDay(day, calendar), day: 1 }, calendar) ?? day
}

import type { Price, PriceNew, PriceQuery } from '#shared/api/costs.ts'
import type { PageOf } from '#shared/api/common.ts'
import { CURRENCIES } from '#shared/money.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import { type Db, type Tx, violatedKey } from '../platform/db.ts'
import { decodeCursor, pageOf } from '../platform/http.ts'
import { Problem, wrongField } from '../platform/problem.ts'

interface Row {
  id: string
  channel_id: string
  amount: string
  currency: string
  valid_from: Date
  valid_until: Date | null
  current: boolean
  created_by: string | null
  created_at: Date
}
// A price holds until its end or until the next one begins, whatever comes first.
const SELECT = `select p.id, p.channel_id, p.amount::text, p.currency, p.valid_from, least(p.valid_until, n.valid_from) as valid_until,
    p.valid_from <= clock_timestamp() and coalesce(least(p.valid_until, n.valid_from) > clock_timestamp(), true) as current, p.created_by, p.created_at
  from price p left join lateral (select valid_from from price where channel_id = p.channel_id and valid_from > p.valid_from
                                  order by valid_from limit 1) n on true`

function priceOf(row: Row): Price {
  return {
    id: row.id,
    channelId: row.channel_id,
    price: { amount: row.amount, currency: row.currency },
    validFrom: row.valid_from.toISOString(),
    validUntil: row.valid_until?.toISOString() ?? null,
    current: row.current,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
  }
}

/** Those of the channels the actor may view, the latest entered first. */
export async function listPrices(db: Db, actor: Actor, query: PriceQuery): Promise<PageOf<Price>> {
  const limit = query.limit ?? 50
  const before = decodeCursor(query.cursor, 1)?.[0] ?? null
  const rows = await db.query<Row>(
    `${SELECT} where p.channel_id = any($1::bigint[]) and ($2::bigint is null or p.channel_id = $2) and ($3::bigint is null or p.id < $3)
     order by p.id desc limit $4`,
    [actor.channels.view, query.channelId ?? null, before, limit + 1],
  )
  return pageOf(rows, limit, priceOf, (row) => [row.id])
}

/** A clock of somebody else's may go a little after ours. */
const SLACK_MS = 60_000

/**
 * Enters what one message costs from a moment on. What was sent before keeps the price it was sent at.
 * @throws Problem `not_found` for a channel the actor may not view; `invalid_input` for a moment that is over or taken
 */
export async function addPrice(tx: Tx, actor: Actor, input: PriceNew): Promise<Price> {
  if (!actor.channels.view.includes(input.channelId)) throw new Problem('not_found')
  checkCurrency('price', input.price.currency)
  const from = input.validFrom === undefined ? null : new Date(input.validFrom)
  if (from && from.getTime() < Date.now() - SLACK_MS) throw wrongField('validFrom', 'out_of_range')
  const id = await insertPrice(tx, input.channelId, input.price, actor.userId, from)
  return settled(tx, actor, 'price.added', id, null)
}

async function insertPrice(
  tx: Tx,
  channelId: string,
  price: { amount: string; currency: string },
  by: string | null,
  from: Date | null,
): Promise<string> {
  try {
    const row = await tx.one<{ id: string }>(
      `insert into price (channel_id, amount, currency, created_by, valid_from)
       values ($1, $2, $3, $4, coalesce($5, clock_timestamp())) returning id`,
      [channelId, price.amount, price.currency, by, from],
    )
    return row?.id ?? ''
  } catch (error) {
    if (violatedKey(error)) throw wrongField('validFrom', 'already_used')
    throw error
  }
}

/** From now on the price does not hold; one that has not begun never will. */
export async function endPrice(tx: Tx, actor: Actor, id: string): Promise<Price> {
  const before = await load(tx, actor, id)
  await tx.query(
    `update price set valid_until = greatest(valid_from, clock_timestamp()) where id = $1 and (valid_until is null or valid_until > now())`,
    [id],
  )
  return settled(tx, actor, 'price.ended', id, before)
}

/** What a channel's settings say it costs is its price from then on; an unchanged one is left alone. */
export async function seedPrice(
  tx: Tx,
  channelId: string,
  setting: string | number | boolean | undefined,
  by: string | null,
): Promise<void> {
  if (typeof setting !== 'number' || !Number.isSafeInteger(setting) || setting < 0) return
  await tx.query(
    `insert into price (channel_id, amount, currency, created_by, valid_from)
     select $1, $2::bigint, o.currency, $3, clock_timestamp() from organisation o
     where ($2::bigint > 0 or exists (select from price where channel_id = $1))
       and not exists (select from (select amount, currency from price where channel_id = $1 and valid_from <= now()
                         order by valid_from desc limit 1) p where p.amount = $2::bigint and p.currency = o.currency)`,
    [channelId, setting, by],
  )
}

export function checkCurrency(field: string, currency: string): void {
  if (!CURRENCIES.some((one) => one === currency)) throw wrongField(field, 'not_allowed')
}

async function load(tx: Tx, actor: Actor, id: string): Promise<Price> {
  const row = await tx.one<Row>(`${SELECT} where p.id = $1 and p.channel_id = any($2::bigint[])`, [
    id,
    actor.channels.view,
  ])
  if (!row) throw new Problem('not_found')
  return priceOf(row)
}

async function settled(tx: Tx, actor: Actor, action: string, id: string, before: Price | null): Promise<Price> {
  const after = await load(tx, actor, id)
  await audit(tx, actor, action, { kind: 'price', id }, before, after)
  tx.publish({ need: 'cost.view' }, { kind: 'defined', what: 'prices' })
  return after
}

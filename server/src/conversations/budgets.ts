import type { Budget, BudgetNew, BudgetPatch } from '#shared/api/costs.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { PERIOD, todayOf } from './costs.ts'
import { checkCurrency } from './prices.ts'

/**
 * Limits on what sending in bulk may cost (`bulkHold` in costs.ts asks them). Answers of people count but are never held.
 */
const MAX_BUDGETS = 200

interface Row {
  id: string
  scope: Budget['scope']
  channel_id: string | null
  campaign_id: string | null
  period: Budget['period']
  currency: string
  amount: string
  used: string
  told_at: Date | null
  created_at: Date
}
const SELECT = `select b.id, b.scope, b.channel_id, b.campaign_id, b.period, b.currency, b.amount::text, coalesce(u.used, 0)::text as used,
    case when u.used >= b.amount or u.told_at is not null then coalesce(u.told_at, now()) end as told_at, b.created_at
  from budget b left join budget_use u on u.budget_id = b.id and u.period = ${PERIOD}`
const SEEN = `(b.channel_id is null or b.channel_id = any($2::bigint[]))`

function budgetOf(row: Row): Budget {
  return {
    id: row.id,
    scope: row.scope,
    channelId: row.channel_id,
    campaignId: row.campaign_id,
    period: row.period,
    limit: { amount: row.amount, currency: row.currency },
    used: { amount: row.used, currency: row.currency },
    reachedAt: row.told_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  }
}

/** All the actor may see, the oldest first. */
export async function listBudgets(db: Db, actor: Actor): Promise<{ items: Budget[] }> {
  const { month } = await todayOf(db)
  const rows = await db.query<Row>(`${SELECT} where ${SEEN} order by b.id limit ${MAX_BUDGETS}`, [
    month,
    actor.channels.view,
  ])
  return { items: rows.map(budgetOf) }
}

/** What was reserved and spent before counts. */
export async function addBudget(tx: Tx, actor: Actor, input: BudgetNew): Promise<Budget> {
  const { scope, limit } = input
  checkCurrency('limit', limit.currency)
  if ((scope === 'channel') !== (input.channelId !== undefined)) throw wrongField('channelId', 'required')
  if ((scope === 'campaign') !== (input.campaignId !== undefined)) throw wrongField('campaignId', 'required')
  if (input.channelId !== undefined && !actor.channels.view.includes(input.channelId)) throw new Problem('not_found')
  // Waits for all that is being written down, and lets nothing begin: cost_keep() counts for budgets it can see.
  await tx.query('select pg_advisory_xact_lock(712007)')
  const count = await tx.one<{ n: number }>('select count(*)::int as n from budget')
  if ((count?.n ?? 0) >= MAX_BUDGETS) throw new Problem('too_many', { max: MAX_BUDGETS })
  const row = await tx.one<{ id: string }>(
    `insert into budget (scope, channel_id, campaign_id, period, currency, amount, created_by) values ($1, $2, $3, $4, $5, $6, $7) returning id`,
    [
      scope,
      input.channelId ?? null,
      input.campaignId ?? null,
      input.period,
      limit.currency,
      limit.amount,
      actor.userId,
    ],
  )
  const id = row?.id ?? ''
  const { month } = await todayOf(tx)
  await tx.query(
    // Sums by day, not entries. cost_day_campaign for a campaign's.
    `insert into budget_use (budget_id, period, used)
     select b.id, ${PERIOD}, coalesce(sum(d.reserved + d.uncertain + d.spent), 0)
     from budget b left join cost_day d on d.currency = b.currency and (b.scope = 'all' or d.channel_id = b.channel_id or d.campaign_id = b.campaign_id)
       and (b.period = 'total' or d.month = $1::date)
     where b.id = $2 group by b.id, b.period`,
    [month, id],
  )
  return settled(tx, actor, 'budget.added', id, null)
}

/** A higher limit lets what was held go on when it is resumed. */
export async function changeBudget(tx: Tx, actor: Actor, id: string, { limit }: BudgetPatch): Promise<Budget> {
  const before = await load(tx, actor, id)
  if (limit.currency !== before.limit.currency) throw wrongField('limit', 'not_allowed')
  // The locks in their order: first what is used, as whoever sends in bulk does.
  await tx.query('select 1 from budget_use where budget_id = $1 order by period for update', [id])
  await tx.query('update budget set amount = $2 where id = $1', [id, limit.amount])
  // Reached anew, it is told anew.
  await tx.query('update budget_use set told_at = null where budget_id = $1 and used < $2', [id, limit.amount])
  return settled(tx, actor, 'budget.changed', id, before)
}

export async function deleteBudget(tx: Tx, actor: Actor, id: string): Promise<void> {
  const before = await load(tx, actor, id)
  await tx.query('select pg_advisory_xact_lock(712007)')
  await tx.query('delete from budget where id = $1', [id])
  await audit(tx, actor, 'budget.deleted', { kind: 'budget', id }, before, null)
  tx.publish({ need: 'cost.view' }, { kind: 'defined', what: 'budgets' })
}

async function load(tx: Tx, actor: Actor, id: string): Promise<Budget> {
  const { month } = await todayOf(tx)
  const row = await tx.one<Row>(`${SELECT} where ${SEEN} and b.id = $3`, [month, actor.channels.view, id])
  if (!row) throw new Problem('not_found')
  return budgetOf(row)
}

async function settled(tx: Tx, actor: Actor, action: string, id: string, before: Budget | null): Promise<Budget> {
  const after = await load(tx, actor, id)
  await audit(tx, actor, action, { kind: 'budget', id }, before, after)
  tx.publish({ need: 'cost.view' }, { kind: 'defined', what: 'budgets' })
  return after
}

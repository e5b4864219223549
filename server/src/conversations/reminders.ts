import { holdersOf, notify } from '../org/notices.ts'
import type { Db, Tx } from '../platform/db.ts'

const isTx = (db: Db): db is Tx => 'publish' in db

/** Tells the holders of `cost.manage` of wallets that fell below their threshold: once, until they are filled. */
export async function remindOfWallets(tx: Tx, channelIds: readonly string[]): Promise<void> {
  const low = await tx.query<{ name: string }>(
    `update wallet w set told_at = now() from channel c
     where w.channel_id = any($1::bigint[]) and c.id = w.channel_id and w.told_at is null and w.put - w.spent < w.threshold
     returning c.name`,
    [channelIds],
  )
  if (low.length === 0) return
  const holders = await holdersOf(tx, 'cost.manage')
  for (const { name } of low)
    await notify(tx, holders, { kind: 'wallet_low', values: { channel: name }, link: '/settings/costs' })
}

/**
 * Tells them that a budget is used up: once for each month. Outside a transaction nobody is told, since nothing is paused
 * there either.
 */
export async function remindOfBudgets(db: Db, budgetId: string, month: string): Promise<void> {
  if (!isTx(db)) return
  const told = await db.one(
    `update budget_use u set told_at = now() from budget b
     where b.id = $1 and u.budget_id = b.id and u.told_at is null
       and u.period = case b.period when 'month' then $2::date else date '0001-01-01' end returning 1`,
    [budgetId, month],
  )
  if (!told) return
  await notify(db, await holdersOf(db, 'cost.manage'), { kind: 'budget_reached', link: '/settings/costs' })
}

import type { PageOf } from '#shared/api/common.ts'
import type { Wallet, WalletEntry, WalletEntryNew, WalletPut } from '#shared/api/costs.ts'
import { stripUnsafe } from '#shared/text.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { decodeCursor, pageOf } from '../platform/http.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { checkCurrency } from './prices.ts'
import { remindOfWallets } from './reminders.ts'

/** What kinds call a refusal for want of credit (`ChannelError.code`). */
const NO_CREDIT = ['no_credit']

interface Row {
  channel_id: string
  currency: string
  balance: string
  threshold: string
  low: boolean
  no_credit_at: string | null
}
const SELECT = `select w.channel_id, w.currency, (w.put - w.spent)::text as balance, w.threshold::text, w.put - w.spent < w.threshold as low,
    case when c.state = 'broken' and c.state_reason->>'code' = any($2::text[]) then c.state_reason->>'at' end as no_credit_at
  from wallet w join channel c on c.id = w.channel_id`

function walletOf(row: Row): Wallet {
  const { currency } = row
  return {
    channelId: row.channel_id,
    balance: { amount: row.balance, currency },
    threshold: { amount: row.threshold, currency },
    low: row.low,
    noCreditSince: row.no_credit_at === null ? null : new Date(row.no_credit_at).toISOString(),
  }
}

/** Of the channels the actor may view. There are as many as channels, so they come at once. */
export async function listWallets(db: Db, actor: Actor): Promise<{ items: Wallet[] }> {
  const rows = await db.query<Row>(`${SELECT} where w.channel_id = any($1::bigint[]) order by w.channel_id`, [
    actor.channels.view,
    NO_CREDIT,
  ])
  return { items: rows.map(walletOf) }
}

/** Begins a wallet, or changes from where on it reminds. Its currency is that of the channel's first one. */
export async function putWallet(tx: Tx, actor: Actor, channelId: string, { threshold }: WalletPut): Promise<Wallet> {
  needChannelSeen(actor, channelId)
  checkCurrency('threshold', threshold.currency)
  const before = await load(tx, channelId)
  if (before && before.balance.currency !== threshold.currency) throw wrongField('threshold', 'not_allowed')
  await tx.query(
    `insert into wallet as w (channel_id, currency, threshold, told_at) values ($1, $2, $3, now())
     on conflict (channel_id) do update set threshold = excluded.threshold,
       told_at = case when w.put - w.spent >= excluded.threshold then null else w.told_at end`,
    [channelId, threshold.currency, threshold.amount],
  )
  return settled(tx, actor, 'wallet.changed', channelId, before ?? null)
}

/**
 * Puts down what was paid in, or how much there is. Once it is at its threshold again, the next fall below reminds again.
 * @throws Problem `not_found` without a wallet
 */
export async function addWalletEntry(
  tx: Tx,
  actor: Actor,
  channelId: string,
  { kind, money, note = '' }: WalletEntryNew,
): Promise<Wallet> {
  needChannelSeen(actor, channelId)
  const wallet = await tx.one<{ currency: string; balance: string }>(
    'select currency, (put - spent)::text as balance from wallet where channel_id = $1 for update',
    [channelId],
  )
  if (!wallet) throw new Problem('not_found')
  if (wallet.currency !== money.currency) throw wrongField('money', 'not_allowed')
  const before = await load(tx, channelId)
  const amount = kind === 'top_up' ? BigInt(money.amount) : BigInt(money.amount) - BigInt(wallet.balance)
  await tx.query('insert into wallet_entry (channel_id, kind, amount, note, by_id) values ($1, $2, $3, $4, $5)', [
    channelId,
    kind === 'top_up' ? 'top_up' : 'correction',
    amount,
    stripUnsafe(note).trim(),
    actor.userId,
  ])
  await tx.query(
    `update wallet set put = put + $2, told_at = case when put + $2 - spent >= threshold then null else told_at end where channel_id = $1`,
    [channelId, amount],
  )
  await remindOfWallets(tx, [channelId])
  return settled(tx, actor, 'wallet.entry', channelId, before ?? null)
}

/** What was entered, the newest first. */
export async function listWalletEntries(
  db: Db,
  actor: Actor,
  channelId: string,
  query: { limit?: number; cursor?: string },
): Promise<PageOf<WalletEntry>> {
  needChannelSeen(actor, channelId)
  const limit = query.limit ?? 50
  const rows = await db.query<{
    id: string
    kind: WalletEntry['kind']
    amount: string
    currency: string
    note: string
    by_id: string | null
    at: Date
  }>(
    // wallet_entry_channel
    `select e.id, e.kind, e.amount::text, w.currency, e.note, e.by_id, e.at from wallet_entry e join wallet w on w.channel_id = e.channel_id
     where e.channel_id = $1 and ($2::bigint is null or e.id < $2) order by e.id desc limit $3`,
    [channelId, decodeCursor(query.cursor, 1)?.[0] ?? null, limit + 1],
  )
  return pageOf(
    rows,
    limit,
    (row) => ({
      id: row.id,
      kind: row.kind,
      money: { amount: row.amount, currency: row.currency },
      note: row.note,
      byId: row.by_id,
      at: row.at.toISOString(),
    }),
    (row) => [row.id],
  )
}

function needChannelSeen(actor: Actor, channelId: string): void {
  if (!actor.channels.view.includes(channelId)) throw new Problem('not_found')
}

async function load(tx: Tx, channelId: string): Promise<Wallet | undefined> {
  const row = await tx.one<Row>(`${SELECT} where w.channel_id = $1`, [channelId, NO_CREDIT])
  return row && walletOf(row)
}

async function settled(
  tx: Tx,
  actor: Actor,
  action: string,
  channelId: string,
  before: Wallet | null,
): Promise<Wallet> {
  const after = await load(tx, channelId)
  if (!after) throw new Problem('not_found')
  await audit(tx, actor, action, { kind: 'wallet', id: channelId }, before, after)
  tx.publish({ need: 'cost.view' }, { kind: 'defined', what: 'budgets' })
  return after
}

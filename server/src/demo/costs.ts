import { firstOfMonth } from '../conversations/costs.ts'
import type { Database } from '../platform/db.ts'
import type { Desk } from './office.ts'

const rial = (amount: number): { amount: string; currency: string } => ({ amount: String(amount), currency: 'IRR' })
/** What a message by Safir costs in the demo. */
const PRICE = 9500

/** What Safir costs, how much may be spent on it, and what lies there. */
export async function setCosts(admin: Desk, safirId: string): Promise<void> {
  await admin.post('/prices', { channelId: safirId, price: rial(PRICE) })
  await admin.put(`/wallets/${safirId}`, { threshold: rial(1_000_000) })
  await admin.post(`/wallets/${safirId}/entries`, { kind: 'top_up', money: rial(6_000_000), note: 'شارژ پنل بله' })
  await admin.post('/budgets', { scope: 'all', period: 'month', limit: rial(20_000_000) })
  await admin.post('/budgets', { scope: 'channel', channelId: safirId, period: 'total', limit: rial(50_000_000) })
}

/** Of the past weeks: what the bot's chats saved against Safir, message by message, for some of them. */
export async function addPastCosts(db: Database): Promise<void> {
  const organisation = await db.one<{ time_zone: string; calendar: 'persian' }>(
    'select time_zone, calendar from organisation',
  )
  if (!organisation) return
  const { time_zone: zone, calendar } = organisation
  const rows = await db.query<{ id: string; day: string }>(
    `select id, to_char(at at time zone $1, 'YYYY-MM-DD') as day from message
     where direction = 'out' and state = 'sent' and origin = 'agent' and id % 4 = 0 and at < now() - interval '1 day'
       and not exists (select from cost_entry c where c.message_id = message.id)`,
    [zone],
  )
  await db.query(
    `insert into cost_entry (message_id, channel_id, contact_id, user_id, currency, amount, saved, state, at, day, month)
     select m.id, m.channel_id, m.contact_id, m.author_id, 'IRR', 0, $4, 'spent', m.at, r.day, r.month
     from unnest($1::bigint[], $2::date[], $3::date[]) as r(id, day, month) join message m on m.id = r.id`,
    [rows.map((row) => row.id), rows.map((row) => row.day), rows.map((row) => firstOfMonth(row.day, calendar)), PRICE],
  )
}

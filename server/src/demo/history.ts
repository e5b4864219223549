import { foldForIndex } from '#shared/text.ts'
import { indexMessages } from '../conversations/search.ts'
import { findResponses, rebuildReports } from '../insight/rollups.ts'
import type { Database, Tx } from '../platform/db.ts'
import { CHATTER } from './dialogues.ts'
import { type ColleagueKey, CUSTOMERS } from './people.ts'
import type { Stage } from './fill.ts'
import { fillIn } from './script.ts'

/** How far the office's past reaches, and how many talks an ordinary day of it has. */
const DAYS = 84
const A_DAY = 7
const MINUTE = 60_000
const DAY = 86_400_000
/** What colleagues say; whoever reads far back finds talks, not filling. */
const SAID = [
  'سلام، وقت بخیر. بله موجوده؛ آدرس رو بفرمایید تا هزینهٔ ارسال رو بگم.',
  'سلام، بررسی می‌کنم و همین‌جا خبر می‌دم.',
  'سفارشتون امروز از انبار خارج شد، فردا می‌رسه.',
  'چشم، فاکتور رو دوباره فرستادم.',
  'ساعت کاری ما شنبه تا چهارشنبه ۸ تا ۱۷ و پنجشنبه تا ۱۳ است.',
  'خواهش می‌کنم، امر دیگه‌ای بود در خدمتم.',
]
/** Talks begin at these hours of Tehran, the frequent ones more often. */
const HOURS = [8, 9, 9, 10, 10, 10, 11, 11, 11, 12, 12, 13, 14, 15, 15, 16, 16, 17, 18, 19, 20, 21, 22]
/** Minutes until an answer: mostly soon, now and then long. */
const WAITS = [1, 2, 2, 3, 4, 4, 6, 7, 9, 12, 14, 18, 25, 35, 55, 95, 260]
const HANDS: readonly ColleagueKey[] = ['mina', 'mina', 'omid', 'omid', 'kaveh', 'yousef', 'sara']

interface Chat {
  channel_id: string
  contact_id: string
  identity_id: string | null
  thread_key: string
}
interface Line {
  direction: 'in' | 'out'
  text: string
  at: Date
  state: string
  code: string | null
}

/** Past talks of customers who are talking now, all of them closed: the office did not begin this week. Reports live of them. */
export async function addHistory(db: Database, { desks }: Pick<Stage, 'desks'>, now: number): Promise<void> {
  const chats = await db.query<Chat>(
    `select channel_id, contact_id, identity_id, thread_key from conversation where state <> 'closed' order by id`,
  )
  const at = spin(20_260)
  await db.transaction(async (tx) => {
    for (let day = DAYS; day > 1; day--) {
      const midnight = Math.floor((now - day * DAY) / DAY) * DAY - 210 * MINUTE
      const weekday = new Date(midnight + DAY / 2).getUTCDay()
      // Fridays are quiet, Thursdays short, and there is more from month to month.
      const busy = weekday === 5 ? 0.2 : weekday === 4 ? 0.6 : weekday === 6 ? 1.3 : 1
      const talks = Math.round((A_DAY + at(4)) * busy * (1.25 - day / (DAYS * 2)))
      for (let n = 0; n < talks; n++) {
        const chat = chats[at(chats.length)]
        const hand = HANDS[at(HANDS.length)] ?? 'mina'
        if (!chat) return
        const begin = midnight + (HOURS[at(HOURS.length)] ?? 10) * 60 * MINUTE + at(60) * MINUTE
        await addTalk(tx, chat, desks[hand].userId, linesOf(begin, day * 31 + n, at))
      }
    }
    await tx.query(
      `update contact c set created_at = first.at from (select contact_id, min(created_at) as at from conversation group by 1) first
       where c.id = first.contact_id and c.created_at > first.at`,
    )
    await tx.query(`update channel set created_at = least(created_at, now() - interval '${DAYS + 2} days')`)
    await tx.query(
      `update app_user set created_at = least(created_at, now() - interval '${DAYS + 3} days' + id * interval '3 hours')`,
    )
    await addWon(tx)
    await findResponses(tx)
  })
  await rebuildReports(db)
}

function linesOf(begin: number, serial: number, at: (end: number) => number): Line[] {
  const lines: Line[] = []
  const customer = CUSTOMERS.fa[serial % CUSTOMERS.fa.length]
  let time = begin
  const say = (direction: 'in' | 'out', text: string): void => {
    const lost = direction === 'out' && at(38) === 0
    lines.push({
      direction,
      text: customer ? fillIn(text, customer, serial) : text,
      at: new Date(time),
      state: direction === 'in' ? 'received' : lost ? 'failed' : 'sent',
      code: lost ? (at(3) === 0 ? 'no_such_chat' : 'blocked') : null,
    })
  }
  say('in', CHATTER.opening[at(CHATTER.opening.length)] ?? '')
  for (let rounds = 1 + at(3); rounds > 0; rounds--) {
    time += (WAITS[at(WAITS.length)] ?? 5) * MINUTE + at(50) * 1000
    say('out', SAID[at(SAID.length)] ?? '')
    time += (1 + at(9)) * MINUTE
    const said = rounds === 1 ? CHATTER.last : CHATTER.answer
    say('in', said[at(said.length)] ?? '')
  }
  time += 2 * MINUTE
  say('out', SAID[5] ?? '')
  return lines
}

async function addTalk(tx: Tx, chat: Chat, userId: string, lines: readonly Line[]): Promise<void> {
  const first = lines[0]
  const last = lines.at(-1)
  if (!first || !last) return
  const talk = await tx.one<{ id: string }>(
    `insert into conversation (channel_id, contact_id, identity_id, thread_key, state, assignee_id, created_at, last_at, last_message_at, last_text, last_direction, closed_at, closed_by)
     values ($1, $2, $3, $4, 'closed', $5, $6, $7, $7, $8, 'out', $7, $5) returning id`,
    [chat.channel_id, chat.contact_id, chat.identity_id, chat.thread_key, userId, first.at, last.at, last.text],
  )
  const rows = await tx.query<{ id: string; text: string; at: Date }>(
    `insert into message (conversation_id, channel_id, contact_id, direction, state, text, at, created_at, author_id, origin, failure_code)
     select $1, $2, $3, l.direction, l.state, l.text, l.at, l.at, case l.direction when 'out' then $4::bigint end, case l.direction when 'out' then 'agent' else 'contact' end, l.code
     from unnest($5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::text[]) with ordinality as l(direction, state, text, at, code, n) order by l.n
     returning id, text, at`,
    [
      talk?.id,
      chat.channel_id,
      chat.contact_id,
      userId,
      lines.map((line) => line.direction),
      lines.map((line) => line.state),
      lines.map((line) => line.text),
      lines.map((line) => line.at),
      lines.map((line) => line.code),
    ],
  )
  await tx.query('update conversation set last_message_id = $2 where id = $1', [talk?.id, rows.at(-1)?.id])
  await indexMessages(
    tx,
    rows.map(({ id, text, at }) => ({
      messageId: id,
      conversationId: talk?.id ?? '',
      channelId: chat.channel_id,
      folded: foldForIndex(text, 4000),
      createdAt: at,
    })),
  )
}

/** Numbers that were sent a link to a bot over these weeks, and those that came by it. */
async function addWon(tx: Tx): Promise<void> {
  await tx.query(
    `update identity_won w set at = m.at
     from (select c.root_id, max(m.at) as at from message m join contact c on c.id = m.contact_id where m.kind = 'contact' group by 1) m, contact o
     where o.id = w.contact_id and m.root_id = o.root_id`,
  )
  await tx.query(
    `insert into identity_asked (contact_id, channel_id, at)
     select c.contact_id, c.channel_id, now() - make_interval(days => (c.n * 7 % 80)::int + 2, hours => (c.n % 9)::int)
     from (select contact_id, min(channel_id) as channel_id, row_number() over (order by contact_id) as n from conversation group by contact_id) c
     where c.n <= 46 on conflict do nothing`,
  )
  await tx.query(
    `insert into identity_won (contact_id, channel_id, how, at)
     select contact_id, channel_id, 'start_link', at + make_interval(mins => (contact_id * 13 % 400)::int) from identity_asked where contact_id % 3 > 0`,
  )
}

/** The same numbers every time. */
function spin(seed: number): (end: number) => number {
  let state = seed
  return (end) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * end)
  }
}

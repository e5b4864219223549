import type { Database, Db, Tx } from '../platform/db.ts'

/**
 * The sums that reports read, and how they are kept. Triggers (migration 0012) write a line for every fact in its own
 * transaction; `foldReports` adds the lines up into days and months; reading adds the lines that wait. `rebuildReports`
 * counts everything anew, for the first time, after the organisation's time zone changed, or to see that the sums are right.
 */

/** Lines as `report_delta` has them, of everything that is stored. */
const FACTS = `
  select direction as measure, report_outcome(state, failure_code) as key, channel_id, coalesce(author_id, 0) as agent_id,
    report_slot(at) as slot, count(*)::bigint as n, 0::bigint as total
  from message group by 1, 2, 3, 4, 5
  union all
  select 'response', report_wait(seconds), channel_id, agent_id, report_slot(at), count(*), sum(seconds)::bigint from response group by 1, 2, 3, 4, 5
  union all
  select 'closed', '', channel_id, closed_by, report_slot(closed_at), count(*), 0 from conversation where closed_by is not null group by 3, 4, 5
  union all
  select 'asked', '', channel_id, 0, report_slot(at), count(*), 0 from identity_asked group by 3, 5
  union all
  select 'won', how, channel_id, 0, report_slot(at), count(*), 0 from identity_won group by 2, 3, 5`

/** How many parts the longest row has: see `report_day.parts`. */
export const HOUR = 1
export const HOUR_TOTAL = 25
export const WAITED = 49

/** What a row of the days and of the months is told apart by. */
const KEYS = {
  day: 'agent_id, channel_id, measure, day, key',
  month: 'agent_id, channel_id, measure, day, weekday, key',
} as const
type Unit = keyof typeof KEYS
const WEEKDAY = (day: string, agent: string): string =>
  `case when ${agent} = -1 then extract(dow from ${day})::smallint else 7::smallint end`

const list = (count: number, each: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => each(n)).join(', ')

/**
 * Lines cut into days of `zone` (an SQL expression) and piled up as rows of `report_day`: of each agent and of all together
 * (-1), of each channel and of all together (0). Unit 'month': rows of `report_month`.
 */
function piled(lines: string, zone: string, unit: Unit): string {
  const day =
    unit === 'day'
      ? 'local::date as day'
      : `date_trunc('month', local)::date as day, ${WEEKDAY('local', 'who.agent_id')} as weekday`
  const counts = list(24, (hour) => `coalesce(sum(n) filter (where hour = ${hour}), 0)`)
  const totals = list(24, (hour) => `coalesce(sum(total) filter (where hour = ${hour} and waited >= 0), 0)`)
  const waits = list(13, (group) => `coalesce(sum(n) filter (where waited = ${group}), 0)`)
  return `
    select ${KEYS[unit]}, sum(n)::bigint as n, sum(total)::bigint as total,
      case measure when 'response' then array[${counts}, ${totals}, ${waits}]::bigint[] else array[${counts}]::bigint[] end as parts
    from (
      select who.agent_id, which.channel_id, l.measure, ${day}, case when l.measure = 'response' then '' else l.key end as key,
        extract(hour from l.local)::int as hour, case when l.measure = 'response' then l.key::int end as waited, l.n::int as n, l.total
      from (select *, slot at time zone ${zone} as local from (${lines}) every_line) l
      cross join lateral (values (l.agent_id), (-1)) who(agent_id)
      cross join lateral (values (l.channel_id), (0)) which(channel_id)
      -- Kept apart from the sums: or the hour would be worked out anew for each of them.
      offset 0
    ) cut group by ${KEYS[unit]}`
}

const ZONE = '(select time_zone from report_state)'
const LINES = 'select measure, key, channel_id, agent_id, slot, n, total from report_delta'

/** Rows of `report_day` as of this statement: what has been added up, and what waits to be. */
export const REPORT_DAYS = `(
  select agent_id, channel_id, measure, day, key, n, total, parts from report_day
  union all select * from (${piled(LINES, ZONE, 'day')}) waiting)`
export const REPORT_MONTHS = `(
  select agent_id, channel_id, measure, day, weekday, key, n, total, parts from report_month
  union all select * from (${piled(LINES, ZONE, 'month')}) waiting)`

const add = (lines: string, unit: Unit): string => `
  insert into report_${unit} as r (${KEYS[unit]}, n, total, parts)
  ${piled(lines, ZONE, unit)} order by ${KEYS[unit]}
  on conflict (${KEYS[unit]}) do update set n = r.n + excluded.n, total = r.total + excluded.total,
    parts = (select array_agg(a + b order by i) from unnest(r.parts, excluded.parts) with ordinality u(a, b, i))`

/** Months out of the days that are there: cheaper than going through all facts once more. */
const MONTHS_OF_DAYS = `
  insert into report_month (${KEYS.month}, n, total, parts)
  select ${KEYS.month}, sum(n)::bigint, sum(total)::bigint,
    case measure when 'response' then array[${list(61, (n) => `sum(part[${n + 1}])`)}]::bigint[] else array[${list(24, (n) => `sum(part[${n + 1}])`)}]::bigint[] end
  from (
    select agent_id, channel_id, measure, date_trunc('month', day)::date as day, ${WEEKDAY('day', 'agent_id')} as weekday, key, n, total, parts as part
    from report_day offset 0) d
  group by ${KEYS.month}`

/** Whoever adds up holds this: one at a time, on all nodes. */
const FOLDING = 4_004_012

/**
 * Works on one picture of the database (repeatable read): lines that come in meanwhile are neither added nor taken away.
 * Undefined: somebody else is at it.
 */
async function alone<T>(db: Database, work: (tx: Tx) => Promise<T>): Promise<T | undefined> {
  return db.transaction(async (tx) => {
    await tx.query('set transaction isolation level repeatable read')
    // Who got it just when another let go may have the older picture: then the first row both touch ends it, and it runs again.
    const mine = await tx.one<{ mine: boolean }>('select pg_try_advisory_xact_lock($1) as mine', [FOLDING])
    return mine?.mine ? work(tx) : undefined
  })
}

/** Adds the waiting lines up. Returns how many there were; 0 also when another node is adding. */
export async function foldReports(db: Database): Promise<number> {
  // Without a lock, nor a transaction, when there is nothing to do.
  if (!(await db.one('select from report_delta limit 1'))) return 0
  const folded = await alone(db, async (tx) => {
    await tx.query(add(LINES, 'day'))
    await tx.query(add(LINES, 'month'))
    return (
      await tx.one<{ n: number }>(
        'with gone as (delete from report_delta returning 1) select count(*)::int as n from gone',
      )
    )?.n
  })
  return folded ?? 0
}

/**
 * Counts everything anew in the organisation's time zone, while work goes on: what happens meanwhile leaves lines, which
 * are added afterwards. Its cost is that of reading the messages once. False: another node is adding up.
 */
export async function rebuildReports(db: Database): Promise<boolean> {
  const done = await alone(db, async (tx) => {
    await tx.query('set local statement_timeout = 0')
    await tx.query(`set local work_mem = '64MB'`)
    await tx.query('delete from report_day')
    await tx.query('delete from report_month')
    await tx.query('delete from report_delta')
    await tx.query('update report_state set time_zone = (select time_zone from organisation), built_at = now()')
    await tx.query(add(FACTS, 'day'))
    await tx.query(MONTHS_OF_DAYS)
    return true
  })
  return done ?? false
}

/**
 * Which answers there were before Daftar wrote them down, from the messages themselves: to the first message of a contact
 * since the last answer, by the first message of a colleague or program after it. Closing in between ends the waiting.
 * Rows that are there stay.
 */
export async function findResponses(db: Db): Promise<void> {
  await db.query(`
    with line as (
      select conversation_id, channel_id, id, at, coalesce(author_id, 0) as agent_id,
        case when direction = 'in' then 'in' else 'out' end as what
      from message where direction = 'in' or (origin in ('agent', 'api') and state <> 'cancelled')
      union all
      select conversation_id, channel_id, null, at, null, 'closed' from activity_event where kind = 'closed' and conversation_id is not null and channel_id is not null
    ), run as (
      -- Every answer or closing ends a stretch.
      select *, count(*) filter (where what <> 'in') over (partition by conversation_id order by at, id nulls last
        rows between unbounded preceding and 1 preceding) as stretch
      from line
    ), ended as (
      select conversation_id, channel_id, id, at, agent_id, what,
        min(at) filter (where what = 'in') over (partition by conversation_id, coalesce(stretch, 0)) as asked_at
      from run
    )
    insert into response (message_id, conversation_id, channel_id, agent_id, asked_at, at, seconds)
    select id, conversation_id, channel_id, agent_id, asked_at, at, least(greatest(extract(epoch from at - asked_at), 0), 2000000000)::int
    from ended where what = 'out' and asked_at is not null
    on conflict (message_id) do nothing`)
}

/** What is in the sums and what ought to be: rows that differ, for tests and for `daftar doctor`. Empty rows count as none. */
export async function differingSums(
  db: Db,
  limit = 20,
): Promise<{ row: string; kept: string | null; counted: string | null }[]> {
  const shown = `concat_ws('/', agent_id, channel_id, measure, day, key)`
  return db.query(
    `with kept as (
       select ${shown} as row, concat(sum(n), ' ', sum(total), ' ', (
         select array_agg(v order by i) from (select i, sum(v) as v from unnest(array_agg(parts::text)) p(t), unnest(p.t::bigint[]) with ordinality u(v, i) group by i) s)::text) as figures
       from ${REPORT_DAYS} d group by agent_id, channel_id, measure, day, key having sum(n) <> 0 or sum(total) <> 0),
     counted as (
       select ${shown} as row, concat(n, ' ', total, ' ', parts::text) as figures from (${piled(FACTS, ZONE, 'day')}) d)
     select row, k.figures as kept, c.figures as counted from kept k full join counted c using (row)
     where k.figures is distinct from c.figures order by row limit $1`,
    [limit],
  )
}

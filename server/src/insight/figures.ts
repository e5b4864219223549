import type { Money } from '#shared/api/field-values.ts'
import {
  type AgentFigures,
  type ChannelFigures,
  type ChannelNow,
  type Dashboard,
  RESPONSE_BOUNDS,
  type ReportPoint,
  type Responses,
} from '#shared/api/reports.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { daysBetween, monthsWithin, type Piece, piecesOf, plusDays, type Range } from './ranges.ts'
import { HOUR, HOUR_TOTAL, REPORT_DAYS, REPORT_MONTHS, WAITED } from './rollups.ts'

/**
 * Figures out of the kept sums: their cost is that of the days they span, whatever is stored. What was taken back before
 * it left is not counted as sent out. All statements walk report_day_pkey (agent, channel, measure, day).
 */
const GROUPS = RESPONSE_BOUNDS.length + 1
const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n)
/** Columns `v0`, `v1` …: sums of so many parts from one on. */
const parts = (first: number, count: number): string =>
  numbers(count)
    .map((n) => `sum(parts[${first + n}])::float8 as v${n}`)
    .join(', ')
const readParts = (row: object, count: number): number[] =>
  numbers(count).map((n) => Number((row as Record<string, unknown>)[`v${n}`] ?? 0))

const CUT = `agent_id = any($1::bigint[]) and channel_id = any($2::bigint[]) and day between $3 and $4`
const COUNTED = `key <> 'cancelled'`
/**
 * The rows of a stretch where days need not be told apart: whole months and the days around them, with weekdays. $1 agents,
 * $2 channels, $3 to $8 the months, the days before and the days after. Of single agents the days alone, which have weekdays.
 */
const STRETCH = `(
    select agent_id, channel_id, measure, weekday::int as weekday, key, n, total, parts from ${REPORT_MONTHS} m
    where agent_id = any($1::bigint[]) and channel_id = any($2::bigint[]) and day between $3 and $4
    union all
    select agent_id, channel_id, measure, extract(dow from day)::int, key, n, total, parts from ${REPORT_DAYS} d
    where agent_id = any($1::bigint[]) and channel_id = any($2::bigint[]) and day between $5 and $6
    union all
    select agent_id, channel_id, measure, extract(dow from day)::int, key, n, total, parts from ${REPORT_DAYS} d
    where agent_id = any($1::bigint[]) and channel_id = any($2::bigint[]) and day between $7 and $8)`
const NOTHING: Piece = { key: '', from: '0001-01-01', to: '0001-01-01' }
function stretchOf({ agentIds, sumIds, from, to }: Range): unknown[] {
  const all: Piece = { key: from, from, to }
  const { months = NOTHING, days } = agentIds === undefined ? monthsWithin(from, to) : { days: [all] }
  const [first = NOTHING, second = NOTHING] = days
  return [agentIds ?? ['-1'], sumIds, ...[months, first, second].flatMap((piece) => [piece.from, piece.to])]
}
const cutOf = ({ agentIds, sumIds, from, to }: Range): [readonly string[], readonly string[], string, string] => [
  agentIds ?? ['-1'],
  sumIds,
  from,
  to,
]

interface Sum {
  measure: string
  n: number
  total: number
}
const emptyPoint = (key: string, from: string, to: string): ReportPoint => ({
  key,
  from,
  to,
  in: 0,
  out: 0,
  responses: 0,
  waited: 0,
  won: 0,
})
function addSum(point: Omit<ReportPoint, 'key' | 'from' | 'to'>, { measure, n, total }: Sum): void {
  if (measure === 'in') point.in += n
  else if (measure === 'out') point.out += n
  else if (measure === 'won') point.won += n
  else if (measure === 'response') {
    point.responses += n
    point.waited += total
  }
}

/** Along the time, in pieces without gaps; or by hour of the day or weekday. */
export async function readPoints(db: Db, range: Range): Promise<ReportPoint[]> {
  switch (range.step) {
    case 'hour':
    case 'hour_of_day':
      return hourPoints(db, range)
    case 'weekday':
      return weekdayPoints(db, range)
    default:
      return piecePoints(db, range)
  }
}

async function piecePoints(db: Db, range: Range): Promise<ReportPoint[]> {
  const pieces = piecesOf(range)
  const rows = await db.query<Sum & { piece: number }>(
    `select width_bucket(day, $5::date[]) as piece, measure, sum(n)::float8 as n, sum(total)::float8 as total from ${REPORT_DAYS} r
     where ${CUT} and measure in ('in', 'out', 'response', 'won') and ${COUNTED} group by 1, 2`,
    [...cutOf(range), pieces.map((piece) => piece.from)],
  )
  const points = pieces.map(({ key, from, to }) => emptyPoint(key, from, to))
  for (const row of rows) {
    const point = points[row.piece - 1]
    if (point) addSum(point, row)
  }
  return points
}

async function hourPoints(db: Db, range: Range): Promise<ReportPoint[]> {
  const apart = range.step === 'hour'
  const rows = await db.query<{ day: string | null; measure: string } & Record<`w${number}`, number | null>>(
    `select ${apart ? 'day::text' : 'null::text'} as day, measure, ${parts(HOUR, 24)}, ${numbers(24)
      .map((n) => `sum(parts[${HOUR_TOTAL + n}])::float8 as w${n}`)
      .join(', ')}
     from ${REPORT_DAYS} r
     where ${CUT} and measure in ('in', 'out', 'response', 'won') and ${COUNTED} group by 1, 2`,
    cutOf(range),
  )
  const days = apart ? piecesOf({ ...range, step: 'day' }).map((piece) => piece.from) : [null]
  const points = new Map(
    days.flatMap((day) =>
      numbers(24).map((hour) => {
        const key = day === null ? String(hour) : `${day}T${String(hour).padStart(2, '0')}`
        return [`${day} ${hour}`, emptyPoint(key, day ?? range.from, day ?? range.to)] as const
      }),
    ),
  )
  for (const row of rows) {
    const counts = readParts(row, 24)
    for (const [hour, n] of counts.entries()) {
      const total = row[`w${hour}`] ?? 0
      const point = points.get(`${row.day} ${hour}`)
      if (point) addSum(point, { measure: row.measure, n, total })
    }
  }
  return [...points.values()]
}

async function weekdayPoints(db: Db, range: Range): Promise<ReportPoint[]> {
  const rows = await db.query<Sum & { weekday: number }>(
    `select extract(dow from day)::int as weekday, measure, sum(n)::float8 as n, sum(total)::float8 as total from ${REPORT_DAYS} r
     where ${CUT} and measure in ('in', 'out', 'response', 'won') and ${COUNTED} group by 1, 2`,
    cutOf(range),
  )
  const points = numbers(7).map((weekday) => emptyPoint(String(weekday), range.from, range.to))
  for (const row of rows) {
    const point = points[row.weekday]
    if (point) addSum(point, row)
  }
  return points
}

/** The stretch of the same length just before. */
export async function readBefore(db: Db, range: Range): Promise<Dashboard['before']> {
  const from = plusDays(range.from, -daysBetween(range.from, range.to) - 1)
  const rest = { in: 0, out: 0, responses: 0, waited: 0, won: 0 }
  const rows = await db.query<Sum>(
    `select measure, sum(n)::float8 as n, sum(total)::float8 as total from ${STRETCH} r
     where measure in ('in', 'out', 'response', 'won') and ${COUNTED} group by 1`,
    stretchOf({ ...range, from, to: plusDays(range.from, -1) }),
  )
  for (const row of rows) addSum(rest, row)
  return rest
}

/** Channel by channel, also those in which nothing happened. */
export async function readChannels(db: Db, range: Range): Promise<ChannelFigures[]> {
  const rows = await db.query<Sum & { channel_id: string; key: string }>(
    `select channel_id, measure, key, sum(n)::float8 as n, sum(total)::float8 as total from ${STRETCH} r
     where measure in ('in', 'out', 'response', 'asked', 'won') group by 1, 2, 3`,
    stretchOf({ ...range, sumIds: range.channelIds }),
  )
  const made = new Map(
    range.channelIds.map((channelId): [string, ChannelFigures] => [
      channelId,
      { channelId, in: 0, out: 0, responses: 0, waited: 0, outcomes: {}, asked: 0, won: {} },
    ]),
  )
  for (const { channel_id, measure, key, n, total } of rows) {
    const figures = made.get(channel_id)
    if (!figures || n === 0) continue
    if (measure === 'in') figures.in += n
    else if (measure === 'asked') figures.asked += n
    else if (measure === 'won') figures.won[key] = (figures.won[key] ?? 0) + n
    else if (measure === 'response') {
      figures.responses += n
      figures.waited += total
    } else {
      figures.outcomes[key] = (figures.outcomes[key] ?? 0) + n
      if (key !== 'cancelled') figures.out += n
    }
  }
  return [...made.values()]
}

export function responsesOf(count: number, waited: number, groups: number[]): Responses {
  return { count, average: count > 0 ? waited / count : null, median: medianOf(groups), groups }
}

/** Within the group in the middle as if its times were spread evenly; of the last, open one its beginning. */
function medianOf(groups: readonly number[]): number | null {
  const half = groups.reduce((sum, n) => sum + n, 0) / 2
  if (half === 0) return null
  let before = 0
  for (const [at, n] of groups.entries()) {
    if (before + n >= half && n > 0) {
      const low = RESPONSE_BOUNDS[at - 1] ?? 0
      const high = RESPONSE_BOUNDS[at] ?? low
      return low + ((half - before) / n) * (high - low)
    }
    before += n
  }
  return null
}

export async function readResponses(db: Db, range: Range): Promise<Responses> {
  const row = await db.one<Sum>(
    `select sum(n)::float8 as n, sum(total)::float8 as total, ${parts(WAITED, GROUPS)} from ${STRETCH} r
     where measure = 'response'`,
    stretchOf(range),
  )
  return responsesOf(row?.n ?? 0, row?.total ?? 0, readParts(row ?? {}, GROUPS))
}

/** Seven weekdays of 24 hours. */
export async function readWeekdays(db: Db, range: Range): Promise<Dashboard['weekdays']> {
  const rows = await db.query<{ weekday: number; measure: string }>(
    `select weekday, measure, ${parts(HOUR, 24)} from ${STRETCH} r
     where measure in ('in', 'out') and ${COUNTED} group by 1, 2`,
    stretchOf(range),
  )
  const hoursOf = (measure: string): number[][] =>
    numbers(7).map((weekday) =>
      readParts(rows.find((row) => row.measure === measure && row.weekday === weekday) ?? {}, 24),
    )
  return { in: hoursOf('in'), out: hoursOf('out') }
}

/** All messages by hour: today against yesterday and a week ago, whatever the range. */
export async function readHours(db: Db, range: Range): Promise<Dashboard['hours']> {
  const days = [range.today, plusDays(range.today, -1), plusDays(range.today, -7)]
  const rows = await db.query<{ day: string }>(
    `select day::text, ${parts(HOUR, 24)} from ${REPORT_DAYS} r
     where agent_id = any($1::bigint[]) and channel_id = any($2::bigint[]) and day = any($3::date[]) and measure in ('in', 'out') and ${COUNTED} group by 1`,
    [range.agentIds ?? ['-1'], range.sumIds, days],
  )
  const [today = [], yesterday = [], weekAgo = []] = days.map((day) =>
    readParts(rows.find((row) => row.day === day) ?? {}, 24),
  )
  return { today, yesterday, weekAgo }
}

const ofAgents = (days: string, at: number): string => `select agent_id, measure, key, n, total, parts from ${days} r
  where agent_id = any($1::bigint[]) and channel_id = any($2::bigint[]) and measure in ('out', 'response', 'closed') and day between $${at} and $${at + 1}`

/** Who wrote, answered, closed: from whole months and the days around them. Agents of whom there is nothing are left out. */
export async function readAgents(db: Db, range: Range): Promise<AgentFigures[]> {
  // Named one by one: the index begins with the agent, and there are few of them.
  const agents = range.agentIds ?? [
    '0',
    ...(await db.query<{ id: string }>('select id from app_user')).map(({ id }) => id),
  ]
  const { months, days } = monthsWithin(range.from, range.to)
  const [first = NOTHING, second = NOTHING] = days
  const rows = await db.query<Sum & { agent_id: string; failed: number; cancelled: number }>(
    `select agent_id, measure, sum(n)::float8 as n, sum(total)::float8 as total,
       coalesce(sum(n) filter (where key like 'failed:%'), 0)::float8 as failed, coalesce(sum(n) filter (where key = 'cancelled'), 0)::float8 as cancelled,
       ${parts(WAITED, GROUPS)}
     from (${ofAgents(REPORT_MONTHS, 3)} union all ${ofAgents(REPORT_DAYS, 5)} union all ${ofAgents(REPORT_DAYS, 7)}) all_of_it group by 1, 2`,
    [agents, range.sumIds, ...[months ?? NOTHING, first, second].flatMap(({ from, to }) => [from, to])],
  )
  const made = new Map<string, AgentFigures>()
  for (const row of rows) {
    const figures = made.get(row.agent_id) ?? {
      agentId: row.agent_id,
      out: 0,
      failed: 0,
      responses: responsesOf(
        0,
        0,
        numbers(GROUPS).map(() => 0),
      ),
      closed: 0,
    }
    made.set(row.agent_id, figures)
    if (row.measure === 'out') {
      figures.out = row.n - row.cancelled
      figures.failed = row.failed
    } else if (row.measure === 'closed') figures.closed = row.n
    else figures.responses = responsesOf(row.n, row.total, readParts(row, GROUPS))
  }
  return [...made.values()]
    .filter(({ out, responses, closed }) => out > 0 || responses.count > 0 || closed > 0)
    .sort((a, b) => b.out - a.out || b.closed - a.closed || Number(a.agentId) - Number(b.agentId))
}

/** What ways saved against the dearest one, of what has been sent; from the sums that costs keep. */
export async function readSaved(db: Db, range: Range): Promise<Money[]> {
  return db.query<Money>(
    // cost_day_pkey
    `select sum(saved)::text as amount, currency from cost_day
     where day between $1 and $2 and channel_id = any($3::bigint[]) and ($4::bigint[] is null or user_id = any($4)) and saved > 0
     group by currency order by currency`,
    [range.from, range.to, range.channelIds, range.agentIds ?? null],
  )
}

/** So many waiting messages are counted one by one; more are taken from the sums. */
const COUNTED_ONE_BY_ONE = 5000

/** B18: how the reader's channels stand. */
export async function readNow(db: Db, actor: Actor): Promise<ChannelNow[]> {
  const rows = await db.query<{
    id: string
    name: string
    kind: string
    state: ChannelNow['state']
    queue: number
    last_in: Date | null
    last_out: Date | null
  }>(
    // outbox_next, message_report twice
    `select c.id, c.name, c.kind, c.state, q.n as queue,
       (select at from message where channel_id = c.id and direction = 'in' order by at desc, id desc limit 1) as last_in,
       (select at from message where channel_id = c.id and direction = 'out' order by at desc, id desc limit 1) as last_out
     from channel c cross join lateral (
       select count(*)::int as n from (select from outbox where channel_id = c.id limit $2) o) q
     where c.id = any($1::bigint[]) order by c.id`,
    [actor.channels.view, COUNTED_ONE_BY_ONE],
  )
  const long = rows.filter((row) => row.queue === COUNTED_ONE_BY_ONE)
  if (long.length > 0) {
    const sums = await db.query<{ channel_id: string; n: number }>(
      // report_day_pkey; nothing waits longer than a year.
      `select channel_id, sum(n)::int as n from ${REPORT_DAYS} r
       where agent_id = -1 and channel_id = any($1::bigint[]) and measure = 'out' and key = 'waiting' and day > current_date - 366 group by 1`,
      [long.map((row) => row.id)],
    )
    for (const row of long) row.queue = sums.find((sum) => sum.channel_id === row.id)?.n ?? row.queue
  }
  return rows.map((row) => ({
    channelId: row.id,
    name: row.name,
    kind: row.kind,
    state: row.state,
    queue: row.queue,
    lastIn: row.last_in?.toISOString() ?? null,
    lastOut: row.last_out?.toISOString() ?? null,
  }))
}

export async function readDashboard(db: Db, actor: Actor, range: Range): Promise<Dashboard> {
  const { timeZone, from, to, today, complete, step } = range
  return {
    timeZone,
    from,
    to,
    today,
    complete,
    step,
    points: await readPoints(db, range),
    before: await readBefore(db, range),
    channels: await readChannels(db, range),
    responses: await readResponses(db, range),
    weekdays: await readWeekdays(db, range),
    hours: await readHours(db, range),
    agents: await readAgents(db, range),
    saved: await readSaved(db, range),
    now: await readNow(db, actor),
  }
}

import { firstDayOfWeek } from '#shared/dates.ts'
import { addToDay, partsOfDay, todayIn, weekdayOf } from '#shared/days.ts'
import type { Calendar, Locale } from '#shared/locales.ts'
import type { ReportStep } from '#shared/api/choices.ts'
import type { ReportQuery } from '#shared/api/reports.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'

/** What a report is about, checked and cut to what its reader may see. Days are the organisation's, calendars the reader's. */
export interface Range {
  from: string
  to: string
  today: string
  step: ReportStep
  timeZone: string
  calendar: Calendar
  locale: Locale
  /** Asked for, or all that the reader may view. */
  channelIds: readonly string[]
  /** Whose sums say the same: of every channel together (0) for a reader who sees and asked for them all. */
  sumIds: readonly string[]
  /** Undefined: everybody together. */
  agentIds: readonly string[] | undefined
  complete: boolean
}
export interface Piece {
  key: string
  from: string
  to: string
}

const DAY = 86_400_000
const MOST_DAYS = 3660
const MOST_HOURLY_DAYS = 31
export const daysBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / DAY
export const plusDays = (day: string, days: number): string =>
  new Date(Date.parse(day) + days * DAY).toISOString().slice(0, 10)

/**
 * @throws Problem not_found for a channel one may not view, invalid_input for a range that ends before it begins, is longer
 *   than ten years, or too long to be cut into hours
 */
export async function readRange(db: Db, actor: Actor, query: ReportQuery): Promise<Range> {
  const { from, to, by } = query
  const length = daysBetween(from, to) + 1
  if (length < 1) throw wrongField('to', 'out_of_range')
  if (length > MOST_DAYS) throw wrongField('from', 'out_of_range')
  if (by === 'hour' && length > MOST_HOURLY_DAYS) throw wrongField('by', 'out_of_range')
  const asked = query.channelId?.split(',')
  if (asked?.some((id) => !actor.channels.view.includes(id))) throw new Problem('not_found')
  const row = await db.one<{ time_zone: string; complete: boolean; calendar: Calendar; all: boolean }>(
    `select case when s.built_at is null then o.time_zone else s.time_zone end as time_zone,
       s.built_at is not null and s.time_zone = o.time_zone as complete, coalesce(u.calendar, o.calendar) as calendar,
       not exists (select from channel where id <> all($2::bigint[])) as all
     from report_state s, organisation o left join app_user u on u.id = $1`,
    [actor.userId, actor.channels.view],
  )
  if (!row) throw new Error('the organisation is missing')
  return {
    from,
    to,
    today: todayIn(row.time_zone),
    step: by ?? stepFor(length),
    timeZone: row.time_zone,
    calendar: row.calendar,
    locale: actor.locale,
    channelIds: asked ?? actor.channels.view,
    sumIds: asked ?? (row.all ? ['0'] : actor.channels.view),
    agentIds: query.agentId?.split(','),
    complete: row.complete,
  }
}

/** As fine as a picture can still show. */
function stepFor(days: number): ReportStep {
  if (days <= 2) return 'hour'
  if (days <= 62) return 'day'
  return days <= 190 ? 'week' : 'month'
}

/** The range in days, the reader's weeks, or the months of the reader's calendar; the first and the last may be cut short. */
export function piecesOf({ from, to, step, calendar, locale }: Range): Piece[] {
  const pieces: Piece[] = []
  for (let at = from; at <= to; ) {
    const next = step === 'month' ? nextMonth(at, calendar) : step === 'week' ? nextWeek(at, locale) : plusDays(at, 1)
    const last = plusDays(next, -1)
    pieces.push({ key: at, from: at, to: last < to ? last : to })
    at = next
  }
  return pieces
}

function nextMonth(day: string, calendar: Calendar): string {
  return addToDay(plusDays(day, 1 - partsOfDay(day, calendar).day), calendar, { months: 1 })
}
function nextWeek(day: string, locale: Locale): string {
  return plusDays(day, 7 - ((weekdayOf(day) - firstDayOfWeek(locale) + 7) % 7))
}

/** The whole months of the Gregorian calendar within it, and the days around them. Without whole months all of it is days. */
export function monthsWithin(from: string, to: string): { months?: Piece; days: Piece[] } {
  const first = from.endsWith('-01') ? from : nextMonth(from, 'gregory')
  const after = plusDays(to, 1)
  const end = `${after.slice(0, 8)}01`
  if (first >= end) return { days: [{ key: from, from, to }] }
  const days: Piece[] = []
  if (from < first) days.push({ key: from, from, to: plusDays(first, -1) })
  if (end <= to) days.push({ key: end, from: end, to })
  return { months: { key: first, from: first, to: plusDays(end, -1) }, days }
}

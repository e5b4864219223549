/**
 * What the days and moments of a filter mean to its reader at this moment: "this month" is another in each calendar and
 * begins at another instant in each time zone. Apart from filter.ts because of the arithmetic of calendars.
 */
import {
  CalendarDate,
  createCalendar,
  GregorianCalendar,
  parseDate,
  toCalendar,
  toZoned,
} from '@internationalized/date'
import { firstDayOfWeek } from './dates.ts'
import { todayIn, weekdayOf } from './days.ts'
import { DISTANCE, HOURS, PERIOD } from './filter.ts'
import type { Calendar, Locale } from './locales.ts'

export interface FilterReader {
  locale: Locale
  calendar: Calendar
  timeZone: string
}

const GREGORIAN = new GregorianCalendar()

/** The first and the last day of what the value names, both as `YYYY-MM-DD`. The value has passed `isDateValue`. */
export function daysOf(value: string, reader: FilterReader, now: Date = new Date()): { first: string; last: string } {
  const today = parseDate(todayIn(reader.timeZone, now))
  const [first, last] = spanOf(value, reader, today)
  return { first: isoDay(first), last: isoDay(last) }
}

/** The instants from which on and before which it is. Of an exact moment the millisecond that begins with it. */
export function instantsOf(value: string, reader: FilterReader, now: Date = new Date()): { from: Date; until: Date } {
  const [, sign = '', hours] = HOURS.exec(value) ?? []
  if (hours !== undefined) {
    const at = now.getTime() + (sign === '-' ? -1 : 1) * Number(hours) * 3_600_000
    return { from: new Date(at), until: new Date(at + 1) }
  }
  if (value.includes('T')) {
    const at = Date.parse(value)
    return { from: new Date(at), until: new Date(at + 1) }
  }
  const { first, last } = daysOf(value, reader, now)
  return {
    from: startOfDay(parseDate(first), reader.timeZone),
    until: startOfDay(parseDate(last).add({ days: 1 }), reader.timeZone),
  }
}

/** Where the clock is put forward at midnight, a day begins an hour later. */
function startOfDay(day: CalendarDate, timeZone: string): Date {
  return toZoned(day, timeZone, 'compatible').toDate()
}

function spanOf(value: string, reader: FilterReader, today: CalendarDate): [CalendarDate, CalendarDate] {
  if (value === 'today') return [today, today]
  if (value === 'yesterday' || value === 'tomorrow') {
    const day = today.add({ days: value === 'tomorrow' ? 1 : -1 })
    return [day, day]
  }
  const [, sign = '', length = ''] = DISTANCE.exec(value) ?? []
  if (length !== '') {
    const count = (sign === '-' ? -1 : 1) * Number.parseInt(length, 10)
    const unit = ({ d: 'days', w: 'weeks', m: 'months', y: 'years' } as const)[length.at(-1) as 'd' | 'w' | 'm' | 'y']
    const day = toCalendar(today, createCalendar(reader.calendar)).add({ [unit]: count })
    return [day, day]
  }
  const [, which = '', period = ''] = PERIOD.exec(value) ?? []
  if (period !== '') return periodOf(period, { last: -1, this: 0, next: 1 }[which] ?? 0, reader, today)
  const day = parseDate(value)
  return [day, day]
}

function periodOf(
  period: string,
  offset: number,
  { calendar, locale }: FilterReader,
  today: CalendarDate,
): [CalendarDate, CalendarDate] {
  if (period === 'week') {
    const first = today.add({ days: offset * 7 - ((weekdayOf(isoDay(today)) - firstDayOfWeek(locale) + 7) % 7) })
    return [first, first.add({ days: 6 })]
  }
  const here = toCalendar(today, createCalendar(calendar))
  const month = period === 'year' ? 1 : period === 'quarter' ? here.month - ((here.month - 1) % 3) : here.month
  const length = period === 'year' ? { years: 1 } : { months: period === 'quarter' ? 3 : 1 }
  let first = here.set({ day: 1, month })
  for (let step = 0; step < Math.abs(offset); step++) first = offset < 0 ? first.subtract(length) : first.add(length)
  return [first, first.add(length).subtract({ days: 1 })]
}

function isoDay(day: CalendarDate): string {
  return toCalendar(day, GREGORIAN).toString()
}

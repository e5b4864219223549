/** At which moments something is due that happens at an hour of some days, by the clock of a time zone. */
import { parseDate, parseTime, toCalendarDateTime, toZoned } from '@internationalized/date'
import { addToDay, dayOfParts, partsOfDay, todayIn } from './days.ts'
import type { Calendar } from './locales.ts'

/**
 * The moment it is `time` (`HH:MM`) on a day (`YYYY-MM-DD`) in a time zone. Where the clock is put forward over it, as
 * much later; where it comes twice, the first time.
 */
export function momentOf(day: string, time: string, timeZone: string): Date {
  return toZoned(toCalendarDateTime(parseDate(day), parseTime(time)), timeZone, 'compatible').toDate()
}

/** The days on which it becomes `time` after `after` and not after `upTo`, in order. */
export function dueDays(after: Date, upTo: Date, time: string, timeZone: string): string[] {
  const days: string[] = []
  // A day before: where the clock is put forward, the moment may lie on the next.
  let day = addToDay(todayIn(timeZone, after), 'gregory', { days: -1 })
  for (const last = todayIn(timeZone, upTo); day <= last; day = addToDay(day, 'gregory', { days: 1 })) {
    const at = momentOf(day, time, timeZone)
    if (at > after && at <= upTo) days.push(day)
  }
  return days
}

/** The day in `year` (of the calendar) on which a yearly day comes again; of the last of a leap month the day before. */
export function comesAgain(day: string, year: number, calendar: Calendar): string | null {
  const { month, day: inMonth } = partsOfDay(day, calendar)
  return dayOfParts({ year, month, day: inMonth }, calendar) ?? dayOfParts({ year, month, day: inMonth - 1 }, calendar)
}

/** Whether a yearly day comes again on `today`, later than it first was. */
export function isAnniversary(day: string, today: string, calendar: Calendar): boolean {
  return day < today && comesAgain(day, partsOfDay(today, calendar).year, calendar) === today
}

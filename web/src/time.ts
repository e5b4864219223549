import { type DatePreferences, dayNumber, formatDate } from '#shared/dates.ts'
import type { I18n } from './i18n.ts'

const DAY = 86_400_000
const weekdays = new Map<string, Intl.DateTimeFormat>()

/** For a list: the time today, the weekday this week, else the short date. */
export function listTime(i: DatePreferences & { tag: string }, at: string): string {
  const days = dayNumber(Date.now(), i.timeZone) - dayNumber(at, i.timeZone)
  if (days <= 0) return formatDate(at, i, 'time')
  if (days > 6) return formatDate(at, i, 'short')
  const id = `${i.tag} ${i.timeZone}`
  let format = weekdays.get(id)
  if (format === undefined) {
    format = new Intl.DateTimeFormat(i.tag, { weekday: i.locale === 'en' ? 'short' : 'long', timeZone: i.timeZone })
    weekdays.set(id, format)
  }
  return format.format(new Date(at))
}

export const exactTime = (i: I18n, at: string): string => formatDate(at, i, 'exact')

/** How long something has lasted, in its largest unit: «۳ دقیقه», «۲ ساعت». */
export function lasting(i: I18n, ms: number): string {
  const [value, unit] =
    ms < 3_600_000 ? [ms / 60_000, 'minute'] : ms < DAY ? [ms / 3_600_000, 'hour'] : [ms / DAY, 'day']
  return i.n(Math.max(1, Math.floor(value)), {
    style: 'unit',
    unit,
    unitDisplay: i.locale === 'en' ? 'narrow' : 'long',
  })
}

/**
 * Dates, times, numbers and sizes in the user's language, calendar, digits and time zone. On Intl alone, without the
 * arithmetic of calendars (that is @internationalized/date, for the screens that need it): this is in the first load.
 *
 * Long dates are put together here from the parts Intl gives: its own Persian pattern reads «۱۴۰۵ آذر ۲, دوشنبه».
 */
import { type Calendar, type Digits, type Locale, localeTag } from './locales.ts'
import { localDigits } from './text.ts'

export interface NumberPreferences {
  locale: Locale
  digits: Digits
}

export interface DatePreferences extends NumberPreferences {
  calendar: Calendar
  /** IANA name, "Asia/Tehran". */
  timeZone: string
}

/**
 * | style    | fa                            | en                               |
 * |----------|-------------------------------|----------------------------------|
 * | time     | ۱۴:۳۵                         | 14:35                            |
 * | short    | ۱۴۰۵/۰۹/۰۲                    | 23 Nov 2026                      |
 * | long     | ۲ آذر ۱۴۰۵                    | 23 November 2026                 |
 * | datetime | ۲ آذر ۱۴۰۵، ۱۴:۳۵             | 23 November 2026, 14:35          |
 * | full     | دوشنبه ۲ آذر ۱۴۰۵             | Monday 23 November 2026          |
 * | exact    | دوشنبه ۲ آذر ۱۴۰۵، ۱۴:۳۵:۰۷   | Monday 23 November 2026, 14:35:07 |
 * | month    | آذر ۱۴۰۵                      | November 2026                    |
 * | relative | ۳ دقیقه پیش                   | 3 minutes ago                    |
 */
export type DateStyle = 'time' | 'short' | 'long' | 'datetime' | 'full' | 'exact' | 'month' | 'relative'

/** A moment: a Date, milliseconds since 1970, or an RFC 3339 text as the API sends it. */
export type Instant = Date | number | string

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const JUST_NOW: Record<Locale, string> = { fa: 'همین حالا', ar: 'الآن', en: 'just now' }
const COMMA: Record<Locale, string> = { fa: '، ', ar: '، ', en: ', ' }
const AFTER_WEEKDAY: Record<Locale, string> = { fa: ' ', ar: '، ', en: ' ' }

/** Keeps what was made by name: making an Intl formatter costs a thousand times more than using one. */
function keep<T>(): (name: string, make: () => T) => T {
  const kept = new Map<string, T>()
  return (name, make) => {
    const known = kept.get(name)
    if (known !== undefined) return known
    const made = make()
    kept.set(name, made)
    return made
  }
}

const dateFormat = keep<Intl.DateTimeFormat>()
const relativeFormat = keep<Intl.RelativeTimeFormat>()
const numberFormat = keep<Intl.NumberFormat>()

type Parts = Partial<Record<Intl.DateTimeFormatPartTypes, string>>

function partsOf(date: Date, preferences: DatePreferences, name: string, options: Intl.DateTimeFormatOptions): Parts {
  const tag = localeTag(preferences.locale, preferences.digits, preferences.calendar)
  const format = dateFormat(
    `parts ${name} ${tag} ${preferences.timeZone}`,
    () => new Intl.DateTimeFormat(tag, { ...options, timeZone: preferences.timeZone }),
  )
  return Object.fromEntries(format.formatToParts(date).map(({ type, value }) => [type, value]))
}

/**
 * One moment in one of the styles of `DateStyle`, without the era. Empty for an instant that is no date.
 * Relative time: "just now" under 45 seconds, then minutes, hours, days with words for the nearest (دیروز، پریروز), and
 * the short date from a week on; the future likewise.
 * @throws RangeError for a time zone that Intl does not know (see isTimeZone).
 */
export function formatDate(
  instant: Instant,
  preferences: DatePreferences,
  style: DateStyle,
  now: Instant = Date.now(),
): string {
  const date = new Date(instant)
  if (Number.isNaN(date.getTime())) return ''
  const { locale } = preferences
  switch (style) {
    case 'time':
      return timeOf(date, preferences, 'short')
    case 'short':
      return shortDate(date, preferences)
    case 'long':
      return longDate(date, preferences)
    case 'datetime':
      return longDate(date, preferences) + COMMA[locale] + timeOf(date, preferences, 'short')
    case 'full':
      return fullDate(date, preferences)
    case 'exact':
      return fullDate(date, preferences) + COMMA[locale] + timeOf(date, preferences, 'medium')
    case 'month': {
      const { month, year } = partsOf(date, preferences, 'month', { month: 'long', year: 'numeric' })
      return `${month} ${year}`
    }
    case 'relative':
      return relativeTime(date, preferences, new Date(now))
  }
}

/**
 * A day without a time, as the API sends it (`YYYY-MM-DD`): the same day wherever its reader is. Empty for what is none.
 */
export function formatDay(
  day: string,
  preferences: Omit<DatePreferences, 'timeZone'>,
  style: 'short' | 'long' | 'full' | 'month' = 'short',
): string {
  return formatDate(`${day}T00:00:00Z`, { ...preferences, timeZone: 'UTC' }, style)
}

function timeOf(date: Date, { locale, digits, timeZone }: DatePreferences, timeStyle: 'short' | 'medium'): string {
  const tag = localeTag(locale, digits)
  return dateFormat(
    `time ${timeStyle} ${tag} ${timeZone}`,
    () => new Intl.DateTimeFormat(tag, { timeStyle, timeZone }),
  ).format(date)
}

// Year first with slashes: digits and slashes run left to right even in a right-to-left line, so a reader who begins at
// the right meets the day, the month and the year in this order.
function shortDate(date: Date, preferences: DatePreferences): string {
  const english = preferences.locale === 'en'
  const { day, month, year } = partsOf(date, preferences, 'short', {
    day: english ? 'numeric' : '2-digit',
    month: english ? 'short' : '2-digit',
    year: 'numeric',
  })
  return english ? `${day} ${month} ${year}` : `${year}/${month}/${day}`
}

function longDate(date: Date, preferences: DatePreferences): string {
  const { day, month, year } = partsOf(date, preferences, 'full', FULL)
  return `${day} ${month} ${year}`
}

const FULL: Intl.DateTimeFormatOptions = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }

function fullDate(date: Date, preferences: DatePreferences): string {
  const { weekday } = partsOf(date, preferences, 'full', FULL)
  return `${weekday}${AFTER_WEEKDAY[preferences.locale]}${longDate(date, preferences)}`
}

function relativeUnit(value: number, unit: Intl.RelativeTimeFormatUnit, { locale, digits }: NumberPreferences): string {
  const tag = localeTag(locale, digits)
  return relativeFormat(`relative ${tag}`, () => new Intl.RelativeTimeFormat(tag, { numeric: 'auto' })).format(
    value,
    unit,
  )
}

function relativeTime(date: Date, preferences: DatePreferences, now: Date): string {
  const difference = date.getTime() - now.getTime()
  const distance = Math.abs(difference)
  if (distance < 45 * SECOND) return JUST_NOW[preferences.locale]
  if (distance < HOUR) {
    const minutes = Math.max(1, Math.floor(distance / MINUTE))
    return relativeUnit(Math.sign(difference) * minutes, 'minute', preferences)
  }
  if (distance < DAY) return relativeUnit(Math.trunc(difference / HOUR), 'hour', preferences)
  const days = dayNumber(date, preferences.timeZone) - dayNumber(now, preferences.timeZone)
  return Math.abs(days) < 7 ? relativeUnit(days, 'day', preferences) : shortDate(date, preferences)
}

/** Days since 1970-01-01 of the date on the wall in `timeZone`; equal for two moments of one day there. */
export function dayNumber(instant: Instant, timeZone: string): number {
  const { year, month, day } = partsOf(
    new Date(instant),
    { locale: 'en', digits: 'latin', calendar: 'gregory', timeZone },
    'day',
    { year: 'numeric', month: 'numeric', day: 'numeric' },
  )
  return Date.UTC(Number(year), Number(month) - 1, Number(day)) / DAY
}

/**
 * The heading between the days of a conversation: today, yesterday, the weekday's name for the five days before, then the
 * weekday with the full date. Also tomorrow, for what is planned.
 */
export function daySeparator(instant: Instant, preferences: DatePreferences, now: Instant = Date.now()): string {
  const date = new Date(instant)
  if (Number.isNaN(date.getTime())) return ''
  const days = dayNumber(date, preferences.timeZone) - dayNumber(now, preferences.timeZone)
  if (Math.abs(days) <= 1) {
    const word = relativeUnit(days, 'day', preferences)
    return preferences.locale === 'en' ? word.charAt(0).toUpperCase() + word.slice(1) : word
  }
  if (days < 0 && days > -7) return partsOf(date, preferences, 'full', FULL).weekday ?? ''
  return fullDate(date, preferences)
}

/** First column of a calendar: 6 is Saturday, 0 Sunday, 1 Monday. */
export function firstDayOfWeek(locale: Locale): 0 | 1 | 6 {
  return locale === 'en' ? 1 : 6
}

/** Whether Intl knows the name of a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** "۱۲٬۳۴۵٫۶". At most three decimals unless `options` say otherwise. */
export function formatNumber(
  value: number,
  { locale, digits }: NumberPreferences,
  options: Intl.NumberFormatOptions = {},
): string {
  const tag = localeTag(locale, digits)
  return numberFormat(`number ${tag} ${JSON.stringify(options)}`, () => new Intl.NumberFormat(tag, options)).format(
    value,
  )
}

const SIZE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

/** A file's size in units of 1,024: «۱٫۲ مگابایت», "١٫٢ م.ب", "1.2 MB". */
export function formatBytes(bytes: number, preferences: NumberPreferences): string {
  let size = Math.max(0, Number.isFinite(bytes) ? bytes : 0)
  let step = 0
  // 1023.95 would be shown as 1,024.
  while (size >= 1023.95 && step < SIZE_UNITS.length - 1) {
    size /= 1024
    step++
  }
  return formatNumber(size, preferences, {
    style: 'unit',
    unit: SIZE_UNITS[step],
    unitDisplay: preferences.locale === 'fa' || step === 0 ? 'long' : 'short',
    maximumFractionDigits: step === 0 || size >= 100 ? 0 : 1,
  })
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** Length of a recording from seconds: "۰:۰۷", "۱۲:۰۵", "۱:۰۲:۰۳". */
export function formatDuration(seconds: number, { locale, digits }: NumberPreferences): string {
  const total = Math.max(0, Number.isFinite(seconds) ? Math.floor(seconds) : 0)
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60]
  const text = hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
  return localDigits(text, digits === 'latin' ? 'en' : locale)
}

/**
 * Days as people type, read and count them, in Jalali, Umm al-Qura and Gregorian. A day is `YYYY-MM-DD` everywhere in the
 * program; calendars exist only here and on the screen. Apart from dates.ts because of the arithmetic of calendars.
 */
import {
  CalendarDate,
  GregorianCalendar,
  IslamicUmalquraCalendar,
  parseDate,
  PersianCalendar,
  toCalendar,
} from '@internationalized/date'
import { dayNumber, firstDayOfWeek, type Instant } from './dates.ts'
import { type Calendar, LOCALES, type Locale, localeTag } from './locales.ts'
import { foldText } from './text.ts'

const DAY = 86_400_000
const CALENDARS = {
  persian: new PersianCalendar(),
  'islamic-umalqura': new IslamicUmalquraCalendar(),
  gregory: new GregorianCalendar(),
} as const
/** Years one writes in each calendar; by them a date in another than one's own is recognised. */
const YEARS = {
  persian: [1200, 1600],
  'islamic-umalqura': [1200, 1600],
  gregory: [1700, 2500],
} as const

export interface DayReader {
  locale: Locale
  calendar: Calendar
}
/** A day by its numbers in a calendar; the month counts from 1. */
export interface DayParts {
  year: number
  month: number
  day: number
}

/** The day it is in `timeZone`. */
export const todayIn = (timeZone: string, now: Instant = Date.now()): string => isoOf(dayNumber(now, timeZone))
const isoOf = (number: number): string => new Date(number * DAY).toISOString().slice(0, 10)

const read = (day: string, calendar: Calendar): CalendarDate => toCalendar(parseDate(day), CALENDARS[calendar])
const write = (date: CalendarDate): string => toCalendar(date, CALENDARS.gregory).toString()

export function partsOfDay(day: string, calendar: Calendar): DayParts {
  const { year, month, day: inMonth } = read(day, calendar)
  return { year, month, day: inMonth }
}

/** The day with these numbers; null where the calendar has none such (31 Mehr, 30 February). */
export function dayOfParts({ year, month, day }: DayParts, calendar: Calendar): string | null {
  const [first, last] = YEARS[calendar]
  if (year < first || year > last || month < 1 || day < 1) return null
  // A CalendarDate is held within its calendar; what was changed was no day.
  const date = new CalendarDate(CALENDARS[calendar], year, month, day)
  return date.month === month && date.day === day ? write(date) : null
}

/** A day some days, months or years on; from the last of a long month one comes to the last of a shorter one. */
export const addToDay = (
  day: string,
  calendar: Calendar,
  step: { days?: number; months?: number; years?: number },
): string => write(read(day, calendar).add(step))

/** Whole years from one day to another as people count their age. */
export function yearsBetween(from: string, to: string, calendar: Calendar): number {
  const [a, b] = [read(from, calendar), read(to, calendar)]
  const isBefore = b.month < a.month || (b.month === a.month && b.day < a.day)
  return b.year - a.year - (isBefore ? 1 : 0)
}

/** The weeks that hold a month, each beginning as the reader's do; days of the months around it fill them up. */
export function weeksOfMonth({ year, month }: Omit<DayParts, 'day'>, { locale, calendar }: DayReader): string[][] {
  const first = write(new CalendarDate(CALENDARS[calendar], year, month, 1))
  const length = CALENDARS[calendar].getDaysInMonth(new CalendarDate(CALENDARS[calendar], year, month, 1))
  const number = Date.parse(first) / DAY
  const before = (weekdayOf(first) - firstDayOfWeek(locale) + 7) % 7
  const weeks = Math.ceil((before + length) / 7)
  return Array.from({ length: weeks }, (_, week) =>
    Array.from({ length: 7 }, (__, at) => isoOf(number - before + week * 7 + at)),
  )
}
/** 0 is Sunday. */
export const weekdayOf = (day: string): number => new Date(day).getUTCDay()

/** The months' names in the reader's language, the first first. */
export function monthNames({ locale, calendar }: DayReader, length: 'long' | 'short' = 'long'): string[] {
  const format = new Intl.DateTimeFormat(localeTag(locale, 'latin', calendar), { month: length, timeZone: 'UTC' })
  return Array.from({ length: 12 }, (_, index) => {
    const date = new CalendarDate(CALENDARS[calendar], calendar === 'gregory' ? 2026 : 1405, index + 1, 10)
    return format.format(new Date(write(date)))
  })
}
/** The weekdays' names from the reader's first day on. */
export function weekdayNames(locale: Locale, length: 'long' | 'short' | 'narrow'): string[] {
  const format = new Intl.DateTimeFormat(localeTag(locale), { weekday: length, timeZone: 'UTC' })
  // 1970-01-04 was a Sunday.
  return Array.from({ length: 7 }, (_, index) => format.format((3 + firstDayOfWeek(locale) + index) * DAY))
}

// ───────────────────────────── what was typed

// Names of Gregorian months in Syria, Iraq, Lebanon, Jordan and Palestine, which Intl gives only for those countries.
const LEVANT = 'كانون الثاني,شباط,آذار,نيسان,أيار,حزيران,تموز,آب,أيلول,تشرين الأول,تشرين الثاني,كانون الأول'.split(',')
// As people write them, beside the names Intl has.
const HIJRI =
  'محرم,صفر,ربیع الاول,ربیع الثانی,جمادی الاولی,جمادی الثانیه,رجب,شعبان,رمضان,شوال,ذی القعده,ذی الحجه'.split(',')
const ERAS: Record<string, Calendar> = {
  هش: 'persian',
  ش: 'persian',
  شمسی: 'persian',
  ap: 'persian',
  هق: 'islamic-umalqura',
  ه: 'islamic-umalqura',
  ق: 'islamic-umalqura',
  قمری: 'islamic-umalqura',
  ah: 'islamic-umalqura',
  م: 'gregory',
  میلادی: 'gregory',
  ad: 'gregory',
}
const RELATIVE: Record<string, number> = {
  امروز: 0,
  دیروز: -1,
  فردا: 1,
  پریروز: -2,
  پسفردا: 2,
  الیوم: 0,
  امس: -1,
  غدا: 1,
  today: 0,
  yesterday: -1,
  tomorrow: 1,
}

const letters = (text: string): string => foldText(text).replaceAll(/[^\p{L}]|\p{Lm}/gu, '')
/** A month's name without blanks; "Rab. II" and "Rabiʻ I" stay apart. */
const monthKey = (text: string): string => letters(text.replace(/ II$/i, ' second').replace(/ I$/i, ' first'))

interface Words {
  months: ReadonlyMap<string, { calendar: Calendar; month: number }>
  noise: ReadonlySet<string>
}
let known: Words | undefined
function words(): Words {
  if (known) return known
  const months = new Map<string, { calendar: Calendar; month: number }>()
  const put = (calendar: Calendar, names: string[]): void =>
    names.forEach((name, index) => months.set(monthKey(name), { calendar, month: index + 1 }))
  const noise = new Set(['ماه', 'سال', 'شهر', 'سنه', 'عام', 'of'])
  for (const locale of LOCALES) {
    for (const length of ['short', 'long'] as const) {
      for (const calendar of Object.keys(CALENDARS) as Calendar[])
        put(calendar, monthNames({ locale, calendar }, length))
      for (const name of weekdayNames(locale, length)) noise.add(letters(name))
    }
  }
  put('gregory', LEVANT)
  put('islamic-umalqura', HIJRI)
  known = { months, noise }
  return known
}

/** The month a text names and the calendar it is reckoned in, null when a word of it is neither. */
function namedIn(text: string): { calendar?: Calendar; month?: number } | null {
  const { months, noise } = words()
  const kept: string[] = []
  let calendar: Calendar | undefined
  for (const word of text.split(/[^\p{L}\p{M}.]+/u).map(letters)) {
    const era = ERAS[word]
    if (era !== undefined) calendar = era
    else if (!noise.has(word)) kept.push(word)
  }
  const rest = monthKey(kept.join(' ').trim())
  if (rest === '') return calendar === undefined ? {} : { calendar }
  return months.get(rest) ?? months.get(rest.replace(/ماه$/, '')) ?? null
}

/**
 * The day somebody typed or pasted, in any digits and with any separators: «۱۴۰۵/۹/۴», 1405-09-04, 14050904, ۴ آذر ۱۴۰۵,
 * 25.11.2026, 25 Nov 2026, 2026-11-25T08:00:00Z, «فردا». The calendar is told by the month's name or by the year, else it
 * is the reader's; the year is the part that has four digits or is over 31, else it stands where the reader puts it. Null
 * when it is no day.
 * @param today for what is left out: the year, the century
 */
export function parseDay(text: string, reader: DayReader, today: string): string | null {
  const folded = foldText(text.slice(0, 100))
    .replace(/(\d)(?:t|[\s,،]+)\d{1,2}:\d{2}.*$/u, '$1')
    .replaceAll(/(\d)(st|nd|rd|th|ام|م)(?!\p{L})/gu, '$1')
    .trim()
  const relative = RELATIVE[letters(folded)]
  if (relative !== undefined && !/\d/.test(folded)) return addToDay(today, 'gregory', { days: relative })
  if (/[^\p{L}\p{M}\p{Zs}\d/\\.,،\-–_()]/u.test(folded)) return null
  const named = namedIn(folded.replaceAll(/\d+/g, ' '))
  const numbers = folded.match(/\d+/g) ?? []
  if (named === null || numbers.length === 0 || numbers.length > 3) return null
  const year = yearOf(numbers, named.month !== undefined, reader)
  if (year === null) return null
  const calendar = named.calendar ?? calendarOf(year.value, year.digits, reader)
  const here = partsOfDay(today, calendar)
  const full = year.value === undefined ? here.year : year.digits > 2 ? year.value : nearest(year.value, here.year)
  const month = named.month ?? (year.rest.length > 1 ? year.rest[year.first === 'month' ? 0 : 1] : here.month)
  const day = named.month !== undefined || year.first === 'day' ? year.rest[0] : year.rest.at(-1)
  if (month === undefined || day === undefined) return null
  return dayOfParts({ year: full, month, day }, calendar)
}

interface Split {
  value: number | undefined
  digits: number
  rest: number[]
  first: 'month' | 'day'
}

/** Which of the numbers is the year, and in which order the others stand. */
function yearOf(numbers: string[], hasMonth: boolean, { locale, calendar }: DayReader): Split | null {
  const [only = ''] = numbers
  if (numbers.length === 1 && only.length === 8) {
    const isYearFirst = /^(1[2-9]|20)/.test(only) && Number(only.slice(4, 6)) <= 12
    const cuts = isYearFirst ? [0, 4, 6, 8] : [0, 2, 4, 8]
    return yearOf(
      [0, 1, 2].map((at) => only.slice(cuts[at], cuts[at + 1])),
      hasMonth,
      { locale, calendar },
    )
  }
  if (numbers.some(({ length }) => length > 4)) return null
  const values = numbers.map(Number)
  // With the day in front a reader of Gregorian dates and of Arabic ones writes them, with the year a reader of Jalali ones.
  const yearFirst = calendar === 'persian' && locale !== 'en'
  const isYear = (at: number): boolean => (numbers[at]?.length ?? 0) > 2 || (values[at] ?? 0) > 31
  const whole = hasMonth ? 2 : 3
  if (numbers.length < whole) {
    if (numbers.length > 2 || values.some((_, at) => isYear(at))) return null
    return { value: undefined, digits: 0, rest: values, first: yearFirst ? 'month' : 'day' }
  }
  if (numbers.length > whole) return null
  const last = whole - 1
  const at = isYear(0) ? 0 : isYear(last) || hasMonth || !yearFirst ? last : 0
  const rest = values.filter((_, index) => index !== at)
  return { value: values[at], digits: numbers[at]?.length ?? 0, rest, first: at === 0 ? 'month' : 'day' }
}

const isWithin = (year: number, calendar: Calendar): boolean => year >= YEARS[calendar][0] && year <= YEARS[calendar][1]

/** The reader's calendar if the year is one of it, else the one it must be; of a Gregorian reader's 1405 by language. */
function calendarOf(year: number | undefined, digits: number, { locale, calendar }: DayReader): Calendar {
  if (year === undefined || digits < 3 || isWithin(year, calendar)) return calendar
  if (isWithin(year, 'gregory')) return 'gregory'
  return locale === 'ar' ? 'islamic-umalqura' : 'persian'
}

/** The year with these last two digits from 80 years ago to 20 years on: ۶۶ is 1366, ۰۵ is 1405. */
function nearest(short: number, now: number): number {
  const year = now - (now % 100) + short
  return year > now + 20 ? year - 100 : year <= now - 80 ? year + 100 : year
}

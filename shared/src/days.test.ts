import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CALENDARS } from './api/choices.ts'
import { formatDay } from './dates.ts'
import {
  addToDay,
  dayOfParts,
  parseDay,
  partsOfDay,
  todayIn,
  weekdayNames,
  weeksOfMonth,
  yearsBetween,
} from './days.ts'
import { type Calendar, LOCALES } from './locales.ts'
import { localDigits } from './text.ts'

const DAY = 86_400_000
const iso = (at: number): string => new Date(at).toISOString().slice(0, 10)
const TODAY = '2026-11-25'
const FA = { locale: 'fa', calendar: 'persian' } as const
const AR = { locale: 'ar', calendar: 'islamic-umalqura' } as const
const EN = { locale: 'en', calendar: 'gregory' } as const

// What Intl says of a day, which knows nothing of our arithmetic.
const formats = new Map<Calendar, Intl.DateTimeFormat>()
function byIntl(at: number, calendar: Calendar): { year: number; month: number; day: number } {
  let format = formats.get(calendar)
  if (!format) {
    const options = { year: 'numeric', month: 'numeric', day: 'numeric', timeZone: 'UTC' } as const
    format = new Intl.DateTimeFormat(`en-u-ca-${calendar}-nu-latn`, options)
    formats.set(calendar, format)
  }
  const parts = format.formatToParts(at)
  const value = (type: string): number => Number(parts.find((part) => part.type === type)?.value)
  return { year: value('year'), month: value('month'), day: value('day') }
}
/** 1300–1500 of either calendar, with room to spare. */
const FIRST: Record<Calendar, number> = {
  persian: Date.UTC(1921, 2, 21),
  'islamic-umalqura': Date.UTC(1882, 10, 12),
  gregory: Date.UTC(1880, 0, 1),
}
const LAST: Record<Calendar, number> = {
  persian: Date.UTC(2122, 2, 20),
  'islamic-umalqura': Date.UTC(2077, 10, 16),
  gregory: Date.UTC(2130, 0, 1),
}
const dayIn = (calendar: Calendar): fc.Arbitrary<number> =>
  fc.integer({ min: FIRST[calendar] / DAY, max: LAST[calendar] / DAY }).map((number) => number * DAY)
const reader = fc.record({
  locale: fc.constantFrom(...LOCALES),
  calendar: fc.constantFrom(...CALENDARS),
  digits: fc.constantFrom('native' as const, 'latin' as const),
})

describe('the arithmetic of calendars', () => {
  it.each(CALENDARS)('every day of two centuries of %s is the one Intl names', (calendar) => {
    const wrong: string[] = []
    for (let at = FIRST[calendar]; at <= LAST[calendar]; at += DAY) {
      const { year, month, day } = partsOfDay(iso(at), calendar)
      const said = byIntl(at, calendar)
      if (year !== said.year || month !== said.month || day !== said.day) wrong.push(iso(at))
    }
    expect(wrong).toEqual([])
  })

  it('leap years are those of the calendar on the wall', () => {
    const leap = [1370, 1375, 1379, 1383, 1387, 1391, 1395, 1399, 1403, 1408, 1412]
    for (let year = 1370; year <= 1412; year++)
      expect(dayOfParts({ year, month: 12, day: 30 }, 'persian') !== null, `${year}`).toBe(leap.includes(year))
    expect(dayOfParts({ year: 2100, month: 2, day: 29 }, 'gregory')).toBeNull()
    expect(dayOfParts({ year: 2000, month: 2, day: 29 }, 'gregory')).toBe('2000-02-29')
    expect(dayOfParts({ year: 1405, month: 7, day: 31 }, 'persian')).toBeNull()
    expect(dayOfParts({ year: 1405, month: 13, day: 1 }, 'persian')).toBeNull()
  })

  it('months and years go on from the last of a month to the last of the next', () => {
    expect(addToDay('2026-09-22', 'persian', { months: 1 })).toBe('2026-10-22')
    // 31 Shahrivar → 30 Mehr; 30 Esfand of a leap year → 29 Esfand.
    expect(partsOfDay(addToDay('2026-09-22', 'persian', { months: 1 }), 'persian')).toEqual({
      year: 1405,
      month: 7,
      day: 30,
    })
    expect(partsOfDay(addToDay('2025-03-20', 'persian', { years: 1 }), 'persian')).toEqual({
      year: 1404,
      month: 12,
      day: 29,
    })
    expect(addToDay('2024-02-29', 'gregory', { years: -1 })).toBe('2023-02-28')
  })

  it('age is counted in the calendar of whoever counts', () => {
    expect(yearsBetween('1987-06-12', '2026-06-11', 'gregory')).toBe(38)
    expect(yearsBetween('1987-06-12', '2026-06-12', 'gregory')).toBe(39)
    // 22 Khordad 1366.
    expect(yearsBetween('1987-06-12', '2026-06-11', 'persian')).toBe(38)
    expect(yearsBetween('1987-06-12', '2026-06-12', 'persian')).toBe(39)
  })

  it('a month’s weeks hold each of its days once, in whole weeks from the reader’s first day', () => {
    fc.assert(
      fc.property(reader, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1330, max: 1490 }), (who, month, y) => {
        const year = who.calendar === 'gregory' ? y + 580 : y
        const weeks = weeksOfMonth({ year, month }, who)
        const days = weeks.flat()
        expect(days).toHaveLength(weeks.length * 7)
        for (const [at, day] of days.entries())
          if (at > 0) expect(Date.parse(day) - Date.parse(days[at - 1] ?? '')).toBe(DAY)
        const inside = days.filter((day) => partsOfDay(day, who.calendar).month === month)
        expect(partsOfDay(inside[0] ?? '', who.calendar)).toEqual({ year, month, day: 1 })
        expect(partsOfDay(addToDay(inside.at(-1) ?? '', 'gregory', { days: 1 }), who.calendar).day).toBe(1)
        expect(weeks.every((week) => week.some((day) => inside.includes(day)))).toBe(true)
        expect(new Date(days[0] ?? '').getUTCDay()).toBe(who.locale === 'en' ? 1 : 6)
      }),
    )
    expect(weekdayNames('fa', 'narrow').join('')).toBe('شیدسچپج')
    expect(weekdayNames('en', 'long')[0]).toBe('Monday')
    expect(weekdayNames('ar', 'long')[0]).toBe('السبت')
  })

  it('today is that of the reader’s time zone', () => {
    expect(todayIn('Asia/Tehran', '2026-11-24T21:00:00Z')).toBe('2026-11-25')
    expect(todayIn('America/New_York', '2026-11-25T03:00:00Z')).toBe('2026-11-24')
  })
})

describe('what is typed', () => {
  it('what is shown is understood again, in every language, calendar and digits', () => {
    const shown = reader.chain((who) =>
      fc.record({
        who: fc.constant(who),
        at: dayIn(who.calendar),
        style: fc.constantFrom('short' as const, 'long' as const, 'full' as const),
      }),
    )
    fc.assert(
      fc.property(shown, ({ who, at, style }) => {
        expect(parseDay(formatDay(iso(at), who, style), who, TODAY)).toBe(iso(at))
      }),
      { numRuns: 1500 },
    )
  })

  it('the year in front or behind, any separator, any digits: the same day', () => {
    const typed = reader.chain((who) =>
      fc.record({
        who: fc.constant(who),
        at: dayIn(who.calendar),
        separator: fc.constantFrom('/', '-', '.', ' ', ' / ', '\u200f/', '،', '_'),
        yearFirst: fc.boolean(),
        padded: fc.boolean(),
        digits: fc.constantFrom(...LOCALES),
      }),
    )
    fc.assert(
      fc.property(typed, ({ who, at, separator, yearFirst, padded, digits }) => {
        const { year, month, day } = byIntl(at, who.calendar)
        const [m, d] = [month, day].map((one) => String(one).padStart(padded ? 2 : 1, '0'))
        const text = (yearFirst ? [year, m, d] : [d, m, year]).join(separator)
        expect(parseDay(localDigits(text, digits), who, TODAY)).toBe(iso(at))
      }),
      { numRuns: 1500 },
    )
  })

  it.each([
    ['۱۴۰۵/۹/۴', FA, '2026-11-25'],
    ['1405-09-04', FA, '2026-11-25'],
    ['14050904', FA, '2026-11-25'],
    ['۰۵/۹/۴', FA, '2026-11-25'],
    ['۶۶/۳/۲۲', FA, '1987-06-12'],
    ['۲۲/۳/۶۶', FA, '1987-06-12'],
    ['۹/۴', FA, '2026-11-25'],
    ['۴', FA, '2026-11-25'],
    ['چهارشنبه ۴ آذر ۱۴۰۵', FA, '2026-11-25'],
    ['4 آذر', FA, '2026-11-25'],
    ['۴ام آذرماه سال ۱۴۰۵', FA, '2026-11-25'],
    ['25-11-2026', FA, '2026-11-25'],
    ['2026-11-25', FA, '2026-11-25'],
    ['20261125', FA, '2026-11-25'],
    ['25112026', FA, '2026-11-25'],
    ['2026-11-25T08:30:00Z', FA, '2026-11-25'],
    ['۱۴۰۵/۰۹/۰۴ ۱۲:۳۰', FA, '2026-11-25'],
    ['25 Nov 2026', FA, '2026-11-25'],
    ['۲۵ نوامبر ۲۰۲۶', FA, '2026-11-25'],
    ['15 جمادى الآخرة 1448', FA, '2026-11-25'],
    ['فردا', FA, '2026-11-26'],
    ['15/6/1448', AR, '2026-11-25'],
    ['١٤٤٨/٠٦/١٥', AR, '2026-11-25'],
    ['٢٥ تشرين الثاني ٢٠٢٦', AR, '2026-11-25'],
    ['4 آذر 1405', AR, '2026-11-25'],
    ['أمس', AR, '2026-11-24'],
    ['25/11/26', EN, '2026-11-25'],
    ['25/11', EN, '2026-11-25'],
    ['12/6/87', EN, '1987-06-12'],
    ['Nov 25, 2026', EN, '2026-11-25'],
    ['25th November 2026', EN, '2026-11-25'],
    ['1405/9/4', EN, '2026-11-25'],
    ['tomorrow', EN, '2026-11-26'],
  ] as const)('%s', (text, who, day) => {
    expect(parseDay(text, who, TODAY)).toBe(day)
  })

  it.each([
    '',
    '   ',
    '۱۴۰۵',
    '۱۴۰۵/۹',
    '1405/13/1',
    '1405/7/31',
    '2026-02-30',
    '1/2/3/4',
    'پارسال',
    '4 نیمروز 1405',
    '99999/1/1',
    '0/0/0',
    '12:30',
    '۱۴۰۵/۹/۴؟',
  ])('is no day: %s', (text) => {
    expect(parseDay(text, FA, TODAY)).toBeNull()
  })

  it('whatever is typed, it is a day within reach or none', () => {
    fc.assert(
      fc.property(reader, fc.oneof(fc.string(), fc.stringMatching(/^[0-9۰-۹/. -]{0,14}$/)), (who, text) => {
        const day = parseDay(text, who, TODAY)
        if (day === null) return
        expect(day).toMatch(/^\d{4}-\d{2}-\d{2}$/)
        expect(new Date(day).toISOString().slice(0, 10)).toBe(day)
      }),
      { numRuns: 2000 },
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type DatePreferences,
  type DateStyle,
  dayNumber,
  daySeparator,
  firstDayOfWeek,
  formatBytes,
  formatDate,
  formatDuration,
  formatNumber,
  isTimeZone,
} from './dates.ts'
import { LOCALES } from './locales.ts'

const fa: DatePreferences = { locale: 'fa', calendar: 'persian', digits: 'native', timeZone: 'Asia/Tehran' }
const ar: DatePreferences = { locale: 'ar', calendar: 'islamic-umalqura', digits: 'native', timeZone: 'Asia/Riyadh' }
const en: DatePreferences = { locale: 'en', calendar: 'gregory', digits: 'latin', timeZone: 'Europe/London' }
const moment = '2026-11-23T11:05:07Z'

/** Blanks of every kind alike: versions of the locale data differ in them. */
function plain(s: string): string {
  return s.replace(/[\u00a0\u202f]/g, ' ').replace(/[\u200e\u200f]/g, '')
}

function wallDate(date: Date, calendar: string, timeZone: string): { year: number; month: number; day: number } {
  const options = { year: 'numeric', month: 'numeric', day: 'numeric', timeZone } as const
  const parts = new Intl.DateTimeFormat(`en-u-ca-${calendar}-nu-latn`, options).formatToParts(date)
  const value = (type: string): number => Number(parts.find((part) => part.type === type)?.value)
  return { year: value('year'), month: value('month'), day: value('day') }
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}

describe('formatDate', () => {
  it.each<[DateStyle, string, string, string]>([
    ['time', '۱۴:۳۵', '٢:٠٥ م', '11:05'],
    ['short', '۱۴۰۵/۰۹/۰۲', '١٤٤٨/٠٦/١٣', '23 Nov 2026'],
    ['long', '۲ آذر ۱۴۰۵', '١٣ جمادى الآخرة ١٤٤٨', '23 November 2026'],
    ['datetime', '۲ آذر ۱۴۰۵، ۱۴:۳۵', '١٣ جمادى الآخرة ١٤٤٨، ٢:٠٥ م', '23 November 2026, 11:05'],
    ['full', 'دوشنبه ۲ آذر ۱۴۰۵', 'الاثنين، ١٣ جمادى الآخرة ١٤٤٨', 'Monday 23 November 2026'],
    [
      'exact',
      'دوشنبه ۲ آذر ۱۴۰۵، ۱۴:۳۵:۰۷',
      'الاثنين، ١٣ جمادى الآخرة ١٤٤٨، ٢:٠٥:٠٧ م',
      'Monday 23 November 2026, 11:05:07',
    ],
    ['month', 'آذر ۱۴۰۵', 'جمادى الآخرة ١٤٤٨', 'November 2026'],
  ])('%s', (style, persian, arabic, english) => {
    expect(plain(formatDate(moment, fa, style))).toBe(persian)
    expect(plain(formatDate(moment, ar, style))).toBe(arabic)
    expect(plain(formatDate(moment, en, style))).toBe(english)
  })

  it('takes any calendar and digits with any language', () => {
    expect(formatDate(moment, { ...fa, digits: 'latin' }, 'full')).toBe('دوشنبه 2 آذر 1405')
    expect(formatDate(moment, { ...fa, calendar: 'gregory' }, 'full')).toBe('دوشنبه ۲۳ نوامبر ۲۰۲۶')
    expect(formatDate(moment, { ...ar, calendar: 'gregory' }, 'full')).toBe('الاثنين، ٢٣ نوفمبر ٢٠٢٦')
    expect(formatDate(moment, { ...en, calendar: 'persian' }, 'long')).toBe('2 Azar 1405')
    expect(formatDate(moment, { ...en, calendar: 'persian' }, 'short')).toBe('2 Azar 1405')
    expect(formatDate('2026-11-23T22:00:00Z', fa, 'long')).toBe('۳ آذر ۱۴۰۵')
  })

  it('tells how long ago', () => {
    const now = new Date(moment)
    const ago = (seconds: number, preferences = fa): string =>
      formatDate(now.getTime() - seconds * 1000, preferences, 'relative', now)
    expect([0, 44, 45, 60, 200, 3599, 3600, 86_399].map((s) => ago(s))).toEqual([
      'همین حالا',
      'همین حالا',
      '۱ دقیقه پیش',
      '۱ دقیقه پیش',
      '۳ دقیقه پیش',
      '۵۹ دقیقه پیش',
      '۱ ساعت پیش',
      '۲۳ ساعت پیش',
    ])
    expect([1, 2, 3, 6, 7].map((days) => ago(days * 86_400))).toEqual([
      'دیروز',
      'پریروز',
      '۳ روز پیش',
      '۶ روز پیش',
      '۱۴۰۵/۰۸/۲۵',
    ])
    expect([10, 180, 7200, 86_400].map((s) => ago(s, ar))).toEqual(['الآن', 'قبل ٣ دقائق', 'قبل ساعتين', 'أمس'])
    expect([10, 180, 86_400, -7200].map((s) => ago(s, en))).toEqual([
      'just now',
      '3 minutes ago',
      'yesterday',
      'in 2 hours',
    ])
    expect(ago(-300)).toMatch(/۵ دقیقه/)
    // 25 hours before half past two in the afternoon is yesterday; 25 hours before 00:10 is the day before yesterday.
    expect(formatDate('2026-11-21T19:40:00Z', fa, 'relative', '2026-11-22T20:40:00Z')).toBe('پریروز')
  })

  it('is empty for what is no date', () => {
    expect(formatDate('nonsense', fa, 'full')).toBe('')
    expect(formatDate(Number.NaN, fa, 'relative')).toBe('')
    expect(daySeparator('', fa)).toBe('')
  })

  it('agrees with the calendar, whatever the language', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1990-01-01'), max: new Date('2060-01-01'), noInvalidDate: true }),
        fc.constantFrom('persian', 'islamic-umalqura', 'gregory'),
        fc.constantFrom('Asia/Tehran', 'UTC', 'America/Los_Angeles', 'Pacific/Auckland'),
        fc.constantFrom(...LOCALES),
        (date, calendar, timeZone, locale) => {
          const preferences: DatePreferences = { locale, calendar, digits: 'latin', timeZone }
          const expected = wallDate(date, calendar, timeZone)
          const [day, ...rest] = formatDate(date, preferences, 'long').split(' ')
          expect([day, rest.at(-1)]).toEqual([String(expected.day), String(expected.year)])
          if (locale !== 'en') {
            expect(formatDate(date, preferences, 'short')).toBe(
              `${expected.year}/${two(expected.month)}/${two(expected.day)}`,
            )
          }
          const midnight = Date.UTC(1970, 0, 1) + dayNumber(date, timeZone) * 86_400_000
          expect(formatDate(midnight, { ...preferences, timeZone: 'UTC' }, 'full')).toBe(
            formatDate(date, preferences, 'full'),
          )
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('daySeparator', () => {
  const now = '2026-11-23T11:05:07Z'
  it.each([
    ['2026-11-23T20:00:00Z', 'امروز', 'اليوم', 'Today'],
    ['2026-11-22T11:00:00Z', 'دیروز', 'أمس', 'Yesterday'],
    ['2026-11-20T11:00:00Z', 'جمعه', 'الجمعة', 'Friday'],
    ['2026-11-17T11:00:00Z', 'سه‌شنبه', 'الثلاثاء', 'Tuesday'],
    ['2026-11-16T11:00:00Z', 'دوشنبه ۲۵ آبان ۱۴۰۵', 'الاثنين، ٦ جمادى الآخرة ١٤٤٨', 'Monday 16 November 2026'],
    ['2026-11-24T11:00:00Z', 'فردا', 'غدًا', 'Tomorrow'],
    ['2026-11-26T11:00:00Z', 'پنجشنبه ۵ آذر ۱۴۰۵', 'الخميس، ١٦ جمادى الآخرة ١٤٤٨', 'Thursday 26 November 2026'],
  ])('%s', (instant, persian, arabic, english) => {
    expect([fa, ar, en].map((one) => daySeparator(instant, one, now))).toEqual([persian, arabic, english])
  })
  it('goes by midnight of the user', () => {
    expect(daySeparator('2026-11-22T20:29:59Z', fa, now)).toBe('دیروز')
    expect(daySeparator('2026-11-22T20:30:00Z', fa, now)).toBe('امروز')
  })
})

describe('numbers', () => {
  it('take the digits of the user', () => {
    expect(formatNumber(12345.6, fa)).toBe('۱۲٬۳۴۵٫۶')
    expect(formatNumber(12345.6, ar)).toBe('١٢٬٣٤٥٫٦')
    expect(formatNumber(12345.6, { locale: 'fa', digits: 'latin' })).toMatch(/^12.345.6$/)
    expect(formatNumber(12345.6, en)).toBe('12,345.6')
  })
  it('sizes', () => {
    expect([0, 1, 1023, 1024, 1_258_291, 104_857_600, 5e9].map((bytes) => plain(formatBytes(bytes, en)))).toEqual([
      '0 bytes',
      '1 byte',
      '1,023 bytes',
      '1 kB',
      '1.2 MB',
      '100 MB',
      '4.7 GB',
    ])
    expect(plain(formatBytes(1_258_291, fa))).toBe('۱٫۲ مگابایت')
    expect(plain(formatBytes(1_258_291, ar))).toBe('١٫٢ م.ب')
    expect(plain(formatBytes(Number.NaN, en))).toBe('0 bytes')
    expect(plain(formatBytes(1024 ** 2 - 1, en))).toBe('1 MB')
  })
  it('durations', () => {
    expect([7, 65.9, 3600, 45_296].map((seconds) => formatDuration(seconds, en))).toEqual([
      '0:07',
      '1:05',
      '1:00:00',
      '12:34:56',
    ])
    expect(formatDuration(7, fa)).toBe('۰:۰۷')
    expect(formatDuration(7, { ...ar, digits: 'latin' })).toBe('0:07')
    expect(formatDuration(-1, en)).toBe('0:00')
    expect(formatDuration(Number.POSITIVE_INFINITY, en)).toBe('0:00')
  })
})

describe('time zones and weeks', () => {
  it('knows the zones Intl knows', () => {
    expect(['Asia/Tehran', 'UTC', 'Asia/Nowhere', ''].map(isTimeZone)).toEqual([true, true, false, false])
  })
  it('begins the week', () => {
    expect(LOCALES.map(firstDayOfWeek)).toEqual([6, 6, 1])
  })
})

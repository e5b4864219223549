import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CALENDARS } from './api/choices.ts'
import { daysOf, type FilterReader, instantsOf } from './filter-dates.ts'
import { LOCALES } from './locales.ts'

const DAY = 86_400_000
const iso = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10)

// The obvious way, on Intl alone: what is on the wall calendar of a moment, and walking day by day until it changes.
const formats = new Map<string, Intl.DateTimeFormat>()
function wall(at: number, calendar: string, timeZone: string): { year: number; month: number; day: number } {
  const name = `${calendar} ${timeZone}`
  const format =
    formats.get(name) ??
    new Intl.DateTimeFormat(`en-u-ca-${calendar}-nu-latn`, {
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      timeZone,
    })
  formats.set(name, format)
  const parts = format.formatToParts(at)
  const value = (type: string): number => Number(parts.find((part) => part.type === type)?.value)
  return { year: value('year'), month: value('month'), day: value('day') }
}
/** Days since 1970 of the day at which the reader stands. */
function todayOf(now: number, timeZone: string): number {
  const { year, month, day } = wall(now, 'gregory', timeZone)
  return Date.UTC(year, month - 1, day) / DAY
}
type Reading = (day: number) => string
function slowPeriod(today: number, which: string, period: Reading): { first: string; last: string } {
  const firstFrom = (day: number): number => {
    let first = day
    while (period(first - 1) === period(day)) first--
    return first
  }
  const lastFrom = (day: number): number => {
    let last = day
    while (period(last + 1) === period(day)) last++
    return last
  }
  const inside = which === 'last' ? firstFrom(today) - 1 : which === 'next' ? lastFrom(today) + 1 : today
  return { first: iso(firstFrom(inside)), last: iso(lastFrom(inside)) }
}
/** The first instant whose day on the wall is that day, looked for quarter of an hour by quarter of an hour. */
function slowStart(day: number, timeZone: string): number {
  for (let at = day * DAY - DAY; ; at += 900_000) if (todayOf(at, timeZone) >= day) return at
}

const ZONES = ['Asia/Tehran', 'Asia/Riyadh', 'Europe/London', 'America/Havana', 'Asia/Beirut', 'Pacific/Apia', 'UTC']
const reader = fc.record({
  locale: fc.constantFrom(...LOCALES),
  calendar: fc.constantFrom(...CALENDARS),
  timeZone: fc.constantFrom(...ZONES),
})
const moment = fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2060, 0, 1) })
const which = fc.constantFrom('this', 'last', 'next')

describe('relative days', () => {
  it('are weeks, months, quarters and years of the reader’s calendar', () => {
    fc.assert(
      fc.property(
        reader,
        moment,
        which,
        fc.constantFrom('week', 'month', 'quarter', 'year'),
        (r, now, word, period) => {
          const today = todayOf(now, r.timeZone)
          const first = r.locale === 'en' ? 1 : 6
          const reading: Reading = (day) => {
            const { year, month } = wall(day * DAY, r.calendar, 'UTC')
            if (period === 'year') return `${year}`
            if (period === 'quarter') return `${year} ${Math.floor((month - 1) / 3)}`
            if (period === 'month') return `${year} ${month}`
            // 1970-01-01 was a Thursday.
            return String(Math.floor((day + 4 - first) / 7))
          }
          expect(daysOf(`${word}-${period}`, r, new Date(now))).toEqual(slowPeriod(today, word, reading))
        },
      ),
      { numRuns: 300 },
    )
  })

  it('are days and weeks from today', () => {
    fc.assert(
      fc.property(
        reader,
        moment,
        fc.integer({ min: -9999, max: 9999 }),
        fc.constantFrom('d', 'w'),
        (r, now, count, unit) => {
          const day = iso(todayOf(now, r.timeZone) + count * (unit === 'w' ? 7 : 1))
          const value = `${count < 0 ? '-' : '+'}${Math.abs(count)}${unit}`
          expect(daysOf(value, r, new Date(now))).toEqual({ first: day, last: day })
        },
      ),
    )
  })

  it('are the same day months and years away, or the last of a shorter month', () => {
    fc.assert(
      fc.property(
        reader,
        moment,
        fc.integer({ min: -30, max: 30 }),
        fc.constantFrom('m', 'y'),
        (r, now, count, unit) => {
          const today = todayOf(now, r.timeZone)
          const here = wall(today * DAY, r.calendar, 'UTC')
          const months = here.year * 12 + here.month - 1 + count * (unit === 'y' ? 12 : 1)
          const wanted = { year: Math.floor(months / 12), month: (months % 12) + 1 }
          // Days before and after within reach; of those in the wanted month the same day, or else its last.
          let found = ''
          const middle = today + Math.round(count * (unit === 'y' ? 365 : 30.4))
          for (let day = middle - 420; day < middle + 420; day++) {
            const there = wall(day * DAY, r.calendar, 'UTC')
            if (there.year === wanted.year && there.month === wanted.month && there.day <= here.day) found = iso(day)
          }
          const value = `${count < 0 ? '-' : '+'}${Math.abs(count)}${unit}`
          expect(daysOf(value, r, new Date(now))).toEqual({ first: found, last: found })
        },
      ),
      { numRuns: 60 },
    )
  })

  it('are named', () => {
    const r: FilterReader = { locale: 'fa', calendar: 'persian', timeZone: 'Asia/Tehran' }
    // Half past midnight in Tehran is yesterday still in London.
    const now = new Date('2026-03-20T21:00:00Z')
    expect(daysOf('today', r, now)).toEqual({ first: '2026-03-21', last: '2026-03-21' })
    expect(daysOf('yesterday', { ...r, timeZone: 'Europe/London' }, now)).toEqual({
      first: '2026-03-19',
      last: '2026-03-19',
    })
    expect(daysOf('this-year', r, now)).toEqual({ first: '2026-03-21', last: '2027-03-20' })
    expect(daysOf('2024-02-29', r, now)).toEqual({ first: '2024-02-29', last: '2024-02-29' })
    // A blank where a link has lost its plus.
    expect(daysOf(' 2d', r, now)).toEqual(daysOf('+2d', r, now))
  })
})

describe('instants', () => {
  it('begin and end with the day on the wall, also where the clock is moved at midnight', () => {
    fc.assert(
      fc.property(reader, moment, fc.integer({ min: -400, max: 400 }), (r, now, count) => {
        const day = todayOf(now, r.timeZone) + count
        const value = `${count < 0 ? '-' : '+'}${Math.abs(count)}d`
        const { from, until } = instantsOf(value, r, new Date(now))
        expect([from.getTime(), until.getTime()]).toEqual([slowStart(day, r.timeZone), slowStart(day + 1, r.timeZone)])
      }),
      { numRuns: 100 },
    )
    const havana: FilterReader = { locale: 'en', calendar: 'gregory', timeZone: 'America/Havana' }
    const tehran: FilterReader = { locale: 'fa', calendar: 'persian', timeZone: 'Asia/Tehran' }
    expect(instantsOf('2024-03-10', havana).from.toISOString()).toBe('2024-03-10T05:00:00.000Z')
    expect(instantsOf('2021-03-22', tehran).from.toISOString()).toBe('2021-03-21T20:30:00.000Z')
  })

  it('are hours from now, or exact', () => {
    const r: FilterReader = { locale: 'en', calendar: 'gregory', timeZone: 'UTC' }
    const now = new Date('2026-03-21T10:00:00Z')
    expect(instantsOf('-24h', r, now).from.toISOString()).toBe('2026-03-20T10:00:00.000Z')
    expect(instantsOf('+1h', r, now).from.toISOString()).toBe('2026-03-21T11:00:00.000Z')
    expect(instantsOf('2026-03-21T08:30:00+03:30', r, now).from.toISOString()).toBe('2026-03-21T05:00:00.000Z')
  })
})

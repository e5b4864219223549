import { describe, expect, test } from 'vitest'
import { addToDay } from './days.ts'
import { comesAgain, dueDays, isAnniversary, momentOf } from './due-days.ts'

/** Numbers that look random and are the same in every run. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}
const ZONES = ['Asia/Tehran', 'Europe/Berlin', 'America/Sao_Paulo', 'Pacific/Apia', 'Australia/Lord_Howe', 'UTC']

describe('days that are due', () => {
  test('each comes exactly once, however the time is cut into pieces', () => {
    const random = numbers(7)
    for (let round = 0; round < 60; round++) {
      const zone = ZONES[round % ZONES.length] ?? 'UTC'
      const time = `${String(Math.floor(random() * 24)).padStart(2, '0')}:${String(Math.floor(random() * 60)).padStart(2, '0')}`
      // Around the changes of the clock of some year.
      let from = Date.UTC(2010 + Math.floor(random() * 20), Math.floor(random() * 12), 1)
      const whole: [Date, Date] = [new Date(from), new Date(from + 40 * 86_400_000)]
      const found: string[] = []
      while (from < whole[1].getTime()) {
        const to = Math.min(from + Math.floor(random() * 2.5 * 86_400_000) + 1, whole[1].getTime())
        found.push(...dueDays(new Date(from), new Date(to), time, zone))
        from = to
      }
      expect(found).toEqual(dueDays(...whole, time, zone))
      expect(new Set(found).size).toBe(found.length)
      expect(found.length).toBeGreaterThanOrEqual(38)
    }
  })

  test('an hour that the clock leaves out comes later, one that comes twice is its first', () => {
    expect(momentOf('2026-03-29', '02:30', 'Europe/Berlin').toISOString()).toBe('2026-03-29T01:30:00.000Z')
    expect(momentOf('2026-10-25', '02:30', 'Europe/Berlin').toISOString()).toBe('2026-10-25T00:30:00.000Z')
    const [since, until] = [new Date('2026-10-24T12:00:00Z'), new Date('2026-10-25T12:00:00Z')]
    expect(dueDays(since, until, '02:30', 'Europe/Berlin')).toEqual(['2026-10-25'])
    // Tehran put the clock forward at midnight until 2022.
    expect(momentOf('2022-03-22', '00:30', 'Asia/Tehran').toISOString()).toBe('2022-03-21T21:00:00.000Z')
  })
})

describe('days that come every year', () => {
  test('once in each year of the calendar, a leap day the day before where there is none', () => {
    // 30 Esfand 1399 is in a leap year, 1400 has 29 days of Esfand.
    expect(comesAgain('2021-03-20', 1400, 'persian')).toBe('2022-03-20')
    expect(comesAgain('2024-02-29', 2027, 'gregory')).toBe('2027-02-28')
    const random = numbers(11)
    for (let round = 0; round < 30; round++) {
      const birth = addToDay('1960-01-01', 'gregory', { days: Math.floor(random() * 20_000) })
      for (const calendar of ['persian', 'gregory'] as const) {
        let count = 0
        let day = '2025-03-21'
        for (let n = 0; n < 4 * 365 + 1; n++) {
          if (isAnniversary(birth, day, calendar)) count++
          day = addToDay(day, 'gregory', { days: 1 })
        }
        expect(count, `${birth} ${calendar}`).toBe(4)
      }
    }
  })

  test('not on the day itself', () => {
    expect(isAnniversary('2026-05-01', '2026-05-01', 'gregory')).toBe(false)
    expect(isAnniversary('2026-05-01', '2027-05-01', 'gregory')).toBe(true)
  })
})

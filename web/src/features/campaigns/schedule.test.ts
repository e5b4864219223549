import { expect, test } from 'vitest'
import { instantOf } from './schedule.ts'

test('a day and a time are the instant at which clocks of the zone show them', () => {
  expect(instantOf('2026-11-25', '09:30', 'Asia/Tehran').toISOString()).toBe('2026-11-25T06:00:00.000Z')
  expect(instantOf('2026-11-25', '00:10', 'Asia/Tehran').toISOString()).toBe('2026-11-24T20:40:00.000Z')
  expect(instantOf('2026-11-25', '23:59', 'America/New_York').toISOString()).toBe('2026-11-26T04:59:00.000Z')
  expect(instantOf('2026-07-01', '12:00', 'Europe/Berlin').toISOString()).toBe('2026-07-01T10:00:00.000Z')
})

test('around a change of the clocks it is what they show', () => {
  expect(instantOf('2026-03-29', '03:30', 'Europe/Berlin').toISOString()).toBe('2026-03-29T01:30:00.000Z')
  expect(instantOf('2026-03-29', '01:30', 'Europe/Berlin').toISOString()).toBe('2026-03-29T00:30:00.000Z')
  // There is no half past two on that morning.
  expect(['2026-03-29T00:30:00.000Z', '2026-03-29T01:30:00.000Z']).toContain(
    instantOf('2026-03-29', '02:30', 'Europe/Berlin').toISOString(),
  )
})

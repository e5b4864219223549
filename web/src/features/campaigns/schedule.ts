import { dayNumber } from '#shared/dates.ts'

const MINUTE = 60_000
const DAY = 86_400_000

/** Minutes since midnight that clocks of the zone show at an instant. */
function clockOf(at: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en', { hour: 'numeric', minute: 'numeric', hourCycle: 'h23', timeZone })
    .formatToParts(at)
    .flatMap(({ type, value }) => (type === 'hour' || type === 'minute' ? [Number(value)] : []))
  return (parts[0] ?? 0) * 60 + (parts[1] ?? 0)
}

/**
 * The instant at which calendars and clocks of the zone show this day (`YYYY-MM-DD`) and time (`HH:MM`). A time that is
 * skipped when clocks are put forward is that much later.
 */
export function instantOf(day: string, time: string, timeZone: string): Date {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  const wanted = Date.parse(day) + (hours * 60 + minutes) * MINUTE
  let at = wanted
  // Twice: the first step may cross a change of the clocks.
  for (let n = 0; n < 2; n++) {
    const shown = dayNumber(at, timeZone) * DAY + clockOf(at, timeZone) * MINUTE
    at += wanted - shown
  }
  return new Date(at)
}

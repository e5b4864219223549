import type { QuietHours } from '#shared/api/campaigns.ts'

/** Minutes since midnight by the clock of a time zone. */
function clockIn(at: Date, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
    .format(at)
    .split(':')
    .map(Number)
  return (parts[0] ?? 0) * 60 + (parts[1] ?? 0)
}

const minutesOf = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3))
const DAY = 24 * 60

/**
 * Until when nobody is written to; undefined: now is no quiet hour. Quiet from a time until itself is never. Where clocks
 * are changed within the quiet hours, the end is where the new clock shows it.
 * @param timeZone the organisation's, IANA
 */
export function quietUntil(now: Date, timeZone: string, quiet: QuietHours | null): Date | undefined {
  if (!quiet) return undefined
  const [from, to, clock] = [minutesOf(quiet.from), minutesOf(quiet.to), clockIn(now, timeZone)]
  const sinceFrom = (clock - from + DAY) % DAY
  const length = (to - from + DAY) % DAY
  if (sinceFrom >= length) return undefined
  const whole = new Date(Math.floor(now.getTime() / 60_000) * 60_000)
  const end = new Date(whole.getTime() + (length - sinceFrom) * 60_000)
  const off = to - clockIn(end, timeZone)
  const shift = off > DAY / 2 ? off - DAY : off < -DAY / 2 ? off + DAY : off
  return new Date(end.getTime() + shift * 60_000)
}

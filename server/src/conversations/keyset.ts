/**
 * Keys of rows ordered by a time and an id, exact to the microsecond: JavaScript's dates know milliseconds only, and a
 * page must not repeat or skip rows of the same millisecond.
 */
export interface TimeKey {
  /** Microseconds since 1970, as text. In SQL: `(extract(epoch from t) * 1000000)::bigint`. */
  micros: string
  id: string
}

/** After every row. */
export const LAST_ID = '9223372036854775807'

/** The moment as PostgreSQL reads it; without a key the end of time. */
export function timeOf(key: TimeKey | undefined): string {
  if (!key) return 'infinity'
  const micros = BigInt(key.micros)
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
  const date = new Date(Number((micros - fraction) / 1000n))
  // A made-up key beyond all dates: behind it there is nothing.
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 1 || date.getUTCFullYear() > 9999) return '-infinity'
  return date.toISOString().replace(/\.\d+Z$/, `.${String(fraction).padStart(6, '0')}Z`)
}

/** Of a decoded cursor. */
export function keyOf(parts: string[] | undefined): TimeKey | undefined {
  const [micros, id] = parts ?? []
  return micros === undefined || id === undefined ? undefined : { micros, id }
}

/** Newest first, as `order by t desc, id desc`. */
export function newestFirst(a: TimeKey, b: TimeKey): number {
  const apart = BigInt(b.micros) - BigInt(a.micros) || BigInt(b.id) - BigInt(a.id)
  return apart > 0n ? 1 : apart < 0n ? -1 : 0
}

/** For every channel: reading what came over the wire. Each value may be missing, of another type, huge or hostile; nothing here throws. */
import { createHash } from 'node:crypto'
import { cut, stripUnsafe } from '#shared/text.ts'

export { cut }

export type Json = Record<string, unknown>

export function record(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
}

/** Direction overrides and isolates: in a name they make the text around it read backwards. */
const DIRECTION = /[\u202a-\u202e\u2066-\u2069]/g

/** A text that may be stored; '' when there is none. */
export function text(value: unknown, max: number): string {
  // Cut before cleaning too: cleaning a megabyte to keep a line of it would be work for an attacker's pleasure.
  return typeof value === 'string' ? cut(stripUnsafe(cut(value, max * 2)), max) : ''
}

/** A name: one line without marks that turn the direction of what stands beside it. */
export function line(value: unknown, max: number): string {
  return text(value, max * 2)
    .replace(DIRECTION, '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, max)
    .replace(/[\ud800-\udbff]$/, '')
}

/** An id as decimal digits. A JSON number above 2^53 is what JSON made of it; strings of digits are taken as well. */
export function id(value: unknown): string | undefined {
  if (typeof value === 'number')
    return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? BigInt(value).toString() : undefined
  return typeof value === 'string' && /^-?\d{1,19}$/.test(value) ? BigInt(value).toString() : undefined
}

export function count(value: unknown, max = Number.MAX_SAFE_INTEGER): number | undefined {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 && number <= max ? number : undefined
}

/**
 * SHA-256 of any JSON value, in hexadecimal: the same for the same content, whatever the order of the keys. Walks with a
 * list instead of calling itself (as JSON.stringify does), so that nesting by the thousands cannot exhaust the stack.
 */
export function hashOf(value: unknown): string {
  const hash = createHash('sha256')
  const left: { value: unknown; before: string }[] = [{ value, before: '' }]
  for (let next = left.pop(); next; next = left.pop()) {
    const current = next.value
    if (next.before) hash.update(next.before)
    if (Array.isArray(current)) {
      hash.update(`[${current.length};`)
      for (let at = current.length - 1; at >= 0; at -= 1) left.push({ value: current[at], before: '' })
    } else if (typeof current === 'object' && current !== null) {
      const entries = Object.entries(current).sort(([a], [b]) => (a < b ? 1 : -1))
      hash.update(`{${entries.length};`)
      for (const [key, entry] of entries) left.push({ value: entry, before: `${JSON.stringify(key)}:` })
    } else {
      hash.update(`${JSON.stringify(current) ?? String(current)};`)
    }
  }
  return hash.digest('hex')
}

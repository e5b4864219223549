import { createHash } from 'node:crypto'

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

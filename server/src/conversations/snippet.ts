import { findSpans, MARK_BEGIN, MARK_END, type Span } from '#shared/marks.ts'

const LENGTH = 180
/** How much is shown before the first word found. */
const LEAD = 40
const MAX_SCANNED = 20_000

/**
 * A piece of a text around the first of the words that were looked for, as it was written, all found words of the piece
 * marked. Where none is found (the words stand far down) the piece is the beginning.
 * @param terms of `searchTerms`: per word the ways it may be written
 */
export function snippetOf(text: string, terms: readonly string[][]): string {
  const plain = text.replace(/[\ue000\ue001]/g, '').slice(0, MAX_SCANNED)
  const found = findSpans(plain, terms)
  const [start, end] = windowOf(plain, found[0])
  let out = start > 0 ? '…' : ''
  let at = start
  for (const span of found) {
    if (span.start < at || span.end > end) continue
    out += `${plain.slice(at, span.start)}${MARK_BEGIN}${plain.slice(span.start, span.end)}${MARK_END}`
    at = span.end
  }
  return `${out}${plain.slice(at, end)}${end < plain.length || text.length > MAX_SCANNED ? '…' : ''}`
    .replace(/[\s\u0085]+/g, ' ')
    .trim()
}

/** Between words where possible, and never through the middle of a character. */
function windowOf(text: string, first: Span | undefined): [number, number] {
  const wanted = Math.max(0, (first?.start ?? 0) - LEAD)
  const blank = wanted === 0 ? -1 : text.slice(wanted, first?.start).search(/\s/)
  let start = wanted === 0 ? 0 : blank === -1 ? (first?.start ?? 0) : wanted + blank + 1
  let end = Math.min(text.length, Math.max(start + LENGTH, first?.end ?? 0))
  if (/[\udc00-\udfff]/.test(text.charAt(start))) start++
  if (/[\udc00-\udfff]/.test(text.charAt(end))) end++
  return [start, end]
}

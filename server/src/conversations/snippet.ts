import { foldText } from '#shared/text.ts'

/** Around a found word; private characters, so that nobody's text can be taken for a mark. */
export const MARK_BEGIN = '\ue000'
export const MARK_END = '\ue001'

const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}\p{Cf}\u0640]*(?:(?<=\p{Nd})[,٬،'’]\p{Nd}{3}(?!\p{Nd}))*/gu
const LENGTH = 180
/** How much is shown before the first word found. */
const LEAD = 40
const MAX_SCANNED = 20_000

interface Span {
  start: number
  end: number
}

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

function findSpans(text: string, terms: readonly string[][]): Span[] {
  const words = [...text.matchAll(WORD)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    folded: foldText(match[0].replace(/(?<=\p{Nd})[,٬،'’](?=\p{Nd})/gu, '')).replaceAll(' ', ''),
  }))
  const spans: Span[] = []
  for (let index = 0; index < words.length; index++) {
    const length = matchAt(words, index, terms)
    if (length === 0) continue
    spans.push({ start: words[index]?.start ?? 0, end: words[index + length - 1]?.end ?? 0 })
    index += length - 1
  }
  return spans
}

/** How many words from `index` on are one that was looked for: written together, or with affixes apart («می خواهم»). */
function matchAt(words: readonly { folded: string }[], index: number, terms: readonly string[][]): number {
  let joined = ''
  for (let length = 1; length <= 3 && index + length <= words.length; length++) {
    joined += words[index + length - 1]?.folded ?? ''
    for (const ways of terms) {
      if (ways.some((way) => isMatch(joined, way.replaceAll(' ', ''), length))) return length
    }
  }
  return 0
}

/** A single word may go on after what was looked for; several make it up together. */
function isMatch(joined: string, wanted: string, words: number): boolean {
  return words === 1 ? joined.startsWith(wanted) : joined === wanted
}

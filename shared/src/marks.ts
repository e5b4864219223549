import { foldText, searchTerms } from './text.ts'

/** Found words in a text, as it was written. */

/** Around a found word; private characters, so that nobody's text can be taken for a mark. */
export const MARK_BEGIN = '\ue000'
export const MARK_END = '\ue001'

const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}\p{Cf}\u0640]*(?:(?<=\p{Nd})[,٬،'’]\p{Nd}{3}(?!\p{Nd}))*/gu

export interface Span {
  start: number
  end: number
}

/** A short text (a name, a title) with the words that were looked for marked. */
export function markWords(text: string, search: string): string {
  const plain = text.replace(/[\ue000\ue001]/g, '')
  let out = ''
  let at = 0
  for (const { start, end } of findSpans(plain, searchTerms(search))) {
    out += `${plain.slice(at, start)}${MARK_BEGIN}${plain.slice(start, end)}${MARK_END}`
    at = end
  }
  return out + plain.slice(at)
}

/** @param terms of `searchTerms`: per word the ways it may be written */
export function findSpans(text: string, terms: readonly string[][]): Span[] {
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

/**
 * Bale renders every text with a small Markdown (`*bold*`, `_italic_`, `[label](url)`, a ``` block) and has neither a
 * switch nor an escape character for it. A price list with stars or a label in brackets would reach the customer altered.
 *
 * The way out is an invisible character beside the marks. U+2060 (word joiner) rather than U+200B: the latter allows a
 * line break in the middle of a word, and is dropped or shown as a box by more programs. It stands on both sides of a star
 * or underscore: outside, because Bale's clients want a blank or the text's edge there; inside, because others want a
 * letter there. Only marks that could form markup get it: a mark within a word (`file_name`, `3*4`), one without a
 * partner, and everything in links, addresses and @names stay as they were, so that copying and tapping still work.
 */
const JOINER = '\u2060'
const UNTOUCHED =
  /(?:[a-z][a-z0-9+.-]{1,20}:\/\/|www\.)[^\s<>"«»[\]]{1,2000}|[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,190}|[@#/]\w{1,64}/giu
const WORD = /[\p{L}\p{N}\p{M}]/u

/** `text` with word joiners where Bale would otherwise take marks for formatting. Taking them out gives `text` again. */
export function protectMarkdown(text: string): string {
  if (!/[*_]|\]\(|```/.test(text)) return text
  const kept = untouchable(text)
  const before = new Set<number>()
  const around = (at: number) => {
    before.add(at)
    before.add(at + 1)
  }
  for (const mark of ['*', '_']) for (const at of pairedMarks(text, mark, kept)) around(at)
  for (const at of linkJoints(text)) before.add(at)
  for (const at of fences(text)) before.add(at)
  let out = ''
  let from = 0
  for (const at of [...before].sort((a, b) => a - b)) {
    out += text.slice(from, at) + JOINER
    from = at
  }
  return out + text.slice(from)
}

/** For each UTF-16 unit, whether it belongs to a link, an address or a name. Marks at a link's end are not part of it. */
function untouchable(text: string): Uint8Array {
  const kept = new Uint8Array(text.length)
  for (const found of text.matchAll(UNTOUCHED)) {
    const length = found[0].replace(/[*_)\].,،؛;:!?؟]+$/u, '').length
    kept.fill(1, found.index, found.index + length)
  }
  return kept
}

/** Marks that can open with a closing one after them, and marks that can close with an opening one before them. */
function pairedMarks(text: string, mark: string, kept: Uint8Array): number[] {
  const opening: number[] = []
  const closing: number[] = []
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) {
    if (kept[at]) continue
    const previous = at > 0 ? lastCharacter(text, at) : ''
    const following = at + 1 < text.length ? String.fromCodePoint(text.codePointAt(at + 1) ?? 32) : ''
    if (following !== '' && !/\s/.test(following) && !WORD.test(previous)) opening.push(at)
    if (previous !== '' && !/\s/.test(previous) && !WORD.test(following)) closing.push(at)
  }
  const first = opening[0] ?? Infinity
  const last = closing.at(-1) ?? -Infinity
  // A mark between its partners' ends only: `**` alone, with nothing inside, formats nothing.
  return [...new Set([...opening.filter((at) => at + 1 < last), ...closing.filter((at) => at > first + 1)])]
}

function lastCharacter(text: string, at: number): string {
  const unit = text.charCodeAt(at - 1)
  return unit >= 0xdc00 && unit < 0xe000 && at > 1 ? text.slice(at - 2, at) : text.slice(at - 1, at)
}

/** Between `]` and `(` of what has the form of a link: where the parenthesis stands. */
function linkJoints(text: string): number[] {
  const open = text.indexOf('[')
  const close = text.lastIndexOf(')')
  const joints: number[] = []
  if (open < 0) return joints
  for (let at = text.indexOf('](', open); at >= 0 && at + 1 < close; at = text.indexOf('](', at + 1)) {
    joints.push(at + 1)
  }
  return joints
}

/** Inside every run of three or more backticks, when there are at least two runs. */
function fences(text: string): number[] {
  const runs = [...text.matchAll(/`{3,}/g)]
  if (runs.length < 2) return []
  return runs.flatMap((run) => Array.from({ length: run[0].length - 1 }, (_, nth) => run.index + nth + 1))
}

/**
 * Cells of CSV as no spreadsheet takes them for a formula: what begins like one (also in full-width forms, also behind
 * blanks) gets an apostrophe, which `unguarded` in values.ts takes off again.
 */
export function guarded(text: string): string {
  return /^(?:'|[\s\p{Cf}]*[=+\-@\t\r＝＋－＠|%])/u.test(text) ? `'${text}` : text
}

/** One record, every cell that needs it between quotation marks. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => quoted(guarded(cell))).join(',')}\r\n`
}

const quoted = (text: string): string => (/[",;\r\n\t]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

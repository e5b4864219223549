import type { ListField } from './list-field.ts'

/** How one reader has the columns of one view: names in order (missing: as the view says) and widths in pixels. */
export interface ColumnMemory {
  columns?: string[]
  widths?: Record<string, number>
}

const WIDTHS: Record<ListField['type'], number> = {
  text: 160,
  link: 170,
  number: 110,
  money: 140,
  date: 116,
  moment: 116,
  choice: 130,
  choices: 190,
  yes_no: 90,
  contact: 170,
  kind: 120,
  user: 150,
  tags: 200,
  source: 130,
  identity: 160,
}
export const NARROWEST = 72
const WIDEST = 800

export const widthOf = (field: ListField, first: boolean, memory: ColumnMemory): number =>
  held(memory.widths?.[field.name] ?? (first ? 260 : WIDTHS[field.type]))
export const held = (width: number): number => Math.round(Math.max(NARROWEST, Math.min(WIDEST, width)))

/**
 * The columns shown, the first field always first: what the reader chose, else what the view says, else the usual ones.
 * What is no column (any more) is left out.
 */
export function columnsOf(fields: readonly ListField[], ...wishes: (readonly string[] | undefined)[]): ListField[] {
  const byName = new Map(fields.filter((field) => field.column).map((field) => [field.name, field]))
  const wish = wishes.find((one) => one !== undefined && one.length > 0)
  const names = wish ?? fields.filter((field) => field.usual).map((field) => field.name)
  const first = fields[0]
  const rest = [...new Set(names)].map((name) => byName.get(name)).filter((field) => field !== undefined)
  return first === undefined ? rest : [first, ...rest.filter((field) => field !== first)]
}

/** Those that fit beside each other, for readers who did not choose any; the first two in any case. */
export function fitColumns(columns: readonly ListField[], space: number, memory: ColumnMemory): ListField[] {
  let used = 0
  const shown: ListField[] = []
  for (const field of columns) {
    const width = widthOf(field, shown.length === 0, memory)
    if (used + width > space && shown.length >= 2) continue
    used += width
    shown.push(field)
  }
  return shown
}

/** With `name` where `before` stands, or at the end; the first stays first. */
export function moveColumn(names: readonly string[], name: string, before: string | null): string[] {
  const [first = '', ...rest] = names
  if (name === first || name === before) return [...names]
  const others = rest.filter((one) => one !== name)
  const at = before === null ? others.length : others.indexOf(before)
  return [first, ...others.toSpliced(before === first ? 0 : at < 0 ? others.length : at, 0, name)]
}

type Memories = Record<string, ColumnMemory>
const STORED = 'daftar.columns'

/** What this browser keeps of a user's columns, by view. */
export function readMemories(userId: string): Memories {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(`${STORED}.${userId}`) ?? '{}')
    return typeof kept === 'object' && kept !== null ? (kept as Memories) : {}
  } catch {
    return {}
  }
}

export function writeMemory(userId: string, view: string, memory: ColumnMemory): void {
  const { [view]: _, ...others } = readMemories(userId)
  const isEmpty = memory.columns === undefined && Object.keys(memory.widths ?? {}).length === 0
  // The latest last; the oldest are forgotten.
  const kept = Object.entries(others).slice(-59)
  try {
    localStorage.setItem(
      `${STORED}.${userId}`,
      JSON.stringify(Object.fromEntries(isEmpty ? kept : [...kept, [view, memory]])),
    )
  } catch {
    // Storage may be forbidden: they last as long as the page.
  }
}

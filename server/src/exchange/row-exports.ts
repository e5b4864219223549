import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'

/** What modules further right write to files in the way exports of contacts are: rows of cells, as texts. */
export interface RowExport {
  /** Of the sheet and the file, in the reader's language. */
  name: string
  columns: readonly { heading: string; width: number }[]
  /** In pieces; each read from the database when it is asked for. */
  rows(): AsyncGenerator<string[][]>
}
export type RowSource = (db: Db, actor: Actor, params: Record<string, unknown>) => Promise<RowExport>

const sources = new Map<string, RowSource>()

/** Called once by the module that owns the rows; `name` stands in the operation's parameters as `source`. */
export function registerRowExport(name: string, source: RowSource): void {
  sources.set(name, source)
}

/** @throws Problem not_found */
export async function openRows(db: Db, actor: Actor, params: Record<string, unknown>): Promise<RowExport> {
  const source = sources.get(String(params['source']))
  if (!source) throw new Problem('not_found')
  return source(db, actor, params)
}

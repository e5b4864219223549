import type { UserBrief } from '#shared/api/org.ts'
import { foldText } from '#shared/text.ts'

/** The name being typed after an @ just before the caret; null when there is none. */
export function mentionAt(text: string, caret: number): { from: number; query: string } | null {
  const before = text.slice(0, caret)
  const found = /(?:^|[\s(«])@([^\s@][^@\n]{0,40})?$/u.exec(before)
  if (found === null) return null
  const query = found[1] ?? ''
  return { from: caret - query.length - 1, query }
}

/** Colleagues whose name has the query at the beginning of a word. */
export function matching(users: Iterable<UserBrief>, query: string): UserBrief[] {
  const folded = foldText(query)
  const all = [...users]
  // A name written to its end with a blank behind it is chosen already.
  if (all.some((user) => query.startsWith(`${user.name} `))) return []
  return all.filter((user) => user.active && ` ${foldText(user.name)}`.includes(` ${folded}`)).slice(0, 6)
}

/** Who is called in a note: those chosen whose name still stands in it. */
export function mentioned(text: string, users: Iterable<UserBrief>): string[] {
  return [...users].filter((user) => text.includes(`@${user.name}`)).map((user) => user.id)
}

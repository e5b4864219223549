import { SEARCH_GROUPS, type SearchGroup } from '#shared/api/choices.ts'
import type { ContactItem } from '#shared/api/contacts.ts'
import type { Conversation, FoundMessage } from '#shared/api/conversations.ts'
import type { Deal } from '#shared/api/deals.ts'
import { type FoundFile, type SearchQuery, type SearchResult } from '#shared/api/search.ts'
import { foldForIndex, searchTerms } from '#shared/text.ts'
import type { Actor } from '../platform/app.ts'
import type { Database, Db } from '../platform/db.ts'
import { patiently } from './patience.ts'

/**
 * One field over everything. Each group is a source of the module that owns it; all are asked at once, each in a time of
 * its own, and each looks for itself at what the actor may see. A group that takes too long is left out and said so.
 */
export interface SearchAsk {
  search: string
  limit: number
  /** One group alone is read, page by page. */
  paged: boolean
  /** Where the page before ended. */
  cursor: string | undefined
}
export interface Found<Item> {
  items: Item[]
  nextCursor: string | null
}
export interface SearchSource<Item> {
  /** Whether there can be anything for the actor at all. */
  may(actor: Actor): boolean
  /** The best first. Of a page after the first, what was on the first may come again. */
  find(db: Db, actor: Actor, ask: SearchAsk): Promise<Found<Item>>
}

interface Groups {
  contact: ContactItem
  conversation: Conversation
  message: FoundMessage
  file: FoundFile
  deal: Deal
}
const sources: { [G in SearchGroup]?: SearchSource<Groups[G]> } = {}

/** Makes a group part of the search. Called once by the module that owns it. */
export function registerSearchSource<G extends SearchGroup>(group: G, source: (typeof sources)[G]): void {
  sources[group] = source
}

/** How long one statement of a group, and a group as a whole, may take (ms). */
const STATEMENT = 1500
const GROUP = 2500

export async function searchAll(db: Database, actor: Actor, query: SearchQuery): Promise<SearchResult> {
  const result: SearchResult = {
    contacts: [],
    conversations: [],
    messages: [],
    files: [],
    deals: [],
    more: [],
    slow: [],
    nextCursor: null,
  }
  const search = query.search.trim()
  if (search === '') return result
  const paged = query.group !== undefined
  const ask: SearchAsk = { search, limit: query.limit ?? 6, paged, cursor: paged ? query.cursor : undefined }
  const look = async <G extends SearchGroup>(group: G): Promise<Groups[G][]> => {
    const source: SearchSource<Groups[G]> | undefined = sources[group]
    if (!source?.may(actor) || (query.group !== undefined && query.group !== group)) return []
    const found = await inTime(db, (tx) => source.find(tx, actor, ask))
    if (!found) {
      result.slow.push(group)
      return []
    }
    if (found.nextCursor !== null) result.more.push(group)
    if (query.group !== undefined) result.nextCursor = found.nextCursor
    return found.items
  }
  const [contacts, conversations, messages, files, deals] = await Promise.all([
    look('contact'),
    look('conversation'),
    look('message'),
    look('file'),
    look('deal'),
  ])
  const inOrder = (groups: SearchGroup[]): SearchGroup[] => SEARCH_GROUPS.filter((group) => groups.includes(group))
  return {
    ...result,
    contacts,
    conversations,
    messages,
    files,
    deals,
    more: inOrder(result.more),
    slow: inOrder(result.slow),
  }
}

/** Undefined when it took too long; what still runs then is ended by the database. */
async function inTime<T>(db: Database, work: (tx: Db) => Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), GROUP)
  })
  try {
    return await Promise.race([patiently(db, STATEMENT, work), tooLong])
  } finally {
    clearTimeout(timer)
  }
}

/** The parameters of a list out of which the best are to come first: more than are shown, unless it is read page by page. */
export function poolOf({ search, limit, paged, cursor }: SearchAsk): {
  search: string
  limit: number
  cursor?: string
} {
  return { search, limit: paged ? limit : Math.max(limit, POOL), ...(cursor && { cursor }) }
}
const POOL = 30

/**
 * The best first: what is exactly it, then what has every word at the beginning of one of its own, then the rest; within
 * each as they came.
 */
export function bestFirst<Item>(
  items: readonly Item[],
  { search }: SearchAsk,
  textOf: (item: Item) => string,
  isExact: (item: Item) => boolean = () => false,
): Item[] {
  const terms = searchTerms(search)
  const rank = (item: Item): number => {
    if (isExact(item)) return 0
    const words = ` ${foldForIndex(textOf(item), 800, { joinPairs: true })}`
    return terms.every((ways) => ways.some((way) => words.includes(` ${way}`))) ? 1 : 2
  }
  return items
    .map((item, n) => ({ item, n, rank: rank(item) }))
    .sort((a, b) => a.rank - b.rank || a.n - b.n)
    .map(({ item }) => item)
}

/** What is shown of a pool; what is left over of it tells that there is more. */
export function pageOfPool<Item>(ranked: Item[], { limit, paged }: SearchAsk, nextCursor: string | null): Found<Item> {
  if (paged || ranked.length <= limit) return { items: ranked, nextCursor }
  return { items: ranked.slice(0, limit), nextCursor: nextCursor ?? '' }
}

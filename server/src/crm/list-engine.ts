import type { Db } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import type { Order, Phase } from './list-order.ts'
import { type Parameters, parameters } from './visibility.ts'

/**
 * Pages of contacts in any order under any conditions, whose cost hardly grows with the table (docs/decisions/0012). A
 * walk along the order's index looks at a sample first. What many contacts have fills the page at once. What some have is
 * worth a deeper walk. What few have is found by its index, all of it, and put in order here. Conditions that no index
 * serves are walked further, and looked for among all contacts only when hardly any has them.
 */
export interface List {
  order: Order
  /** Which contacts there are at all, about `c`: `listed`, or the deleted ones. */
  base: string
  /** Whether the order's indexes hold these. */
  walkable: boolean
  /** Further conditions about `c`, rights among them; written row by row along a walk, or for finding all. */
  filters(params: Parameters, oneByOne: boolean): string[]
  /** Whether an index finds what the conditions name, */
  indexed: boolean
  /** and that is a handful at most. */
  few: boolean
}
/** The place of a row in the order. */
export interface Place {
  phase: string
  key: string
  id: string
}

interface Bounds {
  /** How many a walk looks at first, to learn how common the wanted is. */
  sample: number
  /** How many it looks at at most before an index is asked. */
  deepest: number
  /** How many it looks at at most where there is no index to ask, before all contacts are looked at together. */
  furthest: number
}
const BOUNDS: Bounds = { sample: 300, deepest: 8000, furthest: 200_000 }

/** At most `limit` rows behind a place, in order. Rows that do not change meanwhile come once, whatever the others do. */
export async function readPage(
  db: Db,
  list: List,
  after: Place | undefined,
  limit: number,
  bounds = BOUNDS,
): Promise<Place[]> {
  const start = after ? list.order.phases.findIndex((phase) => phase.name === after.phase) : 0
  const rows: Place[] = []
  let walked = 0
  let place = after
  for (const [n, phase] of list.order.phases.entries()) {
    if (n < start) continue
    for (;;) {
      const depth = list.walkable ? nextDepth(list, bounds, walked, rows.length, limit) : undefined
      if (depth === undefined) return [...rows, ...(await find(db, list, n, place, limit - rows.length))]
      const step = await walk(db, list, phase, place, depth, limit - rows.length)
      rows.push(...step.rows)
      if (rows.length === limit) return rows
      walked += step.walked
      place = step.last
      if (step.walked < depth) break
    }
    place = undefined
  }
  return rows
}

/** How far to walk next; undefined: rather find all. */
function nextDepth(
  { indexed, few }: List,
  { sample, deepest, furthest }: Bounds,
  walked: number,
  found: number,
  limit: number,
): number | undefined {
  if (few) return undefined
  if (walked < sample) return sample
  const wanted = found === 0 ? Number.POSITIVE_INFINITY : Math.ceil((1.3 * (limit - found) * walked) / found)
  if (walked + wanted <= (indexed ? deepest : furthest)) return Math.max(wanted, sample)
  // Where no index helps, finding all means looking at all: not for what a longer walk would find.
  return indexed || walked >= deepest ? undefined : Math.max(deepest - walked, sample)
}

function isAfter(
  order: Order,
  key: string | undefined,
  phase: Phase,
  id: string,
  place: Place,
  { add }: Parameters,
): string {
  const comparison = order.descending ? '<' : '>'
  const placeId = `${add(place.id)}::bigint`
  return key === undefined
    ? `${id} ${comparison} ${placeId}`
    : `(${key}, ${id}) ${comparison} (${phase.text.to(add(place.key))}, ${placeId})`
}

interface StepRow {
  id: string
  key: string
  /** Of the last row that was looked at, told when the page is not full: the how many-th it is. */
  n: number | null
}

/** Looks at `depth` rows behind a place, at fewer when `limit` are found before. */
async function walk(
  db: Db,
  list: List,
  phase: Phase,
  after: Place | undefined,
  depth: number,
  limit: number,
): Promise<{ rows: Place[]; walked: number; last: Place | undefined }> {
  const params = parameters()
  const direction = list.order.descending ? 'desc' : 'asc'
  const id = phase.along === 'contact' ? 'c.id' : 'v.record_id'
  const filters = [
    ...(phase.along === 'value' ? [list.base] : []),
    ...(phase.filter ? [phase.filter(params)] : []),
    ...list.filters(params, true),
  ].join(' and ')
  const where = [
    phase.where(params),
    ...(after ? [isAfter(list.order, phase.key, phase, id, after, params)] : []),
  ].join(' and ')
  const key = phase.key ?? `''`
  const order = `order by ${phase.key === undefined ? '' : `${phase.key} ${direction}, `}${id} ${direction} limit ${params.add(depth)}`
  // Read only as far as `kept` asks: PostgreSQL makes the rows of such a table when they are wanted.
  const walked =
    phase.along === 'contact'
      ? `select ${columnsOf(filters).map((column) => `c.${column}`)}, ${key} as key from contact c where ${where} ${order}`
      : `select v.record_id as id, ${key} as key from field_value v where ${where} ${order}`
  const contacts =
    phase.along === 'contact'
      ? 'walked c'
      : `(select w.key, c.* from walked w cross join lateral (select * from contact c where c.id = w.id offset 0) c) c`
  const most = params.add(limit)
  const rows = await db.query<StepRow>(
    `with walked as materialized (${walked}),
     kept as materialized (select c.id, c.key from ${contacts} where ${filters === '' ? 'true' : filters} limit ${most})
     select id, ${phase.text.from('key')} as key, null::int as n from kept
     union all
     (select id, ${phase.text.from('key')}, n::int from (select id, key, row_number() over () as n from walked) w
      where (select count(*) from kept) < ${most} order by w.n desc limit 1)`,
    params.values,
  )
  const placeOf = (row: StepRow): Place => ({ phase: phase.name, key: row.key, id: row.id })
  const end = rows.find((row) => row.n !== null)
  return { rows: rows.filter((row) => row.n === null).map(placeOf), walked: end?.n ?? 0, last: end && placeOf(end) }
}

/** The columns of `c` that conditions speak of. */
function columnsOf(conditions: string): string[] {
  const names = new Set(['id'])
  for (const [, name = ''] of conditions.matchAll(/\bc\.([a-z_]+)/g)) names.add(name)
  return [...names]
}

/** All that the conditions name, put in order here. Materialised, so that the order does not tempt the planner to walk. */
async function find(
  db: Db,
  list: List,
  phaseNumber: number,
  after: Place | undefined,
  limit: number,
): Promise<Place[]> {
  const params = parameters()
  const { descending, phases, rank } = list.order
  const phase = phases[phaseNumber]
  if (!phase) return []
  const direction = descending ? 'desc' : 'asc'
  const conditions = [list.base, ...list.filters(params, false)].join(' and ')
  const behind = after
    ? `(r.phase > ${phaseNumber} or (r.phase = ${phaseNumber} and ${isAfter(list.order, phase.key && 'r.key', phase, 'r.id', after, params)}))`
    : `r.phase >= ${phaseNumber}`
  const rows = await db.query<{ id: string; phase: number; key: string | null }>(
    `with found as materialized (
       select ${['id', ...rank.columns].map((column) => `c.${column}`)} from contact c where ${conditions})
     select r.id, r.phase, ${rank.text.from('r.key')} as key from (
       select c.id, ${rank.phase(params)} as phase, ${rank.key} as key from found c ${rank.join(params)}) r
     where ${behind} order by r.phase, r.key ${direction}, r.id ${direction} limit ${params.add(limit)}`,
    params.values,
    'anew',
  )
  return rows.map((row) => {
    const { name, key } = phases[row.phase] ?? phase
    return { phase: name, key: key === undefined ? '' : (row.key ?? ''), id: row.id }
  })
}

/** @throws Problem invalid_cursor when it is no place in this order */
export function checkPlace(order: Order, [name = '', key = '', id = '']: readonly string[]): Place {
  const phase = order.phases.find((one) => one.name === name)
  if (!phase?.text.valid.test(key)) throw new Problem('invalid_cursor')
  return { phase: name, key, id }
}

/** How many there are, up to `most`: found as the planner likes best. */
export async function countFound(db: Db, list: List, most: number): Promise<number> {
  const params = parameters()
  const conditions = [list.base, ...list.filters(params, false)].join(' and ')
  const [row] = await db.query<{ n: number }>(
    `select count(*)::int as n from (select from contact c where ${conditions} limit ${params.add(most)}) counted`,
    params.values,
    'anew',
  )
  return row?.n ?? 0
}

/** How many there are among the newest `depth`, up to `most`, and how many were looked at when it is fewer. */
export async function countNewest(
  db: Db,
  list: List,
  depth: number,
  most: number,
): Promise<{ count: number; walked: number }> {
  const params = parameters()
  const filters = list.filters(params, true).join(' and ')
  const limit = params.add(most)
  const row = await db.one<{ count: number; walked: number }>(
    // contact_pkey; read only as far as `kept` asks, as in `walk`.
    `with walked as materialized (
       select ${columnsOf(filters).map((column) => `c.${column}`)} from contact c where ${list.base} order by c.id desc limit ${params.add(depth)}),
     kept as materialized (select from walked c where ${filters === '' ? 'true' : filters} limit ${limit})
     select (select count(*) from kept)::int as count,
       case when (select count(*) from kept) < ${limit} then (select count(*) from walked)::int else 0 end as walked`,
    params.values,
  )
  return row ?? { count: 0, walked: 0 }
}

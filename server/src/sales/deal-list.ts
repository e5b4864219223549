import type { Deal, DealBoard, DealBoardQuery, DealQuery, DealStage } from '#shared/api/deals.ts'
import { filterOf } from '#shared/filter.ts'
import { customConditions, familyOf, likeTest } from '../crm/conditions.ts'
import { listContacts } from '../crm/contact-search.ts'
import { searchPatterns } from '../crm/folding.ts'
import { homeCountry } from '../crm/identities.ts'
import { type Parameters, parameters } from '../crm/visibility.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { decodeCursor, encodeCursor } from '../platform/http.ts'
import { Problem } from '../platform/problem.ts'
import { dealVisible, loadDeals, needContacts } from './deal-views.ts'
import { listStages } from './stages.ts'

/** So many deals of a stage stand on the board at first, and so many are counted where conditions leave no kept count. */
const ON_BOARD = 30
const COUNTED = 1000
/** So many deals are found by words: enough to look through, not all of history. */
const FOUND = 2000
const FOUND_CONTACTS = 100

/** Conditions about the deal called `d`, rights among them; undefined: words that nothing can have. */
type Conditions = (params: Parameters) => string[]

async function readConditions(db: Db, actor: Actor, query: DealQuery): Promise<Conditions | undefined> {
  needContacts(actor)
  const { responsibleId, search, stageId, contactId, outcome, ...rest } = query
  const unknown = Object.keys(filterOf(rest)).filter((name) => !name.startsWith('field.'))
  if (unknown.length > 0)
    throw new Problem(
      'invalid_input',
      {},
      unknown.map((field) => ({ field, code: 'unknown_field' })),
    )
  const custom = await customConditions(db, actor, 'deal', 'd', rest)
  const words = search?.trim() ?? ''
  const found = words === '' ? undefined : await findByWords(db, actor, words)
  if (found?.length === 0) return undefined
  return (params) => [
    // Deals of somebody who is a visitor again stand on nothing but that contact's page.
    contactId === undefined ? 'd.listed' : 'd.deleted_at is null',
    dealVisible(actor, 'd', params),
    ...(found === undefined ? [] : [`d.id = any(${params.add(found)}::bigint[])`]),
    ...(responsibleId === undefined ? [] : [responsibleTest(actor, responsibleId, params)]),
    ...(stageId === undefined ? [] : [`d.stage_id = ${params.add(stageId)}::bigint`]),
    ...(contactId === undefined ? [] : [`d.contact_id in (${familyOf(`array[${params.add(contactId)}::bigint]`)})`]),
    ...(outcome === undefined
      ? []
      : [`d.stage_id in (select id from deal_stage where outcome = ${params.add(outcome)})`]),
    ...custom(params),
  ]
}

function responsibleTest(actor: Actor, asked: string, params: Parameters): string {
  if (asked === 'none') return 'd.responsible_id is null'
  return `d.responsible_id = ${params.add(asked === 'me' ? actor.userId : asked)}::bigint`
}

/** Ids of deals that are called so, or whose contact is. */
async function findByWords(db: Db, actor: Actor, words: string): Promise<string[]> {
  const patterns = searchPatterns(words, await homeCountry(db))
  if (patterns.length === 0) return []
  const contacts = await listContacts(db, actor, { search: words, limit: FOUND_CONTACTS })
  const params = parameters()
  const title = likeTest('d.folded', patterns, params)
  const ids = params.add(contacts.items.map((contact) => contact.id))
  const rows = await db.query<{ id: string }>(
    // deal_folded; contact_root, deal_contact
    `(select d.id from deal d where d.listed and ${title} limit ${FOUND})
     union
     (select d.id from (${familyOf(`${ids}::bigint[]`)}) f join deal d on d.contact_id = f.id where d.deleted_at is null limit ${FOUND})`,
    params.values,
  )
  return rows.map((row) => row.id)
}

/** Of a stage by its places, else the newest first. */
export async function listDeals(
  db: Db,
  actor: Actor,
  query: DealQuery,
): Promise<{ items: Deal[]; nextCursor: string | null }> {
  const limit = query.limit ?? 50
  const conditions = await readConditions(db, actor, query)
  if (!conditions) return { items: [], nextCursor: null }
  const byPlace = query.stageId !== undefined
  const cursor = decodeCursor(query.cursor, 2, [0])
  const [rank = '', id = ''] = cursor ?? []
  if (cursor && (byPlace ? !/^-?[0-9]{1,40}(\.[0-9]{1,40})?$/.test(rank) : rank !== ''))
    throw new Problem('invalid_cursor')
  const params = parameters()
  const where = conditions(params)
  if (cursor)
    where.push(
      byPlace
        ? `(d.rank, d.id) > (${params.add(rank)}::numeric, ${params.add(id)}::bigint)`
        : `d.id < ${params.add(id)}::bigint`,
    )
  const rows = await db.query<{ id: string; rank: string }>(
    // deal_board of a stage; deal_contact of a contact; the primary key otherwise
    `select d.id, d.rank from deal d where ${where.join(' and ')}
     order by ${byPlace ? 'd.rank, d.id' : 'd.id desc'} limit ${params.add(limit + 1)}`,
    params.values,
  )
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    items: await loadDeals(
      db,
      shown.map((row) => row.id),
    ),
    nextCursor: rows.length > limit && last ? encodeCursor(byPlace ? last.rank : '', last.id) : null,
  }
}

/**
 * The stages in use, and retired ones in which deals still stand, with their sums and first deals. Sums are kept
 * (deal_count) as long as nothing but a colleague is asked for; else the deals are counted, up to a bound.
 */
export async function readBoard(db: Db, actor: Actor, query: DealBoardQuery): Promise<DealBoard> {
  const conditions = await readConditions(db, actor, query)
  const stages = await listStages(db)
  if (!conditions) return { stages: stages.filter((stage) => !stage.retired).map(emptyColumn) }
  const { responsibleId, ...others } = query
  const kept = Object.keys(filterOf(others)).length === 0 && (query.search ?? '').trim() === ''
  const sums = kept ? await keptSums(db, actor, responsibleId) : await countedSums(db, conditions)
  const heads = await firstDeals(db, conditions)
  return {
    stages: stages.flatMap((stage) => {
      const sum = sums.get(stage.id)
      if (stage.retired && !sum) return []
      return [{ ...emptyColumn(stage), ...sum, ...heads.get(stage.id) }]
    }),
  }
}

type Column = DealBoard['stages'][number]
const emptyColumn = (stage: DealStage): Column => ({ stage, total: 0, amounts: [], deals: [], nextCursor: null })
type Sums = Map<string, Pick<Column, 'total' | 'more' | 'amounts'>>

interface SumRow {
  stage_id: string
  currency: string
  total: string
  amount: string
}
function addUp(rows: readonly SumRow[]): Sums {
  const sums: Sums = new Map()
  for (const { stage_id, currency, total, amount } of rows) {
    const sum = sums.get(stage_id) ?? { total: 0, amounts: [] }
    sum.total += Number(total)
    if (amount !== '0') sum.amounts.push({ amount, currency })
    sums.set(stage_id, sum)
  }
  return sums
}

async function keptSums(db: Db, actor: Actor, responsibleId: string | undefined): Promise<Sums> {
  const whose = responsibleId === 'me' ? actor.userId : responsibleId === 'none' ? '0' : (responsibleId ?? null)
  return addUp(
    await db.query<SumRow>(
      // The primary key: a row for each stage, colleague and currency. What is out of sight for all is not counted in it.
      `select stage_id, currency, sum(total)::text as total, sum(amount)::text as amount from deal_count
       where $1::bigint is null or responsible_id = $1 group by 1, 2 having sum(total) > 0 order by 1, sum(total) desc, 2`,
      [whose],
    ),
  )
}

async function countedSums(db: Db, conditions: Conditions): Promise<Sums> {
  const params = parameters()
  const where = conditions(params).join(' and ')
  const rows = await db.query<SumRow & { more: boolean }>(
    // deal_board, one bounded walk for each stage
    `select s.id as stage_id, page.currency, count(*) filter (where page.n <= ${COUNTED})::text as total,
       sum(page.amount) filter (where page.n <= ${COUNTED})::text as amount, bool_or(page.n > ${COUNTED}) as more
     from deal_stage s cross join lateral (
       select d.currency, d.amount, row_number() over () as n from (
         select d.currency, d.amount from deal d where d.stage_id = s.id and ${where} order by d.rank, d.id limit ${COUNTED + 1}) d) page
     group by 1, 2 order by 1, count(*) desc, 2`,
    params.values,
  )
  const sums = addUp(rows.filter((row) => row.amount !== null))
  for (const { stage_id, more } of rows) {
    const sum = sums.get(stage_id)
    if (sum && more) sum.more = true
  }
  return sums
}

type Head = Pick<Column, 'deals' | 'nextCursor'>

async function firstDeals(db: Db, conditions: Conditions): Promise<Map<string, Head>> {
  const params = parameters()
  const where = conditions(params).join(' and ')
  const rows = await db.query<{ id: string; stage_id: string; rank: string; n: string }>(
    // deal_board, or deal_responsible with a colleague
    `select page.id, s.id as stage_id, page.rank, row_number() over (partition by s.id order by page.rank, page.id) as n
     from deal_stage s cross join lateral (
       select d.id, d.rank from deal d where d.stage_id = s.id and ${where} order by d.rank, d.id limit ${ON_BOARD + 1}) page
     order by s.id, page.rank, page.id`,
    params.values,
  )
  const shown = rows.filter((row) => Number(row.n) <= ON_BOARD)
  const ids = shown.map((row) => row.id)
  const deals = new Map((await loadDeals(db, ids)).map((deal) => [deal.id, deal]))
  const heads = new Map<string, Head>()
  for (const { id, stage_id, rank, n } of shown) {
    const head = heads.get(stage_id) ?? { deals: [], nextCursor: null }
    const deal = deals.get(id)
    if (deal) head.deals.push(deal)
    const more = Number(n) === ON_BOARD && rows.some((row) => row.stage_id === stage_id && Number(row.n) > ON_BOARD)
    if (more) head.nextCursor = encodeCursor(rank, id)
    heads.set(stage_id, head)
  }
  return heads
}

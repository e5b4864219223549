import type { Filter } from '#shared/api/views.ts'
import { type Condition, contactFilterFields, filterOf, parseFilter, parseSort, type Sort } from '#shared/filter.ts'
import { normalizePhone } from '#shared/phone-max.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { need } from '../platform/http.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import {
  type CustomFilterField,
  likeTest,
  loadCustomFilterFields,
  readerOf,
  type Ready,
  type Writing,
} from './conditions.ts'
import { contactCondition } from './contact-conditions.ts'
import { searchPatterns } from './folding.ts'
import { homeCountry } from './identities.ts'
import type { List } from './list-engine.ts'
import { orderOf } from './list-order.ts'
import { loadView } from './views.ts'
import { contactVisible, contactWithin, type Parameters } from './visibility.ts'

/** What a list of contacts is asked for: conditions, `search`, `sort`, `view`, `deleted`, as they stand in a link. */
export type ContactListQuery = Readonly<Record<string, unknown>>

export interface ContactList {
  list: List
  sort: Sort
  conditions: readonly Condition[]
  search: string
  deleted: boolean
}

const NEWEST_FIRST: Sort = { name: 'updatedAt', type: 'moment', descending: true }
const NEWEST_DELETED: Sort = { name: 'deletedAt', type: 'moment', descending: true }

/**
 * Reads the parameters of a list of contacts. A view gives what is not said; of a view whose fields are gone the rest
 * counts. Undefined: a search for nothing, which finds nothing.
 * @throws Problem invalid_input with the names of the parameters that are wrong, `prefix` before them
 */
export async function readContactList(
  db: Db,
  actor: Actor,
  query: ContactListQuery,
  prefix = '',
): Promise<ContactList | undefined> {
  const deleted = query['deleted'] === true || query['deleted'] === 'true'
  if (deleted) need(actor, 'contact.delete')
  const fields = await loadCustomFilterFields(db, 'contact')
  const { conditions, sort, search } = await readParts(db, actor, query, fields, prefix)
  const order = sort ?? (deleted ? NEWEST_DELETED : NEWEST_FIRST)
  const country = await homeCountry(db)
  const patterns = searchPatterns(search, country)
  if (search !== '' && patterns.length === 0) return undefined
  const ready: Ready[] = conditions.map((condition) => contactCondition(condition, fields, country))
  if (patterns.length > 0) ready.push((await numberCondition(db, search, country)) ?? searchCondition(patterns))
  const reader = await readerOf(db, actor, conditions)
  const base = deleted ? 'c.deleted_at is not null and c.merged_into_id is null' : 'c.listed'
  const visible = deleted ? contactWithin : contactVisible
  return {
    conditions,
    search,
    deleted,
    sort: order,
    list: {
      order: orderOf(order, fields, base),
      base,
      walkable: deleted === (order.name === 'deletedAt'),
      indexed: deleted || ready.some((one) => one.indexed),
      few: ready.some((one) => one.few),
      filters: (params: Parameters, oneByOne: boolean) => {
        const writing: Writing = { params, alias: 'c', oneByOne, reader }
        return [...ready.map((one) => one.sql(writing)), visible(actor, 'c', params)]
      },
    },
  }
}

/** Who has the whole number that is looked for; undefined when it is no such number, or nobody has it. */
async function numberCondition(db: Db, search: string, country: string): Promise<Ready | undefined> {
  const number = /\p{L}/u.test(search) ? undefined : normalizePhone(search, country)?.e164
  if (number === undefined) return undefined
  // The unique key of identity, contact_pkey
  const owner = await db.one<{ root_id: string }>(
    `select m.root_id from identity i join contact m on m.id = i.contact_id where i.kind = 'phone' and i.value = $1`,
    [number],
  )
  return (
    owner && {
      indexed: true,
      few: true,
      sql: ({ params: { add }, alias }) => `${alias}.id = ${add(owner.root_id)}::bigint`,
    }
  )
}

/** contact_folded */
function searchCondition(patterns: readonly (readonly string[])[]): Ready {
  return {
    indexed: true,
    sql: ({ params, alias }) => likeTest(`${alias}.folded`, patterns, params),
  }
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

async function readParts(
  db: Db,
  actor: Actor,
  query: ContactListQuery,
  custom: readonly CustomFilterField[],
  prefix: string,
): Promise<{ conditions: Condition[]; sort: Sort | undefined; search: string }> {
  const fields = [...contactFilterFields([]), ...custom]
  const own = parseFilter(filterOf(query), fields)
  if (own.problems.length > 0)
    throw new Problem(
      'invalid_input',
      {},
      own.problems.map((problem) => ({ ...problem, field: `${prefix}${problem.field}` })),
    )
  const asked = text(query['sort'])
  const sort = asked === undefined ? undefined : parseSort(asked, fields)
  if (asked !== undefined && sort === undefined) throw wrongField(`${prefix}sort`, 'not_allowed')
  const search = text(query['search'])?.trim()
  const id = text(query['view'])
  if (id === undefined) return { conditions: own.conditions, sort, search: search ?? '' }
  const view = await loadView(db, actor, id)
  if (view.resource !== 'contact') throw new Problem('not_found')
  // What the link says of a name stands in the place of what the view says.
  const rest: Filter = Object.fromEntries(
    Object.entries(filterOf(view.query.filter)).filter(([name]) => query[name] === undefined),
  )
  return {
    conditions: [...parseFilter(rest, fields).conditions, ...own.conditions],
    sort: sort ?? (view.query.sort === null ? undefined : parseSort(view.query.sort, fields)),
    search: search ?? view.query.filter['search']?.trim() ?? '',
  }
}

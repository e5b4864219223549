import type { FieldResource } from '#shared/api/fields.ts'
import { customFilterFields, type Condition, type FilterField, filterOf, parseFilter } from '#shared/filter.ts'
import { daysOf, type FilterReader, instantsOf } from '#shared/filter-dates.ts'
import { isLocale } from '#shared/locales.ts'
import { foldForIndex, foldText, searchTerms, sortKey } from '#shared/text.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { loadFields } from './fields.ts'
import type { Parameters } from './visibility.ts'

/**
 * Conditions of the filter language as SQL. Each can be written in two ways that mean the same: for looking at rows one
 * by one, along a list that is read in its order; and for finding all rows that have it, which leaves the planner free
 * to begin with an index of the condition.
 */
export interface Writing {
  params: Parameters
  /** The row's name in the statement. */
  alias: string
  oneByOne: boolean
  /** What relative days and `me` mean. */
  reader: FilterReader & { userId: string; now: Date }
}
/** A condition that is ready to be written. */
export interface Ready {
  /** An index finds what has it. */
  indexed: boolean
  /** A handful at most has it, however many contacts there are. */
  few?: boolean
  sql(writing: Writing): string
}

/** A filter field of one's own, with the id of its definition. */
export interface CustomFilterField extends FilterField {
  fieldId: string
}

/** The custom fields of a resource, as filters and orders name them. */
export async function loadCustomFilterFields(db: Db, resource: FieldResource): Promise<CustomFilterField[]> {
  const fields = await loadFields(db, resource)
  return customFilterFields(fields).map((field, n) => ({ ...field, fieldId: fields[n]?.id ?? '0' }))
}

/** What the actor's days, weeks and months are. Read only where a filter speaks of them. */
export async function readerOf(db: Db, actor: Actor, conditions: readonly Condition[]): Promise<Writing['reader']> {
  const plain = { userId: actor.userId, now: new Date(), locale: actor.locale } as const
  if (!conditions.some(({ type }) => type === 'date' || type === 'moment'))
    return { ...plain, calendar: 'gregory', timeZone: 'UTC' }
  const row = await db.one<{ locale: string; calendar: FilterReader['calendar']; time_zone: string }>(
    'select locale, calendar, time_zone from app_user where id = $1',
    [actor.userId],
  )
  return {
    ...plain,
    locale: row && isLocale(row.locale) ? row.locale : actor.locale,
    calendar: row?.calendar ?? 'gregory',
    timeZone: row?.time_zone ?? 'UTC',
  }
}

/**
 * Reads the conditions on custom fields among the parameters of a list (`field.<key>` …), for lists of other modules. They
 * are written as SQL about the row called `alias` wherever a statement needs them; the planner is left free.
 * @throws Problem invalid_input that names the parameters which are wrong
 */
export async function customConditions(
  db: Db,
  actor: Actor,
  resource: FieldResource,
  alias: string,
  query: Readonly<Record<string, unknown>>,
): Promise<(params: Parameters) => string[]> {
  const filter = Object.fromEntries(Object.entries(filterOf(query)).filter(([name]) => name.startsWith('field.')))
  if (Object.keys(filter).length === 0) return () => []
  const fields = await loadCustomFilterFields(db, resource)
  const { conditions, problems } = parseFilter(filter, fields)
  if (problems.length > 0) throw new Problem('invalid_input', {}, problems)
  const reader = await readerOf(db, actor, conditions)
  return (params) =>
    conditions.map((condition) => customCondition(condition, fields).sql({ params, alias, oneByOne: false, reader }))
}

/** A condition on a custom field. Indexes field_value_key, field_value_number, field_value_words; its primary key one by one. */
export function customCondition(condition: Condition, fields: readonly CustomFilterField[]): Ready {
  const fieldId = fields.find(({ name }) => name === condition.name)?.fieldId ?? '0'
  const { operator, values } = condition
  const negative = operator === 'not' || (operator === 'empty' && values[0] === 'true')
  return {
    indexed: !negative,
    sql: (writing) => {
      const { params, alias, oneByOne } = writing
      const test = operator === 'empty' ? 'true' : valueTest(condition, writing)
      const values = `field_value v where v.record_id = ${alias}.id and v.field_id = ${params.add(fieldId)}::bigint`
      // One by one: the record's own values first, whatever an index on values promises.
      const exists = oneByOne
        ? `exists (select from (select * from ${values} offset 0) v where ${test} offset 0)`
        : `exists (select from ${values} and (${test}))`
      return negative ? `not ${exists}` : exists
    },
  }
}

/** About the value `v`; of the operators that say something about a value. */
function valueTest(condition: Condition, writing: Writing): string {
  const { operator, values, type } = condition
  const { add } = writing.params
  switch (type) {
    case 'number':
      if (operator === 'from') return `v.number >= ${add(values[0])}::numeric`
      if (operator === 'to') return `v.number <= ${add(values[0])}::numeric`
      return `v.number = any(${add(values)}::numeric[])`
    case 'money':
      return values.map((value) => moneyTest(operator, value, writing)).join(' or ')
    case 'date':
      return dayTests('v.key', condition, writing, 'text')
    case 'text':
    case 'link':
      return operator === 'has'
        ? wordsTest('v.words', values[0] ?? '', writing.params)
        : textTest(values, writing.params)
    case 'contact':
      return `v.key in (select f.id::text from (${familyOf(`${add(values)}::bigint[]`)}) f)`
    default:
      return `v.key = any(${add(values)}::text[])`
  }
}

function moneyTest(operator: Condition['operator'], value: string, { params }: Writing): string {
  const [amount, currency] = value.split(':')
  const comparison = operator === 'from' ? '>=' : operator === 'to' ? '<=' : '='
  const test = `v.number ${comparison} ${params.add(amount)}::numeric`
  return currency === undefined ? test : `(${test} and v.key = ${params.add(currency)})`
}

/** Equal as a reader sees it. Long texts that begin alike share a key; their words tell them apart. */
function textTest(values: readonly string[], { add }: Parameters): string {
  const keys = values.map((value) => sortKey(value))
  const test = `v.key = any(${add(keys)}::text[])`
  if (keys.every((key) => key.length < 150)) return test
  return `${test} and v.words = any(${add(values.map((value) => ` ${foldForIndex(value, 10_000)}`))}::text[])`
}

/** `column` was written by foldForIndex with a blank before its first word. */
export function wordsTest(column: string, text: string, params: Parameters): string {
  return likeTest(
    column,
    searchTerms(text).map((ways) => ways.map(wordPattern)),
    params,
  )
}
// Of one or two letters at the beginning of a word only, because '%ab%' has no trigrams.
const wordPattern = (way: string): string => (way.length < 3 ? `% ${way}%` : `%${way}%`)

/** A column of plain text, compared as SQL's fold_text makes it. */
export function foldedColumnTest(column: string, { operator, values }: Condition, params: Parameters): string {
  if (operator !== 'has') return `fold_text(${column}) = any(${params.add(values.map(foldText))}::text[])`
  const terms = searchTerms(values[0] ?? '')
  return likeTest(
    `fold_text(${column})`,
    terms.map((ways) => ways.map((way) => `%${way}%`)),
    params,
  )
}

/** Every entry must match, of an entry any pattern is enough. Without entries nothing does. */
export function likeTest(column: string, patterns: readonly (readonly string[])[], { add }: Parameters): string {
  if (patterns.length === 0) return 'false'
  return patterns.map((ways) => `(${ways.map((way) => `${column} like ${add(way)}`).join(' or ')})`).join(' and ')
}

/** Of a day: a column of dates, or ISO texts as custom fields keep them. */
export function dayTests(
  column: string,
  { operator, values }: Condition,
  { params: { add }, reader }: Writing,
  cast: 'date' | 'text',
): string {
  const tests = values.map((value) => {
    const { first, last } = daysOf(value, reader, reader.now)
    if (operator === 'from') return `${column} >= ${add(first)}::${cast}`
    if (operator === 'to') return `${column} <= ${add(last)}::${cast}`
    return `${column} between ${add(first)}::${cast} and ${add(last)}::${cast}`
  })
  return tests.join(' or ')
}

export function momentTests(
  column: string,
  { operator, values }: Condition,
  { params: { add }, reader }: Writing,
): string {
  const tests = values.map((value) => {
    const { from, until } = instantsOf(value, reader, reader.now)
    const after = operator === 'to' ? [] : [`${column} >= ${add(from)}::timestamptz`]
    const before = operator === 'from' ? [] : [`${column} < ${add(until)}::timestamptz`]
    return `(${[...after, ...before].join(' and ')})`
  })
  return tests.join(' or ')
}

/** Everybody who has become one with one of these contacts. Indexes contact_pkey, contact_root. */
export function familyOf(ids: string): string {
  return `select a.root_id as id from contact a where a.id = any(${ids})
    union all select m.id from contact a join contact m on m.root_id = a.root_id and m.merged_into_id is not null where a.id = any(${ids})`
}

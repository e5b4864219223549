import type { Sort } from '#shared/filter.ts'
import type { CustomFilterField } from './conditions.ts'
import type { Parameters } from './visibility.ts'

/**
 * An order of contacts as a row of phases, each walked along one index: those that have a value, by it; then those
 * without. A choice has a phase for each of its options, so changing their order needs no work on values. Within a phase
 * the key and the id make every place one of its own.
 */
export interface Order {
  descending: boolean
  phases: readonly Phase[]
  /** How rows that were found in no order are ranked: `c` is the row, with the columns named here. */
  rank: {
    columns: readonly string[]
    join: (params: Parameters) => string
    phase: (params: Parameters) => string
    key: string
    text: KeyText
  }
}
export interface Phase {
  /** Stands in cursors. */
  name: string
  /** Where the walk goes: along contacts `c`, or along values `v` of a field. */
  along: 'contact' | 'value'
  where(params: Parameters): string
  /** What is compared; undefined when all have the same. */
  key?: string
  text: KeyText
  /** About `c`, looked at row by row. */
  filter?(params: Parameters): string
}
/** A key in cursors, and back: exact, whatever its type. */
export interface KeyText {
  from(sql: string): string
  to(parameter: string): string
  valid: RegExp
}

const TEXT: KeyText = { from: (sql) => sql, to: (p) => `${p}::text collate "C"`, valid: /^[^\0]{0,400}$/su }
const NUMBER: KeyText = {
  from: (sql) => `${sql}::text`,
  to: (p) => `${p}::numeric`,
  valid: /^-?\d{1,40}(\.\d{1,40})?$/,
}
const DAY: KeyText = { from: (sql) => `${sql}::text`, to: (p) => `${p}::date`, valid: /^\d{4}-\d{2}-\d{2}$/ }
/** Microseconds: JavaScript's dates know milliseconds only. */
export const MOMENT: KeyText = {
  from: (sql) => `(extract(epoch from ${sql}) * 1000000)::bigint::text`,
  to: (p) => `'epoch'::timestamptz + ${p}::bigint * interval '1 microsecond'`,
  valid: /^-?\d{1,16}$/,
}
const NONE: KeyText = { from: () => `''`, to: (p) => `${p}::text`, valid: /^$/ }

/** contact_list, contact_created_list, contact_name_list, contact_birth_date; contact_deleted for the deleted ones. */
const OWN: Record<string, { column: string; key: string; text: KeyText; nullable?: boolean }> = {
  updatedAt: { column: 'updated_at', key: 'c.updated_at', text: MOMENT },
  createdAt: { column: 'created_at', key: 'c.created_at', text: MOMENT },
  deletedAt: { column: 'deleted_at', key: 'c.deleted_at', text: MOMENT },
  name: { column: 'sort_name', key: 'c.sort_name collate "C"', text: TEXT },
  birthDate: { column: 'birth_date', key: 'c.birth_date', text: DAY, nullable: true },
}

export function orderOf(sort: Sort, fields: readonly CustomFilterField[], base: string): Order {
  const own = OWN[sort.name]
  if (own) return ownOrder(own, sort.descending, base)
  const field = fields.find(({ name }) => name === sort.name)
  if (!field) throw new Error(`no order by ${sort.name}`)
  return sort.type === 'choice' ? choiceOrder(field, sort.descending, base) : valueOrder(field, sort, base)
}

function ownOrder(
  { column, key, text, nullable = false }: (typeof OWN)[string],
  descending: boolean,
  base: string,
): Order {
  const valued: Phase = {
    name: 'v',
    along: 'contact',
    where: () => (nullable ? `${base} and ${key} is not null` : base),
    key,
    text,
  }
  // Ordered by the key too, which is null in all of them, because the index is.
  const rest: Phase = { name: '-', along: 'contact', where: () => `${base} and ${key} is null`, text: NONE }
  return {
    descending,
    phases: nullable ? [valued, rest] : [valued],
    rank: { columns: [column], join: () => '', phase: () => (nullable ? `(${key} is null)::int` : '0'), key, text },
  }
}

/** field_value_number, field_value_key; those without a value by contact_pkey. */
function valueOrder(field: CustomFilterField, { type, descending }: Sort, base: string): Order {
  const column = type === 'number' || type === 'money' ? 'number' : 'key'
  const text = column === 'number' ? NUMBER : TEXT
  const id = (params: Parameters): string => `${params.add(field.fieldId)}::bigint`
  return {
    descending,
    phases: [
      {
        name: 'v',
        along: 'value',
        where: (params) => `v.field_id = ${id(params)} and v.${column} is not null`,
        key: `v.${column}`,
        text,
      },
      withoutValue(base, (params) => `v.field_id = ${id(params)} and v.${column} is not null`),
    ],
    rank: {
      columns: [],
      join: (params) => `left join field_value o on o.record_id = c.id and o.field_id = ${id(params)} and o.n = 0`,
      phase: () => `(o.${column} is null)::int`,
      key: `o.${column}`,
      text,
    },
  }
}

function withoutValue(base: string, value: (params: Parameters) => string): Phase {
  return {
    name: '-',
    along: 'contact',
    where: () => base,
    text: NONE,
    filter: (params) => `not exists (select from field_value v where v.record_id = c.id and ${value(params)} offset 0)`,
  }
}

/** field_value_key, once for each option. */
function choiceOrder(field: CustomFilterField, descending: boolean, base: string): Order {
  const { options: inOrder = [] } = field
  const options = descending ? inOrder.toReversed() : inOrder
  const id = (params: Parameters): string => `${params.add(field.fieldId)}::bigint`
  const known = (params: Parameters): string => `${params.add(options)}::text[]`
  return {
    descending,
    phases: [
      ...options.map(
        (option): Phase => ({
          // No option is called so.
          name: `o.${option}`,
          along: 'value',
          where: (params) => `v.field_id = ${id(params)} and v.key = ${params.add(option)}`,
          text: NONE,
        }),
      ),
      withoutValue(base, (params) => `v.field_id = ${id(params)} and v.key = any(${known(params)})`),
    ],
    rank: {
      columns: [],
      join: (params) => `left join field_value o on o.record_id = c.id and o.field_id = ${id(params)} and o.n = 0`,
      phase: (params) => `coalesce(array_position(${known(params)}, o.key), ${options.length + 1}) - 1`,
      key: `''`,
      text: NONE,
    },
  }
}

/**
 * The filter language of lists, saved views, bulk changes and exports, the same in links, in the API and on screen: an
 * object of conditions that all hold, `{"kind": "person,lead", "createdAt.from": "-30d", "field.city.has": "تهران"}`.
 *
 * | behind the name | the value                                                                                       |
 * |-----------------|-------------------------------------------------------------------------------------------------|
 * | nothing         | equal to it, or to one of several with commas between (`\,` is a comma, `\\` a backslash)        |
 * | `.not`          | equal to none of them; also where there is no value                                             |
 * | `.from`, `.to`  | at least, at most; both ends belong to it                                                       |
 * | `.has`          | has all these words, as search finds them                                                       |
 * | `.empty`        | `true`: has no value; `false`: has one                                                          |
 *
 * Values by type: numbers with a point; money in minor units, with or without its currency (`12500:IRR`); ids; of users
 * also `me` and `none`; days and moments as `isDateValue` says. Relative ones mean something else every day: they are
 * resolved when the list is read (filter-dates.ts), so a saved view stays true.
 */
import { CONTACT_KINDS } from './api/contacts.ts'
import type { CustomField, FieldType } from './api/fields.ts'
import type { Filter } from './api/views.ts'
import { CONTACT_FIELDS, type ContactField, customName } from './contact-fields.ts'
import type { FieldErrorCode } from './errors.ts'
import { CURRENCIES } from './money.ts'
import { latinDigits, stripUnsafe } from './text.ts'

export type FilterType = ContactField['type']
const OPERATORS = ['is', 'not', 'from', 'to', 'has', 'empty'] as const
export type FilterOperator = (typeof OPERATORS)[number]

/** What a list can be filtered or sorted by. */
export interface FilterField {
  /** `createdAt`, `field.<key>`. */
  name: string
  type: FilterType
  filterable: boolean
  sortable: boolean
  /** Ids of the options of a choice, in their order. */
  options?: readonly string[]
}

export interface Condition {
  name: string
  type: FilterType
  operator: FilterOperator
  /** As they stand in the filter; one for all operators but `is` and `not`. */
  values: string[]
}
export interface FilterProblem {
  /** The condition's name with its operator, as it was given. */
  field: string
  code: FieldErrorCode
}
export interface Sort {
  name: string
  type: FilterType
  descending: boolean
}

const BY_TYPE: Record<FilterType, readonly FilterOperator[]> = {
  text: ['is', 'not', 'has', 'empty'],
  link: ['is', 'not', 'has', 'empty'],
  number: ['is', 'not', 'from', 'to', 'empty'],
  money: ['is', 'not', 'from', 'to', 'empty'],
  date: ['is', 'not', 'from', 'to', 'empty'],
  moment: ['is', 'not', 'from', 'to', 'empty'],
  choice: ['is', 'not', 'empty'],
  choices: ['is', 'not', 'empty'],
  yes_no: ['is', 'empty'],
  contact: ['is', 'not', 'empty'],
  kind: ['is', 'not'],
  user: ['is', 'not', 'empty'],
  tags: ['is', 'not', 'empty'],
  source: ['is', 'not', 'empty'],
  identity: ['is', 'has', 'empty'],
}
/** What may be asked of a field of the type. */
export const operatorsOf = (type: FilterType): readonly FilterOperator[] => BY_TYPE[type]

const SORTABLE: readonly FieldType[] = ['text', 'link', 'number', 'money', 'date', 'choice', 'yes_no']

/** Custom fields as lists know them. */
export function customFilterFields(fields: readonly CustomField[]): FilterField[] {
  return fields.map((field) => ({
    name: customName(field.key),
    type: field.type,
    filterable: true,
    sortable: SORTABLE.includes(field.type),
    ...(field.options.length > 0 ? { options: field.options.map((option) => option.id) } : {}),
  }))
}

/** All that contacts can be filtered and sorted by. */
export function contactFilterFields(fields: readonly CustomField[]): FilterField[] {
  const own = CONTACT_FIELDS.map(({ name, type, filterable = false, sortable = false }) => ({
    name,
    type,
    filterable,
    sortable,
  }))
  return [...own, ...customFilterFields(fields)]
}

/** Parameters of a list that are no conditions. */
const PARAMETERS = new Set(['limit', 'cursor', 'search', 'sort', 'view', 'deleted'])
/** The conditions among the parameters of a list. */
export function filterOf(query: Readonly<Record<string, unknown>>): Filter {
  const filter: Filter = {}
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== null && !PARAMETERS.has(name)) filter[name] = String(value)
  return filter
}

const MOST_CONDITIONS = 40
const MOST_VALUES = 200
const LONGEST_VALUE = 2000
const LONGEST_TEXT = 400

/** The conditions of a filter, those that are wrong left out and named in `problems`. */
export function parseFilter(
  filter: Readonly<Filter>,
  fields: readonly FilterField[],
): { conditions: Condition[]; problems: FilterProblem[] } {
  const byName = new Map(fields.map((field) => [field.name, field]))
  const conditions: Condition[] = []
  const problems: FilterProblem[] = []
  for (const [full, text] of Object.entries(filter)) {
    const result = conditions.length >= MOST_CONDITIONS ? 'too_long' : parseOne(full, text, byName)
    if (typeof result === 'string') problems.push({ field: full, code: result })
    else conditions.push(result)
  }
  return { conditions, problems }
}

/** The field and the operator that a condition's name is made of; the field as it is called, whether it exists or not. */
export function splitName(
  full: string,
  isField: (name: string) => boolean,
): { name: string; operator: FilterOperator } {
  // The whole name first: a custom field may have the key "from".
  const dot = full.lastIndexOf('.')
  const operator = OPERATORS.find((one) => one !== 'is' && one === full.slice(dot + 1))
  if (isField(full) || operator === undefined || dot < 0) return { name: full, operator: 'is' }
  return { name: full.slice(0, dot), operator }
}

function parseOne(full: string, text: string, byName: Map<string, FilterField>): Condition | FieldErrorCode {
  const { name, operator } = splitName(full, (candidate) => byName.has(candidate))
  const field = byName.get(name)
  if (!field) return 'unknown_field'
  if (!field.filterable || !operatorsOf(field.type).includes(operator)) return 'not_allowed'
  if (text.length > LONGEST_VALUE) return 'too_long'
  const several = operator === 'is' || operator === 'not'
  const parts = (several ? splitValues(text) : [text.trim()]).filter((part) => part !== '')
  if (parts.length === 0) return 'required'
  if (parts.length > MOST_VALUES) return 'too_long'
  const values = new Set<string>()
  for (const part of parts) {
    const value =
      operator === 'empty' ? yesOrNo(part) : operator === 'has' ? words(part) : CHECK[field.type](part, field)
    if ('code' in value) return value.code
    values.add(value.value)
  }
  return { name, type: field.type, operator, values: [...values] }
}

/** At commas; `\,` and `\\` stand for themselves. */
export function splitValues(text: string): string[] {
  const values: string[] = []
  let value = ''
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '\\' && at + 1 < text.length) value += text.charAt(++at)
    else if (character === ',') {
      values.push(value.trim())
      value = ''
    } else value += character
  }
  return [...values, value.trim()]
}

/** The filter that `parseFilter` reads as these conditions. */
export function serialiseFilter(conditions: readonly Pick<Condition, 'name' | 'operator' | 'values'>[]): Filter {
  const filter: Filter = {}
  for (const { name, operator, values } of conditions) {
    const several = operator === 'is' || operator === 'not'
    const text = several ? values.map((value) => value.replaceAll(/[\\,]/g, '\\$&')).join(',') : (values[0] ?? '')
    filter[operator === 'is' ? name : `${name}.${operator}`] = text
  }
  return filter
}

type Checked = { value: string } | { code: FieldErrorCode }
const ID = /^[1-9][0-9]{0,17}$/

function words(text: string): Checked {
  const clean = stripUnsafe(text).trim()
  if (clean === '') return { code: 'required' }
  return clean.length > LONGEST_TEXT ? { code: 'too_long' } : { value: clean }
}
const yesOrNo = (text: string): Checked =>
  text === 'true' || text === 'false' ? { value: text } : { code: 'not_allowed' }
const id = (text: string): Checked => (ID.test(text) ? { value: text } : { code: 'wrong_format' })
const option = (text: string, { options = [] }: FilterField): Checked =>
  options.includes(text) ? { value: text } : { code: 'not_allowed' }

const CHECK: Record<FilterType, (text: string, field: FilterField) => Checked> = {
  text: words,
  link: words,
  identity: words,
  number(text) {
    const latin = latinDigits(text).replace('٫', '.').replace('−', '-')
    const number = Number(latin)
    if (!/^[+-]?(\d{1,18}|\d{0,18}\.\d{1,18}|\d{1,18}\.)(e[+-]?\d{1,2})?$/i.test(latin)) return { code: 'not_a_number' }
    return Number.isFinite(number) ? { value: String(number + 0) } : { code: 'not_a_number' }
  },
  money(text) {
    const match = /^(-?\d{1,18})(?::([A-Z]{3}))?$/.exec(latinDigits(text))
    if (!match) return { code: 'wrong_format' }
    const [, amount = '', currency] = match
    if (currency !== undefined && !CURRENCIES.some((one) => one === currency)) return { code: 'not_allowed' }
    return { value: `${BigInt(amount)}${currency === undefined ? '' : `:${currency}`}` }
  },
  date: (text) => (isDateValue(text) ? { value: text } : { code: 'wrong_format' }),
  moment: (text) => (isDateValue(text) || isMomentValue(text) ? { value: text } : { code: 'wrong_format' }),
  choice: option,
  choices: option,
  kind: (text) => (CONTACT_KINDS.some((kind) => kind === text) ? { value: text } : { code: 'not_allowed' }),
  user: (text) => (text === 'me' || text === 'none' ? { value: text } : id(text)),
  tags: id,
  source: id,
  contact: id,
  yes_no: yesOrNo,
}

/** A real day of the Gregorian calendar as `YYYY-MM-DD`. */
export function isDay(text: string): boolean {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) || text < '0001') return false
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text)
}

const NAMED_DAYS = ['today', 'yesterday', 'tomorrow'] as const
/** So many days, weeks, months or years from today, in the reader's calendar; a blank for a `+` that a link has lost. */
export const DISTANCE = /^([+ -]?)(\d{1,4}[dwm]|\d{1,3}y)$/
export const PERIOD = /^(this|last|next)-(week|month|quarter|year)$/

/** `2026-03-21`, `today`, `-7d`, `+2w`, `-1m`, `+1y`, `this-month`, `last-week`, `next-quarter`, `this-year`. */
export function isDateValue(text: string): boolean {
  return NAMED_DAYS.some((name) => name === text) || DISTANCE.test(text) || PERIOD.test(text) || isDay(text)
}

export const HOURS = /^([+ -]?)(\d{1,4})h$/
const MOMENT = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/
/** Beside days, of moments: so many hours from now (`-24h`), or exact (`2026-03-21T08:30:00Z`). */
export function isMomentValue(text: string): boolean {
  const day = MOMENT.exec(text)?.[1]
  return HOURS.test(text) || (day !== undefined && isDay(day) && !Number.isNaN(Date.parse(text)))
}

/** `name` or `-name`; undefined when there is no such order. */
export function parseSort(text: string, fields: readonly FilterField[]): Sort | undefined {
  const descending = text.startsWith('-')
  const name = descending ? text.slice(1) : text
  const field = fields.find((one) => one.name === name)
  return field?.sortable === true ? { name, type: field.type, descending } : undefined
}

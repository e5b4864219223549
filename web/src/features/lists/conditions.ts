import type { Filter } from '#shared/api/views.ts'
import { type FilterOperator, HOURS, PERIOD, serialiseFilter, splitName, splitValues } from '#shared/filter.ts'
import type { ListField } from './list-field.ts'

/** All that is asked of one field, by operator. On screen it is one condition. */
export type Asked = Partial<Record<FilterOperator, string>>
export interface Condition {
  name: string
  /** Missing when the field is gone. */
  field: ListField | undefined
  asked: Asked
}

/** A filter field by field, in its order. */
export function conditionsOf(filter: Filter, fields: readonly ListField[]): Condition[] {
  const byName = new Map(fields.map((field) => [field.name, field]))
  const found = new Map<string, Condition>()
  for (const [full, value] of Object.entries(filter)) {
    const { name, operator } = splitName(full, (one) => byName.has(one))
    const condition = found.get(name) ?? { name, field: byName.get(name), asked: {} }
    condition.asked[operator] = value
    found.set(name, condition)
  }
  return [...found.values()]
}

const fullName = (name: string, operator: string): string => (operator === 'is' ? name : `${name}.${operator}`)

/** The filter with this asked of the field instead of what was; it keeps its place. Nothing asked: the condition goes. */
export function withCondition(filter: Filter, name: string, asked: Asked, fields: readonly ListField[]): Filter {
  const entries = Object.entries(asked).map(([operator, value]): [string, string] => [fullName(name, operator), value])
  const isField = (one: string) => fields.some((field) => field.name === one)
  const next: [string, string][] = []
  let placed = false
  for (const [full, value] of Object.entries(filter)) {
    if (splitName(full, isField).name !== name) next.push([full, value])
    else if (!placed) {
      placed = true
      next.push(...entries)
    }
  }
  return Object.fromEntries(placed ? next : [...next, ...entries])
}

export const valuesOf = (text: string | undefined): string[] =>
  text === undefined ? [] : splitValues(text).filter((value) => value !== '')
/** As they stand in a filter; undefined for none. */
export function textOf(values: readonly string[]): string | undefined {
  if (values.length === 0) return undefined
  return serialiseFilter([{ name: 'one', operator: 'is', values: [...values] }])['one']
}

/** Without what is empty. */
export function ask(parts: Partial<Record<FilterOperator, string | undefined>>): Asked {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined && value !== '')) as Asked
}

export const SPAN_UNITS = ['d', 'w', 'm', 'y'] as const
type SpanUnit = (typeof SPAN_UNITS)[number]
/** What a condition on days means to its reader. */
export type Span =
  /** `today`, `this-month` … */
  | { kind: 'named'; value: string }
  /** The so many days, weeks … up to now, or from now on. */
  | { kind: 'last' | 'next'; count: number; unit: SpanUnit | 'h' }
  /** Longer ago than that. */
  | { kind: 'before'; count: number; unit: SpanUnit }
  /** From one day to another; either may be open. */
  | { kind: 'range'; from: string | null; to: string | null }

const AWAY = /^([+-]?)(\d{1,4})([dwmy])$/
const NAMED = /^(today|yesterday|tomorrow)$/

export function spanOf({ is, from, to }: Asked): Span | null {
  if (is !== undefined) {
    if (NAMED.test(is) || PERIOD.test(is)) return { kind: 'named', value: is }
    return is.includes(',') ? null : { kind: 'range', from: is, to: is }
  }
  if (from === undefined && to === undefined) return null
  const [, fromSign, fromCount, fromUnit] = AWAY.exec(from ?? '') ?? []
  const [, toSign, toCount, toUnit] = AWAY.exec(to ?? '') ?? []
  const hours = HOURS.exec(from ?? '')
  if (hours?.[1] === '-' && to === undefined) return { kind: 'last', count: Number(hours[2]), unit: 'h' }
  if (fromSign === '-' && (to === undefined || to === 'today'))
    return { kind: 'last', count: Number(fromCount), unit: fromUnit as SpanUnit }
  if (from === 'today' && toCount !== undefined && toSign !== '-')
    return { kind: 'next', count: Number(toCount), unit: toUnit as SpanUnit }
  if (from === undefined && toSign === '-') return { kind: 'before', count: Number(toCount), unit: toUnit as SpanUnit }
  return { kind: 'range', from: from ?? null, to: to ?? null }
}

/** @param past moments of the record itself: nothing lies behind the present one */
export function askedOf(span: Span, past = false): Asked {
  switch (span.kind) {
    case 'named':
      return { is: span.value }
    case 'last':
      return ask({ from: `-${span.count}${span.unit}`, to: past || span.unit === 'h' ? undefined : 'today' })
    case 'next':
      return { from: 'today', to: `+${span.count}${span.unit}` }
    case 'before':
      return { to: `-${span.count}${span.unit}` }
    case 'range':
      return span.from !== null && span.from === span.to
        ? { is: span.from }
        : ask({ from: span.from ?? undefined, to: span.to ?? undefined })
  }
}

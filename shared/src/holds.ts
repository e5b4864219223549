/**
 * Whether a condition of the filter language (filter.ts) holds of a value at hand: of facts and records that rules look at
 * one by one, where lists ask the database. Both mean the same.
 */
import type { Condition } from './filter.ts'
import { daysOf, type FilterReader, instantsOf } from './filter-dates.ts'
import { foldText } from './text.ts'

export interface HoldsReader extends FilterReader {
  /** Who `me` is. */
  userId: string
  now: Date
}

const isNothing = (value: unknown): boolean =>
  value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)

/** Of no value only `.not`, `.empty` and a user's `none` hold. */
export function holds(condition: Condition, value: unknown, reader: HoldsReader): boolean {
  const { operator, values, type } = condition
  if (operator === 'empty') return isNothing(value) === (values[0] === 'true')
  if (operator === 'not') return !values.some((one) => isEqual(type, one, value, reader))
  if (operator === 'is') return values.some((one) => isEqual(type, one, value, reader))
  if (isNothing(value)) return false
  const [asked = ''] = values
  if (operator === 'has')
    return foldText(asked)
      .split(' ')
      .every((word) => foldText(String(value)).includes(word))
  return isBeyond(operator, type, asked, value, reader)
}

function isEqual(type: Condition['type'], asked: string, value: unknown, reader: HoldsReader): boolean {
  if (type === 'user' && asked === 'none') return isNothing(value)
  if (isNothing(value)) return false
  switch (type) {
    case 'text':
    case 'link':
    case 'identity':
      return foldText(String(value)) === foldText(asked)
    case 'number':
      return Number(value) === Number(asked)
    case 'money': {
      const order = compareMoney(asked, value)
      return order === 0
    }
    case 'date': {
      const { first, last } = daysOf(asked, reader, reader.now)
      return String(value) >= first && String(value) <= last
    }
    case 'moment': {
      const { from, until } = instantsOf(asked, reader, reader.now)
      const at = Date.parse(String(value))
      return at >= from.getTime() && at < until.getTime()
    }
    case 'user':
      return String(value) === (asked === 'me' ? reader.userId : asked)
    default:
      return Array.isArray(value) ? value.map(String).includes(asked) : String(value) === asked
  }
}

/** At least (`from`), at most (`to`). */
function isBeyond(
  operator: 'from' | 'to',
  type: Condition['type'],
  asked: string,
  value: unknown,
  reader: HoldsReader,
): boolean {
  const sign = operator === 'from' ? 1 : -1
  if (type === 'number') return sign * (Number(value) - Number(asked)) >= 0
  if (type === 'money') {
    const order = compareMoney(asked, value)
    return order !== undefined && sign * order >= 0
  }
  if (type === 'date') {
    const { first, last } = daysOf(asked, reader, reader.now)
    return operator === 'from' ? String(value) >= first : String(value) <= last
  }
  const { from, until } = instantsOf(asked, reader, reader.now)
  const at = Date.parse(String(value))
  return operator === 'from' ? at >= from.getTime() : at < until.getTime()
}

/** The sign of value − asked; undefined: another currency, or no money. */
function compareMoney(asked: string, value: unknown): number | undefined {
  const [amount = '', currency] = asked.split(':')
  if (typeof value !== 'object' || value === null || !('amount' in value) || !('currency' in value)) return undefined
  if (currency !== undefined && currency !== value.currency) return undefined
  const difference = BigInt(String(value.amount)) - BigInt(amount)
  return difference === 0n ? 0 : difference > 0n ? 1 : -1
}

import type { CustomField, FieldValue } from '#shared/api/fields.ts'
import { parseDay as readDay } from '#shared/days.ts'
import type { Money } from '#shared/api/field-values.ts'
import { parseMoney } from '#shared/money.ts'
import { foldText, latinDigits } from '#shared/text.ts'
import type { Calendar, Locale } from '#shared/locales.ts'

/** Texts of cells as values. Whatever people write means something or is told to be wrong; nothing is guessed silently. */

export type Parsed<T> = { value: T } | { code: string; part?: string }

const SERIAL = /^[1-9]\d{4}(\.0+)?$/
/** Day 0 of spreadsheets, which believe that 1900 had a 29 February. */
const DAY_0 = Date.UTC(1899, 11, 30)

/** ISO days, spreadsheets' numbers of days, and whole days as people type them; times behind them are left off. */
export function parseDay(text: string, reader: DayReader, today: string): string | null {
  const key = `${reader.locale} ${reader.calendar} ${today} ${text}`
  let day = days.get(key)
  if (day === undefined) {
    if (days.size > 5000) days.clear()
    day = readDate(text, reader, today)
    days.set(key, day)
  }
  return day
}
/** The same days stand in a file again and again, and calendars take their time. */
const days = new Map<string, string | null>()
type DayReader = Pick<ValueReader, 'locale' | 'calendar'>

function readDate(text: string, reader: DayReader, today: string): string | null {
  const latin = latinDigits(text.trim())
  if (SERIAL.test(latin)) return new Date(DAY_0 + Number(latin) * 86_400_000).toISOString().slice(0, 10)
  const plain = latin.replace(/[T\s,،]+\d{1,2}:\d{2}.*$/u, '')
  const numbers = plain.match(/\d+/g) ?? []
  const whole = numbers.length === 3 || (numbers.length === 2 && /\p{L}{3}/u.test(plain)) || numbers[0]?.length === 8
  return whole ? readDay(plain, reader, today) : null
}

const YES = new Set(words('بله بلی آری دارد هست فعال درست نعم ای صحیح yes y true t 1 on ✓ ✔ x'))
const NO = new Set(words('خیر نه ندارد نیست غیرفعال نادرست لا کلا no n false f 0 off - ✗ ✘'))
function words(text: string): string[] {
  return text.split(' ').map(foldText)
}

export function parseYesNo(text: string): boolean | null {
  const folded = foldText(text)
  return YES.has(folded) ? true : NO.has(folded) ? false : null
}

/** Digits of any script, with the signs people group them by. */
export function parseNumber(text: string): number | null {
  const latin = latinDigits(text.normalize('NFKC'))
    .replaceAll('٫', '.')
    .replaceAll('−', '-')
    .replaceAll(/[\s\p{Cf}٬'’_]/gu, '')
  const grouped = /^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(latin)
    ? latin.replaceAll(',', '')
    : latin.replace(/^(-?\d+),(\d+)$/, '$1.$2')
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?%?$/i.test(grouped)) return null
  const number = Number(grouped.replace('%', ''))
  return Number.isFinite(number) ? number : null
}

const UNITS: readonly [RegExp, string, boolean][] = [
  [/تومان|تومن|toman/iu, 'IRR', true],
  [/ریال ?سعودی|ر\.?س|﷼ ?سعودی|\bSAR\b/iu, 'SAR', false],
  [/ریال|﷼|\bIRR\b|rial/iu, 'IRR', false],
  [/دلار|دولار|\$|\bUSD\b/iu, 'USD', false],
  [/یورو|€|\bEUR\b/iu, 'EUR', false],
  [/درهم|د\.?ا|\bAED\b/iu, 'AED', false],
  [/دینار ?عراق|دینار ?عراقی|د\.?ع|\bIQD\b/iu, 'IQD', false],
  [/پوند|£|\bGBP\b/iu, 'GBP', false],
]

/** An amount with or without its currency; without one it is the organisation's. */
export function parseAmount(text: string, home: { currency: string; toman: boolean }): Money | null {
  const folded = foldText(text)
  const unit = UNITS.find(([pattern]) => pattern.test(folded))
  const [, currency, toman] = unit ?? [null, home.currency, home.toman]
  const number = folded
    .replaceAll(/[^\d.,٫٬/\-()\s]/gu, '')
    .replace(/^[.,\s]+|[.,\s]+$/g, '')
    .trim()
  const plain = /^-?\d{1,3}([.]\d{3}){2,}$/.test(number) ? number.replaceAll('.', '') : number
  return plain === '' ? null : parseMoney(plain.replaceAll(/[()\s]/g, ''), currency, { toman })
}

/** «مشتری، همکار؛ VIP» */
export function splitList(text: string): string[] {
  const parts = text.split(/[،,;؛|\n]/).map((part) => part.replaceAll(/\s+/g, ' ').trim())
  return [...new Set(parts.filter((part) => part !== ''))]
}

/** Several numbers in one cell; a sign that may also stand within a number parts them only where the whole is none. */
export function splitNumbers(text: string, isNumber: (part: string) => boolean): string[] {
  const sure = text.split(/[،,;؛|\n]|\sو\s|\s\/\s/).map((part) => part.trim())
  return sure
    .filter((part) => part !== '')
    .flatMap((part) => {
      if (isNumber(part)) return [part]
      for (const sign of ['/', ' - ', /\s{2,}/, ' ', '-', '\\']) {
        const parts = part
          .split(sign)
          .map((one) => one.trim())
          .filter((one) => one !== '')
        if (parts.length > 1 && parts.every(isNumber)) return parts
      }
      return [part]
    })
}

export interface ValueReader {
  locale: Locale
  calendar: Calendar
  today: string
  money: { currency: string; toman: boolean }
}

/** A custom field's value; of choices the names, which the caller finds. A text that is one of `pending` needs looking up. */
export function parseFieldValue(field: CustomField, text: string, reader: ValueReader): Parsed<FieldValue> | 'names' {
  const trimmed = text.trim()
  switch (field.type) {
    case 'text':
    case 'link':
      return { value: trimmed }
    case 'number': {
      const number = parseNumber(trimmed)
      return number === null ? { code: 'not_a_number' } : { value: number }
    }
    case 'money': {
      const money = parseAmount(trimmed, reader.money)
      return money === null ? { code: 'not_an_amount' } : { value: money }
    }
    case 'date': {
      const day = parseDay(trimmed, reader, reader.today)
      return day === null ? { code: 'not_a_date' } : { value: day }
    }
    case 'yes_no': {
      const yes = parseYesNo(trimmed)
      return yes === null ? { code: 'not_yes_or_no' } : { value: yes }
    }
    case 'choice':
    case 'choices':
    case 'contact':
      return 'names'
  }
}

/** What an export wrote so that no spreadsheet takes it for a formula (csv-text.ts) is as it was again. */
export const unguarded = (text: string): string =>
  /^'(?:'|[\s\p{Cf}]*[=+\-@\t\r＝＋－＠|%])/u.test(text) ? text.slice(1) : text

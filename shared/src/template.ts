/**
 * Texts with fields: ready answers, welcome texts, texts of campaigns and automation rules.
 *
 * | written                        | becomes                                                                |
 * |--------------------------------|------------------------------------------------------------------------|
 * | `{contact.name}`               | the field's value; where there is none the text is not sent             |
 * | `{contact.name \| friend}`     | the value, or "friend" where there is none (nothing behind the bar: nothing) |
 * | `{deal.amount : money}`        | the value in a format, see FORMATS                                      |
 * | `{contact.birthDate : long \| soon}` | both                                                             |
 * | `{{` `}}`                      | a brace                                                                 |
 *
 * What stands between braces holds neither braces nor line breaks. Values are put in as they are: braces in them are
 * letters. Pure; runs in Node and the browser. Positions and lengths are UTF-16 units.
 */
import type { Money } from './api/field-values.ts'
import { type DatePreferences, formatDate, formatDay, formatNumber } from './dates.ts'
import { isDay, isMomentValue } from './filter.ts'
import { type Locale, localeTag } from './locales.ts'
import { formatMoney, parseMoney, plainAmount } from './money.ts'
import { cut, latinDigits, stripUnsafe } from './text.ts'

/** Longest text with fields that is read, and most fields in one. */
export const LONGEST_TEMPLATE = 20_000
export const MOST_FIELDS = 100
/** So much of one value is put into a text. */
const LONGEST_VALUE = 5000
const LONGEST_NAME = 120
/** No channel carries more: what a text becomes with long values in many places ends here, before a thousand of it fill the memory. */
export const LONGEST_RENDERED = 40_000

export type TemplateValue =
  | { type: 'text'; text: string }
  | { type: 'number'; number: number }
  | { type: 'money'; money: Money }
  /** `YYYY-MM-DD`: the same day wherever the reader is. */
  | { type: 'date'; day: string }
  /** RFC 3339. */
  | { type: 'moment'; at: string }
  | { type: 'yes_no'; yes: boolean }
  /** One of our own few words (a kind of contact, a state), in each language. */
  | { type: 'words'; words: Readonly<Record<Locale, string>> }
export type TemplateFieldType = TemplateValue['type']
/** By the fields' names; a field without a value is not there. */
export type TemplateValues = Readonly<Record<string, TemplateValue | undefined>>

/** How whoever reads the text writes dates, numbers and money. */
export interface RenderPreferences extends DatePreferences {
  /** Rials are shown as tomans. */
  toman: boolean
  /** ISO 4217, of bare numbers shown as money; counted as people type them, in tomans where `toman` says so. */
  currency: string
}

const DATE_FORMATS = ['short', 'long', 'full', 'weekday', 'month'] as const
const MOMENT_FORMATS = ['datetime', 'time'] as const
const TEXT_FORMATS = ['upper', 'lower', 'latin', 'url'] as const
/**
 * date: short (۱۴۰۵/۰۹/۰۲), long (۲ آذر ۱۴۰۵), full (with the weekday), weekday, month; moment also: datetime, time;
 * number: number (grouped), plain (Latin digits, no grouping), money; money: money, plain;
 * text: upper, lower, latin (Latin digits), url (may stand in a link).
 */
export const FORMATS = [...DATE_FORMATS, ...MOMENT_FORMATS, 'number', 'plain', 'money', ...TEXT_FORMATS] as const
export type TemplateFormat = (typeof FORMATS)[number]

const FITTING: Record<TemplateFieldType, readonly TemplateFormat[]> = {
  text: TEXT_FORMATS,
  words: [],
  yes_no: [],
  number: ['number', 'plain', 'money'],
  money: ['money', 'plain'],
  date: DATE_FORMATS,
  moment: [...DATE_FORMATS, ...MOMENT_FORMATS],
}
/** The formats of a type of field, the usual one first where there is one; `null`: of a field whose type nobody declared. */
export const formatsOf = (type: TemplateFieldType | null): readonly TemplateFormat[] =>
  type === null ? FORMATS : FITTING[type]

interface At {
  /** Where it begins and ends in the text. */
  from: number
  to: number
}
export type Part = ({ text: string } | FieldPart) & At
export interface FieldPart {
  field: string
  format?: TemplateFormat
  /** May be empty: then nothing is said where there is no value. */
  fallback?: string
}
export type TemplateProblemCode =
  /** A brace opens and none closes before the end of the line. */
  | 'unclosed'
  /** A brace closes and none was open. */
  | 'stray_brace'
  | 'empty_field'
  | 'wrong_name'
  | 'unknown_field'
  | 'unknown_format'
  /** The format is for fields of another type. */
  | 'wrong_format'
  | 'too_many_fields'
export interface TemplateProblem {
  code: TemplateProblemCode
  at: number
  length: number
  /** Which field or format it is about. */
  name?: string
}
export interface Parsed {
  parts: Part[]
  /** Names of the fields, each once, in the order of the text. */
  fields: string[]
  /** In the order of the text. What has a problem stands in `parts` as the letters it is written with. */
  problems: TemplateProblem[]
}

const SPECIAL = /[{}\n]/g
const NAME = /^[a-z][a-zA-Z0-9]*(?:\.[\p{L}\p{N}_][\p{L}\p{M}\p{N}_\-\u200c ]*)*$/u

/** Reads a text. Never throws; whether the fields exist is asked with `checkFields`. */
export function parseTemplate(text: string): Parsed {
  const parts: Part[] = []
  const problems: TemplateProblem[] = []
  const fields = new Set<string>()
  let literal = ''
  let since = 0
  const flush = (to: number) => {
    if (literal !== '') parts.push({ text: literal, from: since, to })
    literal = ''
  }
  let at = 0
  while (at < text.length) {
    SPECIAL.lastIndex = at
    const found = SPECIAL.exec(text)?.index ?? text.length
    literal += text.slice(at, found)
    at = found
    const character = text[at]
    if (character === undefined) break
    if (character === '\n') {
      literal += character
      at++
      continue
    }
    if (text[at + 1] === character) {
      literal += character
      at += 2
      continue
    }
    if (character === '}') {
      problems.push({ code: 'stray_brace', at, length: 1 })
      literal += character
      at++
      continue
    }
    SPECIAL.lastIndex = at + 1
    const end = SPECIAL.exec(text)?.index ?? text.length
    if (text[end] !== '}') {
      problems.push({ code: 'unclosed', at, length: end - at })
      literal += text.slice(at, end)
      at = end
      continue
    }
    const field = readField(text.slice(at + 1, end))
    if ('code' in field) problems.push({ ...field, at, length: end + 1 - at })
    else if (fields.size >= MOST_FIELDS && !fields.has(field.field))
      problems.push({ code: 'too_many_fields', at, length: end + 1 - at })
    if ('code' in field || (fields.size >= MOST_FIELDS && !fields.has(field.field))) {
      literal += text.slice(at, end + 1)
    } else {
      flush(at)
      fields.add(field.field)
      parts.push({ ...field, from: at, to: end + 1 })
      since = end + 1
    }
    at = end + 1
  }
  flush(text.length)
  return { parts, fields: [...fields], problems }
}

function readField(inner: string): FieldPart | Pick<TemplateProblem, 'code' | 'name'> {
  const bar = inner.indexOf('|')
  const head = bar < 0 ? inner : inner.slice(0, bar)
  const fallback = bar < 0 ? undefined : inner.slice(bar + 1).trim()
  const colon = head.indexOf(':')
  const name = (colon < 0 ? head : head.slice(0, colon)).replaceAll(/\s+/g, ' ').trim()
  const asked = colon < 0 ? undefined : head.slice(colon + 1).trim()
  if (name === '') return { code: 'empty_field' }
  if (name.length > LONGEST_NAME || !NAME.test(name)) return { code: 'wrong_name', name: cut(name, LONGEST_NAME) }
  const format = FORMATS.find((one) => one === asked)
  if (asked !== undefined && format === undefined) return { code: 'unknown_format', name: cut(asked, LONGEST_NAME) }
  return {
    field: name,
    ...(format === undefined ? {} : { format }),
    ...(fallback === undefined ? {} : { fallback }),
  }
}

/** The text that is read as these parts. */
export function templateText(parts: readonly ({ text: string } | FieldPart)[]): string {
  return parts.map((part) => ('field' in part ? fieldText(part) : escapeBraces(part.text))).join('')
}
export const escapeBraces = (text: string): string => text.replaceAll(/[{}]/g, '$&$&')
function fieldText({ field, format, fallback }: FieldPart): string {
  return `{${field}${format === undefined ? '' : ` : ${format}`}${fallback === undefined ? '' : ` | ${fallback}`}}`
}

/**
 * What is wrong with the fields of a text: those nobody declared, formats of another type. `typeOf`: the type of a field,
 * null where it is only known when the text is sent (a column, an event), undefined where there is no such field.
 */
export function checkFields(
  { parts }: Parsed,
  typeOf: (field: string) => TemplateFieldType | null | undefined,
): TemplateProblem[] {
  return parts.flatMap((part): TemplateProblem[] => {
    if (!('field' in part)) return []
    const where = { at: part.from, length: part.to - part.from }
    const type = typeOf(part.field)
    if (type === undefined) return [{ code: 'unknown_field', ...where, name: part.field }]
    if (part.format === undefined || formatsOf(type).includes(part.format)) return []
    return [{ code: 'wrong_format', ...where, name: part.format }]
  })
}

/**
 * The text for one reader. `missing`: fields that have no value here (or none that the format can show) and no fallback;
 * where it is not empty the text has holes and must not be sent. `hole`: what is shown in their place to whoever mends it.
 */
export function renderTemplate(
  { parts }: Pick<Parsed, 'parts'>,
  values: TemplateValues,
  preferences: RenderPreferences,
  hole: (part: FieldPart) => string = () => '',
): { text: string; missing: string[] } {
  const missing = new Set<string>()
  let text = ''
  for (const part of parts) {
    if (text.length > LONGEST_RENDERED) break
    if (!('field' in part)) {
      text += part.text
      continue
    }
    // An own property: `{constructor}` is no value.
    const value = Object.hasOwn(values, part.field) ? values[part.field] : undefined
    const shown = value === undefined ? '' : showValue(value, part.format, preferences)
    if (shown !== '') text += shown
    else if (part.fallback !== undefined) text += part.fallback
    else {
      missing.add(part.field)
      text += hole(part)
    }
  }
  return { text: stripUnsafe(cut(text, LONGEST_RENDERED)), missing: [...missing] }
}

const YES: Record<Locale, string> = { fa: 'بله', ar: 'نعم', en: 'yes' }
const NO: Record<Locale, string> = { fa: 'خیر', ar: 'لا', en: 'no' }

/** A value as its reader writes it; empty where there is nothing to show. */
export function showValue(
  value: TemplateValue,
  format: TemplateFormat | undefined,
  preferences: RenderPreferences,
): string {
  const shown =
    FITTING[value.type].some((one) => one === format) || format === undefined
      ? show(value, format, preferences)
      : showOther(value, format, preferences)
  return cut(shown.trim(), LONGEST_VALUE)
}

function show(value: TemplateValue, format: TemplateFormat | undefined, preferences: RenderPreferences): string {
  switch (value.type) {
    case 'text':
      return showText(value.text, format)
    case 'words':
      return value.words[preferences.locale]
    case 'yes_no':
      return (value.yes ? YES : NO)[preferences.locale]
    case 'number':
      return showNumber(value.number, format, preferences)
    case 'money':
      return format === 'plain' ? plainAmount(value.money, preferences) : formatMoney(value.money, preferences)
    case 'date':
      return showDay(value.day, format, preferences)
    case 'moment':
      return showMoment(value.at, format, preferences)
  }
}

function showText(text: string, format: TemplateFormat | undefined): string {
  switch (format) {
    case 'upper':
      return text.toUpperCase()
    case 'lower':
      return text.toLowerCase()
    case 'latin':
      return latinDigits(text)
    case 'url':
      return encodeURIComponent(stripUnsafe(text.trim()))
    default:
      return text
  }
}

function showNumber(number: number, format: TemplateFormat | undefined, preferences: RenderPreferences): string {
  if (!Number.isFinite(number)) return ''
  if (format === 'plain') return plainNumber(number)
  if (format !== 'money') return formatNumber(number, preferences, { maximumFractionDigits: 10 })
  const money = parseMoney(plainNumber(number), preferences.currency, preferences)
  return money === null ? '' : formatMoney(money, preferences)
}
const plainNumber = (number: number): string =>
  number.toLocaleString('en', { useGrouping: false, maximumFractionDigits: 10 })

function showDay(day: string, format: TemplateFormat | undefined, preferences: RenderPreferences): string {
  if (!isDay(day)) return ''
  if (format === 'weekday') return weekday(`${day}T00:00:00Z`, { ...preferences, timeZone: 'UTC' })
  return formatDay(day, preferences, format === 'short' || format === 'full' || format === 'month' ? format : 'long')
}

function showMoment(at: string, format: TemplateFormat | undefined, preferences: RenderPreferences): string {
  if (Number.isNaN(Date.parse(at))) return ''
  if (format === 'weekday') return weekday(at, preferences)
  const style = format === 'short' || format === 'long' || format === 'full' || format === 'month' || format === 'time'
  return formatDate(at, preferences, style ? format : 'datetime')
}

const weekdays = new Map<string, Intl.DateTimeFormat>()
function weekday(at: string, { locale, timeZone }: RenderPreferences): string {
  const key = `${locale} ${timeZone}`
  // Making one costs a thousand times more than using it.
  const format = weekdays.get(key) ?? new Intl.DateTimeFormat(localeTag(locale), { weekday: 'long', timeZone })
  weekdays.set(key, format)
  return format.format(new Date(at))
}

/** A value in a format of another type: columns and events come as texts and bare numbers. Empty where it cannot be read so. */
function showOther(value: TemplateValue, format: TemplateFormat, preferences: RenderPreferences): string {
  if (TEXT_FORMATS.some((one) => one === format)) return showText(show(value, undefined, preferences), format)
  if (value.type !== 'text') return ''
  const text = latinDigits(value.text).trim()
  if (DATE_FORMATS.some((one) => one === format) || MOMENT_FORMATS.some((one) => one === format)) {
    if (isDay(text)) return format === 'time' ? '' : showDay(text, format, preferences)
    return /^\d/.test(text) && isMomentValue(text) ? showMoment(text, format, preferences) : ''
  }
  if (format === 'money') {
    const money = parseMoney(text, preferences.currency, preferences)
    return money === null ? '' : formatMoney(money, preferences)
  }
  const number = text.replaceAll(/[,٬،\s]/g, '').replace('٫', '.')
  return /^-?\d{1,15}(\.\d{1,10})?$/.test(number) ? showNumber(Number(number), format, preferences) : ''
}

/** What a program or a file says, as a value; undefined for nothing and for what no text can hold. */
export function toTemplateValue(raw: unknown): TemplateValue | undefined {
  if (typeof raw === 'string') return raw.trim() === '' ? undefined : { type: 'text', text: raw }
  if (typeof raw === 'number') return Number.isFinite(raw) ? { type: 'number', number: raw } : undefined
  if (typeof raw === 'boolean') return { type: 'yes_no', yes: raw }
  if (Array.isArray(raw)) {
    const texts = raw.filter((one) => typeof one === 'string' || typeof one === 'number').map(String)
    return texts.length === 0 || texts.length < raw.length ? undefined : { type: 'text', text: texts.join('، ') }
  }
  if (raw === null || typeof raw !== 'object' || !('amount' in raw) || !('currency' in raw)) return undefined
  const { amount, currency } = raw
  if (typeof amount !== 'string' || !/^-?[0-9]{1,18}$/.test(amount)) return undefined
  return typeof currency === 'string' && /^[A-Z]{3}$/.test(currency)
    ? { type: 'money', money: { amount, currency } }
    : undefined
}

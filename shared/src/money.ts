import type { Money } from './api/field-values.ts'
import type { NumberPreferences } from './dates.ts'
import { type Locale, LOCALES, localeTag } from './locales.ts'
import { foldText, localDigits } from './text.ts'

/**
 * Amounts of money: whole minor units and an ISO 4217 currency, never a float. How many decimals a currency has is fixed
 * here, since the same number must mean the same amount in every browser and on every server: ISO 4217, except for
 * currencies whose minor unit nobody uses (the Iranian rial, the Iraqi dinar).
 */
const DECIMALS: Record<string, number> = {
  IRR: 0,
  IQD: 0,
  JPY: 0,
  BHD: 3,
  JOD: 3,
  KWD: 3,
  OMR: 3,
  TND: 3,
  LYD: 3,
}
export const CURRENCIES = [
  'IRR',
  'IQD',
  'SAR',
  'AED',
  'KWD',
  'QAR',
  'BHD',
  'OMR',
  'JOD',
  'EGP',
  'LBP',
  'SYP',
  'YER',
  'TND',
  'MAD',
  'DZD',
  'LYD',
  'SDG',
  'AFN',
  'TRY',
  'USD',
  'EUR',
  'GBP',
  'CNY',
  'RUB',
  'INR',
  'JPY',
] as const
export const decimalsOf = (currency: string): number => DECIMALS[currency] ?? 2

export interface MoneyPreferences extends NumberPreferences {
  /** Rials are shown and typed as tomans (ten rials). */
  toman?: boolean
}

/** "۱۲٬۵۰۰٬۰۰۰ تومان", "SAR 1,250.00": the amount with its currency as the reader writes it. */
export function formatMoney(money: Money, preferences: MoneyPreferences): string {
  const { locale, digits } = preferences
  const native = digits === 'native' && locale !== 'en'
  const plain = plainAmount(money, preferences)
  const [whole = '0', part] = plain.replace('-', '').split('.')
  // By hand, since a bigint keeps the digits that a number would lose.
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, native ? '٬' : ',')
  const number = part === undefined ? grouped : `${grouped}${native ? '٫' : '.'}${part}`
  // Among letters from right to left a sign stays before its number only behind a mark.
  const sign = plain.startsWith('-') ? (locale === 'en' ? '-' : '\u200e−') : ''
  const shown = sign + (native ? localDigits(number, locale) : number)
  const unit = unitOf(money.currency, preferences)
  return locale === 'en' ? `${unit} ${shown}` : `${shown} ${unit}`
}

/** The amount alone with a point and Latin digits, in the unit people type ("12500000" tomans, "1250.00"). */
export function plainAmount({ amount, currency }: Money, { toman = false }: Pick<MoneyPreferences, 'toman'>): string {
  const decimals = currency === 'IRR' && toman ? 1 : decimalsOf(currency)
  const negative = amount.startsWith('-')
  const digits = amount.replace('-', '').padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  const part = decimals === 0 ? '' : digits.slice(digits.length - decimals)
  // Of a toman the tenth is shown only where there is one.
  const shown = currency === 'IRR' && part === '0' ? '' : part
  return `${negative ? '-' : ''}${whole}${shown === '' ? '' : `.${shown}`}`
}

/** So many digits an amount has at most, in minor units. */
const MOST_DIGITS = 18
// Groups of three, or as they count in India; anything else between digits is a slip, or a decimal comma.
const AMOUNT = /^(-?)(\d{1,18}|\d{1,3}(?:,\d{2,3})*,\d{3})(?:[./](\d{0,4}))?$/

/**
 * What somebody typed or pasted as an amount, in any digits, grouped or not, with its unit or without: minor units, or null
 * when it is no amount, has more decimals than the currency, or might mean two things ("1.250" euros). Rials typed with
 * their unit are what it says, whatever the reader's preference.
 */
export function parseMoney(
  text: string,
  currency: string,
  { toman = false }: Pick<MoneyPreferences, 'toman'>,
): Money | null {
  const { number, unit } = withoutUnit(squeezed(text))
  const inToman = currency === 'IRR' && (unit === '' ? toman : TOMANS.has(unit))
  if (unit !== '' && !isUnit(unit, currency)) return null
  const match = AMOUNT.exec(number.replaceAll(/[٬،'’_]/g, ','))
  if (!match) return null
  const [, sign = '', whole = '', part = ''] = match
  const decimals = inToman ? 1 : decimalsOf(currency)
  // Three digits behind a point are a thousand in half of the world.
  if (part.length === 3 && decimals < 3) return null
  if (part.replace(/0+$/, '').length > decimals) return null
  const minor = BigInt(whole.replaceAll(',', '') + part.slice(0, decimals).padEnd(decimals, '0'))
  if (String(minor).length > MOST_DIGITS) return null
  return { amount: `${sign === '-' && minor > 0n ? '-' : ''}${minor}`, currency }
}

/** One spelling of digits, letters and signs, without blanks and marks. */
function squeezed(text: string): string {
  return foldText(text.normalize('NFKC')).replaceAll('٫', '.').replaceAll('−', '-').replaceAll(/\s/g, '')
}

/** Letters and signs of money at either end. */
function withoutUnit(text: string): { number: string; unit: string } {
  const [, before = '', number = '', after = ''] =
    /^([\p{L}\p{Sc}.]*)(.*?)([\p{L}\p{Sc}][\p{L}\p{Sc}.]*)?$/u.exec(text) ?? []
  return before !== '' && after !== '' ? { number: text, unit: '' } : { number, unit: before + after }
}

const TOMANS = new Set(['تومان', 'تومن', 'toman', 'tomans'])
const RIALS = new Set(['ریال', 'rial', 'rials', 'irr'])

/** Whether `unit` names the currency, in any of our languages. */
function isUnit(unit: string, currency: string): boolean {
  if (currency === 'IRR' && (TOMANS.has(unit) || RIALS.has(unit))) return true
  if (unit === currency.toLowerCase() || unit === symbolOf(currency, 'en', 'narrowSymbol').toLowerCase()) return true
  return LOCALES.some((locale) => squeezed(unitOf(currency, { locale })) === unit)
}

const UNITS: Record<string, Record<'fa' | 'ar' | 'en', string>> = {
  IRR: { fa: 'ریال', ar: 'ريال إيراني', en: 'IRR' },
  toman: { fa: 'تومان', ar: 'تومان', en: 'Toman' },
  IQD: { fa: 'دینار عراق', ar: 'د.ع.', en: 'IQD' },
  SAR: { fa: 'ریال سعودی', ar: 'ر.س.', en: 'SAR' },
  AED: { fa: 'درهم', ar: 'د.إ.', en: 'AED' },
  USD: { fa: 'دلار', ar: 'دولار', en: 'USD' },
  EUR: { fa: 'یورو', ar: 'يورو', en: 'EUR' },
}
/** What amounts of the currency are counted in, in the reader's language. */
export function unitOf(
  currency: string,
  { locale, toman = false }: Pick<MoneyPreferences, 'locale' | 'toman'>,
): string {
  const own = UNITS[currency === 'IRR' && toman ? 'toman' : currency]?.[locale]
  if (own !== undefined) return own
  return symbolOf(currency, locale, 'symbol')
}

function symbolOf(currency: string, locale: Locale, currencyDisplay: 'symbol' | 'narrowSymbol'): string {
  const format = new Intl.NumberFormat(localeTag(locale, 'latin'), { style: 'currency', currency, currencyDisplay })
  return format.formatToParts(0).find((part) => part.type === 'currency')?.value ?? currency
}

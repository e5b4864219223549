import type { Money } from './api/field-values.ts'
import type { NumberPreferences } from './dates.ts'
import { localeTag } from './locales.ts'
import { latinDigits, localDigits } from './text.ts'

/**
 * Amounts of money: whole minor units and an ISO 4217 currency, never a float. How many decimals a currency has is fixed
 * here, since the same number must mean the same amount in every browser and on every server: ISO 4217, except for
 * currencies whose minor unit nobody uses (the Iranian rial, the Iraqi dinar).
 */
const DECIMALS: Record<string, number> = {
  IRR: 0,
  IQD: 0,
  JPY: 0,
  AFN: 2,
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
  const [whole = '0', part] = plainAmount(money, preferences).split('.')
  // By hand, since a bigint keeps the digits that a number would lose.
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, native ? '٬' : ',')
  const number = part === undefined ? grouped : `${grouped}${native ? '٫' : '.'}${part}`
  const shown = native ? localDigits(number, locale) : number
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

/**
 * What somebody typed as an amount, in any digits, with any grouping: minor units, or null when it is no amount or has
 * more decimals than the currency.
 */
export function parseMoney(
  text: string,
  currency: string,
  { toman = false }: Pick<MoneyPreferences, 'toman'>,
): Money | null {
  const latin = latinDigits(text.normalize('NFKC'))
    .replaceAll('٫', '.')
    .replaceAll('−', '-')
    .replaceAll(/[\s\p{Cf}٬,'’_]/gu, '')
  const match = /^(-?)(\d{1,17})(?:[./](\d{0,4}))?$/.exec(latin)
  if (!match) return null
  const [, sign = '', whole = '', part = ''] = match
  const decimals = currency === 'IRR' && toman ? 1 : decimalsOf(currency)
  if (part.replace(/0+$/, '').length > decimals) return null
  const minor = BigInt(whole + part.slice(0, decimals).padEnd(decimals, '0'))
  if (minor > 9_000_000_000_000_000_000n) return null
  return { amount: `${sign === '-' && minor > 0n ? '-' : ''}${minor}`, currency }
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
  const parts = new Intl.NumberFormat(localeTag(locale, 'latin'), { style: 'currency', currency }).formatToParts(0)
  return parts.find((part) => part.type === 'currency')?.value ?? currency
}

/** The languages of the product and how a user reads numbers and dates. */

export const LOCALES = ['fa', 'ar', 'en'] as const
export type Locale = (typeof LOCALES)[number]
/** native: ۱۲ in Persian, ١٢ in Arabic; latin: 12. */
export type Digits = 'native' | 'latin'
export type Calendar = 'persian' | 'islamic-umalqura' | 'gregory'

/** Writing direction of a language's own text. */
export function directionOf(locale: Locale): 'rtl' | 'ltr' {
  return locale === 'en' ? 'ltr' : 'rtl'
}

export function isLocale(value: string): value is Locale {
  return LOCALES.some((locale) => locale === value)
}

// en-GB: the day before the month and a 24-hour clock, as outside the United States.
const REGIONS: Record<Locale, string> = { fa: 'fa-IR', ar: 'ar', en: 'en-GB' }
const NATIVE_DIGITS: Record<Locale, string> = { fa: 'arabext', ar: 'arab', en: 'latn' }

/** The tag for Intl with the user's digits and, for dates, calendar: "fa-IR-u-ca-persian-nu-latn". */
export function localeTag(locale: Locale, digits: Digits = 'native', calendar?: Calendar): string {
  const numbers = digits === 'latin' ? 'latn' : NATIVE_DIGITS[locale]
  return `${REGIONS[locale]}-u-${calendar === undefined ? '' : `ca-${calendar}-`}nu-${numbers}`
}

/**
 * The language to answer in, from an Accept-Language header; `fallback` when it names none of ours. Reads at most the
 * first 20 choices.
 */
export function negotiateLocale(acceptLanguage: string | undefined, fallback: Locale = 'fa'): Locale {
  let best: Locale | undefined
  let bestWeight = 0
  for (const choice of (acceptLanguage ?? '').slice(0, 1000).split(',', 20)) {
    const [tag = '', ...parameters] = choice.trim().toLowerCase().split(';')
    const language = tag.trim().split('-')[0] ?? ''
    const locale = language === '*' ? fallback : language
    const quality = parameters.map((one) => /^\s*q=([0-9.]+)\s*$/.exec(one)?.[1]).find((one) => one !== undefined)
    const weight = quality === undefined ? 1 : Number(quality)
    if (isLocale(locale) && weight > bestWeight) {
      best = locale
      bestWeight = weight
    }
  }
  return best ?? fallback
}

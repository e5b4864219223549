import { useSyncExternalStore } from 'react'
import { createTranslator } from '#shared/i18n.ts'
import type automations from '#shared/i18n/fa/automations.json'
import type auth from '#shared/i18n/fa/auth.json'
import type campaigns from '#shared/i18n/fa/campaigns.json'
import type common from '#shared/i18n/fa/common.json'
import type contacts from '#shared/i18n/fa/contacts.json'
import type costs from '#shared/i18n/fa/costs.json'
import type deals from '#shared/i18n/fa/deals.json'
import type duplicates from '#shared/i18n/fa/duplicates.json'
import type exchange from '#shared/i18n/fa/exchange.json'
import type fields from '#shared/i18n/fa/fields.json'
import type frame from '#shared/i18n/fa/frame.json'
import type inbox from '#shared/i18n/fa/inbox.json'
import type notices from '#shared/i18n/fa/notices.json'
import type routes from '#shared/i18n/fa/routes.json'
import type people from '#shared/i18n/fa/people.json'
import type reports from '#shared/i18n/fa/reports.json'
import type settings from '#shared/i18n/fa/settings.json'
import type table from '#shared/i18n/fa/table.json'
import type templates from '#shared/i18n/fa/templates.json'
import type work from '#shared/i18n/fa/work.json'
import {
  type Calendar,
  type Digits,
  directionOf,
  isLocale,
  type Locale,
  localeTag,
  negotiateLocale,
} from '#shared/locales.ts'

export type { Calendar, Digits, Locale }
type Values = Record<string, string | number>

/** Texts by area: one file per area and language in shared/src/i18n, loaded when a screen needs it. */
const AREAS = import.meta.glob<Record<string, string>>('../../shared/src/i18n/*/*.json', { import: 'default' })

export type Key =
  | keyof typeof common
  | keyof typeof frame
  | keyof typeof auth
  | keyof typeof automations
  | keyof typeof inbox
  | keyof typeof notices
  | keyof typeof campaigns
  | keyof typeof contacts
  | keyof typeof settings
  | keyof typeof costs
  | keyof typeof deals
  | keyof typeof duplicates
  | keyof typeof exchange
  | keyof typeof fields
  | keyof typeof people
  | keyof typeof routes
  | keyof typeof reports
  | keyof typeof table
  | keyof typeof templates
  | keyof typeof work

interface Language {
  locale: Locale
  dir: 'rtl' | 'ltr'
  calendar: Calendar
  digits: Digits
  timeZone: string
}
export interface I18n extends Language {
  t: (key: Key, values?: Values) => string
  /** A text whose key is made at run time; null when there is none. */
  maybe: (key: string, values?: Values) => string | null
  /** A number in the user's digits and grouping. */
  n: (value: number, options?: Intl.NumberFormatOptions) => string
  /** BCP 47 with the numbering system, for Intl. */
  tag: string
}

const cache = new Map<string, Record<string, string>>()
const wanted = new Set<string>(['common', 'frame'])

async function load(locale: Locale, area: string): Promise<void> {
  const id = `${locale}/${area}`
  if (cache.has(id)) return
  const read = AREAS[`../../shared/src/i18n/${id}.json`]
  if (read === undefined) throw new Error(`no texts: ${id}`)
  cache.set(id, await read())
}

function messagesOf(locale: Locale): Record<string, string> {
  return Object.assign({}, ...[...wanted].map((area) => cache.get(`${locale}/${area}`) ?? {})) as Record<string, string>
}

function build(language: Language): I18n {
  const messages = messagesOf(language.locale)
  const tag = localeTag(language.locale, language.digits)
  const translate = createTranslator(language.locale, messages, {
    digits: language.digits,
    strict: import.meta.env.DEV,
  })
  const t = (key: string, values?: Values): string => {
    const text = messages[key]
    // Most texts hold nothing to fill in and need no parser.
    return text !== undefined && !/[{']/.test(text) ? text : translate(key, values)
  }
  const numbers = new Map<string, Intl.NumberFormat>()
  return {
    ...language,
    tag,
    maybe: (key, values) => (Object.hasOwn(messages, key) ? t(key, values) : null),
    t,
    n: (value, options) => {
      const id = options === undefined ? '' : JSON.stringify(options)
      let format = numbers.get(id)
      if (format === undefined) {
        format = new Intl.NumberFormat(tag, options)
        numbers.set(id, format)
      }
      return format.format(value)
    },
  }
}

const STORED = 'daftar.language'
function firstLanguage(): Language {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'
  let locale = negotiateLocale(navigator.languages.join(','))
  try {
    const stored = localStorage.getItem(STORED)
    if (stored !== null && isLocale(stored)) locale = stored
  } catch {
    // Storage may be forbidden; the browser's language will do.
  }
  return languageOf(locale, zone)
}

/** A language with the calendar and digits its readers expect, for before anything is known of the user. */
export function languageOf(locale: Locale, timeZone: string): Language {
  const calendar: Calendar = locale === 'fa' ? 'persian' : 'gregory'
  return { locale, dir: directionOf(locale), calendar, digits: locale === 'en' ? 'latin' : 'native', timeZone }
}

let current: I18n = build(firstLanguage())
const listeners = new Set<() => void>()
function publish(next: I18n): void {
  current = next
  document.documentElement.lang = next.locale
  document.documentElement.dir = next.dir
  for (const listener of listeners) listener()
}

/** Texts of `area` in the language of now and of every language switched to later. */
export async function loadTexts(...areas: string[]): Promise<void> {
  const fresh = areas.filter((area) => !wanted.has(area))
  for (const area of areas) wanted.add(area)
  await Promise.all([...wanted].map((area) => load(current.locale, area)))
  if (fresh.length > 0 || listeners.size === 0) publish(build(current))
}

/** Changes language, calendar, digits or zone at once, without a reload. */
export async function setLanguage(change: Partial<Omit<Language, 'dir'>>): Promise<void> {
  const next = { ...current, ...change }
  next.dir = directionOf(next.locale)
  await Promise.all([...wanted].map((area) => load(next.locale, area)))
  try {
    localStorage.setItem(STORED, next.locale)
  } catch {
    // Only the guess before signing in is lost.
  }
  publish(build(next))
}

export const i18n = (): I18n => current
const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
export const useI18n = (): I18n => useSyncExternalStore(subscribe, i18n)
/** `const t = useT(); t('inbox.empty.title', {n})` */
export const useT = (): I18n['t'] => useI18n().t

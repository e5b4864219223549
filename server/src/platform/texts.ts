import { readdirSync, readFileSync } from 'node:fs'
import { createTranslator, type Locale, LOCALES } from '#shared/i18n.ts'

export type Translate = (key: string, values?: Record<string, string | number>) => string

/** The repository's root, seen from the source tree or from dist/. */
export const ROOT = import.meta.url.includes('/dist/server/')
  ? new URL('../../../../', import.meta.url)
  : new URL('../../../', import.meta.url)

export const MIGRATIONS = new URL('server/migrations/', ROOT)
/** Of this program. */
export const VERSION = String(JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')).version)

const folder = new URL('shared/src/i18n/', ROOT)
const translators = new Map<Locale, Translate>()
for (const locale of LOCALES) {
  const messages: Record<string, string> = {}
  for (const file of readdirSync(new URL(`${locale}/`, folder)).filter((name) => name.endsWith('.json'))) {
    Object.assign(messages, JSON.parse(readFileSync(new URL(`${locale}/${file}`, folder), 'utf8')))
  }
  translators.set(locale, createTranslator(locale, messages))
}

/** The server's texts (errors, channel checks, names of roles) in a language. */
export function translatorFor(locale: Locale): Translate {
  const translator = translators.get(locale)
  if (!translator) throw new Error(`no texts for ${locale}`)
  return translator
}

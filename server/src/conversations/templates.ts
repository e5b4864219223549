import { parseTemplate, renderTemplate } from '#shared/template.ts'
import { isLocale, type Locale, LOCALES } from '#shared/locales.ts'
import type { Db } from '../platform/db.ts'
import { loadTemplateValues, readersOf, type TemplateSubject } from './template-fields.ts'

/** The words of a text: the main ones, and others for contacts of another language. */
export interface TemplateTexts {
  text: string
  texts?: Partial<Record<Locale, string>>
}
export interface TemplateRow extends TemplateTexts {
  id: string
  name: string
  fileIds: string[]
  /** A copy of what is sent goes to the organisation's main numbers (A38). */
  copies: boolean
  archived: boolean
}

/** A text by its id, archived or not; undefined when there is none. */
export function readTemplate(db: Db, id: string): Promise<TemplateRow | undefined> {
  return db.one<TemplateRow>(
    `select id, name, text, texts, file_ids as "fileIds", copies, archived_at is not null as archived from template where id = $1`,
    [id],
  )
}

export interface Rendered {
  /** Frozen: this is what is sent. */
  text: string
  /** Not empty: the text has holes and must not be sent. */
  missing: string[]
  /** The language it is written in. */
  locale: Locale
}

/** The text for each subject in its language, calendar and digits, in order; a few statements for all (about 1,000 at once). */
export async function renderTexts(
  db: Db,
  { text, texts = {} }: TemplateTexts,
  subjects: readonly TemplateSubject[],
): Promise<Rendered[]> {
  const main = parseTemplate(text)
  const variants = new Map(
    LOCALES.flatMap((locale) => {
      const variant = texts[locale]
      return variant === undefined || variant === '' ? [] : [[locale, parseTemplate(variant)] as const]
    }),
  )
  const fields = new Set([main, ...variants.values()].flatMap((parsed) => parsed.fields))
  const readers = await readersOf(db, subjects)
  const values = await loadTemplateValues(db, [...fields], subjects)
  return readers.flatMap((reader, index) => {
    const known = values[index]
    if (known === undefined || !isLocale(reader.locale)) return []
    return [{ ...renderTemplate(variants.get(reader.locale) ?? main, known, reader), locale: reader.locale }]
  })
}

import type { RenderPreferences, TemplateFieldType, TemplateValues } from '#shared/template.ts'
import type { Locale } from '#shared/locales.ts'
import type { Db } from '../platform/db.ts'

/** What a text is written about. */
export interface TemplateSubject {
  contactId: string | null
  conversationId?: string
  /** The contact's latest open deal where none is named. */
  dealId?: string
  requestId?: string
  taskId?: string
  /** Who sends it; absent: a program. */
  userId?: string
  /** What an automation or an outside program tells: `{event.order}`, `{event.customer.name}`. */
  event?: Record<string, unknown>
  /** A row of an imported list, by heading: `{row.شماره فاکتور}`. */
  row?: Record<string, string>
}

export interface TemplateField {
  /** As in texts: `contact.name`, `contact.field.city`. */
  name: string
  type: TemplateFieldType
  /** In the reader's language. */
  label: string
  example: string
}

/** Where the fields of one namespace come from. */
export interface TemplateFieldSource {
  fields(db: Db, locale: Locale): Promise<TemplateField[]>
  /** Any further name is a field of a type that is only known when the text is sent (`event`, `row`). */
  open?: boolean
  /** Values of the named fields (all of this namespace), one result per subject, in order; a few statements for all. */
  load(db: Db, names: readonly string[], subjects: readonly TemplateSubject[]): Promise<TemplateValues[]>
}

const sources = new Map<string, TemplateFieldSource>()

/** Declares the fields `namespace.*`; called by the module that owns what they say, when the program starts. */
export function registerTemplateFields(namespace: string, source: TemplateFieldSource): void {
  sources.set(namespace, source)
}

/** Values of the fields for each subject, in order: a few statements whatever their number (at most about 1,000 at once). */
export async function loadTemplateValues(
  db: Db,
  fields: readonly string[],
  subjects: readonly TemplateSubject[],
): Promise<TemplateValues[]> {
  const results = subjects.map((): Record<string, TemplateValues[string]> => ({}))
  for (const [namespace, source] of sources) {
    const names = fields.filter((field) => field === namespace || field.startsWith(`${namespace}.`))
    if (names.length === 0) continue
    const values = await source.load(db, names, subjects)
    for (const [index, result] of results.entries()) Object.assign(result, values?.[index])
  }
  return results
}

/** How each subject's contact reads dates, numbers and money, and in which language: the contact's, else the organisation's. */
export async function readersOf(db: Db, subjects: readonly TemplateSubject[]): Promise<RenderPreferences[]> {
  const organisation = await db.one<RenderPreferences>(
    `select locale, calendar, digits, time_zone as "timeZone", currency, toman from organisation`,
  )
  if (!organisation) throw new Error('the organisation is missing')
  return subjects.map(() => organisation)
}

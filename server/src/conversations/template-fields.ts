import { isLocale, type Locale } from '#shared/locales.ts'
import {
  checkFields,
  formatsOf,
  parseTemplate,
  type RenderPreferences,
  type TemplateFieldType,
  type TemplateProblem,
  type TemplateValues,
} from '#shared/template.ts'
import type { TemplateFieldInfo } from '#shared/api/templates.ts'
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
  /** As the reader would see it in a text. */
  example: string
}

/** Where the fields of one namespace come from. */
export interface TemplateFieldSource {
  /** The declared ones, in the order of a menu. */
  fields(db: Db, locale: Locale, reader: RenderPreferences): Promise<TemplateField[]>
  /** Any further name is a field of a type that is only known when the text is sent (`event`, `row`). */
  open?: boolean
  /** Values of the named fields (all of this namespace), one result per subject, in order; a few statements for all. */
  load(db: Db, names: readonly string[], subjects: readonly TemplateSubject[]): Promise<TemplateValues[]>
}

const sources = new Map<string, TemplateFieldSource>()

/** Declares the fields `namespace.*` (or `namespace` alone); called by the module that owns what they say, at the start. */
export function registerTemplateFields(namespace: string, source: TemplateFieldSource): void {
  sources.set(namespace, source)
}

/** All declared fields with their names in the reader's language, and the namespaces that take any name. */
export async function listTemplateFields(
  db: Db,
  reader: RenderPreferences,
): Promise<{ items: TemplateFieldInfo[]; open: string[] }> {
  const items: TemplateFieldInfo[] = []
  const open: string[] = []
  for (const [namespace, source] of sources) {
    if (source.open) open.push(namespace)
    for (const field of await source.fields(db, reader.locale, reader))
      items.push({ ...field, group: namespace, formats: [...formatsOf(field.type)] })
  }
  return { items, open }
}

/** What is wrong with a text: its braces, fields nobody declared, formats that do not fit. Empty: it can be kept. */
export async function templateProblems(db: Db, text: string): Promise<TemplateProblem[]> {
  const parsed = parseTemplate(text)
  if (parsed.fields.length === 0) return parsed.problems
  const { items, open } = await listTemplateFields(db, await organisationReader(db))
  const types = new Map<string, TemplateFieldType>(items.map((field) => [field.name, field.type]))
  const typeOf = (name: string): TemplateFieldType | null | undefined => {
    const known = types.get(name)
    if (known !== undefined) return known
    return open.some((namespace) => name.startsWith(`${namespace}.`)) ? null : undefined
  }
  return [...parsed.problems, ...checkFields(parsed, typeOf)].sort((a, b) => a.at - b.at)
}

/** Values of the fields for each subject, in order: a few statements whatever their number (at most about 1,000 at once). */
export async function loadTemplateValues(
  db: Db,
  fields: readonly string[],
  subjects: readonly TemplateSubject[],
): Promise<TemplateValues[]> {
  const results = subjects.map((): Record<string, TemplateValues[string]> => ({}))
  if (subjects.length === 0) return results
  for (const [namespace, source] of sources) {
    const names = fields.filter((field) => field === namespace || field.startsWith(`${namespace}.`))
    if (names.length === 0) continue
    const values = await source.load(db, names, subjects)
    for (const [index, result] of results.entries()) Object.assign(result, values[index])
  }
  return results
}

/** How the organisation writes to its customers. */
export async function organisationReader(db: Db): Promise<RenderPreferences> {
  const row = await db.one<RenderPreferences>(
    `select locale, calendar, digits, time_zone as "timeZone", currency, toman from organisation`,
  )
  if (!row) throw new Error('the organisation is missing')
  return row
}

/** How each subject's contact reads dates, numbers and money, and in which language: the contact's, else the organisation's. */
export async function readersOf(db: Db, subjects: readonly TemplateSubject[]): Promise<RenderPreferences[]> {
  const organisation = await organisationReader(db)
  const languages = await languagesOf(
    db,
    subjects.flatMap(({ contactId }) => (contactId === null ? [] : [contactId])),
  )
  return subjects.map(({ contactId }) => readerIn(organisation, languages.get(contactId ?? '') ?? organisation.locale))
}

/** Another language brings its own calendar and digits. */
function readerIn(organisation: RenderPreferences, locale: Locale): RenderPreferences {
  if (locale === organisation.locale) return organisation
  return { ...organisation, locale, digits: 'native', calendar: locale === 'fa' ? 'persian' : 'gregory' }
}

/** The languages that were said of contacts or of whom was merged into them; the contact's own word first. */
export async function languagesOf(db: Db, contactIds: readonly string[]): Promise<Map<string, Locale>> {
  if (contactIds.length === 0) return new Map()
  const rows = await db.query<{ id: string; locale: string }>(
    // contact_pkey; contact_root for those merged in; contact_language_pkey
    `select asked.id, l.locale from (select distinct unnest($1::bigint[]) as id) asked join contact c on c.id = asked.id
     cross join lateral (
       select l.locale from (
         select c.root_id as id union all
         select m.id from contact m where m.root_id = c.root_id and m.merged_into_id is not null) member
       join contact_language l on l.contact_id = member.id order by member.id <> c.root_id, member.id limit 1) l`,
    [contactIds],
  )
  return new Map(rows.flatMap(({ id, locale }) => (isLocale(locale) ? [[id, locale] as const] : [])))
}

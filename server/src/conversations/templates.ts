import type { FileInfo } from '#shared/api/files.ts'
import type { Template, TemplateNew, TemplatePatch, TemplateQuery, TemplateVersion } from '#shared/api/templates.ts'
import { type Locale, LOCALES } from '#shared/locales.ts'
import { parseTemplate, renderTemplate, type TemplateProblem } from '#shared/template.ts'
import { foldForIndex, foldText, searchTerms, sortKey, stripUnsafe } from '#shared/text.ts'
import { parameters } from '../crm/visibility.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import { type Db, type Tx, violatedKey } from '../platform/db.ts'
import { loadFiles } from '../platform/files.ts'
import { decodeCursor, need, pageOf } from '../platform/http.ts'
import { type FieldProblem, Problem, wrongField } from '../platform/problem.ts'
import { loadFileInfos } from './composing.ts'
import { templateVisible } from './template-access.ts'
import { loadTemplateValues, readersOf, templateProblems, type TemplateSubject } from './template-fields.ts'

/** Texts with fields under a name: the office's, and ready answers of one's own. What was sent stays as it was sent. */

const MOST_OWN = 500
const MOST_OFFICE = 5000
/** So many former wordings are kept. */
const MOST_VERSIONS = 50

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

/** A text by its id, archived or not, whoever may see it; undefined when there is none. */
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
  return readers.map((reader, index) => ({
    ...renderTemplate(variants.get(reader.locale) ?? main, values[index] ?? {}, reader),
    locale: reader.locale,
  }))
}

const CODES: Record<TemplateProblem['code'], string> = {
  unclosed: 'text_brace_wrong',
  stray_brace: 'text_brace_wrong',
  empty_field: 'text_brace_wrong',
  wrong_name: 'text_field_unknown',
  unknown_field: 'text_field_unknown',
  unknown_format: 'text_format_wrong',
  wrong_format: 'text_format_wrong',
  too_many_fields: 'too_long',
}

/**
 * Refuses texts that name fields nobody declared, or whose braces are not right; each with its place.
 * @param field of the main text; the others are `<field>s.<language>`
 */
export async function checkTexts(db: Db, { text, texts = {} }: TemplateTexts, field = 'text'): Promise<void> {
  const all = [
    [field, text] as const,
    ...LOCALES.map((locale) => [`${field}s.${locale}`, texts[locale] ?? ''] as const),
  ]
  const errors: FieldProblem[] = []
  for (const [path, words] of all) {
    if (words === '') continue
    for (const { code, at, name = '' } of await templateProblems(db, words))
      errors.push({ field: path, code: CODES[code], values: { name, position: at + 1 } })
  }
  if (errors.length > 0) throw new Problem('invalid_input', {}, errors.slice(0, 20))
}

// ───────────────────────────── reading

interface Row {
  id: string
  name: string
  sort_name: string
  shortcut: string
  uses: Template['uses']
  folder: string
  text: string
  texts: Template['texts']
  file_ids: string[]
  owner_id: string | null
  team_id: string | null
  copies: boolean
  version: number
  updated_at: Date
  archived_at: Date | null
  used: number
  used_at: Date | null
}
const SELECT = `select t.id, t.name, t.sort_name, t.shortcut, t.uses, t.folder, t.text, t.texts, t.file_ids, t.owner_id, t.team_id, t.copies,
  t.version, t.updated_at, t.archived_at, u.times::float8 as used, u.last_at as used_at
  from template t cross join lateral (
    select coalesce(sum(times), 0) as times, max(last_at) as last_at from template_use where template_id = t.id) u`

const mayEdit = (actor: Actor, row: Pick<Row, 'owner_id'>): boolean =>
  row.owner_id === null ? actor.rights.has('template.manage') : row.owner_id === actor.userId

function view(row: Row, actor: Actor, files: Map<string, FileInfo>): Template {
  const known = row.file_ids.flatMap((id) => files.get(id) ?? [])
  return {
    id: row.id,
    name: row.name,
    shortcut: row.shortcut,
    uses: row.uses,
    folder: row.folder,
    text: row.text,
    texts: row.texts,
    fileIds: known.map((file) => file.id),
    files: known,
    teamId: row.team_id,
    copies: row.copies,
    own: row.owner_id !== null,
    editable: mayEdit(actor, row),
    used: row.used,
    usedAt: row.used_at?.toISOString() ?? null,
    version: row.version,
    archivedAt: row.archived_at?.toISOString() ?? null,
    updatedAt: row.updated_at.toISOString(),
  }
}

/** By name; template_list. */
export async function listTemplates(
  db: Db,
  actor: Actor,
  query: TemplateQuery,
): Promise<{ items: Template[]; nextCursor: string | null }> {
  const params = parameters()
  const { add } = params
  const limit = query.limit ?? 50
  const where = [templateVisible(actor, params), `t.archived_at is ${query.archived ? 'not null' : 'null'}`]
  if (query.use) where.push(`${add(query.use)} = any(t.uses)`)
  if (query.own !== undefined) where.push(`t.owner_id is ${query.own ? 'not null' : 'null'}`)
  for (const ways of searchTerms((query.search ?? '').replace(/^\//, '')))
    where.push(`t.folded like any(${add(ways.map((way) => `%${way}%`))}::text[])`)
  const after = decodeCursor(query.cursor, 2, [0])
  if (after) where.push(`(t.sort_name, t.id) > (${add(after[0])}, ${add(after[1])}::bigint)`)
  const rows = await db.query<Row>(
    `${SELECT} where ${where.join(' and ')} order by t.sort_name, t.id limit ${add(limit + 1)}`,
    params.values,
    'anew',
  )
  const files = await loadFileInfos(
    db,
    rows.flatMap((row) => row.file_ids),
  )
  return pageOf(
    rows,
    limit,
    (row) => view(row, actor, files),
    (row) => [row.sort_name, row.id],
  )
}

/** @throws Problem not_found when there is none that the actor may see */
export async function getTemplate(db: Db, actor: Actor, id: string): Promise<Template> {
  const row = await findRow(db, actor, id)
  return view(row, actor, await loadFileInfos(db, row.file_ids))
}

async function findRow(db: Db, actor: Actor, id: string): Promise<Row> {
  const params = parameters()
  const row = await db.one<Row>(
    `${SELECT} where t.id = ${params.add(id)} and ${templateVisible(actor, params)}`,
    params.values,
  )
  if (!row) throw new Problem('not_found')
  return row
}

/** What it said before, the newest first. */
export async function listVersions(db: Db, actor: Actor, id: string): Promise<TemplateVersion[]> {
  await findRow(db, actor, id)
  const rows = await db.query<{
    n: number
    text: string
    texts: TemplateVersion['texts']
    changed_by: string | null
    changed_at: Date
  }>(
    `select n, text, texts, changed_by, changed_at from template_version where template_id = $1 order by n desc limit ${MOST_VERSIONS}`,
    [id],
  )
  return rows.map(({ changed_by: changedBy, changed_at, ...row }) => ({
    ...row,
    changedBy,
    changedAt: changed_at.toISOString(),
  }))
}

// ───────────────────────────── writing

type Written = Pick<
  Row,
  'name' | 'shortcut' | 'uses' | 'folder' | 'text' | 'texts' | 'file_ids' | 'owner_id' | 'team_id' | 'copies'
>

export async function createTemplate(tx: Tx, actor: Actor, input: TemplateNew): Promise<Template> {
  const own = input.own === true
  if (!own) need(actor, 'template.manage')
  const before: Written = {
    name: '',
    shortcut: '',
    uses: ['answer'],
    folder: '',
    text: '',
    texts: {},
    file_ids: [],
    owner_id: own ? actor.userId : null,
    team_id: null,
    copies: false,
  }
  // One after the other for each owner: the count holds.
  await tx.query('select from app_user where id = $1 for no key update', [actor.userId])
  const most = own ? MOST_OWN : MOST_OFFICE
  const there = await tx.one<{ n: number }>(
    `select count(*)::int as n from (select from template where owner_id is not distinct from $1 limit $2) t`,
    [before.owner_id, most],
  )
  if ((there?.n ?? 0) >= most) throw new Problem('too_many', { max: most })
  const next = await checked(tx, actor, input, before)
  const row = await stored(() =>
    tx.one<{ id: string }>(
      `insert into template (name, sort_name, shortcut, uses, folder, text, texts, file_ids, owner_id, team_id, copies, folded, created_by)
       values ($1, $2, $3, $4, $5, $6, $7, $8::bigint[], $9, $10, $11, $12, $13) returning id`,
      [...columnsOf(next), actor.userId],
    ),
  )
  const id = row?.id ?? ''
  await settle(tx, actor, 'template.made', id, null, next)
  return getTemplate(tx, actor, id)
}

function columnsOf(next: Written): unknown[] {
  const words = [next.shortcut, next.name, next.folder, next.text, ...Object.values(next.texts)].join(' ')
  return [
    next.name,
    sortKey(next.name),
    next.shortcut,
    next.uses,
    next.folder,
    next.text,
    JSON.stringify(next.texts),
    next.file_ids,
    next.owner_id,
    next.team_id,
    next.copies,
    foldForIndex(words, 8000, { joinPairs: true }),
  ]
}

export async function changeTemplate(tx: Tx, actor: Actor, id: string, patch: TemplatePatch): Promise<Template> {
  const before = await lockRow(tx, actor, id)
  const next = await checked(tx, actor, patch, before)
  const reworded = next.text !== before.text || JSON.stringify(next.texts) !== JSON.stringify(before.texts)
  if (reworded) {
    await tx.query(
      'insert into template_version (template_id, n, text, texts, changed_by) values ($1, $2, $3, $4, $5)',
      [id, before.version, before.text, JSON.stringify(before.texts), actor.userId],
    )
    await tx.query('delete from template_version where template_id = $1 and n <= $2', [
      id,
      before.version - MOST_VERSIONS,
    ])
  }
  const archived = patch.archived ?? before.archived_at !== null
  await stored(() =>
    tx.query(
      `update template set name = $1, sort_name = $2, shortcut = $3, uses = $4, folder = $5, text = $6, texts = $7, file_ids = $8::bigint[],
         owner_id = $9, team_id = $10, copies = $11, folded = $12, version = version + $13::int,
         archived_at = case when $14 then coalesce(archived_at, now()) end, updated_at = now() where id = $15`,
      [...columnsOf(next), reworded ? 1 : 0, archived, id],
    ),
  )
  await settle(
    tx,
    actor,
    'template.changed',
    id,
    { ...before, archived: before.archived_at !== null },
    { ...next, archived },
  )
  return getTemplate(tx, actor, id)
}

/** Deletes a text that was never sent and that nothing uses; puts any other away. Says which. */
export async function deleteTemplate(tx: Tx, actor: Actor, id: string): Promise<{ archived: boolean }> {
  const before = await lockRow(tx, actor, id)
  const conditions = ['exists (select from template_use where template_id = template.id)', ...uses.values()]
  const used = await tx.one<{ used: boolean }>(
    `select (${conditions.join(' or ')}) as used from template where id = $1`,
    [id],
  )
  const archived = used?.used === true
  if (archived) await tx.query('update template set archived_at = coalesce(archived_at, now()) where id = $1', [id])
  else await tx.query('delete from template where id = $1', [id])
  await settle(tx, actor, archived ? 'template.archived' : 'template.deleted', id, before, null)
  return { archived }
}

const uses = new Map<string, string>()
/**
 * Says where texts are in use, as an SQL condition about the row of `template`: such a text is put away, not deleted.
 * Called when the program starts, under a name of one's own.
 */
export function registerTemplateUse(name: string, condition: string): void {
  uses.set(name, condition)
}

async function lockRow(tx: Tx, actor: Actor, id: string): Promise<Row> {
  await tx.query('select from template where id = $1 for update', [id])
  const row = await findRow(tx, actor, id)
  if (!mayEdit(actor, row)) throw new Problem('no_right')
  return row
}

async function stored<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (violatedKey(error) === 'template_shortcut') throw wrongField('shortcut', 'already_used')
    throw error
  }
}

const line = (text: string): string => stripUnsafe(text).replace(/\s+/g, ' ').trim()

async function checked(tx: Tx, actor: Actor, asked: TemplatePatch, before: Written): Promise<Written> {
  const texts = asked.texts ?? before.texts
  const next: Written = {
    ...before,
    name: line(asked.name ?? before.name),
    shortcut: cleanShortcut(asked.shortcut ?? before.shortcut),
    // What is one's own is for answering.
    uses: before.owner_id === null ? (asked.uses ?? before.uses) : ['answer'],
    folder: line(asked.folder ?? before.folder),
    text: stripUnsafe(asked.text ?? before.text).trim(),
    texts: Object.fromEntries(
      LOCALES.flatMap((locale) => {
        const words = stripUnsafe(texts[locale] ?? '').trim()
        return words === '' ? [] : [[locale, words]]
      }),
    ),
    file_ids: [...new Set(asked.fileIds ?? before.file_ids)],
    team_id: before.owner_id === null ? (asked.teamId === undefined ? before.team_id : asked.teamId) : null,
    copies: before.owner_id === null && (asked.copies ?? before.copies),
  }
  if (next.name === '') throw wrongField('name', 'required')
  if (next.text === '' && next.file_ids.length === 0) throw wrongField('text', 'required')
  await checkTexts(tx, next)
  const added = next.file_ids.filter((id) => !before.file_ids.includes(id))
  const files = await loadFiles(tx, added)
  if (!added.every((id) => files.some((file) => file.id === id && file.uploadedBy === actor.userId)))
    throw wrongField('fileIds', 'not_allowed')
  if (next.team_id !== null && next.team_id !== before.team_id) {
    const team = await tx.one('select from team where id = $1 for key share', [next.team_id])
    if (!team) throw wrongField('teamId', 'not_allowed')
  }
  return next
}

function cleanShortcut(text: string): string {
  const shortcut = foldText(text).replace(/^\//, '')
  if (shortcut !== '' && !/^[\p{L}\p{N}][\p{L}\p{M}\p{N}_-]{0,39}$/u.test(shortcut))
    throw wrongField('shortcut', 'wrong_format')
  return shortcut
}

/** One's own are told to their owner's screens only, and are nobody's business in the audit log. */
async function settle(
  tx: Tx,
  actor: Actor,
  action: string,
  id: string,
  before: (Written & { archived?: boolean }) | null,
  after: (Written & { archived?: boolean }) | null,
): Promise<void> {
  const own = (before ?? after)?.owner_id !== null
  tx.publish(own ? { userId: actor.userId } : {}, { kind: 'defined', what: 'templates' })
  if (!own) await audit(tx, actor, action, { kind: 'template', id }, before && told(before), after && told(after))
}
function told(row: Written & { archived?: boolean }): object {
  const { name, shortcut, folder, text, texts, copies, archived } = row
  return {
    name,
    shortcut,
    uses: row.uses,
    folder,
    text,
    texts,
    fileIds: row.file_ids,
    teamId: row.team_id,
    copies,
    archived,
  }
}

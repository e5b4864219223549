import type { ContactKind } from '#shared/api/contacts.ts'
import type { CustomField, FieldResource, FieldValue, FieldValues } from '#shared/api/fields.ts'
import { isDay } from '#shared/filter.ts'
import { CURRENCIES } from '#shared/money.ts'
import { foldForIndex, sortKey, stripUnsafe } from '#shared/text.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { type FieldProblem, Problem } from '../platform/problem.ts'
import { contactVisible, parameters } from './visibility.ts'

/**
 * Values of custom fields stand in the column `fields` of their record, by key, and once more in `field_value`, by which
 * lists filter and sort. Both are written here. A deleted field's values stay where they are, unseen, until the field is
 * purged: what reads `fields` does so through `shownFields`.
 */

export const FIELD_COLUMNS = `f.id, f.resource, f.key, f.name, f.type, f.contact_kinds as "contactKinds", f.options, f.help, f.required, f.position`

/** The fields that records of the kind have, in their order. Read anew each time: a change is in force everywhere at once. */
export function loadFields(db: Db, resource: FieldResource): Promise<CustomField[]> {
  return db.query<CustomField>(
    `select ${FIELD_COLUMNS} from custom_field f where f.resource = $1 and f.deleted_at is null order by f.position, f.id`,
    [resource],
  )
}

/** SQL for the values of a record's fields, those of deleted fields left out; `alias` is the record's row. */
export function shownFields(resource: FieldResource, alias: string): string {
  return `case when ${alias}.fields = '{}' then ${alias}.fields else
    (select coalesce(jsonb_object_agg(f.key, ${alias}.fields->f.key), '{}') from custom_field f
     where f.resource = '${resource}' and f.deleted_at is null and ${alias}.fields ? f.key) end`
}

/**
 * All that a record has after a change by the actor: `asked` checked and put over `before`, see `cleanFieldValues`.
 * Contacts may be named only by those who may see them.
 * @throws Problem invalid_input with `fields.<key>` for each wrong one
 */
export async function changedFieldValues(
  db: Db,
  actor: Actor,
  resource: FieldResource,
  kind: ContactKind | null,
  asked: FieldValues,
  before: FieldValues,
): Promise<FieldValues> {
  if (Object.keys(asked).length === 0) return before
  const { clean, errors } = cleanFieldValues(await loadFields(db, resource), kind, asked, before)
  const named = clean.contacts.filter(({ key, id }) => before[key] !== id)
  const seen = await seenOf(
    db,
    actor,
    named.map(({ id }) => id),
  )
  for (const { key, id } of named) if (!seen.has(id)) errors.push({ field: `fields.${key}`, code: 'not_allowed' })
  if (errors.length > 0) throw new Problem('invalid_input', {}, errors)
  return Object.fromEntries(Object.entries({ ...before, ...clean.values }).filter(([, value]) => value !== null))
}

/** Those among the contacts of which the actor may see what they have become. */
async function seenOf(db: Db, actor: Actor, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const params = parameters()
  const rows = await db.query<{ id: string }>(
    // contact_pkey, twice
    `select c.id from contact c join contact r on r.id = c.root_id
     where c.id = any(${params.add(ids)}::bigint[]) and ${contactVisible(actor, 'r', params)}`,
    params.values,
  )
  return new Set(rows.map((row) => row.id))
}

/**
 * Values as they are stored: checked against their fields, texts cleaned, choices in order. `kind`: of a contact. A choice
 * that was retired stays where `before` has it. null, and a text of blanks, take a value away. Whether contacts that are
 * named exist is not looked at.
 */
export function cleanFieldValues(
  fields: readonly CustomField[],
  kind: ContactKind | null,
  values: FieldValues,
  before: FieldValues = {},
): { clean: { values: FieldValues; contacts: { key: string; id: string }[] }; errors: FieldProblem[] } {
  const byKey = new Map(fields.map((field) => [field.key, field]))
  const clean: FieldValues = {}
  const contacts: { key: string; id: string }[] = []
  const errors: FieldProblem[] = []
  for (const [key, value] of Object.entries(values)) {
    const field = byKey.get(key)
    const result = field ? cleanOne(field, kind, value, before[key]) : { code: 'unknown_field' }
    if ('code' in result) errors.push({ field: `fields.${key}`, ...result })
    else {
      clean[key] = result.value
      if (field?.type === 'contact' && typeof result.value === 'string') contacts.push({ key, id: result.value })
    }
  }
  return { clean: { values: clean, contacts }, errors }
}

type Cleaned = { value: FieldValue } | { code: string; values?: Record<string, string | number> }

function cleanOne(
  field: CustomField,
  kind: ContactKind | null,
  value: FieldValue,
  before: FieldValue | undefined,
): Cleaned {
  if (value === null) return { value }
  if (kind !== null && field.contactKinds.length > 0 && !field.contactKinds.includes(kind) && before === undefined)
    return { code: 'not_allowed' }
  return CLEAN[field.type](value, field, before)
}

const WRONG: Cleaned = { code: 'wrong_format' }
const LONGEST_TEXT = 5000
const LARGEST_NUMBER = 1e15

const CLEAN: Record<CustomField['type'], (value: FieldValue, field: CustomField, before?: FieldValue) => Cleaned> = {
  text(value) {
    if (typeof value !== 'string') return WRONG
    const text = stripUnsafe(value).trim()
    if (text.length > LONGEST_TEXT) return { code: 'too_long' }
    return { value: text === '' ? null : text }
  },
  number(value) {
    if (typeof value !== 'number' || !Number.isFinite(value)) return { code: 'not_a_number' }
    // Minus nothing is nothing.
    return Math.abs(value) > LARGEST_NUMBER ? { code: 'out_of_range' } : { value: value + 0 }
  },
  money(value) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return WRONG
    if (!/^-?[0-9]{1,18}$/.test(value.amount)) return WRONG
    if (!CURRENCIES.some((currency) => currency === value.currency)) return { code: 'not_allowed' }
    return { value: { amount: String(BigInt(value.amount)), currency: value.currency } }
  },
  choice(value, field, before) {
    if (typeof value !== 'string') return WRONG
    const option = field.options.find(({ id }) => id === value)
    return option && (!option.retired || before === value) ? { value } : { code: 'not_allowed' }
  },
  choices(value, field, before) {
    if (!Array.isArray(value)) return WRONG
    const had = new Set(Array.isArray(before) ? before : [])
    const chosen = new Set(value)
    for (const option of field.options)
      if (option.retired && !had.has(option.id) && chosen.has(option.id)) return { code: 'not_allowed' }
    const known = field.options.filter(({ id }) => chosen.has(id)).map(({ id }) => id)
    if (known.length < chosen.size) return { code: 'not_allowed' }
    return { value: known.length === 0 ? null : known }
  },
  date(value) {
    return typeof value === 'string' && isDay(value) ? { value } : WRONG
  },
  yes_no(value) {
    return typeof value === 'boolean' ? { value } : WRONG
  },
  link(value) {
    if (typeof value !== 'string') return WRONG
    const text = stripUnsafe(value).trim()
    if (text === '') return { value: null }
    if (text.length > 2000) return { code: 'too_long' }
    const link = cleanLink(text)
    return link === null ? WRONG : { value: link }
  },
  contact(value) {
    return typeof value === 'string' && /^[1-9][0-9]{0,17}$/.test(value) ? { value } : WRONG
  },
}

/** http, https, mailto and tel; "example.com/a" is taken for https. Never one that names a user or a password. */
function cleanLink(text: string): string | null {
  const bare = /^[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+(?::\d+)?(?:[/?#]|$)/u.test(text)
  const whole = bare ? `https://${text}` : text
  if (/\s/.test(whole) || !URL.canParse(whole)) return null
  const url = new URL(whole)
  if (url.protocol === 'mailto:' || url.protocol === 'tel:') return url.pathname === '' ? null : whole
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null
  return url.hostname === '' || url.username !== '' || url.password !== '' ? null : whole
}

/**
 * Writes the values of records anew, one or ten thousand: `fields` holds all that a record has, each checked before.
 * Values of deleted fields are left alone. The caller has locked the records and told who must know.
 * @param known the resource's fields, where they have been read in this transaction
 */
export async function storeFields(
  tx: Tx,
  resource: FieldResource,
  records: readonly { id: string; fields: FieldValues }[],
  known?: readonly CustomField[],
): Promise<void> {
  if (records.length === 0) return
  const fields = known ?? (await loadFields(tx, resource))
  const byKey = new Map(fields.map((field) => [field.key, field]))
  const ids = records.map((record) => record.id)
  const rows: IndexRow[] = []
  const stored: string[] = []
  for (const record of records) {
    const kept: [string, FieldValue][] = []
    for (const [key, value] of Object.entries(record.fields)) {
      const field = byKey.get(key)
      if (!field || value === null) continue
      kept.push([key, value])
      rows.push(...indexRows(field, record.id, value))
    }
    stored.push(JSON.stringify(Object.fromEntries(kept)))
  }
  await tx.query(
    `update ${resource} r set fields = (r.fields - $3::text[]) || n.fields
     from unnest($1::bigint[], $2::jsonb[]) as n(id, fields)
     where r.id = n.id and r.fields is distinct from (r.fields - $3::text[]) || n.fields`,
    [ids, stored, [...byKey.keys()]],
  )
  if (fields.length === 0) return
  await tx.query('delete from field_value where record_id = any($1::bigint[]) and field_id = any($2::bigint[])', [
    ids,
    fields.map((field) => field.id),
  ])
  if (rows.length > 0) await insertValues(tx, rows)
}

interface IndexRow {
  fieldId: string
  recordId: string
  n: number
  key: string | null
  number: string | null
  words: string | null
}

function insertValues(tx: Tx, rows: readonly IndexRow[]): Promise<object[]> {
  return tx.query(
    `insert into field_value (field_id, record_id, n, key, number, words)
     select * from unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::text[], $5::numeric[], $6::text[])`,
    [
      rows.map((row) => row.fieldId),
      rows.map((row) => row.recordId),
      rows.map((row) => row.n),
      rows.map((row) => row.key),
      rows.map((row) => row.number),
      rows.map((row) => row.words),
    ],
  )
}

/** How long the words of a value are kept for finding, in UTF-16 units. */
const LONGEST_WORDS = 10_000

/** What `field_value` holds of a value. */
function indexRows({ id, type }: CustomField, recordId: string, value: FieldValue): IndexRow[] {
  const row = (part: Partial<IndexRow>, n = 0): IndexRow => ({
    fieldId: id,
    recordId,
    n,
    key: null,
    number: null,
    words: null,
    ...part,
  })
  if (Array.isArray(value)) return value.map((key, n) => row({ key }, n))
  if (typeof value === 'number') return [row({ number: String(value) })]
  if (typeof value === 'boolean') return [row({ key: String(value) })]
  if (value === null) return []
  if (typeof value === 'object') return [row({ key: value.currency, number: value.amount })]
  // A blank before each word, as in `contact.folded`: '% ab%' finds words that begin with "ab".
  if (type === 'text' || type === 'link')
    return [row({ key: sortKey(value), words: ` ${foldForIndex(value, LONGEST_WORDS)}` })]
  return [row({ key: value })]
}

/** Takes the values of records that are purged out of the index. */
export async function dropFieldValues(tx: Tx, resource: FieldResource, ids: readonly string[]): Promise<void> {
  await tx.query(
    `delete from field_value where record_id = any($1::bigint[])
     and field_id = any(array(select id from custom_field where resource = $2))`,
    [ids, resource],
  )
}

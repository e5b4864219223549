import type { ContactKind, ContactPatch } from '#shared/api/contacts.ts'
import type { CustomField, FieldValues } from '#shared/api/fields.ts'
import { type CleanNumber, cleanCode, cleanCompanyNumber, cleanNationalId } from '#shared/national-ids.ts'
import { isDay } from '#shared/filter.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { type FieldProblem, Problem } from '../platform/problem.ts'
import { changedFieldValues, storeFields } from './fields.ts'
import { homeCountry } from './identities.ts'

/** What a person writes about a contact, as it is stored with the root. */
export interface ContactDetails {
  about: string
  responsibleId: string | null
  sourceId: string | null
  /** Also tags that are deleted and not purged: nobody sees them, and they come back with the tag. */
  tagIds: string[]
  jobTitle: string
  birthDate: string | null
  nationalId: string | null
  companyNumber: string | null
  economicCode: string | null
  registrationNumber: string | null
  fields: FieldValues
}
export const NO_DETAILS: ContactDetails = {
  about: '',
  responsibleId: null,
  sourceId: null,
  tagIds: [],
  jobTitle: '',
  birthDate: null,
  nationalId: null,
  companyNumber: null,
  economicCode: null,
  registrationNumber: null,
  fields: {},
}

/** SQL that reads them from the contact called `alias`, by the names above. */
export function detailColumns(alias: string): string {
  return `${alias}.about, ${alias}.responsible_id as "responsibleId", ${alias}.source_id as "sourceId", ${alias}.tag_ids as "tagIds",
    ${alias}.job_title as "jobTitle", to_char(${alias}.birth_date, 'YYYY-MM-DD') as "birthDate",
    ${alias}.national_id as "nationalId", ${alias}.company_number as "companyNumber",
    ${alias}.economic_code as "economicCode", ${alias}.registration_number as "registrationNumber", ${alias}.fields`
}

/** Of contacts that the caller has locked. */
export async function readDetails(db: Db, ids: readonly string[]): Promise<Map<string, ContactDetails>> {
  const rows = await db.query<ContactDetails & { id: string }>(
    `select c.id, ${detailColumns('c')} from contact c where c.id = any($1::bigint[])`,
    [ids],
  )
  return new Map(rows.map(({ id, ...details }) => [id, details]))
}

/** What the named details of `patch` become, checked: everything wrong is said at once, by field. */
export async function checkDetails(
  db: Db,
  actor: Actor,
  kind: ContactKind,
  patch: Omit<ContactPatch, 'kind' | 'name'>,
  before: ContactDetails = NO_DETAILS,
): Promise<ContactDetails> {
  const after = { ...before }
  const errors: FieldProblem[] = []
  if (patch.about !== undefined) after.about = patch.about
  if (patch.jobTitle !== undefined) after.jobTitle = patch.jobTitle.replace(/\s+/g, ' ').trim()
  if (patch.birthDate !== undefined) {
    after.birthDate = patch.birthDate
    if (patch.birthDate !== null && !isPast(patch.birthDate)) errors.push({ field: 'birthDate', code: 'out_of_range' })
  }
  const numbers = await cleanNumbers(db, patch)
  Object.assign(after, numbers.values)
  errors.push(...numbers.errors)
  if (patch.responsibleId !== undefined) after.responsibleId = patch.responsibleId
  if (patch.sourceId !== undefined) after.sourceId = patch.sourceId
  errors.push(...(await checkReferences(db, before, after)))
  if (patch.tagIds !== undefined) {
    const tags = await checkTags(db, patch.tagIds, before.tagIds)
    after.tagIds = tags.ids
    errors.push(...tags.errors)
  }
  const fields = await checkFields(db, actor, kind, patch.fields ?? {}, before.fields)
  after.fields = fields.values
  errors.push(...fields.errors)
  if (errors.length > 0) throw new Problem('invalid_input', {}, errors)
  return after
}

/** A day that somebody alive may be born on; tomorrow has come already in some places. */
function isPast(day: string): boolean {
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)
  return isDay(day) && day >= '1850-01-01' && day <= tomorrow
}

type Numbers = Pick<ContactDetails, 'nationalId' | 'companyNumber' | 'economicCode' | 'registrationNumber'>
const NUMBERS: Record<keyof Numbers, (text: string, country: string) => CleanNumber> = {
  nationalId: cleanNationalId,
  companyNumber: cleanCompanyNumber,
  economicCode: cleanCode,
  registrationNumber: cleanCode,
}

async function cleanNumbers(
  db: Db,
  patch: Partial<Numbers>,
): Promise<{ values: Partial<Numbers>; errors: FieldProblem[] }> {
  const values: Partial<Numbers> = {}
  const errors: FieldProblem[] = []
  let country: string | undefined
  for (const field of ['nationalId', 'companyNumber', 'economicCode', 'registrationNumber'] as const) {
    const written = patch[field]
    if (written === undefined) continue
    if (written === null || written.trim() === '') {
      values[field] = null
      continue
    }
    country ??= await homeCountry(db)
    const clean = NUMBERS[field](written, country)
    if ('code' in clean) errors.push({ field, code: clean.code })
    else values[field] = clean.value
  }
  return { values, errors }
}

/** What stands already is not questioned again: a user may have left, a source may be retired. */
async function checkReferences(db: Db, before: ContactDetails, after: ContactDetails): Promise<FieldProblem[]> {
  const errors: FieldProblem[] = []
  if (after.responsibleId !== null && after.responsibleId !== before.responsibleId) {
    const user = await db.one(`select from app_user where id = $1 and state = 'active'`, [after.responsibleId])
    if (!user) errors.push({ field: 'responsibleId', code: 'not_allowed' })
  }
  if (after.sourceId !== null && after.sourceId !== before.sourceId) {
    // Held until the commit: who deletes the item waits, and finds it in use.
    const source = await db.one(
      `select from list_item where id = $1 and list = 'source' and retired_at is null for key share`,
      [after.sourceId],
    )
    if (!source) errors.push({ field: 'sourceId', code: 'not_allowed' })
  }
  return errors
}

async function checkTags(
  db: Db,
  asked: readonly string[],
  before: readonly string[],
): Promise<{ ids: string[]; errors: FieldProblem[] }> {
  const ids = [...new Set(asked)]
  if (ids.length === 0 && before.length === 0) return { ids, errors: [] }
  const rows = await db.query<{ id: string; deleted: boolean }>(
    'select id, deleted_at is not null as deleted from tag where id = any($1::bigint[])',
    [[...ids, ...before]],
  )
  const live = new Set(rows.filter((row) => !row.deleted).map((row) => row.id))
  const hidden = before.filter((id) => rows.some((row) => row.id === id && row.deleted))
  const errors = ids.every((id) => live.has(id)) ? [] : [{ field: 'tagIds', code: 'not_allowed' }]
  return { ids: [...ids.filter((id) => live.has(id)), ...hidden], errors }
}

async function checkFields(
  db: Db,
  actor: Actor,
  kind: ContactKind,
  asked: FieldValues,
  before: FieldValues,
): Promise<{ values: FieldValues; errors: FieldProblem[] }> {
  try {
    return { values: await changedFieldValues(db, actor, 'contact', kind, asked, before), errors: [] }
  } catch (error) {
    if (error instanceof Problem && error.code === 'invalid_input') return { values: before, errors: error.errors }
    throw error
  }
}

/**
 * Writes details of many contacts, each checked before; what is found by them is the caller's matter (`refold`).
 * @param fields see `storeFields`
 */
export async function storeDetails(
  tx: Tx,
  records: readonly { id: string; details: ContactDetails }[],
  fields?: readonly CustomField[],
): Promise<void> {
  if (records.length === 0) return
  const column = <K extends keyof ContactDetails>(name: K): ContactDetails[K][] =>
    records.map((record) => record.details[name])
  await tx.query(
    `update contact c set about = n.about, responsible_id = n.responsible_id, source_id = n.source_id,
       tag_ids = n.tag_ids::bigint[], job_title = n.job_title, birth_date = n.birth_date, national_id = n.national_id,
       company_number = n.company_number, economic_code = n.economic_code, registration_number = n.registration_number,
       updated_at = now()
     from unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::date[], $8::text[],
       $9::text[], $10::text[], $11::text[])
       as n(id, about, responsible_id, source_id, tag_ids, job_title, birth_date, national_id, company_number, economic_code, registration_number)
     where c.id = n.id`,
    [
      records.map((record) => record.id),
      column('about'),
      column('responsibleId'),
      column('sourceId'),
      column('tagIds').map((ids) => `{${ids.join()}}`),
      column('jobTitle'),
      column('birthDate'),
      column('nationalId'),
      column('companyNumber'),
      column('economicCode'),
      column('registrationNumber'),
    ],
  )
  await storeFields(
    tx,
    'contact',
    records.map(({ id, details }) => ({ id, fields: details.fields })),
    fields,
  )
}

import type { Static } from 'typebox'
import type {
  CustomField,
  CustomFieldNew,
  CustomFieldPatch,
  CustomFieldQuery,
  CustomFieldUsage,
  FieldOption,
} from '#shared/api/fields.ts'
import { customName } from '#shared/contact-fields.ts'
import { foldText, stripUnsafe } from '#shared/text.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import type { Database, Db, Tx } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { freeKey, latinKey } from './field-keys.ts'
import { FIELD_COLUMNS } from './fields.ts'
import { viewsNaming } from './views.ts'

/** Custom fields as the office defines them. Nothing of them is remembered between requests: a change is in force at once. */

const MAX_FIELDS = 200
const MAX_OPTIONS = 200

interface Row extends Omit<CustomField, 'deletedAt'> {
  deleted_at: Date | null
}
const SELECT = `select ${FIELD_COLUMNS}, f.deleted_at from custom_field f`
function fieldView({ deleted_at, ...field }: Row): CustomField {
  return deleted_at === null ? field : { ...field, deletedAt: deleted_at.toISOString() }
}

/** In their order, by what they are on; those deleted only when asked for. */
export async function listFields(db: Db, query: Static<typeof CustomFieldQuery>): Promise<CustomField[]> {
  const rows = await db.query<Row>(
    `${SELECT} where ($1::text is null or f.resource = $1) and ($2 or f.deleted_at is null)
     order by f.resource, f.position, f.id`,
    [query.resource ?? null, query.deleted ?? false],
  )
  return rows.map(fieldView)
}

/** Definitions change one after the other, so that keys, places and how many there are hold. */
async function lockFields(tx: Tx): Promise<void> {
  await tx.query('lock table custom_field in share row exclusive mode')
}

async function loadOne(tx: Tx, id: string): Promise<Row> {
  const row = await tx.one<Row>(`${SELECT} where f.id = $1`, [id])
  if (!row) throw new Problem('not_found')
  return row
}

async function settled(tx: Tx, actor: Actor, action: string, before: Row | null, id: string): Promise<CustomField> {
  const after = await loadOne(tx, id)
  await audit(tx, actor, action, { kind: 'field', id }, before && told(before), told(after))
  tx.publish({}, { kind: 'defined', what: 'fields' })
  return fieldView(after)
}
function told({ resource, key, name, type, contactKinds, options, help, required, position, deleted_at }: Row): object {
  return { resource, key, name, type, contactKinds, options, help, required, position, deleted: deleted_at !== null }
}

export async function createField(tx: Tx, actor: Actor, input: CustomFieldNew): Promise<CustomField> {
  const name = cleanLine(input.name)
  if (name === '') throw wrongField('name', 'required')
  const kinds = [...new Set(input.contactKinds)]
  if (kinds.length > 0 && input.resource !== 'contact') throw wrongField('contactKinds', 'not_allowed')
  await lockFields(tx)
  await needRoom(tx, input.resource)
  const keys = await tx.query<{ key: string }>('select key from custom_field where resource = $1', [input.resource])
  const taken = new Set(keys.map(({ key }) => key))
  if (input.key !== undefined && taken.has(input.key)) throw wrongField('key', 'already_used')
  const key = input.key ?? freeKey(latinKey(name, 'field'), taken)
  const options = newOptions(input.type, [], input.options ?? [])
  const row = await tx.one<{ id: string }>(
    `insert into custom_field (resource, key, name, type, contact_kinds, options, help, required, position)
     select $1, $2, $3, $4, $5, $6, $7, $8, coalesce(max(position) + 1, 0) from custom_field
     where resource = $1 and deleted_at is null returning id`,
    [
      input.resource,
      key,
      name,
      input.type,
      kinds,
      JSON.stringify(options),
      cleanText(input.help ?? ''),
      input.required ?? false,
    ],
  )
  return settled(tx, actor, 'field.made', null, row?.id ?? '')
}

async function needRoom(tx: Tx, resource: string): Promise<void> {
  const live = await tx.query('select id from custom_field where resource = $1 and deleted_at is null', [resource])
  if (live.length >= MAX_FIELDS) throw new Problem('too_many', { max: MAX_FIELDS })
}

export async function changeField(tx: Tx, actor: Actor, id: string, patch: CustomFieldPatch): Promise<CustomField> {
  await lockFields(tx)
  const before = await loadOne(tx, id)
  if (before.deleted_at !== null) throw new Problem('not_found')
  const name = patch.name === undefined ? before.name : cleanLine(patch.name)
  if (name === '') throw wrongField('name', 'required')
  const kinds = patch.contactKinds === undefined ? before.contactKinds : [...new Set(patch.contactKinds)]
  if (kinds.length > 0 && before.resource !== 'contact') throw wrongField('contactKinds', 'not_allowed')
  const options =
    patch.options === undefined
      ? before.options
      : newOptions(before.type, await keptOptions(tx, before, patch.options), patch.options)
  await tx.query(
    'update custom_field set name = $2, contact_kinds = $3, options = $4, help = $5, required = $6 where id = $1',
    [
      id,
      name,
      kinds,
      JSON.stringify(options),
      patch.help === undefined ? before.help : cleanText(patch.help),
      patch.required ?? before.required,
    ],
  )
  if (patch.position !== undefined) await moveField(tx, before, patch.position)
  return settled(tx, actor, 'field.changed', before, id)
}

/** To the place among the fields of its resource; the others close ranks. */
async function moveField(tx: Tx, field: Row, position: number): Promise<void> {
  const rows = await tx.query<{ id: string }>(
    'select id from custom_field where resource = $1 and deleted_at is null and id <> $2 order by position, id',
    [field.resource, field.id],
  )
  const ids = rows.map((row) => row.id).toSpliced(position, 0, field.id)
  await tx.query(
    `update custom_field f set position = n.n - 1 from unnest($1::bigint[]) with ordinality as n(id, n)
     where f.id = n.id and f.position <> n.n - 1`,
    [ids],
  )
}

type OptionNew = NonNullable<CustomFieldNew['options']>[number]

/** Options that are there. Those left out of `wanted` stay, retired, where a value has them; else they are gone. */
async function keptOptions(tx: Tx, field: Row, wanted: readonly OptionNew[]): Promise<FieldOption[]> {
  const named = new Set(wanted.map((option) => option.id))
  const left = field.options.filter(({ id }) => !named.has(id))
  if (left.length === 0) return field.options
  // field_value_key
  const used = await tx.query<{ id: string }>(
    `select o.id from unnest($2::text[]) as o(id)
     where exists (select from field_value v where v.field_id = $1 and v.key = o.id)`,
    [field.id, left.map((option) => option.id)],
  )
  const ids = new Set(used.map((row) => row.id))
  return field.options.filter(({ id }) => named.has(id) || ids.has(id))
}

/** The options in the order of `wanted`, then those that are only kept. New ones are given an id of their own. */
function newOptions(
  type: CustomField['type'],
  existing: readonly FieldOption[],
  wanted: readonly OptionNew[],
): FieldOption[] {
  if (type !== 'choice' && type !== 'choices') {
    if (wanted.length > 0) throw wrongField('options', 'not_allowed')
    return []
  }
  const known = new Set(existing.map((option) => option.id))
  const taken = new Set(known)
  const names = new Set<string>()
  const ids = new Set<string>()
  const options: FieldOption[] = []
  for (const [n, option] of wanted.entries()) {
    const name = cleanLine(option.name)
    if (name === '') throw wrongField(`options.${n}.name`, 'required')
    if (option.id !== undefined && (!known.has(option.id) || ids.has(option.id)))
      throw wrongField(`options.${n}.id`, 'not_allowed')
    if (!option.retired && names.has(foldText(name))) throw wrongField(`options.${n}.name`, 'already_used')
    if (!option.retired) names.add(foldText(name))
    const id = option.id ?? freeKey(latinKey(name, 'option'), taken)
    taken.add(id)
    ids.add(id)
    options.push(option.retired ? { id, name, retired: true } : { id, name })
  }
  for (const option of existing) if (!ids.has(option.id)) options.push({ ...option, retired: true })
  if (options.length > MAX_OPTIONS) throw new Problem('too_many', { max: MAX_OPTIONS })
  return options
}

/**
 * Options called so, made where there are none: what an import meets in a file. One that was retired is offered again.
 * @returns their ids, in the order of the names
 */
export async function makeOptions(tx: Tx, actor: Actor, fieldId: string, names: readonly string[]): Promise<string[]> {
  await lockFields(tx)
  const before = await loadOne(tx, fieldId)
  const wanted: OptionNew[] = before.options.map((option) => ({ ...option }))
  for (const name of names) {
    const same = wanted.find((option) => foldText(option.name) === foldText(name))
    if (same) same.retired = false
    else wanted.push({ name })
  }
  const options = newOptions(before.type, before.options, wanted)
  await tx.query('update custom_field set options = $2 where id = $1', [fieldId, JSON.stringify(options)])
  await settled(tx, actor, 'field.changed', before, fieldId)
  return names.map((name) => options.find((option) => foldText(option.name) === foldText(name))?.id ?? '')
}

/** Values stay where they are, unseen, so that restoring the field brings them back as they were. */
export async function deleteField(tx: Tx, actor: Actor, id: string): Promise<void> {
  await lockFields(tx)
  const before = await loadOne(tx, id)
  if (before.deleted_at !== null) return
  await tx.query('update custom_field set deleted_at = now() where id = $1', [id])
  await settled(tx, actor, 'field.deleted', before, id)
}

export async function restoreField(tx: Tx, actor: Actor, id: string): Promise<CustomField> {
  await lockFields(tx)
  const before = await loadOne(tx, id)
  if (before.deleted_at === null) return fieldView(before)
  // Its values may be gone in part already.
  if (await tx.one(`select from custom_field where id = $1 and ${OVERDUE}`, [id])) throw new Problem('not_found')
  await needRoom(tx, before.resource)
  await tx.query('update custom_field set deleted_at = null where id = $1', [id])
  return settled(tx, actor, 'field.restored', before, id)
}
const OVERDUE = `deleted_at < now() - make_interval(days => (select retention_days from organisation))`

const COUNTED = 10_000

export async function fieldUsage(db: Db, actor: Actor, id: string): Promise<CustomFieldUsage> {
  const field = await db.one<{ key: string; resource: CustomField['resource'] }>(
    'select key, resource from custom_field where id = $1',
    [id],
  )
  if (!field) throw new Problem('not_found')
  // field_value_key, field_value_number: the first value of each record.
  const rows = await db.query(
    `select from field_value where field_id = $1 and n = 0 and (key is not null or number is not null) limit ${COUNTED + 1}`,
    [id],
  )
  const views = await viewsNaming(db, actor, field.resource, customName(field.key))
  return { values: Math.min(rows.length, COUNTED), more: rows.length > COUNTED, ...views }
}

const PURGED_AT_ONCE = 2000

/** Fields deleted longer ago than the organisation keeps what is deleted, with their values, piece by piece. */
export async function purgeFields(db: Database): Promise<void> {
  for (;;) {
    const left = await db.transaction(async (tx) => {
      const field = await tx.one<{ id: string; key: string; resource: CustomField['resource'] }>(
        `select id, key, resource from custom_field where ${OVERDUE} order by id limit 1 for update skip locked`,
      )
      if (!field) return false
      // field_value_key, field_value_number
      const rows = await tx.query<{ record_id: string }>(
        `select distinct record_id from (select record_id from field_value
           where field_id = $1 and (key is not null or number is not null) limit ${PURGED_AT_ONCE}) v`,
        [field.id],
      )
      const ids = rows.map((row) => row.record_id)
      await tx.query(`update ${field.resource} set fields = fields - $2::text where id = any($1::bigint[])`, [
        ids,
        field.key,
      ])
      await tx.query('delete from field_value where field_id = $1 and record_id = any($2::bigint[])', [field.id, ids])
      if (ids.length > 0) return true
      await tx.query('delete from custom_field where id = $1', [field.id])
      await audit(
        tx,
        undefined,
        'field.purged',
        { kind: 'field', id: field.id },
        { key: field.key, resource: field.resource },
      )
      return true
    })
    if (!left) return
  }
}

const cleanText = (text: string): string => stripUnsafe(text).trim()
const cleanLine = (text: string): string => cleanText(text).replace(/\s+/g, ' ')

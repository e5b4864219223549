import type { CustomField } from '#shared/api/fields.ts'
import { customName } from '#shared/contact-fields.ts'
import { todayIn } from '#shared/days.ts'
import { foldText, sortKey } from '#shared/text.ts'
import { makeOptions } from '../crm/field-definitions.ts'
import { loadFields } from '../crm/fields.ts'
import { nameKey } from '../crm/folding.ts'
import { createItem, listItems } from '../crm/lists.ts'
import { createTag, listTags } from '../crm/tags.ts'
import { contactVisible, parameters } from '../crm/visibility.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import type { Draft, RowReader } from './drafts.ts'
import type { ImportParams } from './import-params.ts'

/** What names in a file mean here: users, tags, sources, options, contacts. Read once a piece. */
export interface Lookups extends RowReader {
  users: Map<string, string | null>
  tags: Map<string, string>
  sources: Map<string, string>
  /** By field and folded name. */
  optionIds: Map<string, string>
  /** What is not there may be made. */
  makes: boolean
}

const key = (name: string): string => foldText(name).replaceAll(' ', '')

export async function loadLookups(db: Db, actor: Actor, params: ImportParams): Promise<Lookups> {
  const home = await db.one<{ country: string; currency: string; toman: boolean; time_zone: string }>(
    'select country, currency, toman, time_zone from organisation',
  )
  const fields = await loadFields(db, 'contact')
  const today = todayIn(home?.time_zone ?? 'UTC')
  const sources = (await listItems(db, 'source')).filter((item) => !item.retired)
  return {
    columns: params.columns.map(({ heading, target, use }) => ({ heading, target: { target, use } })),
    options: params.options,
    optionIds: optionsByName(fields),
    fields,
    country: home?.country ?? 'IR',
    values: {
      locale: actor.locale,
      calendar: params.options.calendar,
      today,
      money: { currency: home?.currency ?? 'IRR', toman: home?.toman ?? true },
    },
    users: await usersByName(db),
    tags: new Map((await listTags(db)).map((tag) => [key(tag.name), tag.id])),
    sources: new Map(sources.map((item) => [key(item.name), item.id])),
    makes: params.options.makeMissing && actor.rights.has('field.manage'),
  }
}

function optionsByName(fields: readonly CustomField[]): Map<string, string> {
  const names = new Map<string, string>()
  for (const field of fields)
    for (const option of field.options)
      if (!option.retired) names.set(`${customName(field.key)} ${key(option.name)}`, option.id)
  return names
}

/** By name and by e-mail; null: two are called so. */
async function usersByName(db: Db): Promise<Map<string, string | null>> {
  const rows = await db.query<{ id: string; name: string; email: string }>(
    `select id, name, email from app_user where state = 'active'`,
  )
  const users = new Map<string, string | null>()
  for (const { id, name } of rows) users.set(key(name), users.has(key(name)) ? null : id)
  for (const { id, email } of rows) users.set(key(email), id)
  return users
}

/** What of each target is to be made: makeshift ids, as `findNamed` gives them. */
export type Wanted = ReadonlyMap<string, ReadonlySet<string>>

/**
 * Makes the tags, sources and options that are wanted, under the names that the rows have for them. Answers with the ids
 * of new tags. What could not be made (there may be no more of them) is not there afterwards, and its rows say so.
 */
export async function makeNamed(
  tx: Tx,
  actor: Actor,
  drafts: readonly Draft[],
  lookups: Lookups,
  wanted: Wanted,
): Promise<string[]> {
  const madeTagIds: string[] = []
  for (const name of namesOf(drafts, 'tagIds', wanted)) {
    const tag = await orNothing(() => createTag(tx, actor, { name: name.slice(0, 60) }))
    if (!tag) break
    lookups.tags.set(key(name), tag.id)
    madeTagIds.push(tag.id)
  }
  for (const name of namesOf(drafts, 'sourceId', wanted)) {
    const item = await orNothing(() => createItem(tx, actor, 'source', { name: name.slice(0, 100) }))
    if (!item) break
    lookups.sources.set(key(name), item.id)
  }
  for (const field of lookups.fields) {
    const target = customName(field.key)
    const names = namesOf(drafts, target, wanted).slice(0, Math.max(0, MOST_OPTIONS - field.options.length))
    if (names.length === 0) continue
    const ids = await makeOptions(
      tx,
      actor,
      field.id,
      names.map((name) => name.slice(0, 100)),
    )
    for (const [n, id] of ids.entries()) lookups.optionIds.set(`${target} ${key(names[n] ?? '')}`, id)
  }
  lookups.fields = await loadFields(tx, 'contact')
  lookups.makes = false
  return madeTagIds
}
const MOST_OPTIONS = 200

/** Names of one target that are wanted, each once, as they were first written. */
function namesOf(drafts: readonly Draft[], target: string, wanted: Wanted): string[] {
  const asked = wanted.get(target)
  if (!asked) return []
  const names = new Map<string, string>()
  for (const named of drafts.flatMap((draft) => draft.named))
    if (named.target === target)
      for (const name of named.names) if (asked.has(toBeMade(name)) && !names.has(key(name))) names.set(key(name), name)
  return [...names.values()]
}

/** There may be no more of them: then the rows that need one say so. */
async function orNothing<T>(make: () => Promise<T>): Promise<T | undefined> {
  try {
    return await make()
  } catch (error) {
    if (error instanceof Problem && (error.code === 'too_many' || error.code === 'invalid_input')) return undefined
    throw error
  }
}

/** An id that is none yet: of something that a real import would make. */
const toBeMade = (name: string): string => `new ${key(name)}`
export const isToBeMade = (id: string): boolean => id.startsWith('new ')

export interface Named {
  responsibleId?: string
  sourceId?: string
  tagIds: string[]
  fields: Record<string, string | string[]>
}

/** The ids for what a draft names; what is not known is told in its problems. */
export function findNamed(draft: Draft, lookups: Lookups, contacts: ReadonlyMap<string, string | null>): Named {
  const found: Named = { tagIds: [], fields: {} }
  for (const { target, names, column } of draft.named) {
    const ids: string[] = []
    for (const name of names) {
      const id = idOf(target, name, lookups, contacts)
      if (typeof id === 'string') ids.push(id)
      else draft.problems.push({ column, code: id.code, value: name.slice(0, 200) })
    }
    const [first] = ids
    if (first === undefined) continue
    if (target === 'responsibleId' || target === 'sourceId') found[target] = first
    else if (target === 'tagIds') found.tagIds.push(...ids)
    else found.fields[target.slice('field.'.length)] = isSeveral(target, lookups) ? ids : first
  }
  return found
}

const isSeveral = (target: string, { fields }: Lookups): boolean =>
  fields.some((field) => customName(field.key) === target && field.type === 'choices')

function idOf(
  target: string,
  name: string,
  lookups: Lookups,
  contacts: ReadonlyMap<string, string | null>,
): string | { code: string } {
  const made = (code: string): string | { code: string } => (lookups.makes ? toBeMade(name) : { code })
  if (target === 'tagIds') return lookups.tags.get(key(name)) ?? made('unknown_tag')
  if (target === 'sourceId') return lookups.sources.get(key(name)) ?? made('unknown_source')
  if (target === 'responsibleId') {
    const user = lookups.users.get(key(name))
    return user ?? { code: user === null ? 'ambiguous_name' : 'unknown_user' }
  }
  const field = lookups.fields.find((one) => customName(one.key) === target)
  if (field?.type === 'contact') {
    const contact = contacts.get(sortKey(name))
    return contact ?? { code: contact === null ? 'ambiguous_name' : 'unknown_contact' }
  }
  return lookups.optionIds.get(`${target} ${key(name)}`) ?? made('unknown_option')
}

/** Contacts called so whom the actor may see, by sort key; null: several. For fields that name a contact. */
export async function contactsCalled(
  db: Db,
  actor: Actor,
  drafts: readonly Draft[],
  lookups: Lookups,
): Promise<Map<string, string | null>> {
  const targets = new Set(
    lookups.fields.filter((field) => field.type === 'contact').map((field) => customName(field.key)),
  )
  const names = drafts.flatMap((draft) =>
    draft.named.filter((one) => targets.has(one.target)).flatMap((one) => one.names),
  )
  if (names.length === 0) return new Map()
  const params = parameters()
  const rows = await db.query<{ id: string; sort_name: string }>(
    // contact_name_list
    `select c.id, c.sort_name from contact c where c.listed and c.sort_name collate "C" = any(${params.add([...new Set(names.map((name) => sortKey(name)))])}::text[])
       and ${contactVisible(actor, 'c', params)} limit 5000`,
    params.values,
  )
  const found = new Map<string, string | null>()
  for (const { id, sort_name } of rows) found.set(sort_name, found.has(sort_name) ? null : id)
  return found
}

/** Companies that the rows name, by the key under which spellings of one name meet. The oldest of several counts. */
export async function companiesCalled(db: Db, actor: Actor, names: readonly string[]): Promise<Map<string, string>> {
  const keys = [...new Set(names.map(nameKey))].filter((one) => one !== '')
  if (keys.length === 0) return new Map()
  const params = parameters()
  const rows = await db.query<{ id: string; name_key: string }>(
    // contact_name_key
    `select c.id, c.name_key from contact c where c.listed and c.name_key <> '' and c.name_key = any(${params.add(keys)}::text[])
       and c.kind = 'company' and ${contactVisible(actor, 'c', params)} order by c.id desc`,
    params.values,
  )
  return new Map(rows.map((row) => [row.name_key, row.id]))
}

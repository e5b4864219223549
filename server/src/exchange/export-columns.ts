import type { Address, ContactItem } from '#shared/api/contacts.ts'
import type { CustomField, FieldValue } from '#shared/api/fields.ts'
import type { Tag } from '#shared/api/lists.ts'
import { CONTACT_FIELDS, customName } from '#shared/contact-fields.ts'
import { partsOfDay, todayIn } from '#shared/days.ts'
import type { Calendar, Locale } from '#shared/locales.ts'
import { plainAmount, unitOf } from '#shared/money.ts'
import { displayPhone } from '#shared/phone-display.ts'
import { loadFields } from '../crm/fields.ts'
import { listItems } from '../crm/lists.ts'
import { listTags } from '../crm/tags.ts'
import { contactVisible, parameters } from '../crm/visibility.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { wrongField } from '../platform/problem.ts'
import { translatorFor } from '../platform/texts.ts'
import { ADDRESS_PARTS } from './taking-back.ts'

/** What an export writes of a contact, column by column, in the words, the calendar and the unit of its reader. */
export interface Exported {
  item: ContactItem
  addresses: readonly Address[]
}
export interface ExportColumn {
  name: string
  heading: string
  width: number
  text(of: Exported): string
}

const ADDRESS = ['region', 'city', 'district', 'street', 'building', 'unit', 'floor', 'postalCode'] as const
const WIDTHS: Record<string, number> = {
  name: 28,
  about: 40,
  'address.street': 40,
  'identity.phone': 18,
  'identity.email': 26,
  tagIds: 24,
}

export interface Words {
  locale: Locale
  calendar: Calendar
  timeZone: string
  clock: Intl.DateTimeFormat
  toman: boolean
  users: ReadonlyMap<string, string>
  sources: ReadonlyMap<string, string>
  tags: ReadonlyMap<string, Tag>
  fields: readonly CustomField[]
  /** Names of contacts that fields name, as far as the actor may see them. */
  contacts: Map<string, string>
}

export async function loadWords(db: Db, actor: Actor): Promise<Words> {
  const me = await db.one<{ calendar: Calendar; time_zone: string; toman: boolean }>(
    'select u.calendar, u.time_zone, o.toman from app_user u, organisation o where u.id = $1',
    [actor.userId],
  )
  const users = await db.query<{ id: string; name: string }>('select id, name from app_user')
  return {
    locale: actor.locale,
    calendar: me?.calendar ?? 'gregory',
    timeZone: me?.time_zone ?? 'UTC',
    clock: new Intl.DateTimeFormat('en-GB', { timeStyle: 'short', timeZone: me?.time_zone ?? 'UTC' }),
    toman: me?.toman ?? false,
    users: new Map(users.map((user) => [user.id, user.name])),
    sources: new Map((await listItems(db, 'source')).map((item) => [item.id, item.name])),
    tags: new Map((await listTags(db)).map((tag) => [tag.id, tag])),
    fields: await loadFields(db, 'contact'),
    contacts: new Map(),
  }
}

/** The asked ones in their order; none asked: all there are, what reads like one's own import. */
export function exportColumns(asked: readonly string[], words: Words): ExportColumn[] {
  const all = allColumns(words)
  if (asked.length === 0) return all
  return asked.map((name, n) => {
    // In a list the city stands for the address.
    const column = all.find((one) => one.name === (name === 'city' ? 'address.city' : name))
    if (!column) throw wrongField(`columns.${n}`, 'not_allowed')
    return column
  })
}

function allColumns(words: Words): ExportColumn[] {
  const t = translatorFor(words.locale)
  const own = CONTACT_FIELDS.filter((field) => (field.column ?? false) && field.name !== 'city').map(({ name }) => ({
    name,
    heading: t(`contacts.field.${name}`),
    text: ({ item }: Exported) => ownText(name, item, words),
  }))
  const address = ADDRESS.map((part) => ({
    name: `address.${part}`,
    heading: t(`exchange.target.address.${part}`),
    text: ({ addresses }: Exported) => addresses[0]?.[part] ?? '',
  }))
  const custom = words.fields.map((field) => ({
    name: customName(field.key),
    heading: field.name,
    text: ({ item }: Exported) => valueText(field, item.fields[field.key] ?? null, words),
  }))
  const end = own.findIndex(({ name }) => name === 'birthDate')
  return [...own.slice(0, end), ...address, ...own.slice(end), ...custom].map((column) => ({
    ...column,
    width: WIDTHS[column.name] ?? 16,
  }))
}

const SEVERAL = '، '

function ownText(name: string, item: ContactItem, words: Words): string {
  switch (name) {
    case 'kind':
      return translatorFor(words.locale)(`contacts.kind.${item.kind}`)
    case 'identity.phone':
      return identities(item, 'phone').map(phoneText).join(SEVERAL)
    case 'identity.email':
      return identities(item, 'email').join(SEVERAL)
    case 'company':
      return item.company?.name ?? ''
    case 'responsibleId':
      return words.users.get(item.responsibleId ?? '') ?? ''
    case 'sourceId':
      return words.sources.get(item.sourceId ?? '') ?? ''
    case 'tagIds':
      return item.tagIds.flatMap((id) => words.tags.get(id)?.name ?? []).join(SEVERAL)
    case 'birthDate':
      return item.birthDate === null ? '' : dayText(item.birthDate, words)
    case 'createdAt':
    case 'updatedAt':
      return momentText(item[name], words)
    case 'name':
    case 'jobTitle':
    case 'about':
      return item[name]
    case 'nationalId':
    case 'companyNumber':
    case 'economicCode':
    case 'registrationNumber':
      return item[name] ?? ''
    default:
      return ''
  }
}

const identities = (item: ContactItem, kind: string): string[] =>
  item.identities.filter((identity) => identity.kind === kind).map((identity) => identity.value)

/** As people of the country write it, in groups: a spreadsheet that opens a CSV then takes it for a text and keeps its zero. */
const phoneText = (e164: string): string => displayPhone(e164, 'en').replaceAll('\u00a0', ' ')

const two = (value: number): string => String(value).padStart(2, '0')

/** "1403/05/06", of Gregorian days "2024-07-27"; in Latin digits, which every program reads. */
export function dayText(day: string, { calendar }: Pick<Words, 'calendar'>): string {
  if (calendar === 'gregory') return day
  const parts = partsOfDay(day, calendar)
  return `${parts.year}/${two(parts.month)}/${two(parts.day)}`
}

function momentText(at: string, words: Words): string {
  return `${dayText(todayIn(words.timeZone, at), words)} ${words.clock.format(new Date(at))}`
}

function valueText(field: CustomField, value: FieldValue, words: Words): string {
  if (value === null) return ''
  const nameOf = (id: string): string => field.options.find((option) => option.id === id)?.name ?? ''
  if (typeof value === 'boolean') return translatorFor(words.locale)(value ? 'exchange.yes' : 'exchange.no')
  if (typeof value === 'number') return String(value)
  if (Array.isArray(value)) return value.map(nameOf).join(SEVERAL)
  if (typeof value === 'object')
    return `${plainAmount(value, words)} ${unitOf(value.currency, { locale: words.locale, toman: words.toman })}`
  if (field.type === 'choice') return nameOf(value)
  if (field.type === 'date') return dayText(value, words)
  if (field.type === 'contact') return words.contacts.get(value) ?? ''
  return value
}

/** Addresses of root contacts with all merged into them, by root. */
export async function addressesOfAll(db: Db, ids: readonly string[]): Promise<Map<string, Address[]>> {
  const rows = await db.query<Address & { root_id: string }>(
    // contact_root, contact_address_contact
    `select root.id as root_id, a.* from unnest($1::bigint[]) as root(id)
     cross join lateral (
       select root.id union all
       select c.id from contact c where c.root_id = root.id and c.merged_into_id is not null) as member(id)
     cross join lateral (select id, ${ADDRESS_PARTS} from contact_address a where a.contact_id = member.id) a order by a.id`,
    [ids],
  )
  const found = new Map<string, Address[]>()
  for (const { root_id, ...address } of rows) found.set(root_id, [...(found.get(root_id) ?? []), address])
  return found
}

/** Puts the names of contacts that fields of these items name into `words`. */
export async function loadNamedContacts(
  db: Db,
  actor: Actor,
  items: readonly ContactItem[],
  words: Words,
): Promise<void> {
  const keys = words.fields.filter((field) => field.type === 'contact').map((field) => field.key)
  const ids = items
    .flatMap((item) => keys.flatMap((key) => item.fields[key] ?? []))
    .filter((id) => typeof id === 'string')
  if (ids.length === 0) return
  const params = parameters()
  const rows = await db.query<{ id: string; name: string }>(
    `select c.id, r.name from contact c join contact r on r.id = c.root_id
     where c.id = any(${params.add(ids)}::bigint[]) and ${contactVisible(actor, 'r', params)}`,
    params.values,
  )
  for (const { id, name } of rows) words.contacts.set(id, name)
}

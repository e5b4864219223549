import type { CustomField, FieldResource, FieldValues } from '#shared/api/fields.ts'
import { todayIn } from '#shared/days.ts'
import { LOCALES } from '#shared/locales.ts'
import { displayPhone } from '#shared/phone-display.ts'
import {
  type RenderPreferences,
  showValue,
  type TemplateFieldType,
  type TemplateValue,
  type TemplateValues,
  toTemplateValue,
} from '#shared/template.ts'
import { firstName, foldText } from '#shared/text.ts'
import { loadFields, shownFields } from '../crm/fields.ts'
import type { Db } from '../platform/db.ts'
import { translatorFor } from '../platform/texts.ts'
import {
  organisationReader,
  registerTemplateFields,
  type TemplateField,
  type TemplateFieldSource,
  type TemplateSubject,
} from './template-fields.ts'

/** The fields that Daftar itself knows: of contacts, their companies and deals, conversations, users, the organisation. */
export function registerOwnFields(): void {
  registerTemplateFields('contact', contactSource('contact'))
  // A lead is a contact; its texts may say so.
  registerTemplateFields('lead', contactSource('lead'))
  registerTemplateFields('company', companySource)
  registerTemplateFields('deal', dealSource)
  registerTemplateFields('conversation', conversationSource)
  registerTemplateFields('user', userSource)
  registerTemplateFields('organisation', organisationSource)
  registerTemplateFields('today', clock('today', 'date'))
  registerTemplateFields('now', clock('now', 'moment'))
  registerTemplateFields('event', { open: true, fields: async () => [], load: loadEvent })
  registerTemplateFields('row', { open: true, fields: async () => [], load: loadRow })
}

/** Values of one record, by the fields' names without their namespace. */
type Values = Record<string, TemplateValue | undefined>

const text = (value: string | null | undefined): TemplateValue | undefined =>
  value === null || value === undefined || value.trim() === '' ? undefined : { type: 'text', text: value }
const day = (value: string | null): TemplateValue | undefined =>
  value === null ? undefined : { type: 'date', day: value }
const moment = (value: Date | null): TemplateValue | undefined =>
  value === null ? undefined : { type: 'moment', at: value.toISOString() }
const words = (key: string): TemplateValue => {
  const [fa = '', ar = '', en = ''] = LOCALES.map((locale) => translatorFor(locale)(key))
  return { type: 'words', words: { fa, ar, en } }
}

/** A few names of a namespace as they stand behind its dot. */
const behind = (namespace: string, names: readonly string[]): string[] =>
  names.map((name) => name.slice(namespace.length + 1))

function spread(namespace: string, names: readonly string[], values: Values | undefined): TemplateValues {
  if (!values) return {}
  return Object.fromEntries(
    behind(namespace, names).flatMap((name) => {
      const value = Object.hasOwn(values, name) ? values[name] : undefined
      return value === undefined ? [] : [[`${namespace}.${name}`, value]]
    }),
  )
}

/** The same in every language. */
const EXAMPLES: Readonly<Record<string, string>> = { email: 'sara@example.ir' }

/** Declares fields with their texts: `templates.field.<name>`, `templates.example.<name>` where it is a text. */
function declared(
  namespace: string,
  reader: RenderPreferences,
  list: Readonly<Record<string, TemplateFieldType>>,
  labelled = namespace,
): TemplateField[] {
  const t = translatorFor(reader.locale)
  return Object.entries(list).map(([name, type]) => ({
    name: `${namespace}.${name}`,
    type,
    label: t(`templates.field.${labelled}.${name}`),
    example:
      type === 'text'
        ? (EXAMPLES[name] ?? t(`templates.example.${labelled}.${name}`))
        : showValue(sample(type, reader), undefined, reader),
  }))
}

function sample(type: TemplateFieldType, { currency, locale }: RenderPreferences): TemplateValue {
  switch (type) {
    case 'number':
      return { type, number: 1234 }
    case 'money':
      return { type, money: { amount: '12500000', currency } }
    case 'date':
      return { type, day: todayIn('UTC') }
    case 'moment':
      return { type, at: new Date().toISOString() }
    case 'yes_no':
      return { type, yes: true }
    case 'words':
      return words('contacts.kind.person')
    case 'text':
      return { type, text: translatorFor(locale)('templates.example.text') }
  }
}

const CUSTOM: Record<CustomField['type'], TemplateFieldType> = {
  text: 'text',
  link: 'text',
  choice: 'text',
  choices: 'text',
  contact: 'text',
  number: 'number',
  money: 'money',
  date: 'date',
  yes_no: 'yes_no',
}
async function custom(
  db: Db,
  namespace: string,
  resource: FieldResource,
  reader: RenderPreferences,
  fits: (field: CustomField) => boolean = () => true,
): Promise<TemplateField[]> {
  return (await loadFields(db, resource)).filter(fits).map((field) => {
    const type = CUSTOM[field.type]
    const example = field.options[0] ? field.options[0].name : showValue(sample(type, reader), undefined, reader)
    return { name: `${namespace}.field.${field.key}`, type, label: field.name, example }
  })
}

/** Custom values as texts say them: the names of options, and of the contacts that are named. */
async function customValues(
  db: Db,
  resource: FieldResource,
  names: readonly string[],
  records: readonly { fields: FieldValues }[],
): Promise<Values[]> {
  const asked = names.filter((name) => name.startsWith('field.'))
  if (asked.length === 0) return records.map(() => ({}))
  const fields = (await loadFields(db, resource)).filter((field) => asked.includes(`field.${field.key}`))
  const named = records.flatMap((record) =>
    fields.flatMap(({ key, type }) => (type === 'contact' ? [record.fields[key]] : [])),
  )
  const contacts = await contactNames(
    db,
    named.filter((id) => typeof id === 'string'),
  )
  return records.map((record) =>
    Object.fromEntries(
      fields.map((field) => [`field.${field.key}`, customValue(field, record.fields[field.key], contacts)]),
    ),
  )
}

function customValue(
  { type, options }: CustomField,
  value: FieldValues[string] | undefined,
  contacts: Map<string, string>,
): TemplateValue | undefined {
  const optionName = (id: string): string => options.find((option) => option.id === id)?.name ?? ''
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value)) return text(value.map(optionName).filter(Boolean).join('، '))
  if (typeof value !== 'string') return toTemplateValue(value)
  if (type === 'choice') return text(optionName(value))
  if (type === 'date') return day(value)
  return text(type === 'contact' ? contacts.get(value) : value)
}

async function contactNames(db: Db, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await db.query<{ id: string; name: string }>(
    // contact_pkey, twice
    `select c.id, r.name from contact c join contact r on r.id = c.root_id
     where c.id = any($1::bigint[]) and r.deleted_at is null`,
    [ids],
  )
  return new Map(rows.map((row) => [row.id, row.name]))
}

// ───────────────────────────── contacts

const ADDRESS = ['region', 'city', 'district', 'street', 'building', 'unit', 'floor', 'postalCode'] as const
const CONTACT: Record<string, TemplateFieldType> = {
  name: 'text',
  firstName: 'text',
  kind: 'words',
  jobTitle: 'text',
  responsible: 'text',
  phone: 'text',
  email: 'text',
  birthDate: 'date',
  nationalId: 'text',
  companyNumber: 'text',
  economicCode: 'text',
  registrationNumber: 'text',
  source: 'text',
  tags: 'text',
  address: 'text',
  ...Object.fromEntries(ADDRESS.map((part) => [part, 'text' as const])),
  createdAt: 'moment',
}
const COMPANY: Record<string, TemplateFieldType> = Object.fromEntries(
  Object.entries(CONTACT).filter(
    ([name]) => !['firstName', 'kind', 'jobTitle', 'birthDate', 'nationalId'].includes(name),
  ),
)

function contactSource(namespace: 'contact' | 'lead'): TemplateFieldSource {
  return {
    async fields(db, _locale, reader) {
      const own = declared(namespace, reader, CONTACT, 'contact')
      return [...own, ...(await custom(db, namespace, 'contact', reader))]
    },
    async load(db, names, subjects) {
      const values = await contactValues(db, behind(namespace, names), contactsOf(subjects))
      return subjects.map(({ contactId }) => {
        const known = values.get(contactId ?? '')
        return known && (namespace === 'contact' || known.isLead) ? spread(namespace, names, known.values) : {}
      })
    },
  }
}

const companySource: TemplateFieldSource = {
  async fields(db, _locale, reader) {
    const fits = ({ contactKinds }: CustomField) => contactKinds.length === 0 || contactKinds.includes('company')
    return [
      ...declared('company', reader, COMPANY, 'contact'),
      ...(await custom(db, 'company', 'contact', reader, fits)),
    ]
  },
  async load(db, names, subjects) {
    const rows = await db.query<{ id: string; company_id: string }>(
      // contact_pkey; contact_root for those merged in; the unique key of contact_relation; contact_pkey twice
      `select asked.id, o.id as company_id from unnest($1::bigint[]) as asked(id) join contact c on c.id = asked.id
       cross join lateral (
         select o.id from (
           select c.root_id as id union all
           select m.id from contact m where m.root_id = c.root_id and m.merged_into_id is not null) member
         join contact_relation r on r.from_id = member.id and r.kind = 'works_at'
         join contact t on t.id = r.to_id join contact o on o.id = t.root_id
         where o.id <> c.root_id and o.deleted_at is null and o.kind <> 'visitor' order by r.id limit 1) o`,
      [contactsOf(subjects)],
    )
    const companies = new Map(rows.map((row) => [row.id, row.company_id]))
    const values = await contactValues(db, behind('company', names), [...new Set(companies.values())])
    return subjects.map(({ contactId }) =>
      spread('company', names, values.get(companies.get(contactId ?? '') ?? '')?.values),
    )
  },
}

const contactsOf = (subjects: readonly TemplateSubject[]): string[] => [
  ...new Set(subjects.flatMap(({ contactId }) => (contactId === null ? [] : [contactId]))),
]

interface ContactRow {
  asked_id: string
  root_id: string
  kind: 'person' | 'company' | 'lead' | 'visitor'
  name: string
  job_title: string
  birth_date: string | null
  national_id: string | null
  company_number: string | null
  economic_code: string | null
  registration_number: string | null
  created_at: Date
  responsible: string | null
  source: string | null
  tags: string[] | null
  fields: FieldValues
}

/** By the ids that were asked for; what contacts have become by merging speaks for them. */
async function contactValues(
  db: Db,
  names: readonly string[],
  ids: readonly string[],
): Promise<Map<string, { values: Values; isLead: boolean }>> {
  if (ids.length === 0) return new Map()
  const rows = await db.query<ContactRow>(
    // contact_pkey, twice
    `select c.id as asked_id, r.id as root_id, r.kind, r.name, r.job_title, to_char(r.birth_date, 'YYYY-MM-DD') as birth_date,
       r.national_id, r.company_number, r.economic_code, r.registration_number, r.created_at, u.name as responsible, s.name as source,
       case when r.tag_ids = '{}' then null else
         (select array_agg(t.name order by lower(t.name)) from tag t where t.id = any(r.tag_ids) and t.deleted_at is null) end as tags,
       ${shownFields('contact', 'r')} as fields
     from contact c join contact r on r.id = c.root_id
       left join app_user u on u.id = r.responsible_id left join list_item s on s.id = r.source_id
     where c.id = any($1::bigint[])`,
    [ids],
  )
  const roots = [...new Set(rows.map((row) => row.root_id))]
  const wants = (wanted: readonly string[]): boolean => names.some((name) => wanted.includes(name))
  const numbers = wants(['phone', 'email']) ? await numbersOf(db, roots) : new Map<string, Values>()
  const addresses = wants(['address', ...ADDRESS]) ? await firstAddresses(db, roots) : new Map<string, Values>()
  const own = await customValues(db, 'contact', names, rows)
  return new Map(
    rows.map((row, index) => [
      row.asked_id,
      {
        isLead: row.kind === 'lead',
        values: { ...contactOwn(row), ...numbers.get(row.root_id), ...addresses.get(row.root_id), ...own[index] },
      },
    ]),
  )
}

function contactOwn(row: ContactRow): Values {
  return {
    name: text(row.name),
    // A company has none, and neither has somebody known by a number alone.
    firstName: row.kind === 'company' ? undefined : text(firstName(row.name)),
    kind: words(`contacts.kind.${row.kind}`),
    jobTitle: text(row.job_title),
    responsible: text(row.responsible),
    birthDate: day(row.birth_date),
    nationalId: text(row.national_id),
    companyNumber: text(row.company_number),
    economicCode: text(row.economic_code),
    registrationNumber: text(row.registration_number),
    source: text(row.source),
    tags: text(row.tags?.join('، ')),
    createdAt: moment(row.created_at),
  }
}

/** The first number and address of mail of each root contact: proven ones first, a fax last. */
async function numbersOf(db: Db, rootIds: readonly string[]): Promise<Map<string, Values>> {
  const rows = await db.query<{ root_id: string; kind: string; value: string }>(
    // contact_root for those merged in, then identity_contact
    `select distinct on (root.id, i.kind) root.id as root_id, i.kind, i.value from unnest($1::bigint[]) as root(id)
     cross join lateral (
       select root.id union all
       select c.id from contact c where c.root_id = root.id and c.merged_into_id is not null) as member(id)
     join identity i on i.contact_id = member.id and i.kind in ('phone', 'email')
     order by root.id, i.kind, i.use is not distinct from 'fax', i.verified_at is null, i.use is distinct from 'mobile', i.id`,
    [rootIds],
  )
  const found = new Map<string, Values>()
  for (const { root_id, kind, value } of rows) {
    // As people write it, without the gaps that are for the eye: it may be dialled from a text.
    const shown = kind === 'phone' ? displayPhone(value, 'en').replaceAll('\u00a0', '') : value
    found.set(root_id, { ...found.get(root_id), [kind]: text(shown) })
  }
  return found
}

type AddressRow = Record<(typeof ADDRESS)[number] | 'root_id', string>

async function firstAddresses(db: Db, rootIds: readonly string[]): Promise<Map<string, Values>> {
  const rows = await db.query<AddressRow>(
    // contact_root for those merged in, then contact_address_contact
    `select root.id as root_id, a.* from unnest($1::bigint[]) as root(id)
     cross join lateral (
       select a.region, a.city, a.district, a.street, a.building, a.unit, a.floor, a.postal_code as "postalCode" from (
         select root.id union all
         select c.id from contact c where c.root_id = root.id and c.merged_into_id is not null) as member(id)
       join contact_address a on a.contact_id = member.id order by a.id limit 1) a`,
    [rootIds],
  )
  return new Map(
    rows.map((row) => {
      const parts: Values = Object.fromEntries(ADDRESS.map((part) => [part, text(row[part])]))
      const whole = [row.region, row.city, row.district, row.street, row.building].filter(Boolean).join('، ')
      return [row.root_id, { ...parts, address: text(whole) }]
    }),
  )
}

// ───────────────────────────── deals

const DEAL: Record<string, TemplateFieldType> = {
  title: 'text',
  amount: 'money',
  stage: 'text',
  expectedOn: 'date',
  responsible: 'text',
  createdAt: 'moment',
}
interface DealRow {
  n: number
  title: string
  amount: string
  currency: string
  stage: string
  expected_on: string | null
  responsible: string | null
  created_at: Date
  fields: FieldValues
}

const dealSource: TemplateFieldSource = {
  async fields(db, _locale, reader) {
    return [...declared('deal', reader, DEAL), ...(await custom(db, 'deal', 'deal', reader))]
  },
  async load(db, names, subjects) {
    const rows = await db.query<DealRow>(
      // deal_pkey, or per member of the contact deal_contact
      `select asked.n::int, d.title, d.amount::text, d.currency, s.name as stage, to_char(d.expected_on, 'YYYY-MM-DD') as expected_on,
         u.name as responsible, d.created_at, ${shownFields('deal', 'd')} as fields
       from unnest($1::bigint[], $2::bigint[]) with ordinality as asked(contact_id, deal_id, n)
       cross join lateral (
         select d.* from deal d where asked.deal_id is not null and d.id = asked.deal_id and d.deleted_at is null
         union all
         select d.* from (
           select d.* from contact c cross join lateral (
             select c.root_id as id union all
             select m.id from contact m where m.root_id = c.root_id and m.merged_into_id is not null) member
           join deal d on d.contact_id = member.id join deal_stage s on s.id = d.stage_id
           where asked.deal_id is null and c.id = asked.contact_id and d.listed and s.outcome = 'open'
           order by d.id desc limit 1) d
         limit 1) d
       join deal_stage s on s.id = d.stage_id left join app_user u on u.id = d.responsible_id`,
      [subjects.map(({ contactId }) => contactId), subjects.map(({ dealId }) => dealId ?? null)],
    )
    const own = await customValues(db, 'deal', behind('deal', names), rows)
    const bySubject = new Map(
      rows.map((row, index): [number, Values] => [
        row.n - 1,
        {
          title: text(row.title),
          amount: { type: 'money', money: { amount: row.amount, currency: row.currency } },
          stage: text(row.stage),
          expectedOn: day(row.expected_on),
          responsible: text(row.responsible),
          createdAt: moment(row.created_at),
          ...own[index],
        },
      ]),
    )
    return subjects.map((_, index) => spread('deal', names, bySubject.get(index)))
  },
}

// ───────────────────────────── conversations, users, the organisation, the clock

const CONVERSATION: Record<string, TemplateFieldType> = {
  number: 'text',
  channel: 'text',
  assignee: 'text',
  startedAt: 'moment',
}

const conversationSource: TemplateFieldSource = {
  async fields(db, _locale, reader) {
    return [
      ...declared('conversation', reader, CONVERSATION),
      ...(await custom(db, 'conversation', 'conversation', reader)),
    ]
  },
  async load(db, names, subjects) {
    const ids = [
      ...new Set(subjects.flatMap(({ conversationId }) => (conversationId === undefined ? [] : [conversationId]))),
    ]
    if (ids.length === 0) return subjects.map(() => ({}))
    const rows = await db.query<{
      id: string
      channel: string
      assignee: string | null
      created_at: Date
      fields: FieldValues
    }>(
      // conversation_pkey
      `select c.id, ch.name as channel, u.name as assignee, c.created_at, ${shownFields('conversation', 'c')} as fields
       from conversation c join channel ch on ch.id = c.channel_id left join app_user u on u.id = c.assignee_id
       where c.id = any($1::bigint[])`,
      [ids],
    )
    const own = await customValues(db, 'conversation', behind('conversation', names), rows)
    const byId = new Map(
      rows.map((row, index): [string, Values] => [
        row.id,
        {
          number: text(row.id),
          channel: text(row.channel),
          assignee: text(row.assignee),
          startedAt: moment(row.created_at),
          ...own[index],
        },
      ]),
    )
    return subjects.map(({ conversationId }) => spread('conversation', names, byId.get(conversationId ?? '')))
  },
}

const userSource: TemplateFieldSource = {
  fields: async (_db, _locale, reader) => declared('user', reader, { name: 'text', firstName: 'text', email: 'text' }),
  async load(db, names, subjects) {
    const ids = [...new Set(subjects.flatMap(({ userId }) => (userId === undefined ? [] : [userId])))]
    if (ids.length === 0) return subjects.map(() => ({}))
    const rows = await db.query<{ id: string; name: string; email: string }>(
      'select id, name, email from app_user where id = any($1::bigint[])',
      [ids],
    )
    const byId = new Map(
      rows.map((row): [string, Values] => [
        row.id,
        { name: text(row.name), firstName: text(firstName(row.name)), email: text(row.email) },
      ]),
    )
    return subjects.map(({ userId }) => spread('user', names, byId.get(userId ?? '')))
  },
}

const organisationSource: TemplateFieldSource = {
  fields: async (_db, _locale, reader) => declared('organisation', reader, { name: 'text' }),
  async load(db, names, subjects) {
    const row = await db.one<{ name: string }>('select name from organisation')
    const values = spread('organisation', names, { name: text(row?.name) })
    return subjects.map(() => values)
  },
}

/** `{today}` and `{now}`: when the text is written, not when it arrives. */
function clock(name: 'today' | 'now', type: 'date' | 'moment'): TemplateFieldSource {
  return {
    async fields(_db, _locale, reader) {
      const label = translatorFor(reader.locale)(`templates.field.${name}`)
      return [{ name, type, label, example: showValue(sample(type, reader), undefined, reader) }]
    },
    async load(db, names, subjects) {
      const now = new Date()
      const value: TemplateValue =
        name === 'today'
          ? { type: 'date', day: todayIn((await organisationReader(db)).timeZone, now) }
          : { type: 'moment', at: now.toISOString() }
      return subjects.map(() => (names.includes(name) ? { [name]: value } : {}))
    },
  }
}

// ───────────────────────────── what is told when the text is sent

/** `{event.customer.name}` goes down into what an outside program told. */
async function loadEvent(
  _db: Db,
  names: readonly string[],
  subjects: readonly TemplateSubject[],
): Promise<TemplateValues[]> {
  return subjects.map(({ event }) =>
    spread(
      'event',
      names,
      Object.fromEntries(behind('event', names).map((path) => [path, toTemplateValue(within(event, path))])),
    ),
  )
}
function within(value: unknown, path: string): unknown {
  let inner = value
  for (const step of path.split('.')) {
    if (inner === null || typeof inner !== 'object' || !Object.hasOwn(inner, step)) return undefined
    inner = Reflect.get(inner, step)
  }
  return inner
}

/** By heading, however it is spelt: ي and ی, blanks, half-spaces. */
async function loadRow(
  _db: Db,
  names: readonly string[],
  subjects: readonly TemplateSubject[],
): Promise<TemplateValues[]> {
  const headings = behind('row', names).map((name) => [name, foldHeading(name)] as const)
  return subjects.map(({ row }) => {
    if (!row) return {}
    const cells = new Map(Object.entries(row).map(([heading, cell]) => [foldHeading(heading), cell]))
    return spread('row', names, Object.fromEntries(headings.map(([name, folded]) => [name, text(cells.get(folded))])))
  })
}
/** What cannot stand in a field's name (dots, brackets …) counts as a blank. */
export const foldHeading = (heading: string): string =>
  foldText(heading)
    .replaceAll(/[^\p{L}\p{M}\p{N}_-]+/gu, ' ')
    .trim()

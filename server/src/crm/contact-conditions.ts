import { CONTACT_FIELDS } from '#shared/contact-fields.ts'
import type { Condition } from '#shared/filter.ts'
import { normalizePhone } from '#shared/phone-max.ts'
import { foldText, latinDigits, sortKey } from '#shared/text.ts'
import {
  customCondition,
  type CustomFilterField,
  dayTests,
  familyOf,
  foldedColumnTest,
  likeTest,
  momentTests,
  type Ready,
  type Writing,
} from './conditions.ts'
import { searchPatterns } from './folding.ts'

/** Conditions on what contacts have themselves. `alias` is a root; what belongs to those merged into it counts too. */
export function contactCondition(condition: Condition, fields: readonly CustomFilterField[], country: string): Ready {
  const { name, type, operator, values } = condition
  if (!CONTACT_FIELDS.some((field) => field.name === name)) return customCondition(condition, fields)
  if (type === 'identity') return identityCondition(condition, country)
  const column = COLUMNS[name]
  if (column !== undefined) return columnCondition(condition, column, country)
  if (name === 'company') return companyCondition(condition)
  if (name === 'city') return cityCondition(condition)
  throw new Error(`no condition for ${name} ${operator} ${values.length}`)
}

/** Columns of `contact`; an index finds the values of each. */
const COLUMNS: Record<string, string> = {
  name: 'name',
  kind: 'kind',
  jobTitle: 'job_title',
  responsibleId: 'responsible_id',
  sourceId: 'source_id',
  tagIds: 'tag_ids',
  birthDate: 'birth_date',
  nationalId: 'national_id',
  companyNumber: 'company_number',
  economicCode: 'economic_code',
  registrationNumber: 'registration_number',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
}

function columnCondition(condition: Condition, column: string, country: string): Ready {
  const { operator, values, name } = condition
  if (operator === 'empty') {
    const empty = values[0] === 'true'
    const sql: Ready['sql'] = ({ alias }) => `${empty ? '' : 'not '}(${isEmpty(name, `${alias}.${column}`)})`
    return { indexed: !empty && name !== 'tagIds' && name !== 'name', sql }
  }
  const exact = ['nationalId', 'companyNumber', 'economicCode', 'registrationNumber'].includes(name)
  const test = (writing: Writing): string => {
    const of = `${writing.alias}.${column}`
    if (exact) return codeTest(of, condition, writing)
    if (name === 'name') return nameTest(condition, writing, country)
    return columnTest(of, condition, writing)
  }
  if (operator === 'not') return { indexed: false, sql: (writing) => `(${test(writing)}) is not true` }
  const few = operator === 'is' && exact
  return { indexed: !(exact && operator === 'has'), few, sql: (writing) => `(${test(writing)})` }
}

/** A deleted tag stays on its contacts unseen. */
function isEmpty(name: string, column: string): string {
  if (name === 'tagIds')
    return `not exists (select from tag t where t.id = any(${column}) and t.deleted_at is null offset 0)`
  return ['name', 'jobTitle', 'kind'].includes(name) ? `${column} = ''` : `${column} is null`
}

function columnTest(column: string, condition: Condition, writing: Writing): string {
  const { type, values } = condition
  const { add } = writing.params
  switch (type) {
    case 'kind':
      return `${column} = any(${add(values)}::text[])`
    case 'user': {
      const ids = values
        .filter((value) => value !== 'none')
        .map((value) => (value === 'me' ? writing.reader.userId : value))
      const some = ids.length > 0 ? [`${column} = any(${add(ids)}::bigint[])`] : []
      return [...some, ...(values.includes('none') ? [`${column} is null`] : [])].join(' or ')
    }
    case 'source':
      return `${column} = any(${add(values)}::bigint[])`
    case 'tags':
      // The second, because contact_tags has no contacts without tags.
      return `${column} && ${add(values)}::bigint[] and ${column} <> '{}'`
    case 'date':
      return dayTests(column, condition, writing, 'date')
    case 'moment':
      return momentTests(column, condition, writing)
    default:
      return `${foldedColumnTest(column, condition, writing.params)} and ${column} <> ''`
  }
}

/** Equal names by their sort key (contact_name_list); words as the search finds them (contact_folded). */
function nameTest({ operator, values }: Condition, { params, alias }: Writing, country: string): string {
  if (operator !== 'has')
    return `${alias}.sort_name collate "C" = any(${params.add(values.map((value) => sortKey(value)))}::text[])`
  return likeTest(`${alias}.folded`, searchPatterns(values[0] ?? '', country), params)
}

/** Numbers that states and registries give: digits in any spelling, blanks and dashes aside. */
const code = (text: string): string => latinDigits(text.normalize('NFKC')).replaceAll(/[\s\p{Cf}\p{Pd}]/gu, '')
const likeText = (text: string): string => `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`

function codeTest(column: string, { operator, values }: Condition, { params: { add } }: Writing): string {
  if (operator === 'has') return `${column} like ${add(likeText(code(values[0] ?? '')))}`
  // As it was typed, too: codes of other countries may have blanks or dashes.
  return `${column} = any(${add([...new Set(values.flatMap((value) => [code(value), value]))])}::text[])`
}

const BEGINNING = 'identity.'

/** Whole numbers and addresses by their unique key; parts by contact_folded, which holds them all. */
function identityCondition({ name, operator, values }: Condition, country: string): Ready {
  const kind = name.slice(BEGINNING.length)
  if (operator === 'empty')
    return existence(
      values[0] === 'true',
      'identity i',
      'i.contact_id',
      ({ params: { add } }) => `i.kind = ${add(kind)}`,
    )
  if (operator === 'is')
    return {
      indexed: true,
      few: true,
      sql: ({ params: { add }, alias }) =>
        `${alias}.id in (select m.root_id from identity i join contact m on m.id = i.contact_id
         where i.kind = ${add(kind)} and i.value = any(${add(values.flatMap((value) => spellings(kind, value, country)))}::text[]))`,
    }
  const part =
    kind === 'phone'
      ? code(values[0] ?? '')
          .replace(/\D/g, '')
          .replace(/^0+/, '')
      : foldText(values[0] ?? '')
  return {
    // A few characters have no trigrams.
    indexed: part.length >= 3,
    sql: ({ params: { add }, alias }) => {
      if (part === '') return 'false'
      const pattern = add(likeText(part))
      return `${alias}.folded like ${pattern} and exists (${ofFamily(alias, `join identity i on i.contact_id = f.id where i.kind = ${add(kind)} and lower(i.value) like ${pattern}`)} offset 0)`
    },
  }
}

function spellings(kind: string, value: string, country: string): string[] {
  if (kind === 'phone') return [normalizePhone(value, country)?.e164 ?? code(value)]
  return [...new Set([value.trim().toLowerCase(), foldText(value)])]
}

/** `rest` about the contact `f`: the row itself or one that was merged into it. Indexes contact_root, and those of `rest`. */
function ofFamily(alias: string, rest: string): string {
  return `select from (select ${alias}.id as id union all
    select m.id from contact m where m.root_id = ${alias}.id and m.merged_into_id is not null) f ${rest}`
}

/** Whether the contact or one merged into it has a row of another table. One that few have is found from that table. */
function existence(empty: boolean, table: string, column: string, test: (writing: Writing) => string): Ready {
  return {
    indexed: !empty,
    sql: (writing) =>
      empty || writing.oneByOne
        ? `${empty ? 'not ' : ''}exists (${ofFamily(writing.alias, `join ${table} on ${column} = f.id where ${test(writing)}`)} offset 0)`
        : `${writing.alias}.id in (select m.root_id from ${table} join contact m on m.id = ${column} where ${test(writing)})`,
  }
}

/** Who works at these companies: few, however many contacts there are. Index contact_relation_to. */
function companyCondition({ operator, values }: Condition): Ready {
  if (operator === 'empty')
    return existence(values[0] === 'true', 'contact_relation w', 'w.from_id', () => `w.kind = 'works_at'`)
  return {
    indexed: operator === 'is',
    sql: ({ params: { add }, alias }) =>
      `${alias}.id ${operator === 'not' ? 'not ' : ''}in (select m.root_id from contact_relation w join contact m on m.id = w.from_id
       where w.kind = 'works_at' and w.to_id in (${familyOf(`${add(values)}::bigint[]`)}))`,
  }
}

/** In any of its addresses. Index contact_address_city; contact_address_contact one by one. */
function cityCondition(condition: Condition): Ready {
  const { operator, values } = condition
  const table = 'contact_address a'
  if (operator === 'empty') return existence(values[0] === 'true', table, 'a.contact_id', () => `a.city <> ''`)
  const positive: Condition = { ...condition, operator: operator === 'not' ? 'is' : operator }
  return existence(
    operator === 'not',
    table,
    'a.contact_id',
    ({ params }) => `${foldedColumnTest('a.city', positive, params)} and a.city <> ''`,
  )
}

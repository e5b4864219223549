import type { AddressNew, ContactKind, IdentityNew } from '#shared/api/contacts.ts'
import type { CustomField, FieldValues } from '#shared/api/fields.ts'
import type { ImportOptions, ImportTarget } from '#shared/api/operations.ts'
import { customName } from '#shared/contact-fields.ts'
import { isDay } from '#shared/filter.ts'
import {
  type CleanNumber,
  cleanCode,
  cleanCompanyNumber,
  cleanNationalId,
  cleanPostalCode,
} from '#shared/national-ids.ts'
import { normalizePhone, type Phone } from '#shared/phone-max.ts'
import { foldText, stripUnsafe } from '#shared/text.ts'
import { cleanName } from '../crm/folding.ts'
import { normalizeIdentity } from '../crm/identities.ts'
import { Problem } from '../platform/problem.ts'
import { parseDay, parseFieldValue, splitList, splitNumbers, unguarded, type ValueReader } from './values.ts'

/** A row of a file as what it says of a contact. What a cell says wrong is left out of it, and told. */
export interface RowProblem {
  /** The heading; empty: the whole row. */
  column: string
  code: string
  value: string
}
export interface Draft {
  n: number
  name: string
  kind?: ContactKind
  identities: { kind: string; value: string; use: IdentityNew['use']; column: string }[]
  plain: Partial<Record<PlainField, string>>
  fields: FieldValues
  /** To be found by name, or made. */
  named: { target: string; names: string[]; column: string }[]
  company: string
  address: Partial<AddressNew>
  note: string
  problems: RowProblem[]
}
const PLAIN = [
  'about',
  'jobTitle',
  'birthDate',
  'nationalId',
  'companyNumber',
  'economicCode',
  'registrationNumber',
] as const
export type PlainField = (typeof PLAIN)[number]

export interface RowReader {
  columns: { heading: string; target: ImportTarget }[]
  options: ImportOptions
  fields: readonly CustomField[]
  /** ISO 3166, of numbers and addresses without their own. */
  country: string
  values: ValueReader
}

/** The longest cell; what is longer is told and left out. */
export const LONGEST_CELL = 5000
const LONGEST: Partial<Record<string, number>> = { jobTitle: 200, company: 200, note: 4000 }

export function readDraft(n: number, cells: readonly string[], reader: RowReader): Draft {
  const draft: Draft = {
    n,
    name: '',
    identities: [],
    plain: {},
    fields: {},
    named: [],
    company: '',
    address: {},
    note: '',
    problems: [],
  }
  const names: { first: string; last: string; whole: string } = { first: '', last: '', whole: '' }
  for (const [at, { heading, target }] of reader.columns.entries()) {
    const text = stripUnsafe(unguarded(cells[at] ?? '')).trim()
    if (target.target === null || text === '' || (isNothing(text) && !isYesNo(target.target, reader))) continue
    const wrong = (code: string, value = text): void =>
      void draft.problems.push({ column: heading, code, value: value.slice(0, 200) })
    if (text.length > (LONGEST[target.target] ?? LONGEST_CELL)) wrong('too_long')
    else if (target.target === 'name') names.whole ||= cleanName(text)
    else if (target.target === 'firstName') names.first ||= cleanName(text)
    else if (target.target === 'lastName') names.last ||= cleanName(text)
    else readCell(draft, { heading, text, target: target.target, use: target.use, wrong }, reader)
  }
  draft.name = names.whole || cleanName(`${names.first} ${names.last}`)
  return draft
}

/** Rows of one file. Now and then others have their turn: reading numbers takes its time, and somebody waits for an answer. */
export async function readDrafts(rows: readonly { n: number; cells: string[] }[], reader: RowReader): Promise<Draft[]> {
  const drafts: Draft[] = []
  for (const [at, row] of rows.entries()) {
    if (at % AT_A_TIME === AT_A_TIME - 1) await new Promise(setImmediate)
    drafts.push(readDraft(row.n, row.cells, reader))
  }
  return drafts
}
const AT_A_TIME = 50

/** What people write into a cell that has nothing to say. */
const NOTHING = new Set(['-', '--', '---', '.', '…', 'null', '#n/a', 'n/a', 'na', 'ندارد', 'نامشخص', 'لا یوجد'])
const isNothing = (text: string): boolean => NOTHING.has(foldText(text))

const isYesNo = (target: string, { fields }: RowReader): boolean =>
  fields.some((field) => field.type === 'yes_no' && customName(field.key) === target)

interface Cell {
  heading: string
  text: string
  target: string
  use: string | undefined
  wrong(code: string, value?: string): void
}

function readCell(draft: Draft, cell: Cell, reader: RowReader): void {
  const { target, text, heading } = cell
  if (target === 'identity.phone') readPhones(draft, cell, reader)
  else if (target.startsWith('identity.')) readAddresses(draft, cell, reader)
  else if (target.startsWith('address.')) readPostal(draft, cell, reader)
  else if (target.startsWith('field.')) readCustom(draft, cell, reader)
  else if (target === 'kind') {
    const kind = kindOf(text)
    if (kind) draft.kind = kind
    else cell.wrong('unknown_kind')
  } else if (target === 'company') draft.company ||= cleanName(text)
  else if (target === 'note') draft.note = [draft.note, text].filter((part) => part !== '').join('\n')
  else if (target === 'tagIds') draft.named.push({ target, names: splitList(text), column: heading })
  else if (target === 'responsibleId' || target === 'sourceId')
    draft.named.push({ target, names: [text.replaceAll(/\s+/g, ' ')], column: heading })
  else readPlain(draft, cell, reader)
}

const NUMBERS: Partial<Record<PlainField, (text: string, country: string) => CleanNumber>> = {
  nationalId: cleanNationalId,
  companyNumber: cleanCompanyNumber,
  economicCode: cleanCode,
  registrationNumber: cleanCode,
}

function readPlain(draft: Draft, { target, text, wrong }: Cell, { country, values }: RowReader): void {
  const field = PLAIN.find((name) => name === target)
  if (!field) return
  if (field === 'birthDate') {
    const day = parseDay(text, values, values.today)
    if (day === null) wrong('not_a_date')
    else if (!isDay(day) || day < '1850-01-01' || day > values.today) wrong('out_of_range')
    else draft.plain.birthDate = day
    return
  }
  const clean = NUMBERS[field]?.(text.replace(/\.0+$/, ''), country)
  if (clean && 'code' in clean) wrong(clean.code)
  else if (clean) draft.plain[field] = clean.value
  else if (field === 'about') draft.plain.about = [draft.plain.about, text].filter(Boolean).join('\n').slice(0, 5000)
  else draft.plain[field] = text.replaceAll(/\s+/g, ' ')
}

const EXTENSION = /[\s,،(]*(?:داخلی|داخلي|تحويلة|ext\.?|x)\s*[:.]?\s*[\d۰-۹٠-٩]{1,6}\)?\s*$/iu

function readPhones(draft: Draft, { heading, text, use, wrong }: Cell, { country }: RowReader): void {
  // Reading a number costs more than all the rest of a row: each spelling is read once.
  const read = new Map<string, Phone | null>()
  const phoneOf = (part: string): Phone | null => {
    const before = read.get(part)
    if (before !== undefined) return before
    const phone = normalizePhone(part.replace(/\.0+$/, '').replace(/^'/, ''), country)
    read.set(part, phone)
    return phone
  }
  for (const part of splitNumbers(text, (one) => phoneOf(one) !== null)) {
    const phone = phoneOf(part) ?? phoneOf(part.replace(EXTENSION, '')) ?? phoneOf(withoutWords(part))
    if (!phone) {
      wrong('not_a_phone', part)
      continue
    }
    const own = use ?? (phone.type === 'mobile' ? 'mobile' : phone.type === 'landline' ? 'work' : undefined)
    addIdentity(draft, 'phone', phone.e164, heading, own)
  }
}
/** "منزل: ۰۲۱…" */
const withoutWords = (text: string): string => text.replaceAll(/[\p{L}\p{M}:：]+/gu, ' ').trim()

const USES = ['mobile', 'work', 'home', 'fax', 'other'] as const

function addIdentity(draft: Draft, kind: string, value: string, column: string, use: string | undefined): void {
  if (draft.identities.some((one) => one.kind === kind && one.value === value)) return
  draft.identities.push({ kind, value, column, use: USES.find((one) => one === use) ?? null })
}

function readAddresses(draft: Draft, { heading, text, target, use, wrong }: Cell, { country }: RowReader): void {
  const kind = target.slice('identity.'.length)
  for (const part of text.split(/[\s،,;؛|]+/).filter((one) => one !== '')) {
    try {
      const value = part.replace(/^mailto:/i, '').replaceAll(/^[<("']+|[>)"'.]+$/g, '')
      addIdentity(draft, kind, normalizeIdentity(kind, value, country), heading, use)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      wrong(error.errors[0]?.code ?? 'wrong_format', part)
    }
  }
}

type AddressPart = Exclude<keyof AddressNew, 'use' | 'country'>

function readPostal(draft: Draft, { text, target, wrong }: Cell, { country }: RowReader): void {
  const part = target.slice('address.'.length) as AddressPart
  const line = part === 'street' ? text : text.replaceAll(/\s+/g, ' ')
  if (part === 'postalCode') {
    const code = cleanPostalCode(line.replace(/\.0+$/, ''), country)
    if ('code' in code) wrong(code.code)
    else draft.address.postalCode = code.value
  } else if (line.length > 300) wrong('too_long')
  else draft.address[part] = [draft.address[part], line].filter(Boolean).join('، ')
}

function readCustom(draft: Draft, { heading, text, target, wrong }: Cell, { fields, values }: RowReader): void {
  const field = fields.find((one) => customName(one.key) === target)
  if (!field) return wrong('unknown_field')
  const parsed = parseFieldValue(field, text, values)
  if (parsed === 'names') {
    const names = field.type === 'choices' ? splitList(text) : [text.replaceAll(/\s+/g, ' ')]
    draft.named.push({ target, names, column: heading })
  } else if ('code' in parsed) wrong(parsed.code)
  else draft.fields[field.key] = parsed.value
}

const KINDS: Record<Exclude<ContactKind, 'visitor'>, string> = {
  person: 'شخص حقیقی فرد person individual شخصی شخصحقیقی فردی حقيقي',
  company: 'شرکت حقوقی سازمان موسسه company organization business شخصحقوقی شركة مؤسسة منظمة اعتباري',
  lead: 'سرنخ lead محتمل عميلمحتمل prospect مشتریبالقوه',
}
const KIND_OF = new Map(
  Object.entries(KINDS).flatMap(([kind, words]) =>
    words.split(' ').map((word) => [foldText(word), kind as ContactKind] as const),
  ),
)
const kindOf = (text: string): ContactKind | undefined => KIND_OF.get(foldText(text).replaceAll(' ', ''))

import type { Address, ContactKind } from '#shared/api/contacts.ts'
import type { FieldValue } from '#shared/api/fields.ts'
import type { ImportOptions, ImportRow } from '#shared/api/operations.ts'
import { displayPhone } from '#shared/phone-display.ts'
import { foldText } from '#shared/text.ts'
import { NO_DETAILS } from '../crm/contact-details.ts'
import { cleanFieldValues } from '../crm/fields.ts'
import { cleanName, nameKey } from '../crm/folding.ts'
import { changeOf, type ContactState } from './changes.ts'
import type { Draft, PlainField } from './drafts.ts'
import { ADDRESS_TARGETS } from './headings.ts'
import { isToBeMade, type Lookups, type Named } from './lookups.ts'
import { type Blocked, identityKey, nothingToAdd, type Subject } from './subjects.ts'

export type Outcome = NonNullable<ImportRow['outcome']>

/** What rows come to, one after the other: the same when it is only checked and when it is done. */
export interface Plan {
  lookups: Lookups
  /** By key, also those to be made; blocked keys belong to somebody out of sight. */
  byKey: Map<string, Subject | { blocked: Blocked }>
  /** By the key of their name. */
  companies: Map<string, Subject | string>
  /** Everybody whom the rows are about, companies before those who work there. */
  subjects: Set<Subject>
  /** How many are to be made, and how many of them are companies that rows only name. */
  made: number
  companiesMade: number
}

export interface Planned {
  outcome: Outcome
  subject: Subject | undefined
}

export function planRow(plan: Plan, draft: Draft, named: Named): Planned {
  const { dedupe } = plan.lookups.options
  const problem = (code: string, column = '', value = ''): Planned => {
    draft.problems.push({ column, code, value })
    return { outcome: 'failed', subject: undefined }
  }
  const match = findSubject(plan, draft)
  if ('code' in match) return problem(match.code, match.column, match.value)
  const { subject, byIdentity } = match
  if (subject && dedupe === 'make' && byIdentity)
    return problem('identity_taken', draft.identities[0]?.column, draft.identities[0]?.value)
  if (subject && dedupe !== 'make') {
    if (dedupe === 'skip') return { outcome: 'skipped', subject }
    return { outcome: apply(plan, subject, draft, named, dedupe) ? 'changed' : 'same', subject }
  }
  const head = headOf(draft, plan.lookups.options)
  if (head.name === '') return problem('no_name')
  const made = makeSubject(plan, head.kind, head.name)
  apply(plan, made, draft, named, 'fill')
  return { outcome: 'made', subject: made }
}

type Match = { subject: Subject | undefined; byIdentity: boolean } | { code: string; column: string; value: string }

function findSubject({ byKey }: Plan, draft: Draft): Match {
  let subject: Subject | undefined
  let byIdentity = false
  const keys = [
    ...draft.identities.map(({ kind, value, column }) => ({
      key: identityKey(kind, value),
      column,
      value,
      identity: true,
    })),
    ...(['nationalId', 'companyNumber'] as const).flatMap((field) => {
      const value = draft.plain[field]
      return value === undefined ? [] : [{ key: `${field} ${value}`, column: '', value, identity: false }]
    }),
  ]
  for (const { key, column, value, identity } of keys) {
    const found = byKey.get(key)
    if (!found) continue
    if ('blocked' in found) return { code: found.blocked, column, value }
    if (subject && subject !== found) return { code: 'matches_several', column, value }
    subject = found
    byIdentity ||= identity
  }
  return { subject, byIdentity }
}

/** A row with a company and nobody's name is about the company; without any name its number or address stands for one. */
function headOf(draft: Draft, options: ImportOptions): { kind: ContactKind; name: string } {
  const kind = draft.kind ?? options.kind
  if (draft.name !== '') return { kind, name: draft.name }
  if (draft.company !== '') return { kind: kind === 'lead' ? kind : 'company', name: draft.company }
  const [first] = draft.identities
  if (!first) return { kind, name: '' }
  return { kind, name: cleanName(first.kind === 'phone' ? displayPhone(first.value, 'en') : first.value) }
}

function makeSubject(plan: Plan, kind: ContactKind, name: string): Subject {
  const state: ContactState = { kind, name, details: NO_DETAILS, at: '' }
  const subject: Subject = {
    id: `new ${++plan.made}`,
    made: true,
    before: state,
    after: state,
    identities: new Set(),
    addresses: [],
    companies: [],
    notes: new Set(),
    add: nothingToAdd(),
  }
  plan.subjects.add(subject)
  const key = kind === 'company' ? nameKey(name) : ''
  if (key !== '' && !plan.companies.has(key)) plan.companies.set(key, subject)
  return subject
}

type Rule = 'update' | 'fill'

/** Puts what the row says on its subject. Says whether anything changed. */
function apply(plan: Plan, subject: Subject, draft: Draft, named: Named, rule: Rule): boolean {
  const before = subject.after
  const { options } = plan.lookups
  const kind = draft.kind && (rule === 'update' || before.kind === 'visitor') ? draft.kind : before.kind
  const details = { ...before.details }
  for (const [field, value] of Object.entries(draft.plain) as [PlainField, string][])
    if (rule === 'update' || !details[field]) details[field] = value
  const put = (field: 'responsibleId' | 'sourceId', own: string | undefined, all: string | null): void => {
    if (own !== undefined && (rule === 'update' || details[field] === null)) details[field] = own
    else if (all !== null) details[field] ??= all
  }
  put('responsibleId', named.responsibleId, options.responsibleId)
  put('sourceId', named.sourceId, options.sourceId)
  details.tagIds = [...new Set([...details.tagIds, ...named.tagIds, ...options.tagIds])]
  // Whoever was a visitor is known from now on.
  const known = kind === 'visitor' ? options.kind : kind
  details.fields = { ...details.fields, ...fieldsOf(plan.lookups, known, before, draft, named, rule) }
  // Another spelling of the same name is no other name.
  const renamed = draft.name !== '' && foldText(draft.name) !== foldText(before.name)
  const name = renamed && (rule === 'update' || kind === 'visitor') ? draft.name : before.name
  subject.after = { ...before, kind: known, name, details }
  const parts = [
    addIdentities(plan, subject, draft),
    addAddress(plan, subject, draft, rule),
    addCompany(plan, subject, draft, rule),
    addNote(subject, draft),
  ]
  for (const field of ['nationalId', 'companyNumber'] as const) {
    const key = `${field} ${draft.plain[field]}`
    if (draft.plain[field] !== undefined && !plan.byKey.has(key)) plan.byKey.set(key, subject)
  }
  const changed = parts.some(Boolean) || changeOf('', before, subject.after) !== undefined
  if (changed) plan.subjects.add(subject)
  return changed
}

/** Values of custom fields that this kind of contact has; others are told by their column. */
function fieldsOf(
  { fields, columns }: Lookups,
  kind: ContactKind,
  before: ContactState,
  draft: Draft,
  named: Named,
  rule: Rule,
): Record<string, FieldValue> {
  const had = before.details.fields
  const asked = Object.entries<FieldValue>({ ...draft.fields, ...named.fields }).filter(
    ([key]) => rule === 'update' || had[key] === undefined,
  )
  const values: Record<string, FieldValue> = {}
  for (const [key, value] of asked) {
    if ([value].flat().some((one) => typeof one === 'string' && isToBeMade(one) && key in named.fields)) {
      values[key] = value
      continue
    }
    const { clean, errors } = cleanFieldValues(fields, kind, { [key]: value }, had)
    const column = columns.find(({ target }) => target.target === `field.${key}`)?.heading ?? ''
    for (const { code } of errors) draft.problems.push({ column, code, value: '' })
    const cleaned = clean.values[key]
    if (errors.length === 0 && cleaned !== undefined && cleaned !== null) values[key] = cleaned
  }
  return values
}

function addIdentities(plan: Plan, subject: Subject, draft: Draft): boolean {
  let added = false
  for (const { kind, value, use } of draft.identities) {
    const key = identityKey(kind, value)
    if (subject.identities.has(key)) continue
    subject.identities.add(key)
    plan.byKey.set(key, subject)
    subject.add.identities.push({ kind, value, use })
    added = true
  }
  return added
}

function addAddress({ lookups }: Plan, subject: Subject, { address }: Draft, rule: Rule): boolean {
  const given = ADDRESS_TARGETS.filter((part) => (address[part] ?? '') !== '')
  if (given.length === 0) return false
  const all = subject.addresses
  if (all.some((one) => given.every((part) => one[part] === address[part]))) return false
  if (rule === 'fill' && all.length > 0) return false
  const blank = Object.fromEntries(ADDRESS_TARGETS.map((part) => [part, '']))
  const [only] = all
  if (all.length === 1 && only && only.id !== '') {
    const now: Address = { ...only, ...address, use: only.use, country: only.country }
    subject.add.replaced.push({ was: only, now })
    subject.addresses = [now]
    return true
  }
  const fresh = { ...blank, ...address, use: 'work', country: lookups.country } as Address
  // A second row of one that is not stored yet: what it says counts.
  if (all.length === 1 && only) subject.add.addresses = []
  subject.add.addresses.push(fresh)
  subject.addresses = [...(all.length === 1 && only?.id === '' ? [] : all), { ...fresh, id: '' }]
  return true
}

function addCompany(plan: Plan, subject: Subject, { company, name }: Draft, rule: Rule): boolean {
  // A row about a company names itself.
  if (company === '' || subject.after.kind === 'company' || name === '') return false
  const key = nameKey(company)
  if (key === '') return false
  const known = plan.companies.get(key)
  const target = known ?? makeSubject(plan, 'company', company)
  if (!known) plan.companiesMade++
  const id = typeof target === 'string' ? target : target.id
  if (id === subject.id) return false
  if (subject.add.company === id || subject.companies.some(({ rootId }) => rootId === id)) return false
  if (rule === 'fill' && (subject.companies.length > 0 || subject.add.company !== null)) return false
  // Whoever worked at one company works at the other now.
  if (subject.companies.length === 1) {
    subject.add.droppedCompanies.push(...subject.companies)
    subject.companies = []
  }
  subject.add.company = id
  return true
}

function addNote(subject: Subject, { note }: Draft): boolean {
  if (note === '' || subject.notes.has(note)) return false
  subject.notes.add(note)
  subject.add.notes.push(note)
  return true
}

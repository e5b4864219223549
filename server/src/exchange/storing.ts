import type { FieldValues } from '#shared/api/fields.ts'
import { foldForIndex, foldText, sortKey } from '#shared/text.ts'
import { auditAll } from '../org/audit.ts'
import type { ContactDetails } from '../crm/contact-details.ts'
import { tellFacts } from '../crm/contact-facts.ts'
import { loadFields, storeFields } from '../crm/fields.ts'
import { foldContact, nameKey } from '../crm/folding.ts'
import { publishContacts } from '../crm/publish.ts'
import type { Actor } from '../platform/app.ts'
import type { Tx } from '../platform/db.ts'
import { type Change, changeOf, keepChanges, type KeptAddress, nowOf, storeStates, told } from './changes.ts'
import { Raced, type Subject } from './subjects.ts'
import { ADDRESS_COLUMNS, ADDRESS_NAMES, writeAddress } from './taking-back.ts'

/** Writes all subjects of a piece: a statement for each kind of thing, however many there are. */

const rank = ({ after }: Subject): number => (after.kind === 'company' ? 0 : 1)

/** Answers with the ids that made contacts have, by their makeshift ones. */
export async function storeSubjects(
  tx: Tx,
  actor: Actor,
  operationId: string,
  subjects: readonly Subject[],
): Promise<Map<string, string>> {
  // Companies first: undoing removes the newest first, so people before the companies they work at.
  const made = subjects.filter((subject) => subject.made).sort((a, b) => rank(a) - rank(b))
  const changed = subjects.filter((subject) => !subject.made)
  const ids = await takeIds(tx, 'contact', made.length)
  const idOf = new Map(made.map((subject, n) => [subject.id, ids[n] ?? '']))
  const real = (id: string): string => idOf.get(id) ?? id
  await insertContacts(tx, actor, made, ids)
  const parts = await insertParts(tx, actor, subjects, real)
  await tx.query(
    `insert into activity_event (contact_id, kind, actor_id, data) select unnest($1::bigint[]), 'contact_made', $2, $3`,
    [ids, actor.userId, JSON.stringify({ operationId })],
  )
  await storeStates(
    tx,
    changed.map(({ id, before, after }) => ({ id, before, after })),
  )
  const at = await nowOf(tx)
  await keepChanges(
    tx,
    operationId,
    subjects.map((subject) => kept(subject, real(subject.id), at, parts)),
  )
  await auditAll(
    tx,
    actor,
    'contact.changed',
    changed.map(({ id, before, after }) => ({
      subject: { kind: 'contact', id },
      before: told(before),
      after: told(after),
    })),
  )
  publishContacts(
    tx,
    subjects.map((subject) => ({
      id: real(subject.id),
      kind: subject.after.kind,
      origin_channel_id: null,
      channel_ids: [],
    })),
  )
  await tellFacts(
    tx,
    actor.userId,
    subjects.map((subject) => ({
      id: real(subject.id),
      kind: subject.after.kind,
      before: subject.made ? null : told(subject.before),
      after: told(subject.after),
    })),
  )
  return idOf
}

async function takeIds(tx: Tx, table: string, count: number): Promise<string[]> {
  if (count === 0) return []
  const rows = await tx.query<{ id: string }>(
    `with sequence as materialized (select pg_get_serial_sequence($1, 'id')::regclass as name)
     select nextval(name)::text as id from sequence, generate_series(1, $2)`,
    [table, count],
  )
  return rows.map((row) => row.id)
}

/** With what they are searched and sorted by, as `refold` would sum it up: each row is written once. */
async function insertContacts(tx: Tx, actor: Actor, made: readonly Subject[], ids: readonly string[]): Promise<void> {
  if (made.length === 0) return
  const wordsOf = await fieldWords(tx)
  const column = <K extends keyof ContactDetails>(name: K): ContactDetails[K][] =>
    made.map(({ after }) => after.details[name])
  const names = made.map(({ after }) => after.name)
  await tx.query(
    `insert into contact (id, root_id, created_by, kind, name, folded, sort_name, name_key, about, responsible_id, source_id,
       tag_ids, job_title, birth_date, national_id, company_number, economic_code, registration_number, fields)
       overriding system value
     select n.id, n.id, $1, n.kind, n.name, n.folded, n.sort_name, n.name_key, n.about, n.responsible_id, n.source_id,
       n.tag_ids::bigint[], n.job_title, n.birth_date, n.national_id, n.company_number, n.economic_code, n.registration_number, n.fields
     from unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[],
       $10::bigint[], $11::text[], $12::text[], $13::date[], $14::text[], $15::text[], $16::text[], $17::text[], $18::jsonb[])
       as n(id, kind, name, folded, sort_name, name_key, about, responsible_id, source_id, tag_ids, job_title, birth_date,
         national_id, company_number, economic_code, registration_number, fields)`,
    [
      actor.userId,
      ids,
      made.map(({ after }) => after.kind),
      names,
      made.map((subject) => foldedOf(subject, wordsOf)),
      names.map((name) => sortKey(name)),
      names.map(nameKey),
      column('about'),
      column('responsibleId'),
      column('sourceId'),
      column('tagIds').map((tagIds) => `{${tagIds.join()}}`),
      column('jobTitle'),
      column('birthDate'),
      column('nationalId'),
      column('companyNumber'),
      column('economicCode'),
      column('registrationNumber'),
      column('fields').map((fields) => JSON.stringify(fields)),
    ],
  )
  await storeFields(
    tx,
    'contact',
    made.map(({ after }, n) => ({ id: ids[n] ?? '', fields: after.details.fields })),
  )
}

/** How much of one long value is found by searching contacts (refold.ts). */
const LONGEST_VALUE = 2000

/** The words of a contact's texts and links, in the order of the fields' ids. */
async function fieldWords(tx: Tx): Promise<(fields: FieldValues) => string[]> {
  const fields = await loadFields(tx, 'contact')
  const worded = fields
    .filter(({ type }) => type === 'text' || type === 'link')
    .sort((a, b) => Number(a.id) - Number(b.id))
  return (values) =>
    worded.flatMap(({ key }) => {
      const value = values[key]
      return typeof value === 'string' ? [` ${foldForIndex(value, 10_000)}`.slice(0, LONGEST_VALUE)] : []
    })
}

function foldedOf({ after, add }: Subject, wordsOf: (fields: FieldValues) => string[]): string {
  const { nationalId, companyNumber, economicCode, registrationNumber, fields } = after.details
  const numbers = [nationalId, companyNumber, economicCode, registrationNumber].filter((one) => one !== null)
  return foldContact(
    [after.name],
    add.identities.map(({ kind, value }) => ({ kind, value, display: null })),
    [...numbers.map(foldText), ...wordsOf(fields)],
  )
}

/** Ids of what was written, by the subject. */
interface Parts {
  identities: Map<Subject, string[]>
  addresses: Map<Subject, KeptAddress[]>
  relations: Map<Subject, string[]>
  notes: Map<Subject, string[]>
}

async function insertParts(
  tx: Tx,
  actor: Actor,
  subjects: readonly Subject[],
  real: (id: string) => string,
): Promise<Parts> {
  return {
    identities: await insertIdentities(tx, subjects, real),
    addresses: await insertAddresses(tx, subjects, real),
    relations: await insertRelations(tx, actor, subjects, real),
    notes: await insertNotes(tx, actor, subjects, real),
  }
}

function grouped<T>(rows: readonly { subject: Subject; value: T }[]): Map<Subject, T[]> {
  const groups = new Map<Subject, T[]>()
  for (const { subject, value } of rows) groups.set(subject, [...(groups.get(subject) ?? []), value])
  return groups
}

async function insertIdentities(
  tx: Tx,
  subjects: readonly Subject[],
  real: (id: string) => string,
): Promise<Map<Subject, string[]>> {
  const rows = subjects.flatMap((subject) => subject.add.identities.map((identity) => ({ subject, identity })))
  if (rows.length === 0) return new Map()
  const ids = await takeIds(tx, 'identity', rows.length)
  const made = await tx.query(
    // The unique key decides. In its order, so that two who write the same wait for each other in one direction.
    `insert into identity (id, contact_id, kind, value, use) overriding system value
     select a.id, a.contact_id, a.kind, a.value, a.use
     from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[]) as a(id, contact_id, kind, value, use)
     order by a.kind, a.value on conflict (kind, value) do nothing returning id`,
    [
      ids,
      rows.map(({ subject }) => real(subject.id)),
      rows.map(({ identity }) => identity.kind),
      rows.map(({ identity }) => identity.value),
      rows.map(({ identity }) => identity.use ?? null),
    ],
  )
  if (made.length < rows.length) throw new Raced('somebody was faster')
  return grouped(rows.map(({ subject }, n) => ({ subject, value: ids[n] ?? '' })))
}

async function insertAddresses(
  tx: Tx,
  subjects: readonly Subject[],
  real: (id: string) => string,
): Promise<Map<Subject, KeptAddress[]>> {
  for (const { now } of subjects.flatMap((subject) => subject.add.replaced)) await writeAddress(tx, now)
  const rows = subjects.flatMap((subject) => subject.add.addresses.map((address) => ({ subject, address })))
  if (rows.length === 0) return new Map()
  const ids = await takeIds(tx, 'contact_address', rows.length)
  await tx.query(
    `insert into contact_address (id, contact_id, ${ADDRESS_COLUMNS}) overriding system value
     select * from unnest($1::bigint[], $2::bigint[], ${ADDRESS_NAMES.map((_, n) => `$${n + 3}::text[]`).join()})`,
    [
      ids,
      rows.map(({ subject }) => real(subject.id)),
      ...ADDRESS_NAMES.map((part) => rows.map(({ address }) => address[part] ?? '')),
    ],
  )
  return grouped(
    rows.map(({ subject, address }, n) => {
      const parts = ADDRESS_NAMES.map((part) => [part, address[part] ?? ''] as const)
      return { subject, value: { ...Object.fromEntries(parts), id: ids[n] ?? '' } }
    }),
  )
}

async function insertRelations(
  tx: Tx,
  actor: Actor,
  subjects: readonly Subject[],
  real: (id: string) => string,
): Promise<Map<Subject, string[]>> {
  const dropped = subjects.flatMap((subject) => subject.add.droppedCompanies)
  if (dropped.length > 0)
    await tx.query('delete from contact_relation where id = any($1::bigint[])', [
      dropped.map(({ relation }) => relation.id),
    ])
  const rows = subjects.flatMap((subject) =>
    subject.add.company === null ? [] : [{ subject, company: real(subject.add.company) }],
  )
  if (rows.length === 0) return new Map()
  const ids = await takeIds(tx, 'contact_relation', rows.length)
  const made = await tx.query<{ id: string }>(
    `insert into contact_relation (id, from_id, to_id, kind, title, created_by) overriding system value
     select r.id, r.from_id, r.to_id, 'works_at', '', $1 from unnest($2::bigint[], $3::bigint[], $4::bigint[]) as r(id, from_id, to_id)
     on conflict do nothing returning id`,
    [actor.userId, ids, rows.map(({ subject }) => real(subject.id)), rows.map(({ company }) => company)],
  )
  const written = new Set(made.map((row) => row.id))
  return grouped(
    rows.flatMap(({ subject }, n) => (written.has(ids[n] ?? '') ? [{ subject, value: ids[n] ?? '' }] : [])),
  )
}

async function insertNotes(
  tx: Tx,
  actor: Actor,
  subjects: readonly Subject[],
  real: (id: string) => string,
): Promise<Map<Subject, string[]>> {
  const rows = subjects.flatMap((subject) => subject.add.notes.map((text) => ({ subject, text })))
  if (rows.length === 0) return new Map()
  const ids = await takeIds(tx, 'note', rows.length)
  await tx.query(
    `insert into note (id, contact_id, author_id, text) overriding system value
     select n.id, n.contact_id, $1, n.text from unnest($2::bigint[], $3::bigint[], $4::text[]) as n(id, contact_id, text)`,
    [actor.userId, ids, rows.map(({ subject }) => real(subject.id)), rows.map(({ text }) => text)],
  )
  return grouped(rows.map(({ subject }, n) => ({ subject, value: ids[n] ?? '' })))
}

const own = <T>(name: string, list: readonly T[] | undefined): Record<string, readonly T[]> =>
  list === undefined || list.length === 0 ? {} : { [name]: list }

/** What undoing needs to know. */
function kept(subject: Subject, contactId: string, at: string, parts: Parts): Change {
  const { made, add } = subject
  const change = made ? undefined : changeOf(contactId, subject.before, subject.after)
  return {
    contactId,
    made,
    before: {
      ...(made ? {} : { at: subject.before.at }),
      ...change?.before,
      ...own(
        'replaced',
        add.replaced.map(({ was }) => was),
      ),
      ...own(
        'relations',
        add.droppedCompanies.map(({ relation }) => relation),
      ),
    },
    after: {
      ...change?.after,
      at,
      ...own('identityIds', parts.identities.get(subject)),
      ...own('addresses', parts.addresses.get(subject)),
      ...own(
        'replaced',
        add.replaced.map(({ now }) => now),
      ),
      ...own('relationIds', parts.relations.get(subject)),
      ...own('noteIds', parts.notes.get(subject)),
    },
  }
}

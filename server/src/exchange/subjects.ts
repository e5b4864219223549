import type { Address, AddressNew, IdentityNew } from '#shared/api/contacts.ts'
import { contactVisible, isWithin, parameters } from '../crm/visibility.ts'
import { lockRoots } from '../crm/locking.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { type ContactState, type KeptRelation, readStates } from './changes.ts'
import type { Draft } from './drafts.ts'
import { ADDRESS_PARTS } from './taking-back.ts'

/** Somebody was faster with a number, an address or a contact: the rows are planned anew, and meet what that one did. */
export class Raced extends Error {}

/** A contact that rows are about: one there is, or one to be made. */
export interface Subject {
  /** `new 1` … of those to be made. */
  id: string
  made: boolean
  before: ContactState
  after: ContactState
  /** Kind and value of what it and all merged into it have. */
  identities: Set<string>
  addresses: Address[]
  /** `rootId`: what the company has become. */
  companies: { rootId: string; relation: KeptRelation }[]
  notes: Set<string>
  /** What comes to it. */
  add: {
    identities: { kind: string; value: string; use: IdentityNew['use'] }[]
    addresses: AddressNew[]
    replaced: { was: Address; now: Address }[]
    company: string | null
    droppedCompanies: Subject['companies']
    notes: string[]
  }
}

export const nothingToAdd = (): Subject['add'] => ({
  identities: [],
  addresses: [],
  replaced: [],
  company: null,
  droppedCompanies: [],
  notes: [],
})

/** Why a row cannot have an identity: somebody has it whom the importer may not see or who is deleted. */
export type Blocked = 'identity_taken' | 'identity_deleted'

/** Whom the keys of rows lead to: `phone +98…`, `nationalId …`, `companyNumber …`. */
export interface Matches {
  byKey: Map<string, string | { blocked: Blocked }>
}

export const identityKey = (kind: string, value: string): string => `${kind} ${value}`

export async function matchKeys(db: Db, actor: Actor, drafts: readonly Draft[]): Promise<Matches['byKey']> {
  const byKey: Matches['byKey'] = new Map()
  const identities = drafts.flatMap((draft) => draft.identities)
  const owners = await db.query<{
    kind: string
    value: string
    id: string
    root_kind: 'person'
    origin_channel_id: string | null
    channel_ids: string[]
    deleted: boolean
  }>(
    // identity_kind_value_key, then contact_pkey twice
    `select i.kind, i.value, r.id, r.kind as root_kind, r.origin_channel_id, r.channel_ids, r.deleted_at is not null as deleted
     from (select distinct * from unnest($1::text[], $2::text[]) as a(kind, value)) asked
     join identity i on i.kind = asked.kind and i.value = asked.value
     join contact c on c.id = i.contact_id join contact r on r.id = c.root_id`,
    [identities.map(({ kind }) => kind), identities.map(({ value }) => value)],
  )
  for (const { kind, value, id, root_kind, origin_channel_id, channel_ids, deleted } of owners) {
    const seen = isWithin(actor, { kind: root_kind, origin_channel_id, channel_ids })
    const blocked = !seen ? 'identity_taken' : deleted ? 'identity_deleted' : undefined
    byKey.set(identityKey(kind, value), blocked ? { blocked } : id)
  }
  for (const [field, column] of [
    ['nationalId', 'national_id'],
    ['companyNumber', 'company_number'],
  ] as const) {
    const values = [...new Set(drafts.flatMap((draft) => draft.plain[field] ?? []))]
    if (values.length === 0) continue
    const params = parameters()
    const rows = await db.query<{ id: string; value: string }>(
      // contact_national_id, contact_company_number; the oldest of several
      `select c.id, c.${column} as value from contact c where c.${column} = any(${params.add(values)}::text[]) and c.listed
         and ${contactVisible(actor, 'c', params)} order by c.id desc`,
      params.values,
    )
    for (const row of rows) byKey.set(`${field} ${row.value}`, row.id)
  }
  return byKey
}

/** Contacts as they are, with what they have; locked when a transaction is given. Those that are gone are left out. */
export async function loadSubjects(db: Db | Tx, ids: readonly string[], lock: boolean): Promise<Map<string, Subject>> {
  const wanted = [...new Set(ids)]
  if (wanted.length === 0) return new Map()
  if (lock && isTx(db)) {
    const roots = await lockRoots(db, wanted)
    // Merged or deleted since it was found.
    const settled = wanted.every((id) => roots.get(id)?.id === id && roots.get(id)?.deleted_at === null)
    if (!settled) throw new Raced('a contact has changed hands')
  }
  const states = await readStates(db, wanted)
  const subjects = new Map<string, Subject>()
  for (const [id, state] of states)
    subjects.set(id, {
      id,
      made: false,
      before: state,
      after: state,
      identities: new Set(),
      addresses: [],
      companies: [],
      notes: new Set(),
      add: nothingToAdd(),
    })
  await loadParts(db, wanted, subjects)
  return subjects
}

const isTx = (db: Db): db is Tx => 'publish' in db

const FAMILY = `(select root.id union all
  select c.id from contact c where c.root_id = root.id and c.merged_into_id is not null) as member(id)`

async function loadParts(db: Db, ids: readonly string[], subjects: ReadonlyMap<string, Subject>): Promise<void> {
  const identities = await db.query<{ root_id: string; kind: string; value: string }>(
    // contact_root, identity_contact
    `select root.id as root_id, i.kind, i.value from unnest($1::bigint[]) as root(id)
     cross join lateral ${FAMILY} join identity i on i.contact_id = member.id`,
    [ids],
  )
  for (const { root_id, kind, value } of identities) subjects.get(root_id)?.identities.add(identityKey(kind, value))
  const addresses = await db.query<Address & { root_id: string }>(
    // contact_root, contact_address_contact
    `select root.id as root_id, a.* from unnest($1::bigint[]) as root(id) cross join lateral ${FAMILY}
     cross join lateral (select id, ${ADDRESS_PARTS} from contact_address a where a.contact_id = member.id) a order by a.id`,
    [ids],
  )
  for (const { root_id, ...address } of addresses) subjects.get(root_id)?.addresses.push(address)
  const relations = await db.query<KeptRelation & { root_id: string; company_id: string }>(
    // Those written with the root itself; the unique key of contact_relation.
    `select r.from_id as root_id, r.id, c.root_id as company_id, r.to_id as "toId", r.kind, r.title, r.created_by as "createdBy",
       r.created_at::text as "createdAt"
     from contact_relation r join contact c on c.id = r.to_id where r.from_id = any($1::bigint[]) and r.kind = 'works_at' order by r.id`,
    [ids],
  )
  for (const { root_id, company_id: rootId, ...relation } of relations)
    subjects.get(root_id)?.companies.push({ rootId, relation })
  const notes = await db.query<{ contact_id: string; text: string }>(
    // note_contact
    'select contact_id, text from note where contact_id = any($1::bigint[]) and deleted_at is null',
    [ids],
  )
  for (const { contact_id, text } of notes) subjects.get(contact_id)?.notes.add(text)
}

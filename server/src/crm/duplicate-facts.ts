import type { ContactKind } from '#shared/api/contacts.ts'
import type { Db } from '../platform/db.ts'
import { emailBox, type Facts, officeDomain, phoneTail } from './duplicate-reasons.ts'

/** What the finder knows of contacts, and with whom each is compared. Every statement serves many contacts at once. */

/** More contacts than this under one key say nothing about any two of them: they are not compared by it. */
const LARGEST_BLOCK = 50

/** Of root contacts that are listed; others are left out. */
export async function loadFacts(db: Db, ids: readonly string[]): Promise<Map<string, Facts>> {
  if (ids.length === 0) return new Map()
  const members = await db.query<Member>(
    // contact_pkey; the merged ones by contact_root.
    `with root as (select id, kind, name, name_key from contact where id = any($1::bigint[]) and listed)
     select r.id as root_id, r.id, r.kind, r.name, r.name_key, c.national_id, c.company_number
     from root r join contact c on c.id = r.id
     union all
     select r.id, c.id, r.kind, r.name, r.name_key, c.national_id, c.company_number
     from root r join contact c on c.root_id = r.id and c.merged_into_id is not null`,
    [ids],
  )
  const rootOf = new Map(members.map((member) => [member.id, member.root_id]))
  const identities = await db.query<{ contact_id: string; kind: string; value: string }>(
    // identity_contact
    `select contact_id, kind, value from identity where contact_id = any($1::bigint[]) and kind in ('phone', 'email') order by id`,
    [[...rootOf.keys()]],
  )
  const companies = await db.query<{ contact_id: string; id: string; name: string }>(
    // contact_relation_from_id_to_id_kind_key
    `select r.from_id as contact_id, o.id, o.name from contact_relation r
     join contact c on c.id = r.to_id join contact o on o.id = c.root_id
     where r.from_id = any($1::bigint[]) and r.kind = 'works_at' and o.deleted_at is null and o.kind <> 'visitor' order by r.id`,
    [[...rootOf.keys()]],
  )
  const facts = new Map<string, Writable>()
  for (const member of members) {
    const one = facts.get(member.root_id) ?? empty(member)
    if (member.national_id) one.nationalIds.push(member.national_id)
    if (member.company_number) one.companyNumbers.push(member.company_number)
    facts.set(one.id, one)
  }
  for (const { contact_id, kind, value } of identities)
    facts.get(rootOf.get(contact_id) ?? '')?.[kind === 'phone' ? 'phones' : 'emails'].push(value)
  for (const { contact_id, id, name } of companies)
    facts.get(rootOf.get(contact_id) ?? '')?.companies.push({ id, name })
  return facts
}

interface Member {
  root_id: string
  id: string
  kind: ContactKind
  name: string
  name_key: string
  national_id: string | null
  company_number: string | null
}
type Writable = { [K in keyof Facts]: Facts[K] extends readonly (infer T)[] ? T[] : Facts[K] }

function empty({ root_id, kind, name, name_key }: Member): Writable {
  const lists = { nationalIds: [], companyNumbers: [], phones: [], emails: [], companies: [] }
  return { id: root_id, kind, name, nameKey: name_key, ...lists }
}

/** Under which keys a contact meets others. */
const BLOCKS = {
  national_id: (facts: Facts) => facts.nationalIds,
  company_number: (facts: Facts) => facts.companyNumbers,
  phone: (facts: Facts) => facts.phones.flatMap((phone) => phoneTail(phone) ?? []),
  email: (facts: Facts) => facts.emails.map(emailBox).filter(Boolean),
  name: (facts: Facts) => (facts.nameKey === '' ? [] : [facts.nameKey]),
  // Only near names are looked for there.
  domain: (facts: Facts) => facts.emails.flatMap((email) => officeDomain(email) ?? []),
  company: (facts: Facts) => facts.companies.map((company) => company.id),
} as const satisfies Record<string, (facts: Facts) => readonly string[]>
type Block = keyof typeof BLOCKS
const BLOCK_NAMES: readonly Block[] = ['national_id', 'company_number', 'phone', 'email', 'name', 'domain', 'company']

/** SQL: who meets under the key `k.key`; bounded, so that a common key costs no more than a rare one. */
const MEET: Record<Block, string> = {
  // contact_national_id
  national_id: 'select id from contact where national_id = k.key',
  // contact_company_number
  company_number: 'select id from contact where company_number = k.key',
  // identity_phone_tail
  phone: `select contact_id from identity where kind = 'phone' and right(value, 8) = k.key`,
  // identity_email_box
  email: `select contact_id from identity where kind = 'email'
    and replace(split_part(split_part(value, '@', 1), '+', 1), '.', '') = k.key`,
  // contact_name_key
  name: `select id from contact where listed and name_key <> '' and name_key = k.key`,
  // identity_email_domain
  domain: `select contact_id from identity where kind = 'email' and split_part(value, '@', 2) = k.key`,
  // contact_root, contact_relation_to: of the company and those merged into it.
  company: `select r.from_id from (
      select k.key::bigint as id union all
      select c.id from contact c where c.root_id = k.key::bigint and c.merged_into_id is not null) m
    join contact_relation r on r.to_id = m.id where r.kind = 'works_at'`,
}

/** Who meets whom: roots by block and key. */
export interface Meetings {
  of(facts: Facts): Set<string>
  /** How many bear the name; more than LARGEST_BLOCK are not counted out. */
  bearers(nameKey: string): number
  /** Keys under which too many meet. */
  skipped: { block: Block; key: string }[]
}

export async function findMeetings(db: Db, all: readonly Facts[]): Promise<Meetings> {
  const met = new Map<string, string[]>()
  const skipped: Meetings['skipped'] = []
  for (const block of BLOCK_NAMES) {
    const keys = [...new Set(all.flatMap(BLOCKS[block]))]
    if (keys.length === 0) continue
    const rows = await db.query<{ key: string; root_id: string }>(
      `select k.key, c.root_id from unnest($1::text[]) as k(key)
       cross join lateral (${MEET[block]} limit ${LARGEST_BLOCK + 1}) as m(id) join contact c on c.id = m.id`,
      [keys],
    )
    for (const { key, root_id } of rows) {
      const roots = met.get(`${block} ${key}`)
      if (roots) roots.push(root_id)
      else met.set(`${block} ${key}`, [root_id])
    }
    for (const key of keys) if (tooMany(met.get(`${block} ${key}`))) skipped.push({ block, key })
  }
  return {
    of(facts) {
      const others = new Set<string>()
      for (const block of BLOCK_NAMES)
        for (const key of BLOCKS[block](facts)) {
          const roots = met.get(`${block} ${key}`)
          if (!tooMany(roots)) for (const id of roots ?? []) others.add(id)
        }
      others.delete(facts.id)
      return others
    },
    bearers: (nameKey) => met.get(`name ${nameKey}`)?.length ?? LARGEST_BLOCK + 1,
    skipped,
  }
}

const tooMany = (roots: readonly string[] | undefined): boolean => (roots?.length ?? 0) > LARGEST_BLOCK

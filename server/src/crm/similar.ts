import type { SimilarAnswer, SimilarAsk, SimilarContact } from '#shared/api/duplicates.ts'
import { cleanCompanyNumber, cleanNationalId } from '#shared/national-ids.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { loadContactItems } from './contact-views.ts'
import { findMeetings, loadFacts } from './duplicate-facts.ts'
import { ENOUGH, type Facts, reasonsFor } from './duplicate-reasons.ts'
import { cleanName, nameKey } from './folding.ts'
import { homeCountry, normalizeIdentity } from './identities.ts'
import { contactVisible, type Parameters, parameters } from './visibility.ts'

const SHOWN = 5

/**
 * Contacts that the one being typed may be already, by the rules by which duplicates are found. What is not yet whole is
 * left out. Of a number whose owner one may not see only that it is taken is told, as when one stores it.
 */
export async function similarContacts(db: Db, actor: Actor, ask: SimilarAsk): Promise<SimilarAnswer> {
  const country = await homeCountry(db)
  const identities = (ask.identities ?? []).map(({ kind, value }) => ({ kind, value: whole(kind, value, country) }))
  const owners = await ownersOf(db, actor, identities)
  const typed = factsOf(ask, identities, country)
  const meetings = await findMeetings(db, [typed])
  const ids = new Set([...meetings.of(typed), ...[...owners.values()].flatMap((owner) => owner.id ?? [])])
  const facts = await loadFacts(db, await seenOf(db, actor, [...ids]))
  const claimed = new Map([...owners].map(([n, owner]) => [owner.id, identities[n]?.value]))
  const bearers = meetings.bearers(typed.nameKey) + 1
  const best = [...facts.values()]
    .map((one) => ({ id: one.id, ...reasonsFor(typed, one, { claimed: claimed.get(one.id) ?? undefined, bearers }) }))
    .filter(({ score }) => score >= ENOUGH)
    .sort((a, b) => b.score - a.score || Number(BigInt(b.id) - BigInt(a.id)))
    .slice(0, SHOWN)
  const items = await loadContactItems(
    db,
    actor,
    best.map(({ id }) => id),
  )
  return {
    items: best.flatMap(({ id, score, reasons }): SimilarContact[] => {
      const contact = items.find((item) => item.id === id)
      return contact ? [{ contact, score, reasons }] : []
    }),
    taken: [...owners].filter(([, owner]) => owner.id === null).map(([n]) => n),
  }
}

interface Typed {
  kind: string
  /** Normalised; undefined while it is not one. */
  value: string | undefined
}

function whole(kind: string, value: string, country: string): string | undefined {
  try {
    return normalizeIdentity(kind, value, country)
  } catch (error) {
    if (error instanceof Problem) return undefined
    throw error
  }
}

function factsOf(ask: SimilarAsk, identities: readonly Typed[], country: string): Facts {
  const values = (kind: string): string[] =>
    identities.flatMap((identity) => (identity.kind === kind ? (identity.value ?? []) : []))
  const name = cleanName(ask.name ?? '')
  const number = (written: string | undefined, clean: typeof cleanNationalId): string[] => {
    const result = clean(written ?? '', country)
    return 'value' in result && result.value ? [result.value] : []
  }
  return {
    id: '',
    // Whether it is a person or a company is not said; either is compared with it.
    kind: 'lead',
    name,
    nameKey: nameKey(name),
    nationalIds: number(ask.nationalId, cleanNationalId),
    companyNumbers: number(ask.companyNumber, cleanCompanyNumber),
    phones: values('phone'),
    emails: values('email'),
    companies: [],
  }
}

/** Who has the identities, by their place; id null: somebody whom the actor does not see. */
async function ownersOf(
  db: Db,
  actor: Actor,
  identities: readonly Typed[],
): Promise<Map<number, { id: string | null }>> {
  const params = parameters()
  const asked = identities.flatMap((identity, n) => (identity.value === undefined ? [] : [{ ...identity, n }]))
  if (asked.length === 0) return new Map()
  const rows = await db.query<{ n: number; id: string; seen: boolean }>(
    // identity_kind_value_key
    `select a.n, r.id, ${contactVisible(actor, 'r', params)} as seen
     from unnest(${params.add(asked.map(({ n }) => n))}::int[], ${params.add(asked.map(({ kind }) => kind))}::text[],
       ${params.add(asked.map(({ value }) => value))}::text[]) as a(n, kind, value)
     join identity i on i.kind = a.kind and i.value = a.value
     join contact c on c.id = i.contact_id join contact r on r.id = c.root_id`,
    params.values,
  )
  return new Map(rows.map(({ n, id, seen }) => [n, { id: seen ? id : null }]))
}

async function seenOf(db: Db, actor: Actor, ids: readonly string[]): Promise<string[]> {
  const params: Parameters = parameters()
  const rows = await db.query<{ id: string }>(
    `select c.id from contact c where c.id = any(${params.add(ids)}::bigint[]) and c.listed and ${contactVisible(actor, 'c', params)}`,
    params.values,
  )
  return rows.map((row) => row.id)
}

import { nameKey, foldContact } from '../crm/folding.ts'
import { recheck } from '../crm/duplicate-pairs.ts'
import { tellFacts } from '../crm/contact-facts.ts'
import { contactVisible, parameters } from '../crm/visibility.ts'
import { sortKey } from '#shared/text.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import type { LiveChannel } from '../conversations/channel-registry.ts'
import { type NoWay, type Way, waysTo } from '../conversations/routes.ts'
import { excludedAmong } from './exclusions.ts'

/** Those of the contacts that the actor may see, as what they have become: root by contact. */
export async function visibleRoots(db: Db, actor: Actor, ids: readonly string[]): Promise<Map<string, string>> {
  const params = parameters()
  const rows = await db.query<{ id: string; root_id: string }>(
    // contact_pkey, twice
    `select c.id, r.id as root_id from contact c join contact r on r.id = c.root_id
     where c.id = any(${params.add(ids)}::bigint[]) and ${contactVisible(actor, 'r', params)}`,
    params.values,
  )
  return new Map(rows.map((row) => [row.id, row.root_id]))
}

/** Whose numbers these are, by number (identity_kind_value_key). */
export async function ownersOf(db: Db, phones: readonly string[]): Promise<Map<string, string>> {
  const rows = await db.query<{ value: string; contact_id: string }>(
    `select value, contact_id from identity where kind = 'phone' and value = any($1::text[])`,
    [phones],
  )
  return new Map(rows.map((row) => [row.value, row.contact_id]))
}

/**
 * Makes leads of numbers that nobody has, a few statements for all; whoever is faster with one of them has it.
 * @param people numbers in E.164, each once
 */
export async function makeLeads(
  tx: Tx,
  userId: string,
  people: readonly { phone: string; name: string }[],
): Promise<void> {
  if (people.length === 0) return
  const named = people.map(({ phone, name }) => ({ phone, name: name || phone }))
  const made = await tx.query<{ contact_id: string; value: string }>(
    // As senders are made (crm/identities.ts): the identity's unique key decides who makes the contact.
    `with asked as materialized (
       select a.*, nextval(pg_get_serial_sequence('contact', 'id')) as contact_id
       from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) with ordinality as a(phone, name, folded, sort_name, name_key, n)),
     made as (
       insert into identity (contact_id, kind, value, use) select contact_id, 'phone', phone, 'mobile' from asked order by n
       on conflict (kind, value) do nothing returning contact_id, value),
     people as (
       insert into contact (id, kind, name, root_id, folded, sort_name, name_key, created_by) overriding system value
       select a.contact_id, 'lead', a.name, a.contact_id, a.folded, a.sort_name, a.name_key, $6 from asked a join made using (contact_id)),
     told as (
       insert into activity_event (contact_id, kind, actor_id) select contact_id, 'contact_made', $6::bigint from made order by contact_id)
     select contact_id, value from made`,
    [
      named.map((one) => one.phone),
      named.map((one) => one.name),
      named.map(({ phone, name }) => foldContact([name], [{ kind: 'phone', value: phone, display: null }])),
      named.map((one) => sortKey(one.name)),
      named.map((one) => nameKey(one.name)),
      userId,
    ],
  )
  if (made.length === 0) return
  const ids = made.map((row) => row.contact_id)
  await recheck(tx, ids)
  const names = new Map(named.map((one) => [one.phone, one.name]))
  await tellFacts(
    tx,
    userId,
    made.map(({ contact_id, value }) => ({
      id: contact_id,
      kind: 'lead' as const,
      before: null,
      after: { kind: 'lead', name: names.get(value) ?? value },
    })),
  )
  tx.publish({ need: 'contact.view' }, { kind: 'contact', ids })
}

export type Judged =
  | { ways: [Way, ...Way[]] }
  | { reason: 'opted_out' | 'no_way' | 'unreachable'; detail: string | null }

/** Who of the contacts (roots) can be written to and how: by the exclusion list and the ways there are now. */
export async function judgeAll(
  db: Db,
  channels: readonly LiveChannel[],
  rootIds: readonly string[],
): Promise<Map<string, Judged>> {
  const excluded = await excludedAmong(db, rootIds)
  const found = await waysTo(
    db,
    channels,
    rootIds.filter((id) => excluded.get(id)?.all !== true),
  )
  return new Map(
    rootIds.map((id): [string, Judged] => {
      const out = excluded.get(id)
      if (out?.all) return [id, { reason: 'opted_out', detail: null }]
      const { ways, no } = found.get(id) ?? { ways: [], no: [] }
      const [first, ...others] = ways.filter((way) => !out?.channelIds.has(way.channelId))
      if (first) return [id, { ways: [first, ...others] }]
      return [id, ways.length > 0 ? { reason: 'opted_out', detail: null } : noWay(no)]
    }),
  )
}

function noWay(no: readonly NoWay[]): Judged {
  const rests = no.flatMap(({ reason, until }) => (reason === 'unreachable' && until !== undefined ? [until] : []))
  const [soonest] = rests.toSorted()
  return soonest === undefined ? { reason: 'no_way', detail: null } : { reason: 'unreachable', detail: soonest }
}

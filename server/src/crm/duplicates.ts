import type { DuplicateWhy } from '#shared/api/duplicates.ts'
import type { Db, Tx } from '../platform/db.ts'
import { findMeetings, loadFacts, type Meetings } from './duplicate-facts.ts'
import { rootsOf, tellDuplicates } from './duplicate-pairs.ts'
import { ENOUGH, type Facts, reasonsFor, saysMore } from './duplicate-reasons.ts'

/**
 * Who may be who. Contacts meet under keys (a number's end, a mailbox, a name …) and are then compared; what is found is
 * written into `duplicate`. Rights are not looked at here: who reads a pair must see both.
 */

interface Found {
  a: string
  b: string
  score: number
  reasons: DuplicateWhy[]
}

/**
 * Looks at contacts anew: pairs of theirs are found, brought up to date or, with no reason left, taken away. What
 * somebody dismissed comes again only when more speaks for it than then. The work for each contact is bounded.
 */
export async function findDuplicates(tx: Tx, contactIds: readonly string[]): Promise<void> {
  const roots = await rootsOf(tx, contactIds)
  const looked = await loadFacts(tx, roots)
  const claims = await claimsOf(tx, roots)
  const meetings = await findMeetings(tx, [...looked.values()])
  const known = new Map([...(await loadOthers(tx, looked, claims, meetings)), ...looked])
  const dismissed = await dismissedOf(tx, roots)
  const found = new Map<string, Found>()
  for (const one of looked.values())
    for (const id of new Set([...meetings.of(one), ...(claims.get(one.id)?.keys() ?? [])])) {
      const other = known.get(id)
      if (!other || found.has(pairKey(one.id, id))) continue
      const bearers = meetings.bearers(one.nameKey)
      const { score, reasons } = reasonsFor(one, other, { claimed: claims.get(one.id)?.get(id), bearers })
      const key = pairKey(one.id, id)
      if (score < ENOUGH || !saysMore(reasons, dismissed.get(key) ?? [])) continue
      const [a = '', b = ''] = key.split(' ')
      found.set(key, { a, b, score, reasons })
    }
  await writePairs(tx, [...new Set([...contactIds, ...roots])], found)
  await noteSkipped(tx, meetings)
}

/** Two ids, the smaller first. */
function pairKey(one: string, other: string): string {
  return BigInt(one) < BigInt(other) ? `${one} ${other}` : `${other} ${one}`
}

function loadOthers(
  db: Db,
  looked: ReadonlyMap<string, Facts>,
  claims: Claims,
  meetings: Meetings,
): Promise<Map<string, Facts>> {
  const ids = new Set([...looked.values()].flatMap((one) => [...meetings.of(one)]))
  for (const others of claims.values()) for (const id of others.keys()) ids.add(id)
  return loadFacts(
    db,
    [...ids].filter((id) => !looked.has(id)),
  )
}

/** By root: the roots with whom it has an open conflict, and over what. */
type Claims = Map<string, Map<string, string>>

const MEMBERS = `member as (
  select c.id, c.root_id from contact c where c.id = any($1::bigint[])
  union all
  select c.id, c.root_id from contact c where c.root_id = any($1::bigint[]) and c.merged_into_id is not null)`

async function claimsOf(db: Db, roots: readonly string[]): Promise<Claims> {
  const rows = await db.query<{ root_id: string; other: string; value: string }>(
    // contact_root, the unique key of identity_conflict, identity_contact, identity_conflict_identity
    `with ${MEMBERS}
     select m.root_id, o.root_id as other, i.value from member m
     join identity_conflict k on k.contact_id = m.id and k.settled_at is null
     join identity i on i.id = k.identity_id join contact o on o.id = i.contact_id
     union
     select m.root_id, o.root_id, i.value from member m
     join identity i on i.contact_id = m.id
     join identity_conflict k on k.identity_id = i.id and k.settled_at is null join contact o on o.id = k.contact_id`,
    [roots],
  )
  const claims: Claims = new Map()
  for (const { root_id, other, value } of rows) {
    if (root_id === other) continue
    const ofRoot = claims.get(root_id) ?? new Map<string, string>()
    claims.set(root_id, ofRoot.set(other, value))
  }
  return claims
}

/** By pair of roots: the reasons for which they, or any merged into them, were dismissed. */
async function dismissedOf(db: Db, roots: readonly string[]): Promise<Map<string, DuplicateWhy[]>> {
  const rows = await db.query<{ id: string; a: string; b: string; reasons: DuplicateWhy[] }>(
    // duplicate_a_id_b_id_key, duplicate_b
    `with ${MEMBERS}
     select d.id, m.root_id as a, o.root_id as b, d.reasons from member m
     join duplicate d on d.a_id = m.id and d.state = 'dismissed' join contact o on o.id = d.b_id
     union
     select d.id, m.root_id, o.root_id, d.reasons from member m
     join duplicate d on d.b_id = m.id and d.state = 'dismissed' join contact o on o.id = d.a_id`,
    [roots],
  )
  const dismissed = new Map<string, DuplicateWhy[]>()
  for (const { a, b, reasons } of rows)
    dismissed.set(pairKey(a, b), [...(dismissed.get(pairKey(a, b)) ?? []), ...reasons])
  return dismissed
}

interface Stored extends Found {
  id: string
  state: 'open' | 'dismissed' | 'merged'
}

async function writePairs(tx: Tx, looked: readonly string[], found: ReadonlyMap<string, Found>): Promise<void> {
  const stored = await tx.query<Stored>(
    // duplicate_a_id_b_id_key, duplicate_b
    `select id, a_id as a, b_id as b, score, reasons, state from duplicate
     where a_id = any($1::bigint[]) or b_id = any($1::bigint[]) order by id`,
    [looked],
  )
  const known = new Map(stored.map((pair) => [pairKey(pair.a, pair.b), pair]))
  const gone = stored.filter((pair) => pair.state === 'open' && !found.has(pairKey(pair.a, pair.b)))
  const made = [...found].filter(([key]) => !known.has(key)).map(([, pair]) => pair)
  const changed = [...found].flatMap(([key, pair]) => {
    const was = known.get(key)
    return was && !sameFinding(was, pair) ? [{ ...pair, id: was.id, state: was.state }] : []
  })
  await removePairs(tx, gone)
  await changePairs(tx, changed)
  await makePairs(tx, made)
  if (gone.length + changed.length + made.length > 0) tellDuplicates(tx)
}

function sameFinding(was: Stored, is: Found): boolean {
  const told = ({ score, reasons }: Found): string =>
    `${score} ${reasons.map(({ kind, value }) => `${kind} ${value}`).join('\n')}`
  return was.state === 'open' && told(was) === told(is)
}

/** Only what is as it was read: somebody may have dismissed a pair meanwhile. */
async function removePairs(tx: Tx, pairs: readonly Stored[]): Promise<void> {
  if (pairs.length === 0) return
  await tx.query(`delete from duplicate where id = any($1::bigint[]) and state = 'open'`, [
    pairs.map((pair) => pair.id),
  ])
}

async function changePairs(tx: Tx, pairs: readonly Stored[]): Promise<void> {
  if (pairs.length === 0) return
  await tx.query(
    `update duplicate d set score = n.score, reasons = n.reasons, state = 'open', settled_at = null, settled_by = null
     from unnest($1::bigint[], $2::text[], $3::smallint[], $4::jsonb[]) as n(id, state, score, reasons)
     where d.id = n.id and d.state = n.state`,
    [
      pairs.map((pair) => pair.id),
      pairs.map((pair) => pair.state),
      pairs.map((pair) => pair.score),
      pairs.map((pair) => JSON.stringify(pair.reasons)),
    ],
  )
}

async function makePairs(tx: Tx, pairs: readonly Found[]): Promise<void> {
  if (pairs.length === 0) return
  await tx.query(
    // Who was merged or erased while we looked is left out; whoever is merged next has the pair looked at again.
    `insert into duplicate (a_id, b_id, score, reasons)
     select n.a, n.b, n.score, n.reasons from unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::jsonb[]) as n(a, b, score, reasons)
     join contact a on a.id = n.a and a.listed join contact b on b.id = n.b and b.listed
     order by n.a, n.b on conflict (a_id, b_id) do nothing`,
    [
      pairs.map((pair) => pair.a),
      pairs.map((pair) => pair.b),
      pairs.map((pair) => pair.score),
      pairs.map((pair) => JSON.stringify(pair.reasons)),
    ],
  )
}

async function noteSkipped(tx: Tx, { skipped }: Meetings): Promise<void> {
  if (skipped.length === 0) return
  await tx.query(
    `insert into duplicate_skip (block, key) select * from unnest($1::text[], $2::text[]) as n(block, key) order by block, key
     on conflict do nothing`,
    [skipped.map(({ block }) => block), skipped.map(({ key }) => key)],
  )
}

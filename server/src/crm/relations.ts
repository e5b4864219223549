import type { Contact, ContactBrief, Relation, RelationKind, RelationNew } from '#shared/api/contacts.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { noteChange } from './contact-changes.ts'
import { loadContact } from './contact-views.ts'
import { recheck } from './duplicate-pairs.ts'
import { type LockedContact, lockRoots } from './locking.ts'
import { publishContacts } from './publish.ts'
import { contactMembers } from './timeline.ts'
import { contactVisible, isVisible, parameters } from './visibility.ts'

/**
 * Who works where, belongs to what, was referred by whom. A row stays between the two records it was made for; reading
 * follows merges on both sides, so that undoing a merge is exact here too.
 */
/** So many of each direction are shown with a contact; of the people of a large company the list of contacts shows the rest. */
const SHOWN = 200
const MAX_RELATIONS = 200

interface RelationRow {
  id: string
  kind: RelationKind
  title: string
  direction: Relation['direction']
  other_id: string
  other_kind: ContactBrief['kind']
  other_name: string
  other_avatar: string | null
}

/** Of a root contact with all merged into it, oldest first. What became the same by merging is there once. */
export async function relationsOf(
  db: Db,
  actor: Actor,
  rootId: string,
  members: readonly string[],
): Promise<Relation[]> {
  const params = parameters()
  const ours = `${params.add(members)}::bigint[]`
  const root = params.add(rootId)
  const seen = contactVisible(actor, 'o', params)
  const side = (near: string, far: string, direction: string): string =>
    `(select r.id, r.kind, r.title, '${direction}' as direction, o.id as other_id, o.kind as other_kind, o.name as other_name,
        o.avatar_file_id as other_avatar
      from contact_relation r join contact c on c.id = r.${far} join contact o on o.id = c.root_id
      where r.${near} = any(${ours}) and o.id <> ${root} and ${seen} order by r.id limit ${SHOWN})`
  const rows = await db.query<RelationRow>(
    // the unique key; contact_relation_to
    `select * from (${side('from_id', 'to_id', 'to')} union all ${side('to_id', 'from_id', 'from')}) r order by r.id`,
    params.values,
  )
  const once = new Map<string, Relation>()
  for (const { id, kind, title, direction, other_id, other_kind, other_name, other_avatar } of rows) {
    const key = `${kind} ${direction} ${other_id}`
    const other = { id: other_id, kind: other_kind, name: other_name, avatarFileId: other_avatar }
    if (!once.has(key)) once.set(key, { id, kind, title, direction, other })
  }
  return [...once.values()]
}

/** Whom each root contact works at: by its oldest such relation with somebody whom the actor may see. */
export async function companiesOf(
  db: Db,
  actor: Pick<Actor, 'channels'>,
  rootIds: readonly string[],
): Promise<Map<string, { id: string; name: string }>> {
  const params = parameters()
  const rows = await db.query<{ root_id: string; id: string; name: string }>(
    // contact_root for those merged in, then the unique key of contact_relation, contact_pkey twice.
    `select root.id as root_id, o.id, o.name from unnest(${params.add(rootIds)}::bigint[]) as root(id)
     cross join lateral (
       select o.id, o.name from (
         select root.id union all
         select c.id from contact c where c.root_id = root.id and c.merged_into_id is not null) as member(id)
       join contact_relation r on r.from_id = member.id and r.kind = 'works_at'
       join contact c on c.id = r.to_id join contact o on o.id = c.root_id
       where o.id <> root.id and ${contactVisible(actor, 'o', params)} order by r.id limit 1) o`,
    params.values,
  )
  return new Map(rows.map(({ root_id, id, name }) => [root_id, { id, name }]))
}

/** Both sides, locked, if the actor may see them; they must be two. */
async function lockBoth(
  tx: Tx,
  actor: Actor,
  fromId: string,
  toId: string,
  field: string,
): Promise<[LockedContact, LockedContact]> {
  const locked = await lockRoots(tx, [fromId, toId])
  const from = locked.get(fromId)
  const to = locked.get(toId)
  if (!from || !isVisible(actor, from)) throw new Problem('not_found')
  if (!to || !isVisible(actor, to) || to.id === from.id) throw wrongField(field, 'not_allowed')
  return [from, to]
}

/** Relates two contacts. What is there already only takes another title. */
export async function addRelation(
  tx: Tx,
  actor: Actor,
  id: string,
  input: RelationNew,
  field = 'toId',
): Promise<Contact> {
  const [from, to] = await lockBoth(tx, actor, id, input.toId, field)
  if (input.kind === 'belongs_to') await refuseLoop(tx, from.id, to.id, field)
  const title = (input.title ?? '').replace(/\s+/g, ' ').trim()
  const ours = await contactMembers(tx, from.id)
  const theirs = await contactMembers(tx, to.id)
  const there = await tx.query<{ id: string; title: string; same: boolean }>(
    `select id, title, to_id = any($2::bigint[]) and kind = $3 as same from contact_relation where from_id = any($1::bigint[]) order by id`,
    [ours, theirs, input.kind],
  )
  const own = there.find((row) => row.same)
  if (!own && there.length >= MAX_RELATIONS) throw new Problem('too_many', { max: MAX_RELATIONS })
  const told = { kind: input.kind, toId: to.id, title }
  if (!own) {
    await tx.query(
      'insert into contact_relation (from_id, to_id, kind, title, created_by) values ($1, $2, $3, $4, $5)',
      [from.id, to.id, input.kind, title, actor.userId],
    )
    await noteRelation(tx, actor, [from, to], 'contact.relation_added', null, told)
  } else if (input.title !== undefined && own.title !== title) {
    await tx.query('update contact_relation set title = $2 where id = $1', [own.id, title])
    await noteRelation(tx, actor, [from, to], 'contact.relation_changed', { ...told, title: own.title }, told)
  }
  return loadContact(tx, actor, from.id)
}

async function noteRelation(
  tx: Tx,
  actor: Actor,
  [from, to]: [LockedContact, LockedContact],
  action: string,
  before: object | null,
  after: object | null,
): Promise<void> {
  await noteChange(tx, actor, from, action, before, after)
  await recheck(tx, [from.id])
  publishContacts(tx, [to])
}

/** Whatever `toId` belongs to must not belong to `fromId`; merges are followed, a hundred steps at most. */
async function refuseLoop(tx: Tx, fromId: string, toId: string, field: string): Promise<void> {
  // Two who close a loop from its two ends at once would not see each other.
  await tx.query('select pg_advisory_xact_lock(17, 1)')
  const loop = await tx.one(
    `with recursive above(id, depth) as (
       select $2::bigint, 0
       union
       select t.root_id, a.depth + 1 from above a
       cross join lateral (
         select a.id union all
         select c.id from contact c where c.root_id = a.id and c.merged_into_id is not null) as member(id)
       join contact_relation r on r.from_id = member.id and r.kind = 'belongs_to'
       join contact t on t.id = r.to_id
       where a.depth < 100)
     select from above where id = $1 limit 1`,
    [fromId, toId],
  )
  if (loop) throw wrongField(field, 'relation_loop')
}

/** Takes a relation away, from either side, and with it what became the same by merging. */
export async function removeRelation(tx: Tx, actor: Actor, id: string, relationId: string): Promise<Contact> {
  const row = await tx.one<{ from_id: string; to_id: string; kind: RelationKind; title: string }>(
    'select from_id, to_id, kind, title from contact_relation where id = $1',
    [relationId],
  )
  if (!row) throw new Problem('not_found')
  const locked = await lockRoots(tx, [id, row.from_id, row.to_id])
  const [asked, from, to] = [locked.get(id), locked.get(row.from_id), locked.get(row.to_id)]
  if (!asked || !from || !to || (asked.id !== from.id && asked.id !== to.id)) throw new Problem('not_found')
  if (!isVisible(actor, from) || !isVisible(actor, to)) throw new Problem('not_found')
  const gone = await tx.query<{ id: string }>(
    `delete from contact_relation where from_id = any($1::bigint[]) and to_id = any($2::bigint[]) and kind = $3 returning id`,
    [await contactMembers(tx, from.id), await contactMembers(tx, to.id), row.kind],
  )
  if (gone.length > 0) {
    const before = { kind: row.kind, toId: to.id, title: row.title }
    await noteRelation(tx, actor, [from, to], 'contact.relation_removed', before, null)
  }
  return loadContact(tx, actor, asked.id)
}

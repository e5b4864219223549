import type { Contact, ContactItem, Identity, IdentityConflict, Merge } from '#shared/api/contacts.ts'
import { MERGE_UNDO_DAYS } from '#shared/merging.ts'
import type { Actor } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { addressesOf, citiesOf } from './addresses.ts'
import { type ContactDetails, detailColumns } from './contact-details.ts'
import { shownFields } from './fields.ts'
import { companiesOf, relationsOf } from './relations.ts'
import { contactMembers } from './timeline.ts'
import { contactVisible, parameters } from './visibility.ts'

interface ContactRow extends ContactDetails {
  id: string
  kind: Contact['kind']
  name: string
  avatar_file_id: string | null
  created_at: Date
  updated_at: Date
  deleted_at: Date | null
}
interface IdentityRow {
  id: string
  root_id: string
  contact_id: string
  kind: string
  value: string
  display: string | null
  verified: boolean
  use: Identity['use']
}

/**
 * Root contacts by id, in the order of the ids, with what belongs to all merged into them. Four statements, however many
 * there are. Whether the actor may see them is the caller's matter; whom they name is looked at here.
 */
export async function loadContactItems(db: Db, actor: Actor, ids: readonly string[]): Promise<ContactItem[]> {
  if (ids.length === 0) return []
  const rows = await contactRows(db, ids)
  return itemViews(db, actor, rows)
}

/** A root contact as its page shows it. Contacts that the actor may not see are left out of what it names. */
export async function loadContact(db: Db, actor: Actor, rootId: string): Promise<Contact> {
  const rows = await contactRows(db, [rootId])
  const [item] = await itemViews(db, actor, rows)
  if (!item) throw new Problem('not_found')
  const members = await contactMembers(db, rootId)
  return {
    ...item,
    addresses: await addressesOf(db, members),
    relations: await relationsOf(db, actor, rootId, members),
    merges: await mergesInto(db, members),
    conflicts: await conflictsOf(db, actor, rootId, members),
    deletedAt: rows[0]?.deleted_at?.toISOString() ?? null,
  }
}

function contactRows(db: Db, ids: readonly string[]): Promise<ContactRow[]> {
  return db.query<ContactRow>(
    // Tags and fields that are deleted keep their values, unseen.
    `select c.id, c.kind, c.name, c.avatar_file_id, c.created_at, c.updated_at, c.deleted_at, ${detailColumns('c')},
       case when c.tag_ids = '{}' then c.tag_ids else
         array(select t.id from unnest(c.tag_ids) with ordinality as x(id, n) join tag t on t.id = x.id
               where t.deleted_at is null order by x.n) end as "tagIds",
       ${shownFields('contact', 'c')} as fields
     from unnest($1::bigint[]) with ordinality as asked(id, n) join contact c on c.id = asked.id order by asked.n`,
    [ids],
  )
}

async function identitiesOf(db: Db, rootIds: readonly string[]): Promise<Map<string, Identity[]>> {
  const rows = await db.query<IdentityRow>(
    // contact_root for those merged in, then identity_contact.
    `select i.id, root.id as root_id, i.contact_id, i.kind, i.value, i.display, i.verified_at is not null as verified, i.use
     from unnest($1::bigint[]) as root(id)
     cross join lateral (
       select root.id union all
       select c.id from contact c where c.root_id = root.id and c.merged_into_id is not null) as member(id)
     join identity i on i.contact_id = member.id
     order by i.id`,
    [rootIds],
  )
  const byRoot = new Map<string, Identity[]>()
  for (const { id, root_id, contact_id, kind, value, display, verified, use } of rows) {
    const identity = { id, contactId: contact_id, kind, value, display, verified, use }
    const list = byRoot.get(root_id)
    if (list) list.push(identity)
    else byRoot.set(root_id, [identity])
  }
  return byRoot
}

async function itemViews(db: Db, actor: Actor, rows: readonly ContactRow[]): Promise<ContactItem[]> {
  const ids = rows.map((row) => row.id)
  const identities = await identitiesOf(db, ids)
  const companies = await companiesOf(db, actor, ids)
  const cities = await citiesOf(db, ids)
  return rows.map(({ avatar_file_id, created_at, updated_at, deleted_at: _deleted, ...row }) => ({
    ...row,
    avatarFileId: avatar_file_id,
    identities: identities.get(row.id) ?? [],
    company: companies.get(row.id) ?? null,
    city: cities.get(row.id) ?? '',
    createdAt: created_at.toISOString(),
    updatedAt: updated_at.toISOString(),
  }))
}

interface MergeRow {
  id: string
  winner_id: string
  loser_id: string
  loser_name: string
  cause: Merge['cause']
  merged_at: Date
  merged_by: string | null
  undone_at: Date | null
}
const MERGE = `select m.id, m.winner_id, m.loser_id, l.name as loser_name, m.cause, m.merged_at, m.merged_by, m.undone_at
  from merge m join contact l on l.id = m.loser_id`

function mergeView(row: MergeRow): Merge {
  return {
    id: row.id,
    winnerId: row.winner_id,
    loserId: row.loser_id,
    loserName: row.loser_name,
    cause: row.cause,
    mergedAt: row.merged_at.toISOString(),
    mergedBy: row.merged_by,
    undoableUntil: new Date(row.merged_at.getTime() + MERGE_UNDO_DAYS * 86_400_000).toISOString(),
    undoneAt: row.undone_at?.toISOString() ?? null,
  }
}

/** The merges that stand, newest first: what one may undo. */
async function mergesInto(db: Db, members: readonly string[]): Promise<Merge[]> {
  // merge_loser
  const rows = await db.query<MergeRow>(
    `${MERGE} where m.loser_id = any($1::bigint[]) and m.undone_at is null order by m.id desc`,
    [members],
  )
  return rows.map(mergeView)
}

export async function loadMerge(db: Db, id: string): Promise<Merge> {
  const row = await db.one<MergeRow>(`${MERGE} where m.id = $1`, [id])
  if (!row) throw new Problem('not_found')
  return mergeView(row)
}

interface ConflictRow {
  id: string
  kind: string
  value: string
  created_at: Date
  other_id: string
  other_kind: Contact['kind']
  other_name: string
  other_avatar: string | null
}

async function conflictsOf(
  db: Db,
  actor: Actor,
  rootId: string,
  members: readonly string[],
): Promise<IdentityConflict[]> {
  const params = parameters()
  const ours = `${params.add(members)}::bigint[]`
  const root = params.add(rootId)
  const rows = await db.query<ConflictRow>(
    // The claims these contacts make (the unique key), and the claims to their identities (identity_contact, identity_conflict_identity).
    `with found as (
       select k.id, k.created_at, i.kind, i.value, i.contact_id as other from identity_conflict k
       join identity i on i.id = k.identity_id where k.contact_id = any(${ours}) and k.settled_at is null
       union
       select k.id, k.created_at, i.kind, i.value, k.contact_id from identity i
       join identity_conflict k on k.identity_id = i.id where i.contact_id = any(${ours}) and k.settled_at is null)
     select f.id, f.kind, f.value, f.created_at, o.id as other_id, o.kind as other_kind, o.name as other_name,
            o.avatar_file_id as other_avatar
     from found f join contact m on m.id = f.other join contact o on o.id = m.root_id
     where o.id <> ${root} and ${contactVisible(actor, 'o', params)}
     order by f.id desc limit 50`,
    params.values,
  )
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    value: row.value,
    other: { id: row.other_id, kind: row.other_kind, name: row.other_name, avatarFileId: row.other_avatar },
    createdAt: row.created_at.toISOString(),
  }))
}

import type { ListItem, ListItemPatch, ListName, UsageCount } from '#shared/api/lists.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import { type Db, type Tx, violatedKey } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { neededName } from './folding.ts'
import { COUNTED, usage } from './tags.ts'

/** Short lists that the office edits itself. What is in use is retired: it stays where it is set and is offered no more. */
const MAX_ITEMS = 99

const COLUMNS = 'id, list, name, position, retired_at is not null as retired'

export async function listItems(db: Db, list: ListName): Promise<ListItem[]> {
  return db.query<ListItem>(`select ${COLUMNS} from list_item where list = $1 order by position, id limit 2000`, [list])
}

/** Items of a list change one after the other, so that places and the bound hold. */
async function lockList(tx: Tx, list: ListName): Promise<void> {
  await tx.query('select pg_advisory_xact_lock(17, hashtext($1))', [`list ${list}`])
}

async function lockItem(tx: Tx, list: ListName, id: string): Promise<ListItem> {
  await lockList(tx, list)
  // Whoever sets it on a contact now holds it, and is waited for.
  const item = await tx.one<ListItem>(`select ${COLUMNS} from list_item where id = $1 and list = $2 for update`, [
    id,
    list,
  ])
  if (!item) throw new Problem('not_found')
  return item
}

async function needRoom(tx: Tx, list: ListName): Promise<void> {
  const live = await tx.query('select from list_item where list = $1 and retired_at is null', [list])
  if (live.length >= MAX_ITEMS) throw new Problem('too_many', { max: MAX_ITEMS })
}

/** list_item_name decides whether a name is free. */
async function writeItem(tx: Tx, text: string, values: unknown[]): Promise<ListItem> {
  try {
    const item = await tx.one<ListItem>(`${text} returning ${COLUMNS}`, values)
    if (!item) throw new Problem('not_found')
    return item
  } catch (error) {
    throw violatedKey(error) === 'list_item_name' ? wrongField('name', 'already_used') : error
  }
}

async function noteItem(tx: Tx, actor: Actor, action: string, id: string, before: object | null, after: object | null) {
  await audit(tx, actor, action, { kind: 'list', id }, before, after)
  tx.publish({}, { kind: 'defined', what: 'lists' })
}

/** At the end of the list. A retired item of that name is offered again instead: one name means one thing. */
export async function createItem(tx: Tx, actor: Actor, list: ListName, input: { name: string }): Promise<ListItem> {
  const name = neededName(input.name)
  await lockList(tx, list)
  await needRoom(tx, list)
  const retired = await tx.one<{ id: string }>(
    'select id from list_item where list = $1 and lower(name) = lower($2) and retired_at is not null order by id desc limit 1',
    [list, name],
  )
  if (retired) return changeItem(tx, actor, list, retired.id, { name, retired: false })
  const item = await writeItem(
    tx,
    `insert into list_item (list, name, position)
     select $1, $2, coalesce(max(position) + 1, 0) from list_item where list = $1`,
    [list, name],
  )
  await noteItem(tx, actor, 'list.item_created', item.id, null, item)
  return item
}

/** Another name, place or state. The others make room for its new place. */
export async function changeItem(
  tx: Tx,
  actor: Actor,
  list: ListName,
  id: string,
  patch: ListItemPatch,
): Promise<ListItem> {
  const before = await lockItem(tx, list, id)
  const after = {
    name: patch.name === undefined ? before.name : neededName(patch.name),
    retired: patch.retired ?? before.retired,
  }
  if (before.retired && !after.retired) await needRoom(tx, before.list)
  const changed = await writeItem(
    tx,
    `update list_item set name = $2, retired_at = case when $3 then coalesce(retired_at, now()) end where id = $1`,
    [id, after.name, after.retired],
  )
  const position = patch.position === undefined ? before.position : await place(tx, before, patch.position)
  const item = { ...changed, position }
  const same = item.name === before.name && item.retired === before.retired && item.position === before.position
  if (!same) await noteItem(tx, actor, 'list.item_changed', id, before, item)
  return item
}

/** Puts the item at a place among all of its list, which are numbered anew. */
async function place(tx: Tx, item: ListItem, position: number): Promise<number> {
  const others = (await listItems(tx, item.list)).filter((other) => other.id !== item.id).map((other) => other.id)
  const at = Math.min(position, others.length)
  const ids = [...others.slice(0, at), item.id, ...others.slice(at)]
  await tx.query(
    `update list_item i set position = n.n - 1 from unnest($1::bigint[]) with ordinality as n(id, n)
     where i.id = n.id and i.position <> n.n - 1`,
    [ids],
  )
  return at
}

/** Contacts (of a source) or deals (of a reason) that have it. */
export async function itemUsage(db: Db, list: ListName, id: string): Promise<UsageCount> {
  const item = await db.one('select from list_item where id = $1 and list = $2', [id, list])
  if (!item) throw new Problem('not_found')
  const row = await db.one<{ n: number }>(
    // contact_source, deal_lost_reason
    `select count(*)::int as n from (
       (select from contact where source_id = $1 limit ${COUNTED + 1})
       union all (select from deal where lost_reason_id = $1 limit ${COUNTED + 1})) used`,
    [id],
  )
  return usage(row?.n ?? 0)
}

/** Deletes an item that nothing has, retires one that something has. */
export async function deleteItem(tx: Tx, actor: Actor, list: ListName, id: string): Promise<void> {
  const before = await lockItem(tx, list, id)
  const { count } = await itemUsage(tx, list, id)
  if (count > 0 && before.retired) return
  if (count > 0) await tx.query('update list_item set retired_at = now() where id = $1', [id])
  else await tx.query('delete from list_item where id = $1', [id])
  await noteItem(tx, actor, 'list.item_deleted', id, before, count > 0 ? { ...before, retired: true } : null)
}

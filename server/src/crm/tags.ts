import type { Tag, TagNew, TagPatch, UsageCount } from '#shared/api/lists.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import { type Database, type Db, type Tx, violatedKey } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { neededName } from './folding.ts'

/**
 * Tags stand in `contact.tag_ids`. A deleted one stays there, unseen, until it is purged: restoring it is exact, and
 * neither deleting nor restoring touches a contact.
 */
const MAX_TAGS = 500
/** So far uses are counted. */
export const COUNTED = 10_000

const COLUMNS = 'id, name, color'

/** In the order of their names, as readers sort them. `deleted`: those that can be restored instead. */
export async function listTags(db: Db, deleted = false): Promise<Tag[]> {
  const tags = await db.query<Tag>(`select ${COLUMNS} from tag where (deleted_at is not null) = $1 limit 2000`, [
    deleted,
  ])
  const order = new Intl.Collator(['fa', 'en'], { numeric: true })
  return tags.sort((a, b) => order.compare(a.name, b.name))
}

async function lockTag(tx: Tx, id: string): Promise<Tag & { deleted: boolean }> {
  const tag = await tx.one<Tag & { deleted: boolean }>(
    `select ${COLUMNS}, deleted_at is not null as deleted from tag where id = $1 for update`,
    [id],
  )
  if (!tag) throw new Problem('not_found')
  return tag
}

/** tag_name decides whether a name is free. */
async function writeTag(tx: Tx, text: string, values: unknown[]): Promise<Tag> {
  try {
    const tag = await tx.one<Tag>(`${text} returning ${COLUMNS}`, values)
    if (!tag) throw new Problem('not_found')
    return tag
  } catch (error) {
    throw violatedKey(error) === 'tag_name' ? wrongField('name', 'already_used') : error
  }
}

async function noteTag(tx: Tx, actor: Actor, action: string, id: string, before: object | null, after: object | null) {
  await audit(tx, actor, action, { kind: 'tag', id }, before, after)
  tx.publish({}, { kind: 'defined', what: 'tags' })
}

export async function createTag(tx: Tx, actor: Actor, input: TagNew): Promise<Tag> {
  const name = neededName(input.name)
  // One after the other, so that the bound holds.
  await tx.query('lock table tag in share row exclusive mode')
  const there = await tx.query(`select from tag where deleted_at is null limit ${MAX_TAGS}`)
  if (there.length >= MAX_TAGS) throw new Problem('too_many', { max: MAX_TAGS })
  const tag = await writeTag(tx, 'insert into tag (name, color) values ($1, $2)', [name, input.color ?? 'grey'])
  await noteTag(tx, actor, 'tag.created', tag.id, null, { name: tag.name, color: tag.color })
  return tag
}

export async function changeTag(tx: Tx, actor: Actor, id: string, patch: TagPatch): Promise<Tag> {
  const { deleted, ...before } = await lockTag(tx, id)
  if (deleted) throw new Problem('not_found')
  const after = {
    name: patch.name === undefined ? before.name : neededName(patch.name),
    color: patch.color ?? before.color,
  }
  const tag = await writeTag(tx, 'update tag set name = $2, color = $3 where id = $1', [id, after.name, after.color])
  if (tag.name !== before.name || tag.color !== before.color) await noteTag(tx, actor, 'tag.changed', id, before, tag)
  return tag
}

/** How many contacts have it: what deleting it takes away. Those merged or deleted are not counted. */
export async function tagUsage(db: Db, id: string): Promise<UsageCount> {
  const tag = await db.one('select from tag where id = $1', [id])
  if (!tag) throw new Problem('not_found')
  const row = await db.one<{ n: number }>(
    // contact_tags
    `select count(*)::int as n from (select from contact where listed and tag_ids @> array[$1::bigint] limit ${COUNTED + 1}) used`,
    [id],
  )
  return usage(row?.n ?? 0)
}
export function usage(n: number): UsageCount {
  return { count: Math.min(n, COUNTED), more: n > COUNTED }
}

export async function deleteTag(tx: Tx, actor: Actor, id: string): Promise<void> {
  const { deleted, ...before } = await lockTag(tx, id)
  if (deleted) throw new Problem('not_found')
  await tx.query('update tag set deleted_at = now() where id = $1', [id])
  await noteTag(tx, actor, 'tag.deleted', id, before, null)
}

/** Brings a deleted tag back to all contacts that had it. */
export async function restoreTag(tx: Tx, actor: Actor, id: string): Promise<Tag> {
  const { deleted, ...before } = await lockTag(tx, id)
  if (!deleted) return before
  const tag = await writeTag(tx, 'update tag set deleted_at = null where id = $1', [id])
  await noteTag(tx, actor, 'tag.restored', id, null, tag)
  return tag
}

const PIECE = 1000

/** Takes tags off contacts that were deleted longer ago than the organisation keeps things, in pieces, and then away. */
export async function purgeTags(db: Database): Promise<number> {
  const due = await db.query<{ id: string }>(
    `select t.id from tag t, organisation o where t.deleted_at < now() - make_interval(days => o.retention_days)`,
  )
  for (const { id } of due) {
    for (let taken = PIECE; taken === PIECE; ) {
      const rows = await db.query(
        // contact_tags. Where it stays with merged or deleted contacts nothing shows it.
        `update contact set tag_ids = array_remove(tag_ids, $1::bigint) where id in (
           select id from contact where listed and tag_ids <> '{}' and tag_ids @> array[$1::bigint]
           order by id limit ${PIECE} for no key update skip locked) returning id`,
        [id],
      )
      taken = rows.length
    }
    await db.query(
      'delete from tag where id = $1 and deleted_at is not null and not exists (select from contact where listed and tag_ids <> $2 and tag_ids @> array[$1::bigint])',
      [id, '{}'],
    )
  }
  return due.length
}

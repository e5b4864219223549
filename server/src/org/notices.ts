import type { Notice } from '#shared/api/notices.ts'
import type { Right } from '#shared/rights.ts'
import type { Actor } from '../platform/app.ts'
import type { Database, Db, Tx } from '../platform/db.ts'
import { decodeCursor, pageOf } from '../platform/http.ts'

/** Tells users of something they did not do themselves, in the transaction of the fact. Kept until read and old. */
export interface NewNotice {
  /** Its sentence is `notices.<kind>` in every language. */
  kind: string
  /** What the sentence speaks of. */
  values?: Record<string, string | number>
  /** Where in the product it leads: `/campaigns/5`. */
  link?: string
}

/** One statement for all of them; users who are gone or disabled are left out. Empty `userIds`: nothing happens. */
export async function notify(
  tx: Tx,
  userIds: readonly string[],
  { kind, values = {}, link }: NewNotice,
): Promise<void> {
  if (userIds.length === 0) return
  // In the order of ids, so that two who tell the same users wait for each other in one direction (notice_unread).
  const told = await tx.query<{ user_id: string }>(
    `insert into notice (user_id, kind, data, link)
     select u.id, $2, $3, $4 from app_user u where u.id = any($1::bigint[]) and u.state = 'active' order by u.id
     returning user_id::text`,
    [[...new Set(userIds)], kind, JSON.stringify(values), link ?? null],
  )
  for (const { user_id: userId } of told) tx.publish({ userId }, { kind: 'notices' })
}

/** Ids of the active users who hold a right by one of their roles. */
export async function holdersOf(db: Db, right: Right): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    `select distinct u.id::text from app_user u join user_role ur on ur.user_id = u.id join role r on r.id = ur.role_id
     where u.state = 'active' and $1 = any(r.rights) order by 1`,
    [right],
  )
  return rows.map((row) => row.id)
}

interface Row {
  id: string
  kind: string
  data: Record<string, string | number>
  link: string | null
  at: Date
  read_at: Date | null
}

/** One's own, the newest first (notice_user). */
export async function listNotices(
  db: Db,
  actor: Actor,
  query: { limit?: number; cursor?: string },
): Promise<{ items: Notice[]; nextCursor: string | null; unread: number }> {
  const limit = query.limit ?? 50
  const before = decodeCursor(query.cursor, 1)?.[0] ?? null
  const rows = await db.query<Row>(
    `select id::text, kind, data, link, at, read_at from notice
     where user_id = $1 and ($2::bigint is null or id < $2) order by id desc limit $3`,
    [actor.userId, before, limit + 1],
  )
  const page = pageOf(
    rows,
    limit,
    (row) => ({
      id: row.id,
      kind: row.kind,
      values: row.data,
      link: row.link,
      at: row.at.toISOString(),
      read: row.read_at !== null,
    }),
    (row) => [row.id],
  )
  return { ...page, unread: await unreadNotices(db, actor.userId) }
}

/** Kept by a trigger: the badge costs one row, however many there are. */
export async function unreadNotices(db: Db, userId: string): Promise<number> {
  const row = await db.one<{ unread: number }>('select unread from notice_unread where user_id = $1', [userId])
  return row?.unread ?? 0
}

/** Marks one's notices as read: these, or without ids all of them. Those of others stay as they are. */
export async function readNotices(tx: Tx, actor: Actor, ids: readonly string[] | undefined): Promise<void> {
  // notice_waiting
  const read = await tx.query(
    `update notice set read_at = now() where user_id = $1 and read_at is null and ($2::bigint[] is null or id = any($2)) returning id`,
    [actor.userId, ids ?? null],
  )
  if (read.length > 0) tx.publish({ userId: actor.userId }, { kind: 'notices' })
}

const KEPT_DAYS = 90
/** What is older than a quarter helps nobody, read or not. In pieces, so that nobody waits. */
export async function purgeNotices(db: Database): Promise<void> {
  for (;;) {
    const gone = await db.query(
      `delete from notice where id in (select id from notice where at < now() - make_interval(days => $1) order by at limit 1000) returning id`,
      [KEPT_DAYS],
    )
    if (gone.length < 1000) return
  }
}

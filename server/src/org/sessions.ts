import type { SessionItem } from '#shared/api/session.ts'
import type { Db, Tx } from '../platform/db.ts'
import { hashToken, newToken } from '../platform/secrets.ts'
import { IDLE_DAYS } from './actors.ts'

export interface Visitor {
  address: string
  userAgent: string | undefined
}

/** @returns the session's id and the token for the cookie, which is stored nowhere */
export async function startSession(
  db: Db,
  userId: string,
  { address, userAgent }: Visitor,
): Promise<{ id: string; token: string }> {
  const token = newToken('dfs')
  const row = await db.one<{ id: string }>(
    `insert into session (user_id, token_hash, expires_at, address, user_agent)
     values ($1, $2, now() + make_interval(days => $3), $4, $5) returning id::text`,
    [userId, hashToken(token), IDLE_DAYS, address, userAgent?.slice(0, 400) ?? null],
  )
  if (!row) throw new Error('the session was not stored')
  await db.query('update app_user set seen_at = now() where id = $1', [userId])
  return { id: row.id, token }
}

/** Ends one session of the user; its streams end with it. False: the user has no such session. */
export async function endSession(tx: Tx, userId: string, sessionId: string): Promise<boolean> {
  const ended = await tx.query('delete from session where id = $1 and user_id = $2 returning id', [sessionId, userId])
  if (ended.length > 0) tx.publish({ userId }, { kind: 'me' })
  return ended.length > 0
}

/** Ends every session of the user but the one to keep. */
export async function endSessions(tx: Tx, userId: string, keep?: string): Promise<void> {
  await tx.query('delete from session where user_id = $1 and ($2::bigint is null or id <> $2)', [userId, keep ?? null])
  tx.publish({ userId }, { kind: 'me' })
}

/** A person's live sessions, the last used first; they are few. */
export async function listSessions(db: Db, userId: string, current: string | undefined): Promise<SessionItem[]> {
  const rows = await db.query<{
    id: string
    created_at: Date
    used_at: Date
    address: string | null
    user_agent: string | null
  }>(
    `select id::text, created_at, used_at, address, user_agent from session
     where user_id = $1 and expires_at > now() order by used_at desc, session.id desc limit 200`,
    [userId],
  )
  return rows.map((row) => ({
    id: row.id,
    current: row.id === current,
    createdAt: row.created_at.toISOString(),
    usedAt: row.used_at.toISOString(),
    address: row.address,
    userAgent: row.user_agent,
  }))
}

/** What has ended or been forgiven is not kept. */
export async function purgeSessions(db: Db): Promise<void> {
  await db.query('delete from session where expires_at < now()')
  await db.query(`delete from sign_in_throttle where updated_at < now() - interval '1 day'`)
  await db.query(`delete from api_token where revoked_at < now() - interval '30 days'`)
}

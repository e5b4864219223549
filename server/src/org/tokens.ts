import type { ApiToken, ApiTokenMade, ApiTokenNew } from '#shared/api/session.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { hashToken, newToken } from '../platform/secrets.ts'
import { isRight } from './actors.ts'
import { audit } from './audit.ts'

interface Row {
  id: string
  name: string
  created_at: Date
  expires_at: Date | null
  used_at: Date | null
  read_only: boolean
  rights: string[] | null
  channel_ids: string[] | null
}
const COLUMNS = 'id::text, name, created_at, expires_at, used_at, read_only, rights, channel_ids::text[]'
const MOST_TOKENS = 200

function toToken(row: Row): ApiToken {
  return {
    id: row.id,
    name: row.name,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    usedAt: row.used_at?.toISOString() ?? null,
    readOnly: row.read_only,
    rights: row.rights?.filter(isRight) ?? null,
    channelIds: row.channel_ids,
  }
}

export async function listTokens(db: Db, userId: string): Promise<ApiToken[]> {
  const rows = await db.query<Row>(
    `select ${COLUMNS} from api_token where user_id = $1 and revoked_at is null order by api_token.id desc limit ${MOST_TOKENS}`,
    [userId],
  )
  return rows.map(toToken)
}

/** `actor` undefined: made from the command line. */
export async function makeToken(
  tx: Tx,
  actor: Actor | undefined,
  userId: string,
  { name, expiresAt = null, readOnly = false, rights = null, channelIds = null }: ApiTokenNew,
): Promise<ApiTokenMade> {
  // It would make one that may more than itself.
  if (actor?.scoped) throw new Problem('no_right')
  if (expiresAt !== null && !(Date.parse(expiresAt) > Date.now())) throw wrongField('expiresAt', 'out_of_range')
  const count = await tx.one<{ n: number }>(
    'select count(*)::int as n from api_token where user_id = $1 and revoked_at is null',
    [userId],
  )
  if ((count?.n ?? 0) >= MOST_TOKENS) throw new Problem('rate_limited')
  const token = newToken('dft')
  const row = await tx.one<Row>(
    `insert into api_token (user_id, name, token_hash, expires_at, read_only, rights, channel_ids)
     values ($1, $2, $3, $4, $5, $6, $7) returning ${COLUMNS}`,
    [userId, name.trim() || 'API', hashToken(token), expiresAt, readOnly, rights, channelIds],
  )
  if (!row) throw new Error('the token was not stored')
  await audit(tx, actor, 'user.api_access_made', { kind: 'user', id: userId }, null, {
    id: row.id,
    name: row.name,
    expiresAt,
    readOnly,
    rights,
    channelIds,
  })
  return { ...toToken(row), token }
}

/** False: the user has no such token. */
export async function revokeToken(tx: Tx, actor: Actor, id: string): Promise<boolean> {
  const row = await tx.one<{ name: string }>(
    'update api_token set revoked_at = now() where id = $1 and user_id = $2 and revoked_at is null returning name',
    [id, actor.userId],
  )
  if (!row) return false
  await audit(tx, actor, 'user.api_access_revoked', { kind: 'user', id: actor.userId }, { id, name: row.name }, null)
  tx.publish({ userId: actor.userId }, { kind: 'me' })
  return true
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import { isLocale } from '#shared/locales.ts'
import { RIGHTS, type Right } from '#shared/rights.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Database, Db } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { hashToken, newToken } from '../platform/secrets.ts'
import { audit } from './audit.ts'
import { refuseCrossSite } from './cross-site.ts'
import { grantsOfUser, needAllOf } from './grants.ts'

export const COOKIE = 'daftar_session'
/** A session that is not used this long is over. */
export const IDLE_DAYS = 14

/** What an actor is made of, in one round trip; `u` is the user's row. A role_channel without channel means every channel. */
const ACTOR_COLUMNS = `u.id::text as user_id, u.name, u.locale,
  u.totp_at is null and exists (
    select 1 from user_role ur join role on role.id = ur.role_id where ur.user_id = u.id and role.second_factor) as factor_missing,
  array(select distinct r from user_role ur join role on role.id = ur.role_id, unnest(role.rights) r where ur.user_id = u.id) as rights,
  (select coalesce(json_agg(c), '[]') from (
    select c.id::text, bool_or(rc.can_view) as view, bool_or(rc.can_send) as send, bool_or(rc.can_manage) as manage
    from user_role ur join role_channel rc on rc.role_id = ur.role_id
      join channel c on rc.channel_id is null or rc.channel_id = c.id
    where ur.user_id = u.id group by c.id order by c.id) c) as channels`

/** What a token may do at most; null: all that its user may. */
interface Scope {
  read_only: boolean
  scope_rights: string[] | null
  scope_channels: string[] | null
}
const SCOPE_COLUMNS = 't.read_only, t.rights as scope_rights, t.channel_ids::text[] as scope_channels'

interface ActorRow {
  user_id: string
  name: string
  locale: string
  factor_missing: boolean
  rights: string[]
  channels: { id: string; view: boolean; send: boolean; manage: boolean }[]
}

function toActor(
  row: ActorRow & Partial<Scope>,
  more: Pick<Actor, 'address' | 'sessionId' | 'tokenId' | 'readOnly' | 'seenBy'>,
): Actor {
  const { scope_rights: rights = null, scope_channels: only = null } = row
  // Programs have no phone: a token was made by somebody who had signed in. Whoever looks as another needs only his own.
  const factorMissing = row.factor_missing && more.tokenId === undefined && more.seenBy === undefined
  const given = factorMissing ? [] : row.channels
  const channels = given.filter((channel) => channel.view && (only === null || only.includes(channel.id)))
  return {
    userId: row.user_id,
    name: row.name,
    rights: new Set(
      (factorMissing ? [] : row.rights).filter(isRight).filter((right) => rights === null || rights.includes(right)),
    ),
    channels: {
      view: channels.map((channel) => channel.id),
      send: channels.filter((channel) => channel.send).map((channel) => channel.id),
      manage: channels.filter((channel) => channel.manage).map((channel) => channel.id),
    },
    locale: isLocale(row.locale) ? row.locale : 'fa',
    ...(factorMissing ? { factorMissing: true } : {}),
    ...(row.read_only ? { readOnly: true } : {}),
    ...(row.read_only || rights !== null || only !== null
      ? { scoped: { rights: rights !== null, channels: only !== null } }
      : {}),
    ...more,
  }
}

export function isRight(text: string): text is Right {
  return RIGHTS.some((right) => right === text)
}

/** Undefined when the user is disabled, or the session or token given has ended. */
export async function actorOf(
  db: Db,
  userId: string,
  sessionId?: string,
  tokenId?: string,
  address = '',
): Promise<Actor | undefined> {
  const row = await actorRow(db, userId, sessionId, tokenId)
  return row && toActor(row, { address, sessionId, tokenId })
}

function actorRow(
  db: Db,
  userId: string,
  sessionId?: string,
  tokenId?: string,
): Promise<(ActorRow & Scope) | undefined> {
  return db.one<ActorRow & Scope>(
    `select ${SCOPE_COLUMNS}, ${ACTOR_COLUMNS} from app_user u
     left join api_token t on t.id = $3 and t.user_id = u.id and t.revoked_at is null and (t.expires_at is null or t.expires_at > now())
     where u.id = $1 and u.state = 'active' and ($3::bigint is null or t.id is not null)
     and ($2::bigint is null or exists (select 1 from session where id = $2 and user_id = u.id and expires_at > now()))`,
    [userId, sessionId ?? null, tokenId ?? null],
  )
}

/** Who an actor is by now; whoever sees as another must still be allowed to. */
export async function actorAgain(db: Db, actor: Actor): Promise<Actor | undefined> {
  const { userId, sessionId, tokenId, seenBy, address } = actor
  const who = await actorOf(db, seenBy ?? userId, sessionId, tokenId, address)
  if (!who || seenBy === undefined) return who
  return seeingAs(db, who, userId).catch(() => undefined)
}

/**
 * Somebody as whom another looks at the product, changing nothing. Only who holds all that this user holds: it must not
 * become a way to see more.
 * @throws Problem `no_right`, `not_found`
 */
export async function seeingAs(db: Db, actor: Actor, userId: string): Promise<Actor> {
  // What a scope leaves out must not come back by way of somebody else's eyes.
  if (!actor.rights.has('user.see_as') || actor.scoped) throw new Problem('no_right')
  const other = /^[1-9][0-9]{0,18}$/.test(userId) ? await actorRow(db, userId) : undefined
  if (!other) throw new Problem('not_found')
  await needAllOf(db, actor, await grantsOfUser(db, userId))
  const { sessionId, tokenId, address } = actor
  return toActor(other, { sessionId, tokenId, address, readOnly: true, seenBy: actor.userId })
}

/** Who sends the request: by `Authorization: Bearer`, else by cookie. With `reply` an old cookie is exchanged for a new one. */
export async function authenticate(
  app: App,
  request: FastifyRequest,
  reply?: FastifyReply,
): Promise<Actor | undefined> {
  const actor = await authenticateOneself(app, request, reply)
  const as = seenAs(request)
  if (!actor || as === undefined) return actor
  if (request.method !== 'GET' && request.method !== 'HEAD') throw new Problem('read_only')
  const other = await seeingAs(app.db, actor, as)
  await recordSeeing(app.db, actor, other.userId)
  return other
}

/** By database: who sees as whom, and since when that is on record. */
const seeing = new WeakMap<Database, Map<string, number>>()
const RECORD_AGAIN_MS = 3_600_000

/** Whoever looks is on record before anything is shown: each time it is begun, else once an hour, for pages ask many times. */
export async function recordSeeing(db: Database, actor: Actor, userId: string, begun = false): Promise<void> {
  const known = seeing.get(db) ?? new Map<string, number>()
  const key = `${actor.userId} ${userId}`
  if (!begun && (known.get(key) ?? 0) > Date.now() - RECORD_AGAIN_MS) return
  await db.transaction((tx) => audit(tx, actor, 'user.seen_as', { kind: 'user', id: userId }))
  if (known.size >= 1000) known.clear()
  seeing.set(db, known.set(key, Date.now()))
}

/** As whom the sender wants to see; the stream of events cannot send headers from a browser. */
function seenAs({ headers, query }: FastifyRequest): string | undefined {
  const header = headers['x-daftar-see-as']
  if (typeof header === 'string') return header
  const asked: unknown = query !== null && typeof query === 'object' && 'seeAs' in query ? query.seeAs : undefined
  return typeof asked === 'string' ? asked : undefined
}

async function authenticateOneself(
  app: App,
  request: FastifyRequest,
  reply?: FastifyReply,
): Promise<Actor | undefined> {
  const bearer = /^Bearer ([\w-]{1,200})$/i.exec(request.headers.authorization ?? '')?.[1]
  if (request.headers.authorization !== undefined) return bearer ? byToken(app.db, bearer, request.ip) : undefined
  const cookie = request.cookies[COOKIE]
  if (cookie === undefined || cookie.length > 200) return undefined
  const actor = await bySession(app, cookie, request, reply)
  if (actor) refuseCrossSite(request, app.config.publicUrl)
  return actor
}

async function byToken(db: Db, token: string, address: string): Promise<Actor | undefined> {
  const row = await db.one<ActorRow & Scope & { token_id: string; stale: boolean }>(
    `select t.id::text as token_id, coalesce(t.used_at < now() - interval '1 minute', true) as stale, ${SCOPE_COLUMNS}, ${ACTOR_COLUMNS}
     from api_token t join app_user u on u.id = t.user_id
     where t.token_hash = $1 and t.revoked_at is null and (t.expires_at is null or t.expires_at > now()) and u.state = 'active'`,
    [hashToken(token)],
  )
  if (!row) return undefined
  if (row.stale) {
    await db.query(
      `update api_token set used_at = now() where id = $1 and (used_at is null or used_at < now() - interval '1 minute')`,
      [row.token_id],
    )
  }
  return toActor(row, { address, tokenId: row.token_id })
}

async function bySession(
  app: App,
  token: string,
  request: FastifyRequest,
  reply?: FastifyReply,
): Promise<Actor | undefined> {
  const hash = hashToken(token)
  const row = await app.db.one<ActorRow & { session_id: string; stale: boolean; old: boolean }>(
    `select s.id::text as session_id, s.used_at < now() - interval '1 minute' as stale,
       s.token_hash = $1 and s.rotated_at < now() - interval '24 hours' as old, ${ACTOR_COLUMNS}
     from session s join app_user u on u.id = s.user_id
     where (s.token_hash = $1 or (s.former_hash = $1 and s.former_until > now()))
       and s.expires_at > now() and u.state = 'active'`,
    [hash],
  )
  if (!row) return undefined
  if (row.stale) {
    // When somebody was last seen outlasts the session.
    await app.db.query(
      `with used as (update session set used_at = now(), expires_at = now() + make_interval(days => $2)
         where id = $1 and used_at < now() - interval '1 minute' returning user_id)
       update app_user set seen_at = now() where id = (select user_id from used)`,
      [row.session_id, IDLE_DAYS],
    )
  }
  if (row.old && reply) {
    const next = newToken('dfs')
    // Of requests at the same moment one rotates; the others' token has become the former one and stays good for a minute.
    const rotated = await app.db.one(
      `update session set token_hash = $3, former_hash = $2, former_until = now() + interval '1 minute', rotated_at = now()
       where id = $1 and token_hash = $2 returning id`,
      [row.session_id, hash, hashToken(next)],
    )
    if (rotated) setCookie(app, reply, next)
  }
  return toActor(row, { address: request.ip, sessionId: row.session_id })
}

/** A day longer than the session may idle, since the cookie is renewed once a day. */
export function setCookie(app: App, reply: FastifyReply, token: string): void {
  void reply.setCookie(COOKIE, token, { ...cookieOptions(app), maxAge: (IDLE_DAYS + 1) * 86_400 })
}
export function clearCookie(app: App, reply: FastifyReply): void {
  void reply.clearCookie(COOKIE, cookieOptions(app))
}
function cookieOptions(app: App): { httpOnly: true; sameSite: 'lax'; path: '/'; secure: boolean } {
  return { httpOnly: true, sameSite: 'lax', path: '/', secure: app.config.publicUrl.startsWith('https:') }
}

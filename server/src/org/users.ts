import type { User, UserBrief, UserNew, UserPatch, UserQuery } from '#shared/api/org.ts'
import { foldText, searchTerms } from '#shared/text.ts'
import type { Actor } from '../platform/app.ts'
import { type Db, type Tx, violatedKey } from '../platform/db.ts'
import { decodeCursor, pageOf } from '../platform/http.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { needAdministratorLeft } from './administrators.ts'
import { audit } from './audit.ts'
import { grantsOfRoles, grantsOfUser, needAllOf } from './grants.ts'
import { checkTimeZone, PREFERENCE_COLUMNS, type PreferenceRow, toPreferences } from './me.ts'
import { endSessions } from './sessions.ts'
import { setTeamsOf } from './team-members.ts'

interface Row extends PreferenceRow {
  id: string
  name: string
  email: string
  state: User['state']
  presence: User['presence']
  role_ids: string[]
  team_ids: string[]
  factor_on: boolean
  presence_at: Date
  seen_at: Date | null
  signed_in: boolean
  created_at: Date
}
const SELECT = `select u.id::text, u.name, u.email, u.state, u.presence, u.presence_at, u.created_at, ${PREFERENCE_COLUMNS},
  u.totp_at is not null as factor_on,
  greatest((select max(used_at) from api_token where user_id = u.id), u.seen_at) as seen_at,
  exists (select 1 from session where user_id = u.id and expires_at > now()) as signed_in,
  array(select team_id::text from team_member where user_id = u.id order by team_member.team_id) as team_ids,
  array(select role_id::text from user_role where user_id = u.id order by user_role.role_id) as role_ids from app_user u`

function toUser(row: Row): User {
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    state: row.state,
    presence: row.presence,
    preferences: toPreferences(row),
    roleIds: row.role_ids,
    teamIds: row.team_ids,
    secondFactor: row.factor_on,
    presenceAt: row.presence_at.toISOString(),
    seenAt: row.seen_at?.toISOString() ?? null,
    signedIn: row.signed_in,
    createdAt: row.created_at.toISOString(),
  }
}

/** Every colleague, also those who left: their names stand on old messages. An organisation has thousands at most. */
export async function listBriefs(db: Db): Promise<UserBrief[]> {
  return db.query<UserBrief>(
    `select id::text, name, presence, state = 'active' as active from app_user order by lower(name), app_user.id`,
  )
}

/** By id. The search looks at names and addresses, which are few enough to be folded here. */
export async function listUsers(db: Db, query: UserQuery): Promise<{ items: User[]; nextCursor: string | null }> {
  const limit = query.limit ?? 50
  const after = decodeCursor(query.cursor, 1)?.[0] ?? null
  const found = query.search?.trim() ? await findUsers(db, query.search) : null
  const rows = await db.query<Row>(
    `${SELECT} where ($1::bigint is null or u.id > $1) and ($2::bigint[] is null or u.id = any($2)) order by u.id limit $3`,
    [after, found, limit + 1],
  )
  return pageOf(rows, limit, toUser, (row) => [row.id])
}

async function findUsers(db: Db, search: string): Promise<string[]> {
  const terms = searchTerms(search)
  const all = await db.query<{ id: string; text: string }>(
    `select id::text, name || ' ' || email as text from app_user`,
  )
  return all
    .filter(({ text }) => {
      const folded = foldText(text)
      return terms.every((ways) => ways.some((way) => way.split(' ').every((word) => folded.includes(word))))
    })
    .map(({ id }) => id)
}

export async function loadUser(db: Db, id: string): Promise<User> {
  const row = await db.one<Row>(`${SELECT} where u.id = $1`, [id])
  if (!row) throw new Problem('not_found')
  return toUser(row)
}

/** A name is more than blanks. */
export function checkName(name: string | undefined, field = 'name'): void {
  if (name !== undefined && name.trim() === '') throw wrongField(field, 'required')
}

/** @returns the address as it is stored */
export function checkEmail(email: string): string {
  const address = email.trim()
  if (!/^[^\s@\p{C}]+@[^\s@\p{C}]+$/u.test(address) || address.length > 254) throw wrongField('email', 'not_an_email')
  return address
}

/** @returns the user's id. `actor` undefined: the program itself (first administrator, command line). */
export async function createUser(
  tx: Tx,
  actor: Actor | undefined,
  { name, email, roleIds, teamIds, preferences = {} }: Omit<UserNew, 'password'>,
  passwordHash: string,
): Promise<string> {
  checkName(name)
  checkTimeZone(preferences.timeZone, 'preferences.timeZone')
  const address = checkEmail(email)
  const row = await tx
    .one<{ id: string }>(
      `insert into app_user (email, name, password_hash, locale, calendar, digits, time_zone, theme)
       select $1, $2, $3, coalesce($4, locale), coalesce($5, calendar), coalesce($6, digits), coalesce($7, time_zone), coalesce($8, 'system')
       from organisation returning id::text`,
      [
        address,
        name.trim(),
        passwordHash,
        preferences.locale,
        preferences.calendar,
        preferences.digits,
        preferences.timeZone,
        preferences.theme,
      ],
    )
    .catch(emailTaken)
  if (!row) throw new Error('the user was not stored')
  await setRoles(tx, actor, row.id, roleIds)
  if (teamIds) await setTeamsOf(tx, row.id, teamIds)
  await audit(tx, actor, 'user.made', { kind: 'user', id: row.id }, null, {
    name: name.trim(),
    email: address,
    roleIds,
  })
  tx.publish({}, { kind: 'users' })
  return row.id
}

function emailTaken(error: unknown): never {
  if (violatedKey(error) === 'app_user_email') throw new Problem('user_exists')
  throw error
}

/** Changes a user. The new password has been checked and hashed before; it ends the user's sessions, as being disabled does. */
export async function changeUser(
  tx: Tx,
  actor: Actor,
  id: string,
  patch: Omit<UserPatch, 'password'>,
  passwordHash: string | undefined,
): Promise<void> {
  checkName(patch.name)
  const email = patch.email === undefined ? undefined : checkEmail(patch.email)
  const locked = await tx.one('select id from app_user where id = $1 for update', [id])
  if (!locked) throw new Problem('not_found')
  const before = await loadUser(tx, id)
  if (id !== actor.userId || actor.scoped) await needAllOf(tx, actor, await grantsOfUser(tx, id))
  await tx
    .query(
      `update app_user set name = coalesce($2, name), email = coalesce($3, email), state = coalesce($4, state),
         password_hash = coalesce($5, password_hash), updated_at = now() where id = $1`,
      [id, patch.name?.trim(), email, patch.state, passwordHash],
    )
    .catch(emailTaken)
  if (patch.roleIds) await setRoles(tx, actor, id, patch.roleIds)
  if (patch.teamIds) await setTeamsOf(tx, id, patch.teamIds)
  if (patch.roleIds || patch.state === 'disabled') await needAdministratorLeft(tx)
  const after = await loadUser(tx, id)
  const told = ({ name, email: address, state, roleIds, teamIds }: User): object => ({
    name,
    email: address,
    state,
    roleIds,
    teamIds,
  })
  await audit(tx, actor, 'user.changed', { kind: 'user', id }, told(before), told(after))
  if (passwordHash !== undefined) await audit(tx, actor, 'user.password_changed', { kind: 'user', id })
  if (passwordHash !== undefined || after.state === 'disabled')
    await endSessions(tx, id, id === actor.userId ? actor.sessionId : undefined)
  tx.publish({ userId: id }, { kind: 'me' })
  tx.publish({}, { kind: 'users' })
}

/** Gives the user exactly these roles. What changes hands must be covered by the actor's own rights. */
async function setRoles(tx: Tx, actor: Actor | undefined, userId: string, roleIds: readonly string[]): Promise<void> {
  const known = await tx.query<{ id: string }>(
    // Locked: a role must not gain rights or vanish between the check and the commit.
    'select id::text from role where id = any($1::bigint[]) order by role.id for share',
    [roleIds],
  )
  if (known.length < new Set(roleIds).size) throw wrongField('roleIds', 'not_allowed')
  const had = await tx.query<{ id: string }>('select role_id::text as id from user_role where user_id = $1', [userId])
  const added = roleIds.filter((id) => !had.some((role) => role.id === id))
  if (actor && added.length > 0) await needAllOf(tx, actor, await grantsOfRoles(tx, added))
  await tx.query('delete from user_role where user_id = $1 and role_id <> all($2::bigint[])', [userId, roleIds])
  await tx.query(
    'insert into user_role (user_id, role_id) select distinct $1::bigint, r from unnest($2::bigint[]) r on conflict do nothing',
    [userId, roleIds],
  )
}

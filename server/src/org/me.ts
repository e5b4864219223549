import type { Me, MePatch, Preferences } from '#shared/api/session.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { audit } from './audit.ts'
import { checkPassword, hashPassword, passwordFits } from './passwords.ts'
import { endSessions } from './sessions.ts'

export const PREFERENCE_COLUMNS = 'locale, calendar, digits, time_zone, theme'
export interface PreferenceRow {
  locale: Preferences['locale']
  calendar: Preferences['calendar']
  digits: Preferences['digits']
  time_zone: string
  theme: Preferences['theme']
}
export function toPreferences(row: PreferenceRow): Preferences {
  const { locale, calendar, digits, theme } = row
  return { locale, calendar, digits, timeZone: row.time_zone, theme }
}

/** @throws Problem when no such time zone is known */
export function checkTimeZone(zone: string | undefined, field: string): void {
  if (zone === undefined) return
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    if (/^[A-Za-z][\w+\-/]*$/.test(zone)) return
  } catch {
    // falls through to the answer below
  }
  throw wrongField(field, 'not_allowed')
}

export async function meOf(db: Db, actor: Actor): Promise<Me> {
  const row = await db.one<
    PreferenceRow &
      Pick<Me, 'id' | 'name' | 'email' | 'presence' | 'roles'> & {
        live_event: string
        factor_on: boolean
        codes_left: number
        team_ids: string[]
        seen_by: Me['seenBy']
      }
  >(
    `select u.id::text, u.name, u.email, u.presence, ${PREFERENCE_COLUMNS}, (select seq::text from live_counter) as live_event,
       u.totp_at is not null as factor_on, (select count(*)::int from recovery_code where user_id = u.id and used_at is null) as codes_left,
       array(select team_id::text from team_member where user_id = u.id order by team_member.team_id) as team_ids,
       (select json_build_object('id', s.id::text, 'name', s.name) from app_user s where s.id = $2) as seen_by,
       (select coalesce(json_agg(json_build_object('id', r.id::text, 'preset', r.preset, 'name', r.name) order by r.id), '[]')
        from user_role ur join role r on r.id = ur.role_id where ur.user_id = u.id) as roles
     from app_user u where u.id = $1`,
    [actor.userId, actor.seenBy ?? null],
  )
  if (!row) throw new Problem('not_signed_in')
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    presence: row.presence,
    preferences: toPreferences(row),
    roles: row.roles,
    rights: [...actor.rights],
    channels: { view: [...actor.channels.view], send: [...actor.channels.send], manage: [...actor.channels.manage] },
    liveEvent: row.live_event,
    secondFactor: { on: row.factor_on, missing: actor.factorMissing ?? false, recoveryCodesLeft: row.codes_left },
    teamIds: row.team_ids,
    seenBy: row.seen_by,
  }
}

/** What a user changes of his own. The new password, if there is one, has been checked by `newPassword`. */
export async function changeMe(
  tx: Tx,
  actor: Actor,
  { name, presence, preferences = {} }: MePatch,
  passwordHash: string | undefined,
): Promise<void> {
  checkTimeZone(preferences.timeZone, 'preferences.timeZone')
  const before = await tx.one<{ name: string; presence: string }>(
    'select name, presence from app_user where id = $1 for update',
    [actor.userId],
  )
  if (!before) throw new Problem('not_signed_in')
  await tx.query(
    `update app_user set name = coalesce($2, name), presence = coalesce($3, presence), locale = coalesce($4, locale),
       calendar = coalesce($5, calendar), digits = coalesce($6, digits), time_zone = coalesce($7, time_zone),
       theme = coalesce($8, theme), password_hash = coalesce($9, password_hash), updated_at = now(),
       presence_at = case when $3::text is not null and $3 <> presence then now() else presence_at end where id = $1`,
    [
      actor.userId,
      name?.trim(),
      presence,
      preferences.locale,
      preferences.calendar,
      preferences.digits,
      preferences.timeZone,
      preferences.theme,
      passwordHash,
    ],
  )
  if (name !== undefined)
    await audit(
      tx,
      actor,
      'user.changed',
      { kind: 'user', id: actor.userId },
      { name: before.name },
      { name: name.trim() },
    )
  if (passwordHash !== undefined) {
    await audit(tx, actor, 'user.password_changed', { kind: 'user', id: actor.userId })
    await endSessions(tx, actor.userId, actor.sessionId)
  }
  const seenByAll =
    (name !== undefined && name.trim() !== before.name) || (presence ?? before.presence) !== before.presence
  if (seenByAll) tx.publish({}, { kind: 'users' })
  tx.publish({ userId: actor.userId }, { kind: 'me' })
}

/**
 * The hash of a user's next password.
 * @throws Problem when the present one is wrong or the next one is weak
 */
export async function newPassword(db: Db, actor: Actor, current: string, next: string): Promise<string> {
  const user = await db.one<{ email: string; password_hash: string | null }>(
    'select email, password_hash from app_user where id = $1',
    [actor.userId],
  )
  if (!user || !(await passwordFits(user.password_hash, current)))
    throw wrongField('password.current', 'wrong_password')
  checkPassword(next, user.email)
  return hashPassword(next)
}

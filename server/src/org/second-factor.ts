import { createHmac, randomInt } from 'node:crypto'
import { generateSecret, generateURI, verifySync } from 'otplib'
import { renderSVG } from 'uqr'
import type { RecoveryCodes, SecondFactorKey } from '#shared/api/session.ts'
import { latinDigits } from '#shared/text.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import type { Secrets } from '../platform/secrets.ts'
import { audit } from './audit.ts'
import { grantsOfUser, needAllOf } from './grants.ts'
import { endSessions } from './sessions.ts'

/**
 * A second factor at sign-in: codes of six digits that change every 30 seconds (TOTP, RFC 6238, SHA-1, as every
 * authenticator app makes them), and recovery codes for when the phone is lost. No code is good twice.
 */
const STEP_SECONDS = 30
const RECOVERY_CODES = 10
/** Letters and digits that are not taken for each other. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'

const contextOf = (userId: string): string => `user/${userId}/second-factor`

/** Makes a key that is not in force before a code of it was entered. One that is in force is not replaced. */
export async function beginFactor(app: App, tx: Tx, actor: Actor): Promise<SecondFactorKey> {
  const user = await tx.one<{ email: string; on: boolean; organisation: string }>(
    `select u.email, u.totp_at is not null as on, o.name as organisation from app_user u, organisation o
     where u.id = $1 for update of u`,
    [actor.userId],
  )
  if (!user) throw new Problem('not_signed_in')
  if (user.on) throw new Problem('second_factor_on')
  const key = generateSecret()
  await tx.query('update app_user set totp_secret = $2, totp_step = null where id = $1', [
    actor.userId,
    app.secrets.encrypt(key, contextOf(actor.userId)),
  ])
  const uri = generateURI({ issuer: user.organisation || 'Daftar', label: user.email, secret: key })
  return { key, uri, picture: renderSVG(uri, { border: 2 }) }
}

/** Puts the key in force: from now on signing in asks for a code. Other sessions end. */
export async function confirmFactor(app: App, tx: Tx, actor: Actor, code: string): Promise<RecoveryCodes> {
  const user = await tx.one<{ totp_secret: string | null; on: boolean }>(
    'select totp_secret, totp_at is not null as on from app_user where id = $1 for update',
    [actor.userId],
  )
  if (user?.on) throw new Problem('second_factor_on')
  const step = user?.totp_secret
    ? stepOf(app.secrets.decrypt(user.totp_secret, contextOf(actor.userId)), code, Date.now())
    : undefined
  if (step === undefined) throw wrongField('code', 'code_not_right')
  await tx.query('update app_user set totp_at = now(), totp_step = $2 where id = $1', [actor.userId, step])
  const codes = await newRecoveryCodes(app.secrets, tx, actor.userId)
  await audit(tx, actor, 'user.second_factor_on', { kind: 'user', id: actor.userId })
  await endSessions(tx, actor.userId, actor.sessionId)
  tx.publish({}, { kind: 'users' })
  return { codes }
}

/** New recovery codes; those before are worth nothing any more. */
export async function renewRecoveryCodes(app: App, tx: Tx, actor: Actor): Promise<RecoveryCodes> {
  const codes = await newRecoveryCodes(app.secrets, tx, actor.userId)
  await audit(tx, actor, 'user.recovery_codes_made', { kind: 'user', id: actor.userId })
  return { codes }
}

/** Takes the factor away; whoever signs in next needs only the password. Somebody else's: only who holds all that they hold. */
export async function endFactor(tx: Tx, actor: Actor, userId: string): Promise<void> {
  const had = await tx.one<{ on: boolean }>('select totp_at is not null as on from app_user where id = $1 for update', [
    userId,
  ])
  if (!had) throw new Problem('not_found')
  if (userId !== actor.userId || actor.scoped) await needAllOf(tx, actor, await grantsOfUser(tx, userId))
  await tx.query('update app_user set totp_secret = null, totp_at = null, totp_step = null where id = $1', [userId])
  await tx.query('delete from recovery_code where user_id = $1', [userId])
  if (!had.on) return
  await audit(tx, actor, 'user.second_factor_off', { kind: 'user', id: userId })
  await endSessions(tx, userId, userId === actor.userId ? actor.sessionId : undefined)
  tx.publish({}, { kind: 'users' })
}

/** Whether signing in asks this user for a code. */
export async function hasFactor(db: Db, userId: string): Promise<boolean> {
  const row = await db.one<{ on: boolean }>('select totp_at is not null as on from app_user where id = $1', [userId])
  return row?.on ?? false
}

/**
 * Whether a code is right now, of the app or one for recovery; it is used up by that. Of two requests with the same
 * code one succeeds.
 */
export async function useCode(db: Db, secrets: Secrets, userId: string, code: string): Promise<boolean> {
  const user = await db.one<{ totp_secret: string | null }>(
    'select totp_secret from app_user where id = $1 and totp_at is not null',
    [userId],
  )
  if (!user?.totp_secret) return false
  const step = stepOf(secrets.decrypt(user.totp_secret, contextOf(userId)), code, Date.now())
  if (step !== undefined) {
    const moved = await db.one(
      'update app_user set totp_step = $2 where id = $1 and (totp_step is null or totp_step < $2) returning id',
      [userId, step],
    )
    return moved !== undefined
  }
  const used = await db.one(
    'update recovery_code set used_at = now() where user_id = $1 and code_hash = $2 and used_at is null returning user_id',
    [userId, hashOf(secrets, code)],
  )
  return used !== undefined
}

/**
 * The time step a code belongs to: now, the one before or the one after, for clocks that differ. Undefined: it is none.
 * Digits of any script, with blanks, as people copy them.
 */
export function stepOf(key: string, code: string, ms: number): number | undefined {
  const token = latinDigits(code).replace(/[\s\p{Cf}-]/gu, '')
  if (!/^\d{6}$/.test(token)) return undefined
  const epoch = Math.floor(ms / 1000)
  const found = verifySync({ secret: key, token, epoch, epochTolerance: STEP_SECONDS })
  return found.valid ? Math.floor(epoch / STEP_SECONDS) + found.delta : undefined
}

async function newRecoveryCodes(secrets: Secrets, tx: Tx, userId: string): Promise<string[]> {
  const codes = Array.from({ length: RECOVERY_CODES }, () => Array.from({ length: 3 }, () => letters(4)).join('-'))
  await tx.query('delete from recovery_code where user_id = $1', [userId])
  await tx.query('insert into recovery_code (user_id, code_hash) select $1, unnest($2::text[])', [
    userId,
    codes.map((code) => hashOf(secrets, code)),
  ])
  return codes
}

const letters = (count: number): string =>
  Array.from({ length: count }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')

/** Keyed: whoever reads the database without SECRET_KEY cannot try codes against it. */
function hashOf(secrets: Secrets, code: string): string {
  const plain = latinDigits(code)
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
  return createHmac('sha256', secrets.keyFor('recovery codes')).update(plain).digest('hex')
}

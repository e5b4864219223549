import type { Setup } from '#shared/api/session.ts'
import type { Preferences } from '#shared/api/session.ts'
import type { Config } from '../platform/config.ts'
import type { Database, Db } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import { StartError } from '../platform/start-error.ts'
import { administratorRole, ensurePresetRoles } from './administrators.ts'
import { changeOrganisation } from './organisation.ts'
import { hashPassword, isWeak, MIN_PASSWORD_LENGTH } from './passwords.ts'
import { createUser } from './users.ts'

/** The calendar people of a language expect until they choose. */
const CALENDAR_OF = { fa: 'persian', ar: 'gregory', en: 'gregory' } as const satisfies Record<
  Preferences['locale'],
  Preferences['calendar']
>

export async function setupNeeded(db: Db): Promise<boolean> {
  return (await db.one('select 1 as found from app_user limit 1')) === undefined
}

/**
 * Makes the first administrator; of attempts at the same moment one succeeds.
 * @returns the user's id
 * @throws Problem `already_set_up`
 */
export async function setUp(
  db: Database,
  { organisation, name, email, locale }: Omit<Setup, 'password' | 'locale'> & { locale?: Setup['locale'] },
  passwordHash: string,
): Promise<string> {
  return db.transaction(async (tx) => {
    await tx.query(`select pg_advisory_xact_lock(hashtext('daftar setup'))`)
    if (!(await setupNeeded(tx))) throw new Problem('already_set_up')
    const calendar = locale && CALENDAR_OF[locale]
    await changeOrganisation(tx, undefined, { name: organisation, locale, calendar })
    const roleIds = [await administratorRole(tx)]
    return createUser(tx, undefined, { name, email, roleIds, preferences: { locale, calendar } }, passwordHash)
  })
}

/** At every start: the preset roles, and the administrator of ADMIN_EMAIL when there is nobody yet. */
export async function prepareOrganisation(db: Database, admin: Config['admin']): Promise<void> {
  await db.transaction(ensurePresetRoles)
  if (!admin || !(await setupNeeded(db))) return
  if (isWeak(admin.password, admin.email)) {
    throw new StartError(
      `The password in ADMIN_PASSWORD is too easy to guess. Choose one of at least ${MIN_PASSWORD_LENGTH} characters that is not a common one.`,
      `گذرواژهٔ ADMIN_PASSWORD آسان حدس زده می‌شود. گذرواژه‌ای با دست‌کم ${MIN_PASSWORD_LENGTH} نویسه بگذارید که رایج نباشد.`,
    )
  }
  const name = admin.email.split('@')[0] || 'Admin'
  try {
    await setUp(db, { organisation: '', name, email: admin.email }, await hashPassword(admin.password))
  } catch (error) {
    // Another node was faster.
    if (!(error instanceof Problem && error.code === 'already_set_up')) throw error
  }
}

import type { SignIn } from '#shared/api/session.ts'
import type { App } from '../platform/app.ts'
import { Problem } from '../platform/problem.ts'
import { passwordFits } from './passwords.ts'
import { hasFactor, useCode } from './second-factor.ts'
import { countAttempt, forgetAttempts } from './throttle.ts'

/**
 * Checks e-mail and password, and the second factor's code where there is one. Unknown e-mail, wrong password, disabled
 * user: one answer, after the same time. Attempts are forgotten only when all of it was right.
 * @returns the user's id
 * @throws Problem `wrong_credentials`, `code_required`, `wrong_code`, `too_many_attempts`
 */
export async function checkCredentials(
  { db, secrets }: Pick<App, 'db' | 'secrets'>,
  { email, password, code }: SignIn,
  address: string,
): Promise<string> {
  await countAttempt(db, 'address', address)
  await countAttempt(db, 'email', email)
  const user = await db.one<{ id: string; password_hash: string | null; state: string }>(
    'select id::text, password_hash, state from app_user where lower(email) = lower($1)',
    [email],
  )
  const fits = await passwordFits(user?.password_hash, password)
  if (!user || !fits || user.state !== 'active') throw new Problem('wrong_credentials')
  if (await hasFactor(db, user.id)) {
    if (code === undefined || code.trim() === '') throw new Problem('code_required')
    if (!(await useCode(db, secrets, user.id, code))) throw new Problem('wrong_code')
  }
  await forgetAttempts(db, 'address', address)
  await forgetAttempts(db, 'email', email)
  return user.id
}

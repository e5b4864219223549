import { normalizePhone } from '#shared/phone-max.ts'
import { homeCountry } from '../crm/identities.ts'
import { audit } from '../org/audit.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'

/** The organisation's main numbers (A38): at most three, which get a copy of what goes out by itself, where its text says so. */

/** In E.164, in their order. */
export async function copiesFor(db: Db): Promise<string[]> {
  const row = await db.one<{ numbers: string[] }>('select copy_numbers as numbers from organisation')
  return row?.numbers ?? []
}

/** @throws Problem invalid_input with `numbers.<n>` for what is no number, or stands there twice */
export async function changeCopies(tx: Tx, actor: Actor, asked: readonly string[]): Promise<string[]> {
  await tx.query('select from organisation for update')
  const before = await copiesFor(tx)
  const country = await homeCountry(tx)
  const numbers: string[] = []
  const errors: { field: string; code: string }[] = []
  for (const [n, text] of asked.entries()) {
    if (text.trim() === '') continue
    const phone = normalizePhone(text, country)
    if (!phone) errors.push({ field: `numbers.${n}`, code: 'not_a_phone' })
    else if (numbers.includes(phone.e164)) errors.push({ field: `numbers.${n}`, code: 'already_used' })
    else numbers.push(phone.e164)
  }
  if (errors.length > 0) throw new Problem('invalid_input', {}, errors)
  await tx.query('update organisation set copy_numbers = $1', [numbers])
  await audit(tx, actor, 'organisation.copies_changed', { kind: 'organisation' }, { numbers: before }, { numbers })
  tx.publish({}, { kind: 'defined', what: 'templates' })
  return numbers
}

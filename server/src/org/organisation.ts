import type { Organisation } from '#shared/api/org.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { audit } from './audit.ts'
import { checkTimeZone } from './me.ts'

/** The organisation's settings; there is exactly one row. */
export async function loadOrganisation(db: Db): Promise<Organisation> {
  const row = await db.one<Organisation>(
    'select name, locale, calendar, digits, time_zone as "timeZone", country from organisation',
  )
  if (!row) throw new Error('the organisation is missing')
  return row
}

export async function changeOrganisation(
  tx: Tx,
  actor: Actor | undefined,
  patch: Partial<Organisation>,
): Promise<Organisation> {
  checkTimeZone(patch.timeZone, 'timeZone')
  await tx.query('select 1 from organisation for update')
  const before = await loadOrganisation(tx)
  await tx.query(
    `update organisation set name = coalesce($1, name), locale = coalesce($2, locale), calendar = coalesce($3, calendar),
       digits = coalesce($4, digits), time_zone = coalesce($5, time_zone), country = coalesce($6, country)`,
    [patch.name?.trim(), patch.locale, patch.calendar, patch.digits, patch.timeZone, patch.country],
  )
  const after = await loadOrganisation(tx)
  await audit(tx, actor, 'organisation.changed', { kind: 'organisation' }, before, after)
  tx.publish({}, { kind: 'organisation' })
  return after
}

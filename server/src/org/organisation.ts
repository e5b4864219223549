import type { Organisation } from '#shared/api/org.ts'
import type { Actor } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { wrongField } from '../platform/problem.ts'
import { audit } from './audit.ts'
import { checkTimeZone } from './me.ts'

/** The organisation's settings; there is exactly one row. */
export async function loadOrganisation(db: Db): Promise<Organisation> {
  const row = await db.one<Organisation>(
    `select name, locale, calendar, digits, time_zone as "timeZone", country, logo_file_id::text as "logoFileId", currency, toman,
       locales, retention_days as "retentionDays" from organisation`,
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
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined))
  const next: Organisation = { ...before, ...given, name: patch.name?.trim() ?? before.name }
  if (!next.locales.includes(next.locale)) throw wrongField('locales', 'not_allowed')
  if (next.logoFileId !== before.logoFileId) await checkLogo(tx, actor, next.logoFileId)
  await tx.query(
    `update organisation set name = $1, locale = $2, calendar = $3, digits = $4, time_zone = $5, country = $6, logo_file_id = $7,
       currency = $8, toman = $9, locales = $10, retention_days = $11`,
    [
      next.name,
      next.locale,
      next.calendar,
      next.digits,
      next.timeZone,
      next.country,
      next.logoFileId,
      next.currency,
      next.toman,
      next.locales,
      next.retentionDays,
    ],
  )
  const after = await loadOrganisation(tx)
  await audit(tx, actor, 'organisation.changed', { kind: 'organisation' }, before, after)
  tx.publish({}, { kind: 'organisation' })
  return after
}

/** A picture that the actor uploaded himself: else a stranger's file would be opened to everybody. */
async function checkLogo(tx: Tx, actor: Actor | undefined, fileId: string | null): Promise<void> {
  if (fileId === null) return
  const file = await tx.one(
    `select 1 from file where id = $1 and uploaded_by = $2 and media_type like 'image/%' and width is not null`,
    [fileId, actor?.userId ?? null],
  )
  if (!file) throw wrongField('logoFileId', 'not_allowed')
}

/** The logo is everybody's who is signed in. */
export async function isLogo(db: Db, fileId: string): Promise<boolean> {
  return (await db.one('select 1 from organisation where logo_file_id = $1', [fileId])) !== undefined
}

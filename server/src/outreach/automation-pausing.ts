import type { Reason } from '#shared/api/automations.ts'
import { isLocale } from '#shared/locales.ts'
import { holdersOf, notify } from '../org/notices.ts'
import type { Tx } from '../platform/db.ts'
import { translatorFor } from '../platform/texts.ts'

/**
 * Rules that must not go on are switched off, and their owners are told why; where the owner has lost the right to have
 * rules, those who have it are told too. Rules that are off already stay as they are.
 */
export async function pauseRules(tx: Tx, ids: readonly string[], reason: Reason): Promise<void> {
  if (ids.length === 0) return
  const paused = await tx.query<{ id: string; name: string; owner_id: string; locale: string }>(
    `update automation a set enabled = false, paused = $2::jsonb || jsonb_build_object('at', now()), version = version + 1, updated_at = now()
     from app_user u where a.id = any($1::bigint[]) and a.enabled and u.id = a.owner_id
     returning a.id::text, a.name, a.owner_id::text, u.locale`,
    [[...new Set(ids)].toSorted((a, b) => Number(a) - Number(b)), JSON.stringify(reason)],
  )
  for (const { id, name, owner_id: ownerId, locale } of paused) {
    const said = sayReason(locale, reason)
    const others = reason.code === 'owner_right' ? await holdersOf(tx, 'automation.manage') : []
    await notify(tx, [ownerId, ...others], {
      kind: 'automation_paused',
      values: { name, reason: said },
      link: `/automations/${id}`,
    })
  }
  if (paused.length > 0) tx.publish({ need: 'automation.manage' }, { kind: 'defined', what: 'automations' })
}

/** The reason in somebody's language, as it is told to users. */
export function sayReason(locale: string, { code, ...details }: Reason): string {
  const values = Object.fromEntries(
    Object.entries(details).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  )
  return translatorFor(isLocale(locale) ? locale : 'fa')(`automations.reason.${code}`, values)
}

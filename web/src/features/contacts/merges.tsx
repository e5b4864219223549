import type { Contact } from '#shared/api/contacts.ts'
import { formatDate } from '#shared/dates.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe, useUsers } from '../../session/session.ts'
import { exactTime } from '../../time.ts'
import { useNow } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { undoJoin } from '../inbox/join.ts'
import css from './contact.module.css'
import { IconArrowBackUp } from './icons.ts'

/** Records that became part of this one, each with the way back. */
export function Merges({ contact }: { contact: Contact }) {
  const i = useI18n()
  const { t } = i
  const me = useMe()
  const users = useUsers()
  const now = useNow()
  if (contact.merges.length === 0) return null
  return (
    <section className={css.card}>
      <header>
        <h2>{t('contacts.merges')}</h2>
      </header>
      <ul className={css.merges}>
        {contact.merges.map((merge) => {
          const by = merge.mergedBy === null ? undefined : users.get(merge.mergedBy)?.name
          const date = formatDate(merge.mergedAt, i, 'long')
          return (
            <li key={merge.id} data-undone={merge.undoneAt !== null || undefined}>
              <div>
                <b dir="auto">{merge.loserName}</b>
                <span title={exactTime(i, merge.mergedAt)}>
                  {merge.undoneAt !== null
                    ? t('contacts.merges.undone', { date: formatDate(merge.undoneAt, i, 'long') })
                    : merge.cause !== 'agent'
                      ? t(merge.cause === 'start_link' ? 'contacts.merges.link' : 'contacts.merges.number', { date })
                      : by === undefined
                        ? t('contacts.merges.on', { date })
                        : t('contacts.merges.by', { name: by, date })}
                </span>
                {merge.undoneAt === null && (
                  <span>
                    {Date.parse(merge.undoableUntil) > now
                      ? t('duplicates.undo.until', { date: formatDate(merge.undoableUntil, i, 'long') })
                      : t('duplicates.undo.over')}
                  </span>
                )}
              </div>
              {merge.undoneAt === null && can(me, 'contact.edit') && Date.parse(merge.undoableUntil) > now && (
                <Button
                  small
                  look="quiet"
                  icon={<IconArrowBackUp size={15} className="mirror" />}
                  onClick={() => void undoJoin(merge.id)}
                >
                  {t('contacts.merges.undo')}
                </Button>
              )}
            </li>
          )
        })}
      </ul>
    </section>
  )
}

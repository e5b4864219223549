import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Contact } from '#shared/api/contacts.ts'
import { formatDate } from '#shared/dates.ts'
import { useI18n } from '../../i18n.ts'
import { organisationQuery } from '../../queries.ts'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { deleteContact, restoreContact } from './contact-actions.ts'
import css from './contact.module.css'
import dialogs from './dialogs.module.css'
import { IconRestore, IconTrash } from './icons.ts'

const DAY = 86_400_000

/** Until when what is deleted at this moment can be brought back; null until the organisation is known. */
function useKeptUntil(deletedAt: number): string | null {
  const i = useI18n()
  const days = useQuery(organisationQuery).data?.retentionDays
  return days === undefined ? null : formatDate(deletedAt + days * DAY, i, 'long')
}

/** Asks once, naming what goes out of sight and until when it comes back. */
export default function DeleteDialog({ contact, onClose }: { contact: Contact; onClose: (gone: boolean) => void }) {
  const { t } = useI18n()
  const [now] = useState(Date.now)
  const until = useKeptUntil(now)
  const [busy, setBusy] = useState(false)
  const merged = contact.merges.filter((merge) => merge.undoneAt === null && merge.winnerId === contact.id)
  return (
    <Dialog
      title={t('contacts.delete.title', { name: contact.name })}
      onClose={() => onClose(false)}
      footer={
        <>
          <Button onClick={() => onClose(false)}>{t('common.cancel')}</Button>
          <Button
            look="danger"
            busy={busy}
            data-testid="confirm"
            onClick={() => {
              setBusy(true)
              void deleteContact(contact).then((gone) => (gone ? onClose(true) : setBusy(false)))
            }}
          >
            {t('common.delete')}
          </Button>
        </>
      }
    >
      <div className={dialogs.form}>
        <p>{t('contacts.delete.what')}</p>
        <ul className={dialogs.what}>
          <li>{t('contacts.delete.what.identities', { count: contact.identities.length })}</li>
          <li>{t('contacts.delete.what.history')}</li>
          {merged.length > 0 && <li>{t('contacts.delete.what.merged', { count: merged.length })}</li>}
          <li>{t('contacts.delete.what.returns')}</li>
        </ul>
        {until !== null && <p>{t('contacts.delete.until', { date: until })}</p>}
      </div>
    </Dialog>
  )
}

/** Over the page of a deleted contact: since when, until when, and the way back. */
export function DeletedBanner({ contact, mayRestore }: { contact: Contact; mayRestore: boolean }) {
  const i = useI18n()
  const { t } = i
  const until = useKeptUntil(Date.parse(contact.deletedAt ?? contact.updatedAt))
  const [busy, setBusy] = useState(false)
  if (contact.deletedAt === null) return null
  return (
    <div className={css.deleted} role="status">
      <IconTrash size={18} aria-hidden />
      <p>
        {t('contacts.deleted.since', { date: formatDate(contact.deletedAt, i, 'long') })}{' '}
        {until !== null && t('contacts.deleted.until', { date: until })}
      </p>
      {mayRestore && (
        <Button
          icon={<IconRestore size={17} />}
          busy={busy}
          data-testid="restore"
          onClick={() => {
            setBusy(true)
            void restoreContact(contact).finally(() => setBusy(false))
          }}
        >
          {t('contacts.restore')}
        </Button>
      )}
    </div>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Contact, ContactItem } from '#shared/api/contacts.ts'
import { useI18n } from '../../i18n.ts'
import { Avatar, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { choicesQuery } from '../../ui/contact-picker.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { useSettled } from '../../ui/use-settled.ts'
import CompareDialog from '../duplicates/compare-dialog.tsx'
import css from './dialogs.module.css'
import { IdentityText, KindBadge } from './identity-text.tsx'

/** Makes one record of two: first who, then side by side what stays. */
export default function MergeDialog({ contact, onClose }: { contact: Contact; onClose: () => void }) {
  const { t } = useI18n()
  const [other, setOther] = useState<ContactItem | null>(null)
  if (other === null) {
    return (
      <Dialog title={t('duplicates.choose')} onClose={onClose}>
        <Search contact={contact} onChoose={setOther} />
      </Dialog>
    )
  }
  return (
    <CompareDialog
      oneId={contact.id}
      twoId={other.id}
      aside={
        <Button look="quiet" onClick={() => setOther(null)}>
          {t('duplicates.another')}
        </Button>
      }
      onClose={onClose}
    />
  )
}

function Search({ contact, onChoose }: { contact: Contact; onChoose: (contact: ContactItem) => void }) {
  const { t } = useI18n()
  const [typed, setTyped] = useState('')
  const { data, error, refetch } = useQuery(choicesQuery(useSettled(typed.trim())))
  const found = data?.items.filter((one) => one.id !== contact.id) ?? []
  return (
    <div className={css.form}>
      <p className={css.explain}>{t('contacts.merge.explain', { name: contact.name })}</p>
      <TextField
        label={t('contacts.merge.search')}
        value={typed}
        autoFocus
        maxLength={200}
        data-testid="merge-search"
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      {error !== null ? (
        <LoadFailed error={error} retry={() => void refetch()} />
      ) : (
        <ul className={css.found}>
          {data === undefined && <Skeleton height={48} />}
          {found.map((one) => (
            <li key={one.id}>
              <button type="button" onClick={() => onChoose(one)}>
                <Avatar id={one.id} name={one.name} fileId={one.avatarFileId} size={32} />
                <span className={css.foundName}>
                  <span className="ellipsis" dir="auto">
                    {one.name}
                  </span>
                </span>
                {one.identities[0] !== undefined && (
                  <span className={`${css.foundIdentity} ellipsis`}>
                    <IdentityText identity={one.identities[0]} />
                  </span>
                )}
                <KindBadge kind={one.kind} />
              </button>
            </li>
          ))}
          {data !== undefined && found.length === 0 && <li className={css.none}>{t('common.noResults')}</li>}
        </ul>
      )}
    </div>
  )
}

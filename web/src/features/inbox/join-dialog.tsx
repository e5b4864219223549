import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useDeferredValue, useState } from 'react'
import type { PageOf } from '#shared/api/common.ts'
import type { Contact, ContactItem } from '#shared/api/contacts.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Avatar, Bidi, PhoneText } from '../../ui/bits.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import css from './contact-panel.module.css'
import { join } from './join.ts'

/** Finds the contact a visitor is. */
export default function JoinDialog({ contact, onClose }: { contact: Contact; onClose: () => void }) {
  const { t } = useI18n()
  const [search, setSearch] = useState('')
  const asked = useDeferredValue(search.trim())
  const [busy, setBusy] = useState(false)
  const { data } = useQuery({
    queryKey: ['contacts', 'join', asked],
    queryFn: ({ signal }) => api.get<PageOf<ContactItem>>('/contacts', { search: asked, limit: 8 }, { signal }),
    placeholderData: keepPreviousData,
  })
  const found = data?.items.filter((one) => one.id !== contact.id) ?? []
  return (
    <Dialog title={t('inbox.panel.join')} onClose={onClose}>
      <p className={css.explain}>{t('inbox.panel.join.text', { name: contact.name })}</p>
      <TextField
        label={t('inbox.panel.join.search')}
        value={search}
        autoFocus
        maxLength={200}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      <ul className={css.found}>
        {found.map((one) => {
          const phone = one.identities.find((identity) => identity.kind === 'phone')
          return (
            <li key={one.id}>
              <button
                type="button"
                disabled={busy}
                onClick={() => {
                  setBusy(true)
                  void join(contact, one).then((done) => (done ? onClose() : setBusy(false)))
                }}
              >
                <Avatar id={one.id} name={one.name} fileId={one.avatarFileId} size={32} />
                <span className="ellipsis">
                  <Bidi>{one.name}</Bidi>
                </span>
                {phone !== undefined && <PhoneText value={phone.value} />}
              </button>
            </li>
          )
        })}
        {data !== undefined && found.length === 0 && <li className={css.none}>{t('common.noResults')}</li>}
      </ul>
    </Dialog>
  )
}

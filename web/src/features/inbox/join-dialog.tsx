import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Contact, ContactItem } from '#shared/api/contacts.ts'
import { useI18n } from '../../i18n.ts'
import { Avatar, Bidi, PhoneText } from '../../ui/bits.tsx'
import { choicesQuery } from '../../ui/contact-picker.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { useSettled } from '../../ui/use-settled.ts'
import { duplicatesOfQuery } from '../duplicates/queries.ts'
import css from './contact-panel.module.css'
import { join } from './join.ts'

/** Finds the contact a visitor is. */
export default function JoinDialog({ contact, onClose }: { contact: Contact; onClose: () => void }) {
  const { t } = useI18n()
  const [search, setSearch] = useState('')
  const asked = useSettled(search.trim())
  const [busy, setBusy] = useState(false)
  const { data } = useQuery(choicesQuery(asked))
  const { data: pairs } = useQuery(duplicatesOfQuery(contact.id))
  // Before anything is looked for: whom the finder takes for the same.
  const proposed = asked === '' ? (pairs?.items.map(({ a, b }) => (a.id === contact.id ? b : a)) ?? []) : []
  const found = data?.items.filter((one) => one.id !== contact.id && !proposed.some(({ id }) => id === one.id)) ?? []
  const choose = (one: ContactItem) => {
    setBusy(true)
    void join(contact, one).then((done) => (done ? onClose() : setBusy(false)))
  }
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
      {proposed.length > 0 && (
        <>
          <p className={css.explain}>{t('inbox.panel.join.perhaps')}</p>
          <ul className={css.found} data-testid="join-proposed">
            {proposed.map((one) => (
              <Found key={one.id} contact={one} busy={busy} onChoose={() => choose(one)} />
            ))}
          </ul>
        </>
      )}
      <ul className={css.found}>
        {found.map((one) => (
          <Found key={one.id} contact={one} busy={busy} onChoose={() => choose(one)} />
        ))}
        {data !== undefined && found.length === 0 && <li className={css.none}>{t('common.noResults')}</li>}
      </ul>
    </Dialog>
  )
}

function Found({ contact, busy, onChoose }: { contact: ContactItem; busy: boolean; onChoose: () => void }) {
  const phone = contact.identities.find((identity) => identity.kind === 'phone')
  return (
    <li>
      <button type="button" disabled={busy} onClick={onChoose}>
        <Avatar id={contact.id} name={contact.name} fileId={contact.avatarFileId} size={32} />
        <span className="ellipsis">
          <Bidi>{contact.name}</Bidi>
        </span>
        {phone !== undefined && <PhoneText value={phone.value} />}
      </button>
    </li>
  )
}

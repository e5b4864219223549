import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Contact, ContactItem } from '#shared/api/contacts.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe, useUsers } from '../../session/session.ts'
import { Avatar, Bidi, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { join } from '../inbox/join.ts'
import css from './dialogs.module.css'
import { IconArrowRight, IconArrowsExchange } from './icons.ts'
import { IdentityIcon, IdentityText, KindBadge } from './identity-text.tsx'
import { foundContactsQuery } from './queries.ts'

/** Makes one record of two: first who, then which stays and what will happen. */
export default function MergeDialog({ contact, onClose }: { contact: Contact; onClose: () => void }) {
  const { t } = useI18n()
  const me = useMe()
  const [other, setOther] = useState<ContactItem | null>(null)
  const [otherStays, setOtherStays] = useState(false)
  const [busy, setBusy] = useState(false)
  const choose = (one: ContactItem) => {
    setOther(one)
    // A visitor joins those we know; else the page one came from stays.
    setOtherStays(contact.kind === 'visitor' && one.kind !== 'visitor')
  }
  if (other === null) {
    return (
      <Dialog title={t('contacts.merge')} onClose={onClose}>
        <Search contact={contact} onChoose={choose} />
      </Dialog>
    )
  }
  const [stays, goes] = otherStays ? [other, contact] : [contact, other]
  const allowed = can(me, 'contact.merge') || (goes.kind === 'visitor' && can(me, 'contact.edit'))
  return (
    <Dialog
      title={t('contacts.merge')}
      look="wide"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button
            look="primary"
            busy={busy}
            disabled={!allowed}
            data-testid="merge-confirm"
            onClick={() => {
              setBusy(true)
              void join(goes, stays).then((done) => (done ? onClose() : setBusy(false)))
            }}
          >
            {t('contacts.merge.do')}
          </Button>
        </>
      }
    >
      <div className={css.form}>
        <Button small look="quiet" className={css.back ?? ''} onClick={() => setOther(null)}>
          {t('contacts.merge.another')}
        </Button>
        <div className={css.sides}>
          <Side contact={goes} />
          <div className={css.swap}>
            <IconArrowRight size={20} className="mirror" aria-hidden />
            <Button small icon={<IconArrowsExchange size={16} />} onClick={() => setOtherStays(!otherStays)}>
              {t('contacts.merge.swap')}
            </Button>
          </div>
          <Side contact={stays} stays />
        </div>
        <ul className={css.what}>
          <li>{t('contacts.merge.what.identities', { from: goes.name, to: stays.name })}</li>
          <li>
            {stays.kind === 'visitor' && goes.kind !== 'visitor'
              ? t('contacts.merge.what.visitor', { name: goes.name })
              : t('contacts.merge.what.name', { name: stays.name })}
          </li>
          <li>{t('contacts.merge.what.filled', { from: goes.name })}</li>
          <li>{t('contacts.merge.what.undo')}</li>
        </ul>
        {!allowed && <p className={css.explain}>{t('contacts.merge.noRight')}</p>}
      </div>
    </Dialog>
  )
}

function Side({ contact, stays = false }: { contact: Contact | ContactItem; stays?: boolean }) {
  const { t } = useI18n()
  const users = useUsers()
  return (
    <section className={css.side} data-stays={stays || undefined}>
      <span className={css.sideRole}>{t(stays ? 'contacts.merge.stays' : 'contacts.merge.joins')}</span>
      <div className={css.sideWho}>
        <Avatar id={contact.id} name={contact.name} fileId={contact.avatarFileId} size={40} />
        <b dir="auto">{contact.name}</b>
      </div>
      <div>
        <KindBadge kind={contact.kind} />
      </div>
      <ul>
        {contact.identities.slice(0, 6).map((identity) => (
          <li key={identity.id}>
            <IdentityIcon kind={identity.kind} size={15} />
            <span className="ellipsis">
              <IdentityText identity={identity} />
            </span>
          </li>
        ))}
        {contact.identities.length > 6 && <li>{t('contacts.list.more', { count: contact.identities.length - 6 })}</li>}
      </ul>
      {contact.responsibleId !== null && (
        <p className={css.sideMeta}>
          {t('contacts.responsible')}: <Bidi>{users.get(contact.responsibleId)?.name ?? '…'}</Bidi>
        </p>
      )}
    </section>
  )
}

function Search({ contact, onChoose }: { contact: Contact; onChoose: (contact: ContactItem) => void }) {
  const { t } = useI18n()
  const [typed, setTyped] = useState('')
  const [asked, setAsked] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setAsked(typed.trim()), 180)
    return () => clearTimeout(timer)
  }, [typed])
  const { data, error, refetch } = useQuery(foundContactsQuery(asked))
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

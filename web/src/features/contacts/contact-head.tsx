import { useRef, useState } from 'react'
import type { Contact } from '#shared/api/contacts.ts'
import { CONTACT_KINDS } from '#shared/api/contacts.ts'
import { formatDate } from '#shared/dates.ts'
import { useI18n } from '../../i18n.ts'
import { useUsers } from '../../session/session.ts'
import { exactTime } from '../../time.ts'
import { Avatar, Bidi } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { patchContact } from './contact-actions.ts'
import css from './contact.module.css'
import { IconArrowsJoin, IconMessagePlus, IconPencil } from './icons.ts'
import { KindBadge } from './identity-text.tsx'

interface ContactHeadProps {
  contact: Contact
  mayEdit: boolean
  onWrite?: () => void
  onMerge?: () => void
}

/** Who it is; the name, kind and colleague are changed in their place. */
export function ContactHead({ contact, mayEdit, onWrite, onMerge }: ContactHeadProps) {
  const i = useI18n()
  const { t } = i
  const users = useUsers()
  return (
    <header className={css.head}>
      <Avatar id={contact.id} name={contact.name} fileId={contact.avatarFileId} size={72} />
      <div className={css.headText}>
        <Name contact={contact} mayEdit={mayEdit} />
        <div className={css.facts}>
          {mayEdit ? <KindSelect contact={contact} /> : <KindBadge kind={contact.kind} />}
          {mayEdit ? (
            <label className={css.fact}>
              <span>{t('contacts.responsible')}</span>
              <Select
                value={contact.responsibleId ?? ''}
                onChange={(event) => {
                  const responsibleId = event.currentTarget.value === '' ? null : event.currentTarget.value
                  const name = responsibleId === null ? '' : (users.get(responsibleId)?.name ?? '')
                  void patchContact(
                    contact,
                    { responsibleId },
                    responsibleId === null ? t('contacts.done.nobody') : t('contacts.done.responsible', { name }),
                  )
                }}
              >
                <option value="">{t('contacts.nobody')}</option>
                {[...users.values()]
                  .filter((user) => user.active || user.id === contact.responsibleId)
                  .map((user) => (
                    <option key={user.id} value={user.id}>
                      {user.name}
                    </option>
                  ))}
              </Select>
            </label>
          ) : (
            <span className={css.fact}>
              <span>{t('contacts.responsible')}</span>
              <Bidi>
                {contact.responsibleId === null
                  ? t('contacts.nobody')
                  : (users.get(contact.responsibleId)?.name ?? '…')}
              </Bidi>
            </span>
          )}
          <span className={css.since} title={exactTime(i, contact.createdAt)}>
            {t('contacts.since', { date: formatDate(contact.createdAt, i, 'long') })}
          </span>
        </div>
      </div>
      <div className={css.headActions}>
        {onWrite !== undefined && (
          <Button look="primary" icon={<IconMessagePlus size={17} />} onClick={onWrite} data-testid="write">
            {t('contacts.write')}
          </Button>
        )}
        {onMerge !== undefined && (
          <Button icon={<IconArrowsJoin size={17} />} onClick={onMerge} data-testid="merge">
            {t('contacts.merge')}
          </Button>
        )}
      </div>
    </header>
  )
}

function KindSelect({ contact }: { contact: Contact }) {
  const { t } = useI18n()
  return (
    <label className={css.fact}>
      <span>{t('contacts.kind')}</span>
      <Select
        value={contact.kind}
        onChange={(event) => {
          const kind = CONTACT_KINDS.find((one) => one === event.currentTarget.value)
          if (kind !== undefined)
            void patchContact(contact, { kind }, t('contacts.done.kind', { kind: t(`contacts.kind.${kind}`) }))
        }}
      >
        {CONTACT_KINDS.filter((kind) => kind !== 'visitor' || contact.kind === 'visitor').map((kind) => (
          <option key={kind} value={kind}>
            {t(`contacts.kind.${kind}`)}
          </option>
        ))}
      </Select>
    </label>
  )
}

function Name({ contact, mayEdit }: { contact: Contact; mayEdit: boolean }) {
  const { t } = useI18n()
  const [draft, setDraft] = useState<string | null>(null)
  const pencil = useRef<HTMLButtonElement>(null)
  const end = (keep: boolean) => {
    const name = draft?.trim() ?? ''
    setDraft(null)
    requestAnimationFrame(() => pencil.current?.focus())
    if (keep && name !== '' && name !== contact.name) void patchContact(contact, { name }, t('contacts.done.name'))
  }
  if (draft !== null) {
    return (
      <input
        autoFocus
        className={css.nameInput}
        dir="auto"
        value={draft}
        maxLength={200}
        aria-label={t('contacts.name')}
        onFocus={(event) => event.currentTarget.select()}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onBlur={() => end(true)}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing) return
          if (event.key === 'Enter') end(true)
          else if (event.key === 'Escape') {
            event.stopPropagation()
            end(false)
          }
        }}
      />
    )
  }
  return (
    <div className={css.name}>
      <h1 dir="auto" onDoubleClick={() => mayEdit && setDraft(contact.name)}>
        {contact.name}
      </h1>
      {mayEdit && (
        <IconButton ref={pencil} small label={t('contacts.name.edit')} onClick={() => setDraft(contact.name)}>
          <IconPencil size={16} />
        </IconButton>
      )}
    </div>
  )
}

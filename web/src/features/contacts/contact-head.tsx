import { Link } from '@tanstack/react-router'
import { type ReactNode, useRef, useState } from 'react'
import type { Contact } from '#shared/api/contacts.ts'
import { CONTACT_KINDS } from '#shared/api/contacts.ts'
import { formatDate } from '#shared/dates.ts'
import { useI18n } from '../../i18n.ts'
import { useUsers } from '../../session/session.ts'
import { exactTime } from '../../time.ts'
import { Avatar, Bidi } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { TagList, TagPicker } from '../../ui/tag-picker.tsx'
import { patchContact } from './contact-actions.ts'
import css from './contact.module.css'
import { IconPencil, IconTag } from './icons.ts'
import { KindBadge } from './identity-text.tsx'

interface ContactHeadProps {
  contact: Contact
  mayEdit: boolean
  actions: ReactNode
}

/** Who it is; the name, kind, tags and colleague are changed in their place. */
export function ContactHead({ contact, mayEdit, actions }: ContactHeadProps) {
  const i = useI18n()
  const { t } = i
  return (
    <header className={css.head}>
      <Avatar id={contact.id} name={contact.name} fileId={contact.avatarFileId} size={72} />
      <div className={css.headText}>
        <Name contact={contact} mayEdit={mayEdit} />
        <Workplace contact={contact} />
        <div className={css.facts}>
          {mayEdit ? <KindSelect contact={contact} /> : <KindBadge kind={contact.kind} />}
          <Responsible contact={contact} mayEdit={mayEdit} />
          <span className={css.since} title={exactTime(i, contact.createdAt)}>
            {t('contacts.since', { date: formatDate(contact.createdAt, i, 'long') })}
          </span>
        </div>
        <Tags contact={contact} mayEdit={mayEdit} />
      </div>
      <div className={css.headActions}>{actions}</div>
    </header>
  )
}

/** «مدیر فروش در شرکت سپهر» */
export function Workplace({ contact }: { contact: Contact }) {
  const { t } = useI18n()
  const work = contact.relations.find((one) => one.kind === 'works_at' && one.direction === 'to')
  const title = contact.jobTitle === '' ? (work?.title ?? '') : contact.jobTitle
  if (contact.company === null) return title === '' ? null : <p className={css.workplace}>{<Bidi>{title}</Bidi>}</p>
  const { id, name } = contact.company
  return (
    <p className={css.workplace}>
      {title !== '' && (
        <>
          <Bidi>{title}</Bidi> <span>{t('contacts.at')}</span>{' '}
        </>
      )}
      <Link to="/contacts/$id" params={{ id }}>
        <Bidi>{name}</Bidi>
      </Link>
    </p>
  )
}

/** The contact's tags; found or made by typing. */
export function Tags({ contact, mayEdit }: { contact: Contact; mayEdit: boolean }) {
  const { t } = useI18n()
  const [editing, setEditing] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  if (!mayEdit && contact.tagIds.length === 0) return null
  if (!editing) {
    return (
      <div className={css.tags} data-testid="contact-tags">
        <TagList ids={contact.tagIds} />
        {mayEdit && (
          <button ref={button} type="button" className={css.addTag} onClick={() => setEditing(true)}>
            <IconTag size={14} aria-hidden />
            {t(contact.tagIds.length === 0 ? 'contacts.tags.add' : 'contacts.tags.edit')}
          </button>
        )}
      </div>
    )
  }
  return (
    <div
      className={css.tagPicker}
      onBlur={(event) => {
        // What a chip loses when it goes is not leaving.
        if (event.relatedTarget instanceof Node && !event.currentTarget.contains(event.relatedTarget)) setEditing(false)
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return
        event.stopPropagation()
        setEditing(false)
        requestAnimationFrame(() => button.current?.focus())
      }}
    >
      <TagPicker
        bare
        autoFocus
        label={t('contacts.field.tagIds')}
        placeholder={t('contacts.tags.placeholder')}
        value={contact.tagIds}
        onChange={(tagIds) => void patchContact(contact, { tagIds })}
      />
      <Button small onClick={() => setEditing(false)}>
        {t('contacts.tags.done')}
      </Button>
    </div>
  )
}

function Responsible({ contact, mayEdit }: { contact: Contact; mayEdit: boolean }) {
  const { t } = useI18n()
  const users = useUsers()
  if (!mayEdit) {
    return (
      <span className={css.fact}>
        <span>{t('contacts.responsible')}</span>
        <Bidi>
          {contact.responsibleId === null ? t('contacts.nobody') : (users.get(contact.responsibleId)?.name ?? '…')}
        </Bidi>
      </span>
    )
  }
  return (
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

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import type { PageOf } from '#shared/api/common.ts'
import type { Contact, Identity } from '#shared/api/contacts.ts'
import type { Attachment, Conversation, TimelineItem } from '#shared/api/conversations.ts'
import { displayPhone } from '#shared/phone-display.ts'
import { api, fileUrl, thumbnailUrl } from '../../api.ts'
import { loadTexts, useI18n } from '../../i18n.ts'
import { contactQuery } from '../../queries.ts'
import { can, queryClient, useMe, useUsers } from '../../session/session.ts'
import { Avatar, Badge, Bidi, LoadFailed, PhoneText, Skeleton, TimeText } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { copyText } from '../../ui/copy-text.ts'
import {
  IconAlertTriangle,
  IconAt,
  IconCheck,
  IconCopy,
  IconExternalLink,
  IconMail,
  IconPhone,
  IconUserPlus,
} from '../../ui/icons.ts'
import { Select } from '../../ui/field.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import { ChannelIcon, useChannels } from './channel-icon.tsx'
import css from './contact-panel.module.css'
import { join, undoJoin } from './join.ts'
import { KindIcon } from './kind-icon.tsx'
import { kindText } from './kind-text.ts'

const JoinDialog = lazy(() => import('./join-dialog.tsx'))

/** Without a line the record waits for it: a part asked for in vain would take the whole pane away. */
const online = (): Promise<unknown> =>
  navigator.onLine ? Promise.resolve() : new Promise((resolve) => addEventListener('online', resolve, { once: true }))

const PanelRecord = lazy(() =>
  online()
    .then(() => loadTexts('contacts', 'fields'))
    .then(() => import('./panel-record.tsx')),
)

/** Who one is talking to, beside the thread. */
export function ContactPanel({ conversation }: { conversation: Conversation }) {
  const { t } = useI18n()
  const me = useMe()
  const {
    data: contact,
    error,
    refetch,
  } = useQuery({ ...contactQuery(conversation.contact.id), enabled: can(me, 'contact.view') })
  const [joining, setJoining] = useState(false)
  if (!can(me, 'contact.view')) return null
  if (error !== null && contact === undefined) return <LoadFailed error={error} retry={() => void refetch()} />
  if (contact === undefined) {
    return (
      <div className={css.panel} aria-busy="true">
        <Skeleton width={64} height={64} round />
        <Skeleton width="70%" height={18} />
        <Skeleton height={80} />
      </div>
    )
  }
  return (
    <div className={css.panel} data-testid="contact-panel">
      <div className={css.top}>
        <Avatar id={contact.id} name={contact.name} fileId={contact.avatarFileId} size={56} />
        <div className={css.topText}>
          <h3>
            <Bidi>{contact.name}</Bidi>
          </h3>
          <Badge>{t(`inbox.panel.kind.${contact.kind}`)}</Badge>
        </div>
      </div>
      <div className={css.links}>
        <Link to="/contacts/$id" params={{ id: contact.id }} className={css.link}>
          <IconExternalLink size={15} className="mirror" aria-hidden />
          {t('inbox.panel.open')}
        </Link>
        {contact.kind === 'visitor' && can(me, 'contact.edit') && (
          <Button small icon={<IconUserPlus size={16} />} onClick={() => setJoining(true)}>
            {t('inbox.panel.join')}
          </Button>
        )}
      </div>
      <Conflicts contact={contact} />
      <Suspense>
        <PanelRecord contact={contact} conversation={conversation} />
      </Suspense>
      {contact.about !== '' && (
        <section>
          <h4>{t('inbox.panel.about')}</h4>
          <p dir="auto" className={css.about}>
            {contact.about}
          </p>
        </section>
      )}
      <section>
        <h4>{t('inbox.panel.identities')}</h4>
        <ul>
          {contact.identities.map((identity) => (
            <IdentityLine key={identity.id} identity={identity} />
          ))}
        </ul>
      </section>
      <Responsible contact={contact} />
      <Earlier contactId={contact.id} exceptId={conversation.id} />
      <Files contactId={contact.id} />
      <Suspense>{joining && <JoinDialog contact={contact} onClose={() => setJoining(false)} />}</Suspense>
    </div>
  )
}

function IdentityLine({ identity }: { identity: Identity }) {
  const i = useI18n()
  const { t } = i
  const Icon = identity.kind === 'phone' ? IconPhone : identity.kind === 'email' ? IconMail : IconAt
  const shown = identity.display ?? identity.value
  return (
    <li className={css.identity}>
      <span title={i.maybe(`inbox.panel.identity.${identity.kind}`) ?? identity.kind} className={css.identityIcon}>
        <Icon size={16} aria-label={i.maybe(`inbox.panel.identity.${identity.kind}`) ?? identity.kind} />
      </span>
      {identity.kind === 'phone' ? (
        <a href={`tel:${identity.value}`} className={css.value}>
          <PhoneText value={identity.value} />
        </a>
      ) : (
        <bdi dir="ltr" className={`${css.value} ellipsis`}>
          {shown}
        </bdi>
      )}
      {identity.verified && (
        <span title={t('inbox.panel.verified')} className={css.verified}>
          <IconCheck size={14} aria-label={t('inbox.panel.verified')} />
        </span>
      )}
      <IconButton
        small
        label={t('inbox.panel.copy', { value: shown })}
        onClick={() => void copyText(identity.value, t('common.copied'))}
      >
        <IconCopy size={14} />
      </IconButton>
    </li>
  )
}

function Conflicts({ contact }: { contact: Contact }) {
  const { t, locale, digits } = useI18n()
  const me = useMe()
  const dismiss = async (id: string) => {
    try {
      await api.post(`/identity-conflicts/${id}/dismiss`)
      await queryClient.invalidateQueries({ queryKey: ['contact', contact.id] })
    } catch (error) {
      toastProblem(error)
    }
  }
  return contact.conflicts.map((conflict) => (
    <section key={conflict.id} className={css.conflict}>
      <p>
        <IconAlertTriangle size={16} aria-hidden />{' '}
        {t('inbox.panel.conflict', {
          value:
            conflict.kind === 'phone'
              ? displayPhone(conflict.value, digits === 'latin' ? 'en' : locale)
              : conflict.value,
        })}
      </p>
      <Link to="/contacts/$id" params={{ id: conflict.other.id }} className={css.other}>
        <Avatar id={conflict.other.id} name={conflict.other.name} fileId={conflict.other.avatarFileId} size={26} />
        <Bidi className="ellipsis">{conflict.other.name}</Bidi>
      </Link>
      <div className={css.links}>
        {can(me, 'contact.merge') && (
          <Button small onClick={() => void join(contact, conflict.other)}>
            {t('inbox.panel.conflict.same')}
          </Button>
        )}
        {can(me, 'contact.edit') && (
          <Button small look="quiet" onClick={() => void dismiss(conflict.id)}>
            {t('inbox.panel.conflict.different')}
          </Button>
        )}
      </div>
    </section>
  ))
}

function Responsible({ contact }: { contact: Contact }) {
  const { t } = useI18n()
  const me = useMe()
  const users = useUsers()
  const merged = contact.merges.filter((merge) => merge.undoneAt === null)
  const set = async (responsibleId: string | null) => {
    const key = contactQuery(contact.id).queryKey
    queryClient.setQueryData(key, { ...contact, responsibleId })
    try {
      queryClient.setQueryData(key, await api.patch<Contact>(`/contacts/${contact.id}`, { responsibleId }))
    } catch (error) {
      queryClient.setQueryData(key, contact)
      toastProblem(error)
    }
  }
  return (
    <section>
      <h4 id="responsible">{t('inbox.panel.responsible')}</h4>
      {can(me, 'contact.edit') ? (
        <Select
          aria-labelledby="responsible"
          value={contact.responsibleId ?? ''}
          onChange={(event) => void set(event.currentTarget.value === '' ? null : event.currentTarget.value)}
        >
          <option value="">{t('inbox.header.nobody')}</option>
          {[...users.values()]
            .filter((user) => user.active || user.id === contact.responsibleId)
            .map((user) => (
              <option key={user.id} value={user.id}>
                {user.name}
              </option>
            ))}
        </Select>
      ) : (
        <Bidi>
          {contact.responsibleId === null ? t('inbox.header.nobody') : (users.get(contact.responsibleId)?.name ?? '…')}
        </Bidi>
      )}
      {can(me, 'contact.edit') &&
        merged.map((merge) => (
          <p key={merge.id} className={css.merged}>
            <span className="ellipsis">{t('inbox.panel.merged', { name: merge.loserName })}</span>
            <Button small look="quiet" onClick={() => void undoJoin(merge.id)}>
              {t('common.undo')}
            </Button>
          </p>
        ))}
    </section>
  )
}

function Earlier({ contactId, exceptId }: { contactId: string; exceptId: string }) {
  const { t } = useI18n()
  const channels = useChannels()
  const { data } = useQuery({
    queryKey: ['conversations', 'of', contactId],
    queryFn: ({ signal }) => api.get<PageOf<Conversation>>('/conversations', { contactId, limit: 10 }, { signal }),
  })
  const others = data?.items.filter((one) => one.id !== exceptId) ?? []
  return (
    <section>
      <h4>{t('inbox.panel.earlier')}</h4>
      {data !== undefined && others.length === 0 && <p className={css.none}>{t('inbox.panel.noEarlier')}</p>}
      <ul>
        {others.map((one) => (
          <li key={one.id}>
            <Link to="/inbox/$conversationId" params={{ conversationId: one.id }} className={css.earlier}>
              <ChannelIcon kind={channels.get(one.channelId)?.kind} size={15} />
              <Bidi className="ellipsis">{one.lastText}</Bidi>
              <TimeText at={one.lastAt} />
            </Link>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Files({ contactId }: { contactId: string }) {
  const i = useI18n()
  const { t } = i
  const { data } = useQuery({
    queryKey: ['timeline', contactId, 'files'],
    queryFn: ({ signal }) =>
      api.get<PageOf<TimelineItem>>(
        `/contacts/${contactId}/timeline`,
        { files: true, type: 'message', limit: 12 },
        { signal },
      ),
  })
  const files: (Attachment & { fileId: string })[] = []
  for (const item of data?.items ?? []) {
    if (item.type !== 'message') continue
    for (const one of item.message.attachments) if (one.fileId !== null) files.push({ ...one, fileId: one.fileId })
  }
  return (
    <section>
      <h4>{t('inbox.panel.files')}</h4>
      {data !== undefined && files.length === 0 && <p className={css.none}>{t('inbox.panel.noFiles')}</p>}
      <ul className={css.files}>
        {files.slice(0, 12).map((file) => {
          const name = file.name ?? kindText(i, file.kind)
          return (
            <li key={file.id}>
              <a href={fileUrl(file.fileId)} target="_blank" rel="noopener noreferrer" title={name} aria-label={name}>
                {file.kind === 'photo' ? (
                  <img src={thumbnailUrl(file.fileId, 96)} alt="" loading="lazy" />
                ) : (
                  <KindIcon kind={file.kind} size={22} />
                )}
              </a>
            </li>
          )
        })}
      </ul>
    </section>
  )
}

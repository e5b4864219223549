import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import type { Contact } from '#shared/api/contacts.ts'
import type { Message, TimelineItem } from '#shared/api/conversations.ts'
import { formatDate } from '#shared/dates.ts'
import { useI18n } from '../../i18n.ts'
import { useUsers } from '../../session/session.ts'
import { exactTime } from '../../time.ts'
import { Avatar, Bidi } from '../../ui/bits.tsx'
import { ChannelIcon, useChannels } from '../inbox/channel-icon.tsx'
import { Delivery } from '../inbox/delivery.tsx'
import { EventLine } from '../inbox/event-line.tsx'
import { MessageBody } from '../inbox/message-body.tsx'
import { NoteCard } from '../inbox/note-card.tsx'
import { IconExternalLink } from './icons.ts'
import css from './timeline.module.css'

export const TimelineEntry = memo(function TimelineEntry({ item, contact }: { item: TimelineItem; contact: Contact }) {
  if (item.type === 'note') return <NoteCard note={item.note} />
  if (item.type === 'event') return <EventLine event={item.event} />
  return <MessageEntry message={item.message} contact={contact} />
})

function MessageEntry({ message, contact }: { message: Message; contact: Contact }) {
  const i = useI18n()
  const { t } = i
  const users = useUsers()
  const channel = useChannels().get(message.channelId)
  const out = message.direction === 'out'
  const author = message.authorId === null ? undefined : users.get(message.authorId)
  const voice = !out
    ? contact.name
    : (author?.name ?? i.maybe(`inbox.message.${message.origin}`) ?? t('inbox.message.api'))
  return (
    <article className={css.message} data-out={out || undefined} data-testid={`timeline-message-${message.id}`}>
      <span className={css.face}>
        {out && author === undefined ? (
          <span className={css.channelFace}>
            <ChannelIcon kind={channel?.kind} size={18} />
          </span>
        ) : (
          <Avatar
            id={out ? (author?.id ?? '0') : contact.id}
            name={voice}
            fileId={out ? null : contact.avatarFileId}
            size={32}
          />
        )}
      </span>
      <div className={css.messageBox}>
        <header className={css.messageHead}>
          <b className="ellipsis" dir="auto">
            {voice}
          </b>
          <span className={css.via}>
            <ChannelIcon kind={channel?.kind} size={14} />
            <Bidi className="ellipsis">{channel?.name}</Bidi>
          </span>
          <time dateTime={message.at} title={exactTime(i, message.at)}>
            {formatDate(message.at, i, 'time')}
          </time>
          {message.editedAt !== null && <span>{t('inbox.message.edited')}</span>}
          {out && <Delivery message={message} />}
          <Link
            to="/inbox/$conversationId"
            params={{ conversationId: message.conversationId }}
            search={{ message: message.id }}
            className={css.goto}
            title={t('contacts.timeline.open')}
            preload={false}
          >
            <span>{t('contacts.timeline.open')}</span>
            <IconExternalLink size={13} aria-hidden className="mirror" />
          </Link>
        </header>
        <div className={css.body} data-bare={message.kind === 'sticker' || undefined}>
          <MessageBody message={message} />
        </div>
      </div>
    </article>
  )
}

import { Link } from '@tanstack/react-router'
import { memo } from 'react'
import type { Conversation } from '#shared/api/conversations.ts'
import { useI18n } from '../../i18n.ts'
import { useMe, useUsers } from '../../session/session.ts'
import { lasting } from '../../time.ts'
import { Avatar, Bidi, TimeText, useNow } from '../../ui/bits.tsx'
import { IconClock } from '../../ui/icons.ts'
import { ChannelIcon, useChannels } from './channel-icon.tsx'
import css from './list.module.css'
import { KindIcon } from './kind-icon.tsx'
import { kindText } from './kind-text.ts'

/** Pixels; every row is as high, so that the list can be reordered under the reader's eye without moving. */
export const ROW_HEIGHT = 68
/** From when on the waiting customer is pointed out. */
const SHOW_WAITING = 5 * 60_000

export const ListRow = memo(function ListRow({
  conversation,
  selected,
}: {
  conversation: Conversation
  selected: boolean
}) {
  const i = useI18n()
  const { t } = i
  const me = useMe()
  const users = useUsers()
  const channels = useChannels()
  const now = useNow()
  const { contact, unread, unansweredSince, assigneeId, lastText, lastKind } = conversation
  const waiting = unansweredSince === null ? 0 : now - Date.parse(unansweredSince)
  const assignee = assigneeId === null || assigneeId === me.id ? undefined : users.get(assigneeId)
  const text = lastText === '' ? kindText(i, lastKind) : lastText
  return (
    <Link
      to="/inbox/$conversationId"
      params={{ conversationId: conversation.id }}
      search={(before) => ({ ...before, message: undefined })}
      className={css.link}
      aria-current={selected ? 'true' : undefined}
      data-testid={`conversation-${conversation.id}`}
      data-unread={unread > 0 || undefined}
    >
      <span className={css.face}>
        <Avatar id={contact.id} name={contact.name} fileId={contact.avatarFileId} size={40} />
        <span className={css.mark}>
          <ChannelIcon kind={channels.get(conversation.channelId)?.kind} size={14} />
        </span>
      </span>
      <span className={css.line}>
        <span className={`${css.name} ellipsis`}>
          <Bidi>{contact.name}</Bidi>
        </span>
        <TimeText at={conversation.lastAt} className={css.time} />
      </span>
      <span className={css.line}>
        {conversation.lastDirection === 'out' && <span className={css.you}>{t('inbox.list.you')}</span>}
        {lastKind !== 'text' && <KindIcon kind={lastKind} size={14} />}
        <span className={`${css.text} ellipsis`}>
          <span dir="auto">{text}</span>
        </span>
        {assignee !== undefined && (
          <span title={t('inbox.list.assignee', { name: assignee.name })} className={css.assignee}>
            <Avatar id={assignee.id} name={assignee.name} size={18} />
            <span className="visually-hidden">{t('inbox.list.assignee', { name: assignee.name })}</span>
          </span>
        )}
        {waiting >= SHOW_WAITING && conversation.state !== 'closed' && (
          <span className={css.waits} title={t('inbox.list.waits', { time: lasting(i, waiting) })}>
            <IconClock size={12} aria-hidden />
            {lasting(i, waiting)}
          </span>
        )}
        {unread > 0 && (
          <span className={css.unread} title={t('inbox.list.unread', { count: unread })}>
            {i.n(Math.min(unread, 999))}
            <span className="visually-hidden">{t('inbox.list.unread', { count: unread })}</span>
          </span>
        )}
      </span>
    </Link>
  )
})

import { memo, useState } from 'react'
import type { Message } from '#shared/api/conversations.ts'
import { formatDate } from '#shared/dates.ts'
import { useI18n } from '../../i18n.ts'
import { useUsers } from '../../session/session.ts'
import { exactTime } from '../../time.ts'
import { Bidi } from '../../ui/bits.tsx'
import { IconButton } from '../../ui/button.tsx'
import { copyText } from '../../ui/copy-text.ts'
import { IconArrowBackUp, IconCopy, IconDotsVertical, IconHistory } from '../../ui/icons.ts'
import { Menu, MenuItem } from '../../ui/menu.tsx'
import { Delivery } from './delivery.tsx'
import css from './message.module.css'
import { MessageBody } from './message-body.tsx'
import { MessageDetails } from './message-details.tsx'
import { Quote } from './quote.tsx'
import { useThread } from './thread-context.tsx'

export const MessageBubble = memo(function MessageBubble({
  message,
  first,
  last,
}: {
  message: Message
  first: boolean
  last: boolean
}) {
  const i = useI18n()
  const { t } = i
  const users = useUsers()
  const { conversation } = useThread()
  const [details, setDetails] = useState(false)
  const out = message.direction === 'out'
  const author = message.authorId === null ? undefined : users.get(message.authorId)?.name
  const voice = !out
    ? conversation.contact.name
    : (author ?? i.maybe(`inbox.message.${message.origin}`) ?? t('inbox.message.api'))
  const trouble = message.state === 'failed' || message.state === 'unknown'
  return (
    <article
      className={css.message}
      data-out={out || undefined}
      data-first={first || undefined}
      data-testid={`message-${message.id}`}
      data-state={message.state}
      data-direction={message.direction}
    >
      {first ? (
        <header className={css.voice}>
          <Bidi className="ellipsis">{voice}</Bidi>
        </header>
      ) : (
        <span className="visually-hidden">{voice}: </span>
      )}
      <div className={css.line}>
        <div
          className={css.bubble}
          data-trouble={trouble ? message.state : undefined}
          data-cancelled={message.state === 'cancelled' || undefined}
          data-bare={message.kind === 'sticker' || undefined}
        >
          {message.replyToId !== null && <Quote id={message.replyToId} />}
          <MessageBody message={message} />
          {(last || out || message.editedAt !== null) && (
            <footer className={css.foot}>
              {message.editedAt !== null && (
                <button
                  type="button"
                  className={css.edited}
                  title={exactTime(i, message.editedAt)}
                  aria-expanded={details}
                  onClick={() => setDetails(!details)}
                >
                  {t('inbox.message.edited')}
                </button>
              )}
              <time dateTime={message.at} title={exactTime(i, message.at)}>
                {formatDate(message.at, i, 'time')}
              </time>
              {out && <Delivery message={message} />}
            </footer>
          )}
        </div>
        <Actions message={message} onDetails={() => setDetails(!details)} />
      </div>
      {details && <MessageDetails message={message} onClose={() => setDetails(false)} />}
    </article>
  )
})

function Actions({ message, onDetails }: { message: Message; onDetails: () => void }) {
  const { t } = useI18n()
  const { setReplyTo } = useThread()
  return (
    <div className={css.actions}>
      <IconButton small label={t('inbox.message.reply')} onClick={() => setReplyTo(message)}>
        <IconArrowBackUp size={16} className="mirror" />
      </IconButton>
      <Menu
        label={t('inbox.message.actions')}
        align="end"
        trigger={(props) => (
          <IconButton small label={t('inbox.message.actions')} {...props}>
            <IconDotsVertical size={16} />
          </IconButton>
        )}
      >
        {(close) => (
          <>
            <MenuItem
              icon={<IconArrowBackUp size={16} className="mirror" />}
              onSelect={() => {
                close()
                setReplyTo(message)
              }}
            >
              {t('inbox.message.reply')}
            </MenuItem>
            {message.text !== '' && (
              <MenuItem
                icon={<IconCopy size={16} />}
                onSelect={() => {
                  close()
                  void copyText(message.text, t('common.copied'))
                }}
              >
                {t('inbox.message.copy')}
              </MenuItem>
            )}
            {(message.direction === 'out' || message.editedAt !== null) && (
              <MenuItem
                icon={<IconHistory size={16} />}
                onSelect={() => {
                  close()
                  onDetails()
                }}
              >
                {t(message.direction === 'out' ? 'inbox.message.details' : 'inbox.message.former')}
              </MenuItem>
            )}
          </>
        )}
      </Menu>
    </div>
  )
}

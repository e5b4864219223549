import { formatDate } from '#shared/dates.ts'
import { thumbnailUrl } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Bidi } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { IconAlertTriangle, IconClock, IconFile, IconNote } from '../../ui/icons.ts'
import css from './message.module.css'
import { RichText } from './message-body.tsx'
import { discard, type Pending, tryAgain } from './outbox.ts'
import { useThread } from './thread-context.tsx'

/** What was written here and is on its way to the server, or did not get there. */
export function PendingBubble({ pending }: { pending: Pending }) {
  const i = useI18n()
  const { t } = i
  const { setRestore } = useThread()
  const { body, files, problem } = pending
  const note = body.internal === true
  const content = (
    <>
      {files.map((file) =>
        file.mediaType.startsWith('image/') ? (
          <div key={file.id} className={css.photos}>
            <img className={css.photo} src={thumbnailUrl(file.id, 320)} alt={file.name} />
          </div>
        ) : (
          <div key={file.id} className={css.card}>
            <IconFile size={20} aria-hidden />
            <Bidi>{file.name}</Bidi>
          </div>
        ),
      )}
      {body.text !== undefined && body.text !== '' && <RichText text={body.text} />}
      {problem !== null && (
        <div className={css.trouble}>
          <p>
            <IconAlertTriangle size={14} aria-hidden />{' '}
            {problem.status === 0 ? t('inbox.outbox.failed') : problem.message}
          </p>
          <div className={css.troubleButtons}>
            <Button small onClick={() => tryAgain(pending)}>
              {t('inbox.outbox.again')}
            </Button>
            <Button
              small
              onClick={() => {
                setRestore({ text: body.text ?? '', internal: note, at: Date.now() })
                discard(pending)
              }}
            >
              {t('inbox.outbox.edit')}
            </Button>
            <Button small look="quiet" onClick={() => discard(pending)}>
              {t('inbox.outbox.discard')}
            </Button>
          </div>
        </div>
      )}
    </>
  )
  if (note) {
    return (
      <article className={css.note} data-testid="pending">
        <header>
          <IconNote size={15} aria-hidden />
          <b>{t('inbox.note.label')}</b>
        </header>
        {content}
      </article>
    )
  }
  return (
    <article
      className={css.message}
      data-out
      data-first
      data-testid="pending"
      data-state={problem === null ? 'waiting' : 'failed'}
    >
      <div className={css.line}>
        <div className={css.bubble} data-trouble={problem !== null || undefined}>
          {content}
          <footer className={css.foot}>
            <time dateTime={pending.at}>{formatDate(pending.at, i, 'time')}</time>
            {problem === null && (
              <span className={css.delivery}>
                <IconClock size={14} aria-hidden />
                {t('inbox.delivery.waiting')}
              </span>
            )}
          </footer>
        </div>
      </div>
    </article>
  )
}

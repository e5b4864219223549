import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import type { Message, MessageAttempt } from '#shared/api/conversations.ts'
import { formatDate } from '#shared/dates.ts'
import { loadTexts, useI18n } from '../../i18n.ts'
import { LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { IconButton } from '../../ui/button.tsx'
import { IconX } from '../../ui/icons.ts'
import css from './message.module.css'
import { messageQuery } from './quote.tsx'

const MessageRoute = lazy(async () => {
  const [module] = await Promise.all([import('./message-route.tsx'), loadTexts('routes')])
  return module
})

/** The attempts to send and the former texts, asked for when opened. */
export function MessageDetails({ message, onClose }: { message: Message; onClose: () => void }) {
  const i = useI18n()
  const { t } = i
  const { data, error, refetch } = useQuery({ ...messageQuery(message.id), staleTime: 0 })
  return (
    <section className={css.details} aria-label={t('inbox.message.details')}>
      <IconButton small label={t('common.close')} onClick={onClose} className={css.detailsClose}>
        <IconX size={14} />
      </IconButton>
      {error !== null && <LoadFailed error={error} retry={() => void refetch()} />}
      {data === undefined && error === null && <Skeleton width={180} height={40} />}
      {data !== undefined && message.direction === 'out' && (
        <>
          {data.route !== null && (
            <Suspense>
              <MessageRoute message={data} route={data.route} />
            </Suspense>
          )}
          <h4>{t('inbox.delivery.log')}</h4>
          {data.attempts.length === 0 && <p>{t('inbox.delivery.noAttempts')}</p>}
          <ol>
            {data.attempts.map((attempt) => (
              <Attempt key={attempt.n} attempt={attempt} />
            ))}
          </ol>
        </>
      )}
      {data !== undefined && data.revisions.length > 0 && (
        <>
          <h4>{t('inbox.message.former')}</h4>
          <ol>
            {data.revisions.map((revision) => (
              <li key={revision.at}>
                <time dateTime={revision.at}>{formatDate(revision.at, i, 'datetime')}</time>
                <p dir="auto" className={css.former}>
                  {revision.text}
                </p>
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  )
}

function Attempt({ attempt }: { attempt: MessageAttempt }) {
  const i = useI18n()
  const { t } = i
  const outcome =
    attempt.outcome === null
      ? t('inbox.delivery.outcome.running')
      : (i.maybe(`inbox.delivery.outcome.${attempt.outcome}`) ?? attempt.outcome)
  return (
    <li>
      <b>{t('inbox.delivery.attempt', { n: attempt.n })}</b>{' '}
      <time dateTime={attempt.startedAt}>{formatDate(attempt.startedAt, i, 'exact')}</time>
      <br />
      {outcome}
      {attempt.detail !== null && (
        <>
          {' · '}
          <bdi dir="auto">{attempt.detail}</bdi>
        </>
      )}
      {attempt.retryAt !== null && (
        <div>{t('inbox.delivery.nextTry', { time: formatDate(attempt.retryAt, i, 'time') })}</div>
      )}
    </li>
  )
}

import { useQuery } from '@tanstack/react-query'
import type { Message } from '#shared/api/conversations.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { placeAnswer } from '../../live-cache.ts'
import { channelKindsQuery, channelsQuery } from '../../queries.ts'
import { queryClient } from '../../session/session.ts'
import { Button } from '../../ui/button.tsx'
import {
  IconAlertTriangle,
  IconBan,
  IconCheck,
  IconChecks,
  IconClock,
  IconInfoCircle,
  IconSend,
} from '../../ui/icons.ts'
import { toastProblem } from '../../ui/toast.tsx'
import css from './message.module.css'

const ICONS = {
  received: IconCheck,
  waiting: IconClock,
  sending: IconSend,
  sent: IconCheck,
  delivered: IconChecks,
  read: IconChecks,
  failed: IconAlertTriangle,
  unknown: IconInfoCircle,
  cancelled: IconBan,
} as const

/** How far an outgoing message came: always an icon and a word. */
export function Delivery({ message }: { message: Message }) {
  const { t } = useI18n()
  if (message.state === 'received') return null
  const Icon = ICONS[message.state]
  return (
    <span className={css.delivery} data-state={message.state}>
      <Icon size={14} aria-hidden className={message.state === 'sending' ? 'mirror' : undefined} />
      {t(`inbox.delivery.${message.state}`)}
      {message.state === 'waiting' && (
        <button type="button" className={css.undo} onClick={() => void act(message, 'cancel')}>
          {t('inbox.delivery.undo')}
        </button>
      )}
    </span>
  )
}

async function act(message: Message, what: 'cancel' | 'retry'): Promise<void> {
  try {
    const changed = await api.post<Message>(`/messages/${message.id}/${what}`)
    const before = { type: 'message' as const, at: message.at, message }
    placeAnswer(queryClient, message.conversationId, { type: 'message', at: changed.at, message: changed }, before)
  } catch (error) {
    toastProblem(error)
  }
}

/** Why it failed, in the reader's language; what the network said of it where nobody has put that into words. */
function useReason({ channelId, failure }: Message): string | undefined {
  const kind = useQuery(channelsQuery).data?.items.find((channel) => channel.id === channelId)?.kind
  const known = useQuery(channelKindsQuery).data?.items.find((one) => one.kind === kind)
  return failure ? (known?.errors[failure.code] ?? failure.message) || undefined : undefined
}

/** Why it did not arrive, or may not have, and what can be done. */
export function Trouble({ message }: { message: Message }) {
  return message.state === 'failed' || message.state === 'unknown' ? <TroubleText message={message} /> : null
}

function TroubleText({ message }: { message: Message }) {
  const { t } = useI18n()
  const reason = useReason(message)
  const unknown = message.state === 'unknown'
  return (
    <div className={css.trouble} data-unknown={unknown || undefined}>
      <p dir="auto">{unknown ? t('inbox.delivery.unknown.text') : (reason ?? t('inbox.delivery.failed'))}</p>
      {message.retryable && (
        <Button small onClick={() => void act(message, 'retry')}>
          {t(unknown ? 'inbox.delivery.unknown.retry' : 'inbox.delivery.retry')}
        </Button>
      )}
    </div>
  )
}

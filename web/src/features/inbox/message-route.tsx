import type { MessageDetail, MessageRoute } from '#shared/api/conversations.ts'
import { formatMoney } from '#shared/money.ts'
import { useI18n } from '../../i18n.ts'
import { useMoney } from '../../money.ts'
import { useChannels } from './channel-icon.tsx'

/** By which way a message went, why, what that cost and saved, and what would have come next. */
export default function MessageRouteLines({ message, route }: { message: MessageDetail; route: MessageRoute }) {
  const { t } = useI18n()
  const money = useMoney()
  const channels = useChannels()
  const nameOf = (id: string) => channels.get(id)?.name ?? '…'
  const lines = [
    `${nameOf(message.channelId)} · ${t(`routes.reason.${route.reason}`)}`,
    ...(route.price === null ? [] : [t('routes.price', { price: formatMoney(route.price, money) })]),
    ...(route.saved === null ? [] : [t('routes.saved', { amount: formatMoney(route.saved, money) })]),
    ...(message.reroutedFromId === undefined ? [] : [t('routes.message.from')]),
    ...(message.reroutedToId === undefined ? route.next : []).map((id) =>
      t('routes.message.next', { name: nameOf(id) }),
    ),
  ]
  return (
    <div data-testid="message-route">
      <h4>{t('routes.message')}</h4>
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
    </div>
  )
}

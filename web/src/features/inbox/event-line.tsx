import type { ActivityEvent } from '#shared/api/conversations.ts'
import { formatMoney, type MoneyPreferences } from '#shared/money.ts'
import { displayPhone } from '#shared/phone-display.ts'
import { formatDate } from '#shared/dates.ts'
import { type I18n, useI18n } from '../../i18n.ts'
import { useMoney } from '../../money.ts'
import { useUsers } from '../../session/session.ts'
import { exactTime } from '../../time.ts'
import { useChannels } from './channel-icon.tsx'
import css from './message.module.css'

const words = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Somebody gave a conversation to oneself: the sentence names them already. */
const tookIt = (event: ActivityEvent): boolean =>
  event.kind === 'assigned' && event.actorId !== null && event.data['toId'] === event.actorId

/** What happened, as a sentence. `nameOf` gives a colleague's name. */
function eventText(
  i: I18n,
  event: ActivityEvent,
  nameOf: (id: string) => string,
  channelOf: (id: string) => string,
  money: MoneyPreferences,
): string {
  const { data, kind } = event
  if (kind === 'assigned') {
    const to = words(data['toId'])
    if (tookIt(event)) return i.t('inbox.event.took', { name: nameOf(to) })
    return to === '' ? i.t('inbox.event.unassigned') : i.t('inbox.event.assigned', { name: nameOf(to) })
  }
  if (kind.startsWith('deal_')) return dealText(i, event, money)
  const phone = words(data['phone']) || words(data['value'])
  // Digits of an address stay as they are.
  const shown = (number: string) =>
    number.startsWith('+') ? displayPhone(number, i.digits === 'latin' ? 'en' : i.locale) : number
  const values = {
    name: words(data['loserName']) || words(data['name']),
    title: words(data['title']),
    code: words(data['code']),
    value: shown(phone),
    sentTo: shown(words(data['sentTo'])),
    from: channelOf(words(data['fromChannelId'])),
    to: channelOf(words(data['toChannelId'])),
  }
  const key =
    kind === 'merged' && data['loserKind'] === 'visitor'
      ? 'joined'
      : kind === 'converted'
        ? `converted_${words(data['to'])}`
        : kind
  return i.maybe(`inbox.event.${key}`, values) ?? i.t('inbox.event.other', { kind })
}

/** What became of a deal; amounts as the reader writes them. */
function dealText(i: I18n, { kind, data }: ActivityEvent, money: MoneyPreferences): string {
  const amountOf = (value: unknown, currency: unknown) =>
    formatMoney({ amount: words(value) || '0', currency: words(currency) || 'IRR' }, money)
  const before = data['before']
  const values = {
    title: words(data['title']),
    stage: words(data['stage']),
    from: words(data['from']),
    to: words(data['to']),
    reason: words(data['reason']),
    amount: amountOf(data['amount'], data['currency']),
    before:
      typeof before === 'object' && before !== null && 'amount' in before && 'currency' in before
        ? amountOf(before.amount, before.currency)
        : '',
  }
  const key = kind === 'deal_lost' && values.reason !== '' ? 'deal_lost_why' : kind
  return i.maybe(`inbox.event.${key}`, values) ?? i.t('inbox.event.other', { kind })
}

export function EventLine({ event }: { event: ActivityEvent }) {
  const i = useI18n()
  const users = useUsers()
  const nameOf = (id: string) => users.get(id)?.name ?? '…'
  const money = useMoney()
  const channels = useChannels()
  const channelOf = (id: string) => channels.get(id)?.name ?? '…'
  const what = eventText(i, event, nameOf, channelOf, money)
  return (
    <p className={css.event} data-kind={event.kind}>
      <span>
        {event.actorId === null || tookIt(event) ? what : i.t('inbox.event.by', { what, name: nameOf(event.actorId) })}
      </span>
      <time dateTime={event.at} title={exactTime(i, event.at)}>
        {formatDate(event.at, i, 'time')}
      </time>
    </p>
  )
}

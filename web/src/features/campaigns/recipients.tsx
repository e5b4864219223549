import { Link } from '@tanstack/react-router'
import { useEffect } from 'react'
import { RECIPIENT_STATES, type CampaignRecipient, type RecipientState } from '#shared/api/campaigns.ts'
import { formatDate } from '#shared/dates.ts'
import { formatMoney } from '#shared/money.ts'
import { calmly } from '../../calmly.ts'
import { useI18n } from '../../i18n.ts'
import { onLiveChange } from '../../live.ts'
import { useMoney } from '../../money.ts'
import { queryClient } from '../../session/session.ts'
import { Avatar, Badge, Bidi, type Tone } from '../../ui/bits.tsx'
import { Select } from '../../ui/field.tsx'
import { useMedia } from '../../ui/use-media.ts'
import { ChannelIcon, useChannelKind, useChannels } from '../inbox/channel-icon.tsx'
import { useList } from '../lists/use-list.ts'
import css from './campaigns.module.css'
import { IconArrowLeft, IconX } from './icons.ts'
import { Rows } from './rows.tsx'
import { useFieldName } from './state.tsx'
import { Button } from '../../ui/button.tsx'

/** Which recipients of a campaign are shown. */
export interface Shown {
  state?: RecipientState | undefined
  reason?: NonNullable<CampaignRecipient['reason']> | undefined
  channelId?: string | undefined
}

/** How often the list is read anew while a campaign runs, at most. */
const CALM = 1500

/** One row a person with the words made for them and what became of it; a row opens the conversation. */
export function Recipients({
  campaignId,
  shown,
  onShow,
  states,
}: {
  campaignId: string
  shown: Shown
  onShow: (shown: Shown) => void
  /** Those that can be asked for. */
  states?: readonly RecipientState[]
}) {
  const { t } = useI18n()
  const narrow = useMedia('(width < 720px)')
  const list = useList<CampaignRecipient>('campaign-recipients', `/campaigns/${campaignId}/recipients`, { ...shown })
  useEffect(() => {
    const again = calmly(() => queryClient.invalidateQueries({ queryKey: ['campaign-recipients'] }), CALM)
    return onLiveChange((change) => {
      if (change.kind === 'campaign' && change.id === campaignId) again()
    })
  }, [campaignId])
  const whole = shown.state === undefined && shown.reason === undefined && shown.channelId === undefined
  return (
    <div className={css.form} data-testid="recipients">
      <div className={css.filters}>
        <Select
          aria-label={t('campaigns.recipients.filter')}
          value={shown.state ?? ''}
          onChange={(event) => onShow({ state: RECIPIENT_STATES.find((one) => one === event.currentTarget.value) })}
          data-testid="recipient-filter"
        >
          <option value="">{t('campaigns.recipients.all')}</option>
          {(states ?? RECIPIENT_STATES).map((one) => (
            <option key={one} value={one}>
              {t(`campaigns.recipient.${one}`)}
            </option>
          ))}
        </Select>
        {shown.reason !== undefined && <Badge>{t(`campaigns.reason.${shown.reason}`)}</Badge>}
        {shown.channelId !== undefined && <ChannelBadge id={shown.channelId} />}
        {!whole && (
          <Button small look="quiet" icon={<IconX size={14} />} onClick={() => onShow({})}>
            {t('campaigns.recipients.whole')}
          </Button>
        )}
      </div>
      <Rows
        list={list}
        label={t('campaigns.recipients.title')}
        empty={t('campaigns.recipients.none')}
        height={narrow ? 64 : 44}
        testId="recipient-list"
        row={(recipient) => <RecipientRow recipient={recipient} />}
      />
    </div>
  )
}

function ChannelBadge({ id }: { id: string }) {
  const { t } = useI18n()
  const channel = useChannels().get(id)
  return (
    <Badge>
      <Bidi>{channel?.name ?? t('campaigns.channelGone')}</Bidi>
    </Badge>
  )
}

const TONES: Partial<Record<RecipientState, Tone>> = {
  delivered: 'ok',
  read: 'ok',
  sent: 'ok',
  failed: 'danger',
  unknown: 'warn',
  held: 'warn',
  queued: 'accent',
}

function RecipientRow({ recipient }: { recipient: CampaignRecipient }) {
  const { t } = useI18n()
  const money = useMoney()
  const { contact, conversationId, messageId, channelId, price, state } = recipient
  const channel = useChannels().get(channelId ?? '')
  const name = contact?.name ?? t('campaigns.recipients.erased')
  const why = useWhy(recipient, channel?.kind)
  return (
    <>
      <span className={css.who}>
        {contact !== null && <Avatar id={contact.id} name={contact.name} fileId={contact.avatarFileId} size={26} />}
        {conversationId !== null ? (
          <Link
            to="/inbox/$conversationId"
            params={{ conversationId }}
            search={messageId === null ? {} : { message: messageId }}
            className="ellipsis"
          >
            <Bidi>{name}</Bidi>
          </Link>
        ) : contact !== null ? (
          <Link to="/contacts/$id" params={{ id: contact.id }} className="ellipsis">
            <Bidi>{name}</Bidi>
          </Link>
        ) : (
          <span className={css.quiet}>{name}</span>
        )}
      </span>
      <span className={`${css.inline} ${css.address}`}>
        {channel !== undefined && (
          <>
            <ChannelIcon kind={channel.kind} size={16} />
            <Bidi className="ellipsis">{channel.name}</Bidi>
          </>
        )}
        {recipient.rerouted && (
          <span title={t('campaigns.recipients.rerouted')}>
            <IconArrowLeft size={14} className="mirror" aria-label={t('campaigns.recipients.rerouted')} />
          </span>
        )}
        {price !== null && <span className={css.price}>{formatMoney(price, money)}</span>}
      </span>
      <span className={css.words} dir="auto" title={why ?? recipient.text}>
        {why ?? recipient.text}
      </span>
      <span className={css.outcome}>
        <Badge tone={TONES[state] ?? 'neutral'}>{t(`campaigns.recipient.${state}`)}</Badge>
      </span>
    </>
  )
}

/** Why it was not sent, or did not arrive; null where the words themselves are shown. */
function useWhy(recipient: CampaignRecipient, kind: string | undefined): string | null {
  const i = useI18n()
  const fieldName = useFieldName()
  const { state, reason, detail, code } = recipient
  const errors = useChannelKind(kind)?.errors
  if (reason === 'missing_field') {
    const fields = (detail ?? '').split(/,\s*/).map(fieldName)
    return i.t('campaigns.why.missing_field', { fields: fields.join(i.locale === 'en' ? ', ' : '، ') })
  }
  if (reason === 'unreachable' && detail !== null && !Number.isNaN(Date.parse(detail)))
    return i.t('campaigns.why.unreachable', { time: formatDate(detail, i, 'short') })
  if (state === 'failed' && code !== null) return errors?.[code] ?? detail ?? code
  return reason === null ? null : i.t(`campaigns.reason.${reason}`)
}

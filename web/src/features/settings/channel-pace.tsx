import { useQuery } from '@tanstack/react-query'
import type { Channel } from '#shared/api/channels.ts'
import type { ChannelPace } from '#shared/api/costs.ts'
import { formatDate } from '#shared/dates.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { channelKindsQuery } from '../../queries.ts'
import css from './costs.module.css'
import { Section } from './parts.tsx'

/** How fast the channel may send, how fast it does now, and what slowed it down. */
export function PaceSection({ channel }: { channel: Channel }) {
  const i = useI18n()
  const { t, n } = i
  const kinds = useQuery(channelKindsQuery)
  const { data: pace } = useQuery({
    // With the channel's: a change of its settings or of its pace is told as a change of the channel.
    queryKey: ['channels', 'pace', channel.id],
    queryFn: ({ signal }) => api.get<ChannelPace>(`/channels/${channel.id}/pace`, {}, { signal }),
    refetchInterval: 10_000,
  })
  if (pace === undefined) return null
  const full = Math.min(pace.allowed.channel, pace.allowed.account)
  const rows = (['channel', 'chat', 'account'] as const).filter(
    (one) => one !== 'account' || pace.allowed.account !== pace.allowed.channel,
  )
  const why = kinds.data?.items.find((one) => one.kind === channel.kind)?.errors[pace.slowed?.code ?? '']
  return (
    <Section title={t('costs.pace')} about={t('costs.pace.about')}>
      <dl className={css.pace}>
        {rows.map((one) => (
          <div key={one}>
            <dt>{t(`costs.pace.${one}`)}</dt>
            <dd>{t('costs.pace.perSecond', { rate: n(pace.allowed[one]) })}</dd>
          </div>
        ))}
      </dl>
      <p className={css.paceNow} data-slow={pace.slowed !== null || undefined} role="status" data-testid="pace-now">
        {pace.slowed === null
          ? t('costs.pace.full', { rate: n(full) })
          : t('costs.pace.slowed', {
              now: n(pace.now),
              full: n(full),
              at: formatDate(pace.slowed.at, i, 'relative'),
              code: why ?? pace.slowed.code,
              back: formatDate(pace.slowed.fullAt, i, 'time'),
            })}
        {pace.heldUntil !== null && ` ${t('costs.pace.held', { time: formatDate(pace.heldUntil, i, 'time') })}`}
      </p>
    </Section>
  )
}

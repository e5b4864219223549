import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Campaign, CampaignPatch, QuietHours } from '#shared/api/campaigns.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { Budget, Price } from '#shared/api/costs.ts'
import type { Money } from '#shared/api/field-values.ts'
import { formatMoney } from '#shared/money.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { useMoney } from '../../money.ts'
import { channelKindsQuery, channelsQuery, organisationQuery } from '../../queries.ts'
import { can, canOnChannel, queryClient, useMe } from '../../session/session.ts'
import { Badge, Bidi } from '../../ui/bits.tsx'
import { IconButton } from '../../ui/button.tsx'
import { Field, Switch } from '../../ui/field.tsx'
import { MoneyField } from '../../ui/money-field.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import { zoneName } from '../../zone-name.ts'
import { ChannelIcon } from '../inbox/channel-icon.tsx'
import css from './campaigns.module.css'
import { IconArrowDown, IconArrowUp } from './icons.ts'

interface RoutesStepProps {
  campaign: Campaign
  onChange: (patch: CampaignPatch) => void
}

/** By which ways, in which order where they cost the same, and at which hours not. */
export function RoutesStep({ campaign, onChange }: RoutesStepProps) {
  const me = useMe()
  return (
    <>
      <Ways channelIds={campaign.channelIds} onChange={(channelIds) => onChange({ channelIds })} />
      <Quiet quiet={campaign.quiet} onChange={(quiet) => onChange({ quiet })} />
      {can(me, 'cost.manage') && <Limit campaignId={campaign.id} />}
    </>
  )
}

function Ways({ channelIds, onChange }: { channelIds: readonly string[]; onChange: (ids: string[]) => void }) {
  const { t, n } = useI18n()
  const me = useMe()
  const money = useMoney()
  const prices = usePrices()
  const { data } = useQuery(channelsQuery)
  const kinds = useQuery(channelKindsQuery).data?.items ?? []
  const channels = (data?.items ?? []).filter(
    (channel) => canOnChannel(me, 'send', channel.id) || channelIds.includes(channel.id),
  )
  const place = (id: string): number => channelIds.indexOf(id)
  const chosen = channels.filter((one) => place(one.id) >= 0).toSorted((a, b) => place(a.id) - place(b.id))
  const others = channels.filter((one) => place(one.id) < 0)
  const move = (id: string, by: number) => {
    const at = place(id)
    onChange(channelIds.toSpliced(at, 1).toSpliced(at + by, 0, id))
  }
  if (data !== undefined && channels.length === 0)
    return (
      <p className={css.warning}>
        <span>
          {t('campaigns.routes.none')}{' '}
          <Link to="/settings/$" params={{ _splat: 'channels' }}>
            {t('campaigns.routes.channels')}
          </Link>
        </span>
      </p>
    )
  return (
    <div className={css.part}>
      <h3>{t('campaigns.routes.order')}</h3>
      <ol className={css.routes}>
        {[...chosen, ...others].map((channel) => {
          const at = place(channel.id)
          const on = at >= 0
          const price = prices.get(channel.id)
          const first = kinds.find((kind) => kind.kind === channel.kind)?.capabilities.firstContact === true
          return (
            <li key={channel.id} data-off={!on || undefined} data-testid={`way-${channel.id}`}>
              <span className={css.place}>{on ? n(at + 1) : ''}</span>
              <label className={css.routeName}>
                <input
                  type="checkbox"
                  checked={on}
                  onChange={(event) =>
                    onChange(
                      event.currentTarget.checked
                        ? [...channelIds, channel.id]
                        : channelIds.filter((one) => one !== channel.id),
                    )
                  }
                />
                <ChannelIcon kind={channel.kind} size={18} />
                <Bidi className="ellipsis">{channel.name}</Bidi>
              </label>
              {first && <Badge tone="accent">{t('campaigns.routes.first')}</Badge>}
              {channel.state !== 'active' && <Badge tone="warn">{t(`campaigns.routes.${channel.state}`)}</Badge>}
              {price !== undefined && <span className={css.price}>{formatMoney(price, money)}</span>}
              {on && channelIds.length > 1 && (
                <span className={css.inline}>
                  <IconButton
                    small
                    label={t('campaigns.routes.up', { name: channel.name })}
                    disabled={at === 0}
                    onClick={() => move(channel.id, -1)}
                  >
                    <IconArrowUp size={16} />
                  </IconButton>
                  <IconButton
                    small
                    label={t('campaigns.routes.down', { name: channel.name })}
                    disabled={at === channelIds.length - 1}
                    onClick={() => move(channel.id, 1)}
                  >
                    <IconArrowDown size={16} />
                  </IconButton>
                </span>
              )}
            </li>
          )
        })}
      </ol>
      <p className={css.quiet}>{t('campaigns.routes.help')}</p>
    </div>
  )
}

/** What one message costs now, by channel; nothing for those who may not see costs. */
function usePrices(): ReadonlyMap<string, Money> {
  const me = useMe()
  const { data } = useQuery({
    queryKey: ['prices', 'current'],
    queryFn: ({ signal }) => api.get<PageOf<Price>>('/prices', { limit: 200 }, { signal }),
    enabled: can(me, 'cost.view'),
  })
  return new Map(data?.items.flatMap((one) => (one.current ? [[one.channelId, one.price] as const] : [])))
}

const budgetsKey = ['budgets', 'all'] as const

/** A budget of this campaign alone. */
function Limit({ campaignId }: { campaignId: string }) {
  const { t } = useI18n()
  const { data } = useQuery({
    queryKey: budgetsKey,
    queryFn: ({ signal }) => api.get<{ items: Budget[] }>('/budgets', {}, { signal }),
  })
  const budget = data?.items.find((one) => one.campaignId === campaignId)
  const [typed, setTyped] = useState<Money | null | undefined>(undefined)
  const limit = typed === undefined ? (budget?.limit ?? null) : typed
  const save = async () => {
    if (typed === undefined) return
    try {
      if (typed === null) {
        if (budget !== undefined) await api.delete(`/budgets/${budget.id}`)
      } else if (budget !== undefined && budget.limit.currency === typed.currency) {
        if (budget.limit.amount !== typed.amount) await api.patch<Budget>(`/budgets/${budget.id}`, { limit: typed })
      } else {
        if (budget !== undefined) await api.delete(`/budgets/${budget.id}`)
        await api.post<Budget>('/budgets', { scope: 'campaign', campaignId, period: 'total', limit: typed })
      }
      await queryClient.invalidateQueries({ queryKey: ['budgets'] })
      setTyped(undefined)
    } catch (error) {
      toastProblem(error)
    }
  }
  if (data === undefined) return null
  return (
    <div
      className={css.limit}
      onBlur={(event) => {
        // From the amount to its currency is not leaving.
        if (!event.currentTarget.contains(event.relatedTarget)) void save()
      }}
    >
      <MoneyField label={t('campaigns.budget')} help={t('campaigns.budget.help')} value={limit} onChange={setTyped} />
    </div>
  )
}

const NIGHT: QuietHours = { from: '22:00', to: '08:00' }

/** Hours in which nothing goes out; what is left then goes on by itself afterwards. */
export function Quiet({ quiet, onChange }: { quiet: QuietHours | null; onChange: (quiet: QuietHours | null) => void }) {
  const { t, tag } = useI18n()
  const zone = useQuery(organisationQuery).data?.timeZone
  return (
    <div className={css.part}>
      <Switch
        label={t('campaigns.quiet')}
        help={zone === undefined ? t('campaigns.quiet.help') : t('campaigns.quiet.zone', { zone: zoneName(tag, zone) })}
        checked={quiet !== null}
        onChange={(on) => onChange(on ? NIGHT : null)}
      />
      {quiet !== null && (
        <div className={css.inline}>
          {(['from', 'to'] as const).map((end) => (
            <Field key={end} label={t(`campaigns.quiet.${end}`)}>
              {(props) => (
                <input
                  {...props}
                  type="time"
                  dir="ltr"
                  required
                  value={quiet[end]}
                  onChange={(event) => {
                    if (event.currentTarget.value !== '') onChange({ ...quiet, [end]: event.currentTarget.value })
                  }}
                />
              )}
            </Field>
          ))}
        </div>
      )}
    </div>
  )
}

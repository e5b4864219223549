import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import {
  type Budget,
  BUDGET_PERIODS,
  BUDGET_SCOPES,
  type Price,
  type Wallet,
  type WalletEntryNew,
} from '#shared/api/costs.ts'
import type { Channel } from '#shared/api/channels.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { Money } from '#shared/api/field-values.ts'
import { formatDate } from '#shared/dates.ts'
import { addToDay, todayIn } from '#shared/days.ts'
import { formatMoney } from '#shared/money.ts'
import { instantsOf } from '#shared/filter-dates.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { useMoney } from '../../money.ts'
import { channelsQuery, definedQuery, organisationQuery } from '../../queries.ts'
import { can, queryClient, useMe } from '../../session/session.ts'
import { Badge, Bidi, LoadFailed, TimeText } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { DateField } from '../../ui/date-field.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { MoneyField } from '../../ui/money-field.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { type Refusal, useRefusal } from '../../ui/use-refusal.ts'
import { ChannelIcon } from '../inbox/channel-icon.tsx'
import css from './costs.module.css'
import { IconPencil, IconPlus, IconTrash, IconX } from './icons.ts'
import { Confirm, PageHead, Section, Segmented } from './parts.tsx'
import { Refused } from './refusal.tsx'
import frame from './settings.module.css'
import { PageSkeleton } from './settings.tsx'
import { FormDialog } from './unsaved.tsx'

const pricesQuery = definedQuery<Price>('prices', { limit: 200 })
const budgetsQuery = definedQuery<Budget>('budgets')
const walletsQuery = definedQuery<Wallet>('budgets', {}, 'wallets')
/** A campaign as the list of campaigns says it. */
const campaignsQuery = {
  queryKey: ['campaigns', 'names'] as const,
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    api.get<PageOf<{ id: string; name: string }>>('/campaigns', { limit: 100 }, { signal }),
}
const freshen = (what: 'prices' | 'budgets') => queryClient.invalidateQueries({ queryKey: [what] })

/** Prices of messages, limits for bulk sending, and the money that lies at the providers. */
export default function CostsSettings() {
  const { t } = useI18n()
  const me = useMe()
  const channels = useQuery(channelsQuery)
  const prices = useQuery(pricesQuery)
  const budgets = useQuery(budgetsQuery)
  const wallets = useQuery(walletsQuery)
  const manages = can(me, 'cost.manage')
  const all = [channels, prices, budgets, wallets]
  if (!channels.data || !prices.data || !budgets.data || !wallets.data) {
    const failed = all.find((one) => one.error !== null)
    return failed === undefined ? (
      <PageSkeleton />
    ) : (
      <LoadFailed error={failed.error} retry={() => void Promise.all(all.map((one) => one.refetch()))} />
    )
  }
  const seen = channels.data.items
  return (
    <div className={frame.page} data-testid="costs-settings">
      <PageHead title={t('frame.settings.costs')} about={t('settings.costs.about')} />
      <Prices channels={seen} prices={prices.data.items} manages={manages} />
      <Budgets channels={seen} budgets={budgets.data.items} manages={manages} />
      <Wallets channels={seen} wallets={wallets.data.items} manages={manages} />
    </div>
  )
}

function Prices({ channels, prices, manages }: { channels: Channel[]; prices: Price[]; manages: boolean }) {
  const i = useI18n()
  const { t } = i
  const money = useMoney()
  const [adding, setAdding] = useState<Channel | null>(null)
  const [ending, setEnding] = useState<Price | null>(null)
  const end = async (price: Price) => {
    try {
      await api.post<Price>(`/prices/${price.id}/end`)
      toast(t('costs.price.ended'))
    } catch (error) {
      toastProblem(error)
    }
    setEnding(null)
    await freshen('prices')
  }
  const day = (at: string) => formatDate(at, i, 'long')
  return (
    <Section title={t('costs.prices')} about={t('costs.prices.about')}>
      {channels.length === 0 && <p className={frame.explain}>{t('costs.prices.noChannels')}</p>}
      {channels.length > 0 && (
        <ul className={frame.rows}>
          {channels.map((channel) => {
            const own = prices.filter((one) => one.channelId === channel.id)
            const now = own.find((one) => one.current)
            const others = own.filter((one) => !one.current && one.validFrom !== one.validUntil)
            return (
              <li key={channel.id} className={css.row} data-testid="price-row">
                <ChannelIcon kind={channel.kind} size={22} />
                <div className={frame.rowText}>
                  <b>
                    <Bidi>{channel.name}</Bidi>
                  </b>
                  {now === undefined ? (
                    <span>{t('costs.price.none')}</span>
                  ) : (
                    <span>{t('costs.price.coming', { from: day(now.validFrom) })}</span>
                  )}
                  {others.length > 0 && (
                    <details className={css.old}>
                      <summary>{t('costs.prices.history')}</summary>
                      <ul>
                        {others.map((price) => (
                          <li key={price.id}>
                            <span className={css.money}>{formatMoney(price.price, money)}</span>
                            {price.validUntil === null || Date.parse(price.validFrom) > Date.now()
                              ? t('costs.price.coming', { from: day(price.validFrom) })
                              : t('costs.price.over', { from: day(price.validFrom), until: day(price.validUntil) })}
                            {manages && Date.parse(price.validFrom) > Date.now() && (
                              <IconButton small label={t('costs.price.end')} onClick={() => setEnding(price)}>
                                <IconX size={15} />
                              </IconButton>
                            )}
                          </li>
                        ))}
                      </ul>
                    </details>
                  )}
                </div>
                {now !== undefined && <span className={css.money}>{formatMoney(now.price, money)}</span>}
                {manages && (
                  <div className={css.actions}>
                    <Button small onClick={() => setAdding(channel)} data-testid="new-price">
                      {t('costs.price.add')}
                    </Button>
                    {now !== undefined && (
                      <IconButton small label={t('costs.price.end')} onClick={() => setEnding(now)}>
                        <IconX size={16} />
                      </IconButton>
                    )}
                  </div>
                )}
              </li>
            )
          })}
        </ul>
      )}
      {adding !== null && <PriceDialog channel={adding} onClose={() => setAdding(null)} />}
      {ending !== null && (
        <Confirm
          title={t('costs.price.end')}
          confirm={t('costs.price.end')}
          onConfirm={() => void end(ending)}
          onClose={() => setEnding(null)}
        >
          <p>{t('costs.price.end.text')}</p>
        </Confirm>
      )}
    </Section>
  )
}

/** Sends a form once, keeps what it was refused for, and closes it when it is done. */
function useForm(done: string, what: 'prices' | 'budgets', onClose: () => void) {
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const send = async (ask: () => Promise<unknown>) => {
    if (busy) return
    setBusy(true)
    refusal.clear()
    try {
      await ask()
      await freshen(what)
      toast(done)
      onClose()
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  return { busy, refusal, send }
}

function PriceDialog({ channel, onClose }: { channel: Channel; onClose: () => void }) {
  const i = useI18n()
  const { t } = i
  const { data: organisation } = useQuery(organisationQuery)
  const [price, setPrice] = useState<Money | null>(null)
  const [from, setFrom] = useState<string | null>(null)
  const { busy, refusal, send } = useForm(t('costs.price.added'), 'prices', onClose)
  const timeZone = organisation?.timeZone ?? i.timeZone
  const save = () =>
    send(() =>
      api.post<Price>('/prices', {
        channelId: channel.id,
        price: price ?? undefined,
        ...(from !== null && { validFrom: instantsOf(from, { ...i, timeZone }).from.toISOString() }),
      }),
    )
  return (
    <FormDialog
      title={`${t('costs.price.add')} · ${channel.name}`}
      dirty={price !== null}
      busy={busy}
      submit={t('common.save')}
      onSubmit={() => void save()}
      onClose={onClose}
    >
      <MoneyField
        label={t('costs.price')}
        value={price}
        required
        error={refusal.field('price') ?? refusal.field('price.amount')}
        onChange={setPrice}
      />
      <DateField
        label={t('costs.price.from')}
        help={t('costs.price.from.help')}
        value={from}
        min={addToDay(todayIn(timeZone), 'gregory', { days: 1 })}
        error={refusal.field('validFrom')}
        onChange={setFrom}
      />
      <Refused refusal={refusal} shown={['price', 'price.amount', 'validFrom']} />
    </FormDialog>
  )
}

function Budgets({ channels, budgets, manages }: { channels: Channel[]; budgets: Budget[]; manages: boolean }) {
  const { t } = useI18n()
  const me = useMe()
  const money = useMoney()
  const campaigns = useQuery({ ...campaignsQuery, enabled: can(me, 'campaign.view') }).data?.items ?? []
  const [open, setOpen] = useState<Budget | 'new' | null>(null)
  const [removing, setRemoving] = useState<Budget | null>(null)
  const nameOf = (budget: Budget): ReactNode => {
    if (budget.scope === 'all') return <b>{t('costs.budget.scope.all')}</b>
    if (budget.scope === 'channel')
      return (
        <b>
          <Bidi>{channels.find((one) => one.id === budget.channelId)?.name ?? ''}</Bidi>
        </b>
      )
    const name = campaigns.find((one) => one.id === budget.campaignId)?.name
    return (
      <b>
        <Bidi>{name ?? t('costs.campaign.unnamed', { id: budget.campaignId ?? '' })}</Bidi>
      </b>
    )
  }
  const remove = async (budget: Budget) => {
    try {
      await api.delete(`/budgets/${budget.id}`)
      toast(t('costs.budget.deleted'))
    } catch (error) {
      toastProblem(error)
    }
    setRemoving(null)
    await freshen('budgets')
  }
  return (
    <Section
      title={t('costs.budgets')}
      about={t('costs.budgets.about')}
      actions={
        manages && (
          <Button small icon={<IconPlus size={16} />} onClick={() => setOpen('new')} data-testid="new-budget">
            {t('costs.budget.add')}
          </Button>
        )
      }
    >
      {budgets.length === 0 ? (
        <p className={frame.explain}>{t('costs.budget.empty')}</p>
      ) : (
        <ul className={frame.rows}>
          {budgets.map((budget) => (
            <li key={budget.id} className={css.row} data-testid="budget-row">
              <div className={frame.rowText}>
                {nameOf(budget)}
                <div className={css.bar} data-over={budget.reachedAt !== null || undefined} aria-hidden>
                  <i style={{ inlineSize: `${partOf(budget)}%` }} />
                </div>
                <span>
                  {t('costs.budget.used', {
                    used: formatMoney(budget.used, money),
                    limit: formatMoney(budget.limit, money),
                  })}{' '}
                  · {t(`costs.budget.period.${budget.period}`)}
                </span>
              </div>
              {budget.reachedAt !== null && <Badge tone="danger">{t('costs.budget.reached')}</Badge>}
              {manages && (
                <div className={css.actions}>
                  <IconButton small label={t('costs.budget.change')} onClick={() => setOpen(budget)}>
                    <IconPencil size={16} />
                  </IconButton>
                  <IconButton small label={t('costs.budget.delete')} onClick={() => setRemoving(budget)}>
                    <IconTrash size={16} />
                  </IconButton>
                </div>
              )}
            </li>
          ))}
        </ul>
      )}
      {open !== null && (
        <BudgetDialog
          budget={open === 'new' ? null : open}
          channels={channels}
          campaigns={campaigns}
          onClose={() => setOpen(null)}
        />
      )}
      {removing !== null && (
        <Confirm
          title={t('costs.budget.delete')}
          confirm={t('costs.budget.delete')}
          onConfirm={() => void remove(removing)}
          onClose={() => setRemoving(null)}
        >
          <p>{t('costs.budget.delete.text')}</p>
        </Confirm>
      )}
    </Section>
  )
}
/** Whole per cent, reckoned without a float. */
function partOf({ used, limit }: Budget): number {
  const most = BigInt(limit.amount)
  if (most === 0n) return 100
  const part = (BigInt(used.amount) * 100n) / most
  return Number(part > 100n ? 100n : part)
}

function BudgetDialog({
  budget,
  channels,
  campaigns,
  onClose,
}: {
  budget: Budget | null
  channels: Channel[]
  campaigns: { id: string; name: string }[]
  onClose: () => void
}) {
  const { t } = useI18n()
  const [scope, setScope] = useState<Budget['scope']>('all')
  const [of, setOf] = useState('')
  const [period, setPeriod] = useState<Budget['period']>('month')
  const [limit, setLimit] = useState<Money | null>(budget?.limit ?? null)
  const { busy, refusal, send } = useForm(t(budget ? 'common.saved' : 'costs.budget.added'), 'budgets', onClose)
  const options = scope === 'channel' ? channels : scope === 'campaign' ? campaigns : []
  const chosen = options.some((one) => one.id === of) ? of : options[0]?.id
  const save = () =>
    send(() =>
      budget
        ? api.patch<Budget>(`/budgets/${budget.id}`, { limit: limit ?? undefined })
        : api.post<Budget>('/budgets', {
            scope,
            period,
            limit: limit ?? undefined,
            ...(scope === 'channel' && { channelId: chosen }),
            ...(scope === 'campaign' && { campaignId: chosen }),
          }),
    )
  return (
    <FormDialog
      title={t(budget ? 'costs.budget.change' : 'costs.budget.add')}
      dirty={limit?.amount !== budget?.limit.amount}
      busy={busy}
      submit={t('common.save')}
      onSubmit={() => void save()}
      onClose={onClose}
    >
      {budget === null && (
        <>
          <Segmented
            label={t('costs.budget.scope')}
            value={scope}
            options={BUDGET_SCOPES.filter((one) => one !== 'campaign' || campaigns.length > 0).map((value) => ({
              value,
              label: t(`costs.budget.scope.${value}`),
            }))}
            onChange={(next) => {
              setScope(next)
              if (next === 'campaign') setPeriod('total')
            }}
          />
          {scope !== 'all' && (
            <SelectField
              label={t(scope === 'channel' ? 'costs.channel' : 'costs.budget.campaign')}
              value={chosen ?? ''}
              options={options.map((one) => ({ value: one.id, label: one.name }))}
              error={refusal.field('channelId') ?? refusal.field('campaignId')}
              onChange={(event) => setOf(event.currentTarget.value)}
            />
          )}
          <Segmented
            label={t('costs.budget.period')}
            value={period}
            options={BUDGET_PERIODS.map((value) => ({ value, label: t(`costs.budget.period.${value}`) }))}
            onChange={setPeriod}
          />
        </>
      )}
      <MoneyField
        label={t('costs.budget.limit')}
        value={limit}
        required
        error={limitError(refusal)}
        onChange={setLimit}
      />
      <Refused refusal={refusal} shown={['limit', 'limit.amount', 'channelId', 'campaignId']} />
    </FormDialog>
  )
}
const limitError = (refusal: Refusal): string | undefined => refusal.field('limit') ?? refusal.field('limit.amount')

function Wallets({ channels, wallets, manages }: { channels: Channel[]; wallets: Wallet[]; manages: boolean }) {
  const i = useI18n()
  const { t } = i
  const money = useMoney()
  const [open, setOpen] = useState<{ wallet: Wallet; what: 'entry' | 'threshold' } | 'new' | null>(null)
  const without = channels.filter((one) => !wallets.some((wallet) => wallet.channelId === one.id))
  return (
    <Section
      title={t('costs.wallets')}
      about={t('costs.wallets.about')}
      actions={
        manages &&
        without.length > 0 && (
          <Button small icon={<IconPlus size={16} />} onClick={() => setOpen('new')} data-testid="new-wallet">
            {t('costs.wallet.add')}
          </Button>
        )
      }
    >
      {wallets.length === 0 ? (
        <p className={frame.explain}>{t('costs.wallet.empty')}</p>
      ) : (
        <ul className={frame.rows}>
          {wallets.map((wallet) => (
            <li key={wallet.channelId} className={css.row} data-testid="wallet-row">
              <div className={frame.rowText}>
                <b>
                  <Bidi>{channels.find((one) => one.id === wallet.channelId)?.name ?? ''}</Bidi>
                </b>
                <span>{t('costs.wallet.threshold.is', { amount: formatMoney(wallet.threshold, money) })}</span>
                {wallet.noCreditSince !== null && (
                  <span className={css.bad}>
                    {t('costs.wallet.noCredit', { time: formatDate(wallet.noCreditSince, i, 'relative') })}
                  </span>
                )}
                <Entries wallet={wallet} />
              </div>
              {wallet.low && <Badge tone="warn">{t('costs.wallet.low')}</Badge>}
              <span className={css.money}>{formatMoney(wallet.balance, money)}</span>
              {manages && (
                <div className={css.actions}>
                  <Button small onClick={() => setOpen({ wallet, what: 'entry' })} data-testid="wallet-entry">
                    {t('costs.wallet.write')}
                  </Button>
                  <IconButton
                    small
                    label={t('costs.wallet.threshold.change')}
                    onClick={() => setOpen({ wallet, what: 'threshold' })}
                  >
                    <IconPencil size={16} />
                  </IconButton>
                </div>
              )}
            </li>
          ))}
        </ul>
      )}
      {open === 'new' ? (
        <ThresholdDialog wallet={null} channels={without} onClose={() => setOpen(null)} />
      ) : open?.what === 'threshold' ? (
        <ThresholdDialog wallet={open.wallet} channels={[]} onClose={() => setOpen(null)} />
      ) : (
        open !== null && <EntryDialog wallet={open.wallet} onClose={() => setOpen(null)} />
      )}
    </Section>
  )
}

/** What was paid in and corrected last; asked for when it is opened. */
function Entries({ wallet }: { wallet: Wallet }) {
  const { t } = useI18n()
  const money = useMoney()
  const [open, setOpen] = useState(false)
  const { data } = useQuery({
    queryKey: ['budgets', 'wallet-entries', wallet.channelId],
    queryFn: ({ signal }) =>
      api.get<PageOf<{ id: string; kind: 'top_up' | 'correction'; money: Money; note: string; at: string }>>(
        `/wallets/${wallet.channelId}/entries`,
        { limit: 20 },
        { signal },
      ),
    enabled: open,
  })
  return (
    <details className={css.old} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t('costs.wallet.entries')}</summary>
      <ul>
        {data?.items.map((entry) => (
          <li key={entry.id}>
            <span className={css.money}>{formatMoney(entry.money, money)}</span>
            {t(`costs.wallet.entry.${entry.kind}`)} <TimeText at={entry.at} />
            {entry.note !== '' && <Bidi>{entry.note}</Bidi>}
          </li>
        ))}
      </ul>
    </details>
  )
}

function ThresholdDialog({
  wallet,
  channels,
  onClose,
}: {
  wallet: Wallet | null
  channels: Channel[]
  onClose: () => void
}) {
  const { t } = useI18n()
  const [of, setOf] = useState(wallet?.channelId ?? channels[0]?.id ?? '')
  const [threshold, setThreshold] = useState<Money | null>(wallet?.threshold ?? null)
  const { busy, refusal, send } = useForm(t('costs.wallet.saved'), 'budgets', onClose)
  return (
    <FormDialog
      title={t(wallet ? 'costs.wallet.threshold.change' : 'costs.wallet.add')}
      dirty={threshold?.amount !== wallet?.threshold.amount}
      busy={busy}
      submit={t('common.save')}
      onSubmit={() => void send(() => api.put<Wallet>(`/wallets/${of}`, { threshold: threshold ?? undefined }))}
      onClose={onClose}
    >
      {wallet === null && (
        <SelectField
          label={t('costs.channel')}
          value={of}
          options={channels.map((one) => ({ value: one.id, label: one.name }))}
          onChange={(event) => setOf(event.currentTarget.value)}
        />
      )}
      <MoneyField
        label={t('costs.wallet.threshold')}
        value={threshold}
        required
        error={refusal.field('threshold') ?? refusal.field('threshold.amount')}
        onChange={setThreshold}
      />
      <Refused refusal={refusal} shown={['threshold', 'threshold.amount']} />
    </FormDialog>
  )
}

function EntryDialog({ wallet, onClose }: { wallet: Wallet; onClose: () => void }) {
  const { t } = useI18n()
  const [kind, setKind] = useState<WalletEntryNew['kind']>('top_up')
  const [money, setMoney] = useState<Money | null>(null)
  const [note, setNote] = useState('')
  const { busy, refusal, send } = useForm(t('costs.wallet.saved'), 'budgets', onClose)
  return (
    <FormDialog
      title={t('costs.wallet.write')}
      dirty={money !== null || note !== ''}
      busy={busy}
      submit={t('common.save')}
      onSubmit={() =>
        void send(() =>
          api.post<Wallet>(`/wallets/${wallet.channelId}/entries`, { kind, money: money ?? undefined, note }),
        )
      }
      onClose={onClose}
    >
      <Segmented
        label={t('costs.wallet.kind')}
        value={kind}
        options={[
          { value: 'top_up', label: t('costs.wallet.topUp') },
          { value: 'balance', label: t('costs.wallet.is') },
        ]}
        onChange={setKind}
      />
      <MoneyField
        label={t('costs.amount')}
        value={money}
        required
        error={refusal.field('money') ?? refusal.field('money.amount')}
        onChange={setMoney}
      />
      <TextField
        label={t('costs.wallet.note')}
        value={note}
        maxLength={200}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <Refused refusal={refusal} shown={['money', 'money.amount']} />
    </FormDialog>
  )
}

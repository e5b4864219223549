import { infiniteQueryOptions, keepPreviousData, queryOptions, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { type CostEntry, type CostEntryQuery, type CostQuery, type CostSum, type CostSums } from '#shared/api/costs.ts'
import type { PageOf } from '#shared/api/common.ts'
import { addToDay, monthNames, partsOfDay } from '#shared/days.ts'
import { formatMoney } from '#shared/money.ts'
import { api } from '../../api.ts'
import { type I18n, useI18n } from '../../i18n.ts'
import { useMoney } from '../../money.ts'
import { organisationQuery } from '../../queries.ts'
import { can, useMe } from '../../session/session.ts'
import { Badge, Bidi, EmptyState, LoadFailed, Skeleton, TimeText } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { DateField } from '../../ui/date-field.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Select } from '../../ui/field.tsx'
import { useChannels } from '../inbox/channel-icon.tsx'
import { COST_GROUPS, type CostSearch, costSearch } from './cost-search.ts'
import { IconChartBar } from './icons.ts'
import { ReportsNav } from './nav.tsx'
import { About, Card } from './parts.tsx'
import { daysOf } from './range.ts'
import css from './reports.module.css'
import { PERIODS, USUAL } from './search.ts'

const sumsQuery = (query: CostQuery) =>
  queryOptions({
    queryKey: ['costs', query] as const,
    queryFn: ({ signal }) => api.get<CostSums>('/costs', { ...query }, { signal }),
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  })
const entriesQuery = (query: CostEntryQuery) =>
  infiniteQueryOptions({
    queryKey: ['costs', 'entries', query] as const,
    queryFn: ({ pageParam, signal }) =>
      api.get<PageOf<CostEntry>>('/costs/entries', { ...query, limit: 50, cursor: pageParam }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    staleTime: 10_000,
  })

type Change = (change: Partial<Record<keyof CostSearch, string | undefined>>) => void
function useChange(): Change {
  const navigate = useNavigate()
  return (change) =>
    void navigate({
      to: '.',
      search: (before: object) => costSearch({ ...before, ...change }),
      replace: true,
      resetScroll: false,
    })
}

/** What sending costs: set aside, spent and saved, by month, channel, campaign or colleague; each line opens its messages. */
export function CostsPage() {
  const { t } = useI18n()
  const me = useMe()
  const { data: organisation } = useQuery(organisationQuery)
  if (!can(me, 'cost.view')) return <EmptyState icon={<IconChartBar size={26} />} title={t('reports.noRight.title')} />
  return (
    <section className={css.page} aria-label={t('costs.title')} data-testid="costs-page">
      {organisation !== undefined && <Report timeZone={organisation.timeZone} />}
    </section>
  )
}

function Report({ timeZone }: { timeZone: string }) {
  const i = useI18n()
  const { t } = i
  const search: CostSearch = useSearch({ from: '/inside/reports/costs' })
  const change = useChange()
  const range = daysOf(search, timeZone, i.calendar)
  const group = search.group ?? 'month'
  const query: CostQuery = { group, ...range, ...(search.channel !== undefined && { channelId: search.channel }) }
  const { data, error, refetch, isPlaceholderData } = useQuery(sumsQuery(query))
  return (
    <>
      <header className={css.head}>
        <h1>{t('reports.title')}</h1>
        <ReportsNav here="costs" />
      </header>
      <Filter search={search} range={range} />
      <div className={css.body} aria-busy={isPlaceholderData}>
        {data === undefined ? (
          error === null ? (
            <div className={css.waiting} aria-busy="true">
              <Skeleton height={96} />
              <Skeleton height={260} />
            </div>
          ) : (
            <LoadFailed error={error} retry={() => void refetch()} />
          )
        ) : data.totals.length === 0 ? (
          <Nothing />
        ) : (
          <>
            {data.totals.map((total) => (
              <Totals key={total.currency} total={total} />
            ))}
            <Lines query={query} items={data.items} totals={data.totals} />
          </>
        )}
      </div>
      {search.line !== undefined && (
        <Behind query={query} line={search.line} onClose={() => change({ line: undefined })} />
      )}
    </>
  )
}

function Nothing() {
  const { t } = useI18n()
  return (
    <EmptyState
      icon={<IconChartBar size={26} />}
      title={t('costs.empty.title')}
      text={t('costs.empty.text')}
      action={
        <Link to="/settings/$" params={{ _splat: 'costs' }} className={css.action}>
          {t('costs.empty.action')}
        </Link>
      }
    />
  )
}

function Filter({ search, range }: { search: CostSearch; range: { from: string; to: string } }) {
  const { t } = useI18n()
  const channels = useChannels()
  const change = useChange()
  const isCustom = search.from !== undefined
  return (
    <search className={css.filter} aria-label={t('costs.filter')}>
      <Select
        aria-label={t('reports.filter.range')}
        value={isCustom ? 'custom' : (search.period ?? USUAL)}
        onChange={({ currentTarget: { value } }) =>
          change(
            value === 'custom'
              ? { period: undefined, ...range }
              : { period: value === USUAL ? undefined : value, from: undefined, to: undefined },
          )
        }
      >
        {PERIODS.map((period) => (
          <option key={period} value={period}>
            {t(`reports.range.${period}`)}
          </option>
        ))}
        <option value="custom">{t('reports.range.custom')}</option>
      </Select>
      {isCustom && (
        <>
          <DateField
            bare
            label={t('reports.filter.from')}
            value={range.from}
            max={range.to}
            onChange={(from) => from !== null && change({ from })}
          />
          <DateField
            bare
            label={t('reports.filter.to')}
            value={range.to}
            min={range.from}
            onChange={(to) => to !== null && change({ to })}
          />
        </>
      )}
      <Select
        aria-label={t('costs.channel')}
        value={search.channel ?? ''}
        data-on={search.channel !== undefined || undefined}
        onChange={(event) => change({ channel: event.currentTarget.value || undefined })}
      >
        <option value="">{t('reports.filter.channel.all')}</option>
        {[...channels.values()].map((channel) => (
          <option key={channel.id} value={channel.id}>
            {channel.name}
          </option>
        ))}
      </Select>
      <Select
        aria-label={t('costs.group')}
        value={search.group ?? 'month'}
        onChange={(event) => change({ group: event.currentTarget.value, line: undefined })}
        data-testid="cost-group"
      >
        {COST_GROUPS.map((group) => (
          <option key={group} value={group}>
            {t('costs.group')}: {t(`costs.group.${group}`)}
          </option>
        ))}
      </Select>
    </search>
  )
}

const FIGURES = ['spent', 'reserved', 'uncertain', 'saved'] as const

function Totals({ total }: { total: CostSum }) {
  const { t } = useI18n()
  const money = useMoney()
  return (
    <div className={css.tiles}>
      {FIGURES.filter((figure) => figure !== 'uncertain' || total.uncertain !== '0').map((figure) => (
        <section key={figure} className={css.tile} data-testid={`cost-${figure}`}>
          <h2>
            {t(`costs.${figure}`)}
            <About name={t(`costs.${figure}`)} about={`costs.${figure}.about`} />
          </h2>
          <p className={css.big}>{formatMoney({ amount: total[figure], currency: total.currency }, money)}</p>
        </section>
      ))}
    </div>
  )
}

function useLineName(group: CostQuery['group']): (sum: CostSum) => string {
  const i = useI18n()
  const channels = useChannels()
  return ({ key, name }) => {
    switch (group) {
      case 'month':
        return monthName(i, key ?? '')
      case 'channel':
        return channels.get(key ?? '')?.name ?? ''
      case 'campaign':
        return key === null ? i.t('costs.campaign.none') : (name ?? i.t('costs.campaign.unnamed', { id: key }))
      case 'user':
        return key === null ? i.t('costs.user.none') : (name ?? '')
    }
  }
}
/** A month of the organisation's calendar, which is the reader's in most offices; else the day it begins. */
function monthName(i: I18n, first: string): string {
  const { year, month } = partsOfDay(first, i.calendar)
  return `${monthNames(i)[month - 1] ?? ''} ${i.n(year, { useGrouping: false })}`
}

function Lines({ query, items, totals }: { query: CostQuery; items: CostSum[]; totals: CostSum[] }) {
  const { t, n } = useI18n()
  const money = useMoney()
  const nameOf = useLineName(query.group)
  const hasUncertain = totals.some((one) => one.uncertain !== '0')
  const cells = (sum: CostSum) => (
    <>
      <td>{n(sum.messages)}</td>
      {FIGURES.filter((figure) => figure !== 'uncertain' || hasUncertain).map((figure) => (
        <td key={figure}>{formatMoney({ amount: sum[figure], currency: sum.currency }, money)}</td>
      ))}
    </>
  )
  return (
    <Card name={t(`costs.group.${query.group}`)} about="costs.lines.about" wide>
      <div className={css.scroll}>
        <table className={css.list}>
          <thead>
            <tr>
              <th scope="col">{t(`costs.group.${query.group}`)}</th>
              <th scope="col">{t('costs.messages')}</th>
              {FIGURES.filter((figure) => figure !== 'uncertain' || hasUncertain).map((figure) => (
                <th key={figure} scope="col">
                  {t(`costs.${figure}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {items.map((sum) => (
              <tr key={`${sum.key} ${sum.currency}`}>
                <th scope="row">
                  <Link
                    to="."
                    search={(before: object) => costSearch({ ...before, line: sum.key ?? 'none' })}
                    className={css.figure}
                    data-testid="cost-line"
                  >
                    <Bidi>{nameOf(sum)}</Bidi>
                  </Link>
                </th>
                {cells(sum)}
              </tr>
            ))}
            {items.length > 1 &&
              totals.map((sum) => (
                <tr key={sum.currency}>
                  <th scope="row">
                    <Link
                      to="."
                      search={(before: object) => costSearch({ ...before, line: 'all' })}
                      className={css.figure}
                    >
                      <b>{t('costs.total')}</b>
                    </Link>
                  </th>
                  {cells(sum)}
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </Card>
  )
}

/** What the API is asked for the list behind a line. */
function entriesOf({ group, ...rest }: CostQuery, line: string, monthEnd: (first: string) => string): CostEntryQuery {
  if (line === 'all') return rest
  switch (group) {
    case 'month': {
      const [from, to] = [rest.from ?? line, rest.to ?? line]
      const end = monthEnd(line)
      return { ...rest, from: from > line ? from : line, to: to < end ? to : end }
    }
    case 'channel':
      return { ...rest, channelId: line }
    case 'campaign':
      return line === 'none' ? { ...rest, without: 'campaign' } : { ...rest, campaignId: line }
    case 'user':
      return line === 'none' ? { ...rest, without: 'user' } : { ...rest, userId: line }
  }
}

function Behind({ query, line, onClose }: { query: CostQuery; line: string; onClose: () => void }) {
  const i = useI18n()
  const { t } = i
  const { data: organisation } = useQuery(organisationQuery)
  const calendar = organisation?.calendar ?? i.calendar
  const asked = entriesOf(query, line, (first) =>
    addToDay(addToDay(first, calendar, { months: 1 }), 'gregory', { days: -1 }),
  )
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(entriesQuery(asked))
  const entries = data?.pages.flatMap((page) => page.items)
  return (
    <Dialog title={t('costs.list.title')} look="drawer" onClose={onClose}>
      <div className={css.drawer} data-testid="cost-entries">
        {entries === undefined ? (
          error === null ? (
            <Skeleton height={120} />
          ) : (
            <LoadFailed error={error} retry={() => void refetch()} />
          )
        ) : (
          <>
            <ul className={css.found}>
              {entries.map((entry) => (
                <Entry key={entry.messageId} entry={entry} />
              ))}
            </ul>
            {hasNextPage && (
              <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                {t('costs.list.more')}
              </Button>
            )}
          </>
        )}
      </div>
    </Dialog>
  )
}

const TONES = { reserved: 'neutral', uncertain: 'warn', spent: 'ok', released: 'neutral' } as const

function Entry({ entry }: { entry: CostEntry }) {
  const { t } = useI18n()
  const money = useMoney()
  const channels = useChannels()
  const body = (
    <>
      <span className={css.foundHead}>
        <Bidi className="ellipsis">{entry.contact?.name ?? t('costs.contact.gone')}</Bidi>
        <TimeText at={entry.at} />
      </span>
      <span className={css.foundFoot}>
        <b>{formatMoney(entry.price, money)}</b>
        <Bidi>{channels.get(entry.channelId)?.name ?? ''}</Bidi>
        {entry.saved.amount !== '0' && (
          <span>
            {t('costs.saved')}: {formatMoney(entry.saved, money)}
          </span>
        )}
        <Badge tone={TONES[entry.state]}>{t(`costs.state.${entry.state}`)}</Badge>
      </span>
    </>
  )
  return (
    <li>
      {entry.conversationId === null ? (
        <span>{body}</span>
      ) : (
        <Link
          to="/inbox/$conversationId"
          params={{ conversationId: entry.conversationId }}
          search={{ message: entry.messageId }}
        >
          {body}
        </Link>
      )}
    </li>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { REPORT_STEPS } from '#shared/api/choices.ts'
import type { Dashboard } from '#shared/api/reports.ts'
import { useI18n } from '../../i18n.ts'
import { organisationQuery } from '../../queries.ts'
import { can, useMe, useUsers } from '../../session/session.ts'
import { EmptyState, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { DateField } from '../../ui/date-field.tsx'
import { Select } from '../../ui/field.tsx'
import { Menu } from '../../ui/menu.tsx'
import menu from '../../ui/menu.module.css'
import { zoneName } from '../../zone-name.ts'
import { useChannels } from '../inbox/channel-icon.tsx'
import { Agents, Channels, Conversion, Outcomes, Response, Tiles, totalOf } from './cards.tsx'
import { IconChartBar, IconFileSpreadsheet, IconPlus, IconPrinter, IconX } from './icons.ts'
import { REPORT_PAGES, type ReportPage, ReportsNav } from './nav.tsx'
import { type Asked, dashboardQuery, sheetUrl } from './queries.ts'
import { daysOf } from './range.ts'
import { PERIODS, readBehind, type ReportSearch, reportSearch, USUAL } from './search.ts'
import css from './reports.module.css'
import { Heat, Today, Traffic, Won } from './traffic.tsx'

const RowsDrawer = lazy(() => import('./rows-drawer.tsx'))

/** Pictures of what goes through the office. Range, filters and the open list stand in the address. */
export function ReportsPage() {
  const { t } = useI18n()
  const me = useMe()
  const { _splat: name } = useParams({ strict: false })
  const page = REPORT_PAGES.find((one) => one === name) ?? 'overview'
  const { data: organisation } = useQuery(organisationQuery)
  if (!can(me, 'report.view'))
    return (
      <EmptyState
        icon={<IconChartBar size={26} />}
        title={t('reports.noRight.title')}
        text={t('reports.noRight.text')}
      />
    )
  return (
    <section className={css.page} aria-label={t('reports.title')} data-testid="reports-page">
      {organisation !== undefined && <Report page={page} timeZone={organisation.timeZone} />}
    </section>
  )
}

function useChange(): (change: Partial<Record<keyof ReportSearch, string | undefined>>) => void {
  const navigate = useNavigate()
  return (change) =>
    void navigate({
      to: '.',
      search: (before: object) => reportSearch({ ...before, ...change }),
      replace: true,
      resetScroll: false,
    })
}

function Report({ page, timeZone }: { page: ReportPage; timeZone: string }) {
  const i = useI18n()
  const { t } = i
  const search: ReportSearch = useSearch({ from: '/inside/reports' })
  const change = useChange()
  const asked: Asked = {
    ...daysOf(search, timeZone, i.calendar),
    channelId: search.channel,
    agentId: search.agent,
    by: search.by,
  }
  const { data: board, error, refetch, isPlaceholderData } = useQuery(dashboardQuery(asked))
  const behind = search.list === undefined ? null : readBehind(search.list)
  return (
    <>
      <header className={css.head}>
        <h1>{t('reports.title')}</h1>
        <ReportsNav here={page} />
        <Taken asked={asked} />
      </header>
      <Filter search={search} asked={asked} />
      <div className={css.body} aria-busy={isPlaceholderData}>
        {board === undefined ? (
          error === null ? (
            <Waiting />
          ) : (
            <LoadFailed error={error} retry={() => void refetch()} />
          )
        ) : (
          <>
            {!board.complete && (
              <p className={css.counting} role="status">
                {t('reports.counting')}
              </p>
            )}
            <Pictures page={page} board={board} search={search} />
            <p className={css.zone}>{t('reports.zone', { zone: zoneName(i.tag, board.timeZone) })}</p>
          </>
        )}
      </div>
      <Suspense>
        {behind !== null && <RowsDrawer asked={asked} of={behind} onClose={() => change({ list: undefined })} />}
      </Suspense>
    </>
  )
}

function Pictures({ page, board, search }: { page: ReportPage; board: Dashboard; search: ReportSearch }) {
  const { t } = useI18n()
  const me = useMe()
  const [figure, setFigure] = useState<'in' | 'out'>('in')
  const change = useChange()
  const { in: came, out: went, won } = totalOf(board)
  const isQuiet = came + went + won + board.responses.count === 0 && board.agents.length === 0
  const isEmpty = board.now.every((one) => one.lastIn === null && one.lastOut === null)
  if (isEmpty)
    return (
      <EmptyState
        icon={<IconChartBar size={26} />}
        title={t('reports.empty.title')}
        text={t('reports.empty.text')}
        action={
          can(me, 'channel.create') && (
            <Link to="/settings/$" params={{ _splat: 'channels' }} className={css.action}>
              <IconPlus size={16} aria-hidden /> {t('reports.empty.action')}
            </Link>
          )
        }
      />
    )
  if (isQuiet)
    return (
      <>
        <EmptyState
          icon={<IconChartBar size={26} />}
          title={t('reports.quiet.title')}
          text={t('reports.quiet.text')}
          action={
            <Button
              onClick={() =>
                change({ period: undefined, from: undefined, to: undefined, channel: undefined, agent: undefined })
              }
            >
              {t('reports.quiet.action')}
            </Button>
          }
        />
        {page === 'overview' && <Channels board={board} />}
      </>
    )
  const heat = <Heat board={board} figure={figure} onFigure={setFigure} />
  switch (page) {
    case 'overview':
      return (
        <>
          <Tiles board={board} />
          <div className={css.grid}>
            <Traffic board={board} end={<Step search={search} />} />
            <Today board={board} />
            <Outcomes board={board} />
            <Response board={board} />
            <Conversion board={board} />
            {heat}
            <Agents board={board} most={5} />
            <Channels board={board} />
          </div>
        </>
      )
    case 'messages':
      return (
        <div className={css.grid}>
          <Traffic board={board} end={<Step search={search} />} />
          {heat}
          <Today board={board} />
          <Outcomes board={board} />
          <Channels board={board} />
        </div>
      )
    case 'agents':
      return (
        <div className={css.grid}>
          <Agents board={board} />
          <Response board={board} />
        </div>
      )
    case 'identities':
      return (
        <div className={css.grid}>
          <Conversion board={board} byChannel />
          <Won board={board} end={<Step search={search} />} />
        </div>
      )
  }
}

function Step({ search }: { search: ReportSearch }) {
  const { t } = useI18n()
  const change = useChange()
  return (
    <Select
      aria-label={t('reports.step')}
      value={search.by ?? ''}
      onChange={(event) => change({ by: event.currentTarget.value || undefined })}
    >
      <option value="">{t('reports.step.auto')}</option>
      {REPORT_STEPS.map((step) => (
        <option key={step} value={step}>
          {t(`reports.step.${step}`)}
        </option>
      ))}
    </Select>
  )
}

/** The same everywhere: which days, which channel, whose. */
function Filter({ search, asked }: { search: ReportSearch; asked: Asked }) {
  const { t } = useI18n()
  const channels = useChannels()
  const users = useUsers()
  const change = useChange()
  const isCustom = search.from !== undefined
  const setPeriod = (value: string) =>
    change(
      value === 'custom'
        ? { period: undefined, from: asked.from, to: asked.to, by: undefined }
        : { period: value === USUAL ? undefined : value, from: undefined, to: undefined, by: undefined },
    )
  return (
    <search className={css.filter} aria-label={t('reports.filter')}>
      <Select
        aria-label={t('reports.filter.range')}
        value={isCustom ? 'custom' : (search.period ?? USUAL)}
        onChange={(event) => setPeriod(event.currentTarget.value)}
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
            value={asked.from}
            max={asked.to}
            onChange={(from) => from !== null && change({ from, by: undefined })}
          />
          <DateField
            bare
            label={t('reports.filter.to')}
            value={asked.to}
            min={asked.from}
            onChange={(to) => to !== null && change({ to, by: undefined })}
          />
        </>
      )}
      <Select
        aria-label={t('reports.filter.channel')}
        value={search.channel ?? ''}
        data-on={search.channel !== undefined || undefined}
        onChange={(event) => change({ channel: event.currentTarget.value || undefined })}
      >
        <option value="">{t('reports.filter.channel.all')}</option>
        {search.channel?.includes(',') === true && <option value={search.channel}>…</option>}
        {[...channels.values()].map((channel) => (
          <option key={channel.id} value={channel.id}>
            {channel.name}
          </option>
        ))}
      </Select>
      <Select
        aria-label={t('reports.filter.agent')}
        value={search.agent ?? ''}
        data-on={search.agent !== undefined || undefined}
        onChange={(event) => change({ agent: event.currentTarget.value || undefined })}
      >
        <option value="">{t('reports.filter.agent.all')}</option>
        {search.agent?.includes(',') === true && <option value={search.agent}>…</option>}
        <option value="0">{t('reports.programs')}</option>
        {[...users.values()].map((user) => (
          <option key={user.id} value={user.id}>
            {user.name}
          </option>
        ))}
      </Select>
      {(search.channel !== undefined || search.agent !== undefined) && (
        <IconButton label={t('reports.filter.clear')} onClick={() => change({ channel: undefined, agent: undefined })}>
          <IconX size={16} />
        </IconButton>
      )}
      {search.agent !== undefined && <p className={css.note}>{t('reports.filter.agent.note')}</p>}
    </search>
  )
}

/** Taking the report along: as sheets or on paper. */
function Taken({ asked }: { asked: Asked }) {
  const { t } = useI18n()
  return (
    <div className={css.taken}>
      <Menu
        label={t('reports.excel.menu')}
        align="end"
        trigger={(props) => (
          <Button icon={<IconFileSpreadsheet size={17} />} data-testid="report-excel" {...props}>
            {t('reports.excel')}
          </Button>
        )}
      >
        {(close) =>
          (['time', 'channels', 'agents'] as const).map((sheet) => (
            <a
              key={sheet}
              role="menuitem"
              tabIndex={-1}
              className={menu.item}
              href={sheetUrl(sheet, { ...asked })}
              download
              onClick={close}
              data-testid={`sheet-${sheet}`}
            >
              {t(`reports.sheet.${sheet}`)}
            </a>
          ))
        }
      </Menu>
      <span className={css.wideOnly}>
        <IconButton label={t('reports.print')} onClick={() => window.print()}>
          <IconPrinter size={18} />
        </IconButton>
      </span>
    </div>
  )
}

function Waiting() {
  return (
    <div className={css.waiting} aria-busy="true">
      <div className={css.tiles}>
        {['a', 'b', 'c', 'd', 'e'].map((key) => (
          <Skeleton key={key} height={96} />
        ))}
      </div>
      <Skeleton height={260} />
      <Skeleton height={200} />
    </div>
  )
}

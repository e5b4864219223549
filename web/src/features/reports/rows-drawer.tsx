import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReportRow } from '#shared/api/reports.ts'
import { MESSAGE_KINDS } from '#shared/api/conversations.ts'
import { formatDay } from '#shared/dates.ts'
import { formatMoney } from '#shared/money.ts'
import type { Query } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { useMoney } from '../../money.ts'
import { can, useMe, useUsers } from '../../session/session.ts'
import { Badge, Bidi, EmptyState, LoadFailed, Skeleton, TimeText } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { useChannels } from '../inbox/channel-icon.tsx'
import { kindText } from '../inbox/kind-text.ts'
import { IconFileSpreadsheet } from './icons.ts'
import { spanText, useFailureText } from './parts.tsx'
import { type Asked, rowsOf, rowsQuery, sheetUrl } from './queries.ts'
import type { Behind } from './search.ts'
import css from './reports.module.css'
import { hourName, weekdayName } from './traffic.tsx'

/** The list behind a figure: each entry leads to where it happened. */
export default function RowsDrawer({ asked, of, onClose }: { asked: Asked; of: Behind; onClose: () => void }) {
  const { t } = useI18n()
  const me = useMe()
  const query = rowsOf(asked, of)
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(rowsQuery(query))
  const rows = data?.pages.flatMap((page) => page.items)
  return (
    <Dialog title={useTitle(of)} look="drawer" onClose={onClose}>
      <div className={css.drawer} data-testid="report-rows">
        <p className={css.drawerHead}>
          <What of={of} query={query} />
          {can(me, 'contact.export') && (
            <a className={css.action} href={sheetUrl('rows', query)} download data-testid="rows-excel">
              <IconFileSpreadsheet size={16} aria-hidden /> {t('reports.excel')}
            </a>
          )}
        </p>
        {rows === undefined ? (
          error === null ? (
            <div aria-busy="true" className={css.waiting}>
              <Skeleton height={44} />
              <Skeleton height={44} />
              <Skeleton height={44} />
            </div>
          ) : (
            <LoadFailed error={error} retry={() => void refetch()} />
          )
        ) : rows.length === 0 && !hasNextPage ? (
          <EmptyState title={t('reports.list.empty')} />
        ) : (
          <>
            <ul className={css.found}>
              {rows.map((row) => (
                <Row key={`${row.at} ${row.id}`} row={row} />
              ))}
            </ul>
            {hasNextPage && (
              <Button busy={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                {t('reports.list.more')}
              </Button>
            )}
          </>
        )}
      </div>
    </Dialog>
  )
}

function useTitle({ figure, outcome, how }: Behind): string {
  const { t, maybe } = useI18n()
  if (outcome !== undefined) return maybe(`reports.outcome.${outcome}`) ?? t('reports.out')
  if (how !== undefined) return maybe(`reports.how.${how}`) ?? t('reports.won')
  return figure === 'response' ? t('reports.answers') : t(`reports.${figure}`)
}

/** Which stretch, which channel, whose. */
function What({ of, query }: { of: Behind; query: Query }) {
  const i = useI18n()
  const channels = useChannels()
  const users = useUsers()
  const failureText = useFailureText()
  const from = String(query['from'])
  const to = String(query['to'])
  const names = (ids: unknown, all: ReadonlyMap<string, { name: string }>): string[] =>
    typeof ids === 'string'
      ? ids.split(',').map((id) => (id === '0' ? i.t('reports.programs') : (all.get(id)?.name ?? '')))
      : []
  const said = [
    from === to
      ? formatDay(from, i, 'full')
      : i.t('reports.list.range', { from: formatDay(from, i), to: formatDay(to, i) }),
    ...(of.weekday === undefined ? [] : [weekdayName(i, of.weekday)]),
    ...(of.hour === undefined ? [] : [hourName(i, of.hour)]),
    ...names(query['channelId'], channels),
    ...names(query['agentId'], users),
    ...(of.code === undefined ? [] : [failureText(of.code)]),
  ]
  return <span>{said.join(' · ')}</span>
}

function Row({ row }: { row: ReportRow }) {
  const i = useI18n()
  const { t } = i
  const users = useUsers()
  const channels = useChannels()
  const money = useMoney()
  const kind = MESSAGE_KINDS.find((one) => one === row.kind)
  const text = row.text === '' && kind !== undefined ? kindText(i, kind) : row.text
  const body = (
    <>
      <span className={css.foundHead}>
        <Bidi className="ellipsis">{row.contact?.name ?? t('reports.list.erased')}</Bidi>
        <TimeText at={row.at} />
      </span>
      {text !== '' && <Bidi className={`${css.foundText} ellipsis`}>{text}</Bidi>}
      <span className={css.foundFoot}>
        <Bidi>{channels.get(row.channelId)?.name ?? ''}</Bidi>
        {row.agentId !== null && <Bidi>{users.get(row.agentId)?.name ?? ''}</Bidi>}
        {row.seconds !== null && <span>{t('reports.list.took', { time: spanText(i, row.seconds) })}</span>}
        {row.how !== null && <span>{i.maybe(`reports.how.${row.how}`) ?? row.how}</span>}
        {row.saved !== null && <span>{formatMoney(row.saved, money)}</span>}
        {row.outcome !== null && (
          <Badge tone={row.outcome === 'failed' ? 'danger' : row.outcome === 'unknown' ? 'warn' : 'neutral'}>
            {i.maybe(`reports.outcome.${row.outcome}`) ?? row.outcome}
          </Badge>
        )}
      </span>
    </>
  )
  return (
    <li>
      {row.conversationId !== null ? (
        <Link
          to="/inbox/$conversationId"
          params={{ conversationId: row.conversationId }}
          search={row.messageId === null ? {} : { message: row.messageId }}
        >
          {body}
        </Link>
      ) : row.contact !== null ? (
        <Link to="/contacts/$id" params={{ id: row.contact.id }}>
          {body}
        </Link>
      ) : (
        <span className={css.erased}>{body}</span>
      )}
    </li>
  )
}

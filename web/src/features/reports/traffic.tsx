import type { ReportStep } from '#shared/api/choices.ts'
import type { Dashboard, ReportPoint } from '#shared/api/reports.ts'
import { firstDayOfWeek, formatDay } from '#shared/dates.ts'
import { partsOfDay } from '#shared/days.ts'
import { type I18n, useI18n } from '../../i18n.ts'
import { Behindness, Card, sum, TableBehind, topOf } from './parts.tsx'
import type { Behind } from './search.ts'
import css from './reports.module.css'

/** 1970-01-04 was a Sunday. */
export const weekdayName = (i: I18n, weekday: number, length: 'long' | 'short' | 'narrow' = 'long'): string =>
  new Intl.DateTimeFormat(i.tag, { weekday: length, timeZone: 'UTC' }).format((3 + weekday) * 86_400_000)
export const hourName = (i: I18n, hour: number): string =>
  i.n(hour, { minimumIntegerDigits: 2 }).concat(':', i.n(0, { minimumIntegerDigits: 2 }))

/** What a piece of the time is called, at full length or below a column. */
function pointName(i: I18n, step: ReportStep, { key, from, to }: ReportPoint, short: boolean): string {
  switch (step) {
    case 'hour': {
      const hour = Number(key.slice(11))
      return short ? (hour % 6 === 0 ? i.n(hour) : '') : `${formatDay(from, i)} ${hourName(i, hour)}`
    }
    case 'hour_of_day':
      return short ? i.n(Number(key)) : hourName(i, Number(key))
    case 'weekday':
      return weekdayName(i, Number(key), short ? 'short' : 'long')
    case 'month':
      return short
        ? new Intl.DateTimeFormat(i.tag.replace(/-u-.*/, ''), monthOptions(i)).format(new Date(from))
        : formatDay(from, i, 'month')
    case 'week':
      return short ? dayNumber(i, from) : `${formatDay(from, i)} – ${formatDay(to, i)}`
    case 'day':
      return short ? dayNumber(i, from) : formatDay(from, i, 'full')
  }
}
const monthOptions = (i: I18n): Intl.DateTimeFormatOptions => ({
  month: 'short',
  calendar: i.calendar,
  timeZone: 'UTC',
})
function dayNumber(i: I18n, day: string): string {
  const { month, day: inMonth } = partsOfDay(day, i.calendar)
  return inMonth === 1 ? `${i.n(month)}/${i.n(inMonth)}` : i.n(inMonth)
}

/** What the list behind a piece is of. */
function behindOf(step: ReportStep, { key, from, to }: ReportPoint): Omit<Behind, 'figure'> {
  if (step === 'hour') return { from, to, hour: Number(key.slice(11)) }
  if (step === 'hour_of_day') return { hour: Number(key) }
  if (step === 'weekday') return { weekday: Number(key) }
  return { from, to }
}

/** Weekdays begin as the reader's week does. */
function inOrder(i: I18n, step: ReportStep, points: readonly ReportPoint[]): readonly ReportPoint[] {
  if (step !== 'weekday') return points
  const first = firstDayOfWeek(i.locale)
  return points.map((_, at) => points[(at + first) % 7]).filter((point) => point !== undefined)
}

type Shown = 'in' | 'out' | 'won'
/** Figures along the time as columns, each opening its list; the time runs as the reader reads. */
function Columns({ board, figures }: { board: Dashboard; figures: readonly Shown[] }) {
  const i = useI18n()
  const { t } = i
  const points = inOrder(i, board.step, board.points)
  const top = topOf(points.flatMap((point) => figures.map((figure) => point[figure])))
  const every = Math.ceil(points.length / 16)
  return (
    <>
      <Legend
        entries={figures.map(
          (figure) => [figure, t(`reports.${figure}`), sum(points.map((one) => one[figure]))] as const,
        )}
      />
      <div className={css.chart}>
        <Scale top={top} />
        <div className={css.columns} data-step={board.step} data-many={points.length > 40 || undefined}>
          {points.map((point, at) => (
            <div key={point.key} className={css.column}>
              {figures.map((figure) => (
                <Behindness
                  key={figure}
                  quiet
                  of={{ figure, ...behindOf(board.step, point) }}
                  count={point[figure]}
                  name={`${pointName(i, board.step, point, false)} – ${t(`reports.${figure}`)}`}
                  className={css[figure]}
                  style={{ blockSize: `${(point[figure] / top) * 100}%` }}
                >
                  {null}
                </Behindness>
              ))}
              <span className={css.tick}>
                {board.step === 'hour' || at % every === 0 ? pointName(i, board.step, point, true) : ''}
              </span>
            </div>
          ))}
        </div>
      </div>
    </>
  )
}

/** The same as a table, with answers beside. */
function PointsTable({ board, figures }: { board: Dashboard; figures: readonly (Shown | 'response')[] }) {
  const i = useI18n()
  const { t, n } = i
  const points = inOrder(i, board.step, board.points)
  const nameOf = (figure: Shown | 'response'): string =>
    figure === 'response' ? t('reports.answers') : t(`reports.${figure}`)
  const countOf = (point: ReportPoint, figure: Shown | 'response'): number =>
    figure === 'response' ? point.responses : point[figure]
  return (
    <TableBehind>
      <thead>
        <tr>
          <th scope="col">{t('reports.column.time')}</th>
          {figures.map((figure) => (
            <th key={figure} scope="col">
              {nameOf(figure)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {points.map((point) => {
          const name = pointName(i, board.step, point, false)
          return (
            <tr key={point.key}>
              <th scope="row">{name}</th>
              {figures.map((figure) => (
                <td key={figure}>
                  <Behindness
                    of={{ figure, ...behindOf(board.step, point) }}
                    count={countOf(point, figure)}
                    name={`${name} ${nameOf(figure)}`}
                  />
                </td>
              ))}
            </tr>
          )
        })}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">{t('reports.total')}</th>
          {figures.map((figure) => (
            <td key={figure}>{n(sum(points.map((point) => countOf(point, figure))))}</td>
          ))}
        </tr>
      </tfoot>
    </TableBehind>
  )
}

/** Messages in and out along the time. */
export function Traffic({ board, end }: { board: Dashboard; end?: React.ReactNode }) {
  const { t } = useI18n()
  return (
    <Card name={t('reports.traffic')} about="reports.traffic.about" wide end={end} testId="report-traffic">
      <Columns board={board} figures={['in', 'out']} />
      <PointsTable board={board} figures={['in', 'out', 'response']} />
    </Card>
  )
}

/** Identities won along the time. */
export function Won({ board, end }: { board: Dashboard; end?: React.ReactNode }) {
  const { t } = useI18n()
  return (
    <Card name={t('reports.won')} about="reports.won.about" wide end={end} testId="report-won">
      <Columns board={board} figures={['won']} />
      <PointsTable board={board} figures={['won']} />
    </Card>
  )
}

export function Scale({ top }: { top: number }) {
  const { n } = useI18n()
  return (
    <div className={css.scale} aria-hidden>
      <span>{n(top)}</span>
      <span>{n(top / 2)}</span>
      <span>{n(0)}</span>
    </div>
  )
}

export function Legend({ entries }: { entries: readonly (readonly [tone: string, name: string, count?: number])[] }) {
  const { n } = useI18n()
  return (
    <ul className={css.legend}>
      {entries.map(([tone, name, count]) => (
        <li key={tone}>
          <i className={css.swatch} data-tone={tone} aria-hidden />
          {name} {count !== undefined && <b>{n(count)}</b>}
        </li>
      ))}
    </ul>
  )
}

const grown = (list: readonly number[]): number[] => list.map((_, at) => sum(list.slice(0, at + 1)))

/** Today against yesterday and a week ago: lines that add up over the day. */
export function Today({ board }: { board: Dashboard }) {
  const i = useI18n()
  const { t, n } = i
  const hour = Number(
    new Intl.DateTimeFormat('en', { hour: 'numeric', hourCycle: 'h23', timeZone: board.timeZone }).format(),
  )
  const lines = {
    today: grown(board.hours.today).slice(0, hour + 1),
    yesterday: grown(board.hours.yesterday),
    weekAgo: grown(board.hours.weekAgo),
  }
  const top = topOf(Object.values(lines).flat())
  // From midnight on: nothing yet.
  const path = (list: readonly number[]): string =>
    [0, ...list].map((value, at) => `${at},${100 - (value / top) * 100}`).join(' ')
  return (
    <Card name={t('reports.today')} about="reports.today.about" testId="report-today">
      <p className={css.say}>
        {t('reports.today.soFar', { today: n(lines.today.at(-1) ?? 0), yesterday: n(lines.yesterday[hour] ?? 0) })}
      </p>
      <Legend
        entries={[
          ['today', t('reports.today.today')],
          ['yesterday', t('reports.today.yesterday')],
          ['weekAgo', t('reports.today.weekAgo')],
        ]}
      />
      <div className={css.chart}>
        <Scale top={top} />
        <div className={css.lines}>
          <svg viewBox="0 0 24 100" preserveAspectRatio="none" className="mirror" aria-hidden>
            {(['weekAgo', 'yesterday', 'today'] as const).map((name) => (
              <polyline key={name} points={path(lines[name])} data-tone={name} vectorEffect="non-scaling-stroke" />
            ))}
          </svg>
          <div className={css.hours} aria-hidden>
            {[0, 6, 12, 18, 24].map((at) => (
              <span key={at}>{n(at)}</span>
            ))}
          </div>
        </div>
      </div>
      <TableBehind>
        <thead>
          <tr>
            <th scope="col">{t('reports.column.time')}</th>
            <th scope="col">{t('reports.today.today')}</th>
            <th scope="col">{t('reports.today.yesterday')}</th>
            <th scope="col">{t('reports.today.weekAgo')}</th>
          </tr>
        </thead>
        <tbody>
          {board.hours.today.map((count, at) => (
            // oxlint-disable-next-line react/no-array-index-key -- the hour is its name
            <tr key={at}>
              <th scope="row">{hourName(i, at)}</th>
              <td>{at > hour ? '' : n(count)}</td>
              <td>{n(board.hours.yesterday[at] ?? 0)}</td>
              <td>{n(board.hours.weekAgo[at] ?? 0)}</td>
            </tr>
          ))}
        </tbody>
      </TableBehind>
    </Card>
  )
}

/** Weekday by hour, the darker the more. It is a table already. */
export function Heat({
  board,
  figure,
  onFigure,
}: {
  board: Dashboard
  figure: 'in' | 'out'
  onFigure: (figure: 'in' | 'out') => void
}) {
  const i = useI18n()
  const { t, n } = i
  const rows = board.weekdays[figure]
  const top = Math.max(1, ...rows.flat())
  const first = firstDayOfWeek(i.locale)
  const days = Array.from({ length: 7 }, (_, at) => (at + first) % 7)
  return (
    <Card
      name={t('reports.heat')}
      about="reports.heat.about"
      wide
      testId="report-heat"
      end={
        <div className={css.switch} role="group" aria-label={t('reports.heat')}>
          {(['in', 'out'] as const).map((one) => (
            <button key={one} type="button" aria-pressed={figure === one} onClick={() => onFigure(one)}>
              {t(`reports.${one}`)}
            </button>
          ))}
        </div>
      }
    >
      <div className={css.scroll}>
        <table className={css.heat}>
          <thead>
            <tr>
              <td />
              {Array.from({ length: 24 }, (_, hour) => (
                // oxlint-disable-next-line react/no-array-index-key -- the hour is its name
                <th key={hour} scope="col">
                  {hour % 3 === 0 ? n(hour) : <span className="visually-hidden">{n(hour)}</span>}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {days.map((weekday) => (
              <tr key={weekday}>
                <th scope="row">
                  <span className={css.wideName}>{weekdayName(i, weekday)}</span>
                  <span className={css.narrowName}>
                    {weekdayName(i, weekday, i.locale === 'en' ? 'short' : 'narrow')}
                  </span>
                </th>
                {(rows[weekday] ?? []).map((count, hour) => (
                  // oxlint-disable-next-line react/no-array-index-key -- the hour is its name
                  <td key={hour}>
                    <Behindness
                      of={{ figure, weekday, hour }}
                      count={count}
                      name={t('reports.heat.cell', {
                        day: weekdayName(i, weekday),
                        hour: hourName(i, hour),
                        count: n(count),
                      })}
                      className={css.cell}
                      style={
                        { '--heat': count === 0 ? 0 : 0.12 + 0.88 * Math.sqrt(count / top) } as React.CSSProperties
                      }
                    >
                      <span className="visually-hidden">{n(count)}</span>
                    </Behindness>
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  )
}

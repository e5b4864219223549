import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import {
  type ChannelFigures,
  type ChannelNow,
  type Dashboard,
  OUTCOMES,
  type Outcome,
  RESPONSE_BOUNDS,
} from '#shared/api/reports.ts'
import { formatMoney } from '#shared/money.ts'
import { useI18n } from '../../i18n.ts'
import { useMoney } from '../../money.ts'
import { channelsQuery } from '../../queries.ts'
import { useUsers } from '../../session/session.ts'
import { Avatar, Badge, Bidi, TimeText } from '../../ui/bits.tsx'
import { ChannelIcon } from '../inbox/channel-icon.tsx'
import { IconAlertTriangle, IconArrowDownRight, IconArrowUpRight, IconPlayerPause, IconPlugConnected } from './icons.ts'
import { About, Behindness, Card, spanText, sum, TableBehind, topOf, useFailureText } from './parts.tsx'
import css from './reports.module.css'

export const totalOf = (board: Dashboard) => ({
  in: sum(board.channels.map((one) => one.in)),
  out: sum(board.channels.map((one) => one.out)),
  asked: sum(board.channels.map((one) => one.asked)),
  won: sum(board.channels.flatMap((one) => Object.values(one.won))),
  byLink: sum(board.channels.map((one) => one.won['start_link'] ?? 0)),
})

/** The few figures a manager looks for first, each against the stretch before. */
export function Tiles({ board }: { board: Dashboard }) {
  const i = useI18n()
  const { t, n } = i
  const money = useMoney()
  const total = totalOf(board)
  const { before, responses } = board
  const averageBefore = before.responses > 0 ? before.waited / before.responses : null
  return (
    <div className={css.tiles}>
      <Tile name={t('reports.in')} about="reports.in.about" change={<Change now={total.in} then={before.in} />}>
        <Behindness of={{ figure: 'in' }} count={total.in} name={t('reports.in')} />
      </Tile>
      <Tile name={t('reports.out')} about="reports.out.about" change={<Change now={total.out} then={before.out} />}>
        <Behindness of={{ figure: 'out' }} count={total.out} name={t('reports.out')} />
      </Tile>
      <Tile
        name={t('reports.response')}
        about="reports.response.about"
        change={
          responses.average !== null &&
          averageBefore !== null && <Change now={responses.average} then={averageBefore} less />
        }
      >
        <Behindness of={{ figure: 'response' }} count={responses.count} name={t('reports.answers')}>
          {responses.median === null ? '—' : spanText(i, responses.median)}
        </Behindness>
      </Tile>
      <Tile name={t('reports.won')} about="reports.won.about" change={<Change now={total.won} then={before.won} />}>
        <Behindness of={{ figure: 'won' }} count={total.won} name={t('reports.won')} />
      </Tile>
      <Tile name={t('reports.saved')} about="reports.saved.about" change={null}>
        {board.saved.length === 0 ? (
          <span className={css.none}>{t('reports.saved.none')}</span>
        ) : (
          board.saved.map((one) => (
            <Behindness
              key={one.currency}
              of={{ figure: 'saved' }}
              count={1}
              said={formatMoney(one, money)}
              name={t('reports.saved')}
            >
              {formatMoney(one, money)}
            </Behindness>
          ))
        )}
      </Tile>
      <span className="visually-hidden">{n(board.points.length)}</span>
    </div>
  )
}

function Tile({
  name,
  about,
  change,
  children,
}: {
  name: string
  about: Parameters<typeof About>[0]['about']
  change: ReactNode
  children: ReactNode
}) {
  return (
    <section className={css.tile} aria-label={name}>
      <h2>
        {name} <About name={name} about={about} />
      </h2>
      <div className={css.big}>{children}</div>
      <div className={css.change}>{change}</div>
    </section>
  )
}

/** Against the stretch before, in words and with an arrow. `less`: less is better. */
function Change({ now, then, less = false }: { now: number; then: number; less?: boolean }) {
  const { t, n } = useI18n()
  if (then === 0) return now === 0 ? null : <span>{t('reports.before.none')}</span>
  const share = (now - then) / then
  if (Math.abs(share) < 0.005) return <span>{t('reports.before.same')}</span>
  const Icon = share > 0 ? IconArrowUpRight : IconArrowDownRight
  const change = n(share, { style: 'percent', maximumFractionDigits: 0, signDisplay: 'exceptZero' })
  return (
    <span data-good={share > 0 !== less}>
      <Icon size={15} className="mirror" aria-hidden /> {t('reports.before', { change })}
    </span>
  )
}

const keyOf = (key: string): { outcome: Outcome; code: string | undefined } => {
  const [first = '', ...rest] = key.split(':')
  return {
    outcome: OUTCOMES.find((one) => one === first) ?? 'unknown',
    code: rest.length === 0 ? undefined : rest.join(':'),
  }
}
/** How many had which outcome, of one channel or of all. */
function outcomesOf(channels: readonly ChannelFigures[]): Map<Outcome, number> {
  const counts = new Map<Outcome, number>()
  for (const { outcomes } of channels)
    for (const [key, count] of Object.entries(outcomes)) {
      const { outcome } = keyOf(key)
      counts.set(outcome, (counts.get(outcome) ?? 0) + count)
    }
  return counts
}

/** What became of what went out: one bar, its parts with their counts, and why some failed. */
export function Outcomes({ board }: { board: Dashboard }) {
  const { t, n } = useI18n()
  const failureText = useFailureText()
  const counts = outcomesOf(board.channels)
  const total = sum([...counts.values()])
  const failures = new Map<string, number>()
  for (const { outcomes } of board.channels)
    for (const [key, count] of Object.entries(outcomes)) {
      const { outcome, code } = keyOf(key)
      if (outcome === 'failed') failures.set(code ?? '', (failures.get(code ?? '') ?? 0) + count)
    }
  const shown = OUTCOMES.filter((one) => (counts.get(one) ?? 0) > 0)
  return (
    <Card name={t('reports.outcomes')} about="reports.outcomes.about" testId="report-outcomes">
      {total === 0 ? (
        <p className={css.none}>{t('reports.agents.none')}</p>
      ) : (
        <>
          <div className={css.stack} aria-hidden>
            {shown.map((one) => (
              <Behindness
                key={one}
                quiet
                of={{ figure: 'out', outcome: one }}
                count={counts.get(one) ?? 0}
                name={t(`reports.outcome.${one}`)}
                className={css[`tone-${one}`]}
                style={{ flexGrow: counts.get(one) ?? 0 }}
              >
                {null}
              </Behindness>
            ))}
          </div>
          <ul className={css.parts}>
            {shown.map((one) => {
              const count = counts.get(one) ?? 0
              const name = t(`reports.outcome.${one}`)
              return (
                <li key={one}>
                  <i className={css.swatch} data-tone={one} aria-hidden />
                  <span>{name}</span>
                  <Behindness of={{ figure: 'out', outcome: one }} count={count} name={name} />
                  <span className={css.share}>{n(count / total, { style: 'percent', maximumFractionDigits: 1 })}</span>
                </li>
              )
            })}
          </ul>
          {failures.size > 0 && (
            <>
              <h3 className={css.small}>{t('reports.failures')}</h3>
              <ul className={css.parts}>
                {[...failures]
                  .toSorted((a, b) => b[1] - a[1])
                  .slice(0, 6)
                  .map(([code, count]) => {
                    const name = failureText(code)
                    return (
                      <li key={code}>
                        <i className={css.swatch} data-tone="failed" aria-hidden />
                        <span>{name === '' ? t('reports.outcome.failed') : <Bidi>{name}</Bidi>}</span>
                        <Behindness of={{ figure: 'out', outcome: 'failed', code }} count={count} name={name} />
                      </li>
                    )
                  })}
              </ul>
            </>
          )}
        </>
      )}
    </Card>
  )
}

/** How long customers waited: groups as columns, with average and median. */
export function Response({ board }: { board: Dashboard }) {
  const i = useI18n()
  const { t, n } = i
  const { average, median, groups, count } = board.responses
  const top = topOf(groups)
  const nameOf = (group: number): string => {
    const bound = RESPONSE_BOUNDS[group]
    return bound === undefined
      ? t('reports.response.longer', { time: spanText(i, RESPONSE_BOUNDS.at(-1) ?? 0) })
      : t('reports.response.upTo', { time: spanText(i, bound) })
  }
  const first = groups.findIndex((value) => value > 0)
  const last = groups.findLastIndex((value) => value > 0)
  const withinHour = sum(groups.slice(0, RESPONSE_BOUNDS.indexOf(3600) + 1))
  return (
    <Card name={t('reports.response')} about="reports.response.about" testId="report-response">
      <dl className={css.facts}>
        <div>
          <dt>{t('reports.response.median')}</dt>
          <dd>{median === null ? '—' : spanText(i, median)}</dd>
        </div>
        <div>
          <dt>{t('reports.response.average')}</dt>
          <dd>{average === null ? '—' : spanText(i, average)}</dd>
        </div>
        <div>
          <dt>{t('reports.answers')}</dt>
          <dd>
            <Behindness of={{ figure: 'response' }} count={count} name={t('reports.answers')} />
          </dd>
        </div>
      </dl>
      {count > 0 && (
        <p className={css.say}>
          {t('reports.response.within', {
            percent: n(withinHour / count, { style: 'percent', maximumFractionDigits: 0 }),
          })}
        </p>
      )}
      <div className={css.rows}>
        {groups.map((value, group) =>
          group < first || group > last ? null : (
            // oxlint-disable-next-line react/no-array-index-key -- the group is its name
            <div key={group} className={css.row}>
              <span>{nameOf(group)}</span>
              <Behindness
                of={{ figure: 'response', group }}
                count={value}
                name={nameOf(group)}
                className={css.bar}
                style={{ inlineSize: `${(value / top) * 100}%` }}
              >
                <span className={css.barCount}>{n(value)}</span>
              </Behindness>
            </div>
          ),
        )}
      </div>
    </Card>
  )
}

/** What each one wrote, answered and closed. */
export function Agents({ board, most }: { board: Dashboard; most?: number }) {
  const i = useI18n()
  const { t } = i
  const users = useUsers()
  const shown = most === undefined ? board.agents : board.agents.slice(0, most)
  const top = Math.max(1, ...board.agents.map((one) => one.out))
  return (
    <Card name={t('reports.agents')} about="reports.agents.about" wide testId="report-agents">
      {shown.length === 0 ? (
        <p className={css.none}>{t('reports.agents.none')}</p>
      ) : (
        <div className={css.scroll}>
          <table className={css.list}>
            <thead>
              <tr>
                <th scope="col">{t('reports.column.agent')}</th>
                <th scope="col" className={css.wideColumn}>
                  {t('reports.out')}
                </th>
                <th scope="col">{t('reports.answers')}</th>
                <th scope="col">{t('reports.response.median')}</th>
                <th scope="col">{t('reports.response.average')}</th>
                <th scope="col">
                  {t('reports.closed')} <About name={t('reports.closed')} about="reports.closed.about" />
                </th>
                <th scope="col">{t('reports.outcome.failed')}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map(({ agentId: agent, out, responses, closed, failed }) => {
                const name = agent === '0' ? t('reports.programs') : (users.get(agent)?.name ?? '')
                return (
                  <tr key={agent}>
                    <th scope="row">
                      <span className={css.person}>
                        {agent !== '0' && <Avatar id={agent} name={name} size={24} />}
                        <Bidi className="ellipsis">{name}</Bidi>
                      </span>
                    </th>
                    <td>
                      <span className={css.barCell}>
                        <i style={{ inlineSize: `${(out / top) * 100}%` }} aria-hidden />
                        <Behindness of={{ figure: 'out', agent }} count={out} name={`${name} ${t('reports.out')}`} />
                      </span>
                    </td>
                    <td>
                      <Behindness
                        of={{ figure: 'response', agent }}
                        count={responses.count}
                        name={`${name} ${t('reports.answers')}`}
                      />
                    </td>
                    <td>{responses.median === null ? '—' : spanText(i, responses.median)}</td>
                    <td>{responses.average === null ? '—' : spanText(i, responses.average)}</td>
                    <td>
                      <Behindness
                        of={{ figure: 'closed', agent }}
                        count={closed}
                        name={`${name} ${t('reports.closed')}`}
                      />
                    </td>
                    <td>
                      <Behindness
                        of={{ figure: 'out', outcome: 'failed', agent }}
                        count={failed}
                        name={`${name} ${t('reports.outcome.failed')}`}
                      />
                    </td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  )
}

const STATE = {
  active: { tone: 'ok', icon: IconPlugConnected },
  paused: { tone: 'warn', icon: IconPlayerPause },
  broken: { tone: 'danger', icon: IconAlertTriangle },
} as const

/** B18: how each channel stands now, beside what went through it. */
export function Channels({ board }: { board: Dashboard }) {
  const { t, n } = useI18n()
  // Not of those in the filter alone: one that is broken is everybody's concern.
  const figures = new Map(board.channels.map((one) => [one.channelId, one]))
  return (
    <Card name={t('reports.channels')} about="reports.channels.about" wide testId="report-channels">
      <div className={css.scroll}>
        <table className={css.list}>
          <thead>
            <tr>
              <th scope="col">{t('reports.column.channel')}</th>
              <th scope="col">{t('reports.channel.state')}</th>
              <th scope="col">{t('reports.channel.queue')}</th>
              <th scope="col">{t('reports.channel.lastIn')}</th>
              <th scope="col">{t('reports.channel.lastOut')}</th>
              <th scope="col">{t('reports.in')}</th>
              <th scope="col">{t('reports.out')}</th>
              <th scope="col">{t('reports.outcome.failed')}</th>
            </tr>
          </thead>
          <tbody>
            {board.now.map((one) => {
              const { channelId: channel } = one
              const mine = figures.get(channel)
              const failed = mine === undefined ? 0 : (outcomesOf([mine]).get('failed') ?? 0)
              return (
                <tr key={channel}>
                  <th scope="row">
                    <span className={css.person}>
                      <ChannelIcon kind={one.kind} size={18} />
                      <Bidi className="ellipsis">{one.name}</Bidi>
                    </span>
                  </th>
                  <td>
                    <ChannelState state={one.state} />
                  </td>
                  <td>{n(one.queue)}</td>
                  <td>{one.lastIn === null ? t('reports.never') : <TimeText at={one.lastIn} />}</td>
                  <td>{one.lastOut === null ? t('reports.never') : <TimeText at={one.lastOut} />}</td>
                  <td>
                    <Behindness
                      of={{ figure: 'in', channel }}
                      count={mine?.in ?? 0}
                      name={`${one.name} ${t('reports.in')}`}
                    />
                  </td>
                  <td>
                    <Behindness
                      of={{ figure: 'out', channel }}
                      count={mine?.out ?? 0}
                      name={`${one.name} ${t('reports.out')}`}
                    />
                  </td>
                  <td>
                    <Behindness
                      of={{ figure: 'out', outcome: 'failed', channel }}
                      count={failed}
                      name={`${one.name} ${t('reports.outcome.failed')}`}
                    />
                  </td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </div>
    </Card>
  )
}

function ChannelState({ state }: { state: ChannelNow['state'] }) {
  const { t } = useI18n()
  const { tone, icon: Icon } = STATE[state]
  return (
    <Badge tone={tone}>
      <span className={css.state}>
        <Icon size={14} aria-hidden /> {t(`reports.channel.${state}`)}
      </span>
    </Badge>
  )
}

const countOf = (how: string, of: readonly ChannelFigures[]): number => sum(of.map((one) => one.won[how] ?? 0))

/** From number to identity: whom a link was sent, who came by it, who shared by himself. */
export function Conversion({ board, byChannel }: { board: Dashboard; byChannel?: boolean }) {
  const { t, n } = useI18n()
  const channels = useQuery(channelsQuery).data?.items
  const total = totalOf(board)
  const ways = ['start_link', 'number_shared'] as const
  const top = Math.max(1, total.asked, ...ways.map((how) => countOf(how, board.channels)))
  return (
    <Card
      name={t('reports.conversion')}
      about="reports.conversion.about"
      wide={byChannel === true}
      testId="report-conversion"
    >
      <p className={css.say}>
        {total.asked === 0
          ? t('reports.conversion.none')
          : t('reports.conversion.rate', {
              percent: n(total.byLink / total.asked, { style: 'percent', maximumFractionDigits: 0 }),
            })}
      </p>
      <div className={css.rows}>
        <div className={css.row}>
          <span>{t('reports.asked')}</span>
          <Behindness
            of={{ figure: 'asked' }}
            count={total.asked}
            name={t('reports.asked')}
            className={css.bar}
            style={{ inlineSize: `${(total.asked / top) * 100}%` }}
          >
            <span className={css.barCount}>{n(total.asked)}</span>
          </Behindness>
        </div>
        {ways.map((how) => {
          const count = countOf(how, board.channels)
          return (
            <div key={how} className={css.row}>
              <span>{t(`reports.how.${how}`)}</span>
              <Behindness
                of={{ figure: 'won', how }}
                count={count}
                name={t(`reports.how.${how}`)}
                className={css.bar}
                style={{ inlineSize: `${(count / top) * 100}%` }}
              >
                <span className={css.barCount}>{n(count)}</span>
              </Behindness>
            </div>
          )
        })}
      </div>
      {byChannel === true && (
        <TableBehind>
          <thead>
            <tr>
              <th scope="col">{t('reports.column.channel')}</th>
              <th scope="col">{t('reports.asked')}</th>
              {ways.map((how) => (
                <th key={how} scope="col">
                  {t(`reports.how.${how}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {board.channels.map((one) => {
              const name = channels?.find(({ id }) => id === one.channelId)?.name ?? ''
              const channel = one.channelId
              return (
                <tr key={channel}>
                  <th scope="row">
                    <Bidi>{name}</Bidi>
                  </th>
                  <td>
                    <Behindness
                      of={{ figure: 'asked', channel }}
                      count={one.asked}
                      name={`${name} ${t('reports.asked')}`}
                    />
                  </td>
                  {ways.map((how) => (
                    <td key={how}>
                      <Behindness
                        of={{ figure: 'won', how, channel }}
                        count={one.won[how] ?? 0}
                        name={`${name} ${t(`reports.how.${how}`)}`}
                      />
                    </td>
                  ))}
                </tr>
              )
            })}
          </tbody>
        </TableBehind>
      )}
    </Card>
  )
}

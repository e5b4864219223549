import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { INBOUND_STATES, type InboundEvent } from '#shared/api/channels.ts'
import { formatDate } from '#shared/dates.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { channelsQuery } from '../../queries.ts'
import { can, queryClient, useMe } from '../../session/session.ts'
import { exactTime } from '../../time.ts'
import { Badge, Bidi, EmptyState, LoadFailed } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { copyText } from '../../ui/copy-text.ts'
import { Select } from '../../ui/field.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import { ChannelIcon } from '../inbox/channel-icon.tsx'
import { IconChevronDown, IconCircleCheck, IconCircleX, IconCopy, IconRefresh, IconRotateClockwise } from './icons.ts'
import css from './inbound.module.css'
import { PageHead, Segmented } from './parts.tsx'
import { type InboundFilter, inboundQuery } from './queries.ts'
import frame from './settings.module.css'
import { PageSkeleton } from './settings.tsx'

const STATES = ['quarantined', 'pending', 'ignored', 'done', 'all'] as const
const TONES = { quarantined: 'danger', pending: 'warn', ignored: 'neutral', done: 'ok' } as const

/** What providers sent and what became of it; what was set aside is tried again from here. */
export default function InboundPage() {
  const { t } = useI18n()
  const [filter, setFilter] = useState<InboundFilter>({ state: 'quarantined', channelId: null })
  const channels = useQuery(channelsQuery).data?.items ?? []
  const list = useInfiniteQuery(inboundQuery(filter))
  const [replayed, setReplayed] = useState<ReadonlyMap<string, InboundEvent>>(new Map())
  const items = useMemo(() => {
    const listed = list.data?.pages.flatMap((page) => page.items) ?? []
    // What was tried again from here stays in sight with its result, whatever the filter.
    const gone = [...replayed.values()].filter((event) => !listed.some((one) => one.id === event.id))
    return [...listed.map((one) => replayed.get(one.id) ?? one), ...gone].toSorted((a, b) =>
      a.id.length === b.id.length ? (a.id < b.id ? 1 : -1) : b.id.length - a.id.length,
    )
  }, [list.data, replayed])
  const choose = (next: Partial<InboundFilter>) => {
    setReplayed(new Map())
    setFilter({ ...filter, ...next })
  }
  return (
    <div className={frame.page} data-wide>
      <PageHead
        title={t('frame.settings.inbound')}
        about={t('settings.inbound.about')}
        actions={
          <Button
            icon={<IconRefresh size={16} />}
            busy={list.isFetching && !list.isPending}
            onClick={() => void list.refetch()}
          >
            {t('common.refresh')}
          </Button>
        }
      />
      <div className={frame.toolbar}>
        <Segmented
          label={t('settings.inbound.state')}
          value={filter.state ?? 'all'}
          options={STATES.map((value) => ({ value, label: t(`settings.inbound.state.${value}`) }))}
          onChange={(value) => choose({ state: INBOUND_STATES.find((one) => one === value) ?? null })}
        />
        <Select
          aria-label={t('settings.inbound.channel')}
          value={filter.channelId ?? ''}
          onChange={(event) =>
            choose({ channelId: event.currentTarget.value === '' ? null : event.currentTarget.value })
          }
        >
          <option value="">{t('settings.inbound.allChannels')}</option>
          {channels.map((channel) => (
            <option key={channel.id} value={channel.id}>
              {channel.name}
            </option>
          ))}
        </Select>
      </div>
      {list.isPending ? (
        <PageSkeleton />
      ) : list.isError && items.length === 0 ? (
        <LoadFailed error={list.error} retry={() => void list.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState
          icon={<IconCircleCheck size={26} />}
          title={t(filter.state === 'quarantined' ? 'settings.inbound.empty.title' : 'settings.inbound.none.title')}
          text={t(filter.state === 'quarantined' ? 'settings.inbound.empty.text' : 'settings.inbound.none.text')}
        />
      ) : (
        <ul className={css.events}>
          {items.map((event) => (
            <EventCard
              key={event.id}
              event={event}
              again={replayed.has(event.id)}
              onChange={(next) => setReplayed((before) => new Map(before).set(next.id, next))}
            />
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <Button className={frame.more ?? ''} busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('common.loadMore')}
        </Button>
      )}
    </div>
  )
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until the event is no longer pending and says what became of it; null after ten seconds. */
async function outcomeOf(event: InboundEvent): Promise<InboundEvent | null> {
  for (let round = 0; round < 14; round++) {
    await wait(700)
    const now = await api.get<InboundEvent>(`/inbound-events/${event.id}`)
    if (now.state !== 'pending') return now
  }
  return null
}

function EventCard({
  event,
  again,
  onChange,
}: {
  event: InboundEvent
  again: boolean
  onChange: (event: InboundEvent) => void
}) {
  const i = useI18n()
  const { t } = i
  const me = useMe()
  const channel = useQuery(channelsQuery).data?.items.find((one) => one.id === event.channelId)
  const [open, setOpen] = useState(false)
  const [busy, setBusy] = useState(false)
  const replay = async () => {
    setBusy(true)
    try {
      const pending = await api.post<InboundEvent>(`/inbound-events/${event.id}/replay`)
      onChange(pending)
      const outcome = await outcomeOf(pending)
      if (outcome !== null) onChange(outcome)
    } catch (error) {
      toastProblem(error)
    } finally {
      setBusy(false)
      void queryClient.invalidateQueries({ queryKey: ['inbound'] })
    }
  }
  const mayReplay = can(me, 'inbound.replay') && (event.state === 'quarantined' || event.state === 'ignored')
  const step =
    event.step === null ? null : (i.maybe(`settings.inbound.step.${event.step.replaceAll(' ', '-')}`) ?? event.step)
  return (
    <li className={css.event} data-state={event.state} data-testid={`inbound-${event.id}`}>
      <div className={css.head}>
        <Badge tone={TONES[event.state]}>{t(`settings.inbound.state.${event.state}`)}</Badge>
        <span className={css.channel}>
          <ChannelIcon kind={channel?.kind} size={16} />
          <Bidi>{channel?.name ?? event.channelId}</Bidi>
        </span>
        <time dateTime={event.receivedAt} title={exactTime(i, event.receivedAt)}>
          {formatDate(event.receivedAt, i, 'datetime')}
        </time>
        <span>{t('settings.inbound.attempts', { count: event.attempts })}</span>
        <span>{i.maybe(`settings.inbound.via.${event.via}`) ?? event.via}</span>
        <span className={css.actions}>
          {(mayReplay || busy) && (
            <Button
              small
              icon={<IconRotateClockwise size={15} />}
              busy={busy}
              onClick={() => void replay()}
              data-testid={`replay-${event.id}`}
            >
              {t('settings.inbound.replay')}
            </Button>
          )}
          <Button
            small
            look="quiet"
            aria-expanded={open}
            icon={<IconChevronDown size={15} className={open ? css.up : undefined} />}
            onClick={() => setOpen(!open)}
          >
            {t('settings.inbound.body')}
          </Button>
        </span>
      </div>
      {(step !== null || event.reason !== null) && (
        <p className={css.reason}>
          {step !== null && <b>{t('settings.inbound.failedAt', { step })}</b>}
          {event.state === 'quarantined' && (
            <span>
              {t(
                event.step === 'receive' || event.step === 'unpack'
                  ? 'settings.inbound.why.form'
                  : 'settings.inbound.why.own',
              )}
            </span>
          )}
          {event.reason !== null && <code dir="ltr">{event.reason}</code>}
        </p>
      )}
      {again && !busy && (
        <p className={css.result} data-ok={event.state === 'done' || undefined} role="status">
          {event.state === 'done' ? <IconCircleCheck size={17} aria-hidden /> : <IconCircleX size={17} aria-hidden />}
          {t(
            event.state === 'done'
              ? 'settings.inbound.result.done'
              : event.state === 'pending'
                ? 'settings.inbound.result.pending'
                : 'settings.inbound.result.again',
          )}
        </p>
      )}
      {open && <Body body={event.body} eventKey={event.eventKey} />}
    </li>
  )
}

function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    // Cut short, or not JSON at all: as it came.
    return body
  }
}

function Body({ body, eventKey }: { body: string; eventKey: string }) {
  const { t } = useI18n()
  return (
    <div className={css.body}>
      <p>
        {t('settings.inbound.key')}: <bdi dir="ltr">{eventKey}</bdi>
      </p>
      <div className={css.source}>
        <pre dir="ltr" tabIndex={0} aria-label={t('settings.inbound.body')}>
          {pretty(body)}
        </pre>
        <IconButton small label={t('common.copy')} onClick={() => void copyText(body, t('common.copied'))}>
          <IconCopy size={15} />
        </IconButton>
      </div>
    </div>
  )
}

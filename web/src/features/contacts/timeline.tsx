import { useInfiniteQuery } from '@tanstack/react-query'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Contact } from '#shared/api/contacts.ts'
import { TIMELINE_TYPES, type TimelineItem } from '#shared/api/conversations.ts'
import { dayNumber, daySeparator } from '#shared/dates.ts'
import { useI18n } from '../../i18n.ts'
import { itemKey } from '../../live-cache.ts'
import { EmptyState, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { useChannels } from '../inbox/channel-icon.tsx'
import css from './timeline.module.css'
import { IconHistory, IconPaperclip } from './icons.ts'
import { NewNote } from './new-note.tsx'
import { type TimelineFilter, timelineQuery } from './queries.ts'
import { TimelineEntry } from './timeline-entry.tsx'

const ALL: TimelineFilter = { type: null, channelId: null, files: false }

interface TimelineProps {
  contact: Contact
  /** What scrolls: the whole page. */
  scroller: RefObject<HTMLDivElement | null>
  mayWrite: boolean
}

/** Everything that was said and done over all channels, newest first. */
export function Timeline({ contact, scroller, mayWrite }: TimelineProps) {
  const { t } = useI18n()
  const [filter, setFilter] = useState(ALL)
  const list = useInfiniteQuery(timelineQuery(contact.id, filter))
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const filtered = filter.type !== null || filter.channelId !== null || filter.files
  return (
    <section className={css.timeline} aria-label={t('contacts.timeline')}>
      <div className={css.bar}>
        <h2>{t('contacts.timeline')}</h2>
        <Filters filter={filter} onChange={setFilter} />
      </div>
      {mayWrite && <NewNote contact={contact} />}
      {list.isPending ? (
        <div className={css.loading} aria-busy="true">
          <Skeleton width="70%" height={64} />
          <Skeleton width="55%" height={48} />
          <Skeleton width="62%" height={80} />
        </div>
      ) : list.isError && items.length === 0 ? (
        <LoadFailed error={list.error} retry={() => void list.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState
          icon={<IconHistory size={24} />}
          title={t(filtered ? 'contacts.timeline.none.title' : 'contacts.timeline.empty.title')}
          text={t(filtered ? 'contacts.timeline.none.text' : 'contacts.timeline.empty.text')}
          action={filtered && <Button onClick={() => setFilter(ALL)}>{t('contacts.filter.clear')}</Button>}
        />
      ) : (
        <>
          <Entries
            contact={contact}
            items={items}
            scroller={scroller}
            stale={list.isPlaceholderData}
            more={() => {
              if (list.hasNextPage && !list.isFetchingNextPage && !list.isFetchNextPageError) void list.fetchNextPage()
            }}
          />
          <div className={css.end}>
            {list.isFetchNextPageError ? (
              <>
                <span>{t('common.loadFailed')}</span>
                <Button small onClick={() => void list.fetchNextPage()}>
                  {t('common.retry')}
                </Button>
              </>
            ) : list.hasNextPage ? (
              t('common.loading')
            ) : (
              t('contacts.timeline.end')
            )}
          </div>
        </>
      )}
    </section>
  )
}

function Filters({ filter, onChange }: { filter: TimelineFilter; onChange: (next: TimelineFilter) => void }) {
  const { t } = useI18n()
  const channels = useChannels()
  return (
    <div className={css.filters}>
      <div className={css.types} role="group" aria-label={t('contacts.timeline.type')}>
        {[null, ...TIMELINE_TYPES].map((type) => (
          <button
            key={type ?? 'all'}
            type="button"
            aria-pressed={filter.type === type}
            // Only messages have a channel's files.
            onClick={() => onChange({ ...filter, type, files: filter.files && (type === null || type === 'message') })}
          >
            {t(`contacts.timeline.type.${type ?? 'all'}`)}
          </button>
        ))}
      </div>
      {channels.size > 1 && (
        <Select
          aria-label={t('contacts.timeline.channel')}
          value={filter.channelId ?? ''}
          onChange={(event) =>
            onChange({ ...filter, channelId: event.currentTarget.value === '' ? null : event.currentTarget.value })
          }
        >
          <option value="">{t('contacts.timeline.allChannels')}</option>
          {[...channels.values()].map((channel) => (
            <option key={channel.id} value={channel.id}>
              {channel.name}
            </option>
          ))}
        </Select>
      )}
      <button
        type="button"
        className={css.filesOnly}
        aria-pressed={filter.files}
        onClick={() =>
          onChange({ ...filter, files: !filter.files, type: filter.files ? filter.type : filter.type && 'message' })
        }
      >
        <IconPaperclip size={15} aria-hidden />
        {t('contacts.timeline.files')}
      </button>
    </div>
  )
}

type Row = { key: string; day: string } | { key: string; item: TimelineItem }

interface EntriesProps {
  contact: Contact
  items: TimelineItem[]
  scroller: RefObject<HTMLDivElement | null>
  stale: boolean
  more: () => void
}

function Entries({ contact, items, scroller, stale, more }: EntriesProps) {
  const i = useI18n()
  const box = useRef<HTMLDivElement>(null)
  const [margin, setMargin] = useState(0)
  const rows = useMemo(() => {
    const made: Row[] = []
    let day = Number.NaN
    for (const item of items) {
      const thisDay = dayNumber(item.at, i.timeZone)
      if (thisDay !== day) made.push({ key: `d${thisDay}`, day: daySeparator(item.at, i) })
      day = thisDay
      made.push({ key: itemKey(item), item })
    }
    return made
  }, [items, i])
  // The list lies below what stands above it in the same scroller.
  useLayoutEffect(() => {
    const element = box.current
    const outer = scroller.current
    if (element === null || outer === null) return
    const measure = () =>
      setMargin(Math.round(element.getBoundingClientRect().top - outer.getBoundingClientRect().top + outer.scrollTop))
    measure()
    const observer = new ResizeObserver(measure)
    for (const child of outer.children) observer.observe(child)
    return () => observer.disconnect()
  }, [scroller])
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (rows[index] !== undefined && 'day' in rows[index] ? 40 : 84),
    overscan: 8,
    scrollMargin: margin,
    getItemKey: (index) => rows[index]?.key ?? index,
  })
  const shown = virtual.getVirtualItems()
  const lastShown = shown.at(-1)?.index ?? 0
  useEffect(() => {
    if (lastShown >= rows.length - 8) more()
  }, [lastShown, rows.length, more])
  return (
    <div
      ref={box}
      className={css.entries}
      data-stale={stale || undefined}
      style={{ blockSize: virtual.getTotalSize() }}
      aria-busy={stale}
      data-testid="timeline"
    >
      {shown.map((row) => {
        const one = rows[row.index]
        return (
          one !== undefined && (
            <div
              key={one.key}
              ref={virtual.measureElement}
              data-index={row.index}
              className={css.entry}
              style={{ transform: `translateY(${row.start - margin}px)` }}
            >
              {'day' in one ? (
                <h3 className={css.day}>{one.day}</h3>
              ) : (
                <TimelineEntry item={one.item} contact={contact} />
              )}
            </div>
          )
        )
      })}
    </div>
  )
}

import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Conversation } from '#shared/api/conversations.ts'
import { useI18n } from '../../i18n.ts'
import { useKeys } from '../../keys.ts'
import { conversationsQuery, countsQuery, VIEWS } from '../../queries.ts'
import { EmptyState, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { IconButton } from '../../ui/button.tsx'
import { IconChevronDown, IconInbox, IconSearch, IconX } from '../../ui/icons.ts'
import { Menu, MenuItem } from '../../ui/menu.tsx'
import { useMedia } from '../../ui/use-media.ts'
import { useSettled } from '../../ui/use-settled.ts'
import { ChannelIcon, useChannels, useLoadedChannels } from './channel-icon.tsx'
import css from './list.module.css'
import { ListRow, ROW_HEIGHT } from './list-row.tsx'
import { useListState } from './list-state.ts'
import { NoChannel } from './no-channel.tsx'

export function ConversationList({ selectedId }: { selectedId: string | undefined }) {
  const i = useI18n()
  const { t } = i
  const { view, channelId, setView, setChannel } = useListState()
  const [typed, setTyped] = useState('')
  const search = useSettled(typed.trim(), 200)
  const counts = useQuery(countsQuery).data
  const channels = useChannels()
  const list = useInfiniteQuery(conversationsQuery({ view, channelId, search }))
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])

  return (
    <section className={css.pane} aria-label={t('inbox.list')}>
      <div className={css.head}>
        <Menu
          label={t('inbox.views')}
          trigger={(props) => (
            <button type="button" className={css.view} {...props} data-testid="view-menu">
              <h1>{t(`inbox.view.${view}`)}</h1>
              {counts !== undefined && <span className={css.total}>{i.n(counts[view].total)}</span>}
              <IconChevronDown size={16} aria-hidden />
            </button>
          )}
        >
          {(close) =>
            VIEWS.map((one) => (
              <MenuItem
                key={one}
                checked={one === view}
                hint={counts && <ViewCount total={counts[one].total} unread={counts[one].unread} />}
                onSelect={() => {
                  setView(one)
                  close()
                }}
              >
                {t(`inbox.view.${one}`)}
              </MenuItem>
            ))
          }
        </Menu>
        {channels.size > 1 && (
          <Menu
            label={t('inbox.list.channel')}
            align="end"
            trigger={(props) => (
              <button type="button" className={css.channel} {...props} aria-label={t('inbox.list.channel')}>
                {channelId !== null && <ChannelIcon kind={channels.get(channelId)?.kind} size={15} />}
                <span className="ellipsis">
                  {channelId === null ? t('inbox.list.allChannels') : channels.get(channelId)?.name}
                </span>
                <IconChevronDown size={14} aria-hidden />
              </button>
            )}
          >
            {(close) =>
              [null, ...channels.keys()].map((id) => (
                <MenuItem
                  key={id ?? ''}
                  checked={id === channelId}
                  icon={id === null ? undefined : <ChannelIcon kind={channels.get(id)?.kind} />}
                  onSelect={() => {
                    setChannel(id)
                    close()
                  }}
                >
                  {id === null ? t('inbox.list.allChannels') : channels.get(id)?.name}
                </MenuItem>
              ))
            }
          </Menu>
        )}
      </div>
      <div className={css.tabs} role="group" aria-label={t('inbox.views')}>
        {VIEWS.slice(0, 3).map((one) => (
          <button key={one} type="button" aria-pressed={one === view} className={css.tab} onClick={() => setView(one)}>
            <span className="ellipsis">{t(`inbox.view.${one}`)}</span>
            {counts !== undefined && counts[one].unread > 0 && (
              <span className={css.unread}>{i.n(counts[one].unread)}</span>
            )}
          </button>
        ))}
      </div>
      <label className={css.search}>
        <IconSearch size={16} aria-hidden />
        <input
          type="search"
          value={typed}
          dir="auto"
          maxLength={200}
          placeholder={t('inbox.list.search')}
          aria-label={t('inbox.list.search')}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        {typed !== '' && (
          <IconButton label={t('common.clear')} small onClick={() => setTyped('')}>
            <IconX size={14} />
          </IconButton>
        )}
      </label>
      {list.isPending ? (
        <ListSkeleton />
      ) : list.isError && items.length === 0 ? (
        <LoadFailed error={list.error} retry={() => void list.refetch()} />
      ) : items.length === 0 ? (
        <EmptyList searching={search !== ''} />
      ) : (
        <Rows
          items={items}
          selectedId={selectedId}
          more={() => {
            if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage()
          }}
        />
      )}
    </section>
  )
}

function ViewCount({ total, unread }: { total: number; unread: number }) {
  const i = useI18n()
  return (
    <span className={css.counts}>
      {unread > 0 && <span className={css.unread}>{i.n(unread)}</span>}
      {i.n(total)}
    </span>
  )
}

function Rows({
  items,
  selectedId,
  more,
}: {
  items: Conversation[]
  selectedId: string | undefined
  more: () => void
}) {
  const { t } = useI18n()
  const navigate = useNavigate()
  const scroller = useRef<HTMLDivElement>(null)
  const anchor = useRef<{ id: string; offset: number } | null>(null)
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
    getItemKey: (index) => items[index]?.id ?? index,
  })
  // Below the top, the row one looks at stays where it is however the list is reordered above it.
  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null || anchor.current === null || element.scrollTop === 0) return
    const { id, offset } = anchor.current
    const index = items.findIndex((item) => item.id === id)
    if (index >= 0) element.scrollTop = index * ROW_HEIGHT + offset
  }, [items])
  const shown = virtual.getVirtualItems()
  const lastShown = shown.at(-1)?.index ?? 0
  useEffect(() => {
    if (lastShown >= items.length - 10) more()
  }, [lastShown, items.length, more])

  const selected = items.findIndex((item) => item.id === selectedId)
  const go = (step: number) => {
    const next = items[selected < 0 ? 0 : Math.max(0, Math.min(items.length - 1, selected + step))]
    if (next === undefined) return
    void navigate({
      to: '/inbox/$conversationId',
      params: { conversationId: next.id },
      search: (before) => ({ ...before, message: undefined }),
    })
    virtual.scrollToIndex(items.indexOf(next), { align: 'auto' })
  }
  useKeys(t('inbox.keys.title'), [
    { keys: 'j', label: t('inbox.keys.next'), run: () => go(1) },
    { keys: 'arrowdown', label: t('inbox.keys.next'), run: () => go(1) },
    { keys: 'k', label: t('inbox.keys.previous'), run: () => go(-1) },
    { keys: 'arrowup', label: t('inbox.keys.previous'), run: () => go(-1) },
  ])
  return (
    <div
      ref={scroller}
      className={css.scroll}
      data-testid="conversation-list"
      onScroll={(event) => {
        const { scrollTop } = event.currentTarget
        const index = Math.floor(scrollTop / ROW_HEIGHT)
        const item = items[index]
        anchor.current = item === undefined ? null : { id: item.id, offset: scrollTop - index * ROW_HEIGHT }
      }}
    >
      <ul style={{ blockSize: virtual.getTotalSize(), position: 'relative' }} aria-label={t('inbox.list')}>
        {shown.map((row) => {
          const item = items[row.index]
          return (
            item !== undefined && (
              <li
                key={item.id}
                className={css.row}
                style={{ transform: `translateY(${row.start}px)` }}
                aria-setsize={items.length}
                aria-posinset={row.index + 1}
              >
                <ListRow conversation={item} selected={item.id === selectedId} />
              </li>
            )
          )
        })}
      </ul>
    </div>
  )
}

function ListSkeleton() {
  return (
    <div className={css.scroll} aria-busy="true">
      {Array.from({ length: 9 }, (_, index) => (
        <div key={index} className={css.skeleton}>
          <Skeleton width={40} height={40} round />
          <div>
            <Skeleton width={`${64 - ((index * 17) % 30)}%`} height={13} />
            <Skeleton width={`${92 - ((index * 23) % 40)}%`} height={12} />
          </div>
        </div>
      ))}
    </div>
  )
}

function EmptyList({ searching }: { searching: boolean }) {
  const { t } = useI18n()
  const { view } = useListState()
  const narrow = useMedia('(width < 720px)')
  const channels = useLoadedChannels()
  if (searching)
    return (
      <EmptyState
        icon={<IconSearch size={24} />}
        title={t('inbox.empty.search.title')}
        text={t('inbox.empty.search.text')}
      />
    )
  if (narrow && channels?.size === 0) return <NoChannel />
  return (
    <EmptyState
      icon={<IconInbox size={24} />}
      title={t(`inbox.empty.${view}.title`)}
      text={t(`inbox.empty.${view}.text`)}
    />
  )
}

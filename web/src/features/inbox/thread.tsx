import { useInfiniteQuery } from '@tanstack/react-query'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type RefObject, useEffect, useMemo, useRef, useState } from 'react'
import type { Conversation, TimelineItem } from '#shared/api/conversations.ts'
import { daySeparator } from '#shared/dates.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { itemKey } from '../../live-cache.ts'
import { threadQuery } from '../../queries.ts'
import { useMe } from '../../session/session.ts'
import { LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { IconArrowDown } from '../../ui/icons.ts'
import { useEvent } from '../../ui/use-event.ts'
import { EventLine } from './event-line.tsx'
import { MessageBubble } from './message-bubble.tsx'
import { NoteCard } from './note-card.tsx'
import { useOutbox } from './outbox.ts'
import { PendingBubble } from './pending-bubble.tsx'
import css from './thread.module.css'
import { useThread } from './thread-context.tsx'
import { type ThreadRow, threadRows, withoutTwins } from './thread-rows.ts'

/** Pixels from the end within which one counts as reading the newest. */
const NEAR_END = 80

export function Thread({ conversation, showMessage }: { conversation: Conversation; showMessage: string | undefined }) {
  const query = useInfiniteQuery(threadQuery(conversation.id))
  const items = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data])
  if (query.isPending) {
    return (
      <div className={css.scroll} aria-busy="true">
        <div className={css.skeleton}>
          <Skeleton width="46%" height={56} />
          <Skeleton width="38%" height={40} />
          <Skeleton width="58%" height={72} />
          <Skeleton width="30%" height={40} />
        </div>
      </div>
    )
  }
  if (query.isError && items.length === 0) return <LoadFailed error={query.error} retry={() => void query.refetch()} />
  return <Rows conversation={conversation} items={items} query={query} showMessage={showMessage} />
}

interface RowsProps {
  conversation: Conversation
  items: TimelineItem[]
  query: {
    hasNextPage: boolean
    isFetchingNextPage: boolean
    isFetchNextPageError: boolean
    fetchNextPage: () => Promise<unknown>
  }
  showMessage: string | undefined
}

function Rows({ conversation, items, query, showMessage }: RowsProps) {
  const i = useI18n()
  const me = useMe()
  const outbox = useOutbox()
  const { jumpTo, setJumpTo } = useThread()
  const scroller = useRef<HTMLDivElement>(null)
  const [unreadFrom] = useState(() => firstUnread(items, conversation.unread))
  const [marked, setMarked] = useState<string | null>(null)
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query

  const rows = useMemo(() => {
    const own = outbox.filter((one) => one.conversationId === conversation.id)
    return threadRows(items, {
      pending: withoutTwins(own, items, me.id),
      unreadFrom,
      hasOlder: hasNextPage,
      timeZone: i.timeZone,
    })
  }, [items, outbox, conversation.id, me.id, unreadFrom, hasNextPage, i.timeZone])

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => estimate(rows[index]),
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 12,
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: NEAR_END,
    paddingEnd: 12,
  })
  const shown = virtual.getVirtualItems()
  const firstShown = shown[0]?.index ?? 0

  const { onScroll, atEnd, stick, loose } = useStickToEnd(scroller, virtual.getTotalSize(), () => virtual.scrollToEnd())

  // At first sight: the place one stopped reading, else the end.
  const placed = useRef(false)
  const first = useEvent(() => {
    const unread = rows.findIndex((row) => row.type === 'unread')
    if (unread > 0 && rows.length - unread > 12) {
      loose()
      virtual.scrollToIndex(unread, { align: 'start' })
    } else virtual.scrollToEnd()
  })
  useEffect(() => {
    if (placed.current) return
    placed.current = true
    first()
  }, [first])

  useEffect(() => {
    if (firstShown < 12 && hasNextPage && !isFetchingNextPage && !isFetchNextPageError && placed.current)
      void fetchNextPage()
  }, [firstShown, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage])

  // A message from a search or a quotation: pages are fetched until it is there.
  const wanted = jumpTo ?? showMessage ?? null
  const done = useRef<string | null>(null)
  const look = useEvent(() => {
    if (wanted === null || done.current === wanted) return
    const index = rows.findIndex((row) => row.key === `m${wanted}`)
    if (index < 0) {
      if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage()
      return
    }
    done.current = wanted
    loose()
    virtual.scrollToIndex(index, { align: 'center' })
    setMarked(`m${wanted}`)
    setJumpTo(null)
    setTimeout(() => {
      done.current = null
      setMarked(null)
    }, 2400)
  })
  useEffect(look, [look, wanted, rows, isFetchingNextPage])

  const pendingCount = rows.filter((row) => row.type === 'pending').length
  useEffect(() => {
    // Who has just written wants to see it.
    if (pendingCount > 0) stick()
  }, [pendingCount, stick])

  const fresh = useFresh(items, atEnd)
  useMarkSeen(conversation, atEnd)

  return (
    <div className={css.area}>
      <div
        ref={scroller}
        className={css.scroll}
        data-testid="thread"
        role="log"
        aria-live="polite"
        aria-label={i.t('inbox.thread')}
        tabIndex={0}
        onScroll={onScroll}
      >
        <div className={css.rows} style={{ blockSize: virtual.getTotalSize() }}>
          {shown.map((place) => {
            const row = rows[place.index]
            return (
              row !== undefined && (
                <div
                  key={row.key}
                  ref={virtual.measureElement}
                  data-index={place.index}
                  className={css.row}
                  data-marked={marked === row.key || undefined}
                  style={{ transform: `translateY(${place.start}px)` }}
                >
                  <Row row={row} older={query} />
                </div>
              )
            )
          })}
        </div>
      </div>
      {!atEnd && (
        <button
          type="button"
          className={css.jump}
          onClick={() => virtual.scrollToEnd()}
          data-new={fresh > 0 || undefined}
        >
          <IconArrowDown size={16} aria-hidden />
          {i.t('inbox.thread.jump', { count: fresh })}
        </button>
      )}
    </div>
  )
}

function Row({ row, older }: { row: ThreadRow; older: RowsProps['query'] }) {
  const i = useI18n()
  switch (row.type) {
    case 'start':
      return <p className={css.start}>{i.t('inbox.thread.start')}</p>
    case 'older':
      return older.isFetchNextPageError ? (
        <p className={css.start}>
          {i.t('inbox.thread.olderFailed')}{' '}
          <Button small onClick={() => void older.fetchNextPage()}>
            {i.t('common.retry')}
          </Button>
        </p>
      ) : (
        <div className={css.older} aria-busy="true">
          <Skeleton width="40%" height={36} />
          <Skeleton width="52%" height={48} />
        </div>
      )
    case 'day':
      return (
        <div className={css.day} role="separator">
          <span>{daySeparator(row.at, i)}</span>
        </div>
      )
    case 'unread':
      return (
        <div className={css.unread} role="separator">
          <span>{i.t('inbox.thread.unread')}</span>
        </div>
      )
    case 'pending':
      return <PendingBubble pending={row.pending} />
    case 'item':
      if (row.item.type === 'message')
        return <MessageBubble message={row.item.message} first={row.first} last={row.last} />
      if (row.item.type === 'note') return <NoteCard note={row.item.note} />
      return <EventLine event={row.item.event} />
  }
}

/**
 * Keeps the newest in view while the reader is at the end, whatever grows: messages, pictures, the composer below. Only
 * moving up by oneself, seen as a smaller offset in an unchanged box, lets go.
 */
function useStickToEnd(scroller: RefObject<HTMLElement | null>, contentSize: number, toEnd: () => void) {
  const [atEnd, setAtEnd] = useState(true)
  const sticking = useRef(true)
  const last = useRef({ top: 0, content: 0, box: 0 })
  const go = useEvent(toEnd)
  const keep = useEvent(() => {
    if (sticking.current) go()
  })
  useEffect(keep, [keep, contentSize])
  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    const observer = new ResizeObserver(keep)
    observer.observe(element)
    return () => observer.disconnect()
  }, [scroller, keep])
  const onScroll = useEvent(() => {
    const element = scroller.current
    if (element === null) return
    const now = { top: element.scrollTop, content: element.scrollHeight, box: element.clientHeight }
    const near = now.content - now.top - now.box <= NEAR_END
    if (near) sticking.current = true
    else if (now.top < last.current.top && now.content === last.current.content && now.box === last.current.box) {
      sticking.current = false
    }
    last.current = now
    setAtEnd(near || sticking.current)
  })
  const stick = useEvent(() => {
    sticking.current = true
    setAtEnd(true)
    go()
  })
  const loose = useEvent(() => {
    sticking.current = false
  })
  return { atEnd, onScroll, stick, loose }
}

/** The key of the first message that was unread when the conversation was opened. */
function firstUnread(items: readonly TimelineItem[], unread: number): string | null {
  let left = unread
  let key: string | null = null
  for (const item of items) {
    if (left === 0) break
    if (item.type !== 'message' || item.message.direction !== 'in') continue
    key = itemKey(item)
    left -= 1
  }
  return key
}

function estimate(row: ThreadRow | undefined): number {
  if (row === undefined || row.type === 'older') return 110
  if (row.type !== 'item') return 44
  if (row.item.type === 'event') return 32
  if (row.item.type === 'note') return 90
  const { text, attachments } = row.item.message
  return 44 + Math.ceil(text.length / 60) * 24 + (attachments.length === 0 ? 0 : 190)
}

/** How many messages came in since the reader left the end. */
function useFresh(items: readonly TimelineItem[], atEnd: boolean): number {
  const newest = items[0] === undefined ? null : itemKey(items[0])
  const [left, setLeft] = useState(newest)
  if (atEnd && left !== newest) setLeft(newest)
  if (atEnd || left === null) return 0
  const index = items.findIndex((item) => itemKey(item) === left)
  return items.slice(0, Math.max(0, index)).filter((item) => item.type === 'message' && item.message.direction === 'in')
    .length
}

/** Tells the server that everything was seen: when the end is in view in a window that is looked at. */
function useMarkSeen({ id, unread }: Conversation, atEnd: boolean): void {
  useEffect(() => {
    if (unread === 0 || !atEnd) return
    const mark = () => {
      if (document.visibilityState === 'visible' && document.hasFocus()) {
        // The next change comes with the live stream; a failure is tried again with the next message.
        api.patch(`/conversations/${id}`, { unread: 0 }).catch(() => {})
      }
    }
    mark()
    addEventListener('focus', mark)
    return () => removeEventListener('focus', mark)
  }, [id, unread, atEnd])
}

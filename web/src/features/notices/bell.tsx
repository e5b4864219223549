import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { use, useEffect } from 'react'
import { IconBell } from '@tabler/icons-react'
import type { Notice, NoticePage } from '#shared/api/notices.ts'
import { api } from '../../api.ts'
import { loadTexts, useI18n } from '../../i18n.ts'
import { onLiveChange } from '../../live.ts'
import { queryClient } from '../../session/session.ts'
import { Skeleton, TimeText } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { Popup } from '../../ui/popup.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import css from './notices.module.css'

const noticesQuery = infiniteQueryOptions({
  queryKey: ['notices'] as const,
  queryFn: ({ pageParam, signal }) => api.get<NoticePage>('/notices', { limit: 20, cursor: pageParam }, { signal }),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.nextCursor,
})
const again = () => queryClient.invalidateQueries({ queryKey: noticesQuery.queryKey })

let texts: Promise<void> | undefined

/** What one was told: a bell with how much of it is new. Loaded after the first screen. */
export default function Bell() {
  texts ??= loadTexts('notices')
  use(texts)
  const { t, n } = useI18n()
  const navigate = useNavigate()
  const list = useInfiniteQuery(noticesQuery)
  const unread = list.data?.pages[0]?.unread ?? 0
  useEffect(
    () =>
      onLiveChange((change) => {
        if (change.kind === 'notices') void again()
      }),
    [],
  )
  const read = (ids?: string[]) =>
    api
      .post('/notices/read', ids === undefined ? {} : { ids })
      .then(again)
      .catch(toastProblem)
  const open = (notice: Notice, close: () => void) => {
    if (!notice.read) void read([notice.id])
    close()
    if (notice.link?.startsWith('/') === true) void navigate({ href: notice.link })
  }
  const items = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Popup
      label={t('notices.title')}
      align="end"
      className={css.popup}
      trigger={(props) => (
        <IconButton
          {...props}
          label={unread === 0 ? t('notices.title') : t('notices.unread', { count: unread })}
          data-testid="bell"
        >
          <span className={css.bell}>
            <IconBell size={20} stroke={1.7} aria-hidden />
            {unread > 0 && (
              <span className={css.count} aria-hidden>
                {n(Math.min(unread, 99))}
              </span>
            )}
          </span>
        </IconButton>
      )}
    >
      {(close) => (
        <>
          <div className={css.head}>
            <h3>{t('notices.title')}</h3>
            {unread > 0 && (
              <Button small look="quiet" onClick={() => void read()}>
                {t('notices.readAll')}
              </Button>
            )}
          </div>
          {list.isPending ? (
            <Skeleton height={60} />
          ) : items.length === 0 ? (
            <p className={css.empty}>{t('notices.empty')}</p>
          ) : (
            <ul className={css.list} data-testid="notices">
              {items.map((notice) => (
                <li key={notice.id}>
                  <button type="button" data-new={!notice.read || undefined} onClick={() => open(notice, close)}>
                    <Words notice={notice} />
                    <TimeText at={notice.at} className={css.at} />
                  </button>
                </li>
              ))}
            </ul>
          )}
          {list.hasNextPage && (
            <Button small busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
              {t('notices.older')}
            </Button>
          )}
        </>
      )}
    </Popup>
  )
}

function Words({ notice }: { notice: Notice }) {
  const { maybe } = useI18n()
  return <span dir="auto">{maybe(`notices.${notice.kind}`, notice.values) ?? notice.kind}</span>
}

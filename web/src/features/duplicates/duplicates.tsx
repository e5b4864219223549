import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react'
import type { Duplicate } from '#shared/api/duplicates.ts'
import { useI18n } from '../../i18n.ts'
import { useKeys } from '../../keys.ts'
import { can, useMe } from '../../session/session.ts'
import { EmptyState, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { dismissPair, mayDecide } from './actions.ts'
import css from './duplicates.module.css'
import { IconArrowLeft, IconUsers, IconX } from './icons.ts'
import { Pair } from './pair.tsx'
import { duplicatesQuery } from './queries.ts'
import { ScanStrip } from './scan.tsx'

const CompareDialog = lazy(() => import('./compare-dialog.tsx'))

/** Pairs of contacts that may be one, the surest first: one after the other, with the keyboard alone if one likes. */
export function DuplicatesPage() {
  const { t } = useI18n()
  const me = useMe()
  const mayLook = can(me, 'contact.edit')
  const list = useInfiniteQuery({ ...duplicatesQuery, enabled: mayLook })
  const pairs = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  // A page may hold nothing one may see, with more behind it.
  useEffect(() => {
    if (pairs.length === 0 && list.hasNextPage && !list.isFetching) void list.fetchNextPage()
  }, [pairs.length, list])
  const waiting = list.isPending || (pairs.length === 0 && list.hasNextPage)
  return (
    <section className={css.page} aria-label={t('duplicates.title')} data-testid="duplicates-page">
      <nav className={css.back} aria-label={t('contacts.back')}>
        <Link to="/contacts">
          <IconArrowLeft size={16} className="mirror" aria-hidden />
          {t('contacts.title')}
        </Link>
      </nav>
      <header className={css.head}>
        <h1>{t('duplicates.title')}</h1>
        <p>{t('duplicates.explain')}</p>
      </header>
      {can(me, 'contact.merge') && <ScanStrip />}
      {!mayLook ? (
        <EmptyState icon={<IconUsers size={26} />} title={t('duplicates.noRight.page')} />
      ) : waiting ? (
        <div className={css.list} aria-busy="true">
          {[0, 1, 2].map((n) => (
            <Skeleton key={n} height={104} />
          ))}
        </div>
      ) : list.isError && pairs.length === 0 ? (
        <LoadFailed error={list.error} retry={() => void list.refetch()} />
      ) : pairs.length === 0 ? (
        <EmptyState
          icon={<IconUsers size={26} />}
          title={t('duplicates.empty.title')}
          text={t('duplicates.empty.text')}
        />
      ) : (
        <Pairs pairs={pairs} />
      )}
      {pairs.length > 0 && list.hasNextPage && (
        <Button className={css.more ?? ''} busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('duplicates.more')}
        </Button>
      )}
    </section>
  )
}

function Pairs({ pairs }: { pairs: readonly Duplicate[] }) {
  const { t } = useI18n()
  const me = useMe()
  const box = useRef<HTMLOListElement>(null)
  // By place: when a pair goes, the next one stands where it stood.
  const [at, setAt] = useState(0)
  const [open, setOpen] = useState<Duplicate | null>(null)
  const place = Math.min(at, pairs.length - 1)
  const current = pairs[place]
  const move = (to: number) => {
    const next = Math.max(0, Math.min(pairs.length - 1, to))
    setAt(next)
    const row = box.current?.children[next]
    if (row instanceof HTMLElement) {
      row.focus({ preventScroll: true })
      row.scrollIntoView({ block: 'nearest' })
    }
  }
  const dismiss = (pair: Duplicate) => {
    if (!mayDecide(me, pair)) return
    setOpen(null)
    void dismissPair(pair)
  }
  useKeys(t('duplicates.title'), [
    { keys: 'j', label: t('duplicates.next'), run: () => move(place + 1) },
    { keys: 'k', label: t('duplicates.before'), run: () => move(place - 1) },
    { keys: 'arrowdown', run: () => move(place + 1) },
    { keys: 'arrowup', run: () => move(place - 1) },
    { keys: 'm', label: t('duplicates.compare'), run: () => current && setOpen(current) },
    { keys: 'enter', run: () => current && setOpen(current) },
    { keys: 'x', label: t('duplicates.dismiss'), run: () => current && dismiss(current) },
  ])
  return (
    <>
      <ol className={css.list} ref={box}>
        {pairs.map((pair, n) => (
          <Pair
            key={pair.id}
            pair={pair}
            current={n === place}
            mayDecide={mayDecide(me, pair)}
            onFocus={() => setAt(n)}
            onCompare={() => setOpen(pair)}
            onDismiss={() => dismiss(pair)}
          />
        ))}
      </ol>
      {open !== null && (
        <Suspense>
          <CompareDialog
            oneId={open.a.id}
            twoId={open.b.id}
            reasons={open.reasons}
            aside={
              mayDecide(me, open) && (
                <Button look="quiet" icon={<IconX size={16} />} onClick={() => dismiss(open)}>
                  {t('duplicates.dismiss')}
                </Button>
              )
            }
            onClose={() => setOpen(null)}
          />
        </Suspense>
      )}
    </>
  )
}

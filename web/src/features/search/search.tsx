import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { type KeyboardEvent, lazy, Suspense, useRef, useState } from 'react'
import { SEARCH_GROUPS, type SearchGroup } from '#shared/api/choices.ts'
import type { FoundFile, SearchResult } from '#shared/api/search.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { useKeys } from '../../keys.ts'
import { useMoney } from '../../money.ts'
import { EmptyState, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { EMPTY_RESULT, type FoundRow, foundRows, GROUP_NAMES, namesOf, searchQuery } from '../../ui/found.tsx'
import { IconSearch } from '../../ui/icons.ts'
import { useTypedSearch } from '../../ui/use-typed-search.ts'
import css from './search.module.css'

const FileView = lazy(() => import('../../ui/file-view.tsx'))

const OF_EACH = 8
const PAGE = 40

/** Everything the words were found in; one group of it, or the best of each. */
export function SearchPage() {
  const { t } = useI18n()
  const { search = '', group } = useSearch({ from: '/inside/search' })
  const [file, setFile] = useState<FoundFile | null>(null)
  const list = useRef<HTMLDivElement>(null)
  return (
    <section className={css.page} aria-label={t('frame.search.title')} data-testid="search-page">
      <Ask search={search} onDown={() => list.current?.querySelector<HTMLElement>('[data-result]')?.focus()} />
      <div ref={list} className={css.results} onKeyDown={walk}>
        {search === '' ? (
          <EmptyState
            icon={<IconSearch size={26} />}
            title={t('frame.search.begin.title')}
            text={t('frame.search.begin.text')}
          />
        ) : group === undefined ? (
          <Everything search={search} onFile={setFile} />
        ) : (
          <OneGroup key={group} search={search} group={group} onFile={setFile} />
        )}
      </div>
      <Suspense>{file !== null && <FileView found={file} onClose={() => setFile(null)} />}</Suspense>
    </section>
  )
}

/** Arrows walk through the results, over the borders of groups. */
function walk(event: KeyboardEvent<HTMLElement>) {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return
  const results = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-result]')]
  const at = results.findIndex((one) => one === document.activeElement)
  if (at < 0) return
  event.preventDefault()
  event.stopPropagation()
  results[at + (event.key === 'ArrowDown' ? 1 : -1)]?.focus()
}

function Ask({ search, onDown }: { search: string; onDown: () => void }) {
  const { t } = useI18n()
  const navigate = useNavigate({ from: '/search' })
  const { group } = useSearch({ from: '/inside/search' })
  const box = useRef<HTMLInputElement>(null)
  const [typed, setTyped] = useTypedSearch(
    search,
    (next) => void navigate({ search: (before) => ({ ...before, search: next || undefined }), replace: true }),
    160,
  )
  useKeys(t('frame.search.title'), [{ keys: 'slash', label: t('common.search'), run: () => box.current?.focus() }])
  const groups: (SearchGroup | undefined)[] = [undefined, ...SEARCH_GROUPS]
  return (
    <search className={css.head}>
      <label className={css.ask}>
        <IconSearch size={18} aria-hidden />
        <input
          ref={box}
          autoFocus
          type="search"
          dir="auto"
          value={typed}
          maxLength={200}
          placeholder={t('frame.palette.hint')}
          aria-label={t('frame.search.title')}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'ArrowDown') return
            event.preventDefault()
            onDown()
          }}
        />
      </label>
      <nav className={css.groups} aria-label={t('frame.search.title')}>
        {groups.map((one) => (
          <Link
            key={one ?? 'all'}
            to="/search"
            search={{ ...(search !== '' && { search }), ...(one !== undefined && { group: one }) }}
            replace
            aria-current={one === group ? 'page' : undefined}
          >
            {t(one === undefined ? 'frame.search.all' : GROUP_NAMES[one])}
          </Link>
        ))}
      </nav>
    </search>
  )
}

interface FoundProps {
  search: string
  onFile: (file: FoundFile) => void
}

function Everything({ search, onFile }: FoundProps) {
  const i = useI18n()
  const { t } = i
  const money = useMoney()
  const { data, error, isPlaceholderData, refetch } = useQuery(searchQuery(search, OF_EACH))
  if (data === undefined)
    return error === null ? <Loading /> : <LoadFailed error={error} retry={() => void refetch()} />
  const rows = foundRows(data, search, i, money)
  return (
    <div data-stale={isPlaceholderData || undefined} className={css.body}>
      {SEARCH_GROUPS.map((group) => {
        const of = rows.filter((row) => row.group === group)
        if (of.length === 0) return null
        return (
          <section key={group} className={css.group} aria-label={t(GROUP_NAMES[group])}>
            <h2>{t(GROUP_NAMES[group])}</h2>
            <Rows rows={of} onFile={onFile} />
            {data.more.includes(group) && (
              <Link to="/search" search={{ search, group }} className={css.more} data-result>
                {t('frame.palette.more', { group: t(GROUP_NAMES[group]) })}
              </Link>
            )}
          </section>
        )
      })}
      <Slow result={data} />
      {rows.length === 0 && data.slow.length === 0 && !isPlaceholderData && <Nothing search={search} />}
    </div>
  )
}

function OneGroup({ search, group, onFile }: FoundProps & { group: SearchGroup }) {
  const i = useI18n()
  const money = useMoney()
  const list = useInfiniteQuery({
    queryKey: ['search', 'group', search, group],
    queryFn: ({ pageParam, signal }) =>
      api.get<SearchResult>('/search', { search, group, limit: PAGE, cursor: pageParam }, { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  })
  const pages = list.data?.pages
  if (pages === undefined) {
    return list.error === null ? <Loading /> : <LoadFailed error={list.error} retry={() => void list.refetch()} />
  }
  // What stood on a page before may come again.
  const rows = new Map(
    pages.flatMap((page) => foundRows({ ...EMPTY_RESULT, ...page }, search, i, money)).map((row) => [row.key, row]),
  )
  const first = pages[0]
  return (
    <div data-stale={list.isPlaceholderData || undefined} className={css.body}>
      <section className={css.group} aria-label={i.t(GROUP_NAMES[group])}>
        <h2>{i.t(GROUP_NAMES[group])}</h2>
        <Rows rows={[...rows.values()]} onFile={onFile} />
        {list.hasNextPage && (
          <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {i.t('frame.search.more')}
          </Button>
        )}
      </section>
      {first !== undefined && <Slow result={first} />}
      {rows.size === 0 && first?.slow.length === 0 && !list.isPlaceholderData && <Nothing search={search} />}
    </div>
  )
}

function Rows({ rows, onFile }: { rows: readonly FoundRow[]; onFile: (file: FoundFile) => void }) {
  return (
    <ul>
      {rows.map(({ key, icon, title, detail, to }) => {
        const inner = (
          <>
            <span className={css.icon}>{icon}</span>
            <span className={css.title}>{title}</span>
            {detail !== undefined && <span className={css.detail}>{detail}</span>}
          </>
        )
        return (
          <li key={key}>
            {'file' in to ? (
              <button type="button" className={css.row} data-result onClick={() => onFile(to.file)}>
                {inner}
              </button>
            ) : (
              <Link {...to} className={css.row} data-result preload={false}>
                {inner}
              </Link>
            )}
          </li>
        )
      })}
    </ul>
  )
}

function Slow({ result }: { result: SearchResult }) {
  const i = useI18n()
  if (result.slow.length === 0) return null
  return (
    <p className={css.slow} role="status">
      {i.t('frame.palette.slow', { groups: namesOf(result.slow, i) })}
    </p>
  )
}

function Nothing({ search }: { search: string }) {
  const { t } = useI18n()
  return (
    <EmptyState
      icon={<IconSearch size={26} />}
      title={t('frame.search.empty.title', { search })}
      text={t('frame.search.empty.text')}
    />
  )
}

function Loading() {
  return (
    <div className={css.body} aria-busy="true">
      {Array.from({ length: 8 }, (_, index) => (
        <div key={index} className={css.row}>
          <Skeleton width={26} height={26} round />
          <Skeleton width={`${38 - ((index * 7) % 15)}%`} height={14} />
        </div>
      ))}
    </div>
  )
}

import type { ReactNode } from 'react'
import { useI18n } from '../../i18n.ts'
import { EmptyState, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { SearchInput } from '../../ui/search-input.tsx'
import { IconClipboardList, IconPlus } from './icons.ts'
import { type Side, SIDES, type WorkSearch } from './search.ts'
import css from './work.module.css'

interface Listed {
  isPending: boolean
  isError: boolean
  error: Error | null
  hasNextPage: boolean
  isFetchingNextPage: boolean
  refetch: () => unknown
  fetchNextPage: () => unknown
}

interface WorkFrameProps<State extends string> {
  noun: 'requests' | 'tasks'
  states: readonly State[]
  asked: WorkSearch<State>
  mayMake: boolean
  /** Whether one sees what others have. */
  maySeeAll: boolean
  list: Listed
  count: number
  onAsk: (change: WorkSearch<State>) => void
  children: ReactNode
}

/** What the pages of requests and of tasks have in common: whose, in which state, found by words; then the rows. */
export function WorkFrame<State extends string>(props: WorkFrameProps<State>) {
  const { noun, states, asked, mayMake, maySeeAll, list, count, onAsk, children } = props
  const { t } = useI18n()
  const sides: readonly Side[] = maySeeAll ? SIDES : SIDES.filter((side) => side !== 'all')
  const side = asked.side ?? 'assigned'
  const make = () => onAsk({ make: true })
  const filtered = asked.search !== undefined || asked.state !== undefined
  return (
    <section className={css.page} aria-label={t(`work.${noun}.title`)} data-testid={`${noun}-page`}>
      <header className={css.head}>
        <h1>{t(`work.${noun}.title`)}</h1>
        {mayMake && (
          <Button look="primary" icon={<IconPlus size={17} />} onClick={make} data-testid={`new-${noun}`}>
            {t(`work.${noun}.new`)}
          </Button>
        )}
      </header>
      <div className={css.filters}>
        <div className={css.sides} role="group" aria-label={t('work.side')}>
          {sides.map((one) => (
            <button key={one} type="button" aria-pressed={one === side} onClick={() => onAsk({ side: one })}>
              {t(`work.${noun}.side.${one}`)}
            </button>
          ))}
        </div>
        <Select
          aria-label={t('work.state')}
          value={asked.state ?? ''}
          onChange={(event) => onAsk({ state: states.find((one) => one === event.currentTarget.value) })}
        >
          <option value="">{t('work.state.any')}</option>
          {states.map((state) => (
            <option key={state} value={state}>
              {t(`work.state.${state as 'open'}`)}
            </option>
          ))}
        </Select>
        <div className={css.search}>
          <SearchInput
            label={t(`work.${noun}.search`)}
            hint={t(`work.${noun}.search`)}
            keys={t(`work.${noun}.title`)}
            search={asked.search ?? ''}
            onSearch={(search) => onAsk({ search: search === '' ? undefined : search })}
          />
        </div>
      </div>
      {list.isPending ? (
        <Skeleton height={180} />
      ) : list.isError ? (
        <LoadFailed error={list.error} retry={() => void list.refetch()} />
      ) : count === 0 ? (
        <EmptyState
          icon={<IconClipboardList size={26} />}
          title={t(filtered ? 'work.none' : `work.${noun}.empty.title`)}
          text={filtered ? undefined : t(`work.${noun}.empty.text`)}
          action={mayMake && !filtered ? <Button onClick={make}>{t(`work.${noun}.new`)}</Button> : undefined}
        />
      ) : (
        <ul className={css.rows}>{children}</ul>
      )}
      {list.hasNextPage && (
        <Button busy={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {t('common.loadMore')}
        </Button>
      )}
    </section>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useMemo, useState } from 'react'
import type { DealBoard } from '#shared/api/deals.ts'
import { useCommands } from '../../commands.ts'
import { useI18n } from '../../i18n.ts'
import { useKeys } from '../../keys.ts'
import { can, useMe, useUsers } from '../../session/session.ts'
import { EmptyState, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { SearchInput } from '../../ui/search-input.tsx'
import { useMedia } from '../../ui/use-media.ts'
import { BoardView } from './board-view.tsx'
import css from './deals.module.css'
import { IconBriefcase, IconPlus, IconSearch } from './icons.ts'
import { useMoving } from './moving.tsx'
import { type BoardFilter, boardQuery } from './queries.ts'

const DealDrawer = lazy(() => import('./deal-drawer.tsx'))
const NewDeal = lazy(async () => ({ default: (await import('./new-deal.tsx')).NewDealDialog }))

/** The board of deals. What is searched, whose deals and which one is open stands in the address. */
export function DealsPage() {
  const { t } = useI18n()
  const me = useMe()
  const { search = '', responsible, deal, make } = useSearch({ from: '/inside/deals' })
  const navigate = useNavigate({ from: '/deals' })
  const filter: BoardFilter = useMemo(() => ({ search, responsibleId: responsible ?? null }), [search, responsible])
  const maySee = can(me, 'deal.view') && can(me, 'contact.view')
  const mayEdit = can(me, 'deal.edit')
  const { data: board, error, isPlaceholderData, refetch } = useQuery({ ...boardQuery(filter), enabled: maySee })
  const { move, asking } = useMoving()
  const open = (on: boolean) =>
    void navigate({ search: (before) => ({ ...before, make: on || undefined }), replace: true })
  const openNew = () => open(true)
  useKeys(t('deals.keys'), [
    ...(mayEdit ? [{ keys: 'c', label: t('deals.keys.new'), run: openNew }] : []),
    ...(mayEdit ? [{ keys: 'space', label: t('deals.keys.grab') }] : []),
  ])
  useCommands(mayEdit ? [{ id: 'deal-new', title: t('deals.new'), icon: IconPlus, keys: 'c', run: openNew }] : [])
  if (!maySee) {
    return (
      <EmptyState icon={<IconBriefcase size={26} />} title={t('deals.noRight.title')} text={t('deals.noRight.text')} />
    )
  }
  const filtered = search !== '' || responsible !== undefined
  const isEmpty = board !== undefined && !isPlaceholderData && board.stages.every((column) => column.total === 0)
  return (
    <section className={css.page} aria-label={t('deals.title')} data-testid="deals-page">
      <header className={css.head}>
        <h1>{t('deals.title')}</h1>
        <Filters filter={filter} />
        {mayEdit && (
          <Button look="primary" icon={<IconPlus size={17} />} onClick={openNew} data-testid="new-deal">
            {t('deals.new')}
          </Button>
        )}
      </header>
      {board === undefined ? (
        error === null ? (
          <BoardSkeleton />
        ) : (
          <LoadFailed error={error} retry={() => void refetch()} />
        )
      ) : isEmpty ? (
        <Empty board={board} filtered={filtered} onMake={mayEdit ? openNew : undefined} />
      ) : (
        <Fitted board={board} filter={filter} mayEdit={mayEdit} stale={isPlaceholderData} onMove={move} />
      )}
      {asking}
      <Suspense>
        {make === true && mayEdit && <NewDeal onClose={() => open(false)} />}
        {deal !== undefined && (
          <DealDrawer
            key={deal}
            id={deal}
            onMove={move}
            onClose={() => void navigate({ search: (before) => ({ ...before, deal: undefined }), replace: true })}
          />
        )}
      </Suspense>
    </section>
  )
}

/** The whole board where there is room, else a stage at a time. */
function Fitted({ board, ...rest }: Omit<Parameters<typeof BoardView>[0], 'only'>) {
  const { t, n } = useI18n()
  const narrow = useMedia('(width < 640px)')
  const [chosen, setChosen] = useState<string | null>(null)
  const first = board.stages.find((column) => column.total > 0) ?? board.stages[0]
  const shown = board.stages.find((column) => column.stage.id === chosen) ?? first
  if (!narrow || shown === undefined) return <BoardView board={board} {...rest} only={null} />
  return (
    <>
      <div className={css.tabs} role="group" aria-label={t('deals.field.stageId')}>
        {board.stages.map(({ stage, total }) => (
          <button
            key={stage.id}
            type="button"
            aria-pressed={stage.id === shown.stage.id}
            data-outcome={stage.outcome}
            onClick={() => setChosen(stage.id)}
          >
            <span dir="auto">{stage.name}</span> <span className={css.tabCount}>{n(total)}</span>
          </button>
        ))}
      </div>
      <BoardView board={board} {...rest} only={shown.stage.id} />
    </>
  )
}

function Empty({ board, filtered, onMake }: { board: DealBoard; filtered: boolean; onMake: (() => void) | undefined }) {
  const { t } = useI18n()
  const me = useMe()
  const navigate = useNavigate({ from: '/deals' })
  if (filtered) {
    return (
      <EmptyState
        icon={<IconSearch size={24} />}
        title={t('deals.empty.filter.title')}
        action={<Button onClick={() => void navigate({ search: {}, replace: true })}>{t('deals.filter.clear')}</Button>}
      />
    )
  }
  return (
    <EmptyState
      icon={<IconBriefcase size={26} />}
      title={t('deals.empty.title')}
      text={
        <>
          <p>{t('deals.empty.text')}</p>
          <ol className={css.way}>
            {board.stages.map(({ stage }) => (
              <li key={stage.id} data-outcome={stage.outcome} dir="auto">
                {stage.name}
              </li>
            ))}
          </ol>
          {can(me, 'field.manage') && (
            <p>
              {t('deals.empty.stages')}{' '}
              <Link to="/settings/$" params={{ _splat: 'stages' }}>
                {t('frame.settings.stages')}
              </Link>
            </p>
          )}
        </>
      }
      action={
        onMake && (
          <Button look="primary" icon={<IconPlus size={17} />} onClick={onMake}>
            {t('deals.new')}
          </Button>
        )
      }
    />
  )
}

function Filters({ filter }: { filter: BoardFilter }) {
  const { t } = useI18n()
  const me = useMe()
  const users = useUsers()
  const navigate = useNavigate({ from: '/deals' })
  const whose = (value: string) =>
    void navigate({
      search: (before) => ({ ...before, responsible: value === '' ? undefined : value }),
      replace: true,
    })
  return (
    <search className={css.filters}>
      <label className={css.search}>
        <SearchInput
          label={t('deals.filter.search')}
          hint={t('deals.filter.search.hint')}
          keys={t('deals.keys')}
          search={filter.search}
          onSearch={(search) =>
            void navigate({ search: (before) => ({ ...before, search: search || undefined }), replace: true })
          }
        />
      </label>
      <Select
        aria-label={t('deals.filter.responsible')}
        value={filter.responsibleId ?? ''}
        data-on={filter.responsibleId !== null || undefined}
        onChange={(event) => whose(event.currentTarget.value)}
      >
        <option value="">{t('deals.filter.anyone')}</option>
        <option value="me">{t('deals.filter.mine')}</option>
        <option value="none">{t('deals.filter.none')}</option>
        {[...users.values()]
          .filter((user) => user.id !== me.id)
          .map((user) => (
            <option key={user.id} value={user.id}>
              {user.name}
            </option>
          ))}
      </Select>
    </search>
  )
}

function BoardSkeleton() {
  return (
    <div className={css.board} aria-busy="true">
      {[3, 2, 4, 1, 2].map((cards, column) => (
        <div key={column} className={css.column}>
          <div className={css.columnHead}>
            <Skeleton width="45%" height={16} />
          </div>
          <div className={css.columnBody}>
            {Array.from({ length: cards }, (_, card) => (
              <div key={card} className={css.card}>
                <Skeleton width="80%" height={14} />
                <Skeleton width="50%" height={12} />
                <Skeleton width="65%" height={12} />
              </div>
            ))}
          </div>
        </div>
      ))}
    </div>
  )
}

import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useMemo, useRef, useState } from 'react'
import { CONTACT_KINDS, type ContactKind } from '#shared/api/contacts.ts'
import { useI18n } from '../../i18n.ts'
import { useKeys } from '../../keys.ts'
import { can, useMe, useUsers } from '../../session/session.ts'
import { EmptyState, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { Select } from '../../ui/field.tsx'
import { ContactRows } from './contact-rows.tsx'
import css from './contacts.module.css'
import { IconPlus, IconSearch, IconUsers, IconX } from './icons.ts'
import { NewContactDialog } from './new-contact.tsx'
import { type ContactFilter, contactsQuery } from './queries.ts'

/** Everybody one may see, latest changed first. What is searched and filtered stands in the address. */
export function ContactsPage() {
  const { t } = useI18n()
  const me = useMe()
  const { search = '', kind, responsible, make } = useSearch({ from: '/inside/contacts' })
  const navigate = useNavigate({ from: '/contacts' })
  const filter: ContactFilter = useMemo(
    () => ({ search, kind: kind ?? null, responsibleId: responsible ?? null }),
    [search, kind, responsible],
  )
  const list = useInfiniteQuery({ ...contactsQuery(filter), enabled: can(me, 'contact.view') })
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const mayMake = can(me, 'contact.edit')
  const open = (on: boolean) =>
    void navigate({ search: (before) => ({ ...before, make: on || undefined }), replace: true })
  const filtered = search !== '' || kind !== undefined || responsible !== undefined

  if (!can(me, 'contact.view')) {
    return (
      <EmptyState
        icon={<IconUsers size={26} />}
        title={t('contacts.noRight.title')}
        text={t('contacts.noRight.text')}
      />
    )
  }
  return (
    <section className={css.page} aria-label={t('contacts.title')}>
      <header className={css.head}>
        <h1>{t('contacts.title')}</h1>
        <Filters filter={filter} />
        {mayMake && (
          <Button look="primary" icon={<IconPlus size={17} />} onClick={() => open(true)} data-testid="new-contact">
            {t('contacts.new')}
          </Button>
        )}
      </header>
      {list.isPending ? (
        <ListSkeleton />
      ) : list.isError && items.length === 0 ? (
        <LoadFailed error={list.error} retry={() => void list.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState
          icon={filtered ? <IconSearch size={24} /> : <IconUsers size={26} />}
          title={t(filtered ? 'contacts.empty.search.title' : 'contacts.empty.title')}
          text={t(filtered ? 'contacts.empty.search.text' : 'contacts.empty.text')}
          action={
            filtered ? (
              <Button onClick={() => void navigate({ search: {}, replace: true })}>{t('contacts.filter.clear')}</Button>
            ) : (
              mayMake && (
                <Button look="primary" icon={<IconPlus size={17} />} onClick={() => open(true)}>
                  {t('contacts.new')}
                </Button>
              )
            )
          }
        />
      ) : (
        <ContactRows
          items={items}
          listKey={JSON.stringify(filter)}
          loadingMore={list.isFetchingNextPage}
          stale={list.isPlaceholderData}
          more={() => {
            if (list.hasNextPage && !list.isFetchingNextPage) void list.fetchNextPage()
          }}
        />
      )}
      {make === true && mayMake && <NewContactDialog onClose={() => open(false)} />}
    </section>
  )
}

function Filters({ filter }: { filter: ContactFilter }) {
  const { t } = useI18n()
  const me = useMe()
  const users = useUsers()
  const navigate = useNavigate({ from: '/contacts' })
  const box = useRef<HTMLInputElement>(null)
  const [typed, setTyped] = useState(filter.search)
  // Cleared from outside (the button of the empty list, the way back).
  const [shownSearch, setShownSearch] = useState(filter.search)
  if (shownSearch !== filter.search) {
    setShownSearch(filter.search)
    if (typed.trim() !== filter.search) setTyped(filter.search)
  }
  useEffect(() => {
    const search = typed.trim()
    if (search === filter.search) return
    const timer = setTimeout(
      () =>
        void navigate({
          search: (before) => ({ ...before, search: search === '' ? undefined : search }),
          replace: true,
        }),
      200,
    )
    return () => clearTimeout(timer)
  }, [typed, filter.search, navigate])
  useKeys(t('contacts.title'), [{ keys: 'slash', label: t('contacts.search'), run: () => box.current?.focus() }])
  const choose = (name: 'kind' | 'responsible', value: string) =>
    void navigate({
      search: (before) => {
        const next = { ...before }
        delete next[name]
        if (value === '') return next
        if (name === 'responsible') return { ...next, responsible: value }
        const kind = CONTACT_KINDS.find((one) => one === value)
        return kind === undefined ? next : { ...next, kind }
      },
      replace: true,
    })
  return (
    <search className={css.filters}>
      <label className={css.search}>
        <IconSearch size={16} aria-hidden />
        <input
          ref={box}
          type="search"
          value={typed}
          dir="auto"
          maxLength={200}
          placeholder={t('contacts.search.hint')}
          aria-label={t('contacts.search')}
          onChange={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return
            if (event.currentTarget.value === '') event.currentTarget.blur()
            else setTyped('')
          }}
        />
        {typed !== '' && (
          <IconButton label={t('common.clear')} small onClick={() => setTyped('')}>
            <IconX size={14} />
          </IconButton>
        )}
      </label>
      <Select
        aria-label={t('contacts.filter.kind')}
        value={filter.kind ?? ''}
        data-on={filter.kind !== null || undefined}
        onChange={(event) => choose('kind', event.currentTarget.value)}
      >
        <option value="">{t('contacts.filter.allKinds')}</option>
        {CONTACT_KINDS.map((kind: ContactKind) => (
          <option key={kind} value={kind}>
            {t(`contacts.kinds.${kind}`)}
          </option>
        ))}
      </Select>
      <Select
        aria-label={t('contacts.responsible')}
        value={filter.responsibleId ?? ''}
        data-on={filter.responsibleId !== null || undefined}
        onChange={(event) => choose('responsible', event.currentTarget.value)}
      >
        <option value="">{t('contacts.filter.anyone')}</option>
        <option value={me.id}>{t('contacts.filter.mine')}</option>
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

function ListSkeleton() {
  return (
    <div className={css.scroll} aria-busy="true">
      {Array.from({ length: 10 }, (_, index) => (
        <div key={index} className={css.skeleton}>
          <Skeleton width={38} height={38} round />
          <Skeleton width={`${26 - ((index * 7) % 9)}%`} height={14} />
          <Skeleton width={`${30 - ((index * 5) % 12)}%`} height={13} />
        </div>
      ))}
    </div>
  )
}

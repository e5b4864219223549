import { useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useMemo, useState } from 'react'
import type { ContactItem } from '#shared/api/contacts.ts'
import type { ContactSelection } from '#shared/api/operations.ts'
import type { BoundedCount } from '#shared/api/views.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe } from '../../session/session.ts'
import { Avatar, EmptyState, LoadFailed } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { useEvent } from '../../ui/use-event.ts'
import { useMedia } from '../../ui/use-media.ts'
import { ColumnsMenu } from '../lists/columns-menu.tsx'
import { fitColumns } from '../lists/columns.ts'
import { FilterBar } from '../lists/filter-bar.tsx'
import type { ListField } from '../lists/list-field.ts'
import { chooseAll, extend, isEmpty, NOTHING, type Selection, toggle } from '../lists/selection.ts'
import { Table, TableSkeleton } from '../lists/table.tsx'
import { ViewStrip } from '../lists/view-strip.tsx'
import { BulkBar, BulkProgress } from './bulk-bar.tsx'
import { ContactCell } from './contact-cell.tsx'
import { EditableCell, isQuick } from './contact-edit.tsx'
import { ContactLine } from './contact-line.tsx'
import css from './contacts.module.css'
import { IconUsers } from './icons.ts'
import { EmptyOffice, NothingDeleted, NothingFound } from './list-empty.tsx'
import { ListHead } from './list-head.tsx'
import { patchItem, restoreItems } from './list-changes.ts'
import { useColumns, useContacts, useListState } from './use-contact-list.ts'
import { useViewCounts } from './view-counts.ts'
import { ViewActions } from './view-actions.tsx'

const ExportDialog = lazy(() => import('../exchange/export-dialog.tsx'))
const CompareDialog = lazy(() => import('../duplicates/compare-dialog.tsx'))
const NewContactDialog = lazy(() => import('./new-contact.tsx').then((part) => ({ default: part.NewContactDialog })))

export function ContactsPage() {
  const { t } = useI18n()
  const me = useMe()
  if (!can(me, 'contact.view')) {
    return (
      <EmptyState
        icon={<IconUsers size={26} />}
        title={t('contacts.noRight.title')}
        text={t('contacts.noRight.text')}
      />
    )
  }
  return <ContactList />
}

/** Everybody one may see, in views one makes oneself. What is shown stands in the address. */
function ContactList() {
  const { t } = useI18n()
  const me = useMe()
  const at = useListState()
  const { base, state, change } = at
  const shown = useContacts(state, base, at.isReady && !at.isMissing)
  const { fields, isReady, filter, list, found } = shown
  const columns = useColumns(at, fields)
  const [wanted, setWanted] = useState<string | null>(null)
  const narrow = useMedia('(width < 720px)')
  const [exporting, setExporting] = useState<Exporting | null>(null)
  const deleted = base?.deleted === true
  const mayExport = can(me, 'contact.export') && !deleted && found !== undefined && found.count > 0
  const whole: ContactSelection = { filter, ...(state.search !== '' && { search: state.search }) }
  return (
    <section className={css.page} aria-label={t('contacts.title')}>
      <ListHead
        search={state.search}
        onSearch={(search) => change({ search })}
        onMake={() => at.setMake(true)}
        onExport={mayExport ? () => setExporting({ of: whole, count: found }) : undefined}
      />
      <Bars {...{ at, shown, columns, narrow, wanted }} onWanted={setWanted} />
      <BulkProgress />
      {at.isMissing ? (
        <EmptyState
          title={t('table.view.missing')}
          text={t('table.view.missing.text')}
          action={<Button onClick={() => at.choose('all')}>{t('table.usual.all')}</Button>}
        />
      ) : (
        <Body
          key={deleted ? 'deleted' : 'list'}
          {...{ list, fields, found, filter, state, columns, deleted, narrow }}
          isReady={at.isReady && isReady}
          isPlain={state.search === '' && Object.keys(state.filter).length === 0}
          onSearch={(search) => change({ search })}
          onFilter={(next) => change({ filter: next })}
          onSort={(sort) => change({ sort })}
          onWanted={setWanted}
          onMake={() => at.setMake(true)}
          onExport={setExporting}
        />
      )}
      <Suspense>
        {exporting !== null && (
          <ExportDialog
            {...exporting}
            columns={columns.columns.map((field) => field.name)}
            onClose={() => setExporting(null)}
          />
        )}
        {at.make && can(me, 'contact.edit') && <NewContactDialog onClose={() => at.setMake(false)} />}
      </Suspense>
    </section>
  )
}

interface BarsProps {
  at: ReturnType<typeof useListState>
  shown: ReturnType<typeof useContacts>
  columns: ReturnType<typeof useColumns>
  narrow: boolean
  wanted: string | null
  onWanted: (name: string | null) => void
}

/** Which view, under which conditions, how many, and with which columns. */
function Bars({ at, shown, columns, narrow, wanted, onWanted }: BarsProps) {
  const { t } = useI18n()
  const { views, base, state, change } = at
  const { fields, found } = shown
  const countOf = useViewCounts(views, state.view, at.isChanged ? undefined : found)
  return (
    <>
      <ViewStrip
        title={t('contacts.title')}
        views={views}
        current={state.view === '' ? 'all' : state.view}
        changed={at.isChanged || columns.isOwn}
        countOf={countOf}
        onChoose={at.choose}
      />
      <FilterBar
        filter={state.filter}
        fields={fields}
        onChange={(filter) => change({ filter })}
        onClear={() => change({ filter: {}, search: '' })}
        {...{ wanted, onWanted }}
      >
        <div className={css.barEnd}>
          {found !== undefined && (
            <span className={css.found} role="status" data-testid="found">
              {t(found.more ? 'table.foundMore' : 'table.found', { count: found.count })}
            </span>
          )}
          <ViewActions
            {...{ views, base, state }}
            columns={columns.columns.map((field) => field.name)}
            ownColumns={columns.isOwn}
            isChanged={at.isChanged}
            onChoose={at.choose}
            onColumnsSaved={() => columns.set(undefined)}
          />
          {!narrow && (
            <ColumnsMenu
              fields={fields}
              columns={columns.columns}
              onColumns={columns.set}
              onReset={columns.isOwn ? () => columns.set(undefined) : undefined}
            />
          )}
        </div>
      </FilterBar>
    </>
  )
}

interface Exporting {
  of: ContactSelection
  count: BoundedCount | undefined
}

interface BodyProps extends Pick<ReturnType<typeof useContacts>, 'list' | 'fields' | 'found' | 'filter'> {
  state: ReturnType<typeof useListState>['state']
  columns: ReturnType<typeof useColumns>
  deleted: boolean
  narrow: boolean
  isReady: boolean
  /** Neither conditions nor words. */
  isPlain: boolean
  onSearch: (search: string) => void
  onFilter: (filter: BodyProps['filter']) => void
  onSort: (sort: string | null) => void
  onWanted: (name: string) => void
  onMake: () => void
  onExport: (what: Exporting) => void
}

/** The rows, or what stands in their place; and what is done with those chosen. */
function Body(props: BodyProps) {
  const { list, fields, found, filter, state, columns, deleted, narrow, isReady, isPlain } = props
  const { t } = useI18n()
  const me = useMe()
  const navigate = useNavigate()
  const [space, setSpace] = useState(0)
  const [held, setHeld] = useState({ place: list.place, selection: NOTHING })
  // What was chosen in one list means nothing in another.
  const selection = held.place === list.place ? held.selection : NOTHING
  const setSelection = (next: Selection) => setHeld({ place: list.place, selection: next })
  const shown = useMemo(
    () => (columns.isChosen || space === 0 ? columns.columns : fitColumns(columns.columns, space - 44, columns.memory)),
    [columns.columns, columns.isChosen, columns.memory, space],
  )
  const [merging, setMerging] = useState(false)
  const [one, two] = selection.ids
  const order = useMemo(() => list.rows.map((row) => row.id), [list.rows])
  const mayEdit = can(me, 'contact.edit') && !deleted
  const edit = useEvent(
    (item: ContactItem, patch: Parameters<typeof patchItem>[2]) => void patchItem(list, item, patch),
  )
  const cell = useCallback(
    (item: ContactItem, field: ListField) =>
      mayEdit && isQuick(field) ? (
        <EditableCell item={item} field={field} onChange={edit} />
      ) : (
        <ContactCell item={item} field={field} />
      ),
    [mayEdit, edit],
  )
  if (!isReady || list.isPending) return <TableSkeleton narrow={narrow} />
  if (list.error !== null && list.rows.length === 0) return <LoadFailed error={list.error} retry={list.readAgain} />
  if (list.rows.length === 0) {
    if (deleted && isPlain) return <NothingDeleted />
    if (isPlain) return <EmptyOffice onMake={props.onMake} />
    return (
      <NothingFound
        search={state.search}
        filter={state.filter}
        fields={fields}
        onSearch={props.onSearch}
        onFilter={props.onFilter}
      />
    )
  }
  const of: ContactSelection = selection.all
    ? { filter, ...(state.search !== '' && { search: state.search }) }
    : { ids: [...selection.ids] }
  // Of what is deleted only those on screen can be chosen: what the list finds is not spoken of.
  const choose = () => setSelection(chooseAll(selection, order, list.hasMore && !deleted))
  return (
    <>
      {list.error !== null && (
        <div className={css.trouble} role="alert">
          {list.error instanceof Error ? list.error.message : t('common.loadFailed')}
          <Button small look="quiet" onClick={list.readAgain}>
            {t('common.retry')}
          </Button>
        </div>
      )}
      <Table
        label={t('contacts.title')}
        testId="contact-list"
        list={list}
        narrow={narrow}
        columns={shown}
        memory={columns.memory}
        sort={state.sort ?? (deleted ? null : '-updatedAt')}
        selection={selection}
        onSelect={(how, id) => setSelection((how === 'range' ? extend : toggle)(selection, id, order))}
        onChooseAll={choose}
        onUnselect={() => setSelection(NOTHING)}
        onOpen={(item) => void navigate({ to: '/contacts/$id', params: { id: item.id } })}
        onSort={props.onSort}
        onColumns={(names) => {
          // Those there was no room for stay behind the others.
          const hidden = columns.columns
            .map((one) => one.name)
            .filter((name) => !shown.some((one) => one.name === name))
          columns.set([...names, ...hidden])
        }}
        onWidth={columns.setWidth}
        onFilter={props.onWanted}
        onSpace={setSpace}
        nameOf={nameOf}
        cell={cell}
        line={line}
        face={face}
      />
      <Suspense>
        {merging && one !== undefined && two !== undefined && (
          <CompareDialog
            oneId={one}
            twoId={two}
            onClose={() => setMerging(false)}
            onMerged={() => {
              setMerging(false)
              setSelection(NOTHING)
            }}
          />
        )}
      </Suspense>
      {!isEmpty(selection) && (
        <BulkBar
          selection={selection}
          of={of}
          fields={fields}
          found={found}
          more={list.hasMore || selection.ids.size < order.length}
          deleted={deleted}
          onAll={() => setSelection({ ...NOTHING, all: true })}
          onUnselect={() => setSelection(NOTHING)}
          onMerge={() => setMerging(true)}
          onExport={(count) => props.onExport({ of, count })}
          onRestore={() => {
            void restoreItems(list.rows.filter((row) => selection.ids.has(row.id)))
            setSelection(NOTHING)
          }}
        />
      )}
    </>
  )
}

const nameOf = (item: ContactItem): string => item.name
const line = (item: ContactItem) => <ContactLine item={item} />
const face = (item: ContactItem) => <Avatar id={item.id} name={item.name} fileId={item.avatarFileId} size={38} />

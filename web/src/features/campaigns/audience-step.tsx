import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Audience, RecipientList } from '#shared/api/campaigns.ts'
import type { BoundedCount, Filter } from '#shared/api/views.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Bidi, Skeleton } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { ManyPicker } from '../../ui/choice-picker.tsx'
import { useContactFields } from '../contacts/contact-fields.tsx'
import { FilterBar } from '../lists/filter-bar.tsx'
import { viewsQuery } from '../lists/saved-views.ts'
import css from './campaigns.module.css'
import { FileDialog, type FileFilling } from './file-dialog.tsx'
import { FillState } from './fill.tsx'
import { IconAlertTriangle, IconFileUpload, IconPlus, IconTrash, IconUsers } from './icons.ts'
import { audienceQuery, recipientListQuery, recipientListsQuery } from './queries.ts'

interface StepProps {
  audience: Audience
  onChange: (audience: Audience) => void
}

/** Who gets it: lists, saved views and conditions, all of them together, each person once. */
export function AudienceStep({ audience, onChange }: StepProps) {
  const { t } = useI18n()
  const count = useQuery({ ...audienceQuery(audience), enabled: !isNobody(audience) })
  const views = useQuery(viewsQuery('contact')).data?.items ?? []
  const lists = useInfiniteQuery(recipientListsQuery('')).data?.pages.flatMap((page) => page.items) ?? []
  const [asking, setAsking] = useState(false)
  const counts = count.data
  return (
    <>
      <div className={css.part}>
        <h3>{t('campaigns.audience.lists')}</h3>
        <div className={css.pair}>
          <ManyPicker
            bare
            label={t('campaigns.audience.lists')}
            placeholder={t('campaigns.audience.lists.hint')}
            value={audience.listIds}
            options={lists.map((list) => ({
              id: list.id,
              name: list.name,
              hint: t('campaigns.people', { count: list.count }),
            }))}
            onChange={(listIds) => onChange({ ...audience, listIds })}
          />
          <div>
            <Button icon={<IconFileUpload size={17} />} onClick={() => setAsking(true)} data-testid="list-from-file">
              {t('campaigns.audience.file')}
            </Button>
          </div>
        </div>
        {audience.listIds.map((id) => (
          <ListPart key={id} id={id} />
        ))}
      </div>
      {views.length > 0 && (
        <div className={css.part}>
          <h3>{t('campaigns.audience.views')}</h3>
          <ManyPicker
            bare
            label={t('campaigns.audience.views')}
            placeholder={t('campaigns.audience.views.hint')}
            value={audience.viewIds}
            options={views.map((view) => ({ id: view.id, name: view.name }))}
            onChange={(viewIds) => onChange({ ...audience, viewIds })}
          />
        </div>
      )}
      <div className={css.part}>
        <h3>{t('campaigns.audience.conditions')}</h3>
        {audience.selections.map((selection, at) => (
          <SelectionPart
            key={at}
            selection={selection}
            count={counts?.selections[at]}
            onChange={(next) => onChange({ ...audience, selections: audience.selections.with(at, next) })}
            onRemove={() => onChange({ ...audience, selections: audience.selections.toSpliced(at, 1) })}
          />
        ))}
        <div>
          <Button
            small
            look="quiet"
            icon={<IconPlus size={15} />}
            onClick={() => onChange({ ...audience, selections: [...audience.selections, { filter: {} }] })}
            data-testid="add-selection"
          >
            {t('campaigns.audience.conditions.add')}
          </Button>
        </div>
      </div>
      <Sum audience={audience} counts={counts && [...counts.lists, ...counts.views, ...counts.selections]} />
      <p className={css.quiet}>
        {t('campaigns.audience.excluded')} <Link to="/campaigns/exclusions">{t('campaigns.exclusions.title')}</Link>
      </p>
      {asking && (
        <NewListDialog
          onClose={() => setAsking(false)}
          onMade={(list) => {
            setAsking(false)
            onChange({ ...audience, listIds: [...audience.listIds, list.id] })
          }}
        />
      )}
    </>
  )
}

export const isNobody = ({ selections, viewIds, listIds }: Audience): boolean =>
  selections.length + viewIds.length + listIds.length === 0

function Sum({ audience, counts }: { audience: Audience; counts: readonly BoundedCount[] | undefined }) {
  const { t } = useI18n()
  if (isNobody(audience))
    return (
      <p className={css.count} data-none data-testid="audience-count">
        <IconUsers size={18} aria-hidden />
        {t('campaigns.audience.nobody')}
      </p>
    )
  if (counts === undefined) return <Skeleton height={38} />
  const count = counts.reduce((sum, part) => sum + part.count, 0)
  const more = counts.some((part) => part.more)
  return (
    <p className={css.count} data-none={count === 0 || undefined} role="status" data-testid="audience-count">
      <IconUsers size={18} aria-hidden />
      {t(more ? 'campaigns.audience.more' : counts.length > 1 ? 'campaigns.audience.most' : 'campaigns.people', {
        count,
      })}
    </p>
  )
}

type Selection = Audience['selections'][number]

interface SelectionProps {
  selection: Selection
  count: BoundedCount | undefined
  onChange: (selection: Selection) => void
  onRemove: () => void
}

/** Contacts by conditions, as their list has them; or some that were chosen there one by one. */
function SelectionPart({ selection, count, onChange, onRemove }: SelectionProps) {
  const { t } = useI18n()
  const { fields, isReady } = useContactFields()
  const [wanted, setWanted] = useState<string | null>(null)
  const remove = (
    <IconButton small label={t('campaigns.audience.remove')} onClick={onRemove}>
      <IconTrash size={16} />
    </IconButton>
  )
  const found = count !== undefined && (
    <span className={css.quiet} data-testid="selection-count">
      {t(count.more ? 'campaigns.people.more' : 'campaigns.people', { count: count.count })}
    </span>
  )
  if ('ids' in selection)
    return (
      <div className={css.selection}>
        <span>{t('campaigns.audience.chosen', { count: selection.ids.length })}</span>
        {remove}
      </div>
    )
  const { filter, search } = selection
  const all = Object.keys(filter).length === 0 && (search === undefined || search === '')
  const set = (next: Filter) => onChange({ ...selection, filter: next })
  return (
    <div className={css.selection}>
      {isReady ? (
        <FilterBar
          filter={filter}
          fields={fields}
          wanted={wanted}
          onWanted={setWanted}
          onChange={set}
          onClear={() => onChange({ filter: {} })}
        >
          <span className={css.inline}>
            {found}
            {remove}
          </span>
        </FilterBar>
      ) : (
        <Skeleton height={32} />
      )}
      {search !== undefined && search !== '' && (
        <p className={css.quiet}>
          {t('campaigns.audience.words')} <Bidi>{search}</Bidi>
        </p>
      )}
      {all && (
        <p className={css.warning}>
          <IconAlertTriangle size={16} aria-hidden />
          {t('campaigns.audience.all')}
        </p>
      )}
    </div>
  )
}

/** A list that takes part: how many it has; while it is filled, how far. */
function ListPart({ id }: { id: string }) {
  const { t } = useI18n()
  const { data: list } = useQuery(recipientListQuery(id))
  if (list === undefined) return null
  return (
    <div className={css.listPart} data-testid="audience-list">
      <span className={css.meta}>
        <Link to="/campaigns/lists" search={{ id }}>
          <Bidi>{list.name}</Bidi>
        </Link>
        <span>{t('campaigns.people', { count: list.count })}</span>
        {list.unknown > 0 && <span>{t('campaigns.lists.unknown', { count: list.unknown })}</span>}
        {list.fields.length > 0 && (
          <span>
            {t('campaigns.lists.fields')} <Bidi>{list.fields.map((field) => field.heading).join(' · ')}</Bidi>
          </span>
        )}
      </span>
      {list.fill !== null && (
        <FillState
          fill={list.fill}
          problems={`/recipient-lists/${id}/problems`}
          csv={`/recipient-lists/${id}/problems.csv`}
        />
      )}
    </div>
  )
}

/** A new list made of a file: the file says its name, unless somebody else does. */
export function NewListDialog({ onClose, onMade }: { onClose: () => void; onMade: (list: RecipientList) => void }) {
  const { t } = useI18n()
  const fill = async (file: FileFilling, fileName: string) => {
    const name = fileName.replace(/\.[^.]{1,5}$/, '').slice(0, 100) || fileName
    const list = await api.post<RecipientList>('/recipient-lists', { name })
    await api.post(`/recipient-lists/${list.id}/fill`, { file })
    onMade(list)
  }
  return (
    <FileDialog
      title={t('campaigns.file.title')}
      fields
      submit={t('campaigns.file.make')}
      onFill={fill}
      onClose={onClose}
    />
  )
}

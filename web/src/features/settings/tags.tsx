import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { type Tag, TAG_COLORS, type UsageCount } from '#shared/api/lists.ts'
import { foldText } from '#shared/text.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { definedQuery } from '../../queries.ts'
import { queryClient } from '../../session/session.ts'
import { EmptyState, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import combo from '../../ui/combo.module.css'
import { TextField } from '../../ui/field.tsx'
import { TagChip, tagsQuery } from '../../ui/tag-picker.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { IconPencil, IconPlus, IconRotateClockwise, IconSearch, IconTag, IconTrash } from './icons.ts'
import css from './ordered-list.module.css'
import { Confirm, PageHead, Section } from './parts.tsx'
import { Refused } from './refusal.tsx'
import frame from './settings.module.css'
import { PageSkeleton } from './settings.tsx'
import { FormDialog } from './unsaved.tsx'

const deletedTagsQuery = definedQuery<Tag>('tags', { deleted: true })
const freshen = () => queryClient.invalidateQueries({ queryKey: ['tags'] })

/** Words by which the office sorts its contacts: named, coloured, deleted and brought back. */
export default function TagsPage() {
  const { t } = useI18n()
  const { data, error, refetch } = useQuery(tagsQuery)
  const deleted = useQuery(deletedTagsQuery).data?.items ?? []
  const [typed, setTyped] = useState('')
  const [open, setOpen] = useState<Tag | 'new' | null>(null)
  const [removing, setRemoving] = useState<Tag | null>(null)
  if (data === undefined)
    return error === null ? <PageSkeleton /> : <LoadFailed error={error} retry={() => void refetch()} />
  const words = foldText(typed).split(' ')
  const shown = data.items.filter((tag) => words.every((word) => foldText(tag.name).includes(word)))
  return (
    <div className={frame.page} data-testid="tags-page">
      <PageHead
        title={t('frame.settings.tags')}
        about={t('settings.tags.about')}
        actions={
          <Button look="primary" icon={<IconPlus size={17} />} onClick={() => setOpen('new')} data-testid="new-tag">
            {t('fields.tag.new')}
          </Button>
        }
      />
      {data.items.length > 12 && (
        <div className={frame.toolbar}>
          <label className={frame.search}>
            <IconSearch size={16} aria-hidden />
            <input
              type="search"
              dir="auto"
              value={typed}
              maxLength={60}
              placeholder={t('fields.tag.search')}
              aria-label={t('fields.tag.search')}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
          </label>
        </div>
      )}
      {data.items.length === 0 ? (
        <EmptyState
          icon={<IconTag size={26} />}
          title={t('fields.tag.empty.title')}
          text={t('fields.tag.empty.text')}
          action={<Button onClick={() => setOpen('new')}>{t('fields.tag.new')}</Button>}
        />
      ) : shown.length === 0 ? (
        <EmptyState icon={<IconSearch size={24} />} title={t('common.noResults')} />
      ) : (
        <ul className={css.tags}>
          {shown.map((tag) => (
            <li key={tag.id} className={css.tagRow}>
              <span>
                <TagChip tag={tag} />
              </span>
              <IconButton small label={t('fields.edit', { name: tag.name })} onClick={() => setOpen(tag)}>
                <IconPencil size={16} />
              </IconButton>
              <IconButton small label={t('fields.delete', { name: tag.name })} onClick={() => setRemoving(tag)}>
                <IconTrash size={16} />
              </IconButton>
            </li>
          ))}
        </ul>
      )}
      {deleted.length > 0 && (
        <Section title={t('fields.tag.deleted')} about={t('fields.tag.deleted.about')}>
          <ul className={css.tags}>
            {deleted.map((tag) => (
              <li key={tag.id} className={css.tagRow}>
                <span>
                  <TagChip tag={tag} />
                </span>
                <Button
                  small
                  icon={<IconRotateClockwise size={15} />}
                  aria-label={t('fields.tag.restore', { name: tag.name })}
                  onClick={() => void restore(tag, t('fields.restored', { name: tag.name }))}
                >
                  {t('fields.restore')}
                </Button>
              </li>
            ))}
          </ul>
        </Section>
      )}
      {open !== null && <TagDialog tag={open === 'new' ? null : open} onClose={() => setOpen(null)} />}
      {removing !== null && <DeleteTag tag={removing} onClose={() => setRemoving(null)} />}
    </div>
  )
}

async function restore(tag: Tag, told: string): Promise<void> {
  try {
    await api.post<Tag>(`/tags/${tag.id}/restore`)
    toast(told)
  } catch (error) {
    toastProblem(error)
  }
  await freshen()
}

function TagDialog({ tag, onClose }: { tag: Tag | null; onClose: () => void }) {
  const { t } = useI18n()
  const group = useId()
  const [name, setName] = useState(tag?.name ?? '')
  const [color, setColor] = useState<Tag['color']>(tag?.color ?? 'teal')
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const save = async () => {
    if (busy) return
    setBusy(true)
    refusal.clear()
    try {
      if (tag === null) await api.post<Tag>('/tags', { name, color })
      else await api.patch<Tag>(`/tags/${tag.id}`, { name, color })
      await freshen()
      toast(t(tag === null ? 'fields.tag.done.new' : 'common.saved', { name }))
      onClose()
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  return (
    <FormDialog
      title={tag === null ? t('fields.tag.new') : t('fields.edit', { name: tag.name })}
      dirty={name !== (tag?.name ?? '') || (tag !== null && color !== tag.color)}
      busy={busy}
      submit={t(tag === null ? 'common.create' : 'common.save')}
      onSubmit={() => void save()}
      onClose={onClose}
    >
      <TextField
        label={t('fields.tag.name')}
        value={name}
        maxLength={60}
        required
        autoComplete="off"
        error={refusal.field('name')}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <fieldset className={css.swatches}>
        <legend>{t('fields.tag.color')}</legend>
        {TAG_COLORS.map((one) => (
          <label key={one} data-on={one === color || undefined}>
            <input
              type="radio"
              className="visually-hidden"
              name={group}
              checked={one === color}
              onChange={() => setColor(one)}
            />
            <span className={`${combo.swatch} ${combo[one]}`} aria-hidden />
            {t(`fields.tag.color.${one}`)}
          </label>
        ))}
      </fieldset>
      <Refused refusal={refusal} shown={['name']} />
    </FormDialog>
  )
}

function DeleteTag({ tag, onClose }: { tag: Tag; onClose: () => void }) {
  const { t } = useI18n()
  const [busy, setBusy] = useState(false)
  const { data } = useQuery({
    queryKey: ['tags', 'usage', tag.id],
    queryFn: ({ signal }) => api.get<UsageCount>(`/tags/${tag.id}/usage`, {}, { signal }),
    staleTime: 0,
    gcTime: 0,
  })
  const remove = async () => {
    setBusy(true)
    try {
      await api.delete(`/tags/${tag.id}`)
    } catch (error) {
      setBusy(false)
      toastProblem(error)
      return
    }
    await freshen()
    toast(t('fields.tag.done.deleted', { name: tag.name }), {
      undo: () => void restore(tag, t('fields.restored', { name: tag.name })),
      ms: 15_000,
    })
    onClose()
  }
  return (
    <Confirm
      title={t('fields.tag.delete.title', { name: tag.name })}
      confirm={t('common.delete')}
      busy={busy || data === undefined}
      onConfirm={() => void remove()}
      onClose={onClose}
    >
      {data === undefined ? (
        <Skeleton height={40} />
      ) : (
        <>
          <p>{t(data.more ? 'fields.tag.delete.more' : 'fields.tag.delete.count', { count: data.count })}</p>
          <p>{t('fields.tag.delete.back')}</p>
        </>
      )}
    </Confirm>
  )
}

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type ListItem, type ListItemPatch, type ListName, LISTS, type UsageCount } from '#shared/api/lists.ts'
import { ApiProblem, api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { queryClient } from '../../session/session.ts'
import { Badge, Bidi, LoadFailed } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { listQuery } from '../fields/queries.ts'
import { IconBan, IconPencil, IconPlus, IconRotateClockwise, IconTrash } from './icons.ts'
import css from './ordered-list.module.css'
import { OrderedList } from './ordered-list.tsx'
import { PageHead, Section } from './parts.tsx'
import frame from './settings.module.css'
import { PageSkeleton } from './settings.tsx'

/** Short lists the office chooses from: where contacts come from, why deals are lost. */
export default function ListsPage() {
  const { t } = useI18n()
  return (
    <div className={frame.page} data-testid="lists-page">
      <PageHead title={t('frame.settings.lists')} about={t('settings.lists.about')} />
      {LISTS.map((list) => (
        <Section key={list} title={t(`fields.list.${list}`)} about={t(`fields.list.${list}.about`)}>
          <OneList list={list} />
        </Section>
      ))}
    </div>
  )
}

const freshen = (list: ListName) => queryClient.invalidateQueries({ queryKey: listQuery(list).queryKey })

async function change(item: ListItem, patch: ListItemPatch): Promise<boolean> {
  try {
    await api.patch<ListItem>(`/lists/${item.list}/${item.id}`, patch)
    return true
  } catch (error) {
    toastProblem(error)
    return false
  } finally {
    await freshen(item.list)
  }
}

function OneList({ list }: { list: ListName }) {
  const { t } = useI18n()
  const { data, error, refetch } = useQuery(listQuery(list))
  const [editing, setEditing] = useState<string | null>(null)
  if (data === undefined)
    return error === null ? <PageSkeleton /> : <LoadFailed error={error} retry={() => void refetch()} />
  const live = data.items.filter((item) => !item.retired)
  const retired = data.items.filter((item) => item.retired)
  const place = (item: ListItem, at: number) => {
    const order = live.filter((one) => one.id !== item.id).toSpliced(at, 0, item)
    queryClient.setQueryData(listQuery(list).queryKey, { items: [...order, ...retired] })
    // Places count all of the list; retired ones stand anywhere among them.
    const rest = data.items.filter((one) => one.id !== item.id)
    const next = order[at + 1]
    void change(item, { position: next === undefined ? rest.length : rest.findIndex((one) => one.id === next.id) })
  }
  return (
    <>
      {live.length === 0 ? (
        <p className={css.meta}>{t('fields.list.empty')}</p>
      ) : (
        <OrderedList items={live} onPlace={place}>
          {(item) =>
            editing === item.id ? (
              <Rename item={item} onClose={() => setEditing(null)} />
            ) : (
              <>
                <span className={css.name}>
                  <Bidi>{item.name}</Bidi>
                </span>
                <ItemTools item={item} onEdit={() => setEditing(item.id)} />
              </>
            )
          }
        </OrderedList>
      )}
      <AddItem list={list} />
      {retired.length > 0 && (
        <ul className={frame.rows}>
          {retired.map((item) => (
            <li key={item.id}>
              <div className={frame.rowText}>
                <b dir="auto">{item.name}</b>
              </div>
              <Badge>{t('fields.list.retired')}</Badge>
              <Button
                small
                icon={<IconRotateClockwise size={15} />}
                onClick={() => void change(item, { retired: false })}
                aria-label={t('fields.option.offer', { name: item.name })}
              >
                {t('fields.list.offer')}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

/** Renaming, retiring; what nothing has can be taken away whole. */
function ItemTools({ item, onEdit }: { item: ListItem; onEdit: () => void }) {
  const { t } = useI18n()
  const retire = async () => {
    if (!(await change(item, { retired: true }))) return
    toast(t('fields.list.done.retired', { name: item.name }), { undo: () => void change(item, { retired: false }) })
  }
  const remove = async () => {
    try {
      const { count, more } = await api.get<UsageCount>(`/lists/${item.list}/${item.id}/usage`)
      await api.delete(`/lists/${item.list}/${item.id}`)
      await freshen(item.list)
      const undo = () =>
        void api
          .post<ListItem>(`/lists/${item.list}`, { name: item.name })
          .then((made) => change(made, { position: item.position }), toastProblem)
      if (count === 0) toast(t('fields.list.done.deleted', { name: item.name }), { undo })
      // The server keeps what is in use and offers it no more.
      else
        toast(
          t(more ? `fields.list.done.kept.more.${item.list}` : `fields.list.done.kept.${item.list}`, {
            name: item.name,
            count,
          }),
          { undo: () => void change(item, { retired: false }) },
        )
    } catch (error) {
      toastProblem(error)
    }
  }
  return (
    <span className={css.tools}>
      <IconButton small label={t('fields.edit', { name: item.name })} onClick={onEdit}>
        <IconPencil size={16} />
      </IconButton>
      <IconButton small label={t('fields.option.retire', { name: item.name })} onClick={() => void retire()}>
        <IconBan size={16} />
      </IconButton>
      <IconButton small label={t('fields.delete', { name: item.name })} onClick={() => void remove()}>
        <IconTrash size={16} />
      </IconButton>
    </span>
  )
}

function Rename({ item, onClose }: { item: ListItem; onClose: () => void }) {
  const { t } = useI18n()
  const [name, setName] = useState(item.name)
  const save = async () => {
    if (name.trim() === '' || name === item.name || (await change(item, { name }))) onClose()
  }
  return (
    <form
      className={css.rename}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void save()
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onClose()
      }}
    >
      <TextField
        bare
        label={t('fields.edit', { name: item.name })}
        autoFocus
        value={name}
        maxLength={100}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Button small look="primary" type="submit">
        {t('common.save')}
      </Button>
      <Button small look="quiet" onClick={onClose}>
        {t('common.cancel')}
      </Button>
    </form>
  )
}

function AddItem({ list }: { list: ListName }) {
  const { t } = useI18n()
  const [name, setName] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | undefined>(undefined)
  const add = async () => {
    if (name.trim() === '' || busy) return
    setBusy(true)
    setProblem(undefined)
    try {
      await api.post<ListItem>(`/lists/${list}`, { name })
      await freshen(list)
      setName('')
    } catch (error) {
      if (error instanceof ApiProblem) setProblem(error.fields['name'] ?? error.message)
      else throw error
    } finally {
      setBusy(false)
    }
  }
  return (
    <form
      className={css.add}
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void add()
      }}
    >
      <TextField
        label={t(`fields.list.${list}.add`)}
        value={name}
        maxLength={100}
        autoComplete="off"
        error={problem}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Button type="submit" icon={<IconPlus size={16} />} busy={busy} disabled={name.trim() === ''}>
        {t('common.add')}
      </Button>
    </form>
  )
}

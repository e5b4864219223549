import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Tag } from '#shared/api/lists.ts'
import { foldText } from '#shared/text.ts'
import { api } from '../api.ts'
import { useI18n } from '../i18n.ts'
import { definedQuery } from '../queries.ts'
import { can, queryClient, useMe } from '../session/session.ts'
import { Bidi } from './bits.tsx'
import { ManyPicker, type PickerProps } from './choice-picker.tsx'
import css from './combo.module.css'
import { toastProblem } from './toast.tsx'
import { useEvent } from './use-event.ts'

export const tagsQuery = definedQuery<Tag>('tags')

/** Every tag by its id; empty until they have come. */
export function useTags(): ReadonlyMap<string, Tag> {
  return useQuery({ ...tagsQuery, select: byId }).data ?? NONE
}
const NONE: ReadonlyMap<string, Tag> = new Map()
const byId = (page: { items: Tag[] }): ReadonlyMap<string, Tag> => new Map(page.items.map((tag) => [tag.id, tag]))

/** A tag on its colour, which never says anything alone. */
export function TagChip({ tag }: { tag: Tag }) {
  return (
    <span className={`${css.tag} ${css[tag.color]}`}>
      <Bidi className="ellipsis">{tag.name}</Bidi>
    </span>
  )
}

/** A record's tags in their order; unknown ones (deleted) are left out. */
export function TagList({ ids, most }: { ids: readonly string[]; most?: number }) {
  const i = useI18n()
  const tags = useTags()
  const known = ids.map((id) => tags.get(id)).filter((tag) => tag !== undefined)
  const shown = known.slice(0, most ?? known.length)
  return (
    <>
      {shown.map((tag) => (
        <TagChip key={tag.id} tag={tag} />
      ))}
      {known.length > shown.length && (
        <span
          className={css.tag}
          title={known
            .slice(shown.length)
            .map((tag) => tag.name)
            .join('، ')}
        >
          {i.n(known.length - shown.length, { signDisplay: 'always' })}
        </span>
      )}
    </>
  )
}

/** Tags of a record: found by typing, and made by whoever may define them. */
export function TagPicker(props: Omit<PickerProps<string[]>, 'options'>) {
  const me = useMe()
  const tags = useTags()
  const add = useEvent((id: string) => {
    if (!props.value.includes(id)) props.onChange([...props.value, id])
  })
  const [making, setMaking] = useState(false)
  const options = [...tags.values()].map((tag) => ({
    id: tag.id,
    name: tag.name,
    className: `${css.tag} ${css[tag.color]}`,
    node: <TagChip tag={tag} />,
  }))
  const make = async (name: string) => {
    // Another desk may have made it while one typed.
    const known = [...tags.values()].find((tag) => foldText(tag.name) === foldText(name))
    setMaking(true)
    try {
      const tag = known ?? (await api.post<Tag>('/tags', { name }))
      queryClient.setQueryData<{ items: Tag[] }>(
        tagsQuery.queryKey,
        (page) => page && { items: [...page.items.filter((one) => one.id !== tag.id), tag] },
      )
      add(tag.id)
    } catch (error) {
      toastProblem(error)
    } finally {
      setMaking(false)
    }
  }
  return (
    <ManyPicker
      {...props}
      options={options}
      busy={making}
      {...(can(me, 'field.manage') && { onMake: (name: string) => void make(name) })}
    />
  )
}

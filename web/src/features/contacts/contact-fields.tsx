import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { CONTACT_KINDS } from '#shared/api/contacts.ts'
import type { CustomField } from '#shared/api/fields.ts'
import type { Tag } from '#shared/api/lists.ts'
import type { UserBrief } from '#shared/api/org.ts'
import { CONTACT_FIELDS } from '#shared/contact-fields.ts'
import { customFilterFields } from '#shared/filter.ts'
import { type I18n, useI18n } from '../../i18n.ts'
import { useMe, useUsers } from '../../session/session.ts'
import { Avatar, Bidi } from '../../ui/bits.tsx'
import { TagChip, useTags } from '../../ui/tag-picker.tsx'
import { fieldsQuery, useListItems } from '../fields/queries.ts'
import type { FieldChoice, ListField } from '../lists/list-field.ts'
import { KindIcon } from './identity-text.tsx'

/** All that a list of contacts can be filtered by, sorted by and shown with; the office's own fields behind ours. */
export function useContactFields(): { fields: readonly ListField[]; isReady: boolean } {
  const i = useI18n()
  const me = useMe()
  const users = useUsers()
  const tags = useTags()
  const sources = useListItems('source')
  const custom = useQuery(fieldsQuery)
  const fields = useMemo(() => {
    const choices: Record<string, readonly FieldChoice[]> = {
      kind: CONTACT_KINDS.map((kind) => kindChoice(i, kind)),
      responsibleId: userChoices(i, me.id, [...users.values()]),
      tagIds: [...tags.values()].map(tagChoice),
      sourceId: sources.map(({ id, name, retired }) => ({ id, name, retired })),
    }
    const own = CONTACT_FIELDS.map(
      ({ name, type, sortable = false, filterable = false, column = false, usual = false }): ListField => ({
        name,
        type,
        sortable,
        filterable,
        column,
        usual,
        label: i.maybe(`contacts.field.${name}`) ?? name,
        ...(choices[name] && { choices: choices[name] }),
        ...(name === 'company' && { contactKinds: ['company'] as const }),
      }),
    )
    const items = custom.data?.items.filter((item) => item.resource === 'contact') ?? []
    const known = customFilterFields(items)
    return [...own, ...items.flatMap((item, at) => customField(item, known[at]))]
  }, [i, me.id, users, tags, sources, custom.data])
  // A list whose conditions name fields that have not come yet would call them gone.
  return { fields, isReady: custom.data !== undefined || custom.isError }
}

function customField(item: CustomField, known: ReturnType<typeof customFilterFields>[number] | undefined): ListField[] {
  if (known === undefined) return []
  const { options: _, ...field } = known
  return [
    {
      ...field,
      label: item.name,
      column: true,
      usual: false,
      custom: true,
      ...(item.options.length > 0 && {
        choices: item.options.map(({ id, name, retired }) => ({ id, name, ...(retired === true && { retired }) })),
      }),
    },
  ]
}

const kindChoice = (i: I18n, kind: (typeof CONTACT_KINDS)[number]): FieldChoice => ({
  id: kind,
  name: i.t(`contacts.kind.${kind}`),
  node: (
    <>
      <KindIcon kind={kind} size={16} />
      {i.t(`contacts.kind.${kind}`)}
    </>
  ),
})

const tagChoice = (tag: Tag): FieldChoice => ({ id: tag.id, name: tag.name, node: <TagChip tag={tag} /> })

/** Oneself and nobody first; who has left is found only where they are chosen. */
function userChoices(i: I18n, meId: string, users: readonly UserBrief[]): FieldChoice[] {
  const others = users.filter((user) => user.id !== meId)
  return [
    { id: 'me', name: i.t('table.user.me') },
    { id: 'none', name: i.t('contacts.nobody') },
    ...others.map((user) => ({
      id: user.id,
      name: user.name,
      retired: !user.active,
      node: (
        <>
          <Avatar id={user.id} name={user.name} size={20} />
          <Bidi className="ellipsis">{user.name}</Bidi>
        </>
      ),
    })),
    // Links and views may name oneself by number.
    ...users.filter((user) => user.id === meId).map((user) => ({ id: user.id, name: user.name, retired: true })),
  ]
}

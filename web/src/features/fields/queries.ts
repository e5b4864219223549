import { useQuery } from '@tanstack/react-query'
import type { ContactKind } from '#shared/api/contacts.ts'
import type { CustomField, FieldResource } from '#shared/api/fields.ts'
import type { ListItem, ListName } from '#shared/api/lists.ts'
import { definedQuery } from '../../queries.ts'

/** Every custom field there is, in order; a change at any desk fetches them anew. */
export const fieldsQuery = definedQuery<CustomField>('fields')
/** Also those deleted that can be restored. */
export const allFieldsQuery = definedQuery<CustomField>('fields', { deleted: true })

export const listQuery = (list: ListName) => definedQuery<ListItem>('lists', {}, `lists/${list}`)

const NO_FIELDS: CustomField[] = []

/** The custom fields of a resource, of contacts those that this kind has. */
export function useFields(resource: FieldResource, kind?: ContactKind): CustomField[] {
  return (
    useQuery(fieldsQuery).data?.items.filter(
      (field) =>
        field.resource === resource &&
        field.deletedAt === undefined &&
        (kind === undefined || field.contactKinds.length === 0 || field.contactKinds.includes(kind)),
    ) ?? NO_FIELDS
  )
}

const NO_ITEMS: ListItem[] = []
/** The office's own list, also what is retired (still shown where it is set). */
export const useListItems = (list: ListName): ListItem[] => useQuery(listQuery(list)).data?.items ?? NO_ITEMS

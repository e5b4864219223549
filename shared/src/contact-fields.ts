import type { FieldType } from './api/fields.ts'
import type { ContactKind } from './api/contacts.ts'

/**
 * What is known of a contact, field by field: the one list that filters, sorting, columns, imports, exports and texts go
 * by. Custom fields join it under `field.<key>`. The name on screen stands under `contacts.field.<name>` in the texts.
 */
export interface ContactField {
  /** As in the API and in filters. */
  name: string
  type:
    | FieldType
    /** One of a few fixed values. */
    | 'kind'
    /** A user of Daftar; filters also take `me` and `none`. */
    | 'user'
    /** Ids of tags. */
    | 'tags'
    /** An item of the list of sources. */
    | 'source'
    /** A moment, not a day. */
    | 'moment'
    /** Numbers and addresses of one kind: `identity.phone`. */
    | 'identity'
  /** The kinds that have it; left out: all. */
  kinds?: readonly ContactKind[]
  sortable?: boolean
  filterable?: boolean
  /** May be a column of the list. */
  column?: boolean
  /** May be written by an import. */
  writable?: boolean
  /** Shown in the list unless its reader chose otherwise. */
  usual?: boolean
}

const all = { sortable: true, filterable: true, column: true } as const
const person: readonly ContactKind[] = ['person', 'lead', 'visitor']
const company: readonly ContactKind[] = ['company', 'lead']

export const CONTACT_FIELDS: readonly ContactField[] = [
  { name: 'name', type: 'text', ...all, writable: true, usual: true },
  { name: 'kind', type: 'kind', filterable: true, column: true, writable: true },
  { name: 'identity.phone', type: 'identity', filterable: true, column: true, writable: true, usual: true },
  { name: 'identity.email', type: 'identity', filterable: true, column: true, writable: true },
  { name: 'company', type: 'contact', kinds: person, filterable: true, column: true, writable: true, usual: true },
  { name: 'jobTitle', type: 'text', kinds: person, filterable: true, column: true, writable: true },
  { name: 'responsibleId', type: 'user', filterable: true, column: true, writable: true, usual: true },
  { name: 'sourceId', type: 'source', filterable: true, column: true, writable: true },
  { name: 'tagIds', type: 'tags', filterable: true, column: true, writable: true, usual: true },
  { name: 'city', type: 'text', filterable: true, column: true },
  { name: 'birthDate', type: 'date', kinds: person, ...all, writable: true },
  { name: 'nationalId', type: 'text', kinds: person, filterable: true, column: true, writable: true },
  { name: 'companyNumber', type: 'text', kinds: company, filterable: true, column: true, writable: true },
  { name: 'economicCode', type: 'text', kinds: company, filterable: true, column: true, writable: true },
  { name: 'registrationNumber', type: 'text', kinds: company, filterable: true, column: true, writable: true },
  { name: 'about', type: 'text', column: true, writable: true },
  { name: 'createdAt', type: 'moment', ...all },
  { name: 'updatedAt', type: 'moment', ...all, usual: true },
]

/** The name under which a custom field stands among the others. */
export const customName = (key: string): string => `field.${key}`

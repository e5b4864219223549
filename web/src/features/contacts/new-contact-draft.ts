import type { ContactBrief, ContactKind, ContactNew } from '#shared/api/contacts.ts'
import type { SimilarAsk } from '#shared/api/duplicates.ts'
import type { FieldValues } from '#shared/api/field-values.ts'
import { emptyIdentity, type TypedIdentity } from './identity-fields.tsx'

/** A new contact while it is filled in. */
export interface NewContactDraft {
  kind: ContactKind
  name: string
  jobTitle: string
  company: ContactBrief | null
  identities: TypedIdentity[]
  tagIds: string[]
  responsibleId: string
  /** The contact's own details by name. */
  details: FieldValues
  fields: FieldValues
  about: string
}

export const emptyDraft = (responsibleId: string): NewContactDraft => ({
  kind: 'person',
  name: '',
  jobTitle: '',
  company: null,
  identities: [emptyIdentity()],
  tagIds: [],
  responsibleId,
  details: {},
  fields: {},
  about: '',
})

export const givenIdentities = (draft: NewContactDraft): TypedIdentity[] =>
  draft.identities.filter((one) => one.value.trim() !== '')

/** What tells whether the contact is there already. */
export function similarAskOf(draft: NewContactDraft): SimilarAsk {
  const { nationalId, companyNumber } = draft.details
  return {
    name: draft.name,
    identities: givenIdentities(draft).map(({ kind, value }) => ({ kind, value })),
    ...(typeof nationalId === 'string' && { nationalId }),
    ...(typeof companyNumber === 'string' && { companyNumber }),
  }
}

/** Whether anything was typed that would be missed. */
export const isBegun = (draft: NewContactDraft): boolean =>
  draft.name.trim() !== '' ||
  draft.about.trim() !== '' ||
  draft.jobTitle.trim() !== '' ||
  draft.company !== null ||
  givenIdentities(draft).length > 0 ||
  [...Object.values(draft.details), ...Object.values(draft.fields)].some((value) => value !== null && value !== '')

/**
 * As the API takes it: only what the kind has. `offered`: details and custom fields that were on the form.
 * @param companyId of the company, once it is there
 */
export function newContactOf(
  draft: NewContactDraft,
  offered: { details: readonly string[]; fields: readonly string[] },
  companyId: string | null,
): ContactNew {
  const isCompany = draft.kind === 'company'
  const some = (values: FieldValues, names: readonly string[]): FieldValues =>
    Object.fromEntries(
      Object.entries(values).filter(([name, value]) => names.includes(name) && value !== null && value !== ''),
    )
  const fields = some(draft.fields, offered.fields)
  const title = draft.jobTitle.trim()
  return {
    kind: draft.kind,
    name: draft.name,
    responsibleId: draft.responsibleId === '' ? null : draft.responsibleId,
    identities: givenIdentities(draft).map(({ kind, value, use }) => ({ kind, value, use })),
    ...(draft.tagIds.length > 0 && { tagIds: draft.tagIds }),
    ...(draft.about.trim() !== '' && { about: draft.about.trim() }),
    ...some(draft.details, offered.details),
    ...(Object.keys(fields).length > 0 && { fields }),
    ...(!isCompany && title !== '' && { jobTitle: title }),
    ...(!isCompany &&
      companyId !== null && {
        relations: [{ kind: 'works_at' as const, toId: companyId, ...(title !== '' && { title }) }],
      }),
  }
}

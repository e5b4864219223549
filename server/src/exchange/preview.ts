import type { ImportPreview } from '#shared/api/operations.ts'
import { customName } from '#shared/contact-fields.ts'
import type { Draft } from './drafts.ts'

type Values = ImportPreview['items'][number]['values']

/** What a row says, target by target, as it is understood: numbers in their one form, days as days, names as written. */
export function previewOf(draft: Draft): Values {
  const values: Values = []
  const put = (target: string, value: unknown): void => {
    if (value !== undefined && value !== null && value !== '')
      values.push({ target, value: value as Values[number]['value'] })
  }
  put('name', draft.name)
  put('kind', draft.kind)
  for (const { kind, value } of draft.identities) put(`identity.${kind}`, value)
  put('company', draft.company)
  for (const [field, value] of Object.entries(draft.plain)) put(field, value)
  for (const { target, names } of draft.named) put(target, names.join('، '))
  for (const [part, value] of Object.entries(draft.address)) put(`address.${part}`, value)
  for (const [key, value] of Object.entries(draft.fields)) put(customName(key), value)
  put('note', draft.note)
  return values
}

import { queryOptions, useQuery } from '@tanstack/react-query'
import type { Contact } from '#shared/api/contacts.ts'
import type { ContactLanguage } from '#shared/api/templates.ts'
import { LOCALES } from '#shared/locales.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { queryClient } from '../../session/session.ts'
import { SelectField } from '../../ui/field.tsx'
import { toastProblem } from '../../ui/toast.tsx'

/** Under the contact's key, so that it is read again with the contact. */
const languageQuery = (id: string) =>
  queryOptions({
    queryKey: ['contact', id, 'language'],
    queryFn: ({ signal }) => api.get<ContactLanguage>(`/contacts/${id}/language`, {}, { signal }),
  })

/** In which language, calendar and digits ready texts are written to the contact. */
export function Language({ contact, mayEdit }: { contact: Contact; mayEdit: boolean }) {
  const { t } = useI18n()
  const query = languageQuery(contact.id)
  const { data } = useQuery({ ...query, enabled: contact.deletedAt === null })
  if (data === undefined || (!mayEdit && data.locale === null)) return null
  const change = async (next: ContactLanguage) => {
    queryClient.setQueryData(query.queryKey, next)
    try {
      await api.put(`/contacts/${contact.id}/language`, next)
    } catch (error) {
      toastProblem(error)
      await queryClient.invalidateQueries({ queryKey: query.queryKey })
    }
  }
  return (
    <SelectField
      label={t('contacts.language')}
      value={data.locale ?? ''}
      disabled={!mayEdit}
      options={[
        { value: '', label: t('contacts.language.office') },
        ...LOCALES.map((locale) => ({ value: locale, label: t(`contacts.language.${locale}`) })),
      ]}
      onChange={(event) =>
        void change({ locale: LOCALES.find((locale) => locale === event.currentTarget.value) ?? null })
      }
    />
  )
}

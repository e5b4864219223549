import type { Contact, ContactPatch } from '#shared/api/contacts.ts'
import type { FieldType } from '#shared/api/fields.ts'
import type { FieldValue } from '#shared/api/field-values.ts'
import { CONTACT_FIELDS } from '#shared/contact-fields.ts'
import { todayIn, yearsBetween } from '#shared/days.ts'
import { localDigits } from '#shared/text.ts'
import { useI18n } from '../../i18n.ts'
import { useFields, useListItems } from '../fields/queries.ts'
import { FieldRows, type FieldRowsProps } from '../fields/rows.tsx'
import { isEmpty, type ShownField } from '../fields/value-text.ts'
import { saveContact } from './contact-actions.ts'
import css from './contact.module.css'

/** The contact's own details that stand in the card, in this order; the others have places of their own. */
const DETAILS = [
  'jobTitle',
  'birthDate',
  'nationalId',
  'companyNumber',
  'economicCode',
  'registrationNumber',
  'sourceId',
] as const
type Detail = (typeof DETAILS)[number]
const isDetail = (name: string): name is Detail => DETAILS.some((one) => one === name)

/** What the kind has of them; what is set is shown in any case. */
export function useDetails(kind: Contact['kind'], values?: Pick<Contact, Detail>): ShownField[] {
  const { t } = useI18n()
  const sources = useListItems('source')
  return DETAILS.flatMap((name) => {
    const field = CONTACT_FIELDS.find((one) => one.name === name)
    const fits = field?.kinds === undefined || field.kinds.includes(kind)
    if (!fits && (values === undefined || isEmpty(values[name]))) return []
    const type: FieldType = name === 'sourceId' ? 'choice' : name === 'birthDate' ? 'date' : 'text'
    const options =
      name === 'sourceId' ? sources.map(({ id, name: label, retired }) => ({ id, name: label, retired })) : []
    return [{ key: name, name: t(`contacts.field.${name}`), type, options, help: '', required: false }]
  })
}

interface CardProps {
  contact: Contact
  mayEdit: boolean
}

/** The contact's details as rows: what each is, how it is drawn and stored. */
export function useDetailRows(contact: Contact): Omit<FieldRowsProps, 'mayEdit'> {
  const i = useI18n()
  const { t } = i
  const today = todayIn(i.timeZone)
  return {
    fields: useDetails(contact.kind, contact),
    values: Object.fromEntries(DETAILS.map((name) => [name, contact[name]])),
    latestOf: (field) => (field.key === 'birthDate' ? today : undefined),
    noteOf: (field, value) =>
      field.key === 'birthDate' && typeof value === 'string' && value <= today
        ? t('contacts.age', { count: yearsBetween(value, today, i.calendar) })
        : null,
    // Numbers of identity are copied and read out: as they stand, from left to right.
    viewOf: (field, value) =>
      typeof value === 'string' && field.type === 'text' && /^\d+$/.test(value) ? (
        <bdi dir="ltr" className="selectable">
          {i.digits === 'native' ? localDigits(value, i.locale) : value}
        </bdi>
      ) : undefined,
    onSave: (field, value) =>
      isDetail(field.key)
        ? saveContact(contact, patchOf(field.key, value), t('contacts.done.field', { name: field.name }))
        : Promise.resolve(null),
  }
}

/** What is known of a contact beside its numbers and addresses, each changed in its place. */
export function Details({ contact, mayEdit }: CardProps) {
  const { t } = useI18n()
  const rows = useDetailRows(contact)
  if (!mayEdit && rows.fields.every((field) => isEmpty(rows.values[field.key]))) return null
  return (
    <section className={css.card}>
      <header>
        <h2>{t('contacts.details')}</h2>
      </header>
      <FieldRows {...rows} mayEdit={mayEdit} />
    </section>
  )
}

function patchOf(name: Detail, value: FieldValue): ContactPatch {
  const text = typeof value === 'string' ? value.trim() : ''
  if (name === 'jobTitle') return { jobTitle: text }
  return { [name]: text === '' ? null : text }
}

/** The office's own fields of this kind of contact. */
export function CustomFields({ contact, mayEdit }: CardProps) {
  const { t } = useI18n()
  const fields = useFields('contact', contact.kind)
  if (fields.length === 0 || (!mayEdit && fields.every((field) => isEmpty(contact.fields[field.key])))) return null
  return (
    <section className={css.card} data-testid="custom-fields">
      <header>
        <h2>{t('contacts.fields')}</h2>
      </header>
      <FieldRows
        fields={fields}
        values={contact.fields}
        mayEdit={mayEdit}
        exceptIds={[contact.id]}
        errorName={(field) => `fields.${field.key}`}
        onSave={(field, value) =>
          saveContact(contact, { fields: { [field.key]: value } }, t('contacts.done.field', { name: field.name }))
        }
      />
    </section>
  )
}

import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { PageOf } from '#shared/api/common.ts'
import type { ContactBrief, ContactItem, ContactKind } from '#shared/api/contacts.ts'
import { api } from '../api.ts'
import { useI18n } from '../i18n.ts'
import { contactQuery } from '../queries.ts'
import { Avatar, Bidi, PhoneText } from './bits.tsx'
import { IconButton } from './button.tsx'
import type { PickerProps } from './choice-picker.tsx'
import { Combo } from './combo.tsx'
import css from './combo.module.css'
import { Field } from './field.tsx'
import { IconX } from './icons.ts'
import { useSettled } from './use-settled.ts'

/** The first few that fit the words, to choose one from. */
export const choicesQuery = (search: string, kinds?: readonly ContactKind[], limit = 8) =>
  queryOptions({
    queryKey: ['contacts', 'choices', search, kinds ?? null, limit],
    queryFn: ({ signal }) =>
      api.get<PageOf<ContactItem>>('/contacts', { search, kind: kinds?.join(','), limit }, { signal }),
    placeholderData: keepPreviousData,
  })

interface ContactPickerProps extends Omit<PickerProps<ContactBrief | null>, 'options'> {
  kinds?: readonly ContactKind[]
  /** Not offered: the record itself, those chosen already. */
  exceptIds?: readonly string[]
  /** Makes a contact of the name typed. */
  onMake?: (name: string) => void
}

/** One contact, found by name, number or address; with nothing typed the ones last heard of. */
export function ContactPicker({
  label,
  bare,
  help,
  error,
  required,
  disabled,
  autoFocus,
  placeholder,
  value,
  kinds,
  exceptIds = [],
  onChange,
  onMake,
  onLeave,
}: ContactPickerProps) {
  const { t } = useI18n()
  const [text, setText] = useState('')
  const [cleared, setCleared] = useState(false)
  const asked = useSettled(text.trim())
  const { data, isFetching } = useQuery({ ...choicesQuery(asked, kinds), enabled: value === null })
  const found = (data?.items ?? []).filter((one) => !exceptIds.includes(one.id))
  const name = text.trim()
  return (
    <Field label={label} bare={bare} help={help} error={error} required={required ?? false}>
      {(props) =>
        value === null ? (
          <Combo
            {...props}
            label={label}
            disabled={disabled}
            autoFocus={autoFocus === true || cleared}
            placeholder={placeholder}
            text={text}
            onText={setText}
            busy={isFetching || asked !== name}
            options={found.map((one) => ({
              id: one.id,
              node: (
                <>
                  <Avatar id={one.id} name={one.name} fileId={one.avatarFileId} size={24} />
                  <Bidi>{one.name}</Bidi>
                </>
              ),
              hint: <FirstIdentity contact={one} />,
            }))}
            onChoose={(id) => {
              const one = found.find((other) => other.id === id)
              if (one === undefined) return
              onChange({ id: one.id, kind: one.kind, name: one.name, avatarFileId: one.avatarFileId })
            }}
            {...(onMake !== undefined &&
              name !== '' && { make: { label: t('common.pick.make', { name }), run: () => onMake(name) } })}
            {...(onLeave && { onLeave })}
          />
        ) : (
          <div className={css.one}>
            <Avatar id={value.id} name={value.name} fileId={value.avatarFileId} size={24} />
            <Bidi className="ellipsis">{value.name}</Bidi>
            {disabled !== true && (
              <IconButton
                small
                id={props.id}
                label={t('common.pick.remove', { name: value.name })}
                onClick={() => {
                  setCleared(true)
                  onChange(null)
                }}
              >
                <IconX size={15} />
              </IconButton>
            )}
          </div>
        )
      }
    </Field>
  )
}

function FirstIdentity({ contact }: { contact: ContactItem }) {
  const one = contact.identities[0]
  if (one === undefined)
    return contact.company === null ? null : <Bidi className="ellipsis">{contact.company.name}</Bidi>
  if (one.kind === 'phone') return <PhoneText value={one.value} />
  return (
    <bdi dir="ltr" className="ellipsis">
      {one.display ?? one.value}
    </bdi>
  )
}

/** A contact known by its id alone, as a link; nothing is told of one that may not be seen. */
export function ContactName({ id, link = true }: { id: string; link?: boolean }) {
  const { t } = useI18n()
  const { data, error } = useQuery({ ...contactQuery(id), staleTime: 5 * 60_000, retry: false })
  if (error !== null) return <span>{t('common.unknown')}</span>
  const name = <Bidi className="ellipsis">{data?.name ?? '…'}</Bidi>
  return link ? (
    <Link to="/contacts/$id" params={{ id }}>
      {name}
    </Link>
  ) : (
    name
  )
}

/** As ContactPicker, where only the id is kept. */
export function ContactIdPicker({
  value,
  onChange,
  ...rest
}: Omit<ContactPickerProps, 'value' | 'onChange'> & { value: string | null; onChange: (id: string | null) => void }) {
  const { data } = useQuery({ ...contactQuery(value ?? ''), enabled: value !== null, retry: false })
  const { t } = useI18n()
  const brief: ContactBrief | null =
    value === null
      ? null
      : {
          id: value,
          kind: data?.kind ?? 'person',
          name: data?.name ?? t('common.unknown'),
          avatarFileId: data?.avatarFileId ?? null,
        }
  return <ContactPicker {...rest} value={brief} onChange={(next) => onChange(next?.id ?? null)} />
}

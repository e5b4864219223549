import { Link } from '@tanstack/react-router'
import { memo, type ReactNode } from 'react'
import type { ContactItem, Identity } from '#shared/api/contacts.ts'
import type { FieldValue } from '#shared/api/field-values.ts'
import { formatDay } from '#shared/dates.ts'
import { formatMoney } from '#shared/money.ts'
import { localDigits } from '#shared/text.ts'
import { type I18n, useI18n } from '../../i18n.ts'
import { useMoney } from '../../money.ts'
import { useUsers } from '../../session/session.ts'
import { Avatar, Badge, Bidi, TimeText } from '../../ui/bits.tsx'
import { ContactName } from '../../ui/contact-picker.tsx'
import { TagList } from '../../ui/tag-picker.tsx'
import { isSafeLink, linkText } from '../fields/value-text.ts'
import type { ListField } from '../lists/list-field.ts'
import css from './contacts.module.css'
import { IconCheck } from './icons.ts'
import { IdentityIcon, IdentityText, KindBadge, KindIcon } from './identity-text.tsx'

interface CellProps {
  item: ContactItem
  field: ListField
}

/** What a contact has in a column. */
export const ContactCell = memo(function ContactCell({ item, field }: CellProps) {
  const i = useI18n()
  switch (field.name) {
    case 'name':
      return <NameCell item={item} />
    case 'kind':
      return <KindBadge kind={item.kind} />
    case 'identity.phone':
      return <Identities identities={item.identities.filter((one) => one.kind === 'phone')} />
    case 'identity.email':
      return <Identities identities={item.identities.filter((one) => one.kind === 'email')} />
    case 'company':
      return item.company === null ? null : <Bidi className="ellipsis">{item.company.name}</Bidi>
    case 'responsibleId':
      return <Responsible id={item.responsibleId} />
    case 'tagIds':
      return <TagList ids={item.tagIds} most={3} />
    case 'sourceId':
      return <ChoiceText field={field} id={item.sourceId} />
    case 'birthDate':
      return item.birthDate === null ? null : <Day day={item.birthDate} />
    case 'createdAt':
    case 'updatedAt':
      return <TimeText at={item[field.name]} className={css.muted} />
    case 'nationalId':
    case 'companyNumber':
    case 'economicCode':
    case 'registrationNumber':
      return <Code i={i} value={item[field.name]} />
    case 'jobTitle':
    case 'city':
    case 'about':
      return <Text value={item[field.name]} />
    default:
      return <CustomCell field={field} value={item.fields[field.name.replace(/^field\./, '')]} />
  }
})

function NameCell({ item }: { item: ContactItem }) {
  return (
    <>
      <Avatar id={item.id} name={item.name} fileId={item.avatarFileId} size={26} />
      <NameLink item={item} />
      <KindMark item={item} />
    </>
  )
}

export function NameLink({ item }: { item: ContactItem }) {
  return (
    <Link
      to="/contacts/$id"
      params={{ id: item.id }}
      className={`${css.nameLink} ellipsis`}
      // Its own direction, so that a long name is cut at its end.
      dir="auto"
      data-testid={`contact-${item.id}`}
      preload={false}
    >
      {item.name}
    </Link>
  )
}

/** What is no person says what it is. */
export function KindMark({ item }: { item: ContactItem }) {
  const { t } = useI18n()
  if (item.kind === 'person') return null
  return (
    <span className={css.kindMark} data-kind={item.kind} title={t(`contacts.kind.${item.kind}`)}>
      <KindIcon kind={item.kind} size={15} />
      <span className="visually-hidden">{t(`contacts.kind.${item.kind}`)}</span>
    </span>
  )
}

export function Responsible({ id, bare }: { id: string | null; bare?: boolean }) {
  const { t } = useI18n()
  const users = useUsers()
  const user = id === null ? undefined : users.get(id)
  if (user === undefined) return null
  return (
    <>
      <Avatar id={user.id} name={user.name} size={20} />
      {bare === true ? (
        <span className="visually-hidden">
          {t('contacts.responsible')}: {user.name}
        </span>
      ) : (
        <Bidi className="ellipsis">{user.name}</Bidi>
      )}
    </>
  )
}

function Identities({ identities }: { identities: readonly Identity[] }) {
  const i = useI18n()
  const [first, ...others] = identities
  if (first === undefined) return null
  return (
    <span className={css.identity} title={identities.map((one) => one.display ?? one.value).join('\n')}>
      <span className="ellipsis">
        <IdentityText identity={first} />
      </span>
      {others.length > 0 && <small>{i.n(others.length, { signDisplay: 'always' })}</small>}
    </span>
  )
}

/** Numbers first, as one looks for people by them. */
const ORDER: Record<string, number> = { phone: 0, email: 1 }
/** The best way to reach a contact, with what kind it is. */
export function FirstWay({ item }: { item: ContactItem }) {
  const [first] = item.identities.toSorted((a, b) => (ORDER[a.kind] ?? 2) - (ORDER[b.kind] ?? 2))
  if (first === undefined) return item.company === null ? null : <Bidi className="ellipsis">{item.company.name}</Bidi>
  return (
    <span className={css.way}>
      <IdentityIcon kind={first.kind} size={14} />
      <span className="ellipsis">
        <IdentityText identity={first} />
      </span>
    </span>
  )
}

const Text = ({ value }: { value: string }) =>
  value === '' ? null : (
    <span className="ellipsis" dir="auto" title={value.length > 24 ? value.slice(0, 500) : undefined}>
      {value.slice(0, 300)}
    </span>
  )

/** Codes keep their order of digits; the digits are the reader's. */
function Code({ i, value }: { i: I18n; value: string | null }) {
  if (value === null || value === '') return null
  return (
    <bdi dir="ltr" className={css.code}>
      {i.digits === 'native' ? localDigits(value, i.locale) : value}
    </bdi>
  )
}

function Day({ day }: { day: string }) {
  const i = useI18n()
  return (
    <time dateTime={day} title={formatDay(day, i, 'full')}>
      {formatDay(day, i)}
    </time>
  )
}

function ChoiceText({ field, id }: { field: ListField; id: string | null }) {
  const name = field.choices?.find((one) => one.id === id)?.name
  return name === undefined ? null : <Bidi className="ellipsis">{name}</Bidi>
}

/** A custom field's value by its type. */
function CustomCell({ field, value }: { field: ListField; value: FieldValue | undefined }): ReactNode {
  const i = useI18n()
  const money = useMoney()
  if (value === undefined || value === null) return null
  if (typeof value === 'boolean')
    return value ? (
      <span className={css.yes}>
        <IconCheck size={15} aria-hidden />
        {i.t('common.yes')}
      </span>
    ) : (
      i.t('common.no')
    )
  if (typeof value === 'number') return <bdi>{i.n(value, { maximumFractionDigits: 10 })}</bdi>
  if (Array.isArray(value))
    return value.map((id) => (
      <Badge key={id}>
        <ChoiceText field={field} id={id} />
      </Badge>
    ))
  if (typeof value === 'object') return <bdi>{formatMoney(value, money)}</bdi>
  if (field.type === 'choice')
    return (
      <Badge>
        <ChoiceText field={field} id={value} />
      </Badge>
    )
  if (field.type === 'date') return <Day day={value} />
  if (field.type === 'contact') return <ContactName id={value} link={false} />
  if (field.type === 'link' && isSafeLink(value))
    return (
      <a href={value} target="_blank" rel="noreferrer" dir="ltr" className="ellipsis">
        {linkText(value, i)}
      </a>
    )
  return <Text value={value} />
}

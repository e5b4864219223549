import { type ReactNode, useId } from 'react'
import type { Contact } from '#shared/api/contacts.ts'
import type { FieldValue } from '#shared/api/field-values.ts'
import { MERGE_UNDO_DAYS, type Mergeable, saysNothing } from '#shared/merging.ts'
import { useI18n } from '../../i18n.ts'
import { useUsers } from '../../session/session.ts'
import { Avatar, Bidi, PhoneText } from '../../ui/bits.tsx'
import { TagList } from '../../ui/tag-picker.tsx'
import { IdentityIcon, IdentityText, KindBadge } from '../contacts/identity-text.tsx'
import { useListItems } from '../fields/queries.ts'
import { ValueView } from '../fields/value.tsx'
import type { ShownField } from '../fields/value-text.ts'
import css from './compare.module.css'
import type { Row, Side } from './comparing.ts'
import { IconCheck } from './icons.ts'

/** A value of the field as one reads it. */
function Value({ row, value }: { row: Row; value: FieldValue }) {
  const i = useI18n()
  const users = useUsers()
  const sources = useListItems('source')
  if (saysNothing(value) && row.name !== 'kind') return <span className={css.nothing}>{i.t('duplicates.nothing')}</span>
  if (row.custom) return <ValueView field={row.custom} value={value} />
  if (typeof value !== 'string') return null
  switch (row.name) {
    case 'avatar':
      return <Avatar id={value} name="" fileId={value} size={32} />
    case 'kind':
      return isKind(value) ? <KindBadge kind={value} /> : null
    case 'responsibleId':
      return <Bidi>{users.get(value)?.name ?? '…'}</Bidi>
    case 'sourceId':
      return <Bidi>{sources.find((source) => source.id === value)?.name ?? '…'}</Bidi>
    case 'birthDate':
      return <ValueView field={DATE} value={value} />
    case 'nationalId':
    case 'companyNumber':
    case 'economicCode':
    case 'registrationNumber':
      return <PhoneText value={value} />
    case 'about':
      return <Bidi className={css.text}>{value}</Bidi>
    default:
      return <Bidi>{value}</Bidi>
  }
}
const DATE: ShownField = { key: '', name: '', type: 'date', options: [], help: '', required: false }
const isKind = (value: string): value is Contact['kind'] =>
  value === 'person' || value === 'company' || value === 'lead' || value === 'visitor'

function useRowName(): (row: Row) => string {
  const { t } = useI18n()
  return (row) =>
    row.custom?.name ??
    (row.name === 'avatar' ? t('duplicates.field.avatar') : t(`contacts.field.${row.name}` as 'contacts.field.name'))
}

interface CompareRowsProps {
  rows: readonly Row[]
  names: Record<Side, string>
  chosen: (row: Row) => Side
  onChoose: (row: Row, side: Side) => void
}

/** Fields in which the two differ; where both say something, one chooses. What is the same is not shown. */
export function CompareRows({ rows, names, chosen, onChoose }: CompareRowsProps) {
  const { t } = useI18n()
  const nameOf = useRowName()
  const different = rows.filter((row) => row.choosable || saysNothing(row.one) !== saysNothing(row.two))
  const same = rows.length - different.length
  return (
    <div className={css.rows}>
      {different.map((row) => (
        <div key={row.name} className={css.row} role="group" aria-label={nameOf(row)} data-field={row.name}>
          <span className={css.label}>
            <Bidi>{nameOf(row)}</Bidi>
          </span>
          {(['one', 'two'] as const).map((side) => (
            <Cell
              key={side}
              row={row}
              side={side}
              owner={names[side]}
              on={row.choosable ? chosen(row) === side : !saysNothing(row[side])}
              onChoose={() => onChoose(row, side)}
            />
          ))}
        </div>
      ))}
      {same > 0 && <p className={css.explain}>{t('duplicates.same', { count: same })}</p>}
    </div>
  )
}

interface CellProps {
  row: Row
  side: Side
  /** Whose value it is, for those who listen. */
  owner: string
  on: boolean
  onChoose: () => void
}

function Cell({ row, side, owner, on, onChoose }: CellProps) {
  const id = useId()
  if (!row.choosable)
    return (
      <div className={css.cell} data-on={on || undefined}>
        {on ? <IconCheck size={15} aria-hidden /> : <span />}
        <span className={css.value}>
          <Value row={row} value={row[side]} />
        </span>
      </div>
    )
  return (
    <label className={css.cell} data-on={on || undefined} data-choice htmlFor={id}>
      <input id={id} type="radio" name={`merge-${row.name}`} value={side} checked={on} onChange={onChoose} />
      <span className={css.value}>
        <span className="visually-hidden">{owner}: </span>
        <Value row={row} value={row[side]} />
      </span>
    </label>
  )
}

/** What both bring: nothing of it is lost and nothing has to be chosen. */
export function JoinedRows({ one, two }: { one: Contact; two: Contact }) {
  const { t } = useI18n()
  const both = (name: string, show: (contact: Contact) => ReactNode, any: boolean) =>
    any && (
      <div className={css.row}>
        <span className={css.label}>{name}</span>
        <div className={css.joined}>{show(one)}</div>
        <div className={css.joined}>{show(two)}</div>
      </div>
    )
  const any = (list: (contact: Contact) => readonly unknown[]) => list(one).length + list(two).length > 0
  return (
    <section className={css.rows} aria-label={t('duplicates.joined')}>
      <h3 className={css.title}>{t('duplicates.joined')}</h3>
      {both(
        t('duplicates.identities'),
        (contact) => (
          <Identities contact={contact} />
        ),
        any((contact) => contact.identities),
      )}
      {both(
        t('contacts.field.tagIds'),
        (contact) => (
          <TagList ids={contact.tagIds} />
        ),
        any((contact) => contact.tagIds),
      )}
      {both(
        t('duplicates.relations'),
        (contact) => contact.relations.slice(0, SHOWN).map(({ id, other }) => <Bidi key={id}>{other.name}</Bidi>),
        any((contact) => contact.relations),
      )}
      <p className={css.explain}>{t('duplicates.joined.text')}</p>
    </section>
  )
}
const SHOWN = 6

function Identities({ contact }: { contact: Contact }) {
  const { t } = useI18n()
  const more = contact.identities.length - SHOWN
  return (
    <>
      {contact.identities.slice(0, SHOWN).map((identity) => (
        <span key={identity.id} className={css.identity}>
          <IdentityIcon kind={identity.kind} size={15} />
          <span>
            <IdentityText identity={identity} />
          </span>
        </span>
      ))}
      {more > 0 && <span className={css.nothing}>{t('contacts.list.more', { count: more })}</span>}
    </>
  )
}

interface ResultProps {
  result: Mergeable
  rows: readonly Row[]
  one: Contact
  two: Contact
}

/** The contact that will be there. */
export function Result({ result, rows, one, two }: ResultProps) {
  const { t } = useI18n()
  const nameOf = useRowName()
  const known = rows.filter((row) => !['name', 'kind', 'avatar'].includes(row.name) && !saysNothing(row.result))
  return (
    <section className={css.result} aria-label={t('duplicates.result')} data-testid="merge-result">
      <h3 className={css.title}>{t('duplicates.result')}</h3>
      <div className={css.resultHead}>
        <Avatar id={one.id} name={result.name} fileId={result.avatar} size={40} />
        <b>
          <Bidi>{result.name}</Bidi>
        </b>
        <KindBadge kind={result.kind} />
      </div>
      <dl className={css.facts}>
        {known.map((row) => (
          <div key={row.name}>
            <dt>
              <Bidi>{nameOf(row)}</Bidi>
            </dt>
            <dd>
              <Value row={row} value={row.result} />
            </dd>
          </div>
        ))}
        {result.tagIds.length > 0 && (
          <div>
            <dt>{t('contacts.field.tagIds')}</dt>
            <dd className={css.joined}>
              <TagList ids={result.tagIds} />
            </dd>
          </div>
        )}
      </dl>
      <p className={css.explain}>
        {t('duplicates.result.ways', { count: one.identities.length + two.identities.length })}{' '}
        {t('duplicates.result.undo', { days: MERGE_UNDO_DAYS })}
      </p>
    </section>
  )
}

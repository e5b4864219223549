import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { Contact, ContactBrief, ContactKind, Relation, RelationKind } from '#shared/api/contacts.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { useMe } from '../../session/session.ts'
import { Avatar, Bidi } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { ContactPicker } from '../../ui/contact-picker.tsx'
import { SelectField, TextField } from '../../ui/field.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import css from './contact.module.css'
import { freshen, placeContact } from './contact-actions.ts'
import { IconPlus, IconX } from './icons.ts'
import { FormProblem } from './problems.tsx'

type Side = `${RelationKind}.${Relation['direction']}`
/** What a relation is called from this side, in the order in which they are shown. */
const SIDES: readonly Side[] = [
  'works_at.to',
  'works_at.from',
  'belongs_to.to',
  'belongs_to.from',
  'referred_by.to',
  'referred_by.from',
]
/** Of a side with more than these the rest is shown on demand. */
const FEW = 6

const sideOf = ({ kind, direction }: Pick<Relation, 'kind' | 'direction'>): Side => `${kind}.${direction}`

/** Who may stand on the other side. */
function kindsOf(side: Side): readonly ContactKind[] | undefined {
  if (side === 'works_at.to' || side === 'belongs_to.to') return ['company']
  if (side === 'works_at.from') return ['person', 'lead']
  return undefined
}
/** What makes sense from here: companies have employees, people have a workplace. */
const offered = (kind: ContactKind): readonly Side[] =>
  kind === 'company'
    ? ['works_at.from', 'belongs_to.to', 'belongs_to.from', 'referred_by.to', 'referred_by.from']
    : ['works_at.to', 'belongs_to.to', 'referred_by.to', 'referred_by.from']

/** Where one works, who works here, who referred whom: both directions, each a step away. */
export function Relations({ contact, mayEdit }: { contact: Contact; mayEdit: boolean }) {
  const { t } = useI18n()
  const [adding, setAdding] = useState(false)
  if (contact.relations.length === 0 && !mayEdit) return null
  return (
    <section className={css.card}>
      <header>
        <h2>{t('contacts.relations')}</h2>
        {mayEdit && !adding && (
          <IconButton small label={t('contacts.relation.add')} onClick={() => setAdding(true)}>
            <IconPlus size={16} />
          </IconButton>
        )}
      </header>
      {contact.relations.length === 0 && !adding && (
        <p className={css.none}>
          {t(contact.kind === 'company' ? 'contacts.relations.empty.company' : 'contacts.relations.empty')}
        </p>
      )}
      {SIDES.map((side) => (
        <OneSide key={side} contact={contact} side={side} mayEdit={mayEdit} />
      ))}
      {adding && <AddRelation contact={contact} onClose={() => setAdding(false)} />}
    </section>
  )
}

function OneSide({ contact, side, mayEdit }: { contact: Contact; side: Side; mayEdit: boolean }) {
  const { t } = useI18n()
  const [all, setAll] = useState(false)
  const relations = contact.relations.filter((one) => sideOf(one) === side)
  if (relations.length === 0) return null
  const shown = all ? relations : relations.slice(0, FEW)
  return (
    <div className={css.relations}>
      <h3>{t(`contacts.relation.${side}`)}</h3>
      <ul>
        {shown.map((relation) => (
          <RelationLine key={relation.id} contact={contact} relation={relation} mayEdit={mayEdit} />
        ))}
      </ul>
      {relations.length > shown.length && (
        <Button small look="quiet" onClick={() => setAll(true)}>
          {t('contacts.list.more', { count: relations.length - shown.length })}
        </Button>
      )}
    </div>
  )
}

function RelationLine({ contact, relation, mayEdit }: { contact: Contact; relation: Relation; mayEdit: boolean }) {
  const { t } = useI18n()
  const { other } = relation
  const remove = async () => {
    try {
      placeContact(await api.delete<Contact>(`/contacts/${contact.id}/relations/${relation.id}`))
      freshen([other.id])
      toast(t('contacts.relation.removed', { name: other.name }), {
        undo: () => void relate(contact, other, relation).catch(toastProblem),
      })
    } catch (error) {
      toastProblem(error)
    }
  }
  return (
    <li className={css.relation}>
      <Link to="/contacts/$id" params={{ id: other.id }}>
        <Avatar id={other.id} name={other.name} fileId={other.avatarFileId} size={28} />
        <span>
          <Bidi>{other.name}</Bidi>
          {relation.title !== '' && (
            <small>
              <Bidi>{relation.title}</Bidi>
            </small>
          )}
        </span>
      </Link>
      {mayEdit && (
        <IconButton small label={t('contacts.relation.remove', { name: other.name })} onClick={() => void remove()}>
          <IconX size={15} />
        </IconButton>
      )}
    </li>
  )
}

/** Puts two contacts in relation, whichever of them stands on which side. */
async function relate(
  contact: Contact,
  other: Pick<ContactBrief, 'id'>,
  { kind, direction, title }: Pick<Relation, 'kind' | 'direction' | 'title'>,
): Promise<void> {
  const [from, to] = direction === 'to' ? [contact, other] : [other, contact]
  const answer = await api.post<Contact>(`/contacts/${from.id}/relations`, { kind, toId: to.id, title })
  placeContact(answer)
  freshen([to.id])
}

function AddRelation({ contact, onClose }: { contact: Contact; onClose: () => void }) {
  const { t } = useI18n()
  const me = useMe()
  const sides = offered(contact.kind)
  const [side, setSide] = useState<Side>(sides[0] ?? 'belongs_to.to')
  const [other, setOther] = useState<ContactBrief | null>(null)
  const [title, setTitle] = useState('')
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const [kind = 'works_at', direction = 'to'] = side.split('.') as [RelationKind, Relation['direction']]
  const withTitle = kind === 'works_at'
  const known = contact.relations.filter((one) => sideOf(one) === side).map((one) => one.other.id)
  const guard = async (work: () => Promise<void>) => {
    setBusy(true)
    refusal.clear()
    try {
      await work()
    } catch (error) {
      refusal.keep(error)
    } finally {
      setBusy(false)
    }
  }
  const make = (name: string) =>
    guard(async () => {
      const made = await api.post<Contact>('/contacts', {
        kind: kindsOf(side)?.[0] ?? 'person',
        name,
        responsibleId: me.id,
      })
      setOther(made)
    })
  const add = () =>
    guard(async () => {
      if (other === null) return
      await relate(contact, other, { kind, direction, title: withTitle ? title.trim() : '' })
      toast(t('contacts.relation.added', { name: other.name }))
      onClose()
    })
  return (
    <form
      className={css.addressForm}
      noValidate
      aria-label={t('contacts.relation.add')}
      onSubmit={(event) => {
        event.preventDefault()
        void add()
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return
        event.stopPropagation()
        onClose()
      }}
    >
      <SelectField
        label={t('contacts.relation.kind')}
        value={side}
        options={sides.map((value) => ({ value, label: t(`contacts.relation.pick.${value}`) }))}
        onChange={(event) => {
          const next = sides.find((one) => one === event.currentTarget.value)
          if (next === undefined) return
          setSide(next)
          setOther(null)
        }}
      />
      <ContactPicker
        label={t(`contacts.relation.${side}`)}
        value={other}
        autoFocus
        placeholder={t('contacts.search.hint')}
        exceptIds={[contact.id, ...known]}
        error={refusal.field('toId')}
        {...(kindsOf(side) && { kinds: kindsOf(side) ?? [] })}
        onChange={setOther}
        onMake={(name) => void make(name)}
      />
      {withTitle && (
        <TextField
          label={t('contacts.field.jobTitle')}
          value={title}
          maxLength={200}
          autoComplete="off"
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
      )}
      {refusal.problem !== null && refusal.field('toId') === undefined && <FormProblem problem={refusal.problem} />}
      <div className={css.buttons}>
        <Button small look="primary" type="submit" busy={busy} disabled={other === null}>
          {t('common.add')}
        </Button>
        <Button small look="quiet" onClick={onClose}>
          {t('common.cancel')}
        </Button>
      </div>
    </form>
  )
}

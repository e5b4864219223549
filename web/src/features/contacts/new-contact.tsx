import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import type { Contact, ContactKind } from '#shared/api/contacts.ts'
import type { FieldValue } from '#shared/api/field-values.ts'
import { todayIn } from '#shared/days.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { contactQuery } from '../../queries.ts'
import { queryClient, useMe, useUsers } from '../../session/session.ts'
import { Button } from '../../ui/button.tsx'
import { ContactPicker } from '../../ui/contact-picker.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { AreaField, SelectField, TextField } from '../../ui/field.tsx'
import { TagPicker } from '../../ui/tag-picker.tsx'
import { toast } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { SimilarContacts } from '../duplicates/similar-contacts.tsx'
import { FieldEditor } from '../fields/editor.tsx'
import { useFields } from '../fields/queries.ts'
import { isEmpty, type ShownField } from '../fields/value-text.ts'
import { useDetails } from './details.tsx'
import css from './dialogs.module.css'
import { IconChevronDown } from './icons.ts'
import { IdentityFields } from './identity-fields.tsx'
import { KindChoice } from './kind-choice.tsx'
import { newCompany } from './new-company.ts'
import {
  emptyDraft,
  givenIdentities,
  isBegun,
  type NewContactDraft,
  newContactOf,
  similarAskOf,
} from './new-contact-draft.ts'
import { FormProblem } from './problems.tsx'

/** What was begun and put aside: there again when one comes back. */
let putAside: NewContactDraft | null = null

interface NewContactProps {
  onClose: () => void
  /** What is known already. */
  start?: Partial<Pick<NewContactDraft, 'kind' | 'name' | 'company'>>
}

export function NewContactDialog({ onClose, start }: NewContactProps) {
  const { t } = useI18n()
  const me = useMe()
  const navigate = useNavigate()
  const form = useRef<HTMLFormElement>(null)
  const [draft, setDraft] = useState<NewContactDraft>(() =>
    start === undefined && putAside !== null ? putAside : { ...emptyDraft(me.id), ...start },
  )
  const [resumed, setResumed] = useState(() => start === undefined && putAside !== null)
  const [more, setMore] = useState(false)
  const [busy, setBusy] = useState(false)
  const [missing, setMissing] = useState<readonly string[]>([])
  const refusal = useRefusal()
  const custom = useFields('contact', draft.kind)
  const details = useDetails(draft.kind).filter((field) => field.key !== 'jobTitle')
  const change = (next: Partial<NewContactDraft>) => setDraft((before) => ({ ...before, ...next }))
  const done = useRef(false)
  const latest = useRef(draft)
  useEffect(() => {
    latest.current = draft
  })
  useEffect(
    () => () => {
      putAside = !done.current && isBegun(latest.current) ? latest.current : null
    },
    [],
  )

  const make = async () => {
    if (busy) return
    const empty = custom.filter((field) => field.required && isEmpty(draft.fields[field.key])).map(({ key }) => key)
    setMissing(empty)
    // What a field does not understand, or what is missing, is mended before anything is sent.
    const isWrong = refusal.problem === null && form.current?.querySelector('[aria-invalid="true"]')
    if (empty.length > 0 || isWrong) {
      requestAnimationFrame(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus())
      return
    }
    setBusy(true)
    refusal.clear()
    try {
      const { company } = draft
      let companyId = company?.id ?? null
      if (company !== null && companyId === '' && draft.kind !== 'company') {
        const made = await api.post<Contact>('/contacts', {
          kind: 'company',
          name: company.name,
          responsibleId: draft.responsibleId === '' ? null : draft.responsibleId,
        })
        companyId = made.id
        change({ company: made })
      }
      const offered = { details: details.map(({ key }) => key), fields: custom.map(({ key }) => key) }
      const contact = await api.post<Contact>('/contacts', newContactOf(draft, offered, companyId))
      done.current = true
      queryClient.setQueryData(contactQuery(contact.id).queryKey, contact)
      void queryClient.invalidateQueries({ queryKey: ['contacts'] })
      toast(t('contacts.new.done', { name: contact.name }))
      await navigate({ to: '/contacts/$id', params: { id: contact.id } })
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
      setMore(true)
    }
  }
  const { problem } = refusal
  const whole = problem !== null && (problem.code !== 'invalid_input' || Object.keys(problem.fields).length === 0)
  return (
    <Dialog
      title={t('contacts.new')}
      look="wide"
      onClose={onClose}
      footer={
        <>
          {resumed && (
            <Button
              look="quiet"
              className={css.startOver ?? ''}
              onClick={() => {
                setDraft(emptyDraft(me.id))
                setResumed(false)
              }}
            >
              {t('contacts.new.startOver')}
            </Button>
          )}
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" busy={busy} type="submit" form="new-contact">
            {t('common.create')}
          </Button>
        </>
      }
    >
      <form
        id="new-contact"
        ref={form}
        className={css.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void make()
        }}
      >
        <Essentials draft={draft} errorOf={refusal.field} onChange={change} />
        <SimilarContacts ask={similarAskOf(draft)} />
        {custom.some((field) => field.required) && (
          <div className={css.pair}>
            <Several
              fields={custom.filter((field) => field.required)}
              values={draft.fields}
              errorOf={(key) =>
                refusal.field(`fields.${key}`) ??
                (missing.includes(key) && isEmpty(draft.fields[key]) ? t('contacts.new.missing') : undefined)
              }
              onChange={(key, value) => change({ fields: { ...draft.fields, [key]: value } })}
            />
          </div>
        )}
        <button type="button" className={css.more} aria-expanded={more} onClick={() => setMore(!more)}>
          <IconChevronDown size={16} aria-hidden />
          {t('contacts.new.more')}
        </button>
        {more && (
          <>
            <div className={css.pair}>
              <Several
                fields={details}
                values={draft.details}
                errorOf={refusal.field}
                onChange={(key, value) => change({ details: { ...draft.details, [key]: value } })}
              />
              <Several
                fields={custom.filter((field) => !field.required)}
                values={draft.fields}
                errorOf={(key) => refusal.field(`fields.${key}`)}
                onChange={(key, value) => change({ fields: { ...draft.fields, [key]: value } })}
              />
            </div>
            <AreaField
              label={t('contacts.about')}
              rows={3}
              maxLength={5000}
              value={draft.about}
              error={refusal.field('about')}
              onChange={(event) => change({ about: event.currentTarget.value })}
            />
          </>
        )}
        {whole && <FormProblem problem={problem} onLeave={onClose} />}
      </form>
    </Dialog>
  )
}

const KINDS: readonly ContactKind[] = ['person', 'company', 'lead']

interface PartProps {
  draft: NewContactDraft
  errorOf: (name: string) => string | undefined
  onChange: (next: Partial<NewContactDraft>) => void
}

/** What one knows when somebody calls: who, where from, how to reach them. */
function Essentials({ draft, errorOf, onChange }: PartProps) {
  const { t } = useI18n()
  const users = useUsers()
  const given = givenIdentities(draft)
  return (
    <>
      <KindChoice value={draft.kind} kinds={KINDS} onChange={(kind) => onChange({ kind })} />
      <TextField
        label={t(draft.kind === 'company' ? 'contacts.convert.companyName' : 'contacts.name')}
        value={draft.name}
        maxLength={200}
        required
        autoFocus
        autoComplete="off"
        error={errorOf('name')}
        onChange={(event) => onChange({ name: event.currentTarget.value })}
      />
      {draft.kind !== 'company' && (
        <div className={css.pair}>
          <ContactPicker
            label={t('contacts.field.company')}
            placeholder={t('contacts.company.placeholder')}
            kinds={['company']}
            value={draft.company}
            error={errorOf('relations.0.toId')}
            onChange={(company) => onChange({ company })}
            onMake={(name) => onChange({ company: newCompany(name) })}
          />
          <TextField
            label={t('contacts.field.jobTitle')}
            value={draft.jobTitle}
            maxLength={200}
            autoComplete="off"
            error={errorOf('jobTitle')}
            onChange={(event) => onChange({ jobTitle: event.currentTarget.value })}
          />
        </div>
      )}
      <IdentityFields
        identities={draft.identities}
        onChange={(identities) => onChange({ identities })}
        errorOf={(key) => {
          const position = given.findIndex((one) => one.key === key)
          return position < 0 ? undefined : errorOf(`identities.${position}.value`)
        }}
      />
      <div className={css.pair}>
        <SelectField
          label={t('contacts.responsible')}
          value={draft.responsibleId}
          error={errorOf('responsibleId')}
          options={[
            { value: '', label: t('contacts.nobody') },
            ...[...users.values()].filter((user) => user.active).map((user) => ({ value: user.id, label: user.name })),
          ]}
          onChange={(event) => onChange({ responsibleId: event.currentTarget.value })}
        />
        <TagPicker
          label={t('contacts.field.tagIds')}
          placeholder={t('contacts.tags.placeholder')}
          value={draft.tagIds}
          error={errorOf('tagIds')}
          onChange={(tagIds) => onChange({ tagIds })}
        />
      </div>
    </>
  )
}

interface SeveralProps {
  fields: readonly ShownField[]
  values: NewContactDraft['fields']
  errorOf: (key: string) => string | undefined
  onChange: (key: string, value: FieldValue) => void
}
function Several({ fields, values, errorOf, onChange }: SeveralProps) {
  const { timeZone } = useI18n()
  return fields.map((field) => (
    <FieldEditor
      key={field.key}
      field={field}
      value={values[field.key]}
      error={errorOf(field.key)}
      latest={field.key === 'birthDate' ? todayIn(timeZone) : undefined}
      onChange={(value) => onChange(field.key, value)}
    />
  ))
}

import { useState } from 'react'
import type { Contact, ContactBrief, ContactKind } from '#shared/api/contacts.ts'
import type { DealNew } from '#shared/api/deals.ts'
import type { FieldValues, Money } from '#shared/api/field-values.ts'
import { ApiProblem, api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { can, useMe, useUsers } from '../../session/session.ts'
import { Button } from '../../ui/button.tsx'
import { OnePicker } from '../../ui/choice-picker.tsx'
import { ContactPicker } from '../../ui/contact-picker.tsx'
import { DateField } from '../../ui/date-field.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { AreaField, SelectField, TextField } from '../../ui/field.tsx'
import { MoneyField } from '../../ui/money-field.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { FieldEditor } from '../fields/editor.tsx'
import { useFields } from '../fields/queries.ts'
import { deleteDeal, makeDeal } from './deal-actions.ts'
import css from './dialogs.module.css'
import { useStages } from './queries.ts'

/** Nobody knows yet who a visitor is. */
export const DEAL_CONTACTS: readonly ContactKind[] = ['person', 'company', 'lead']

/** For the picker: whoever is not there yet becomes a lead at once. */
export function useMakeLead(onMade: (contact: ContactBrief) => void): { onMake?: (name: string) => void } {
  const me = useMe()
  if (!can(me, 'contact.edit')) return {}
  return {
    onMake: (name) =>
      void api
        .post<Contact>('/contacts', { kind: 'lead', name })
        .then(
          ({ id, kind, name: called, avatarFileId }) => onMade({ id, kind, name: called, avatarFileId }),
          toastProblem,
        ),
  }
}

interface Draft {
  contact: ContactBrief | null
  title: string
  stageId: string | null
  amount: Money | null
  expectedOn: string | null
  responsibleId: string | null
  note: string
  fields: FieldValues
}

/** Colleagues to choose from, oneself first. */
export function useColleagues(): { id: string; name: string }[] {
  const me = useMe()
  const users = [...useUsers().values()]
  return [...users.filter((user) => user.id === me.id), ...users.filter((user) => user.id !== me.id)]
}

export function NewDealDialog({ contact = null, onClose }: { contact?: ContactBrief | null; onClose: () => void }) {
  const { t } = useI18n()
  const me = useMe()
  const [draft, setDraft] = useState<Draft>({
    contact,
    title: '',
    stageId: null,
    amount: null,
    expectedOn: null,
    responsibleId: me.id,
    note: '',
    fields: {},
  })
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const stages = useStages().filter((stage) => !stage.retired && stage.outcome !== 'lost')
  const colleagues = useColleagues()
  const change = (part: Partial<Draft>) => setDraft((now) => ({ ...now, ...part }))
  const makeLead = useMakeLead((made) => change({ contact: made }))
  const errorOf = (name: string) => problem?.fields[name]
  const ready = draft.contact !== null && draft.title.trim() !== ''
  const save = async () => {
    if (!ready || draft.contact === null || busy) return
    setBusy(true)
    try {
      const deal = await makeDeal(inputOf(draft, draft.contact.id))
      toast(t('deals.done.made', { title: deal.title }), { undo: () => void deleteDeal(deal) })
      onClose()
    } catch (error) {
      setBusy(false)
      if (error instanceof ApiProblem) setProblem(error)
      else throw error
    }
  }
  return (
    <Dialog
      title={t('deals.new')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" busy={busy} disabled={!ready} onClick={() => void save()} data-testid="make-deal">
            {t('common.create')}
          </Button>
        </>
      }
    >
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <ContactPicker
          required
          label={t('deals.field.contactId')}
          kinds={DEAL_CONTACTS}
          value={draft.contact}
          error={errorOf('contactId')}
          onChange={(next) => change({ contact: next })}
          {...makeLead}
        />
        <TextField
          required
          autoFocus={contact !== null}
          label={t('deals.field.title')}
          value={draft.title}
          maxLength={200}
          error={errorOf('title')}
          onChange={(event) => change({ title: event.currentTarget.value })}
        />
        <div className={css.pair}>
          <MoneyField
            label={t('deals.field.amount')}
            value={draft.amount}
            error={errorOf('amount')}
            onChange={(amount) => change({ amount })}
          />
          <DateField
            label={t('deals.field.expectedOn')}
            value={draft.expectedOn}
            error={errorOf('expectedOn')}
            onChange={(expectedOn) => change({ expectedOn })}
          />
        </div>
        <div className={css.pair}>
          <SelectField
            label={t('deals.field.stageId')}
            value={draft.stageId ?? stages[0]?.id ?? ''}
            error={errorOf('stageId')}
            options={stages.map((stage) => ({ value: stage.id, label: stage.name }))}
            onChange={(event) => change({ stageId: event.currentTarget.value })}
          />
          <OnePicker
            label={t('deals.field.responsibleId')}
            value={draft.responsibleId}
            error={errorOf('responsibleId')}
            placeholder={t('deals.nobody')}
            options={colleagues}
            onChange={(responsibleId) => change({ responsibleId })}
          />
        </div>
        <MoreFields draft={draft} problem={problem} onChange={(fields) => change({ fields })} />
        <AreaField
          label={t('deals.field.note')}
          rows={2}
          value={draft.note}
          maxLength={5000}
          error={errorOf('note')}
          onChange={(event) => change({ note: event.currentTarget.value })}
        />
        {problem !== null && Object.keys(problem.fields).length === 0 && (
          <p className={css.problem} role="alert">
            {problem.message}
          </p>
        )}
        <button type="submit" hidden aria-hidden tabIndex={-1} />
      </form>
    </Dialog>
  )
}

function inputOf(draft: Draft, contactId: string): DealNew {
  const { title, stageId, amount, expectedOn, responsibleId, note, fields } = draft
  return {
    contactId,
    title,
    expectedOn,
    responsibleId,
    note,
    fields,
    ...(stageId !== null && { stageId }),
    ...(amount !== null && { amount }),
  }
}

/** The office's own fields: those that are asked for at once, the others on wish. */
function MoreFields({
  draft,
  problem,
  onChange,
}: {
  draft: Draft
  problem: ApiProblem | null
  onChange: (fields: FieldValues) => void
}) {
  const { t } = useI18n()
  const [all, setAll] = useState(false)
  const fields = useFields('deal')
  const shown = all ? fields : fields.filter((field) => field.required)
  return (
    <>
      {shown.map((field) => (
        <FieldEditor
          key={field.key}
          field={field}
          value={draft.fields[field.key]}
          error={problem?.fields[`fields.${field.key}`]}
          onChange={(value) => onChange({ ...draft.fields, [field.key]: value })}
        />
      ))}
      {shown.length < fields.length && (
        <div>
          <Button small look="quiet" onClick={() => setAll(true)}>
            {t('deals.fields.more')}
          </Button>
        </div>
      )}
    </>
  )
}

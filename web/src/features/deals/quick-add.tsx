import { useState } from 'react'
import type { ContactBrief } from '#shared/api/contacts.ts'
import type { DealStage } from '#shared/api/deals.ts'
import type { Money } from '#shared/api/field-values.ts'
import { ApiProblem } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { useMe } from '../../session/session.ts'
import { Button } from '../../ui/button.tsx'
import { ContactPicker } from '../../ui/contact-picker.tsx'
import { Field } from '../../ui/field.tsx'
import { MoneyField } from '../../ui/money-field.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { deleteDeal, makeDeal } from './deal-actions.ts'
import css from './deals.module.css'
import { DEAL_CONTACTS, useMakeLead } from './new-deal.tsx'

/** The shortest way to a card: whom, what, how much. Stays open for the next one. */
export function QuickAdd({ stage, onClose }: { stage: DealStage; onClose: () => void }) {
  const { t } = useI18n()
  const me = useMe()
  const [contact, setContact] = useState<ContactBrief | null>(null)
  const [title, setTitle] = useState('')
  const [amount, setAmount] = useState<Money | null>(null)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  // A new one begins with an empty form.
  const [round, setRound] = useState(0)
  const makeLead = useMakeLead(setContact)
  const add = async () => {
    if (contact === null || title.trim() === '' || busy) return
    setBusy(true)
    try {
      const input = { contactId: contact.id, title, stageId: stage.id, responsibleId: me.id }
      const deal = await makeDeal({ ...input, ...(amount !== null && { amount }) })
      toast(t('deals.done.made', { title: deal.title }), { undo: () => void deleteDeal(deal) })
      setContact(null)
      setTitle('')
      setAmount(null)
      setProblem(null)
      setRound(round + 1)
    } catch (error) {
      if (error instanceof ApiProblem) setProblem(error)
      else toastProblem(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form
      className={css.quick}
      aria-label={t('deals.newIn', { stage: stage.name })}
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
      <ContactPicker
        key={round}
        bare
        autoFocus
        label={t('deals.field.contactId')}
        placeholder={t('deals.field.contactId')}
        kinds={DEAL_CONTACTS}
        value={contact}
        error={problem?.fields['contactId']}
        onChange={setContact}
        {...makeLead}
      />
      <Field bare label={t('deals.quick.title')} error={problem?.fields['title']}>
        {(props) => (
          <input
            {...props}
            dir="auto"
            placeholder={t('deals.quick.title')}
            value={title}
            maxLength={200}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
        )}
      </Field>
      <MoneyField
        bare
        label={t('deals.field.amount')}
        placeholder={t('deals.field.amount')}
        value={amount}
        error={problem?.fields['amount']}
        onChange={setAmount}
      />
      {problem !== null && Object.keys(problem.fields).length === 0 && <p role="alert">{problem.message}</p>}
      <span className={css.quickButtons}>
        <Button small look="primary" type="submit" busy={busy} disabled={contact === null || title.trim() === ''}>
          {t('deals.quick.add')}
        </Button>
        <Button small look="quiet" onClick={onClose}>
          {t('common.close')}
        </Button>
      </span>
    </form>
  )
}

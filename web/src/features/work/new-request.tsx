import { useState } from 'react'
import type { ContactBrief } from '#shared/api/contacts.ts'
import type { RequestNew, WorkRequest } from '#shared/api/work.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { queryClient, useMe } from '../../session/session.ts'
import { Button } from '../../ui/button.tsx'
import { OnePicker } from '../../ui/choice-picker.tsx'
import { ContactPicker } from '../../ui/contact-picker.tsx'
import { DateField } from '../../ui/date-field.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { AreaField, TextField } from '../../ui/field.tsx'
import { toast } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { useColleagues } from '../deals/new-deal.tsx'
import { codeText } from './code.tsx'
import css from './work.module.css'

/** Registers a request; without a code typed it gets the next one. */
export function NewRequestDialog({ contact = null, onClose }: { contact?: ContactBrief | null; onClose: () => void }) {
  const i = useI18n()
  const { t } = i
  const me = useMe()
  const colleagues = useColleagues()
  const refusal = useRefusal()
  const [busy, setBusy] = useState(false)
  const [whom, setWhom] = useState<ContactBrief | null>(contact)
  const [input, setInput] = useState({
    code: '',
    subject: '',
    text: '',
    dueOn: null as string | null,
    assigneeId: me.id,
  })
  const change = (part: Partial<typeof input>) => setInput((now) => ({ ...now, ...part }))
  const ready = input.text.trim() !== ''
  const save = async () => {
    if (!ready || busy) return
    setBusy(true)
    refusal.clear()
    const { code, ...rest } = input
    const body: RequestNew = { ...rest, contactId: whom?.id ?? null, ...(code.trim() !== '' && { code: code.trim() }) }
    try {
      const made = await api.post<WorkRequest>('/requests', body)
      void queryClient.invalidateQueries({ queryKey: ['requests'] })
      toast(t('work.requests.made', { code: codeText(i, made.code) }))
      onClose()
    } catch (error) {
      setBusy(false)
      refusal.keep(error)
    }
  }
  return (
    <Dialog
      title={t('work.requests.new')}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" busy={busy} disabled={!ready} onClick={() => void save()} data-testid="make-request">
            {t('work.requests.register')}
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
          label={t('work.field.contact')}
          value={whom}
          error={refusal.field('contactId')}
          onChange={setWhom}
        />
        <TextField
          label={t('work.field.subject')}
          value={input.subject}
          maxLength={200}
          onChange={(event) => change({ subject: event.currentTarget.value })}
        />
        <AreaField
          required
          label={t('work.field.text')}
          value={input.text}
          maxLength={5000}
          error={refusal.field('text')}
          onChange={(event) => change({ text: event.currentTarget.value })}
        />
        <div className={css.pair}>
          <OnePicker
            label={t('work.field.assignee')}
            value={input.assigneeId}
            options={colleagues}
            error={refusal.field('assigneeId')}
            onChange={(id) => change({ assigneeId: id ?? me.id })}
          />
          <DateField
            label={t('work.field.due')}
            value={input.dueOn}
            error={refusal.field('dueOn')}
            onChange={(dueOn) => change({ dueOn })}
          />
        </div>
        <TextField
          label={t('work.field.code')}
          help={t('work.field.code.help')}
          dir="ltr"
          value={input.code}
          maxLength={40}
          error={refusal.field('code')}
          onChange={(event) => change({ code: event.currentTarget.value })}
        />
        {refusal.problem !== null && Object.keys(refusal.problem.fields).length === 0 && (
          <p className={css.problem} role="alert">
            {refusal.problem.message}
          </p>
        )}
      </form>
    </Dialog>
  )
}

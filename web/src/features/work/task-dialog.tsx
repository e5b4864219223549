import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ContactBrief } from '#shared/api/contacts.ts'
import type { Task, TaskNew } from '#shared/api/work.ts'
import { todayIn } from '#shared/days.ts'
import { instantsOf } from '#shared/filter-dates.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { can, queryClient, useMe } from '../../session/session.ts'
import { Button } from '../../ui/button.tsx'
import { OnePicker } from '../../ui/choice-picker.tsx'
import { ContactPicker } from '../../ui/contact-picker.tsx'
import { DateField } from '../../ui/date-field.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { AreaField, TextField } from '../../ui/field.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { useColleagues } from '../deals/new-deal.tsx'
import { taskQuery } from './queries.ts'
import css from './work.module.css'

/** A new task, or one that is there. */
export function TaskDialog({
  id,
  contact = null,
  onClose,
}: {
  id?: string
  contact?: ContactBrief | null
  onClose: () => void
}) {
  const { t } = useI18n()
  const { data, error } = useQuery({ ...taskQuery(id ?? ''), enabled: id !== undefined })
  if (id === undefined || data !== undefined)
    return <Form task={data ?? null} contact={data?.contact ?? contact} onClose={onClose} />
  return (
    <Dialog title={t('work.tasks.title')} onClose={onClose}>
      <p aria-busy={error === null}>{error === null ? t('common.loading') : t('work.gone')}</p>
    </Dialog>
  )
}

function Form({ task, contact, onClose }: { task: Task | null; contact: ContactBrief | null; onClose: () => void }) {
  const i = useI18n()
  const { t } = i
  const me = useMe()
  const colleagues = useColleagues()
  const refusal = useRefusal()
  const [busy, setBusy] = useState(false)
  const [whom, setWhom] = useState<ContactBrief | null>(contact)
  const [input, setInput] = useState({
    title: task?.title ?? '',
    text: task?.text ?? '',
    dueOn: task?.dueAt ? todayIn(i.timeZone, new Date(task.dueAt)) : null,
    assigneeId: task?.assigneeId ?? me.id,
  })
  const change = (part: Partial<typeof input>) => setInput((now) => ({ ...now, ...part }))
  const mayEdit = can(me, 'task.edit')
  const ready = mayEdit && input.title.trim() !== ''
  const attempt = async (work: () => Promise<unknown>) => {
    if (busy) return
    setBusy(true)
    refusal.clear()
    try {
      await work()
      void queryClient.invalidateQueries({ queryKey: ['tasks'] })
      onClose()
    } catch (error) {
      setBusy(false)
      refusal.keep(error)
    }
  }
  const save = () => {
    if (!ready) return
    const { dueOn, ...rest } = input
    // Due at the end of the day; a moment set by a program stays while the day is the same.
    const kept = task?.dueAt && dueOn === todayIn(i.timeZone, new Date(task.dueAt)) ? task.dueAt : null
    const end = dueOn === null ? null : new Date(instantsOf(dueOn, i).until.getTime() - 60_000).toISOString()
    const dueAt = kept ?? end
    const body: TaskNew = { ...rest, dueAt, contactId: whom?.id ?? null }
    void attempt(() => (task === null ? api.post('/tasks', body) : api.patch(`/tasks/${task.id}`, body)))
  }
  return (
    <Dialog
      title={t(task === null ? 'work.tasks.new' : 'work.tasks.one')}
      onClose={onClose}
      footer={
        <>
          {task !== null && mayEdit && (
            <Button look="quiet" onClick={() => void attempt(() => api.delete(`/tasks/${task.id}`))}>
              {t('common.delete')}
            </Button>
          )}
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button look="primary" busy={busy} disabled={!ready} onClick={save} data-testid="save-task">
            {t(task === null ? 'common.create' : 'common.save')}
          </Button>
        </>
      }
    >
      <form
        className={css.form}
        onSubmit={(event) => {
          event.preventDefault()
          save()
        }}
      >
        <TextField
          required
          autoFocus
          label={t('work.field.title')}
          value={input.title}
          maxLength={200}
          error={refusal.field('title')}
          onChange={(event) => change({ title: event.currentTarget.value })}
        />
        <AreaField
          label={t('work.field.note')}
          value={input.text}
          maxLength={5000}
          onChange={(event) => change({ text: event.currentTarget.value })}
        />
        <ContactPicker
          label={t('work.field.contact')}
          value={whom}
          error={refusal.field('contactId')}
          onChange={setWhom}
        />
        <div className={css.pair}>
          <OnePicker
            label={t('work.field.assignee')}
            value={input.assigneeId}
            options={colleagues}
            error={refusal.field('assigneeId')}
            onChange={(chosen) => change({ assigneeId: chosen ?? me.id })}
          />
          <DateField label={t('work.field.due')} value={input.dueOn} onChange={(dueOn) => change({ dueOn })} />
        </div>
        {refusal.problem !== null && Object.keys(refusal.problem.fields).length === 0 && (
          <p className={css.problem} role="alert">
            {refusal.problem.message}
          </p>
        )}
      </form>
    </Dialog>
  )
}

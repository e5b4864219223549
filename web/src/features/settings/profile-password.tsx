import { useState } from 'react'
import { patchMe } from '../../session/session.ts'
import { useI18n } from '../../i18n.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { queryClient } from '../../session/session.ts'
import { toast } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { Section } from './parts.tsx'
import { sessionsQuery } from './queries.ts'
import { Refused } from './refusal.tsx'
import frame from './settings.module.css'
import { UnsavedGuard } from './unsaved.tsx'

export function PasswordSection() {
  const { t } = useI18n()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const save = async () => {
    setBusy(true)
    refusal.clear()
    try {
      await patchMe({ password: { current, new: next } })
      setCurrent('')
      setNext('')
      toast(t('settings.password.done'))
      void queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey })
    } catch (error) {
      refusal.keep(error)
    } finally {
      setBusy(false)
    }
  }
  const weak = refusal.problem?.code === 'weak_password'
  const typed = current !== '' || next !== ''
  return (
    <Section title={t('settings.password')} about={t('settings.password.about')}>
      <UnsavedGuard dirty={typed && !busy} />
      <form
        className={frame.form}
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <div className={frame.fields}>
          <TextField
            label={t('settings.password.current')}
            type="password"
            dir="ltr"
            autoComplete="current-password"
            value={current}
            maxLength={1000}
            error={refusal.field('password.current')}
            onChange={(event) => setCurrent(event.currentTarget.value)}
          />
          <TextField
            label={t('settings.password.new')}
            help={t('settings.password.new.help')}
            type="password"
            dir="ltr"
            autoComplete="new-password"
            value={next}
            maxLength={1000}
            error={weak ? refusal.problem?.message : refusal.field('password.new')}
            onChange={(event) => setNext(event.currentTarget.value)}
          />
        </div>
        {!weak && <Refused refusal={refusal} shown={['password.current', 'password.new']} />}
        <div className={frame.buttons}>
          <Button type="submit" busy={busy} disabled={current === '' || next === ''}>
            {t('settings.password.do')}
          </Button>
        </div>
      </form>
    </Section>
  )
}

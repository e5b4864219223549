import { useState } from 'react'
import type { RecoveryCodes } from '#shared/api/session.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { meQuery, queryClient, useMe } from '../../session/session.ts'
import { Badge } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { TextField } from '../../ui/field.tsx'
import { toast } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { FactorSetup } from '../account/factor-setup.tsx'
import { RecoveryCodeList } from '../account/recovery-codes.tsx'
import { Section } from './parts.tsx'
import { sessionsQuery } from './queries.ts'
import { Refused } from './refusal.tsx'
import frame from './settings.module.css'
import { FormDialog } from './unsaved.tsx'

type Task = 'on' | 'off' | 'codes'

/** The second factor of one's own account. */
export function FactorSection() {
  const { t } = useI18n()
  const { secondFactor } = useMe()
  const [task, setTask] = useState<Task | null>(null)
  const close = () => {
    setTask(null)
    void queryClient.invalidateQueries({ queryKey: meQuery.queryKey })
    void queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey })
  }
  return (
    <Section
      title={t('people.factor')}
      about={t('people.factor.about')}
      actions={
        <Badge tone={secondFactor.on ? 'ok' : 'neutral'}>
          {t(secondFactor.on ? 'people.factor.on' : 'people.factor.off')}
        </Badge>
      }
    >
      {secondFactor.on ? (
        <>
          <p className={frame.explain}>{t('people.factor.codesLeft', { count: secondFactor.recoveryCodesLeft })}</p>
          <div className={frame.buttons}>
            <Button onClick={() => setTask('codes')}>{t('people.factor.newCodes')}</Button>
            <Button onClick={() => setTask('off')}>{t('people.factor.switchOff')}</Button>
          </div>
        </>
      ) : (
        <div className={frame.buttons}>
          <Button look="primary" onClick={() => setTask('on')} data-testid="factor-on">
            {t('people.factor.switchOn')}
          </Button>
        </div>
      )}
      {task === 'on' && (
        <Dialog title={t('people.factor')} onClose={close}>
          <FactorSetup onDone={close} />
        </Dialog>
      )}
      {(task === 'off' || task === 'codes') && <Proof task={task} onClose={close} />}
    </Section>
  )
}

/** Password and a code: only who holds both changes the factor. */
function Proof({ task, onClose }: { task: 'off' | 'codes'; onClose: () => void }) {
  const { t } = useI18n()
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [codes, setCodes] = useState<string[] | null>(null)
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const send = async () => {
    setBusy(true)
    refusal.clear()
    try {
      if (task === 'codes') {
        setCodes((await api.post<RecoveryCodes>('/me/second-factor/recovery-codes', { password, code })).codes)
      } else {
        await api.post('/me/second-factor/off', { password, code })
        toast(t('people.factor.isOff'))
        onClose()
      }
    } catch (error) {
      refusal.keep(error)
    } finally {
      setBusy(false)
    }
  }
  const title = t(task === 'off' ? 'people.factor.switchOff' : 'people.factor.newCodes')
  if (codes !== null) {
    return (
      <Dialog title={title} onClose={onClose}>
        <RecoveryCodeList codes={codes} onDone={onClose} />
      </Dialog>
    )
  }
  return (
    <FormDialog title={title} dirty={false} busy={busy} submit={title} onSubmit={() => void send()} onClose={onClose}>
      {task === 'off' && <p>{t('people.factor.off.text')}</p>}
      <TextField
        label={t('people.factor.password')}
        type="password"
        dir="ltr"
        autoComplete="current-password"
        value={password}
        required
        maxLength={1000}
        error={refusal.field('password')}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <TextField
        label={t('people.factor.codeOrRecovery')}
        dir="ltr"
        autoComplete="one-time-code"
        value={code}
        required
        maxLength={60}
        error={refusal.field('code')}
        onChange={(event) => setCode(event.currentTarget.value)}
      />
      <Refused refusal={refusal} shown={['password', 'code']} />
    </FormDialog>
  )
}

import { type FormEvent, useState } from 'react'
import type { RecoveryCodes, SecondFactorKey } from '#shared/api/session.ts'
import { ApiProblem, api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import css from './account.module.css'
import { RecoveryCodeList } from './recovery-codes.tsx'

/** Step by step: the password again, the key into the app, a code of it, the recovery codes to keep. */
export function FactorSetup({ onDone }: { onDone: () => void }) {
  const { t } = useI18n()
  const [key, setKey] = useState<SecondFactorKey | null>(null)
  const [codes, setCodes] = useState<string[] | null>(null)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true)
    setProblem(null)
    try {
      await work()
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  const field = (event: FormEvent<HTMLFormElement>, name: string): string => {
    event.preventDefault()
    return String(new FormData(event.currentTarget).get(name) ?? '')
  }
  if (codes !== null) return <RecoveryCodeList codes={codes} onDone={onDone} />
  if (key === null) {
    return (
      <form
        className={css.steps}
        onSubmit={(event) => {
          const password = field(event, 'password')
          void attempt(async () => setKey(await api.post<SecondFactorKey>('/me/second-factor', { password })))
        }}
      >
        <TextField
          label={t('people.factor.password')}
          name="password"
          type="password"
          dir="ltr"
          autoComplete="current-password"
          autoFocus
          required
          maxLength={1000}
          error={problem?.fields['password'] ?? problem?.message}
        />
        <Button type="submit" look="primary" busy={busy}>
          {t('people.factor.begin')}
        </Button>
      </form>
    )
  }
  return (
    <form
      className={css.steps}
      onSubmit={(event) => {
        const code = field(event, 'code')
        void attempt(async () => setCodes((await api.post<RecoveryCodes>('/me/second-factor/confirm', { code })).codes))
      }}
    >
      <ol className={css.how}>
        <li>{t('people.factor.step.app')}</li>
        <li>
          {t('people.factor.step.scan')}
          {/* Made by our own server out of the key: lines and squares. */}
          <img
            className={css.qr}
            alt={t('people.factor.picture')}
            src={`data:image/svg+xml;utf8,${encodeURIComponent(key.picture)}`}
            width={188}
            height={188}
          />
          <p className={css.key}>
            {t('people.factor.step.type')} <code dir="ltr">{(key.key.match(/.{1,4}/g) ?? []).join(' ')}</code>
          </p>
        </li>
        <li>{t('people.factor.step.code')}</li>
      </ol>
      <TextField
        label={t('people.factor.code')}
        name="code"
        dir="ltr"
        inputMode="numeric"
        autoComplete="one-time-code"
        autoFocus
        required
        maxLength={20}
        error={problem?.fields['code'] ?? problem?.message}
      />
      <Button type="submit" look="primary" busy={busy}>
        {t('people.factor.confirm')}
      </Button>
    </form>
  )
}

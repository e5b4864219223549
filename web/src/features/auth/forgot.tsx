import { Link } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { ApiProblem, api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { AuthFrame } from './auth-frame.tsx'
import css from './auth.module.css'
import { Problem } from './problem.tsx'

/** Asks for a link to set a new password; says the same whether there is such an account or not. */
export function ForgotPage() {
  const { t } = useI18n()
  const [busy, setBusy] = useState(false)
  const [sent, setSent] = useState(false)
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const email = new FormData(event.currentTarget).get('email')
    setBusy(true)
    setProblem(null)
    try {
      await api.post('/password-reset', { email }, { stay: true })
      setSent(true)
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <AuthFrame title={t('auth.forgot.title')} intro={t(sent ? 'auth.forgot.sent' : 'auth.forgot.intro')}>
      {!sent && (
        <form className={css.form} onSubmit={(event) => void submit(event)}>
          <TextField
            label={t('auth.email')}
            name="email"
            type="email"
            dir="ltr"
            autoComplete="username"
            autoFocus
            required
            maxLength={254}
            error={problem?.fields['email']}
          />
          {problem !== null && <Problem text={problem.message} />}
          <Button type="submit" look="primary" busy={busy}>
            {t('auth.forgot.do')}
          </Button>
        </form>
      )}
      <p className={css.under}>
        <Link to="/sign-in">{t('auth.signIn.back')}</Link>
      </p>
    </AuthFrame>
  )
}

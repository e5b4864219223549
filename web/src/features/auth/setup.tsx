import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import type { Me, Setup } from '#shared/api/session.ts'
import { ApiProblem, api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { applyPreferences, meQuery, queryClient } from '../../session/session.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { AuthFrame } from './auth-frame.tsx'
import css from './auth.module.css'
import { PasswordStrength } from './password-strength.tsx'
import { Problem } from './problem.tsx'

export function SetupPage() {
  const { t, locale } = useI18n()
  const navigate = useNavigate()
  const [busy, setBusy] = useState(false)
  const [password, setPassword] = useState('')
  const [problem, setProblem] = useState<ApiProblem | null>(null)

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string) => String(form.get(name) ?? '').trim()
    const setup: Setup = {
      organisation: text('organisation'),
      name: text('name'),
      email: text('email'),
      password,
      locale,
    }
    setBusy(true)
    setProblem(null)
    try {
      const me = await api.post<Me>('/setup', setup, { stay: true })
      queryClient.setQueryData(meQuery.queryKey, me)
      await applyPreferences(me)
      await navigate({ to: '/inbox', replace: true })
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  const fields = problem?.fields ?? {}
  return (
    <AuthFrame title={t('auth.setup.title')} intro={t('auth.setup.intro')}>
      <form className={css.form} onSubmit={(event) => void submit(event)}>
        <TextField
          label={t('auth.organisation')}
          name="organisation"
          autoComplete="organization"
          autoFocus
          required
          maxLength={200}
          error={fields['organisation']}
        />
        <TextField
          label={t('auth.name')}
          name="name"
          autoComplete="name"
          required
          maxLength={200}
          error={fields['name']}
        />
        <TextField
          label={t('auth.email')}
          name="email"
          type="email"
          dir="ltr"
          autoComplete="username"
          required
          maxLength={254}
          error={fields['email']}
        />
        <TextField
          label={t('auth.password')}
          name="password"
          type="password"
          dir="ltr"
          autoComplete="new-password"
          required
          minLength={10}
          maxLength={1000}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={fields['password']}
          help={<PasswordStrength password={password} />}
        />
        {problem !== null && Object.keys(fields).length === 0 && <Problem text={problem.message} />}
        <Button type="submit" look="primary" busy={busy}>
          {t('auth.setup.do')}
        </Button>
      </form>
    </AuthFrame>
  )
}

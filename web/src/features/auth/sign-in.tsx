import { useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useEffect, useState } from 'react'
import type { Me } from '#shared/api/session.ts'
import { ApiProblem, api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { applyPreferences, meQuery, queryClient, safeNext } from '../../session/session.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { IconAlertTriangle } from '../../ui/icons.ts'
import { AuthFrame } from './auth-frame.tsx'
import css from './auth.module.css'

export function SignInPage() {
  const { t } = useI18n()
  const navigate = useNavigate()
  const { next } = useSearch({ from: '/sign-in' })
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [wait, setWait] = useCountdown()

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    setBusy(true)
    setProblem(null)
    try {
      const me = await api.post<Me>(
        '/session',
        { email: form.get('email'), password: form.get('password') },
        { stay: true },
      )
      queryClient.setQueryData(meQuery.queryKey, me)
      await applyPreferences(me)
      await navigate({ href: safeNext(next), replace: true })
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      setProblem(error)
      if (error.status === 429) setWait(error.retryAfter ?? 30)
    } finally {
      setBusy(false)
    }
  }
  return (
    <AuthFrame title={t('auth.signIn.title')} intro={t('auth.signIn.intro')}>
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
        <TextField
          label={t('auth.password')}
          name="password"
          type="password"
          dir="ltr"
          autoComplete="current-password"
          required
          maxLength={1000}
          error={problem?.fields['password']}
        />
        {problem !== null && (
          <p className={css.problem} role="alert">
            <IconAlertTriangle size={18} aria-hidden />
            <span>{wait > 0 ? t('auth.wait', { seconds: wait }) : problem.message}</span>
          </p>
        )}
        <Button type="submit" look="primary" busy={busy} disabled={wait > 0}>
          {t('auth.signIn.do')}
        </Button>
      </form>
    </AuthFrame>
  )
}

/** Seconds that run down to 0. */
function useCountdown(): [number, (seconds: number) => void] {
  const [until, setUntil] = useState(0)
  const [now, setNow] = useState(0)
  useEffect(() => {
    if (until === 0) return
    const timer = setInterval(() => setNow(Date.now()), 250)
    return () => clearInterval(timer)
  }, [until])
  const left = Math.max(0, Math.ceil((until - now) / 1000))
  const start = (seconds: number) => {
    setNow(Date.now())
    setUntil(Date.now() + seconds * 1000)
  }
  return [left, start]
}

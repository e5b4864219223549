import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useEffect, useState } from 'react'
import type { DemoAccount, Me } from '#shared/api/session.ts'
import { ApiProblem, api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { applyPreferences, meQuery, queryClient, safeNext } from '../../session/session.ts'
import { setupQuery } from '../../session/setup.ts'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { AuthFrame } from './auth-frame.tsx'
import css from './auth.module.css'
import { Problem } from './problem.tsx'

export function SignInPage() {
  const { t } = useI18n()
  const navigate = useNavigate()
  const { next } = useSearch({ from: '/sign-in' })
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const [wait, setWait] = useCountdown()
  /** What was right so far, while the second factor is asked for. */
  const [asked, setAsked] = useState<{ email: string; password: string } | null>(null)
  const byMail = useQuery(setupQuery).data?.resetByMail ?? false

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const text = (name: string) => String(form.get(name) ?? '')
    return asked === null
      ? signIn({ email: text('email'), password: text('password') })
      : signIn({ ...asked, code: text('code') })
  }
  const signIn = async (given: { email: string; password: string; code?: string }) => {
    setBusy(true)
    setProblem(null)
    try {
      const me = await api.post<Me>('/session', given, { stay: true })
      queryClient.setQueryData(meQuery.queryKey, me)
      await applyPreferences(me)
      await navigate({ href: safeNext(next), replace: true })
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      if (error.code === 'code_required') {
        setAsked(given)
        return
      }
      setProblem(error)
      if (error.status === 429) setWait(error.retryAfter ?? 30)
    } finally {
      setBusy(false)
    }
  }
  const refused = problem !== null && <Problem text={wait > 0 ? t('auth.wait', { seconds: wait }) : problem.message} />
  if (asked !== null) {
    return (
      <AuthFrame title={t('auth.code.title')} intro={t('auth.code.intro')}>
        <form className={css.form} onSubmit={(event) => void submit(event)}>
          <TextField
            key="code"
            label={t('auth.code')}
            help={t('auth.code.help')}
            name="code"
            dir="ltr"
            autoComplete="one-time-code"
            autoFocus
            required
            maxLength={60}
          />
          {refused}
          <Button type="submit" look="primary" busy={busy} disabled={wait > 0}>
            {t('auth.signIn.do')}
          </Button>
        </form>
        <p className={css.under}>
          <Button
            small
            look="quiet"
            onClick={() => {
              setAsked(null)
              setProblem(null)
            }}
          >
            {t('auth.code.other')}
          </Button>
        </p>
      </AuthFrame>
    )
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
        {refused}
        <Button type="submit" look="primary" busy={busy} disabled={wait > 0}>
          {t('auth.signIn.do')}
        </Button>
      </form>
      {byMail && (
        <p className={css.under}>
          <Link to="/forgot">{t('auth.forgot')}</Link>
        </p>
      )}
      <DemoAccounts busy={busy} choose={({ email, password }) => void signIn({ email, password })} />
    </AuthFrame>
  )
}

/** In a demo everybody may be anybody: one press signs in. */
function DemoAccounts({ busy, choose }: { busy: boolean; choose: (account: DemoAccount) => void }) {
  const { t } = useI18n()
  const accounts = useQuery(setupQuery).data?.demoAccounts
  if (accounts === undefined) return null
  return (
    <section className={css.demo} aria-labelledby="demo-accounts">
      <h2 id="demo-accounts">{t('auth.demo.title')}</h2>
      <ul>
        {accounts.map((account) => (
          <li key={account.email}>
            <button type="button" disabled={busy} onClick={() => choose(account)}>
              <bdi>{account.name}</bdi>
              <small>{account.roleName ?? t(`auth.demo.role.${account.role}`)}</small>
            </button>
          </li>
        ))}
      </ul>
    </section>
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

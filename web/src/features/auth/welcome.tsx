import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { type FormEvent, useEffect, useState } from 'react'
import type { AccessLink } from '#shared/api/org.ts'
import { ApiProblem, api } from '../../api.ts'
import { i18n, languageOf, setLanguage, useI18n } from '../../i18n.ts'
import { queryClient, whoAmI } from '../../session/session.ts'
import { Bidi, Skeleton } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { AuthFrame } from './auth-frame.tsx'
import css from './auth.module.css'
import { Problem } from './problem.tsx'

/** Where an invitation or a link for a new password leads. */
export function WelcomePage() {
  const { t } = useI18n()
  const { token } = useParams({ from: '/welcome/$token' })
  const link = useQuery({
    queryKey: ['access-link', token],
    queryFn: ({ signal }) => api.get<AccessLink>(`/access-links/${token}`, {}, { signal, stay: true }),
    retry: (count, error) => count < 2 && !(error instanceof ApiProblem && error.status > 0 && error.status < 500),
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (link.error !== null) {
    return (
      <AuthFrame title={t('auth.welcome.over')} intro={link.error.message}>
        <Link to="/sign-in">{t('auth.signIn.title')}</Link>
      </AuthFrame>
    )
  }
  if (link.data === undefined) {
    return (
      <AuthFrame title={t('common.appName')} intro="">
        <Skeleton height={120} />
      </AuthFrame>
    )
  }
  return <Form key={link.data.email} token={token} link={link.data} />
}

function Form({ token, link }: { token: string; link: AccessLink }) {
  const { t, locale } = useI18n()
  const navigate = useNavigate()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<ApiProblem | null>(null)
  const invited = link.kind === 'invitation'
  // Whoever invited knows the colleague's language better than this browser; the buttons above change it.
  useEffect(() => {
    const { timeZone } = i18n()
    void setLanguage(languageOf(link.locale, timeZone))
  }, [link.locale])
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    setBusy(true)
    setProblem(null)
    try {
      const body = {
        password: String(form.get('password') ?? ''),
        ...(invited ? { name: String(form.get('name') ?? '').trim(), locale } : {}),
      }
      const { signedIn } = await api.post<{ signedIn: boolean }>(`/access-links/${token}`, body, { stay: true })
      queryClient.clear()
      if (signedIn) await whoAmI()
      await navigate(signedIn ? { to: '/', replace: true } : { to: '/sign-in', replace: true })
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      setProblem(error)
    } finally {
      setBusy(false)
    }
  }
  const values = { organisation: link.organisation || t('common.appName'), by: link.invitedBy ?? '' }
  return (
    <AuthFrame
      title={t(invited ? 'auth.welcome.title' : 'auth.welcome.reset', values)}
      intro={
        invited && link.invitedBy !== null
          ? t('auth.welcome.by', values)
          : t(invited ? 'auth.welcome.intro' : 'auth.welcome.resetIntro')
      }
    >
      <form className={css.form} onSubmit={(event) => void submit(event)}>
        <p className={css.account}>
          <Bidi>{link.email}</Bidi>
        </p>
        <input type="hidden" name="username" autoComplete="username" value={link.email} readOnly />
        {invited && (
          <TextField
            label={t('auth.name')}
            name="name"
            autoComplete="name"
            autoFocus
            required
            defaultValue={link.name}
            maxLength={200}
            error={problem?.fields['name']}
          />
        )}
        <TextField
          label={t('auth.password')}
          help={t('auth.password.hint')}
          name="password"
          type="password"
          dir="ltr"
          autoComplete="new-password"
          required
          maxLength={1000}
          error={problem?.code === 'weak_password' ? problem.message : problem?.fields['password']}
        />
        {problem !== null && problem.code !== 'weak_password' && <Problem text={problem.message} />}
        <Button type="submit" look="primary" busy={busy}>
          {t(invited ? 'auth.welcome.do' : 'auth.welcome.resetDo')}
        </Button>
      </form>
    </AuthFrame>
  )
}

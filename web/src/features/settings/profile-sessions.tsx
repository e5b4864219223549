import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { SessionItem } from '#shared/api/session.ts'
import { formatDate } from '#shared/dates.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { queryClient } from '../../session/session.ts'
import { exactTime } from '../../time.ts'
import { Badge, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { IconDeviceDesktop, IconDeviceMobile, IconLogout } from './icons.ts'
import { Confirm, Section } from './parts.tsx'
import { sessionsQuery } from './queries.ts'
import frame from './settings.module.css'

/** A browser and a system out of what browsers say of themselves; null where nothing is recognised. */
function deviceOf(userAgent: string | null): { browser: string | null; system: string | null; mobile: boolean } {
  const text = userAgent ?? ''
  const browser = /\bEdg(?:e|A|iOS)?\//.test(text)
    ? 'Edge'
    : /\bOPR\/|\bOpera\b/.test(text)
      ? 'Opera'
      : /\bSamsungBrowser\//.test(text)
        ? 'Samsung Internet'
        : /\b(?:Firefox|FxiOS)\//.test(text)
          ? 'Firefox'
          : /\b(?:Headless)?Chrome\/|\bCriOS\//.test(text)
            ? 'Chrome'
            : /\bVersion\/.*Safari\//.test(text)
              ? 'Safari'
              : null
  const system = /\b(?:iPhone|iPad)\b/.test(text)
    ? 'iOS'
    : /\bAndroid\b/.test(text)
      ? 'Android'
      : /\bWindows\b/.test(text)
        ? 'Windows'
        : /\bMac OS X\b/.test(text)
          ? 'macOS'
          : /\bLinux\b/.test(text)
            ? 'Linux'
            : null
  return { browser, system, mobile: system === 'iOS' || system === 'Android' }
}

/** Where one is signed in, and the way to end it. */
export function SessionsSection() {
  const { t } = useI18n()
  const navigate = useNavigate()
  const { data, error, refetch } = useQuery(sessionsQuery)
  const [asking, setAsking] = useState(false)
  const [busy, setBusy] = useState(false)
  const everywhere = async () => {
    setBusy(true)
    try {
      await api.delete('/session/all', { stay: true })
      await navigate({ to: '/sign-in', ignoreBlocker: true })
      queryClient.clear()
    } catch (thrown) {
      setBusy(false)
      setAsking(false)
      toastProblem(thrown)
    }
  }
  const items = data?.items.toSorted((a, b) => Number(b.current) - Number(a.current))
  return (
    <Section
      title={t('settings.sessions')}
      about={t('settings.sessions.about')}
      actions={
        <Button small icon={<IconLogout size={15} className="mirror" />} onClick={() => setAsking(true)}>
          {t('settings.sessions.all')}
        </Button>
      }
    >
      {error !== null && items === undefined ? (
        <LoadFailed error={error} retry={() => void refetch()} />
      ) : items === undefined ? (
        <Skeleton height={112} />
      ) : (
        <ul className={frame.rows}>
          {items.map((session) => (
            <SessionLine key={session.id} session={session} />
          ))}
        </ul>
      )}
      {asking && (
        <Confirm
          title={t('settings.sessions.all')}
          confirm={t('settings.sessions.all.do')}
          busy={busy}
          onConfirm={() => void everywhere()}
          onClose={() => setAsking(false)}
        >
          <p>{t('settings.sessions.all.text')}</p>
        </Confirm>
      )}
    </Section>
  )
}

function SessionLine({ session }: { session: SessionItem }) {
  const i = useI18n()
  const { t } = i
  const [busy, setBusy] = useState(false)
  const { browser, system, mobile } = deviceOf(session.userAgent)
  const name = [browser, system].filter((part) => part !== null).join(' · ')
  const end = async () => {
    setBusy(true)
    try {
      await api.delete(`/me/sessions/${session.id}`)
      toast(t('settings.sessions.done'))
    } catch (error) {
      toastProblem(error)
    }
    await queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey })
    setBusy(false)
  }
  return (
    <li>
      {mobile ? <IconDeviceMobile size={22} aria-hidden /> : <IconDeviceDesktop size={22} aria-hidden />}
      <span className={frame.rowText}>
        <b title={session.userAgent ?? undefined}>
          {name === '' ? t('settings.sessions.unknown') : <bdi dir="ltr">{name}</bdi>}
        </b>
        <span>
          <span title={exactTime(i, session.usedAt)}>
            {t('settings.sessions.used', { time: formatDate(session.usedAt, i, 'relative') })}
          </span>
          {session.address !== null && (
            <>
              {' · '}
              <bdi dir="ltr">{session.address}</bdi>
            </>
          )}
        </span>
      </span>
      {session.current ? (
        <Badge tone="ok">{t('settings.sessions.current')}</Badge>
      ) : (
        <Button small busy={busy} onClick={() => void end()}>
          {t('settings.sessions.end')}
        </Button>
      )}
    </li>
  )
}

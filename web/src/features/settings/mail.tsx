import { queryOptions, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { MAIL_SECURITY, type MailSettings, type MailSettingsView, type MailTest } from '#shared/api/org.ts'
import { latinDigits, localDigits } from '#shared/text.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { queryClient, useMe } from '../../session/session.ts'
import { setupQuery } from '../../session/setup.ts'
import { Badge, LoadFailed } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { IconAlertTriangle, IconCircleCheck } from './icons.ts'
import { toast } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { Confirm, PageHead, Section, Segmented } from './parts.tsx'
import { Refused } from './refusal.tsx'
import frame from './settings.module.css'
import { PageSkeleton } from './settings.tsx'
import { SaveBar } from './unsaved.tsx'

const mailQuery = queryOptions({
  queryKey: ['organisation', 'mail'],
  queryFn: ({ signal }) => api.get<MailSettingsView>('/organisation/mail', {}, { signal }),
  staleTime: 0,
})
const PORTS = { tls: 465, starttls: 587, none: 25 } as const

/** The mail server through which invitations and links for new passwords go. */
export default function MailPage() {
  const { data, error, refetch } = useQuery(mailQuery)
  if (data === undefined)
    return error === null ? <PageSkeleton /> : <LoadFailed error={error} retry={() => void refetch()} />
  return <MailForm key={data.set ? 'set' : 'new'} stored={data} />
}

function MailForm({ stored }: { stored: MailSettingsView }) {
  const { t, locale, digits } = useI18n()
  const me = useMe()
  const [base, setBase] = useState<MailSettings>(bare(stored))
  const [form, setForm] = useState(base)
  const [busy, setBusy] = useState<'save' | 'test' | null>(null)
  const [ending, setEnding] = useState(false)
  const [tested, setTested] = useState<MailTest | null>(null)
  const refusal = useRefusal()
  const dirty = JSON.stringify(form) !== JSON.stringify(base)
  const change = (next: Partial<MailSettings>) => {
    setForm({ ...form, ...next })
    setTested(null)
  }
  const attempt = async (what: 'save' | 'test', work: () => Promise<void>) => {
    setBusy(what)
    refusal.clear()
    try {
      await work()
    } catch (error) {
      refusal.keep(error)
    } finally {
      setBusy(null)
    }
  }
  const save = () =>
    attempt('save', async () => {
      const answer = await api.put<MailSettingsView>('/organisation/mail', form)
      queryClient.setQueryData(mailQuery.queryKey, answer)
      await queryClient.invalidateQueries({ queryKey: setupQuery.queryKey })
      setBase(bare(answer))
      setForm(bare(answer))
      toast(t('common.saved'))
    })
  const test = () =>
    attempt('test', async () =>
      setTested(await api.post<MailTest>('/organisation/mail/test', { settings: form, to: me.email })),
    )
  const end = () =>
    attempt('save', async () => {
      await api.delete('/organisation/mail')
      await queryClient.invalidateQueries({ queryKey: mailQuery.queryKey })
      await queryClient.invalidateQueries({ queryKey: setupQuery.queryKey })
      setEnding(false)
    })
  const shown = (port: number) => (digits === 'latin' ? String(port) : localDigits(String(port), locale))
  const complete = form.host.trim() !== '' && form.from.trim() !== ''
  return (
    <div className={frame.page}>
      <PageHead
        title={t('frame.settings.mail')}
        about={t('people.mail.about')}
        actions={
          <Badge tone={stored.set ? 'ok' : 'neutral'}>{t(stored.set ? 'people.mail.set' : 'people.mail.notSet')}</Badge>
        }
      />
      <Section title={t('people.mail.server')}>
        <div className={frame.fields}>
          <TextField
            label={t('people.mail.host')}
            dir="ltr"
            placeholder="mail.example.ir"
            value={form.host}
            maxLength={255}
            error={refusal.field('host')}
            onChange={(event) => change({ host: event.currentTarget.value })}
          />
          <TextField
            label={t('people.mail.port')}
            dir="ltr"
            inputMode="numeric"
            value={shown(form.port)}
            maxLength={5}
            error={refusal.field('port')}
            onChange={(event) => {
              const port = Number(latinDigits(event.currentTarget.value).replace(/\D/g, ''))
              change({ port })
            }}
          />
          <Segmented
            label={t('people.mail.security')}
            help={t(`people.mail.security.${form.security}.help`)}
            value={form.security}
            options={MAIL_SECURITY.map((value) => ({ value, label: t(`people.mail.security.${value}`) }))}
            onChange={(security) =>
              change({ security, ...(form.port === PORTS[form.security] && { port: PORTS[security] }) })
            }
          />
          <TextField
            label={t('people.mail.from')}
            help={t('people.mail.from.help')}
            dir="ltr"
            placeholder="office@example.ir"
            value={form.from}
            maxLength={300}
            error={refusal.field('from')}
            onChange={(event) => change({ from: event.currentTarget.value })}
          />
          <TextField
            label={t('people.mail.user')}
            help={t('people.mail.user.help')}
            dir="ltr"
            autoComplete="off"
            value={form.user}
            maxLength={254}
            error={refusal.field('user')}
            onChange={(event) => change({ user: event.currentTarget.value })}
          />
          <TextField
            label={t('people.mail.password')}
            type="password"
            dir="ltr"
            autoComplete="new-password"
            value={form.password}
            maxLength={1000}
            error={refusal.field('password')}
            onFocus={(event) => event.currentTarget.select()}
            onChange={(event) => change({ password: event.currentTarget.value })}
          />
        </div>
        {tested !== null && (
          <p className={frame.tried} data-ok={tested.ok || undefined} role="status">
            {tested.ok ? <IconCircleCheck size={18} aria-hidden /> : <IconAlertTriangle size={18} aria-hidden />}
            <span>{tested.message}</span>
          </p>
        )}
        <Refused refusal={refusal} shown={['host', 'port', 'from', 'user', 'password']} />
        <div className={frame.buttons}>
          <Button busy={busy === 'test'} disabled={!complete} onClick={() => void test()} data-testid="try-mail">
            {t('people.mail.try', { to: me.email })}
          </Button>
          {stored.set && (
            <Button look="quiet" onClick={() => setEnding(true)}>
              {t('people.mail.end')}
            </Button>
          )}
        </div>
      </Section>
      <SaveBar
        dirty={dirty}
        busy={busy === 'save'}
        onSave={() => void save()}
        onDiscard={() => {
          setForm(base)
          refusal.clear()
        }}
      />
      {ending && (
        <Confirm
          title={t('people.mail.end')}
          confirm={t('people.mail.end')}
          busy={busy === 'save'}
          onConfirm={() => void end()}
          onClose={() => setEnding(false)}
        >
          <p>{t('people.mail.end.text')}</p>
        </Confirm>
      )}
    </div>
  )
}

function bare({ set: _set, ...settings }: MailSettingsView): MailSettings {
  return settings
}

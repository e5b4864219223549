import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import type { Channel, ChannelKindInfo, ChannelPatch, Welcome } from '#shared/api/channels.ts'
import { formatDate } from '#shared/dates.ts'
import { latinDigits, localDigits } from '#shared/text.ts'
import { ApiProblem, api } from '../../api.ts'
import { type Locale, useI18n } from '../../i18n.ts'
import { channelKindsQuery, channelsQuery } from '../../queries.ts'
import { canOnChannel, useMe } from '../../session/session.ts'
import { Bidi, EmptyState, LoadFailed } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { useEvent } from '../../ui/use-event.ts'
import { useRefusal } from '../../ui/use-refusal.ts'
import { ChannelIcon } from '../inbox/channel-icon.tsx'
import { checkSoon, ConnectionCheck, useCheck } from './channel-check.tsx'
import { DangerSection } from './channel-danger.tsx'
import { PaceSection } from './channel-pace.tsx'
import { type Reach, ReachSections } from './channel-reach.tsx'
import { WelcomeSection } from './channel-welcome.tsx'
import css from './channels.module.css'
import { ChannelState } from './channels.tsx'
import { IconAlertTriangle, IconArrowLeft, IconPlayerPause, IconPlayerPlay } from './icons.ts'
import { CopyLine, PageHead, Section } from './parts.tsx'
import { placeChannel } from './queries.ts'
import { Refused } from './refusal.tsx'
import { SettingFields, sentSettings, type TypedSettings, typedSettings } from './setting-fields.tsx'
import frame from './settings.module.css'
import { PageSkeleton } from './settings.tsx'
import { SaveBar } from './unsaved.tsx'

export function ChannelPage({ id }: { id: string }) {
  const { t } = useI18n()
  const me = useMe()
  const channels = useQuery(channelsQuery)
  const kinds = useQuery(channelKindsQuery)
  const channel = channels.data?.items.find((one) => one.id === id)
  const failed = channels.error ?? kinds.error
  if (channel === undefined && channels.isSuccess && !channels.isFetching) {
    return <EmptyState title={t('settings.channel.gone')} action={<Back />} />
  }
  if (channel === undefined || kinds.data === undefined) {
    if (failed !== null)
      return <LoadFailed error={failed} retry={() => void Promise.all([channels.refetch(), kinds.refetch()])} />
    return <PageSkeleton />
  }
  const kind = kinds.data.items.find((one) => one.kind === channel.kind)
  // Whoever has just made it manages it before the news of that has come.
  const manages = canOnChannel(me, 'manage', id) || channel.webhookUrl !== null
  if (!manages || kind === undefined) {
    return (
      <div className={frame.page}>
        <Back />
        <Head channel={channel} kind={kind} />
        <p className={frame.explain}>
          {t(kind === undefined ? 'settings.channel.notInstalled' : 'settings.channel.readOnly')}
        </p>
        {kind === undefined && manages && <DangerSection channel={channel} />}
      </div>
    )
  }
  return <Manage channel={channel} kind={kind} />
}

function Back() {
  const { t } = useI18n()
  return (
    <nav aria-label={t('frame.settings.channels')}>
      <Link to="/settings/$" params={{ _splat: 'channels' }} className={frame.backLink}>
        <IconArrowLeft size={16} className="mirror" aria-hidden />
        {t('frame.settings.channels')}
      </Link>
    </nav>
  )
}

function Head({ channel, kind }: { channel: Channel; kind: ChannelKindInfo | undefined }) {
  const { t } = useI18n()
  const { account } = channel
  return (
    <PageHead
      title={
        <>
          <ChannelIcon kind={channel.kind} size={28} />
          <Bidi>{channel.name}</Bidi>
          <ChannelState channel={channel} />
        </>
      }
      about={
        <>
          {t('settings.channel.about', { kind: kind?.name ?? channel.kind })}{' '}
          {account.link !== undefined && (
            <a href={account.link} target="_blank" rel="noopener noreferrer">
              <bdi dir="ltr">{account.username === undefined ? account.link : `@${account.username}`}</bdi>
            </a>
          )}
        </>
      }
    />
  )
}

interface Form {
  name: string
  settings: TypedSettings
  welcome: Welcome
  reopenHours: string
  reach: Reach
}
/** `locale`: whose digits the numbers are written with. */
const formOf = (channel: Channel, kind: ChannelKindInfo, locale: Locale): Form => ({
  name: channel.name,
  settings: typedSettings(kind, locale, channel.settings),
  welcome: channel.welcome,
  reopenHours: localDigits(String(channel.reopenHours), locale),
  reach: {
    restDays: localDigits(String(channel.restDays), locale),
    link: { ...channel.link, days: localDigits(String(channel.link.days), locale) },
  },
})
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

function Manage({ channel, kind }: { channel: Channel; kind: ChannelKindInfo }) {
  const i = useI18n()
  const { t } = i
  const stored = formOf(channel, kind, i.digits === 'latin' ? 'en' : i.locale)
  const [base, setBase] = useState(stored)
  const [form, setForm] = useState(stored)
  const [busy, setBusy] = useState(false)
  const [saves, setSaves] = useState(0)
  const refusal = useRefusal()
  const check = useCheck(channel.id)
  const dirty = !same(form, base)
  // What a colleague changes meanwhile is taken over while nothing is being typed here.
  if (!dirty && !same(stored, base)) {
    setBase(stored)
    setForm(stored)
  }
  const runCheck = useEvent(check.run)
  useEffect(() => {
    if (checkSoon.delete(channel.id)) void runCheck()
  }, [channel.id, runCheck])

  const patch = async (change: ChannelPatch, told: string, undo?: ChannelPatch): Promise<boolean> => {
    try {
      placeChannel(await api.patch<Channel>(`/channels/${channel.id}`, change))
      toast(told, undo === undefined ? {} : { undo: () => void patch(undo, t('settings.undone')) })
      return true
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error
      toastProblem(error)
      return false
    }
  }
  const save = async () => {
    if (busy) return
    setBusy(true)
    refusal.clear()
    try {
      const numberOf = (typed: string) => Number(latinDigits(typed.trim() === '' ? 'x' : typed))
      const { restDays, link } = form.reach
      const change: ChannelPatch = {
        ...(form.name !== base.name && { name: form.name }),
        ...(!same(form.settings, base.settings) && { settings: sentSettings(kind, form.settings) }),
        ...(!same(form.welcome, base.welcome) && { welcome: form.welcome }),
        ...(form.reopenHours !== base.reopenHours && { reopenHours: numberOf(form.reopenHours) }),
        ...(restDays !== base.reach.restDays && { restDays: numberOf(restDays) }),
        ...(!same(link, base.reach.link) && { link: { ...link, days: numberOf(link.days) } }),
      }
      const answer = await api.patch<Channel>(`/channels/${channel.id}`, change)
      const next = formOf(answer, kind, i.digits === 'latin' ? 'en' : i.locale)
      setBase(next)
      setForm(next)
      setSaves(saves + 1)
      placeChannel(answer)
      toast(t('common.saved'))
      if (change.settings !== undefined) void check.run()
    } catch (error) {
      refusal.keep(error)
    } finally {
      setBusy(false)
    }
  }
  // Where nothing arrives there is nothing to deliver to, to welcome or to reopen.
  const receives = kind.capabilities.sendsOnly !== true
  const names = kind.settings.map((field) => `settings.${field.name}`)
  const reachFields = ['restDays', 'link.text', 'link.days']
  const shown = [
    'name',
    'reopenHours',
    ...reachFields,
    'welcome.text',
    'welcome.fileId',
    'welcome.buttonText',
    ...names,
  ]
  return (
    <div className={frame.page}>
      <Back />
      <Head channel={channel} kind={kind} />
      {channel.stateReason !== null && (
        <div className={css.trouble} data-broken={channel.state === 'broken' || undefined} role="alert">
          <IconAlertTriangle size={20} aria-hidden />
          <div>
            <b>{t(channel.state === 'broken' ? 'settings.channel.broken' : 'settings.channel.trouble')}</b>
            <p dir="auto">{channel.stateReason.message}</p>
            <p className={css.troubleAt}>{formatDate(channel.stateReason.at, i, 'relative')}</p>
          </div>
          <div className={css.troubleActions}>
            <Button small busy={check.busy} onClick={() => void check.run()}>
              {t('settings.channel.check.again')}
            </Button>
            {channel.state === 'broken' && (
              <Button small onClick={() => void patch({ state: 'active' }, t('settings.channel.done.active'))}>
                {t('settings.channel.activate')}
              </Button>
            )}
          </div>
        </div>
      )}
      <Section title={t('settings.channel.connection')} about={kind.about}>
        <div className={`${frame.form} ${css.connection}`}>
          <TextField
            label={t('settings.channel.name')}
            help={t('settings.channel.name.help')}
            value={form.name}
            maxLength={100}
            required
            error={refusal.field('name')}
            onChange={(event) => setForm({ ...form, name: event.currentTarget.value })}
          />
          <SettingFields
            key={saves}
            kind={kind}
            typed={form.settings}
            refusal={refusal}
            onChange={(settings) => setForm({ ...form, settings })}
          />
          <Refused refusal={refusal} shown={shown} />
        </div>
        <ConnectionCheck check={check} disabled={!same(form.settings, base.settings)} />
      </Section>
      <PaceSection channel={channel} />
      {receives && channel.webhookUrl !== null && (
        <Section title={t('settings.channel.webhook')} about={t('settings.channel.webhook.about')}>
          <CopyLine label={t('settings.channel.webhook')} value={channel.webhookUrl} />
        </Section>
      )}
      {receives && (
        <>
          <WelcomeSection
            kind={kind}
            welcome={form.welcome}
            refusal={refusal}
            onChange={(welcome) => setForm({ ...form, welcome })}
          />
          <Section title={t('settings.channel.reopen')} about={t('settings.channel.reopen.about')}>
            <div className={css.hours}>
              <TextField
                label={t('settings.channel.reopen.hours')}
                value={form.reopenHours}
                inputMode="numeric"
                dir={i.dir}
                maxLength={5}
                error={refusal.field('reopenHours')}
                onChange={(event) => setForm({ ...form, reopenHours: event.currentTarget.value })}
              />
            </div>
          </Section>
        </>
      )}
      <ReachSections
        kind={kind}
        reach={form.reach}
        refusal={refusal}
        onChange={(reach) => setForm({ ...form, reach })}
      />
      <Section title={t('settings.channel.rest')} about={t('settings.channel.rest.about')}>
        <div className={frame.buttons}>
          {channel.state === 'paused' ? (
            <Button
              icon={<IconPlayerPlay size={16} className="mirror" />}
              data-testid="resume"
              onClick={() => void patch({ state: 'active' }, t('settings.channel.done.active'), { state: 'paused' })}
            >
              {t('settings.channel.resume')}
            </Button>
          ) : (
            <Button
              icon={<IconPlayerPause size={16} />}
              data-testid="pause"
              onClick={() => void patch({ state: 'paused' }, t('settings.channel.done.paused'), { state: 'active' })}
            >
              {t('settings.channel.pause')}
            </Button>
          )}
        </div>
      </Section>
      <DangerSection channel={channel} />
      <SaveBar
        dirty={dirty}
        busy={busy}
        onSave={() => void save()}
        onDiscard={() => {
          setForm(base)
          setSaves(saves + 1)
          refusal.clear()
        }}
      />
    </div>
  )
}

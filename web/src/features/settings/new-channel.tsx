import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Channel, ChannelKindInfo, ChannelNew } from '#shared/api/channels.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { channelKindsQuery, channelsQuery } from '../../queries.ts'
import { can, queryClient, useMe } from '../../session/session.ts'
import { EmptyState, LoadFailed } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { TextField } from '../../ui/field.tsx'
import { toast } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { ChannelIcon } from '../inbox/channel-icon.tsx'
import { checkSoon } from './channel-check.tsx'
import css from './channels.module.css'
import { IconArrowLeft } from './icons.ts'
import { PageHead } from './parts.tsx'
import { placeChannel } from './queries.ts'
import { Refused } from './refusal.tsx'
import { SettingFields, sentSettings, typedSettings } from './setting-fields.tsx'
import frame from './settings.module.css'
import { PageSkeleton } from './settings.tsx'
import { UnsavedGuard } from './unsaved.tsx'

/** First which kind, then what it needs. */
export function NewChannel({ kind }: { kind: string | undefined }) {
  const { t } = useI18n()
  const me = useMe()
  const { data, error, refetch } = useQuery(channelKindsQuery)
  if (!can(me, 'channel.create'))
    return <EmptyState title={t('settings.noRight.title')} text={t('settings.noRight.text')} />
  if (data === undefined)
    return error === null ? <PageSkeleton /> : <LoadFailed error={error} retry={() => void refetch()} />
  const chosen = data.items.find((one) => one.kind === kind)
  return (
    <div className={frame.page}>
      <nav aria-label={t('common.back')}>
        <Link
          to="/settings/$"
          params={{ _splat: chosen === undefined ? 'channels' : 'channels/new' }}
          className={frame.backLink}
        >
          <IconArrowLeft size={16} className="mirror" aria-hidden />
          {t(chosen === undefined ? 'frame.settings.channels' : 'settings.newChannel.kinds')}
        </Link>
      </nav>
      {chosen === undefined ? <Kinds kinds={data.items} /> : <NewForm key={chosen.kind} kind={chosen} />}
    </div>
  )
}

function Kinds({ kinds }: { kinds: ChannelKindInfo[] }) {
  const { t } = useI18n()
  return (
    <>
      <PageHead title={t('settings.channels.add')} about={t('settings.newChannel.about')} />
      <ul className={css.kinds}>
        {kinds.map((kind) => (
          <li key={kind.kind}>
            <Link
              to="/settings/$"
              params={{ _splat: `channels/new/${kind.kind}` }}
              className={css.kind}
              data-testid={`kind-${kind.kind}`}
            >
              <ChannelIcon kind={kind.kind} size={36} />
              <b>{kind.name}</b>
              <p>{kind.about}</p>
            </Link>
          </li>
        ))}
      </ul>
    </>
  )
}

function NewForm({ kind }: { kind: ChannelKindInfo }) {
  const { t, locale, digits } = useI18n()
  const navigate = useNavigate()
  const [blank] = useState(() => typedSettings(kind, digits === 'latin' ? 'en' : locale))
  const [name, setName] = useState('')
  const [typed, setTyped] = useState(blank)
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const dirty = name !== '' || JSON.stringify(typed) !== JSON.stringify(blank)
  const make = async () => {
    if (busy) return
    setBusy(true)
    refusal.clear()
    try {
      const body: ChannelNew = { kind: kind.kind, name, settings: sentSettings(kind, typed) }
      const channel = await api.post<Channel>('/channels', body)
      placeChannel(channel)
      void queryClient.invalidateQueries({ queryKey: channelsQuery.queryKey })
      void queryClient.invalidateQueries({ queryKey: ['me'] })
      toast(t('settings.newChannel.done', { name: channel.name }))
      checkSoon.add(channel.id)
      await navigate({ to: '/settings/$', params: { _splat: `channels/${channel.id}` }, ignoreBlocker: true })
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  return (
    <>
      <UnsavedGuard dirty={dirty && !busy} />
      <PageHead
        title={
          <>
            <ChannelIcon kind={kind.kind} size={28} />
            {t('settings.newChannel.title', { kind: kind.name })}
          </>
        }
        about={kind.about}
      />
      <form
        className={`${frame.form} ${css.connection}`}
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void make()
        }}
      >
        <TextField
          label={t('settings.channel.name')}
          help={t('settings.channel.name.help')}
          value={name}
          maxLength={100}
          required
          autoFocus
          placeholder={t('settings.newChannel.name.example')}
          error={refusal.field('name')}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <SettingFields kind={kind} typed={typed} refusal={refusal} onChange={setTyped} />
        <Refused refusal={refusal} shown={['name', ...kind.settings.map((field) => `settings.${field.name}`)]} />
        <div className={frame.buttons}>
          <Button look="primary" type="submit" busy={busy} data-testid="make-channel">
            {t('settings.newChannel.do')}
          </Button>
          <Button onClick={() => void navigate({ to: '/settings/$', params: { _splat: 'channels' } })}>
            {t('common.cancel')}
          </Button>
        </div>
      </form>
    </>
  )
}

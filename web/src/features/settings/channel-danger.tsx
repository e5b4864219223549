import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Channel } from '#shared/api/channels.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { channelsQuery } from '../../queries.ts'
import { queryClient } from '../../session/session.ts'
import { Button } from '../../ui/button.tsx'
import { toast, toastProblem } from '../../ui/toast.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { IconTrash } from './icons.ts'
import { Confirm, Section } from './parts.tsx'
import { placeChannel } from './queries.ts'
import { Refused } from './refusal.tsx'

/** Deleting: asks, naming what goes; a channel with conversations can only rest. */
export function DangerSection({ channel }: { channel: Channel }) {
  const { t } = useI18n()
  const navigate = useNavigate()
  const [asking, setAsking] = useState(false)
  const [busy, setBusy] = useState(false)
  const refusal = useRefusal()
  const inUse = refusal.problem?.code === 'channel_in_use'
  const close = () => {
    setAsking(false)
    refusal.clear()
  }
  const remove = async () => {
    setBusy(true)
    refusal.clear()
    try {
      await api.delete(`/channels/${channel.id}`)
      await navigate({ to: '/settings/$', params: { _splat: 'channels' }, ignoreBlocker: true })
      void queryClient.invalidateQueries({ queryKey: channelsQuery.queryKey })
      toast(t('settings.channel.done.deleted', { name: channel.name }))
    } catch (error) {
      refusal.keep(error)
      setBusy(false)
    }
  }
  const pause = async () => {
    try {
      placeChannel(await api.patch<Channel>(`/channels/${channel.id}`, { state: 'paused' }))
      toast(t('settings.channel.done.paused'))
      close()
    } catch (error) {
      toastProblem(error)
    }
  }
  return (
    <Section title={t('settings.channel.delete')} about={t('settings.channel.delete.about')}>
      <div>
        <Button icon={<IconTrash size={16} />} onClick={() => setAsking(true)} data-testid="delete">
          {t('settings.channel.delete')}
        </Button>
      </div>
      {asking && (
        <Confirm
          title={t('settings.channel.delete.ask', { name: channel.name })}
          confirm={t(inUse && channel.state !== 'paused' ? 'settings.channel.pause' : 'settings.channel.delete.do')}
          look={inUse ? 'primary' : 'danger'}
          busy={busy}
          onConfirm={() => void (inUse && channel.state !== 'paused' ? pause() : remove())}
          onClose={close}
        >
          {inUse ? (
            <p>
              {t(channel.state === 'paused' ? 'settings.channel.delete.restsAlready' : 'settings.channel.delete.inUse')}
            </p>
          ) : (
            <>
              <p>{t('settings.channel.delete.lost')}</p>
              <ul>
                <li>{t('settings.channel.delete.lost.settings')}</li>
                <li>{t('settings.channel.delete.lost.webhook')}</li>
                <li>{t('settings.channel.delete.lost.rights')}</li>
                <li>{t('settings.channel.delete.lost.events')}</li>
              </ul>
            </>
          )}
          {!inUse && <Refused refusal={refusal} />}
        </Confirm>
      )}
    </Section>
  )
}

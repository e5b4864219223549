import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import type { Channel } from '#shared/api/channels.ts'
import { useI18n } from '../../i18n.ts'
import { channelKindsQuery, channelsQuery } from '../../queries.ts'
import { can, useMe } from '../../session/session.ts'
import { Badge, EmptyState, LoadFailed } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { ChannelIcon } from '../inbox/channel-icon.tsx'
import { ChannelPage } from './channel-page.tsx'
import css from './channels.module.css'
import {
  IconAlertTriangle,
  IconCheck,
  IconChevronRight,
  IconPlayerPause,
  IconPlugConnected,
  IconPlus,
} from './icons.ts'
import { NewChannel } from './new-channel.tsx'
import { PageHead } from './parts.tsx'
import frame from './settings.module.css'
import { PageSkeleton } from './settings.tsx'

/** /settings/channels, /settings/channels/new, /settings/channels/new/<kind>, /settings/channels/<id> */
export default function ChannelsPage({ rest }: { rest: string }) {
  const [first = '', second] = rest.split('/')
  if (first === 'new') return <NewChannel kind={second} />
  if (first !== '') return <ChannelPage key={first} id={first} />
  return <ChannelList />
}

/** The state of a channel: an icon and a word. */
export function ChannelState({ channel }: { channel: Channel }) {
  const { t } = useI18n()
  if (channel.state === 'paused') {
    return (
      <Badge tone="neutral">
        <IconPlayerPause size={13} aria-hidden />
        {t('settings.channel.state.paused')}
      </Badge>
    )
  }
  if (channel.state === 'broken') {
    return (
      <Badge tone="danger">
        <IconAlertTriangle size={13} aria-hidden />
        {t('settings.channel.state.broken')}
      </Badge>
    )
  }
  if (channel.stateReason !== null) {
    return (
      <Badge tone="warn">
        <IconAlertTriangle size={13} aria-hidden />
        {t('settings.channel.state.trouble')}
      </Badge>
    )
  }
  return (
    <Badge tone="ok">
      <IconCheck size={13} aria-hidden />
      {t('settings.channel.state.active')}
    </Badge>
  )
}

function ChannelList() {
  const { t } = useI18n()
  const me = useMe()
  const navigate = useNavigate()
  const list = useQuery(channelsQuery)
  const kinds = useQuery(channelKindsQuery).data?.items
  const mayAdd = can(me, 'channel.create')
  const add = mayAdd && (
    <Button
      look="primary"
      icon={<IconPlus size={17} />}
      data-testid="add-channel"
      onClick={() => void navigate({ to: '/settings/$', params: { _splat: 'channels/new' } })}
    >
      {t('settings.channels.add')}
    </Button>
  )
  if (list.data === undefined) {
    return list.isError ? <LoadFailed error={list.error} retry={() => void list.refetch()} /> : <PageSkeleton />
  }
  return (
    <div className={frame.page}>
      <PageHead title={t('frame.settings.channels')} about={t('settings.channels.about')} actions={add} />
      {list.data.items.length === 0 ? (
        <EmptyState
          icon={<IconPlugConnected size={26} />}
          title={t('settings.channels.empty.title')}
          text={t(mayAdd ? 'settings.channels.empty.text' : 'settings.channels.empty.ask')}
          action={add}
        />
      ) : (
        <ul className={css.list}>
          {list.data.items.map((channel) => (
            <li key={channel.id}>
              <Link
                to="/settings/$"
                params={{ _splat: `channels/${channel.id}` }}
                className={css.item}
                data-testid={`channel-${channel.id}`}
              >
                <span className={css.mark}>
                  <ChannelIcon kind={channel.kind} size={26} />
                </span>
                <span className={css.itemText}>
                  <b className="ellipsis" dir="auto">
                    {channel.name}
                  </b>
                  <span className={css.itemMeta}>
                    {kinds?.find((one) => one.kind === channel.kind)?.name ?? channel.kind}
                    {channel.account.username !== undefined && <bdi dir="ltr">@{channel.account.username}</bdi>}
                  </span>
                  {channel.stateReason !== null && (
                    <span className={css.itemReason} data-broken={channel.state === 'broken' || undefined}>
                      {channel.stateReason.message}
                    </span>
                  )}
                </span>
                <ChannelState channel={channel} />
                <IconChevronRight size={18} className={`${css.chevron} mirror`} aria-hidden />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

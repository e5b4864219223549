import { queryOptions, useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import type { Conversation } from '#shared/api/conversations.ts'
import { foldText } from '#shared/text.ts'
import { api } from '../../api.ts'
import { useCommands } from '../../commands.ts'
import { useI18n } from '../../i18n.ts'
import { useKeys } from '../../keys.ts'
import { can, canOnChannel, useMe, useUsers } from '../../session/session.ts'
import { Avatar, Badge, Bidi } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import {
  IconAlertTriangle,
  IconArrowBackUp,
  IconArrowRight,
  IconCheck,
  IconChevronDown,
  IconClock,
  IconUser,
  IconUserCheck,
  IconUserPlus,
} from '../../ui/icons.ts'
import { Menu, MenuDivider, MenuItem } from '../../ui/menu.tsx'
import { ChannelIcon, useChannels } from './channel-icon.tsx'
import { useConversationActions } from './conversation-actions.ts'
import css from './header.module.css'

const MacroMenu = lazy(() => import('../automations/macro-menu.tsx'))

interface HeaderProps {
  conversation: Conversation
  onBack: () => void
  /** Where the contact is not beside the thread. */
  onPanel: (() => void) | undefined
}

export function ThreadHeader({ conversation, onBack, onPanel }: HeaderProps) {
  const { t } = useI18n()
  const me = useMe()
  const channel = useChannels().get(conversation.channelId)
  const { setState, assign } = useConversationActions(conversation)
  const [assigning, setAssigning] = useState(false)
  const { contact, state } = conversation
  const maySend = canOnChannel(me, 'send', conversation.channelId)
  const closed = state === 'closed'
  const toggle = () => void setState(closed ? 'open' : 'closed')
  const wait = () => void setState(state === 'waiting' ? 'open' : 'waiting')

  useKeys(t('inbox.keys.title'), [
    ...(maySend
      ? [
          { keys: 'e', label: t('inbox.keys.close'), run: toggle },
          { keys: 'w', label: t('inbox.keys.wait'), run: wait },
          { keys: 'a', label: t('inbox.keys.assign'), run: () => setAssigning(true) },
        ]
      : []),
    ...(onPanel === undefined ? [] : [{ keys: 'i', label: t('inbox.keys.panel'), run: onPanel }]),
  ])
  useCommands(
    maySend
      ? [
          {
            id: 'inbox.close',
            title: t(closed ? 'inbox.command.reopen' : 'inbox.command.close'),
            icon: IconCheck,
            keys: 'e',
            run: toggle,
          },
          ...(state === 'open'
            ? [{ id: 'inbox.wait', title: t('inbox.command.wait'), icon: IconClock, keys: 'w', run: wait }]
            : []),
          ...(conversation.assigneeId === me.id
            ? []
            : [
                {
                  id: 'inbox.take',
                  title: t('inbox.command.take'),
                  icon: IconUserCheck,
                  run: () => void assign(me.id),
                },
              ]),
        ]
      : [],
  )
  return (
    <header className={css.header}>
      <span className={css.back}>
        <IconButton label={t('inbox.header.back')} onClick={onBack}>
          <IconArrowRight size={20} className={css.backIcon} />
        </IconButton>
      </span>
      <Avatar id={contact.id} name={contact.name} fileId={contact.avatarFileId} size={36} />
      <div className={css.who}>
        <h2 className="ellipsis" title={contact.name}>
          <Bidi>{contact.name}</Bidi>
        </h2>
        <p className={css.where}>
          <ChannelIcon kind={channel?.kind} size={14} />
          <Bidi className="ellipsis">{channel?.name ?? '…'}</Bidi>
          {channel !== undefined && channel.state !== 'active' && (
            <Badge tone="danger">
              <IconAlertTriangle size={12} aria-hidden />
              {t(channel.state === 'paused' ? 'inbox.header.channelPaused' : 'inbox.header.channelBroken')}
            </Badge>
          )}
          {state !== 'open' && (
            <Badge tone={state === 'waiting' ? 'warn' : 'neutral'}>
              {state === 'waiting' ? <IconClock size={12} aria-hidden /> : <IconCheck size={12} aria-hidden />}
              {t(`inbox.state.${state}`)}
            </Badge>
          )}
        </p>
      </div>
      {maySend && (
        <div className={css.acts}>
          <AssignMenu
            conversation={conversation}
            open={assigning}
            setOpen={setAssigning}
            onAssign={(id) => void assign(id)}
          />
          <span className={css.wideOnly}>
            <IconButton
              label={state === 'waiting' ? t('inbox.header.reopen') : t('inbox.header.wait')}
              keys="w"
              pressed={state === 'waiting'}
              onClick={wait}
            >
              <IconClock size={19} />
            </IconButton>
          </span>
          <Button
            icon={closed ? <IconArrowBackUp size={17} className="mirror" /> : <IconCheck size={17} />}
            onClick={toggle}
            className={css.close}
            aria-keyshortcuts="E"
          >
            {t(closed ? 'inbox.header.reopen' : 'inbox.header.close')}
          </Button>
        </div>
      )}
      {maySend && (
        <Suspense>
          <MacroMenu on={{ conversationId: conversation.id }} />
        </Suspense>
      )}
      {onPanel !== undefined && (
        <IconButton label={t('inbox.header.panel')} keys="i" onClick={onPanel}>
          <IconUser size={20} />
        </IconButton>
      )}
    </header>
  )
}

interface AssignProps {
  conversation: Conversation
  open: boolean
  setOpen: (open: boolean) => void
  onAssign: (id: string | null) => void
}

const NOBODY: ReadonlySet<string> = new Set()
/** Who may answer on the channel: others would be refused the conversation. */
const sendersQuery = (channelId: string) =>
  queryOptions({
    queryKey: ['users', 'senders', channelId],
    queryFn: ({ signal }) => api.get<{ items: { id: string }[] }>(`/channels/${channelId}/senders`, {}, { signal }),
    select: (page): ReadonlySet<string> => new Set(page.items.map(({ id }) => id)),
    staleTime: 10_000,
  })

function AssignMenu({ conversation, open, setOpen, onAssign }: AssignProps) {
  const { t } = useI18n()
  const me = useMe()
  const users = useUsers()
  const [search, setSearch] = useState('')
  const { assigneeId } = conversation
  const assignee = assigneeId === null ? undefined : users.get(assigneeId)
  const folded = foldText(search)
  const mayGive = can(me, 'conversation.assign')
  const senders = useQuery({ ...sendersQuery(conversation.channelId), enabled: mayGive && open }).data ?? NOBODY
  const others = [...users.values()].filter(
    (user) => senders.has(user.id) && user.id !== me.id && foldText(user.name).includes(folded),
  )
  const choose = (id: string | null, close: () => void) => {
    close()
    setSearch('')
    onAssign(id)
  }
  return (
    <Menu
      label={t('inbox.header.assign')}
      align="end"
      open={open}
      onOpenChange={setOpen}
      trigger={(props) => (
        <button
          type="button"
          className={css.assign}
          {...props}
          aria-label={`${t('inbox.header.assign')}: ${assignee?.name ?? t('inbox.header.nobody')}`}
          aria-keyshortcuts="A"
        >
          {assignee === undefined ? (
            <IconUserPlus size={18} aria-hidden />
          ) : (
            <Avatar id={assignee.id} name={assignee.name} size={22} />
          )}
          <span className={`${css.assignName} ellipsis`}>
            {assigneeId === me.id ? t('inbox.header.me') : <Bidi>{assignee?.name ?? t('inbox.header.nobody')}</Bidi>}
          </span>
          <IconChevronDown size={14} aria-hidden />
        </button>
      )}
    >
      {(close) => (
        <>
          {others.length + search.length > 6 && (
            <input
              className={css.find}
              dir="auto"
              value={search}
              placeholder={t('inbox.header.findColleague')}
              aria-label={t('inbox.header.findColleague')}
              onChange={(event) => setSearch(event.currentTarget.value)}
            />
          )}
          {folded === '' && (
            <>
              <MenuItem
                checked={assigneeId === me.id}
                first={assigneeId === null}
                icon={<Avatar id={me.id} name={me.name} size={22} />}
                onSelect={() => choose(me.id, close)}
              >
                {t('inbox.header.me')}
              </MenuItem>
              <MenuItem
                checked={assigneeId === null}
                icon={<IconUser size={20} />}
                onSelect={() => choose(null, close)}
              >
                {t('inbox.header.nobody')}
              </MenuItem>
              {others.length > 0 && <MenuDivider />}
            </>
          )}
          {others.map((user) => (
            <MenuItem
              key={user.id}
              checked={user.id === assigneeId}
              icon={<Avatar id={user.id} name={user.name} size={22} />}
              hint={t(`frame.presence.${user.presence}`)}
              onSelect={() => choose(user.id, close)}
            >
              <Bidi>{user.name}</Bidi>
            </MenuItem>
          ))}
        </>
      )}
    </Menu>
  )
}

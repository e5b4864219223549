import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type ReactNode, useDeferredValue, useEffect, useId, useRef, useState } from 'react'
import type { PageOf } from '#shared/api/common.ts'
import type { ContactItem } from '#shared/api/contacts.ts'
import type { Conversation, FoundMessage } from '#shared/api/conversations.ts'
import { foldText } from '#shared/text.ts'
import { api } from '../api.ts'
import { useAllCommands } from '../commands.ts'
import { useI18n } from '../i18n.ts'
import { keyNames } from '../keys.ts'
import { can, useMe } from '../session/session.ts'
import { Avatar, Bidi, PhoneText, TimeText } from './bits.tsx'
import { Dialog } from './dialog.tsx'
import { IconChevronLeft, IconMessage2, IconSearch } from './icons.ts'
import { Marked } from './marked.tsx'
import css from './palette.module.css'

interface Row {
  id: string
  group: string
  icon: ReactNode
  title: ReactNode
  detail?: ReactNode
  run: () => void
}

/** Everything by typing: commands, contacts, conversations and words of messages. */
export default function Palette({ onClose }: { onClose: () => void }) {
  const { t } = useI18n()
  const id = useId()
  const navigate = useNavigate()
  const [text, setText] = useState('')
  const [at, setAt] = useState(0)
  const list = useRef<HTMLDivElement>(null)
  const commands = useAllCommands()
  const asked = useSettled(text.trim(), 140)
  const found = useFound(asked)
  const folded = foldText(useDeferredValue(text))

  const rows: Row[] = [
    ...commands
      .filter((command, index) => commands.findIndex((other) => other.id === command.id) === index)
      .filter((command) =>
        folded.split(' ').every((word) => foldText(`${command.title} ${command.words ?? ''}`).includes(word)),
      )
      .slice(0, folded === '' ? 30 : 6)
      .map((command) => {
        const Icon = command.icon ?? IconChevronLeft
        return {
          id: `c${command.id}`,
          group: t('frame.palette.commands'),
          icon: <Icon size={18} />,
          title: command.title,
          detail: command.keys === undefined ? undefined : <kbd>{keyNames(command.keys).join(' ')}</kbd>,
          run: command.run,
        }
      }),
    ...found.contacts.map((contact) => ({
      id: `p${contact.id}`,
      group: t('frame.contacts'),
      icon: <Avatar id={contact.id} name={contact.name} fileId={contact.avatarFileId} size={26} />,
      title: <Bidi>{contact.name}</Bidi>,
      detail: <ContactNumber contact={contact} />,
      run: () => void navigate({ to: '/contacts/$id', params: { id: contact.id } }),
    })),
    ...found.conversations.map((conversation) => ({
      id: `v${conversation.id}`,
      group: t('frame.palette.conversations'),
      icon: (
        <Avatar
          id={conversation.contact.id}
          name={conversation.contact.name}
          fileId={conversation.contact.avatarFileId}
          size={26}
        />
      ),
      title: <Bidi>{conversation.contact.name}</Bidi>,
      detail: <Bidi className="ellipsis">{conversation.lastText}</Bidi>,
      run: () => void navigate({ to: '/inbox/$conversationId', params: { conversationId: conversation.id } }),
    })),
    ...found.messages.map((message) => ({
      id: `m${message.messageId}`,
      group: t('frame.palette.messages'),
      icon: <IconMessage2 size={18} />,
      title: (
        <Bidi>
          <Marked text={message.snippet} />
        </Bidi>
      ),
      detail: (
        <>
          <Bidi>{message.contact.name}</Bidi> · <TimeText at={message.at} />
        </>
      ),
      run: () =>
        void navigate({
          to: '/inbox/$conversationId',
          params: { conversationId: message.conversationId },
          search: { message: message.messageId },
        }),
    })),
  ]
  const chosen = Math.min(at, rows.length - 1)
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [chosen])
  const run = (row: Row | undefined) => {
    if (row === undefined) return
    onClose()
    row.run()
  }
  return (
    <Dialog title={t('frame.search')} onClose={onClose} look="palette">
      <div className={css.ask}>
        <IconSearch size={18} aria-hidden />
        <input
          autoFocus
          className={css.input}
          value={text}
          dir="auto"
          maxLength={200}
          placeholder={t('frame.search')}
          role="combobox"
          aria-expanded
          aria-label={t('frame.search')}
          aria-controls={id}
          aria-activedescendant={rows[chosen] === undefined ? undefined : `${id}-${chosen}`}
          onChange={(event) => {
            setText(event.currentTarget.value)
            setAt(0)
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown') setAt((chosen + 1) % Math.max(1, rows.length))
            else if (event.key === 'ArrowUp') setAt((chosen - 1 + rows.length) % Math.max(1, rows.length))
            else if (event.key === 'Enter' && !event.nativeEvent.isComposing) run(rows[chosen])
            else return
            event.preventDefault()
          }}
        />
        <kbd>Esc</kbd>
      </div>
      <div ref={list} id={id} role="listbox" aria-label={t('frame.search')} className={css.list}>
        {rows.map((row, index) => (
          <div key={row.id} role="presentation">
            {rows[index - 1]?.group !== row.group && (
              <div className={css.group} role="presentation">
                {row.group}
              </div>
            )}
            <div
              id={`${id}-${index}`}
              role="option"
              tabIndex={-1}
              aria-selected={index === chosen}
              className={css.row}
              onPointerMove={() => setAt(index)}
              onClick={() => run(row)}
              onKeyDown={undefined}
            >
              <span className={css.icon}>{row.icon}</span>
              <span className={`${css.title} ellipsis`}>{row.title}</span>
              {row.detail !== undefined && <span className={`${css.detail} ellipsis`}>{row.detail}</span>}
            </div>
          </div>
        ))}
        {rows.length === 0 && !found.loading && <p className={css.none}>{t('common.noResults')}</p>}
      </div>
    </Dialog>
  )
}

function ContactNumber({ contact }: { contact: ContactItem }) {
  const phone = contact.identities.find((identity) => identity.kind === 'phone')
  return phone === undefined ? null : <PhoneText value={phone.value} />
}

/** The value once it has stood still for `ms`. */
function useSettled(value: string, ms: number): string {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms)
    return () => clearTimeout(timer)
  }, [value, ms])
  return settled
}

function useFound(search: string) {
  const me = useMe()
  const enabled = search.length >= 2
  const look = <T,>(path: string, allowed: boolean) => ({
    queryKey: ['palette', path, search],
    queryFn: ({ signal }: { signal: AbortSignal }) => api.get<PageOf<T>>(path, { search, limit: 5 }, { signal }),
    enabled: enabled && allowed,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  })
  const contacts = useQuery(look<ContactItem>('/contacts', can(me, 'contact.view')))
  const conversations = useQuery(look<Conversation>('/conversations', true))
  const messages = useQuery(look<FoundMessage>('/messages', true))
  return {
    contacts: enabled ? (contacts.data?.items ?? []) : [],
    conversations: enabled ? (conversations.data?.items ?? []) : [],
    messages: enabled ? (messages.data?.items ?? []) : [],
    loading: contacts.isFetching || conversations.isFetching || messages.isFetching,
  }
}

import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { Conversation, DraftAnswer, MessageNew } from '#shared/api/conversations.ts'
import { truncateGraphemes } from '#shared/text.ts'
import { useCommands } from '../../commands.ts'
import { loadTexts, useI18n } from '../../i18n.ts'
import { useKeys } from '../../keys.ts'
import { canOnChannel, useMe, useUsers } from '../../session/session.ts'
import { Avatar, Bidi } from '../../ui/bits.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import {
  IconAlertTriangle,
  IconMoodSmile,
  IconNote,
  IconPaperclip,
  IconPhoneCall,
  IconSend,
  IconX,
} from '../../ui/icons.ts'
import { Menu } from '../../ui/menu.tsx'
import { useEvent } from '../../ui/use-event.ts'
import { AttachmentStrip } from './attachment-strip.tsx'
import { useAttachments } from './attachments.ts'
import { useChannelKind, useChannels } from './channel-icon.tsx'
import css from './composer.module.css'
import { useConversationActions } from './conversation-actions.ts'
import { matching, mentionAt, mentioned } from './mentions.ts'
import { put } from './outbox.ts'
import { useOthers, useOwnPresence } from './presence.ts'
import { QuoteText } from './quote.tsx'
import type { MenuKeys, Put } from '../templates/composer-menu.tsx'
import { useThread } from './thread-context.tsx'
import { draftQuery, useDraftSaver } from './use-draft.ts'

const EmojiGrid = lazy(() => import('./emoji.tsx'))
const TemplateMenu = lazy(() => loadTexts('templates').then(() => import('../templates/composer-menu.tsx')))

export function Composer({ conversation }: { conversation: Conversation }) {
  const draft = useQuery(draftQuery(conversation.id))
  // The draft is waited for, so that nothing typed is overwritten by it; if it cannot be had, one may write all the same.
  if (draft.isPending) return <div className={css.composer} aria-busy="true" style={{ minBlockSize: 120 }} />
  return <Editor conversation={conversation} draft={draft.data ?? null} />
}

/** Why nothing can be sent to the customer here; null when it can. */
function useObstacle(conversation: Conversation): { text: string; reopen: boolean } | null {
  const { t } = useI18n()
  const me = useMe()
  const channel = useChannels().get(conversation.channelId)
  if (!canOnChannel(me, 'send', conversation.channelId)) return { text: t('inbox.composer.noRight'), reopen: false }
  if (conversation.state === 'closed') return { text: t('inbox.composer.closed'), reopen: true }
  if (channel !== undefined && channel.state !== 'active')
    return { text: t(`inbox.composer.${channel.state}`, { name: channel.name }), reopen: false }
  return null
}

function Editor({ conversation, draft }: { conversation: Conversation; draft: DraftAnswer | null }) {
  const { t, n, dir, tag } = useI18n()
  const me = useMe()
  const users = useUsers()
  const { replyTo, setReplyTo, restore } = useThread()
  const { setState } = useConversationActions(conversation)
  const obstacle = useObstacle(conversation)
  const mayWrite = canOnChannel(me, 'send', conversation.channelId)
  const limits = useChannelKind(useChannels().get(conversation.channelId)?.kind)?.capabilities
  const [text, setText] = useState(draft?.text ?? '')
  const [internal, setInternal] = useState(draft?.internal ?? false)
  const [askNumber, setAskNumber] = useState(false)
  const [caret, setCaret] = useState(0)
  // A ready answer that was put in, and what of it is not known of this customer.
  const [ready, setReady] = useState<{ id: string; missing: NonNullable<Put['missing']> } | null>(null)
  // The text above which the menu was closed: it opens again with the next letter.
  const [menuClosed, setMenuClosed] = useState('')
  const menuKeys = useRef<MenuKeys | null>(null)
  const [dropping, setDropping] = useState(false)
  const { files, add, remove, put: putFiles, clear } = useAttachments(internal, limits)
  const area = useRef<HTMLTextAreaElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const saver = useDraftSaver(conversation.id)
  const typed = useOwnPresence(conversation.id)

  const first = useEvent(() => {
    if (draft !== null && draft.files.length > 0) putFiles(draft.files)
  })
  useEffect(first, [first])

  // Saved whenever something changed, but not for having been read from the server.
  const shape = `${internal}|${files.map((file) => file.info?.id ?? '').join()}|${text}`
  const saved = useRef(shape)
  const save = useEvent(() => {
    if (saved.current === shape) return
    saved.current = shape
    const infos = files.flatMap((file) => (file.info === null ? [] : [file.info]))
    saver.changed({ text, internal, fileIds: infos.map((info) => info.id), files: infos })
  })
  useEffect(save, [save, shape])

  useLayoutEffect(() => {
    const element = area.current
    if (element === null) return
    element.style.blockSize = 'auto'
    element.style.blockSize = `${Math.min(element.scrollHeight, innerHeight * 0.4)}px`
  }, [text])

  const write = useCallback((note: boolean) => {
    setInternal(note)
    // At once, so that a quick hand's first letters are not lost; again when it is only drawn by this.
    area.current?.focus()
    requestAnimationFrame(() => area.current?.focus())
  }, [])
  const [answered, setAnswered] = useState(replyTo)
  if (answered !== replyTo) {
    setAnswered(replyTo)
    if (replyTo !== null) setInternal(false)
  }
  useEffect(() => {
    if (replyTo !== null) area.current?.focus()
  }, [replyTo])
  const takeBack = useEvent(() => {
    if (restore === null) return
    setText((before) => (before === '' ? restore.text : `${restore.text}\n${before}`))
    write(restore.internal)
  })
  useEffect(takeBack, [takeBack, restore])

  const uploading = files.some((file) => file.info === null && file.problem === null)
  const spoiled = files.some((file) => file.problem !== null)
  const tooMany = !internal && limits !== undefined && files.length > limits.attachmentsPerMessage
  const left = internal || limits === undefined ? 20_000 - text.length : limits.textLength - text.length
  const blocked = obstacle !== null && (!internal || !mayWrite)
  const empty = text.trim() === '' && files.length === 0
  const holes = ready?.missing.filter(({ name: field }) => text.includes(`{${field}`)) ?? []
  const sendable = !empty && !uploading && !spoiled && !tooMany && left >= 0 && !blocked && holes.length === 0
  const asksMenu = !internal && caret > 0 && menuClosed !== text && /^\/[^\n]*$|\{[^{}\n]*$/.test(text.slice(0, caret))

  const submit = () => {
    if (!sendable) return
    const infos = files.flatMap((file) => (file.info === null ? [] : [file.info]))
    const body: MessageNew = { text: text.trim() }
    if (infos.length > 0) body.attachmentIds = infos.map((info) => info.id)
    if (internal) {
      body.internal = true
      body.mentions = mentioned(text, users.values())
    } else {
      if (replyTo !== null) body.replyToId = replyTo.id
      if (askNumber) body.askNumber = true
      if (ready !== null) body.templateId = ready.id
    }
    saved.current = `${internal}||`
    setText('')
    clear()
    setReplyTo(null)
    setAskNumber(false)
    setReady(null)
    // The server's copy is thrown away only when the message is safe there.
    void put(conversation.id, body, infos).then(() => {
      if (area.current === null || area.current.value === '') saver.sent()
    })
  }

  const insert = (piece: string) => {
    const element = area.current
    const from = element?.selectionStart ?? text.length
    const to = element?.selectionEnd ?? text.length
    setText(text.slice(0, from) + piece + text.slice(to))
    requestAnimationFrame(() => {
      element?.focus()
      element?.setSelectionRange(from + piece.length, from + piece.length)
    })
  }

  const at = internal ? mentionAt(text, caret) : null
  const names =
    at === null
      ? []
      : matching(
          [...users.values()].filter((user) => user.id !== me.id),
          at.query,
        )
  const [name, setName] = useState(0)
  const chosenName = Math.min(name, Math.max(0, names.length - 1))
  const mention = (index: number) => {
    const user = names[index]
    if (at === null || user === undefined) return
    const piece = `@${user.name} `
    setText(text.slice(0, at.from) + piece + text.slice(caret))
    const end = at.from + piece.length
    setCaret(end)
    requestAnimationFrame(() => area.current?.setSelectionRange(end, end))
  }

  useKeys(t('inbox.keys.title'), [
    { keys: 'r', label: t('inbox.keys.reply'), run: () => write(false) },
    { keys: 'n', label: t('inbox.keys.note'), run: () => write(true) },
    { keys: 'enter', label: t('inbox.keys.send'), run: () => write(internal) },
    { keys: 'shift+enter', label: t('inbox.keys.newline'), run: () => write(internal) },
  ])
  useCommands([{ id: 'inbox.note', title: t('inbox.command.note'), icon: IconNote, keys: 'n', run: () => write(true) }])

  return (
    <div
      className={css.composer}
      data-note={internal || undefined}
      data-testid="composer"
      onDragEnter={(event) => {
        if (event.dataTransfer.types.includes('Files')) setDropping(true)
      }}
      onDragOver={(event) => {
        if (event.dataTransfer.types.includes('Files')) event.preventDefault()
      }}
      onDragLeave={(event) => {
        if (!(event.relatedTarget instanceof Node) || !event.currentTarget.contains(event.relatedTarget))
          setDropping(false)
      }}
      onDrop={(event) => {
        setDropping(false)
        if (event.dataTransfer.files.length === 0) return
        event.preventDefault()
        add(event.dataTransfer.files)
      }}
    >
      <div className={css.head}>
        <div className={css.modes} role="group" aria-label={t('inbox.composer.mode')}>
          <button type="button" aria-pressed={!internal} onClick={() => write(false)} disabled={!mayWrite}>
            {t('inbox.composer.reply')}
          </button>
          <button type="button" aria-pressed={internal} onClick={() => write(true)} disabled={!mayWrite} data-note>
            {t('inbox.composer.note')}
          </button>
        </div>
        {internal && mayWrite && <span className={css.private}>{t('inbox.note.private')}</span>}
        <Colleagues id={conversation.id} />
      </div>
      {replyTo !== null && !internal && (
        <div className={css.replying}>
          <span className="ellipsis">
            {t('inbox.composer.replyTo')}: <QuoteText message={replyTo} />
          </span>
          <IconButton small label={t('inbox.composer.dropReply')} onClick={() => setReplyTo(null)}>
            <IconX size={14} />
          </IconButton>
        </div>
      )}
      {blocked ? (
        <div className={css.blocked} role="status">
          <IconAlertTriangle size={18} aria-hidden />
          <span>{obstacle.text}</span>
          {obstacle.reopen && (
            <Button small onClick={() => void setState('open')}>
              {t('inbox.header.reopen')}
            </Button>
          )}
        </div>
      ) : (
        <>
          <textarea
            ref={area}
            rows={2}
            dir={text === '' ? dir : 'auto'}
            className={css.text}
            value={text}
            maxLength={20_000}
            aria-label={t(internal ? 'inbox.composer.note' : 'inbox.composer')}
            placeholder={
              internal
                ? t('inbox.composer.notePlaceholder')
                : t('inbox.composer.placeholder', { name: truncateGraphemes(conversation.contact.name, 40) })
            }
            onChange={(event) => {
              setText(event.currentTarget.value)
              setCaret(event.currentTarget.selectionStart)
              setName(0)
              if (!internal) typed()
            }}
            onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
            onPaste={(event) => {
              if (event.clipboardData.files.length === 0) return
              event.preventDefault()
              add(event.clipboardData.files)
            }}
            onKeyDown={(event) => {
              if (event.nativeEvent.isComposing) return
              // A shortcut whose answers are still on their way is nothing to send.
              const take = menuKeys.current ?? (() => asksMenu && text.startsWith('/') && event.key === 'Enter')
              if (take(event)) {
                event.preventDefault()
                return
              }
              if (names.length > 0) {
                if (event.key === 'ArrowDown') setName((chosenName + 1) % names.length)
                else if (event.key === 'ArrowUp') setName((chosenName - 1 + names.length) % names.length)
                else if (event.key === 'Enter' || event.key === 'Tab') mention(chosenName)
                else if (event.key === 'Escape') setCaret(0)
                else return
                event.preventDefault()
                return
              }
              if (event.key === 'Enter' && !event.shiftKey && !event.altKey) {
                event.preventDefault()
                submit()
              } else if (event.key === 'Escape') {
                event.preventDefault()
                event.currentTarget.blur()
              }
            }}
          />
          {asksMenu && (
            <Suspense>
              <TemplateMenu
                conversationId={conversation.id}
                text={text}
                caret={caret}
                onKeys={(take) => (menuKeys.current = take)}
                onClose={() => setMenuClosed(text)}
                onPut={(filled) => {
                  setText(filled.text)
                  setCaret(filled.caret)
                  if (filled.templateId !== undefined)
                    setReady({ id: filled.templateId, missing: filled.missing ?? [] })
                  if (filled.files !== undefined && filled.files.length > 0) putFiles(filled.files)
                  requestAnimationFrame(() => area.current?.setSelectionRange(filled.caret, filled.caret))
                }}
              />
            </Suspense>
          )}
          {names.length > 0 && (
            <ul className={css.mentions} role="listbox" aria-label={t('inbox.composer.mention')}>
              {names.map((user, index) => (
                <li
                  key={user.id}
                  role="option"
                  aria-selected={index === chosenName}
                  onPointerDown={(event) => {
                    event.preventDefault()
                    mention(index)
                  }}
                >
                  <Avatar id={user.id} name={user.name} size={22} />
                  <Bidi>{user.name}</Bidi>
                </li>
              ))}
            </ul>
          )}
          {files.length > 0 && <AttachmentStrip files={files} onRemove={remove} />}
          <div className={css.foot}>
            <input
              ref={picker}
              type="file"
              multiple
              hidden
              data-testid="file-input"
              onChange={(event) => {
                add([...(event.currentTarget.files ?? [])])
                event.currentTarget.value = ''
              }}
            />
            <IconButton label={t('inbox.composer.attach')} onClick={() => picker.current?.click()}>
              <IconPaperclip size={19} />
            </IconButton>
            <Menu
              label={t('inbox.emoji.title')}
              side="above"
              trigger={(props) => (
                <IconButton label={t('inbox.composer.emoji')} {...props}>
                  <IconMoodSmile size={19} />
                </IconButton>
              )}
            >
              {(close) => (
                <Suspense>
                  <EmojiGrid
                    onChoose={(emoji) => {
                      close()
                      insert(emoji)
                    }}
                  />
                </Suspense>
              )}
            </Menu>
            {!internal && limits?.askNumber === true && (
              <IconButton
                label={t('inbox.composer.askNumber')}
                pressed={askNumber}
                onClick={() => setAskNumber(!askNumber)}
              >
                <IconPhoneCall size={19} />
              </IconButton>
            )}
            <span className={css.hints}>
              {askNumber && !internal && <span className="ellipsis">{t('inbox.composer.askNumber.text')}</span>}
              {tooMany && (
                <span className={css.over}>{t('inbox.composer.tooMany', { count: limits.attachmentsPerMessage })}</span>
              )}
              {uploading && <span>{t('inbox.composer.uploading')}</span>}
              {holes.length > 0 && (
                <span className={css.over} role="status" data-testid="holes">
                  {t('templates.holes', { fields: new Intl.ListFormat(tag).format(holes.map((one) => one.label)) })}
                </span>
              )}
              {left < 300 && (
                <span className={left < 0 ? css.over : undefined} role="status">
                  {left < 0 ? t('inbox.composer.over', { count: -left }) : t('inbox.composer.left', { count: left })}
                </span>
              )}
              {files.length > 1 && <span>{n(files.length)}</span>}
            </span>
            <Button
              look="primary"
              onClick={submit}
              disabled={!sendable}
              icon={internal ? <IconNote size={17} /> : <IconSend size={17} className="mirror" />}
              data-testid="send"
            >
              {t(internal ? 'inbox.composer.saveNote' : 'inbox.composer.send')}
            </Button>
          </div>
        </>
      )}
      {dropping && <div className={css.drop}>{t('inbox.composer.drop')}</div>}
    </div>
  )
}

function Colleagues({ id }: { id: string }) {
  const { t, tag } = useI18n()
  const users = useUsers()
  const { typing, viewing } = useOthers(id)
  const names = (ids: string[]) => new Intl.ListFormat(tag).format(ids.map((one) => users.get(one)?.name ?? '…'))
  if (typing.length + viewing.length === 0) return null
  return (
    <p className={css.colleagues} role="status" data-typing={typing.length > 0 || undefined}>
      {typing.length > 0
        ? t('inbox.presence.typing', { names: names(typing) })
        : t('inbox.presence.viewing', { names: names(viewing) })}
    </p>
  )
}

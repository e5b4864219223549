import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Contact } from '#shared/api/contacts.ts'
import type { ContactRoutes, ContactWay, Conversation, ConversationNew } from '#shared/api/conversations.ts'
import { api, newKey } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { placeConversation } from '../../live-cache.ts'
import { queryClient } from '../../session/session.ts'
import { Bidi, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { AreaField, Switch } from '../../ui/field.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { ChannelIcon, useChannelKind, useChannels } from '../inbox/channel-icon.tsx'
import css from './dialogs.module.css'
import { IconSend } from './icons.ts'
import { FormProblem } from './problems.tsx'
import { type NoWay, useRoutes, useWayText } from './ways.ts'

/** What was begun to each contact, kept while the page lives: closing the dialog loses nothing. */
const begun = new Map<string, string>()

/** Writes to somebody first, over a channel of choice; goes on in the conversation. */
export default function WriteDialog({
  contact,
  kind,
  onClose,
}: {
  contact: Contact
  kind: string | null
  onClose: () => void
}) {
  const { t } = useI18n()
  const navigate = useNavigate()
  const channels = useChannels()
  const routes = useRoutes(contact.id)
  const wayText = useWayText()
  const ways = waysOf(routes.data, kind)
  const [chosen, setChosen] = useState<string | null>(null)
  const [falls, setFalls] = useState(true)
  const way = ways.find((one) => one.channelId === chosen) ?? ways[0]
  const next = (routes.data?.ways ?? []).find((one) => one.channelId !== way?.channelId)
  const [text, setText] = useState(begun.get(contact.id) ?? '')
  const [busy, setBusy] = useState(false)
  const [key, setKey] = useState(newKey)
  const refusal = useRefusal()
  const limit = useChannelKind(channels.get(way?.channelId ?? '')?.kind)?.capabilities.textLength ?? 4000
  const over = text.length - limit

  const send = async () => {
    if (way === undefined || text.trim() === '' || over > 0 || busy) return
    setBusy(true)
    refusal.clear()
    try {
      const body: ConversationNew = {
        contactId: contact.id,
        // The best way is the server's to choose, so that its reason is on record.
        ...((chosen !== null || kind !== null) && { channelId: way.channelId }),
        ...(next !== undefined && falls && { fallback: true }),
        message: { text: text.trim() },
      }
      const conversation = await api.post<Conversation>('/conversations', body, { key })
      begun.delete(contact.id)
      placeConversation(queryClient, conversation)
      await navigate({ to: '/inbox/$conversationId', params: { conversationId: conversation.id } })
    } catch (error) {
      refusal.keep(error)
      setKey(newKey())
      setBusy(false)
    }
  }
  if (way === undefined) {
    return (
      <Dialog
        title={t('contacts.write')}
        onClose={onClose}
        footer={<Button onClick={onClose}>{t('common.close')}</Button>}
      >
        <div className={css.form}>
          {routes.error !== null && <LoadFailed error={routes.error} retry={() => void routes.refetch()} />}
          {routes.isLoading ? (
            <Skeleton width="70%" height={42} />
          ) : (
            <p className={css.explain}>
              {t((routes.data?.no.length ?? 0) === 0 ? 'contacts.write.noChannel' : 'contacts.write.noWay')}
            </p>
          )}
          <Channels ways={ways} no={routes.data?.no ?? []} way={way} onChoose={setChosen} />
        </div>
      </Dialog>
    )
  }
  return (
    <Dialog
      title={t('contacts.write.title', { name: contact.name })}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button
            look="primary"
            icon={<IconSend size={16} className="mirror" />}
            busy={busy}
            disabled={text.trim() === '' || over > 0}
            onClick={() => void send()}
            data-testid="write-send"
          >
            {t('contacts.write.send')}
          </Button>
        </>
      }
    >
      <div className={css.form}>
        <Channels ways={ways} no={routes.data?.no ?? []} way={way} onChoose={setChosen} />
        {next !== undefined && (
          <Switch
            label={t('routes.fallback')}
            help={`${t('routes.fallback.next', { name: channels.get(next.channelId)?.name ?? '' })} · ${wayText.why(next, false)}`}
            checked={falls}
            onChange={setFalls}
          />
        )}
        <AreaField
          label={t('contacts.write.text')}
          rows={6}
          value={text}
          autoFocus
          error={over > 0 ? t('contacts.write.over', { count: over }) : refusal.field('message.text')}
          help={t('contacts.write.help')}
          onChange={(event) => {
            setText(event.currentTarget.value)
            begun.set(contact.id, event.currentTarget.value)
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send()
          }}
        />
        <FormProblem problem={refusal.field('message.text') === undefined ? refusal.problem : null} />
      </div>
    </Dialog>
  )
}

/** One a channel, best first; `kind`: only those that reach identities of this kind. */
function waysOf(routes: ContactRoutes | undefined, kind: string | null): ContactWay[] {
  const ways = (routes?.ways ?? []).filter((way) => kind === null || way.identityKind === kind)
  return ways.filter((way, n) => ways.findIndex((one) => one.channelId === way.channelId) === n)
}

interface ChannelsProps {
  ways: ContactWay[]
  no: NoWay[]
  way: ContactWay | undefined
  onChoose: (channelId: string) => void
}

function Channels({ ways, no, way, onChoose }: ChannelsProps) {
  const { t } = useI18n()
  const text = useWayText()
  const channels = useChannels()
  if (ways.length + no.length === 0) return null
  const line = (channelId: string, why: string) => (
    <label key={channelId} data-on={channelId === way?.channelId || undefined}>
      <input
        type="radio"
        name="channel"
        checked={channelId === way?.channelId}
        disabled={!ways.some((one) => one.channelId === channelId)}
        onChange={() => onChoose(channelId)}
      />
      <ChannelIcon kind={channels.get(channelId)?.kind} size={20} />
      <span className={css.channelName}>
        <Bidi>{channels.get(channelId)?.name}</Bidi>
        <span className={css.channelWhy}>{why}</span>
      </span>
    </label>
  )
  return (
    <fieldset className={css.channels}>
      <legend>{t('contacts.write.channel')}</legend>
      {ways.map((one, n) => line(one.channelId, text.why(one, n === 0)))}
      {no.map((one) => line(one.channelId, text.whyNot(one)))}
    </fieldset>
  )
}

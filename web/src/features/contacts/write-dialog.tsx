import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Contact } from '#shared/api/contacts.ts'
import type { Conversation, ConversationNew } from '#shared/api/conversations.ts'
import { api, newKey } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { placeConversation } from '../../live-cache.ts'
import { queryClient } from '../../session/session.ts'
import { Bidi } from '../../ui/bits.tsx'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { AreaField } from '../../ui/field.tsx'
import { useRefusal } from '../../ui/use-refusal.ts'
import { ChannelIcon, useChannelKind } from '../inbox/channel-icon.tsx'
import css from './dialogs.module.css'
import { IconSend } from './icons.ts'
import { FormProblem } from './problems.tsx'
import { useWays, type Way } from './ways.ts'

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
  const ways = useWays(contact, kind)
  const [chosen, setChosen] = useState<string | null>(null)
  const way = ways.find((one) => one.possible && one.channel.id === chosen) ?? ways.find((one) => one.possible)
  const [text, setText] = useState(begun.get(contact.id) ?? '')
  const [busy, setBusy] = useState(false)
  const [key, setKey] = useState(newKey)
  const refusal = useRefusal()
  const limit = useChannelKind(way?.channel.kind)?.capabilities.textLength ?? 4000
  const over = text.length - limit

  const send = async () => {
    if (way === undefined || text.trim() === '' || over > 0 || busy) return
    setBusy(true)
    refusal.clear()
    try {
      const body: ConversationNew = { contactId: contact.id, channelId: way.channel.id, message: { text: text.trim() } }
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
          <p className={css.explain}>{t(ways.length === 0 ? 'contacts.write.noChannel' : 'contacts.write.noWay')}</p>
          <Channels ways={ways} way={way} onChoose={setChosen} />
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
        <Channels ways={ways} way={way} onChoose={setChosen} />
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

function Channels({ ways, way, onChoose }: { ways: Way[]; way: Way | undefined; onChoose: (id: string) => void }) {
  const { t } = useI18n()
  if (ways.length === 0) return null
  return (
    <fieldset className={css.channels}>
      <legend>{t('contacts.write.channel')}</legend>
      {ways.map((one) => (
        <label key={one.channel.id} data-on={one === way || undefined}>
          <input
            type="radio"
            name="channel"
            checked={one === way}
            disabled={!one.possible}
            onChange={() => onChoose(one.channel.id)}
          />
          <ChannelIcon kind={one.channel.kind} size={20} />
          <span className={`${css.channelName} ellipsis`}>
            <Bidi>{one.channel.name}</Bidi>
          </span>
          {one.why !== null && <span className={css.channelWhy}>{t(`contacts.write.why.${one.why}`)}</span>}
        </label>
      ))}
    </fieldset>
  )
}

import { useState } from 'react'
import type { Contact } from '#shared/api/contacts.ts'
import type { Note } from '#shared/api/conversations.ts'
import { api, newKey } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { useKeys } from '../../keys.ts'
import { queryClient, useUsers } from '../../session/session.ts'
import { Button } from '../../ui/button.tsx'
import { toastProblem } from '../../ui/toast.tsx'
import { mentioned } from '../inbox/mentions.ts'
import css from './timeline.module.css'
import { IconNote } from './icons.ts'

/** What was begun for each contact, so that leaving the page loses nothing. */
const begun = new Map<string, string>()

/** A note among colleagues on the contact itself. */
export function NewNote({ contact }: { contact: Contact }) {
  const { t } = useI18n()
  const users = useUsers()
  const [text, setText] = useState(begun.get(contact.id) ?? '')
  const [open, setOpen] = useState(text !== '')
  const [busy, setBusy] = useState(false)
  const [key, setKey] = useState(newKey)
  useKeys(contact.name, [{ keys: 'n', label: t('contacts.note.new'), run: () => setOpen(true) }])
  const change = (next: string) => {
    setText(next)
    if (next === '') begun.delete(contact.id)
    else begun.set(contact.id, next)
  }
  const save = async () => {
    if (text.trim() === '' || busy) return
    setBusy(true)
    try {
      const mentions = mentioned(text, users.values())
      await api.post<Note>(`/contacts/${contact.id}/notes`, { text: text.trim(), mentions }, { key })
      setKey(newKey())
      change('')
      setOpen(false)
      await queryClient.invalidateQueries({ queryKey: ['timeline', contact.id] })
    } catch (error) {
      toastProblem(error)
    } finally {
      setBusy(false)
    }
  }
  if (!open) {
    return (
      <button type="button" className={css.noteOpen} onClick={() => setOpen(true)} data-testid="note-open">
        <IconNote size={16} aria-hidden />
        <span>{t('contacts.note.placeholder')}</span>
        <kbd>N</kbd>
      </button>
    )
  }
  return (
    <div className={css.noteForm}>
      <textarea
        autoFocus
        dir="auto"
        rows={3}
        value={text}
        maxLength={20_000}
        aria-label={t('contacts.note.new')}
        placeholder={t('contacts.note.placeholder')}
        onChange={(event) => change(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void save()
          else if (event.key === 'Escape') {
            event.stopPropagation()
            if (text.trim() === '') setOpen(false)
            else event.currentTarget.blur()
          }
        }}
      />
      <div className={css.noteFoot}>
        <span>{t('inbox.note.private')}</span>
        <Button
          small
          look="quiet"
          onClick={() => {
            change('')
            setOpen(false)
          }}
        >
          {t('common.cancel')}
        </Button>
        <Button small look="primary" busy={busy} disabled={text.trim() === ''} onClick={() => void save()}>
          {t('inbox.composer.saveNote')}
        </Button>
      </div>
    </div>
  )
}

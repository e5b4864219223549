import type { Note } from '#shared/api/conversations.ts'
import { formatBytes, formatDate } from '#shared/dates.ts'
import { api, fileUrl } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { removeNote } from '../../live-cache.ts'
import { queryClient, useMe, useUsers } from '../../session/session.ts'
import { exactTime } from '../../time.ts'
import { Bidi } from '../../ui/bits.tsx'
import { IconButton } from '../../ui/button.tsx'
import { IconFile, IconNote, IconX } from '../../ui/icons.ts'
import { toast, toastProblem } from '../../ui/toast.tsx'
import css from './message.module.css'
import { RichText } from './message-body.tsx'
import { put } from './outbox.ts'

/** A note among colleagues: amber, with its word, never mistaken for a message. */
export function NoteCard({ note }: { note: Note }) {
  const i = useI18n()
  const { t } = i
  const me = useMe()
  const users = useUsers()
  const { conversationId } = note
  const remove = async () => {
    try {
      await api.delete(`/notes/${note.id}`)
      if (conversationId === null) return
      removeNote(queryClient, conversationId, note.id)
      const body = {
        text: note.text,
        internal: true,
        mentions: note.mentions,
        attachmentIds: note.files.map((file) => file.id),
      }
      toast(t('inbox.note.deleted'), { undo: () => void put(conversationId, body, note.files) })
    } catch (error) {
      toastProblem(error)
    }
  }
  return (
    <article className={css.note} data-testid={`note-${note.id}`} aria-label={t('inbox.note.label')}>
      <header>
        <IconNote size={15} aria-hidden />
        <b>{t('inbox.note.label')}</b>
        <Bidi className="ellipsis">{users.get(note.authorId)?.name ?? '…'}</Bidi>
        <time dateTime={note.at} title={exactTime(i, note.at)}>
          {formatDate(note.at, i, 'time')}
        </time>
        {note.authorId === me.id && (
          <IconButton small label={t('inbox.note.delete')} onClick={() => void remove()} className={css.noteDelete}>
            <IconX size={14} />
          </IconButton>
        )}
      </header>
      <RichText text={note.text} />
      {note.files.map((file) => (
        <a key={file.id} className={css.card} href={fileUrl(file.id, true)} download={file.name}>
          <IconFile size={20} aria-hidden />
          <span>
            <b className={css.fileName}>
              <Bidi>{file.name}</Bidi>
            </b>
            <span>{formatBytes(file.size, i)}</span>
          </span>
        </a>
      ))}
    </article>
  )
}

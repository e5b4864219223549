import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useI18n } from '../../i18n.ts'
import { useKeys } from '../../keys.ts'
import { conversationQuery } from '../../queries.ts'
import { ErrorBoundary, LoadFailed } from '../../ui/bits.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { useMedia } from '../../ui/use-media.ts'
import { Composer } from './composer.tsx'
import { ContactPanel } from './contact-panel.tsx'
import { ThreadHeader } from './header.tsx'
import css from './inbox.module.css'
import { PaneSkeleton } from './pane-skeleton.tsx'
import { Thread } from './thread.tsx'
import { ThreadProvider } from './thread-context.tsx'

/** One open conversation: thread, composer, and the contact beside it or in a drawer. */
export default function ConversationPane({ id }: { id: string }) {
  const { t } = useI18n()
  const navigate = useNavigate()
  const { message } = useSearch({ strict: false })
  const wide = useMedia('(width >= 1200px)')
  const [panel, setPanel] = useState(false)
  const { data: conversation, error, refetch } = useQuery(conversationQuery(id))
  const back = () => void navigate({ to: '/inbox', search: (before) => ({ ...before, message: undefined }) })
  useKeys(t('inbox.keys.title'), [{ keys: 'escape', label: t('inbox.keys.back'), run: back }])
  if (conversation === undefined) {
    if (error === null) return <PaneSkeleton />
    return (
      <section className={css.thread}>
        <LoadFailed error={error} retry={() => void refetch()} />
      </section>
    )
  }
  return (
    <ThreadProvider conversation={conversation}>
      <section className={css.thread} aria-label={conversation.contact.name}>
        <ThreadHeader conversation={conversation} onBack={back} onPanel={wide ? undefined : () => setPanel(true)} />
        <ErrorBoundary>
          <Thread conversation={conversation} showMessage={message} />
        </ErrorBoundary>
        <Composer conversation={conversation} />
      </section>
      {wide && (
        <aside className={css.panel} aria-label={t('inbox.panel')}>
          <ContactPanel conversation={conversation} />
        </aside>
      )}
      {!wide && panel && (
        <Dialog title={t('inbox.panel')} look="drawer" onClose={() => setPanel(false)}>
          <ContactPanel conversation={conversation} />
        </Dialog>
      )}
    </ThreadProvider>
  )
}

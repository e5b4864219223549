import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { useI18n } from '../../i18n.ts'
import { keyNames, useKeys } from '../../keys.ts'
import { conversationQuery } from '../../queries.ts'
import { EmptyState, ErrorBoundary, LoadFailed, Skeleton } from '../../ui/bits.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { IconMessage2 } from '../../ui/icons.ts'
import { useMedia } from '../../ui/use-media.ts'
import { Composer } from './composer.tsx'
import { ContactPanel } from './contact-panel.tsx'
import { ThreadHeader } from './header.tsx'
import css from './inbox.module.css'
import { ConversationList } from './list.tsx'
import { Thread } from './thread.tsx'
import { ThreadProvider } from './thread-context.tsx'

export function InboxPage() {
  const { conversationId } = useParams({ strict: false })
  const narrow = useMedia('(width < 720px)')
  return (
    <div
      className={css.inbox}
      data-open={conversationId !== undefined || undefined}
      data-covers={(narrow && conversationId !== undefined) || undefined}
    >
      {(!narrow || conversationId === undefined) && <ConversationList selectedId={conversationId} />}
      {conversationId === undefined ? (
        !narrow && <NothingChosen />
      ) : (
        <ConversationPane key={conversationId} id={conversationId} />
      )}
    </div>
  )
}

function ConversationPane({ id }: { id: string }) {
  const { t } = useI18n()
  const navigate = useNavigate()
  const { message } = useSearch({ strict: false })
  const wide = useMedia('(width >= 1200px)')
  const [panel, setPanel] = useState(false)
  const { data: conversation, error, refetch } = useQuery(conversationQuery(id))
  const back = () => void navigate({ to: '/inbox', search: (before) => ({ ...before, message: undefined }) })
  useKeys(t('inbox.keys.title'), [{ keys: 'escape', label: t('inbox.keys.back'), run: back }])
  if (conversation === undefined) {
    return (
      <section className={css.thread} aria-busy={error === null}>
        {error === null ? <PaneSkeleton /> : <LoadFailed error={error} retry={() => void refetch()} />}
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

function PaneSkeleton() {
  return (
    <div className={css.skeleton}>
      <Skeleton width="40%" height={20} />
      <Skeleton width="55%" height={52} />
      <Skeleton width="35%" height={38} />
      <Skeleton width="60%" height={70} />
    </div>
  )
}

const TAUGHT = [
  ['j', 'inbox.keys.next'],
  ['k', 'inbox.keys.previous'],
  ['r', 'inbox.keys.reply'],
  ['n', 'inbox.keys.note'],
  ['a', 'inbox.keys.assign'],
  ['e', 'inbox.keys.close'],
  ['mod+k', 'frame.keys.palette'],
  ['shift+slash', 'frame.keys.overlay'],
] as const

function NothingChosen() {
  const { t } = useI18n()
  return (
    <section className={css.nothing}>
      <EmptyState
        icon={<IconMessage2 size={26} />}
        title={t('inbox.none.title')}
        text={
          <>
            <p>{t('inbox.none.text')}</p>
            <dl className={css.keys}>
              {TAUGHT.map(([keys, text]) => (
                <div key={keys}>
                  <dt>{t(text)}</dt>
                  <dd dir="ltr">
                    {keyNames(keys).map((name) => (
                      <kbd key={name}>{name}</kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </>
        }
      />
    </section>
  )
}

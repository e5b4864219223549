import { useParams } from '@tanstack/react-router'
import { lazy, Suspense, useEffect } from 'react'
import { useI18n } from '../../i18n.ts'
import { keyNames } from '../../keys.ts'
import { EmptyState } from '../../ui/bits.tsx'
import { IconMessage2 } from '../../ui/icons.ts'
import { useMedia } from '../../ui/use-media.ts'
import css from './inbox.module.css'
import { useLoadedChannels } from './channel-icon.tsx'
import { ConversationList } from './list.tsx'
import { NoChannel } from './no-channel.tsx'
import { PaneSkeleton } from './pane-skeleton.tsx'

const loadPane = () => import('./conversation-pane.tsx')
const ConversationPane = lazy(loadPane)

export function InboxPage() {
  const { conversationId } = useParams({ strict: false })
  const narrow = useMedia('(width < 720px)')
  // The thread's part comes while the list is being read, so that the first conversation opens as fast as the others.
  useEffect(() => {
    const timer = setTimeout(() => loadPane().catch(() => {}), 1200)
    return () => clearTimeout(timer)
  }, [])
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
        <Suspense fallback={<PaneSkeleton />}>
          <ConversationPane key={conversationId} id={conversationId} />
        </Suspense>
      )}
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
  const channels = useLoadedChannels()
  if (channels?.size === 0) {
    return (
      <section className={css.nothing}>
        <NoChannel />
      </section>
    )
  }
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

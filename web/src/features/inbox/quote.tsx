import { type InfiniteData, useQuery } from '@tanstack/react-query'
import type { PageOf } from '#shared/api/common.ts'
import type { Message, MessageDetail, TimelineItem } from '#shared/api/conversations.ts'
import { api } from '../../api.ts'
import { useI18n } from '../../i18n.ts'
import { threadQuery } from '../../queries.ts'
import { queryClient } from '../../session/session.ts'
import { Bidi } from '../../ui/bits.tsx'
import { KindIcon } from './kind-icon.tsx'
import { kindText } from './kind-text.ts'
import css from './message.module.css'
import { useThread } from './thread-context.tsx'

export const messageQuery = (id: string) => ({
  queryKey: ['message', id],
  queryFn: ({ signal }: { signal: AbortSignal }) => api.get<MessageDetail>(`/messages/${id}`, {}, { signal }),
})

function loaded(conversationId: string, id: string): Message | undefined {
  const data = queryClient.getQueryData<InfiniteData<PageOf<TimelineItem>>>(threadQuery(conversationId).queryKey)
  for (const page of data?.pages ?? []) {
    for (const item of page.items) if (item.type === 'message' && item.message.id === id) return item.message
  }
  return undefined
}

/** The message an answer belongs to; pressing it goes there. */
export function Quote({ id }: { id: string }) {
  const { t } = useI18n()
  const { conversation, setJumpTo } = useThread()
  const near = loaded(conversation.id, id)
  const far = useQuery({ ...messageQuery(id), enabled: near === undefined })
  const message = near ?? far.data
  return (
    <button type="button" className={css.quote} onClick={() => setJumpTo(id)} disabled={message === undefined}>
      {message === undefined ? far.isError ? t('inbox.message.gone') : '…' : <QuoteText message={message} />}
    </button>
  )
}

export function QuoteText({ message }: { message: Message }) {
  const i = useI18n()
  if (message.text !== '') return <Bidi>{message.text.slice(0, 160)}</Bidi>
  return (
    <span className={css.quoteKind}>
      <KindIcon kind={message.kind} size={14} />
      {kindText(i, message.kind)}
    </span>
  )
}

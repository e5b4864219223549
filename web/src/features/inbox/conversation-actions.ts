import { useMemo } from 'react'
import type { Conversation, ConversationPatch } from '#shared/api/conversations.ts'
import { api } from '../../api.ts'
import { i18n } from '../../i18n.ts'
import { placeConversation } from '../../live-cache.ts'
import { queryClient, useMe, useUsers } from '../../session/session.ts'
import { toast, toastProblem } from '../../ui/toast.tsx'

async function patch(conversation: Conversation, change: ConversationPatch): Promise<boolean> {
  // On the screen at once; the server's answer has a higher version and wins.
  placeConversation(queryClient, { ...conversation, ...change })
  try {
    placeConversation(queryClient, await api.patch<Conversation>(`/conversations/${conversation.id}`, change))
    return true
  } catch (error) {
    queryClient.setQueryData(['conversation', conversation.id], conversation)
    void queryClient.invalidateQueries({ queryKey: ['conversations', 'list'] })
    void queryClient.invalidateQueries({ queryKey: ['conversation', conversation.id] })
    toastProblem(error)
    return false
  }
}

/** What can be done with a conversation; each says so and can be taken back. */
export function useConversationActions(conversation: Conversation) {
  const me = useMe()
  const users = useUsers()
  return useMemo(() => {
    const undo = (change: ConversationPatch) => () => {
      const now = queryClient.getQueryData<Conversation>(['conversation', conversation.id]) ?? conversation
      void patch(now, change)
    }
    return {
      setState: async (state: Conversation['state']) => {
        if (state === conversation.state) return
        if (await patch(conversation, { state }))
          toast(i18n().t(`inbox.done.${state}`), { undo: undo({ state: conversation.state }) })
      },
      assign: async (assigneeId: string | null) => {
        if (assigneeId === conversation.assigneeId) return
        if (!(await patch(conversation, { assigneeId }))) return
        const name =
          assigneeId === null
            ? ''
            : assigneeId === me.id
              ? i18n().t('inbox.header.me')
              : (users.get(assigneeId)?.name ?? '')
        const text = assigneeId === null ? i18n().t('inbox.done.unassigned') : i18n().t('inbox.done.assigned', { name })
        toast(text, { undo: undo({ assigneeId: conversation.assigneeId }) })
      },
    }
  }, [conversation, me.id, users])
}

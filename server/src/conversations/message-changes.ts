import type { Conversation, Message } from '#shared/api/conversations.ts'
import type { Tx } from '../platform/db.ts'
import { loadConversations, loadMessages } from './views.ts'

/** Tells the channel's viewers of added or changed messages, each with its conversation as it stands now. */
export async function publishMessages(
  tx: Tx,
  channelId: string,
  messageIds: string[],
  conversationIds: string[],
): Promise<void> {
  if (messageIds.length === 0) return
  tellMessages(
    tx,
    channelId,
    await loadMessages(tx, messageIds),
    await loadConversations(tx, [...new Set(conversationIds)]),
  )
}

/** `publishMessages` for those that are in memory as they stand in the database. */
export function tellMessages(
  tx: Tx,
  channelId: string,
  messages: readonly Message[],
  conversations: readonly Conversation[],
): void {
  const byId = new Map(conversations.map((conversation) => [conversation.id, conversation]))
  // A conversation rides with the last of its messages: screens need it once.
  const last = new Map(messages.map((message) => [message.conversationId, message.id]))
  for (const message of messages) {
    const conversation = last.get(message.conversationId) === message.id ? byId.get(message.conversationId) : undefined
    tx.publish({ channelId }, { kind: 'message', message, conversation: conversation ?? null })
  }
}

/** Says that threads have something new or changed, without saying what: for many at once. `contactId`: the root. */
export function tellThreads(tx: Tx, channelId: string, threads: readonly { id: string; contactId: string }[]): void {
  if (threads.length === 0) return
  const ids = (values: string[]): string[] => [...new Set(values)]
  tx.publish(
    { channelId },
    {
      kind: 'threads',
      conversationIds: ids(threads.map((thread) => thread.id)),
      contactIds: ids(threads.map((thread) => thread.contactId)),
    },
  )
}

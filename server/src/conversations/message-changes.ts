import type { InboundReceipt } from '#channels/contract.ts'
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

/** What providers report of messages we sent. States only go forward; a report for an unknown message is nothing. */
export async function settleReceipts(tx: Tx, channelId: string, receipts: InboundReceipt[]): Promise<void> {
  if (receipts.length === 0) return
  const rows = await tx.query<{ id: string; conversation_id: string }>(
    `update message m set state = r.state, failure_code = r.code, failure_detail = r.detail
     from (
       -- Of several reports of one message the furthest.
       select distinct on (provider_key) * from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as r(provider_key, state, code, detail)
       order by provider_key, array_position(array['failed','delivered','read'], state) desc) r
     where m.channel_id = $1 and m.provider_key = r.provider_key and m.direction = 'out'
       and array_position(array['waiting','sending','unknown','sent','failed','delivered','read'], m.state)
         < array_position(array['waiting','sending','unknown','sent','failed','delivered','read'], r.state)
     returning m.id, m.conversation_id`,
    [
      channelId,
      receipts.map((r) => r.providerKey),
      receipts.map((r) => r.state),
      receipts.map((r) => r.code ?? null),
      receipts.map((r) => r.detail ?? null),
    ],
  )
  await publishMessages(
    tx,
    channelId,
    rows.map((row) => row.id),
    rows.map((row) => row.conversation_id),
  )
}

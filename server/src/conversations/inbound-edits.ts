import type { InboundEdit } from '#channels/contract.ts'
import { foldForIndex, stripUnsafe } from '#shared/text.ts'
import type { Tx } from '../platform/db.ts'
import type { LiveChannel } from './channel-registry.ts'
import { publishMessages } from './message-changes.ts'
import { previewOf, storedText } from './message-text.ts'
import { indexMessages } from './search.ts'

interface Original {
  id: string
  conversation_id: string
  text: string
  edited_at: Date | null
  created_at: Date
}

/** Changes what was edited, keeping what it said before. Returns the edits whose message we do not have. */
export async function editMessages(tx: Tx, channel: LiveChannel, edits: InboundEdit[]): Promise<InboundEdit[]> {
  const lost: InboundEdit[] = []
  for (const edit of edits) {
    const original = await tx.one<Original>(
      `select id, conversation_id, text, edited_at, created_at from message where channel_id = $1 and provider_key = $2 and direction = 'in' for update`,
      [channel.id, edit.providerKey],
    )
    if (!original) {
      lost.push(edit)
      continue
    }
    const text = storedText(stripUnsafe(edit.text))
    // Edits can be delivered twice and in any order: only a later one with another text counts.
    if (text === original.text || (original.edited_at && edit.editedAt < original.edited_at)) continue
    await applyEdit(tx, channel.id, original, text, edit.editedAt)
  }
  return lost
}

async function applyEdit(tx: Tx, channelId: string, original: Original, text: string, editedAt: Date): Promise<void> {
  await tx.query(
    `insert into message_revision (message_id, n, text)
     select $1, coalesce(max(n), 0) + 1, $2 from message_revision where message_id = $1`,
    [original.id, original.text],
  )
  await tx.query('update message set text = $2, edited_at = $3 where id = $1', [original.id, text, editedAt])
  await tx.query('delete from message_search where message_id = $1', [original.id])
  await indexMessages(tx, [
    {
      messageId: original.id,
      conversationId: original.conversation_id,
      channelId,
      folded: foldForIndex(text, 4000),
      // In its old place: an edit does not make a message new.
      createdAt: original.created_at,
    },
  ])
  await tx.query(
    `update conversation set last_text = $3, version = version + 1 where id = $1 and last_message_id = $2`,
    [original.conversation_id, original.id, previewOf(text)],
  )
  await publishMessages(tx, channelId, [original.id], [original.conversation_id])
}

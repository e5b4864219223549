import type { ContactPart } from '../crm/contact-parts.ts'
import { dropFieldValues } from '../crm/fields.ts'
import type { Tx } from '../platform/db.ts'
import { addEvent } from './conversations.ts'
import { loadConversations } from './views.ts'

/**
 * What becomes of conversations when their contact is deleted: those under way are closed, and none of them is shown
 * until the contact is back. A message that waits to be sent still goes out. Erased with the contact are its
 * conversations, messages, notes and drafts; files nobody names any more go by `files.purge`.
 */
export const conversationPart: ContactPart = {
  name: 'conversations',
  async deleted(tx, contactIds, { userId }) {
    const closed = await tx.query<{ id: string; channel_id: string; contact_id: string; state: string }>(
      // conversation_contact
      `update conversation c set state = 'closed', closed_at = now(), closed_by = $2, unread = 0, unanswered_since = null,
         version = version + 1
       from (select id, state from conversation where contact_id = any($1::bigint[]) and state <> 'closed'
             order by id for no key update) live
       where c.id = live.id returning c.id, c.channel_id, c.contact_id, live.state`,
      [contactIds, userId],
    )
    if (closed.length === 0) return
    for (const { state, ...conversation } of closed)
      await addEvent(tx, userId === null ? undefined : { userId }, conversation, 'closed', { before: state })
    const views = await loadConversations(
      tx,
      closed.map((row) => row.id),
    )
    for (const conversation of views)
      tx.publish({ channelId: conversation.channelId }, { kind: 'conversation', conversation })
  },
  async erase(tx, contactIds, limit) {
    return (
      (await eraseLinks(tx, contactIds, limit)) &&
      (await eraseMessages(tx, contactIds, limit)) &&
      (await eraseNotes(tx, contactIds, limit)) &&
      eraseConversations(tx, contactIds, limit)
    )
  },
}

/** Links that were sent to them; who opened another's link is not named in it any more. */
async function eraseLinks(tx: Tx, contactIds: readonly string[], limit: number): Promise<boolean> {
  const gone = await tx.query(
    // start_link_contact
    `delete from start_link where token_hash = any(array(
       select token_hash from start_link where contact_id = any($1::bigint[]) limit $2)) returning token_hash`,
    [contactIds, limit],
  )
  return gone.length < limit
}

async function eraseMessages(tx: Tx, contactIds: readonly string[], limit: number): Promise<boolean> {
  const gone = await tx.query<{ id: string }>(
    // conversation_contact, message_thread. Attachments, revisions, attempts and what waits to be sent go with them.
    `delete from message where id = any(array(
       select m.id from conversation c join message m on m.conversation_id = c.id
       where c.contact_id = any($1::bigint[]) limit $2)) returning id`,
    [contactIds, limit],
  )
  // message_search_message
  await tx.query('delete from message_search where message_id = any($1::bigint[])', [gone.map((row) => row.id)])
  return gone.length < limit
}

async function eraseNotes(tx: Tx, contactIds: readonly string[], limit: number): Promise<boolean> {
  const gone = await tx.query(
    // note_contact, note_conversation
    `delete from note where id = any(array(
       (select id from note where contact_id = any($1::bigint[]) limit $2)
       union
       (select n.id from conversation c join note n on n.conversation_id = c.id where c.contact_id = any($1::bigint[]) limit $2)))
     returning id`,
    [contactIds, limit],
  )
  return gone.length < limit
}

async function eraseConversations(tx: Tx, contactIds: readonly string[], limit: number): Promise<boolean> {
  const gone = await tx.query<{ id: string }>(
    // conversation_contact
    `delete from conversation where id = any(array(
       select id from conversation where contact_id = any($1::bigint[]) limit $2)) returning id`,
    [contactIds, limit],
  )
  const ids = gone.map((row) => row.id)
  await dropFieldValues(tx, 'conversation', ids)
  await tx.query('delete from activity_event where conversation_id = any($1::bigint[])', [ids])
  return gone.length < limit
}

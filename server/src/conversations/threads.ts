import type { MessageNew, TimelineItem, TimelineQuery } from '#shared/api/conversations.ts'
import { AT_MICROS, beforeKey, readTimeline, type TimelineSource } from '../crm/timeline.ts'
import type { Actor, App } from '../platform/app.ts'
import { type Db, violatedKey } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import type { Channels } from './channel-registry.ts'
import { checkOutgoing, checkReply } from './composing.ts'
import { addEvent, lockConversation, needConversation } from './conversations.ts'
import { forgetDraft } from './drafts.ts'
import { addNote } from './notes.ts'
import { queueMessage } from './outbound.ts'
import { fillMessage } from './template-sending.ts'
import { loadMessages } from './views.ts'
import { shareLabel } from './welcome.ts'

/** Messages on timelines, of the channels the reader may view. */
export const messageSource: TimelineSource = {
  async page(db, { scope, before, limit, filter, actor }) {
    const visible = `channel_id = any($1::bigint[]) and ($2::bigint is null or channel_id = $2)${
      // attachment_message_id_position_key
      filter.files ? ' and exists (select from attachment a where a.message_id = m.id)' : ''
    }`
    const values = [actor.channels.view, filter.channelId ?? null, before.at, before.id, limit]
    if (scope.conversationId !== undefined)
      return db.query(
        // message_thread
        `select ${AT_MICROS} as at, id from message m
         where conversation_id = $6 and ${visible} and ${beforeKey('$3', '$4')}
         order by m.at desc, m.id desc limit $5`,
        [...values, scope.conversationId],
      )
    return db.query(
      // message_contact, one walk for each contact
      `select ${AT_MICROS} as at, id from unnest($6::bigint[]) as c(contact)
       cross join lateral (
         select at, id from message m
         where contact_id = contact and ${visible} and ${beforeKey('$3', '$4')}
         order by at desc, id desc limit $5) e
       order by e.at desc, e.id desc limit $5`,
      [...values, scope.contactIds],
    )
  },
  async load(db, ids) {
    return (await loadMessages(db, ids)).map((message) => ({ type: 'message', at: message.at, message }))
  },
}

/** A page of a conversation's messages, notes and events, newest first. */
export async function readThread(
  db: Db,
  actor: Actor,
  conversationId: string,
  query: TimelineQuery,
): Promise<{ items: TimelineItem[]; nextCursor: string | null }> {
  await needConversation(db, actor, conversationId, 'view')
  return readTimeline(db, actor, { conversationId }, query)
}

/**
 * Answers in a conversation, or leaves a note in it. A message to a closed conversation reopens it. What the network
 * cannot carry in one message becomes several: the first is returned, all are told live.
 */
export async function postMessage(
  app: App,
  channels: Channels,
  actor: Actor,
  conversationId: string,
  input: MessageNew,
): Promise<TimelineItem> {
  const head = await needConversation(app.db, actor, conversationId, 'send')
  if (input.internal) {
    const place = { contactId: head.contact_id, conversationId, channelId: head.channel_id }
    const { text = '', mentions, attachmentIds } = input
    const note = await addNote(app, actor, place, { text, mentions, fileIds: attachmentIds })
    await app.db.transaction((tx) => forgetDraft(tx, actor, conversationId, true))
    return { type: 'note', at: note.at, note }
  }
  const channel = await channels.byId(head.channel_id)
  const subject = { contactId: head.contact_id, conversationId }
  const filled = await fillMessage(app.db, actor, subject, input)
  await checkOutgoing(app.db, actor, channel, filled)
  if (!channel) throw new Problem('channel_not_active')
  await checkReply(app.db, conversationId, input.replyToId)
  try {
    return await app.db.transaction(async (tx) => {
      const before = await lockConversation(tx, actor, conversationId)
      if (before.state === 'closed') await addEvent(tx, actor, before, 'reopened', { before: 'closed' })
      const [id = ''] = await queueMessage(tx, {
        channel,
        conversation: { id: conversationId, contactId: before.contact_id, threadKey: before.thread_key },
        text: filled.text ?? '',
        fileIds: filled.attachmentIds ?? [],
        origin: actor.tokenId === undefined ? 'agent' : 'api',
        authorId: actor.userId,
        templateId: input.templateId ?? null,
        replyToId: input.replyToId ?? null,
        ...(input.askNumber && { askNumber: channel.welcome.buttonText || (await shareLabel(tx)) }),
      })
      const [message] = await loadMessages(tx, [id])
      if (!message) throw new Error('the message was not stored')
      await forgetDraft(tx, actor, conversationId, false)
      return { type: 'message', at: message.at, message } satisfies TimelineItem
    })
  } catch (error) {
    // Closed, and the chat goes on in another conversation by now.
    if (violatedKey(error) === 'conversation_thread_live') throw new Problem('conversation_closed')
    throw error
  }
}

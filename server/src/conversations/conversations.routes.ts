import Type from 'typebox'
import { Id, Ok, Page, PageQuery } from '#shared/api/common.ts'
import {
  ContactRoutes,
  Conversation,
  ConversationCounts,
  ConversationNew,
  ConversationPatch,
  ConversationQuery,
  Draft,
  DraftAnswer,
  FoundMessage,
  Message,
  MessageDetail,
  MessageNew,
  Note,
  PresenceList,
  PresencePut,
  TimelineItem,
  TimelineQuery,
} from '#shared/api/conversations.ts'
import type { App } from '../platform/app.ts'
import { type AnyRoute, route } from '../platform/http.ts'
import type { Channels } from './channel-registry.ts'
import { countConversations, listConversations } from './conversations-list.ts'
import { changeConversation, getConversation } from './conversations.ts'
import { deleteDraft, getDraft, putDraft } from './drafts.ts'
import { cancel, getMessage, retry } from './messages.ts'
import { addContactNote, changeNote, deleteNote, NOTE_LENGTH } from './notes.ts'
import { listPresence, setPresence } from './presence.ts'
import { searchMessages } from './search.ts'
import { contactRoutes, startConversation } from './starting.ts'
import { postMessage, readThread } from './threads.ts'

const params = Type.Object({ id: Id })
const SearchQuery = Type.Object({ ...PageQuery, search: Type.Optional(Type.String({ maxLength: 200 })) })
const NoteText = Type.Object({ text: Type.String({ minLength: 1, maxLength: NOTE_LENGTH }) })
const ContactNote = Type.Object({
  text: Type.String({ maxLength: NOTE_LENGTH }),
  mentions: Type.Optional(Type.Array(Id, { maxItems: 50 })),
  fileIds: Type.Optional(Type.Array(Id, { maxItems: 10 })),
})

export function conversationRoutes(app: App, channels: Channels): void {
  app.routes.push(
    ...listRoutes(app),
    ...threadRoutes(app, channels),
    ...messageRoutes(app, channels),
    ...noteRoutes(app),
    ...deskRoutes(app),
  )
}

function listRoutes(app: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/conversations',
      access: 'signed-in',
      summary: 'Conversations of the channels the caller may view, most recently active first',
      query: ConversationQuery,
      answer: Page(Conversation),
      handle: ({ actor, query }) => listConversations(app.db, actor, query),
    }),
    route({
      method: 'GET',
      url: '/conversations/counts',
      access: 'signed-in',
      summary: 'How many conversations there are by view, and how many have something unread',
      answer: ConversationCounts,
      handle: ({ actor }) => countConversations(app.db, actor),
    }),
    route({
      method: 'GET',
      url: '/messages',
      access: 'signed-in',
      summary: 'Messages by their words, newest first',
      query: SearchQuery,
      answer: Page(FoundMessage),
      handle: ({ actor, query }) => searchMessages(app.db, actor, query),
    }),
  ]
}

function threadRoutes(app: App, channels: Channels): AnyRoute[] {
  return [
    route({
      method: 'POST',
      url: '/conversations',
      access: 'channel.send',
      summary: 'Writes to a contact, in the conversation under way or a new one',
      body: ConversationNew,
      answer: Conversation,
      status: 201,
      handle: ({ actor, body }) => startConversation(app, channels, actor, body),
    }),
    route({
      method: 'GET',
      url: '/contacts/:id/routes',
      access: 'contact.view',
      summary: 'By which way the next message to a contact would go, what it costs, and why not by the others',
      params,
      answer: ContactRoutes,
      handle: ({ actor, params: { id } }) => contactRoutes(app, channels, actor, id),
    }),
    route({
      method: 'GET',
      url: '/conversations/:id',
      access: 'channel.view',
      summary: 'One conversation',
      params,
      answer: Conversation,
      handle: ({ actor, params: { id } }) => getConversation(app.db, actor, id),
    }),
    route({
      method: 'PATCH',
      url: '/conversations/:id',
      access: 'channel.send',
      summary: 'Closes, reopens, sets aside, gives or takes a conversation; unread 0 marks it as seen',
      params,
      body: ConversationPatch,
      answer: Conversation,
      handle: ({ actor, params: { id }, body }) => changeConversation(app, actor, id, body),
    }),
    route({
      method: 'GET',
      url: '/conversations/:id/messages',
      access: 'channel.view',
      summary: 'Messages, notes and events of a conversation, newest first',
      params,
      query: TimelineQuery,
      answer: Page(TimelineItem),
      handle: ({ actor, params: { id }, query }) => readThread(app.db, actor, id, query),
    }),
    route({
      method: 'POST',
      url: '/conversations/:id/messages',
      access: 'channel.send',
      summary: 'Answers, or with `internal` leaves a note',
      params,
      body: MessageNew,
      answer: TimelineItem,
      status: 201,
      handle: ({ actor, params: { id }, body }) => postMessage(app, channels, actor, id, body),
    }),
  ]
}

function messageRoutes(app: App, channels: Channels): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/messages/:id',
      access: 'channel.view',
      summary: 'A message with its attempts and former texts',
      params,
      answer: MessageDetail,
      handle: ({ actor, params: { id } }) => getMessage(app.db, actor, id),
    }),
    route({
      method: 'POST',
      url: '/messages/:id/retry',
      access: 'channel.send',
      summary: 'Sends a failed or unsettled message again',
      params,
      answer: Message,
      handle: ({ actor, params: { id } }) => retry(app, channels, actor, id),
    }),
    route({
      method: 'POST',
      url: '/messages/:id/cancel',
      access: 'channel.send',
      summary: 'Takes back a message that still waits',
      params,
      answer: Message,
      handle: ({ actor, params: { id } }) => cancel(app, actor, id),
    }),
  ]
}

function noteRoutes(app: App): AnyRoute[] {
  return [
    route({
      method: 'POST',
      url: '/contacts/:id/notes',
      access: 'contact.edit',
      summary: 'Leaves a note on a contact',
      params,
      body: ContactNote,
      answer: Note,
      status: 201,
      handle: ({ actor, params: { id }, body }) => addContactNote(app, actor, id, body),
    }),
    route({
      method: 'PATCH',
      url: '/notes/:id',
      access: 'signed-in',
      summary: 'Changes one’s own note',
      params,
      body: NoteText,
      answer: Note,
      handle: ({ actor, params: { id }, body }) => changeNote(app, actor, id, body.text),
    }),
    route({
      method: 'DELETE',
      url: '/notes/:id',
      access: 'signed-in',
      summary: 'Deletes one’s own note',
      params,
      answer: Ok,
      handle: async ({ actor, params: { id } }) => {
        await deleteNote(app, actor, id)
        return { ok: true as const }
      },
    }),
  ]
}

/** What lies on one's own desk: drafts, and who else is here. */
function deskRoutes(app: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/conversations/:id/draft',
      access: 'channel.view',
      summary: 'One’s own draft in a conversation; empty when there is none',
      params,
      answer: DraftAnswer,
      handle: ({ actor, params: { id } }) => getDraft(app.db, actor, id),
    }),
    route({
      method: 'PUT',
      url: '/conversations/:id/draft',
      access: 'channel.send',
      summary: 'Keeps one’s own draft',
      params,
      body: Draft,
      answer: DraftAnswer,
      handle: ({ actor, params: { id }, body }) => putDraft(app, actor, id, body),
    }),
    route({
      method: 'DELETE',
      url: '/conversations/:id/draft',
      access: 'channel.view',
      summary: 'Throws one’s own draft away',
      params,
      answer: Ok,
      handle: async ({ actor, params: { id } }) => {
        await deleteDraft(app, actor, id)
        return { ok: true as const }
      },
    }),
    route({
      method: 'GET',
      url: '/conversations/:id/presence',
      access: 'channel.view',
      summary: 'Who else is in a conversation now',
      params,
      answer: PresenceList,
      handle: ({ actor, params: { id } }) => listPresence(app.db, actor, id),
    }),
    route({
      method: 'POST',
      url: '/conversations/:id/presence',
      access: 'channel.view',
      summary: 'Says that one is looking, typing or gone; good for fifteen seconds',
      params,
      body: PresencePut,
      answer: Ok,
      handle: async ({ actor, params: { id }, body }) => {
        await setPresence(app, actor, id, body.doing)
        return { ok: true as const }
      },
    }),
  ]
}

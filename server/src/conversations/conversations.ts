import { isDeepStrictEqual } from 'node:util'
import type { ActivityEvent, Conversation, ConversationPatch } from '#shared/api/conversations.ts'
import type { FieldValues } from '#shared/api/fields.ts'
import { changedFieldValues, storeFields } from '../crm/fields.ts'
import { audit } from '../org/audit.ts'
import type { Actor, App } from '../platform/app.ts'
import { type Db, type Tx, violatedKey } from '../platform/db.ts'
import { happened, type Happening, type HappeningKind } from '../platform/happenings.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import { loadConversations } from './views.ts'

/** What acting on a conversation needs to know of it. */
export interface ConversationHead {
  id: string
  channel_id: string
  contact_id: string
  thread_key: string
  state: Conversation['state']
  assignee_id: string | null
}
const HEAD = 'id, channel_id, contact_id, thread_key, state, assignee_id'
/** Of deleted contacts no conversation is shown. Indexes contact_pkey, twice. */
const SHOWN = `not exists (
  select from contact o join contact r on r.id = o.root_id where o.id = conversation.contact_id and r.deleted_at is not null)`

/**
 * A conversation the actor may read (`view`) or act on (`send`).
 * @throws Problem `not_found` when its channel is not the actor's to see, `no_right` when it is only to see
 */
export async function needConversation(
  db: Db,
  actor: Actor,
  id: string,
  right: 'view' | 'send',
): Promise<ConversationHead> {
  const row = await db.one<ConversationHead>(
    `select ${HEAD} from conversation where id = $1 and channel_id = any($2::bigint[]) and ${SHOWN}`,
    [id, actor.channels.view],
  )
  return allowed(actor, row, right)
}

/** The same with its row locked against other changes until the transaction ends. */
export async function lockConversation(tx: Tx, actor: Actor, id: string): Promise<ConversationHead> {
  const row = await tx.one<ConversationHead>(
    `select ${HEAD} from conversation where id = $1 and channel_id = any($2::bigint[]) and ${SHOWN} for no key update`,
    [id, actor.channels.view],
  )
  return allowed(actor, row, 'send')
}

function allowed(actor: Actor, row: ConversationHead | undefined, right: 'view' | 'send'): ConversationHead {
  if (!row) throw new Problem('not_found')
  if (!actor.channels[right].includes(row.channel_id)) throw new Problem('no_right')
  return row
}

export async function getConversation(db: Db, actor: Actor, id: string): Promise<Conversation> {
  await needConversation(db, actor, id, 'view')
  return loadOne(db, id)
}

async function loadOne(db: Db, id: string): Promise<Conversation> {
  const [conversation] = await loadConversations(db, [id])
  if (!conversation) throw new Problem('not_found')
  return conversation
}

/** Closes, reopens, sets aside, gives or takes a conversation, or notes that it was seen; each change leaves its event. */
export async function changeConversation(
  app: App,
  actor: Actor,
  id: string,
  patch: ConversationPatch,
): Promise<Conversation> {
  // Looked up before the transaction, which should not wait for a second connection.
  const assignee = patch.assigneeId ? await app.actorOf(patch.assigneeId) : undefined
  try {
    return await app.db.transaction((tx) => changeConversationIn(tx, actor, assignee, id, patch))
  } catch (error) {
    // The chat has another conversation under way: this one stays in the past.
    if (violatedKey(error) === 'conversation_thread_live') throw new Problem('conflict')
    throw error
  }
}

/** The same in the caller's transaction. `assignee`: who is to have it, read before; undefined where nobody is named. */
export async function changeConversationIn(
  tx: Tx,
  actor: Actor,
  assignee: Actor | undefined,
  id: string,
  patch: ConversationPatch,
): Promise<Conversation> {
  const before = await lockConversation(tx, actor, id)
  if (patch.assigneeId !== undefined) checkGiving(actor, before, patch.assigneeId, assignee)
  const refilled = patch.fields !== undefined && (await changeFields(tx, actor, id, patch.fields))
  const changed = await write(tx, actor, before, patch)
  if (!changed && !refilled) return loadOne(tx, id)
  const events = eventsOf(before, patch)
  for (const { kind, data } of events) await addEvent(tx, actor, before, kind, data)
  await happened(
    tx,
    events.flatMap(({ kind, data }) => happeningOf(actor, before, kind, data)),
  )
  const conversation = await loadOne(tx, id)
  tx.publish({ channelId: before.channel_id }, { kind: 'conversation', conversation })
  return conversation
}

/** Custom fields; told in the audit log, since the thread has no room for them. False: nothing to change. */
async function changeFields(tx: Tx, actor: Actor, id: string, asked: FieldValues): Promise<boolean> {
  const before =
    (await tx.one<{ fields: FieldValues }>('select fields from conversation where id = $1', [id]))?.fields ?? {}
  const after = await changedFieldValues(tx, actor, 'conversation', null, asked, before)
  if (isDeepStrictEqual(before, after)) return false
  await storeFields(tx, 'conversation', [{ id, fields: after }])
  await tx.query('update conversation set version = version + 1 where id = $1', [id])
  await audit(tx, actor, 'conversation.changed', { kind: 'conversation', id }, before, after)
  return true
}

/** Taking needs only the right to send, giving what is somebody else's the right to assign; nobody is given what he cannot answer. */
function checkGiving(actor: Actor, before: ConversationHead, to: string | null, assignee: Actor | undefined): void {
  if (to === before.assignee_id) return
  const own = to === actor.userId || before.assignee_id === actor.userId
  if (!own && !actor.rights.has('conversation.assign')) throw new Problem('no_right')
  if (to !== null && !assignee?.channels.send.includes(before.channel_id)) throw wrongField('assigneeId', 'not_allowed')
}

/** One statement over what is there, so that a message coming in at the same moment is not undone. False: nothing to change. */
async function write(tx: Tx, actor: Actor, before: ConversationHead, patch: ConversationPatch): Promise<boolean> {
  const state = patch.state ?? before.state
  const closing = state === 'closed' && before.state !== 'closed'
  const row = await tx.one<{ id: string }>(
    `update conversation set state = $2, assignee_id = $3, version = version + 1,
       closed_at = case when $2 <> 'closed' then null when $4 then now() else closed_at end,
       closed_by = case when $2 <> 'closed' then null when $4 then $5::bigint else closed_by end,
       unread = case when $4 or $6 then 0 else unread end,
       unanswered_since = case when $4 then null else unanswered_since end
     where id = $1 and (state <> $2 or assignee_id is distinct from $3 or ($6 and unread > 0)) returning id`,
    [
      before.id,
      state,
      patch.assigneeId === undefined ? before.assignee_id : patch.assigneeId,
      closing,
      actor.userId,
      patch.unread === 0,
    ],
  )
  return row !== undefined
}

interface NewEvent {
  kind: string
  data: Record<string, unknown>
}
function eventsOf(before: ConversationHead, patch: ConversationPatch): NewEvent[] {
  const events: NewEvent[] = []
  if (patch.assigneeId !== undefined && patch.assigneeId !== before.assignee_id)
    events.push({ kind: 'assigned', data: { fromId: before.assignee_id, toId: patch.assigneeId } })
  if (patch.state !== undefined && patch.state !== before.state)
    events.push({ kind: patch.state === 'open' ? 'reopened' : patch.state, data: { before: before.state } })
  return events
}

const HAPPENINGS = new Map<string, HappeningKind>([
  ['assigned', 'conversation.assigned'],
  ['closed', 'conversation.closed'],
  ['reopened', 'conversation.opened'],
])
function happeningOf(
  actor: Actor,
  { id, contact_id: contactId, channel_id: channelId }: ConversationHead,
  event: string,
  data: Record<string, unknown>,
): Happening[] {
  const kind = HAPPENINGS.get(event)
  return kind ? [{ kind, conversationId: id, contactId, channelId, userId: actor.userId, data }] : []
}

/** Leaves a trace in the thread and on the contact's timeline, and tells the screens. */
export async function addEvent(
  tx: Tx,
  actor: Pick<Actor, 'userId'> | undefined,
  conversation: Pick<ConversationHead, 'id' | 'channel_id' | 'contact_id'>,
  kind: string,
  data: Record<string, unknown>,
): Promise<void> {
  const row = await tx.one<{ id: string; at: Date; root_id: string }>(
    `with added as (
       insert into activity_event (contact_id, conversation_id, channel_id, kind, actor_id, data, at)
       values ($1, $2, $3, $4, $5, $6, clock_timestamp()) returning id, at, contact_id)
     select added.id, added.at, c.root_id from added join contact c on c.id = added.contact_id`,
    [
      conversation.contact_id,
      conversation.id,
      conversation.channel_id,
      kind,
      actor?.userId ?? null,
      JSON.stringify(data),
    ],
  )
  if (!row) throw new Error('the event was not stored')
  const event: ActivityEvent = {
    id: row.id,
    kind,
    contactId: conversation.contact_id,
    conversationId: conversation.id,
    actorId: actor?.userId ?? null,
    data,
    at: row.at.toISOString(),
  }
  tx.publish(
    { channelId: conversation.channel_id },
    {
      kind: 'activity',
      item: { type: 'event', at: event.at, event },
      conversationId: conversation.id,
      contactId: row.root_id,
    },
  )
}

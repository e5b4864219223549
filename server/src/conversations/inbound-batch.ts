import type {
  Inbound,
  InboundEdit,
  InboundMessage,
  InboundReceipt,
  Press,
  Received,
  SharedNumber,
} from '#channels/contract.ts'
import { stripUnsafe } from '#shared/text.ts'
import { findOrMakeSenders, homeCountry, normalizeIdentity, shareNumber } from '../crm/identities.ts'
import type { App } from '../platform/app.ts'
import type { Tx } from '../platform/db.ts'
import { happened } from '../platform/happenings.ts'
import { Problem } from '../platform/problem.ts'
import type { LiveChannel } from './channel-registry.ts'
import { editMessages } from './inbound-edits.ts'
import { type InsertedMessage, insertMessages, leaveOutStored, type NewMessage } from './inbound-messages.ts'
import { openThreads, type Thread } from './inbound-threads.ts'
import { publishMessages, tellMessages } from './message-changes.ts'
import { settleReceipts } from './receipts.ts'
import { judgeByNumber, openLink } from './start-links.ts'
import { acknowledgePresses, askNumbers, sendWelcomes } from './welcome.ts'

export interface StoredEvent {
  id: string
  body: string
}

/** Names the step that failed: it is shown with the event that was set aside. */
export class StepError extends Error {
  readonly step: string
  constructor(step: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.step = step
  }
}

interface Outcome {
  id: string
  state: 'done' | 'ignored' | 'quarantined'
  step: string | null
  reason: string | null
}

/**
 * A batch of one channel's events, in order, in the caller's transaction: people, conversations, messages, what changes
 * messages, then what follows from them. Each step is a few statements for the whole batch, so cost per message falls
 * as load rises. Events whose body means nothing are set aside here; any other failure is the caller's to isolate.
 */
export async function processEvents(app: App, tx: Tx, channel: LiveChannel, events: StoredEvent[]): Promise<void> {
  if (events.length === 0) return
  const { items, outcomes } = understand(channel, events)
  await step('find the sender', () => oneFormOfAddresses(tx, channel, items))

  const senders = await step('find the sender', () => findSenders(tx, channel, items))
  const speaking = items.filter(
    (item): item is InboundMessage | Press => item.type === 'message' || item.type === 'press',
  )
  // An edit that overtook its original is all we may ever get of the message: it opens a conversation too.
  const edits = items.filter((item): item is InboundEdit => item.type === 'edit')
  const lost = await step('find the edited message', () => editMessages(tx, channel, edits))

  const messages = await step('store the message', () =>
    leaveOutStored(tx, channel.id, [...speaking.map(fromMessage), ...lost.map(fromEdit)]),
  )
  const threads = await step('find the conversation', () =>
    openThreads(
      tx,
      channel,
      messages.map((message) => ({ message, sender: senderOf(senders, message.address) })),
    ),
  )
  const stored = await step('store the message', () => insertMessages(tx, channel, messages, threads, senders))
  const inserted = stored.messages
  // Edits of what came in this very batch, and later edits of what an earlier one made.
  if (lost.length > 0) await step('find the edited message', () => editMessages(tx, channel, lost))

  await step('settle receipts', () =>
    settleReceipts(
      tx,
      channel.id,
      items.filter((item): item is InboundReceipt => item.type === 'receipt'),
    ),
  )
  await step('clear what could not be reached', () => clearUnreachable(tx, channel, senders, inserted))
  const asked = await step('open the link', () => openLinks(tx, channel, senders, inserted))
  for (const item of items)
    if (item.type === 'number') await step('bind the number', () => bindNumber(tx, channel, item, senders, threads))
  const welcomed = await step('welcome', () => sendWelcomes(tx, channel, threads, inserted))
  await step('ask for the number', () => askNumbers(tx, channel, asked, welcomed))
  await step('fetch the profile', () => fetchProfiles(tx, channel, senders))
  // Edits of this very batch, a number that joined two contacts and a welcome have changed what was stored.
  const isAsStored =
    lost.length === 0 &&
    asked.size === 0 &&
    !items.some((item) => item.type === 'number') &&
    ![...threads.values()].some(({ first }) => first)
  await step('tell the screens', async () => {
    if (isAsStored)
      return tellMessages(
        tx,
        channel.id,
        inserted.map(({ view }) => view),
        stored.conversations,
      )
    await publishMessages(
      tx,
      channel.id,
      inserted.map((message) => message.id),
      inserted.map((message) => message.conversationId),
    )
  })
  await step('tell the rules', () => tellReceived(tx, channel, inserted, threads))
  await step('close the event', () => closeEvents(tx, channel.id, outcomes))
  acknowledgePresses(
    app,
    tx,
    channel,
    items.filter((item): item is Press => item.type === 'press'),
  )
}

async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof StepError ? error : new StepError(name, error)
  }
}

function understand(channel: LiveChannel, events: StoredEvent[]): { items: Inbound[]; outcomes: Outcome[] } {
  const items: Inbound[] = []
  const outcomes: Outcome[] = []
  const ctx = { settings: channel.settings, now: () => new Date() }
  for (const event of events) {
    try {
      const received: Received = channel.kind.kind.receive(JSON.parse(event.body), ctx)
      items.push(...received.items)
      outcomes.push({
        id: event.id,
        state: received.items.length > 0 ? 'done' : 'ignored',
        step: null,
        reason: received.ignored ?? null,
      })
    } catch (error) {
      outcomes.push({ id: event.id, state: 'quarantined', step: 'receive', reason: reasonOf(error) })
    }
  }
  return { items, outcomes }
}

/**
 * Numbers and e-mail addresses in the one form in which they are unique, whatever spelling the network uses: so a sender
 * is the contact who has that number, and an answer meets the conversation an agent began. A chat that is named by the
 * address itself goes with it. What is no number (a company's name as sender) stays as it came.
 */
async function oneFormOfAddresses(tx: Tx, channel: LiveChannel, items: Inbound[]): Promise<void> {
  const { identityKind } = channel.kind.kind
  if (identityKind !== 'phone' && identityKind !== 'email') return
  const country = await homeCountry(tx)
  for (const item of items) {
    if (item.type === 'receipt') continue
    const { address } = item.sender
    const normal = normalizedOr(identityKind, address, country)
    item.sender = { ...item.sender, address: normal }
    if (item.threadKey === address) item.threadKey = normal
  }
}

function normalizedOr(kind: string, address: string, country: string): string {
  try {
    return normalizeIdentity(kind, address, country)
  } catch (error) {
    if (error instanceof Problem) return address
    throw error
  }
}

export interface KnownSender {
  identityId: string
  contactId: string
  isNew: boolean
}

async function findSenders(tx: Tx, channel: LiveChannel, items: Inbound[]): Promise<Map<string, KnownSender>> {
  const people = new Map<string, { address: string; name: string; display?: string }>()
  for (const item of items) {
    if (item.type === 'receipt') continue
    const { address, name, display } = item.sender
    people.set(address, { address, name: stripUnsafe(name), ...(display ? { display: stripUnsafe(display) } : {}) })
  }
  if (people.size === 0) return new Map()
  return findOrMakeSenders(tx, {
    channelId: channel.id,
    identityKind: channel.kind.kind.identityKind,
    senders: [...people.values()],
  })
}

function senderOf(senders: Map<string, KnownSender>, address: string): KnownSender {
  const sender = senders.get(address)
  if (!sender) throw new Error(`no contact for the sender ${address}`)
  return sender
}

function fromMessage(item: InboundMessage | Press): NewMessage {
  const base = {
    threadKey: item.threadKey,
    address: item.sender.address,
    providerKey: item.providerKey,
    sentAt: item.sentAt,
    tick: item.tick ?? 0,
    editedAt: null,
  }
  if (item.type === 'press') {
    return {
      ...base,
      kind: 'press',
      text: stripUnsafe(item.label ?? item.value),
      data: { label: item.label ?? null, value: item.value },
      attachments: [],
      replyToKey: item.onKey,
    }
  }
  const data = {
    ...(item.location ? { location: item.location } : {}),
    ...(item.contact ? { contact: item.contact } : {}),
    ...(item.startPayload ? { startPayload: item.startPayload } : {}),
  }
  return {
    ...base,
    kind: item.kind,
    text: stripUnsafe(item.text),
    data: Object.keys(data).length > 0 ? data : null,
    attachments: item.attachments ?? [],
    replyToKey: item.replyToKey,
  }
}

function fromEdit(item: InboundEdit): NewMessage {
  return {
    threadKey: item.threadKey,
    address: item.sender.address,
    providerKey: item.providerKey,
    sentAt: item.sentAt,
    tick: item.tick ?? 0,
    kind: 'text',
    text: stripUnsafe(item.text),
    data: null,
    attachments: [],
    replyToKey: undefined,
    editedAt: item.editedAt,
  }
}

async function bindNumber(
  tx: Tx,
  channel: LiveChannel,
  item: SharedNumber,
  senders: Map<string, KnownSender>,
  threads: Map<string, { id: string }>,
): Promise<void> {
  const { contactId, identityId } = senderOf(senders, item.sender.address)
  const conversationId = threads.get(item.threadKey)?.id
  const shared = {
    channelId: channel.id,
    contactId,
    identityId,
    phone: item.phone,
    own: item.own,
    ...(conversationId ? { conversationId } : {}),
  }
  await judgeByNumber(tx, shared)
  const { result, rootId, phone } = await shareNumber(tx, shared)
  if (result !== 'added' && result !== 'joined') return
  const data = { channelId: channel.id, how: 'number_shared', phone }
  await happened(tx, [
    {
      kind: 'contact.won',
      contactId: rootId,
      channelId: channel.id,
      ...(conversationId ? { conversationId } : {}),
      data,
    },
  ])
}

/** Who writes can be reached again: a bot that was blocked is not any more. */
async function clearUnreachable(
  tx: Tx,
  channel: LiveChannel,
  senders: Map<string, KnownSender>,
  inserted: readonly InsertedMessage[],
): Promise<void> {
  const ids = [...new Set(inserted.map(({ message }) => senderOf(senders, message.address).identityId))]
  if (ids.length === 0) return
  await tx.query(
    // identity_reach_pkey
    `update identity_reach set reachable = true, reason = null, at = now()
     where identity_id = any($2::bigint[]) and channel_id = $1 and not reachable`,
    [channel.id, ids],
  )
}

/** People who came by a link of ours. Answers with the chats in which the number is to be asked for, and their conversations. */
async function openLinks(
  tx: Tx,
  channel: LiveChannel,
  senders: Map<string, KnownSender>,
  inserted: readonly InsertedMessage[],
): Promise<Map<string, { id: string; contactId: string }>> {
  const asked = new Map<string, { id: string; contactId: string }>()
  for (const { message, conversationId, threadKey, view } of inserted) {
    const payload = message.kind === 'start' ? message.data?.['startPayload'] : undefined
    if (typeof payload !== 'string') continue
    const { identityId, contactId } = senderOf(senders, message.address)
    const { asks } = await openLink(tx, { channelId: channel.id, identityId, contactId, conversationId, payload })
    if (asks) asked.set(threadKey, { id: conversationId, contactId: view.contactId })
  }
  return asked
}

/** What upper modules may act upon, all of a batch at once. Whoever listens looks what the sender has become since. */
async function tellReceived(
  tx: Tx,
  channel: LiveChannel,
  inserted: readonly InsertedMessage[],
  threads: ReadonlyMap<string, Thread>,
): Promise<void> {
  if (inserted.length === 0) return
  const about = (view: InsertedMessage['view']) => ({
    contactId: view.contactId,
    conversationId: view.conversationId,
    channelId: channel.id,
  })
  const opened = new Map(
    inserted.flatMap(({ threadKey, view }) => {
      const thread = threads.get(threadKey)
      return thread?.opened ? [[thread.id, { view, first: thread.first }] as const] : []
    }),
  )
  await happened(tx, [
    ...[...opened.values()].map(({ view, first }) => ({
      kind: 'conversation.opened' as const,
      ...about(view),
      data: { by: 'contact', first },
    })),
    ...inserted.map(({ id, view, threadKey }) => ({
      kind: 'message.received' as const,
      ...about(view),
      messageId: id,
      data: { text: view.text, kind: view.kind, first: threads.get(threadKey)?.first ?? false },
    })),
  ])
}

async function fetchProfiles(tx: Tx, channel: LiveChannel, senders: Map<string, KnownSender>): Promise<void> {
  if (!channel.kind.kind.profile) return
  for (const [address, sender] of senders) {
    if (!sender.isNew) continue
    const { identityId, contactId } = sender
    await tx.addJob(
      'contact.profile',
      { contactId, identityId, channelId: channel.id, address },
      { key: `profile:${identityId}`, maxAttempts: 5 },
    )
  }
}

/** Why an event was set aside, as it may be stored: errors repeat what customers wrote. */
export function reasonOf(error: unknown): string {
  return stripUnsafe(error instanceof Error ? error.message : String(error)).slice(0, 500)
}

/** Tells those who watch over what came in that events were set aside. */
function publishQuarantined(tx: Tx, channelId: string, count: number): void {
  tx.publish({ channelId, need: 'inbound.view' }, { kind: 'inbound', channelId, quarantined: count })
}

/** Takes events out of the line and notes what became of them; those that somebody else has closed stay as they are. */
export async function closeEvents(tx: Tx, channelId: string, outcomes: Outcome[]): Promise<void> {
  const aside = outcomes.filter((outcome) => outcome.state === 'quarantined').length
  if (aside > 0) publishQuarantined(tx, channelId, aside)
  await tx.query(
    `with closed as (delete from inbound_queue where channel_id = $5 and event_id = any($1::bigint[]) returning event_id)
     update inbound_event e set state = o.state, step = o.step, reason = o.reason, attempts = e.attempts + 1, processed_at = now()
     from closed join unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) as o(id, state, step, reason) on o.id = closed.event_id
     where e.id = closed.event_id`,
    [
      outcomes.map((o) => o.id),
      outcomes.map((o) => o.state),
      outcomes.map((o) => o.step),
      outcomes.map((o) => o.reason),
      channelId,
    ],
  )
}

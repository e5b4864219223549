import type { InfiniteData, QueryClient } from '@tanstack/react-query'
import type { Channel, ChannelBrief } from '#shared/api/channels.ts'
import type { PageOf } from '#shared/api/common.ts'
import type { Conversation, PresenceList, TimelineItem } from '#shared/api/conversations.ts'
import type { DealBoard } from '#shared/api/deals.ts'
import type { LiveChange, LivePresence } from '#shared/api/live.ts'
import { ApiProblem, api } from './api.ts'
import { calmly } from './calmly.ts'
import { onceMore } from './once-more.ts'
import { belongs, channelsQuery, type ConversationFilter, countsQuery } from './queries.ts'
import { meQuery } from './session/session.ts'

type Pages<T> = InfiniteData<PageOf<T>, string | null>

export const itemKey = (item: TimelineItem): string =>
  item.type === 'message' ? `m${item.message.id}` : item.type === 'note' ? `n${item.note.id}` : `e${item.event.id}`

/** Newest first: by moment, then by id, as the server pages them. */
function isNewer(a: { at: string; id: string }, b: { at: string; id: string }): boolean {
  const difference = Date.parse(a.at) - Date.parse(b.at)
  if (difference !== 0) return difference > 0
  return a.id.length === b.id.length ? a.id > b.id : a.id.length > b.id.length
}

/**
 * `pages` with `item` put in, replacing the one with the same key; `fits` false takes it out. Items older than what is
 * loaded stay out until their page is asked for.
 */
function placeItem<T>(
  pages: Pages<T> | undefined,
  item: T,
  keyOf: (item: T) => string,
  orderOf: (item: T) => { at: string; id: string },
  fits = true,
): Pages<T> | undefined {
  if (pages === undefined) return undefined
  const key = keyOf(item)
  const order = orderOf(item)
  let done = !fits
  const next = pages.pages.map((page, index) => {
    const at = page.items.findIndex((one) => keyOf(one) === key)
    const old = page.items[at]
    if (fits && !done && old !== undefined && orderOf(old).at === order.at) {
      done = true
      return { ...page, items: page.items.with(at, item) }
    }
    let items = at < 0 ? page.items : page.items.toSpliced(at, 1)
    if (!done) {
      const before = items.findIndex((one) => isNewer(order, orderOf(one)))
      const atEnd = index === pages.pages.length - 1 && page.nextCursor === null
      if (before >= 0 || atEnd) {
        items = items.toSpliced(before < 0 ? items.length : before, 0, item)
        done = true
      }
    }
    return items === page.items ? page : { ...page, items }
  })
  // A second copy further down (the item moved up) is taken out by the loop above, since `done` pages still drop the key.
  return { ...pages, pages: next }
}

export function placeConversation(client: QueryClient, conversation: Conversation): void {
  const known = client.getQueryData<Conversation>(['conversation', conversation.id])
  if (known !== undefined && known.version > conversation.version) return
  client.setQueryData(['conversation', conversation.id], conversation)
  const meId = client.getQueryData(meQuery.queryKey)?.id ?? ''
  for (const query of client.getQueryCache().findAll({ queryKey: ['conversations', 'list'] })) {
    const filter = query.queryKey[2] as ConversationFilter
    const fits = belongs(filter, conversation, meId)
    onceMore(client, query.queryKey, conversation.id, () => placeConversation(client, conversation))
    if (fits === null) {
      const update = (pages: Pages<Conversation> | undefined) =>
        pages && {
          ...pages,
          pages: pages.pages.map((page) => ({
            ...page,
            items: page.items.map((one) => (one.id === conversation.id ? conversation : one)),
          })),
        }
      client.setQueryData<Pages<Conversation>>(query.queryKey, update)
    } else {
      const order = (one: Conversation) => ({ at: one.lastAt, id: one.id })
      client.setQueryData<Pages<Conversation>>(query.queryKey, (pages) =>
        placeItem(pages, conversation, (one) => one.id, order, fits),
      )
    }
  }
  recount(client)
}

let recounting: number | undefined
function recount(client: QueryClient): void {
  // Many changes come together; one count a second is enough for the eye.
  recounting ??= window.setTimeout(() => {
    recounting = undefined
    void client.invalidateQueries({ queryKey: countsQuery.queryKey })
  }, 1000)
}

/** An import changes thousands: lists are read again when the last reading has come, not at every step. */
let contactsChanged: (() => void) | undefined

const timelineOrder = (item: TimelineItem): { at: string; id: string } => ({
  at: item.at,
  id: item.type === 'message' ? item.message.id : item.type === 'note' ? item.note.id : item.event.id,
})

function placeInThread(client: QueryClient, conversationId: string, item: TimelineItem): void {
  onceMore(client, ['thread', conversationId], itemKey(item), () => placeInThread(client, conversationId, item))
  client.setQueryData<Pages<TimelineItem>>(['thread', conversationId], (pages) =>
    placeItem(pages, item, itemKey, timelineOrder),
  )
}

/** Above this many it is cheaper to ask for the lists again. */
const FEW = 8

/** Conversations on screen whose contact has another name, picture or, after a merge, is another. */
async function freshenNames(client: QueryClient, contactIds: readonly string[]): Promise<void> {
  const lists = client.getQueriesData<Pages<Conversation>>({ queryKey: ['conversations', 'list'] })
  const shown = lists.flatMap(([, pages]) => pages?.pages.flatMap((page) => page.items) ?? [])
  const ids = new Set(shown.filter((one) => contactIds.includes(one.contact.id)).map((one) => one.id))
  for (const query of client.getQueryCache().findAll({ queryKey: ['conversation'] })) {
    const one = client.getQueryData<Conversation>(query.queryKey)
    if (one !== undefined && contactIds.includes(one.contact.id)) ids.add(one.id)
  }
  if (ids.size > FEW) await client.invalidateQueries({ queryKey: ['conversations', 'list'] })
  for (const id of [...ids].slice(0, FEW))
    placeConversation(client, await api.get<Conversation>(`/conversations/${id}`))
}

/** Boards with a card of these contacts: another name, another picture, merged, deleted. */
function freshenDeals(client: QueryClient, contactIds: readonly string[]): void {
  const boards = client.getQueriesData<DealBoard>({ queryKey: ['deals', 'board'] })
  const deals = boards.flatMap(([, board]) => board?.stages.flatMap((column) => column.deals) ?? [])
  if (deals.some((deal) => contactIds.includes(deal.contact.id))) void client.invalidateQueries({ queryKey: ['deals'] })
  for (const id of contactIds) void client.invalidateQueries({ queryKey: ['contact-deals', id] })
}

function inThread(client: QueryClient, conversationId: string, key: string): TimelineItem | undefined {
  const pages = client.getQueryData<Pages<TimelineItem>>(['thread', conversationId])
  return pages?.pages.flatMap((page) => page.items).find((item) => itemKey(item) === key)
}

/**
 * Puts in the answer to a request, unless the live stream was faster and knows more by now.
 * @param before the item as it was when the request was made.
 */
export function placeAnswer(
  client: QueryClient,
  conversationId: string,
  item: TimelineItem,
  before?: TimelineItem,
): void {
  const now = inThread(client, conversationId, itemKey(item))
  const stateOf = (one: TimelineItem | undefined) => (one?.type === 'message' ? one.message.state : undefined)
  if (now === undefined || (before !== undefined && stateOf(now) === stateOf(before)))
    placeInThread(client, conversationId, item)
}

/**
 * Fetches the newest of every open thread of these contacts: events that no change of their own announces. `changed`:
 * only of these threads, whose messages may have changed too.
 */
async function freshenThreads(
  client: QueryClient,
  contactIds: readonly string[],
  changed: readonly string[] = [],
): Promise<void> {
  for (const query of client.getQueryCache().findAll({ queryKey: ['thread'], type: 'active' })) {
    const id = String(query.queryKey[1])
    const conversation = client.getQueryData<Conversation>(['conversation', id])
    const isChanged = changed.includes(id)
    if (!isChanged && (changed.length > 0 || !contactIds.includes(conversation?.contact.id ?? ''))) continue
    const page = await api.get<PageOf<TimelineItem>>(`/conversations/${id}/messages`, { limit: 20 })
    for (const item of page.items)
      if (isChanged || inThread(client, id, itemKey(item)) === undefined) placeInThread(client, id, item)
  }
}

export function removeNote(client: QueryClient, conversationId: string, noteId: string): void {
  const without = (pages: Pages<TimelineItem> | undefined) =>
    pages && {
      ...pages,
      pages: pages.pages.map((page) => ({
        ...page,
        items: page.items.filter((item) => itemKey(item) !== `n${noteId}`),
      })),
    }
  client.setQueryData<Pages<TimelineItem>>(['thread', conversationId], without)
}

/** What one live change does to what is on screen. */
export function applyChange(client: QueryClient, change: LiveChange): void {
  const again = (...queryKey: unknown[]) => void client.invalidateQueries({ queryKey })
  switch (change.kind) {
    case 'message': {
      const { message } = change
      placeInThread(client, message.conversationId, { type: 'message', at: message.at, message })
      if (change.conversation !== null) placeConversation(client, change.conversation)
      client.removeQueries({ queryKey: ['message', message.id], type: 'inactive' })
      again('message', message.id)
      again('timeline', message.contactId)
      break
    }
    case 'conversation':
      placeConversation(client, change.conversation)
      break
    case 'threads':
      freshenThreads(client, change.contactIds, change.conversationIds).catch(onlyProblems)
      for (const id of change.contactIds) again('timeline', id)
      break
    case 'activity':
      if (change.conversationId !== null) placeInThread(client, change.conversationId, change.item)
      again('timeline', change.contactId)
      break
    case 'activity_removed':
      if (change.conversationId !== null) removeNote(client, change.conversationId, change.id)
      again('timeline', change.contactId)
      break
    case 'contact':
      for (const id of change.ids) {
        again('contact', id)
        again('timeline', id)
      }
      contactsChanged ??= calmly(() => client.invalidateQueries({ queryKey: ['contacts'] }), 300)
      contactsChanged()
      freshenThreads(client, change.ids).catch(onlyProblems)
      freshenNames(client, change.ids).catch(onlyProblems)
      freshenDeals(client, change.ids)
      break
    case 'channel':
      placeChannel(client, change.channel)
      break
    case 'users':
      again('users')
      break
    case 'me':
      again('me')
      again('channels')
      again('conversations')
      break
    case 'organisation':
      again('organisation')
      break
    case 'defined':
      again(change.what)
      // What lists show and filter by is made of it.
      if (change.what !== 'invitations') again('contacts')
      // A field that is back brings back its values.
      if (change.what === 'fields')
        for (const key of ['contact', 'conversations', 'conversation', 'deals', 'contact-deals']) again(key)
      break
    case 'operation':
      client.setQueryData(['operation', change.operation.id], change.operation)
      again('operations')
      break
    case 'deal':
      again('deals')
      again('contact-deals')
      again('timeline', change.contactId)
      break
    case 'campaign':
      again('campaign', change.id)
      again('campaigns')
      break
    case 'request':
    case 'task':
      again(`${change.kind}s`)
      if (change.contactId !== null) again('timeline', change.contactId)
      break
    case 'duplicates':
      again('duplicates')
      break
    case 'inbound':
      again('inbound')
      break
    case 'draft':
      // One's own typing in this window is the newest; other windows ask when they open the conversation.
      client.removeQueries({ queryKey: ['draft', change.conversationId], type: 'inactive' })
      break
    case 'mention':
      break
  }
}

/** What a background request may run into; the next change asks again. */
function onlyProblems(error: unknown): void {
  if (!(error instanceof ApiProblem)) throw error
}

function placeChannel(client: QueryClient, channel: ChannelBrief): void {
  const known = client.getQueryData<PageOf<Channel>>(channelsQuery.queryKey)
  if (known?.items.some((one) => one.id === channel.id) === true) {
    const items = known.items.map((one) => (one.id === channel.id ? { ...one, ...channel } : one))
    client.setQueryData<PageOf<Channel>>(channelsQuery.queryKey, { ...known, items })
  }
  void client.invalidateQueries({ queryKey: channelsQuery.queryKey })
}

export function applyPresence(client: QueryClient, presence: LivePresence): void {
  client.setQueryData<PresenceList>(['presence', presence.conversationId], (list) => {
    if (list === undefined) return list
    const others = list.items.filter((one) => one.userId !== presence.userId)
    if (presence.doing === 'gone') return { items: others }
    return { items: [...others, { userId: presence.userId, doing: presence.doing }] }
  })
}

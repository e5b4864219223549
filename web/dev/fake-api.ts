import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Connect, Plugin } from 'vite'
import type {
  Conversation,
  ConversationCounts,
  ConversationPatch,
  Draft,
  MessageNew,
  TimelineItem,
} from '#shared/api/conversations.ts'
import type { LiveChange } from '#shared/api/live.ts'
import type { MePatch } from '#shared/api/session.ts'
import * as data from './fake-data.ts'

/**
 * An API in memory for drawing screens without a server: `FAKE_API=1 npx vite -c web/vite.config.ts`. `FAKE_API=out`
 * begins signed out, `setup` before the first administrator, `empty` without channels, `long` with 5,000 messages.
 * The state lives as long as the process. Development only; never part of a build.
 */
export function fakeApi(): Plugin {
  const api = makeApi(process.env['FAKE_API'] ?? '1')
  const use = (server: { middlewares: Connect.Server }) => {
    server.middlewares.use((request, response, next) => {
      if (request.url?.startsWith('/api/v1/') === true) void api(request, response)
      else next()
    })
  }
  return { name: 'fake-api', configureServer: use, configurePreviewServer: use }
}

interface Call {
  params: string[]
  query: URLSearchParams
  body: unknown
  response: ServerResponse
}
type Handler = (call: Call) => unknown

class Refusal extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

function page<T>(items: readonly T[], query: URLSearchParams) {
  const from = Number(query.get('cursor') ?? 0)
  const limit = Number(query.get('limit') ?? 50)
  return {
    items: items.slice(from, from + limit),
    nextCursor: from + limit < items.length ? String(from + limit) : null,
  }
}

function makeApi(mode: string) {
  let signedIn = mode !== 'out' && mode !== 'setup'
  let needsSetup = mode === 'setup'
  if (mode === 'empty') {
    data.channels.length = 0
    data.conversations.length = 0
  }
  const me = data.me
  const threads = new Map<string, TimelineItem[]>()
  const drafts = new Map<string, Draft>()
  const listeners = new Set<ServerResponse>()
  let event = 1
  let nextId = 9_000_000

  const emit = (...changes: LiveChange[]) => {
    event += 1
    for (const response of listeners)
      response.write(`id: ${event}\nevent: change\ndata: ${JSON.stringify(changes)}\n\n`)
  }
  const conversation = (id: string | undefined): Conversation => {
    const found = data.conversations.find((one) => one.id === id)
    if (found === undefined) throw new Refusal(404, 'گفتگو پیدا نشد.')
    return found
  }
  const thread = (id: string) => {
    const known = threads.get(id) ?? data.makeThread(conversation(id), mode === 'long' ? 5000 : id === '500' ? 30 : 14)
    threads.set(id, known)
    return known
  }
  const touch = (one: Conversation, change: Partial<Conversation>): Conversation =>
    Object.assign(one, change, { version: one.version + 1 })
  const listed = (query: URLSearchParams) =>
    data.conversations
      .filter((one) => query.get('state') === null || one.state === query.get('state'))
      .filter((one) => query.get('channelId') === null || one.channelId === query.get('channelId'))
      .filter((one) => query.get('contactId') === null || one.contact.id === query.get('contactId'))
      .filter((one) => {
        const assignee = query.get('assigneeId')
        return (
          assignee === null ||
          (assignee === 'me'
            ? one.assigneeId === me.id
            : assignee === 'none'
              ? one.assigneeId === null
              : one.assigneeId === assignee)
        )
      })
      .filter((one) => `${one.contact.name} ${one.lastText}`.includes(query.get('search') ?? ''))
      .toSorted((a, b) => Date.parse(b.lastAt) - Date.parse(a.lastAt))
  const count = (keep: (one: Conversation) => boolean) => {
    const all = data.conversations.filter(keep)
    return { total: all.length, unread: all.filter((one) => one.unread > 0).length }
  }

  const send = (id: string, body: MessageNew) => {
    const at = new Date().toISOString()
    nextId += 1
    const own = conversation(id)
    if (body.internal === true) {
      const note = {
        id: String(nextId),
        conversationId: id,
        contactId: own.contact.id,
        authorId: me.id,
        text: body.text ?? '',
        mentions: body.mentions ?? [],
        files: [],
        at,
        editedAt: null,
      }
      const item: TimelineItem = { type: 'note', at, note }
      thread(id).unshift(item)
      emit({ kind: 'activity', item, conversationId: id, contactId: own.contact.id })
      return item
    }
    const message = data.message({
      id: String(nextId),
      conversationId: id,
      contactId: own.contact.id,
      at,
      direction: 'out',
      state: 'waiting',
      text: body.text ?? '',
      replyToId: body.replyToId ?? null,
    })
    thread(id).unshift({ type: 'message', at, message })
    touch(own, { lastAt: at, lastText: message.text, lastDirection: 'out', unread: 0, unansweredSince: null })
    emit({ kind: 'message', message, conversation: own })
    const later = (state: 'sending' | 'sent', ms: number) =>
      setTimeout(() => {
        if (message.state === 'cancelled') return
        message.state = state
        emit({ kind: 'message', message, conversation: own })
      }, ms)
    later('sending', 3000)
    later('sent', 3600)
    return { type: 'message', message }
  }
  /** For seeing the screen live: POST /dev/say {conversationId, text} is a customer writing. */
  const say = (id: string, text: string) => {
    const at = new Date().toISOString()
    nextId += 1
    const own = conversation(id)
    const message = data.message({ id: String(nextId), conversationId: id, contactId: own.contact.id, at, text })
    thread(id).unshift({ type: 'message', at, message })
    touch(own, {
      lastAt: at,
      lastText: text,
      lastDirection: 'in',
      unread: own.unread + 1,
      unansweredSince: own.unansweredSince ?? at,
    })
    emit({ kind: 'message', message, conversation: own })
    return { ok: true }
  }

  const routes: [string, RegExp, Handler][] = []
  const on = (method: string, path: string, handler: Handler) =>
    routes.push([method, new RegExp(`^${path.replaceAll(':id', '([^/]+)')}$`), handler])

  on('GET', '/setup', () => ({ needed: needsSetup, demo: false }))
  on('POST', '/setup', () => {
    needsSetup = false
    signedIn = true
    return me
  })
  on('GET', '/session', () => {
    if (!signedIn) throw new Refusal(401, 'وارد نشده‌اید.')
    return me
  })
  let tries = 0
  on('POST', '/session', ({ body, response }) => {
    if ((body as { password: string }).password === 'wrong') {
      tries += 1
      if (tries > 2) {
        response.setHeader('retry-after', '20')
        throw new Refusal(429, 'چند بار نادرست وارد شده است.')
      }
      throw new Refusal(401, 'ایمیل یا رمز درست نیست.')
    }
    signedIn = true
    return me
  })
  on('DELETE', '/session', () => {
    signedIn = false
    return { ok: true }
  })
  on('PATCH', '/me', ({ body }) => {
    const patch = body as MePatch
    Object.assign(me.preferences, patch.preferences)
    if (patch.presence !== undefined) me.presence = patch.presence
    return me
  })
  on('GET', '/users/brief', () => ({ items: data.users }))
  on('GET', '/channels', ({ query }) => page(data.channels, query))
  on('GET', '/channel-kinds', () => ({ items: data.kinds }))
  on('GET', '/contacts', ({ query }) =>
    page(
      data.contacts.filter((one) => one.name.includes(query.get('search') ?? '')),
      query,
    ),
  )
  on(
    'GET',
    '/contacts/:id',
    ({ params }) =>
      data.contacts.find((one) => one.id === params[0]) ?? Promise.reject(new Refusal(404, 'مخاطب پیدا نشد.')),
  )
  on('GET', '/contacts/:id/timeline', ({ params, query }) => {
    const items = data.conversations.filter((one) => one.contact.id === params[0]).flatMap((one) => thread(one.id))
    return page(
      query.get('files') === 'true'
        ? items.filter((item) => item.type === 'message' && item.message.attachments.length > 0)
        : items,
      query,
    )
  })
  on('POST', '/contacts/:id/merge', ({ params, body }) => ({
    id: '1',
    winnerId: (body as { intoId: string }).intoId,
    loserId: params[0],
    loserName: '',
    cause: 'agent',
    mergedAt: data.ago(0),
    mergedBy: '1',
    undoneAt: null,
  }))
  on('POST', '/merges/:id/undo', () => ({
    id: '1',
    winnerId: '1',
    loserId: '2',
    loserName: '',
    cause: 'agent',
    mergedAt: data.ago(0),
    mergedBy: '1',
    undoneAt: data.ago(0),
  }))
  on('POST', '/identity-conflicts/:id/dismiss', () => ({ ok: true }))
  on('GET', '/conversations', ({ query }) => page(listed(query), query))
  on(
    'GET',
    '/conversations/counts',
    (): ConversationCounts => ({
      mine: count((one) => one.state === 'open' && one.assigneeId === me.id),
      unassigned: count((one) => one.state === 'open' && one.assigneeId === null),
      open: count((one) => one.state === 'open'),
      waiting: count((one) => one.state === 'waiting'),
      closed: count((one) => one.state === 'closed'),
    }),
  )
  on('GET', '/conversations/:id', ({ params }) => conversation(params[0]))
  on('PATCH', '/conversations/:id', ({ params, body }) => {
    const changed = touch(conversation(params[0]), body as ConversationPatch)
    emit({ kind: 'conversation', conversation: changed })
    return changed
  })
  on('GET', '/conversations/:id/messages', ({ params, query }) => page(thread(params[0] ?? ''), query))
  on('POST', '/conversations/:id/messages', ({ params, body }) => send(params[0] ?? '', body as MessageNew))
  on('GET', '/conversations/:id/draft', ({ params }) => ({
    ...(drafts.get(params[0] ?? '') ?? { text: '', fileIds: [], internal: false }),
    files: [],
    updatedAt: null,
  }))
  on('PUT', '/conversations/:id/draft', ({ params, body }) => {
    drafts.set(params[0] ?? '', body as Draft)
    return { ...(body as Draft), files: [], updatedAt: data.ago(0) }
  })
  on('DELETE', '/conversations/:id/draft', ({ params }) => ({ ok: drafts.delete(params[0] ?? '') || true }))
  on('GET', '/conversations/:id/presence', ({ params }) => ({
    items: params[0] === '500' ? [{ userId: '2', doing: 'typing' }] : [],
  }))
  on('POST', '/conversations/:id/presence', () => ({ ok: true }))
  on('GET', '/messages', ({ query }) => {
    const search = query.get('search') ?? ''
    const hits = data.conversations.filter((one) => one.lastText.includes(search))
    const items = hits.map((one) => ({
      messageId: `${one.id}0000`,
      conversationId: one.id,
      channelId: one.channelId,
      contact: one.contact,
      direction: 'in',
      snippet: one.lastText.replace(search, `\ue000${search}\ue001`),
      at: one.lastAt,
    }))
    return page(items, query)
  })
  on('GET', '/messages/:id', ({ params }) => {
    const found = [...threads.values()].flat().find((item) => item.type === 'message' && item.message.id === params[0])
    if (found?.type !== 'message') throw new Refusal(404, 'پیام پیدا نشد.')
    const attempts = [
      {
        n: 1,
        startedAt: data.ago(5),
        finishedAt: data.ago(5),
        outcome: 'refused',
        code: '403',
        detail: 'bot was blocked by the user',
        retryAt: null,
      },
    ]
    return {
      ...found.message,
      attempts,
      revisions: found.message.editedAt === null ? [] : [{ text: 'سفارش ۱۲۳۴۴ بود', at: data.ago(70) }],
    }
  })
  const change = (state: 'waiting' | 'cancelled') => (call: Call) => {
    const found = [...threads.values()]
      .flat()
      .find((item) => item.type === 'message' && item.message.id === call.params[0])
    if (found?.type !== 'message') throw new Refusal(404, 'پیام پیدا نشد.')
    Object.assign(found.message, { state, failure: null, retryable: false })
    emit({ kind: 'message', message: found.message, conversation: null })
    return found.message
  }
  on('POST', '/messages/:id/retry', change('waiting'))
  on('POST', '/messages/:id/cancel', change('cancelled'))
  on('POST', '/files', () => ({
    id: '900',
    name: 'image.png',
    size: 42_000,
    mediaType: 'image/png',
    width: 640,
    height: 480,
    durationMs: null,
  }))
  on('POST', '/dev/say', ({ body }) =>
    say((body as { conversationId: string }).conversationId, (body as { text: string }).text),
  )
  on('POST', '/dev/drop', () => {
    for (const response of listeners) response.destroy()
    return { ok: true }
  })

  const picture =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300"><rect width="400" height="300" fill="#c9b79c"/><circle cx="300" cy="80" r="40" fill="#f3e3c0"/><path d="M0 300 140 120l90 110 60-60 110 130z" fill="#5b7f6b"/></svg>'

  return async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://x')
    const path = url.pathname.replace('/api/v1', '')
    if (path === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`id: ${event}\nevent: hello\ndata: {}\n\n`)
      listeners.add(response)
      response.on('close', () => listeners.delete(response))
      return
    }
    if (request.method === 'GET' && path.startsWith('/files/')) {
      response.writeHead(200, { 'content-type': 'image/svg+xml' }).end(picture)
      return
    }
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const reply = (status: number, value: unknown) =>
      response
        .writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' })
        .end(JSON.stringify(value))
    for (const [method, pattern, handler] of routes) {
      const match = pattern.exec(path)
      if (match === null || method !== request.method) continue
      try {
        const body: unknown = text.startsWith('{') ? JSON.parse(text) : {}
        reply(200, await handler({ params: match.slice(1), query: url.searchParams, body, response }))
      } catch (error) {
        const status = error instanceof Refusal ? error.status : 500
        reply(status, {
          type: 'about:blank',
          title: 'refused',
          status,
          detail: String(error instanceof Error ? error.message : error),
          code: 'fake',
        })
      }
      return
    }
    reply(404, {
      type: 'about:blank',
      title: 'not found',
      status: 404,
      detail: `not faked: ${request.method} ${path}`,
      code: 'not_found',
    })
  }
}

import type { FastifyInstance } from 'fastify'
import type { App } from '../platform/app.ts'
import { Problem } from '../platform/problem.ts'
import type { Channels, LiveChannel } from './channel-registry.ts'
import type { RawInbound } from './intake.ts'

/** Providers send small JSON; what is larger is not from them. */
const HOOK_LIMIT = 1024 * 1024
const EVENTS_PER_HOOK = 1000

/** `POST /hooks/<secret>`: find the channel, check the signature, store, answer. Nothing else happens on this path. */
export function hooksPlugin(
  app: App,
  channels: Channels,
  store: (events: RawInbound[]) => Promise<void>,
): (server: FastifyInstance) => void {
  return (server) => {
    server.removeAllContentTypeParsers()
    server.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: HOOK_LIMIT }, (_request, body, done) =>
      done(null, body),
    )
    server.post<{ Params: { secret: string } }>('/hooks/:secret', async (request, reply) => {
      const channel = await channels.byHook(request.params.secret)
      if (!channel) throw new Problem('hook_unknown')
      const body = textOf(request.body)
      const { kind } = channel.kind
      if (
        kind.verify &&
        !kind.verify(
          { headers: request.headers, query: queryOf(request.query), body },
          { settings: channel.settings, now: () => new Date() },
        )
      ) {
        throw new Problem('hook_unknown')
      }
      await store(eventsOf(channel, body, String(request.headers['content-type'] ?? '')))
      void reply.type('application/json').send('{"ok":true}')
    })
  }
}

function queryOf(query: unknown): Record<string, unknown> {
  return query !== null && typeof query === 'object' ? { ...query } : {}
}

const decoder = new TextDecoder('utf-8', { fatal: true })
function textOf(body: unknown): string {
  try {
    return Buffer.isBuffer(body) ? decoder.decode(body) : ''
  } catch {
    throw new Problem('hook_body_invalid')
  }
}

function eventsOf(channel: LiveChannel, text: string, mediaType: string): RawInbound[] {
  const body = parse(text, mediaType)
  const raw = channel.kind.kind.unpack(body)
  if (raw.length > EVENTS_PER_HOOK) throw new Problem('too_large')
  try {
    return raw.map(({ key, event }) => ({
      channelId: channel.id,
      eventKey: key.slice(0, 200),
      via: 'hook',
      // As it came, unless the kind took it apart.
      body: event === body && typeof body !== 'string' && mediaType.includes('json') ? text : JSON.stringify(event),
    }))
  } catch {
    throw new Problem('hook_body_invalid') // nested deeper than JSON can be written
  }
}

function parse(text: string, mediaType: string): unknown {
  if (mediaType.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(text))
  try {
    return JSON.parse(text)
  } catch {
    throw new Problem('hook_body_invalid')
  }
}

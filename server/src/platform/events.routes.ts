import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { Actor, App } from './app.ts'
import { route } from './http.ts'
import { Problem, wrongField } from './problem.ts'

/** Streams one person may have open: windows on several devices, and scripts. */
export const STREAMS_PER_USER = 20
/** How often a stream looks whether its session or token has run out without anybody saying so (ms). */
const RECHECK = 5 * 60_000

/** `GET /events`: what the caller may see, as it happens (shared/src/api/live.ts). */
export function eventsRoute(app: App): void {
  const open = new Map<string, number>()
  app.routes.push(
    route({
      method: 'GET',
      url: '/events',
      access: 'signed-in',
      summary: 'A stream of server-sent events: every change the caller may see, numbered; Last-Event-ID resumes.',
      query: Type.Object({
        lastEventId: Type.Optional(Type.String({ maxLength: 30, description: 'As the header Last-Event-ID' })),
        seeAs: Type.Optional(Type.String({ maxLength: 20, description: 'As the header X-Daftar-See-As' })),
      }),
      answer: Type.Unsafe<unknown>(Type.String()),
      answerType: 'text/event-stream',
      async handle({ actor, query, request, reply }) {
        const last = lastSeq(request.headers['last-event-id'] ?? query.lastEventId)
        if (request.method === 'HEAD') return reply.type('text/event-stream').send()
        // Whoever sees as another uses his own.
        const owner = actor.seenBy ?? actor.userId
        const mine = open.get(owner) ?? 0
        if (mine >= STREAMS_PER_USER) throw new Problem('rate_limited', {}, [], { 'retry-after': '10' })
        open.set(owner, mine + 1)
        reply.raw.once('close', () => {
          const left = (open.get(owner) ?? 1) - 1
          if (left > 0) open.set(owner, left)
          else open.delete(owner)
        })
        await stream(app, actor, last, request, reply)
        return reply
      },
    }),
  )
}

function lastSeq(text: string | string[] | undefined): bigint | undefined {
  if (text === undefined || text === '') return undefined
  if (typeof text === 'string' && /^[0-9]{1,18}$/.test(text)) return BigInt(text)
  throw wrongField('lastEventId', 'wrong_format')
}

async function stream(
  app: App,
  actor: Actor,
  last: bigint | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  reply.hijack()
  const { raw } = reply
  request.raw.socket.setNoDelay(true)
  request.raw.socket.setTimeout(0)
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // Proxies must hand events on as they come.
    'x-accel-buffering': 'no',
  })
  raw.write('retry: 1000\n\n')
  const recheck = setInterval(() => {
    app
      .actorAgain(actor)
      .then((still) => still ?? raw.end('event: signed-out\ndata: {}\n\n'))
      .catch((error: unknown) => app.log.warn({ err: error }, 'a stream could not be checked'))
  }, RECHECK)
  raw.once('close', () => clearInterval(recheck))
  try {
    await app.live.attach(actor, raw, last)
  } catch (error) {
    // The answer has begun: the receiver sees a cut and comes back.
    app.log.error({ err: error }, 'a stream could not be attached')
    raw.destroy()
  }
}

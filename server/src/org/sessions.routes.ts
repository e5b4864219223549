import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { Id, Ok, Page } from '#shared/api/common.ts'
import { Me, SessionItem, SignIn } from '#shared/api/session.ts'
import type { App } from '../platform/app.ts'
import { route } from '../platform/http.ts'
import { Problem } from '../platform/problem.ts'
import { clearCookie, setCookie } from './actors.ts'
import { checkCredentials } from './credentials.ts'
import { refuseCrossSite } from './cross-site.ts'
import { meOf } from './me.ts'
import { endSession, endSessions, listSessions, startSession, type Visitor } from './sessions.ts'

export function visitorOf(request: FastifyRequest): Visitor {
  return { address: request.ip, userAgent: request.headers['user-agent'] }
}

export function sessionRoutes(app: App): void {
  app.routes.push(
    route({
      method: 'POST',
      url: '/session',
      access: 'public',
      summary:
        'Signs in with e-mail and password, and `code` where a second factor is on (`code_required`), and sets the session cookie.',
      body: SignIn,
      answer: Me,
      async handle({ body, request, reply }) {
        refuseCrossSite(request, app.config.publicUrl)
        const userId = await checkCredentials(app, { ...body, email: body.email.trim() }, request.ip)
        const session = await startSession(app.db, userId, visitorOf(request))
        const actor = await app.actorOf(userId, session.id)
        if (!actor) throw new Problem('wrong_credentials')
        setCookie(app, reply, session.token)
        return meOf(app.db, actor)
      },
    }),
    route({
      method: 'GET',
      url: '/session',
      access: 'signed-in',
      summary: 'The signed-in user.',
      answer: Me,
      handle: ({ actor }) => meOf(app.db, actor),
    }),
    route({
      method: 'DELETE',
      url: '/session',
      access: 'signed-in',
      summary: 'Signs out. With an API token there is nothing to sign out of.',
      answer: Ok,
      async handle({ actor, reply }) {
        const { sessionId } = actor
        if (sessionId) await app.db.transaction((tx) => endSession(tx, actor.userId, sessionId))
        clearCookie(app, reply)
        return { ok: true } as const
      },
    }),
    route({
      method: 'DELETE',
      url: '/session/all',
      access: 'signed-in',
      summary: 'Signs out everywhere, here too.',
      answer: Ok,
      async handle({ actor, reply }) {
        await app.db.transaction((tx) => endSessions(tx, actor.userId))
        clearCookie(app, reply)
        return { ok: true } as const
      },
    }),
    route({
      method: 'GET',
      url: '/me/sessions',
      access: 'signed-in',
      summary: 'Where the user is signed in.',
      answer: Page(SessionItem),
      handle: async ({ actor }) => ({
        items: await listSessions(app.db, actor.userId, actor.sessionId),
        nextCursor: null,
      }),
    }),
    route({
      method: 'DELETE',
      url: '/me/sessions/:id',
      access: 'signed-in',
      summary: 'Signs out one of the user’s sessions.',
      params: Type.Object({ id: Id }),
      answer: Ok,
      async handle({ actor, params }) {
        const ended = await app.db.transaction((tx) => endSession(tx, actor.userId, params.id))
        if (!ended) throw new Problem('not_found')
        return { ok: true } as const
      },
    }),
  )
}

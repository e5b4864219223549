import Type from 'typebox'
import { Id, Ok, Page } from '#shared/api/common.ts'
import {
  AccessLink,
  AccessLinkMade,
  AccessLinkUse,
  Invitation,
  InvitationMade,
  InvitationNew,
} from '#shared/api/org.ts'
import type { App } from '../platform/app.ts'
import { route } from '../platform/http.ts'
import {
  invite,
  listInvitations,
  makeReset,
  readLink,
  renewInvitation,
  revokeInvitation,
  useLink,
} from './access-links.ts'
import { setCookie } from './actors.ts'
import { refuseCrossSite } from './cross-site.ts'
import { hasFactor } from './second-factor.ts'
import { startSession } from './sessions.ts'
import { visitorOf } from './sessions.routes.ts'
import { countAttempt, forgetAttempts } from './throttle.ts'

const params = Type.Object({ id: Id })
const Send = Type.Object({ send: Type.Optional(Type.Boolean()) })

export function accessLinkRoutes(app: App): void {
  app.routes.push(
    route({
      method: 'GET',
      url: '/invitations',
      access: 'user.manage',
      summary: 'Invitations that are open or ended lately.',
      answer: Page(Invitation),
      handle: async () => ({ items: await listInvitations(app.db), nextCursor: null }),
    }),
    route({
      method: 'POST',
      url: '/invitations',
      access: 'user.manage',
      summary: 'Invites somebody, with roles within one’s own rights. The link is shown only in this answer.',
      body: InvitationNew,
      answer: InvitationMade,
      status: 201,
      secretAnswer: true,
      handle: ({ actor, body }) => app.db.transaction((tx) => invite(app, tx, actor, body)),
    }),
    route({
      method: 'POST',
      url: '/invitations/:id/renew',
      access: 'user.manage',
      summary: 'A new link for an open invitation; the one before no longer works.',
      params,
      body: Send,
      answer: InvitationMade,
      secretAnswer: true,
      handle: ({ actor, params: { id }, body }) =>
        app.db.transaction((tx) => renewInvitation(app, tx, actor, id, body.send ?? false)),
    }),
    route({
      method: 'DELETE',
      url: '/invitations/:id',
      access: 'user.manage',
      summary: 'Takes an invitation back.',
      params,
      answer: Ok,
      async handle({ actor, params: { id } }) {
        await app.db.transaction((tx) => revokeInvitation(tx, actor, id))
        return { ok: true } as const
      },
    }),
    route({
      method: 'POST',
      url: '/users/:id/reset-link',
      access: 'user.manage',
      summary: 'A link by which a user sets a new password; shown only in this answer.',
      params,
      body: Send,
      answer: AccessLinkMade,
      secretAnswer: true,
      handle: ({ actor, params: { id }, body }) =>
        app.db.transaction((tx) => makeReset(app, tx, actor, id, body.send ?? false)),
    }),
    ...publicRoutes(app),
  )
}

function publicRoutes(app: App): ReturnType<typeof route>[] {
  return [
    route({
      method: 'POST',
      url: '/password-reset',
      access: 'public',
      summary:
        'Sends a link for a new password, if there is such a user and outgoing mail is set up. The answer never tells.',
      body: Type.Object({ email: Type.String({ minLength: 3, maxLength: 254 }) }),
      answer: Ok,
      async handle({ body, request }) {
        refuseCrossSite(request, app.config.publicUrl)
        await countAttempt(app.db, 'address', request.ip)
        await countAttempt(app.db, 'email', `reset ${body.email.trim()}`)
        // Looked up afterwards: how long the answer takes must not tell either.
        await app.db.transaction((tx) => tx.addJob('access-link.forgotten', { email: body.email.trim() }))
        return { ok: true } as const
      },
    }),
    route({
      method: 'GET',
      url: '/access-links/:token',
      access: 'public',
      summary: 'What an invitation or a link for a new password is about.',
      params: Type.Object({ token: Type.String({ maxLength: 100 }) }),
      answer: AccessLink,
      async handle({ params: { token }, request }) {
        await countAttempt(app.db, 'address', request.ip)
        const link = await readLink(app.db, token)
        await forgetAttempts(app.db, 'address', request.ip)
        return link
      },
    }),
    route({
      method: 'POST',
      url: '/access-links/:token',
      access: 'public',
      summary: 'Becomes a user, or sets the new password, and signs in, unless a second factor must be shown first.',
      params: Type.Object({ token: Type.String({ maxLength: 100 }) }),
      body: AccessLinkUse,
      answer: Type.Object({ signedIn: Type.Boolean() }),
      async handle({ params: { token }, body, request, reply }) {
        refuseCrossSite(request, app.config.publicUrl)
        await countAttempt(app.db, 'address', request.ip)
        const userId = await useLink(app, token, body)
        await forgetAttempts(app.db, 'address', request.ip)
        if (await hasFactor(app.db, userId)) return { signedIn: false }
        setCookie(app, reply, (await startSession(app.db, userId, visitorOf(request))).token)
        return { signedIn: true }
      },
    }),
  ]
}

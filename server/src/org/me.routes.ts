import Type from 'typebox'
import { Id, Ok, Page } from '#shared/api/common.ts'
import { ApiToken, ApiTokenMade, ApiTokenNew, Me, MePatch } from '#shared/api/session.ts'
import type { App } from '../platform/app.ts'
import { route } from '../platform/http.ts'
import { Problem } from '../platform/problem.ts'
import { checkName } from './users.ts'
import { changeMe, meOf, newPassword } from './me.ts'
import { countAttempt, forgetAttempts } from './throttle.ts'
import { listTokens, makeToken, revokeToken } from './tokens.ts'

export function meRoutes(app: App): void {
  app.routes.push(
    route({
      method: 'GET',
      url: '/me',
      access: 'signed-in',
      summary: 'The signed-in user with preferences, rights, and channels per right.',
      answer: Me,
      handle: ({ actor }) => meOf(app.db, actor),
    }),
    route({
      method: 'PATCH',
      url: '/me',
      access: 'signed-in',
      summary: 'Changes one’s name, presence, preferences or password. A new password signs the other sessions out.',
      body: MePatch,
      answer: Me,
      async handle({ actor, body }) {
        checkName(body.name)
        let hash: string | undefined
        if (body.password) {
          await countAttempt(app.db, 'password', actor.userId)
          hash = await newPassword(app.db, actor, body.password.current, body.password.new)
          await forgetAttempts(app.db, 'password', actor.userId)
        }
        await app.db.transaction((tx) => changeMe(tx, actor, body, hash))
        return meOf(app.db, actor)
      },
    }),
    route({
      method: 'GET',
      url: '/me/tokens',
      access: 'signed-in',
      summary: 'One’s API tokens; the tokens themselves are never shown again.',
      answer: Page(ApiToken),
      handle: async ({ actor }) => ({ items: await listTokens(app.db, actor.userId), nextCursor: null }),
    }),
    route({
      method: 'POST',
      url: '/me/tokens',
      access: 'signed-in',
      summary: 'Makes an API token with the rights of its user. This answer is the only place where it is shown.',
      body: ApiTokenNew,
      answer: ApiTokenMade,
      status: 201,
      secretAnswer: true,
      handle: ({ actor, body }) => app.db.transaction((tx) => makeToken(tx, actor, actor.userId, body)),
    }),
    route({
      method: 'DELETE',
      url: '/me/tokens/:id',
      access: 'signed-in',
      summary: 'Revokes an API token; its streams end.',
      params: Type.Object({ id: Id }),
      answer: Ok,
      async handle({ actor, params }) {
        if (!(await app.db.transaction((tx) => revokeToken(tx, actor, params.id)))) throw new Problem('not_found')
        return { ok: true } as const
      },
    }),
  )
}

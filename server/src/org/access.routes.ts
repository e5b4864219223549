import Type from 'typebox'
import { Id, Ok } from '#shared/api/common.ts'
import { UserAccess } from '#shared/api/org.ts'
import { Me } from '#shared/api/session.ts'
import type { App } from '../platform/app.ts'
import { route } from '../platform/http.ts'
import { Problem } from '../platform/problem.ts'
import { accessOf } from './access.ts'
import { recordSeeing, seeingAs } from './actors.ts'
import { audit } from './audit.ts'
import { grantsOfUser, needAllOf } from './grants.ts'
import { meOf } from './me.ts'
import { endSessions } from './sessions.ts'

/** What somebody may do, and how the product looks to them. */
export function accessRoutes(app: App): void {
  app.routes.push(
    route({
      method: 'GET',
      url: '/users/:id/access',
      access: ['user.manage', 'role.manage', 'user.see_as'],
      summary: 'What a user may do, each right with the roles that give it.',
      params: Type.Object({ id: Id }),
      answer: UserAccess,
      handle: ({ params }) => accessOf(app.db, params.id),
    }),
    route({
      method: 'DELETE',
      url: '/users/:id/sessions',
      access: 'user.manage',
      summary: 'Signs a user out everywhere.',
      params: Type.Object({ id: Id }),
      answer: Ok,
      async handle({ actor, params }) {
        await app.db.transaction(async (tx) => {
          if (!(await tx.one('select 1 from app_user where id = $1', [params.id]))) throw new Problem('not_found')
          if (params.id !== actor.userId) await needAllOf(tx, actor, await grantsOfUser(tx, params.id))
          await endSessions(tx, params.id, params.id === actor.userId ? actor.sessionId : undefined)
          await audit(tx, actor, 'user.signed_out', { kind: 'user', id: params.id })
        })
        return { ok: true } as const
      },
    }),
    route({
      method: 'POST',
      url: '/users/:id/see-as',
      access: 'user.see_as',
      summary:
        'Begins to see as a user: afterwards GET requests with the header X-Daftar-See-As: <id> are answered as that user would be. Recorded in the audit log.',
      params: Type.Object({ id: Id }),
      answer: Me,
      async handle({ actor, params }) {
        const other = await seeingAs(app.db, actor, params.id)
        await recordSeeing(app.db, actor, other.userId, true)
        return meOf(app.db, other)
      },
    }),
  )
}

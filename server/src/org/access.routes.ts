import Type from 'typebox'
import { Id } from '#shared/api/common.ts'
import { UserAccess } from '#shared/api/org.ts'
import { Me } from '#shared/api/session.ts'
import type { App } from '../platform/app.ts'
import { route } from '../platform/http.ts'
import { accessOf } from './access.ts'
import { seeingAs } from './actors.ts'
import { audit } from './audit.ts'
import { meOf } from './me.ts'

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
      method: 'POST',
      url: '/users/:id/see-as',
      access: 'user.see_as',
      summary:
        'Begins to see as a user: afterwards GET requests with the header X-Daftar-See-As: <id> are answered as that user would be. Recorded in the audit log.',
      params: Type.Object({ id: Id }),
      answer: Me,
      async handle({ actor, params }) {
        const other = await seeingAs(app.db, actor, params.id)
        await app.db.transaction((tx) => audit(tx, actor, 'user.seen_as', { kind: 'user', id: other.userId }))
        return meOf(app.db, other)
      },
    }),
  )
}

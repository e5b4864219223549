import Type from 'typebox'
import { Id, Page } from '#shared/api/common.ts'
import { User, UserBrief, UserNew, UserPatch, UserQuery } from '#shared/api/org.ts'
import type { App } from '../platform/app.ts'
import { route } from '../platform/http.ts'
import { checkPassword, hashPassword } from './passwords.ts'
import { changeUser, checkEmail, createUser, listBriefs, listUsers, loadUser } from './users.ts'

export function userRoutes(app: App): void {
  app.routes.push(
    route({
      method: 'GET',
      url: '/users/brief',
      access: 'signed-in',
      summary: 'Every colleague’s name and presence, also of those who left.',
      answer: Type.Object({ items: Type.Array(UserBrief) }),
      handle: async () => ({ items: await listBriefs(app.db) }),
    }),
    route({
      method: 'GET',
      url: '/users',
      access: 'user.view',
      summary: 'The users.',
      query: UserQuery,
      answer: Page(User),
      handle: ({ query }) => listUsers(app.db, query),
    }),
    route({
      method: 'POST',
      url: '/users',
      access: 'user.manage',
      summary: 'Makes a user. Only roles within one’s own rights can be given.',
      body: UserNew,
      answer: User,
      status: 201,
      async handle({ actor, body }) {
        checkPassword(body.password, checkEmail(body.email))
        const hash = await hashPassword(body.password)
        const id = await app.db.transaction((tx) => createUser(tx, actor, body, hash))
        return loadUser(app.db, id)
      },
    }),
    route({
      method: 'GET',
      url: '/users/:id',
      access: 'user.manage',
      summary: 'One user.',
      params: Type.Object({ id: Id }),
      answer: User,
      handle: ({ params }) => loadUser(app.db, params.id),
    }),
    route({
      method: 'PATCH',
      url: '/users/:id',
      access: 'user.manage',
      summary:
        'Changes a user, takes effect at once on open screens. A new password and disabling end the user’s sessions.',
      params: Type.Object({ id: Id }),
      body: UserPatch,
      answer: User,
      async handle({ actor, params, body }) {
        let hash: string | undefined
        if (body.password !== undefined) {
          const { email } = await loadUser(app.db, params.id)
          checkPassword(body.password, body.email === undefined ? email : checkEmail(body.email))
          hash = await hashPassword(body.password)
        }
        await app.db.transaction((tx) => changeUser(tx, actor, params.id, body, hash))
        return loadUser(app.db, params.id)
      },
    }),
  )
}

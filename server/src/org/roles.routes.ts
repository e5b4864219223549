import Type from 'typebox'
import { Id, Ok, Page } from '#shared/api/common.ts'
import { Role, RoleNew, RolePatch } from '#shared/api/org.ts'
import type { App } from '../platform/app.ts'
import { route } from '../platform/http.ts'
import { changeRole, createRole, deleteRole, listRoles, loadRole } from './roles.ts'

const params = Type.Object({ id: Id })

export function roleRoutes(app: App): void {
  app.routes.push(
    route({
      method: 'GET',
      url: '/roles',
      access: ['role.manage', 'user.manage'],
      summary: 'The roles with their rights and channels.',
      answer: Page(Role),
      handle: async () => ({ items: await listRoles(app.db), nextCursor: null }),
    }),
    route({
      method: 'POST',
      url: '/roles',
      access: 'role.manage',
      summary: 'Makes a role, within one’s own rights.',
      body: RoleNew,
      answer: Role,
      status: 201,
      async handle({ actor, body }) {
        const id = await app.db.transaction((tx) => createRole(tx, actor, body))
        return loadRole(app.db, id)
      },
    }),
    route({
      method: 'PATCH',
      url: '/roles/:id',
      access: 'role.manage',
      summary: 'Changes a role, takes effect at once for everyone who has it.',
      params,
      body: RolePatch,
      answer: Role,
      async handle({ actor, params: { id }, body }) {
        await app.db.transaction((tx) => changeRole(tx, actor, id, body))
        return loadRole(app.db, id)
      },
    }),
    route({
      method: 'DELETE',
      url: '/roles/:id',
      access: 'role.manage',
      summary: 'Deletes a role nobody has.',
      params,
      answer: Ok,
      async handle({ actor, params: { id } }) {
        await app.db.transaction((tx) => deleteRole(tx, actor, id))
        return { ok: true } as const
      },
    }),
  )
}

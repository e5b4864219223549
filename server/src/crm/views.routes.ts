import Type from 'typebox'
import { Choice, Id, Ok } from '#shared/api/common.ts'
import { FIELD_RESOURCES } from '#shared/api/fields.ts'
import { SavedView, SavedViewNew, SavedViewPatch } from '#shared/api/views.ts'
import type { App } from '../platform/app.ts'
import { type AnyRoute, route } from '../platform/http.ts'
import { changeView, createView, deleteView, listViews } from './views.ts'

const ById = Type.Object({ id: Id })

export function viewRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/views',
      access: 'signed-in',
      summary: 'Saved views: one’s own, one’s teams’ and those for everybody.',
      query: Type.Object({ resource: Type.Optional(Choice(FIELD_RESOURCES)) }),
      answer: Type.Object({ items: Type.Array(SavedView) }),
      handle: async ({ actor, query }) => ({ items: await listViews(db, actor, query.resource) }),
    }),
    route({
      method: 'POST',
      url: '/views',
      access: 'signed-in',
      summary: 'Saves a view, for oneself, a team one is in, or (with view.share) everybody.',
      body: SavedViewNew,
      answer: SavedView,
      status: 201,
      handle: ({ actor, body }) => db.transaction((tx) => createView(tx, actor, body)),
    }),
    route({
      method: 'PATCH',
      url: '/views/:id',
      access: 'signed-in',
      summary: 'Changes a view of one’s own; with view.share any shared one.',
      params: ById,
      body: SavedViewPatch,
      answer: SavedView,
      handle: ({ actor, params, body }) => db.transaction((tx) => changeView(tx, actor, params.id, body)),
    }),
    route({
      method: 'DELETE',
      url: '/views/:id',
      access: 'signed-in',
      summary: 'Deletes a view.',
      params: ById,
      answer: Ok,
      handle: async ({ actor, params }) => {
        await db.transaction((tx) => deleteView(tx, actor, params.id))
        return { ok: true as const }
      },
    }),
  ]
}

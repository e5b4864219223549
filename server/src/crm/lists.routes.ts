import { Type } from 'typebox'
import { Choice, Id, Ok } from '#shared/api/common.ts'
import { ListItem, ListItemNew, ListItemPatch, LISTS, Tag, TagNew, TagPatch, UsageCount } from '#shared/api/lists.ts'
import type { App } from '../platform/app.ts'
import { type Access, type AnyRoute, route } from '../platform/http.ts'
import { changeItem, createItem, deleteItem, itemUsage, listItems } from './lists.ts'
import { changeTag, createTag, deleteTag, listTags, purgeTags, restoreTag, tagUsage } from './tags.ts'

const ById = Type.Object({ id: Id })
const OfList = Type.Object({ list: Choice(LISTS) })
const OfItem = Type.Object({ list: Choice(LISTS), id: Id })
/** Sources are of contacts, reasons of deals. */
const READERS: Access = ['contact.view', 'deal.view', 'field.manage']

export function listRoutes(app: App): AnyRoute[] {
  return [...tagRoutes(app), ...itemRoutes(app)]
}

function tagRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/tags',
      access: ['contact.view', 'field.manage'],
      summary: 'Tags by name; with `deleted` those that can be restored.',
      query: Type.Object({ deleted: Type.Optional(Type.Boolean()) }),
      answer: Type.Object({ items: Type.Array(Tag) }),
      handle: async ({ query }) => ({ items: await listTags(db, query.deleted) }),
    }),
    route({
      method: 'POST',
      url: '/tags',
      access: 'field.manage',
      summary: 'Makes a tag.',
      body: TagNew,
      answer: Tag,
      status: 201,
      handle: ({ actor, body }) => db.transaction((tx) => createTag(tx, actor, body)),
    }),
    route({
      method: 'PATCH',
      url: '/tags/:id',
      access: 'field.manage',
      summary: 'Renames or recolours a tag everywhere.',
      params: ById,
      body: TagPatch,
      answer: Tag,
      handle: ({ actor, params, body }) => db.transaction((tx) => changeTag(tx, actor, params.id, body)),
    }),
    route({
      method: 'GET',
      url: '/tags/:id/usage',
      access: 'field.manage',
      summary: 'How many contacts have the tag.',
      params: ById,
      answer: UsageCount,
      handle: ({ params }) => tagUsage(db, params.id),
    }),
    route({
      method: 'DELETE',
      url: '/tags/:id',
      access: 'field.manage',
      summary: 'Deletes a tag; until it is purged it can be restored on every contact that had it.',
      params: ById,
      answer: Ok,
      handle: async ({ actor, params }) => {
        await db.transaction((tx) => deleteTag(tx, actor, params.id))
        return { ok: true as const }
      },
    }),
    route({
      method: 'POST',
      url: '/tags/:id/restore',
      access: 'field.manage',
      summary: 'Brings a deleted tag back.',
      params: ById,
      answer: Tag,
      handle: ({ actor, params }) => db.transaction((tx) => restoreTag(tx, actor, params.id)),
    }),
  ]
}

function itemRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/lists/:list',
      access: READERS,
      summary: 'The items of a list in their order, also those that are retired.',
      params: OfList,
      answer: Type.Object({ items: Type.Array(ListItem) }),
      handle: async ({ params }) => ({ items: await listItems(db, params.list) }),
    }),
    route({
      method: 'POST',
      url: '/lists/:list',
      access: 'field.manage',
      summary: 'Adds an item at the end, 99 at most.',
      params: OfList,
      body: ListItemNew,
      answer: ListItem,
      status: 201,
      handle: ({ actor, params, body }) => db.transaction((tx) => createItem(tx, actor, params.list, body)),
    }),
    route({
      method: 'PATCH',
      url: '/lists/:list/:id',
      access: 'field.manage',
      summary: 'Renames, moves, retires an item or offers it again.',
      params: OfItem,
      body: ListItemPatch,
      answer: ListItem,
      handle: ({ actor, params, body }) => db.transaction((tx) => changeItem(tx, actor, params.list, params.id, body)),
    }),
    route({
      method: 'GET',
      url: '/lists/:list/:id/usage',
      access: 'field.manage',
      summary: 'How many contacts or deals have the item.',
      params: OfItem,
      answer: UsageCount,
      handle: ({ params }) => itemUsage(db, params.list, params.id),
    }),
    route({
      method: 'DELETE',
      url: '/lists/:list/:id',
      access: 'field.manage',
      summary: 'Deletes an item that is not in use; retires one that is.',
      params: OfItem,
      answer: Ok,
      handle: async ({ actor, params }) => {
        await db.transaction((tx) => deleteItem(tx, actor, params.list, params.id))
        return { ok: true as const }
      },
    }),
  ]
}

export function listJobs({ db, jobs }: App): void {
  jobs.define('tags.purge', async () => void (await purgeTags(db)))
  jobs.schedule('42 2 * * *', 'tags.purge')
}

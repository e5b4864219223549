import Type from 'typebox'
import { Id, Ok } from '#shared/api/common.ts'
import {
  CustomField,
  CustomFieldNew,
  CustomFieldPatch,
  CustomFieldQuery,
  CustomFieldUsage,
} from '#shared/api/fields.ts'
import type { App } from '../platform/app.ts'
import { type AnyRoute, route } from '../platform/http.ts'
import {
  changeField,
  createField,
  deleteField,
  fieldUsage,
  listFields,
  purgeFields,
  restoreField,
} from './field-definitions.ts'

const ById = Type.Object({ id: Id })

export function fieldRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/fields',
      access: 'signed-in',
      summary: 'The custom fields of contacts, conversations and deals, in their order.',
      query: CustomFieldQuery,
      answer: Type.Object({ items: Type.Array(CustomField) }),
      handle: async ({ query }) => ({ items: await listFields(db, query) }),
    }),
    route({
      method: 'POST',
      url: '/fields',
      access: 'field.manage',
      summary: 'Defines a field; it can be used at once everywhere.',
      body: CustomFieldNew,
      answer: CustomField,
      status: 201,
      handle: ({ actor, body }) => db.transaction((tx) => createField(tx, actor, body)),
    }),
    route({
      method: 'PATCH',
      url: '/fields/:id',
      access: 'field.manage',
      summary: 'Changes a field. Options that are left out and in use are retired.',
      params: ById,
      body: CustomFieldPatch,
      answer: CustomField,
      handle: ({ actor, params, body }) => db.transaction((tx) => changeField(tx, actor, params.id, body)),
    }),
    route({
      method: 'GET',
      url: '/fields/:id/usage',
      access: 'field.manage',
      summary: 'What deleting the field would take away.',
      params: ById,
      answer: CustomFieldUsage,
      handle: ({ actor, params }) => fieldUsage(db, actor, params.id),
    }),
    route({
      method: 'DELETE',
      url: '/fields/:id',
      access: 'field.manage',
      summary: 'Deletes a field with its values; until it is purged it can be restored as it was.',
      params: ById,
      answer: Ok,
      handle: async ({ actor, params }) => {
        await db.transaction((tx) => deleteField(tx, actor, params.id))
        return { ok: true as const }
      },
    }),
    route({
      method: 'POST',
      url: '/fields/:id/restore',
      access: 'field.manage',
      summary: 'Brings a deleted field and its values back.',
      params: ById,
      answer: CustomField,
      handle: ({ actor, params }) => db.transaction((tx) => restoreField(tx, actor, params.id)),
    }),
  ]
}

export function fieldJobs({ db, jobs }: App): void {
  jobs.define('fields.purge', () => purgeFields(db))
  jobs.schedule('37 2 * * *', 'fields.purge')
}

import { Type } from 'typebox'
import { Id, Page } from '#shared/api/common.ts'
import { Operation, OperationQuery } from '#shared/api/operations.ts'
import type { App } from '../platform/app.ts'
import { type Access, type AnyRoute, route } from '../platform/http.ts'
import { cancelOperation, listOperations, loadOperation, operationView, undoOperation } from './operations.ts'

const ById = Type.Object({ id: Id })
/** Whoever may start one; they see their own. */
const STARTERS: Access = ['contact.edit', 'contact.import', 'contact.export', 'contact.delete', 'organisation.manage']

export function operationRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'GET',
      url: '/operations',
      access: STARTERS,
      summary: 'Bulk changes, imports and exports that one has started, newest first.',
      query: Type.Object(OperationQuery.properties),
      answer: Page(Operation),
      handle: ({ actor, query }) => listOperations(db, actor, query),
    }),
    route({
      method: 'GET',
      url: '/operations/:id',
      access: STARTERS,
      summary: 'An operation, where it stands and what came of it.',
      params: ById,
      answer: Operation,
      handle: async ({ actor, params }) => operationView(await loadOperation(db, actor, params.id), actor.locale),
    }),
    route({
      method: 'POST',
      url: '/operations/:id/cancel',
      access: STARTERS,
      summary: 'Stops an operation; what it did so far stays and can be undone.',
      params: ById,
      answer: Operation,
      handle: ({ actor, params }) => db.transaction((tx) => cancelOperation(tx, actor, params.id)),
    }),
    route({
      method: 'POST',
      url: '/operations/:id/undo',
      access: STARTERS,
      summary: 'Takes back what an operation changed, where nobody has changed it since.',
      params: ById,
      answer: Operation,
      status: 202,
      handle: ({ actor, params }) => db.transaction((tx) => undoOperation(tx, actor, params.id)),
    }),
  ]
}

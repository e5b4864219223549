import { Readable } from 'node:stream'
import { Type } from 'typebox'
import { Id, Page } from '#shared/api/common.ts'
import {
  ImportDetail,
  ImportNew,
  ImportPatch,
  ImportPreview,
  ImportRow,
  ImportRowQuery,
  Operation,
} from '#shared/api/operations.ts'
import type { App } from '../platform/app.ts'
import { type AnyRoute, route } from '../platform/http.ts'
import { importDetail } from './import-params.ts'
import {
  changeImport,
  checkOne,
  listImportRows,
  loadImport,
  makeImport,
  previewImport,
  problemRows,
  startImport,
} from './imports.ts'

const ById = Type.Object({ id: Id })

export function importRoutes({ db }: App): AnyRoute[] {
  return [
    route({
      method: 'POST',
      url: '/imports',
      access: 'contact.import',
      summary: 'Begins an import with an uploaded file (Excel, CSV or vCard), which is read in the background.',
      body: ImportNew,
      answer: ImportDetail,
      status: 201,
      handle: ({ actor, body }) => db.transaction((tx) => makeImport(tx, actor, body.fileId)),
    }),
    route({
      method: 'GET',
      url: '/imports/:id',
      access: 'contact.import',
      summary: 'An import: what its file holds, how its columns are assigned, its options.',
      params: ById,
      answer: ImportDetail,
      handle: async ({ actor, params }) => importDetail(await loadImport(db, actor, params.id), actor.locale),
    }),
    route({
      method: 'PATCH',
      url: '/imports/:id',
      access: 'contact.import',
      summary: 'Assigns columns, changes options; another sheet, encoding or separator reads the file again.',
      params: ById,
      body: ImportPatch,
      answer: ImportDetail,
      handle: ({ actor, params, body }) => db.transaction((tx) => changeImport(tx, actor, params.id, body)),
    }),
    route({
      method: 'GET',
      url: '/imports/:id/preview',
      access: 'contact.import',
      summary: 'The first rows as the contacts they would become.',
      params: ById,
      answer: ImportPreview,
      handle: ({ actor, params }) => previewImport(db, actor, params.id),
    }),
    route({
      method: 'GET',
      url: '/imports/:id/rows',
      access: 'contact.import',
      summary: 'Rows of the file with what becomes of them; with `problems` only those in which something is wrong.',
      params: ById,
      query: Type.Object(ImportRowQuery.properties),
      answer: Page(ImportRow),
      handle: ({ actor, params, query }) => listImportRows(db, actor, params.id, query),
    }),
    route({
      method: 'GET',
      url: '/imports/:id/problems',
      access: 'contact.import',
      summary: 'The rows in which something is wrong, with what it is, as a CSV file.',
      params: ById,
      answer: Type.Unsafe<unknown>(Type.String()),
      answerType: 'text/csv',
      async handle({ actor, params, reply }) {
        const operation = await loadImport(db, actor, params.id)
        void reply.type('text/csv; charset=utf-8').header('content-disposition', 'attachment; filename="problems.csv"')
        return Readable.from(problemRows(db, operation, actor.locale))
      },
    }),
    route({
      method: 'POST',
      url: '/imports/:id/check',
      access: 'contact.import',
      summary: 'Goes through all rows without writing anything: what each would come to, and every problem.',
      params: ById,
      answer: Operation,
      status: 202,
      handle: ({ actor, params }) => db.transaction((tx) => checkOne(tx, actor, params.id)),
    }),
    route({
      method: 'POST',
      url: '/imports/:id/start',
      access: 'contact.import',
      summary: 'Imports the rows in the background.',
      params: ById,
      answer: Operation,
      status: 202,
      handle: ({ actor, params }) => db.transaction((tx) => startImport(tx, actor, params.id)),
    }),
  ]
}

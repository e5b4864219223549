import { Type } from 'typebox'
import { Id } from '#shared/api/common.ts'
import { BulkNew, ExportNew, Operation } from '#shared/api/operations.ts'
import { safeFileName } from '#shared/text.ts'
import type { App } from '../platform/app.ts'
import { type AnyRoute, route } from '../platform/http.ts'
import { startBulk } from './bulk-start.ts'
import { startExport, writeCard } from './exporting.ts'

export function exchangeRoutes(app: App): AnyRoute[] {
  return [
    route({
      method: 'POST',
      url: '/contacts/bulk',
      access: ['contact.edit', 'contact.delete'],
      summary: 'The same change on many contacts, in the background; few are often done when this answers.',
      body: BulkNew,
      answer: Operation,
      status: 202,
      handle: ({ actor, body }) => startBulk(app, actor, body),
    }),
    route({
      method: 'POST',
      url: '/exports',
      access: 'contact.export',
      summary: 'Writes contacts to a file in the background; `fileId` says where it is, for seven days.',
      body: ExportNew,
      answer: Operation,
      status: 202,
      handle: ({ actor, body }) => startExport(app, actor, body),
    }),
    route({
      method: 'GET',
      url: '/contacts/:id/vcard',
      access: 'contact.export',
      summary: 'One contact as a vCard.',
      params: Type.Object({ id: Id }),
      answer: Type.Unsafe<unknown>(Type.String()),
      answerType: 'text/vcard',
      async handle({ actor, params, reply }) {
        const { name, text } = await writeCard(app.db, actor, params.id)
        const file = encodeURIComponent(safeFileName(`${name}.vcf`)).replaceAll(/['()*!]/g, '_')
        void reply
          .type('text/vcard; charset=utf-8')
          .header('content-disposition', `attachment; filename="contact.vcf"; filename*=UTF-8''${file}`)
        return text
      },
    }),
  ]
}

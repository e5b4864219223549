import Type from 'typebox'
import { Id, Page, PageQuery } from '#shared/api/common.ts'
import { AuditEvent } from '#shared/api/org.ts'
import type { App } from '../platform/app.ts'
import { route } from '../platform/http.ts'
import { listAudit } from './audit.ts'

export const AuditQuery = Type.Object({
  ...PageQuery,
  subjectKind: Type.Optional(Type.String({ maxLength: 60 })),
  subjectId: Type.Optional(Id),
  userId: Type.Optional(Id),
})

export function auditRoutes(app: App): void {
  app.routes.push(
    route({
      method: 'GET',
      url: '/audit-events',
      access: 'audit.view',
      summary: 'Who changed settings, users, roles and channels, newest first.',
      query: AuditQuery,
      answer: Page(AuditEvent),
      handle: ({ query }) => listAudit(app.db, query),
    }),
  )
}

import { Page } from '#shared/api/common.ts'
import { AuditEvent, AuditQuery, AuditSeal } from '#shared/api/org.ts'
import type { App } from '../platform/app.ts'
import { route } from '../platform/http.ts'
import { listAudit } from './audit-list.ts'
import { auditSeal, checkAudit, sealAudit } from './audit-seal.ts'

export function auditRoutes(app: App): void {
  app.routes.push(
    route({
      method: 'GET',
      url: '/audit-events',
      access: 'audit.view',
      summary: 'Who changed what, newest first; `search` finds words of what was before and after.',
      query: AuditQuery,
      answer: Page(AuditEvent),
      handle: ({ query }) => listAudit(app.db, query),
    }),
    route({
      method: 'GET',
      url: '/audit-seal',
      access: 'audit.view',
      summary: 'Whether the log is as it was written, as of the last check.',
      answer: AuditSeal,
      handle: () => auditSeal(app.db),
    }),
    route({
      method: 'POST',
      url: '/audit-seal/check',
      access: 'audit.view',
      summary: 'Looks through the whole log now: every event against its seal.',
      answer: AuditSeal,
      async handle() {
        const key = app.secrets.keyFor('audit')
        await sealAudit(app.db, key)
        await checkAudit(app.db, key)
        return auditSeal(app.db)
      },
    }),
  )
}

import type { App, Module } from '../platform/app.ts'
import { registerContactPart } from '../crm/contact-parts.ts'
import { exchangeRoutes } from './exchange.routes.ts'
import { importRoutes } from './imports.routes.ts'
import { onlyOfToken } from './operations.ts'
import { operationRoutes } from './operations.routes.ts'
import { exchangeJobs } from './runner.ts'

/** Whatever moves many records at once: bulk changes, imports, exports, and undoing them. */
export const exchangeModule: Module = (app: App) => {
  app.routes.push(...operationRoutes(app), ...exchangeRoutes(app), ...importRoutes(app))
  exchangeJobs(app)
  // An export holds what its starter might see, so it is nobody else's; and only while one may still export.
  app.fileRules.push(async (actor, fileId) => {
    if (!actor.rights.has('contact.export')) return false
    // operation_file
    const row = await app.db.one(
      `select from operation where file_id = $1 and kind = 'export' and created_by = $2 and expires_at > now()
         and ($3::text is null or params->>'tokenId' = $3)`,
      [fileId, actor.userId, onlyOfToken(actor)],
    )
    return row !== undefined
  })
  registerContactPart({
    name: 'operations',
    async erase(tx, contactIds, limit) {
      // operation_change_contact
      await tx.query('delete from operation_change where contact_id = any($1::bigint[])', [contactIds])
      const rows = await tx.query(
        // import_row_contact; that there was a row, and what became of it, is still told.
        `update import_row set cells = '{}', problems = '[]', contact_id = null where ctid = any(array(
           select ctid from import_row where contact_id = any($1::bigint[]) limit $2)) returning n`,
        [contactIds, limit],
      )
      return rows.length < limit
    },
  })
}

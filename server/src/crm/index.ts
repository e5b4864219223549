import type { Actor, App, Module } from '../platform/app.ts'
import type { Db } from '../platform/db.ts'
import { contactListRoutes } from './contact-list.routes.ts'
import { contactJobs } from './contacts.jobs.ts'
import { contactPartRoutes } from './contact-parts.routes.ts'
import { contactRoutes } from './contacts.routes.ts'
import { duplicateJobs } from './duplicate-scan.ts'
import { duplicateRoutes } from './duplicates.routes.ts'
import { fieldJobs, fieldRoutes } from './fields.routes.ts'
import { listJobs, listRoutes } from './lists.routes.ts'
import { contactSource } from './contact-finding.ts'
import { registerSearchSource } from './search.ts'
import { searchRoutes } from './search.routes.ts'
import { eventSource, registerTimelineSource } from './timeline.ts'
import { viewRoutes } from './views.routes.ts'
import { contactVisible, parameters } from './visibility.ts'

/** Contacts of all kinds, their identities, merging, and the timeline that other modules' activities join. */
export const crmModule: Module = (app: App) => {
  app.routes.push(
    ...contactRoutes(app),
    ...contactPartRoutes(app),
    ...contactListRoutes(app),
    ...fieldRoutes(app),
    ...viewRoutes(app),
    ...listRoutes(app),
    ...searchRoutes(app),
    ...duplicateRoutes(app),
  )
  fieldJobs(app)
  listJobs(app)
  contactJobs(app)
  duplicateJobs(app)
  // The picture that undoing a merge would bring back (merge_avatar).
  app.fileUses.push(
    `exists (select 1 from merge m where m.undone_at is null and m.changes->'avatar'->>'before' = file.id::text)`,
  )
  app.fileRules.push((actor, fileId) => isVisibleAvatar(app.db, actor, fileId))
  registerTimelineSource('event', eventSource)
  registerSearchSource('contact', contactSource)
}

/** The picture of a contact is for those who may see the contact. */
async function isVisibleAvatar(db: Db, actor: Actor, fileId: string): Promise<boolean> {
  if (!actor.rights.has('contact.view')) return false
  const params = parameters()
  // contact_avatar
  const found = await db.one(
    `select from contact c join contact r on r.id = c.root_id
     where c.avatar_file_id = ${params.add(fileId)} and ${contactVisible(actor, 'r', params)} limit 1`,
    params.values,
  )
  return found !== undefined
}

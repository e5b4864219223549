import type { Channels } from '../conversations/channel-registry.ts'
import { registerTemplateUse } from '../conversations/templates.ts'
import type { App } from '../platform/app.ts'
import { createEngine } from './campaign-engine.ts'
import { campaignOutcomes } from './campaign-outcomes.ts'
import { prepareJobs } from './campaign-prepare.ts'
import { recipientExport, recipientPart } from './campaign-recipients.ts'
import { sweepJobs } from './campaigns.ts'
import { campaignRoutes, exclusionRoutes, recipientListRoutes } from './campaigns.routes.ts'
import { exclusionPart } from './exclusions.ts'
import { fillJobs } from './list-fills.ts'
import { optOutByAnswer, optOutField, optOutPages } from './opt-out.ts'
import { listPart } from './recipient-lists.ts'

/** Writing to many: campaigns, whom they are for, and who wants none of it. */
export function campaignModule(app: App, channels: Channels): void {
  app.routes.push(...campaignRoutes(app, channels), ...recipientListRoutes(app), ...exclusionRoutes(app))
  app.plugins.push(optOutPages(app))
  app.parts.push(createEngine(app, channels))
  fillJobs(app)
  prepareJobs(app, channels)
  sweepJobs(app)
  campaignOutcomes()
  optOutByAnswer(channels)
  optOutField(app)
  recipientExport()
  exclusionPart()
  listPart()
  recipientPart()
  registerTemplateUse(
    'campaigns',
    'exists (select from campaign k where k.template_id = template.id and k.deleted_at is null)',
  )
  // A campaign's files are named in an array, which no foreign key can say.
  app.fileUses.push('exists (select from campaign k where file.id = any(k.file_ids))')
  app.fileRules.push(async (actor, fileId) => {
    if (!actor.rights.has('campaign.view')) return false
    const row = await app.db.one(
      'select from campaign where $1::bigint = any(file_ids) and deleted_at is null limit 1',
      [fileId],
    )
    return row !== undefined
  })
}

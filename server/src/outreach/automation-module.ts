import type { Channels } from '../conversations/channel-registry.ts'
import { registerTemplateUse } from '../conversations/templates.ts'
import type { App } from '../platform/app.ts'
import { clockJobs } from './automation-clock.ts'
import { automationJobs } from './automation-engine.ts'
import { automationHooks } from './automation-hooks.ts'
import { listenToHappenings } from './automation-listener.ts'
import { automationRoutes } from './automations.routes.ts'

/** Rules and macros. */
export function automationModule(app: App, channels: Channels): void {
  listenToHappenings()
  automationJobs({ app, channels })
  clockJobs(app)
  app.plugins.push(automationHooks(app))
  registerTemplateUse(
    'automations',
    `exists (select from automation a where a.deleted_at is null
       and a.actions @> jsonb_build_array(jsonb_build_object('kind', 'send', 'templateId', template.id::text)))`,
  )
  app.routes.push(...automationRoutes(app, channels))
}

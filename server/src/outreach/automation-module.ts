import type { Channels } from '../conversations/channel-registry.ts'
import type { App } from '../platform/app.ts'
import { clockJobs } from './automation-clock.ts'
import { automationJobs } from './automation-engine.ts'
import { automationHooks } from './automation-hooks.ts'
import { listenToHappenings } from './automation-listener.ts'
import { automationRoutes } from './automations.routes.ts'

/** Rules and macros. */
export function automationModule(app: App, channels: Channels): void {
  listenToHappenings(app)
  automationJobs({ app, channels })
  clockJobs(app)
  app.plugins.push(automationHooks(app))
  app.routes.push(...automationRoutes(app, channels))
}

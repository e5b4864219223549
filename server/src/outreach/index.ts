import { createChannels } from '../conversations/channel-registry.ts'
import type { Module } from '../platform/app.ts'
import { automationModule } from './automation-module.ts'
import { campaignModule } from './campaign-module.ts'

/** What goes out to many or by itself: campaigns, recipient lists, the exclusion list, automation and macros. */
export const outreachModule: Module = (app) => {
  const channels = createChannels(app)
  campaignModule(app, channels)
  automationModule(app, channels)
}

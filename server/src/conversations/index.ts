import type { App, Module } from '../platform/app.ts'
import { createChannels } from './channel-registry.ts'
import { searchPart } from './search.jobs.ts'

/** What customers say and what is answered: channels, conversations, the ways in and out. */
export const conversationsModule: Module = (app: App) => {
  const channels = createChannels(app)
  void channels
  searchPart(app)
}

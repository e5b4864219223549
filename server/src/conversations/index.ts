import { registerContactPart } from '../crm/contact-parts.ts'
import { registerSearchSource } from '../crm/search.ts'
import { registerTimelineSource } from '../crm/timeline.ts'
import type { App, Module } from '../platform/app.ts'
import { backlogGauges } from './backlog.ts'
import { closeHttp } from './channel-http.ts'
import { createChannels } from './channel-registry.ts'
import { channelJobs } from './channel-setup.ts'
import { channelRoutes } from './channels.routes.ts'
import { conversationPart } from './contact-part.ts'
import { costRoutes } from './costs.routes.ts'
import { conversationRoutes } from './conversations.routes.ts'
import { fetchingJobs } from './fetching.jobs.ts'
import { fileRules } from './file-rules.ts'
import { conversationFinding, fileFinding, messageFinding } from './finding.ts'
import { hooksPlugin } from './hooks.routes.ts'
import { inboundEventRoutes } from './inbound-events.routes.ts'
import { createInbound } from './inbound.ts'
import { createIntake } from './intake.ts'
import { createNodeSession } from './node-session.ts'
import { createPollers } from './poll.ts'
import { noteSource } from './notes.ts'
import { presenceJobs } from './presence.ts'
import { retentionJobs } from './retention.jobs.ts'
import { createSender } from './sender.ts'
import { searchPart } from './search.jobs.ts'
import { registerOwnFields } from './template-sources.ts'
import { templateRoutes } from './templates.routes.ts'
import { messageSource } from './threads.ts'

/** What customers say and what is answered: channels, conversations, the ways in and out. */
export const conversationsModule: Module = (app: App) => {
  const channels = createChannels(app)
  const node = createNodeSession(app)
  const inbound = createInbound(app, channels)
  app.plugins.push(hooksPlugin(app, channels, createIntake(app, inbound.poke)))
  app.parts.push(
    { name: 'channel http', role: 'any', start: async () => closeHttp },
    node.part,
    inbound.part,
    createSender(app, channels, node).part,
    createPollers(app, channels, node, inbound.poke).part,
  )
  inboundEventRoutes(app, inbound.poke)
  channelRoutes(app, channels)
  app.routes.push(...costRoutes(app, channels))
  channelJobs(app, channels)
  retentionJobs(app)
  conversationRoutes(app, channels)
  templateRoutes(app, channels)
  registerOwnFields()
  registerTimelineSource('message', messageSource)
  registerTimelineSource('note', noteSource)
  registerSearchSource('conversation', conversationFinding)
  registerSearchSource('message', messageFinding)
  registerSearchSource('file', fileFinding)
  fetchingJobs(app, channels)
  presenceJobs(app)
  searchPart(app)
  fileRules(app)
  registerContactPart(conversationPart)
  backlogGauges(app)
}

import { registerContactPart } from '../crm/contact-parts.ts'
import { registerSearchSource } from '../crm/search.ts'
import type { App, Module } from '../platform/app.ts'
import { dealPart } from './contact-part.ts'
import { dealSource } from './deal-finding.ts'
import { dealJobs } from './deals.jobs.ts'
import { dealRoutes } from './deals.routes.ts'
import { stageRoutes } from './stages.routes.ts'

/** Deals with contacts: one board, its stages as the office names them. */
export const salesModule: Module = (app: App) => {
  app.routes.push(...dealRoutes(app), ...stageRoutes(app))
  dealJobs(app)
  registerSearchSource('deal', dealSource)
  registerContactPart(dealPart)
}

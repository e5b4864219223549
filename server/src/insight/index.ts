import { registerContactPart } from '../crm/contact-parts.ts'
import type { App, Module } from '../platform/app.ts'
import { onHappened } from '../platform/happenings.ts'
import { foldingPart } from './folding.ts'
import { reportRoutes } from './reports.routes.ts'
import { noteWon, wonPart } from './won.ts'

/** What the figures say: the dashboard and reports, and the sums they read. */
export const insightModule: Module = (app: App) => {
  app.routes.push(...reportRoutes(app))
  onHappened('reports', noteWon)
  registerContactPart(wonPart)
  app.parts.push(foldingPart(app))
}

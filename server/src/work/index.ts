import { registerContactPart } from '../crm/contact-parts.ts'
import type { Module } from '../platform/app.ts'
import { workPart } from './contact-part.ts'
import { registerWorkFields } from './text-fields.ts'
import { requestRoutes, taskRoutes } from './work.routes.ts'

/** What people promise: requests and tasks. */
export const workModule: Module = (app) => {
  app.routes.push(...requestRoutes(app), ...taskRoutes(app))
  registerContactPart(workPart)
  registerWorkFields()
}

import type { App } from '../platform/app.ts'
import { accessLinkJobs } from './access-links.jobs.ts'
import { accessLinkRoutes } from './access-links.routes.ts'
import { accessRoutes } from './access.routes.ts'
import { actorAgain, actorOf, authenticate } from './actors.ts'
import { auditRoutes } from './audit.routes.ts'
import { sealingPart } from './audit-seal.ts'
import { meRoutes } from './me.routes.ts'
import { isLogo } from './organisation.ts'
import { mailRoutes } from './mail.routes.ts'
import { noticeRoutes } from './notices.routes.ts'
import { teamRoutes } from './teams.routes.ts'
import { secondFactorRoutes } from './second-factor.routes.ts'
import { organisationRoutes } from './organisation.routes.ts'
import { roleRoutes } from './roles.routes.ts'
import { sessionRoutes } from './sessions.routes.ts'
import { purgeSessions } from './sessions.ts'
import { setupRoutes } from './setup.routes.ts'
import { prepareOrganisation } from './setup.ts'
import { userRoutes } from './users.routes.ts'

/** Users, roles and rights, sign-in, API tokens, the organisation's settings and the audit log. */
export function orgModule(app: App): void {
  app.authenticate = (request, reply) => authenticate(app, request, reply)
  app.actorAgain = (actor) => actorAgain(app.db, actor)
  app.actorOf = (userId, sessionId, tokenId) => actorOf(app.db, userId, sessionId, tokenId)
  setupRoutes(app)
  sessionRoutes(app)
  meRoutes(app)
  userRoutes(app)
  accessRoutes(app)
  secondFactorRoutes(app)
  teamRoutes(app)
  mailRoutes(app)
  noticeRoutes(app)
  accessLinkRoutes(app)
  accessLinkJobs(app)
  roleRoutes(app)
  organisationRoutes(app)
  app.fileRules.push((_actor, fileId) => isLogo(app.db, fileId))
  auditRoutes(app)
  sealingPart(app)
  app.jobs.define('sessions.purge', () => purgeSessions(app.db))
  app.jobs.schedule('17 * * * *', 'sessions.purge')
  app.parts.push({
    name: 'org',
    role: 'any',
    async start() {
      await prepareOrganisation(app.db, app.config.admin)
      return async () => undefined
    },
  })
}

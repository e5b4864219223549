import { Me, Setup, SetupState } from '#shared/api/session.ts'
import type { App } from '../platform/app.ts'
import { route } from '../platform/http.ts'
import { Problem } from '../platform/problem.ts'
import { setCookie } from './actors.ts'
import { hasMail } from './mail.ts'
import { refuseCrossSite } from './cross-site.ts'
import { meOf } from './me.ts'
import { checkPassword, hashPassword } from './passwords.ts'
import { startSession } from './sessions.ts'
import { visitorOf } from './sessions.routes.ts'
import { setUp, setupNeeded } from './setup.ts'
import { checkEmail, checkName } from './users.ts'

export function setupRoutes(app: App): void {
  app.routes.push(
    route({
      method: 'GET',
      url: '/setup',
      access: 'public',
      summary: 'Whether the first administrator is still to be made.',
      answer: SetupState,
      handle: async () => ({
        needed: await setupNeeded(app.db),
        demo: app.config.demo,
        resetByMail: await hasMail(app.db),
        ...(app.demo && { demoPhoneUrl: app.demo.phoneUrl, demoAccounts: app.demo.accounts }),
      }),
    }),
    route({
      method: 'POST',
      url: '/setup',
      access: 'public',
      summary: 'Makes the first administrator and signs in; only while there is no user.',
      body: Setup,
      answer: Me,
      status: 201,
      async handle({ body, request, reply }) {
        refuseCrossSite(request, app.config.publicUrl)
        if (!(await setupNeeded(app.db))) throw new Problem('already_set_up')
        checkName(body.name)
        checkName(body.organisation, 'organisation')
        checkPassword(body.password, checkEmail(body.email))
        const userId = await setUp(app.db, body, await hashPassword(body.password))
        const session = await startSession(app.db, userId, visitorOf(request))
        const actor = await app.actorOf(userId, session.id)
        if (!actor) throw new Problem('not_signed_in')
        setCookie(app, reply, session.token)
        return meOf(app.db, actor)
      },
    }),
  )
}

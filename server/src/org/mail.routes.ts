import Type from 'typebox'
import { Ok } from '#shared/api/common.ts'
import { MailSettings, MailSettingsView, MailTest } from '#shared/api/org.ts'
import type { App } from '../platform/app.ts'
import { route } from '../platform/http.ts'
import { completed, endMail, loadMail, mailView, setMail, testMail } from './mail.ts'
import { checkEmail } from './users.ts'

export function mailRoutes(app: App): void {
  app.routes.push(
    route({
      method: 'GET',
      url: '/organisation/mail',
      access: 'organisation.manage',
      summary: 'The organisation’s outgoing mail; the password never comes back.',
      answer: MailSettingsView,
      handle: async () => mailView(await loadMail(app.db, app.secrets)),
    }),
    route({
      method: 'PUT',
      url: '/organisation/mail',
      access: 'organisation.manage',
      summary: 'Sets outgoing mail up. The password as “••••” keeps the one there is.',
      body: MailSettings,
      answer: MailSettingsView,
      handle: async ({ actor, body }) => mailView(await app.db.transaction((tx) => setMail(app, tx, actor, body))),
    }),
    route({
      method: 'DELETE',
      url: '/organisation/mail',
      access: 'organisation.manage',
      summary: 'Sends no mail any more.',
      answer: Ok,
      async handle({ actor }) {
        await app.db.transaction((tx) => endMail(tx, actor))
        return { ok: true } as const
      },
    }),
    route({
      method: 'POST',
      url: '/organisation/mail/test',
      access: 'organisation.manage',
      summary: 'Tries settings with a letter, before they are stored, and says what failed and what to do.',
      body: Type.Object({ settings: MailSettings, to: Type.String({ minLength: 3, maxLength: 254 }) }),
      answer: MailTest,
      async handle({ body, locale }) {
        const settings = completed(body.settings, await loadMail(app.db, app.secrets))
        return testMail(settings, checkEmail(body.to), locale)
      },
    }),
  )
}

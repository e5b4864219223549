import type { Locale } from '#shared/i18n.ts'
import type { App } from '../platform/app.ts'
import { translatorFor } from '../platform/texts.ts'
import { makeReset } from './access-links.ts'
import { loadMail, type Letter, MailFailure, sendMail } from './mail.ts'

interface Link {
  kind: 'invitation' | 'reset'
  email: string
  locale: Locale
  organisation: string
  by: string | null
}

/** Sends the letters with links. What cannot be sent is tried again for a while, and then said so on the invitation. */
export function accessLinkJobs(app: App): void {
  app.jobs.define('access-link.forgotten', async (payload) => {
    const { email } = payload as { email: string }
    const user = await app.db.one<{ id: string }>(
      `select id::text from app_user, organisation o where lower(email) = lower($1) and state = 'active' and o.mail is not null`,
      [email],
    )
    if (user) await app.db.transaction((tx) => makeReset(app, tx, undefined, user.id, true))
  })
  app.jobs.define('access-link.mail', async (payload, { last }) => {
    const { id, sealed } = payload as { id: string; sealed: string }
    const link = await app.db.one<Link>(
      `select l.kind, l.email, l.locale, o.name as organisation, u.name as by
       from access_link l cross join organisation o left join app_user u on u.id = l.created_by
       where l.id = $1 and l.used_at is null and l.revoked_at is null and l.expires_at > now() and l.mail_state = 'waiting'`,
      [id],
    )
    if (!link) return
    const settings = await loadMail(app.db, app.secrets)
    if (!settings) return note(app, id, 'failed', 'mail_not_set_up')
    try {
      await sendMail(settings, letterOf(link, app.secrets.decrypt(sealed, `access-link/${id}`)))
    } catch (error) {
      if (!(error instanceof MailFailure)) throw error
      const final = error.code === 'refused' || error.code === 'sign_in' || error.code === 'forbidden' || last
      await note(app, id, final ? 'failed' : 'waiting', error.message)
      if (final) return
      throw error
    }
    await note(app, id, 'sent', null)
  })
}

async function note(app: App, id: string, state: 'waiting' | 'sent' | 'failed', reason: string | null): Promise<void> {
  await app.db.transaction(async (tx) => {
    await tx.query('update access_link set mail_state = $2, mail_error = $3 where id = $1', [id, state, reason])
    tx.publish({ need: 'user.manage' }, { kind: 'defined', what: 'invitations' })
  })
}

function letterOf({ kind, email, locale, organisation, by }: Link, address: string): Letter {
  const t = translatorFor(locale)
  const values = { organisation: organisation || 'Daftar', by: by ?? '' }
  return {
    to: email,
    locale,
    subject: t(`people.letter.${kind}.subject`, values),
    paragraphs: [
      t(by === null ? `people.letter.${kind}.text` : `people.letter.${kind}.textBy`, values),
      address,
      t(`people.letter.${kind}.end`),
    ],
  }
}

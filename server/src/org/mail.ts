import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { createTransport } from 'nodemailer'
import type { MailSettings, MailSettingsView, MailTest } from '#shared/api/org.ts'
import type { Locale } from '#shared/i18n.ts'
import { directionOf } from '#shared/locales.ts'
import { verdict } from '../platform/addresses.ts'
import type { Actor, App } from '../platform/app.ts'
import type { Db, Tx } from '../platform/db.ts'
import { Problem, wrongField } from '../platform/problem.ts'
import type { Secrets } from '../platform/secrets.ts'
import { translatorFor } from '../platform/texts.ts'
import { audit } from './audit.ts'

/** Mail the organisation sends of itself: invitations, new passwords. Customers' mail is a channel's matter. */
const CONTEXT = 'organisation/mail'
export const HIDDEN = '••••'
const PATIENCE_MS = 20_000
/** Marks that keep mixed directions apart: of use in a text, not in a list of subjects. */
const ISOLATES = /[\u2066-\u2069]/g

export interface Letter {
  to: string
  subject: string
  /** Paragraphs; a link stands in a paragraph of its own. */
  paragraphs: string[]
  locale: Locale
}

export async function loadMail(db: Db, secrets: Secrets): Promise<MailSettings | undefined> {
  const row = await db.one<{ mail: string | null }>('select mail from organisation')
  return row?.mail ? (JSON.parse(secrets.decrypt(row.mail, CONTEXT)) as MailSettings) : undefined
}

/** Without the password, which never leaves. */
export function mailView(settings: MailSettings | undefined): MailSettingsView {
  return settings ? { ...settings, password: settings.password === '' ? '' : HIDDEN, set: true } : NO_MAIL
}
const NO_MAIL: MailSettingsView = {
  set: false,
  host: '',
  port: 587,
  security: 'starttls',
  user: '',
  password: '',
  from: '',
}

/** `password` as dots keeps the one there is, unless the server becomes another: a secret does not follow to another address. */
export async function setMail(app: App, tx: Tx, actor: Actor, next: MailSettings): Promise<MailSettings> {
  await tx.query('select 1 from organisation for update')
  const before = await loadMail(tx, app.secrets)
  const settings = completed(next, before)
  await tx.query('update organisation set mail = $1', [app.secrets.encrypt(JSON.stringify(settings), CONTEXT)])
  await audit(tx, actor, 'mail.changed', { kind: 'organisation' }, mailView(before), mailView(settings))
  tx.publish({}, { kind: 'organisation' })
  return settings
}

export function completed(next: MailSettings, before: MailSettings | undefined): MailSettings {
  const host = next.host.trim()
  if (!/^[\p{L}\p{N}.\-:[\]]+$/u.test(host)) throw wrongField('host', 'wrong_format')
  if (!/^[^\s@<>]+@[^\s@<>]+$|^[^<>]*<[^\s@<>]+@[^\s@<>]+>$/.test(next.from.trim()))
    throw wrongField('from', 'not_an_email')
  // Neither to another server nor in the clear where it was not before.
  const bared = next.security === 'none' && before?.security !== 'none'
  if (next.password === HIDDEN && (!before || before.host !== host || before.port !== next.port || bared))
    throw wrongField('password', 'secret_again')
  const password = next.password === HIDDEN ? (before?.password ?? '') : next.password
  return { ...next, host, from: next.from.trim(), user: next.user.trim(), password }
}

export async function endMail(tx: Tx, actor: Actor): Promise<void> {
  await tx.query('update organisation set mail = null')
  await audit(tx, actor, 'mail.ended', { kind: 'organisation' })
  tx.publish({}, { kind: 'organisation' })
}

/** What went wrong between us and the mail server, so that somebody can mend it. */
export class MailFailure extends Error {
  readonly code: 'unreachable' | 'sign_in' | 'refused' | 'later' | 'secure' | 'forbidden'
  constructor(code: MailFailure['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

type Resolve = (name: string) => Promise<string[]>
const resolveName: Resolve = async (name) => (await lookup(name, { all: true })).map(({ address }) => address)

/** Sends now, by the first of the server's addresses that can be reached. @throws MailFailure */
export async function sendMail(settings: MailSettings, letter: Letter, resolve = resolveName): Promise<void> {
  let failure = new MailFailure('unreachable', settings.host)
  for (const address of await permittedAddresses(settings.host, resolve)) {
    try {
      return await sendBy(address, settings, letter)
    } catch (error) {
      failure = failureOf(error)
      // Where nobody was spoken to, nobody can have taken the letter.
      if (!(error instanceof Error && 'command' in error && error.command === 'CONN')) break
    }
  }
  throw failure
}

/** @param address the very one that was checked, so that a name which changes its mind gains nothing */
async function sendBy(address: string, settings: MailSettings, letter: Letter): Promise<void> {
  const { host, port, security, user, password, from } = settings
  const transport = createTransport({
    host: address,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    // The certificate is the name's; an address has none to ask for.
    tls: isIP(bare(host)) === 0 ? { servername: host } : {},
    ...(user === '' ? {} : { auth: { user, pass: password } }),
    connectionTimeout: PATIENCE_MS,
    greetingTimeout: PATIENCE_MS,
    socketTimeout: PATIENCE_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  try {
    await transport.sendMail({
      from,
      to: letter.to,
      subject: letter.subject.replace(ISOLATES, ''),
      ...bodies(letter),
      textEncoding: 'base64',
    })
  } finally {
    transport.close()
  }
}

/** An office's mail server is often on its own network; what leads to the clouds' insides is refused all the same. */
async function permittedAddresses(host: string, resolve: Resolve): Promise<string[]> {
  const found = await resolve(bare(host)).catch((error: unknown) => {
    throw new MailFailure('unreachable', error instanceof Error ? error.message : String(error))
  })
  const permitted = found.filter((address) => verdict(address, true) === 'allowed')
  if (permitted.length === 0) throw new MailFailure('forbidden', host)
  return permitted
}
const bare = (host: string): string => host.replace(/^\[|\]$/g, '')

function failureOf(error: unknown): MailFailure {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const status = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : 0
  const words = error instanceof Error ? error.message.slice(0, 300) : String(error)
  const options = { cause: error }
  // A server that cannot check passwords just now says so too.
  if (code === 'EAUTH' && status < 500 && status >= 400) return new MailFailure('later', words, options)
  if (code === 'EAUTH') return new MailFailure('sign_in', words, options)
  if (code === 'ETLS' || /certificate|SSL|TLS/i.test(words)) return new MailFailure('secure', words, options)
  if (status >= 500) return new MailFailure('refused', words, options)
  if (status >= 400) return new MailFailure('later', words, options)
  return new MailFailure('unreachable', words, options)
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

function bodies({ paragraphs, locale }: Letter): { text: string; html: string } {
  const html = paragraphs.map((text) =>
    /^https?:\/\/\S+$/.test(text)
      ? `<p dir="ltr"><a href="${escape(text)}">${escape(text)}</a></p>`
      : `<p>${escape(text)}</p>`,
  )
  return {
    text: paragraphs.join('\r\n\r\n'),
    html: `<!doctype html><html lang="${locale}" dir="${directionOf(locale)}"><body style="font-family:Tahoma,Arial,sans-serif;line-height:1.7">${html.join('')}</body></html>`,
  }
}

/** Tries settings with a letter to oneself, and says in words what failed and what to do. */
export async function testMail(settings: MailSettings, to: string, locale: Locale): Promise<MailTest> {
  const t = translatorFor(locale)
  try {
    await sendMail(settings, {
      to,
      locale,
      subject: t('people.mail.test.subject'),
      paragraphs: [t('people.mail.test.text')],
    })
    return { ok: true, message: t('people.mail.test.ok', { to }) }
  } catch (error) {
    if (!(error instanceof MailFailure)) throw error
    return { ok: false, message: t(`people.mail.failure.${error.code}`, { reason: error.message }) }
  }
}

export async function hasMail(db: Db): Promise<boolean> {
  const row = await db.one<{ set: boolean }>('select mail is not null as set from organisation')
  return row?.set ?? false
}

export async function needMail(db: Db): Promise<void> {
  if (!(await hasMail(db))) throw new Problem('mail_not_set_up')
}

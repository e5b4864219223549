import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { PageOf, ProblemBody } from '#shared/api/common.ts'
import type {
  AccessLink,
  AccessLinkMade,
  Invitation,
  InvitationMade,
  MailSettings,
  MailSettingsView,
  MailTest,
  User,
} from '#shared/api/org.ts'
import type { Me } from '#shared/api/session.ts'
import { type Client, cookieOf, PASSWORD, startTestApp, type TestApp, until } from '../../test/app.ts'

let t: TestApp
let admin: Client
let agentRole: string
beforeAll(async () => {
  t = await startTestApp()
  admin = t.as(t.people.administrator)
  const row = await t.app.db.one<{ id: string }>(`select id::text from role where preset = 'agent'`)
  agentRole = row?.id ?? ''
})
afterAll(() => t.stop())
beforeEach(() => t.app.db.query('delete from sign_in_throttle'))

const NEW = 'یک گذرواژهٔ تازه ۷'
const tokenOf = (link: string): string => link.split('/').at(-1) ?? ''
const open = (link: string) => t.as().get<AccessLink & ProblemBody>(`/access-links/${tokenOf(link)}`)
const accept = (link: string, body: object = { name: 'تازه', password: NEW }) =>
  t.as().post<{ signedIn: boolean } & ProblemBody>(`/access-links/${tokenOf(link)}`, body)
let count = 0
const invite = async (more: object = {}): Promise<InvitationMade> => {
  const answer = await admin.post<InvitationMade>('/invitations', {
    email: `new${++count}@office.example`,
    roleIds: [agentRole],
    ...more,
  })
  expect(answer.status).toBe(201)
  return answer.body
}

describe('an invitation', () => {
  test('makes its user once, with the roles and teams given, signed in', async () => {
    const team = await admin.post<{ id: string }>('/teams', { name: 'فروش' })
    const made = await invite({ name: 'لیلا', teamIds: [team.body.id], locale: 'ar' })
    expect((await open(made.link)).body).toMatchObject({
      kind: 'invitation',
      email: made.email,
      name: 'لیلا',
      invitedBy: 'administrator',
      locale: 'ar',
    })
    expect((await accept(made.link, { password: 'short' })).body.code).toBe('weak_password')
    const both = await Promise.all([accept(made.link), accept(made.link)])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 410])
    const won = both.find(({ status }) => status === 200)
    const me = await t.as().get<Me>('/me', { cookie: cookieOf(won?.headers ?? new Headers()) })
    expect(me.body).toMatchObject({ name: 'تازه', email: made.email, teamIds: [team.body.id] })
    expect(me.body.preferences.locale).toBe('ar')
    expect(me.body.roles.map(({ preset }) => preset)).toEqual(['agent'])
    expect((await open(made.link)).status).toBe(410)
    expect((await t.as().post('/session', { email: made.email, password: NEW })).status).toBe(200)
    const { body } = await admin.get<PageOf<Invitation>>('/invitations')
    expect(body.items.find(({ id }) => id === made.id)?.state).toBe('used')
  })

  test('that was renewed, revoked, replaced or has run out opens nothing', async () => {
    const first = await invite()
    const renewed = await admin.post<InvitationMade>(`/invitations/${first.id}/renew`, {})
    expect([(await open(first.link)).status, (await open(renewed.body.link)).status]).toEqual([410, 200])
    const again = await invite({ email: first.email.toUpperCase() })
    expect([(await open(renewed.body.link)).status, (await open(again.link)).status]).toEqual([410, 200])
    expect((await admin.delete(`/invitations/${again.id}`)).status).toBe(200)
    expect((await accept(again.link)).body.code).toBe('link_over')
    const late = await invite()
    await t.app.db.query(`update access_link set expires_at = now() - interval '1 second' where id = $1`, [late.id])
    expect((await accept(late.link)).status).toBe(410)
    for (const nonsense of ['x', 'dfl_', `${'a'.repeat(90)}`]) expect((await open(nonsense)).status).toBe(410)
  })

  test('gives nothing its maker does not have, neither then nor when it is used', async () => {
    const role = await t.makeRole(['user.manage', 'contact.view'])
    const clerk = await t.makeUser({ roleIds: [role] })
    const asClerk = t.as(clerk)
    const asked = { email: 'risen@office.example', roleIds: [agentRole] }
    expect((await asClerk.post('/invitations', asked)).status).toBe(403)
    const within = await t.makeRole(['contact.view'])
    const made = await asClerk.post<InvitationMade>('/invitations', { ...asked, roleIds: [within] })
    expect(made.status).toBe(201)
    await t.app.db.query(`update role set rights = '{contact.view,contact.merge}' where id = $1`, [within])
    expect((await accept(made.body.link)).body.code).toBe('link_over')
    await t.app.db.query(`update role set rights = '{contact.view}' where id = $1`, [within])
    await admin.patch(`/users/${clerk.id}`, { state: 'disabled' })
    expect((await accept(made.body.link)).body.code).toBe('link_over')
    expect((await t.app.db.query(`select from app_user where email = 'risen@office.example'`)).length).toBe(0)
  })

  test('is refused for who is a user already; its link is stored nowhere', async () => {
    expect(
      (await admin.post<ProblemBody>('/invitations', { email: t.people.agent.email, roleIds: [] })).body.code,
    ).toBe('user_exists')
    const made = await invite()
    const dump = JSON.stringify([
      await t.app.db.query('select * from access_link'),
      await t.app.db.query('select * from audit_event'),
      await t.app.db.query('select * from graphile_worker._private_jobs'),
    ])
    expect(dump).not.toContain(tokenOf(made.link))
  })
})

test('a link for a new password ends the sessions, and asks for the second factor of who has one', async () => {
  const user = await t.makeUser({ role: 'agent' })
  const cookie = cookieOf((await t.as().post('/session', { email: user.email, password: PASSWORD })).headers)
  const made = await admin.post<AccessLinkMade>(`/users/${user.id}/reset-link`, {})
  expect((await open(made.body.link)).body).toMatchObject({ kind: 'reset', email: user.email })
  expect((await accept(made.body.link, { password: NEW })).body).toEqual({ signedIn: true })
  expect((await t.as().get('/me', { cookie })).status).toBe(401)
  await t.app.db.query(`update app_user set totp_secret = 'x', totp_at = now() where id = $1`, [user.id])
  const next = await admin.post<AccessLinkMade>(`/users/${user.id}/reset-link`, {})
  expect((await accept(next.body.link, { password: `${NEW}۸` })).body).toEqual({ signedIn: false })
  const role = await t.makeRole(['user.manage'])
  const clerk = await t.makeUser({ roleIds: [role] })
  expect((await t.as(clerk).post(`/users/${user.id}/reset-link`, {})).status).toBe(403)
})

describe('outgoing mail', () => {
  /** A real mail server: what it is told to say, and what it was given. */
  let servers: SMTPServer[] = []
  async function mailServer(options: SMTPServerOptions = {}): Promise<{ port: number; letters: string[] }> {
    const letters: string[] = []
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onData(stream, _session, done) {
        let text = ''
        stream.setEncoding('utf8').on('data', (piece: string) => {
          text += piece
        })
        stream.on('end', () => {
          letters.push(text)
          done()
        })
      },
      ...options,
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return { port: (server.server.address() as AddressInfo).port, letters }
  }
  afterEach(async () => {
    for (const server of servers) await new Promise<void>((resolve) => server.close(() => resolve()))
    servers = []
    await admin.delete('/organisation/mail')
  })
  const settingsOf = (port: number, more: Partial<MailSettings> = {}): MailSettings => ({
    host: '127.0.0.1',
    port,
    security: 'none',
    user: '',
    password: '',
    from: 'دفتر <office@example.ir>',
    ...more,
  })
  const invitation = async (id: string) =>
    (await admin.get<PageOf<Invitation>>('/invitations')).body.items.find((one) => one.id === id)

  test('carries an invitation in the language of whom it invites, and says that it was sent', async () => {
    const { port, letters } = await mailServer()
    expect((await admin.put('/organisation/mail', settingsOf(port))).status).toBe(200)
    await admin.patch('/organisation', { name: 'شرکت آوند' })
    const made = await invite({ locale: 'fa', send: true })
    await until(async () => (await invitation(made.id))?.mail?.state === 'sent')
    const [letter = ''] = letters
    expect(letters).toHaveLength(1)
    expect(letter).toMatch(/^From: =\?UTF-8\?[BQ]\?[^?]+\?= <office@example\.ir>$/m)
    expect(letter).toContain(`To: ${made.email}`)
    const subject = /^Subject: ((?:=\?UTF-8\?[BQ]\?[^?]+\?=\s*)+)$/m.exec(letter)?.[1] ?? ''
    const words = [...subject.matchAll(/=\?UTF-8\?([BQ])\?([^?]+)\?=/g)].map(([, form, text = '']) =>
      form === 'B'
        ? Buffer.from(text, 'base64')
        : Buffer.from(
            text
              .replaceAll('_', ' ')
              .replace(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
            'latin1',
          ),
    )
    expect(Buffer.concat(words).toString()).toBe('دعوت به شرکت آوند')
    const parts = [...letter.matchAll(/Content-Transfer-Encoding: base64\r\n\r\n([\w+/=\r\n]+)/g)].map(
      ([, body = '']) => Buffer.from(body, 'base64').toString(),
    )
    expect(parts).toHaveLength(2)
    expect(parts[0]).toContain(made.link)
    expect(parts[1]).toContain('dir="rtl"')
    expect((await accept(made.link)).status).toBe(200)
  })

  test('that the server refuses is said on the invitation; a later try is made where it says so', async () => {
    let tries = 0
    const { port, letters } = await mailServer({
      onRcptTo({ address }, _session, done) {
        if (address.startsWith('grey'))
          return done(++tries === 1 ? Object.assign(new Error('greylisted'), { responseCode: 451 }) : null)
        done(Object.assign(new Error('no such mailbox'), { responseCode: 550 }))
      },
    })
    await admin.put('/organisation/mail', settingsOf(port))
    const refused = await invite({ send: true })
    await until(async () => (await invitation(refused.id))?.mail?.state === 'failed')
    expect((await invitation(refused.id))?.mail?.reason).toContain('no such mailbox')
    const grey = await invite({ email: 'grey@office.example', send: true })
    await until(async () => (await invitation(grey.id))?.mail?.reason?.includes('greylisted'))
    expect((await invitation(grey.id))?.mail?.state).toBe('waiting')
    await t.app.db.query(`update graphile_worker._private_jobs set run_at = now()`)
    await t.app.db.query(
      `select graphile_worker.reschedule_jobs(array(select id from graphile_worker._private_jobs), run_at := now())`,
    )
    await until(async () => (await invitation(grey.id))?.mail?.state === 'sent')
    expect(letters).toHaveLength(1)
  })

  test('is tried before it is stored: each failure in words, in the reader’s language', async () => {
    const { port } = await mailServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) =>
        username === 'office' && password === 'right' ? done(null, { user: username }) : done(new Error('no')),
    })
    const trial = async (settings: Partial<MailSettings>) =>
      (
        await admin.post<MailTest>(
          '/organisation/mail/test',
          { settings: settingsOf(port, settings), to: 'me@office.example' },
          { 'accept-language': 'fa' },
        )
      ).body
    const well = await trial({ user: 'office', password: 'right' })
    expect(well.ok).toBe(true)
    expect(well.message).toContain('me@office.example')
    expect((await trial({ user: 'office', password: 'wrong' })).message).toContain('رمز عبور را نپذیرفت')
    expect((await trial({ port: 1 })).message).toContain('پاسخ نداد')
    expect((await trial({ security: 'starttls' })).message).toContain('ارتباط امن')
    expect((await trial({ host: '169.254.169.254' })).message).toContain('اجازه')
    expect((await trial({ host: 'no-such-host.invalid' })).ok).toBe(false)
  })

  test('keeps its password: never sent back, kept by dots, asked again for another server', async () => {
    const { port } = await mailServer()
    const stored = await admin.put<MailSettingsView>(
      '/organisation/mail',
      settingsOf(port, { user: 'u', password: 'geheim-7788' }),
    )
    expect(stored.body.password).toBe('••••')
    expect((await admin.put('/organisation/mail', settingsOf(port, { user: 'v', password: '••••' }))).status).toBe(200)
    const moved = await admin.put<ProblemBody>(
      '/organisation/mail',
      settingsOf(port, { host: 'evil.example', password: '••••' }),
    )
    expect(moved.body.errors?.[0]).toMatchObject({ field: 'password', code: 'secret_again' })
    await admin.put(
      '/organisation/mail',
      settingsOf(port, { user: 'u', password: 'geheim-7788', security: 'starttls' }),
    )
    const bared = await admin.put<ProblemBody>('/organisation/mail', settingsOf(port, { user: 'u', password: '••••' }))
    expect(bared.body.errors?.[0]).toMatchObject({ field: 'password', code: 'secret_again' })
    const dump = JSON.stringify([
      await t.app.db.query('select * from organisation'),
      await t.app.db.query('select * from audit_event'),
    ])
    expect(dump).not.toContain('geheim-7788')
    expect((await t.as(t.people.supervisor).get('/organisation/mail')).status).toBe(403)
  })

  test('sends a forgotten password’s link, and tells nobody whether there is such a user', async () => {
    const { port, letters } = await mailServer()
    await admin.put('/organisation/mail', settingsOf(port))
    const user = await t.makeUser({ role: 'agent' })
    const [known, unknown] = await Promise.all(
      [user.email, 'nobody@office.example'].map((email) => t.as().post('/password-reset', { email })),
    )
    expect(known?.body).toEqual(unknown?.body)
    await until(() => letters.length === 1)
    expect(letters[0]).toContain(`To: ${user.email}`)
  })

  test('is asked for where it is not set up', async () => {
    const answer = await admin.post<ProblemBody>('/invitations', { email: 'x@office.example', roleIds: [], send: true })
    expect(answer.body.code).toBe('mail_not_set_up')
  })
})

describe('teams', () => {
  test('have members and leads, unique names, and are on the user and on oneself', async () => {
    const { agent, viewer, supervisor } = t.people
    const made = await admin.post<{ id: string }>('/teams', {
      name: 'پشتیبانی',
      members: [
        { userId: agent.id, leads: true },
        { userId: viewer.id, leads: false },
      ],
    })
    expect(made.status).toBe(201)
    expect((await admin.post<ProblemBody>('/teams', { name: ' پشتیبانی ' })).body.code).toBe('team_exists')
    expect(
      (await admin.patch(`/teams/${made.body.id}`, { members: [{ userId: '999999', leads: false }] })).status,
    ).toBe(422)
    expect((await t.as(agent).get<Me>('/me')).body.teamIds).toEqual([made.body.id])
    expect((await admin.patch<User>(`/users/${supervisor.id}`, { teamIds: [made.body.id] })).body.teamIds).toEqual([
      made.body.id,
    ])
    expect((await t.as(agent).post('/teams', { name: 'x' })).status).toBe(403)
    expect((await admin.delete(`/teams/${made.body.id}`)).status).toBe(200)
    expect((await t.as(agent).get<Me>('/me')).body.teamIds).toEqual([])
  })
})

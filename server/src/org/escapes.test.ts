import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { PageOf, ProblemBody } from '#shared/api/common.ts'
import type { AccessLinkMade, AuditEvent, Role } from '#shared/api/org.ts'
import type { ApiTokenMade, ApiTokenNew, Me } from '#shared/api/session.ts'
import { RIGHTS } from '#shared/rights.ts'
import { type Client, cookieOf, PASSWORD, startTestApp, type TestApp, type TestUser, until } from '../../test/app.ts'

/* Ways around the rules: what a scope, a missing second factor or a lost right must not be talked out of. */

let t: TestApp
let admin: Client
let roles: Map<string | null, string>
beforeAll(async () => {
  t = await startTestApp()
  admin = t.as(t.people.administrator)
  const { body } = await admin.get<PageOf<Role>>('/roles')
  roles = new Map(body.items.map(({ preset, id }) => [preset, id]))
  await t.app.db.query(
    `insert into channel (kind, name, settings, hook_hash, hook_secret, state)
     select 'none', n::text, '', n::text, '', 'paused' from generate_series(1, 2) n`,
  )
})
afterAll(() => t.stop())
beforeEach(() => t.app.db.query('delete from sign_in_throttle'))

async function withToken(user: TestUser, scope: Partial<ApiTokenNew>): Promise<Client> {
  const { body } = await t.as(user).post<ApiTokenMade>('/me/tokens', { name: 'scoped', ...scope })
  return t.as({ token: body.token })
}
const roleId = (preset: string): string => roles.get(preset) ?? ''
const newcomer = (roleIds: string[]) => ({
  name: 'تازه',
  email: `new.${Math.random().toString(36).slice(2)}@office.example`,
  password: PASSWORD,
  roleIds,
})

const roleOn = (channelId: string | null) => ({
  name: `از ${channelId ?? 'همه'}`,
  rights: [],
  channels: [{ channelId, view: true, send: false, manage: false }],
})

describe('a token that may manage users and nothing else', () => {
  let client: Client
  beforeAll(async () => {
    client = await withToken(t.people.administrator, { rights: ['user.manage'] })
  })

  test('makes and invites nobody who may more', async () => {
    const asked = newcomer([roleId('administrator')])
    expect((await client.post('/users', asked)).status).toBe(403)
    expect((await client.post('/invitations', { email: asked.email, roleIds: asked.roleIds })).status).toBe(403)
    const none = await t.makeRole([])
    expect((await client.post('/users', newcomer([none]))).status).toBe(201)
  })

  test('takes over nobody, its own user least of all', async () => {
    for (const user of [t.people.agent, t.people.administrator]) {
      expect((await client.patch(`/users/${user.id}`, { password: 'یک رمز دیگر ۱۲' })).status, user.name).toBe(403)
      expect((await client.post(`/users/${user.id}/reset-link`, {})).status, user.name).toBe(403)
      expect((await client.delete(`/users/${user.id}/second-factor`)).status, user.name).toBe(403)
    }
  })

  test('gives channels only as far as it has them', async () => {
    const [first = '', second = ''] = (
      await t.app.db.query<{ id: string }>('select id::text from channel order by id')
    ).map(({ id }) => id)
    const narrow = await withToken(t.people.administrator, { rights: ['role.manage'], channelIds: [first] })
    expect((await narrow.post('/roles', roleOn(first))).status).toBe(201)
    expect((await narrow.post('/roles', roleOn(second))).status).toBe(403)
    expect((await narrow.post('/roles', roleOn(null))).status).toBe(403)
    const wide = await withToken(t.people.administrator, { rights: ['role.manage'] })
    expect((await wide.post('/roles', roleOn(null))).status).toBe(201)
    expect((await wide.post('/roles', { ...roleOn(null), rights: ['audit.view'] })).status).toBe(403)
  })

  test('that covers a role gives it', async () => {
    const whole = await withToken(t.people.administrator, { rights: [...RIGHTS] })
    expect((await whole.post('/users', newcomer([roleId('agent')]))).status).toBe(201)
  })
})

test('a token with a scope sees as nobody: it would see what its scope leaves out', async () => {
  const see = { 'x-daftar-see-as': t.people.supervisor.id }
  for (const scope of [
    { rights: ['user.see_as' as const] },
    { channelIds: [] },
    { rights: [...RIGHTS], readOnly: true },
  ]) {
    const client = await withToken(t.people.administrator, scope)
    expect((await client.get('/me', see)).status).toBe(403)
    expect((await client.get('/contacts', see)).status).toBe(403)
  }
})

test('somebody without the second factor that a role asks for makes no token to go without', async () => {
  const role = await t.makeRole(['contact.view'])
  await admin.patch(`/roles/${role}`, { secondFactor: true })
  const user = await t.makeUser({ roleIds: [role] })
  const signedIn = await t.as().post<Me>('/session', { email: user.email, password: PASSWORD })
  expect(signedIn.body.secondFactor.missing).toBe(true)
  const headers = { cookie: cookieOf(signedIn.headers) }
  const made = await t.as().post<ApiTokenMade & ProblemBody>('/me/tokens', { name: 'aside' }, headers)
  expect(made).toMatchObject({ status: 403, body: { code: 'second_factor_needed' } })
  // What belongs to setting one up, and to leaving, stays open.
  expect((await t.as().get('/me', headers)).status).toBe(200)
  expect((await t.as().get('/me/sessions', headers)).status).toBe(200)
  expect((await t.as().post('/me/second-factor', { password: PASSWORD }, headers)).status).toBe(200)
  expect((await t.as().delete('/session', headers)).status).toBe(200)
})

test('seeing as somebody leaves a trace, also when nothing announced it; not one for every page', async () => {
  const watched = await t.makeUser({ role: 'viewer' })
  const see = { 'x-daftar-see-as': watched.id }
  for (let n = 0; n < 3; n++) expect((await admin.get('/me', see)).status).toBe(200)
  const trace = `/audit-events?action=user.seen_as&subjectKind=user&subjectId=${watched.id}`
  const { body } = await admin.get<PageOf<AuditEvent>>(trace)
  expect(body.items).toMatchObject([{ userId: t.people.administrator.id }])
  for (const begun of [2, 3]) {
    await admin.post(`/users/${watched.id}/see-as`)
    await admin.get('/me', see)
    expect((await admin.get<PageOf<AuditEvent>>(trace)).body.items).toHaveLength(begun)
  }
})

const path = (link: string): string => `/access-links/${link.split('/').at(-1)}`

describe('a link for a new password', () => {
  test('is over once its user may more than its maker, or its maker nothing any more', async () => {
    const clerk = await t.makeUser({ roleIds: [await t.makeRole(['user.manage', 'contact.view'])] })
    const user = await t.makeUser({ roleIds: [await t.makeRole(['contact.view'])] })
    const make = async () => (await t.as(clerk).post<AccessLinkMade>(`/users/${user.id}/reset-link`, {})).body.link
    const risen = await make()
    await admin.patch(`/users/${user.id}`, { roleIds: [roleId('administrator')] })
    expect((await t.as().post<ProblemBody>(path(risen), { password: PASSWORD })).body.code).toBe('link_over')
    await admin.patch(`/users/${user.id}`, { roleIds: [] })
    const left = await make()
    await admin.patch(`/users/${clerk.id}`, { state: 'disabled' })
    expect((await t.as().post<ProblemBody>(path(left), { password: PASSWORD })).body.code).toBe('link_over')
  })

  test('that an administrator made is not ended by a stranger who asks for one', async () => {
    await admin.put('/organisation/mail', {
      host: '127.0.0.1',
      port: 9,
      security: 'none',
      user: '',
      password: '',
      from: 'office@example.ir',
    })
    const user = await t.makeUser({ role: 'agent' })
    const { body } = await admin.post<AccessLinkMade>(`/users/${user.id}/reset-link`, {})
    expect((await t.as().post('/password-reset', { email: user.email.toUpperCase() })).status).toBe(200)
    await until(async () => {
      const rows = await t.app.db.query('select 1 from access_link where user_id = $1 and created_by is null', [
        user.id,
      ])
      return rows.length === 1
    })
    expect((await t.as().get(path(body.link))).status).toBe(200)
    await admin.delete('/organisation/mail')
  })
})

test('looking at the product as somebody takes no stream away from them', async () => {
  const watched = await t.makeUser({ role: 'viewer' })
  const gone = new AbortController()
  const open = (client: Client, query = '') => client.fetch(`/events${query}`, { signal: gone.signal })
  const looking = await Promise.all(Array.from({ length: 20 }, () => open(admin, `?seeAs=${watched.id}`)))
  expect(new Set(looking.map(({ status }) => status))).toEqual(new Set([200]))
  expect((await open(t.as(watched))).status).toBe(200)
  gone.abort()
})

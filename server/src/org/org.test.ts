import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuditEvent, Role, User } from '#shared/api/org.ts'
import type { ApiToken, ApiTokenMade, Me } from '#shared/api/session.ts'
import { type Client, cookieOf, PASSWORD, startTestApp, type TestApp, type TestUser } from '../../test/app.ts'
import { ensurePresetRoles } from './administrators.ts'
import { withoutSecrets } from './audit.ts'
import { isWeak } from './passwords.ts'
import { prepareOrganisation } from './setup.ts'

let t: TestApp
let admin: Client
beforeAll(async () => {
  t = await startTestApp()
  admin = t.as(t.people.administrator)
})
afterAll(() => t.stop())

interface Wrong {
  code: string
}
const roles = async () => (await admin.get<{ items: Role[] }>('/roles')).body.items
const preset = async (name: string) => (await roles()).find((role) => role.preset === name)?.id ?? ''

describe('the first administrator', () => {
  let empty: TestApp
  beforeAll(async () => {
    empty = await startTestApp({ people: false })
  })
  afterAll(() => empty.stop())
  const setup = (n: number, password = 'سیب و انار ۳۳') => ({
    organisation: 'دفتر نمونه',
    name: `مدیر ${n}`,
    email: `first${n}@example.com`,
    password,
    locale: 'ar',
  })

  test('is made once, however many try at the same moment', async () => {
    expect((await empty.as().get('/setup')).body).toEqual({ needed: true, demo: false, resetByMail: false })
    expect((await empty.as().post<Wrong>('/setup', setup(0, '1234567890'))).body.code).toBe('weak_password')
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        empty.as().post<Me & Wrong>('/setup', setup(n), { 'x-forwarded-for': `192.0.2.${n}` }),
      ),
    )
    const made = answers.filter((answer) => answer.status === 201)
    expect(made).toHaveLength(1)
    expect(new Set(answers.filter((answer) => answer.status !== 201).map((answer) => answer.body.code))).toEqual(
      new Set(['already_set_up']),
    )
    expect(await empty.app.db.query('select 1 from app_user')).toHaveLength(1)
    const cookie = cookieOf(made[0]?.headers ?? new Headers())
    const me = await empty.as().get<Me>('/me', { cookie })
    expect(me.body).toMatchObject({
      preferences: { locale: 'ar', calendar: 'gregory' },
      roles: [{ preset: 'administrator' }],
    })
    expect((await empty.as().get('/organisation', { cookie })).body).toMatchObject({ name: 'دفتر نمونه', locale: 'ar' })
    expect((await empty.as().get('/setup')).body).toEqual({ needed: false, demo: false, resetByMail: false })
  })

  test('comes from the environment at the first start, on one of many nodes', async () => {
    await empty.app.db.query('delete from app_user')
    const both = { email: 'env@example.com', password: 'سیب و انار ۳۳' }
    await expect(prepareOrganisation(empty.app.db, { ...both, password: 'password123' })).rejects.toThrow(
      'ADMIN_PASSWORD',
    )
    await Promise.all(Array.from({ length: 6 }, () => prepareOrganisation(empty.app.db, both)))
    await prepareOrganisation(empty.app.db, { ...both, email: 'late@example.com' })
    expect(await empty.app.db.query('select email from app_user')).toEqual([{ email: 'env@example.com' }])
  })

  test('the preset roles are made once, and only the administrator’s is kept as it was', async () => {
    const { db } = empty.app
    await db.query('delete from user_role')
    await db.query('delete from role')
    await Promise.all(Array.from({ length: 6 }, () => db.transaction(ensurePresetRoles)))
    expect(await db.query('select preset from role order by id')).toHaveLength(4)
    expect(await db.query('select 1 from role_channel')).toHaveLength(4)
    await db.query(`update role set rights = '{audit.view}'`)
    await db.transaction(ensurePresetRoles)
    const after = await db.query<{ n: number }>('select cardinality(rights) as n from role order by n')
    expect(after.map(({ n }) => n > 1)).toEqual([false, false, false, true])
  })
})

describe('users', () => {
  const user = (email: string, roleIds: string[] = []) => ({ name: 'نو', email, password: 'سیب و انار ۳۳', roleIds })

  test('are made, found in any spelling, changed, and unique by e-mail', async () => {
    const made = await admin.post<User>('/users', { ...user('Keyvan@Example.com'), name: 'كيوان علی‌پور' })
    expect(made.status).toBe(201)
    expect((await admin.post<Wrong>('/users', user('keyvan@example.COM'))).body.code).toBe('user_exists')
    for (const search of ['کیوان', 'علیپور', 'keyvan', 'علی پور'])
      expect(
        (await admin.get<{ items: User[] }>(`/users?search=${encodeURIComponent(search)}`)).body.items.map(
          ({ id }) => id,
        ),
      ).toEqual([made.body.id])
    for (const email of ['no', 'a b@c', '@', 'a@b@c', '\u202ea@b.c'])
      expect((await admin.post('/users', user(email))).status).toBe(422)
    expect((await admin.post('/users', { ...user('blank@example.com'), name: '  ' })).status).toBe(422)
    expect((await admin.post('/users', user('norole@example.com', ['424242']))).status).toBe(422)
    const changed = await admin.patch<User>(`/users/${made.body.id}`, {
      name: 'کیوان',
      roleIds: [await preset('viewer')],
    })
    expect(changed.body).toMatchObject({ name: 'کیوان', roleIds: [await preset('viewer')] })
    const brief = await t.as(t.people.stranger).get<{ items: { id: string }[] }>('/users/brief')
    expect(brief.body.items.some(({ id }) => id === made.body.id)).toBe(true)
  })

  test('come page by page, each once', async () => {
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { body: { items: User[]; nextCursor: string | null } } = await admin.get(
        `/users?limit=2${cursor ? `&cursor=${cursor}` : ''}`,
      )
      seen.push(...page.body.items.map(({ id }) => id))
      cursor = page.body.nextCursor
    }
    const all = await t.app.db.query<{ id: string }>('select id from app_user order by id')
    expect(seen).toEqual(all.map(({ id }) => id))
  })

  test('who are disabled are out at once', async () => {
    const gone = await t.makeUser({ role: 'agent' })
    expect((await t.as(gone).get('/me')).status).toBe(200)
    await admin.patch(`/users/${gone.id}`, { state: 'disabled' })
    expect((await t.as(gone).get('/me')).status).toBe(401)
    expect((await t.as().post('/session', { email: gone.email, password: PASSWORD })).status).toBe(401)
  })

  test('the last administrator stays one, also when two go at the same moment', async () => {
    const second = await t.makeUser({ role: 'administrator' })
    const [a, b] = [t.people.administrator, second]
    const attempts = await Promise.all([
      t.as(a).patch<Wrong>(`/users/${b.id}`, { roleIds: [] }),
      t.as(b).patch<Wrong>(`/users/${a.id}`, { state: 'disabled' }),
    ])
    const left = await t.app.db.query<{ id: string }>(
      `select u.id from app_user u join user_role ur on ur.user_id = u.id join role r on r.id = ur.role_id where r.preset = 'administrator' and u.state = 'active'`,
    )
    expect(left.length).toBeGreaterThanOrEqual(1)
    expect(attempts.filter((answer) => answer.status === 200).length).toBeLessThanOrEqual(1)
    await t.app.db.query(`update app_user set state = 'active' where id = $1`, [a.id])
    await t.app.db.query(
      `insert into user_role select $1, id from role where preset = 'administrator' on conflict do nothing`,
      [a.id],
    )
    await t.app.db.query('delete from user_role where user_id = $1', [b.id])
    for (const patch of [{ state: 'disabled' }, { roleIds: [] }]) {
      const answer = await admin.patch<Wrong>(`/users/${a.id}`, patch)
      expect([answer.status, answer.body.code]).toEqual([409, 'last_administrator'])
    }
    expect((await admin.get<User>(`/users/${a.id}`)).body).toMatchObject({
      state: 'active',
      roleIds: [await preset('administrator')],
    })
  })
})

describe('roles', () => {
  test('the administrator’s is fixed, presets stay, a role in use stays', async () => {
    const fixed = await admin.patch<Wrong>(`/roles/${await preset('administrator')}`, { rights: [] })
    expect([fixed.status, fixed.body.code]).toEqual([409, 'role_fixed'])
    expect((await admin.delete<Wrong>(`/roles/${await preset('agent')}`)).body.code).toBe('role_fixed')
    const made = await admin.post<Role>('/roles', { name: 'پیک', rights: ['contact.view'], channels: [] })
    const holder = await t.makeUser({ roleIds: [made.body.id] })
    expect((await admin.delete<Wrong>(`/roles/${made.body.id}`)).body.code).toBe('role_in_use')
    await admin.patch(`/users/${holder.id}`, { roleIds: [] })
    expect((await admin.delete(`/roles/${made.body.id}`)).status).toBe(200)
    expect((await admin.get(`/roles`)).status).toBe(200)
  })

  test('give rights at once, on channels too; sending needs seeing', async () => {
    const channel = await t.app.db.one<{ id: string }>(
      `insert into channel (kind, name, settings, hook_hash, hook_secret, state) values ('none', 'x', '', 'org', '', 'paused') returning id::text`,
    )
    const id = channel?.id ?? ''
    const made = await admin.post<Role>('/roles', {
      name: 'x',
      rights: [],
      channels: [
        { channelId: id, view: false, send: true, manage: false },
        { channelId: id, view: false, send: false, manage: false },
      ],
    })
    expect(made.body.channels).toEqual([{ channelId: id, view: true, send: true, manage: false }])
    const user = await t.makeUser({ roleIds: [made.body.id] })
    const me = async () => (await t.as(user).get<Me>('/me')).body
    expect(await me()).toMatchObject({ rights: [], channels: { view: [id], send: [id], manage: [] } })
    await admin.patch(`/roles/${made.body.id}`, { rights: ['audit.view'], channels: [] })
    expect(await me()).toMatchObject({ rights: ['audit.view'], channels: { view: [], send: [], manage: [] } })
    expect((await t.as(t.people.agent).get<Me>('/me')).body.channels.view).toContain(id)
  })

  test('nobody gives, takes or takes over more than he has', async () => {
    const manager = await t.makeUser({ roleIds: [await t.makeRole(['user.manage', 'user.view', 'role.manage'])] })
    const by = t.as(manager)
    const victim = t.people.administrator.id
    const refused = [
      await by.patch(`/users/${manager.id}`, { roleIds: [await preset('administrator')] }),
      await by.patch(`/users/${victim}`, { password: 'گذرواژهٔ دزدیده' }),
      await by.patch(`/users/${victim}`, { email: 'mine@example.com' }),
      await by.post('/users', {
        name: 'x',
        email: 'puppet@example.com',
        password: 'سیب و انار ۳۳',
        roleIds: [await preset('agent')],
      }),
      await by.post('/roles', { name: 'x', rights: ['audit.view'], channels: [] }),
      await by.post('/roles', {
        name: 'x',
        rights: [],
        channels: [{ channelId: null, view: true, send: false, manage: false }],
      }),
      await by.patch(`/roles/${await preset('viewer')}`, { rights: [] }),
    ]
    expect(refused.map((answer) => answer.status)).toEqual(Array(7).fill(403))
    const allowed = await by.post<Role>('/roles', { name: 'x', rights: ['user.view'], channels: [] })
    expect(allowed.status).toBe(201)
    expect(
      (
        await by.post('/users', {
          name: 'x',
          email: 'helper@example.com',
          password: 'سیب و انار ۳۳',
          roleIds: [allowed.body.id],
        })
      ).status,
    ).toBe(201)
  })
})

describe('API tokens', () => {
  test('are shown once, stored hashed, used, listed and revoked', async () => {
    const user = await t.makeUser({ role: 'viewer' })
    const made = await t.as(user).post<ApiTokenMade>('/me/tokens', { name: 'گزارش شبانه' })
    expect(made.status).toBe(201)
    expect(made.body.token).toMatch(/^dft_[\w-]{43}$/)
    const rows = await t.app.db.query<{ row: string }>('select k::text as row from api_token k')
    expect(rows.some(({ row }) => row.includes(made.body.token.slice(5)))).toBe(false)
    expect((await t.as(made.body).get('/me')).status).toBe(200)
    const list = await t.as(user).get<{ items: ApiToken[] }>('/me/tokens')
    const item = list.body.items.find(({ id }) => id === made.body.id)
    expect(item?.usedAt).not.toBeNull()
    expect(JSON.stringify(list.body)).not.toContain('dft_')
    expect((await t.as(t.people.viewer).delete(`/me/tokens/${made.body.id}`)).status).toBe(404)
    await t.as(user).delete(`/me/tokens/${made.body.id}`)
    expect((await t.as(made.body).get('/me')).status).toBe(401)
  })

  test('run out, and their use is noted once a minute at most', async () => {
    const user = await t.makeUser({ role: 'viewer' })
    const soon = new Date(Date.now() + 3600_000).toISOString()
    expect((await t.as(user).post('/me/tokens', { name: 'x', expiresAt: '2020-01-01T00:00:00Z' })).status).toBe(422)
    const { body } = await t.as(user).post<ApiTokenMade>('/me/tokens', { name: 'x', expiresAt: soon })
    await t.as(body).get('/me')
    const used = () => t.app.db.one<{ at: Date }>('select used_at as at from api_token where id = $1', [body.id])
    const first = await used()
    await t.as(body).get('/me')
    expect(await used()).toEqual(first)
    await t.app.db.query(`update api_token set used_at = now() - interval '2 minutes' where id = $1`, [body.id])
    await t.as(body).get('/me')
    expect((await used())?.at.getTime()).toBeGreaterThanOrEqual(first?.at.getTime() ?? Infinity)
    await t.app.db.query(`update api_token set expires_at = now() - interval '1 second' where id = $1`, [body.id])
    expect((await t.as(body).get('/me')).status).toBe(401)
  })

  test.each([
    '',
    'Bearer',
    'Bearer ',
    'Bearer dft_wrong',
    'Basic YTpi',
    `Bearer ${'x'.repeat(5000)}`,
    "Bearer '; drop table x",
  ])('the header %j is nobody, and no cookie stands in for it', async (authorization) => {
    const cookie = cookieOf(
      (await t.as().post('/session', { email: t.people.viewer.email, password: PASSWORD })).headers,
    )
    expect((await t.as().get('/me', { authorization, cookie })).status).toBe(authorization === '' ? 401 : 401)
  })
})

describe('the audit log', () => {
  test('says who changed what, newest first, page by page, without secrets', async () => {
    const made = await admin.post<User>(
      '/users',
      { name: 'الف', email: 'audited@example.com', password: 'راز خیلی بزرگ', roleIds: [] },
      { 'x-forwarded-for': '203.0.113.5' },
    )
    await admin.patch(`/users/${made.body.id}`, { name: 'ب', password: 'راز بزرگ دیگر' })
    await admin.patch(`/users/${made.body.id}`, { name: 'ب' })
    const list = await admin.get<{ items: AuditEvent[]; nextCursor: string }>(
      `/audit-events?subjectKind=user&subjectId=${made.body.id}`,
    )
    expect(list.body.items).toMatchObject([
      { action: 'user.password_changed', userId: t.people.administrator.id },
      { action: 'user.changed', before: { name: 'الف' }, after: { name: 'ب' } },
      {
        action: 'user.made',
        before: null,
        after: { name: 'الف', email: 'audited@example.com' },
        address: '203.0.113.5',
      },
    ])
    expect(list.body.items[1]?.after).toEqual({ name: 'ب' })
    const everything = JSON.stringify(await t.app.db.query('select a::text from audit_event a'))
    expect(everything).not.toContain('راز')
    expect(everything).not.toContain('argon2')
    const first = await admin.get<{ items: AuditEvent[]; nextCursor: string }>('/audit-events?limit=2')
    const second = await admin.get<{ items: AuditEvent[] }>(`/audit-events?limit=2&cursor=${first.body.nextCursor}`)
    expect(Number(second.body.items[0]?.id)).toBeLessThan(Number(first.body.items[1]?.id))
  })
  test('masks what a caller hands over by mistake', () => {
    const given = {
      token: 'a',
      settings: { apiKey: 'b', mode: 'c' },
      list: [{ password: 'd' }],
      hasToken: true,
      none: null,
      secret: null,
    }
    expect(withoutSecrets(given)).toEqual({
      token: '••••',
      settings: { apiKey: '••••', mode: 'c' },
      list: [{ password: '••••' }],
      hasToken: true,
      none: null,
      secret: null,
    })
  })
})

test('one’s own preferences are checked and kept', async () => {
  const me = t.as(t.people.viewer)
  const wish = { locale: 'en', calendar: 'gregory', digits: 'latin', timeZone: 'Europe/Berlin', theme: 'dark' }
  expect((await me.patch<Me>('/me', { preferences: wish, presence: 'break' })).body).toMatchObject({
    preferences: wish,
    presence: 'break',
  })
  expect((await me.patch<Me>('/me', { preferences: { theme: 'light' } })).body.preferences).toEqual({
    ...wish,
    theme: 'light',
  })
  expect((await me.patch('/me', { preferences: { timeZone: 'Moon/Sea' } })).status).toBe(422)
  expect((await me.patch('/me', { preferences: { locale: 'xx' } })).status).toBe(422)
})

test.each([
  ['short', 'aB3$xyz', true],
  ['common', 'password123', true],
  ['common in Persian digits', '۱۲۳۴۵۶۷۸۹۰', true],
  ['a run', 'abcdefghijkl', true],
  ['one letter', 'aaaaaaaaaaaa', true],
  ['the e-mail', 'Keyvan@Example.com', true],
  ['a sentence', 'هفت سیب و 3 انار', false],
  ['random', 'k3v-92ms-hqpz', false],
])('a password that is %s', (_name, password, weak) => {
  expect(isWeak(password, 'keyvan@example.com')).toBe(weak)
})

describe('the organisation', () => {
  const PIXEL = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  )
  const upload = async (user: TestUser, name: string, bytes: Buffer): Promise<string> => {
    const form = new FormData()
    form.append('file', new Blob([new Uint8Array(bytes)]), name)
    const answer = await t.as(user).fetch('/files', { method: 'POST', body: form })
    const { id } = (await answer.json()) as { id: string }
    return id
  }

  test('has a logo that everybody sees: a picture of whoever sets it, nobody else’s file', async () => {
    const admin = t.as(t.people.administrator)
    const theirs = await upload(t.people.agent, 'a.png', PIXEL)
    const text = await upload(t.people.administrator, 'a.txt', Buffer.from('logo'))
    for (const logoFileId of [theirs, text, '999999'])
      expect((await admin.patch('/organisation', { logoFileId })).status).toBe(422)
    const logo = await upload(t.people.administrator, 'logo.png', PIXEL)
    expect((await t.as(t.people.viewer).get(`/files/${logo}`)).status).toBe(404)
    expect((await admin.patch('/organisation', { logoFileId: logo })).status).toBe(200)
    expect((await t.as(t.people.stranger).get(`/files/${logo}`)).status).toBe(200)
    expect((await admin.patch('/organisation', { logoFileId: null })).status).toBe(200)
    expect((await t.as(t.people.stranger).get(`/files/${logo}`)).status).toBe(404)
  })

  test('keeps its own language among those it offers; money and retention are checked', async () => {
    const admin = t.as(t.people.administrator)
    expect((await admin.patch('/organisation', { locales: ['ar'], locale: 'fa' })).status).toBe(422)
    for (const wrong of [{ currency: 'toman' }, { retentionDays: 0 }, { locales: [] }, { toman: 'yes' }])
      expect((await admin.patch('/organisation', wrong)).status, JSON.stringify(wrong)).toBe(422)
    const { body } = await admin.patch('/organisation', {
      locales: ['fa', 'en'],
      currency: 'SAR',
      toman: false,
      retentionDays: 30,
    })
    expect(body).toMatchObject({ locales: ['fa', 'en'], currency: 'SAR', toman: false, retentionDays: 30 })
  })
})

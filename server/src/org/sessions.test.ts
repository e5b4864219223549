import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { User } from '#shared/api/org.ts'
import type { Me, SessionItem } from '#shared/api/session.ts'
import { cookieOf, PASSWORD, startTestApp, type TestApp, type TestUser } from '../../test/app.ts'

let t: TestApp
beforeAll(async () => {
  t = await startTestApp()
})
afterAll(() => t.stop())

const forget = () => t.app.db.query('delete from sign_in_throttle')
const signIn = (email: string, password = PASSWORD, headers: Record<string, string> = {}) =>
  t.as().post<Me & { code: string }>('/session', { email, password }, headers)
async function signedIn(user: TestUser): Promise<string> {
  await forget()
  return cookieOf((await signIn(user.email)).headers)
}
const status = async (cookie: string) => (await t.as().get('/session', { cookie })).status

describe('signing in', () => {
  test('answers with the user and sets a cookie scripts cannot read', async () => {
    const answer = await signIn(` ${t.people.agent.email.toUpperCase()} `)
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({ id: t.people.agent.id, rights: expect.arrayContaining(['contact.edit']) })
    const cookie = answer.headers.getSetCookie()[0] ?? ''
    expect(cookie).toMatch(/^daftar_session=dfs_[\w-]{43}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Lax$/)
    const me = await t.as().get<Me>('/session', { cookie: cookieOf(answer.headers) })
    expect(me.body).toEqual(answer.body)
  })

  test('the cookie is Secure when people come by https', async () => {
    const url = t.app.config.publicUrl
    t.app.config.publicUrl = 'https://crm.example.com'
    const answer = await signIn(t.people.agent.email)
    t.app.config.publicUrl = url
    expect(answer.headers.getSetCookie()[0]).toContain('; Secure')
  })

  test('the token is not in the database', async () => {
    const token = (await signedIn(t.people.viewer)).replace('daftar_session=', '')
    const rows = await t.app.db.query<{ row: string }>('select session::text as row from session')
    expect(rows.some(({ row }) => row.includes(token.slice(4)))).toBe(false)
  })

  test('unknown e-mail, wrong password and disabled user get one answer', async () => {
    await forget()
    const gone = await t.makeUser({ role: 'agent' })
    await t.as(t.people.administrator).patch(`/users/${gone.id}`, { state: 'disabled' })
    const answers = [
      await signIn('nobody@example.com'),
      await signIn(t.people.agent.email, 'not the password'),
      await signIn(gone.email),
    ]
    expect(answers.map((answer) => [answer.status, answer.body.code])).toEqual(
      Array(3).fill([401, 'wrong_credentials']),
    )
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1)
  })

  test('an e-mail is made to wait after some failures, longer each time, wherever they come from', async () => {
    await forget()
    const email = 'guessed@example.com'
    const from = (n: number) => ({ 'x-forwarded-for': `198.51.100.${n}` })
    const first = await Promise.all(Array.from({ length: 12 }, (_, n) => signIn(email, 'wrong', from(n))))
    expect(first.filter((answer) => answer.status === 401)).toHaveLength(5)
    const refused = first.find((answer) => answer.status === 429)
    expect(refused?.body.code).toBe('too_many_attempts')
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    await t.app.db.query(`update sign_in_throttle set failures = 12 where key = 'email:${email}'`)
    const later = await signIn(email, 'wrong', from(99))
    expect(Number(later.headers.get('retry-after'))).toBeGreaterThan(200)
    // The wait ends, and the right password clears the count.
    await t.app.db.query(`update sign_in_throttle set updated_at = now() - interval '301 seconds'`)
    expect((await signIn(email, 'wrong', from(99))).status).toBe(401)
  })

  test('spellings the database takes for one e-mail are counted as one', async () => {
    await forget()
    const email = t.people.administrator.email
    const spellings = [email, email.toUpperCase(), email.replace('i', '\u0130'), email.replaceAll('i', '\u0130')]
    const found = await t.app.db.query('select 1 from unnest($1::text[]) s where lower(s) = lower($2)', [
      spellings,
      email,
    ])
    expect(found).toHaveLength(spellings.length)
    const wrong: number[] = []
    for (let n = 0; n < 12; n++) {
      const answer = await signIn(spellings[n % spellings.length] ?? '', 'wrong', {
        'x-forwarded-for': `198.51.101.${n}`,
      })
      wrong.push(answer.status)
    }
    expect(wrong.filter((status) => status === 401)).toHaveLength(5)
    await forget()
  })

  test('an address is made to wait, its neighbours are not; the right password clears the e-mail', async () => {
    await forget()
    const from = (address: string) => ({ 'x-forwarded-for': address })
    for (let n = 0; n < 20; n++) await signIn(`many${n}@example.com`, 'wrong', from('2001:db8:1:2::5'))
    expect((await signIn(t.people.agent.email, PASSWORD, from('2001:db8:1:2:ffff::9'))).status).toBe(429)
    expect((await signIn(t.people.agent.email, PASSWORD, from('2001:db8:1:3::5'))).status).toBe(200)
    const left = await t.app.db.query('select 1 from sign_in_throttle where key = $1', [
      `email:${t.people.agent.email}`,
    ])
    expect(left).toHaveLength(0)
  })
})

describe('a session', () => {
  test('changes its token daily; the former one stays good for a minute', async () => {
    const cookie = await signedIn(t.people.supervisor)
    await t.app.db.query(`update session set rotated_at = now() - interval '25 hours'`)
    const answers = await Promise.all(Array.from({ length: 5 }, () => t.as().get('/session', { cookie })))
    expect(answers.map((answer) => answer.status)).toEqual(Array(5).fill(200))
    const renewed = answers.map((answer) => cookieOf(answer.headers)).filter(Boolean)
    expect(renewed).toHaveLength(1)
    expect(renewed[0]).not.toBe(cookie)
    expect(await status(renewed[0] ?? '')).toBe(200)
    expect(await status(cookie)).toBe(200)
    await t.app.db.query(`update session set former_until = now() - interval '1 second'`)
    expect(await status(cookie)).toBe(401)
    expect(await status(renewed[0] ?? '')).toBe(200)
  })

  test('is over when idle for two weeks, and lives on while used', async () => {
    const cookie = await signedIn(t.people.viewer)
    await t.app.db.query(
      `update session set used_at = now() - interval '13 days', expires_at = now() + interval '1 day'`,
    )
    expect(await status(cookie)).toBe(200)
    const row = await t.app.db.one<{ days: number }>(
      'select extract(day from max(expires_at) - now())::int as days from session',
    )
    expect(row?.days).toBeGreaterThanOrEqual(13)
    await t.app.db.query(`update session set expires_at = now() - interval '1 second'`)
    expect(await status(cookie)).toBe(401)
  })

  test('ends by signing out, one by one or everywhere', async () => {
    const [one, two, three] = [
      await signedIn(t.people.agent),
      await signedIn(t.people.agent),
      await signedIn(t.people.agent),
    ]
    const out = await t.as().delete('/session', { cookie: one })
    expect(out.headers.getSetCookie()[0]).toMatch(/^daftar_session=;/)
    expect([await status(one), await status(two)]).toEqual([401, 200])
    const list = await t.as().get<{ items: SessionItem[] }>('/me/sessions', { cookie: two })
    const other = list.body.items.find((session) => !session.current)
    expect(list.body.items.filter((session) => session.current)).toHaveLength(1)
    expect((await t.as(t.people.viewer).delete(`/me/sessions/${other?.id}`)).status).toBe(404)
    await t.as().delete('/session/all', { cookie: three })
    expect([await status(two), await status(three)]).toEqual([401, 401])
  })

  test('ends for all others when the password changes', async () => {
    const user = await t.makeUser({ role: 'agent' })
    const [here, there] = [await signedIn(user), await signedIn(user)]
    const change = (current: string, next: string) =>
      t.as().patch<{ code: string; errors?: unknown }>('/me', { password: { current, new: next } }, { cookie: here })
    expect((await change('wrong', 'یک گذرواژهٔ تازه')).body.errors).toMatchObject([{ field: 'password.current' }])
    expect((await change(PASSWORD, 'short')).body.code).toBe('weak_password')
    expect((await change(PASSWORD, user.email)).body.code).toBe('weak_password')
    expect((await change(PASSWORD, 'یک گذرواژهٔ تازه')).status).toBe(200)
    expect([await status(here), await status(there)]).toEqual([200, 401])
    expect((await signIn(user.email)).status).toBe(401)
    expect((await signIn(user.email, 'یک گذرواژهٔ تازه')).status).toBe(200)
  })
})

test('when somebody was last seen is known a minute exactly, also after signing out; and who is signed in', async () => {
  const user = await t.makeUser({ role: 'agent' })
  const known = async () => (await t.as(t.people.administrator).get<User>(`/users/${user.id}`)).body
  expect(await known()).toMatchObject({ seenAt: null, signedIn: false })
  const cookie = await signedIn(user)
  await t.app.db.query(`update app_user set seen_at = now() - interval '1 hour' where id = $1`, [user.id])
  await t.app.db.query(`update session set used_at = now() - interval '50 seconds' where user_id = $1`, [user.id])
  await status(cookie)
  expect(Date.now() - Date.parse((await known()).seenAt ?? '')).toBeGreaterThan(3_500_000)
  await t.app.db.query(`update session set used_at = now() - interval '61 seconds' where user_id = $1`, [user.id])
  await status(cookie)
  const seen = await known()
  expect(Date.now() - Date.parse(seen.seenAt ?? '')).toBeLessThan(60_000)
  expect(seen.signedIn).toBe(true)
  await t.as().delete('/session', { cookie })
  expect(await known()).toMatchObject({ seenAt: seen.seenAt, signedIn: false })
})

describe('what another site makes the browser send', () => {
  const body = { name: 'x' }
  test.each([
    ['a form of another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a neighbouring host', { 'sec-fetch-site': 'same-site' }, 403],
    ['an old browser on another site', { origin: 'https://evil.example' }, 403],
    ['a sandboxed frame', { origin: 'null' }, 403],
    ['our own page', { 'sec-fetch-site': 'same-origin', origin: 'http://whatever' }, 200],
    ['a script', {}, 200],
  ])('%s', async (_name, headers, expected) => {
    const cookie = await signedIn(t.people.agent)
    const answer = await t.as().patch<{ code: string }>('/me', body, { cookie, ...headers })
    expect(answer.status).toBe(expected)
    if (expected === 403) expect(answer.body.code).toBe('cross_site')
    // With a token there is nothing a browser sends by itself.
    expect((await t.as(t.people.agent).patch('/me', body, headers)).status).toBe(200)
  })
  test('our own host and the public one may', async () => {
    const cookie = await signedIn(t.people.agent)
    const own = await t.as().patch('/me', body, { cookie, origin: t.url })
    const open = await t.as().patch('/me', body, { cookie, origin: t.app.config.publicUrl })
    expect([own.status, open.status]).toEqual([200, 200])
  })
  test('may not sign anybody in either, and reading stays possible', async () => {
    await forget()
    expect((await signIn(t.people.agent.email, PASSWORD, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    const cookie = await signedIn(t.people.agent)
    expect((await t.as().get('/me', { cookie, 'sec-fetch-site': 'cross-site' })).status).toBe(200)
  })
})

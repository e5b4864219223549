import { generateSync } from 'otplib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProblemBody } from '#shared/api/common.ts'
import type { Me, RecoveryCodes, SecondFactorKey } from '#shared/api/session.ts'
import { localDigits } from '#shared/text.ts'
import { cookieOf, PASSWORD, startTestApp, type TestApp, type TestUser } from '../../test/app.ts'
import { stepOf } from './second-factor.ts'

let t: TestApp
beforeAll(async () => {
  t = await startTestApp()
})
afterAll(() => t.stop())

const signIn = (user: TestUser, code?: string) =>
  t.as().post<Me & ProblemBody>('/session', {
    email: user.email,
    password: PASSWORD,
    ...(code === undefined ? {} : { code }),
  })
/** A code of the key, `steps` steps from now. */
const codeOf = (key: string, steps = 0) =>
  generateSync({ secret: key, epoch: Math.floor(Date.now() / 1000) + steps * 30 })
const forgetThrottle = () => t.app.db.query('delete from sign_in_throttle')

/** Signs in and sets a factor up: its key, recovery codes, and the session's cookie. */
async function enrol(user: TestUser): Promise<{ key: string; codes: string[]; cookie: string }> {
  const session = await signIn(user)
  const cookie = cookieOf(session.headers)
  const begun = await t.as().post<SecondFactorKey>('/me/second-factor', { password: PASSWORD }, { cookie })
  expect(begun.status).toBe(200)
  const { key } = begun.body
  // The step before: the present one is left for signing in.
  const confirmed = await t.as().post<RecoveryCodes>('/me/second-factor/confirm', { code: codeOf(key, -1) }, { cookie })
  expect(confirmed.status).toBe(200)
  return { key, codes: confirmed.body.codes, cookie }
}

describe('codes', () => {
  // RFC 6238, appendix B: the SHA-1 rows, of which an app shows the last six digits.
  const KEY = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
  test.each([
    [59, '287082', 1],
    [1_111_111_109, '081804', 37_037_036],
    [1_111_111_111, '050471', 37_037_037],
    [1_234_567_890, '005924', 41_152_263],
    [2_000_000_000, '279037', 66_666_666],
    [20_000_000_000, '353130', 666_666_666],
  ])('at %s s it is %s', (seconds, code, step) => {
    expect(stepOf(KEY, code, seconds * 1000)).toBe(step)
    // A clock that is half a minute off.
    expect(stepOf(KEY, code, (seconds + 30) * 1000)).toBe(step)
    expect(stepOf(KEY, code, Math.max(0, seconds - 30) * 1000)).toBe(step)
    expect(stepOf(KEY, code, (seconds + 61) * 1000)).toBe(undefined)
  })

  test('are read in any digits and with blanks; what is none is none', () => {
    for (const written of ['287082', '287 082', ' 287-082 ', localDigits('287082', 'fa'), localDigits('287082', 'ar')])
      expect(stepOf(KEY, written, 59_000), written).toBe(1)
    for (const wrong of ['', '28708', '2870822', '28708x', '287083', '🙂'.repeat(6)])
      expect(stepOf(KEY, wrong, 59_000), wrong).toBe(undefined)
  })
})

describe('signing in with a second factor', () => {
  test('asks for the code, takes each once, and the recovery codes once each', async () => {
    const user = await t.makeUser({ role: 'agent' })
    const { key, codes } = await enrol(user)
    expect((await signIn(user)).body).toMatchObject({ status: 401, code: 'code_required' })
    expect((await signIn(user, '000000')).body).toMatchObject({ status: 401, code: 'wrong_code' })
    const code = codeOf(key)
    const both = await Promise.all([signIn(user, code), signIn(user, code)])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 401])
    expect((await signIn(user, code)).body.code).toBe('wrong_code')
    await forgetThrottle()
    const [first = '', second = ''] = codes
    expect(codes).toHaveLength(10)
    expect((await signIn(user, first.toUpperCase().replaceAll('-', ' '))).body.secondFactor).toEqual({
      on: true,
      missing: false,
      recoveryCodesLeft: 9,
    })
    expect((await signIn(user, first)).status).toBe(401)
    expect((await signIn(user, second)).status).toBe(200)
  })

  test('counts wrong codes like wrong passwords: the right password does not begin anew', async () => {
    const user = await t.makeUser({ role: 'agent' })
    const { key } = await enrol(user)
    await forgetThrottle()
    const answers = []
    for (let n = 0; n < 7; n++) answers.push((await signIn(user, '123456')).body.code)
    expect(answers.slice(0, 4)).toEqual(Array(4).fill('wrong_code'))
    expect(answers.at(-1)).toBe('too_many_attempts')
    expect((await signIn(user, codeOf(key))).body.code).toBe('too_many_attempts')
    await forgetThrottle()
  })

  test('ends the other sessions when it is switched on and off; off takes password and code', async () => {
    const user = await t.makeUser({ role: 'agent' })
    const other = cookieOf((await signIn(user)).headers)
    const { key, cookie } = await enrol(user)
    expect((await t.as().get('/me', { cookie: other })).status).toBe(401)
    const off = (body: object) => t.as().post<ProblemBody>('/me/second-factor/off', body, { cookie })
    expect((await off({ password: 'wrong', code: codeOf(key) })).body.errors?.[0]).toMatchObject({
      field: 'password',
      code: 'wrong_password',
    })
    expect((await off({ password: PASSWORD, code: '000000' })).body.errors?.[0]).toMatchObject({
      field: 'code',
      code: 'code_not_right',
    })
    expect((await t.as().post('/me/second-factor', { password: PASSWORD }, { cookie })).body).toMatchObject({
      code: 'second_factor_on',
    })
    const renewed = await t
      .as()
      .post<RecoveryCodes>('/me/second-factor/recovery-codes', { password: PASSWORD, code: codeOf(key) }, { cookie })
    expect(renewed.body.codes).toHaveLength(10)
    expect((await off({ password: PASSWORD, code: renewed.body.codes[0] })).status).toBe(200)
    expect((await signIn(user)).status).toBe(200)
  })

  test('keeps its key secret, in the database too', async () => {
    const user = await t.makeUser({ role: 'agent' })
    const { key, codes } = await enrol(user)
    const dump = JSON.stringify([
      await t.app.db.query('select * from app_user'),
      await t.app.db.query('select * from recovery_code'),
      await t.app.db.query('select * from audit_event'),
    ])
    for (const secret of [key, ...codes]) expect(dump).not.toContain(secret)
    expect(dump).not.toContain(codes[0]?.replaceAll('-', ''))
  })
})

describe('a role that asks for a second factor', () => {
  test('lets nobody do anything before there is one, and everything after', async () => {
    const role = await t.makeRole(['contact.view'])
    const user = await t.makeUser({ roleIds: [role] })
    const cookie = cookieOf((await signIn(user)).headers)
    expect((await t.as().get('/contacts', { cookie })).status).toBe(200)
    const admin = t.as(t.people.administrator)
    expect((await admin.patch(`/roles/${role}`, { secondFactor: true })).body).toMatchObject({ secondFactor: true })
    expect((await t.as().get('/contacts', { cookie })).body).toMatchObject({
      status: 403,
      code: 'second_factor_needed',
    })
    expect((await t.as().get('/users/brief', { cookie })).status).toBe(403)
    expect((await t.as().get('/events', { cookie })).status).toBe(403)
    const me = await t.as().get<Me>('/me', { cookie })
    expect(me.body).toMatchObject({ rights: [], secondFactor: { on: false, missing: true } })
    // A program has signed in once and has no phone.
    expect((await t.as(user).get('/contacts')).status).toBe(200)
  })

  test('is left open by who has one', async () => {
    const role = await t.makeRole(['contact.view'])
    const user = await t.makeUser({ roleIds: [role] })
    await t.as(t.people.administrator).patch(`/roles/${role}`, { secondFactor: true })
    const { cookie } = await enrol(user)
    expect((await t.as().get('/contacts', { cookie })).status).toBe(200)
  })

  test('may be the administrator’s: of that role nothing else changes', async () => {
    const admin = t.as(t.people.administrator)
    const [row] = await t.app.db.query<{ id: string }>(`select id::text from role where preset = 'administrator'`)
    expect((await admin.patch(`/roles/${row?.id}`, { secondFactor: true, name: 'x' })).status).toBe(409)
    expect((await admin.patch(`/roles/${row?.id}`, { secondFactor: true })).status).toBe(200)
    await admin.patch(`/roles/${row?.id}`, { secondFactor: false })
  })
})

test('a lost factor is taken away by who holds all that its user holds', async () => {
  const user = await t.makeUser({ role: 'supervisor' })
  await enrol(user)
  const role = await t.makeRole(['user.manage'])
  const clerk = await t.makeUser({ roleIds: [role] })
  expect((await t.as(clerk).delete(`/users/${user.id}/second-factor`)).status).toBe(403)
  expect((await t.as(t.people.administrator).delete(`/users/${user.id}/second-factor`)).status).toBe(200)
  expect((await signIn(user)).status).toBe(200)
})

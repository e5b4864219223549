import { connect } from 'node:net'
import fc from 'fast-check'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Organisation, Role } from '#shared/api/org.ts'
import type { ApiTokenMade, Me } from '#shared/api/session.ts'
import { openDatabase } from './db.ts'
import { type Client, startTestApp, type TestApp } from '../../test/app.ts'

let t: TestApp
let admin: Client
beforeAll(async () => {
  t = await startTestApp()
  admin = t.as(t.people.administrator)
})
afterAll(() => t.stop())

interface Wrong {
  code: string
  status: number
  title: string
  errors?: { field: string; code: string; message: string }[]
}
/** The answer to bytes as they are, until the server or the answer's end closes. */
function raw(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(Number(port), hostname, () => socket.write(request))
    const done = (): void => {
      socket.destroy()
      resolve(text)
    }
    socket.on('close', done).on('error', done)
    socket.on('data', (chunk) => {
      text += chunk
      if (text.includes('\r\n\r\n') && text.endsWith('}')) done()
    })
  })
}
const role = (name: string) => ({ name, rights: [], channels: [] })

describe('what is wrong with a request', () => {
  const json = { 'content-type': 'application/json' }
  test.each([
    ['no JSON', '{"a":', json, 400, 'invalid_json'],
    ['nothing at all', '', json, 400, 'invalid_json'],
    ['another language', '<a/>', { 'content-type': 'application/xml' }, 415, 'unsupported_media_type'],
    ['a text', 'hello', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    ['a form', 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'unsupported_media_type'],
    ['a list where an object is due', '[]', json, 422, 'invalid_input'],
    ['null', 'null', json, 422, 'invalid_input'],
    ['a number', '7', json, 422, 'invalid_input'],
    ['depth', `${'['.repeat(400_000)}${']'.repeat(400_000)}`, json, 400, 'invalid_json'],
    ['depth in a field', `{"name":${'{"a":'.repeat(60)}1${'}'.repeat(60)}}`, json, 400, 'invalid_json'],
    ['a prototype', '{"__proto__":{"name":"x"}}', json, 400, 'invalid_json'],
    ['too much', JSON.stringify({ name: 'x'.repeat(1_100_000) }), json, 413, 'too_large'],
    ['too many fields', JSON.stringify({ name: 'x', more: Array(10_001).fill(0) }), json, 413, 'too_large'],
  ])('%s', async (_name, body, headers, status, code) => {
    const answer = await admin.post<Wrong>('/roles', body, { ...headers, 'accept-language': 'en' })
    expect([answer.status, answer.body.code]).toEqual([status, code])
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(answer.body).toMatchObject({ status, title: expect.stringMatching(/[a-z]/) })
  })

  test('fields are named with what is wrong with them, in the reader’s language', async () => {
    const body = {
      name: '',
      rights: ['fly'],
      channels: [{ channelId: 'x', view: 1, send: true, manage: true }],
      extra: 1,
    }
    const answer = await admin.post<Wrong>('/roles', body, { 'accept-language': 'fa-IR,fa;q=0.9' })
    expect(answer.status).toBe(422)
    const codes = Object.fromEntries((answer.body.errors ?? []).map(({ field, code }) => [field, code]))
    expect(codes).toMatchObject({
      name: 'required',
      'rights.0': 'not_allowed',
      extra: 'unknown_field',
      'channels.0.view': 'wrong_format',
    })
    expect(answer.body.errors?.every(({ message }) => /[آ-ی]/.test(message))).toBe(true)
  })

  test('ids that cannot be, methods and addresses that are not', async () => {
    for (const id of ['0', '-1', '1.5', 'abc', '99999999999999999999', '%00', '1%20or%201=1'])
      expect([id, (await admin.get(`/users/${id}`)).status]).toEqual([id, 422])
    expect((await admin.get('/users/9223372036854775807')).status).toBe(404)
    expect((await admin.get('/users/9223372036854775808')).status).toBe(422)
    expect((await admin.patch(`/users/${t.people.agent.id}`, { roleIds: ['9999999999999999999'] })).status).toBe(422)
    expect((await admin.get<Wrong>('/nowhere')).body.code).toBe('not_found')
    expect((await admin.put('/roles', {})).status).toBe(404)
    expect((await admin.get(`/${'a/'.repeat(2000)}`)).status).toBe(404)
    expect((await admin.get('/users/%zz')).status).toBe(404)
  })

  test('queries: wrong limits, cursors and names', async () => {
    for (const query of ['limit=0', 'limit=201', 'limit=x', 'limit=1e9', 'colour=red', 'search=a&search=b'])
      expect([query, (await admin.get(`/users?${query}`)).status]).toEqual([query, 422])
    for (const cursor of ['x', 'W10', 'eyJhIjoxfQ', Buffer.from('["1; drop table x"]').toString('base64url')])
      expect((await admin.get<Wrong>(`/users?cursor=${cursor}`)).body.code).toBe('invalid_cursor')
  })

  test('texts no database can hold are cleaned, whatever they hold', async () => {
    const hostile = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        const body = JSON.stringify({ name: `نام ${text}` })
        const answer = await t.as(t.people.stranger).patch<Me>('/me', body)
        expect(answer.status).toBe(200)
        expect(answer.body.name).not.toMatch(/\p{Cs}|\0/u)
      }),
      { numRuns: 60, examples: [['\0'], ['\ud800'], ['\udc00a'], ['a\u0000\ud83d'], ['\u202e']] },
    )
    const raw = await t.as(t.people.stranger).patch<Me>('/me', '{"name":"a\\u0000\\ud800b"}')
    expect(raw.body.name).toBe('ab')
    expect((await admin.get(`/users?search=${encodeURIComponent('\0')}%ED%A0%80`)).status).toBeLessThan(500)
  })

  test('bytes that are no HTTP end that connection alone', async () => {
    const answer = await raw(t.url, 'GET / HTTP/9\r\nx\0y\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1.1 400/)
    expect((await admin.get('/me')).status).toBe(200)
  })

  test.each([
    ['an address that is no text', 'GET /api/v1/contacts/%E0%A4%A HTTP/1.1\r\nHost: x\r\n\r\n', 404, 'not_found'],
    ['an endless id', `GET /api/v1/contacts/${'1'.repeat(3000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 404, 'not_found'],
    ['endless headers', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 431, 'too_large'],
    ['no HTTP', 'GET / HTTP/9\r\nx\0y\r\n\r\n', 400, 'invalid_json'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
      400,
      'invalid_json',
    ],
  ])('%s is a problem with a code', async (_name, request, status, code) => {
    const answer = await raw(t.url, request)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(answer).toMatch(/content-type: application\/problem\+json/i)
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ status, code })
  })

  test('a stranger’s large body is not read', async () => {
    const body = {
      email: 'a@example.com',
      password: 'x',
      ...Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`k${n}`, 1])),
    }
    const answer = await t.as().post<Wrong>('/session', body)
    expect([answer.status, answer.body.code]).toEqual([413, 'too_large'])
  })

  test('a database that is away is said so, with when to come again', async () => {
    const away = openDatabase('postgres://nobody@127.0.0.1:1/nothing')
    const query = t.app.db.query
    t.app.db.query = away.query
    const answer = await admin.get<Wrong>('/users/brief').finally(() => (t.app.db.query = query))
    expect([answer.status, answer.body.code]).toEqual([503, 'not_ready'])
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    await away.close()
  })

  test('a mistake of ours says nothing of our insides', async () => {
    t.app.readiness.push(async () => undefined)
    const query = t.app.db.query
    t.app.db.query = async () => {
      throw new Error('select secret from somewhere')
    }
    const answer = await admin.get<Wrong>('/users/brief')
    t.app.db.query = query
    expect([answer.status, answer.body.code]).toEqual([500, 'internal'])
    expect(JSON.stringify(answer.body)).not.toContain('secret')
  })
})

describe('a repeated request', () => {
  const key = () => ({ 'idempotency-key': crypto.randomUUID() })
  const named = async (name: string) => (await t.app.db.query('select 1 from role where name = $1', [name])).length

  test('gives the same answer and does nothing twice', async () => {
    const headers = key()
    const first = await admin.post<Role>('/roles', role('once'), headers)
    const second = await admin.post<Role>('/roles', role('once'), headers)
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.body).toEqual(first.body)
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(await named('once')).toBe(1)
  })

  test('at the same moment, too', async () => {
    const headers = key()
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => admin.post<Role>('/roles', role('eight'), headers)),
    )
    expect(answers.map((answer) => answer.status)).toEqual(Array(8).fill(201))
    expect(new Set(answers.map((answer) => answer.body.id)).size).toBe(1)
    expect(await named('eight')).toBe(1)
  })

  test('that fails on what the first one made gets the first one’s answer', async () => {
    const headers = key()
    const body = { name: 'x', email: 'twin@example.com', password: 'سیب و انار ۳۳', roleIds: [] }
    const answers = await Promise.all(Array.from({ length: 4 }, () => admin.post('/users', body, headers)))
    expect(answers.map((answer) => answer.status)).toEqual([201, 201, 201, 201])
    expect((await admin.post<Wrong>('/users', body, key())).body.code).toBe('user_exists')
  })

  test('with another body, or at another address, is refused', async () => {
    const headers = key()
    await admin.post('/roles', role('body'), headers)
    const other = await admin.post<Wrong>('/roles', role('another'), headers)
    expect([other.status, other.body.code]).toEqual([409, 'idempotency_conflict'])
    expect((await admin.post('/me/tokens', { name: 'x' }, headers)).status).toBe(409)
    expect(await named('another')).toBe(0)
  })

  test('of somebody else is another request', async () => {
    const headers = key()
    const mine = await admin.post<ApiTokenMade>('/me/tokens', { name: 'mine' }, headers)
    const theirs = await t.as(t.people.agent).post<ApiTokenMade>('/me/tokens', { name: 'mine' }, headers)
    expect(theirs.body.token).not.toBe(mine.body.token)
  })

  test('after a refused one is tried anew', async () => {
    const headers = key()
    expect(
      (
        await admin.post(
          '/roles',
          { ...role('later'), channels: [{ channelId: '77', view: true, send: true, manage: true }] },
          headers,
        )
      ).status,
    ).toBe(422)
    expect(
      (
        await admin.post(
          '/roles',
          { ...role('later'), channels: [{ channelId: '77', view: true, send: true, manage: true }] },
          headers,
        )
      ).status,
    ).toBe(422)
    expect(await named('later')).toBe(0)
  })

  test('after a crash between the fact and the answer is not done a second time', async () => {
    const headers = key()
    await admin.post('/roles', role('crash'), headers)
    await t.app.db.query(
      `update idempotency_key set status = null, body = null, created_at = now() - interval '1 minute'`,
    )
    const again = await admin.post<Wrong>('/roles', role('crash'), headers)
    expect([again.status, again.body.code]).toEqual([409, 'idempotency_conflict'])
    expect(await named('crash')).toBe(1)
  })

  test('that answered with a secret keeps it under lock', async () => {
    const headers = key()
    const first = await admin.post<ApiTokenMade>('/me/tokens', { name: 'secret' }, headers)
    const rows = await t.app.db.query<{ row: string }>('select k::text as row from idempotency_key k')
    expect(rows.some(({ row }) => row.includes(first.body.token))).toBe(false)
    expect((await admin.post<ApiTokenMade>('/me/tokens', { name: 'secret' }, headers)).body).toEqual(first.body)
  })

  test('needs a key of reasonable length', async () => {
    expect((await admin.post('/roles', role('long'), { 'idempotency-key': 'x'.repeat(201) })).status).toBe(422)
  })
})

test('a wrong field in a patch changes nothing', async () => {
  const before = await admin.get<Organisation>('/organisation')
  expect((await admin.patch('/organisation', { name: 'new', country: 'iran' })).status).toBe(422)
  expect((await admin.patch('/organisation', { name: 'new', timeZone: 'Asia/Nowhere' })).status).toBe(422)
  expect((await admin.get('/organisation')).body).toEqual(before.body)
})

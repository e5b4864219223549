import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Ctx } from '../contract.ts'
import { testCtx } from '../testing.ts'
import { acknowledge, check, poll, setup } from './connection.ts'
import { fetchFile, profile } from './files.ts'
import { kinds } from './index.ts'
import { no, ok, type RawServer, rawServer, type Told } from './raw-server.ts'

const TOKEN = '987650001:aB-c_9secret'
const [bale] = kinds
if (!bale) throw new Error('no kind')
let server: RawServer
let ctx: Ctx
beforeAll(async () => {
  server = await rawServer()
})
afterAll(() => server.close())
beforeEach(() => {
  server.seen.length = 0
  ctx = testCtx(bale, { token: TOKEN, baseUrl: server.url })
})
const calls = () =>
  server.seen.map(({ method, url, body }) =>
    `${method} ${url.replace(TOKEN, 'T')} ${body.length < 300 ? body : ''}`.trim(),
  )
/** Answers by method name. */
const answers = (by: Record<string, Told>) => {
  server.answer = (seen) => by[seen.url.split('/').pop() ?? ''] ?? no(404, 'Not Found')
}

describe('polling', () => {
  test('asks from the cursor on, and confirms only by the next round', async () => {
    server.answer = () => ok([{ update_id: 71 }, { update_id: 73 }, { update_id: 72 }])
    const first = await poll(null, ctx)
    expect(first).toEqual({ events: [{ update_id: 71 }, { update_id: 73 }, { update_id: 72 }], cursor: 74 })
    server.answer = () => ok([])
    expect(await poll(first.cursor, ctx)).toEqual({ events: [], cursor: 74 })
    expect(calls()).toEqual([
      'POST /botT/getUpdates {"limit":100,"timeout":25}',
      'POST /botT/getUpdates {"offset":74,"limit":100,"timeout":25}',
    ])
  })

  test('waits longer than Bale does', async () => {
    let timeout = 0
    const http: Ctx['http'] = (url, options) => {
      timeout = options?.timeout ?? 0
      return ctx.http(url, options)
    }
    server.answer = () => ok([])
    await poll(5, { ...ctx, http })
    expect(timeout).toBeGreaterThan(25_000)
  })

  test('keeps strange updates beside good ones, and never goes round without moving', async () => {
    server.answer = () => ok([{ update_id: 'x' }, null, { update_id: 8 }])
    expect(await poll(1, ctx)).toEqual({ events: [{ update_id: 'x' }, null, { update_id: 8 }], cursor: 9 })
    server.answer = () => ok([{ no: 'id' }])
    await expect(poll(1, ctx)).rejects.toMatchObject({ outcome: 'later', code: 'unreadable_answer' })
    server.answer = () => ok({ not: 'a list' })
    await expect(poll(1, ctx)).rejects.toMatchObject({ outcome: 'later' })
  })

  test.each<[Told, object]>([
    [no(500, 'x'), { outcome: 'later' }],
    [{ cut: true }, { outcome: 'later' }],
    [no(409, 'Conflict'), { outcome: 'later', code: 'conflict' }],
    [no(401, 'Unauthorized'), { outcome: 'settings' }],
    [no(429, 'x', { retry_after: 3 }), { outcome: 'later', retryAfter: 3 }],
  ])('a round that fails (%j) is asked again or the settings are at fault, never unknown', async (told, expected) => {
    server.answer = () => told
    await expect(poll(1, ctx)).rejects.toMatchObject(expected)
  })
})

describe('the webhook', () => {
  test('is registered and removed', async () => {
    server.answer = () => ok(true)
    await setup('http://127.0.0.1:8080/hooks/secret', ctx)
    await setup(null, ctx)
    expect(calls()).toEqual([
      'POST /botT/setWebhook {"url":"http://127.0.0.1:8080/hooks/secret"}',
      'POST /botT/deleteWebhook {}',
    ])
  })

  test.each([
    ['http://office.example/hooks/s', 'webhook_not_https'],
    ['https://office.example:8443/hooks/s', 'webhook_port'],
  ])('%s is refused, since Bale would never deliver there', async (url, code) => {
    const real = {
      ...ctx,
      settings: { ...ctx.settings, baseUrl: 'https://tapi.bale.ai' },
      http: () => Promise.reject(new Error('not called')),
    }
    await expect(setup(url, real)).rejects.toMatchObject({ outcome: 'settings', code })
  })

  test('a pressed button is acknowledged', async () => {
    server.answer = () => ok(true)
    const sender = { address: '7', name: 'x' }
    await acknowledge(
      { type: 'press', threadKey: '7', sender, sentAt: new Date(), providerKey: 'press:q', pressId: 'q', value: 'v' },
      ctx,
    )
    await acknowledge(
      { type: 'edit', threadKey: '7', sender, sentAt: new Date(), providerKey: '7:1', text: '', editedAt: new Date() },
      ctx,
    )
    expect(calls()).toEqual(['POST /botT/answerCallbackQuery {"callback_query_id":"q"}'])
  })
})

const info = (url: string, pending = 0) => ok({ url, has_custom_certificate: false, pending_update_count: pending })

const outcome = async (settings: Ctx['settings'], more: Partial<Ctx> = {}) => {
  const found = await check({ ...ctx, settings: { ...ctx.settings, ...settings }, ...more })
  expect(JSON.stringify(found)).not.toMatch(/verysecret|9secret/)
  return found
}

const last = async (...asked: Parameters<typeof outcome>) => (await outcome(...asked)).steps.at(-1)

/** The real address, answered by our server. */
const http: Ctx['http'] = (url, options) => ctx.http(url.replace('https://tapi.bale.ai', server.url), options)

describe('the check', () => {
  const me = ok({ id: 987_650_001, is_bot: true, first_name: 'پشتیبانی', username: 'aftab_bot' })
  const HOOK = 'https://office.example/hooks/verysecret'

  test('all is well', async () => {
    answers({ getMe: me, getWebhookInfo: info('', 2) })
    expect(await outcome({})).toEqual({
      ok: true,
      steps: [
        { name: 'address', ok: true, message: 'address_ok', values: { host: server.url.slice(7) } },
        { name: 'token', ok: true, message: 'token_ok', values: { name: 'پشتیبانی', username: 'aftab_bot' } },
        { name: 'delivery', ok: true, message: 'polling_ok', values: { pending: 2 } },
      ],
      account: { username: 'aftab_bot', name: 'پشتیبانی', link: 'https://ble.ir/aftab_bot' },
    })
  })

  test('a webhook keeps polling from working', async () => {
    answers({ getMe: me, getWebhookInfo: info('https://old.example/x') })
    expect(await last({})).toMatchObject({ ok: false, message: 'webhook_in_the_way', values: { host: 'old.example' } })
  })

  test.each([
    ['', {}, false, 'webhook_missing'],
    [HOOK, { webhookUrl: HOOK }, true, 'webhook_ok'],
    ['https://old.example/x', { webhookUrl: HOOK }, false, 'webhook_elsewhere'],
    [HOOK, {}, true, 'webhook_ok'],
  ])('registered %j with %j', async (registered, more, fine, words) => {
    answers({ getMe: me, getWebhookInfo: info(registered) })
    expect(await last({ mode: 'webhook' }, more)).toMatchObject({ ok: fine, message: words })
  })

  test('updates that pile up are told', async () => {
    answers({ getMe: me, getWebhookInfo: info(HOOK, 31) })
    expect(await last({ mode: 'webhook' }, { webhookUrl: HOOK })).toEqual({
      name: 'delivery',
      ok: true,
      message: 'webhook_pending',
      values: { pending: 31 },
    })
  })

  test.each([
    ['http://office.example/hooks/s', 'webhook_not_https'],
    ['https://office.example:8443/hooks/s', 'webhook_port'],
    ['https://office.example:88/hooks/s', 'webhook_ok'],
    ['https://office.example:443/hooks/s', 'webhook_ok'],
  ])('at the real Bale the address %s is %s', async (webhookUrl, words) => {
    answers({ getMe: me, getWebhookInfo: info(webhookUrl) })
    expect(await last({ mode: 'webhook', baseUrl: 'https://tapi.bale.ai' }, { webhookUrl, http })).toMatchObject({
      message: words,
    })
  })

  test.each<[string, Told, string, string]>([
    ['revoked token', no(401, 'Unauthorized'), 'token', 'token_rejected'],
    ['unknown token', no(404, 'Token not found'), 'token', 'token_rejected'],
    ['too fast', no(429, 'x'), 'token', 'rate_limited'],
    ['Bale is ill', no(500, 'x'), 'token', 'server_error'],
    ['another site', { status: 404, body: '<html>' }, 'address', 'not_bale'],
    ['another API', no(404, 'Not Found'), 'address', 'wrong_address'],
    ['nonsense', { body: 'OK' }, 'address', 'address_failed'],
    ['cut', { cut: true }, 'address', 'connection_cut'],
  ])('%s', async (_name, told, name, words) => {
    server.answer = () => told
    const found = await outcome({})
    expect(found.ok).toBe(false)
    expect(found.steps.at(-1)).toMatchObject({ name, ok: false, message: words })
    expect(found.account).toBeUndefined()
  })

  test('nobody there', async () => {
    const gone = await rawServer()
    await gone.close()
    expect(await last({ baseUrl: gone.url })).toEqual({
      name: 'address',
      ok: false,
      message: 'connection_refused',
      values: { host: gone.url.slice(7) },
    })
    expect(await last({ baseUrl: 'https://no-such-host.invalid' })).toMatchObject({ message: 'connection_dns' })
  })

  test.each(['', 'not a token'])('token %j', async (token) => {
    expect(await last({ token })).toMatchObject({ name: 'token', ok: false })
    expect(server.seen).toHaveLength(0)
  })
})

describe('files', () => {
  const path = ok({ file_id: 'f1', file_unique_id: 'u1', file_size: 3, file_path: 'documents/الف ۱.pdf' })
  const bytes: Told = { body: Buffer.from([1, 2, 3]), headers: { 'content-type': 'application/pdf; x=y' } }

  test('are asked for and fetched', async () => {
    server.answer = (seen) => (seen.url.endsWith('/getFile') ? path : bytes)
    expect(await fetchFile({ fileId: 'f1' }, 100, ctx)).toEqual({
      bytes: new Uint8Array([1, 2, 3]),
      mediaType: 'application/pdf',
    })
    expect(calls()).toEqual([
      'POST /botT/getFile {"file_id":"f1"}',
      `GET /file/botT/documents/${encodeURIComponent('الف ۱.pdf')}`,
    ])
  })

  test('an expired path is asked for anew, once', async () => {
    let downloads = 0
    server.answer = (seen) =>
      seen.url.endsWith('/getFile') ? path : (downloads += 1) === 1 ? { status: 404, body: 'gone' } : bytes
    expect((await fetchFile({ fileId: 'f1' }, 100, ctx)).bytes).toHaveLength(3)
    server.seen.length = 0
    server.answer = (seen) => (seen.url.endsWith('/getFile') ? path : { status: 404, body: 'gone' })
    await expect(fetchFile({ fileId: 'f1' }, 100, ctx)).rejects.toMatchObject({ outcome: 'refused', code: 'file_gone' })
    expect(server.seen).toHaveLength(4)
  })

  test('larger than allowed are refused, by what Bale says or by what comes', async () => {
    server.answer = (seen) => (seen.url.endsWith('/getFile') ? path : bytes)
    await expect(fetchFile({ fileId: 'f1' }, 2, ctx)).rejects.toMatchObject({ outcome: 'refused', code: 'too_large' })
    expect(server.seen).toHaveLength(1)
    const silent = ok({ file_id: 'f1', file_path: 'a' })
    server.answer = (seen) => (seen.url.endsWith('/getFile') ? silent : bytes)
    await expect(fetchFile({ fileId: 'f1' }, 2, ctx)).rejects.toMatchObject({ outcome: 'refused' })
  })

  test.each<[string, Told, Told, object]>([
    ['unknown file', no(404, 'Not Found'), bytes, { outcome: 'refused', code: 'file_gone' }],
    ['bad id', no(400, 'Bad Request: invalid file id'), bytes, { outcome: 'refused', code: 'file_gone' }],
    ['bad token', no(401, 'Unauthorized'), bytes, { outcome: 'settings', code: 'bad_token' }],
    ['Bale ill', no(500, 'x'), bytes, { outcome: 'later' }],
    ['download ill', path, { status: 502, body: '' }, { outcome: 'later' }],
    ['download cut', path, { cut: true }, { outcome: 'later' }],
    ['too fast', path, { status: 429, body: '' }, { outcome: 'later', code: 'rate_limited' }],
    ['a path that climbs', ok({ file_path: '../../getMe' }), bytes, { outcome: 'refused', code: 'file_gone' }],
    ['no path', ok({}), bytes, { outcome: 'refused', code: 'file_gone' }],
  ])('%s', async (_name, asked, fetched, expected) => {
    server.answer = (seen) => (seen.url.endsWith('/getFile') ? asked : fetched)
    await expect(fetchFile({ fileId: 'f1' }, 100, ctx)).rejects.toMatchObject(expected)
  })

  test.each([null, {}, { fileId: 7 }, 'f1'])('remote %j names no file', async (remote) => {
    await expect(fetchFile(remote, 100, ctx)).rejects.toMatchObject({ outcome: 'refused', code: 'file_gone' })
  })

  test('name and picture of somebody', async () => {
    const chat = ok({
      id: 7,
      type: 'private',
      first_name: 'نگار',
      last_name: 'صالحی',
      username: 'negar_s',
      photo: { small_file_id: 's', big_file_id: 'b' },
    })
    server.answer = (seen) =>
      seen.url.endsWith('/getChat')
        ? chat
        : seen.url.endsWith('/getFile')
          ? path
          : { ...bytes, headers: { 'content-type': 'image/jpeg' } }
    expect(await profile('7', ctx)).toEqual({
      name: 'نگار صالحی',
      display: '@negar_s',
      picture: { bytes: new Uint8Array([1, 2, 3]), mediaType: 'image/jpeg' },
    })
    expect(calls().slice(0, 2)).toEqual(['POST /botT/getChat {"chat_id":7}', 'POST /botT/getFile {"file_id":"b"}'])
  })

  test('without a picture, or with one that is gone, the name stays', async () => {
    answers({ getChat: ok({ id: 7, type: 'private', first_name: 'نگار' }) })
    expect(await profile('7', ctx)).toEqual({ name: 'نگار' })
    answers({
      getChat: ok({ id: 7, type: 'private', first_name: 'نگار', photo: { big_file_id: 'b' } }),
      getFile: no(404, 'Not Found'),
    })
    expect(await profile('7', ctx)).toEqual({ name: 'نگار' })
  })

  test('a picture that may come later is asked for later', async () => {
    answers({ getChat: ok({ id: 7, first_name: 'نگار', photo: { big_file_id: 'b' } }), getFile: no(429, 'x') })
    await expect(profile('7', ctx)).rejects.toMatchObject({ outcome: 'later' })
    answers({ getChat: no(403, 'Forbidden: x') })
    await expect(profile('7', ctx)).rejects.toMatchObject({ outcome: 'unreachable' })
  })
})

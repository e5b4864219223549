import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ChannelError, type Ctx, HttpError, type Outbound, type OutboundAttachment } from '../contract.ts'
import { testCtx } from '../testing.ts'
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
  server.answer = () => ok({ message_id: 77, date: 1_790_000_500, chat: { id: 1_418_273_645, type: 'private' } })
  ctx = testCtx(bale, { token: TOKEN, baseUrl: server.url })
})

const text = (words: string, more: Partial<Outbound> = {}): Outbound => ({
  id: 'm1',
  threadKey: '1418273645',
  text: words,
  attachments: [],
  ...more,
})
const file = (kind: OutboundAttachment['kind'], more: Partial<OutboundAttachment> = {}): OutboundAttachment => ({
  kind,
  name: 'رسید.pdf',
  mediaType: 'application/pdf',
  size: 5,
  bytes: async () => new Uint8Array([0, 1, 2, 254, 255]),
  ...more,
})
const sentJson = (): unknown => JSON.parse(String(server.seen[0]?.body))
async function failure(promise: Promise<unknown>): Promise<ChannelError> {
  const error: unknown = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  )
  if (error instanceof ChannelError) return error
  throw new Error(`not a ChannelError: ${String(error)}`)
}

describe('what goes over the wire', () => {
  test('a text', async () => {
    const sent = await bale.send(text('سلام\nخوش آمدید'), ctx)
    expect(sent).toEqual({ providerKey: '1418273645:77', at: new Date(1_790_000_500_000) })
    expect(server.seen).toHaveLength(1)
    expect(server.seen[0]).toMatchObject({ method: 'POST', url: `/bot${TOKEN}/sendMessage`, type: 'application/json' })
    expect(String(server.seen[0]?.body)).toBe('{"chat_id":1418273645,"text":"سلام\\nخوش آمدید"}')
  })

  test('an answer to a message', async () => {
    await bale.send(text('بله', { replyToKey: '1418273645:16' }), ctx)
    expect(sentJson()).toEqual({ chat_id: 1_418_273_645, reply_to_message_id: 16, text: 'بله' })
  })

  test('an answer to a message of another chat does not point there', async () => {
    await bale.send(text('بله', { replyToKey: '999:16' }), ctx)
    expect(sentJson()).toEqual({ chat_id: 1_418_273_645, text: 'بله' })
  })

  test('the button that shares the number', async () => {
    await bale.send(text('شماره‌تان؟', { askNumber: 'ارسال شماره من' }), ctx)
    expect(sentJson()).toMatchObject({
      reply_markup: {
        keyboard: [[{ text: 'ارسال شماره من', request_contact: true }]],
        resize_keyboard: true,
        one_time_keyboard: true,
      },
    })
  })

  test('a button that opens an address, below the others', async () => {
    const link = { label: 'پیگیری', url: 'https://example.ir/orders/452' }
    await bale.send(text('ارسال شد', { link, buttons: [[{ label: 'خوب', value: 'y' }]] }), ctx)
    expect(sentJson()).toMatchObject({
      reply_markup: {
        inline_keyboard: [
          [{ text: 'خوب', callback_data: 'y' }],
          [{ text: 'پیگیری', url: 'https://example.ir/orders/452' }],
        ],
      },
    })
    for (const url of ['javascript:alert(1)', 'nowhere', ''])
      expect(await failure(bale.send(text('x', { link: { label: 'x', url } }), ctx))).toMatchObject({
        code: 'bad_buttons',
      })
    expect(await failure(bale.send(text('x', { link, askNumber: 'x' }), ctx))).toMatchObject({ code: 'bad_buttons' })
  })

  test('buttons', async () => {
    await bale.send(
      text('راضی بودید؟', {
        buttons: [
          [
            { label: 'عالی', value: 'csat:5' },
            { label: 'بد', value: 'csat:1' },
          ],
        ],
      }),
      ctx,
    )
    expect(sentJson()).toMatchObject({
      reply_markup: {
        inline_keyboard: [
          [
            { text: 'عالی', callback_data: 'csat:5' },
            { text: 'بد', callback_data: 'csat:1' },
          ],
        ],
      },
    })
  })

  test('an id that JSON numbers cannot hold goes as digits', async () => {
    await bale.send(text('x', { threadKey: '9007199254740995' }), ctx)
    expect(sentJson()).toMatchObject({ chat_id: '9007199254740995' })
  })

  test('what cannot be sent as text is taken out', async () => {
    await bale.send(text('الف\u0000ب\ud800پ'), ctx)
    expect(sentJson()).toMatchObject({ text: 'الفبپ' })
  })

  test.each([
    ['photo', 'sendPhoto'],
    ['document', 'sendDocument'],
    ['voice', 'sendVoice'],
    ['audio', 'sendAudio'],
    ['video', 'sendVideo'],
    ['animation', 'sendAnimation'],
  ] as const)('a %s is uploaded by %s', async (kind, method) => {
    const message = text('رسید', { attachments: [file(kind)], replyToKey: '1418273645:16', askNumber: 'شماره' })
    expect(await bale.send(message, ctx)).toMatchObject({ providerKey: '1418273645:77' })
    const seen = server.seen[0]
    expect(seen?.url).toBe(`/bot${TOKEN}/${method}`)
    const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(seen?.type ?? '')?.[1]
    const markup =
      '{"keyboard":[[{"text":"شماره","request_contact":true}]],"resize_keyboard":true,"one_time_keyboard":true}'
    const part = (name: string, value: string) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${kind}"; filename="رسید.pdf"\r\nContent-Type: application/pdf\r\n\r\n`
    const before =
      part('chat_id', '1418273645') +
      part('reply_to_message_id', '16') +
      part('reply_markup', markup) +
      part('caption', 'رسید') +
      head
    const after = `\r\n--${boundary}--`
    const expected = Buffer.concat([Buffer.from(before), Buffer.from([0, 1, 2, 254, 255]), Buffer.from(after)])
    expect(seen?.body.subarray(0, expected.length).toString('latin1')).toBe(expected.toString('latin1'))
    expect(seen?.body.subarray(expected.length).toString().trim()).toBe('')
  })

  test('a file name cannot break out of its header', async () => {
    await bale.send(text('', { attachments: [file('document', { name: 'a"\r\nX-Evil: 1\r\n\r\n../b.pdf' })] }), ctx)
    const body = String(server.seen[0]?.body)
    expect(body).not.toContain('\r\nX-Evil')
    expect(body).toContain('filename="b.pdf"')
    expect(body).not.toContain('name="caption"')
  })
})

describe('stars and underscores', () => {
  test('are kept apart', async () => {
    await bale.send(text('قیمت *۲۰۰* تومان'), ctx)
    expect(sentJson()).toMatchObject({ text: 'قیمت \u2060*\u2060۲۰۰\u2060*\u2060 تومان' })
  })

  test('are left when the setting is off', async () => {
    await bale.send(text('قیمت *۲۰۰* تومان'), { ...ctx, settings: { ...ctx.settings, protectMarkup: false } })
    expect(sentJson()).toMatchObject({ text: 'قیمت *۲۰۰* تومان' })
  })

  test('are left when there is no room for more', async () => {
    const words = `*${'ا'.repeat(4094)}*`
    await bale.send(text(words), ctx)
    expect(sentJson()).toMatchObject({ text: words })
  })
})

const long = (count: number) => 'ا'.repeat(count)

describe('what is refused before anything is sent', () => {
  test.each<[string, Partial<Outbound>]>([
    ['empty', { text: ' \n' }],
    ['too_long', { text: long(4097) }],
    ['too_long', { text: long(1025), attachments: [file('photo')] }],
    ['too_large', { attachments: [file('photo', { size: 10 * 1024 * 1024 + 1 })] }],
    ['too_large', { attachments: [file('document', { size: 50 * 1024 * 1024 + 1 })] }],
    ['too_large', { attachments: [file('photo', { bytes: async () => new Uint8Array(10 * 1024 * 1024 + 1) })] }],
    ['empty', { attachments: [file('photo', { bytes: async () => new Uint8Array() })] }],
    ['cannot_send_kind', { attachments: [file('sticker')] }],
    ['too_many_attachments', { attachments: [file('photo'), file('photo')] }],
    ['bad_address', { threadKey: '@sales' }],
    ['bad_buttons', { buttons: [[{ label: 'x', value: 'ا'.repeat(33) }]] }],
    ['bad_buttons', { buttons: [[{ label: ' ', value: 'x' }]] }],
    ['bad_buttons', { buttons: [[{ label: 'x', value: '' }]] }],
    ['bad_buttons', { buttons: [[{ label: 'x', value: 'x' }]], askNumber: 'شماره' }],
  ])('%s', async (code, more) => {
    expect(await failure(bale.send(text('x', more), ctx))).toMatchObject({ outcome: 'refused', code })
    expect(server.seen).toHaveLength(0)
  })

  test('exactly the limits are taken', async () => {
    await bale.send(text(long(4096)), ctx)
    await bale.send(text(long(1024), { attachments: [file('photo')] }), ctx)
    await bale.send(text('x', { buttons: [[{ label: 'x', value: 'ا'.repeat(32) }]] }), ctx)
    expect(server.seen).toHaveLength(3)
  })

  test('a file that cannot be read has not gone', async () => {
    const broken = file('photo', { bytes: () => Promise.reject(new Error('disk')) })
    expect(await failure(bale.send(text('x', { attachments: [broken] }), ctx))).toMatchObject({
      outcome: 'later',
      code: 'attachment_unreadable',
    })
  })
})

const page = (status: number): Told => ({
  status,
  body: '<html>proxy</html>',
  headers: { 'content-type': 'text/html' },
})
const FAULTS: [name: string, told: Told, expected: Partial<ChannelError>][] = [
  ['400', no(400, 'Bad Request: text is empty'), { outcome: 'refused', code: 'bad_request' }],
  ['400 of a wrong id', no(400, 'chat_id: must be a valid value'), { outcome: 'refused', code: 'bad_request' }],
  ['401', no(401, 'Unauthorized'), { outcome: 'settings', code: 'bad_token' }],
  ['token not found, 404', no(404, 'Token not found'), { outcome: 'settings', code: 'bad_token' }],
  ['token not found, 400', no(400, 'Bad Request: Token not found'), { outcome: 'settings', code: 'bad_token' }],
  ['403', no(403, 'Forbidden: bot was blocked by the user'), { outcome: 'unreachable', code: 'blocked' }],
  ['403 in other words', no(403, 'permission_denied'), { outcome: 'unreachable', code: 'blocked' }],
  ['404 unknown chat', no(404, 'no such group or user'), { outcome: 'unreachable', code: 'no_such_chat' }],
  ['400 unknown chat', no(400, 'Bad Request: No such group or user'), { outcome: 'unreachable', code: 'no_such_chat' }],
  ['404 otherwise', no(404, 'Not Found'), { outcome: 'settings', code: 'wrong_address' }],
  ['409', no(409, 'Conflict'), { outcome: 'later', code: 'conflict' }],
  ['413', no(413, 'Request Entity Too Large'), { outcome: 'refused', code: 'too_large' }],
  ['413 from a proxy', page(413), { outcome: 'refused', code: 'too_large' }],
  ['420', no(420, 'FLOOD'), { outcome: 'later', code: 'rate_limited', retryAfter: undefined, whole: true }],
  [
    '429 with a time',
    no(429, 'Too Many Requests', { retry_after: 17 }),
    { outcome: 'later', code: 'rate_limited', retryAfter: 17, whole: true },
  ],
  [
    '429 with a time as text',
    no(429, 'Too Many Requests', { retry_after: '3.2' }),
    { outcome: 'later', retryAfter: 4 },
  ],
  [
    '429 with an absurd time',
    no(429, 'Too Many Requests', { retry_after: 1e12 }),
    { outcome: 'later', retryAfter: 86_400 },
  ],
  [
    '429 with a senseless time',
    no(429, 'Too Many Requests', { retry_after: -5 }),
    { outcome: 'later', retryAfter: undefined },
  ],
  ['429 without a time', no(429, 'Too Many Requests'), { outcome: 'later', retryAfter: undefined, whole: true }],
  ['429 of a proxy', { ...page(429), headers: { 'retry-after': '9' } }, { outcome: 'later', retryAfter: 9 }],
  [
    'a limit under another status',
    no(400, 'bot limit exceed'),
    { outcome: 'later', code: 'rate_limited', whole: true },
  ],
  ['a limit under 500', no(500, 'local_rate_limited'), { outcome: 'later', code: 'rate_limited', whole: true }],
  [
    'a refusal under status 200',
    { ...no(403, 'Forbidden: no'), status: 200 },
    { outcome: 'unreachable', code: 'blocked' },
  ],
  ['500', no(500, 'Internal Server Error'), { outcome: 'unknown', code: 'server_error' }],
  ['502 from a proxy', page(502), { outcome: 'unknown', code: 'server_error' }],
  ['403 from a proxy', page(403), { outcome: 'settings', code: 'not_bale' }],
  ['404 from another site', page(404), { outcome: 'settings', code: 'not_bale' }],
  [
    'a redirect',
    { status: 302, headers: { location: 'https://elsewhere.example/' } },
    { outcome: 'settings', code: 'not_bale' },
  ],
  ['200 without JSON', { body: '<html>' }, { outcome: 'unknown', code: 'unreadable_answer' }],
  ['200 with half a JSON', { body: '{"ok":true,"resu' }, { outcome: 'unknown', code: 'unreadable_answer' }],
  ['200 without a result', { body: '{"ok":true}' }, { outcome: 'unknown', code: 'unreadable_answer' }],
  ['200 without a message id', ok({ date: 1 }), { outcome: 'unknown', code: 'unreadable_answer' }],
  [
    '200 with ok of another type',
    { body: '{"ok":"yes","result":{"message_id":1}}' },
    { outcome: 'unknown', code: 'unreadable_answer' },
  ],
  ['cut', { cut: true }, { outcome: 'unknown', code: 'connection_cut' }],
]

describe('what a failure means', () => {
  test.each(FAULTS)('%s', async (_name, told, expected) => {
    server.answer = () => told
    const error = await failure(bale.send(text('سلام'), ctx))
    expect(error).toMatchObject(expected)
    expect(server.seen, 'one call, no second try').toHaveLength(1)
  })

  test('a server error is tried again where that is chosen', async () => {
    const eager = { ...ctx, settings: { ...ctx.settings, retryServerErrors: true } }
    server.answer = () => no(500, 'Internal Server Error')
    expect(await failure(bale.send(text('x'), eager))).toMatchObject({ outcome: 'later', code: 'server_error' })
    server.answer = () => ({ cut: true })
    expect(await failure(bale.send(text('x'), eager))).toMatchObject({ outcome: 'unknown' })
  })

  test.each([
    [new HttpError('refused', false, 'x'), { outcome: 'later', code: 'connection_refused', whole: true }],
    [new HttpError('dns', false, 'x'), { outcome: 'later', code: 'connection_dns', whole: true }],
    [new HttpError('timeout', false, 'x'), { outcome: 'later', code: 'connection_timeout', whole: true }],
    [new HttpError('timeout', true, 'x'), { outcome: 'unknown', code: 'connection_timeout' }],
    [new HttpError('cut', true, 'x'), { outcome: 'unknown', code: 'connection_cut' }],
    [new HttpError('too_large', true, 'x'), { outcome: 'unknown', code: 'connection_too_large' }],
    [new TypeError('x'), { outcome: 'unknown', code: 'unexpected' }],
  ])('%s', async (thrown, expected) => {
    const http = () => Promise.reject(thrown)
    expect(await failure(bale.send(text('x'), { ...ctx, http }))).toMatchObject(expected)
  })

  test.each(['', 'no token', '1:a/../../x', '1:a?b'])('the token %j is not even tried', async (token) => {
    expect(await failure(bale.send(text('x'), testCtx(bale, { token, baseUrl: server.url })))).toMatchObject({
      outcome: 'settings',
      code: 'bad_token',
    })
    expect(server.seen).toHaveLength(0)
  })

  test('a wrong address is one of the settings', async () => {
    expect(await failure(bale.send(text('x'), testCtx(bale, { token: TOKEN, baseUrl: 'ftp://x' })))).toMatchObject({
      outcome: 'settings',
      code: 'wrong_address',
    })
  })

  test('a base address with a path and a slash at its end works', async () => {
    await bale.send(text('x'), testCtx(bale, { token: TOKEN, baseUrl: `${server.url}/proxy/` }))
    expect(server.seen[0]?.url).toBe(`/proxy/bot${TOKEN}/sendMessage`)
  })
})

describe('the token shows nowhere', () => {
  const url = `https://tapi.bale.ai/bot${TOKEN}/sendMessage`
  const secret = TOKEN.split(':')[1] ?? ''
  const lines: string[] = []
  const log = {
    debug: (fields: object, words: string) => void lines.push(JSON.stringify(fields) + words),
    warn: (fields: object, words: string) => void lines.push(JSON.stringify(fields) + words),
  }

  test.each([
    [
      'in what Bale says',
      async () => ({
        status: 400,
        headers: {},
        bytes: new Uint8Array(),
        text: () => '',
        json: () => ({ ok: false, error_code: 400, description: `cannot serve ${url}` }),
      }),
    ],
    ['in a failed connection', () => Promise.reject(new HttpError('refused', false, `connect ${url}`))],
    ['encoded', () => Promise.reject(new HttpError('cut', true, `GET ${encodeURIComponent(url)}`))],
    ['in a defect', () => Promise.reject(Object.assign(new TypeError(`Invalid URL ${url}`), { input: url }))],
  ])('%s', async (_name, http) => {
    const error = await failure(bale.send(text('x'), { ...ctx, http, log }))
    expect(error.message).toContain('…')
    const everything = [
      error.message,
      error.stack,
      JSON.stringify(error),
      String(error.cause),
      ...Object.values(error).map(String),
      ...lines,
    ].join('\n')
    expect(everything).not.toContain(secret)
  })
})

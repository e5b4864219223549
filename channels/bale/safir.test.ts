/** Safir: the bytes on the wire, what every failure means, and the whole way against the simulated one. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type BalePerson,
  type BaleSimulator,
  createBaleSimulator,
  type SimBot,
  type SimSafir,
} from '#simulators/bale/server.ts'
import { ChannelError, type Ctx, type Http, HttpError, type Outbound, type OutboundAttachment } from '../contract.ts'
import { answerOf, testCtx } from '../testing.ts'
import { kinds } from './index.ts'

const [bale, safir] = kinds
if (!bale?.account || !bale.startLink || !safir?.account) throw new Error('no kind')
const KEY = 'key-of-acme'
const PHONE = '+989121110022'

const out = (more: Partial<Outbound> = {}): Outbound => ({
  id: '452',
  threadKey: PHONE,
  text: 'سفارش ۴۵۲ ارسال شد.',
  attachments: [],
  ...more,
})
const file = (more: Partial<OutboundAttachment> = {}): OutboundAttachment => ({
  kind: 'document',
  name: 'رسید.pdf',
  mediaType: 'application/pdf',
  size: 8,
  bytes: async () => new TextEncoder().encode('%PDF-1.4'),
  ...more,
})
async function failure(promise: Promise<unknown>): Promise<ChannelError> {
  const error: unknown = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  )
  if (error instanceof ChannelError) return error
  throw new Error(`not a ChannelError: ${String(error)}`)
}

interface Call {
  url: string
  headers: Record<string, string>
  body: unknown
}
/** A context whose line is answered by `answers`, one after the other, and notes what went over it. */
function line(...answers: ReturnType<typeof answerOf>[]): { ctx: Ctx; calls: Call[] } {
  const calls: Call[] = []
  const http: Http = async (url, { headers = {}, body } = {}) => {
    calls.push({ url, headers, body })
    const answer = answers[Math.min(calls.length, answers.length) - 1]
    if (!answer) throw new HttpError('cut', true, 'cut')
    return answer
  }
  return { ctx: testCtx(kindOf(), { apiKey: KEY, botId: '987650001' }, { http }), calls }
}
function kindOf() {
  if (!safir) throw new Error('no kind')
  return safir
}
const { send, check } = kindOf()
const taken = answerOf(200, { message_id: '0b6f9a80-0000-4000-8000-000000000000', error_data: null })

describe('what goes over the wire', () => {
  test('a message with a link, byte for byte', async () => {
    const { ctx, calls } = line(taken)
    const link = { label: 'پیگیری', url: 'https://ble.ir/acme_support_bot?start=t_9c1e' }
    expect(await send(out({ link }), ctx)).toEqual({ providerKey: '0b6f9a80-0000-4000-8000-000000000000' })
    expect(calls).toHaveLength(1)
    expect(calls[0]?.url).toBe('https://safir.bale.ai/api/v3/send_message')
    expect(calls[0]?.headers).toEqual({ 'api-access-key': KEY, 'content-type': 'application/json' })
    expect(String(calls[0]?.body).replace(/"daftar-452-[0-9a-f]{16}"/, '"ID"')).toBe(
      '{"request_id":"ID","bot_id":987650001,"phone_number":"989121110022","message_data":{"message":{"text":"سفارش ۴۵۲ ارسال شد.",' +
        '"reply_markup":{"inline_keyboard":[[{"text":"پیگیری","url":"https://ble.ir/acme_support_bot?start=t_9c1e"}]]}}}}',
    )
  })

  test('locked, and without markup that would be read as formatting', async () => {
    const { ctx, calls } = line(taken)
    ctx.settings.secure = true
    await send(out({ text: 'کد *۱۲*' }), ctx)
    const { message_data: data } = JSON.parse(String(calls[0]?.body)) as {
      message_data: { is_secure: boolean; message: { text: string } }
    }
    expect(data.is_secure).toBe(true)
    expect(data.message.text).not.toBe('کد *۱۲*')
    expect(data.message.text.replaceAll('\u2060', '')).toBe('کد *۱۲*')
  })

  test('a file goes first, under the name `file`; then the message with its id', async () => {
    const { ctx, calls } = line(answerOf(200, { file_id: '9871f0c2aa' }), taken)
    const remembered: string[] = []
    await send(out({ attachments: [file({ remember: async (name) => void remembered.push(name) })] }), ctx)
    expect(calls.map(({ url }) => url.split('/').at(-1))).toEqual(['upload_file', 'send_message'])
    const form = calls[0]?.body
    const part = form instanceof FormData ? form.get('file') : undefined
    expect(part instanceof File && [part.name, part.type, part.size]).toEqual(['رسید.pdf', 'application/pdf', 8])
    expect(calls[0]?.headers).toEqual({ 'api-access-key': KEY })
    expect(remembered).toEqual(['9871f0c2aa'])
    expect(JSON.parse(String(calls[1]?.body))).toMatchObject({
      message_data: { message: { text: 'سفارش ۴۵۲ ارسال شد.', file_id: '9871f0c2aa' } },
    })
  })

  test('what was uploaded before is not uploaded again, unless Safir knows it no more', async () => {
    const known = line(taken)
    await send(out({ attachments: [file({ uploaded: 'f1' })] }), known.ctx)
    expect(known.calls).toHaveLength(1)
    const gone = line(
      answerOf(200, { message_id: '', error_data: [{ code: 4 }] }),
      answerOf(200, { file_id: 'f2' }),
      taken,
    )
    await send(out({ attachments: [file({ uploaded: 'f1' })] }), gone.ctx)
    expect(gone.calls.map(({ url }) => url.split('/').at(-1))).toEqual(['send_message', 'upload_file', 'send_message'])
    const ids = [gone.calls[0], gone.calls[2]].map(
      (call) => (JSON.parse(String(call?.body)) as { request_id: string }).request_id,
    )
    expect(ids[0]).toBe(ids[1])
  })

  test('the request id: one a message, whatever its button, and another after a new start from 1', async () => {
    const idOf = async (message: Outbound) => {
      const { ctx, calls } = line(taken)
      await send(message, ctx)
      return (JSON.parse(String(calls[0]?.body)) as { request_id: string }).request_id
    }
    const first = await idOf(out())
    expect(await idOf(out())).toBe(first)
    expect(await idOf(out({ link: { label: 'x', url: 'https://ble.ir/b?start=2' } }))).toBe(first)
    expect(await idOf(out({ id: '453' }))).not.toBe(first)
    expect(await idOf(out({ text: 'دیگر' }))).not.toBe(first)
    expect(await idOf(out({ threadKey: '+989121110023' }))).not.toBe(first)
  })

  test.each([
    ['+989121110022', '989121110022'],
    ['989121110022', '989121110022'],
    ['00989121110022', '989121110022'],
  ])('the number %s as %s', async (threadKey, wire) => {
    const { ctx, calls } = line(taken)
    await send(out({ threadKey }), ctx)
    expect(JSON.parse(String(calls[0]?.body))).toMatchObject({ phone_number: wire })
  })
})

const failed = (code: unknown) => ({
  message_id: '',
  error_data: [{ phone_number: '989121110022', code, description: 'no' }],
})
const single = (code: unknown) => ({ error: { phone_number: '', code, description: 'no' } })

describe('what a failure means', () => {
  const codes: [number, string, string][] = [
    [2, 'later', 'server_error'],
    [3, 'later', 'rate_limited'],
    [4, 'refused', 'bad_request'],
    [8, 'refused', 'bad_number'],
    [17, 'unreachable', 'not_a_user'],
    [20, 'settings', 'no_credit'],
    [21, 'settings', 'contact_limit'],
  ]
  const shapes = [
    ['a list', failed],
    ['a single object', single],
    ['one in place of the list', (code: unknown) => ({ error_data: { code } })],
    ['the code alone', (code: unknown) => ({ code })],
  ] as const
  test.each(
    codes.flatMap(([code, outcome, name]) =>
      shapes.flatMap(([shape, make]) =>
        [200, 400, 402, 404, 429, 500].flatMap((status) =>
          [code, String(code)].map((written) => ({ code: written, outcome, name, shape, status, body: make(written) })),
        ),
      ),
    ),
  )('$code as $shape with $status: $outcome', async ({ outcome, name, status, body }) => {
    expect(await failure(send(out(), line(answerOf(status, body)).ctx))).toMatchObject({ outcome, code: name })
  })

  test.each([
    [401, '{}', 'settings', 'bad_key'],
    [403, '<html>', 'settings', 'bad_key'],
    [404, '<html>', 'settings', 'wrong_address'],
    [413, '<html>', 'refused', 'too_large'],
    [429, '<html>', 'later', 'rate_limited'],
    [408, '', 'later', 'server_error'],
    [500, '', 'later', 'server_error'],
    [502, '<html>', 'later', 'server_error'],
    [301, '', 'settings', 'not_safir'],
    [200, 'not json', 'later', 'unreadable_answer'],
    [200, '{}', 'later', 'unreadable_answer'],
    [200, '{"message_id":"","error_data":null}', 'later', 'unreadable_answer'],
    [200, JSON.stringify(failed(99)), 'refused', 'bad_request'],
    [200, JSON.stringify(failed('x')), 'refused', 'bad_request'],
    [200, JSON.stringify({ ...failed(17), message_id: 'id-all-the-same' }), 'unreachable', 'not_a_user'],
  ])('%i %s: %s, %s', async (status, body, outcome, code) => {
    expect(await failure(send(out(), line(answerOf(status, body)).ctx))).toMatchObject({ outcome, code })
  })

  test('an answer that names the message and no error is a success, with or without `error_data`', async () => {
    for (const more of [{}, { error_data: null }, { error_data: [] }])
      expect(await send(out(), line(answerOf(200, { message_id: '12', ...more })).ctx)).toEqual({ providerKey: '12' })
  })

  test('holds the whole channel for a rate, as long as it is told', async () => {
    const { ctx } = line(answerOf(200, failed(3), { 'retry-after': '7' }))
    expect(await failure(send(out(), ctx))).toMatchObject({ whole: true, retryAfter: 7 })
  })

  test('an upload fails as a message does, and nothing is sent', async () => {
    const { ctx, calls } = line(answerOf(200, single(20)))
    expect(await failure(send(out({ attachments: [file()] }), ctx))).toMatchObject({
      outcome: 'settings',
      code: 'no_credit',
    })
    expect(calls).toHaveLength(1)
  })

  test('numbers of other countries are not reachable, and what is no number is refused; neither goes out', async () => {
    const { ctx, calls } = line(taken)
    expect(await failure(send(out({ threadKey: '+966501234567' }), ctx))).toMatchObject({
      outcome: 'unreachable',
      code: 'not_iranian',
    })
    for (const threadKey of ['+9891211', 'ACME', ''])
      expect(await failure(send(out({ threadKey }), ctx))).toMatchObject({ outcome: 'refused', code: 'bad_number' })
    expect(await failure(send(out({ text: ' ' }), ctx))).toMatchObject({ code: 'empty' })
    expect(await failure(send(out({ text: 'x'.repeat(4097) }), ctx))).toMatchObject({ code: 'too_long' })
    expect(await failure(send(out({ buttons: [[{ label: 'x', value: 'y' }]] }), ctx))).toMatchObject({
      code: 'bad_buttons',
    })
    expect(await failure(send(out({ link: { label: 'x', url: 'javascript:1' } }), ctx))).toMatchObject({
      code: 'bad_buttons',
    })
    expect(calls).toEqual([])
  })
})

describe('the check', () => {
  const steps = async (answer: ReturnType<typeof answerOf>) => {
    const { ctx, calls } = line(answer)
    const found = await check(ctx)
    return { ok: found.ok, messages: found.steps.map((step) => step.message), body: String(calls[0]?.body) }
  }
  test('asks for what must be refused, so that nobody is written to', async () => {
    const found = await steps(answerOf(200, failed(8)))
    expect(found).toMatchObject({ ok: true, messages: ['address_ok', 'key_ok', 'account_ok'] })
    expect(JSON.parse(found.body)).toMatchObject({ phone_number: '0' })
  })
  test.each([
    [answerOf(200, failed(20)), ['address_ok', 'key_ok', 'no_credit']],
    [answerOf(200, failed(21)), ['address_ok', 'key_ok', 'contact_limit']],
    [answerOf(200, failed(4)), ['address_ok', 'key_ok', 'account_refused']],
    [answerOf(401, '{}'), ['address_ok', 'key_rejected']],
    [answerOf(200, failed(3)), ['address_ok', 'rate_limited']],
    [answerOf(404, '<html>'), ['wrong_address']],
    [answerOf(200, '<html>'), ['not_safir']],
    [taken, ['not_safir']],
  ])('%#: says what is wrong', async (answer, messages) => {
    expect(await steps(answer)).toMatchObject({ ok: false, messages })
  })
})

test('the account is the bot, on both channels; only the bot has a link', () => {
  expect(bale.account?.({ token: '987650001:secret' })).toBe('987650001')
  expect(safir.account?.({ botId: '987650001' })).toBe('987650001')
  expect(bale.account?.({ token: 'secret' })).toBeUndefined()
  expect(bale.startLink?.('t_9c1e', { username: 'acme_bot' })).toBe('https://ble.ir/acme_bot?start=t_9c1e')
})

describe('against the simulated Safir', () => {
  let sim: BaleSimulator
  let account: SimSafir
  let bot: SimBot
  let negar: BalePerson
  let ctx: Ctx
  beforeAll(async () => {
    sim = await createBaleSimulator()
  })
  afterAll(() => sim.close())
  let nth = 0
  beforeEach(() => {
    nth += 1
    sim.faults.clear()
    bot = sim.addBot({ username: `acme_${nth}_bot`, name: 'پشتیبانی' })
    account = sim.addSafir()
    negar = sim.addPerson({ firstName: 'نگار', phone: `98912111${String(nth).padStart(4, '0')}` })
    ctx = testCtx(safir, { apiKey: account.key, botId: String(bot.id), baseUrl: sim.url })
  })
  const hers = (more: Partial<Outbound> = {}) => out({ id: `${nth}`, threadKey: `+${negar.phone}`, ...more })

  test('first message, button, start with the token, the number shared', async () => {
    const url = bale.startLink?.('tok_1', { username: bot.username })
    if (!url) throw new Error('no link')
    await send(hers({ link: { label: 'گفت‌وگو با ما', url } }), ctx)
    const [message] = negar.inbox(bot)
    const [button] = message?.buttons.flat() ?? []
    if (!button) throw new Error('no button')
    const { update } = negar.openLink(button)
    const received = bale.receive(update, ctx)
    expect(received.items).toMatchObject([
      { type: 'message', kind: 'start', startPayload: 'tok_1', threadKey: String(negar.id) },
    ])
    const shared = bale.receive(negar.shareOwnContact(bot).update, ctx)
    expect(shared.items).toContainEqual(expect.objectContaining({ type: 'number', phone: negar.phone, own: true }))
  })

  test.each([
    ['cut after it was taken', { cut: 'after' as const }],
    ['a 500 after it was taken', { status: 500, accepted: true }],
    ['code 2 after it was taken', { errorCode: 2, accepted: true }],
    ['no JSON after it was taken', { body: 'oops', accepted: true }],
    ['a 503', { status: 503 }],
    ['code 3', { errorCode: 3 }],
    ['a proxy', { status: 502, envelope: false }],
    ['a cut', { cut: 'before' as const }],
  ])('tried again after %s, it is there once', async (_name, fault) => {
    sim.faults.next('send_message', fault, 2)
    for (let n = 0; n < 2; n += 1) expect((await failure(send(hers(), ctx))).outcome).toBe('later')
    const { providerKey } = await send(hers(), ctx)
    expect(sim.safirReceived(account)).toMatchObject([{ id: providerKey, answered: true, undocumented: [] }])
    expect(negar.inbox(bot)).toHaveLength(1)
  })

  test('a picture arrives as one, uploaded once though sent twice', async () => {
    let uploaded: string | undefined
    const picture = () =>
      file({ kind: 'photo', mediaType: 'image/png', uploaded, remember: async (name) => void (uploaded = name) })
    sim.faults.next('send_message', { status: 500 })
    await failure(send(hers({ attachments: [picture()] }), ctx))
    await send(hers({ attachments: [picture()] }), ctx)
    expect(negar.inbox(bot)).toMatchObject([{ kind: 'photo', caption: 'سفارش ۴۵۲ ارسال شد.' }])
    expect(sim.safirUploads(account)).toBe(1)
  })

  test('its failures are told apart, in either shape', async () => {
    for (const failures of [{}, { status: 400, shape: 'single' as const, text: true }]) {
      Object.assign(account, { failures, credit: 10, contactLimit: 10 })
      expect(await failure(send(hers({ threadKey: '+989129999999' }), ctx))).toMatchObject({ code: 'not_a_user' })
      account.contactLimit = 0
      expect(await failure(send(hers(), ctx))).toMatchObject({ code: 'contact_limit' })
      account.credit = 0
      expect(await failure(send(hers(), ctx))).toMatchObject({ code: 'no_credit' })
      expect(await check(ctx)).toMatchObject({ ok: true })
    }
    expect(await check({ ...ctx, settings: { ...ctx.settings, apiKey: 'another-key' } })).toMatchObject({ ok: false })
    expect(negar.inbox(bot)).toEqual([])
  })
})

/** Safir on the wire as documented (reference, section 2), by raw calls: no client of ours takes part. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openOffice, type Office } from './testing.ts'
import type { BalePerson, SimSafir } from './server.ts'

const PHONE = '989121110022'
let office: Office
let safir: SimSafir
let negar: BalePerson
beforeEach(async () => {
  office = await openOffice()
  safir = office.sim.addSafir({ key: 'key-of-acme' })
  negar = office.sim.addPerson({ firstName: 'نگار', phone: PHONE })
})
afterEach(() => office.sim.close())

interface Answer {
  status: number
  body: { message_id?: string; error_data?: { code: number | string }[] | null; error?: { code: number | string } }
  text: string
}
async function post(path: string, body: string | FormData, key = 'key-of-acme'): Promise<Answer> {
  const response = await fetch(`${office.sim.url}/api/v3/${path}`, {
    method: 'POST',
    headers: { 'api-access-key': key, ...(typeof body === 'string' && { 'content-type': 'application/json' }) },
    body,
  })
  const text = await response.text()
  return { status: response.status, text, body: JSON.parse(text) as Answer['body'] }
}
/** The reference's first sample, with other fields laid over. */
const order = (more: object = {}) => ({
  request_id: 'msg-01J8ZK-1',
  bot_id: office.bot.id,
  phone_number: PHONE,
  message_data: {
    message: {
      text: 'سفارش ۴۵۲ ارسال شد.',
      reply_markup: { inline_keyboard: [[{ text: 'پیگیری', url: 'https://ble.ir/daftar_bot?start=t_9c1e' }]] },
    },
  },
  ...more,
})
const ask = (more: object = {}) => post('send_message', JSON.stringify(order(more)))
const text = (words: string) => ({ message: { text: words } })
const codeOf = ({ body }: Answer) => body.error_data?.[0]?.code
async function upload(data: string, type = 'application/pdf') {
  const form = new FormData()
  form.set('file', new Blob([data], { type }), 'رسید.pdf')
  return post('upload_file', form)
}

describe('the samples of the reference', () => {
  test('a message with a button reaches a person who never started the bot, and is answered as documented', async () => {
    const answer = await post(
      'send_message',
      `{"request_id":"msg-01J8ZK-1","bot_id":987650001,"phone_number":"989121110022",
 "message_data":{"message":{"text":"سفارش ۴۵۲ ارسال شد.",
  "reply_markup":{"inline_keyboard":[[{"text":"پیگیری","url":"https://ble.ir/daftar_bot?start=t_9c1e"}]]}}}}`,
    )
    expect(answer.status).toBe(200)
    expect(answer.text).toMatch(/^\{"message_id":"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}","error_data":null\}$/)
    expect(negar.inbox(office.bot)).toMatchObject([
      {
        mine: false,
        text: 'سفارش ۴۵۲ ارسال شد.',
        buttons: [[{ text: 'پیگیری', url: expect.stringContaining('t_9c1e') }]],
      },
    ])
    expect(office.sim.safirReceived(safir)).toMatchObject([{ phone: PHONE, personId: negar.id, undocumented: [] }])
    // The bot itself may still not write: only the person can open the chat.
    expect(await office.call('sendMessage', { chat_id: negar.id, text: 'x' })).toMatchObject({ status: 403 })
  })

  test('a one-time code is taken; it comes from another bot', async () => {
    const answer = await post(
      'send_message',
      `{"request_id":"otp-77","bot_id":987650001,"phone_number":"989121110022","message_data":{"otp_message":{"otp":"482913"}}}`,
    )
    expect(answer).toMatchObject({ status: 200, body: { error_data: null } })
    expect(office.sim.safirReceived(safir)).toMatchObject([{ otp: '482913', messageId: 0 }])
    expect(negar.inbox(office.bot)).toEqual([])
  })

  test('a locked message with a file', async () => {
    const { file_id } = JSON.parse((await upload('%PDF-1.4')).text) as { file_id: string }
    const answer = await post(
      'send_message',
      `{"request_id":"msg-01J8ZK-2","bot_id":987650001,"phone_number":"989121110022",
 "message_data":{"is_secure":true,"message":{"text":"فاکتور مرداد","file_id":"${file_id}"}}}`,
    )
    expect(answer.status).toBe(200)
    expect(negar.inbox(office.bot)).toMatchObject([
      { kind: 'document', caption: 'فاکتور مرداد', secure: true, file: { name: 'رسید.pdf', size: 8 } },
    ])
  })

  test('a number that is not on Bale', async () => {
    const answer = await ask({ phone_number: '989129999999' })
    expect(answer.status).toBe(200)
    expect(answer.text).toBe(
      '{"message_id":"","error_data":[{"phone_number":"989129999999","code":17,"description":"phone number is not bale user"}]}',
    )
  })
})

test('the button opens the chat with the bot, with its token', async () => {
  await ask()
  const [message] = negar.inbox(office.bot)
  const [button] = message?.buttons.flat() ?? []
  if (!button) throw new Error('no button')
  const { update } = negar.openLink(button)
  expect(update.message?.text).toBe('/start t_9c1e')
  expect(await office.call('sendMessage', { chat_id: negar.id, text: 'خوش آمدید' })).toMatchObject({ status: 200 })
  expect(() => negar.openLink({ text: 'x', url: 'https://evil.example/daftar_bot?start=1' })).toThrow()
  expect(() => negar.openLink({ text: 'x', url: 'https://ble.ir/other_bot' })).toThrow()
})

describe('the same request_id', () => {
  test('gets the first answer and never a second message, whatever is asked for', async () => {
    const first = await ask()
    const again = await Promise.all([ask(), ask({ message_data: text('دیگر') }), ask({ phone_number: '989129999999' })])
    for (const answer of again) expect(answer.text).toBe(first.text)
    expect(negar.inbox(office.bot)).toHaveLength(1)
    expect(office.sim.safirReceived(safir)).toMatchObject([{ repeats: 3 }])
  })

  test('is not used up by a failure', async () => {
    safir.credit = 0
    expect(codeOf(await ask())).toBe(20)
    safir.credit = 5
    expect((await ask()).body.error_data).toBeNull()
    expect(safir.credit).toBe(4)
  })

  test('without one, everything is new', async () => {
    await ask({ request_id: undefined })
    await ask({ request_id: undefined })
    expect(negar.inbox(office.bot)).toHaveLength(2)
  })
})

describe('refuses', () => {
  test.each([
    ['a bot id that is a string', { bot_id: '987650001' }, 4],
    ['an unknown bot', { bot_id: 5 }, 4],
    ['no content', { message_data: {} }, 4],
    ['two contents', { message_data: { ...text('x'), otp_message: { otp: '1' } } }, 4],
    ['an empty message', { message_data: { message: {} } }, 4],
    ['an unknown file', { message_data: { message: { file_id: 'nope' } } }, 4],
    ['a code with letters', { message_data: { otp_message: { otp: '12a' } } }, 4],
    [
      'a button that does nothing',
      { message_data: { message: { text: 'x', reply_markup: { inline_keyboard: [[{ text: 'x' }]] } } } },
      4,
    ],
    [
      'a button with callback data',
      {
        message_data: {
          message: { text: 'x', reply_markup: { inline_keyboard: [[{ text: 'x', callback_data: 'y' }]] } },
        },
      },
      4,
    ],
    ['09…', { phone_number: '09121110022' }, 8],
    ['a bare number', { phone_number: '9121110022' }, 8],
    ['+98…', { phone_number: '+989121110022' }, 8],
    ['another country', { phone_number: '966501234567' }, 8],
  ])('%s', async (_name, more, code) => {
    expect(codeOf(await ask(more))).toBe(code)
    expect(negar.inbox(office.bot)).toEqual([])
  })

  test('a key it does not know, another method, another path', async () => {
    expect((await post('send_message', JSON.stringify(order()), 'wrong')).status).toBe(401)
    expect((await post('send_it', JSON.stringify(order()))).status).toBe(404)
    expect((await fetch(`${office.sim.url}/api/v3/send_message`)).status).toBe(405)
    expect(codeOf(await post('send_message', 'no json'))).toBe(4)
  })

  test('an upload without a file, in the shape of its own', async () => {
    const answer = await post('upload_file', new FormData())
    expect(answer.body).toMatchObject({ error: { code: 4 } })
  })

  test('without credit, and beyond the ceiling of contacts, which counts people', async () => {
    const other = office.sim.addPerson({ firstName: 'رضا', phone: '0912 333 4455' })
    safir.contactLimit = 1
    expect((await ask({ request_id: 'a' })).body.error_data).toBeNull()
    expect((await ask({ request_id: 'b' })).body.error_data).toBeNull()
    expect(codeOf(await ask({ request_id: 'c', phone_number: '989123334455' }))).toBe(21)
    safir.contactLimit = 2
    expect((await ask({ request_id: 'c', phone_number: '989123334455' })).body.error_data).toBeNull()
    expect(other.inbox(office.bot)).toHaveLength(1)
    safir.credit = 0
    expect(codeOf(await ask({ request_id: 'd' }))).toBe(20)
  })

  test('in the other shape, with another status and the code as a string, when told', async () => {
    safir.failures = { status: 400, shape: 'single', text: true }
    const answer = await ask({ phone_number: '989129999999' })
    expect(answer).toMatchObject({ status: 400, body: { error: { code: '17' } } })
  })
})

describe('rates', () => {
  test('are counted in a sliding window, and refused above a limit', async () => {
    safir.limits.perBotPerSecond = 3
    const codes: unknown[] = []
    for (let n = 0; n < 5; n += 1) codes.push(codeOf(await ask({ request_id: `r${n}` })))
    expect(codes).toEqual([undefined, undefined, undefined, 3, 3])
    office.clock.now += 1000
    expect(codeOf(await ask({ request_id: 'r3' }))).toBeUndefined()
    expect(office.sim.safirRates(safir)).toMatchObject({ violations: 2, perBot: 4 })
    expect(negar.inbox(office.bot)).toHaveLength(4)
  })
})

describe('trouble on order', () => {
  test.each([
    ['a 500 of its own shape', { status: 500 }, 500],
    ['code 3 with 200', { errorCode: 3 }, 200],
    ['a proxy', { status: 502, envelope: false }, 502],
    ['no JSON', { body: 'oops' }, 200],
  ])('%s has no effect', async (_name, fault, status) => {
    office.sim.faults.next('send_message', fault)
    const response = await fetch(`${office.sim.url}/api/v3/send_message`, {
      method: 'POST',
      headers: { 'api-access-key': safir.key, 'content-type': 'application/json' },
      body: JSON.stringify(order()),
    })
    expect(response.status).toBe(status)
    expect(negar.inbox(office.bot)).toEqual([])
    expect((await ask()).body.error_data).toBeNull()
  })

  test('cut after it took effect: the message is there, and the same id finds it', async () => {
    office.sim.faults.next('send_message', { cut: 'after' })
    await expect(ask()).rejects.toThrow()
    expect(office.sim.safirReceived(safir)).toMatchObject([{ answered: false, repeats: 0 }])
    expect((await ask()).body.error_data).toBeNull()
    expect(office.sim.safirReceived(safir)).toMatchObject([{ answered: true, repeats: 1 }])
    expect(negar.inbox(office.bot)).toHaveLength(1)
  })

  test('a 5xx although it was taken', async () => {
    office.sim.faults.next('send_message', { status: 503, accepted: true })
    expect(codeOf(await ask())).toBe(2)
    expect(negar.inbox(office.bot)).toHaveLength(1)
  })

  test('a limited line answers code 3', async () => {
    office.sim.setNetwork('limited')
    expect(codeOf(await ask())).toBe(3)
  })
})

test('from another process: made, filled up, counted; the link pressed', async () => {
  const control = async (path: string, body?: object) => {
    const response = await fetch(`${office.sim.url}/_sim/${path}`, {
      method: body ? 'POST' : 'GET',
      ...(body && { body: JSON.stringify(body) }),
    })
    return JSON.parse(await response.text()) as Record<string, unknown>
  }
  expect(await control('safirs', { key: 'other', credit: 1 })).toMatchObject({ credit: 1, contactLimit: null })
  expect(await control('safirs', { key: 'other', credit: 7 })).toMatchObject({ credit: 7 })
  await ask()
  await ask()
  expect(await control('statistics')).toMatchObject({
    safirs: [{ key: safir.key, received: 1, repeats: 1 }, { key: 'other' }],
  })
  const [message] = negar.inbox(office.bot)
  const url = message?.buttons[0]?.[0]?.url
  const pressed = { action: 'openLink', bot: office.bot.id, messageId: message?.messageId, url }
  expect(await control(`people/${negar.id}/act`, pressed)).toMatchObject({ bot: office.bot.id })
  expect(office.sim.updates(office.bot).at(-1)?.message?.text).toBe('/start t_9c1e')
})

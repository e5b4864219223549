import { afterEach, describe, expect, it } from 'vitest'

import { receipt } from './samples.ts'
import { makeFile } from './world.ts'
import { type Office, openOffice, TOKEN } from './testing.ts'
import type { WireUpdate } from './wire.ts'

let office: Office
afterEach(() => office.sim.close())

const NEGAR = { id: 1418273645, firstName: 'نگار' }
const FROM = { id: 1418273645, is_bot: false, first_name: 'نگار' }
const CHAT = { id: 1418273645, type: 'private', first_name: 'نگار' }

/** An office whose next update and message have the numbers of a sample, at the sample's second. */
async function at(
  updateId: number,
  messageId: number,
  date: number,
  person: Parameters<Office['sim']['addPerson']>[0] = NEGAR,
) {
  office = await openOffice({}, updateId)
  office.clock.now = date * 1000
  const negar = office.sim.addPerson(person)
  negar.chat(office.bot).nextMessageId = messageId
  return { ...office, negar }
}

describe('updates are the samples of the reference, field for field', () => {
  it('text', async () => {
    const person = { ...NEGAR, lastName: 'صالحی', username: 'negar_s', languageCode: 'fa' }
    const { negar, bot, call } = await at(71, 12, 1790000000, person)
    negar.send(bot, 'سلام، سفارش من کی می‌رسد؟')
    const { result } = await call<WireUpdate[]>('getUpdates')
    expect(result).toEqual([
      {
        update_id: 71,
        message: {
          message_id: 12,
          date: 1790000000,
          from: { ...FROM, last_name: 'صالحی', username: 'negar_s', language_code: 'fa' },
          chat: { ...CHAT, last_name: 'صالحی', username: 'negar_s' },
          text: 'سلام، سفارش من کی می‌رسد؟',
        },
      },
    ])
  })

  it('start with a deep link', async () => {
    const { negar, bot, call } = await at(72, 13, 1790000050)
    negar.start(bot, 'lnk_7f3a9c')
    const response = await fetch(`${office.sim.url}/bot${TOKEN}/getUpdates`)
    expect(await response.text()).toBe(
      '{"ok":true,"result":[{"update_id":72,"message":{"message_id":13,"date":1790000050,' +
        '"from":{"id":1418273645,"is_bot":false,"first_name":"نگار"},' +
        '"chat":{"id":1418273645,"type":"private","first_name":"نگار"},"text":"/start lnk_7f3a9c",' +
        '"entities":[{"type":"bot_command","offset":0,"length":6}]}}]}',
    )
    expect(response.headers.get('content-type')).toBe('application/json')
    expect((await call<WireUpdate[]>('getUpdates', { offset: 73 })).result).toEqual([])
  })

  it('a shared contact: own with its owner, others with another or none', async () => {
    const { negar, bot, call, sim } = await at(73, 14, 1790000090, { ...NEGAR, phone: '989121110022' })
    const own = { phone: '989121110022', firstName: 'نگار', lastName: 'صالحی', userId: 1418273645 }
    negar.shareContactOf(bot, own)
    negar.shareOwnContact(bot)
    negar.shareContactOf(bot, sim.addPerson({ id: 77, firstName: 'علی', phone: '989350000000' }))
    negar.shareContactOf(bot, { phone: '+982188880000', firstName: 'دفتر' })
    const { result } = await call<WireUpdate[]>('getUpdates')
    expect(result[0]).toEqual({
      update_id: 73,
      message: {
        message_id: 14,
        date: 1790000090,
        from: FROM,
        chat: CHAT,
        contact: { phone_number: '989121110022', first_name: 'نگار', last_name: 'صالحی', user_id: 1418273645 },
      },
    })
    expect(result[1]?.message?.contact?.user_id).toBe(1418273645)
    expect(result[2]?.message?.contact).toEqual({ phone_number: '989350000000', first_name: 'علی', user_id: 77 })
    expect(result[3]?.message?.contact).toEqual({ phone_number: '+982188880000', first_name: 'دفتر' })
  })

  it('a document with a caption', async () => {
    const { negar, bot, call } = await at(74, 15, 1790000120)
    const data = Buffer.alloc(84213, 'x')
    negar.sendDocument(bot, { data, name: 'receipt.pdf', mimeType: 'application/pdf', caption: 'رسید پرداخت' })
    const [update] = (await call<WireUpdate[]>('getUpdates')).result
    const uniqueId = makeFile({ data }, '').uniqueId
    expect(update).toEqual({
      update_id: 74,
      message: {
        message_id: 15,
        date: 1790000120,
        from: FROM,
        chat: CHAT,
        caption: 'رسید پرداخت',
        document: {
          file_id: expect.stringMatching(new RegExp(`^987650001:\\d+:1:${uniqueId}$`)),
          file_unique_id: uniqueId,
          file_name: 'receipt.pdf',
          mime_type: 'application/pdf',
          file_size: 84213,
        },
      },
    })
  })

  it('a pressed button', async () => {
    const { negar, bot, call } = await at(75, 16, 1790000150)
    negar.chat(bot).opened = true
    const keyboard = { inline_keyboard: [[{ text: '۵', callback_data: 'csat:5' }]] }
    await call('sendMessage', { chat_id: negar.id, text: 'از پاسخ راضی بودید؟', reply_markup: keyboard })
    const button = negar.inbox(bot)[0]?.buttons[0]?.[0]
    if (!button) throw new Error('There is no button')
    negar.press(button)
    expect((await call<WireUpdate[]>('getUpdates')).result).toEqual([
      {
        update_id: 75,
        callback_query: {
          id: expect.stringMatching(/^[02-9a-f][0-9a-f]{7}$/),
          from: FROM,
          data: 'csat:5',
          message: {
            message_id: 16,
            date: 1790000150,
            chat: CHAT,
            from: { id: 987650001, is_bot: true, first_name: 'پشتیبانی' },
            text: 'از پاسخ راضی بودید؟',
          },
        },
      },
    ])
  })

  it('an edited message keeps its number and says when it was changed', async () => {
    const { negar, bot, call } = await at(1, 1, 1790000000)
    const sent = negar.send(bot, 'یک')
    office.clock.now += 5000
    negar.edit(sent, 'دو')
    const { result } = await call<WireUpdate[]>('getUpdates')
    expect(result[0]?.message?.text).toBe('یک')
    expect(result[1]).toEqual({
      update_id: 2,
      edited_message: { message_id: 1, date: 1790000000, edit_date: 1790000005, from: FROM, chat: CHAT, text: 'دو' },
    })
  })

  it('media carry the fields of their kind, and can come as a document', async () => {
    const { negar, bot, call } = await at(1, 1, 1790000000)
    const data = Buffer.from('sound')
    negar.sendVoice(bot, { data, mimeType: 'audio/ogg', duration: 4 })
    negar.sendVoice(bot, { data, mimeType: 'audio/ogg', duration: 4, as: 'document' })
    negar.sendVideo(bot, { data, mimeType: 'video/mp4', name: 'a.mp4', as: 'both' })
    negar.sendLocation(bot, { latitude: 35.7, longitude: 51.4 })
    negar.sendOther(bot, { sticker: { file_id: 'x', file_unique_id: 'x', file_size: 1 } })
    const [voice, asDocument, both, place, other] = (await call<WireUpdate[]>('getUpdates')).result.map(
      (u) => u.message,
    )
    expect(voice?.voice).toMatchObject({ duration: 4, mime_type: 'audio/ogg', file_size: 5 })
    expect(asDocument?.voice).toBeUndefined()
    expect(asDocument?.document?.mime_type).toBe('audio/ogg')
    expect(both?.video).toMatchObject({ width: 640, height: 360, file_name: 'a.mp4' })
    expect(both?.document?.mime_type).toBe('video/mp4')
    expect(place?.location).toEqual({ latitude: 35.7, longitude: 51.4 })
    expect(other?.sticker?.file_id).toBe('x')
  })
})

describe('calls', () => {
  it('take parameters as query, form, JSON and multipart, and method names in any case', async () => {
    office = await openOffice()
    const { sim, bot } = office
    const person = sim.addPerson(NEGAR)
    person.start(bot)
    const base = `${sim.url}/bot${TOKEN}`
    const keyboard = JSON.stringify({ inline_keyboard: [[{ text: 'a', callback_data: 'a' }]] })
    const fields = { chat_id: String(person.id), text: 'سلام & درود', reply_markup: keyboard }
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.set(name, value)
    const json = JSON.stringify({ chat_id: person.id, text: fields.text, reply_markup: JSON.parse(keyboard) })
    const answers = [
      await fetch(`${base}/sendMessage?${new URLSearchParams(fields)}`),
      await fetch(`${base}/SENDMESSAGE`, { method: 'POST', body: new URLSearchParams(fields) }),
      await fetch(`${base}/sendmessage`, {
        method: 'POST',
        body: json,
        headers: { 'Content-Type': 'application/json; charset=utf-8' },
      }),
      await fetch(`${base}/SendMessage`, { method: 'POST', body: form }),
    ]
    for (const answer of answers) {
      const { ok, result } = JSON.parse(await answer.text())
      expect([answer.status, ok, result.text]).toEqual([200, true, 'سلام & درود'])
      expect(result.reply_markup).toEqual(JSON.parse(keyboard))
    }
    expect(sim.received(bot)).toHaveLength(4)
  })

  it('answer with the documented envelopes', async () => {
    office = await openOffice()
    const { sim, bot, call } = office
    const person = sim.addPerson(NEGAR)
    const stranger = sim.addPerson({ id: 5, firstName: 'علی' })
    person.start(bot)
    expect(await call('getMe')).toEqual({
      status: 200,
      ok: true,
      result: { id: 987650001, is_bot: true, first_name: 'پشتیبانی', username: 'daftar_bot' },
    })
    const wrong = { ...bot, token: '987650001:nobody' }
    expect(await call('getMe', {}, wrong)).toEqual({
      status: 401,
      ok: false,
      error_code: 401,
      description: 'Token not found',
    })
    const error = async (method: string, parameters: object) => {
      const { status, ok, error_code, description } = await call(method, parameters)
      expect([ok, error_code]).toEqual([false, status])
      return `${status} ${description}`
    }
    expect(await error('setMyCommands', {})).toBe('404 Not Found: no such method')
    expect(await error('toString', {})).toBe('404 Not Found: no such method')
    expect(await error('sendInvoice', {})).toBe('501 Not Implemented: the simulator does not play sendinvoice')
    expect(await error('sendMessage', { chat_id: 'abc', text: 'x' })).toBe(
      '400 Bad Request: chat_id: must be a valid value',
    )
    expect(await error('sendMessage', { text: 'x' })).toBe('400 Bad Request: chat_id is empty')
    expect(await error('sendMessage', { chat_id: 99, text: 'x' })).toBe('404 no such group or user')
    expect(await error('sendMessage', { chat_id: '@nobody', text: 'x' })).toBe('404 no such group or user')
    expect(await error('sendMessage', { chat_id: stranger.id, text: 'x' })).toBe(
      "403 Forbidden: bot can't initiate conversation with a user",
    )
    person.block(bot)
    expect(await error('sendMessage', { chat_id: person.id, text: 'x' })).toBe(
      '403 Forbidden: bot was blocked by the user',
    )
    expect(() => person.send(bot, 'x')).toThrow('has blocked')
    person.unblock(bot)
    expect((await call('sendMessage', { chat_id: person.id, text: 'x' })).ok).toBe(true)
  })

  it('can refuse strangers and blocked bots in the other documented words', async () => {
    office = await openOffice({ neverStarted: 404, forbidden: 'permission_denied' })
    const { sim, bot, call } = office
    const person = sim.addPerson(NEGAR)
    expect(await call('sendMessage', { chat_id: person.id, text: 'x' })).toMatchObject({ status: 404 })
    person.start(bot)
    person.block(bot)
    expect(await call('sendMessage', { chat_id: person.id, text: 'x' })).toMatchObject({
      status: 403,
      description: 'permission_denied',
    })
  })

  it('survive hostile requests', async () => {
    office = await openOffice()
    const url = `${office.sim.url}/bot${TOKEN}/sendMessage`
    const post = async (body: string | Buffer, type: string) =>
      (await fetch(url, { method: 'POST', body, headers: { 'content-type': type } })).status
    expect(await post('{"chat_id":', 'application/json')).toBe(400)
    expect(await post('[1]', 'application/json')).toBe(400)
    expect(await post('null', 'application/json')).toBe(400)
    expect(await post('--x\r\nno end', 'multipart/form-data; boundary=x')).toBe(400)
    expect(await post('hello', 'multipart/form-data')).toBe(400)
    expect(
      await post(
        `${'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n\r\n'.repeat(100)}--x--`,
        'multipart/form-data; boundary=x',
      ),
    ).toBe(400)
    expect(await post(Buffer.alloc(53 * 1024 * 1024), 'application/json')).toBe(413)
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(405)
    expect((await fetch(`${office.sim.url}/bot%E0%A4%A/getMe`)).status).toBe(401)
    expect((await fetch(`${office.sim.url}/`)).status).toBe(404)
    expect((await office.call('getMe')).ok).toBe(true)
  })

  it('notice parameters that Bale does not document', async () => {
    office = await openOffice()
    const { sim, bot, call } = office
    const person = sim.addPerson(NEGAR)
    person.start(bot)
    await call('sendMessage', { chat_id: person.id, text: 'x', parse_mode: 'HTML' })
    expect(sim.received(bot)[0]).toMatchObject({
      undocumented: ['parse_mode'],
      text: 'x',
      chatId: person.id,
      messageId: 2,
    })
  })

  it('count how fast a bot writes, and refuse above a limit with and without retry_after', async () => {
    office = await openOffice({ limits: { perChatPerSecond: 2 } })
    const { sim, bot, call, clock } = office
    const person = sim.addPerson(NEGAR)
    person.start(bot)
    const send = () => call('sendMessage', { chat_id: person.id, text: 'x' })
    expect((await send()).ok && (await send()).ok).toBe(true)
    expect(await send()).toEqual({
      status: 429,
      ok: false,
      error_code: 429,
      description: 'bot limit exceed',
      parameters: { retry_after: 1 },
    })
    Object.assign(sim.limits, { retryAfter: null, description: 'local_rate_limited' })
    expect(await send()).toEqual({ status: 429, ok: false, error_code: 429, description: 'local_rate_limited' })
    clock.now += 1000
    expect((await send()).ok).toBe(true)
    sim.limits.enforce = false
    expect((await send()).ok && (await send()).ok).toBe(true)
    expect(sim.rates(bot)).toEqual({ perBot: 3, perChat: 3, violations: 3 })
    expect(sim.received(bot)).toHaveLength(5)
  })
  it('put back chats of an earlier run: on the screen, known to the bot, numbered on', async () => {
    office = await openOffice()
    const { sim, bot, call } = office
    const person = sim.addPerson(NEGAR)
    sim.restoreChat(bot, person, [
      { messageId: 1, by: 'person', at: 1_700_000_000_000, text: 'سلام' },
      { messageId: 4, by: 'bot', at: 1_700_000_060_000, text: 'بفرمایید', replyTo: 1 },
      { messageId: 5, by: 'person', at: 1_700_000_090_000, text: 'رسید', media: { kind: 'photo', data: receipt() } },
    ])
    expect(sim.pending(bot)).toBe(0)
    expect(person.inbox(bot)).toMatchObject([
      { messageId: 1, mine: true, text: 'سلام', date: 1_700_000_000 },
      { messageId: 4, mine: false, text: 'بفرمایید', replyTo: 1 },
      { messageId: 5, mine: true, kind: 'photo', caption: 'رسید' },
    ])
    // The chat is open: the bot may write although nobody pressed start in this run.
    expect(await call('sendMessage', { chat_id: person.id, text: 'x' })).toMatchObject({ ok: true })
    expect(person.send(bot, 'باز هم').messageId).toBe(7)
  })
})

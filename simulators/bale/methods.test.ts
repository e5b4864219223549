import http from 'node:http'
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { BalePerson } from './person.ts'
import { avatar, imageSize, invoicePdf, plainPng, receipt, voiceWav } from './samples.ts'
import { type Envelope, type Office, openOffice, TOKEN } from './testing.ts'
import type { WireFile, WireMessage, WireUpdate } from './wire.ts'

let office: Office
let person: BalePerson
beforeEach(async () => {
  office = await openOffice()
  person = office.sim.addPerson({ id: 1418273645, firstName: 'نگار', phone: '989121110022', photo: avatar(1) })
  person.start(office.bot)
})
afterEach(() => office.sim.close())

const call: Office['call'] = (method, parameters, bot) =>
  office.call(method, { chat_id: person.id, ...parameters }, bot)
const inbox = () => person.inbox(office.bot)
const refusal = async (method: string, parameters: object) => {
  const { ok, status, description } = await call(method, parameters)
  expect(ok).toBe(false)
  return `${status} ${description}`
}

async function upload(
  method: string,
  field: string,
  data: Buffer,
  extra: Record<string, string> = {},
  name = 'file.bin',
) {
  const form = new FormData()
  form.set('chat_id', String(person.id))
  for (const [key, value] of Object.entries(extra)) form.set(key, value)
  form.set(field, new Blob([Uint8Array.from(data)], { type: 'application/pdf' }), name)
  const response = await fetch(`${office.sim.url}/bot${TOKEN}/${method}`, { method: 'POST', body: form })
  const envelope: Envelope = JSON.parse(await response.text())
  return envelope
}

describe('text', () => {
  it('has 1 to 4096 characters', async () => {
    expect((await call('sendMessage', { text: 'آ'.repeat(4096) })).result.text).toHaveLength(4096)
    expect(await refusal('sendMessage', { text: 'آ'.repeat(4097) })).toBe('400 Bad Request: message is too long')
    expect(await refusal('sendMessage', { text: ' \n' })).toBe('400 Bad Request: message text is empty')
    expect(inbox()).toHaveLength(2)
  })

  it('answers a message, which is not nested further', async () => {
    const first = await call('sendMessage', { text: 'یک', reply_to_message_id: 1 })
    expect(first.result.reply_to_message).toMatchObject({ message_id: 1, text: '/start' })
    const second = await call('sendMessage', { text: 'دو', reply_to_message_id: first.result.message_id })
    expect(second.result.reply_to_message).toMatchObject({ text: 'یک' })
    expect(second.result.reply_to_message?.reply_to_message).toBeUndefined()
    expect(await refusal('sendMessage', { text: 'x', reply_to_message_id: 99 })).toContain('replied not found')
  })

  it('numbers messages per chat', async () => {
    const other = office.sim.addPerson({ firstName: 'علی' })
    other.start(office.bot)
    expect((await call('sendMessage', { text: 'x' })).result.message_id).toBe(2)
    expect((await call('sendMessage', { text: 'x', chat_id: other.id })).result.message_id).toBe(2)
  })

  it('contact, location', async () => {
    await call('sendContact', { phone_number: '982188880000', first_name: 'دفتر' })
    await call('sendLocation', { latitude: 35.5, longitude: 51.25, horizontal_accuracy: 10 })
    expect(inbox()[1]?.contact).toEqual({ phone_number: '982188880000', first_name: 'دفتر' })
    expect(inbox()[2]?.location).toEqual({ latitude: 35.5, longitude: 51.25, horizontal_accuracy: 10 })
    expect(await refusal('sendLocation', { latitude: 91, longitude: 0 })).toContain('latitude')
    expect(await refusal('sendContact', { phone_number: '98' })).toContain('first_name')
  })
})

const send = (reply_markup: unknown) => refusal('sendMessage', { text: 'x', reply_markup })
const firstButton = () => inbox()[1]?.buttons[0]?.[0]

describe('keyboards', () => {
  it('are checked before anything is sent', async () => {
    const inline = (button: object) => send({ inline_keyboard: [[button]] })
    expect(await inline({ text: 'x', callback_data: 'آ'.repeat(33) })).toBe('400 Bad Request: BUTTON_DATA_INVALID')
    expect(await inline({ text: 'x', callback_data: '' })).toContain('BUTTON_DATA_INVALID')
    expect(await inline({ text: 'x' })).toContain('exactly one action')
    expect(await inline({ text: 'x', url: 'https://a.example', callback_data: 'a' })).toContain('exactly one action')
    expect(await inline({ text: '' })).toContain('text must be non-empty')
    expect(await send({ inline_keyboard: [{}] })).toContain('array of arrays')
    expect(await send({ keyboard: [[{ text: 'x', request_contact: true, request_location: true }]] })).toContain(
      'at most one',
    )
    expect(await send('not json')).toContain("can't parse reply_markup")
    expect(await send({ force_reply: true })).toContain("can't parse")
    expect(inbox()).toHaveLength(1)
    const longest = { inline_keyboard: [[{ text: 'x', callback_data: 'آ'.repeat(32) }]] }
    expect((await call('sendMessage', { text: 'x', reply_markup: longest })).ok).toBe(true)
  })

  it('ask for the number once and are removed', async () => {
    const keyboard = [[{ text: 'ارسال شماره من', request_contact: true }], [{ text: 'سلام' }]]
    await call('sendMessage', { text: 'x', reply_markup: { keyboard, resize_keyboard: true, one_time_keyboard: true } })
    expect(person.keyboard(office.bot)).toEqual(keyboard)
    const { update } = person.pressKey(office.bot, 'ارسال شماره من')
    expect(update.message?.contact).toEqual({ phone_number: '989121110022', first_name: 'نگار', user_id: person.id })
    expect(person.keyboard(office.bot)).toBeUndefined()
    await call('sendMessage', { text: 'x', reply_markup: { keyboard } })
    expect(person.pressKey(office.bot, 'سلام').update.message?.text).toBe('سلام')
    expect(person.keyboard(office.bot)).toEqual(keyboard)
    await call('sendMessage', { text: 'x', reply_markup: { remove_keyboard: true } })
    expect(person.keyboard(office.bot)).toBeUndefined()
  })

  it('spin until the callback is answered', async () => {
    const reply_markup = { inline_keyboard: [[{ text: '۵', callback_data: 'csat:5' }]] }
    await call('sendMessage', { text: 'راضی بودید؟', reply_markup })
    const pressed = firstButton()
    if (!pressed) throw new Error('There is no button')
    const press = person.press(pressed)
    expect([press.answered, firstButton()?.spinning]).toEqual([false, true])
    expect(await refusal('answerCallbackQuery', { callback_query_id: 'none' })).toContain('query is too old')
    const other = office.sim.addBot({ username: 'other_bot', name: 'دیگر' })
    const foreign = await call('answerCallbackQuery', { callback_query_id: press.id }, other)
    expect(foreign.ok).toBe(false)
    const answer = await call<boolean>('answerCallbackQuery', {
      callback_query_id: press.id,
      text: 'سپاس',
      show_alert: true,
    })
    expect(answer.result).toBe(true)
    expect([press.answered, firstButton()?.spinning]).toEqual([true, false])
    expect(press.answer).toEqual({ text: 'سپاس', showAlert: true })
  })

  it('give old clients ids that begin with 1', async () => {
    const old = office.sim.addPerson({ firstName: 'قدیمی', oldClient: true })
    old.start(office.bot)
    const reply_markup = { inline_keyboard: [[{ text: 'x', callback_data: 'x' }]] }
    await call('sendMessage', { chat_id: old.id, text: 'x', reply_markup })
    const button = old.inbox(office.bot)[1]?.buttons[0]?.[0]
    if (!button) throw new Error('There is no button')
    expect(old.press(button).id).toMatch(/^1/)
  })
})

describe('media', () => {
  it.each(['photo', 'document', 'video', 'voice', 'audio', 'animation'] as const)(
    '%s by upload, then by file_id',
    async (kind) => {
      const method = `send${kind}`
      const data = kind === 'photo' ? receipt() : Buffer.from(`a ${kind}`)
      const sent = await upload(method, kind, data, { caption: 'شرح' }, 'پرونده.pdf')
      expect(sent.ok).toBe(true)
      const field = sent.result[kind]
      const file: WireFile | undefined = Array.isArray(field) ? field.at(-1) : field
      expect(sent.result.caption).toBe('شرح')
      expect(file?.file_size).toBe(data.length)
      const again = await call(method, { [kind]: file?.file_id })
      expect(again.ok).toBe(true)
      expect(inbox()[1]?.file?.data).toEqual(data)
      expect(inbox()[2]?.file?.uniqueId).toBe(file?.file_unique_id)
      if (kind === 'document') expect(file?.file_name).toBe('پرونده.pdf')
    },
  )

  it('photos come in sizes, the largest last and whole', async () => {
    const picture = plainPng(400, 300, [200, 30, 30])
    const { result } = await upload('sendPhoto', 'photo', picture)
    expect(result.photo?.map(({ width, height }) => [width, height])).toEqual([
      [90, 90],
      [400, 300],
    ])
    expect(result.photo?.[1]?.file_size).toBe(picture.length)
  })

  it('keep the size limits and the caption limit', async () => {
    const tooBig = 'Bad Request: file is too big'
    expect((await upload('sendPhoto', 'photo', Buffer.alloc(10 * 1024 * 1024 + 1, 1))).description).toBe(tooBig)
    expect((await upload('sendDocument', 'document', Buffer.alloc(10 * 1024 * 1024 + 1, 1))).ok).toBe(true)
    expect((await upload('sendDocument', 'document', Buffer.alloc(50 * 1024 * 1024 + 1, 1))).description).toBe(tooBig)
    expect((await upload('sendDocument', 'document', Buffer.alloc(0))).description).toBe(
      'Bad Request: file must be non-empty',
    )
    const caption = (length: number) => upload('sendPhoto', 'photo', receipt(), { caption: 'ش'.repeat(length) })
    expect((await caption(1025)).description).toBe('Bad Request: message caption is too long')
    expect((await caption(1024)).ok).toBe(true)
    expect(await refusal('sendPhoto', {})).toContain('there is no photo')
  })

  it('file ids belong to one bot', async () => {
    const { result } = await upload('sendDocument', 'document', Buffer.from('x'))
    const other = office.sim.addBot({ username: 'other_bot', name: 'دیگر' })
    person.start(other)
    const foreign = await call('sendDocument', { document: result.document?.file_id }, other)
    expect(foreign.description).toBe('Bad Request: wrong file identifier/HTTP URL specified')
    expect((await call('getFile', { file_id: result.document?.file_id }, other)).ok).toBe(false)
  })

  it('are fetched from an address, up to 5 and 20 MB', async () => {
    const server = http.createServer((request, response) => {
      const size = Number(request.url?.slice(1).split('.')[0])
      if (!size) return void response.writeHead(404).end()
      response.writeHead(200, { 'content-type': 'image/png' }).end(Buffer.alloc(size, 7))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
    const mb = 1024 * 1024
    const sent = await call('sendDocument', { document: `${base}/${5 * mb + 1}.png` })
    expect(sent.result.document).toMatchObject({
      file_size: 5 * mb + 1,
      mime_type: 'image/png',
      file_name: `${5 * mb + 1}.png`,
    })
    expect(await refusal('sendPhoto', { photo: `${base}/${5 * mb + 1}.png` })).toContain('file is too big')
    expect(await refusal('sendVideo', { video: `${base}/${20 * mb + 1}.png` })).toContain('file is too big')
    expect(await refusal('sendPhoto', { photo: `${base}/none` })).toContain('failed to get HTTP URL content')
    server.closeAllConnections()
    server.close()
  })

  it('go out as an album', async () => {
    const form = new FormData()
    form.set('chat_id', String(person.id))
    form.set('one', new Blob([Uint8Array.from(receipt())], { type: 'image/png' }), 'one.png')
    const media = [
      { type: 'photo', media: 'attach://one', caption: 'یک' },
      {
        type: 'document',
        media: (await upload('sendDocument', 'document', Buffer.from('x'))).result.document?.file_id,
      },
    ]
    form.set('media', JSON.stringify(media))
    const response = await fetch(`${office.sim.url}/bot${TOKEN}/sendMediaGroup`, { method: 'POST', body: form })
    const { result }: Envelope<WireMessage[]> = JSON.parse(await response.text())
    expect(result.map(({ caption, media_group_id }) => [caption, media_group_id])).toEqual([
      ['یک', expect.stringMatching(/^\d+$/)],
      [undefined, result[0]?.media_group_id],
    ])
    const before = inbox().length
    expect(await refusal('sendMediaGroup', { media: [{ type: 'photo', media: 'attach://none' }] })).toContain(
      'wrong file',
    )
    expect(await refusal('sendMediaGroup', { media: [] })).toContain("can't parse media")
    expect(await refusal('sendMediaGroup', { media: Array(11).fill(media[1]) })).toContain('too many')
    expect(inbox()).toHaveLength(before)
  })
})

async function download(path: string, token = TOKEN) {
  const response = await fetch(`${office.sim.url}/file/bot${token}/${path}`)
  return { status: response.status, data: Buffer.from(await response.arrayBuffer()) }
}

describe('files', () => {
  it('a received file is downloaded by the path of getFile, for one hour', async () => {
    const data = voiceWav(1)
    const { update } = person.sendVoice(office.bot, { data, mimeType: 'audio/wav', duration: 1 })
    const file_id = update.message?.voice?.file_id ?? ''
    const { result } = await call<{ file_path: string }>('getFile', { file_id })
    expect(result).toEqual({
      file_id,
      file_unique_id: update.message?.voice?.file_unique_id,
      file_size: data.length,
      file_path: expect.stringMatching(/^files\/[0-9a-f]{24}\.wav$/),
    })
    expect(await download(result.file_path)).toEqual({ status: 200, data })
    expect((await download(result.file_path, 'wrong')).status).toBe(401)
    expect((await download(file_id)).status).toBe(404)
    expect((await download('../../etc/passwd')).status).toBe(404)
    office.clock.now += 60 * 60 * 1000 - 1
    expect((await download(result.file_path)).status).toBe(200)
    office.clock.now += 1
    expect((await download(result.file_path)).status).toBe(404)
    const fresh = await call<{ file_path: string }>('getFile', { file_id })
    expect((await download(fresh.result.file_path)).status).toBe(200)
    expect(await refusal('getFile', { file_id: 'none' })).toContain('invalid file_id')
  })

  it('the profile picture comes by getChat and getFile', async () => {
    const { result } = await call<{ photo: { big_file_id: string; big_file_unique_id: string } }>('getChat')
    expect(result).toEqual({
      id: person.id,
      type: 'private',
      first_name: 'نگار',
      photo: {
        small_file_id: expect.any(String),
        small_file_unique_id: expect.any(String),
        big_file_id: expect.any(String),
        big_file_unique_id: expect.any(String),
      },
    })
    const file = await call<{ file_path: string }>('getFile', { file_id: result.photo.big_file_id })
    expect((await download(file.result.file_path)).data).toEqual(avatar(1))
    const plain = office.sim.addPerson({ firstName: 'علی', bio: 'مشتری' })
    plain.start(office.bot)
    const without = await call('getChat', { chat_id: plain.id })
    expect(without.result).toEqual({ id: plain.id, type: 'private', first_name: 'علی', bio: 'مشتری' })
  })
})

describe('messages that exist', () => {
  it('are edited and deleted by their own bot only', async () => {
    const { result } = await call('sendMessage', { text: 'یک' })
    office.clock.now += 1000
    const edited = await call('editMessageText', { message_id: result.message_id, text: 'دو' })
    expect(edited.result).toMatchObject({ text: 'دو', edit_date: office.clock.now / 1000 })
    expect(inbox()[1]).toMatchObject({ text: 'دو', edited: true })
    const photo = await upload('sendPhoto', 'photo', receipt(), { caption: 'پیش' })
    await call('editMessageCaption', { message_id: photo.result.message_id, caption: 'پس' })
    expect(inbox()[2]?.caption).toBe('پس')
    const reply_markup = { inline_keyboard: [[{ text: 'x', url: 'https://a.example' }]] }
    await call('editMessageReplyMarkup', { message_id: result.message_id, reply_markup })
    expect(inbox()[1]?.buttons[0]?.[0]?.url).toBe('https://a.example')
    expect(await refusal('editMessageText', { message_id: 1, text: 'x' })).toContain("can't be edited")
    expect(await refusal('editMessageText', { message_id: 99, text: 'x' })).toContain('message to edit not found')
    expect(await refusal('editMessageText', { message_id: photo.result.message_id, text: 'x' })).toContain('no text')
    expect(await refusal('deleteMessage', { message_id: 1 })).toContain("can't be deleted")
    expect((await call<boolean>('deleteMessage', { message_id: result.message_id })).result).toBe(true)
    expect(inbox().map(({ messageId }) => messageId)).toEqual([1, photo.result.message_id])
    expect(await refusal('deleteMessage', { message_id: result.message_id })).toContain('message to delete not found')
  })

  it('are forwarded with their sender and copied without', async () => {
    const { messageId } = person.send(office.bot, 'سلام')
    const forwarded = await call('forwardMessage', { from_chat_id: person.id, message_id: messageId })
    expect(forwarded.result).toMatchObject({ text: 'سلام', forward_from: { id: person.id } })
    const copied = await call('copyMessage', { from_chat_id: person.id, message_id: messageId })
    expect(copied.result).toMatchObject({ text: 'سلام' })
    expect(copied.result.forward_from).toBeUndefined()
    expect(await refusal('copyMessage', { from_chat_id: person.id, message_id: 99 })).toContain('not found')
    expect(await refusal('copyMessage', { from_chat_id: 4, message_id: 1 })).toContain('404')
  })

  it('typing is shown for six seconds, a review is asked for', async () => {
    expect((await call<boolean>('sendChatAction', { action: 'typing' })).result).toBe(true)
    expect(person.chat(office.bot).action).toEqual({ name: 'typing', until: office.clock.now + 6000 })
    expect(await refusal('sendChatAction', { action: 'dancing' })).toContain('action')
    expect((await call<boolean>('askReview', { user_id: person.id, delay_seconds: 5 })).result).toBe(true)
    expect(person.chat(office.bot).review?.showAt).toBe(office.clock.now + 5000)
    expect(await refusal('askReview', { user_id: person.id })).toContain('delay_seconds')
  })

  it('waiting for a message ends when it comes, and says what was missing when it does not', async () => {
    const waiting = person.waitFor(office.bot, ({ text }) => text === 'بله')
    await call('sendMessage', { text: 'بله' })
    expect((await waiting).messageId).toBe(2)
    await expect(person.waitFor(office.bot, ({ text }) => text === 'نه', { timeoutMs: 20 })).rejects.toThrow(
      "Waited 20 ms in vain for a message from daftar_bot on نگار's phone",
    )
  })
})

describe('samples', () => {
  it('are what they say they are', () => {
    expect(imageSize(receipt())?.width).toBeGreaterThan(300)
    for (const number of [1, 2, 3, 4, 5, 6]) expect(imageSize(avatar(number))).toEqual({ width: 256, height: 256 })
    expect(avatar(7)).toEqual(avatar(1))
    expect(new Set([1, 2, 3, 4, 5, 6].map((n) => createHash('sha1').update(avatar(n)).digest('hex'))).size).toBe(6)
    expect(invoicePdf().subarray(0, 5).toString()).toBe('%PDF-')
    const wav = voiceWav(2)
    expect([wav.length, wav.subarray(0, 4).toString()]).toEqual([44 + 2 * 8000 * 2, 'RIFF'])
    const jpeg = Buffer.from('ffd8ffe000044a46ffc0000b08012c019001011100ffd9', 'hex')
    expect(imageSize(jpeg)).toEqual({ width: 400, height: 300 })
    expect(imageSize(Buffer.from('no picture at all, just some text'))).toBeUndefined()
  })
})

it('forwards what a person forwards', () => {
  const { update } = person.send(office.bot, 'x', { forwardedFrom: { id: 3, is_bot: false, first_name: 'علی' } })
  const expected: Partial<WireUpdate['message']> = { forward_date: office.clock.now / 1000, text: 'x' }
  expect(update.message).toMatchObject({ ...expected, forward_from: { id: 3 } })
})

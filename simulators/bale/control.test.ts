import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { isRecord } from './parameters.ts'
import { receipt } from './samples.ts'
import { type Office, openOffice, TOKEN } from './testing.ts'

let office: Office
beforeEach(async () => {
  office = await openOffice()
})
afterEach(() => office.sim.close())

async function ask(path: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${office.sim.url}/_sim/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const value: unknown = JSON.parse(await response.text())
  if (!isRecord(value)) throw new Error('The answer is no object')
  return { status: response.status, value }
}

async function makePerson() {
  const { value } = await ask('people', { firstName: 'نگار', phone: '989121110022', avatar: 2 })
  return Number(value.id)
}

const act = (id: number, action: string, fields: object = {}) =>
  ask(`people/${id}/act`, { action, bot: office.bot.id, ...fields })

describe('control over HTTP', () => {
  it('makes bots and people and plays them', async () => {
    const made = await ask('bots', { username: '@second_bot', name: 'دوم' })
    expect(made).toMatchObject({
      status: 201,
      value: { username: 'second_bot', token: expect.stringMatching(/^\d+:.{20}/) },
    })
    expect((await ask('bots', { username: 'second_bot', name: 'دوم' })).status).toBe(400)
    expect((await ask('bots', { username: 'نام', name: 'دوم' })).status).toBe(400)
    const id = await makePerson()
    expect((await act(id, 'start', { payload: 'lnk_1' })).value).toEqual({ messageId: 1, updateId: 1 })
    expect((await act(id, 'send', { text: 'سلام' })).value).toEqual({ messageId: 2, updateId: 2 })
    expect((await act(id, 'edit', { messageId: 2, text: 'درود' })).value).toEqual({ messageId: 2, updateId: 3 })
    await act(id, 'shareOwnContact')
    await act(id, 'shareContactOf', { phone: '98935', firstName: 'علی' })
    await act(id, 'location', { latitude: 1, longitude: 2 })
    const [start, , edited, own, other, place] = office.sim.updates(office.bot)
    expect(start?.message?.text).toBe('/start lnk_1')
    expect(edited?.edited_message?.text).toBe('درود')
    expect(own?.message?.contact?.user_id).toBe(id)
    expect(other?.message?.contact).toEqual({ phone_number: '98935', first_name: 'علی' })
    expect(place?.message?.location).toEqual({ latitude: 1, longitude: 2 })
    const { value } = await ask('state')
    expect(value).toMatchObject({
      network: 'good',
      people: [{ id, firstName: 'نگار', photoUrl: `/_sim/people/${id}/photo` }],
    })
    expect(JSON.stringify(value)).not.toContain(TOKEN)
  })

  it('sends an uploaded file and shows the inbox with buttons', async () => {
    const id = await makePerson()
    const query = new URLSearchParams({ bot: 'daftar_bot', kind: 'photo', name: 'رسید.png', caption: 'شرح' })
    const upload = await fetch(`${office.sim.url}/_sim/people/${id}/upload?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: Uint8Array.from(receipt()),
    })
    expect(upload.status).toBe(200)
    const reply_markup = { inline_keyboard: [[{ text: 'بله', callback_data: 'yes' }]] }
    await office.call('sendMessage', { chat_id: id, text: 'خوب؟', reply_markup })
    expect((await act(id, 'press', { messageId: 2, data: 'yes' })).status).toBe(200)
    const { value } = await ask(`people/${id}/inbox?bot=${office.bot.id}`)
    expect(value).toMatchObject({
      opened: true,
      blocked: false,
      messages: [
        { mine: true, kind: 'photo', caption: 'شرح', file: { mimeType: 'image/png', size: receipt().length } },
        { mine: false, text: 'خوب؟', buttons: [[{ text: 'بله', callback_data: 'yes', spinning: true }]] },
      ],
    })
    const url = /"url":"(\/_sim\/files\/[0-9a-f]+)"/.exec(JSON.stringify(value))?.[1]
    expect(Buffer.from(await (await fetch(office.sim.url + url)).arrayBuffer())).toEqual(receipt())
  })

  it('the inbox waits for something newer', async () => {
    const id = await makePerson()
    await act(id, 'start')
    const { value } = await ask(`people/${id}/inbox?bot=${office.bot.id}`)
    const waiting = ask(`people/${id}/inbox?bot=${office.bot.id}&since=${value.version}&wait=20`)
    await office.call('sendMessage', { chat_id: id, text: 'سلام' })
    expect((await waiting).value).toMatchObject({ messages: [{}, { text: 'سلام' }] })
  })

  it('says in words what a person cannot do', async () => {
    const id = await makePerson()
    await act(id, 'block')
    expect(await act(id, 'send', { text: 'x' })).toEqual({
      status: 409,
      value: { error: 'نگار has blocked daftar_bot and cannot write to it' },
    })
    await act(id, 'unblock')
    expect((await act(id, 'send', { text: 'x' })).status).toBe(200)
    expect((await act(id, 'pressKey', { text: 'none' })).status).toBe(409)
    expect((await act(id, 'dance')).status).toBe(400)
    expect((await act(id, 'send', { text: 5 })).status).toBe(400)
    expect((await act(5, 'send', { text: 'x' })).status).toBe(404)
    expect((await ask(`people/${id}/act`, { action: 'start', bot: 'none' })).status).toBe(404)
  })

  it('orders faults, all of an order or nothing of it', async () => {
    const id = await makePerson()
    await act(id, 'start')
    const send = async () => (await office.call('sendMessage', { chat_id: id, text: 'x' })).status
    const half = {
      next: [
        { method: 'sendMessage', fault: { status: 500 } },
        { method: 'getMe', fault: { cut: 'sideways' } },
      ],
    }
    expect((await ask('faults', half)).status).toBe(400)
    expect(await send()).toBe(200)
    expect((await ask('faults', { next: [{ method: 'sendMessage', fault: { status: 500 }, times: 2 }] })).status).toBe(
      200,
    )
    expect([await send(), await send(), await send()]).toEqual([500, 500, 200])
    expect((await ask('faults', { network: 'limited' })).value).toEqual({ network: 'limited' })
    expect(await send()).toBe(429)
    expect((await ask('faults', { clear: true })).value).toEqual({ network: 'good' })
    expect(await send()).toBe(200)
    expect((await ask('statistics')).value).toMatchObject({
      faults: { 'sendmessage status-500': 2, 'sendmessage status-429': 1 },
      bots: [{ username: 'daftar_bot', updates: 1, pending: 1, received: 3 }],
    })
  })

  it('does not obey pages of other addresses', async () => {
    const foreign = await ask('people', { firstName: 'x' }, { origin: 'https://evil.example' })
    expect(foreign.status).toBe(403)
    expect(office.sim.people()).toEqual([])
    expect((await ask('people', { firstName: 'x' }, { origin: office.sim.url })).status).toBe(201)
  })
})

async function get(path: string) {
  const response = await fetch(`${office.sim.url}/_sim/${path}`)
  return { status: response.status, type: response.headers.get('content-type'), response }
}

describe('the phone page', () => {
  it('is served whole, with a policy that lets nothing in from outside', async () => {
    const page = await get('phone')
    expect([page.status, page.type]).toEqual([200, 'text/html; charset=utf-8'])
    expect(page.response.headers.get('content-security-policy')).toContain("default-src 'self'")
    const parts = readdirSync(new URL('./', import.meta.url)).filter((name) => /^phone.*\.(js|css)$/.test(name))
    expect(parts.length).toBeGreaterThan(5)
    for (const part of parts) expect((await get(part)).status).toBe(200)
    for (const name of ['receipt.png', 'invoice.pdf', 'voice.wav'])
      expect((await get(`samples/${name}`)).status).toBe(200)
    expect((await get('avatars/3')).type).toBe('image/png')
    for (const path of ['server.ts', 'phone.html', '../package.json', 'samples/x', 'avatars', '']) {
      expect([path, (await get(path)).status === 200]).toEqual([path, path === 'avatars'])
    }
  })

  it('names nothing outside and lays out with logical properties only', () => {
    const folder = new URL('./', import.meta.url)
    for (const name of readdirSync(folder).filter((file) => /^phone.*\.(js|css|html)$/.test(file))) {
      const source = readFileSync(new URL(name, folder), 'utf8')
      expect([name, source.match(/(?:src|href|url\()=?["'(]?https?:/g)]).toEqual([name, null])
      if (!name.endsWith('.css')) continue
      const physical =
        /(?:^|[\s;{])(?:(?:margin|padding|border)-(?:left|right|top|bottom)|left|right|top|bottom|(?:min-|max-)?(?:width|height))\s*:/gm
      expect(source.replaceAll(/@media \([^)]*\)/g, '').match(physical)).toBeNull()
    }
  })
})

describe('multipart', () => {
  it('brings any bytes and names through', async () => {
    const id = await makePerson()
    await act(id, 'start')
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        fc
          .string({ minLength: 1, maxLength: 30, unit: 'grapheme' })
          .filter((text) => text.trim() !== '' && !/[\r\n]/.test(text)),
        async (bytes, caption) => {
          const form = new FormData()
          form.set('chat_id', String(id))
          form.set('caption', caption)
          form.set('document', new Blob([Uint8Array.from(bytes)]), 'نامه.bin')
          const url = `${office.sim.url}/bot${TOKEN}/sendDocument`
          await fetch(url, { method: 'POST', body: form })
          const last = office.sim.person(id)?.inbox(office.bot).at(-1)
          expect(last?.file?.data).toEqual(Buffer.from(bytes))
          expect([last?.caption, last?.file?.name]).toEqual([caption, 'نامه.bin'])
        },
      ),
      { numRuns: 60 },
    )
  })
})

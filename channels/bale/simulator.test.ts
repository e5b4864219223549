/** The kind against the simulated Bale, both ways. What goes over the wire is pinned apart from it, in send.test.ts. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type BalePerson, type BaleSimulator, createBaleSimulator, type SimBot } from '#simulators/bale/server.ts'
import { ChannelError, type Ctx, type Inbound, type Outbound } from '../contract.ts'
import { receivedFaults } from '../contract-rules.ts'
import { testCtx } from '../testing.ts'
import { kinds } from './index.ts'

const [bale] = kinds
if (!bale?.poll || !bale.fetchFile || !bale.profile || !bale.acknowledge || !bale.setup) throw new Error('no kind')
const { poll, fetchFile, profile, acknowledge, setup } = bale
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

let simulator: BaleSimulator
let bot: SimBot
let negar: BalePerson
let ctx: Ctx
let cursor: unknown
let nth = 0
beforeAll(async () => {
  simulator = await createBaleSimulator({ limits: {} })
})
afterAll(() => simulator.close())
beforeEach(() => {
  simulator.faults.clear()
  nth += 1
  bot = simulator.addBot({ username: `aftab_${nth}_bot`, name: 'پشتیبانی آفتاب' })
  negar = simulator.addPerson({
    firstName: 'نگار',
    lastName: 'صالحی',
    username: `negar_${nth}`,
    phone: '989121110022',
    photo: PNG,
  })
  ctx = testCtx(bale, { token: bot.token, baseUrl: simulator.url })
  cursor = null
})

/** One round, its items checked against the contract. */
async function round(): Promise<Inbound[]> {
  const found = await poll(cursor, ctx)
  cursor = found.cursor
  return found.events
    .flatMap((body) => bale?.unpack(body) ?? [])
    .flatMap(({ event }) => {
      const received = bale?.receive(event, ctx) ?? { items: [] }
      expect(receivedFaults(received, new Date())).toEqual([])
      return received.items
    })
}
const out = (text: string, more: Partial<Outbound> = {}): Outbound => ({
  id: 'm',
  threadKey: String(negar.id),
  text,
  attachments: [],
  ...more,
})
const file = (
  kind: Outbound['attachments'][number]['kind'],
  bytes: Uint8Array,
  mediaType: string,
): Outbound['attachments'][number] => ({
  kind,
  name: 'پرونده',
  mediaType,
  size: bytes.length,
  bytes: async () => bytes,
})

describe('in', () => {
  test('everything a person can send arrives, in order and once', async () => {
    negar.start(bot, 'lnk_1')
    negar.send(bot, 'سلام')
    negar.sendPhoto(bot, { data: PNG, caption: 'این' })
    negar.sendDocument(bot, { data: Buffer.from('%PDF-1.4'), name: 'رسید.pdf', mimeType: 'application/pdf' })
    negar.sendVoice(bot, { data: Buffer.from('OggS'), duration: 3 })
    negar.sendVoice(bot, { data: Buffer.from('OggS'), as: 'document' })
    negar.sendVoice(bot, { data: Buffer.from('OggS'), as: 'both' })
    negar.sendVideo(bot, { data: Buffer.from('vid'), mimeType: 'video/mp4' })
    negar.sendAudio(bot, { data: Buffer.from('aud'), name: 'a.mp3' })
    negar.sendAnimation(bot, { data: Buffer.from('ani') })
    negar.sendLocation(bot, { latitude: 35.7, longitude: 51.4 })
    negar.shareOwnContact(bot)
    negar.shareContactOf(bot, { phone: '989350001122', firstName: 'بابک' })
    const items = await round()
    const messages = items.filter((item) => item.type === 'message')
    expect(messages.map((item) => item.kind)).toEqual([
      'start',
      'text',
      'photo',
      'document',
      'voice',
      'voice',
      'voice',
      'video',
      'audio',
      'animation',
      'location',
      'contact',
      'contact',
    ])
    expect(messages[0]).toMatchObject({
      startPayload: 'lnk_1',
      threadKey: String(negar.id),
      sender: { name: 'نگار صالحی' },
    })
    expect(items.filter((item) => item.type === 'number')).toMatchObject([
      { phone: '989121110022', own: true },
      { phone: '989350001122', own: false },
    ])
    expect(new Set(messages.map((item) => item.providerKey)).size).toBe(13)
    const ticks = messages.map((item) => item.tick ?? 0)
    expect(ticks).toEqual([...ticks].sort((a, b) => a - b))
  })

  test('what is not confirmed comes again, and what is does not', async () => {
    negar.start(bot)
    const before = cursor
    expect(await round()).toHaveLength(1)
    expect(simulator.pending(bot)).toBe(1)
    const after = cursor
    cursor = before
    expect(await round()).toHaveLength(1)
    cursor = after
    negar.send(bot, 'دوم')
    expect(await round()).toMatchObject([{ text: 'دوم' }])
    expect(simulator.acknowledged(bot).size).toBe(1)
  })

  test('an edit names the message it changes', async () => {
    const sent = negar.start(bot)
    negar.edit(negar.send(bot, 'سفارش ۱'), 'سفارش ۲')
    const items = await round()
    expect(items.at(-1)).toMatchObject({
      type: 'edit',
      text: 'سفارش ۲',
      providerKey: `${negar.id}:${sent.messageId + 1}`,
    })
  })

  test('a file is fetched, also when its path has just expired', async () => {
    negar.start(bot)
    negar.sendDocument(bot, { data: Buffer.from('%PDF-1.4'), name: 'رسید.pdf', mimeType: 'application/pdf' })
    const message = (await round()).find((item) => item.type === 'message' && item.kind === 'document')
    const remote = message?.type === 'message' ? message.attachments?.[0]?.remote : undefined
    simulator.faults.next('file', { status: 404, description: 'file not found' })
    expect(Buffer.from((await fetchFile(remote, 1000, ctx)).bytes).toString()).toBe('%PDF-1.4')
    await expect(fetchFile({ fileId: 'no such file' }, 1000, ctx)).rejects.toMatchObject({
      outcome: 'refused',
      code: 'file_gone',
    })
    await expect(fetchFile(remote, 3, ctx)).rejects.toMatchObject({ outcome: 'refused', code: 'too_large' })
  })

  test('name and picture', async () => {
    negar.start(bot)
    const found = await profile(String(negar.id), ctx)
    expect(found).toMatchObject({ name: 'نگار صالحی', display: `@negar_${nth}` })
    expect(Buffer.from(found.picture?.bytes ?? []).equals(PNG)).toBe(true)
  })
})

describe('out', () => {
  test('a text, an answer, files and the number button reach the phone', async () => {
    const asked = negar.start(bot)
    const sent = await bale.send(
      out('سلام *نگار*', { replyToKey: `${negar.id}:${asked.messageId}`, askNumber: 'ارسال شماره من' }),
      ctx,
    )
    await bale.send(out('عکس', { attachments: [file('photo', PNG, 'image/png')] }), ctx)
    for (const kind of ['document', 'voice', 'audio', 'video', 'animation'] as const) {
      await bale.send(
        out('', { attachments: [file(kind, new Uint8Array([1, 2, 3]), 'application/octet-stream')] }),
        ctx,
      )
    }
    const inbox = negar.inbox(bot).filter((message) => !message.mine)
    expect(inbox.map((message) => message.kind)).toEqual([
      'text',
      'photo',
      'document',
      'voice',
      'audio',
      'video',
      'animation',
    ])
    expect(inbox[0]).toMatchObject({ replyTo: asked.messageId, text: 'سلام \u2060*\u2060نگار\u2060*\u2060' })
    expect(sent.providerKey).toBe(`${negar.id}:${inbox[0]?.messageId}`)
    expect(inbox[1]).toMatchObject({ caption: 'عکس' })
    expect(negar.keyboard(bot)).toEqual([[{ text: 'ارسال شماره من', request_contact: true }]])
    expect(simulator.received(bot)).toHaveLength(7)
  })

  test('a pressed button comes back, and stops spinning', async () => {
    negar.start(bot)
    await bale.send(out('راضی بودید؟', { buttons: [[{ label: 'عالی', value: 'csat:5' }]] }), ctx)
    const message = negar.inbox(bot).at(-1)
    const button = message?.buttons[0]?.[0]
    if (!message || !button) throw new Error('no button')
    const press = negar.press(button)
    const item = (await round()).at(-1)
    expect(item).toMatchObject({
      type: 'press',
      value: 'csat:5',
      onKey: `${negar.id}:${message.messageId}`,
    })
    if (item) await acknowledge(item, ctx)
    expect(press.answered).toBe(true)
  })

  test('to somebody who never started, or blocked the bot, or does not exist', async () => {
    await expect(bale.send(out('x'), ctx)).rejects.toMatchObject({ outcome: 'unreachable', code: 'blocked' })
    negar.start(bot)
    negar.block(bot)
    await expect(bale.send(out('x'), ctx)).rejects.toMatchObject({ outcome: 'unreachable', code: 'blocked' })
    await expect(bale.send(out('x', { threadKey: '999999' }), ctx)).rejects.toMatchObject({
      outcome: 'unreachable',
      code: 'no_such_chat',
    })
    expect(simulator.received(bot)).toHaveLength(0)
  })

  test.each([
    [{ status: 429, retryAfter: 4 }, { outcome: 'later', retryAfter: 4 }, 0],
    [{ status: 429 }, { outcome: 'later', retryAfter: undefined }, 0],
    [{ status: 500, accepted: true }, { outcome: 'unknown' }, 1],
    [{ status: 502, envelope: false }, { outcome: 'unknown' }, 0],
    [{ cut: 'before' as const }, { outcome: 'unknown' }, 0],
    [{ cut: 'after' as const }, { outcome: 'unknown' }, 1],
    [{ body: 'not json', accepted: true }, { outcome: 'unknown' }, 1],
  ])('fault %j', async (fault, expected, arrived) => {
    negar.start(bot)
    simulator.faults.next('sendMessage', fault)
    const error: unknown = await bale.send(out('x'), ctx).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ChannelError)
    expect(error).toMatchObject(expected)
    expect(simulator.received(bot)).toHaveLength(arrived)
  })

  test('the check tells a webhook from polling, and setup changes it', async () => {
    const hook = 'http://127.0.0.1:1/hooks/x'
    const last = async (mode: string) => {
      const { steps } = await bale.check({ ...ctx, settings: { ...ctx.settings, mode }, webhookUrl: hook })
      return steps.at(-1)?.message
    }
    expect(await last('polling')).toBe('polling_ok')
    expect(await last('webhook')).toBe('webhook_missing')
    await setup(hook, ctx)
    expect(simulator.webhook(bot)).toBe(hook)
    expect(await last('webhook')).toBe('webhook_ok')
    expect(await last('polling')).toBe('webhook_in_the_way')
    await setup(null, ctx)
    expect(await last('polling')).toBe('polling_ok')
    const wrong = await bale.check(testCtx(bale, { token: `${bot.id}:wrong`, baseUrl: simulator.url }))
    expect(wrong.steps.at(-1)).toMatchObject({ name: 'token', ok: false, message: 'token_rejected' })
  })
})

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Inbound, InboundMessage, Received } from '../contract.ts'
import { receive, unpack } from './receive.ts'

const NOW = new Date('2026-11-23T12:00:00Z')
const ctx = { settings: {}, now: () => NOW }
const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'))
const fixture = (name: string): Received => receive(read(name), ctx)

function only(received: Received): Inbound {
  expect(received.items).toHaveLength(1)
  const [item] = received.items
  if (!item) throw new Error('no item')
  return item
}
function message(received: Received): InboundMessage {
  const item = received.items[0]
  if (item?.type !== 'message') throw new Error('no message')
  return item
}
const negar = { address: '1418273645', name: 'نگار صالحی', display: '@negar_s', locale: 'fa' }

const at = (id: number) => message(receive({ update_id: id, message: { ...body, message_id: id } }, ctx))

describe('a message', () => {
  test('text: who, where, when, which', () => {
    expect(only(fixture('text'))).toEqual({
      type: 'message',
      threadKey: '1418273645',
      sender: negar,
      sentAt: new Date(1_790_000_360_000),
      tick: 12,
      providerKey: '1418273645:12',
      kind: 'text',
      text: 'سلام، سفارش من کی می‌رسد؟',
    })
  })

  test('messages of one second keep the order of their ids', () => {
    expect([at(41), at(42)].map(({ sentAt, tick }) => [sentAt.getTime(), tick])).toEqual([
      [1_790_000_000_000, 41],
      [1_790_000_000_000, 42],
    ])
    expect(at(7_000_003).tick).toBe(3)
  })

  test.each([
    ['start-payload', { kind: 'start', text: '/start lnk_7f3a9c', startPayload: 'lnk_7f3a9c' }],
    ['start', { kind: 'start', text: '/start' }],
    ['location', { kind: 'location', location: { latitude: 35.699739, longitude: 51.338097 } }],
    ['reply', { kind: 'text', replyToKey: '1418273645:16' }],
    ['forwarded', { kind: 'text', text: 'این پیام را همکارم فرستاد', sender: negar }],
    ['unknown-kind', { kind: 'other', text: '[successful_payment]' }],
    ['web-app-data', { kind: 'other', text: '{"size":"42"}' }],
    ['odd-media-without-file', { kind: 'other', text: 'عکسی که نیامد' }],
  ])('%s', (name, expected) => {
    expect(only(fixture(name))).toMatchObject(expected)
  })

  test.each([
    [
      'photo',
      'این مدل را دارید؟',
      {
        kind: 'photo',
        mediaType: 'image/jpeg',
        size: 187_420,
        width: 960,
        height: 1280,
        remote: { fileId: '987650001:7001:1:l1' },
      },
    ],
    [
      'document',
      'رسید پرداخت',
      {
        kind: 'document',
        name: 'receipt.pdf',
        mediaType: 'application/pdf',
        size: 84_213,
        remote: { fileId: '987650001:6612:1:ab12' },
      },
    ],
    [
      'voice',
      '',
      {
        kind: 'voice',
        mediaType: 'audio/ogg',
        size: 19_844,
        durationMs: 7000,
        remote: { fileId: '987650001:7002:1:v1' },
      },
    ],
    [
      'voice-as-document',
      '',
      { kind: 'voice', mediaType: 'audio/ogg', size: 20_311, remote: { fileId: '987650001:7003:1:v2' } },
    ],
    [
      'audio',
      '',
      {
        kind: 'audio',
        name: 'آهنگ انتظار.mp3',
        mediaType: 'audio/mpeg',
        size: 3_412_200,
        durationMs: 211_000,
        remote: { fileId: '987650001:7004:1:a1' },
      },
    ],
    [
      'audio-as-document',
      '',
      {
        kind: 'audio',
        name: 'جلسه.m4a',
        mediaType: 'audio/mp4',
        size: 912_200,
        remote: { fileId: '987650001:7004:1:a2' },
      },
    ],
    [
      'video',
      'مشکل دستگاه',
      {
        kind: 'video',
        mediaType: 'video/mp4',
        size: 5_120_443,
        width: 720,
        height: 1280,
        durationMs: 14_000,
        remote: { fileId: '987650001:7005:1:w1' },
      },
    ],
    [
      'video-as-document',
      '',
      {
        kind: 'video',
        name: 'VID_2026.mp4',
        mediaType: 'video/mp4',
        size: 812_344,
        remote: { fileId: '987650001:7006:1:w2' },
      },
    ],
    [
      'animation',
      '',
      {
        kind: 'animation',
        name: 'giphy.mp4',
        mediaType: 'video/mp4',
        size: 99_120,
        width: 320,
        height: 320,
        durationMs: 3000,
        remote: { fileId: '987650001:7007:1:g1' },
      },
    ],
    [
      'sticker',
      '',
      { kind: 'sticker', size: 31_288, width: 512, height: 512, remote: { fileId: '987650001:7008:1:k1' } },
    ],
  ])('with a file: %s', (name, text, attachment) => {
    const found = only(fixture(name))
    expect(found).toMatchObject({ type: 'message', kind: attachment.kind, text })
    expect(message(fixture(name)).attachments).toEqual([attachment])
  })
})

describe('a shared contact', () => {
  test('of the sender is a message and a proven number', () => {
    const { items } = fixture('contact-own')
    expect(items).toMatchObject([
      {
        type: 'message',
        kind: 'contact',
        contact: { name: 'نگار صالحی', phone: '989121110022', own: true },
        providerKey: '1418273645:14',
      },
      { type: 'number', phone: '989121110022', own: true, threadKey: '1418273645', sender: negar },
    ])
  })

  test.each(['contact-other', 'contact-no-user'])('%s proves nothing', (name) => {
    expect(fixture(name).items[1]).toMatchObject({ type: 'number', own: false })
  })

  test.each([
    [7, 7, true],
    ['7', 7, true],
    [7, '7', true],
    [8, 7, false],
    [undefined, 7, false],
    [null, 7, false],
    [true, 7, false],
    [[7], 7, false],
    [{ toString: '7' }, 7, false],
  ])('user_id %j of sender %j: own is %s', (userId, fromId, own) => {
    const contact = { phone_number: '989121110022', first_name: 'x', user_id: userId }
    const chat = { id: 7, type: 'private' }
    const found = receive(
      { update_id: 1, message: { ...body, chat, text: undefined, from: { id: fromId, first_name: 'x' }, contact } },
      ctx,
    )
    expect(found.items[1]).toMatchObject({ own })
  })

  test('without a number is a message only', () => {
    const found = receive({ update_id: 1, message: { ...body, text: undefined, contact: { first_name: 'شرکت' } } }, ctx)
    expect(only(found)).toMatchObject({ kind: 'contact', contact: { name: 'شرکت', phone: null, own: false } })
  })
})

test('an edit', () => {
  expect(only(fixture('edited'))).toMatchObject({
    type: 'edit',
    providerKey: '1418273645:12',
    text: 'سلام، سفارش ۱۲۳۴ من کی می‌رسد؟',
    sentAt: new Date(1_790_000_000_000),
    editedAt: new Date(1_790_000_400_000),
  })
})

test('a moving location does not wipe out the words of a message', () => {
  const edited = { ...body, text: undefined, location: { latitude: 1, longitude: 1 } }
  expect(receive({ update_id: 1, edited_message: edited }, ctx)).toEqual({ items: [], ignored: 'an edit without text' })
})

test('a pressed button, with what stood on it', () => {
  expect(only(fixture('callback'))).toEqual({
    type: 'press',
    threadKey: '1418273645',
    sender: { address: '1418273645', name: 'نگار' },
    sentAt: NOW,
    providerKey: 'press:2f6d1c77',
    pressId: '2f6d1c77',
    value: 'csat:5',
    onKey: '1418273645:16',
    label: 'عالی',
  })
})

test.each([
  ['group', 'only private chats are served, this is group'],
  ['channel-post', 'not handled: channel_post'],
  ['pre-checkout', 'not handled: pre_checkout_query'],
  ['bot-message', 'written by a bot'],
  ['odd-empty', 'an update without content'],
])('%s is ignored, with a reason', (name, ignored) => {
  expect(fixture(name)).toEqual({ items: [], ignored })
})

describe('odd payloads', () => {
  test('ids as strings beyond 2^53 stay exact', () => {
    expect(only(fixture('odd-ids-as-strings'))).toMatchObject({
      threadKey: '9007199254740995',
      providerKey: '9007199254740995:9007199254740993',
      sender: { address: '9007199254740995', name: '9007199254740995' },
      sentAt: new Date(1_790_000_940_000),
      tick: 740_993,
    })
  })

  test('a date that is none becomes now; names become one clean line', () => {
    expect(only(fixture('odd-dates-and-names'))).toMatchObject({
      sentAt: NOW,
      sender: { address: '7', name: 'داوود سطر دوم' },
      text: 'نام شکسته ',
    })
    expect(message(fixture('odd-dates-and-names')).sender.display).toBeUndefined()
  })

  test.each([0, -5, 1, 4_000_000_000, 1e300, '1e9', null, '2026-01-01', NOW.getTime()])('date %j is now', (date) => {
    expect(message(receive({ update_id: 1, message: { ...body, date } }, ctx)).sentAt).toEqual(NOW)
  })

  test('a file name keeps no path and no marks that turn it round', () => {
    const [file] = message(fixture('odd-file-name')).attachments ?? []
    expect(file?.name).toBe('passgpj.exe')
    expect(file?.size).toBe(4_294_967_296)
    expect(file?.mediaType).toBe('application/x-msdownload')
  })

  test('a text of a megabyte is cut at a whole character', () => {
    const { text } = message(receive({ update_id: 1, message: { ...body, text: `x${'😀'.repeat(500_000)}` } }, ctx))
    expect(text).toHaveLength(19_999)
    expect(text.endsWith('😀')).toBe(true)
  })

  test.each([
    [null, 'not a JSON object'],
    [[], 'not a JSON object'],
    ['text', 'not a JSON object'],
    [{}, 'update_id'],
    [{ update_id: -1, message: {} }, 'update_id'],
    [{ update_id: 1.5 }, 'update_id'],
    [{ update_id: 1, message: 'x' }, 'not an object'],
    [{ update_id: 1, message: {} }, 'chat id'],
    [{ update_id: 1, message: { chat: { id: 1, type: 'private' } } }, 'sender id'],
    [{ update_id: 1, message: { chat: { id: 1, type: 'private' }, from: { id: 1 } } }, 'message_id'],
    [{ update_id: 1, edited_message: null }, 'not an object'],
    [{ update_id: 1, callback_query: { id: 'x' } }, 'sender id'],
    [{ update_id: 1, callback_query: { from: { id: 1 } } }, 'usable id'],
  ])('%j goes to quarantine, saying why', (event, reason) => {
    expect(() => receive(event, ctx)).toThrow(reason)
  })
})

describe('unpack', () => {
  test('gives the update id as key, and the body unchanged', () => {
    const update = read('text')
    expect(unpack(update)).toEqual([{ key: '71', event: update }])
    expect(unpack({ update_id: '71' })[0]?.key).toBe('71')
  })

  test('gives what is no update a key of its content, whatever the order of its keys', () => {
    const [first] = unpack({ a: 1, b: [{ c: 2, d: 'x' }] })
    expect(first?.key).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(unpack({ b: [{ d: 'x', c: 2 }], a: 1 })[0]?.key).toBe(first?.key)
  })

  test('different bodies have different keys', () => {
    const canonical = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(canonical)
      if (typeof value !== 'object' || value === null) return value
      return Object.entries(value)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, inner]) => ({ [`k${key}`]: canonical(inner) }))
        .concat({ end: true })
    }
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, two) => {
        const same = JSON.stringify(canonical(one)) === JSON.stringify(canonical(two))
        expect(unpack(one)[0]?.key === unpack(two)[0]?.key).toBe(same)
      }),
    )
    for (const [one, two] of [
      [[], {}],
      [[[]], [[], []]],
      ['1', 1],
      [null, 'null'],
      [{ a: { b: 1 } }, { a: {}, b: 1 }],
    ]) {
      expect(unpack(one)[0]?.key).not.toBe(unpack(two)[0]?.key)
    }
  })
})

const body = {
  message_id: 1,
  date: 1_790_000_000,
  from: { id: 1_418_273_645, is_bot: false, first_name: 'نگار' },
  chat: { id: 1_418_273_645, type: 'private' },
  text: 'سلام',
}

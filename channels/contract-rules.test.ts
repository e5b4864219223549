import { describe, expect, test } from 'vitest'
import {
  bodyFaults,
  capabilityFaults,
  iconFaults,
  labelFaults,
  receivedFaults,
  settingFaults,
  unpackFaults,
} from './contract-rules.ts'
import type { ChannelKind, Labels } from './contract.ts'

const NOW = new Date('2026-11-23T12:00:00Z')
const sender = { address: '1', name: 'نگار' }
const message = {
  type: 'message' as const,
  threadKey: '1',
  sender,
  sentAt: NOW,
  providerKey: '1:1',
  kind: 'text' as const,
  text: 'x',
}
const fail = (error: Error): never => {
  throw error
}
const svg = (inside: string) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">${inside}</svg>`

const unused = () => fail(new Error('not called'))
const words = () => ({
  name: 'x',
  about: 'x',
  settings: { mode: { label: 'x', options: { a: 'x' } } },
  messages: { ok: '{host}' },
})

describe('the rules bite', () => {
  test('on items', () => {
    expect(receivedFaults({ items: [message] }, NOW)).toEqual([])
    const bad = [
      { ...message, text: 'a\u0000b' },
      { ...message, text: '\ud800' },
      { ...message, text: 'x'.repeat(20_001) },
      { ...message, text: '' },
      { ...message, providerKey: '' },
      { ...message, threadKey: 'x'.repeat(300) },
      { ...message, sentAt: new Date('x') },
      { ...message, sentAt: new Date(NOW.getTime() + 2 * 86_400_000) },
      { ...message, tick: 1_000_000 },
      { ...message, sender: { address: '', name: 'x' } },
      { ...message, sender: { address: '1', name: '' } },
      { ...message, kind: 'photo' as const },
      { ...message, kind: 'location' as const },
      { ...message, kind: 'location' as const, location: { latitude: 91, longitude: 0 } },
      { ...message, kind: 'document' as const, attachments: [{ kind: 'document' as const, name: '../x', remote: 1 }] },
      { ...message, kind: 'document' as const, attachments: [{ kind: 'document' as const, remote: undefined }] },
    ]
    for (const item of bad)
      expect(receivedFaults({ items: [item] }, NOW), JSON.stringify(item).slice(0, 200)).toHaveLength(1)
    expect(receivedFaults({ items: [] }, NOW)).toHaveLength(1)
    expect(receivedFaults({ items: [message], ignored: 'x' }, NOW)).toHaveLength(1)
    expect(
      unpackFaults([
        { key: '1', event: 1 },
        { key: '1', event: 2 },
      ]),
    ).toHaveLength(1)
    expect(unpackFaults([{ key: '', event: 1 }])).toHaveLength(1)
  })

  test.each([
    ['a meaning', () => ({ items: [message] }), []],
    ['a reason', () => ({ items: [], ignored: 'none of ours' }), []],
    ['a plain error', () => fail(new Error('not mine')), []],
    [
      'a defect',
      () => fail(new TypeError('undefined is not a function')),
      ['receive throws TypeError: undefined is not a function'],
    ],
    ['nothing, for no reason', () => ({ items: [] }), ['ignored (nothing came of the event) is not a string']],
  ])('on a receive that comes to %s', (_name, receive, expected) => {
    const kind = { unpack: (body: unknown) => [{ key: 'one', event: body }], receive }
    expect(bodyFaults(kind, {}, { settings: {}, now: () => NOW })).toEqual(expected)
  })

  test('on an unpack that throws', () => {
    const kind = { unpack: () => fail(new Error('x')), receive: () => ({ items: [] }) }
    expect(bodyFaults(kind, {}, { settings: {}, now: () => NOW })).toEqual(['unpack throws Error: x'])
  })

  test('on settings, labels and abilities', () => {
    expect(settingFaults([{ name: 'mode', type: 'choice', options: ['a'], default: 'b' }])).toHaveLength(1)
    expect(settingFaults([{ name: 'rate', type: 'number', default: 0, min: 1 }])).toHaveLength(1)
    expect(settingFaults([{ name: 'a', type: 'text', when: { field: 'b', is: 'x' } }])).toHaveLength(1)
    expect(settingFaults([{ name: 'key', type: 'secret', default: 'x' }])).toHaveLength(1)
    expect(
      settingFaults([
        { name: 'a', type: 'text' },
        { name: 'a', type: 'text' },
      ]),
    ).toHaveLength(1)
    expect(settingFaults([{ name: 'code', type: 'text', pattern: '[0-9]+', default: 'a1' }])).toHaveLength(1)
  })

  const can: ChannelKind['capabilities'] = {
    textLength: 100,
    captionLength: 0,
    attachments: {},
    attachmentsPerMessage: 0,
    askNumber: false,
    buttons: false,
    receipts: 'none',
    firstContact: false,
    profile: false,
    rate: { channel: 1, chat: 1 },
  }

  test('on abilities', () => {
    expect(capabilityFaults(can)).toEqual([])
    const bad = [
      { textLength: 0 },
      { rate: { channel: 1, chat: 2 } },
      { rate: { channel: 0, chat: 0 } },
      { attachments: { photo: { maxBytes: 1 } } },
      JSON.parse('{"recognisesRepeats":"yes"}') as object,
    ]
    for (const one of bad) expect(capabilityFaults({ ...can, ...one }), JSON.stringify(one)).toHaveLength(1)
  })

  test('on labels', () => {
    const settings: ChannelKind['settings'] = [{ name: 'mode', type: 'choice', options: ['a'], default: 'a' }]
    const kind: ChannelKind = {
      kind: 'planted',
      identityKind: 'planted',
      settings,
      capabilities: can,
      unpack: unused,
      receive: unused,
      send: unused,
      check: unused,
    }
    const whole = (): Labels[string] => ({ fa: words(), ar: words(), en: words() })
    expect(labelFaults(kind, whole())).toEqual([])
    expect(labelFaults(kind, undefined)).toHaveLength(1)
    expect(labelFaults(kind, { ...whole(), ar: { ...words(), name: ' ' } })).toEqual(['ar: name is missing'])
    expect(labelFaults(kind, { ...whole(), ar: { ...words(), settings: { mode: { label: 'x' } } } })).toEqual([
      'ar: option a of mode is missing',
    ])
    expect(labelFaults(kind, { ...whole(), en: { ...words(), messages: {} } })).toEqual([
      'en: other messages than in fa',
    ])
    expect(labelFaults(kind, { ...whole(), en: { ...words(), messages: { ok: '{hots}' } } })).toEqual([
      'en: message ok has other values than in fa',
    ])
  })

  test('on icons', () => {
    expect(iconFaults(svg('<path d="M0 0h1"/>'))).toEqual([])
    for (const inside of [
      '<script>alert(1)</script>',
      '<path onload="x"/>',
      '<path fill="url(https://x.example/a)"/>',
      '<image width="1"/>',
      '<!-- x -->',
      `<path d="${'M0 0'.repeat(3000)}"/>`,
    ]) {
      expect(iconFaults(svg(inside)).length, inside.slice(0, 40)).toBeGreaterThan(0)
    }
    expect(iconFaults('<p>no</p>').length).toBeGreaterThan(0)
  })
})

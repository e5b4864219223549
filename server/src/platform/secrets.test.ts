import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashToken, newToken, createSecrets, SecretError, safeEqual, seal } from './secrets.ts'

const master = Buffer.alloc(32, 7)
const secrets = createSecrets(master)

/** HKDF-SHA-256 (RFC 5869) by hand: extract with an empty salt, then one block of expand. */
function hkdf(key: Buffer, info: string): Buffer {
  const extracted = createHmac('sha256', Buffer.alloc(32)).update(key).digest()
  return createHmac('sha256', extracted)
    .update(Buffer.concat([Buffer.from(info), Buffer.from([1])]))
    .digest()
}

describe('stored secrets', () => {
  test('the stored form stays readable by every later version', () => {
    const pinned = 'v1.AQEBAQEBAQEBAQEB.dZxJRiINI6vZc8-r3ynKpg.sZRy86-vtbV-UvP4J4U'
    const key = secrets.keyFor('encrypt')
    expect(seal(key, 'رمز: s3cret', 'channel/1/settings', Buffer.alloc(12, 1))).toBe(pinned)
    expect(secrets.decrypt(pinned, 'channel/1/settings')).toBe('رمز: s3cret')
  })

  test('each purpose has a key of its own, derived by HKDF', () => {
    expect(secrets.keyFor('encrypt').toString('hex')).toBe(
      'a4f0b80ee4b222a4a52644eef084ef4205bbe79c9a30f97bddf952bd3d5a6538',
    )
    expect(secrets.keyFor('encrypt')).toEqual(hkdf(master, 'daftar encrypt'))
    expect(secrets.keyFor('cookie')).not.toEqual(secrets.keyFor('encrypt'))
  })

  test('any text comes back, and the same text never looks the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (plain, context) => {
        const stored = secrets.encrypt(plain, context)
        expect(stored).toMatch(/^v1(\.[\w-]*){3}$/)
        expect(secrets.decrypt(stored, context)).toBe(plain)
        expect(secrets.encrypt(plain, context)).not.toBe(stored)
      }),
      { numRuns: 200 },
    )
  })

  test('another context, another key or a changed character does not open it', () => {
    const stored = secrets.encrypt('token', 'channel/1/settings')
    expect(() => secrets.decrypt(stored, 'channel/2/settings')).toThrow(SecretError)
    expect(() => createSecrets(Buffer.alloc(32, 8)).decrypt(stored, 'channel/1/settings')).toThrow(SecretError)
    for (let at = 0; at < stored.length; at++) {
      const changed = stored.slice(0, at) + (stored[at] === 'A' ? 'B' : 'A') + stored.slice(at + 1)
      // The last character of a part may carry bits that mean nothing; such a change changes nothing.
      if (sameBytes(changed, stored)) continue
      expect(() => secrets.decrypt(changed, 'channel/1/settings')).toThrow(SecretError)
    }
  })

  test.each(['', 'v1', 'v1...', 'v1.AA.AA.AA', 'token', 'v2.AQEBAQEBAQEBAQEB.AAAAAAAAAAAAAAAAAAAAAA.AA', 'v1.a.b.c.d'])(
    'what was never a secret is refused: %j',
    (stored) => {
      expect(() => secrets.decrypt(stored, 'x')).toThrow(SecretError)
    },
  )

  test('a short tag does not weaken the check', () => {
    const [version, nonce, tag = '', text] = secrets.encrypt('token', 'x').split('.')
    expect(() => secrets.decrypt([version, nonce, tag.slice(0, 6), text].join('.'), 'x')).toThrow(SecretError)
  })

  test('a master key of another length is refused', () => {
    expect(() => createSecrets(Buffer.alloc(16))).toThrow(RangeError)
  })
})

describe('tokens', () => {
  test('are long, new every time and carry their prefix', () => {
    const tokens = new Set(Array.from({ length: 100 }, () => newToken('daftar')))
    expect(tokens.size).toBe(100)
    for (const token of tokens) expect(token).toMatch(/^daftar_[\w-]{43}$/)
  })

  test('are stored as SHA-256 (FIPS 180-2, the vector "abc")', () => {
    expect(hashToken('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  test('safeEqual is equality', () => {
    fc.assert(fc.property(fc.string(), fc.string(), (a, b) => safeEqual(a, b) === (a === b) && safeEqual(a, a)))
    expect(safeEqual('', '')).toBe(true)
    expect(safeEqual('a', 'a\0')).toBe(false)
  })
})

function sameBytes(one: string, other: string): boolean {
  return bytesOf(one) === bytesOf(other)
}

function bytesOf(stored: string): string {
  const [version, ...parts] = stored.split('.')
  return [version, ...parts.map((part) => Buffer.from(part, 'base64url').toString('hex'))].join('.')
}

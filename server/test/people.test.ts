import { expect, test } from 'vitest'
import { normalizePhone } from '#shared/phone-max.ts'
import { makePeople } from './people.ts'
import { SENTENCES } from './sentences.ts'

function some(seed: number): unknown[] {
  const people = makePeople(seed)
  return Array.from({ length: 20 }, () => [
    people.person(),
    people.company(),
    people.message('customer'),
    people.message('agent'),
  ])
}

test('the same seed makes the same office, another seed another', () => {
  expect(some(7)).toEqual(some(7))
  expect(some(7)).not.toEqual(some(8))
})

test('numbers are mobiles in use, and different for different serials', () => {
  const people = makePeople(1)
  for (const language of ['fa', 'ar'] as const) {
    for (let n = 0; n < 200; n++) {
      const phone = people.mobile(language)
      expect(normalizePhone(phone)).toMatchObject({ e164: phone, type: 'mobile', valid: true })
    }
    const serials = Array.from({ length: 20_000 }, (_, n) => people.mobile(language, n))
    expect(new Set(serials).size).toBe(serials.length)
  }
})

test('every sentence is different and every slot is filled', () => {
  const all = [SENTENCES.fa, SENTENCES.ar].flatMap((sides) => [...sides.customer, ...sides.agent])
  expect(new Set(all).size).toBe(all.length)
  expect(all.length).toBeGreaterThanOrEqual(150)
  const people = makePeople(3)
  for (let n = 0; n < 3000; n++) expect(people.message(n % 2 ? 'agent' : 'customer')).not.toMatch(/[{}]|undefined/)
})

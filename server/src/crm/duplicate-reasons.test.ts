import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ContactKind } from '#shared/api/contacts.ts'
import {
  emailBox,
  ENOUGH,
  type Facts,
  officeDomain,
  phoneTail,
  reasonsFor,
  saysMore,
  similarity,
} from './duplicate-reasons.ts'
import { nameKey } from './folding.ts'

const facts = (name: string, more: Partial<Facts> = {}): Facts => ({
  id: name,
  kind: 'person',
  name,
  nameKey: nameKey(name),
  nationalIds: [],
  companyNumbers: [],
  phones: [],
  emails: [],
  companies: [],
  ...more,
})
const siva = { id: '7', name: 'سیوا' }

test.each<[string, Facts, Facts, boolean, string[]]>([
  ['one national id', facts('سارا'), facts('Sara'), false, []],
  [
    'one national id',
    facts('سارا', { nationalIds: ['0012345679'] }),
    facts('Sara N', { nationalIds: ['0012345679'] }),
    true,
    ['national_id'],
  ],
  ['a rare name, words in any order, titles aside', facts('دکتر علی رضایی'), facts('رضایی علی'), true, ['name_same']],
  ['a single word, of people', facts('علی'), facts('علی'), false, ['name_same']],
  [
    'a single word, of companies, their forms aside',
    facts('شرکت سیوا', { kind: 'company' }),
    facts('سیوا (سهامی خاص)', { kind: 'company' }),
    true,
    ['name_same'],
  ],
  ['a person and a company', facts('Reza Ahmadi'), facts('Reza Ahmadi', { kind: 'company' }), false, []],
  [
    'one name, two national ids',
    facts('Reza Ahmadi', { nationalIds: ['0012345679'] }),
    facts('Reza Ahmadi', { nationalIds: ['0499370899'] }),
    false,
    [],
  ],
  [
    'a number with a slip at the front, and nothing else',
    facts('a', { phones: ['+982188776655'] }),
    facts('b', { phones: ['+983188776655'] }),
    false,
    ['phone_alike'],
  ],
  [
    'a number with another area code and near names',
    facts('محمد رضایی', { phones: ['+982188776655'] }),
    facts('محمد رضایی نژاد', { phones: ['+983188776655'] }),
    true,
    ['phone_alike', 'name_alike'],
  ],
  [
    'a number under another country',
    facts('a', { phones: ['+989121234567'] }),
    facts('b', { phones: ['+19121234567'] }),
    true,
    ['phone_alike'],
  ],
  [
    'dots and a plus in a box of Google',
    facts('a', { emails: ['ali.rezaei+shop@gmail.com'] }),
    facts('b', { emails: ['alirezaei@googlemail.com'] }),
    true,
    ['email_alike'],
  ],
  [
    'dots elsewhere are part of the box',
    facts('a', { emails: ['ali.rezaei@yahoo.com'] }),
    facts('b', { emails: ['alirezaei@yahoo.com'] }),
    false,
    [],
  ],
  [
    'a slip in the domain',
    facts('a', { emails: ['sara@gmail.com'] }),
    facts('b', { emails: ['sara@gmial.com'] }),
    true,
    ['email_alike'],
  ],
  ['an office box', facts('a', { emails: ['info@siva.com'] }), facts('b', { emails: ['info@siva.ir'] }), false, []],
  [
    'near names at one company',
    facts('Mohammad Rezaei', { companies: [siva] }),
    facts('Mohamad Rezaee', { companies: [siva] }),
    true,
    ['name_alike', 'company_same'],
  ],
  ['near names alone', facts('Mohammad Rezaei'), facts('Mohamad Rezaee'), false, []],
  [
    'other names at one company',
    facts('علی احمدی', { companies: [siva] }),
    facts('علی محمدی', { companies: [siva] }),
    false,
    ['company_same'],
  ],
  [
    'near names with addresses of one office',
    facts('Mohammad Rezaei', { emails: ['m.rezaei@siva.example'] }),
    facts('Mohamad Rezaee', { emails: ['rezaee@siva.example'] }),
    true,
    ['name_alike', 'company_same'],
  ],
  [
    'near names with addresses where everybody has one',
    facts('Mohammad Rezaei', { emails: ['m.rezaei@gmail.com'] }),
    facts('Mohamad Rezaee', { emails: ['rezaee@gmail.com'] }),
    false,
    [],
  ],
])('%s', (_, a, b, enough, kinds) => {
  const { score, reasons } = reasonsFor(a, b, { bearers: 2 })
  expect(reasons.map((reason) => reason.kind)).toEqual(kinds)
  expect(score >= ENOUGH).toBe(enough)
})

test('the more bear a name, the less it says', () => {
  const scores = [2, 4, 9, 51].map((bearers) => reasonsFor(facts('Ali Rezaei'), facts('Rezaei Ali'), { bearers }).score)
  expect(scores).toEqual([55, 50, 30, 30])
})

test('a claim to one number is asked about whatever speaks against it', () => {
  const [a, b] = [facts('a', { nationalIds: ['0012345679'] }), facts('b', { nationalIds: ['0499370899'] })]
  const claimed = reasonsFor(a, b, { claimed: '+989121234567', bearers: 0 })
  expect(claimed).toEqual({ score: 90, reasons: [{ kind: 'identity_claimed', value: '+989121234567' }] })
})

test('what was dismissed says more only with a new reason, in whatever spelling', () => {
  const dismissed = [{ kind: 'name_same' as const, value: 'علي رضايي' }]
  expect(saysMore([{ kind: 'name_same', value: 'علی رضایی' }], dismissed)).toBe(false)
  expect(
    saysMore(
      [
        { kind: 'name_same', value: 'علی رضایی' },
        { kind: 'company_same', value: 'x' },
      ],
      dismissed,
    ),
  ).toBe(true)
  expect(saysMore([{ kind: 'phone_alike', value: '+98912' }], [{ kind: 'phone_alike', value: '+98913' }])).toBe(true)
})

test('similarity is between none and all', () => {
  expect(similarity('رضایی علی', 'علی رضایی')).toBe(1)
  expect(similarity('abc', 'xyz')).toBe(0)
  expect(similarity('', '')).toBe(0)
})

const some = <T>(values: readonly T[], max = 3) => fc.uniqueArray(fc.constantFrom(...values), { maxLength: max })
const meets = <T>(one: readonly T[], other: readonly T[]) => one.some((key) => key !== undefined && other.includes(key))
describe('whatever two contacts are like', () => {
  const phones = ['+982188776655', '+983188776655', '+989121234567', '+19121234567', '+12', '+4989123456']
  const boxes = ['ali.rezaei', 'alirezaei', 'info', 'a', 'ali.rezaei+x', 'sara']
  const domains = ['gmail.com', 'gmial.com', 'googlemail.com', 'siva.example', 'siva.ir', 'yahoo.com', 'yahoo.co.uk']
  const emails = boxes.flatMap((box) => domains.map((domain) => `${box}@${domain}`))
  const companies = ['سیوا', 'برلیان', 'Siva'].map((name, n) => ({ id: `${n}`, name }))
  const anyone: fc.Arbitrary<Facts> = fc
    .record({
      name: fc.constantFrom('Ali Rezaei', 'Rezaei, Ali', 'Ali Rezaee', 'علی', 'سیوا', 'Siva', ''),
      kind: fc.constantFrom<ContactKind>('person', 'company', 'lead', 'visitor'),
      nationalIds: some(['1', '2']),
      companyNumbers: some(['8', '9']),
      phones: some(phones),
      emails: some(emails, 4),
      companies: some(companies),
    })
    .map(({ name, ...more }) => facts(name, more))
  const setting = fc.record({ claimed: fc.constantFrom(undefined, '+98'), bearers: fc.nat(60) })

  test('both sides find the same, of a hundred points at most', () => {
    fc.assert(
      fc.property(anyone, anyone, setting, (a, b, known) => {
        const found = reasonsFor(a, b, known)
        expect(reasonsFor(b, a, known)).toEqual(found)
        expect(found.score).toBeLessThanOrEqual(100)
        expect(found.score > 0).toBe(found.reasons.length > 0)
      }),
    )
  })

  test('who is alike in number or address meets under one key', () => {
    fc.assert(
      fc.property(anyone, anyone, (a, b) => {
        const kinds = reasonsFor(a, b, { bearers: 2 }).reasons.map((reason) => reason.kind)
        if (kinds.includes('phone_alike')) expect(meets(a.phones.map(phoneTail), b.phones.map(phoneTail))).toBe(true)
        if (kinds.includes('email_alike')) expect(meets(a.emails.map(emailBox), b.emails.map(emailBox))).toBe(true)
        if (kinds.includes('name_alike'))
          expect(
            meets(a.emails.map(officeDomain), b.emails.map(officeDomain)) ||
              meets(a.phones.map(phoneTail), b.phones.map(phoneTail)) ||
              meets(a.companies, b.companies),
          ).toBe(true)
      }),
    )
  })
})

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FieldType, FieldValues, Money } from '#shared/api/fields.ts'
import { foldText, sortKey } from '#shared/text.ts'
import { makeActor, makeChannel, openTestDatabase } from '../../test/crm.ts'
import type { Actor } from '../platform/app.ts'
import type { Database } from '../platform/db.ts'
import { readContactList } from './contact-query.ts'
import { countContacts, listContacts, selectContacts } from './contact-search.ts'
import { createField } from './field-definitions.ts'
import { storeFields } from './fields.ts'
import { foldContact } from './folding.ts'
import { type Place, readPage } from './list-engine.ts'

/*
 * Contacts of all sorts, listed under random conditions and in random orders, against the obvious way: all of them in
 * memory, filtered and sorted there. The bounds of walks are made small, so that a small table takes every way there is.
 */

let db: Database
let drop: () => Promise<void>
let chief: Actor
let agent: Actor
let channels: string[]
let everyone: Known[]

const WORDS = ['علی', 'رضا', 'كريمي', 'کریمی', 'پارس', 'چوب', 'ژاله', 'Acme', 'Zagros', '۱۲', '۹']
const OPTIONS = ['gold', 'silver', 'bronze'] as const
const BEGIN = Date.UTC(2024, 0, 1)
const HOUR = 3_600_000
const day = (year: number) => fc.integer({ min: 1, max: 28 }).map((n) => `${year}-02-${String(n).padStart(2, '0')}`)

const sample = fc.record({
  kind: fc.constantFrom('person', 'company', 'lead', 'visitor'),
  name: fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 }).map((words) => words.join(' ')),
  channel: fc.option(fc.constantFrom(0, 1)),
  mine: fc.boolean(),
  tags: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
  birth: fc.option(day(1990)),
  // Few different moments, so that ids decide often.
  created: fc.integer({ min: 0, max: 20 }).map((n) => BEGIN + n * HOUR),
  updated: fc.integer({ min: 0, max: 20 }).map((n) => BEGIN + n * HOUR),
  job: fc.constantFrom('', 'مدير فروش', 'مدیر', 'clerk'),
  phone: fc.option(fc.integer({ min: 0, max: 9_999_999 }).map((n) => `+98912${String(n).padStart(7, '0')}`)),
  code: fc.option(fc.constantFrom('123', '456')),
  town: fc.option(fc.constantFrom('تهران', 'كرج')),
  fields: fc.record({
    city: fc.option(fc.constantFrom('تهران', 'قم', 'تهران بزرگ')),
    size: fc.option(fc.constantFrom(-3.5, 0, 2, 10, 1000)),
    budget: fc.option(
      fc.record({ amount: fc.constantFrom('-5', '100', '2000'), currency: fc.constantFrom('IRR', 'USD') }),
    ),
    grade: fc.option(fc.constantFrom(...OPTIONS)),
    topics: fc.option(fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 })),
    since: fc.option(day(2024)),
    vip: fc.option(fc.boolean()),
  }),
})
type Sample = typeof sample extends fc.Arbitrary<infer T> ? T : never
interface Known extends Sample {
  id: number
}

beforeAll(async () => {
  ;({ db, drop } = await openTestDatabase())
  channels = [await makeChannel(db, 'one'), await makeChannel(db, 'two')]
  chief = await makeActor(db, channels)
  agent = await makeActor(db, channels.slice(0, 1), ['contact.view'])
  for (const name of ['a', 'b', 'c', 'd']) await db.query('insert into tag (name) values ($1)', [name])
  await define('city', 'text')
  await define('size', 'number')
  await define('budget', 'money')
  await define('grade', 'choice', OPTIONS)
  await define('topics', 'choices', ['a', 'b', 'c'])
  await define('since', 'date')
  await define('vip', 'yes_no')
  everyone = await insert(fc.sample(sample, { numRuns: 300, seed: 7 }))
})
afterAll(() => drop())

async function define(key: string, type: FieldType, options: readonly string[] = []): Promise<void> {
  const input = { resource: 'contact', key, name: key, type, options: options.map((name) => ({ name })) } as const
  await db.transaction((tx) => createField(tx, chief, input))
}

async function insert(samples: Sample[]): Promise<Known[]> {
  const made: Known[] = []
  const phones = new Set<string>()
  await db.transaction(async (tx) => {
    for (const drawn of samples) {
      // A number is somebody's.
      const one = drawn.phone !== null && phones.has(drawn.phone) ? { ...drawn, phone: null } : drawn
      if (one.phone !== null) phones.add(one.phone)
      const identities = one.phone === null ? [] : [{ kind: 'phone', value: one.phone, display: null }]
      const row = await tx.one<{ id: string }>(
        `insert into contact (id, kind, name, root_id, folded, sort_name, origin_channel_id, responsible_id, tag_ids, birth_date,
           created_at, updated_at, job_title, economic_code) overriding system value
         select n, $1, $2, n, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 from nextval(pg_get_serial_sequence('contact', 'id')) n returning id`,
        [
          one.kind,
          one.name,
          foldContact([one.name], identities),
          sortKey(one.name),
          one.channel === null ? null : channels[one.channel],
          one.mine ? chief.userId : null,
          one.tags,
          one.birth,
          new Date(one.created),
          new Date(one.updated),
          one.job,
          one.code,
        ],
      )
      const id = row?.id ?? ''
      if (one.phone !== null)
        await tx.query(`insert into identity (contact_id, kind, value) values ($1, 'phone', $2)`, [id, one.phone])
      if (one.town !== null)
        await tx.query(`insert into contact_address (contact_id, country, city) values ($1, 'IR', $2)`, [id, one.town])
      const fields: FieldValues = Object.fromEntries(Object.entries(one.fields).filter(([, value]) => value !== null))
      await storeFields(tx, 'contact', [{ id, fields }])
      made.push({ ...one, id: Number(id) })
    }
  })
  return made
}

type Asked = [name: string, value: string, holds: (known: Known) => boolean]
const subset = <T>(values: readonly T[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 })
const has = (text: string, words: string): boolean =>
  words.split(' ').every((word) => foldText(text).includes(foldText(word)))
const money = (value: Money | null): number => Number(value?.amount)

const asked: fc.Arbitrary<Asked> = fc.oneof(
  subset(['person', 'company', 'lead', 'visitor']).chain((kinds) =>
    fc.constantFrom<Asked>(
      ['kind', kinds.join(), (one) => kinds.includes(one.kind)],
      ['kind.not', kinds.join(), (one) => !kinds.includes(one.kind)],
    ),
  ),
  fc.constantFrom<Asked>(
    ['responsibleId', 'none', (one) => !one.mine],
    ['responsibleId.not', 'none', (one) => one.mine],
    ['responsibleId.empty', 'false', (one) => one.mine],
    ['tagIds.empty', 'true', (one) => one.tags.length === 0],
    ['birthDate.empty', 'true', (one) => one.birth === null],
    ['birthDate.empty', 'false', (one) => one.birth !== null],
    ['jobTitle', 'مدیر فروش', (one) => one.job === 'مدير فروش'],
    ['jobTitle.has', 'مدیر', (one) => one.job.startsWith('مد')],
    ['jobTitle.empty', 'true', (one) => one.job === ''],
    ['identity.phone.empty', 'true', (one) => one.phone === null],
    ['identity.phone.has', '۰۹۱۲۰', (one) => one.phone?.startsWith('+989120') ?? false],
    ['identity.phone.empty', 'false', (one) => one.phone !== null],
    ['economicCode', '۱۲۳', (one) => one.code === '123'],
    ['economicCode.empty', 'false', (one) => one.code !== null],
    ['city', 'تهران,کرج', (one) => one.town !== null],
    ['city.not', 'کرج', (one) => one.town !== 'كرج'],
    ['city.has', 'کرج', (one) => one.town === 'كرج'],
    ['city.empty', 'true', (one) => one.town === null],
    ['city.empty', 'false', (one) => one.town !== null],
    ['name.has', 'کريمی', (one) => has(one.name, 'کریمی')],
    ['name', 'علي', (one) => one.name === 'علی'],
    ['field.city', 'تهران', (one) => one.fields.city === 'تهران'],
    ['field.city.not', 'قم', (one) => one.fields.city !== 'قم'],
    ['field.city.has', 'تهران', (one) => one.fields.city?.startsWith('تهران') ?? false],
    ['field.city.empty', 'true', (one) => one.fields.city === null],
    ['field.vip', 'true', (one) => one.fields.vip === true],
    ['field.vip.empty', 'false', (one) => one.fields.vip !== null],
    ['field.budget.from', '100:IRR', (one) => one.fields.budget?.currency === 'IRR' && money(one.fields.budget) >= 100],
    [
      'field.budget',
      '100,-5:USD',
      (one) =>
        money(one.fields.budget) === 100 || (money(one.fields.budget) === -5 && one.fields.budget?.currency === 'USD'),
    ],
    ['field.budget.not', '100', (one) => money(one.fields.budget) !== 100],
  ),
  subset([1, 2, 3, 4]).chain((tags) =>
    fc.constantFrom<Asked>(
      ['tagIds', tags.join(), (one) => one.tags.some((tag) => tags.includes(tag))],
      ['tagIds.not', tags.join(), (one) => !one.tags.some((tag) => tags.includes(tag))],
    ),
  ),
  day(1990).chain((date) =>
    fc.constantFrom<Asked>(
      ['birthDate.from', date, (one) => one.birth !== null && one.birth >= date],
      ['birthDate.to', date, (one) => one.birth !== null && one.birth <= date],
      ['birthDate', date, (one) => one.birth === date],
      ['birthDate.not', date, (one) => one.birth !== date],
    ),
  ),
  fc.integer({ min: 0, max: 20 }).chain((n) => {
    const at = BEGIN + n * HOUR
    const text = new Date(at).toISOString()
    return fc.constantFrom<Asked>(
      ['createdAt.from', text, (one) => one.created >= at],
      ['updatedAt.to', text, (one) => one.updated <= at],
      ['createdAt', text, (one) => one.created === at],
    )
  }),
  fc
    .constantFrom(-3.5, 0, 2, 10, 1000)
    .chain((n) =>
      fc.constantFrom<Asked>(
        ['field.size', `${n}`, (one) => one.fields.size === n],
        ['field.size.from', `${n}`, (one) => one.fields.size !== null && one.fields.size >= n],
        ['field.size.to', `${n}`, (one) => one.fields.size !== null && one.fields.size <= n],
      ),
    ),
  subset(OPTIONS).chain((grades) =>
    fc.constantFrom<Asked>(
      ['field.grade', grades.join(), (one) => grades.some((grade) => grade === one.fields.grade)],
      ['field.grade.not', grades.join(), (one) => !grades.some((grade) => grade === one.fields.grade)],
    ),
  ),
  subset(['a', 'b', 'c']).chain((topics) =>
    fc.constantFrom<Asked>(
      ['field.topics', topics.join(), (one) => one.fields.topics?.some((topic) => topics.includes(topic)) ?? false],
      ['field.topics.not', topics.join(), (one) => !one.fields.topics?.some((topic) => topics.includes(topic))],
    ),
  ),
  day(2024).map(
    (date): Asked => ['field.since.from', date, (one) => one.fields.since !== null && one.fields.since >= date],
  ),
  fc
    .constantFrom('پار', 'acme', 'علی رضا', '0912')
    .map(
      (words): Asked => [
        'search',
        words,
        (one) =>
          words === '0912'
            ? one.phone !== null
            : has(one.name, words) || (words === 'علی رضا' && one.name.includes('علی رضا')),
      ],
    ),
)

type Key = string | number | null
const SORTS: Record<string, (one: Known) => Key> = {
  name: (one) => sortKey(one.name),
  createdAt: (one) => one.created,
  updatedAt: (one) => one.updated,
  birthDate: (one) => one.birth,
  'field.city': (one) => (one.fields.city === null ? null : sortKey(one.fields.city)),
  'field.size': (one) => one.fields.size,
  'field.budget': (one) => (one.fields.budget === null ? null : money(one.fields.budget)),
  'field.grade': (one) => (one.fields.grade === null ? null : OPTIONS.indexOf(one.fields.grade)),
  'field.since': (one) => one.fields.since,
  'field.vip': (one) => (one.fields.vip === null ? null : String(one.fields.vip)),
}
function sorted(list: Known[], sort: string): number[] {
  const descending = sort.startsWith('-')
  const keyOf = SORTS[sort.replace(/^-/, '')] ?? (() => null)
  const compare = (a: Key, b: Key): number =>
    a === b ? 0 : a === null ? 1 : b === null ? -1 : (a < b ? -1 : 1) * (descending ? -1 : 1)
  return [...list]
    .sort((a, b) => compare(keyOf(a), keyOf(b)) || (a.id - b.id) * (descending ? -1 : 1))
    .map((one) => one.id)
}
const sees = (actor: Actor, one: Known): boolean => actor === chief || one.kind !== 'visitor' || one.channel !== 1

const sort = fc.tuple(fc.constantFrom('', '-'), fc.constantFrom(...Object.keys(SORTS))).map((parts) => parts.join(''))
const question = fc.record({
  conditions: fc.uniqueArray(asked, { maxLength: 3, selector: ([name]) => name }),
  sort,
  limit: fc.integer({ min: 1, max: 60 }),
  bounds: fc.record({
    sample: fc.integer({ min: 1, max: 80 }),
    deepest: fc.integer({ min: 1, max: 300 }),
    furthest: fc.integer({ min: 1, max: 500 }),
  }),
  isAgent: fc.boolean(),
})

test('any conditions in any order give what there is, each once, page by page', async () => {
  await fc.assert(
    fc.asyncProperty(question, async ({ conditions, sort: by, limit, bounds, isAgent }) => {
      const actor = isAgent ? agent : chief
      const expected = sorted(
        everyone.filter((one) => sees(actor, one) && conditions.every(([, , holds]) => holds(one))),
        by,
      )
      const query = { ...Object.fromEntries(conditions), sort: by }
      const read = await readContactList(db, actor, query)
      const found: number[] = []
      let after: Place | undefined
      for (;;) {
        const rows: Place[] = read ? await readPage(db, read.list, after, limit, bounds) : []
        found.push(...rows.map((row) => Number(row.id)))
        after = rows.at(-1)
        if (rows.length < limit) break
      }
      expect(found).toEqual(expected)
      expect(await countContacts(db, actor, query)).toEqual({ count: expected.length, more: false })
    }),
    { numRuns: 250 },
  )
}, 120_000)

test('the list as programs ask for it has the same pages, and a selection the same contacts', async () => {
  await fc.assert(
    fc.asyncProperty(question, async ({ conditions, sort: by, limit, isAgent }) => {
      const actor = isAgent ? agent : chief
      const here = everyone.filter((one) => sees(actor, one) && conditions.every(([, , holds]) => holds(one)))
      const filter = Object.fromEntries(conditions)
      const found: number[] = []
      let cursor: string | undefined
      do {
        const page = await listContacts(db, actor, {
          ...filter,
          sort: by,
          limit: limit + 20,
          ...(cursor === undefined ? {} : { cursor }),
        })
        found.push(...page.items.map((item) => Number(item.id)))
        cursor = page.nextCursor ?? undefined
      } while (cursor !== undefined)
      expect(found).toEqual(sorted(here, by))
      const selected: number[] = []
      for await (const piece of selectContacts(db, actor, { filter })) selected.push(...piece.map(Number))
      expect(selected).toEqual(here.map((one) => one.id).sort((a, b) => a - b))
    }),
    { numRuns: 40 },
  )
}, 120_000)

test('the list by kind and by whose it is, latest changed first, is the same by its own walks', async () => {
  for (const actor of [chief, agent])
    for (const kind of [undefined, 'person', 'visitor', 'lead,visitor'])
      for (const whose of [undefined, 'me', `me,${agent.userId}`]) {
        const here = everyone.filter(
          (one) =>
            sees(actor, one) &&
            (kind?.split(',').includes(one.kind) ?? true) &&
            (whose === undefined || (one.mine && (actor === chief || whose !== 'me'))),
        )
        // Of the agent's two, one is the agent: nobody is theirs.
        const expected = whose === undefined || actor === chief ? sorted(here, '-updatedAt') : []
        const found: number[] = []
        let cursor: string | undefined
        do {
          const page = await listContacts(db, actor, {
            limit: 37,
            ...(kind === undefined ? {} : { kind }),
            ...(whose === undefined ? {} : { responsibleId: whose }),
            ...(cursor === undefined ? {} : { cursor }),
          })
          found.push(...page.items.map((item) => Number(item.id)))
          cursor = page.nextCursor ?? undefined
        } while (cursor !== undefined)
        expect(found).toEqual(expected)
      }
})

test('contacts that do not change are shown once, whatever happens to the others meanwhile', async () => {
  const still = new Set(everyone.filter((one) => one.id % 3 !== 0).map((one) => one.id))
  const moving = everyone.filter((one) => one.id % 3 === 0).map((one) => String(one.id))
  for (const by of ['name', '-updatedAt', 'field.size', '-field.grade', 'birthDate']) {
    const seen: number[] = []
    let cursor: string | undefined
    let turn = 0
    do {
      const page = await listContacts(db, chief, { sort: by, limit: 25, ...(cursor === undefined ? {} : { cursor }) })
      seen.push(...page.items.map((item) => Number(item.id)))
      cursor = page.nextCursor ?? undefined
      turn++
      await db.transaction(async (tx) => {
        await tx.query(
          `update contact set sort_name = $2, updated_at = now(), birth_date = $3 where id = any($1::bigint[])`,
          [moving, sortKey(turn % 2 === 0 ? 'آ' : 'یی'), turn % 2 === 0 ? '1980-01-01' : null],
        )
        const fields: FieldValues =
          turn % 3 === 0 ? {} : { size: turn % 2 === 0 ? -100 : 5000, grade: turn % 2 === 0 ? 'gold' : 'bronze' }
        await storeFields(
          tx,
          'contact',
          moving.map((id) => ({ id, fields })),
        )
      })
    } while (cursor !== undefined)
    const shown = seen.filter((id) => still.has(id))
    expect(shown.length).toBe(still.size)
    expect(new Set(shown).size).toBe(still.size)
  }
})

test('what belongs to those who were merged into a contact is found with it, and nobody stands twice', async () => {
  const made = await insert(
    fc
      .sample(sample, { numRuns: 4, seed: 11 })
      .map((one) => ({ ...one, kind: 'person', name: 'ققنوس', phone: null, town: null })),
  )
  const [root, merged, company, wing] = made.map((one) => String(one.id))
  await db.query(`update contact set kind = 'company' where id = any($1::bigint[])`, [[company, wing]])
  for (const [loser, winner] of [
    [merged, root],
    [wing, company],
  ])
    await db.query(`update contact set merged_into_id = $2, root_id = $2, folded = '' where id = $1`, [loser, winner])
  await db.query(
    `insert into identity (contact_id, kind, value) values ($1, 'phone', '+982188776655'), ($1, 'email', 'q@example.com')`,
    [merged],
  )
  await db.query(`update contact set folded = folded || ' 982188776655 02188776655 q@example.com' where id = $1`, [
    root,
  ])
  await db.query(
    `insert into contact_address (contact_id, country, city) values ($1, 'IR', 'ققنوس‌شهر'), ($1, 'IR', 'ققنوس‌شهر')`,
    [merged],
  )
  await db.query(`insert into contact_relation (from_id, to_id, kind) values ($1, $2, 'works_at')`, [merged, wing])
  const named = (filter: Record<string, string>): Record<string, string> => ({ name: 'ققنوس', ...filter })
  const only = async (filter: Record<string, string>): Promise<string[]> =>
    (await listContacts(db, chief, { ...named(filter), limit: 9 })).items.map((one) => one.id)
  const asked: Record<string, string>[] = [
    { 'identity.phone': '021 8877 6655' },
    { 'identity.phone.has': '88776' },
    { 'identity.phone.empty': 'false' },
    { 'identity.email': 'Q@example.com' },
    { 'identity.email.has': 'q@ex' },
    { city: 'ققنوس شهر,ققنوسشهر' },
    { 'city.empty': 'false' },
    { company: company ?? '' },
    { company: wing ?? '' },
    { 'company.empty': 'false' },
    { search: '02188776655' },
  ]
  for (const filter of asked) {
    expect([filter, await only(filter)]).toEqual([filter, [root]])
    expect(await countContacts(db, chief, named(filter))).toEqual({ count: 1, more: false })
  }
  const others: Record<string, string>[] = [
    { 'identity.phone.empty': 'true' },
    { 'city.not': 'ققنوسشهر' },
    { 'company.not': wing ?? '' },
    { 'company.empty': 'true' },
  ]
  for (const filter of others) expect([filter, await only(filter)]).toEqual([filter, [company]])
  const ids: string[] = []
  for await (const piece of selectContacts(db, chief, { ids: [merged ?? '', root ?? '', '999999'] })) ids.push(...piece)
  expect(ids).toEqual([root])
})

test('a count stops at a thousand, and says "at least" when it would take too long', async () => {
  await db.query(
    `insert into contact (id, kind, name, root_id, folded, tag_ids) overriding system value
     select n, 'lead', 'بسیار', n, ' بسیار', case when i <= 1000 then '{77}'::bigint[] else '{77,78}' end
     from (select i, nextval(pg_get_serial_sequence('contact', 'id')) as n from generate_series(1, 1001) i) made`,
  )
  expect(await countContacts(db, chief, { search: 'بسیار' })).toEqual({ count: 1000, more: true })
  expect(await countContacts(db, chief, { tagIds: '77', 'tagIds.not': '78' })).toEqual({ count: 1000, more: false })
  expect(await countContacts(db, chief, { tagIds: '78' })).toEqual({ count: 1, more: false })
  // Whoever counts now waits.
  const client = await db.pool.connect()
  try {
    await client.query('begin; lock table contact in access exclusive mode')
    expect(await countContacts(db, chief, { kind: 'lead' }, 30)).toEqual({ count: 0, more: true })
  } finally {
    await client.query('rollback')
    client.release()
  }
})

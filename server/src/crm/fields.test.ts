import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CustomField, CustomFieldNew, FieldValue, FieldValues } from '#shared/api/fields.ts'
import { makeActor, openTestDatabase } from '../../test/crm.ts'
import type { Actor } from '../platform/app.ts'
import type { Database } from '../platform/db.ts'
import { Problem } from '../platform/problem.ts'
import {
  changeField,
  createField,
  deleteField,
  fieldUsage,
  listFields,
  makeOptions,
  purgeFields,
  restoreField,
} from './field-definitions.ts'
import { freeKey, latinKey } from './field-keys.ts'
import { changedFieldValues, dropFieldValues, loadFields, shownFields, storeFields } from './fields.ts'

let db: Database
let drop: () => Promise<void>
let chief: Actor
let other: string

beforeAll(async () => {
  ;({ db, drop } = await openTestDatabase())
  chief = await makeActor(db)
  other = await contact()
})
afterAll(() => drop())

async function contact(): Promise<string> {
  const row = await db.one<{ id: string }>(
    `insert into contact (id, kind, name, root_id, folded) overriding system value
     select n, 'person', 'x', n, '' from nextval(pg_get_serial_sequence('contact', 'id')) n returning id`,
  )
  return row?.id ?? ''
}
const define = (input: Partial<CustomFieldNew> & Pick<CustomFieldNew, 'name' | 'type'>): Promise<CustomField> =>
  db.transaction((tx) => createField(tx, chief, { resource: 'contact', ...input }))
const change = (id: string, patch: Parameters<typeof changeField>[3]): Promise<CustomField> =>
  db.transaction((tx) => changeField(tx, chief, id, patch))
const store = (id: string, fields: FieldValues): Promise<void> =>
  db.transaction((tx) => storeFields(tx, 'contact', [{ id, fields }]))
const indexOf = (id: string): Promise<object[]> =>
  db.query(
    `select f.key as field, v.n, v.key, v.number, v.words from field_value v join custom_field f on f.id = v.field_id
     where v.record_id = $1 order by f.key, v.n`,
    [id],
  )
async function shown(id: string): Promise<FieldValues> {
  const row = await db.one<{ fields: FieldValues }>(
    `select ${shownFields('contact', 'c')} as fields from contact c where id = $1`,
    [id],
  )
  return row?.fields ?? {}
}
async function codesOf(work: Promise<unknown>): Promise<string[]> {
  try {
    await work
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return error.errors.length > 0 ? error.errors.map(({ field, code }) => `${field} ${code}`) : [error.code]
  }
  return []
}

describe('keys', () => {
  test.each([
    ['شماره قرارداد', 'shmarh_ghrardad'],
    ['العنوان الوطني', 'alanvan_alvtny'],
    ['Customer level (2024)', 'customer_level_2024'],
    ['۲ نشانی', 'nshany'],
    ['!!!', 'field'],
  ])('of «%s» is %s', (name, key) => {
    expect(latinKey(name, 'field')).toBe(key)
  })

  test('are what the API takes for a key, and new', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 0, max: 30 }), (name, others) => {
        const key = latinKey(name, 'field')
        const taken = new Set<string>()
        for (let n = 0; n <= others; n++) {
          const free = freeKey(key, taken)
          expect(free).toMatch(/^[a-z][a-z0-9_]{0,39}$/)
          expect(taken.has(free)).toBe(false)
          taken.add(free)
        }
      }),
    )
  })
})

describe('values', () => {
  const made: Record<string, CustomField> = {}
  beforeAll(async () => {
    for (const type of ['text', 'number', 'money', 'date', 'yes_no', 'link', 'contact'] as const)
      made[type] = await define({ name: type, type, key: `v_${type}` })
    const options = [{ name: 'طلا' }, { name: 'نقره' }, { name: 'برنز' }]
    made['choice'] = await define({ name: 'choice', type: 'choice', key: 'v_choice', options })
    made['choices'] = await define({ name: 'choices', type: 'choices', key: 'v_choices', options })
    made['company'] = await define({ name: 'company', type: 'text', key: 'v_company', contactKinds: ['company'] })
  })
  const check = (
    values: FieldValues,
    before?: FieldValues,
    kind: 'person' | 'company' = 'person',
  ): Promise<FieldValues> => changedFieldValues(db, chief, 'contact', kind, values, before ?? {})

  test.each<[string, FieldValue, FieldValue]>([
    ['text', '  سلام\u0000\r\nدنیا ', 'سلام\nدنیا'],
    ['text', '   ', null],
    ['number', -0, 0],
    ['number', 12.5, 12.5],
    ['money', { amount: '-007', currency: 'IRR' }, { amount: '-7', currency: 'IRR' }],
    ['choice', 'tla', 'tla'],
    ['choices', ['brnz', 'tla', 'brnz'], ['tla', 'brnz']],
    ['choices', [], null],
    ['date', '2024-02-29', '2024-02-29'],
    ['yes_no', false, false],
    ['link', ' example.com/a?b=1 ', 'https://example.com/a?b=1'],
    ['link', 'http://مثال.ایران/', 'http://مثال.ایران/'],
    ['link', 'mailto:ali@example.com', 'mailto:ali@example.com'],
    ['link', 'tel:+982112345678', 'tel:+982112345678'],
    ['text', null, null],
  ])('of %s: %j is stored as %j', async (type, value, stored) => {
    expect(await check({ [`v_${type}`]: value })).toEqual(stored === null ? {} : { [`v_${type}`]: stored })
  })

  test.each<[string, FieldValue, string]>([
    ['text', 5, 'wrong_format'],
    ['text', 'ا'.repeat(5001), 'too_long'],
    ['number', '5', 'not_a_number'],
    ['number', Number.POSITIVE_INFINITY, 'not_a_number'],
    ['number', 1e16, 'out_of_range'],
    ['money', { amount: '12.5', currency: 'IRR' }, 'wrong_format'],
    ['money', { amount: '12', currency: 'XXX' }, 'not_allowed'],
    ['money', '12', 'wrong_format'],
    ['choice', 'platin', 'not_allowed'],
    ['choice', ['tla'], 'wrong_format'],
    ['choices', ['tla', 'platin'], 'not_allowed'],
    ['date', '2023-02-29', 'wrong_format'],
    ['date', '1403/01/01', 'wrong_format'],
    ['yes_no', 'true', 'wrong_format'],
    ['link', 'javascript:alert(1)', 'wrong_format'],
    ['link', 'https://bank.example@evil.example/', 'wrong_format'],
    ['link', 'https://a b.example', 'wrong_format'],
    ['link', 'word', 'wrong_format'],
    ['contact', '999999', 'not_allowed'],
    ['contact', '-1', 'wrong_format'],
    ['company', 'x', 'not_allowed'],
    ['nowhere', 'x', 'unknown_field'],
  ])('of %s: %j is refused as %s', async (type, value, code) => {
    expect(await codesOf(check({ [`v_${type}`]: value, v_text: type === 'text' ? value : 'fine' }))).toEqual([
      `fields.v_${type} ${code}`,
    ])
  })

  test('of a kind that the contact was before may be taken away, and stay', async () => {
    expect(await check({ v_company: null })).toEqual({})
    expect(await check({ v_company: null }, { v_company: 'old' })).toEqual({})
    expect(await check({ v_company: 'new' }, { v_company: 'old' })).toEqual({ v_company: 'new' })
    expect(await check({ v_company: 'x' }, {}, 'company')).toEqual({ v_company: 'x' })
  })

  test('stand in the index as lists need them, are replaced, and are taken away', async () => {
    const id = await contact()
    await store(id, {
      v_text: 'علي‌رضا كريمي',
      v_number: -12.5,
      v_money: { amount: '1500', currency: 'USD' },
      v_choices: ['tla', 'brnz'],
      v_date: '2024-02-29',
      v_yes_no: false,
      v_contact: other,
    })
    expect(await indexOf(id)).toEqual([
      { field: 'v_choices', n: 0, key: 'tla', number: null, words: null },
      { field: 'v_choices', n: 1, key: 'brnz', number: null, words: null },
      { field: 'v_contact', n: 0, key: other, number: null, words: null },
      { field: 'v_date', n: 0, key: '2024-02-29', number: null, words: null },
      { field: 'v_money', n: 0, key: 'USD', number: '1500', words: null },
      { field: 'v_number', n: 0, key: null, number: '-12.5', words: null },
      { field: 'v_text', n: 0, key: expect.any(String), number: null, words: ' علیرضا علی رضا کریمی' },
      { field: 'v_yes_no', n: 0, key: 'false', number: null, words: null },
    ])
    await store(id, { v_text: 'دیگر', v_number: null })
    expect(await shown(id)).toEqual({ v_text: 'دیگر' })
    expect(await indexOf(id)).toHaveLength(1)
    await db.transaction((tx) => dropFieldValues(tx, 'contact', [id]))
    expect(await indexOf(id)).toEqual([])
  })

  test('of many records are stored at once, each with its own', async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, contact))
    const fieldsOf = (n: number): FieldValues => (n % 3 === 0 ? {} : { v_number: n, v_text: `متن ${n}` })
    const records = ids.map((id, n) => ({ id, fields: fieldsOf(n) }))
    await db.transaction((tx) => storeFields(tx, 'contact', records))
    for (const { id, fields } of records) {
      expect(await shown(id)).toEqual(fields)
      expect(await indexOf(id)).toHaveLength(Object.keys(fields).length)
    }
  })

  test('as long as they may be can be stored', async () => {
    const id = await contact()
    const text = fc.sample(fc.string({ unit: 'binary', minLength: 4000, maxLength: 5000 }), 5)
    for (const value of ['چ'.repeat(5000), ...text]) {
      const clean = await check({ v_text: value.slice(0, 5000) })
      await store(id, clean)
      expect(await shown(id)).toEqual(clean)
    }
  })
})

describe('definitions', () => {
  test('have a key of their own, a place, and can be changed', async () => {
    const one = await define({ name: 'شهر', type: 'text' })
    const two = await define({ name: ' شهر ', type: 'number', help: ' توضیح ' })
    expect([one.key, two.key, two.help]).toEqual(['shhr', 'shhr_2', 'توضیح'])
    expect(two.position).toBe(one.position + 1)
    const moved = await change(two.id, { position: 0, name: 'شهر دوم', required: true })
    expect(moved).toMatchObject({ position: 0, name: 'شهر دوم', required: true, key: 'shhr_2' })
    const order = (await loadFields(db, 'contact')).map((field) => field.position)
    expect(order).toEqual(order.map((_, n) => n))
    expect(await codesOf(define({ name: 'x', type: 'text', key: 'shhr' }))).toEqual(['key already_used'])
    expect(await codesOf(define({ name: ' ', type: 'text' }))).toEqual(['name required'])
    expect(await codesOf(define({ name: 'x', type: 'text', options: [{ name: 'a' }] }))).toEqual([
      'options not_allowed',
    ])
    expect(await codesOf(define({ name: 'x', type: 'text', resource: 'deal', contactKinds: ['lead'] }))).toEqual([
      'contactKinds not_allowed',
    ])
    expect(await codesOf(change('999999', { name: 'x' }))).toEqual(['not_found'])
  })

  test('lose an option that nobody chose, and keep the others retired where they are set', async () => {
    const field = await define({
      name: 'level',
      type: 'choice',
      options: [{ name: 'Gold' }, { name: 'Silver' }, { name: 'Bronze' }],
    })
    expect(field.options.map((option) => option.id)).toEqual(['gold', 'silver', 'bronze'])
    const id = await contact()
    await store(id, { level: 'silver' })
    const changed = await change(field.id, { options: [{ id: 'bronze', name: 'Bronze' }, { name: 'Silver' }] })
    expect(changed.options).toEqual([
      { id: 'bronze', name: 'Bronze' },
      { id: 'silver_2', name: 'Silver' },
      { id: 'silver', name: 'Silver', retired: true },
    ])
    const check = (value: string, before?: FieldValues) =>
      changedFieldValues(db, chief, 'contact', 'person', { level: value }, before ?? {})
    expect(await codesOf(check('silver'))).toEqual(['fields.level not_allowed'])
    expect(await check('silver', { level: 'silver' })).toEqual({ level: 'silver' })
    expect(await codesOf(change(field.id, { options: [{ id: 'gold', name: 'Gold' }] }))).toEqual([
      'options.0.id not_allowed',
    ])
    expect(await codesOf(change(field.id, { options: [{ name: 'علی' }, { name: 'علي' }] }))).toEqual([
      'options.1.name already_used',
    ])
  })

  test('are given options by name, those there are and new ones', async () => {
    const field = await define({
      name: 'from files',
      type: 'choices',
      options: [{ name: 'طلایی' }, { name: 'نقره‌ای', retired: true }],
    })
    const ids = await db.transaction((tx) => makeOptions(tx, chief, field.id, ['طلايي', 'نقره‌ای', 'برنزی', 'برنزي']))
    expect(ids).toEqual(['tlayy', 'nghrhay', 'brnzy', 'brnzy'])
    const [after] = (await loadFields(db, 'contact')).filter((one) => one.id === field.id)
    expect(after?.options.map((option) => option.retired ?? false)).toEqual([false, false, false])
  })

  test('that are deleted hide their values, and bring them back as they were', async () => {
    const field = await define({ name: 'gone', type: 'text' })
    const id = await contact()
    await store(id, { gone: 'مانده', v_number: 3 })
    expect(await fieldUsage(db, chief, field.id)).toEqual({ values: 1, more: false, views: [], otherViews: 0 })
    await db.transaction((tx) => deleteField(tx, chief, field.id))
    expect(await shown(id)).toEqual({ v_number: 3 })
    expect(await codesOf(changedFieldValues(db, chief, 'contact', null, { gone: 'x' }, {}))).toEqual([
      'fields.gone unknown_field',
    ])
    const listed = await listFields(db, { resource: 'contact', deleted: true })
    expect(listed.find((one) => one.id === field.id)?.deletedAt).toBeDefined()
    // What is written meanwhile leaves it alone, and its key is not given again.
    await store(id, { v_number: 4 })
    expect((await define({ name: 'gone', type: 'number' })).key).toBe('gone_2')
    await db.transaction((tx) => restoreField(tx, chief, field.id))
    expect(await shown(id)).toEqual({ gone: 'مانده', v_number: 4 })
    expect(await indexOf(id)).toHaveLength(2)
  })

  test('are purged with their values when they were deleted long enough ago', async () => {
    const field = await define({ name: 'old', type: 'choices', options: [{ name: 'a' }, { name: 'b' }] })
    const fresh = await define({ name: 'fresh', type: 'number' })
    const id = await contact()
    await store(id, { old: ['a', 'b'], fresh: 1 })
    for (const { id: one } of [field, fresh]) await db.transaction((tx) => deleteField(tx, chief, one))
    await db.query(`update custom_field set deleted_at = now() - interval '91 days' where id = $1`, [field.id])
    expect(await codesOf(db.transaction((tx) => restoreField(tx, chief, field.id)))).toEqual(['not_found'])
    await purgeFields(db)
    expect(await db.one('select fields from contact where id = $1', [id])).toEqual({ fields: { fresh: 1 } })
    expect(await indexOf(id)).toEqual([{ field: 'fresh', n: 0, key: null, number: '1', words: null }])
    expect(await codesOf(db.transaction((tx) => restoreField(tx, chief, field.id)))).toEqual(['not_found'])
    await db.transaction((tx) => restoreField(tx, chief, fresh.id))
    expect(await shown(id)).toEqual({ fresh: 1 })
  })

  test('are at most two hundred, however many ask at once', async () => {
    const before = (await loadFields(db, 'deal')).length
    await db.query(
      `insert into custom_field (resource, key, name, type) select 'deal', 'd' || n, 'x', 'text' from generate_series(1, $1::int) n`,
      [198 - before],
    )
    const asked = await Promise.all(
      Array.from({ length: 5 }, () => codesOf(define({ name: 'more', type: 'text', resource: 'deal' }))),
    )
    expect(asked.flat()).toEqual(['too_many', 'too_many', 'too_many'])
    expect(new Set((await loadFields(db, 'deal')).map((field) => field.key)).size).toBe(200)
  })
})

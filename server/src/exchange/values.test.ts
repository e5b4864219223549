import { describe, expect, test } from 'vitest'
import type { CustomField } from '#shared/api/fields.ts'
import type { ImportOptions } from '#shared/api/operations.ts'
import { readDraft, type RowReader } from './drafts.ts'
import { byValues, headingRow, recognise } from './headings.ts'
import { parseAmount, parseDay, parseNumber, parseYesNo } from './values.ts'

const TODAY = '2026-11-25'
const field = (key: string, name: string, type: CustomField['type'] = 'text'): CustomField => ({
  id: '1',
  resource: 'contact',
  key,
  name,
  type,
  contactKinds: [],
  options: [],
  help: '',
  required: false,
  position: 0,
})

describe('headings', () => {
  test.each([
    ['شماره موبايل', 'identity.phone', 'mobile'],
    ['شمارهٔ همراه (۱) *', 'identity.phone', 'mobile'],
    ['تلفن‌همراه', 'identity.phone', 'mobile'],
    ['تلفن ۲', 'identity.phone', undefined],
    ['نمابر', 'identity.phone', 'fax'],
    ['الجوال', 'identity.phone', 'mobile'],
    ['رقم الهاتف', 'identity.phone', undefined],
    ['كد ملي', 'nationalId', undefined],
    ['شناسه‌ی ملی', null, undefined],
    ['شناسهٔ ملی', 'companyNumber', undefined],
    ['البريد الإلكتروني', 'identity.email', undefined],
    ['E-Mail Address', 'identity.email', undefined],
    ['آدرس', 'address.street', undefined],
    ['کدپستی', 'address.postalCode', undefined],
    ['شماره موبایل مدیرعامل', 'identity.phone', 'mobile'],
    ['سطح مشتری', 'field.level', undefined],
    ['ستون بی‌معنا', null, undefined],
  ])('%s is %s', (heading, target, use) => {
    const [found] = recognise([heading], [field('level', 'سطح مشتری')])
    expect([found?.target ?? null, found?.use]).toEqual([target, use])
  })

  test('«نام» is the first name only beside a surname', () => {
    expect(recognise(['نام', 'نام خانوادگی'], []).map((target) => target?.target)).toEqual(['firstName', 'lastName'])
    expect(recognise(['نام', 'شهر'], []).map((target) => target?.target)).toEqual(['name', 'address.city'])
  })

  test('the row of headings is found below titles, and is missed where there is none', () => {
    expect(
      headingRow(
        [
          ['لیست مشتریان', ''],
          ['', ''],
          ['نام', 'موبایل'],
          ['علی', '0912'],
        ],
        [],
      ),
    ).toBe(2)
    expect(
      headingRow(
        [
          ['علی', '09121234567'],
          ['سارا', '09121234568'],
        ],
        [],
      ),
    ).toBe(-1)
    expect(
      headingRow(
        [
          ['ستون یک', 'ستون دو'],
          ['علی', '09121234567'],
        ],
        [],
      ),
    ).toBe(0)
  })

  test('columns without a name of ours are told by their values', () => {
    expect(byValues(['0912 123 4567', '۰۹۱۲۱۲۳۴۵۶۸', '9121234569', '?'], 'IR')).toEqual({ target: 'identity.phone' })
    expect(byValues(['a@b.ir', 'c@d.com'], 'IR')).toEqual({ target: 'identity.email' })
    expect(byValues(['0499370899', '0790419904'], 'IR')).toEqual({ target: 'nationalId' })
    expect(byValues(['علی', 'سارا'], 'IR')).toBeNull()
  })
})

describe('values', () => {
  const reader = { locale: 'fa', calendar: 'persian' } as const
  test.each([
    ['۱۴۰۳/۰۵/۰۶', '2024-07-27'],
    ['1403-5-6', '2024-07-27'],
    ['۶ مرداد ۱۴۰۳', null],
    ['6 مرداد 1403', '2024-07-27'],
    ['2024-07-27', '2024-07-27'],
    ['2024-07-27 10:30', '2024-07-27'],
    ['27/07/2024', '2024-07-27'],
    ['45500', '2024-07-27'],
    ['۱۴۰۳/۱۳/۰۱', null],
    ['امروز', null],
    ['05/06', null],
    ['hello', null],
  ])('the day of %s is %s', (text, day) => {
    expect(parseDay(text, reader, TODAY)).toBe(text === '۶ مرداد ۱۴۰۳' ? '2024-07-27' : day)
  })
  test('Hijri days', () => {
    expect(parseDay('1446/01/21', { locale: 'ar', calendar: 'islamic-umalqura' }, TODAY)).toBe('2024-07-27')
  })

  test.each([
    ['۱۲٬۵۰۰٬۰۰۰ تومان', { amount: '125000000', currency: 'IRR' }],
    ['12,500,000 ریال', { amount: '12500000', currency: 'IRR' }],
    ['12.500.000', { amount: '125000000', currency: 'IRR' }],
    ['$1,250.50', { amount: '125050', currency: 'USD' }],
    ['دو میلیون', null],
  ])('the amount %s', (text, money) => {
    expect(parseAmount(text, { currency: 'IRR', toman: true })).toEqual(money)
  })
  test.each([
    ['۱۲٬۳۴۵٫۵', 12345.5],
    ['1,234,567', 1234567],
    ['-3', -3],
    ['3,5', 3.5],
    ['abc', null],
    ['1e5', 100000],
  ])('the number %s', (text, number) => {
    expect(parseNumber(text)).toBe(number)
  })
  test.each([
    ['بله', true],
    ['نعم', true],
    ['ندارد', false],
    ['0', false],
    ['شاید', null],
  ])('%s as yes or no', (text, yes) => {
    expect(parseYesNo(text)).toBe(yes)
  })
})

describe('a row', () => {
  const read = (target: string, text: string, use?: string, fields: CustomField[] = []) => {
    const options = {
      kind: 'person',
      dedupe: 'update',
      tagIds: [],
      responsibleId: null,
      sourceId: null,
      calendar: 'persian',
      makeMissing: false,
    } satisfies ImportOptions
    const rows: RowReader = {
      columns: [{ heading: 'H', target: { target, ...(use && { use }) } }],
      options,
      fields,
      country: 'IR',
      values: { locale: 'fa', calendar: 'persian', today: TODAY, money: { currency: 'IRR', toman: true } },
    }
    return readDraft(1, [text], rows)
  }
  const phones = (text: string) => read('identity.phone', text).identities.map(({ value }) => value)

  test.each([
    ['۰۹۱۲ ۱۲۳ ۴۵۶۷، ۰۲۱-۸۸۷۷۶۶۵۵', ['+989121234567', '+982188776655']],
    ['09121234567/09351234567', ['+989121234567', '+989351234567']],
    ['09121234567 - 09351234567', ['+989121234567', '+989351234567']],
    ['09121234567 09351234567', ['+989121234567', '+989351234567']],
    ['09121234567\n09121234567', ['+989121234567']],
    ['9121234567', ['+989121234567']],
    ['9121234567.0', ['+989121234567']],
    ['2188776655', ['+982188776655']],
    ['02188776655 داخلی 12', ['+982188776655']],
    ['موبایل: 09121234567', ['+989121234567']],
    ["'+989121234567", ['+989121234567']],
    ['+966 50 123 4567', ['+966501234567']],
    ['-', []],
    ['ندارد', []],
  ])('numbers in %j', (text, numbers) => {
    const draft = read('identity.phone', text)
    expect(draft.identities.map(({ value }) => value)).toEqual(numbers)
    expect(draft.problems).toEqual([])
  })
  test('what is no number is told, beside those that are', () => {
    const draft = read('identity.phone', '09121234567، 12345')
    expect(draft.problems).toEqual([{ column: 'H', code: 'not_a_phone', value: '12345' }])
    expect(phones('09121234567، 12345')).toEqual(['+989121234567'])
  })
  test('too long a cell, a wrong national id, a day to come', () => {
    expect(read('about', 'x'.repeat(5001)).problems[0]?.code).toBe('too_long')
    expect(read('nationalId', '1234567890').problems[0]?.code).toBe('check_digit_wrong')
    expect(read('nationalId', '499370899').plain.nationalId).toBe('0499370899')
    expect(read('birthDate', '1420/01/01').problems[0]?.code).toBe('out_of_range')
    expect(read('field.flag', 'ندارد', undefined, [field('flag', 'پرچم', 'yes_no')]).fields).toEqual({ flag: false })
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LOCALES } from './locales.ts'
import {
  checkFields,
  escapeBraces,
  type FieldPart,
  FORMATS,
  formatsOf,
  LONGEST_RENDERED,
  LONGEST_TEMPLATE,
  MOST_FIELDS,
  parseTemplate,
  type RenderPreferences,
  renderTemplate,
  templateText,
  type TemplateValue,
  type TemplateValues,
  toTemplateValue,
} from './template.ts'

const FA: RenderPreferences = {
  locale: 'fa',
  digits: 'native',
  calendar: 'persian',
  timeZone: 'Asia/Tehran',
  toman: true,
  currency: 'IRR',
}
const EN: RenderPreferences = { ...FA, locale: 'en', digits: 'latin', calendar: 'gregory' }
const VALUES: TemplateValues = {
  'contact.name': { type: 'text', text: 'سارا {contact.phone}' },
  'contact.kind': { type: 'words', words: { fa: 'شخص', ar: 'شخص', en: 'person' } },
  'contact.birthDate': { type: 'date', day: '2026-11-23' },
  'deal.amount': { type: 'money', money: { amount: '125000000', currency: 'IRR' } },
  'event.at': { type: 'moment', at: '2026-11-23T11:05:00Z' },
  'event.count': { type: 'number', number: 12345.5 },
  'event.paid': { type: 'yes_no', yes: true },
  'event.sum': { type: 'text', text: '۱۲,۵۰۰' },
  'row.تاریخ': { type: 'text', text: '2026-11-23' },
  'row.blank': { type: 'text', text: '  ' },
}
const fa = (text: string) => renderTemplate(parseTemplate(text), VALUES, FA)
const codes = (text: string) => parseTemplate(text).problems.map(({ code, at, length }) => `${code} ${at} ${length}`)

const name = fc.stringMatching(/^[a-z][a-zA-Z0-9]{0,8}(\.[\p{L}\p{N}_]{1,8}){0,3}$/u)
const field: fc.Arbitrary<FieldPart> = fc
  .record({
    field: name,
    format: fc.option(fc.constantFrom(...FORMATS), { nil: undefined }),
    fallback: fc.option(
      fc.stringMatching(/^[^{}\n\r]{0,20}$/).map((text) => text.trim()),
      { nil: undefined },
    ),
  })
  .map(({ field: of, format, fallback }) => ({
    field: of,
    ...(format === undefined ? {} : { format }),
    ...(fallback === undefined ? {} : { fallback }),
  }))
const literal = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }).map((text) => ({ text }))
const wild = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc
    .array(fc.constantFrom('{', '}', '|', ':', '\n', 'contact.name', ' ', 'é', '😀', '\ud800'), { maxLength: 40 })
    .map((all) => all.join('')),
)
const value: fc.Arbitrary<TemplateValue> = fc.oneof(
  fc.string({ unit: 'binary' }).map((text) => ({ type: 'text' as const, text })),
  fc.double().map((number) => ({ type: 'number' as const, number })),
  fc.bigInt(-(10n ** 18n) + 1n, 10n ** 18n - 1n).map((minor) => ({
    type: 'money' as const,
    money: { amount: String(minor), currency: 'IRR' },
  })),
  fc.string().map((day) => ({ type: 'date' as const, day })),
  fc.string().map((at) => ({ type: 'moment' as const, at })),
  fc.boolean().map((yes) => ({ type: 'yes_no' as const, yes })),
)

describe('a text with fields', () => {
  it('is read into what it says', () => {
    expect(parseTemplate('سلام {contact.name | دوست  من } {{x}} { deal.amount : plain }').parts).toEqual([
      { text: 'سلام ', from: 0, to: 5 },
      { field: 'contact.name', fallback: 'دوست  من', from: 5, to: 31 },
      { text: ' {x} ', from: 31, to: 38 },
      { field: 'deal.amount', format: 'plain', from: 38, to: 61 },
    ])
    expect(parseTemplate('{a}{b}{a}{row.شماره  فاکتور}').fields).toEqual(['a', 'b', 'row.شماره فاکتور'])
  })

  it('names what is wrong with it and where', () => {
    expect(codes('abc {contact.name')).toEqual(['unclosed 4 13'])
    expect(codes('{contact.\nname}')).toEqual(['unclosed 0 9', 'stray_brace 14 1'])
    expect(codes('{a {b} }')).toEqual(['unclosed 0 3', 'stray_brace 7 1'])
    expect(codes('a } b')).toEqual(['stray_brace 2 1'])
    expect(codes('{ } {|x}')).toEqual(['empty_field 0 3', 'empty_field 4 4'])
    expect(codes('{نام} {a.} {a..b} {1}')).toEqual([
      'wrong_name 0 5',
      'wrong_name 6 4',
      'wrong_name 11 6',
      'wrong_name 18 3',
    ])
    expect(codes('{a : shiny} {a:}')).toEqual(['unknown_format 0 11', 'unknown_format 12 4'])
    const many = Array.from({ length: MOST_FIELDS + 1 }, (_, n) => `{a${n}}`).join('')
    expect(parseTemplate(many).problems.map((problem) => problem.code)).toEqual(['too_many_fields'])
    // What is wrong stays as it was written, whoever renders it.
    expect(fa('{contact.name } { نام').text).toBe('سارا {contact.phone} { نام')
  })

  it('knows fields and formats that do not exist or do not fit', () => {
    const type = (of: string) => (of === 'contact.name' ? 'text' : of.startsWith('row.') ? null : undefined)
    const problems = checkFields(parseTemplate('{contact.name : money} {contact.nam} {row.x : long}'), type)
    expect(problems).toEqual([
      { code: 'wrong_format', at: 0, length: 22, name: 'money' },
      { code: 'unknown_field', at: 23, length: 13, name: 'contact.nam' },
    ])
    for (const format of FORMATS) expect(formatsOf(null)).toContain(format)
  })

  it('shows values as the reader writes them', () => {
    expect(fa('{contact.birthDate} {contact.birthDate:short} {contact.birthDate:weekday}').text).toBe(
      '۲ آذر ۱۴۰۵ ۱۴۰۵/۰۹/۰۲ دوشنبه',
    )
    expect(fa('{event.at} {event.at : time} {event.at: long}').text).toBe('۲ آذر ۱۴۰۵، ۱۴:۳۵ ۱۴:۳۵ ۲ آذر ۱۴۰۵')
    expect(fa('{deal.amount} {deal.amount:plain} {event.count} {event.count:plain}').text).toBe(
      '۱۲٬۵۰۰٬۰۰۰ تومان 12500000 ۱۲٬۳۴۵٫۵ 12345.5',
    )
    expect(fa('{event.sum : money} {event.sum:number} {row.تاریخ : long} {event.paid} {contact.kind}').text).toBe(
      '۱۲٬۵۰۰ تومان ۱۲٬۵۰۰ ۲ آذر ۱۴۰۵ بله شخص',
    )
    const en = renderTemplate(
      parseTemplate('{event.at:full} {deal.amount} {contact.kind:upper} {event.sum:latin}'),
      VALUES,
      EN,
    )
    expect(en.text).toBe('Monday 23 November 2026 Toman 12,500,000 PERSON 12,500')
    expect(renderTemplate(parseTemplate('https://x.ir/?n={event.sum:url}'), VALUES, EN).text).toBe(
      'https://x.ir/?n=%DB%B1%DB%B2%2C%DB%B5%DB%B0%DB%B0',
    )
  })

  it('never has a hole: what is missing is named, unless the text says what stands there then', () => {
    expect(fa('{contact.email} {row.blank} {contact.email} {event.sum : long}')).toMatchObject({
      missing: ['contact.email', 'row.blank', 'event.sum'],
    })
    expect(fa('سلام {contact.email | دوست}{row.blank|}!')).toEqual({ text: 'سلام دوست!', missing: [] })
    expect(fa('{constructor} {toString.x}').missing).toEqual(['constructor', 'toString.x'])
  })

  it('does not read values as texts with fields', () => {
    expect(fa('{contact.name}')).toEqual({ text: 'سارا {contact.phone}', missing: [] })
  })

  it('is written as it was read', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(literal, field), { maxLength: 12 }), (parts) => {
        const read = parseTemplate(templateText(parts))
        const joined = read.parts.map(({ from: _from, to: _to, ...part }) => part)
        expect(read.problems).toEqual([])
        expect(templateText(joined)).toBe(templateText(parts))
        expect(joined.filter((part) => 'field' in part)).toEqual(parts.filter((part) => 'field' in part))
      }),
      { numRuns: 1000 },
    )
  })

  it('whose braces are doubled is that text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (text) => {
        expect(renderTemplate(parseTemplate(escapeBraces(text)), VALUES, FA).missing).toEqual([])
        expect(
          parseTemplate(escapeBraces(text))
            .parts.map((part) => ('text' in part ? part.text : '!'))
            .join(''),
        ).toBe(text)
      }),
    )
  })

  it('is read and rendered without throwing, whatever it is, and covers the text it was read from', () => {
    fc.assert(
      fc.property(wild, fc.dictionary(name, value), fc.constantFrom(...LOCALES), (text, values, locale) => {
        const parsed = parseTemplate(text)
        const given = { ...values, 'contact.name': values['contact.name'] }
        const rendered = renderTemplate(parsed, given, { ...FA, locale })
        expect(parsed.parts.map(({ from, to }) => [from, to])).toEqual(
          parsed.parts.map((part, n) => [parsed.parts[n - 1]?.to ?? 0, part.to]),
        )
        for (const { at, length } of parsed.problems) expect(at + length).toBeLessThanOrEqual(text.length)
        for (const field of rendered.missing) expect(parsed.fields).toContain(field)
      }),
      { numRuns: 1000 },
    )
  })

  it('formats any value without throwing, and never longer than a value may be', () => {
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, ...FORMATS), fc.constantFrom(...LOCALES), (one, format, locale) => {
        const part: FieldPart = { field: 'a', ...(format === undefined ? {} : { format }) }
        const { text, missing } = renderTemplate(parseTemplate(templateText([part])), { a: one }, { ...FA, locale })
        expect(text.length).toBeLessThanOrEqual(5000)
        expect(missing.length === 1).toBe(text === '')
      }),
      { numRuns: 1000 },
    )
  })

  it('of the greatest length is read in time that grows with it alone', () => {
    for (const text of [
      '{'.repeat(LONGEST_TEMPLATE),
      '{a'.repeat(10_000),
      `{${'a '.repeat(9_999)}`,
      '{a}'.repeat(6000),
    ])
      expect(parseTemplate(text).parts.length).toBeGreaterThan(0)
  })

  it('becomes no longer than anybody carries, however long its values are', () => {
    const long: TemplateValues = { a: { type: 'text', text: 'ب'.repeat(5000) } }
    expect(renderTemplate(parseTemplate('{a}'.repeat(6000)), long, FA).text).toHaveLength(LONGEST_RENDERED)
  })

  it('takes what programs and files say', () => {
    expect(['a', ' ', 3, Number.NaN, true, null, {}, ['a', 2], [{}]].map((raw) => toTemplateValue(raw)?.type)).toEqual([
      'text',
      undefined,
      'number',
      undefined,
      'yes_no',
      undefined,
      undefined,
      'text',
      undefined,
    ])
    expect(toTemplateValue({ amount: '12', currency: 'IRR' })).toMatchObject({ type: 'money' })
    expect(toTemplateValue({ amount: 12, currency: 'IRR' })).toBeUndefined()
  })
})

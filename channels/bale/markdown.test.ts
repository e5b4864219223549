import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { protectMarkdown } from './markdown.ts'

const shown = (text: string) => protectMarkdown(text).replaceAll('\u2060', '·')

describe('marks that would format are kept apart', () => {
  test.each([
    ['*مهم*', '·*·مهم·*·'],
    ['قیمت *۲۰۰* تومان', 'قیمت ·*·۲۰۰·*· تومان'],
    ['_italic_', '·_·italic·_·'],
    ['(*a b*)', '(·*·a b·*·)'],
    ['[راهنما](https://x.example/a)', '[راهنما]·(https://x.example/a)'],
    ['[https://a.example](https://b.example)', '[https://a.example]·(https://b.example)'],
    ['```[عنوان] متن```', '`·`·`[عنوان] متن`·`·`'],
    ['*سطر یک\nسطر دو*', '·*·سطر یک\nسطر دو·*·'],
    ['*😀*', '·*·😀·*·'],
    ['_https://x.example/a_b_', '·_·https://x.example/a_b·_·'],
  ])('%s', (text, expected) => {
    expect(shown(text)).toBe(expected)
  })

  test('doubled marks as well', () => {
    expect(shown('**مهم**')).toBe('·*·*·مهم·*·*·')
  })
})

test.each([
  'سلام، سفارش شما آماده است.',
  '3 * 4 * 5',
  '3*4*5',
  'file_name_here.pdf',
  '* یک\n* دو\n* سه',
  'ستاره * تنها',
  '*ناتمام',
  'ناتمام*',
  'https://pay.example/a_b_c?x=_y_&z=*w*',
  'www.example.com/_a_',
  'me_and_you_@example.com, _x@example.com',
  '@negar_s_official_',
  '/my_command_',
  '#برچسب_با_زیرخط',
  '[یادداشت] (توضیح)',
  'a](b',
  '``code``',
  '```',
  'x = [1](',
])('nothing is done to %s', (text) => {
  expect(protectMarkdown(text)).toBe(text)
})

describe('for any text', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.string({
      unit: fc.constantFrom('*', '_', '[', ']', '(', ')', '`', ' ', '\n', 'a', 'م', '😀', '/', '@', ':'),
      maxLength: 60,
    }),
  )

  test('the joiners are all that is added', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(protectMarkdown(text).replaceAll('\u2060', '')).toBe(text.replaceAll('\u2060', ''))
      }),
    )
  })

  test('no pair is left that stands as Bale wants it: blank, mark, word, mark, blank', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(protectMarkdown(text)).not.toMatch(/(?:^|\s)([*_])(?![\s*_])[^*_@#/:]*(?<![\s*_])\1(?:\s|$)/u)
        expect(protectMarkdown(text)).not.toMatch(/\[[^[\]]*\]\([^()]*\)/)
        expect(protectMarkdown(text)).not.toMatch(/`{3}[^]*`{3}/)
      }),
    )
  })

  test('it is quick', () => {
    for (const text of [
      '*'.repeat(20_000),
      '[]('.repeat(7000),
      '_a@'.repeat(7000),
      'a'.repeat(20_000),
      '`'.repeat(20_000),
      '*a '.repeat(7000),
    ]) {
      const from = process.cpuUsage()
      protectMarkdown(text)
      expect(process.cpuUsage(from).user / 1000).toBeLessThan(500)
    }
  })
})

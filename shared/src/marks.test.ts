import fc from 'fast-check'
import { expect, test } from 'vitest'
import { MARK_BEGIN, MARK_END, markWords } from './marks.ts'

const shown = (text: string, search: string): string =>
  markWords(text, search).replaceAll(MARK_BEGIN, '[').replaceAll(MARK_END, ']')

test.each([
  ['نگار صالح‌پور', 'صالح', 'نگار [صالح‌پور]'],
  ['نگار صالح‌پور', 'صالحپور نگ', '[نگار] [صالح‌پور]'],
  ['كلينيک مهر', 'کلینیک', '[كلينيک] مهر'],
  ['Sales report.pdf', 'REPORT', 'Sales [report].pdf'],
  ['عبدالکریم', 'کریم', 'عبدالکریم'],
  ['کتاب ها', 'کتابها', '[کتاب ها]'],
  ['قرارداد ۱۴۰۵', '1405', 'قرارداد [۱۴۰۵]'],
  ['هیچ', '!!', 'هیچ'],
])('%s, asked for %s', (text, search, marked) => {
  expect(shown(text, search)).toBe(marked)
})

test('nothing but marks is added, whatever was written and asked for', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, search) => {
      const marked = markWords(text, search)
      expect(marked.replaceAll(/[\ue000\ue001]/g, '')).toBe(text.replaceAll(/[\ue000\ue001]/g, ''))
    }),
  )
})

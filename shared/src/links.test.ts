import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linkParts } from './links.ts'

/** The pressable parts, as [text, href]. */
function found(text: string): [string, string][] {
  return linkParts(text).flatMap((part) => (part.kind === 'text' ? [] : [[part.text, part.href]]))
}

describe('linkParts', () => {
  it('finds addresses of the web, without the punctuation after them', () => {
    expect(found('ببینید: https://example.com/a?b=1#c، ممنون')).toEqual([
      ['https://example.com/a?b=1#c', 'https://example.com/a?b=1#c'],
    ])
    expect(found('(https://example.com).')).toEqual([['https://example.com', 'https://example.com/']])
    expect(found('«http://example.com/فارسی»؟')).toEqual([
      ['http://example.com/فارسی', 'http://example.com/%D9%81%D8%A7%D8%B1%D8%B3%DB%8C'],
    ])
    expect(found('https://fa.wikipedia.org/wiki/A_(b) و www.example.ir!')).toEqual([
      ['https://fa.wikipedia.org/wiki/A_(b)', 'https://fa.wikipedia.org/wiki/A_(b)'],
      ['www.example.ir', 'https://www.example.ir/'],
    ])
    expect(found('HTTPS://Example.COM')).toEqual([['HTTPS://Example.COM', 'https://example.com/']])
  })

  it('finds emails and phone numbers', () => {
    expect(found('ali.r@example.co.ir، تلفن ۰۹۱۲ ۳۴۵ ۶۷۸۹.')).toEqual([
      ['ali.r@example.co.ir', 'mailto:ali.r@example.co.ir'],
      ['۰۹۱۲ ۳۴۵ ۶۷۸۹', 'tel:09123456789'],
    ])
    expect(found('+98 (21) 8888-7777')).toEqual([['+98 (21) 8888-7777', 'tel:+982188887777']])
    expect(found('00966501234567')).toEqual([['00966501234567', 'tel:+966501234567']])
    expect(found('٠٢١٨٨٨٨٧٧٧٧')).toEqual([['٠٢١٨٨٨٨٧٧٧٧', 'tel:02188887777']])
    expect(found('(09123456789)')).toEqual([['09123456789', 'tel:09123456789']])
  })

  it.each([
    'javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'ftp://example.com file:///etc/passwd',
    'https://bank.ir@evil.example/ https://a:b@evil.example',
    'https:// http://. www. https://%',
    'xhttps//x a@b a@b. @someone a@@b.com',
    '6037991899123456 IR0962000000000202901868005 1405/09/02 12:30 012-34',
    '12345678901 500000000000 x09123456789 09123456789x',
  ])('leaves %s plain', (text) => {
    expect(found(text)).toEqual([])
  })

  it('stops an address at marks that turn the direction around', () => {
    expect(found('https://example.com/\u202egpj.exe')).toEqual([['https://example.com/', 'https://example.com/']])
  })

  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom(
        'https://',
        'www.',
        'example.com',
        '@',
        '/',
        '(',
        ')',
        '.',
        '،',
        ' ',
        '+98',
        '۰۹۱۲',
        '0912345',
        '-',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 40 },
  )

  it('gives the text back, never an empty part, only safe addresses', () => {
    fc.assert(
      fc.property(pieces, (words) => {
        const text = words.join('')
        const parts = linkParts(text)
        expect(parts.map((part) => part.text).join('')).toBe(text)
        for (const part of parts) {
          expect(part.text).not.toBe('')
          if (part.kind !== 'text') expect(part.href).toMatch(/^(?:https?:\/\/[^/@]+(?:\/|$)|mailto:|tel:\+?[0-9]+$)/)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('works in a bounded time on hostile texts, and no further than a message is long', () => {
    const hostile = [
      '0 ',
      '+(',
      'a.',
      'a@',
      'www.',
      'https://',
      '((',
      '))',
      '0-',
      '.a@a.',
      'https://a)',
      '۰',
      '0'.repeat(7),
    ]
    for (const piece of hostile) {
      const text = piece.repeat(Math.ceil(1_000_000 / piece.length))
      const start = performance.now()
      expect(
        linkParts(text)
          .map((part) => part.text)
          .join(''),
      ).toBe(text)
      expect([piece, performance.now() - start < 500]).toEqual([piece, true])
    }
    expect(found(`${'a '.repeat(2500)} https://example.com`)).toEqual([])
    expect(found(`${'a '.repeat(2040)} https://example.com/${'b'.repeat(1000)}`)).toEqual([])
  })
})

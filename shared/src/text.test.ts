import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  foldForIndex,
  foldText,
  initials,
  latinDigits,
  localDigits,
  MAX_QUERY_WORDS,
  MAX_WORD_LENGTH,
  safeFileName,
  searchTerms,
  sortKey,
  stripUnsafe,
  textDirection,
  truncateGraphemes,
} from './text.ts'

const letters = 'آأإابپتثجچحخدذرزژسشصضطظعغفقکكگلمنوؤهةۀیيىئء'
const marks = '\u064b\u064e\u0651\u0652\u0670\u0640\u200c\u200d\u200e\u200f\u202b\u2066\u2069\ufeff'
const persian = fc.string({
  unit: fc.constantFrom(...letters, ...marks, ' ', ' ', '۱', '٢', '3', 'é', 'A', '.', '،'),
  maxLength: 60,
})
const anything = fc.oneof(persian, fc.string({ unit: 'binary', maxLength: 80 }), fc.string({ unit: 'grapheme' }))
/** Also halves of surrogate pairs. */
const wild = fc.oneof(
  anything,
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 60 }).map((units) => String.fromCharCode(...units)),
)

/** Does `query` find `text`? The meaning of searchTerms over foldForIndex, as a search for prefixes. */
function finds(query: string, text: string): boolean {
  const index = ` ${foldForIndex(text, 4000)}`
  return searchTerms(query).every((ways) => ways.some((way) => index.includes(` ${way}`)))
}

/** The same over names, as LIKE '%word%' does it. */
function findsName(query: string, name: string): boolean {
  const index = foldForIndex(name, 4000, { joinPairs: true })
  return searchTerms(query).every(([word = '']) => index.includes(word))
}

describe('foldText', () => {
  it('folds plain letters in the short way as it folds anything', () => {
    const plain = fc.string({
      unit: fc.constantFrom(...'ابتغفقلمنوهپچژگکیآأإةكي', ...'\u200c ۰۹٠٩aZ~!«»،؛؟\n'),
      maxLength: 40,
    })
    fc.assert(
      // The letter at the end sends it the long way.
      fc.property(plain, (s) => {
        expect(foldText(`${s} é`)).toBe(`${foldText(s)} e`.trim())
      }),
      { numRuns: 2000 },
    )
  })
  it.each([
    ['ي', 'ی'],
    ['ى', 'ی'],
    ['ئ', 'ی'],
    ['ك', 'ک'],
    ['أ', 'ا'],
    ['إ', 'ا'],
    ['آ', 'ا'],
    ['ٱ', 'ا'],
    ['ؤ', 'و'],
    ['ة', 'ه'],
    ['ۀ', 'ه'],
    ['هٔ', 'ه'],
    ['املاء', 'املا'],
    ['علي‌رضا كريمي', 'علیرضا کریمی'],
    ['مُحَمَّد', 'محمد'],
    ['ســـلام', 'سلام'],
    ['۰۹۱۲ ٣٤٥', '0912 345'],
    ['Café ÉCOLE Straße Łódź', 'cafe ecole strasse lodz'],
    ['ﻻ ﷲ ｆｕｌｌ', 'لا الله full'],
    ['  چند\t\n فاصله\u00a0دار ', 'چند فاصله دار'],
    ['\u202bسلام\u202c\u200f', 'سلام'],
    ['İstanbul ISTANBUL', 'istanbul istanbul'],
  ])('%j → %j', (from, to) => {
    expect(foldText(from)).toBe(to)
  })

  it('keeps no towers of marks', () => {
    const tower = `क${'\u093f\u0940'.repeat(10_000)}`
    expect(foldText(tower)).toHaveLength(17)
    expect(foldText(foldText(tower))).toBe(foldText(tower))
    // Sorting these in one go would take a second.
    expect(foldText(`a${'\u0345\u0301\u0323\u0327\u0338'.repeat(4000)}b`)).toBe('ab')
  })

  it('is idempotent for every single character', () => {
    const wrong: string[] = []
    for (let code = 0; code <= 0x10ffff; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue
      const once = foldText(String.fromCodePoint(code))
      if (foldText(once) !== once) wrong.push(code.toString(16))
    }
    expect(wrong).toEqual([])
  })

  it('is idempotent', () => {
    fc.assert(
      fc.property(wild, (s) => {
        expect(foldText(foldText(s))).toBe(foldText(s))
      }),
    )
  })

  it('does not see what is removed before storing', () => {
    fc.assert(
      fc.property(wild, (s) => {
        expect(foldText(stripUnsafe(s))).toBe(foldText(s))
      }),
    )
  })

  it('does not see marks, spelling or digits', () => {
    const spellings: Record<string, string[]> = {
      ی: ['ي', 'ى', 'ی', 'ئ'],
      ک: ['ک', 'ك', 'ڪ'],
      ا: ['ا', 'أ', 'إ', 'آ', 'ٱ'],
      ه: ['ه', 'ة', 'ۀ', 'ہ'],
      و: ['و', 'ؤ'],
      4: ['4', '۴', '٤'],
      e: ['e', 'E', 'é', 'Ｅ'],
    }
    const letter = fc.constantFrom(...Object.keys(spellings), 'س', 'م', 'ب', ' ')
    const spelled = fc.array(
      fc.tuple(letter, fc.nat(), fc.constantFrom('', ...marks.replaceAll('\u200c', ''))).map(([plain, n, mark]) => {
        const ways = spellings[plain] ?? [plain]
        return [plain, (ways[n % ways.length] ?? plain) + mark] as const
      }),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(spelled, (parts) => {
        const plain = parts.map(([p]) => p).join('')
        expect(foldText(parts.map(([, w]) => w).join(''))).toBe(foldText(plain))
      }),
    )
  })
})

/** Each of the spellings finds each of them. */
function same(words: string[], find = finds): void {
  for (const query of words) {
    for (const text of words) expect([query, text, find(query, text)]).toEqual([query, text, true])
  }
}

describe('search', () => {
  it('the three spellings of a half-space find each other', () => {
    same(['می‌خواهم', 'می خواهم', 'میخواهم'])
    same(['نمی‌دانم', 'نمی دانم', 'نمیدانم', 'نمي‌دانم'])
    same(['کتاب‌های', 'کتاب های', 'کتابهای', 'كتاب هاي'])
    same(['می‌خواسته‌ام', 'می خواسته ام', 'می‌خواسته ام', 'میخواستهام'])
    same(['دانش‌آموز', 'دانش آموز'])
    same(['علی‌رضا', 'علی رضا', 'علیرضا', 'علي رضا'], findsName)
  })
  it('inside a sentence too, and while typing', () => {
    expect(finds('میخواهم', 'من می خواهم بروم')).toBe(true)
    expect(finds('می خوا', 'من می‌خواهم بروم')).toBe(true)
    expect(finds('خواهم بروم', 'من می‌خواهم بروم')).toBe(true)
    expect(finds('دانش‌آموز', 'یک دانش آموز خوب')).toBe(true)
    expect(finds('های وب', 'شرکت های وب')).toBe(true)
    expect(finds('ام كلثوم', 'اغاني أم كلثوم')).toBe(true)
    expect(finds('12500000', 'مبلغ ۱۲٬۵۰۰٬۰۰۰ ریال')).toBe(true)
    expect(finds('ali@example.com', 'ایمیل: Ali@Example.com.')).toBe(true)
  })
  it('does not find what is not there', () => {
    expect(finds('نمی‌خواهم', 'من می‌خواهم')).toBe(false)
    expect(finds('رضا', 'کریمی')).toBe(false)
  })

  it('every word of a text finds the text', () => {
    fc.assert(
      fc.property(anything, (s) => {
        for (const word of foldText(s).match(/[\p{L}\p{N}]+/gu) ?? []) {
          if (/^\p{Script=Arabic}+$/u.test(word)) expect(finds(word, s)).toBe(true)
        }
        expect(finds(s.slice(0, 100), s)).toBe(true)
      }),
    )
  })

  it('gives words without any operator, few and short', () => {
    fc.assert(
      fc.property(fc.oneof(wild, fc.string({ unit: fc.constantFrom(...`'"\\:*&|!()<->% aب۱`) })), (s) => {
        const terms = searchTerms(s)
        expect(terms.length).toBeLessThanOrEqual(MAX_QUERY_WORDS)
        for (const word of terms.flat().flatMap((way) => way.split(' '))) {
          expect(word).toMatch(/^[\p{L}\p{N}\p{M}]+$/u)
          expect(word.length).toBeLessThanOrEqual(MAX_WORD_LENGTH)
        }
      }),
    )
    expect(searchTerms('!!! ... \u0000')).toEqual([])
    expect(searchTerms('x '.repeat(100_000) + 'ا'.repeat(5000))).toEqual([['x']])
    expect(searchTerms('دانش‌آموز علی')).toEqual([['دانشاموز', 'دانش اموز'], ['علی']])
  })

  it('keeps the index within its length, whole words only, no half characters', () => {
    fc.assert(
      fc.property(wild, fc.nat({ max: 60 }), (s, max) => {
        const index = foldForIndex(s, max)
        expect(index.length).toBeLessThanOrEqual(max)
        expect(index).toBe(index.trim())
        expect(index).not.toMatch(/\p{Cs}/u)
        const whole = foldForIndex(s, 4000)
        expect(whole === index || whole.startsWith(index === '' ? '' : `${index} `)).toBe(true)
      }),
    )
  })
})

describe('digits', () => {
  it('go there and back', () => {
    expect(localDigits('12٣۴', 'fa')).toBe('۱۲۳۴')
    expect(localDigits('12٣۴', 'ar')).toBe('١٢٣٤')
    expect(localDigits('12٣۴', 'en')).toBe('1234')
    fc.assert(
      fc.property(anything, fc.constantFrom('fa', 'ar', 'en'), (s, locale) => {
        expect(latinDigits(localDigits(s, locale as 'fa' | 'ar' | 'en'))).toBe(latinDigits(s))
      }),
    )
  })
})

describe('truncateGraphemes', () => {
  it('cuts between characters as read', () => {
    expect(truncateGraphemes('👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦', 2)).toBe('👨‍👩‍👧‍👦…')
    expect(truncateGraphemes('سلام دنیا', 6)).toBe('سلام…')
    expect(truncateGraphemes('سلام', 4)).toBe('سلام')
    expect(truncateGraphemes('مُحَمَّد', 4)).toBe('مُحَمَّد')
  })
  it('cuts plain letters in the short way as it cuts anything', () => {
    const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
    const mixed = fc.string({
      unit: fc.constantFrom(...'سلامیکپa1۲ .،', '\u200c', '\u200c', '\u064e', '👍', '\r', '\n'),
      minLength: 5,
      maxLength: 40,
    })
    fc.assert(
      fc.property(mixed, fc.integer({ min: 1, max: 20 }), (s, max) => {
        const characters = [...segmenter.segment(s)].map(({ segment }) => segment)
        const cut = `${characters
          .slice(0, max - 1)
          .join('')
          .trimEnd()}…`
        expect(truncateGraphemes(s, max)).toBe(s.length <= max || characters.length <= max ? s : cut)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('initials', () => {
  it.each([
    ['علی رضایی', 'ع\u200cر'],
    ['آرش', 'آ'],
    ['دکتر سارا محمدی‌نژاد', 'س\u200cم'],
    ['شرکت', 'ش'],
    ['شرکت پارس خودرو', 'پ\u200cخ'],
    ['أحمد بن علي', 'أ\u200cع'],
    ['John ronald Tolkien', 'JT'],
    ['علی Smith', 'ع'],
    ['«مینا» (فروش)', 'م\u200cف'],
    ['😀 نرگس', 'ن'],
    ['+98 912', ''],
    ['', ''],
  ])('%s → %s', (name, expected) => {
    expect(initials(name)).toBe(expected)
  })
})

describe('textDirection', () => {
  it.each([
    ['سلام hi', 'rtl'],
    ['hi سلام', 'ltr'],
    ['۱۲۳ — سلام', 'rtl'],
    ['12:30 😀 !', 'neutral'],
    ['۰۹۱۲', 'neutral'],
    ['\u200f12', 'rtl'],
    ['שלום', 'rtl'],
    ['日本', 'ltr'],
    ['', 'neutral'],
  ])('%s is %s', (s, direction) => {
    expect(textDirection(s)).toBe(direction)
  })
})

describe('stripUnsafe', () => {
  it('removes what the database refuses and nothing the reader sees', () => {
    expect(stripUnsafe('a\u0000b\u0007c\r\nd\te\rf\ud800g😀\u200c')).toBe('abc\nd\te\nfg😀\u200c')
    fc.assert(
      fc.property(wild, (s) => {
        const clean = stripUnsafe(s)
        expect(clean).not.toMatch(/\p{Cs}/u)
        expect([...clean].filter((c) => c < ' ' && c !== '\n' && c !== '\t')).toEqual([])
        expect(stripUnsafe(clean)).toBe(clean)
      }),
    )
  })
})

describe('safeFileName', () => {
  it.each([
    ['قرارداد نهایی.pdf', 'قرارداد نهایی.pdf'],
    ['می‌خواهم.docx', 'می‌خواهم.docx'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\علی\\عکس.jpg', 'عکس.jpg'],
    ['a/b/', 'b'],
    ['..', 'file'],
    ['', 'file'],
    ['.htaccess', 'htaccess'],
    ['photo\u202egpj.exe', 'photogpj.exe'],
    ['CON', '_CON'],
    ['nul.txt', '_nul.txt'],
    ['console.txt', 'console.txt'],
    ['a\u0000b\r\n.txt ', 'ab.txt'],
    ['who?*.txt', 'who__.txt'],
    ['name. . ', 'name'],
  ])('%j → %j', (from, to) => {
    expect(safeFileName(from)).toBe(to)
  })

  it('keeps the extension of a long name', () => {
    const name = safeFileName(`${'قرارداد'.repeat(100)}.pdf`)
    expect(name.endsWith('.pdf')).toBe(true)
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(180)
    expect(Buffer.byteLength(name)).toBeGreaterThan(170)
  })

  it('is safe whatever comes, and idempotent', () => {
    const hostile = fc.string({
      unit: fc.constantFrom(...'./\\:*?<>|" \t\n\u0000\u200c\u202e\u2067aبCONnul.', '😀', 'é', '\ud800'),
    })
    fc.assert(
      fc.property(fc.oneof(wild, hostile), fc.integer({ min: 40, max: 255 }), (s, max) => {
        const name = safeFileName(s, max)
        expect(name).not.toBe('')
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(max)
        expect(name).not.toMatch(/[/\\<>:"|?*\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069\u200e\u200f]|^[. ]|[. ]$/u)
        expect(name).not.toMatch(/\p{Cs}/u)
        expect(safeFileName(name, max)).toBe(name)
      }),
      { numRuns: 500 },
    )
    // Two marks with an invisible sign between them change places once it is gone.
    const marks = safeFileName('\u0652\u200e\u064e')
    expect(safeFileName(marks)).toBe(marks)
  })
})

describe('sortKey', () => {
  const sorted = (texts: string[]): string[] =>
    [...texts].sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : sortKey(a) > sortKey(b) ? 1 : 0))

  it.each([
    [
      'the Persian alphabet',
      ['امید', 'بابک', 'پری', 'تینا', 'چکامه', 'زهرا', 'ژاله', 'کاوه', 'گلی', 'لاله', 'وحید', 'هما', 'یلدا'],
    ],
    ['numbers within names', ['شعبهٔ ۲', 'شعبهٔ ۹', 'شعبهٔ ۱۰', 'شعبهٔ ۰۱۱', 'شعبهٔ ۲۰۰']],
    ['shorter before longer', ['علی', 'علی رضا', 'علیرضا']],
    ['Latin before Persian, punctuation aside', ['"Acme"', 'äpfel', 'Zebra', '«آبان»']],
  ])('orders %s', (_, texts) => {
    expect(sorted([...texts].reverse())).toEqual(texts)
  })

  // What folding makes one, and the half-space, the collator tells apart in a last step of its own.
  const collator = new Intl.Collator('fa', { numeric: true })
  const collated = (a: string, b: string): number => Math.sign(collator.compare(a, b))
  const compared = (a: string, b: string): number => (sortKey(a) < sortKey(b) ? -1 : sortKey(a) > sortKey(b) ? 1 : 0)

  it.each([
    ['Persian words', 'ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی'],
    ['Arabic words', 'ابتثجحخدذرزسشصضطظعغفقكلمنوهي'],
    ['Latin words', 'abcdefghijklmnopqrstuvwxyz'],
  ])('orders %s as the collator of Persian does', (_, alphabet) => {
    const word = fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength: 6 })
    const number = fc.integer({ min: 0, max: 99_999 }).map(String)
    const name = fc.array(fc.oneof({ weight: 5, arbitrary: word }, number), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(compared(a.join(' '), b.join(' '))).toBe(collated(a.join(' '), b.join(' ')))
      }),
      { numRuns: 500 },
    )
  })

  it('is one for spellings that a reader takes for the same', () => {
    expect(sortKey('علي كريمي')).toBe(sortKey('علی  کریمی'))
    expect(sortKey('می‌خواهم')).toBe(sortKey('میخواهم'))
    expect(sortKey('۱۲')).toBe(sortKey('012'))
  })

  it('is bounded, and holds no half of a character', () => {
    fc.assert(
      fc.property(wild, (s) => {
        const key = sortKey(s, 50)
        expect(key.length).toBeLessThanOrEqual(50)
        expect(key).not.toMatch(/\p{Cs}/u)
      }),
    )
  })
})

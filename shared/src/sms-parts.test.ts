import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { smsParts } from './sms-parts.ts'

describe('parts of a short message', () => {
  it('are counted as networks do', () => {
    const of = (text: string) => {
      const { encoding, length, parts, left } = smsParts(text)
      return `${encoding} ${length} ${parts} ${left}`
    }
    expect(of('')).toBe('gsm7 0 0 160')
    expect(of('a'.repeat(160))).toBe('gsm7 160 1 0')
    expect(of('a'.repeat(161))).toBe('gsm7 161 2 145')
    expect(of('€'.repeat(80))).toBe('gsm7 160 1 0')
    // Of two places one does not fit into the first part: it begins the second.
    expect(of(`${'a'.repeat(152)}€${'a'.repeat(10)}`)).toBe('gsm7 164 2 141')
    expect(of('س'.repeat(70))).toBe('ucs2 70 1 0')
    expect(of('س'.repeat(71))).toBe('ucs2 71 2 63')
    expect(of('aس')).toBe('ucs2 2 1 68')
    expect(of(`${'س'.repeat(66)}😀${'س'.repeat(4)}`)).toBe('ucs2 72 2 61')
  })

  it('hold the whole text and no more than fits, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
        const { encoding, length, parts, left } = smsParts(text)
        const [single, several] = encoding === 'gsm7' ? [160, 153] : [70, 67]
        const room = parts <= 1 ? single : several
        expect(left).toBeGreaterThanOrEqual(0)
        expect(left).toBeLessThanOrEqual(room)
        if (encoding === 'ucs2') expect(length).toBe(text.length)
        if (parts > 1) {
          expect(length).toBeGreaterThan(single)
          // At most one place is wasted at the end of each part.
          expect(length + left).toBeLessThanOrEqual(parts * several)
          expect(length + left).toBeGreaterThanOrEqual(parts * several - (parts - 1))
        } else expect(length).toBeLessThanOrEqual(single)
      }),
    )
  })

  it('only grow with the text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), fc.string({ maxLength: 50 }), (text, more) => {
        expect(smsParts(text + more).parts).toBeGreaterThanOrEqual(smsParts(text).parts)
      }),
    )
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { COUNTRIES } from '#shared/countries.ts'
import { ADDRESS_PARTS, addressLines, EMPTY_ADDRESS, partsInOrder } from './address-text.ts'

describe('an address as it stands on an envelope', () => {
  it('of Iran goes from the large to the small, the code beneath', () => {
    const address = {
      ...EMPTY_ADDRESS,
      region: 'تهران',
      city: 'تهران',
      district: 'ونک',
      street: 'خیابان ملاصدرا',
      building: '12',
      floor: '3',
      unit: '5',
      postalCode: '1991712345',
    }
    expect(addressLines(address)).toEqual(['تهران، ونک، خیابان ملاصدرا، پلاک ۱۲، طبقهٔ ۳، واحد ۵', 'کد پستی ۱۹۹۱۷۱۲۳۴۵'])
    expect(addressLines({ ...address, region: 'البرز', city: 'کرج' }, 'ایران')).toEqual([
      'البرز، کرج، ونک، خیابان ملاصدرا، پلاک ۱۲، طبقهٔ ۳، واحد ۵',
      'کد پستی ۱۹۹۱۷۱۲۳۴۵',
      'ایران',
    ])
  })

  it('of other countries goes from the street to the country, the code where they put it', () => {
    const parts = { ...EMPTY_ADDRESS, street: 'Hauptstraße', building: '7a', city: 'Köln', postalCode: '50667' }
    expect(addressLines({ ...parts, country: 'DE' }, 'Germany')).toEqual(['Hauptstraße 7a', '50667 Köln', 'Germany'])
    const london = {
      ...EMPTY_ADDRESS,
      country: 'GB',
      street: 'Baker Street',
      building: '221B',
      city: 'London',
      postalCode: 'NW1 6XE',
    }
    expect(addressLines(london)).toEqual(['221B Baker Street', 'London, NW1 6XE'])
    const riyadh = {
      ...EMPTY_ADDRESS,
      country: 'SA',
      street: 'طريق الملك فهد',
      building: '12',
      district: 'العليا',
      city: 'الرياض',
      postalCode: '12211',
    }
    expect(addressLines(riyadh)).toEqual(['طريق الملك فهد ١٢', 'العليا', 'الرياض، ١٢٢١١'])
  })

  it('has the words of the language it is written in, whoever reads it', () => {
    const tehran = { ...EMPTY_ADDRESS, city: 'Tehran', street: 'Molla Sadra St.', building: '۱۲', unit: '5' }
    expect(addressLines(tehran, 'Iran')).toEqual(['Tehran, Molla Sadra St., No. 12, unit 5', 'Iran'])
  })

  it('says each part once and asks for each in every country', () => {
    const word = fc.stringMatching(/^[A-Za-z]{3,8}$/)
    const address = fc.record({
      country: fc.constantFrom(...COUNTRIES),
      ...Object.fromEntries(ADDRESS_PARTS.map((part) => [part, word.map((text) => `${part}${text}`)])),
    })
    fc.assert(
      fc.property(address, (given) => {
        const whole = addressLines({ ...EMPTY_ADDRESS, ...given }).join('\n')
        for (const part of ADDRESS_PARTS)
          expect(whole.split(String(given[part as keyof typeof given])).length, part).toBe(2)
        expect(partsInOrder(given.country).toSorted()).toEqual([...ADDRESS_PARTS].sort())
      }),
    )
    expect(addressLines(EMPTY_ADDRESS)).toEqual([])
    expect(new Set(COUNTRIES).size).toBe(249)
  })
})

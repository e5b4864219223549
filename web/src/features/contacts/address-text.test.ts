import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { COUNTRIES } from '#shared/countries.ts'
import { ADDRESS_PARTS, addressLines, type AddressWords, EMPTY_ADDRESS, partsInOrder } from './address-text.ts'

const FA: AddressWords = {
  locale: 'fa',
  building: (value) => `پلاک ${value}`,
  floor: (value) => `طبقهٔ ${value}`,
  unit: (value) => `واحد ${value}`,
  postalCode: (value) => `کد پستی ${value}`,
  country: (code) => code,
}
const EN: AddressWords = {
  locale: 'en',
  building: (value) => `No. ${value}`,
  floor: (value) => `floor ${value}`,
  unit: (value) => `unit ${value}`,
  postalCode: (value) => value,
  country: (code) => code,
}

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
    expect(addressLines(address, FA, 'IR')).toEqual([
      'تهران، ونک، خیابان ملاصدرا، پلاک ۱۲، طبقهٔ ۳، واحد ۵',
      'کد پستی ۱۹۹۱۷۱۲۳۴۵',
    ])
    expect(addressLines({ ...address, region: 'البرز', city: 'کرج' }, FA, 'SA')).toEqual([
      'البرز، کرج، ونک، خیابان ملاصدرا، پلاک ۱۲، طبقهٔ ۳، واحد ۵',
      'کد پستی ۱۹۹۱۷۱۲۳۴۵',
      'IR',
    ])
  })

  it('of other countries goes from the street to the country, the code where they put it', () => {
    const parts = { ...EMPTY_ADDRESS, street: 'Hauptstraße', building: '7a', city: 'Köln', postalCode: '50667' }
    expect(addressLines({ ...parts, country: 'DE' }, EN, 'IR')).toEqual(['Hauptstraße 7a', '50667 Köln', 'DE'])
    const london = {
      ...EMPTY_ADDRESS,
      country: 'GB',
      street: 'Baker Street',
      building: '221B',
      city: 'London',
      postalCode: 'NW1 6XE',
    }
    expect(addressLines(london, EN, 'GB')).toEqual(['221B Baker Street', 'London, NW1 6XE'])
    const riyadh = {
      ...EMPTY_ADDRESS,
      country: 'SA',
      street: 'طريق الملك فهد',
      building: '12',
      district: 'العليا',
      city: 'الرياض',
      postalCode: '12211',
    }
    expect(addressLines(riyadh, { ...FA, locale: 'ar' }, 'SA')).toEqual([
      'طريق الملك فهد 12',
      'العليا',
      'الرياض، 12211',
    ])
  })

  it('says each part once and asks for each in every country', () => {
    const word = fc.stringMatching(/^[A-Za-z]{3,8}$/)
    const address = fc.record({
      country: fc.constantFrom(...COUNTRIES),
      ...Object.fromEntries(ADDRESS_PARTS.map((part) => [part, word.map((text) => `${part}${text}`)])),
    })
    fc.assert(
      fc.property(address, (given) => {
        const whole = addressLines({ ...EMPTY_ADDRESS, ...given }, EN, 'XX').join('\n')
        for (const part of ADDRESS_PARTS)
          expect(whole.split(String(given[part as keyof typeof given])).length, part).toBe(2)
        expect(partsInOrder(given.country).toSorted()).toEqual([...ADDRESS_PARTS].sort())
      }),
    )
    expect(addressLines(EMPTY_ADDRESS, FA, 'IR')).toEqual([])
    expect(new Set(COUNTRIES).size).toBe(249)
  })
})

import type { Address } from '#shared/api/contacts.ts'
import type { Locale } from '#shared/locales.ts'
import { latinDigits, localDigits } from '#shared/text.ts'

export type AddressParts = Omit<Address, 'id' | 'use'>
export const ADDRESS_PARTS = [
  'region',
  'city',
  'district',
  'street',
  'building',
  'floor',
  'unit',
  'postalCode',
] as const satisfies readonly (keyof AddressParts)[]
export type AddressPart = (typeof ADDRESS_PARTS)[number]

export const EMPTY_ADDRESS: AddressParts = {
  country: 'IR',
  region: '',
  city: '',
  district: '',
  street: '',
  building: '',
  unit: '',
  floor: '',
  postalCode: '',
  note: '',
}

/** Countries that write the code before the city; elsewhere it stands behind. */
const CODE_FIRST = new Set(
  'AF AL AD AM AT AZ BA BE BG BY CH CY CZ DE DK DO DZ EE ES FI FO FR GE GL GR HR HU IL IS IT KG KZ LI LT LU MA MC MD ME MK MX MY NL NO PL PT RO RS RU SE SI SK SM SN TJ TN TR UA UZ VA'.split(
    ' ',
  ),
)

/** What a form asks for, in the order in which the country writes it. */
export function partsInOrder(country: string): readonly AddressPart[] {
  if (country === 'IR' || country === 'AF') return ADDRESS_PARTS
  return CODE_FIRST.has(country)
    ? ['street', 'building', 'floor', 'unit', 'district', 'postalCode', 'city', 'region']
    : ['street', 'building', 'floor', 'unit', 'district', 'city', 'region', 'postalCode']
}

export interface AddressWords {
  locale: Locale
  /** «پلاک ۱۲» */
  building: (value: string) => string
  floor: (value: string) => string
  unit: (value: string) => string
  postalCode: (value: string) => string
  country: (code: string) => string
}

const isArabicScript = (text: string): boolean => /\p{Script=Arabic}/u.test(text)

/**
 * The lines of an address as it is written on an envelope: in Iran from the large to the small on one line, elsewhere from
 * the street to the country. `homeCountry`: left out, as on letters within it.
 */
export function addressLines(address: AddressParts, words: AddressWords, homeCountry: string): string[] {
  const { country, region, city, district, street } = address
  const comma = words.locale === 'en' ? ', ' : '، '
  const named = (name: 'building' | 'floor' | 'unit' | 'postalCode'): string =>
    address[name].trim() === '' ? '' : words[name](numberOf(address[name], words.locale))
  const join = (parts: string[], by: string): string => parts.filter((part) => part.trim() !== '').join(by)
  const abroad = country === homeCountry ? '' : words.country(country)
  if (country === 'IR' || country === 'AF') {
    // Tehran of Tehran is written once.
    const whole = join(
      [region === city ? '' : region, city, district, street, named('building'), named('floor'), named('unit')],
      comma,
    )
    return [whole, named('postalCode'), abroad].filter((line) => line !== '')
  }
  // A number stands with its street; a word of its own would be no address anybody writes.
  const house = isArabicScript(street) ? join([street, address.building], ' ') : join([address.building, street], ' ')
  const line = CODE_FIRST.has(country)
    ? join([join([street, address.building], ' '), named('floor'), named('unit')], comma)
    : join([house, named('floor'), named('unit')], comma)
  const place = CODE_FIRST.has(country)
    ? join([join([address.postalCode, city], ' '), region], comma)
    : join([city, join([region, address.postalCode], ' ')], comma)
  return [line, district, place, abroad].filter((one) => one !== '')
}

/** A number in the reader's digits; codes with letters stay as they are. */
function numberOf(value: string, locale: Locale): string {
  const text = value.trim()
  if (/[a-z]/i.test(text)) return text
  return locale === 'en' ? latinDigits(text) : localDigits(text, locale)
}

import type { Address } from '#shared/api/contacts.ts'
import { localDigits } from '#shared/text.ts'

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
type AddressPart = (typeof ADDRESS_PARTS)[number]

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

type Script = 'fa' | 'ar' | 'en'
type Named = 'building' | 'floor' | 'unit' | 'postalCode'
/** An envelope is read where it goes: its words are in the language of the address, not of the screen. */
const WORDS: Record<Script, Record<Named, (value: string) => string>> = {
  fa: {
    building: (value) => `پلاک ${value}`,
    floor: (value) => `طبقهٔ ${value}`,
    unit: (value) => `واحد ${value}`,
    postalCode: (value) => `کد پستی ${value}`,
  },
  ar: {
    building: (value) => `مبنى ${value}`,
    floor: (value) => `الطابق ${value}`,
    unit: (value) => `الوحدة ${value}`,
    postalCode: (value) => value,
  },
  en: {
    building: (value) => `No. ${value}`,
    floor: (value) => `floor ${value}`,
    unit: (value) => `unit ${value}`,
    postalCode: (value) => value,
  },
}

function scriptOf({ country, region, city, district, street }: AddressParts): Script {
  if (!/\p{Script=Arabic}/u.test(`${region}${city}${district}${street}`)) return 'en'
  return country === 'IR' || country === 'AF' ? 'fa' : 'ar'
}

/**
 * The lines of an address as it is written on an envelope: in Iran from the large to the small on one line, elsewhere from
 * the street to the country.
 * @param abroad the country's name; left out on letters within it
 */
export function addressLines(address: AddressParts, abroad = ''): string[] {
  const { country, region, city, district, street } = address
  const script = scriptOf(address)
  const comma = script === 'en' ? ', ' : '، '
  const named = (name: Named): string =>
    address[name].trim() === '' ? '' : WORDS[script][name](numberOf(address[name], script))
  const join = (parts: string[], by: string): string => parts.filter((part) => part.trim() !== '').join(by)
  if (country === 'IR' || country === 'AF') {
    // Tehran of Tehran is written once.
    const whole = join(
      [region === city ? '' : region, city, district, street, named('building'), named('floor'), named('unit')],
      comma,
    )
    return [whole, named('postalCode'), abroad].filter((line) => line !== '')
  }
  // A number stands with its street; a word of its own would be no address anybody writes.
  const behind = CODE_FIRST.has(country) || script !== 'en'
  const number = numberOf(address.building, script)
  const house = join(behind ? [street, number] : [number, street], ' ')
  const code = named('postalCode')
  const line = join([house, named('floor'), named('unit')], comma)
  const place = CODE_FIRST.has(country)
    ? join([join([code, city], ' '), region], comma)
    : join([city, join([region, code], ' ')], comma)
  return [line, district, place, abroad].filter((one) => one !== '')
}

/** A number in the digits of the address; codes with letters stay as they are. */
function numberOf(value: string, script: Script): string {
  const text = value.trim()
  return /[a-z]/i.test(text) ? text : localDigits(text, script)
}

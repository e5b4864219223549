import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { COUNTRIES } from '#shared/countries.ts'
import { useI18n } from '../../i18n.ts'
import { organisationQuery } from '../../queries.ts'
import { type AddressParts, addressLines } from './address-text.ts'

const NEAR = ['IR', 'SA', 'AE', 'IQ', 'AF', 'TR']

/** Countries by name in the reader's language, the near ones first, and the office's own. */
export function useCountries() {
  const { tag } = useI18n()
  const home = useQuery(organisationQuery).data?.country ?? 'IR'
  return useMemo(() => {
    const names = new Intl.DisplayNames(tag, { type: 'region', fallback: 'code' })
    const nameOf = (code: string) => names.of(code) ?? code
    const near = [...new Set([home, ...NEAR])]
    const others = COUNTRIES.filter((code) => !near.includes(code)).toSorted((a, b) =>
      nameOf(a).localeCompare(nameOf(b), tag),
    )
    return { home, nameOf, options: [...near, ...others].map((id) => ({ id, name: nameOf(id) })) }
  }, [tag, home])
}

/** The lines of an address, as they stand on an envelope. */
export function useAddressLines(): (address: AddressParts) => string[] {
  const { home, nameOf } = useCountries()
  return (address) => addressLines(address, address.country === home ? '' : nameOf(address.country))
}

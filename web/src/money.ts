import { useQuery } from '@tanstack/react-query'
import type { MoneyPreferences } from '#shared/money.ts'
import { useI18n } from './i18n.ts'
import { organisationQuery } from './queries.ts'

/** How the reader writes amounts, and the currency of one that is typed without any. */
export function useMoney(): MoneyPreferences & { currency: string } {
  const { locale, digits } = useI18n()
  const { data } = useQuery(organisationQuery)
  return { locale, digits, toman: data?.toman ?? false, currency: data?.currency ?? 'IRR' }
}

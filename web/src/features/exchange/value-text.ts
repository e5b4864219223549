import type { CustomField, FieldValue } from '#shared/api/fields.ts'
import { formatDay } from '#shared/dates.ts'
import { formatMoney } from '#shared/money.ts'
import { useQuery } from '@tanstack/react-query'
import { useI18n } from '../../i18n.ts'
import { organisationQuery } from '../../queries.ts'

/** A value that stands in a file, as its reader writes it; choices and contacts by the names the file has. */
export function useValueText(): (field: CustomField, value: FieldValue) => string {
  const i = useI18n()
  const toman = useQuery(organisationQuery).data?.toman ?? false
  return (field, value) => {
    if (value === null) return ''
    if (typeof value === 'boolean') return i.t(value ? 'exchange.yes' : 'exchange.no')
    if (typeof value === 'number') return i.n(value)
    if (Array.isArray(value)) return value.join('، ')
    if (typeof value === 'object') return formatMoney(value, { ...i, toman })
    return field.type === 'date' ? formatDay(value, i) : value
  }
}

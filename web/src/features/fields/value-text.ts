import type { CustomField, FieldOption } from '#shared/api/fields.ts'
import type { FieldValue, Money } from '#shared/api/field-values.ts'
import { type DatePreferences, formatDay, formatNumber } from '#shared/dates.ts'
import { formatMoney, type MoneyPreferences } from '#shared/money.ts'
import { displayPhone } from '#shared/phone-display.ts'

/** What a value is drawn by: a custom field, or one of the contact's own put in the same words. */
export type ShownField = Pick<CustomField, 'key' | 'name' | 'type' | 'options' | 'help' | 'required'>

export type ValueReader = Omit<DatePreferences, 'timeZone'> &
  Pick<MoneyPreferences, 'toman'> & { yes: string; no: string }

export const isMoney = (value: FieldValue | undefined): value is Money =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whether there is anything: no value, an empty text and no choice are the same. */
export const isEmpty = (value: FieldValue | undefined): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)

export const sameValue = (a: FieldValue | undefined, b: FieldValue | undefined): boolean =>
  (isEmpty(a) && isEmpty(b)) || JSON.stringify(a) === JSON.stringify(b)

/** The chosen options in the order they are defined, also retired ones; unknown ids are left out. */
export function chosenOptions(field: Pick<ShownField, 'options'>, value: FieldValue | undefined): FieldOption[] {
  const ids = Array.isArray(value) ? value : [value]
  return field.options.filter((option) => ids.includes(option.id))
}

/** A value as its reader writes it; empty for none. Of a contact it is the id: its name is asked for where it is drawn. */
export function valueText(field: ShownField, value: FieldValue | undefined, reader: ValueReader): string {
  if (isEmpty(value) || value === undefined || value === null) return ''
  switch (field.type) {
    case 'number':
      return typeof value === 'number' ? formatNumber(value, reader, { maximumFractionDigits: 12 }) : ''
    case 'money':
      return isMoney(value) ? formatMoney(value, reader) : ''
    case 'date':
      return typeof value === 'string' ? formatDay(value, reader, 'long') : ''
    case 'yes_no':
      return value === true ? reader.yes : value === false ? reader.no : ''
    case 'choice':
    case 'choices':
      return chosenOptions(field, value)
        .map((option) => option.name)
        .join(reader.locale === 'en' ? ', ' : '، ')
    case 'link':
      return typeof value === 'string' ? linkText(value, reader) : ''
    case 'text':
    case 'contact':
      return typeof value === 'string' ? value : ''
  }
}

/** An address without what only machines need: example.com, ali@example.com, ۰۲۱ ۱۲۳۴ ۵۶۷۸. */
export function linkText(href: string, { locale, digits }: Pick<ValueReader, 'locale' | 'digits'>): string {
  if (href.startsWith('mailto:')) return href.slice('mailto:'.length)
  if (href.startsWith('tel:')) return displayPhone(href.slice('tel:'.length), digits === 'latin' ? 'en' : locale)
  return href.replace(/^https?:\/\/(www\.)?/, '').replace(/\/$/, '')
}

/** Only addresses of these kinds are drawn as links, whatever is stored. */
export const isSafeLink = (href: string): boolean => /^(https?:\/\/|mailto:|tel:)/.test(href)

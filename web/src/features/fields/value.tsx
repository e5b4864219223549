import type { FieldValue } from '#shared/api/field-values.ts'
import { useI18n } from '../../i18n.ts'
import { useMoney } from '../../money.ts'
import { Bidi } from '../../ui/bits.tsx'
import { ContactName } from '../../ui/contact-picker.tsx'
import css from './fields.module.css'
import { chosenOptions, isEmpty, isSafeLink, type ShownField, type ValueReader, valueText } from './value-text.ts'

function useValueReader(): ValueReader {
  const { locale, digits, calendar, t } = useI18n()
  const { toman = false } = useMoney()
  return { locale, digits, calendar, toman, yes: t('common.yes'), no: t('common.no') }
}

/** A value of a field, as one reads it; nothing for none. */
export function ValueView({ field, value }: { field: ShownField; value: FieldValue | undefined }) {
  const reader = useValueReader()
  if (isEmpty(value)) return null
  const text = valueText(field, value, reader)
  switch (field.type) {
    case 'link':
      return typeof value === 'string' && isSafeLink(value) ? (
        <a href={value} target="_blank" rel="noopener noreferrer nofollow" dir="ltr" className={css.link}>
          {text}
        </a>
      ) : (
        <Bidi>{text}</Bidi>
      )
    case 'contact':
      return typeof value === 'string' ? <ContactName id={value} /> : null
    case 'choices':
      return (
        <span className={css.chips}>
          {chosenOptions(field, value).map((option) => (
            <span key={option.id} className={css.chip}>
              <Bidi>{option.name}</Bidi>
            </span>
          ))}
        </span>
      )
    case 'text':
      return <Bidi className={css.text}>{text}</Bidi>
    default:
      return <Bidi>{text}</Bidi>
  }
}

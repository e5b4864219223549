import type { ReactNode } from 'react'
import { formatDay } from '#shared/dates.ts'
import { isDay } from '#shared/filter.ts'
import { formatMoney } from '#shared/money.ts'
import { type I18n, useI18n } from '../../i18n.ts'
import { useMoney } from '../../money.ts'
import { Bidi } from '../../ui/bits.tsx'
import { ContactName } from '../../ui/contact-picker.tsx'
import { type Asked, type Condition, type Span, spanOf, valuesOf } from './conditions.ts'
import type { ListField } from './list-field.ts'

/** «این ماه», «۳۰ روز آینده», «از ۱۴۰۴/۰۱/۰۱ تا ۱۴۰۴/۰۶/۳۱» */
export function spanText(i: I18n, span: Span): string {
  const { t } = i
  if (span.kind === 'named') return t(`table.span.${span.value}` as 'table.span.today')
  if (span.kind !== 'range')
    return t(`table.span.${span.kind}.${span.unit}` as 'table.span.last.d', { count: span.count })
  const [from, to] = [span.from, span.to].map((value) => (value === null ? null : dayText(i, value)))
  if (from == null) return t('table.cond.to', { value: to ?? '' })
  if (to == null) return t('table.cond.from', { value: from })
  return from === to ? from : t('table.cond.between', { from, to })
}

function dayText(i: I18n, value: string): string {
  if (isDay(value)) return formatDay(value, i)
  const span = spanOf({ is: value })
  if (span?.kind === 'named') return spanText(i, span)
  const away = /^([+-]?)(\d+)([dwmyh])$/.exec(value)
  if (away === null) return value
  const way = away[1] === '-' ? 'ago' : 'ahead'
  return i.t(`table.span.${way}` as 'table.span.ago', {
    length: i.t(`table.unit.${away[3]}` as 'table.unit.d', { count: Number(away[2]) }),
  })
}

/** What is asked of a field, as a sentence without its name. */
function useConditionText(): (field: ListField, asked: Asked) => ReactNode {
  const i = useI18n()
  const money = useMoney()
  const { t } = i
  const valueText = (field: ListField, value: string): ReactNode => {
    if (field.type === 'contact')
      return (
        <b>
          <ContactName id={value} link={false} />
        </b>
      )
    return <Bidi>{plainText(field, value)}</Bidi>
  }
  const plainText = (field: ListField, value: string): string => {
    if (field.choices !== undefined) return field.choices.find((one) => one.id === value)?.name ?? t('common.unknown')
    if (field.type === 'yes_no') return t(value === 'true' ? 'common.yes' : 'common.no')
    if (field.type === 'number') return i.n(Number(value), { maximumFractionDigits: 10 })
    if (field.type === 'money') {
      const [amount = '', currency] = value.split(':')
      return formatMoney({ amount, currency: currency ?? money.currency }, money)
    }
    if (field.type === 'date' || field.type === 'moment') return dayText(i, value)
    return value
  }
  return (field, asked) => {
    const parts: ReactNode[] = []
    const isDays = field.type === 'date' || field.type === 'moment'
    const span = isDays ? spanOf(asked) : null
    if (span !== null) parts.push(spanText(i, span))
    else {
      if (asked.is !== undefined) parts.push(some(i, valuesOf(asked.is), (one) => valueText(field, one)))
      const [from, to] = [asked.from, asked.to].map((one) => (one === undefined ? undefined : plainText(field, one)))
      if (from !== undefined && to !== undefined) parts.push(t('table.cond.between', { from, to }))
      else if (from !== undefined) parts.push(t('table.cond.from', { value: from }))
      else if (to !== undefined) parts.push(t('table.cond.to', { value: to }))
    }
    if (asked.has !== undefined) parts.push(<Bidi>{t('table.cond.has', { text: asked.has })}</Bidi>)
    if (asked.not !== undefined)
      parts.push(
        <>
          {t('table.cond.not')} {some(i, valuesOf(asked.not), (one) => valueText(field, one))}
        </>,
      )
    if (asked.empty !== undefined) parts.push(t(asked.empty === 'true' ? 'table.cond.empty' : 'table.cond.filled'))
    // Parts have no identity beyond their place.
    return parts.map((part, index) => (
      <span key={index}>
        {index > 0 && `${i.t('table.and')} `}
        {part}
      </span>
    ))
  }
}

/** The first two by name, and how many more. */
function some(i: I18n, values: readonly string[], show: (value: string) => ReactNode): ReactNode {
  const shown = values.length > 3 ? values.slice(0, 2) : values
  return (
    <>
      {shown.map((value, index) => (
        <span key={value}>
          {index > 0 && ` ${i.t('table.or')} `}
          {show(value)}
        </span>
      ))}
      {values.length > shown.length && ` ${i.t('table.cond.more', { count: values.length - shown.length })}`}
    </>
  )
}

/** «مسئول: سارا» */
export function ConditionText({ condition }: { condition: Condition }) {
  const { t } = useI18n()
  const text = useConditionText()
  const { field, name, asked } = condition
  if (field === undefined) return <>{t('table.cond.gone', { name: name.replace(/^field\./, '') })}</>
  return (
    <>
      <Bidi>{field.label}</Bidi>
      {': '}
      {text(field, asked)}
    </>
  )
}

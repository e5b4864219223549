import type { Money } from '#shared/api/field-values.ts'
import { formatDay } from '#shared/dates.ts'
import { todayIn } from '#shared/days.ts'
import { formatMoney } from '#shared/money.ts'
import { useI18n } from '../../i18n.ts'
import { useMoney } from '../../money.ts'
import { Bidi } from '../../ui/bits.tsx'
import css from './deals.module.css'
import { IconCalendarEvent, IconClockExclamation } from './icons.ts'

/** An amount as the reader writes it; nothing for none. */
export function Amount({ money }: { money: Money }) {
  const reader = useMoney()
  return money.amount === '0' ? null : <Bidi className={css.amount}>{formatMoney(money, reader)}</Bidi>
}

/** When the deal is expected. What is past and still open is told by colour, picture and word. */
export function Expected({ day, open }: { day: string | null; open: boolean }) {
  const i = useI18n()
  if (day === null) return null
  const today = todayIn(i.timeZone)
  const overdue = open && day < today
  const shown = open && day === today ? i.t('deals.today') : formatDay(day, i, 'short')
  return (
    <span className={css.expected} data-overdue={overdue || undefined} title={formatDay(day, i, 'long')}>
      {overdue ? <IconClockExclamation size={14} aria-hidden /> : <IconCalendarEvent size={14} aria-hidden />}
      <span className="visually-hidden">{i.t(overdue ? 'deals.overdue' : 'deals.field.expectedOn')} </span>
      <time dateTime={day}>{shown}</time>
    </span>
  )
}

import { formatDate, formatDay } from '#shared/dates.ts'
import { todayIn } from '#shared/days.ts'
import { useI18n } from '../../i18n.ts'
import { Badge, useNow } from '../../ui/bits.tsx'
import { IconAlertTriangle } from './icons.ts'

/** Until when; what is late says so in words, not by colour alone. `at`: a day, or a moment. */
export function Due({ at, open }: { at: string | null; open: boolean }) {
  const i = useI18n()
  const now = useNow()
  if (at === null) return null
  const isMoment = at.includes('T')
  const late = isMoment ? Date.parse(at) < now : at < todayIn(i.timeZone, new Date(now))
  const date = isMoment ? formatDate(at, i, 'short') : formatDay(at, i, 'short')
  if (!open || !late) return <time dateTime={at}>{i.t('work.due', { date })}</time>
  return (
    <Badge tone="danger">
      <IconAlertTriangle size={14} aria-hidden /> {i.t('work.late', { date })}
    </Badge>
  )
}

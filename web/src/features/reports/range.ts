import { addToDay, partsOfDay, todayIn } from '#shared/days.ts'
import type { Calendar } from '#shared/locales.ts'
import { type ReportSearch, USUAL } from './search.ts'

/** The first and the last day; days are those of the organisation, months those of the reader. */
export function daysOf(search: ReportSearch, timeZone: string, calendar: Calendar): { from: string; to: string } {
  if (search.from !== undefined && search.to !== undefined) return { from: search.from, to: search.to }
  const today = todayIn(timeZone)
  const back = (days: number) => addToDay(today, 'gregory', { days: -days })
  const first = addToDay(today, 'gregory', { days: 1 - partsOfDay(today, calendar).day })
  switch (search.period ?? USUAL) {
    case 'today':
      return { from: today, to: today }
    case 'yesterday':
      return { from: back(1), to: back(1) }
    case 'week':
      return { from: back(6), to: today }
    case 'month':
      return { from: back(29), to: today }
    case 'this-month':
      return { from: first, to: today }
    case 'last-month':
      return { from: addToDay(first, calendar, { months: -1 }), to: addToDay(first, 'gregory', { days: -1 }) }
    case 'quarter':
      return { from: back(89), to: today }
    case 'year':
      return { from: back(364), to: today }
  }
}

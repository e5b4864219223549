import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { formatDay } from '#shared/dates.ts'
import { addToDay, dayOfParts, monthNames, partsOfDay, weekdayNames, weekdayOf, weeksOfMonth } from '#shared/days.ts'
import { localDigits } from '#shared/text.ts'
import { useI18n } from '../i18n.ts'
import { Button, IconButton } from './button.tsx'
import css from './date-field.module.css'
import { Select } from './field.tsx'
import { IconChevronLeft, IconChevronRight } from './icons.ts'
import { usePlaced } from './popover.ts'

interface CalendarBoxProps {
  anchor: HTMLElement | null
  value: string | null
  min: string | undefined
  max: string | undefined
  today: string
  onChoose: (day: string | null) => void
  /** @param refocus the keyboard closed it: the focus goes back to the field */
  onClose: (refocus: boolean) => void
}

/** A month of the reader's calendar: arrows move by day and week, Page Up and Down by month, with Shift by year. */
export default function CalendarBox({ anchor, value, min, max, today, onChoose, onClose }: CalendarBoxProps) {
  const i = useI18n()
  const { t } = i
  const box = useRef<HTMLDivElement>(null)
  const held = (day: string) => (min !== undefined && day < min ? min : max !== undefined && day > max ? max : day)
  const [at, setAt] = useState(() => held(value ?? today))
  const [moved, setMoved] = useState(true)
  usePlaced(box, anchor, { open: true })
  const { year, month, day } = partsOfDay(at, i.calendar)
  useEffect(() => {
    // Choosing a month or a year leaves the focus there.
    if (moved) box.current?.querySelector<HTMLElement>(`[data-day="${at}"]`)?.focus({ preventScroll: true })
  }, [at, moved])
  useEffect(() => {
    const outside = (event: PointerEvent) => {
      if (!(event.target instanceof Node)) return
      if (box.current?.contains(event.target) !== true && anchor?.contains(event.target) !== true) onClose(false)
    }
    document.addEventListener('pointerdown', outside, true)
    return () => document.removeEventListener('pointerdown', outside, true)
  }, [anchor, onClose])
  const go = (to: string, focus = true) => {
    setMoved(focus)
    setAt(held(to))
  }
  const onKeyDown = (event: KeyboardEvent) => {
    event.stopPropagation()
    if (event.key === 'Escape') {
      event.preventDefault()
      onClose(true)
    }
  }
  const inGrid = (event: KeyboardEvent) => {
    const forward = i.dir === 'rtl' ? 'ArrowLeft' : 'ArrowRight'
    const back = i.dir === 'rtl' ? 'ArrowRight' : 'ArrowLeft'
    const start = (weekdayOf(at) - weekdayOf(weeksOfMonth({ year, month }, i)[0]?.[0] ?? at) + 7) % 7
    const by = (step: Parameters<typeof addToDay>[2]) => addToDay(at, i.calendar, step)
    const big = event.shiftKey ? 'years' : 'months'
    const to: Record<string, () => string> = {
      [forward]: () => by({ days: 1 }),
      [back]: () => by({ days: -1 }),
      ArrowDown: () => by({ days: 7 }),
      ArrowUp: () => by({ days: -7 }),
      PageDown: () => by({ [big]: 1 }),
      PageUp: () => by({ [big]: -1 }),
      Home: () => by({ days: -start }),
      End: () => by({ days: 6 - start }),
    }
    const next = to[event.key]
    if (next === undefined) return
    event.preventDefault()
    go(next())
  }
  return (
    <div
      ref={box}
      popover="manual"
      role="dialog"
      aria-label={t('common.date.open')}
      className={css.calendar}
      onKeyDown={onKeyDown}
    >
      <Head year={year} month={month} day={day} today={today} min={min} max={max} onGo={(to) => go(to, false)} />
      <table role="grid" aria-label={formatDay(at, i, 'month')} onKeyDown={inGrid}>
        <thead>
          <tr>
            {weekdayNames(i.locale, 'long').map((name, index) => (
              <th key={name} scope="col" abbr={name}>
                <span aria-hidden>{weekdayNames(i.locale, 'narrow')[index]}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeksOfMonth({ year, month }, i).map((week) => (
            <tr key={week[0]}>
              {week.map((one) => {
                const parts = partsOfDay(one, i.calendar)
                const off = held(one) !== one
                return (
                  <td key={one} role="gridcell" aria-selected={one === value}>
                    <button
                      type="button"
                      data-day={one}
                      data-other={parts.month !== month || undefined}
                      data-today={one === today || undefined}
                      data-on={one === value || undefined}
                      aria-current={one === today ? 'date' : undefined}
                      aria-label={formatDay(one, i, 'full')}
                      tabIndex={one === at ? 0 : -1}
                      disabled={off}
                      onClick={() => onChoose(one)}
                    >
                      {i.digits === 'native' ? localDigits(String(parts.day), i.locale) : parts.day}
                    </button>
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <footer>
        <Button small look="quiet" disabled={held(today) !== today} onClick={() => onChoose(today)}>
          {t('common.date.today')}
        </Button>
        <span>{formatDay(at, i, 'full')}</span>
      </footer>
    </div>
  )
}

interface HeadProps {
  year: number
  month: number
  day: number
  today: string
  min: string | undefined
  max: string | undefined
  onGo: (day: string) => void
}

/** Which month is shown: one before, one after, or any of the last hundred and the next twenty years. */
function Head({ year, month, day, today, min, max, onGo }: HeadProps) {
  const i = useI18n()
  const { t } = i
  const now = partsOfDay(today, i.calendar).year
  const first = Math.min(year, min === undefined ? now - 110 : partsOfDay(min, i.calendar).year)
  const last = Math.max(year, max === undefined ? now + 20 : partsOfDay(max, i.calendar).year)
  const digits = (number: number) => (i.digits === 'native' ? localDigits(String(number), i.locale) : String(number))
  const turn = (to: { year: number; month: number }) => {
    // The 31st is the last of a shorter month.
    for (let one = day; one > 0; one--) {
      const found = dayOfParts({ ...to, day: one }, i.calendar)
      if (found !== null) {
        onGo(found)
        return
      }
    }
  }
  const step = (months: number) => {
    const index = year * 12 + month - 1 + months
    turn({ year: Math.floor(index / 12), month: (index % 12) + 1 })
  }
  return (
    <header>
      <IconButton small label={t('common.date.previousMonth')} onClick={() => step(-1)}>
        <IconChevronLeft size={17} className="mirror" />
      </IconButton>
      <Select
        aria-label={t('common.date.month')}
        value={month}
        onChange={(event) => turn({ year, month: Number(event.currentTarget.value) })}
      >
        {monthNames(i).map((name, index) => (
          <option key={name} value={index + 1}>
            {name}
          </option>
        ))}
      </Select>
      <Select
        aria-label={t('common.date.year')}
        value={year}
        onChange={(event) => turn({ year: Number(event.currentTarget.value), month })}
      >
        {Array.from({ length: last - first + 1 }, (_, index) => last - index).map((one) => (
          <option key={one} value={one}>
            {digits(one)}
          </option>
        ))}
      </Select>
      <IconButton small label={t('common.date.nextMonth')} onClick={() => step(1)}>
        <IconChevronRight size={17} className="mirror" />
      </IconButton>
    </header>
  )
}

import { lazy, type KeyboardEvent, type ReactNode, Suspense, useRef, useState } from 'react'
import { formatDay } from '#shared/dates.ts'
import { addToDay, parseDay, todayIn } from '#shared/days.ts'
import { useI18n } from '../i18n.ts'
import { IconButton } from './button.tsx'
import css from './date-field.module.css'
import { Field } from './field.tsx'
import { IconCalendar, IconX } from './icons.ts'
import { useTyped } from './use-typed.ts'

const CalendarBox = lazy(() => import('./calendar-box.tsx'))

interface DateInputProps {
  /** `YYYY-MM-DD`. */
  value: string | null
  onChange: (value: string | null) => void
  min?: string | undefined
  max?: string | undefined
  required?: boolean | undefined
  disabled?: boolean | undefined
  autoFocus?: boolean | undefined
  id?: string
  /** Names it where no label does. */
  'aria-label'?: string
  'aria-describedby'?: string | undefined
  'aria-invalid'?: boolean | undefined
  placeholder?: string
  /** Told with the sentence of what is wrong, and with null when it is right again. */
  onWrong?: (sentence: string | null) => void
}

const STEPS: Record<string, { days?: number; months?: number }> = {
  ArrowUp: { days: 1 },
  ArrowDown: { days: -1 },
  PageUp: { months: 1 },
  PageDown: { months: -1 },
}

/**
 * A day in the reader's calendar: typed or pasted in any spelling (see parseDay), by keys, or from the calendar. Goes out
 * as `YYYY-MM-DD`; what is no day, or outside `min` and `max`, stays in the field and is said to be wrong.
 */
function DateInput({ value, onChange, min, max, onWrong, disabled, ...rest }: DateInputProps) {
  const i = useI18n()
  const { t } = i
  const [open, setOpen] = useState(false)
  const [anchor, setAnchor] = useState<HTMLDivElement | null>(null)
  const input = useRef<HTMLInputElement>(null)
  const today = todayIn(i.timeZone)
  const outside = (day: string) =>
    min !== undefined && day < min
      ? t('common.date.early', { date: formatDay(min, i) })
      : max !== undefined && day > max
        ? t('common.date.late', { date: formatDay(max, i) })
        : null
  const isInside = (day: string | null): day is string => day !== null && outside(day) === null
  const typed = useTyped({
    value,
    show: (day) => formatDay(day, i),
    parse: (text) => {
      const day = parseDay(text, i, today)
      return isInside(day) ? day : null
    },
    onChange: (day) => {
      onWrong?.(null)
      if (day !== value) onChange(day)
    },
  })
  const leave = () => {
    typed.settle()
    const day = parseDay(typed.text, i, today)
    if (typed.text.trim() === '' || isInside(day)) onWrong?.(null)
    else onWrong?.((day === null ? null : outside(day)) ?? t('common.date.wrong', { example: formatDay(today, i) }))
  }
  const put = (day: string | null) => {
    typed.reset()
    onWrong?.(null)
    if (day !== value) onChange(day)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key]
    if (event.key === 'ArrowDown' && event.altKey) {
      event.preventDefault()
      setOpen(true)
    } else if (step !== undefined && !event.ctrlKey && !event.metaKey) {
      event.preventDefault()
      const now = parseDay(typed.text, i, today) ?? value
      const by = event.shiftKey && step.months !== undefined ? { years: step.months } : step
      const next = now === null ? today : addToDay(now, i.calendar, by)
      if (isInside(next)) put(next)
    } else if (event.key === 'Enter') leave()
  }
  const close = () => {
    setOpen(false)
    input.current?.focus({ preventScroll: true })
  }
  return (
    <div className={css.box} ref={setAnchor} data-disabled={disabled || undefined}>
      <input
        {...rest}
        ref={input}
        className={css.input}
        // Digits and slashes run from left to right in every language.
        dir={i.locale === 'en' || i.calendar !== 'gregory' ? 'ltr' : 'auto'}
        inputMode="text"
        autoComplete="off"
        spellCheck={false}
        maxLength={60}
        disabled={disabled}
        value={typed.text}
        aria-invalid={rest['aria-invalid'] === true || typed.wrong || undefined}
        aria-keyshortcuts="Alt+ArrowDown"
        placeholder={rest.placeholder ?? formatDay(today, i)}
        onChange={(event) => {
          onWrong?.(null)
          // A day without its year may be the beginning of a longer one.
          typed.type(event.currentTarget.value, () => /\d{4}/.test(latin(event.currentTarget.value)))
        }}
        onBlur={leave}
        onKeyDown={onKeyDown}
      />
      {value !== null && rest.required !== true && disabled !== true && (
        <IconButton
          small
          className={css.clear}
          label={t('common.date.clear')}
          tabIndex={-1}
          onClick={() => {
            put(null)
            input.current?.focus()
          }}
        >
          <IconX size={14} />
        </IconButton>
      )}
      <IconButton
        small
        label={t('common.date.open')}
        aria-haspopup="dialog"
        aria-expanded={open}
        disabled={disabled}
        onClick={() => setOpen(!open)}
      >
        <IconCalendar size={17} />
      </IconButton>
      {open && (
        <Suspense>
          <CalendarBox
            anchor={anchor}
            value={parseDay(typed.text, i, today) ?? value}
            min={min}
            max={max}
            today={today}
            onChoose={(day) => {
              put(day)
              close()
            }}
            onClose={(refocus) => (refocus ? close() : setOpen(false))}
          />
        </Suspense>
      )}
    </div>
  )
}

const latin = (text: string): string => text.replaceAll(/\p{Nd}/gu, '0')

interface DateFieldProps extends Omit<DateInputProps, 'id' | 'onWrong' | 'aria-label'> {
  label: string
  /** The label is heard but not seen: where it stands beside already. */
  bare?: boolean
  help?: ReactNode
  error?: string | undefined
}

/** A day with its label; says itself what it does not understand. */
export function DateField({ label, bare, help, error, required, ...rest }: DateFieldProps) {
  const [wrong, setWrong] = useState<string | null>(null)
  return (
    <Field label={label} bare={bare} help={help} error={wrong ?? error} required={required ?? false}>
      {(props) => <DateInput {...props} {...rest} onWrong={setWrong} />}
    </Field>
  )
}

export interface DateRange {
  from: string | null
  to: string | null
}

/** From one day to another, both belonging to it; either may be open. */
export function DateRangeField({
  label,
  value,
  min,
  max,
  onChange,
}: {
  label: string
  value: DateRange
  min?: string
  max?: string
  onChange: (value: DateRange) => void
}) {
  const { t } = useI18n()
  return (
    <fieldset className={css.range}>
      <legend>{label}</legend>
      <DateField
        label={t('common.date.from')}
        value={value.from}
        min={min}
        max={value.to ?? max}
        onChange={(from) => onChange({ ...value, from })}
      />
      <DateField
        label={t('common.date.to')}
        value={value.to}
        min={value.from ?? min}
        max={max}
        onChange={(to) => onChange({ ...value, to })}
      />
    </fieldset>
  )
}

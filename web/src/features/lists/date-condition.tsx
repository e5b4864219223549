import { useState } from 'react'
import { isDay } from '#shared/filter.ts'
import { useI18n } from '../../i18n.ts'
import { DateRangeField } from '../../ui/date-field.tsx'
import { Select } from '../../ui/field.tsx'
import { NumberInput } from '../../ui/money-field.tsx'
import type { EditorProps } from './condition-mode.tsx'
import { spanText } from './condition-text.tsx'
import { askedOf, type Span, SPAN_UNITS, spanOf } from './conditions.ts'
import css from './filters.module.css'

const PAST = ['today', 'yesterday', 'this-week', 'last-week', 'this-month', 'last-month', 'this-year', 'last-year']
const FUTURE = ['tomorrow', 'next-week', 'next-month', 'next-year']

/** Days that mean something else every day, or from one day to another in the reader's calendar. */
export function DateCondition({ field, asked, onChange, onDone }: EditorProps) {
  const i = useI18n()
  const { t } = i
  // A moment of the record itself has been.
  const past = field.type === 'moment'
  const span = spanOf(asked)
  const ends = span?.kind === 'range' ? span : { from: null, to: null }
  const pick = (next: Span | null) => {
    onChange(next === null ? {} : askedOf(next, past))
  }
  return (
    <div className={css.editor}>
      <div className={css.quick} role="group" aria-label={t('table.span')}>
        {[...PAST, ...(past ? [] : FUTURE)].map((value) => {
          const named: Span = { kind: 'named', value }
          const on = span?.kind === 'named' && span.value === value
          return (
            <button
              key={value}
              type="button"
              aria-pressed={on}
              onClick={() => {
                pick(on ? null : named)
                if (!on) onDone()
              }}
            >
              {spanText(i, named)}
            </button>
          )
        })}
      </div>
      <Relative key={span === null ? 'none' : 'some'} span={span} past={past} onPick={pick} />
      <DateRangeField
        label={t('table.span.exact')}
        value={{ from: dayOr(ends.from), to: dayOr(ends.to) }}
        onChange={({ from, to }) => pick(from === null && to === null ? null : { kind: 'range', from, to })}
      />
      {field.type === 'date' && (
        <div className={css.quick}>
          {(['true', 'false'] as const).map((value) => (
            <button
              key={value}
              type="button"
              aria-pressed={asked.empty === value}
              onClick={() => onChange(asked.empty === value ? {} : { empty: value })}
            >
              {t(value === 'true' ? 'table.mode.empty' : 'table.mode.filled')}
            </button>
          ))}
        </div>
      )}
    </div>
  )
}

const dayOr = (value: string | null): string | null => (value !== null && isDay(value) ? value : null)

type Way = 'last' | 'next' | 'before'

/** So many days, weeks, months or years up to now, from now on, or longer ago. */
function Relative({ span, past, onPick }: { span: Span | null; past: boolean; onPick: (span: Span) => void }) {
  const { t, locale } = useI18n()
  const given = span !== null && 'count' in span ? span : null
  const [way, setWay] = useState<Way>(given?.kind ?? (past ? 'last' : 'next'))
  const [unit, setUnit] = useState(given === null || given.unit === 'h' ? 'd' : given.unit)
  const [count, setCount] = useState<number | null>(given?.count ?? null)
  const pick = (next: { way?: Way; unit?: typeof unit; count?: number | null }) => {
    const wanted = { way, unit, count, ...next }
    setWay(wanted.way)
    setUnit(wanted.unit)
    setCount(wanted.count)
    const whole = wanted.count === null ? 0 : Math.floor(wanted.count)
    const most = wanted.unit === 'y' ? 999 : 9999
    if (whole >= 1 && whole <= most) onPick({ kind: wanted.way, count: whole, unit: wanted.unit })
  }
  // "Next 7 days", but «۷ روز آینده».
  const last = locale === 'fa'
  const direction = (
    <Select
      aria-label={t('table.span.way')}
      value={way}
      onChange={(event) => pick({ way: event.currentTarget.value as Way })}
    >
      {(past ? (['last', 'before'] as const) : (['last', 'next', 'before'] as const)).map((one) => (
        <option key={one} value={one}>
          {t(`table.way.${one}`)}
        </option>
      ))}
    </Select>
  )
  return (
    <div className={css.relative} role="group" aria-label={t('table.span.relative')}>
      {!last && direction}
      <NumberInput
        aria-label={t('table.span.count')}
        placeholder={t('table.span.number')}
        value={count}
        onChange={(value) => pick({ count: value })}
      />
      <Select
        aria-label={t('table.span.unit')}
        value={unit}
        onChange={(event) => pick({ unit: event.currentTarget.value as typeof unit })}
      >
        {SPAN_UNITS.map((one) => (
          <option key={one} value={one}>
            {t(`table.units.${one}`)}
          </option>
        ))}
      </Select>
      {last && direction}
    </div>
  )
}

import { useState } from 'react'
import type { Money } from '#shared/api/field-values.ts'
import { useI18n } from '../../i18n.ts'
import { useMoney } from '../../money.ts'
import { MoneyField, NumberField } from '../../ui/money-field.tsx'
import { type EditorProps, emptiness, isEmptiness, type Mode, modeOf, ModeSelect } from './condition-mode.tsx'
import { ask } from './conditions.ts'
import css from './filters.module.css'

/** Numbers and amounts from one to another; either end may be open. */
export function NumberCondition({ field, asked, onChange, onDone }: EditorProps) {
  const { t } = useI18n()
  const [mode, setMode] = useState<Mode>(() => modeOf(asked, 'range'))
  const isMoney = field.type === 'money'
  // One value is a range of one.
  const range = { from: asked.from ?? asked.is, to: asked.to ?? asked.is }
  const set = (end: 'from' | 'to', value: string | undefined) => {
    const next = { ...range, [end]: value }
    onChange(next.from !== undefined && next.from === next.to ? { is: next.from } : ask(next))
  }
  const end = (which: 'from' | 'to') => {
    const label = t(which === 'from' ? 'table.atLeast' : 'table.atMost')
    return isMoney ? (
      <MoneyEnd label={label} value={range[which]} onChange={(value) => set(which, value)} />
    ) : (
      <NumberField
        label={label}
        value={numberOf(range[which])}
        onChange={(value) => set(which, value === null ? undefined : String(value))}
      />
    )
  }
  return (
    <form
      className={css.editor}
      onSubmit={(event) => {
        event.preventDefault()
        onDone()
      }}
    >
      <ModeSelect
        modes={['range', 'empty', 'filled']}
        value={mode === 'not' ? 'range' : mode}
        onChange={(next) => {
          setMode(next)
          onChange(isEmptiness(next) ? emptiness(next) : {})
        }}
      />
      {!isEmptiness(mode) && (
        <div className={isMoney ? css.stack : css.pair}>
          {end('from')}
          {end('to')}
        </div>
      )}
      <button type="submit" hidden />
    </form>
  )
}

function numberOf(text: string | undefined): number | null {
  const number = text === undefined ? Number.NaN : Number(text)
  return Number.isFinite(number) ? number : null
}

function MoneyEnd({
  label,
  value,
  onChange,
}: {
  label: string
  value: string | undefined
  onChange: (value: string | undefined) => void
}) {
  const { currency } = useMoney()
  const [amount = '', own] = value?.split(':') ?? []
  const money: Money | null = value === undefined ? null : { amount, currency: own ?? currency }
  return (
    <MoneyField
      label={label}
      value={money}
      onChange={(next) => onChange(next === null ? undefined : `${next.amount}:${next.currency}`)}
    />
  )
}

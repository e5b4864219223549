import { type InputHTMLAttributes, type ReactNode, useLayoutEffect, useRef, useState } from 'react'
import type { Money } from '#shared/api/field-values.ts'
import type { NumberPreferences } from '#shared/dates.ts'
import { CURRENCIES, parseMoney, plainAmount, unitOf } from '#shared/money.ts'
import { useI18n } from '../i18n.ts'
import { useMoney } from '../money.ts'
import css from './date-field.module.css'
import { Field, Select } from './field.tsx'
import { groupedNumber, parseNumber, regroup } from './number-text.ts'
import { useTyped } from './use-typed.ts'

type Native = Pick<
  InputHTMLAttributes<HTMLInputElement>,
  'id' | 'aria-label' | 'aria-describedby' | 'required' | 'disabled' | 'autoFocus' | 'placeholder'
> & { 'aria-invalid'?: boolean | undefined }

interface GroupedInputProps extends Native {
  text: string
  wrong: boolean
  onType: (text: string) => void
  onLeave: () => void
  children?: ReactNode
}

/** A number that is grouped in the reader's digits as it is typed. */
function GroupedInput({ text, wrong, onType, onLeave, children, ...rest }: GroupedInputProps) {
  const reader: NumberPreferences = useI18n()
  const input = useRef<HTMLInputElement>(null)
  const caret = useRef<number | null>(null)
  useLayoutEffect(() => {
    if (caret.current === null || document.activeElement !== input.current) return
    input.current?.setSelectionRange(caret.current, caret.current)
    caret.current = null
  })
  return (
    <div className={css.box} data-disabled={rest.disabled || undefined}>
      <input
        {...rest}
        ref={input}
        className={css.input}
        dir="ltr"
        inputMode="decimal"
        autoComplete="off"
        maxLength={40}
        value={text}
        aria-invalid={rest['aria-invalid'] === true || wrong || undefined}
        onChange={(event) => {
          const { value, selectionStart } = event.currentTarget
          // What is no number is left as it was typed, for its reader to see.
          if (/\p{L}/u.test(value)) {
            onType(value)
            return
          }
          const next = regroup(value, selectionStart ?? value.length, reader)
          caret.current = next.caret
          onType(next.text)
        }}
        onBlur={onLeave}
        onKeyDown={(event) => {
          if (event.key === 'Enter') onLeave()
        }}
      />
      {children}
    </div>
  )
}

interface NumberInputProps extends Native {
  value: number | null
  onChange: (value: number | null) => void
}
export function NumberInput({ value, onChange, ...rest }: NumberInputProps) {
  const reader = useI18n()
  const typed = useTyped({
    value,
    show: (number) => groupedNumber(plainOf(number), reader),
    parse: parseNumber,
    onChange: (next) => {
      if (next !== value) onChange(next)
    },
  })
  return <GroupedInput {...rest} text={typed.text} wrong={typed.wrong} onType={typed.type} onLeave={typed.settle} />
}
/** Never "1e-7". */
const plainOf = (number: number): string =>
  /e/.test(String(number)) ? number.toFixed(20).replace(/\.?0+$/, '') : String(number)

interface MoneyInputProps extends Native {
  value: Money | null
  onChange: (value: Money | null) => void
}
/** An amount in the unit people type (tomans where the office counts in them), with its currency. */
function MoneyInput({ value, onChange, ...rest }: MoneyInputProps) {
  const { t } = useI18n()
  const money = useMoney()
  const [chosen, setChosen] = useState<string | null>(null)
  const currency = value?.currency ?? chosen ?? money.currency
  const typed = useTyped({
    value,
    show: (amount) => groupedNumber(plainAmount(amount, money), money),
    parse: (text) => parseMoney(text, currency, money),
    onChange: (next) => {
      if (next?.amount !== value?.amount || next?.currency !== value?.currency) onChange(next)
    },
  })
  const offered = [...new Set([money.currency, currency, ...CURRENCIES])]
  return (
    <GroupedInput {...rest} text={typed.text} wrong={typed.wrong} onType={typed.type} onLeave={typed.settle}>
      <Select
        className={css.unitSelect}
        aria-label={t('common.money.currency')}
        value={currency}
        disabled={rest.disabled}
        onChange={(event) => {
          const next = event.currentTarget.value
          setChosen(next)
          // The number one sees stays, in the other unit.
          const amount = parseMoney(typed.text, next, money)
          typed.reset()
          if (amount !== null) onChange(amount)
        }}
      >
        {offered.map((one) => (
          <option key={one} value={one}>
            {unitOf(one, money)}
          </option>
        ))}
      </Select>
    </GroupedInput>
  )
}

interface Labelled {
  label: string
  /** The label is heard but not seen: where it stands beside already. */
  bare?: boolean
  help?: ReactNode
  error?: string | undefined
}
export function MoneyField({ label, bare, help, error, required, ...rest }: Labelled & Omit<MoneyInputProps, 'id'>) {
  return (
    <Field label={label} bare={bare} help={help} error={error} required={required ?? false}>
      {(props) => <MoneyInput {...props} {...rest} />}
    </Field>
  )
}
export function NumberField({ label, bare, help, error, required, ...rest }: Labelled & Omit<NumberInputProps, 'id'>) {
  return (
    <Field label={label} bare={bare} help={help} error={error} required={required ?? false}>
      {(props) => <NumberInput {...props} {...rest} />}
    </Field>
  )
}
